//! What venues tell of orders and of the trades that fill them.

use desk::money::{Price, Quantity};
use desk::time::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;

/// Buy or sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Buy.
    Buy,
    /// Sell.
    Sell,
}

/// Whether a trade took liquidity or gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Liquidity {
    /// It gave liquidity.
    Maker,
    /// It took liquidity.
    Taker,
}

/// A fee. Negative when the venue pays it (a rebate).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VenueFee {
    /// How much.
    pub cost: Decimal,
    /// In which currency, by its common name.
    pub currency: Option<String>,
}

/// One of our own trades.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnTrade {
    /// The market's unified name.
    pub market: String,
    /// The venue's id of the trade.
    pub id: String,
    /// The venue's id of the order.
    pub order: Option<String>,
    /// Our id of the order, if the venue repeats it.
    pub client_id: Option<String>,
    /// When.
    pub at: Option<Timestamp>,
    /// Our side.
    pub side: Option<Side>,
    /// Taker or maker, if the venue tells it.
    pub liquidity: Option<Liquidity>,
    /// At what price.
    pub price: Price,
    /// How much.
    pub quantity: Quantity,
    /// Price times quantity in quote units, if the venue tells it.
    pub cost: Option<Decimal>,
    /// What the venue took for it.
    pub fee: Option<VenueFee>,
}

/// How an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderState {
    /// Working, or waiting for its trigger; perhaps partly filled.
    Open,
    /// Wholly filled, or a trigger that has fired.
    Closed,
    /// Cancelled, perhaps partly filled.
    Canceled,
    /// Asked to be cancelled.
    Canceling,
    /// Ended by the venue.
    Expired,
    /// Refused after it was accepted.
    Rejected,
}

/// An order, as the venue tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrderReport {
    /// The market's unified name.
    pub market: Option<String>,
    /// The venue's id.
    pub id: Option<String>,
    /// Our id.
    pub client_id: Option<String>,
    /// How it stands; `None` when the venue does not say, as in a bare acknowledgement.
    pub state: Option<OrderState>,
    /// Limit or market, once triggered.
    pub kind: Option<crate::protocol::call::OrderKind>,
    /// Buy or sell.
    pub side: Option<Side>,
    /// For how long it stands.
    pub time_in_force: Option<crate::protocol::call::TimeInForce>,
    /// Whether it may only make.
    pub post_only: Option<bool>,
    /// Whether it may only reduce a position.
    pub reduce_only: Option<bool>,
    /// The limit.
    pub price: Option<Decimal>,
    /// What wakes it.
    pub trigger_price: Option<Decimal>,
    /// The price at which profit is taken, if it is or carries such an order.
    pub take_profit_price: Option<Decimal>,
    /// The price at which a loss is stopped, if it is or carries such an order.
    pub stop_loss_price: Option<Decimal>,
    /// How much was asked for.
    pub quantity: Option<Quantity>,
    /// How much was filled.
    pub filled: Option<Quantity>,
    /// How much is left, if the venue tells it.
    pub remaining: Option<Quantity>,
    /// What the fills cost, in quote units.
    pub cost: Option<Decimal>,
    /// The average price of the fills.
    pub average: Option<Decimal>,
    /// What the venue took for it so far.
    pub fee: Option<VenueFee>,
    /// When it was placed.
    pub at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
    /// When it was last filled.
    pub last_trade_at: Option<Timestamp>,
    /// The fills the answer tells of.
    pub trades: Vec<OwnTrade>,
}
