//! Markets: the unified name, the venue's own name, and every filter an order must pass.

use super::fault::CallError;
use super::wire;
use desk::money::exact::{self, Rounding};
use desk::time::Timestamp;
use foldhash::fast::FixedState;
use rust_decimal::Decimal;
use serde::Serialize;
use std::collections::HashMap;

/// What kind of thing is traded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Product {
    /// The thing itself.
    Spot,
    /// A contract settled in the quote currency (USDT, USDC, USD): linear, "USD-M".
    Linear,
    /// A contract settled in the base currency: inverse, "COIN-M".
    Inverse,
    /// An option. Known so that rows about options are recognised; the desk trades none.
    Option,
}

impl Product {
    /// Whether it is a contract.
    #[must_use]
    pub const fn is_contract(self) -> bool {
        !matches!(self, Self::Spot)
    }
}

/// What can be traded at a venue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instrument {
    /// The unified name: `BTC/USDT` (spot), `BTC/USDT:USDT` (settled in USDT), `BTC/USD:BTC-241227` (with the day of expiry).
    pub name: String,
    /// The venue's own name.
    pub symbol: String,
    /// Other names the venue uses for it (Kraken's `XXBTZUSD` and `XBT/USD`).
    pub aliases: Vec<String>,
    /// What kind of thing.
    pub product: Product,
    /// What is bought and sold, by its common name.
    pub base: String,
    /// What it is priced in.
    pub quote: String,
    /// What a contract is settled in; `None` for spot.
    pub settle: Option<String>,
    /// The day a dated contract ends; `None` for spot and perpetual contracts.
    pub expiry: Option<Timestamp>,
    /// Whether orders are taken at the moment.
    pub active: bool,
    /// The step of prices.
    pub tick: Option<Decimal>,
    /// The step of quantities: base units for spot, contracts (or base units, as the venue counts) otherwise.
    pub lot: Option<Decimal>,
    /// The step of quantities of market orders, where it differs.
    pub market_lot: Option<Decimal>,
    /// The smallest quantity.
    pub min_quantity: Option<Decimal>,
    /// The largest quantity.
    pub max_quantity: Option<Decimal>,
    /// The lowest price.
    pub min_price: Option<Decimal>,
    /// The highest price.
    pub max_price: Option<Decimal>,
    /// The smallest order, in quote units.
    pub min_notional: Option<Decimal>,
    /// The largest order, in quote units.
    pub max_notional: Option<Decimal>,
    /// How much of the base (linear) or quote (inverse) one unit of quantity is; `None` for spot.
    pub contract_size: Option<Decimal>,
    /// The highest leverage.
    pub max_leverage: Option<Decimal>,
    /// The step of amounts of quote currency, where the venue has one of its own (KuCoin).
    pub cost_step: Option<Decimal>,
    /// How often funding is paid, in minutes, where the venue tells it of its contracts.
    pub funding_interval_min: Option<u32>,
}

impl Instrument {
    /// An instrument without filters: what its names say.
    #[must_use]
    pub fn named(product: Product, symbol: &str, base: &str, quote: &str, settle: Option<&str>) -> Self {
        let name = match settle {
            Some(settle) => format!("{base}/{quote}:{settle}"),
            None => format!("{base}/{quote}"),
        };
        Self {
            name,
            symbol: symbol.to_owned(),
            aliases: Vec::new(),
            product,
            base: base.to_owned(),
            quote: quote.to_owned(),
            settle: settle.map(str::to_owned),
            expiry: None,
            active: true,
            tick: None,
            lot: None,
            market_lot: None,
            min_quantity: None,
            max_quantity: None,
            min_price: None,
            max_price: None,
            min_notional: None,
            max_notional: None,
            contract_size: None,
            max_leverage: None,
            cost_step: None,
            funding_interval_min: None,
        }
    }

    /// The same with a day of expiry, which its unified name then ends with (`-YYMMDD`).
    #[must_use]
    pub fn expiring(mut self, at: Timestamp) -> Self {
        let date = at.to_string();
        let part = |from: usize, to: usize| date.get(from..to).unwrap_or_default().to_owned();
        self.name = format!("{}-{}{}{}", self.name, part(2, 4), part(5, 7), part(8, 10));
        self.expiry = Some(at);
        self
    }

