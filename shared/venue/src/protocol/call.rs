//! What is asked of a venue.

mod scope;

pub use scope::{AccountSystem, Extra, OrderClass, Range, Scope, Wallet};

use super::market::Instrument;
use super::model::{MarginMode, PositionSide, Side};
use desk::time::{Interval, Timestamp};
use rust_decimal::Decimal;
use serde::Serialize;

/// Which price bars are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum BarPrice {
    /// Trades.
    #[default]
    Trade,
    /// The mark price.
    Mark,
    /// The index price.
    Index,
    /// The premium of the contract over the index.
    Premium,
}

/// Which bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BarQuery {
    /// Of which length.
    pub interval: Interval,
    /// When. With `since` and no `until` the first bars from there on are meant.
    pub range: Range,
    /// Made of which price.
    pub price: BarPrice,
}

/// What an order does once it is in the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderKind {
    /// Takes what is there.
    Market,
    /// No worse than a price.
    Limit,
}

/// For how long an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeInForce {
    /// Until cancelled.
    Gtc,
    /// What can be filled at once; the rest is cancelled.
    Ioc,
    /// All at once, or nothing.
    Fok,
    /// Only as a maker.
    PostOnly,
    /// Until a day.
    Gtd,
}

/// What a trigger is for. It tells the venue on which side of the market it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TriggerKind {
    /// A plain trigger: the order goes in when the price is reached.
    Plain,
    /// A stop-loss: below the market for a sell, above it for a buy.
    StopLoss,
    /// A take-profit: above the market for a sell, below it for a buy.
    TakeProfit,
}

/// From where a price comes at the trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Crossing {
    /// The price rises to it.
    Up,
    /// The price falls to it.
    Down,
}

/// Which price is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PriceSource {
    /// Trades.
    Last,
    /// The mark price.
    Mark,
    /// The index price.
    Index,
}

/// What wakes an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trigger {
    /// What it is for.
    pub kind: TriggerKind,
    /// At which price.
    pub price: Decimal,
    /// From where the price comes, where it has to be said.
    pub crossing: Option<Crossing>,
    /// Which price is watched; the venue's usual one, when `None`.
    pub by: Option<PriceSource>,
    /// The limit of this leg, where it differs from the order's own price.
    pub limit: Option<Decimal>,
}

/// A distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distance {
    /// In per cent of the price.
    Percent(Decimal),
    /// In quote units.
    Amount(Decimal),
}

/// A trigger that follows the market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trailing {
    /// How far behind.
    pub behind: Distance,
    /// From which price on it follows.
    pub from: Option<Decimal>,
    /// How far from the trigger the limit lies, for a trailing limit order.
    pub limit: Option<Distance>,
}

/// A stop-loss or take-profit that goes in with the order and closes what it opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// What wakes it.
    pub trigger: Decimal,
    /// At what price; at the market's, when `None`.
    pub price: Option<Decimal>,
    /// Which price is watched.
    pub by: Option<PriceSource>,
}

/// A wish to trade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder {
    /// Where. An owned copy: orders are kept and repeated in messages.
    pub instrument: Instrument,
    /// Buy or sell.
    pub side: Side,
    /// Market or limit, once it is in the book.
    pub kind: OrderKind,
    /// How much, in the venue's unit of quantity. `None` only with `cost`, or to close a whole position.
    pub quantity: Option<Decimal>,
    /// How much in quote units, for market orders where the venue takes that.
    pub cost: Option<Decimal>,
    /// The limit. For a market order: the last known price, which some venues need to turn quantities into costs.
    pub price: Option<Decimal>,
    /// Our id of it. The desk always gives one.
    pub client_id: Option<String>,
    /// For how long it stands; the venue's usual, when `None`.
    pub time_in_force: Option<TimeInForce>,
    /// Only as a maker.
    pub post_only: bool,
    /// Only reducing a position.
    pub reduce_only: bool,
    /// What wakes it.
    pub trigger: Option<Trigger>,
    /// The other leg of an OCO: whichever of the two triggers (or the limit and this trigger) comes first cancels the other.
    pub oco: Option<Trigger>,
    /// What wakes it, following the market.
    pub trailing: Option<Trailing>,
    /// Goes in with it.
    pub take_profit: Option<Attached>,
    /// Goes in with it.
    pub stop_loss: Option<Attached>,
    /// How much of it is shown (iceberg).
    pub shown: Option<Decimal>,
    /// Long and short are held apart in this account.
    pub hedged: bool,
    /// Which of the two is meant.
    pub position_side: Option<PositionSide>,
    /// Shared margin or its own.
    pub margin: Option<MarginMode>,
    /// The leverage, where it goes with the order.
    pub leverage: Option<Decimal>,
    /// Which account system.
    pub account: AccountSystem,
    /// Checked by the venue, and not placed.
    pub test: bool,
    /// Until when the venue may take it, where it has such a field.
    pub deadline: Option<Timestamp>,
    /// What has no common name.
    pub extra: Extra,
}

impl NewOrder {
    /// An order with nothing special about it.
    #[must_use]
    pub fn plain(instrument: &Instrument, side: Side, kind: OrderKind) -> Self {
        Self {
            instrument: instrument.clone(),
            side,
            kind,
            quantity: None,
            cost: None,
            price: None,
            client_id: None,
            time_in_force: None,
            post_only: false,
            reduce_only: false,
            trigger: None,
            oco: None,
            trailing: None,
            take_profit: None,
            stop_loss: None,
            shown: None,
            hedged: false,
            position_side: None,
            margin: None,
            leverage: None,
            account: AccountSystem::Classic,
            test: false,
            deadline: None,
            extra: Extra::default(),
        }
    }
}

/// One order that exists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrderRef {
    /// The venue's id.
    pub id: Option<String>,
    /// Our id.
    pub client_id: Option<String>,
    /// Where; most venues need it.
    pub instrument: Option<Instrument>,
    /// What narrows it down.
    pub scope: Scope,
}

/// A change to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amendment {
    /// Which.
    pub order: OrderRef,
    /// What it shall be from now on. Its side and instrument are the order's own.
    pub to: NewOrder,
}

/// Which orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum OrderFilter {
    /// All.
    All,
    /// Working ones.
    #[default]
    Open,
    /// Those that ended, however.
    Closed,
    /// Cancelled ones.
    Canceled,
    /// Those that ended, where the venue answers for both at once.
    CanceledAndClosed,
}

/// A question about orders.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrdersQuery {
    /// Which.
    pub filter: OrderFilter,
    /// Where; everywhere, when `None`.
    pub instrument: Option<Instrument>,
    /// When.
    pub range: Range,
    /// What narrows it down.
    pub scope: Scope,
}

/// A question about rows of a market in time: trades, payments, positions that were.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistoryQuery {
    /// Where; everywhere, when `None`.
    pub instrument: Option<Instrument>,
    /// When.
    pub range: Range,
    /// What narrows it down.
    pub scope: Scope,
}

/// A question about some markets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MarketsQuery {
    /// Which; all of the scope's product, when empty.
    pub instruments: Vec<Instrument>,
    /// What narrows it down.
    pub scope: Scope,
}

/// A new leverage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeverageChange {
    /// Where; `None` at venues that set it for all.
    pub instrument: Option<Instrument>,
    /// How high.
    pub leverage: Decimal,
    /// What narrows it down.
    pub scope: Scope,
}
