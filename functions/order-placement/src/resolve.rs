//! Finding out what became of an order whose answer is out.
//!
//! Only a fact of the venue, or its absence proven, ends the uncertainty. Absence is proven when two sources don't have
//! the order, asked after the deadline at which the venue must refuse it and the grace for which a query may lag. The
//! time is taken before asking, from the venue's clock.

use crate::record;
use boot::Failure;
use desk::order::{Event, Order, State};
use desk::port::{Lookup, Table, Venue};
use desk::time::Timestamp;
use store::{Store, Versioned};

/// What asking brought.
#[derive(Debug)]
pub enum Resolution {
    /// The order's state is known.
    Known(Box<Versioned<Order>>),
    /// It is not; asking again makes sense from then on.
    AskAgain(Timestamp),
}

fn known(order: Versioned<Order>) -> Resolution {
    Resolution::Known(Box::new(order))
}

/// Asks the venue what became of a claimed or unknown order.
///
/// # Errors
/// [`Failure::Retry`] if the venue or the store don't answer.
pub async fn resolve<T: Table, V: Venue>(
    store: &Store<T>,
    venue: &V,
    order: Versioned<Order>,
    now: Timestamp,
) -> Result<Resolution, Failure> {
    if !order.row.state.is_unsettled() {
        return Ok(known(order));
    }
    let intent = order.row.intent.clone();
    let asked_at = venue.now();
    if let Lookup::Found(fact) = venue.by_client_id(&intent.account, &intent.symbol, &intent.id).await? {
        return record::fact(store, order, &fact, now).await.map(known);
    }
    let deadline = order.row.claim.as_ref().map_or(asked_at, |claim| claim.deadline);
    let provable_after = deadline.plus_ms(venue.timing().grace_ms);
    if asked_at <= provable_after {
        if order.row.state == State::Claimed {
            store.settle(order, Event::Lose, now, "claimed, and no answer is known", None).await?;
        }
        return Ok(Resolution::AskAgain(provable_after.plus_ms(1)));
    }
    if let Lookup::Found(fact) = venue.in_lists(&intent.account, &intent.symbol, &intent.id).await? {
        return record::fact(store, order, &fact, now).await.map(known);
    }
    let why = "absent at two sources after its deadline";
    let settled = store.settle(order, Event::ProveAbsent, now, why, None).await?;
    boot::observe::moved(&settled.order.row, why);
    Ok(known(settled.order))
}
