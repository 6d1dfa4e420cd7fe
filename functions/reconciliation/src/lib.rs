//! `reconciliation`: every minute, the books against the venue.
//!
//! 1. Orders that are not done: one that was approved and not picked up is sent again, one whose outcome is not known is
//!    resolved, one that the venue no longer lists as open is asked about.
//! 2. Balances: where they differ, the venue's trades are gone through, and those that are not booked go to `fills`. If
//!    there are none, its deposits, withdrawals and transfers are gone through and booked; what came in even if there are. If
//!    neither explains the difference, new risk stops until it is gone.
//! 3. A working order at the venue that is none of ours stops new risk in its market, as does a trade that was none of
//!    ours; a round that finds balances and orders in agreement lets it go on.
//! 4. Stops that would sell more than their position holds are cancelled. A position that rests on no stop and is not being
//!    closed gets its stop back, for what it holds.
//!
//! Whatever state it finds, repeating it with everything answering ends in agreement, and once there, it changes nothing.

mod money;
mod opening;
mod protection;

pub use opening::{look_at_account, open_at_venue};

use boot::config::DeskConfig;
use boot::event::Scheduled;
use boot::{Failure, observe};
use desk::id::Symbol;
use desk::order::{Order, State};
use desk::port::{Clock, Outgoing, Publish, Table, Venue};
use desk::reconcile::{self, Finding};
use order_placement::{look_again, resolve};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::verbs::AccountState;
use store::{Store, Versioned};

/// What the handler works with.
#[derive(Debug)]
pub struct Deps<T, V, Q, C> {
    /// The books.
    pub store: Store<T>,
    /// The venue.
    pub venue: V,
    /// Where what was missed goes.
    pub queues: Q,
    /// The desk's time.
    pub clock: C,
    /// What is traded.
    pub config: Arc<DeskConfig>,
}

/// What a round came to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Round {
    /// What does not agree and could not be mended by sending something again.
    pub findings: Vec<Finding>,
    /// How many things were set going again: while there are some, another round is due.
    pub mended: usize,
}

/// One round.
///
/// # Errors
/// As the ports.
pub async fn handle<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    event: &Scheduled,
) -> Result<Round, Failure> {
    // The account is looked at whole; a market nobody knows is a mistake all the same.
    deps.config.chosen(event)?;
    let mut round = Round::default();
    let (mut state, mut working) = books(deps).await?;
    let unanswered = orders(deps, &working, &mut round).await?;
    if round.findings.iter().any(|finding| matches!(finding, Finding::Moved { .. })) {
        // A stop that has ended is missed now, not a round later.
        (state, working) = books(deps).await?;
    }
    money::compare(deps, &state, &mut round).await?;
    if round.mended == 0 {
        protection::look(deps, &state, &working, &mut round).await?;
    }
    round.findings.iter().for_each(observe::finding);
    // What can't be told of one order has kept nothing else from being looked at; but nothing is let go on by such a round.
    round.mended += usize::from(unanswered.is_some());
    freeze(deps, &state, &round).await?;
    unanswered.map_or(Ok(round), Err)
}

/// Stops new risk where the round found a reason to, and lets it go on where it found none.
async fn freeze<T: Table, V, Q, C>(
    deps: &Deps<T, V, Q, C>,
    state: &AccountState,
    round: &Round,
) -> Result<(), Failure> {
    let account = &deps.config.account;
    let (mut whole, mut markets): (Vec<String>, BTreeMap<&Symbol, Vec<String>>) = Default::default();
    for finding in &round.findings {
        match finding {
            Finding::External { symbol: Some(symbol), .. } if deps.config.market(symbol).is_some() => {
                markets.entry(symbol).or_default().push(finding.to_string());
            }
            // In a market the desk has nothing to do with. What it trades there shows in the balances.
            Finding::External { symbol: Some(_), .. } => {}
            Finding::Balance { .. } | Finding::External { symbol: None, .. } => whole.push(finding.to_string()),
            Finding::Moved { .. } | Finding::Oversized { .. } | Finding::Unprotected { .. } => {}
        }
    }
    let agrees = whole.is_empty() && round.mended == 0;
    let reason = (!whole.is_empty()).then(|| whole.join("; "));
    // What was frozen stays so until a round finds agreement, and not only something that might bring it about.
    if state.frozen != reason && (reason.is_some() || agrees) {
        deps.store.freeze(account, reason).await?;
    }
    for (symbol, frozen) in &state.frozen_markets {
        if agrees && !markets.contains_key(symbol) {
            // Only the freeze that stood there when the round began: one that came since has its own round.
            deps.store.thaw_market(account, symbol, frozen.version).await?;
        }
    }
    for (symbol, reasons) in markets {
        deps.store.freeze_market(account, symbol, reasons.join("; ")).await?;
    }
    Ok(())
}

/// The account's books, and its orders that are not done.
async fn books<T: Table, V, Q, C>(deps: &Deps<T, V, Q, C>) -> Result<(AccountState, Vec<Versioned<Order>>), Failure> {
    let state = deps.store.account_state(&deps.config.account).await?;
    let mut working = Vec::new();
    for (_, mark) in &state.working {
        working.push(deps.store.order(&mark.order).await?);
    }
    Ok((state, working))
}

/// Looks at every order that is not done. Returns what kept one of them from being known, if something did.
async fn orders<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    working: &[Versioned<Order>],
    round: &mut Round,
) -> Result<Option<Failure>, Failure> {
    let now = deps.clock.now();
    let open = deps.venue.open_orders(&deps.config.account).await?;
    let mut first = None;
    for order in working {
        match order.row.state {
            State::Approved => {}
            // The order's own message waits for the answer, and asks again if it is not placed.
            State::Claimed | State::Unknown => {
                if let Err(failure) = resolve(&deps.store, &deps.venue, order.clone(), now).await {
                    first = Some(put_off(first, failure)?);
                    continue;
                }
            }
            State::Open | State::Filled | State::Rejected | State::Cancelled | State::Expired | State::NotPlaced => {
                continue;
            }
        }
        deps.queues.publish(Outgoing::to_place_again(&order.row.intent, now)).await?;
        round.mended += 1;
    }
    let ours: Vec<Order> = working.iter().map(|order| order.row.clone()).collect();
    for finding in reconcile::orders(&ours, &open) {
        if let Finding::Moved { order } = &finding {
            let order = deps.store.order(order).await?;
            match look_again(&deps.store, &deps.venue, order, now).await {
                // What it protected gets another stop in a later round, when what it may have sold is known.
                Ok(absent) => round.mended += usize::from(absent),
                Err(failure) => first = Some(put_off(first, failure)?),
            }
        }
        round.findings.push(finding);
    }
    Ok(first)
}

/// The first of failures that may pass: other questions may have an answer. Any other one ends the round.
fn put_off(first: Option<Failure>, failure: Failure) -> Result<Failure, Failure> {
    match failure {
        Failure::Retry { .. } | Failure::Wait { .. } => Ok(first.unwrap_or(failure)),
        Failure::Poison { .. } | Failure::Halt { .. } => Err(failure),
    }
}
