//! `kill-switch`: stops trading, and lets it go on.
//!
//! Killing:
//! 1. Change the switch's row. From that commit on no claim succeeds, because the row is part of every claim's condition.
//! 2. Sweep: withhold what was approved, resolve what is on its way, cancel what works; protective stops stay unless the
//!    mode says otherwise. With `flatten`, close every position.
//! 3. Sweep again, until nothing is left that could add risk. A sweep is harmless to repeat; schedules repeat it.
//!
//! Where it has no keys of the venue, it sends each cancel to who has (`order-placement`), at once and with every sweep: in
//! a group of its own, so that it waits behind no other message: one poll and one call, however much is queued.
//!
//! Undoing it takes two people, or one, a reason and a delay: the first call is a request, and a sweep lifts the kill
//! when the delay is over, or a second call by somebody else does.
//!
//! [`http`] serves the same over HTTP.

pub mod dto;
pub mod http;

use boot::config::DeskConfig;
use boot::event::KillEvent;
use boot::{Failure, observe};
use desk::id::{IntentId, SignalId, Symbol};
use desk::order::{Leg, Order, State};
use desk::port::{Clock, Outgoing, Publish, Table, Venue};
use desk::risk::{self, Kill, KillMode, KillState, UnkillRequest};
use desk::time::Timestamp;
use order_placement::{Cancelled, cancel, withhold};
use serde::Serialize;
use std::sync::Arc;
use store::{Store, StoreError, Versioned};

/// What the handler works with.
#[derive(Debug)]
pub struct Deps<T, V, Q, C, W> {
    /// The books.
    pub store: Store<T>,
    /// The venue; `None` where only `order-placement` may speak to it.
    pub venue: Option<V>,
    /// Where flattening orders go, and cancels without a venue.
    pub queues: Q,
    /// The desk's time, for orders.
    pub clock: C,
    /// The time of the wall, for people: a delay is for somebody to think, whatever the market's clock does.
    pub wall: W,
    /// What is traded.
    pub config: Arc<DeskConfig>,
}

/// What is left after a sweep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The switch as it now stands.
    pub switch: KillState,
    /// What the sweep has ended.
    pub ended: Vec<IntentId>,
    /// What it could not end yet: sweep again.
    pub left: Vec<IntentId>,
    /// The protective stops that stay.
    pub stops_kept: Vec<IntentId>,
    /// The orders that close positions.
    pub flattening: Vec<IntentId>,
}

/// How often a change of the switch is tried when somebody else changes it, too.
const TRIES: u32 = 5;

/// Does as it is told, and sweeps.
///
/// # Errors
/// [`Failure::Poison`] if the request makes no sense (no name, no reason), otherwise as the ports.
pub async fn handle<T: Table, V: Venue, Q: Publish, C: Clock, W: Clock>(
    deps: &Deps<T, V, Q, C, W>,
    event: &KillEvent,
) -> Result<Report, Failure> {
    let now = deps.wall.now();
    let delay = i64::from(deps.config.profile.unkill_delay_ms);
    let switch = match event {
        KillEvent::Kill { mode, by, reason, .. } => {
            told(by, reason)?;
            change(deps, |state| Some(state.killed(*mode, by, reason, now))).await?
        }
        KillEvent::Unkill { by, reason, .. } => {
            told(by, reason)?;
            change(deps, |state| unkill(state, by.trim(), reason, now, delay)).await?
        }
        // Before the account is opened there is nothing to sweep. A switch that is lost later is an error: until it is
        // back, it counts as used.
        KillEvent::Sweep { .. } if deps.store.account(&deps.config.account).await?.is_none() => {
            KillState::unreadable(now)
        }
        KillEvent::Sweep { .. } => change(deps, |state| lift_if_due(state, now)).await?,
    };
    sweep(deps, switch).await
}

fn told(by: &str, reason: &str) -> Result<(), Failure> {
    if by.trim().is_empty() || reason.trim().is_empty() {
        return Err(Failure::poison("the kill switch wants to know who and why"));
    }
    Ok(())
}

/// The switch after a wish to undo it; `None` when there is nothing to undo.
fn unkill(state: &KillState, by: &str, reason: &str, now: Timestamp, delay: i64) -> Option<KillState> {
    let Kill::Killed { unkill, .. } = &state.kill else { return None };
    // One person who writes a name in two ways is one person.
    let same = |name: &str| name.trim().to_lowercase() == by.to_lowercase();
    let agreed = unkill.as_ref().is_some_and(|request| !same(&request.by));
    if agreed || unkill.as_ref().is_some_and(|request| now >= request.not_before) {
        return Some(KillState { epoch: state.epoch + 1, kill: Kill::Live });
    }
    if unkill.is_some() {
        return None;
    }
    let request = UnkillRequest { by: by.to_owned(), reason: reason.to_owned(), not_before: now.plus_ms(delay) };
    let mut next = state.clone();
    next.epoch += 1;
    if let Kill::Killed { unkill, .. } = &mut next.kill {
        *unkill = Some(request);
    }
    Some(next)
}

