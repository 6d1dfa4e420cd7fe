//! Small tools to put requests together: where they go, what goes along, and what only signing knows.

use crate::protocol::call::{AccountSystem, Extra};
use crate::protocol::model::MarginMode;
use crate::protocol::{Body, CallError, EndpointClass, Instrument, Method, Params, Product, Scope, Unsigned};
use serde_json::{Map, Value};

/// The venue's id.
pub(super) const VENUE: &str = "kucoin";
/// The server of spot, margin and the unified account.
pub(super) const SPOT: &str = "spot";
/// The server of futures.
pub(super) const FUTURES: &str = "futures";

/// Stands for a number that is never repeated; signing puts it in. No id that is given out has braces.
pub(super) const UNIQUE: &str = "{unique}";
/// Stands for the present instant in milliseconds; signing puts it in.
pub(super) const NOW: &str = "{now}";

/// To which of the venue's systems a question goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// Spot, the old endpoints.
    Spot,
    /// Spot, the high-frequency endpoints.
    Fast,
    /// Margin trading.
    Margin(MarginMode),
    /// Contracts.
    Futures,
    /// The unified account: spot, margin or contracts by its `tradeType`.
    Unified(&'static str),
}

impl Route {
    /// The route of a product.
    pub(super) fn of(product: Product, account: AccountSystem, margin: Option<MarginMode>) -> Result<Self, CallError> {
        let contract = match product {
            Product::Spot => false,
            Product::Linear | Product::Inverse => true,
            Product::Option => return Err(lacks("options")),
        };
        Ok(match (account, contract, margin) {
            (AccountSystem::Unified, true, _) => Self::Unified("FUTURES"),
            (AccountSystem::Unified, false, Some(_)) => Self::Unified("MARGIN"),
            (AccountSystem::Unified, false, None) => Self::Unified("SPOT"),
            (AccountSystem::Classic | AccountSystem::HighFrequency, true, _) => Self::Futures,
            (AccountSystem::Classic | AccountSystem::HighFrequency, false, Some(mode)) => Self::Margin(mode),
            (AccountSystem::HighFrequency, false, None) => Self::Fast,
            (AccountSystem::Classic, false, None) => Self::Spot,
        })
    }

    /// The route of a question about a market, or about the scope's product, or about the usual one.
    pub(super) fn asked(market: Option<&Instrument>, scope: &Scope, usual: Product) -> Result<Self, CallError> {
        let route = Self::of(product(market, scope, usual), scope.account, scope.margin)?;
        // The answers that wait for the matching engine are the fast system's.
        Ok(if route == Self::Spot && flag(&scope.extra, "sync") { Self::Fast } else { route })
    }
}

/// Which product is meant.
pub(super) fn product(market: Option<&Instrument>, scope: &Scope, usual: Product) -> Product {
    market.map(|market| market.product).or(scope.product).unwrap_or(usual)
}

/// The `tradeType` of margin trading.
pub(super) const fn margin_type(mode: MarginMode) -> &'static str {
    match mode {
        MarginMode::Cross => "MARGIN_TRADE",
        MarginMode::Isolated => "MARGIN_ISOLATED_TRADE",
    }
}

/// Cross or isolated, as contracts and the unified account name it.
pub(super) const fn mode_text(mode: MarginMode) -> &'static str {
    match mode {
        MarginMode::Cross => "CROSS",
        MarginMode::Isolated => "ISOLATED",
    }
}

/// The `tradeType` of market data of the unified account.
pub(super) const fn data_type(product: Product) -> &'static str {
    match product {
        Product::Spot => "SPOT",
        Product::Linear | Product::Inverse | Product::Option => "FUTURES",
    }
}

/// Whether an extra parameter is set to true.
pub(super) fn flag(extra: &Extra, name: &str) -> bool {
    matches!(extra.get(name), Some(Value::Bool(true))) || extra.text(name).as_deref() == Some("true")
}

/// What the venue has no call for.
pub(super) fn lacks(what: impl Into<String>) -> CallError {
    CallError::Unsupported { venue: VENUE, what: what.into() }
}

/// What a question lacks.
pub(super) fn needs(what: &str) -> CallError {
    CallError::Invalid(format!("KuCoin needs {what}"))
}

/// The market a question can't do without.
pub(super) fn needed(market: Option<&Instrument>) -> Result<&Instrument, CallError> {
    market.ok_or_else(|| needs("the market"))
}

/// Only for contracts.
pub(super) fn contract(market: &Instrument) -> Result<&Instrument, CallError> {
    if market.product.is_contract() { Ok(market) } else { Err(lacks(format!("contract {}", market.name))) }
}

/// A query with the extra parameters behind it; one of the same name replaces ours, and those `taken` stay out.
pub(super) fn query(ours: &Params, extra: &Extra, taken: &[&str]) -> Params {
    let mut all = Params::new();
    for (name, value) in ours.iter().filter(|(name, _)| extra.get(name).is_none() || taken.contains(name)) {
        all.push(name.to_owned(), value);
    }
    for (name, _) in extra.iter().filter(|(name, _)| !taken.contains(name)) {
        if let Some(text) = extra.text(name) {
            all.push(name.to_owned(), text);
        }
    }
    all
}

/// The fields of a JSON body.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// With one more.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// With one more, if there is a value.
    pub(super) fn maybe(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With the extra parameters, which replace ours; those `taken` stay out.
    pub(super) fn extra(mut self, extra: &Extra, taken: &[&str]) -> Self {
        for (name, value) in extra.iter().filter(|(name, _)| !taken.contains(name)) {
            self.0.insert(name.to_owned(), value.clone());
        }
        self
    }

    /// As a value, for a list.
    pub(super) fn value(self) -> Value {
        Value::Object(self.0)
    }

    /// As a body.
    pub(super) fn body(self) -> Body {
        Body::json(&self.value())
    }
}

/// A whole number as a JSON number, anything else as text: contracts count in whole lots.
pub(super) fn whole(text: &str) -> Value {
    text.parse::<i64>().map_or_else(|_| Value::String(text.to_owned()), Value::from)
}

/// A cancelling request.
pub(super) fn delete(origin: &'static str, path: impl Into<String>, query: Params, weight: u32) -> Unsigned {
    Unsigned::account(origin, path.into(), query).by(Method::Delete).of_class(EndpointClass::Cancel).weighing(weight)
}

/// A path element: what is no letter, digit or one of `-_.~` is encoded.
pub(super) fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    crate::protocol::http::encode_into(&mut encoded, text);
    encoded
}

/// A query that names a market.
pub(super) fn of_symbol(market: &Instrument) -> Params {
    Params::new().with("symbol", &market.symbol)
}

/// Whether the unified account is meant.
pub(super) fn unified(scope: &Scope) -> bool {
    scope.account == AccountSystem::Unified
}

/// A public read, with the scope's extra parameters.
pub(super) fn public(origin: &'static str, path: &'static str, ours: &Params, scope: &Scope, weight: u32) -> Unsigned {
    Unsigned::public(origin, path, query(ours, &scope.extra, &[])).weighing(weight)
}
