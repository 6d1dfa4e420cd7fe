//! The desk's ports over a venue: one spot account.
//!
//! 1. An order is POSTed once, with the intent's id as client id and the claim's deadline as the venue's. Anything but an
//!    answer that names our order, or a refusal on the venue's allow list, is unknown. Only a stop that is refused because
//!    the price is through it already is followed by what it would have done: a sale at the market.
//! 2. Nothing is placed while the clocks differ by more than half a second, or nobody knows by how much.
//!    The module [`place`] does both.
//! 3. A trade is told of with the order it belongs to; one of an order that carries no id of ours is told under an id
//!    derived from the venue's own, so that it is booked as what it is: somebody else's hand.
//!    The module [`account`] does that; [`look`] finds orders, [`trades`] lists all trades of a stretch of time.

mod account;
mod look;
mod place;
mod trades;

pub use place::protects;

use super::exchange::Exchange;
use super::transport::Transport;
use crate::protocol::call::OrderClass;
use crate::protocol::model::OrderReport;
use crate::protocol::{CallFault, Instrument, OrderRef, Product, Scope};
use desk::id::{IntentId, Symbol, VenueId};
use desk::order::Timing;
use desk::port::{Clock, Table, Venue, VenueError};
use desk::time::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Where an order may stand: most venues keep those that wait for a trigger apart, and know nothing of them elsewhere. An order
/// is absent only if it is in none.
const CLASSES: [OrderClass; 3] = [OrderClass::Plain, OrderClass::Trigger, OrderClass::Protective];

/// One spot account at a venue.
pub struct LiveSpot<T, C, X> {
    id: VenueId,
    exchange: Arc<Exchange<T, C, X>>,
    timing: Timing,
    scope: Scope,
    /// The client ids of orders, by the venue's own ids: trades name only those. An order may have none.
    names: Arc<Mutex<BTreeMap<String, Option<String>>>>,
    /// When all markets were last asked for what works there.
    all_asked: Arc<Mutex<Option<Timestamp>>>,
}

impl<T, C, X> std::fmt::Debug for LiveSpot<T, C, X> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LiveSpot({})", self.id)
    }
}

impl<T, C, X> Clone for LiveSpot<T, C, X> {
    fn clone(&self) -> Self {
        Self {
            id: self.id.clone(),
            exchange: self.exchange.clone(),
            timing: self.timing,
            scope: self.scope.clone(),
            names: self.names.clone(),
            all_asked: self.all_asked.clone(),
        }
    }
}

impl<T: Table, C: Clock, X: Transport> LiveSpot<T, C, X> {
    /// The account that the exchange's credentials open.
    pub fn new(id: VenueId, exchange: Arc<Exchange<T, C, X>>, scope: Scope) -> Self {
        let timing = super::timing(exchange.protocol().capabilities());
        // Where nothing says otherwise, some venues ask for contracts.
        let scope = Scope { product: Some(Product::Spot), ..scope };
        Self { id, exchange, timing, scope, names: Arc::default(), all_asked: Arc::default() }
    }

    /// The venue below.
    #[must_use]
    pub fn exchange(&self) -> &Exchange<T, C, X> {
        &self.exchange
    }

    /// The venue below, for whoever else asks it.
    #[must_use]
    pub fn shared(&self) -> Arc<Exchange<T, C, X>> {
        self.exchange.clone()
    }

    fn error(&self, fault: impl std::fmt::Display) -> VenueError {
        VenueError::new(self.id.clone(), fault.to_string())
    }

    /// A call without an answer, with when to ask again where that is known.
    fn fault(&self, fault: &CallFault) -> VenueError {
        let retry_at = match fault {
            CallFault::Budget { until, .. } => Some(*until),
            CallFault::BreakerOpen { wait_ms, .. } => Some(self.exchange.now().plus_ms(*wait_ms)),
            CallFault::Call(_) | CallFault::Connectivity { .. } | CallFault::Read(_) => None,
        };
        VenueError { retry_at, ..self.error(fault) }
    }

    fn instrument(&self, symbol: &Symbol) -> Result<Instrument, VenueError> {
        let markets = self.exchange.markets();
        let found = markets.of_symbol(symbol.as_str(), &[Product::Spot]).cloned();
        found.ok_or_else(|| self.error(format!("it has no spot market {symbol}, or its markets were not loaded")))
    }

    fn order_ref(&self, symbol: &Symbol, order: &IntentId, class: OrderClass) -> Result<OrderRef, VenueError> {
        let (instrument, scope) = (Some(self.instrument(symbol)?), self.scope(class));
        Ok(OrderRef { id: None, client_id: Some(order.to_string()), instrument, scope })
    }

    fn scope(&self, class: OrderClass) -> Scope {
        Scope { class, ..self.scope.clone() }
    }

    fn remember(&self, report: &OrderReport) {
        if let Some(id) = &report.id {
            let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
            // What is known stays known: some answers leave the client id out.
            let name = names.entry(id.clone()).or_default();
            if report.client_id.is_some() {
                name.clone_from(&report.client_id);
            }
        }
    }
}

/// Whether a venue's text is our id; some give it back with hyphens.
fn same_id(text: &str, order: &IntentId) -> bool {
    text.bytes().filter(|b| *b != b'-').eq(order.as_str().bytes())
}

impl<T: Table, C: Clock, X: Transport> Venue for LiveSpot<T, C, X> {
    fn id(&self) -> &VenueId {
        &self.id
    }

    fn timing(&self) -> Timing {
        self.timing
    }

    fn now(&self) -> Timestamp {
        self.exchange.venue_now()
    }
}
