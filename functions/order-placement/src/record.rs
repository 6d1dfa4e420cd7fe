//! Recording what a venue said: a fact moves the order, anything else makes it unknown.

use boot::{Failure, observe};
use desk::order::{Event, Order};
use desk::port::{OrderFact, PlaceOutcome, Table, VenueStatus};
use desk::time::Timestamp;
use store::{Store, StoreError, Versioned};

/// How often a record is repeated when somebody else records at the same time.
const TRIES: u32 = 5;

/// An order as it stands after what the venue said of it was recorded.
#[derive(Debug)]
pub(crate) struct Recorded {
    /// The order.
    pub order: Versioned<Order>,
    /// Whether the venue has filled more of it than is booked.
    pub unbooked: bool,
}

/// Records the outcome of a POST.
pub(crate) async fn outcome<T: Table>(
    store: &Store<T>,
    order: Versioned<Order>,
    outcome: &PlaceOutcome,
    now: Timestamp,
) -> Result<Versioned<Order>, Failure> {
    match outcome {
        PlaceOutcome::Accepted { fact, .. } => Ok(self::fact(store, order, fact, now).await?.order),
        PlaceOutcome::Refused(reason) => event(store, order, Event::Refuse, reason, None, now).await,
        PlaceOutcome::Unsent(fault) => {
            // Nobody opens a position later than was decided. What ends a risk is asked for again.
            let ends = order.row.intent.leg.adds_risk();
            let moved = if ends { Event::Refuse } else { Event::ProveAbsent };
            event(store, order, moved, &format!("not sent: {fault}"), None, now).await
        }
        PlaceOutcome::Unknown(reason) => event(store, order, Event::Lose, reason, None, now).await,
    }
}

/// Records what a venue says about an order.
///
/// An order that has ended with more filled than is booked stays open until its fills are booked: they tell more than
/// its status does.
pub(crate) async fn fact<T: Table>(
    store: &Store<T>,
    order: Versioned<Order>,
    fact: &OrderFact,
    now: Timestamp,
) -> Result<Recorded, Failure> {
    let booked = fact.filled <= order.row.filled.quantity;
    let (moved, why) = match fact.status {
        VenueStatus::Cancelled if booked => (Event::Cancel, "cancelled at the venue"),
        VenueStatus::Expired if booked => (Event::Expire, "expired at the venue"),
        VenueStatus::Rejected if booked => (Event::Refuse, "refused by the venue after it was accepted"),
        VenueStatus::Open
        | VenueStatus::Filled
        | VenueStatus::Cancelled
        | VenueStatus::Expired
        | VenueStatus::Rejected => (Event::Accept, "accepted by the venue"),
    };
    let order = event(store, order, moved, why, Some(fact), now).await?;
    let unbooked = fact.filled > order.row.filled.quantity;
    Ok(Recorded { order, unbooked })
}

/// Moves an order, however often others move it meanwhile.
pub(crate) async fn event<T: Table>(
    store: &Store<T>,
    mut order: Versioned<Order>,
    event: Event,
    why: &str,
    fact: Option<&OrderFact>,
    now: Timestamp,
) -> Result<Versioned<Order>, Failure> {
    let id = order.row.intent.id.clone();
    for _ in 0..TRIES {
        let name = fact.map(|fact| fact.venue_order.clone());
        match store.settle(order, event, now, why, name).await {
            Ok(settled) => {
                observe::moved(&settled.order.row, why);
                return Ok(settled.order);
            }
            Err(StoreError::Changed) => order = store.order(&id).await?,
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::retry(format!("order {id} kept moving while it was recorded")))
}
