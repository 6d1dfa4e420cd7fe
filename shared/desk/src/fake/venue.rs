//! A venue that keeps orders in memory and loses, delays or refuses what it is told to.

use crate::fill::Fill;
use crate::id::{AccountId, Asset, IntentId, Symbol, VenueId, VenueOrderId};
use crate::money::Amount;
use crate::movement::Movement;
use crate::order::{Claimed, Intent, Timing};
use crate::port::{
    CancelOrder, CancelOutcome, Clock, ListMovements, ListOpenOrders, ListTrades, Lookup, OpenOrder, OrderFact,
    PlaceOrder, PlaceOutcome, QueryOrder, ReadBalances, Venue, VenueError, VenueStatus,
};
use crate::time::Timestamp;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::FakeClock;

/// What happens to the next POST.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Accepted and answered.
    Accept,
    /// Lost on the way there.
    LoseRequest,
    /// Accepted, but the answer is lost on the way back.
    LoseAnswer,
    /// Refused, clearly.
    Refuse,
    /// Held back by something before the venue.
    HoldBack,
}

#[derive(Debug, Default)]
struct State {
    orders: BTreeMap<IntentId, OrderFact>,
    posts: BTreeMap<IntentId, u32>,
    /// Orders that somebody else works.
    foreign: Vec<OpenOrder>,
    trades: Vec<Fill>,
    movements: Vec<Movement>,
    balances: BTreeMap<Asset, Amount>,
}

/// A venue in memory.
#[derive(Debug)]
pub struct FakeVenue {
    id: VenueId,
    clock: Arc<FakeClock>,
    fate: Mutex<Fate>,
    /// Until when nothing can be sent, as far as is known before it is tried.
    busy_until: Mutex<Option<Timestamp>>,
    /// Whether it keeps no order that was cancelled.
    forgets: AtomicBool,
    silent: AtomicBool,
    state: Mutex<State>,
}

impl FakeVenue {
    /// A venue that accepts.
    ///
    /// # Panics
    /// Never: the name is well-formed.
    #[must_use]
    pub fn new(clock: Arc<FakeClock>) -> Self {
        #[expect(clippy::unwrap_used, reason = "a constant name")]
        let id = VenueId::new("fake").unwrap();
        Self {
            id,
            clock,
            fate: Mutex::new(Fate::Accept),
            busy_until: Mutex::default(),
            forgets: AtomicBool::new(false),
            silent: AtomicBool::new(false),
            state: Mutex::default(),
        }
    }

    /// Decides what happens to POSTs from now on.
    pub fn next_post(&self, fate: Fate) {
        *self.fate.lock().unwrap_or_else(PoisonError::into_inner) = fate;
    }

    /// Nothing can be sent until then, and that is known before it is tried.
    pub fn busy_until(&self, until: Option<Timestamp>) {
        *self.busy_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    /// From now on it keeps no order that was cancelled.
    pub fn forgets(&self) {
        self.forgets.store(true, Ordering::Relaxed);
    }

    /// From now on it can't tell what became of any one order.
    pub fn tells_of_no_order(&self) {
        self.silent.store(true, Ordering::Relaxed);
    }

    fn error(&self, retry_at: Option<Timestamp>) -> VenueError {
        VenueError { retry_at, ..VenueError::new(self.id.clone(), "busy".to_owned()) }
    }

    /// How often an order was POSTed.
    #[must_use]
    pub fn posts(&self, order: &IntentId) -> u32 {
        self.lock().posts.get(order).copied().unwrap_or(0)
    }

    /// How many orders the venue has.
    #[must_use]
    pub fn orders(&self) -> usize {
        self.lock().orders.len()
    }

    /// Somebody else's orders from now on.
    pub fn work(&self, foreign: Vec<OpenOrder>) {
        self.lock().foreign = foreign;
    }

    /// What the account holds from now on.
    pub fn hold(&self, balances: impl IntoIterator<Item = (Asset, Amount)>) {
        self.lock().balances = balances.into_iter().collect();
    }

    /// A trade happened, whoever's.
    pub fn trade(&self, fill: Fill) {
        self.lock().trades.push(fill);
    }

    /// Money moved without a trade.
    pub fn moved(&self, movement: Movement) {
        self.lock().movements.push(movement);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self, order: &IntentId) -> Lookup {
        self.lock().orders.get(order).cloned().map_or(Lookup::NotFound, Lookup::Found)
    }
}

impl PlaceOrder for FakeVenue {
    async fn ready(&self, _: &Intent) -> Result<(), VenueError> {
        let until = *self.busy_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.map_or(Ok(()), |until| Err(self.error(Some(until))))
    }

