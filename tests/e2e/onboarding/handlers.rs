//! The handlers, at a venue in memory.

use crate::crash_sweep::{VenueRef, config};
use boot::Failure;
use boot::config::DeskConfig;
use boot::event::Scheduled;
use desk::external::Replay;
use desk::fake::{Crash, FakeClock, FakeQueues, FakeTable, FakeVenue, Fate, run, sample};
use desk::fill::Fill;
use desk::id::{Asset, IntentId, InvocationId, MovementId, SignalId, Symbol, TradeId, VenueId};
use desk::market::Candle;
use desk::message::{Message, QueueName};
use desk::money::{Amount, Fee, Quantity};
use desk::movement::{Movement, MovementKind};
use desk::order::{Leg, Side, State};
use desk::port::{CancelOrder as _, OpenOrder, Table, create};
use desk::reconcile::Finding;
use desk::risk::Layer;
use desk::signal::Signal;
use desk::time::{Interval, Timestamp};
use reconciliation::Round;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::rows::{OpeningRow, Outcome, VerdictRow};
use store::verbs::Found;
use store::{Store, keys};

pub(super) struct World {
    table: Arc<FakeTable>,
    pub(super) queues: Arc<FakeQueues>,
    pub(super) clock: Arc<FakeClock>,
    pub(super) venue: Arc<FakeVenue>,
    pub(super) config: Arc<DeskConfig>,
}

