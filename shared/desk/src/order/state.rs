//! The order state machine: one total table.
//!
//! ```text
//! Approved ─claim─▶ Claimed ─┬─▶ Open ─┬─▶ Filled · Cancelled · Expired · Rejected
//!     │                      ├─▶ Unknown ─(a venue fact, or proven absence)─▶ any of them, or NotPlaced
//!     └─withhold─▶ NotPlaced └─▶ Filled · Rejected · …
//! ```
//!
//! A timeout is [`Event::Lose`] and leads to [`State::Unknown`], never to a refusal. A terminal state changes only by
//! a fill that was reported late.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Risk has approved it; nobody has claimed it.
    Approved,
    /// One invocation has won the right to POST it, once.
    Claimed,
    /// The venue has accepted it and it is not done.
    Open,
    /// Nobody knows whether the venue has it. Its reservation is kept.
    Unknown,
    /// Wholly filled.
    Filled,
    /// The venue refused it, clearly.
    Rejected,
    /// Cancelled, perhaps partly filled.
    Cancelled,
    /// Ended by the venue, perhaps partly filled.
    Expired,
    /// Proven never to have reached the venue, or withheld before it was sent.
    NotPlaced,
}

/// What can happen to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// An invocation claims it.
    Claim,
    /// The desk decides not to send it.
    Withhold,
    /// The venue has it.
    Accept,
    /// The venue refuses it, on the allow list of clear refusals.
    Refuse,
    /// The outcome is not known.
    Lose,
    /// A fill that leaves something open.
    PartFill,
    /// The fill that completes it.
    LastFill,
    /// The venue says it is cancelled.
    Cancel,
    /// The venue says it has expired.
    Expire,
    /// Its absence is proven: asked after the deadline and the grace, at two sources.
    ProveAbsent,
}

