//! The account's stream: word of every trade, soon, late, twice or not at all. What it does not tell, reconciliation
//! finds.

use crate::chance::span;
use crate::fault::Fault;
use crate::world::{Event, World};
use desk::fill::Fill;
use desk::port::Outgoing;

const ACTOR: &str = "stream";

/// Sends word of a trade on its way.
pub fn tell(world: &mut World, fill: Fill) {
    let visit = world.faults.visit(ACTOR, "trade");
    let soon = span(world.faults.number(ACTOR, "trade", visit, "latency"), 5, 150);
    let late = span(world.faults.number(ACTOR, "trade", visit, "late"), 1_000, 90_000);
    let kinds = [Fault::StreamMissed, Fault::StreamLate, Fault::StreamTwice];
    let (first, second) = match world.faults.fires(ACTOR, "trade", visit, &kinds) {
        Some(Fault::StreamMissed) => (None, None),
        Some(Fault::StreamLate) => (Some(late), None),
        Some(_) => (Some(soon), Some(late)),
        None => (Some(soon), None),
    };
    for delay in [first, second].into_iter().flatten() {
        world.at(world.now.plus_ms(delay), Event::Told(Box::new(fill.clone())));
    }
}

/// The stream tells of a trade: it goes to be booked.
pub fn arrives(world: &mut World, fill: Fill) {
    let outgoing = Outgoing::to_book(fill);
    let Ok(body) = outgoing.message.encode() else { return };
    let now = world.now;
    if world.queues.send(&outgoing, body, now, now) {
        world.note(ACTOR, format_args!("told {}", outgoing.dedup));
        world.at(now, Event::Poll(outgoing.queue));
    }
}
