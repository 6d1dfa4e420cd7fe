//! Every position rests on stops, and they sell no more than it holds.

use crate::{Deps, Round};
use boot::Failure;
use desk::id::Symbol;
use desk::instrument::Instrument;
use desk::money::{Amount, MoneyError};
use desk::order::{Intent, Order, State};
use desk::port::{Clock, Outgoing, Publish, Table, Venue};
use desk::reconcile::{self, Finding};
use desk::risk::KillState;
use order_placement::{Cancelled, cancel};
use store::Versioned;
use store::verbs::AccountState;

/// How many orders are looked through at once for a lost stop.
const ORDERS: u32 = 100;

/// Looks at every market's stops.
pub(crate) async fn look<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    state: &AccountState,
    all: &[Versioned<Order>],
    round: &mut Round,
) -> Result<(), Failure> {
    let poison = |e: MoneyError| Failure::poison(e.to_string());
    let working: Vec<Order> = all.iter().map(|order| order.row.clone()).collect();
    for market in &deps.config.markets {
        let instrument = &market.instrument;
        // What was bought here; what the account held before is its owner's business.
        let held = state.positions.get(&instrument.symbol).map_or(Amount::ZERO, |position| position.quantity);
        let oversized = reconcile::oversized(&instrument.symbol, held, &working).map_err(poison)?;
        if let Some(finding) = oversized {
            round.mended += cancel_stops(deps, &instrument.symbol, held, of_market(all, &instrument.symbol)).await?;
            round.findings.push(finding);
            continue;
        }
        let bare = reconcile::unprotected(instrument, held, &working).map_err(poison)?;
        let Some(finding) = bare else { continue };
        if let Finding::Unprotected { quantity, .. } = &finding {
            let kill = state.kill_state(deps.clock.now());
            round.mended += renew_stops(deps, instrument, *quantity, &kill).await?;
        }
        round.findings.push(finding);
    }
    Ok(())
}

/// The working stops of a market, newest first.
fn of_market(working: &[Versioned<Order>], symbol: &Symbol) -> Vec<Versioned<Order>> {
    let of_market = working.iter().filter(|o| o.row.intent.symbol == *symbol && o.row.intent.leg.protects());
    let mut stops: Vec<Versioned<Order>> = of_market.cloned().collect();
    stops.sort_by(|a, b| {
        b.row.intent.decided_at.cmp(&a.row.intent.decided_at).then_with(|| b.row.intent.id.cmp(&a.row.intent.id))
    });
    stops
}

/// Cancels stops, the newest first, until the others would not sell more than is held; returns how many have ended. What they
/// leave bare gets its stop back in a later round, for what is held.
async fn cancel_stops<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    symbol: &Symbol,
    held: Amount,
    mut stops: Vec<Versioned<Order>>,
) -> Result<usize, Failure> {
    let mut ended = 0;
    while !stops.is_empty() {
        let left: Vec<Order> = stops.iter().map(|stop| stop.row.clone()).collect();
        let over = reconcile::oversized(symbol, held, &left).map_err(|e| Failure::poison(e.to_string()))?;
        if over.is_none() {
            break;
        }
        let stop = stops.remove(0);
        let why = "it would sell more than its position holds";
        let done = cancel(&deps.store, &deps.venue, stop, deps.clock.now(), why).await?;
        ended += usize::from(done == Cancelled::Done);
    }
    Ok(ended)
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
    // One that the venue just did not have any more may have been triggered: what it sold is not listed at once.
    let (now, grace_ms) = (deps.clock.now(), deps.venue.timing().grace_ms);
    let just_gone = |order: &Order| {
        order.state == State::Expired && order.history.last().is_some_and(|last| now.ms_since(last.at) <= grace_ms)
    };
    if ended.iter().any(just_gone) {
        return Ok(0);
    }
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
