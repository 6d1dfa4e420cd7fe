//! A venue that is not reached: what stands in a live desk's place for its venue while the desk rests.
//!
//! The books can be read without it. Nothing is placed, cancelled or asked: that takes the keys, and a running desk.

use desk::fill::Fill;
use desk::id::{AccountId, Asset, IntentId, Symbol, VenueId};
use desk::money::Amount;
use desk::order::{Claimed, Intent, Timing};
use desk::port::{
    CancelOrder, CancelOutcome, Clock, ListMovements, ListOpenOrders, ListTrades, Lookup, OpenOrder, PlaceOrder,
    PlaceOutcome, QueryOrder, ReadBalances, Venue, VenueError,
};
use desk::time::Timestamp;
use std::collections::BTreeMap;
use std::ops::Range;

const WHY: &str = "the desk is not running, and without it its venue is not reached";

/// A venue that is not reached.
#[derive(Debug, Clone)]
pub struct Unreached(pub VenueId);

impl Unreached {
    fn error(&self) -> VenueError {
        VenueError::new(self.0.clone(), WHY.to_owned())
    }
}

impl PlaceOrder for Unreached {
    async fn ready(&self, _: &Intent) -> Result<(), VenueError> {
        Err(self.error())
    }

    async fn place(&self, _: &Claimed) -> PlaceOutcome {
        PlaceOutcome::Unsent(self.error())
    }
}

impl QueryOrder for Unreached {
    async fn by_client_id(&self, _: &AccountId, _: &Symbol, _: &IntentId) -> Result<Lookup, VenueError> {
        Err(self.error())
    }

    async fn in_lists(&self, _: &AccountId, _: &Symbol, _: &IntentId, _: Timestamp) -> Result<Lookup, VenueError> {
        Err(self.error())
    }
}

impl CancelOrder for Unreached {
    async fn cancel(&self, _: &AccountId, _: &Symbol, _: &IntentId) -> CancelOutcome {
        CancelOutcome::Unknown(WHY.to_owned())
    }
}

impl ListOpenOrders for Unreached {
    async fn open_orders(&self, _: &AccountId) -> Result<Vec<OpenOrder>, VenueError> {
        Err(self.error())
    }
}

impl ListTrades for Unreached {
    async fn trades(&self, _: &AccountId, _: &Symbol, _: Range<Timestamp>) -> Result<Vec<Fill>, VenueError> {
        Err(self.error())
    }

    async fn last_trade(&self, _: &AccountId, _: &Symbol) -> Result<Option<Fill>, VenueError> {
        Err(self.error())
    }
}

impl ListMovements for Unreached {}

impl ReadBalances for Unreached {
    async fn balances(&self, _: &AccountId) -> Result<BTreeMap<Asset, Amount>, VenueError> {
        Err(self.error())
    }
}

impl Venue for Unreached {
    fn id(&self) -> &VenueId {
        &self.0
    }

    fn timing(&self) -> Timing {
        Timing::REFERENCE
    }

    fn now(&self) -> Timestamp {
        boot::WallClock.now()
    }
}
