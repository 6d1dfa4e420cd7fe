//! What the API answers. Amounts are strings: JSON numbers would lose digits. Times are UTC milliseconds.

use desk::fill::Fill;
use desk::ledger::Posting;
use desk::order::{Leg, Order, OrderKind};
use desk::position::Position;
use desk::risk::Check;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::rows::{Outcome, TransactionRow, VerdictRow};
use utoipa::{IntoParams, ToSchema};

/// The desk lives.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthDto {
    /// `ok`.
    pub status: String,
    /// `paper` or `live`.
    pub mode: String,
    /// Whether trading is switched off.
    pub killed: bool,
}

/// What the account is worth.
#[derive(Debug, Serialize, ToSchema)]
pub struct PortfolioDto {
    /// The account.
    pub account: String,
    /// `paper` or `live`.
    pub mode: String,
    /// The asset everything is valued in.
    pub quote: String,
    /// The quote asset held.
    pub cash: String,
    /// Everything, at the last stored closes.
    pub equity: String,
    /// What trading has brought: equity less what was put in, at the same prices. Deposits and withdrawals are no part of it.
    pub profit: String,
    /// Cash neither spent nor reserved.
    pub free_cash: String,
    /// Each asset other than cash.
    pub assets: Vec<AssetDto>,
    /// What is held that no market of the desk prices, by asset; no part of the equity.
    pub unpriced: BTreeMap<String, String>,
    /// Why new risk is frozen, if it is.
    pub frozen: Option<String>,
    /// Why new risk is frozen in single markets, by symbol.
    pub frozen_markets: BTreeMap<String, String>,
    /// Whether trading is switched off.
    pub killed: bool,
}

/// One asset's part of a portfolio.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssetDto {
    /// Which.
    pub asset: String,
    /// How much.
    pub quantity: String,
    /// Its last price.
    pub price: String,
    /// Quantity times price.
    pub worth: String,
}

/// One balance of the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub struct BalanceDto {
    /// The ledger account.
    pub account: String,
    /// The asset.
    pub asset: String,
    /// How much.
    pub amount: String,
}

/// The ledger's balances.
#[derive(Debug, Serialize, ToSchema)]
pub struct BalancesDto {
    /// Every balance.
    pub balances: Vec<BalanceDto>,
    /// What each asset's balances add up to: zero, or the ledger is broken.
    pub imbalance: BTreeMap<String, String>,
}

/// A position.
#[derive(Debug, Serialize, ToSchema)]
pub struct PositionDto {
    /// The market.
    pub symbol: String,
    /// In base units; 0 when flat.
    pub quantity: String,
    /// What it cost, without fees.
    pub cost: String,
    /// Realised profit and loss, before fees.
    pub realised: String,
    /// Fees paid.
    pub fees: String,
    /// Since when it is open.
    pub opened_at: Option<i64>,
    /// How often it has gone from open to flat.
    pub round_trips: u64,
}

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

/// A decision in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecisionLineDto {
    /// Its id.
    pub id: String,
    /// When, in market time.
    pub decided_at: i64,
    /// The market.
    pub symbol: String,
    /// `entry` or `exit`.
    pub leg: String,
    /// `approved`, or the layer that refused.
    pub outcome: String,
    /// Why it was wished.
    pub because: String,
}

/// A page of decisions.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecisionsDto {
    /// Newest first.
    pub decisions: Vec<DecisionLineDto>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

/// A decision with all that led to it and all that followed.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecisionDto {
    /// Its id.
    pub id: String,
    /// The strategy's instance; empty if no strategy decided, as are its version, the bar length and the closing price.
    pub strategy: String,
    /// The version of its rules.
    pub strategy_version: String,
    /// Its parameters.
    pub parameters: BTreeMap<String, String>,
    /// The market.
    pub symbol: String,
    /// The bar length.
    pub interval: String,
    /// The bar at whose close it was taken.
    pub bar: i64,
    /// That close, in market time.
    pub decided_at: i64,
    /// The closing price.
    pub close: String,
    /// What the strategy wished.
    pub wish: String,
    /// Why.
    pub because: String,
    /// The numbers it saw.
    pub inputs: BTreeMap<String, String>,
    /// What risk said, attempt by attempt, and what became of the orders.
    pub verdicts: Vec<VerdictDto>,
}

