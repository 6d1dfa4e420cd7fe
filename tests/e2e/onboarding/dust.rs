//! What a kill that closes positions does about a rest that no market takes.

use super::handlers::{World, by_hand};
use crate::crash_sweep::VenueRef;
use boot::config::DeskConfig;
use boot::event::{KillEvent, VERSION};
use desk::fake::{Fate, run};
use desk::fill::Fill;
use desk::message::QueueName;
use desk::order::Side;
use desk::risk::KillMode;
use std::sync::Arc;
use store::rows::Outcome;

impl World {
    fn kill_switch(&self, event: &KillEvent) -> kill_switch::Report {
        let deps = kill_switch::Deps {
            store: self.store(),
            venue: Some(VenueRef(self.venue.clone())),
            queues: self.queues.clone(),
            clock: self.clock.clone(),
            wall: self.clock.clone(),
            config: self.config.clone(),
        };
        run(kill_switch::handle(&deps, event)).unwrap()
    }

    /// The smallest order is that from now on, in base units.
    fn smallest(&mut self, quantity: &str) {
        let mut config = DeskConfig::clone(&self.config);
        config.markets[0].instrument.min_quantity = quantity.parse().unwrap();
        self.config = Arc::new(config);
    }
}

#[test]
fn a_position_below_the_smallest_order_is_offered_once_and_not_every_second() {
    let mut world = World::with(&[("USDT", "100000")]);
    let Outcome::Approved { order } = world.judge(1).outcome else { panic!("the entry was refused") };
    world.venue.next_post(Fate::LoseRequest);
    world.place(QueueName::Orders);
    world.book(&Fill { order, ..by_hand(Side::Buy, "101", "10", 121_000) }).unwrap();
    world.smallest("20");
    world.venue.next_post(Fate::Refuse);
    let (by, reason) = ("ann".to_owned(), "a test".to_owned());
    let killed = world.kill_switch(&KillEvent::Kill { v: VERSION, mode: KillMode::Flatten, by, reason });
    assert_eq!(killed.flattening.len(), 1);
    world.place(QueueName::Exits);
    let sweep = KillEvent::Sweep { v: VERSION };
    for _ in 0..3 {
        assert!(world.kill_switch(&sweep).flattening.is_empty(), "nobody would take it the next time either");
    }
    world.smallest("1");
    assert_eq!(world.kill_switch(&sweep).flattening.len(), 1, "what the market takes is tried again");
}
