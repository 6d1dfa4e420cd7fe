//! Orders that can't be sent: an entry ends, and what ends a risk keeps its right to be sent, however long that takes.

use crate::crash_sweep::World;
use boot::Failure;
use desk::fake::{Fate, run};
use desk::message::Message;
use desk::order::{Order, State};
use desk::time::Timestamp;
use order_placement::Cancelled;

const LATER: Timestamp = Timestamp::from_ms(90_000);

/// A desk whose entry was approved.
fn approved() -> World {
    let world = World::new();
    world.judge().unwrap();
    world
}

/// A desk whose entry was filled, and the stop that is to be placed for it.
fn filled() -> (World, Order) {
    let world = approved();
    world.place(&world.entry_message()).unwrap();
    world.book().unwrap();
    let stop = stops(&world).remove(0);
    (world, stop)
}

fn stops(world: &World) -> Vec<Order> {
    let (account, mut orders) = (&world.config.account, Vec::new());
    orders.extend(run(world.store().working_orders(account, None)).unwrap().into_iter().map(|order| order.row));
    orders.retain(|order| order.intent.leg.protects());
    orders
}

fn message(order: &Order) -> Message {
    let intent = order.intent.clone();
    Message::Order { account: intent.account, symbol: intent.symbol, intent: intent.id }
}

fn state(world: &World, order: &Order) -> State {
    run(world.store().order(&order.intent.id)).unwrap().row.state
}

#[test]
fn an_entry_that_can_t_be_sent_now_ends() {
    let world = approved();
    world.venue.busy_until(Some(LATER));
    world.place(&world.entry_message()).unwrap();
    let order = world.order();
    assert_eq!((order.state, world.venue.posts(&order.intent.id)), (State::NotPlaced, 0));
    let why = &order.history.last().unwrap().why;
    assert!(why.contains("busy"), "{why}");
}

#[test]
fn a_stop_that_can_t_be_sent_now_waits_until_it_can() {
    let (world, stop) = filled();
    world.venue.busy_until(Some(LATER));
    for _ in 0..20 {
        match world.place(&message(&stop)) {
            Err(Failure::Wait { until, .. }) => assert_eq!(until, Some(LATER)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((state(&world, &stop), world.venue.posts(&stop.intent.id)), (State::Approved, 0));
    world.venue.busy_until(None);
    world.place(&message(&stop)).unwrap();
    assert_eq!((state(&world, &stop), world.venue.posts(&stop.intent.id)), (State::Open, 1));
}

#[test]
fn a_stop_that_was_claimed_and_never_left_is_asked_for_again_and_an_entry_is_not() {
    let (world, stop) = filled();
    world.venue.next_post(Fate::HoldBack);
    world.place(&message(&stop)).unwrap();
    assert_eq!(state(&world, &stop), State::NotPlaced);
    let [again] = &stops(&world)[..] else { panic!("one stop is to be placed") };
    assert_eq!((again.intent.attempt, again.state), (2, State::Approved));
    world.venue.next_post(Fate::Accept);
    world.place(&message(again)).unwrap();
    assert_eq!(state(&world, again), State::Open);

    let world = approved();
    world.venue.next_post(Fate::HoldBack);
    world.place(&world.entry_message()).unwrap();
    assert_eq!(world.order().state, State::Rejected);
}

#[test]
fn an_order_that_its_venue_forgets_once_it_is_cancelled_has_ended_unless_it_is_too_young_for_that() {
    for (later_ms, ends) in [(1_000, false), (60_000, true)] {
        let (world, stop) = filled();
        world.place(&message(&stop)).unwrap();
        assert_eq!(state(&world, &stop), State::Open);
        world.venue.forgets();
        world.clock.advance(later_ms);
        let order = run(world.store().order(&stop.intent.id)).unwrap();
        let now = desk::port::Clock::now(&*world.clock);
        let done = run(order_placement::cancel(&world.store(), &*world.venue, order, now, "a test")).unwrap();
        let expected = if ends { (Cancelled::Done, State::Cancelled) } else { (Cancelled::NotYet(None), State::Open) };
        assert_eq!((done, state(&world, &stop)), expected);
    }
}
