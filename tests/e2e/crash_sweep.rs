//! Every handler, stopped at every call it makes to the store, before the call applies and after, and run again: the
//! books end the same as without the stop, and nothing is POSTed twice.

use boot::Failure;
use boot::config::{DeskConfig, MarketConfig, PaperConfig, StrategyConfig};
use desk::fake::{Crash, FakeClock, FakeQueues, FakeTable, FakeVenue, Fate, run, sample};
use desk::id::{InvocationId, VenueId};
use desk::market::Candle;
use desk::message::{Message, QueueName};
use desk::money::{Amount, Notional, Quantity};
use desk::order::{Order, Side, State};
use desk::port::{Item, Table};
use desk::risk::{Kill, KillMode, KillState, Profile};
use desk::signal::Signal;
use desk::strategy::Strategy;
use desk::time::{Interval, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::rows::AccountRow;
use store::verbs::{Advance, Opening};
use store::{Store, keys};

pub(crate) struct World {
    pub(crate) table: Arc<FakeTable>,
    pub(crate) queues: Arc<FakeQueues>,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) venue: Arc<FakeVenue>,
    pub(crate) config: Arc<DeskConfig>,
    invocations: std::cell::Cell<u32>,
}

pub(crate) fn config() -> DeskConfig {
    let stake = Notional::new(Amount::whole(1000)).unwrap();
    DeskConfig {
        account: sample::account(),
        venue: VenueId::new("fake").unwrap(),
        quote: sample::instrument().quote,
        cash: Amount::whole(100_000),
        strategy: StrategyConfig { name: "ema-cross".to_owned(), parameters: BTreeMap::new(), stake },
        profile: Profile::named("careful").unwrap(),
        paper: PaperConfig { fee: "10".parse().unwrap(), slippage: "0".parse().unwrap(), participation: None },
        markets: vec![MarketConfig { instrument: sample::instrument(), interval: Interval::MINUTE }],
        live: None,
    }
}

impl World {
    /// An opened account with one candle and one signal.
    pub(crate) fn new() -> Self {
        let clock = Arc::new(FakeClock::at(60_000));
        let world = Self {
            table: Arc::default(),
            queues: Arc::default(),
            venue: Arc::new(FakeVenue::new(clock.clone())),
            clock,
            config: Arc::new(config()),
            invocations: std::cell::Cell::new(0),
        };
        let config = &world.config;
        let (account, quote, cash) = (config.account.clone(), config.quote.clone(), config.cash);
        let row = AccountRow { account, quote, cash, profile: config.profile.clone() };
        let opening = Opening { account: row, symbols: vec![sample::instrument().symbol], at: Timestamp::from_ms(0) };
        run(world.store().open_account(&opening)).unwrap();
        let price = sample::signal().close;
        let bar = Candle {
            open_time: Timestamp::from_ms(0),
            open: price,
            high: price,
            low: price,
            close: price,
            volume: Quantity::ZERO,
        };
        run(world.store().add_candles(&sample::instrument().symbol, Interval::MINUTE, &[bar])).unwrap();
        world.store_signal(&sample::signal());
        world
    }

    pub(crate) fn store_signal(&self, signal: &Signal) {
        let strategy = Strategy::configure("ema-cross", &BTreeMap::new(), self.config.strategy.stake).unwrap();
        let cursor =
            store::rows::CursorRow { memory: strategy.fresh(), last_bar: signal.bar, unsent: None, holds: None };
        let (account, symbol) = (&signal.account, &signal.symbol);
        let advance = Advance {
            account,
            strategy: &signal.strategy,
            symbol,
            interval: signal.interval,
            from: None,
            cursor,
            ended: None,
            signal: Some(signal.clone()),
        };
        run(self.store().advance(advance)).unwrap();
    }

    pub(crate) fn store(&self) -> Store<Arc<FakeTable>> {
        Store::new(self.table.clone())
    }

    pub(crate) fn judge(&self) -> Result<(), Failure> {
        let deps = risk_validation::Deps {
            store: self.store(),
            queues: self.queues.clone(),
            clock: self.clock.clone(),
            config: self.config.clone(),
        };
        let (account, symbol, signal) = (sample::account(), sample::instrument().symbol, sample::signal().id);
        run(risk_validation::handle(&deps, &Message::Signal { account, symbol, signal, attempt: 1 }))
    }

    pub(crate) fn place(&self, message: &Message) -> Result<(), Failure> {
        self.invocations.set(self.invocations.get() + 1);
        let owner = InvocationId::new(format!("i{}", self.invocations.get())).unwrap();
        let deps = order_placement::Deps {
            store: self.store(),
            venue: VenueRef(self.venue.clone()),
            queues: self.queues.clone(),
            clock: self.clock.clone(),
        };
        run(order_placement::handle(&deps, message, &owner))
    }

    pub(crate) fn book(&self) -> Result<(), Failure> {
        let deps = fill_booking::Deps {
            store: self.store(),
            queues: self.queues.clone(),
            clock: self.clock.clone(),
            config: self.config.clone(),
        };
        let mut fill = sample::fill(Side::Buy, "101", "10", 61_000);
        fill.order = sample::entry("10").id;
        run(fill_booking::handle(&deps, &Message::Fill { fill }))
    }

