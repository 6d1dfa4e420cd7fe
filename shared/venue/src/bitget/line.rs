//! Which of the venue's systems a question goes to: classic spot, classic margin, classic contracts ("mix"), or the
//! unified account with all of them.

use super::super::protocol::call::{AccountSystem, Extra, NewOrder, Scope, Wallet};
use super::super::protocol::fault::CallError;
use super::super::protocol::market::{Instrument, Markets, Product};
use super::super::protocol::model::MarginMode;

/// The venue's id among our venues.
pub(super) const VENUE: &str = "bitget";

/// One of the venue's systems. Paths, parameters and rows differ between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum System {
    /// Classic spot.
    Spot,
    /// Classic margin trading.
    Margin(MarginMode),
    /// Classic contracts.
    Mix,
    /// The unified account.
    Unified,
}

/// A system, and the line of business in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    /// The system.
    pub(super) system: System,
    /// What is traded.
    pub(super) product: Product,
    /// What the venue calls it: `productType` in classic contracts, `category` in the unified account.
    pub(super) category: &'static str,
}

/// The venue's lines of business, and what they are to us.
const CATEGORIES: [(&str, Product); 5] = [
    ("SPOT", Product::Spot),
    ("MARGIN", Product::Spot),
    ("USDT-FUTURES", Product::Linear),
    ("USDC-FUTURES", Product::Linear),
    ("COIN-FUTURES", Product::Inverse),
];

/// The product of a `category` or `productType`, in capitals or not.
pub(super) fn product_of(category: &str) -> Option<Product> {
    CATEGORIES.iter().find(|(name, _)| name.eq_ignore_ascii_case(category)).map(|(_, product)| *product)
}

/// What the venue calls a product.
pub(super) fn category_of(product: Product, settle: Option<&str>, margin: bool) -> Result<&'static str, CallError> {
    match product {
        Product::Spot => Ok(if margin { "MARGIN" } else { "SPOT" }),
        Product::Linear => Ok(if settle == Some("USDC") { "USDC-FUTURES" } else { "USDT-FUTURES" }),
        Product::Inverse => Ok("COIN-FUTURES"),
        Product::Option => Err(unsupported("options")),
    }
}

/// The venue has no such thing.
pub(super) fn unsupported(what: &str) -> CallError {
    CallError::Unsupported { venue: VENUE, what: what.to_owned() }
}

/// Something is missing or does not fit together.
pub(super) fn invalid(what: impl Into<String>) -> CallError {
    CallError::Invalid(what.into())
}

/// The line a caller names in the venue's own words.
fn named(extra: &Extra) -> Option<(&'static str, Product)> {
    let name = extra.text("productType").or_else(|| extra.text("category"))?;
    CATEGORIES.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name)).copied()
}

impl Line {
    fn of(
        account: AccountSystem,
        margin: Option<MarginMode>,
        product: Product,
        settle: Option<&str>,
    ) -> Result<Self, CallError> {
        let spot_margin = margin.filter(|_| product == Product::Spot);
        let category = category_of(product, settle, spot_margin.is_some())?;
        let system = match (account, spot_margin) {
            (AccountSystem::Unified, _) => System::Unified,
            (_, Some(mode)) => System::Margin(mode),
            (_, None) if product.is_contract() => System::Mix,
            (_, None) => System::Spot,
        };
        Ok(Self { system, product, category })
    }

    /// The line of a question; of `usual`, when neither a market nor the scope names one.
    pub(super) fn asked(instrument: Option<&Instrument>, scope: &Scope, usual: Product) -> Result<Self, CallError> {
        if let Some(instrument) = instrument {
            return Self::of(scope.account, scope.margin, instrument.product, instrument.settle.as_deref());
        }
        if let Some((category, product)) = named(&scope.extra) {
            return Ok(Self { category, ..Self::of(scope.account, scope.margin, product, None)? });
        }
        let margin = match scope.wallet {
            Some(Wallet::Margin) => scope.margin.or(Some(MarginMode::Cross)),
            _ => scope.margin,
        };
        Self::of(scope.account, margin, scope.product.unwrap_or(usual), None)
    }

    /// The line of an order.
    pub(super) fn ordered(order: &NewOrder) -> Result<Self, CallError> {
        let i = &order.instrument;
        Self::of(order.account, order.margin, i.product, i.settle.as_deref())
    }

    /// Whether it is of the unified account.
    pub(super) fn is_unified(self) -> bool {
        self.system == System::Unified
    }

    /// The unified name of what the venue calls `symbol` in this line.
    pub(super) fn name(self, markets: &Markets, symbol: &str) -> String {
        markets.name_of(symbol, &[self.product])
    }

    /// The same, in a row that may name its own line.
    pub(super) fn name_in(self, markets: &Markets, category: Option<&str>, symbol: &str) -> String {
        let product = category.and_then(product_of).unwrap_or(self.product);
        markets.name_of(symbol, &[product])
    }
}

/// The path of an endpoint of margin trading.
pub(super) fn margin_path(mode: MarginMode, rest: &str) -> String {
    format!("/api/v2/margin/{}/{rest}", mode_name(mode))
}

/// What the venue calls a margin mode.
pub(super) const fn mode_name(mode: MarginMode) -> &'static str {
    match mode {
        MarginMode::Cross => "crossed",
        MarginMode::Isolated => "isolated",
    }
}

/// The margin mode the venue names.
pub(super) fn mode_of(text: &str) -> Option<MarginMode> {
    match text {
        "crossed" | "cross" => Some(MarginMode::Cross),
        "isolated" | "fixed" => Some(MarginMode::Isolated),
        _ => None,
    }
}

/// The coin a contract's margin is in: what it is settled in.
pub(super) fn margin_coin(instrument: &Instrument) -> Result<String, CallError> {
    instrument.settle.clone().ok_or_else(|| invalid(format!("{} is not settled in any coin", instrument.name)))
}

/// A contract, or words.
pub(super) fn need_contract(line: Line, what: &str) -> Result<(), CallError> {
    if line.product.is_contract() { Ok(()) } else { Err(unsupported(&format!("{what} of spot markets"))) }
}
