//! `reconciliation`: every minute, the books against the venue.
//!
//! 1. Orders that are not done: one that was approved and not picked up is sent again, one whose outcome is not known is
//!    resolved, one that the venue no longer lists as open is asked about.
//! 2. Balances: where they differ, the venue's trades are gone through, and those that are not booked go to `fills`. If
//!    none explains the difference, new risk stops until it is gone.
//! 3. A working order at the venue that is none of ours stops new risk, too.
//! 4. A position that rests on no stop and is not being closed gets its stop back.
//!
//! Whatever state it finds, repeating it with everything answering ends in agreement, and once there, it changes nothing.

use boot::config::DeskConfig;
use boot::event::Scheduled;
use boot::{Failure, observe};
use desk::id::{Asset, Symbol};
use desk::money::Amount;
use desk::order::{Order, State};
use desk::port::{Clock, Outgoing, Publish, Table, Venue};
use desk::position::Position;
use desk::reconcile::{self, Finding};
use desk::time::Timestamp;
use order_placement::{look_again, resolve};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::{Store, Versioned, keys};

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

/// How many orders are looked through at once for a lost stop.
const ORDERS: u32 = 100;
/// How many trades are asked for at once.
const TRADES: u32 = 1000;

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
    let account = &deps.config.account;
    let mut round = Round::default();
    let state = deps.store.account_state(account).await?;
    let mut working = Vec::new();
    for (_, mark) in &state.working {
        working.push(deps.store.order(&mark.order).await?);
    }
    orders(deps, &working, &mut round).await?;
    let holdings = deps.store.holdings(account).await?;
    balances(deps, &holdings, &mut round).await?;
    if round.mended == 0 {
        protection(deps, &state.positions, &working, &mut round).await?;
    }
    let stops_risk = |f: &&Finding| matches!(f, Finding::Balance { .. } | Finding::External { .. });
    let reasons: Vec<String> = round.findings.iter().filter(stops_risk).map(ToString::to_string).collect();
    round.findings.iter().for_each(observe::finding);
    let reason = (!reasons.is_empty()).then(|| reasons.join("; "));
    if state.frozen != reason {
        deps.store.freeze(account, reason).await?;
    }
    Ok(round)
}

async fn orders<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    working: &[Versioned<Order>],
    round: &mut Round,
) -> Result<(), Failure> {
    let now = deps.clock.now();
    let open: BTreeSet<String> = deps.venue.open_orders(&deps.config.account).await?.into_iter().collect();
    for order in working {
        match order.row.state {
            State::Approved => {
                deps.queues.publish(Outgoing::to_place(&order.row.intent)).await?;
                round.mended += 1;
            }
            // The order's own message waits for the answer, and asks again if it is not placed.
            State::Claimed | State::Unknown => {
                resolve(&deps.store, &deps.venue, order.clone(), now).await?;
                deps.queues.publish(Outgoing::to_place(&order.row.intent)).await?;
                round.mended += 1;
            }
            State::Open | State::Filled | State::Rejected | State::Cancelled | State::Expired | State::NotPlaced => {}
        }
    }
    let ours: Vec<Order> = working.iter().map(|order| order.row.clone()).collect();
    for finding in reconcile::orders(&ours, &open) {
        if let Finding::Moved { order } = &finding {
            look_again(&deps.store, &deps.venue, deps.store.order(order).await?, now).await?;
        }
        round.findings.push(finding);
    }
    Ok(())
}

async fn balances<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    holdings: &BTreeMap<Asset, Amount>,
    round: &mut Round,
) -> Result<(), Failure> {
    let account = &deps.config.account;
    let differ = reconcile::balances(holdings, &deps.venue.balances(account).await?);
    if differ.is_empty() {
        return Ok(());
    }
    let mut missed = 0;
    for market in &deps.config.markets {
        missed += report_missed(deps, &market.instrument.symbol).await?;
    }
    round.mended += missed;
    if missed == 0 {
        round.findings.extend(differ);
    }
    Ok(())
}