    /// `price` on the tick, rounded to the nearest (half away from zero), as text without trailing zeros.
    ///
    /// # Errors
    /// [`CallError::Invalid`] if nothing is left of it, or if it can't be held.
    pub fn price_text(&self, price: Decimal) -> Result<String, CallError> {
        let on = match self.tick {
            Some(tick) if !tick.is_zero() => self.onto(price, tick, Rounding::HalfUp)?,
            _ => price,
        };
        self.positive("price", price, on)
    }

    /// `quantity` on the lot, cut off, as text without trailing zeros.
    ///
    /// # Errors
    /// [`CallError::Invalid`] if nothing is left of it, or if it can't be held.
    pub fn quantity_text(&self, quantity: Decimal) -> Result<String, CallError> {
        let on = match self.lot {
            Some(lot) if !lot.is_zero() => self.onto(quantity, lot, Rounding::Floor)?,
            _ => quantity,
        };
        self.positive("quantity", quantity, on)
    }

    /// An amount of quote currency, cut off at the venue's step for such amounts, or at the tick's decimals (or at 8), as
    /// text.
    ///
    /// # Errors
    /// [`CallError::Invalid`] if nothing is left of it.
    pub fn cost_text(&self, cost: Decimal) -> Result<String, CallError> {
        let step = self.cost_step.or(self.tick);
        let scale = step.map_or(8, |step| step.normalize().scale());
        let on = cost.round_dp_with_strategy(scale, rust_decimal::RoundingStrategy::ToZero);
        self.positive("cost", cost, on)
    }

    fn onto(&self, value: Decimal, step: Decimal, rounding: Rounding) -> Result<Decimal, CallError> {
        exact::onto(value, step, rounding).map_err(|e| CallError::Invalid(format!("{}: {e}", self.name)))
    }

    fn positive(&self, what: &str, given: Decimal, on: Decimal) -> Result<String, CallError> {
        if on <= Decimal::ZERO {
            let steps = format!("tick {:?}, lot {:?}", self.tick, self.lot);
            return Err(CallError::Invalid(format!("{}: nothing is left of {what} {given} ({steps})", self.name)));
        }
        Ok(wire::decimal_text(exact::normalized(on)))
    }
}

/// The instruments of a venue, found by either name. Every frame names a market, so they are looked up by hash; their
/// order is that of `all`.
#[derive(Debug, Clone, Default)]
pub struct Markets {
    all: Vec<Instrument>,
    by_name: HashMap<String, usize, FixedState>,
    by_symbol: HashMap<String, Vec<usize>, FixedState>,
}

impl Markets {
    /// A registry. Of two instruments of one unified name the first counts.
    #[must_use]
    pub fn new(instruments: impl IntoIterator<Item = Instrument>) -> Self {
        let mut markets = Self::default();
        for instrument in instruments {
            let at = markets.all.len();
            markets.by_name.entry(instrument.name.clone()).or_insert(at);
            for symbol in std::iter::once(&instrument.symbol).chain(&instrument.aliases) {
                markets.by_symbol.entry(symbol.clone()).or_default().push(at);
            }
            markets.all.push(instrument);
        }
        markets
    }

    /// The instrument of a unified name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Instrument> {
        self.all.get(*self.by_name.get(name)?)
    }

    /// The instrument the venue calls `symbol`, of one of `products` (of any, when there are none given).
    #[must_use]
    pub fn of_symbol(&self, symbol: &str, products: &[Product]) -> Option<&Instrument> {
        let found = self.by_symbol.get(symbol)?.iter().filter_map(|at| self.all.get(*at));
        found.into_iter().find(|i| products.is_empty() || products.contains(&i.product))
    }

    /// The unified name of what the venue calls `symbol`, or the venue's own name if it is not known.
    #[must_use]
    pub fn name_of(&self, symbol: &str, products: &[Product]) -> String {
        self.of_symbol(symbol, products).map_or_else(|| symbol.to_owned(), |i| i.name.clone())
    }

    /// All of them, in the order given.
    pub fn iter(&self) -> impl Iterator<Item = &Instrument> {
        self.all.iter()
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}
