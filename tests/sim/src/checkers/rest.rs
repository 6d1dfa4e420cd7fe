//! At rest: faults are off, everything was given time, and books and venue are one.

use super::Verdict;
use crate::world::World;
use desk::ledger::LedgerAccount;
use desk::order::State;
use desk::port::VenueStatus;
use std::collections::BTreeSet;

/// I1: every intent has come to an end, but for stops that rest at the venue.
pub(super) fn i01_every_order_has_come_to_its_end(world: &World) -> Verdict {
    let rests = |order: &&desk::order::Order| order.intent.leg.protects() && order.state == State::Open;
    let left = world.mirror.orders.values().filter(|order| !order.state.is_terminal()).find(|order| !rests(order));
    left.map_or(Ok(()), |order| {
        Err(format!("order {} ({}) is {}", order.intent.id, order.intent.leg.tag(), order.state))
    })
}

/// I3: the orders that work at the venue are those that are open here.
pub(super) fn i03_what_works_at_the_venue_is_what_works_here(world: &World) -> Verdict {
    let theirs = world.exchange.orders().iter().filter(|order| order.status == VenueStatus::Open);
    let theirs: BTreeSet<_> = theirs.map(|order| &order.new.client_id).collect();
    let ours = world.mirror.orders.values().filter(|order| order.state == State::Open);
    let ours: BTreeSet<_> = ours.map(|order| &order.intent.id).collect();
    match ours.symmetric_difference(&theirs).next() {
        Some(id) if ours.contains(id) => Err(format!("order {id} is open here and not at the venue")),
        Some(id) => Err(format!("order {id} is open at the venue and not here")),
        None => Ok(()),
    }
}

/// I6: the ledger's holdings are the venue's balances.
pub(super) fn i06_holdings_are_the_balances_of_the_venue(world: &World) -> Verdict {
    for (asset, theirs) in world.exchange.balances() {
        let ours = world.mirror.sums.get(&(LedgerAccount::Holdings, asset.clone())).copied().unwrap_or_default();
        if ours != *theirs {
            return Err(format!("the ledger holds {ours} {asset}, the venue {theirs}"));
        }
    }
    Ok(())
}

/// I9: every trade of the venue is booked.
pub(super) fn i09_every_trade_is_booked(world: &World) -> Verdict {
    let booked: BTreeSet<_> = world.mirror.fills.values().map(|fill| &fill.trade).collect();
    let missed = world.exchange.trades().iter().find(|fill| !booked.contains(&fill.trade));
    missed.map_or(Ok(()), |fill| Err(format!("trade {} of order {} is not booked", fill.trade, fill.order)))
}

/// I15: every message that was sent is handled, waits, or lies with the dead letters.
pub(super) fn i15_every_message_is_accounted_for(world: &World) -> Verdict {
    for (queue, counts, waiting) in world.queues.counts() {
        let accounted = counts.handled + counts.dead + waiting;
        if accounted != counts.sent {
            return Err(format!("{queue}: {} sent, {accounted} accounted for", counts.sent));
        }
    }
    Ok(())
}