    pub(crate) fn order(&self) -> Order {
        run(self.store().order(&sample::entry("10").id)).unwrap().row
    }

    pub(crate) fn entry_message(&self) -> Message {
        let intent = sample::entry("10");
        Message::Order { account: intent.account, symbol: intent.symbol, intent: intent.id }
    }

    /// The items without the times, owners and histories that a second try changes.
    fn books(&self) -> Vec<Item> {
        let mut items = self.table.items();
        items.retain(|item| !(item.key.pk.starts_with("ORDER#") && item.key.sk == "ORDER"));
        items
    }
}

/// The fake venue behind a handle that several dependencies share.
pub(crate) struct VenueRef(pub(crate) Arc<FakeVenue>);

mod venue_ref {
    use super::VenueRef;
    use desk::fill::Fill;
    use desk::id::{AccountId, Asset, IntentId, Symbol, VenueId};
    use desk::money::Amount;
    use desk::movement::Movement;
    use desk::order::{Claimed, Intent, Timing};
    use desk::port::*;
    use desk::time::Timestamp;
    use std::collections::BTreeMap;
    use std::ops::Range;

    impl PlaceOrder for VenueRef {
        async fn ready(&self, intent: &Intent) -> Result<(), VenueError> {
            self.0.ready(intent).await
        }

        async fn place(&self, claimed: &Claimed) -> PlaceOutcome {
            self.0.place(claimed).await
        }
    }
    impl QueryOrder for VenueRef {
        async fn by_client_id(&self, a: &AccountId, s: &Symbol, o: &IntentId) -> Result<Lookup, VenueError> {
            self.0.by_client_id(a, s, o).await
        }
        async fn in_lists(
            &self,
            a: &AccountId,
            s: &Symbol,
            o: &IntentId,
            since: Timestamp,
        ) -> Result<Lookup, VenueError> {
            self.0.in_lists(a, s, o, since).await
        }
    }
    impl CancelOrder for VenueRef {
        async fn cancel(&self, a: &AccountId, s: &Symbol, o: &IntentId) -> CancelOutcome {
            self.0.cancel(a, s, o).await
        }
    }
    impl ListOpenOrders for VenueRef {
        async fn open_orders(&self, a: &AccountId) -> Result<Vec<OpenOrder>, VenueError> {
            self.0.open_orders(a).await
        }
    }
    impl ListTrades for VenueRef {
        async fn trades(&self, a: &AccountId, s: &Symbol, stretch: Range<Timestamp>) -> Result<Vec<Fill>, VenueError> {
            self.0.trades(a, s, stretch).await
        }
        async fn last_trade(&self, a: &AccountId, s: &Symbol) -> Result<Option<Fill>, VenueError> {
            self.0.last_trade(a, s).await
        }
    }
    impl ListMovements for VenueRef {
        async fn movements(&self, a: &AccountId, t: Timestamp) -> Result<Option<Vec<Movement>>, VenueError> {
            self.0.movements(a, t).await
        }
    }
    impl ReadBalances for VenueRef {
        async fn balances(&self, a: &AccountId) -> Result<BTreeMap<Asset, Amount>, VenueError> {
            self.0.balances(a).await
        }
    }
    impl Venue for VenueRef {
        fn id(&self) -> &VenueId {
            self.0.id()
        }
        fn timing(&self) -> Timing {
            self.0.timing()
        }
        fn now(&self) -> Timestamp {
            self.0.now()
        }
    }
}

/// Every place at which a step can be stopped, given how many calls it makes.
fn crashes(calls: usize) -> impl Iterator<Item = Crash> {
    (0..calls).flat_map(|call| [Crash::Before(call), Crash::After(call)])
}

/// How many calls `step` makes in a world prepared by `prepare`.
fn calls(prepare: impl Fn() -> World, step: impl Fn(&World)) -> usize {
    let world = prepare();
    world.table.crash_at(None);
    step(&world);
    world.table.calls()
}

#[test]
fn judging_stopped_anywhere_and_repeated_reserves_once_and_approves_once() {
    let calm = World::new();
    calm.judge().unwrap();
    let calls = calls(World::new, |world| world.judge().unwrap());
    for crash in crashes(calls) {
        let world = World::new();
        world.table.crash_at(Some(crash));
        assert!(world.judge().is_err(), "{crash:?}");
        world.table.crash_at(None);
        world.judge().unwrap();
        assert_eq!(world.books(), calm.books(), "{crash:?}");
        assert!(world.queues.waiting(QueueName::Orders) >= 1);
    }
}

fn approved() -> World {
    let world = World::new();
    world.judge().unwrap();
    world
}