fn lift_if_due(state: &KillState, now: Timestamp) -> Option<KillState> {
    let Kill::Killed { unkill: Some(request), .. } = &state.kill else { return None };
    (now >= request.not_before).then(|| KillState { epoch: state.epoch + 1, kill: Kill::Live })
}

async fn change<T: Table, V, Q, C, W: Clock>(
    deps: &Deps<T, V, Q, C, W>,
    next: impl Fn(&KillState) -> Option<KillState>,
) -> Result<KillState, Failure> {
    let account = &deps.config.account;
    for _ in 0..TRIES {
        let found = deps.store.kill_state(account).await?;
        let Versioned { row, version } =
            found.ok_or_else(|| StoreError::Missing { what: format!("the kill switch of {account}") })?;
        let Some(changed) = next(&row) else { return Ok(row) };
        match deps.store.set_kill(account, version, &changed).await {
            Ok(()) => {
                observe::kill(&changed);
                return Ok(changed);
            }
            Err(StoreError::Changed) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::retry("the kill switch kept changing"))
}

async fn sweep<T: Table, V: Venue, Q: Publish, C: Clock, W: Clock>(
    deps: &Deps<T, V, Q, C, W>,
    switch: KillState,
) -> Result<Report, Failure> {
    let (ended, left, stops_kept, flattening) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut report = Report { switch, ended, left, stops_kept, flattening };
    let Kill::Killed { mode, .. } = report.switch.kill.clone() else { return Ok(report) };
    for order in deps.store.working_orders(&deps.config.account, None).await? {
        let id = order.row.intent.id.clone();
        if report.switch.permits(&order.row.intent.leg) {
            match order.row.intent.leg {
                Leg::Stop(_) => report.stops_kept.push(id),
                Leg::Entry | Leg::Exit | Leg::Flatten | Leg::External => report.flattening.push(id),
            }
            continue;
        }
        // Closing the position cancels its stops, and knows how to wait for that.
        if mode == KillMode::Flatten && order.row.intent.leg.protects() && order.row.state == State::Open {
            continue;
        }
        match end(deps, order).await {
            Ok(Cancelled::Done) => report.ended.push(id),
            Ok(Cancelled::NotYet(_) | Cancelled::Unbooked(_)) | Err(Failure::Retry { .. } | Failure::Wait { .. }) => {
                report.left.push(id)
            }
            Err(failure @ (Failure::Poison { .. } | Failure::Halt { .. })) => return Err(failure),
        }
    }
    if mode == KillMode::Flatten && report.flattening.is_empty() {
        flatten(deps, &mut report).await?;
    }
    Ok(report)
}

/// Ends an order, or sees to it that it is ended.
async fn end<T: Table, V: Venue, Q: Publish, C: Clock, W: Clock>(
    deps: &Deps<T, V, Q, C, W>,
    order: Versioned<Order>,
) -> Result<Cancelled, Failure> {
    const WHY: &str = "the kill switch";
    let now = deps.clock.now();
    if let Some(venue) = &deps.venue {
        return cancel(&deps.store, venue, order, now, WHY).await;
    }
    if order.row.state == State::Approved {
        return withhold(&deps.store, order, now, WHY).await;
    }
    deps.queues.publish(Outgoing::to_cancel(&order.row.intent, deps.wall.now())).await?;
    Ok(Cancelled::NotYet(None))
}

/// Sends an order to close each position, under an id that belongs to this kill.
async fn flatten<T: Table, V: Venue, Q: Publish, C: Clock, W: Clock>(
    deps: &Deps<T, V, Q, C, W>,
    report: &mut Report,
) -> Result<(), Failure> {
    let account = &deps.config.account;
    for market in &deps.config.markets {
        let symbol = &market.instrument.symbol;
        let position = deps.store.position(account, symbol).await?;
        let Some(candle) = deps.store.last_candle(symbol, market.interval).await? else { continue };
        let (price, now, epoch) = (candle.close, deps.clock.now(), report.switch.epoch);
        let attempt = next_attempt(deps, symbol, epoch).await?;
        let approval = risk::flatten(account, &market.instrument, &position, price, epoch, now, attempt);
        let Some(approval) = approval.map_err(|e| Failure::poison(e.to_string()))? else { continue };
        let takes = market.instrument.takes(approval.intent().quantity, price);
        if attempt > 1 && !takes.map_err(|e| Failure::poison(e.to_string()))? {
            // Less than the market's smallest order was tried once. Nobody takes it the next time, and sweeps come every second.
            continue;
        }
        let order: Order = deps.store.add_protection(&approval, now).await?;
        deps.queues.publish(Outgoing::to_place(&order.intent)).await?;
        report.flattening.push(order.intent.id);
    }
    Ok(())
}

/// The first attempt at closing a position under this epoch that has not been made yet: an earlier one may have ended
/// before all was sold.
async fn next_attempt<T: Table, V, Q, C, W>(
    deps: &Deps<T, V, Q, C, W>,
    symbol: &Symbol,
    epoch: u64,
) -> Result<u32, Failure> {
    let cause = SignalId::derive_flatten(&deps.config.account, symbol, epoch);
    let verdicts = deps.store.verdicts(&cause).await?;
    Ok(verdicts.iter().map(|verdict| verdict.attempt).max().unwrap_or(0) + 1)
}
