//! Orders, their way through the states, and their fills.

use desk::fill::Fill;
use desk::order::{Order, OrderKind};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// An order.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderDto {
    /// Its id, which is also the client order id.
    pub id: String,
    /// The market.
    pub symbol: String,
    /// What it is for: `entry`, `exit`, `stop:…` or `flatten`; `external` if it is somebody else's.
    pub leg: String,
    /// `buy` or `sell`.
    pub side: String,
    /// `market` or `stop`.
    pub kind: String,
    /// A stop's trigger.
    pub trigger: Option<String>,
    /// How much.
    pub quantity: String,
    /// How much of it is filled.
    pub filled: String,
    /// Where it stands.
    pub state: String,
    /// The decision behind it.
    pub decision: String,
    /// Which attempt it is.
    pub attempt: u32,
    /// When it was decided, in market time.
    pub decided_at: i64,
    /// The states it passed through.
    pub history: Vec<PassageDto>,
}

impl From<&Order> for OrderDto {
    fn from(order: &Order) -> Self {
        let intent = &order.intent;
        let (kind, trigger) = match intent.kind {
            OrderKind::Market => ("market", None),
            OrderKind::StopMarket { trigger } => ("stop", Some(trigger.to_string())),
        };
        let passage =
            |p: &desk::order::Passage| PassageDto { state: p.state.to_string(), at: p.at.ms(), why: p.why.clone() };
        Self {
            id: intent.id.to_string(),
            symbol: intent.symbol.to_string(),
            leg: intent.leg.tag(),
            side: intent.side.to_string(),
            kind: kind.to_owned(),
            trigger,
            quantity: intent.quantity.to_string(),
            filled: order.filled.quantity.to_string(),
            state: order.state.to_string(),
            decision: intent.cause.to_string(),
            attempt: intent.attempt,
            decided_at: intent.decided_at.ms(),
            history: order.history.iter().map(passage).collect(),
        }
    }
}

/// A state an order was in.
#[derive(Debug, Serialize, ToSchema)]
pub struct PassageDto {
    /// Which.
    pub state: String,
    /// Since when, by the desk's clock.
    pub at: i64,
    /// What moved it there.
    pub why: String,
}

/// A page of orders.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrdersDto {
    /// Newest first.
    pub orders: Vec<OrderDto>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// `next` of the page before.
    pub before: Option<String>,
    /// At most so many, 1 to 200; 50 if not said.
    pub limit: Option<String>,
}

/// A fill.
#[derive(Debug, Serialize, ToSchema)]
pub struct FillDto {
    /// The venue's name for it.
    pub trade: String,
    /// `buy` or `sell`.
    pub side: String,
    /// At which price.
    pub price: String,
    /// How much.
    pub quantity: String,
    /// What it cost.
    pub fee: String,
    /// In which asset.
    pub fee_asset: String,
    /// When, in market time.
    pub at: i64,
}

impl From<&Fill> for FillDto {
    fn from(fill: &Fill) -> Self {
        Self {
            trade: fill.trade.to_string(),
            side: fill.side.to_string(),
            price: fill.price.to_string(),
            quantity: fill.quantity.to_string(),
            fee: fill.fee.to_string(),
            fee_asset: fill.fee_asset.to_string(),
            at: fill.at.ms(),
        }
    }
}

/// What a person knows about an order that the venue can't tell about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveBody {
    /// How it is known that the order was never placed.
    pub evidence: String,
}
