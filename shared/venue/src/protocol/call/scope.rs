//! What narrows a question down: products, pockets, account systems, stretches of time.

use super::super::market::Product;
use super::super::model::{MarginMode, PositionSide};
use desk::time::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// Parameters of the venue that have no common name, sent as they are. The desk itself sets none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extra(pub Vec<(String, Value)>);

impl Extra {
    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// One of them, as text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        match self.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => Some(other.to_string()),
        }
    }
}

/// Which of a venue's account systems an account belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountSystem {
    /// The usual one.
    #[default]
    Classic,
    /// KuCoin's high-frequency spot accounts.
    HighFrequency,
    /// One margin pool for all (Binance portfolio margin, Bitget and KuCoin unified accounts).
    Unified,
}

/// Which kind of orders a question is about. Most venues keep them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderClass {
    /// Those in the book.
    #[default]
    Plain,
    /// Those that wait for a trigger: stop, take-profit, plan, algo, conditional, strategy.
    Trigger,
    /// Of those that wait, the stop-losses and take-profits of spot, where the venue keeps them apart from other triggers
    /// (Bybit, OKX); the same as `Trigger` elsewhere.
    Protective,
    /// Those that trail.
    Trailing,
}

impl OrderClass {
    /// Whether it is one of those that wait for a price, and don't trail.
    #[must_use]
    pub const fn is_trigger(self) -> bool {
        matches!(self, Self::Trigger | Self::Protective)
    }
}

/// Which pocket of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wallet {
    /// Spot trading.
    Spot,
    /// Margin trading.
    Margin,
    /// Contracts settled in the quote currency.
    Linear,
    /// Contracts settled in the base currency.
    Inverse,
    /// Options.
    Option,
    /// Deposits and withdrawals.
    Funding,
    /// Left for interest.
    Savings,
}

/// What narrows a question down.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// About which products; the venue's usual one, when `None`.
    pub product: Option<Product>,
    /// Which pocket, for balances.
    pub wallet: Option<Wallet>,
    /// Which account system.
    pub account: AccountSystem,
    /// Margin trading, and of which kind.
    pub margin: Option<MarginMode>,
    /// Which kind of orders.
    pub class: OrderClass,
    /// Long and short held apart, and which of the two is meant.
    pub position_side: Option<PositionSide>,
    /// What has no common name.
    pub extra: Extra,
}

/// A stretch of time, and how many rows at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Range {
    /// From when on.
    pub since: Option<Timestamp>,
    /// Until when.
    pub until: Option<Timestamp>,
    /// How many at most.
    pub limit: Option<u32>,
}
