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
use desk::instrument::Instrument;
use desk::money::Amount;
use desk::order::{Intent, Order, State};
use desk::port::{Clock, Outgoing, Publish, Table, Venue};
use desk::reconcile::{self, Finding};
use desk::risk::KillState;
use order_placement::{look_again, resolve};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::verbs::AccountState;
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
    let (mut state, mut working) = books(deps).await?;
    orders(deps, &working, &mut round).await?;
    if round.findings.iter().any(|finding| matches!(finding, Finding::Moved { .. })) {
        // A stop that has ended is missed now, not a round later.
        (state, working) = books(deps).await?;
    }
    let holdings = deps.store.holdings(account).await?;
    balances(deps, &holdings, &mut round).await?;
    if round.mended == 0 {
        protection(deps, &state, &working, &mut round).await?;
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

/// The account's books, and its orders that are not done.
async fn books<T: Table, V, Q, C>(deps: &Deps<T, V, Q, C>) -> Result<(AccountState, Vec<Versioned<Order>>), Failure> {
    let state = deps.store.account_state(&deps.config.account).await?;
    let mut working = Vec::new();
    for (_, mark) in &state.working {
        working.push(deps.store.order(&mark.order).await?);
    }
    Ok((state, working))
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
    state: &AccountState,
    working: &[Versioned<Order>],
    round: &mut Round,
) -> Result<(), Failure> {
    let working: Vec<Order> = working.iter().map(|order| order.row.clone()).collect();
    for market in &deps.config.markets {
        let instrument = &market.instrument;
        // What was bought here; what the account held before is its owner's business.
        let held = state.positions.get(&instrument.symbol).map_or(Amount::ZERO, |position| position.quantity);
        let bare = reconcile::unprotected(instrument, held, &working);
        let Some(finding) = bare.map_err(|e| Failure::poison(e.to_string()))? else { continue };
        if let Finding::Unprotected { quantity, .. } = &finding {
            let kill = state.kill_state(deps.clock.now());
            round.mended += renew_stops(deps, instrument, *quantity, &kill).await?;
        }
        round.findings.push(finding);
    }
    Ok(())
}

/// Asks again for stops of the present position until they cover what is bare; returns how many. First for those that have
/// ended without filling: an exit may have sold part of what they covered before. What then is left, lots that fees have cut
/// off from whole ones, is sold as the last stop was.
async fn renew_stops<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    instrument: &Instrument,
    mut bare: Amount,
    kill: &KillState,
) -> Result<usize, Failure> {
    let ended = ended_stops(deps, instrument, kill).await?;
    let (filled, unfilled): (Vec<&Order>, Vec<&Order>) = ended.iter().partition(|order| order.state == State::Filled);
    let mut renewed = 0;
    for order in unfilled.into_iter().chain(filled) {
        if let Some(covered) = renew(deps, order, instrument, bare).await? {
            bare = bare.minus(covered).map_err(|e| Failure::poison(e.to_string()))?;
            renewed += 1;
        }
    }
    Ok(renewed)
}

/// The stops of the present position that have ended and that the kill switch permits, newest first: one that it forbids
/// would be withheld, and asked for again a round later.
async fn ended_stops<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    instrument: &Instrument,
    kill: &KillState,
) -> Result<Vec<Order>, Failure> {
    let account = &deps.config.account;
    let position = deps.store.position(account, &instrument.symbol).await?;
    let Some(opened_at) = position.opened_at else { return Ok(Vec::new()) };
    let (mut ended, mut before) = (Vec::new(), None);
    loop {
        let page = deps.store.recent_orders(account, before.take(), ORDERS).await?;
        // Newest first: behind the position's first fill there is nothing of it.
        let last = page.last().filter(|(_, order)| order.intent.decided_at >= opened_at);
        before = last.map(|(place, _)| place.clone());
        let of_position = |order: &Order| {
            let Intent { symbol, leg, decided_at, .. } = &order.intent;
            *symbol == instrument.symbol && leg.protects() && *decided_at >= opened_at && kill.permits(leg)
        };
        let orders = page.into_iter().map(|(_, order)| order);
        ended.extend(orders.filter(|order| order.state.is_terminal() && of_position(order)));
        if before.is_none() {
            return Ok(ended);
        }
    }
}

/// Asks again for one stop, for what was left of it and is bare, or for all that is bare if nothing was left; returns how
/// much that is.
async fn renew<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    order: &Order,
    instrument: &Instrument,
    bare: Amount,
) -> Result<Option<Amount>, Failure> {
    let poison = |e: &dyn std::fmt::Display| Failure::poison(e.to_string());
    let bare = instrument.whole_lots(bare).map_err(|e| poison(&e))?;
    let left = order.open_quantity().map_err(|e| poison(&e))?;
    let quantity = if left.is_zero() { bare } else { left.min(bare) };
    if quantity.is_zero() {
        return Ok(None);
    }
    let intent = &order.intent;
    let latest = latest_attempt(deps, order).await?;
    let again = desk::risk::renew(intent, quantity, latest + 1).filter(|_| intent.attempt == latest);
    let Some(approval) = again else { return Ok(None) };
    let order = deps.store.add_protection(&approval, deps.clock.now()).await?;
    deps.queues.publish(Outgoing::to_place(&order.intent)).await?;
    order.intent.quantity.amount().map(Some).map_err(|e| poison(&e))
}

/// The last attempt made at the leg of an order.
async fn latest_attempt<T: Table, V, Q, C>(deps: &Deps<T, V, Q, C>, order: &Order) -> Result<u32, Failure> {
    let verdicts = deps.store.verdicts(&order.intent.cause).await?;
    let of_leg = verdicts.iter().filter(|verdict| verdict.leg == order.intent.leg);
    Ok(of_leg.map(|verdict| verdict.attempt).max().unwrap_or(order.intent.attempt))
}