/// What an event does in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The order moves to another state.
    Moves(State),
    /// The event is old news, or changes only the filled quantity.
    Stays,
    /// The event can't happen here: somebody is wrong, and new risk on the symbol must stop.
    Contradicts,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 9] = [
        Self::Approved,
        Self::Claimed,
        Self::Open,
        Self::Unknown,
        Self::Filled,
        Self::Rejected,
        Self::Cancelled,
        Self::Expired,
        Self::NotPlaced,
    ];

    /// Whether nothing more is expected.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Approved | Self::Claimed | Self::Open | Self::Unknown => false,
            Self::Filled | Self::Rejected | Self::Cancelled | Self::Expired | Self::NotPlaced => true,
        }
    }

    /// Whether it has been POSTed, or may have been, and the answer is still out.
    #[must_use]
    pub const fn is_unsettled(self) -> bool {
        matches!(self, Self::Claimed | Self::Unknown)
    }

    /// The table.
    #[must_use]
    pub const fn on(self, event: Event) -> Step {
        use Event as E;
        use Step::{Contradicts, Moves, Stays};
        match (self, event) {
            (Self::Approved, E::Claim) => Moves(Self::Claimed),
            (Self::Approved, E::Withhold) => Moves(Self::NotPlaced),
            (
                Self::Approved,
                E::Accept | E::Refuse | E::Lose | E::PartFill | E::LastFill | E::Cancel | E::Expire | E::ProveAbsent,
            ) => Contradicts,

            (Self::Claimed | Self::Unknown, E::Accept | E::PartFill) => Moves(Self::Open),
            (Self::Claimed | Self::Unknown, E::LastFill) => Moves(Self::Filled),
            (Self::Claimed | Self::Unknown, E::Refuse) => Moves(Self::Rejected),
            (Self::Claimed | Self::Unknown, E::Cancel) => Moves(Self::Cancelled),
            (Self::Claimed | Self::Unknown, E::Expire) => Moves(Self::Expired),
            (Self::Claimed | Self::Unknown, E::ProveAbsent) => Moves(Self::NotPlaced),
            (Self::Claimed, E::Lose) => Moves(Self::Unknown),
            (Self::Unknown, E::Lose) => Stays,

            (Self::Open, E::LastFill) => Moves(Self::Filled),
            (Self::Open, E::Cancel) => Moves(Self::Cancelled),
            (Self::Open, E::Expire) => Moves(Self::Expired),
            (Self::Open, E::Refuse) => Moves(Self::Rejected),
            (Self::Open, E::Accept | E::PartFill | E::Lose) => Stays,
            (Self::Open, E::ProveAbsent) => Contradicts,

            // A fill can be reported after the cancel, the expiry or even the refusal it raced with.
            (Self::Cancelled | Self::Expired | Self::Rejected, E::LastFill) => Moves(Self::Filled),
            (
                Self::Cancelled | Self::Expired | Self::Rejected,
                E::PartFill | E::Accept | E::Refuse | E::Lose | E::Cancel | E::Expire,
            ) => Stays,
            (Self::Filled, E::Accept | E::PartFill | E::LastFill | E::Refuse | E::Lose | E::Cancel | E::Expire) => {
                Stays
            }
            (Self::Cancelled | Self::Expired | Self::Rejected | Self::Filled, E::ProveAbsent) => Contradicts,

            (Self::NotPlaced, E::ProveAbsent | E::Withhold | E::Lose | E::Refuse) => Stays,
            (Self::NotPlaced, E::Accept | E::PartFill | E::LastFill | E::Cancel | E::Expire) => Contradicts,

            (
                Self::Claimed
                | Self::Unknown
                | Self::Open
                | Self::Filled
                | Self::Rejected
                | Self::Cancelled
                | Self::Expired
                | Self::NotPlaced,
                E::Claim,
            )
            | (
                Self::Claimed
                | Self::Unknown
                | Self::Open
                | Self::Filled
                | Self::Rejected
                | Self::Cancelled
                | Self::Expired,
                E::Withhold,
            ) => Contradicts,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Approved => "approved",
            Self::Claimed => "claimed",
            Self::Open => "open",
            Self::Unknown => "unknown",
            Self::Filled => "filled",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::NotPlaced => "not placed",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: [Event; 10] = [
        Event::Claim,
        Event::Withhold,
        Event::Accept,
        Event::Refuse,
        Event::Lose,
        Event::PartFill,
        Event::LastFill,
        Event::Cancel,
        Event::Expire,
        Event::ProveAbsent,
    ];

    #[test]
    fn only_an_approved_order_can_be_claimed_and_only_once() {
        let claimable: Vec<State> =
            State::ALL.into_iter().filter(|s| s.on(Event::Claim) == Step::Moves(State::Claimed)).collect();
        assert_eq!(claimable, [State::Approved]);
    }

    #[test]
    fn a_lost_answer_never_becomes_a_refusal() {
        for state in State::ALL {
            assert!(matches!(state.on(Event::Lose), Step::Stays | Step::Contradicts | Step::Moves(State::Unknown)));
        }
    }

    #[test]
    fn a_terminal_state_moves_only_by_the_last_fill() {
        for state in State::ALL.into_iter().filter(|s| s.is_terminal()) {
            for event in EVENTS {
                if let Step::Moves(next) = state.on(event) {
                    assert_eq!((event, next), (Event::LastFill, State::Filled), "{state}");
                }
            }
        }
    }

    #[test]
    fn only_what_was_never_seen_at_the_venue_can_be_proven_absent() {
        let absent: Vec<State> =
            State::ALL.into_iter().filter(|s| matches!(s.on(Event::ProveAbsent), Step::Moves(_))).collect();
        assert_eq!(absent, [State::Claimed, State::Unknown]);
    }

    #[test]
    fn every_state_that_is_not_terminal_can_reach_a_terminal_one() {
        for state in State::ALL.into_iter().filter(|s| !s.is_terminal()) {
            let mut reached = vec![state];
            for _ in 0..State::ALL.len() {
                for from in reached.clone() {
                    for event in EVENTS {
                        if let Step::Moves(next) = from.on(event)
                            && !reached.contains(&next)
                        {
                            reached.push(next);
                        }
                    }
                }
            }
            assert!(reached.into_iter().any(State::is_terminal), "{state}");
        }
    }
}
