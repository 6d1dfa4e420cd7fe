//! At rest: faults are off, everything was given time, and books and venue are one.

use super::Verdict;
use crate::world::World;
use desk::id::Symbol;
use desk::ledger::LedgerAccount;
use desk::market::Candle;
use desk::money::Amount;
use desk::order::State;
use desk::port::{Query, Row, VenueStatus};
use desk::risk::{Kill, KillMode};
use desk::signal::{BarClose, Signal};
use desk::strategy::Holding;
use desk::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use store::keys;
use store::rows::CursorRow;

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
    let theirs: BTreeSet<_> =
        theirs.map(|order| &order.new.client_id).filter(|id| !world.exchange.is_by_hand(id)).collect();
    let ours = world.mirror.orders.values().filter(|order| order.state == State::Open);
    let ours: BTreeSet<_> = ours.map(|order| &order.intent.id).collect();
    match ours.symmetric_difference(&theirs).next() {
        Some(id) if ours.contains(id) => Err(format!("order {id} is open here and not at the venue")),
        Some(id) => Err(format!("order {id} is open at the venue and not here")),
        None => Ok(()),
    }
}

/// I3: where books and venue are one, and nobody else has an order there, new risk is not frozen.
pub(super) fn i03_nothing_stays_frozen(world: &World) -> Verdict {
    match world.mirror.frozen.keys().next() {
        Some(Some(symbol)) => Err(format!("new risk in {symbol} stays frozen")),
        Some(None) => Err("new risk stays frozen".to_owned()),
        None => Ok(()),
    }
}

