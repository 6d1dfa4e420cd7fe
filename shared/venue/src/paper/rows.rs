//! What the paper venue stores, on the money shelf.
//!
//! | partition | sort key | row |
//! |---|---|---|
//! | `PAPER#a` | `ORDER#client id` | an order |
//! | | `OPEN#symbol#seq` | the client id of an open order |
//! | | `SYMBOL#symbol` | the numbers last given to an order and a trade |
//! | | `MARKET#symbol` | where the market stands, where nobody drives it |
//! | | `BALANCE#asset` | counter `amount` |
//! | `PAPERTRADES#a` | `symbol#trade` | a trade, as the fill it is reported as |

use super::matching::Phase;
use desk::id::{AccountId, Asset, IntentId, Symbol, TradeId, VenueOrderId};
use desk::money::Quantity;
use desk::order::{OrderKind, Side};
use desk::port::{Key, OrderFact, Query, Row, Shelf, VenueStatus};
use desk::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Working.
    Open,
    /// Wholly filled.
    Filled,
    /// Cancelled.
    Cancelled,
    /// Could not be paid.
    Expired,
}

/// An order at the venue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaperOrder {
    /// The client id.
    pub order: IntentId,
    /// The venue's own.
    pub venue_order: VenueOrderId,
    /// In which market.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// How.
    pub kind: OrderKind,
    /// How much.
    pub quantity: Quantity,
    /// How much of it is done.
    pub filled: Quantity,
    /// How it stands.
    pub status: Status,
    /// Whether a stop's trigger has been reached.
    pub triggered: bool,
    /// The market time at which it was accepted.
    pub accepted_at: Timestamp,
    /// Its number in its market.
    pub seq: u64,
    /// The last bar and phase that did something to it.
    pub last_match: Option<(Timestamp, Phase)>,
}

/// The numbers last given out in a market, and to whom: two orders that are given a number at once must not write the
/// same row, because a table takes an equal row for one's own earlier write.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Numbers {
    /// To an order.
    pub orders: u64,
    /// To a trade.
    pub trades: u64,
    /// The order with the last number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_order: Option<IntentId>,
    /// The order that traded last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_trade: Option<IntentId>,
}

/// The client id of an open order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenRow {
    /// Which.
    pub order: IntentId,
}

impl Row for PaperOrder {
    const VERSION: u32 = 1;
}
impl Row for Numbers {
    const VERSION: u32 = 1;
}
impl Row for OpenRow {
    const VERSION: u32 = 1;
}

impl From<VenueStatus> for Status {
    fn from(status: VenueStatus) -> Self {
        match status {
            VenueStatus::Open => Self::Open,
            VenueStatus::Filled => Self::Filled,
            VenueStatus::Cancelled => Self::Cancelled,
            VenueStatus::Expired | VenueStatus::Rejected => Self::Expired,
        }
    }
}

impl PaperOrder {
    /// What the venue says about the order.
    #[must_use]
    pub fn fact(&self) -> OrderFact {
        let status = match self.status {
            Status::Open => VenueStatus::Open,
            Status::Filled => VenueStatus::Filled,
            Status::Cancelled => VenueStatus::Cancelled,
            Status::Expired => VenueStatus::Expired,
        };
        let (order, venue_order) = (self.order.clone(), self.venue_order.clone());
        OrderFact { order, venue_order, status, filled: self.filled }
    }
}

fn own(account: &AccountId, sk: String) -> Key {
    Key { shelf: Shelf::Money, pk: format!("PAPER#{account}"), sk }
}

fn range(pk: String, prefix: String) -> Query {
    Query { shelf: Shelf::Money, pk, prefix, after: None, descending: false, limit: 1000 }
}

/// An order.
#[must_use]
pub fn order(account: &AccountId, id: &IntentId) -> Key {
    own(account, format!("ORDER#{id}"))
}

/// The mark of an open order.
#[must_use]
pub fn open(account: &AccountId, symbol: &Symbol, seq: u64) -> Key {
    own(account, format!("OPEN#{symbol}#{seq:012}"))
}

/// The marks of open orders, of one market or of all.
#[must_use]
pub fn all_open(account: &AccountId, symbol: Option<&Symbol>) -> Query {
    let prefix = symbol.map_or_else(|| "OPEN#".to_owned(), |symbol| format!("OPEN#{symbol}#"));
    range(format!("PAPER#{account}"), prefix)
}

/// The numbers of a market.
#[must_use]
pub fn numbers(account: &AccountId, symbol: &Symbol) -> Key {
    own(account, format!("SYMBOL#{symbol}"))
}

/// Where a market stands.
#[must_use]
pub fn standing(account: &AccountId, symbol: &Symbol) -> Key {
    own(account, format!("MARKET#{symbol}"))
}

/// A balance.
#[must_use]
pub fn balance(account: &AccountId, asset: &Asset) -> Key {
    own(account, format!("BALANCE#{asset}"))
}

/// All balances.
#[must_use]
pub fn balances(account: &AccountId) -> Query {
    range(format!("PAPER#{account}"), "BALANCE#".to_owned())
}

/// A trade.
#[must_use]
pub fn trade(account: &AccountId, symbol: &Symbol, id: &TradeId) -> Key {
    Key { shelf: Shelf::Money, pk: format!("PAPERTRADES#{account}"), sk: format!("{symbol}#{id}") }
}

/// The trades of a market.
#[must_use]
pub fn trades(account: &AccountId, symbol: &Symbol) -> Query {
    range(format!("PAPERTRADES#{account}"), format!("{symbol}#"))
}
