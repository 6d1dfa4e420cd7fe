//! A signal: a strategy's wish, bound to the bar that caused it.

use crate::id::{AccountId, SignalId, StrategyId, Symbol};
use crate::money::Price;
use crate::strategy::{Strategy, Target, Wish};
use crate::time::{Interval, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A decision to act, with everything that led to it. Holds are not signals; they are counted in segments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    /// Derived from the fields that name the cause.
    pub id: SignalId,
    /// For which account.
    pub account: AccountId,
    /// Whose wish.
    pub strategy: StrategyId,
    /// The version of its rules.
    pub strategy_version: String,
    /// Its parameters.
    pub parameters: BTreeMap<String, String>,
    /// Which market.
    pub symbol: Symbol,
    /// On which bars.
    pub interval: Interval,
    /// The opening instant of the bar at whose close the wish was formed.
    pub bar: Timestamp,
    /// The close of that bar: when it was decided, in market time.
    pub decided_at: Timestamp,
    /// The closing price it was decided at.
    pub close: Price,
    /// What to hold.
    pub target: Target,
    /// The numbers the strategy saw.
    pub inputs: BTreeMap<String, String>,
    /// Why, for a trader.
    pub because: String,
}

impl Signal {
    /// The signal that `wish` becomes at the close of a bar.
    #[must_use]
    pub fn new(account: &AccountId, strategy: &Strategy, symbol: &Symbol, close: BarClose, wish: &Wish) -> Self {
        let BarClose { interval, bar, price } = close;
        Self {
            id: SignalId::derive(account, strategy.id(), symbol, interval, bar),
            account: account.clone(),
            strategy: strategy.id().clone(),
            strategy_version: strategy.version().to_owned(),
            parameters: strategy.parameters(),
            symbol: symbol.clone(),
            interval,
            bar,
            decided_at: bar.plus_ms(interval.ms()),
            close: price,
            target: wish.target,
            inputs: wish.evidence.inputs(),
            because: wish.evidence.sentence(&wish.target),
        }
    }
}

/// The bar that just closed, as far as a signal names it.
#[derive(Debug, Clone, Copy)]
pub struct BarClose {
    /// Its length.
    pub interval: Interval,
    /// Its opening instant.
    pub bar: Timestamp,
    /// Its closing price.
    pub price: Price,
}
