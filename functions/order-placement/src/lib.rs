//! `order-placement`: places approved orders, once, and finds out what became of them.
//!
//! The procedure, in the order in which it must happen (reliability, "placing an order"):
//!
//! ```text
//! ready?   nothing is claimed that clocks, budget or breakers would keep from being sent: an entry ends, the rest waits
//! clear    an order that closes a position first cancels its stops and what still enters, and waits until the venue says so
//! claim    approved → claimed, on the condition that nobody else has and that the kill switch is still as it was read
//! post     only by the invocation that won the claim, only until `posted_by`, once
//! record   a fact moves the order; anything that is not clear makes it unknown; trades the answer tells of go to be booked
//! resolve  ask by client id; not found after deadline and grace, at two sources: not placed
//! missed   found with more filled than is booked: its trades are listed, and go to be booked
//! again?   a new wish is a new intent with a new id, judged by risk: never a second POST
//! ```
//!
//! Reconciliation and the kill switch resolve and cancel through the same functions: there is one procedure.

mod cancel;
mod missed;
mod record;
mod resolve;

pub use cancel::{Cancelled, cancel, look_again, withhold};
pub use resolve::{Resolution, resolve};

use resolve::Looked;

use boot::Failure;
use desk::id::{InvocationId, Symbol};
use desk::message::Message;
use desk::order::{Claimed, Event, Leg, Order, State};
use desk::port::{Clock, Outgoing, PlaceOutcome, Publish, Table, Venue};
use store::verbs::ClaimAnswer;
use store::{Store, Versioned};

/// What the handler works with.
#[derive(Debug)]
pub struct Deps<T, V, Q, C> {
    /// The books.
    pub store: Store<T>,
    /// Where orders are placed.
    pub venue: V,
    /// Where renewed wishes go, and what was traded at once.
    pub queues: Q,
    /// The desk's time, against which the gap between claim and POST is held.
    pub clock: C,
}

/// Places an order, or finds out what became of it.
///
/// # Errors
/// [`Failure::Retry`] while the order's outcome is not known, with the time at which it can be; [`Failure::Wait`] while what ends a
/// risk can't be sent; otherwise as the ports.
pub async fn handle<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    message: &Message,
    invocation: &InvocationId,
) -> Result<(), Failure> {
    let intent = match message {
        Message::Order { intent, .. } => intent,
        Message::Cancel { intent, .. } => return killed(deps, deps.store.order(intent).await?).await,
        Message::Bars { .. } | Message::Signal { .. } | Message::Fill { .. } => {
            return Err(Failure::poison("this queue takes orders and cancels only"));
        }
    };
    let order = deps.store.order(intent).await?;
    match order.row.state {
        State::Approved => place(deps, order, invocation).await,
        State::Claimed | State::Unknown => settle_unknown(deps, order).await,
        State::NotPlaced => again(deps, &order.row).await,
        State::Open | State::Filled | State::Rejected | State::Cancelled | State::Expired => Ok(()),
    }
}

async fn place<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    order: Versioned<Order>,
    invocation: &InvocationId,
) -> Result<(), Failure> {
    if let Err(fault) = deps.venue.ready(&order.row.intent).await {
        let reason = fault.to_string();
        // An entry is not worth waiting for. What ends a risk waits, with everything that protects its position left where it is.
        return match order.row.intent.leg.adds_risk() {
            true => keep_back(deps, order, &reason).await,
            false => Err(Failure::Wait { until: fault.retry_at, reason }),
        };
    }
    if let Some(reason) = held_back(deps, &order.row).await? {
        return keep_back(deps, order, &reason).await;
    }
    match deps.store.claim(&order, invocation.clone(), deps.clock.now(), deps.venue.timing()).await? {
        ClaimAnswer::Won(claimed, version) => post(deps, *claimed, version).await,
        ClaimAnswer::Killed => keep_back(deps, order, "the kill switch").await,
        ClaimAnswer::Lost => Err(Failure::retry("somebody else has claimed the order")),
    }
}

/// POSTs and records. From here on the order is never POSTed again, whatever happens.
async fn post<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    claimed: Claimed,
    version: u64,
) -> Result<(), Failure> {
    if !claimed.may_leave(deps.clock.now()) {
        let order = Versioned { row: claimed.into_order(), version };
        let why = "not sent: too long after its claim";
        let settled = deps.store.settle(order, Event::ProveAbsent, deps.clock.now(), why, None).await?;
        return again(deps, &settled.order.row).await;
    }
    let outcome = deps.venue.place(&claimed).await;
    let order = Versioned { row: claimed.into_order(), version };
    let order = record::outcome(&deps.store, order, &outcome, deps.clock.now()).await?;
    match outcome {
        PlaceOutcome::Accepted { fills, .. } => {
            for fill in fills {
                deps.queues.publish(Outgoing::to_book(fill)).await?;
            }
            Ok(())
        }
        PlaceOutcome::Refused(_) => Ok(()),
        PlaceOutcome::Unknown(_) => settle_unknown(deps, order).await,
        // What ends a risk is asked for again at once: the new order waits for what kept this one from being sent.
        PlaceOutcome::Unsent(_) if order.row.state == State::NotPlaced => again(deps, &order.row).await,
        PlaceOutcome::Unsent(_) => Ok(()),
    }
}