/// What risk said about one attempt at one leg.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerdictDto {
    /// Which leg.
    pub leg: String,
    /// Which attempt.
    pub attempt: u32,
    /// How much was proposed.
    pub quantity: String,
    /// `approved` or `refused`; `external` for an order that is somebody else's.
    pub outcome: String,
    /// The layer that refused.
    pub refused_by: Option<String>,
    /// The profile it was judged by.
    pub profile: String,
    /// Every check that applied.
    pub checks: Vec<CheckDto>,
    /// The order, if there is one.
    pub order: Option<OrderDto>,
    /// Its fills.
    pub fills: Vec<FillDto>,
}

/// One check.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckDto {
    /// Which.
    pub check: String,
    /// Whether it passed.
    pub passed: bool,
    /// The limit.
    pub limit: String,
    /// The value held against it.
    pub value: String,
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

/// A transaction of the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub struct TransactionDto {
    /// Its number.
    pub seq: u64,
    /// Its cause.
    pub cause: String,
    /// When, in market time.
    pub at: i64,
    /// Its lines.
    pub postings: Vec<PostingDto>,
    /// Its hash, over itself and the one before.
    pub hash: String,
}

/// A page of the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub struct LedgerDto {
    /// Oldest first.
    pub transactions: Vec<TransactionDto>,
    /// Behind which number the next page begins, if there is one.
    pub next: Option<u64>,
}

/// Which page of the ledger.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct LedgerQuery {
    /// `next` of the page before; from the beginning if not said.
    pub after: Option<String>,
    /// At most so many, 1 to 200; 50 if not said.
    pub limit: Option<String>,
}

/// A line of a transaction.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostingDto {
    /// The ledger account.
    pub account: String,
    /// The asset.
    pub asset: String,
    /// How much.
    pub amount: String,
}

/// What a person knows about an order that the venue can't tell about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveBody {
    /// How it is known that the order was never placed.
    pub evidence: String,
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

impl From<&Check> for CheckDto {
    fn from(check: &Check) -> Self {
        let Check { layer, passed, limit, value } = check.clone();
        Self { check: layer.name().to_owned(), passed, limit, value }
    }
}

impl VerdictDto {
    /// What risk said, with what became of it.
    #[must_use]
    pub fn new(verdict: &VerdictRow, order: Option<&Order>, fills: &[Fill]) -> Self {
        let (outcome, refused_by) = match &verdict.outcome {
            Outcome::Approved { .. } if verdict.leg == Leg::External => ("external", None),
            Outcome::Approved { .. } => ("approved", None),
            Outcome::Refused { layer } => ("refused", Some(layer.name().to_owned())),
        };
        Self {
            leg: verdict.leg.tag(),
            attempt: verdict.attempt,
            quantity: verdict.quantity.to_string(),
            outcome: outcome.to_owned(),
            refused_by,
            profile: verdict.profile.clone(),
            checks: verdict.checks.iter().map(CheckDto::from).collect(),
            order: order.map(OrderDto::from),
            fills: fills.iter().map(FillDto::from).collect(),
        }
    }
}

impl PositionDto {
    /// A market's position.
    #[must_use]
    pub fn new(symbol: &desk::id::Symbol, position: &Position) -> Self {
        Self {
            symbol: symbol.to_string(),
            quantity: position.quantity.to_string(),
            cost: position.cost.to_string(),
            realised: position.realised.to_string(),
            fees: position.fees.to_string(),
            opened_at: position.opened_at.map(desk::time::Timestamp::ms),
            round_trips: position.round_trips,
        }
    }
}

impl From<&TransactionRow> for TransactionDto {
    fn from(row: &TransactionRow) -> Self {
        let line = |p: &Posting| PostingDto {
            account: p.account.to_string(),
            asset: p.asset.to_string(),
            amount: p.amount.to_string(),
        };
        Self {
            seq: row.seq,
            cause: row.transaction.cause.clone(),
            at: row.transaction.at.ms(),
            postings: row.transaction.postings.iter().map(line).collect(),
            hash: row.hash.clone(),
        }
    }
}