    async fn place(&self, claimed: &Claimed) -> PlaceOutcome {
        let order = claimed.order().intent.id.clone();
        let fate = *self.fate.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.lock();
        *state.posts.entry(order.clone()).or_default() += u32::from(fate != Fate::HoldBack);
        let Ok(venue_order) = VenueOrderId::new(format!("F{}", state.orders.len() + 1)) else {
            return PlaceOutcome::Unknown("no id".to_owned());
        };
        let filled = crate::money::Quantity::ZERO;
        let fact = OrderFact { order: order.clone(), venue_order, status: VenueStatus::Open, filled };
        match fate {
            Fate::HoldBack => PlaceOutcome::Unsent(self.error(None)),
            Fate::Refuse => PlaceOutcome::Refused("refused".to_owned()),
            Fate::LoseRequest => PlaceOutcome::Unknown("timed out".to_owned()),
            Fate::LoseAnswer => {
                state.orders.insert(order, fact);
                PlaceOutcome::Unknown("timed out".to_owned())
            }
            Fate::Accept => {
                state.orders.insert(order, fact.clone());
                PlaceOutcome::Accepted { fact, fills: Vec::new() }
            }
        }
    }
}

impl QueryOrder for FakeVenue {
    async fn by_client_id(&self, _: &AccountId, _: &Symbol, order: &IntentId) -> Result<Lookup, VenueError> {
        if self.silent.load(Ordering::Relaxed) { Err(self.error(None)) } else { Ok(self.look(order)) }
    }

    async fn in_lists(&self, _: &AccountId, _: &Symbol, order: &IntentId, _: Timestamp) -> Result<Lookup, VenueError> {
        Ok(self.look(order))
    }
}

impl CancelOrder for FakeVenue {
    async fn cancel(&self, _: &AccountId, _: &Symbol, order: &IntentId) -> CancelOutcome {
        let mut state = self.lock();
        match state.orders.get_mut(order) {
            Some(fact) if fact.status == VenueStatus::Open && self.forgets.load(Ordering::Relaxed) => {
                let last = fact.clone();
                state.orders.remove(order);
                CancelOutcome::Gone(last)
            }
            Some(fact) => {
                if fact.status == VenueStatus::Open {
                    fact.status = VenueStatus::Cancelled;
                }
                CancelOutcome::Done(fact.clone())
            }
            None => CancelOutcome::Unknown("no such order".to_owned()),
        }
    }
}

impl ListOpenOrders for FakeVenue {
    async fn open_orders(&self, _: &AccountId) -> Result<Vec<OpenOrder>, VenueError> {
        let state = self.lock();
        let open = state.orders.values().filter(|fact| fact.status == VenueStatus::Open);
        let ours = open.map(|fact| OpenOrder { client_id: fact.order.to_string(), symbol: None });
        Ok(ours.chain(state.foreign.iter().cloned()).collect())
    }
}

impl ListTrades for FakeVenue {
    async fn trades(&self, _: &AccountId, symbol: &Symbol, stretch: Range<Timestamp>) -> Result<Vec<Fill>, VenueError> {
        let state = self.lock();
        let wanted = |fill: &&Fill| fill.symbol == *symbol && stretch.contains(&fill.at);
        Ok(state.trades.iter().filter(wanted).cloned().collect())
    }

    async fn last_trade(&self, _: &AccountId, symbol: &Symbol) -> Result<Option<Fill>, VenueError> {
        Ok(self.lock().trades.iter().rfind(|fill| fill.symbol == *symbol).cloned())
    }
}

impl ListMovements for FakeVenue {
    async fn movements(&self, _: &AccountId, since: Timestamp) -> Result<Option<Vec<Movement>>, VenueError> {
        let state = self.lock();
        Ok(Some(state.movements.iter().filter(|movement| movement.at >= since).cloned().collect()))
    }
}

impl ReadBalances for FakeVenue {
    async fn balances(&self, _: &AccountId) -> Result<BTreeMap<Asset, Amount>, VenueError> {
        Ok(self.lock().balances.clone())
    }
}

impl Venue for FakeVenue {
    fn id(&self) -> &VenueId {
        &self.id
    }

    fn timing(&self) -> Timing {
        Timing::REFERENCE
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
