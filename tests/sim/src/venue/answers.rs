//! What the exchange tells when it is asked. A fresh order may be missing for a while, and the order endpoint may forget
//! one; the lists of open and recent orders are another source with a lag of their own.

use super::exchange::{Exchange, VenueOrder};
use desk::fill::Fill;
use desk::id::{IntentId, Symbol};
use desk::port::{Lookup, OpenOrder, VenueStatus};
use desk::time::Timestamp;
use std::ops::Range;

impl Exchange {
    fn told(&self, order: &VenueOrder, now: Timestamp) -> bool {
        now >= order.hidden_until && !self.is_gone(order, now)
    }

    /// Whether the venue has an order no more.
    pub(super) fn is_gone(&self, order: &VenueOrder, now: Timestamp) -> bool {
        match (self.semantics.unfilled_gone_ms, order.ended_at) {
            (Some(ms), Some(ended)) => order.filled.is_zero() && now.ms_since(ended) > ms,
            (None, _) | (_, None) => false,
        }
    }

    /// The order endpoint's answer.
    #[must_use]
    pub fn look(&self, client_id: &IntentId, now: Timestamp) -> Lookup {
        let known = |order: &&VenueOrder| order.new.client_id == *client_id && now >= order.forgotten_until;
        let found = self.orders.iter().rev().find(|order| known(order) && self.told(order, now));
        found.map_or(Lookup::NotFound, |order| Lookup::Found(order.fact()))
    }

    /// The answer of the lists of open and recent orders.
    #[must_use]
    pub fn list(&self, client_id: &IntentId, now: Timestamp) -> Lookup {
        let of = |order: &&VenueOrder| order.new.client_id == *client_id;
        let found = self.orders.iter().rev().find(|order| of(order) && self.told(order, now));
        found.map_or(Lookup::NotFound, |order| Lookup::Found(order.fact()))
    }

    /// What works.
    #[must_use]
    pub fn open_orders(&self, now: Timestamp) -> Vec<OpenOrder> {
        let open = self.orders.iter().filter(|order| order.status == VenueStatus::Open && self.told(order, now));
        let one = |order: &VenueOrder| OpenOrder {
            client_id: order.new.client_id.to_string(),
            symbol: Some(order.new.symbol.clone()),
        };
        open.map(one).collect()
    }

    /// The trades of a market within a stretch of time, oldest first.
    #[must_use]
    pub fn trades_within(&self, symbol: &Symbol, stretch: &Range<Timestamp>) -> Vec<Fill> {
        let wanted = |fill: &&Fill| fill.symbol == *symbol && stretch.contains(&fill.at);
        self.trades.iter().filter(wanted).cloned().collect()
    }
}
