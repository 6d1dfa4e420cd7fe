//! The right to POST an order, once.
//!
//! A claim is made in three steps that only work in this order: [`Order::claim`] computes what to store and a
//! [`PendingClaim`]; the store writes it on the condition that the order is still approved and the kill epoch is
//! still the one that was read; and only when that write has won does [`PendingClaim::won`] turn into the
//! [`Claimed`] order that a venue accepts. There is no other way to make one.

use super::{Event, Order, State, Step};
use crate::id::InvocationId;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Who may POST an order, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The invocation that won.
    pub owner: InvocationId,
    /// When it won.
    pub claimed_at: Timestamp,
    /// No POST leaves after this.
    pub posted_by: Timestamp,
    /// No venue accepts the POST after this.
    pub deadline: Timestamp,
    /// The kill epoch it was claimed under.
    pub kill_epoch: u64,
}

/// How long the steps of placing an order may take at a venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// From the claim to the POST leaving, at most.
    pub gap_ms: i64,
    /// For how long after that the venue still accepts it (`recvWindow` and its kin).
    pub window_ms: i64,
    /// How long after the deadline a query may still not show an order that was accepted.
    pub grace_ms: i64,
}

impl Timing {
    /// The times that the order procedure was proven with: 0.5 s, 2 s, 1.5 s.
    pub const REFERENCE: Self = Self { gap_ms: 500, window_ms: 2000, grace_ms: 1500 };
}

/// A claim that has been computed but not yet won.
#[derive(Debug)]
pub struct PendingClaim {
    order: Order,
}

/// An order that this invocation, and no other, may POST. Not `Clone`: the right is used up by placing.
#[derive(Debug)]
pub struct Claimed {
    order: Order,
    claim: Claim,
}

impl Order {
    /// Computes the claim of an approved order; `None` in any other state.
    #[must_use]
    pub fn claim(&self, owner: InvocationId, now: Timestamp, timing: Timing, kill_epoch: u64) -> Option<PendingClaim> {
        let mut order = self.clone();
        if order.apply(Event::Claim, now, "claimed for its one POST") != Step::Moves(State::Claimed) {
            return None;
        }
        let posted_by = now.plus_ms(timing.gap_ms);
        let deadline = posted_by.plus_ms(timing.window_ms);
        order.claim = Some(Claim { owner, claimed_at: now, posted_by, deadline, kill_epoch });
        Some(PendingClaim { order })
    }
}

impl PendingClaim {
    /// The order as it is to be stored.
    #[must_use]
    pub const fn order(&self) -> &Order {
        &self.order
    }

    /// To be called by the store alone, after its conditional write has won.
    #[must_use]
    pub fn won(self) -> Option<Claimed> {
        let claim = self.order.claim.clone()?;
        Some(Claimed { order: self.order, claim })
    }
}

impl Claimed {
    /// The order to be POSTed.
    #[must_use]
    pub const fn order(&self) -> &Order {
        &self.order
    }

    /// The claim it is POSTed under.
    #[must_use]
    pub const fn claim(&self) -> &Claim {
        &self.claim
    }

    /// Whether the POST may still leave. A frozen process that wakes up late finds that it may not.
    #[must_use]
    pub fn may_leave(&self, now: Timestamp) -> bool {
        now <= self.claim.posted_by
    }

    /// Gives the right up and keeps the order, to record what became of it.
    #[must_use]
    pub fn into_order(self) -> Order {
        self.order
    }
}
