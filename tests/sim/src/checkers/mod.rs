//! The invariants, one function each, named by number.
//!
//! [`after_step`] runs those that hold after every committed transaction and everything the venue does; they look at what
//! has changed. [`at_rest`] runs those that hold when everything has been given time: books and venue are one.

mod booking;
mod handling;
mod placing;
mod rest;

use crate::world::World;
use std::fmt;

/// An invariant that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which: `I2`.
    pub invariant: &'static str,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is broken: {}", self.invariant, self.what)
    }
}

/// What is wrong, if something is.
pub type Verdict = Result<(), String>;
/// An invariant with its number.
pub type Checker = (&'static str, fn(&World) -> Verdict);

/// What must hold after every step.
pub const AFTER_STEP: &[Checker] = &[
    ("I1", placing::i01_a_state_moves_only_by_the_table),
    ("I2", placing::i02_one_post_and_one_order_per_intent),
    ("I3", placing::i03_no_order_without_an_intent),
    ("I3", placing::i03_nothing_new_begins_where_risk_is_frozen),
    ("I4", placing::i04_absence_is_proven),
    ("I5", booking::i05_every_transaction_balances),
    ("I6", booking::i06_a_position_is_the_fold_of_its_fills),
    ("I7", booking::i07_limit_is_headroom_and_reserved_and_held),
    ("I8", booking::i08_a_reservation_is_released_once_and_at_the_end),
    ("I9", booking::i09_a_fill_is_a_trade_of_the_venue),
    ("I10", booking::i10_no_more_is_filled_than_ordered),
    ("I12", placing::i12_no_approval_on_old_data),
    ("I13", placing::i13_a_kill_stops_what_it_forbids),
    ("I14", placing::i14_an_unread_kill_switch_lets_nothing_through),
    ("I16", handling::i16_a_group_keeps_its_order),
    ("I17", handling::i17_a_step_is_done_once),
    ("I18", handling::i18_an_own_success_is_recognised),
    ("I18", handling::i18_nothing_is_sent_that_was_not_stored),
    ("I20", handling::i20_no_secret_is_logged),
    ("I22", placing::i22_no_clock_lengthens_an_order),
];

/// What must hold when everything has come to rest.
pub const AT_REST: &[Checker] = &[
    ("I1", rest::i01_every_order_has_come_to_its_end),
    ("I3", rest::i03_what_works_at_the_venue_is_what_works_here),
    ("I3", rest::i03_nothing_stays_frozen),
    ("I13", rest::i13_a_position_rests_on_stops),
    ("I6", rest::i06_holdings_are_the_balances_of_the_venue),
    ("I9", rest::i09_every_trade_is_booked),
    ("I11", rest::i11_decisions_can_be_replayed),
    ("I13", rest::i13_nothing_works_that_a_kill_forbids),
    ("I15", rest::i15_every_message_is_accounted_for),
    ("I20", rest::i20_no_secret_is_kept),
];

fn first(world: &World, checkers: &[Checker]) -> Option<Violation> {
    let broken = |(invariant, check): &Checker| check(world).err().map(|what| Violation { invariant, what });
    checkers.iter().find_map(broken)
}

/// The first invariant that does not hold after a step.
#[must_use]
pub fn after_step(world: &World) -> Option<Violation> {
    first(world, AFTER_STEP)
}

/// What must hold when everything was closed.
pub const AT_THE_END: &[Checker] =
    &[("I1", rest::i01_every_order_has_ended), ("I13", rest::i13_nothing_is_held_any_more)];

/// The first invariant that does not hold at the end.
#[must_use]
pub fn at_the_end(world: &World) -> Option<Violation> {
    first(world, AT_THE_END)
}

/// What must hold after a further round of reconciliation.
pub const AT_A_FURTHER_ROUND: &[Checker] = &[("I21", rest::i21_a_further_round_changes_nothing)];

/// The first invariant that does not hold after a further round of reconciliation.
#[must_use]
pub fn at_a_further_round(world: &World) -> Option<Violation> {
    first(world, AT_A_FURTHER_ROUND)
}

/// The first invariant that does not hold at rest.
#[must_use]
pub fn at_rest(world: &World) -> Option<Violation> {
    first(world, AT_REST)
}
