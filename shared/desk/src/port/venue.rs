//! The venue ports, one verb each.
//!
//! An answer is one of three things: a fact, a clear refusal, or unknown. A time-out, a broken connection, a page of
//! HTML and a code that is not on the venue's list are all unknown. A duplicate client id is evidence that an earlier
//! POST landed, and is unknown too: look, never conclude.

use crate::fill::Fill;
use crate::id::{AccountId, Asset, IntentId, Symbol, VenueId, VenueOrderId};
use crate::money::{Amount, Quantity};
use crate::movement::Movement;
use crate::order::{Claimed, Intent, Timing};
use crate::time::Timestamp;
use std::collections::BTreeMap;
use std::future::Future;
use std::ops::Range;
use thiserror::Error;

/// How an order stands at the venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VenueStatus {
    /// Working, perhaps partly filled.
    Open,
    /// Wholly filled.
    Filled,
    /// Cancelled.
    Cancelled,
    /// Ended by the venue.
    Expired,
    /// Accepted at first and refused afterwards.
    Rejected,
}

/// What a venue says about one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderFact {
    /// The client id it was placed under.
    pub order: IntentId,
    /// The venue's name for it.
    pub venue_order: VenueOrderId,
    /// How it stands.
    pub status: VenueStatus,
    /// What has been filled.
    pub filled: Quantity,
}

/// What became of a POST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlaceOutcome {
    /// The venue has it, and may have traded it at once.
    Accepted {
        /// How it stands.
        fact: OrderFact,
        /// The trades the answer tells of, of this order or another: they are to be booked.
        fills: Vec<Fill>,
    },
    /// The venue refused it, clearly.
    Refused(String),
    /// It never left: the venue has not seen it and never will.
    Unsent(VenueError),
    /// Nobody knows.
    Unknown(String),
}

/// What became of a cancel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CancelOutcome {
    /// The order's state after the request, as the venue tells it.
    Done(OrderFact),
    /// It worked as told here, its cancel was taken, and now neither of two sources has it: some venues forget an order
    /// that ended without a trade.
    Gone(OrderFact),
    /// Nobody knows; look.
    Unknown(String),
    /// It could not be asked yet; nothing was sent.
    Unasked(VenueError),
}

/// What a look-up found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// The order.
    Found(OrderFact),
    /// Not in this source. Says nothing before the deadline and the grace have passed.
    NotFound,
}

/// The venue could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{venue} could not be asked: {reason}")]
pub struct VenueError {
    /// Which.
    pub venue: VenueId,
    /// Why.
    pub reason: String,
    /// When asking makes sense again, if that is known: what limits how much is asked knows it.
    pub retry_at: Option<Timestamp>,
}

impl VenueError {
    /// An error that says nothing about when to ask again.
    #[must_use]
    pub const fn new(venue: VenueId, reason: String) -> Self {
        Self { venue, reason, retry_at: None }
    }
}

/// Placing.
pub trait PlaceOrder: Send + Sync {
    /// Whether an order could be sent now, for all that is known here: clocks, request budget, breakers. Asked before the claim,
    /// because a claim is for one POST: an order that has to wait keeps its right to be sent.
    fn ready(&self, intent: &Intent) -> impl Future<Output = Result<(), VenueError>> + Send {
        let _ = intent;
        std::future::ready(Ok(()))
    }

    /// POSTs an order, once. No retry, no redirect; not after `claim.posted_by`, and with `claim.deadline` as the
    /// time after which the venue must refuse it.
    fn place(&self, claimed: &Claimed) -> impl Future<Output = PlaceOutcome> + Send;
}

/// Asking about one order, at two independent sources.
pub trait QueryOrder: Send + Sync {
    /// Asks the order endpoint by client id.
    fn by_client_id(
        &self,
        account: &AccountId,
        symbol: &Symbol,
        order: &IntentId,
    ) -> impl Future<Output = Result<Lookup, VenueError>> + Send;

    /// Looks for it in the lists of open and recent orders. That it is not there is told only if a list of what has ended
    /// goes back to `since`, by the venue's clock: an order of then would be on it.
    fn in_lists(
        &self,
        account: &AccountId,
        symbol: &Symbol,
        order: &IntentId,
        since: Timestamp,
    ) -> impl Future<Output = Result<Lookup, VenueError>> + Send;
}

/// Cancelling.
pub trait CancelOrder: Send + Sync {
    /// Asks the venue to cancel. Repeating it is harmless.
    fn cancel(
        &self,
        account: &AccountId,
        symbol: &Symbol,
        order: &IntentId,
    ) -> impl Future<Output = CancelOutcome> + Send;
}

/// An order that works at the venue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenOrder {
    /// The client id it was placed under; the venue's own id if it has none.
    pub client_id: String,
    /// Its market, if the venue tells it.
    pub symbol: Option<Symbol>,
}

/// Listing what works.
pub trait ListOpenOrders: Send + Sync {
    /// Every open order of the account, whoever placed it.
    fn open_orders(&self, account: &AccountId) -> impl Future<Output = Result<Vec<OpenOrder>, VenueError>> + Send;
}

/// Listing what moved without a trade.
pub trait ListMovements: Send + Sync {
    /// The account's finished movements since `since`, oldest first. `None` if the venue can't be asked.
    fn movements(
        &self,
        account: &AccountId,
        since: Timestamp,
    ) -> impl Future<Output = Result<Option<Vec<Movement>>, VenueError>> + Send {
        let _ = (account, since);
        std::future::ready(Ok(None))
    }
}

/// Listing what was traded.
pub trait ListTrades: Send + Sync {
    /// All of the account's trades in a market within a stretch of the venue's time, oldest first: an error rather than a
    /// part of them.
    fn trades(
        &self,
        account: &AccountId,
        symbol: &Symbol,
        stretch: Range<Timestamp>,
    ) -> impl Future<Output = Result<Vec<Fill>, VenueError>> + Send;

    /// The account's last trade in a market. `None` also where the venue tells only of the last days, and there was none.
    fn last_trade(
        &self,
        account: &AccountId,
        symbol: &Symbol,
    ) -> impl Future<Output = Result<Option<Fill>, VenueError>> + Send;
}

/// Reading balances.
pub trait ReadBalances: Send + Sync {
    /// What the account holds, free and locked together.
    fn balances(&self, account: &AccountId)
    -> impl Future<Output = Result<BTreeMap<Asset, Amount>, VenueError>> + Send;
}

/// A venue with all its verbs.
pub trait Venue:
    PlaceOrder + QueryOrder + CancelOrder + ListOpenOrders + ListTrades + ListMovements + ReadBalances
{
    /// Its name.
    fn id(&self) -> &VenueId;

    /// How long the steps of placing an order may take.
    fn timing(&self) -> Timing;

    /// Its own clock, for proofs of absence: ours may be wrong.
    fn now(&self) -> Timestamp;
}