#[test]
fn placing_stopped_anywhere_and_repeated_posts_at_most_once_and_loses_nothing() {
    for fate in [Fate::Accept, Fate::LoseRequest, Fate::LoseAnswer, Fate::Refuse] {
        let prepare = || {
            let world = approved();
            world.venue.next_post(fate);
            world
        };
        let calls = calls(prepare, |world| drop(world.place(&world.entry_message())));
        for crash in crashes(calls) {
            let world = prepare();
            let message = world.entry_message();
            world.table.crash_at(Some(crash));
            let _ = world.place(&message);
            world.table.crash_at(None);
            // Every redelivery comes later than the one before; the deadline and its grace pass.
            for _ in 0..6 {
                world.clock.advance(1500);
                let _ = world.place(&message);
            }
            let order = world.order();
            let posts = world.venue.posts(&order.intent.id);
            assert!(posts <= 1, "{fate:?} {crash:?}: {posts} POSTs");
            let accepted = world.venue.orders() == 1;
            match (accepted, order.state) {
                (true, State::Open) | (false, State::NotPlaced) => {}
                // A refusal that was recorded is final; one whose record was lost looks like an absence.
                (false, State::Rejected) => assert_eq!(fate, Fate::Refuse),
                other => panic!("{fate:?} {crash:?}: {other:?}"),
            }
            if order.state == State::NotPlaced {
                assert!(world.queues.waiting(QueueName::Signals) >= 1, "the wish is asked again");
            }
        }
    }
}

#[test]
fn an_order_is_unknown_and_keeps_its_reservation_until_absence_is_proven() {
    let world = approved();
    let held = world.order().reserved;
    world.venue.next_post(Fate::LoseRequest);
    let message = world.entry_message();
    assert!(matches!(world.place(&message), Err(Failure::Retry { not_before: Some(_), .. })));
    assert_eq!((world.order().state, world.order().reserved), (State::Unknown, held));
    // 0.5 s gap, 2 s window, 1.5 s grace: one millisecond short of the proof.
    world.clock.advance(4000);
    assert!(world.place(&message).is_err());
    assert_eq!(world.order().state, State::Unknown);
    world.clock.advance(1);
    world.place(&message).unwrap();
    assert_eq!(world.order().state, State::NotPlaced);
    assert!(world.order().reserved.cash.is_zero());
}

#[test]
fn an_order_that_landed_although_its_answer_was_lost_is_found_and_not_sent_again() {
    let world = approved();
    world.venue.next_post(Fate::LoseAnswer);
    let message = world.entry_message();
    world.place(&message).unwrap();
    assert_eq!(world.order().state, State::Open);
    world.place(&message).unwrap();
    assert_eq!(world.venue.posts(&world.order().intent.id), 1);
}

#[test]
fn booking_stopped_anywhere_and_repeated_books_once_with_its_stop() {
    let prepare = || {
        let world = approved();
        world.place(&world.entry_message()).unwrap();
        world
    };
    let calm = prepare();
    calm.book().unwrap();
    let calls = calls(prepare, |world| world.book().unwrap());
    for crash in crashes(calls) {
        let world = prepare();
        world.table.crash_at(Some(crash));
        assert!(world.book().is_err(), "{crash:?}");
        world.table.crash_at(None);
        world.book().unwrap();
        world.book().unwrap();
        assert_eq!(world.books(), calm.books(), "{crash:?}");
        assert!(world.queues.waiting(QueueName::Exits) >= 1, "the stop is sent");
    }
}

#[test]
fn a_kill_between_approval_and_claim_stops_the_post() {
    let world = approved();
    let kill = run(world.store().kill_state(&sample::account())).unwrap().unwrap();
    let killed = kill.row.killed(KillMode::KeepStops, "test", "test", Timestamp::from_ms(0));
    run(world.store().set_kill(&sample::account(), kill.version, &killed)).unwrap();
    world.place(&world.entry_message()).unwrap();
    assert_eq!(world.venue.posts(&world.order().intent.id), 0);
    assert_eq!(world.order().state, State::NotPlaced);
}

#[test]
fn a_kill_switch_that_is_missing_stops_the_post() {
    let world = approved();
    let delete = desk::port::Write::Delete { key: keys::kill(&sample::account()) };
    run(world.table.transact(vec![delete])).unwrap();
    world.place(&world.entry_message()).unwrap();
    assert_eq!(world.venue.posts(&world.order().intent.id), 0);
}

#[test]
fn a_claim_made_before_a_kill_does_not_survive_it() {
    let world = approved();
    let store = world.store();
    let order = run(store.order(&sample::entry("10").id)).unwrap();
    // The kill happens between reading the switch and the claim's write: its version has moved.
    let kill = run(store.kill_state(&sample::account())).unwrap().unwrap();
    let pending = order
        .row
        .claim(InvocationId::new("x").unwrap(), Timestamp::from_ms(0), desk::order::Timing::REFERENCE, 1)
        .unwrap();
    run(store.set_kill(&sample::account(), kill.version, &KillState { epoch: 2, kill: Kill::Live })).unwrap();
    let check = desk::port::Write::Check {
        key: keys::kill(&sample::account()),
        condition: desk::port::Condition::Version(kill.version),
    };
    let put = desk::port::replace(keys::order(&order.row.intent.id), order.version, pending.order()).unwrap();
    assert!(run(world.table.transact(vec![put, check])).is_err());
}
