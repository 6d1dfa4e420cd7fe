//! One of two venues: the desk's ports, handed on. A desk trades on paper or live; its handlers don't know which. Candles, too:
//! those that the paper venue has played, or a venue's own.

use desk::fill::Fill;
use desk::id::{AccountId, Asset, IntentId, Symbol, VenueId};
use desk::market::Candle;
use desk::money::Amount;
use desk::movement::Movement;
use desk::order::{Claimed, Intent, Timing};
use desk::port::{
    CancelOrder, CancelOutcome, ListMovements, ListOpenOrders, ListTrades, Lookup, OpenOrder, PlaceOrder, PlaceOutcome,
    PullCandles, PullError, QueryOrder, ReadBalances, Venue, VenueError,
};
use desk::time::{Interval, Timestamp};
use std::collections::BTreeMap;
use std::ops::Range;

/// One of two venues.
#[derive(Debug, Clone)]
pub enum Either<P, L> {
    /// The paper venue.
    Paper(P),
    /// A venue over the network.
    Live(L),
}

macro_rules! handed_on {
    ($self:ident, $venue:ident => $call:expr) => {
        match $self {
            Either::Paper($venue) => $call,
            Either::Live($venue) => $call,
        }
    };
}

impl<P: PlaceOrder, L: PlaceOrder> PlaceOrder for Either<P, L> {
    async fn ready(&self, intent: &Intent) -> Result<(), VenueError> {
        handed_on!(self, venue => venue.ready(intent).await)
    }

    async fn place(&self, claimed: &Claimed) -> PlaceOutcome {
        handed_on!(self, venue => venue.place(claimed).await)
    }
}

impl<P: QueryOrder, L: QueryOrder> QueryOrder for Either<P, L> {
    async fn by_client_id(&self, account: &AccountId, symbol: &Symbol, order: &IntentId) -> Result<Lookup, VenueError> {
        handed_on!(self, venue => venue.by_client_id(account, symbol, order).await)
    }

    async fn in_lists(
        &self,
        account: &AccountId,
        symbol: &Symbol,
        order: &IntentId,
        since: Timestamp,
    ) -> Result<Lookup, VenueError> {
        handed_on!(self, venue => venue.in_lists(account, symbol, order, since).await)
    }
}

impl<P: CancelOrder, L: CancelOrder> CancelOrder for Either<P, L> {
    async fn cancel(&self, account: &AccountId, symbol: &Symbol, order: &IntentId) -> CancelOutcome {
        handed_on!(self, venue => venue.cancel(account, symbol, order).await)
    }
}

impl<P: ListOpenOrders, L: ListOpenOrders> ListOpenOrders for Either<P, L> {
    async fn open_orders(&self, account: &AccountId) -> Result<Vec<OpenOrder>, VenueError> {
        handed_on!(self, venue => venue.open_orders(account).await)
    }
}

impl<P: ListTrades, L: ListTrades> ListTrades for Either<P, L> {
    async fn trades(
        &self,
        account: &AccountId,
        symbol: &Symbol,
        stretch: Range<Timestamp>,
    ) -> Result<Vec<Fill>, VenueError> {
        handed_on!(self, venue => venue.trades(account, symbol, stretch).await)
    }

    async fn last_trade(&self, account: &AccountId, symbol: &Symbol) -> Result<Option<Fill>, VenueError> {
        handed_on!(self, venue => venue.last_trade(account, symbol).await)
    }
}

impl<P: ListMovements, L: ListMovements> ListMovements for Either<P, L> {
    async fn movements(&self, account: &AccountId, since: Timestamp) -> Result<Option<Vec<Movement>>, VenueError> {
        handed_on!(self, venue => venue.movements(account, since).await)
    }
}

impl<P: ReadBalances, L: ReadBalances> ReadBalances for Either<P, L> {
    async fn balances(&self, account: &AccountId) -> Result<BTreeMap<Asset, Amount>, VenueError> {
        handed_on!(self, venue => venue.balances(account).await)
    }
}

impl<P: PullCandles, L: PullCandles> PullCandles for Either<P, L> {
    async fn pull(
        &self,
        symbol: &Symbol,
        interval: Interval,
        after: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<Candle>, PullError> {
        handed_on!(self, candles => candles.pull(symbol, interval, after, limit).await)
    }
}

impl<P: Venue, L: Venue> Venue for Either<P, L> {
    fn id(&self) -> &VenueId {
        handed_on!(self, venue => venue.id())
    }

    fn timing(&self) -> Timing {
        handed_on!(self, venue => venue.timing())
    }

    fn now(&self) -> Timestamp {
        handed_on!(self, venue => venue.now())
    }
}
