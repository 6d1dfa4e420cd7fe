//! Trades of an order that nobody has told us of.
//!
//! An answer that was lost takes the trades with it that it would have told, and the stream may be silent as well. Until they
//! are booked, the position they made has no stop.

use crate::Deps;
use boot::Failure;
use desk::order::Order;
use desk::port::{Clock, Outgoing, Publish, Table, Venue};

/// How far back they are looked for, in milliseconds. What is older is found by reconciliation.
const BACK_MS: i64 = 3_600_000;
/// By how much the venue may date a trade ahead of our notion of its clock, or before ours of the claim, in milliseconds.
const CLOCKS_MS: i64 = 60_000;

/// Sends the venue's trades of an order to `fills`: those that are booked already are booked once all the same. They may not be
/// listed yet; then reconciliation finds them.
///
/// # Errors
/// As the ports.
pub(crate) async fn book<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    order: &Order,
) -> Result<(), Failure> {
    let Some(claim) = &order.claim else { return Ok(()) };
    let (intent, now) = (&order.intent, deps.venue.now());
    let since = claim.claimed_at.plus_ms(-CLOCKS_MS).max(now.plus_ms(-BACK_MS));
    let until = now.plus_ms(CLOCKS_MS);
    let trades = deps.venue.trades(&intent.account, &intent.symbol, since..until).await?;
    for fill in trades.into_iter().filter(|fill| fill.order == intent.id) {
        deps.queues.publish(Outgoing::to_book(fill)).await?;
    }
    Ok(())
}
