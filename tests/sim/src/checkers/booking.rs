//! Booking: money moves whole, once, and within the limits.

use super::Verdict;
use crate::world::World;
use desk::fill::Fill;
use desk::ledger::sums;
use desk::money::{Amount, MoneyError};
use desk::order::{Intent, Order};
use desk::position::Position;
use store::keys;

fn money(error: &MoneyError) -> String {
    error.to_string()
}

/// I5: every ledger transaction balances per asset, and the stored balances are what its lines add up to.
pub(super) fn i05_every_transaction_balances(world: &World) -> Verdict {
    let mirror = &world.mirror;
    for row in &mirror.step.postings {
        let sums = sums(&row.transaction.postings).map_err(|e| money(&e))?;
        if let Some((asset, sum)) = sums.iter().find(|(_, sum)| !sum.is_zero()) {
            return Err(format!("{}: the lines of {asset} add up to {sum}", row.transaction.cause));
        }
        for posting in &row.transaction.postings {
            let key = keys::balance(&world.config.account, posting.account, &posting.asset);
            let stored = world.memory.counter(&key, "amount");
            let lines = mirror.sums.get(&(posting.account, posting.asset.clone())).copied().unwrap_or_default();
            if stored != lines {
                return Err(format!("{} of {} are {stored}, the lines say {lines}", posting.account, posting.asset));
            }
        }
    }
    Ok(())
}

/// I6: a position is the fold of the ledger: what the desk's orders bought and sold, less what other hands took of it.
pub(super) fn i06_a_position_is_the_fold_of_its_fills(world: &World) -> Verdict {
    let mirror = &world.mirror;
    if let Some(what) = &mirror.unreadable {
        return Err(what.clone());
    }
    if mirror.step.postings.is_empty() && !mirror.step.money {
        return Ok(());
    }
    for (symbol, fold) in &mirror.folds {
        let position = mirror.positions.get(symbol).map_or(Amount::ZERO, |position| position.quantity);
        if position != fold.position {
            return Err(format!("the position in {symbol} is {position}, its fills come to {}", fold.position));
        }
    }
    Ok(())
}

/// I7: limit = headroom + reserved + held, for cash, slots and every market; and no approval takes more than there is.
pub(super) fn i07_limit_is_headroom_and_reserved_and_held(world: &World) -> Verdict {
    let (mirror, config) = (&world.mirror, &world.config);
    if !mirror.step.headroom && mirror.step.orders.is_empty() && !mirror.step.money {
        return Ok(());
    }
    let of_orders = |amount: fn(&Order) -> Amount, of: &dyn Fn(&Order) -> bool| {
        Amount::sum(mirror.orders.values().filter(|order| of(order)).map(amount)).map_err(|e| money(&e))
    };
    let (cash, slots) =
        (world.memory.counter(&mirror.headroom, "cash"), world.memory.counter(&mirror.headroom, "slots"));
    let reserved = of_orders(|order| order.reserved.cash, &|_| true)?;
    let held = world
        .memory
        .counter(&keys::balance(&config.account, desk::ledger::LedgerAccount::Holdings, &config.quote), "amount");
    let sum = cash.plus(reserved).map_err(|e| money(&e))?;
    if sum != held {
        return Err(format!("{cash} of cash are free and {reserved} reserved, the ledger holds {held}"));
    }
    let slot = |order: &Order| if order.reserved.slot { Amount::ONE } else { Amount::ZERO };
    let open = mirror.positions.values().filter(|position| position.is_open()).map(|_| Amount::ONE);
    let taken = of_orders(slot, &|_| true)?.plus(Amount::sum(open).map_err(|e| money(&e))?).map_err(|e| money(&e))?;
    let limit = Amount::whole(mirror.profile.max_open_positions);
    if slots.plus(taken).map_err(|e| money(&e))? != limit {
        return Err(format!("{slots} of {limit} positions are free and {taken} taken"));
    }
    for (symbol, key) in &mirror.rooms {
        let room = world.memory.counter(key, "exposure");
        let reserved = of_orders(|order| order.reserved.exposure, &|order| order.intent.symbol == *symbol)?;
        let cost = mirror.positions.get(symbol).unwrap_or(&Position::FLAT).cost;
        let sum = room.plus(reserved).and_then(|sum| sum.plus(cost)).map_err(|e| money(&e))?;
        if sum != mirror.profile.max_position {
            return Err(format!("{symbol}: {room} are free, {reserved} reserved and {cost} held: {sum}"));
        }
        // Only what is approved in this market takes of its room. Another's may be below zero: a trade may turn up of an
        // order that was told to have ended, and other limits be deployed.
        if takes_room(world, |intent| intent.symbol == *symbol) && room.is_negative() {
            return Err(format!("{symbol}: an approval left a headroom of {room}"));
        }
    }
    if takes_room(world, |_| true) && (cash.is_negative() || slots.is_negative()) {
        return Err(format!("an approval left {cash} of cash and {slots} positions"));
    }
    Ok(())
}

/// Whether the last transaction approved something of a kind that adds risk.
fn takes_room(world: &World, of: impl Fn(&Intent) -> bool) -> bool {
    let new = world.mirror.step.orders.iter().filter(|moved| moved.before.is_none()).map(|moved| &moved.after.intent);
    new.into_iter().any(|intent| intent.leg.adds_risk() && of(intent))
}

/// I8: a reservation goes down with a fill or with the end, and never otherwise; behind the end nothing is left of it.
pub(super) fn i08_a_reservation_is_released_once_and_at_the_end(world: &World) -> Verdict {
    for moved in &world.mirror.step.orders {
        let (after, id) = (&moved.after, &moved.after.intent.id);
        if after.state.is_terminal() && after.reserved != desk::risk::Reservation::NONE {
            return Err(format!("order {id} is {} and still holds {:?}", after.state, after.reserved));
        }
        let Some(before) = &moved.before else { continue };
        let same = before.filled == after.filled && !after.state.is_terminal();
        if same && before.reserved != after.reserved {
            return Err(format!("order {id} is {} and its reservation changed without a fill", after.state));
        }
    }
    Ok(())
}

/// I9: what is booked is a trade of the venue, of the same content.
pub(super) fn i09_a_fill_is_a_trade_of_the_venue(world: &World) -> Verdict {
    for fill in &world.mirror.step.fills {
        if !world.exchange.trades().contains(fill) {
            return Err(format!("trade {} of order {} was booked, the venue has none such", fill.trade, fill.order));
        }
        let same = |other: &&Fill| other.trade == fill.trade && other.symbol == fill.symbol;
        let booked = world.mirror.fills.values().filter(same).count();
        if booked > 1 {
            return Err(format!("trade {} was booked {booked} times", fill.trade));
        }
    }
    Ok(())
}

/// I10: no more is filled than was ordered, what is filled only grows, and no balance is below zero.
pub(super) fn i10_no_more_is_filled_than_ordered(world: &World) -> Verdict {
    for moved in &world.mirror.step.orders {
        let (after, id) = (&moved.after, &moved.after.intent.id);
        if after.filled.quantity > after.intent.quantity {
            return Err(format!("order {id} is filled by {} of {}", after.filled.quantity, after.intent.quantity));
        }
        if moved.before.as_ref().is_some_and(|before| before.filled.quantity > after.filled.quantity) {
            return Err(format!("what is filled of order {id} went down"));
        }
    }
    match world.mirror.positions.iter().find(|(_, position)| position.quantity.is_negative()) {
        Some((symbol, position)) => Err(format!("the position in {symbol} is {}", position.quantity)),
        None => Ok(()),
    }
}