async fn settle_unknown<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    order: Versioned<Order>,
) -> Result<(), Failure> {
    let id = order.row.intent.id.clone();
    let now = deps.clock.now();
    match resolve::look(&deps.store, &deps.venue, order, now).await? {
        Looked::Found(order, fact) => {
            // Before the order is known, so that who is stopped in between does it again.
            if fact.filled > order.row.filled.quantity {
                missed::book(deps, &order.row).await?;
            }
            record::fact(&deps.store, *order, &fact, now).await.map(drop)
        }
        Looked::Settled(order) if order.row.state == State::NotPlaced => again(deps, &order.row).await,
        Looked::Settled(_) => Ok(()),
        Looked::AskAgain(at) => Err(Failure::retry_at(at, format!("the outcome of order {id} is not known yet"))),
    }
}

/// Why an order must not be sent, if it must not. An order that closes a position clears the way first: its stops and
/// what still enters are cancelled, and what they filled in the meantime is booked.
async fn held_back<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    order: &Order,
) -> Result<Option<String>, Failure> {
    let intent = &order.intent;
    match intent.leg {
        Leg::Entry | Leg::Stop(_) | Leg::External => return Ok(None),
        Leg::Exit | Leg::Flatten => {}
    }
    let permitted = deps.store.kill_state(&intent.account).await?.is_some_and(|kill| kill.row.permits(&intent.leg));
    if !permitted {
        // Before anything is cancelled: a kill keeps the stops.
        return Ok(Some("the kill switch".to_owned()));
    }
    clear_the_way(deps, order, &intent.symbol).await?;
    let held = deps.store.position(&intent.account, &intent.symbol).await?.quantity;
    let wanted = intent.quantity.amount().map_err(|e| Failure::poison(e.to_string()))?;
    Ok((held < wanted).then(|| format!("{held} is held, less than the {wanted} it would sell")))
}

async fn clear_the_way<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    order: &Order,
    symbol: &Symbol,
) -> Result<(), Failure> {
    for other in in_the_way(deps.store.working_orders(&order.intent.account, Some(symbol)).await?) {
        end(deps, other, "its position is being closed").await?;
    }
    Ok(())
}

/// Cancels for the kill switch, as long as that still wants it: it may have been undone while the message was on its way.
async fn killed<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    order: Versioned<Order>,
) -> Result<(), Failure> {
    let intent = &order.row.intent;
    // A switch that can't be found counts as used, here as everywhere.
    let permitted = deps.store.kill_state(&intent.account).await?.is_some_and(|kill| kill.row.permits(&intent.leg));
    if permitted { Ok(()) } else { end(deps, order, "the kill switch").await }
}

/// Ends an order, or asks for another try.
async fn end<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    order: Versioned<Order>,
    why: &str,
) -> Result<(), Failure> {
    let id = order.row.intent.id.clone();
    let not_before = match cancel(&deps.store, &deps.venue, order, deps.clock.now(), why).await? {
        Cancelled::Done => return Ok(()),
        Cancelled::NotYet(at) => at,
        Cancelled::Unbooked(order) => {
            missed::book(deps, &order).await?;
            None
        }
    };
    Err(Failure::Retry { not_before, reason: format!("order {id} has not ended yet") })
}

/// Of a market's working orders, those that an order to close its position must not meet, in the order in which they are
/// ended. Entries first: while one can't be ended, the position keeps its stops.
fn in_the_way(mut working: Vec<Versioned<Order>>) -> Vec<Versioned<Order>> {
    working.retain(|other| matches!(other.row.intent.leg, Leg::Entry | Leg::Stop(_)));
    working.sort_by_key(|other| other.row.intent.leg.protects());
    working
}

async fn keep_back<T: Table, V, Q, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    order: Versioned<Order>,
    why: &str,
) -> Result<(), Failure> {
    withhold(&deps.store, order, deps.clock.now(), why).await.map(drop)
}

/// After a proven absence the wish is asked again, as a new intent. What was withheld was never asked, and is not.
async fn again<T: Table, V, Q: Publish, C: Clock>(deps: &Deps<T, V, Q, C>, lost: &Order) -> Result<(), Failure> {
    if lost.claim.is_none() {
        return Ok(());
    }
    let intent = &lost.intent;
    let attempt = intent.attempt + 1;
    let outgoing = match desk::risk::renew(intent, intent.quantity, attempt) {
        Some(approval) => {
            let order = deps.store.add_protection(&approval, deps.clock.now()).await?;
            Outgoing::to_place(&order.intent)
        }
        None => Outgoing::to_judge(&intent.account, &intent.symbol, &intent.cause, attempt),
    };
    Ok(deps.queues.publish(outgoing).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use desk::fake::sample;
    use desk::id::TradeId;
    use desk::order::Intent;
    use desk::risk::Reservation;
    use desk::time::Timestamp;

    #[test]
    fn entries_are_ended_before_the_stops_of_what_is_held() {
        let stop = |trade: &str| Leg::Stop(TradeId::new(trade).unwrap());
        let legs = [stop("1"), Leg::Exit, Leg::Entry, Leg::Flatten, stop("2"), Leg::External, Leg::Entry];
        let order = |leg| {
            let intent = Intent { leg, ..sample::entry("1") };
            Versioned { row: Order::approved(intent, Reservation::NONE, Timestamp::from_ms(0)), version: 1 }
        };
        let ended: Vec<Leg> = in_the_way(legs.map(order).into()).into_iter().map(|o| o.row.intent.leg).collect();
        assert_eq!(ended, [Leg::Entry, Leg::Entry, stop("1"), stop("2")]);
    }
}
