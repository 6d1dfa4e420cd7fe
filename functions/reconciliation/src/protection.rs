//! Every position rests on stops, and they sell no more than it holds.

use crate::{Deps, Round};
use boot::Failure;
use desk::id::Symbol;
use desk::instrument::Instrument;
use desk::money::{Amount, MoneyError, Quantity};
use desk::order::{Order, State};
use desk::port::{Clock, Outgoing, Publish, Table, Venue};
use desk::position::Position;
use desk::reconcile::{self, Finding};
use desk::time::Timestamp;
use order_placement::{Cancelled, cancel};
use std::collections::BTreeMap;
use store::Versioned;

/// How many orders are looked through at once for a lost stop.
const ORDERS: u32 = 100;

/// Looks at every market's stops.
pub(crate) async fn look<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    positions: &BTreeMap<Symbol, Position>,
    all: &[Versioned<Order>],
    round: &mut Round,
) -> Result<(), Failure> {
    let poison = |e: MoneyError| Failure::poison(e.to_string());
    let working: Vec<Order> = all.iter().map(|order| order.row.clone()).collect();
    for market in &deps.config.markets {
        let instrument = &market.instrument;
        // What was bought here; what the account held before is its owner's business.
        let held = positions.get(&instrument.symbol).map_or(Amount::ZERO, |position| position.quantity);
        let oversized = reconcile::oversized(&instrument.symbol, held, &working).map_err(poison)?;
        if let Some(finding) = oversized {
            round.mended += cancel_stops(deps, &instrument.symbol, held, of_market(all, &instrument.symbol)).await?;
            round.findings.push(finding);
            continue;
        }
        let bare = reconcile::unprotected(instrument, held, &working).map_err(poison)?;
        let Some(finding) = bare else { continue };
        if let Finding::Unprotected { quantity, .. } = &finding {
            round.mended += renew_stops(deps, instrument, *quantity).await?;
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

/// Asks again for the stops of the present position whose last attempt has ended without filling, for at most what is bare;
/// returns how many.
async fn renew_stops<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    instrument: &Instrument,
    mut bare: Amount,
) -> Result<usize, Failure> {
    let (account, symbol) = (&deps.config.account, &instrument.symbol);
    let position = deps.store.position(account, symbol).await?;
    let Some(opened_at) = position.opened_at else { return Ok(0) };
    let poison = |e: MoneyError| Failure::poison(e.to_string());
    let (mut renewed, mut before) = (0, None);
    loop {
        let page = deps.store.recent_orders(account, before.take(), ORDERS).await?;
        for (_, order) in page.iter().filter(|(_, order)| order.intent.symbol == *symbol) {
            let most = instrument.whole_lots(bare).map_err(poison)?;
            let Some(quantity) = renew(deps, order, opened_at, most).await? else { continue };
            bare = quantity.amount().and_then(|covered| bare.minus(covered)).map_err(poison)?;
            renewed += 1;
        }
        // Newest first: behind the position's first fill there is nothing of it.
        match page.last() {
            Some((place, order)) if order.intent.decided_at >= opened_at => before = Some(place.clone()),
            Some(_) | None => return Ok(renewed),
        }
    }
}

/// Asks again for a stop, if it has ended; returns for how much.
async fn renew<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    order: &Order,
    opened_at: Timestamp,
    most: Quantity,
) -> Result<Option<Quantity>, Failure> {
    let intent = &order.intent;
    let ended = matches!(order.state, State::Cancelled | State::Rejected | State::Expired | State::NotPlaced);
    if !ended || !intent.leg.protects() || intent.decided_at < opened_at {
        return Ok(None);
    }
    let latest = latest_attempt(deps, order).await?;
    let left = order.open_quantity().map_err(|e| Failure::poison(e.to_string()))?.min(most);
    let again = desk::risk::renew(intent, left, latest + 1).filter(|_| intent.attempt == latest && !left.is_zero());
    let Some(approval) = again else { return Ok(None) };
    let order = deps.store.add_protection(&approval, deps.clock.now()).await?;
    deps.queues.publish(Outgoing::to_place(&order.intent)).await?;
    Ok(Some(left))
}

/// The last attempt made at the leg of an order.
async fn latest_attempt<T: Table, V, Q, C>(deps: &Deps<T, V, Q, C>, order: &Order) -> Result<u32, Failure> {
    let verdicts = deps.store.verdicts(&order.intent.cause).await?;
    let of_leg = verdicts.iter().filter(|verdict| verdict.leg == order.intent.leg);
    Ok(of_leg.map(|verdict| verdict.attempt).max().unwrap_or(order.intent.attempt))
}
