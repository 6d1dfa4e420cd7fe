//! Cancelling an order until it is proven.

use crate::record;
use crate::resolve::{Resolution, resolve};
use boot::{Failure, observe};
use desk::order::{Event, Order, State};
use desk::port::{CancelOutcome, Lookup, OrderFact, Table, Venue};
use desk::time::Timestamp;
use store::{Store, Versioned};

/// How far a cancel has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cancelled {
    /// The order is done, one way or another, and its fills are booked.
    Done,
    /// It is not yet; asking again makes sense from then on.
    NotYet(Option<Timestamp>),
    /// The venue has filled more of it than is booked: it is done when that is.
    Unbooked(Box<Order>),
}

/// Makes sure that an order will not fill any more. One that was never sent is withheld; one whose outcome is not known
/// is resolved first; one that works is cancelled at the venue, and counts as cancelled when the venue says so.
///
/// # Errors
/// [`Failure::Retry`] if the venue or the store don't answer.
pub async fn cancel<T: Table, V: Venue>(
    store: &Store<T>,
    venue: &V,
    order: Versioned<Order>,
    now: Timestamp,
    why: &str,
) -> Result<Cancelled, Failure> {
    let order = match order.row.state {
        State::Approved => return withhold(store, order, now, why).await,
        State::Claimed | State::Unknown => match resolve(store, venue, order, now).await? {
            Resolution::Known(order) => *order,
            Resolution::AskAgain(at) => return Ok(Cancelled::NotYet(Some(at))),
        },
        State::Open => order,
        State::Filled | State::Rejected | State::Cancelled | State::Expired | State::NotPlaced => {
            return Ok(Cancelled::Done);
        }
    };
    if order.row.state.is_terminal() {
        return Ok(Cancelled::Done);
    }
    let intent = order.row.intent.clone();
    match venue.cancel(&intent.account, &intent.symbol, &intent.id).await {
        CancelOutcome::Done(fact) => {
            let record::Recorded { order, unbooked } = record::fact(store, order, &fact, now).await?;
            Ok(match order.row.state.is_terminal() {
                true => Cancelled::Done,
                false if unbooked => Cancelled::Unbooked(Box::new(order.row)),
                false => Cancelled::NotYet(None),
            })
        }
        CancelOutcome::Gone(last) => gone(store, order, &last, venue, now).await,
        CancelOutcome::Unknown(_) => Ok(Cancelled::NotYet(None)),
        CancelOutcome::Unasked(fault) => Ok(Cancelled::NotYet(fault.retry_at)),
    }
}

/// Records that an order which worked and whose cancel was taken is at no source of the venue any more. It has ended, unless
/// more of it is filled than is booked. Of one so young that a source may not have it yet nothing is recorded: whoever asks for
/// its end asks again.
async fn gone<T: Table, V: Venue>(
    store: &Store<T>,
    order: Versioned<Order>,
    last: &OrderFact,
    venue: &V,
    now: Timestamp,
) -> Result<Cancelled, Failure> {
    let grace_ms = venue.timing().grace_ms;
    let old = order.row.claim.as_ref().is_some_and(|claim| venue.now().ms_since(claim.posted_by) > grace_ms);
    if last.filled > order.row.filled.quantity {
        return Ok(Cancelled::Unbooked(Box::new(order.row)));
    }
    if !old {
        return Ok(Cancelled::NotYet(None));
    }
    let why = "cancelled: it worked, its cancel was taken, and two sources no longer have it";
    record::event(store, order, Event::Cancel, why, Some(last), now).await?;
    Ok(Cancelled::Done)
}

/// Ends an approved order, which no venue has seen yet.
///
/// # Errors
/// As the store.
pub async fn withhold<T: Table>(
    store: &Store<T>,
    order: Versioned<Order>,
    now: Timestamp,
    why: &str,
) -> Result<Cancelled, Failure> {
    let why = format!("withheld: {why}");
    let settled = store.settle(order, Event::Withhold, now, &why, None).await?;
    observe::moved(&settled.order.row, &why);
    Ok(Cancelled::Done)
}

/// Records what the venue says about an open order that it no longer lists.
///
/// Some venues keep no order that ended without a trade. One that two sources don't have, asked behind its deadline and the
/// grace, works no more: it counts as ended by the venue, and `true` is returned. Trades of it that are not booked are found by
/// the balances.
///
/// # Errors
/// [`Failure::Retry`] if the venue or the store don't answer.
pub async fn look_again<T: Table, V: Venue>(
    store: &Store<T>,
    venue: &V,
    order: Versioned<Order>,
    now: Timestamp,
) -> Result<bool, Failure> {
    let intent = &order.row.intent;
    let deadline = order.row.claim.as_ref().map(|claim| claim.deadline);
    let provable_after = deadline.map(|deadline| deadline.plus_ms(venue.timing().grace_ms));
    let asked_at = venue.now();
    let mut found = venue.by_client_id(&intent.account, &intent.symbol, &intent.id).await?;
    if found == Lookup::NotFound {
        // It has worked, so that what matters is that it works no more.
        found = venue.in_lists(&intent.account, &intent.symbol, &intent.id, asked_at).await?;
    }
    match found {
        Lookup::Found(fact) => record::fact(store, order, &fact, now).await.map(|_| false),
        Lookup::NotFound if provable_after.is_some_and(|after| asked_at > after) => {
            let why = "ended: two sources of the venue no longer have it";
            let settled = store.settle(order, Event::Expire, now, why, None).await?;
            observe::moved(&settled.order.row, why);
            Ok(true)
        }
        Lookup::NotFound => Ok(false),
    }
}
