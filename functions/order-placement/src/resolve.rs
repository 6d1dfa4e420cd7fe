//! Finding out what became of an order whose answer is out.
//!
//! Only a fact of the venue, or its absence proven, ends the uncertainty. Absence is proven when two sources don't have
//! the order, asked after the deadline at which the venue must refuse it and the grace for which a query may lag. The
//! time is taken before asking, from the venue's clock.

use crate::record;
use boot::Failure;
use desk::order::{Event, Order, State};
use desk::port::{Lookup, OrderFact, Table, Venue};
use desk::time::Timestamp;
use store::{Store, Versioned};

/// How far the venue's clock may be behind ours, in milliseconds; more than any clock is with which orders are placed.
const CLOCKS_MS: i64 = 60_000;

/// What asking brought.
#[derive(Debug)]
pub enum Resolution {
    /// The order's state is known.
    Known(Box<Versioned<Order>>),
    /// It is not; asking again makes sense from then on.
    AskAgain(Timestamp),
}

/// What asking brought, before a fact is recorded.
pub(crate) enum Looked {
    /// The venue has it.
    Found(Box<Versioned<Order>>, OrderFact),
    /// The order's state is known: its absence is proven and recorded, or there was nothing to ask.
    Settled(Box<Versioned<Order>>),
    /// Nothing is known yet; asking again makes sense from then on.
    AskAgain(Timestamp),
}

/// Asks the venue what became of a claimed or unknown order, and records it.
///
/// # Errors
/// [`Failure::Retry`] if the venue or the store don't answer.
pub async fn resolve<T: Table, V: Venue>(
    store: &Store<T>,
    venue: &V,
    order: Versioned<Order>,
    now: Timestamp,
) -> Result<Resolution, Failure> {
    Ok(match look(store, venue, order, now).await? {
        Looked::Found(order, fact) => Resolution::Known(Box::new(record::fact(store, *order, &fact, now).await?.order)),
        Looked::Settled(order) => Resolution::Known(order),
        Looked::AskAgain(at) => Resolution::AskAgain(at),
    })
}

/// Asks the venue what became of a claimed or unknown order. That nothing is known, or that it is not there, is recorded; what
/// the venue has of it is not.
///
/// # Errors
/// [`Failure::Retry`] if the venue or the store don't answer.
pub(crate) async fn look<T: Table, V: Venue>(
    store: &Store<T>,
    venue: &V,
    order: Versioned<Order>,
    now: Timestamp,
) -> Result<Looked, Failure> {
    if !order.row.state.is_unsettled() {
        return Ok(Looked::Settled(Box::new(order)));
    }
    let intent = &order.row.intent;
    let asked_at = venue.now();
    if let Lookup::Found(fact) = venue.by_client_id(&intent.account, &intent.symbol, &intent.id).await? {
        return Ok(Looked::Found(Box::new(order), fact));
    }
    let deadline = order.row.claim.as_ref().map_or(asked_at, |claim| claim.deadline);
    let provable_after = deadline.plus_ms(venue.timing().grace_ms);
    if asked_at <= provable_after {
        if order.row.state == State::Claimed {
            store.settle(order, Event::Lose, now, "claimed, and no answer is known", None).await?;
        }
        return Ok(Looked::AskAgain(provable_after.plus_ms(1)));
    }
    // By the venue's clock, which may be behind ours.
    let since = order.row.claim.as_ref().map_or(asked_at, |claim| claim.claimed_at).plus_ms(-CLOCKS_MS);
    if let Lookup::Found(fact) = venue.in_lists(&intent.account, &intent.symbol, &intent.id, since).await? {
        return Ok(Looked::Found(Box::new(order), fact));
    }
    let why = "absent at two sources after its deadline";
    let settled = store.settle(order, Event::ProveAbsent, now, why, None).await?;
    boot::observe::moved(&settled.order.row, why);
    Ok(Looked::Settled(Box::new(settled.order)))
}