/// I21: a further round of reconciliation has changed nothing and sent nothing.
pub(super) fn i21_a_further_round_changes_nothing(world: &World) -> Verdict {
    match &world.rested {
        Some((memory, sent)) if *memory != world.memory || *sent != world.queues.sent() => {
            Err("a further round of reconciliation changed something".to_owned())
        }
        Some(_) | None => Ok(()),
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
    let booked: BTreeSet<_> = world.mirror.fills.values().map(|fill| (&fill.symbol, &fill.trade)).collect();
    let missed = world.exchange.trades().iter().find(|fill| !booked.contains(&(&fill.symbol, &fill.trade)));
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
    let unhandled = world.queues.handled().find(|id| !world.acknowledged.contains(id));
    unhandled.map_or(Ok(()), |id| Err(format!("message {id} was deleted, and nobody has handled it")))
}

/// I11: the signals are those that the stored candles lead to, and every cursor is the fold of its candles.
pub(super) fn i11_decisions_can_be_replayed(world: &World) -> Verdict {
    let (config, strategy) = (&world.config, &world.strategy);
    let signals = signals(world)?;
    for market in &config.markets {
        let symbol = &market.instrument.symbol;
        let candles = rows::<Candle>(world, Query { limit: u32::MAX, ..keys::candles(symbol, market.interval) })?;
        let cursor = keys::cursor(&config.account, strategy.id(), symbol, market.interval);
        let cursor = world
            .memory
            .get(&cursor)
            .map(|item| world.memory.decoded::<CursorRow>(item))
            .transpose()
            .map_err(|e| e.to_string())?;
        let Some(cursor) = cursor else { continue };
        let mut memory = strategy.fresh();
        for candle in candles.iter().filter(|candle| candle.open_time <= cursor.last_bar) {
            let mut of_long = memory;
            let of_flat = strategy.on_bar(&mut memory, candle, Holding::Flat);
            let Some(stored) = signals.get(&(symbol.clone(), candle.open_time)) else { continue };
            let wishes = [strategy.on_bar(&mut of_long, candle, Holding::Long), of_flat];
            let bar = BarClose { interval: market.interval, bar: candle.open_time, price: candle.close };
            let mut again =
                wishes.iter().flatten().map(|wish| Signal::new(&config.account, strategy, symbol, bar, wish));
            if !again.any(|signal| signal == *stored) {
                return Err(format!("the candles of {symbol} don't lead to signal {}", stored.id));
            }
        }
        if memory != cursor.memory {
            return Err(format!("the cursor of {symbol} is not the fold of its candles"));
        }
    }
    Ok(())
}

/// Every stored signal, by its market and bar; each stands under the id it bears.
fn signals(world: &World) -> Result<BTreeMap<(Symbol, Timestamp), Signal>, String> {
    let mut signals = BTreeMap::new();
    for item in world.memory.items().filter(|item| item.key.pk.starts_with("SIGNAL#")) {
        let signal: Signal = world.memory.decoded(item).map_err(|e| e.to_string())?;
        if keys::signal(&signal.id) != item.key {
            return Err(format!("signal {} stands at {}", signal.id, item.key.pk));
        }
        signals.insert((signal.symbol.clone(), signal.bar), signal);
    }
    Ok(signals)
}

fn rows<R: Row>(world: &World, query: Query) -> Result<Vec<R>, String> {
    world.memory.query(&query).iter().map(|item| world.memory.decoded(item).map_err(|e| e.to_string())).collect()
}

/// I13: under a kill nothing works that it forbids.
pub(super) fn i13_nothing_works_that_a_kill_forbids(world: &World) -> Verdict {
    let Some((kill, _)) = &world.mirror.kill else { return Ok(()) };
    for order in world.exchange.orders().iter().filter(|order| order.status == VenueStatus::Open) {
        let ours = world.mirror.orders.get(&order.new.client_id);
        if let Some(ours) = ours.filter(|ours| !kill.permits(&ours.intent.leg)) {
            return Err(format!("order {} ({}) works under a kill", ours.intent.id, ours.intent.leg.tag()));
        }
    }
    Ok(())
}

/// I20: no row and no message holds a secret. (Lines of the trace are looked at as they are written.)
pub(super) fn i20_no_secret_is_kept(world: &World) -> Verdict {
    let shows = |text: &str| text.contains(crate::port::CANARY);
    let row = world.memory.items().find(|item| shows(&item.body) || shows(&item.key.sk));
    if let Some(item) = row {
        return Err(format!("{}/{} holds a secret", item.key.pk, item.key.sk));
    }
    if world.queues.bodies().any(shows) { Err("a message holds a secret".to_owned()) } else { Ok(()) }
}

/// I1: when everything was closed, every order has ended.
pub(super) fn i01_every_order_has_ended(world: &World) -> Verdict {
    let left = world.mirror.orders.values().find(|order| !order.state.is_terminal());
    left.map_or(Ok(()), |order| {
        Err(format!("order {} ({}) is {}", order.intent.id, order.intent.leg.tag(), order.state))
    })
}

/// I13: when everything was closed, nothing is held.
pub(super) fn i13_nothing_is_held_any_more(world: &World) -> Verdict {
    let open = world.mirror.positions.iter().find(|(_, position)| position.is_open());
    open.map_or(Ok(()), |(symbol, position)| Err(format!("{} of {symbol} are still held", position.quantity)))
}

/// I13: a position rests on stops that cover its whole lots, unless a kill forbids them.
pub(super) fn i13_a_position_rests_on_stops(world: &World) -> Verdict {
    let permitted = world.mirror.kill.as_ref().is_none_or(|(kill, _)| match &kill.kill {
        Kill::Live => true,
        Kill::Killed { mode, .. } => *mode == KillMode::KeepStops,
    });
    for market in world.config.markets.iter().filter(|_| permitted) {
        let symbol = &market.instrument.symbol;
        let held = world.mirror.positions.get(symbol).map_or(Amount::ZERO, |position| position.quantity);
        let working: Vec<_> =
            world.mirror.orders.values().filter(|order| !order.state.is_terminal()).cloned().collect();
        let bare = desk::reconcile::unprotected(&market.instrument, held, &working).map_err(|e| e.to_string())?;
        if let Some(finding) = bare {
            return Err(finding.to_string());
        }
    }
    Ok(())
}