fn asset(name: &str) -> Asset {
    Asset::new(name).unwrap()
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn symbol() -> Symbol {
    sample::instrument().symbol
}

/// A trade of an order that was placed by hand.
pub(super) fn by_hand(side: Side, price: &str, quantity: &str, trade: i64) -> Fill {
    let venue = VenueId::new("fake").unwrap();
    let order = IntentId::derive_external(&venue, &format!("web-{trade}"));
    Fill { venue, order, ..sample::fill(side, price, quantity, trade) }
}

fn movement(kind: MovementKind, id: &str, of: &str, change: &str, fee: &str) -> Movement {
    Movement {
        venue: VenueId::new("fake").unwrap(),
        account: sample::account(),
        kind,
        id: MovementId::new(id).unwrap(),
        asset: asset(of),
        amount: amount(change),
        fee: Fee::new(amount(fee)).unwrap(),
        fee_asset: asset(of),
        at: Timestamp::from_ms(61_000),
    }
}

impl World {
    /// An account that held something when it was opened, with one candle at 100.
    fn holding(holdings: &[(&str, &str)], trades: BTreeMap<Symbol, (TradeId, Timestamp)>, moved: &[&Movement]) -> Self {
        let clock = Arc::new(FakeClock::at(60_000));
        let holdings: BTreeMap<Asset, Amount> =
            holdings.iter().map(|(name, held)| (asset(name), amount(held))).collect();
        let cash = holdings.get(&asset("USDT")).copied().unwrap();
        let world = Self {
            table: Arc::default(),
            queues: Arc::default(),
            venue: Arc::new(FakeVenue::new(clock.clone())),
            clock,
            config: Arc::new(DeskConfig { cash, ..config() }),
        };
        let movements: BTreeSet<String> = moved.iter().map(|movement| movement.key()).collect();
        let history = OpeningRow { at: Timestamp::from_ms(59_000), trades, movements, rest: BTreeMap::new() };
        let opening = world.config.opening(Timestamp::from_ms(59_000));
        world.venue.hold(holdings.clone());
        run(world.store().open_found(&opening, &Found { holdings, history })).unwrap();
        let (price, open_time) = (sample::signal().close, Timestamp::from_ms(0));
        let (open, high, low, close, volume) = (price, price, price, price, Quantity::ZERO);
        let bar = Candle { open_time, open, high, low, close, volume };
        run(world.store().add_candles(&symbol(), Interval::MINUTE, &[bar])).unwrap();
        world
    }

    pub(super) fn with(holdings: &[(&str, &str)]) -> Self {
        Self::holding(holdings, BTreeMap::new(), &[])
    }

    pub(super) fn store(&self) -> Store<Arc<FakeTable>> {
        Store::new(self.table.clone())
    }

    /// A wish to be long, decided at the close of that minute, and what risk said about it.
    pub(super) fn judge(&self, minute: i64) -> VerdictRow {
        let bar = Timestamp::from_ms(minute * 60_000);
        let old = sample::signal();
        let id = SignalId::derive(&old.account, &old.strategy, &old.symbol, old.interval, bar);
        let signal = Signal { id: id.clone(), bar, decided_at: bar.plus_ms(60_000), ..old };
        run(self.table.transact(vec![create(keys::signal(&id), &signal).unwrap()])).unwrap();
        self.clock.advance(signal.decided_at.ms() - desk::port::Clock::now(&*self.clock).ms());
        let deps = risk_validation::Deps {
            store: self.store(),
            queues: self.queues.clone(),
            clock: self.clock.clone(),
            config: self.config.clone(),
        };
        let message = Message::Signal { account: signal.account, symbol: symbol(), signal: id.clone(), attempt: 1 };
        run(risk_validation::handle(&deps, &message)).unwrap();
        run(self.store().verdict(&id, &Leg::Entry, 1)).unwrap().unwrap()
    }

    pub(super) fn book(&self, fill: &Fill) -> Result<(), Failure> {
        let deps = fill_booking::Deps {
            store: self.store(),
            queues: self.queues.clone(),
            clock: self.clock.clone(),
            config: self.config.clone(),
        };
        run(fill_booking::handle(&deps, &Message::Fill { fill: fill.clone() }))
    }

    pub(super) fn place(&self, queue: QueueName) {
        while let Some(message) = self.queues.take(queue) {
            let deps = order_placement::Deps {
                store: self.store(),
                venue: VenueRef(self.venue.clone()),
                queues: self.queues.clone(),
                clock: self.clock.clone(),
            };
            // An unknown outcome comes again; what matters here is what was POSTed.
            drop(run(order_placement::handle(&deps, &message, &InvocationId::new("one").unwrap())));
        }
    }

    fn try_reconcile(&self) -> Result<Round, Failure> {
        let deps = reconciliation::Deps {
            store: self.store(),
            venue: VenueRef(self.venue.clone()),
            queues: self.queues.clone(),
            clock: self.clock.clone(),
            config: self.config.clone(),
        };
        run(reconciliation::handle(&deps, &Scheduled::ALL))
    }

    fn reconcile(&self) -> Round {
        self.try_reconcile().unwrap()
    }

    /// The venue's balances become what the ledger says.
    fn agree(&self) {
        self.venue.hold(run(self.store().holdings(&sample::account())).unwrap());
    }

    fn held(&self, of: &str) -> Amount {
        run(self.store().holdings(&sample::account())).unwrap().get(&asset(of)).copied().unwrap_or_default()
    }

    fn state(&self) -> store::verbs::AccountState {
        run(self.store().account_state(&sample::account())).unwrap()
    }

    /// Why new risk in the market is frozen.
    fn market_frozen(&self) -> Option<String> {
        self.state().frozen_markets.get(&symbol()).map(|frozen| frozen.row.clone())
    }

    fn profit(&self) -> Amount {
        run(self.store().profit(&sample::account(), &asset("USDT"), self.config.priced())).unwrap()
    }

    /// The books add up: cash is what is free and reserved, and the position is the fold of the ledger.
    fn adds_up(&self) {
        let (store, account) = (self.store(), sample::account());
        let mut cash = self.state().cash;
        for order in run(store.working_orders(&account, None)).unwrap() {
            cash = cash.plus(order.row.reserved.cash).unwrap();
        }
        assert_eq!(cash, self.held("USDT"));
        let fills = run(store.fills(&account)).unwrap();
        let orders = run(store.all_orders(&account)).unwrap();
        let others = orders.iter().filter(|order| order.intent.leg == Leg::External).map(|order| &order.intent.id);
        let instrument = sample::instrument();
        let mut replay = Replay::new(&instrument, &fills, others);
        for row in run(store.transactions(&account)).unwrap() {
            replay.take(&row.transaction).unwrap();
        }
        assert_eq!(replay.position, run(store.position(&account, &symbol())).unwrap());
    }
}

#[test]
fn a_trade_by_hand_is_booked_and_stops_new_risk_in_its_market_until_a_round_agrees() {
    let world = World::with(&[("BTC", "2"), ("USDT", "100000")]);
    let sold = by_hand(Side::Sell, "100", "0.5", 61_000);
    world.book(&sold).unwrap();
    assert_eq!((world.held("BTC"), world.held("USDT")), (amount("1.5"), amount("100050")));
    assert_eq!(world.state().frozen, None, "the account is not");
    let why = world.market_frozen().unwrap();
    assert!(why.contains("somebody else traded: sell 0.5 BTCUSDT"), "{why}");
    let order = run(world.store().order(&sold.order)).unwrap().row;
    assert_eq!((order.intent.leg, order.state), (Leg::External, State::Filled));
    world.adds_up();
    let before = world.table.items();
    world.book(&sold).unwrap();
    assert_eq!(world.table.items(), before, "told again, it changes nothing");

    let refused = world.judge(1);
    assert!(matches!(refused.outcome, Outcome::Refused { layer: Layer::MarketFrozen }), "{refused:?}");
    let check = refused.checks.iter().find(|check| check.layer == Layer::MarketFrozen).unwrap();
    assert!(!check.passed && check.value == why);

    // The venue's balances don't have the trade yet: the market stays frozen, and so does the account.
    assert!(!world.reconcile().findings.is_empty());
    assert!(world.market_frozen().is_some() && world.state().frozen.is_some());
    world.agree();
    assert_eq!(world.reconcile(), Round::default());
    assert_eq!((world.market_frozen(), world.state().frozen), (None, None));
    assert!(matches!(world.judge(2).outcome, Outcome::Approved { .. }));
    world.adds_up();
}

#[test]
fn booking_by_hand_stopped_anywhere_and_repeated_ends_the_same() {
    let sold = by_hand(Side::Sell, "100", "0.5", 61_000);
    let fresh = || World::with(&[("BTC", "2"), ("USDT", "100000")]);
    let calm = fresh();
    calm.table.crash_at(None);
    calm.book(&sold).unwrap();
    let calls = calm.table.calls();
    assert!(calls > 5);
    for crash in (0..calls).flat_map(|call| [Crash::Before(call), Crash::After(call)]) {
        let world = fresh();
        world.table.crash_at(Some(crash));
        assert!(world.book(&sold).is_err(), "{crash:?}");
        world.table.crash_at(None);
        world.book(&sold).unwrap();
        assert_eq!(world.table.items(), calm.table.items(), "{crash:?}");
    }
}

#[test]
fn a_person_who_sells_more_than_his_own_takes_it_from_the_position_and_its_stops_are_made_to_fit() {
    let world = World::with(&[("BTC", "1"), ("USDT", "100000")]);
    let entry = world.judge(1);
    let Outcome::Approved { order } = entry.outcome.clone() else { panic!("{entry:?}") };
    // Lost on the way, and filled all the same: the fake venue must not go on listing it as open.
    world.venue.next_post(Fate::LoseRequest);
    world.place(QueueName::Orders);
    world.venue.next_post(Fate::Accept);
    let bought = Fill { order, ..by_hand(Side::Buy, "101", "10", 121_000) };
    world.book(&bought).unwrap();
    world.place(QueueName::Exits);
    world.agree();
    assert_eq!(world.reconcile(), Round::default());

    // 11 are held, 10 of them by the desk: of 4, one was the person's own.
    world.book(&by_hand(Side::Sell, "100", "4", 122_000)).unwrap();
    let position = run(world.store().position(&sample::account(), &symbol())).unwrap();
    assert_eq!((position.quantity, position.cost), (amount("7"), amount("707")));
    world.adds_up();
    world.agree();
    let round = world.reconcile();
    assert!(
        matches!(round.findings.as_slice(), [Finding::Oversized { quantity, .. }] if *quantity == amount("3")),
        "{round:?}"
    );
    assert_eq!(round.mended, 1);
    assert!(world.market_frozen().is_some());
    assert_eq!(world.reconcile().mended, 1, "the stop is asked for again");
    world.place(QueueName::Exits);
    assert_eq!(world.reconcile(), Round::default());
    let working = run(world.store().working_orders(&sample::account(), None)).unwrap();
    let [stop] = working.as_slice() else { panic!("{working:?}") };
    assert_eq!((stop.row.state, stop.row.intent.quantity.to_string().as_str()), (State::Open, "7"));
    assert_eq!(world.market_frozen(), None);

    // All of it is sold by hand: nothing is left to protect.
    world.book(&by_hand(Side::Sell, "100", "7", 123_000)).unwrap();
    world.agree();
    assert_eq!(world.reconcile().mended, 1);
    assert_eq!(world.reconcile(), Round::default());
    assert!(run(world.store().working_orders(&sample::account(), None)).unwrap().is_empty());
    world.adds_up();
}

#[test]
fn a_sale_by_hand_of_what_is_not_booked_yet_waits_for_it() {
    let world = World::with(&[("USDT", "100000")]);
    let (bought, sold) = (by_hand(Side::Buy, "100", "5", 61_000), by_hand(Side::Sell, "110", "4", 62_000));
    assert!(matches!(world.book(&sold), Err(Failure::Poison { .. })));
    assert!(world.state().frozen.unwrap().contains("only 0 is held"));
    assert_eq!(world.held("BTC"), Amount::ZERO);
    world.book(&bought).unwrap();
    world.book(&sold).unwrap();
    assert_eq!(world.held("BTC"), amount("1"));
    world.agree();
    assert_eq!(world.reconcile(), Round::default());
    assert_eq!(world.state().frozen, None);
    world.adds_up();
}

#[test]
fn a_trade_that_waits_for_a_deposit_does_not_keep_it_out_of_the_books() {
    let world = World::with(&[("USDT", "100000")]);
    let sold = by_hand(Side::Sell, "100", "4", 62_000);
    world.venue.trade(sold.clone());
    world.venue.moved(movement(MovementKind::Deposit, "in", "BTC", "5", "0"));
    world.venue.moved(movement(MovementKind::Withdrawal, "out", "USDT", "-10", "0"));
    world.venue.hold([(asset("BTC"), amount("1")), (asset("USDT"), amount("100390"))]);
    assert!(world.book(&sold).is_err(), "its coins are not there yet");
    assert_eq!(world.reconcile().mended, 2, "the trade is sent again, and what came in is booked");
    assert_eq!((world.held("BTC"), world.held("USDT")), (amount("5"), amount("100000")));
    assert!(world.state().frozen.is_some(), "nothing agrees yet");
    world.book(&sold).unwrap();
    assert_eq!(world.reconcile().mended, 1, "then what left");
    assert_eq!(world.reconcile(), Round::default());
    assert_eq!((world.held("BTC"), world.held("USDT")), (amount("1"), amount("100390")));
    assert_eq!(world.state().frozen, None);
    world.adds_up();
}

#[test]
fn deposits_and_withdrawals_are_booked_once_and_are_no_profit() {
    let old = movement(MovementKind::Deposit, "old", "USDT", "7", "0");
    let world = World::holding(&[("BTC", "2"), ("USDT", "100000")], BTreeMap::new(), &[&old]);
    world.venue.moved(old);
    world.venue.moved(movement(MovementKind::Deposit, "one", "USDT", "500.25", "0"));
    world.venue.moved(movement(MovementKind::Withdrawal, "one", "BTC", "-1", "0.001"));
    world.venue.hold([(asset("BTC"), amount("0.999")), (asset("USDT"), amount("100500.25"))]);
    assert_eq!(world.reconcile().mended, 2);
    assert_eq!((world.held("BTC"), world.held("USDT")), (amount("0.999"), amount("100500.25")));
    let causes: Vec<String> = run(world.store().transactions(&sample::account()))
        .unwrap()
        .into_iter()
        .map(|row| row.transaction.cause)
        .collect();
    assert_eq!(causes, ["opening", "opening", "movement#fake#deposit#one", "movement#fake#withdrawal#one"]);
    // The fee of the withdrawal is all that was lost: 0.001 at 100.
    assert_eq!(world.profit(), amount("-0.1"));
    world.adds_up();
    let before = world.table.items();
    assert_eq!(world.reconcile(), Round::default());
    assert_eq!(world.table.items(), before);
    // What nobody explains still stops new risk.
    world.venue.hold([(asset("BTC"), amount("0.998")), (asset("USDT"), amount("100500.25"))]);
    assert!(matches!(world.reconcile().findings.as_slice(), [Finding::Balance { .. }]));
    assert!(world.state().frozen.unwrap().contains("the ledger holds 0.999 BTC, the venue 0.998"));
}

#[test]
fn reconciling_a_movement_stopped_anywhere_and_repeated_books_it_once() {
    let fresh = || {
        let world = World::with(&[("BTC", "2"), ("USDT", "100000")]);
        world.venue.moved(movement(MovementKind::Deposit, "one", "BTC", "0.5", "0"));
        world.venue.hold([(asset("BTC"), amount("2.5")), (asset("USDT"), amount("100000"))]);
        world
    };
    let calm = fresh();
    calm.table.crash_at(None);
    calm.reconcile();
    for crash in (0..calm.table.calls()).flat_map(|call| [Crash::Before(call), Crash::After(call)]) {
        let world = fresh();
        world.table.crash_at(Some(crash));
        assert!(world.try_reconcile().is_err(), "{crash:?}");
        world.table.crash_at(None);
        world.reconcile();
        assert_eq!(world.table.items(), calm.table.items(), "{crash:?}");
    }
}

#[test]
fn a_withdrawal_of_what_the_desk_holds_takes_it_out_of_the_position() {
    let world = World::with(&[("USDT", "100000")]);
    let Outcome::Approved { order } = world.judge(1).outcome else { panic!("refused") };
    world.venue.next_post(Fate::LoseRequest);
    world.place(QueueName::Orders);
    world.book(&Fill { order, ..by_hand(Side::Buy, "100", "10", 121_000) }).unwrap();
    let slots = world.state().slots;
    world.venue.moved(movement(MovementKind::Withdrawal, "all", "BTC", "-10", "0"));
    world.venue.hold([(asset("USDT"), world.held("USDT"))]);
    while world.queues.take(QueueName::Exits).is_some() {}
    for _ in 0..4 {
        world.reconcile();
    }
    let position = run(world.store().position(&sample::account(), &symbol())).unwrap();
    assert!(!position.is_open() && position.cost.is_zero());
    assert_eq!(world.state().slots, slots.plus(Amount::ONE).unwrap());
    assert_eq!(world.state().exposure[&symbol()], config().profile.max_position);
    world.adds_up();
}

#[test]
fn what_was_traded_before_the_opening_is_not_booked_again() {
    let old = by_hand(Side::Buy, "90", "1", 50_000);
    let trades = BTreeMap::from([(symbol(), (old.trade.clone(), old.at))]);
    let world = World::holding(&[("BTC", "2"), ("USDT", "100000")], trades, &[]);
    world.venue.trade(old);
    let new = by_hand(Side::Buy, "100", "0.5", 61_000);
    world.venue.trade(new.clone());
    world.venue.hold([(asset("BTC"), amount("2.5")), (asset("USDT"), amount("99950"))]);
    assert_eq!(world.reconcile().mended, 1);
    let Some(Message::Fill { fill }) = world.queues.take(QueueName::Fills) else { panic!("nothing was sent") };
    assert_eq!(fill, new);
    world.book(&fill).unwrap();
    assert_eq!(run(world.store().position(&sample::account(), &symbol())).unwrap().quantity, Amount::ZERO);
    assert_eq!(world.reconcile(), Round::default());
}

#[test]
fn an_order_that_works_by_hand_stops_new_risk_in_its_market_alone() {
    let world = World::with(&[("USDT", "100000")]);
    let works = |market: Option<&str>| {
        let symbol = market.map(|name| Symbol::new(name).unwrap());
        world.venue.work(vec![OpenOrder { client_id: "web-1".to_owned(), symbol }]);
        world.reconcile();
        (world.market_frozen(), world.state().frozen)
    };
    let why = "the venue works order web-1 in BTCUSDT, which is none of ours";
    assert_eq!(works(Some("BTCUSDT")), (Some(why.to_owned()), None));
    let refused = world.judge(1);
    assert!(matches!(refused.outcome, Outcome::Refused { layer: Layer::MarketFrozen }));
    assert_eq!(works(Some("SOLUSDT")), (None, None), "a market the desk has nothing to do with");
    let (market, account) = works(None);
    assert!(market.is_none() && account.is_some(), "a market nobody knows may be any");
    world.venue.work(Vec::new());
    assert_eq!(world.reconcile(), Round::default());
    assert_eq!((world.market_frozen(), world.state().frozen), (None, None));
}

#[test]
fn on_paper_nobody_else_trades_and_a_fill_of_no_order_is_buried() {
    let mut world = World::with(&[("BTC", "2"), ("USDT", "100000")]);
    let paper = VenueId::new("paper").unwrap();
    world.config = Arc::new(DeskConfig { venue: paper.clone(), ..world.config.as_ref().clone() });
    let stray = Fill { venue: paper, ..by_hand(Side::Sell, "100", "0.5", 61_000) };
    assert!(matches!(world.book(&stray), Err(Failure::Poison { .. })));
    assert_eq!(world.held("BTC"), amount("2"));
    assert!(world.state().frozen.unwrap().contains("none of ours"));
    let elsewhere = VenueId::new("elsewhere").unwrap();
    let world = World::with(&[("BTC", "2"), ("USDT", "100000")]);
    let stray = Fill { venue: elsewhere, ..by_hand(Side::Sell, "100", "0.5", 61_000) };
    assert!(matches!(world.book(&stray), Err(Failure::Poison { .. })), "of another venue");
}

#[test]
fn an_order_of_which_nothing_can_be_told_keeps_what_was_missed_from_nothing() {
    let world = World::with(&[("BTC", "2"), ("USDT", "100000")]);
    assert!(matches!(world.judge(1).outcome, Outcome::Approved { .. }));
    world.venue.next_post(Fate::LoseRequest);
    world.place(QueueName::Orders);
    world.venue.tells_of_no_order();
    let sold = by_hand(Side::Sell, "100", "0.5", 121_000);
    world.venue.trade(sold.clone());
    world.venue.hold(BTreeMap::from([(asset("BTC"), amount("1.5")), (asset("USDT"), amount("100050"))]));
    // The round has failed, and will be repeated; the trade goes to the books all the same.
    assert!(matches!(world.try_reconcile(), Err(Failure::Retry { .. })));
    let missed = world.queues.take(QueueName::Fills);
    assert!(matches!(&missed, Some(Message::Fill { fill }) if *fill == sold), "{missed:?}");
}

#[test]
fn a_stop_that_its_venue_has_no_more_is_made_again_when_what_it_may_have_sold_would_be_known() {
    let world = World::with(&[("BTC", "1"), ("USDT", "100000")]);
    let Outcome::Approved { order } = world.judge(1).outcome else { panic!("refused") };
    world.venue.next_post(Fate::LoseRequest);
    world.place(QueueName::Orders);
    world.venue.next_post(Fate::Accept);
    world.book(&Fill { order, ..by_hand(Side::Buy, "101", "10", 121_000) }).unwrap();
    world.place(QueueName::Exits);
    world.agree();
    assert_eq!(world.reconcile(), Round::default());
    let orders = || run(world.store().all_orders(&sample::account())).unwrap();
    let stops = || orders().into_iter().filter(|order| order.intent.leg.protects()).collect::<Vec<_>>();
    let [stop] = &stops()[..] else { panic!("one stop works") };
    assert_eq!(stop.state, State::Open);

    // Cancelled by hand, at a venue that keeps nothing of it.
    world.venue.forgets();
    drop(run(world.venue.cancel(&sample::account(), &symbol(), &stop.intent.id)));
    world.clock.advance(3_600_000);
    let grace_ms = desk::port::Venue::timing(&*world.venue).grace_ms;
    world.reconcile();
    assert_eq!(stops().iter().map(|stop| stop.state).collect::<Vec<_>>(), [State::Expired]);
    world.clock.advance(grace_ms);
    assert!(matches!(world.reconcile().findings[..], [Finding::Unprotected { .. }]));
    assert_eq!(stops().len(), 1, "it may have been triggered a moment ago");
    world.clock.advance(1);
    world.reconcile();
    let again: Vec<_> = stops().into_iter().filter(|stop| stop.state == State::Approved).collect();
    assert!(matches!(&again[..], [stop] if stop.intent.attempt == 2), "{again:?}");
}