/// Sends the venue's trades that are not booked to `fills`; returns how many.
async fn report_missed<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    symbol: &Symbol,
) -> Result<usize, Failure> {
    let account = &deps.config.account;
    let (mut after, mut missed) = (None, 0);
    loop {
        let trades = deps.venue.trades(account, symbol, after.as_ref(), TRADES).await?;
        after = trades.last().map(|fill| fill.trade.clone());
        let full = trades.len() >= usize::try_from(TRADES).unwrap_or(usize::MAX);
        for fill in trades {
            let booked = deps.store.table().get(&keys::fill(&fill)).await?.is_some();
            if !booked {
                deps.queues.publish(Outgoing::to_book(fill)).await?;
                missed += 1;
            }
        }
        if !full {
            return Ok(missed);
        }
    }
}

async fn protection<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    positions: &BTreeMap<Symbol, Position>,
    working: &[Versioned<Order>],
    round: &mut Round,
) -> Result<(), Failure> {
    let working: Vec<Order> = working.iter().map(|order| order.row.clone()).collect();
    for market in &deps.config.markets {
        let instrument = &market.instrument;
        // What was bought here; what the account held before is its owner's business.
        let held = positions.get(&instrument.symbol).map_or(Amount::ZERO, |position| position.quantity);
        let bare = reconcile::unprotected(instrument, held, &working);
        let Some(finding) = bare.map_err(|e| Failure::poison(e.to_string()))? else { continue };
        round.mended += renew_stops(deps, &instrument.symbol).await?;
        round.findings.push(finding);
    }
    Ok(())
}

/// Asks again for the stops of the present position whose last attempt has ended without filling; returns how many.
async fn renew_stops<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    symbol: &Symbol,
) -> Result<usize, Failure> {
    let account = &deps.config.account;
    let position = deps.store.position(account, symbol).await?;
    let Some(opened_at) = position.opened_at else { return Ok(0) };
    let (mut renewed, mut before) = (0, None);
    loop {
        let page = deps.store.recent_orders(account, before.take(), ORDERS).await?;
        for (_, order) in &page {
            renewed += usize::from(order.intent.symbol == *symbol && renew(deps, order, opened_at).await?);
        }
        // Newest first: behind the position's first fill there is nothing of it.
        match page.last() {
            Some((place, order)) if order.intent.decided_at >= opened_at => before = Some(place.clone()),
            Some(_) | None => return Ok(renewed),
        }
    }
}

async fn renew<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    order: &Order,
    opened_at: Timestamp,
) -> Result<bool, Failure> {
    let intent = &order.intent;
    let ended = matches!(order.state, State::Cancelled | State::Rejected | State::Expired | State::NotPlaced);
    if !ended || !intent.leg.protects() || intent.decided_at < opened_at {
        return Ok(false);
    }
    let latest = latest_attempt(deps, order).await?;
    let left = order.open_quantity().map_err(|e| Failure::poison(e.to_string()))?;
    let again = desk::risk::renew(intent, left, latest + 1).filter(|_| intent.attempt == latest);
    let Some(approval) = again else { return Ok(false) };
    let order = deps.store.add_protection(&approval, deps.clock.now()).await?;
    deps.queues.publish(Outgoing::to_place(&order.intent)).await?;
    Ok(true)
}

/// The last attempt made at the leg of an order.
async fn latest_attempt<T: Table, V, Q, C>(deps: &Deps<T, V, Q, C>, order: &Order) -> Result<u32, Failure> {
    let verdicts = deps.store.verdicts(&order.intent.cause).await?;
    let of_leg = verdicts.iter().filter(|verdict| verdict.leg == order.intent.leg);
    Ok(of_leg.map(|verdict| verdict.attempt).max().unwrap_or(order.intent.attempt))
}
