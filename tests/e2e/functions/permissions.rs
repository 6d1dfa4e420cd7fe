//! What the functions do to the table and the queues is what `infra/permissions.json` permits: nothing that it lacks, and
//! nothing that it grants for no reason.

use super::desk::CloudDesk;
use super::watched::Log;
use crate::crash_sweep::VenueRef;
use boot::config::DeskConfig;
use desk::fake::{FakeVenue, Fate, sample};
use desk::market::Candle;
use desk::message::{Message, QueueName};
use desk::money::{Price, Quantity};
use desk::order::{Order, State};
use desk::time::{Interval, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const HOUR: i64 = 3_600_000;
/// The hour, since 1970, of the first bar (2002): no answer of an exchange tells of times before 2001.
pub(super) const FIRST_HOUR: i64 = 280_512;

/// Rights that are granted although no scenario here uses them, with the reason.
const RARE: [(&str, &str, &str, &str); 1] =
    [("market-data", "CANDLES", "GetItem", "two processes store the same candle at once, and the second compares")];

/// Closes that lead to an entry, an exit by the strategy, an entry, a stop, and further trades, with quiet between.
fn path() -> Vec<i64> {
    let mut closes = vec![10_000; 12];
    let mut go = |steps: usize, by: i64| {
        for _ in 0..steps {
            closes.push(closes.last().unwrap() + by);
        }
    };
    go(8, 60);
    go(12, -20);
    go(8, 60);
    go(1, -900);
    go(12, -5);
    for _ in 0..12 {
        go(10, 60);
        go(12, -20);
    }
    closes
}

pub(super) fn bars() -> Vec<Candle> {
    let price = |cents: i64| Price::new(rust_decimal::Decimal::new(cents, 2)).unwrap();
    let mut open = 10_000;
    let bar = |(number, close): (i64, i64)| {
        let bar = Candle {
            open_time: Timestamp::from_ms(number * HOUR),
            open: price(open),
            high: price(open.max(close)),
            low: price(open.min(close)),
            close: price(close),
            volume: Quantity::ZERO,
        };
        open = close;
        bar
    };
    (FIRST_HOUR..).zip(path()).map(bar).collect()
}

fn config() -> DeskConfig {
    let mut config = crate::crash_sweep::config();
    config.venue = desk::id::VenueId::new("paper").unwrap();
    config.strategy.parameters =
        BTreeMap::from([("fast", "3"), ("slow", "8")].map(|(k, v)| (k.to_owned(), v.to_owned())));
    config.markets[0].interval = Interval::from_ms(HOUR).unwrap();
    config
}

pub(super) struct Scenario {
    pub(super) desk: CloudDesk,
    pub(super) bars: Vec<Candle>,
    pub(super) next: usize,
}

impl Scenario {
    pub(super) async fn new() -> Self {
        let bars = bars();
        let desk = CloudDesk::new(config(), BTreeMap::from([(sample::instrument().symbol, bars.clone())]));
        // A schedule may come due before the account is opened.
        assert!(desk.kill_switch(r#"{"v":1,"action":"sweep"}"#).await.switch.is_killed());
        assert!(desk.table.items().is_empty());
        desk.open_account().await;
        Self { desk, bars, next: 0 }
    }

    /// Lets the next bar begin, whatever is played before it.
    async fn bar(&mut self) {
        let at = self.bars[self.next].open_time;
        self.next += 1;
        let behind = at.ms_since(desk::port::Clock::now(&self.desk.clock));
        self.desk.clock.advance(behind.max(0));
        self.desk.tick(at).await;
    }

    async fn orders(&self) -> Vec<Order> {
        self.desk.see("test").0.all_orders(&self.desk.config.account).await.unwrap()
    }

    pub(super) async fn is_open(&self) -> bool {
        let store = self.desk.see("test").0;
        store.position(&self.desk.config.account, &sample::instrument().symbol).await.unwrap().is_open()
    }

    /// Goes on until something is sent to a queue, and leaves it there.
    pub(super) async fn until_message(&mut self, queue: QueueName) {
        while self.desk.queues.waiting(queue) == 0 {
            let at = self.bars[self.next].open_time;
            self.next += 1;
            let behind = at.ms_since(desk::port::Clock::now(&self.desk.clock));
            self.desk.clock.advance(behind.max(0));
            self.desk.tick_but(at, queue).await;
        }
    }

    /// Goes on until the trend that led to a wish has passed.
    async fn until_flat_again(&mut self) {
        for _ in 0..10 {
            self.bar().await;
        }
        if self.is_open().await {
            self.until(false).await;
        }
    }

    /// Goes on until a position is open, or closed.
    pub(super) async fn until(&mut self, open: bool) {
        while self.is_open().await != open {
            self.bar().await;
        }
    }
}

/// Everything that happens to a desk, one way or another.
async fn everything() -> Log {
    let mut scenario = Scenario::new().await;
    // A trade that the strategy ends, and one that its stop ends.
    scenario.until(true).await;
    scenario.desk.snapshot().await;
    scenario.until(false).await;
    scenario.until(true).await;
    scenario.until(false).await;
    let filled_stop = |order: &Order| order.intent.leg.protects() && order.state == State::Filled;
    assert!(scenario.orders().await.iter().any(filled_stop), "no stop has filled");
    lost_messages(&mut scenario).await;
    killed(&mut scenario).await;
    at_an_exchange(&mut scenario).await;
    lost_orders(&mut scenario).await;
    asked(&scenario).await;
    // Queues deliver at least once.
    let handled = scenario.desk.handled.lock().unwrap().clone();
    for (queue, message) in handled {
        let _ = scenario.desk.handle(queue, message).await;
    }
    std::mem::take(&mut *scenario.desk.log.lock().unwrap())
}

/// Messages that never arrive, and what reconciliation does about it.
async fn lost_messages(scenario: &mut Scenario) {
    scenario.until(true).await;
    let desk = &scenario.desk;
    // A stop that has gone at the venue: noticed, and brought back.
    let orders = scenario.orders().await;
    let stop = orders.iter().find(|order| order.intent.leg.protects() && order.state == State::Open).unwrap();
    let intent = &stop.intent;
    let gone = desk::port::CancelOrder::cancel(&desk.venue("test"), &intent.account, &intent.symbol, &intent.id).await;
    assert!(matches!(gone, desk::port::CancelOutcome::Done(_)));
    desk.reconcile().await;
    let stops =
        |orders: Vec<Order>| orders.iter().filter(|o| o.intent.leg.protects() && o.state == State::Open).count();
    desk.reconcile().await;
    assert_eq!(stops(scenario.orders().await), 1, "the stop is back");
    // A fill that nobody has told of: found by the balances.
    scenario.until(false).await;
    scenario.until_message(QueueName::Fills).await;
    while scenario.desk.queues.take(QueueName::Fills).is_some() {}
    scenario.desk.reconcile().await;
    assert!(scenario.is_open().await, "the missed fill is booked");
}

async fn killed(scenario: &mut Scenario) {
    let desk = &scenario.desk;
    assert!(scenario.is_open().await);
    let kill = |mode: &str| format!(r#"{{"v":1,"action":"kill","mode":"{mode}","by":"ann","reason":"a test"}}"#);
    assert_eq!(desk.kill_switch(&kill("keep_stops")).await.stops_kept.len(), 1);
    assert_eq!(desk.kill_switch(r#"{"v":1,"action":"sweep"}"#).await.stops_kept.len(), 1);
    assert_eq!(desk.kill_switch(&kill("flatten")).await.flattening.len(), 1);
    desk.drain().await;
    assert!(!scenario.is_open().await);
    // While it is killed a wish is refused.
    for by in ["ann", "bob"] {
        desk.kill_switch(&format!(r#"{{"v":1,"action":"unkill","by":"{by}","reason":"over"}}"#)).await;
    }
    desk.reconcile().await;
    assert!(!desk.kill_switch(r#"{"v":1,"action":"sweep"}"#).await.switch.is_killed());
    // Approved, and killed before it was placed.
    scenario.until_message(QueueName::Orders).await;
    let message = scenario.desk.queues.take(QueueName::Orders).unwrap();
    assert_eq!(scenario.desk.kill_switch(&kill("keep_stops")).await.ended.len(), 1);
    scenario.desk.handle(QueueName::Orders, message).await.unwrap();
    for by in ["ann", "bob"] {
        scenario.desk.kill_switch(&format!(r#"{{"v":1,"action":"unkill","by":"{by}","reason":"over"}}"#)).await;
    }
}

/// Orders that a venue never got, and messages about orders that never arrived.
async fn lost_orders(scenario: &mut Scenario) {
    let venue = Arc::new(FakeVenue::new(scenario.desk.clock.clone()));
    // An entry: settled by a person, by looking, and by the kill switch.
    for settled_by in ["a person", "looking", "the kill switch"] {
        scenario.until_message(QueueName::Orders).await;
        let desk = &scenario.desk;
        let message = desk.queues.take(QueueName::Orders).unwrap();
        let Message::Order { intent, .. } = &message else { panic!("{message:?}") };
        venue.next_post(Fate::LoseRequest);
        assert!(desk.place(&message, VenueRef(venue.clone())).await.is_err());
        let state = async || desk.see("test").0.order(intent).await.unwrap().row.state;
        assert_eq!(state().await, State::Unknown);
        match settled_by {
            "a person" => {
                let settle = format!("/v1/orders/{intent}/resolve");
                assert_eq!(desk.ask("POST", &settle, r#"{"evidence":"seen"}"#).await["state"], "not placed");
            }
            "looking" => {
                for _ in 0..8 {
                    let _ = desk.handle(QueueName::Orders, message.clone()).await;
                    desk.clock.advance(1500);
                }
            }
            _ => {
                desk.clock.advance(60_000);
                desk.kill_switch(r#"{"v":1,"action":"kill","mode":"all","by":"ann","reason":"a test"}"#).await;
                for by in ["ann", "bob"] {
                    desk.kill_switch(&format!(r#"{{"v":1,"action":"unkill","by":"{by}","reason":"over"}}"#)).await;
                }
            }
        }
        assert_eq!(state().await, State::NotPlaced, "settled by {settled_by}");
        while desk.queues.take(QueueName::Signals).is_some() {}
        desk.drain().await;
        scenario.until_flat_again().await;
    }
    // A stop: never placed, and asked for anew. Killed with everything, it is cancelled, and comes back afterwards.
    scenario.until_message(QueueName::Orders).await;
    let desk = &scenario.desk;
    desk.drain_but(QueueName::Exits).await;
    let message = desk.queues.take(QueueName::Exits).unwrap();
    venue.next_post(Fate::LoseRequest);
    assert!(desk.place(&message, VenueRef(venue.clone())).await.is_err());
    for _ in 0..8 {
        let _ = desk.handle(QueueName::Exits, message.clone()).await;
        desk.clock.advance(1500);
    }
    desk.drain().await;
    desk.kill_switch(r#"{"v":1,"action":"kill","mode":"all","by":"ann","reason":"a test"}"#).await;
    for by in ["ann", "bob"] {
        desk.kill_switch(&format!(r#"{{"v":1,"action":"unkill","by":"{by}","reason":"over"}}"#)).await;
    }
    desk.reconcile().await;
    // An approval whose message was lost is sent again.
    scenario.until(false).await;
    scenario.until_message(QueueName::Orders).await;
    assert!(scenario.desk.queues.take(QueueName::Orders).is_some());
    scenario.desk.reconcile().await;
    assert!(scenario.is_open().await, "the approval is placed after all");
}

/// An exchange that can't be reached: what stands before every send is in the table all the same. Reconciliation can't look,
/// and an entry that can't be sent ends unclaimed, and is not unknown.
async fn at_an_exchange(scenario: &mut Scenario) {
    scenario.until_flat_again().await;
    scenario.until_message(QueueName::Orders).await;
    let desk = &scenario.desk;
    assert!(desk.reconcile_with(desk.unreachable("reconciliation")).await.is_err());
    let message = desk.queues.take(QueueName::Orders).unwrap();
    let Message::Order { intent, .. } = &message else { panic!("{message:?}") };
    desk.place(&message, desk.unreachable("order-placement")).await.unwrap();
    assert_eq!(desk.see("test").0.order(intent).await.unwrap().row.state, State::NotPlaced);
}

async fn asked(scenario: &Scenario) {
    let desk = &scenario.desk;
    let decisions = desk.ask("GET", "/v1/decisions", "").await;
    let id = decisions["decisions"][0]["id"].as_str().unwrap().to_owned();
    for path in ["/healthz", "/v1/portfolio", "/v1/balances", "/v1/positions", "/v1/orders", "/v1/ledger", "/v1/kill"] {
        let answer = desk.ask("GET", path, "").await;
        assert!(answer.get("type").is_none(), "{path}: {answer}");
    }
    assert_eq!(desk.ask("GET", &format!("/v1/decisions/{id}"), "").await["id"], id);
}

type Matrix = BTreeSet<(String, String, String)>;

/// What was done, as (function, what, action).
fn done(log: &Log) -> Matrix {
    let mut matrix = Matrix::new();
    for (who, prefixes) in log.table.iter().filter(|(who, _)| **who != "test") {
        for (prefix, actions) in prefixes {
            matrix.extend(actions.iter().map(|action| ((*who).to_owned(), prefix.clone(), (*action).to_owned())));
        }
    }
    for (who, queues) in &log.sent {
        matrix.extend(queues.iter().map(|queue| ((*who).to_owned(), (*queue).to_owned(), "send".to_owned())));
    }
    matrix
}

fn permitted() -> Matrix {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/permissions.json")).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let mut matrix = Matrix::new();
    for (function, rights) in file.as_object().unwrap().iter().filter(|(name, _)| *name != "about") {
        for (prefix, actions) in rights["table"].as_object().unwrap() {
            matrix.extend(texts(actions).into_iter().map(|action| (function.clone(), prefix.clone(), action)));
        }
        matrix.extend(texts(&rights["send"]).into_iter().map(|queue| (function.clone(), queue, "send".to_owned())));
    }
    matrix
}

#[tokio::test(start_paused = true)]
async fn every_function_does_what_it_is_permitted_and_is_permitted_what_it_does() {
    let (done, permitted) = (done(&everything().await), permitted());
    let missing: Vec<_> = done.difference(&permitted).collect();
    assert!(missing.is_empty(), "done, but not permitted: {missing:#?}");
    let rare: Matrix = RARE.iter().map(|(f, p, a, _)| ((*f).to_owned(), (*p).to_owned(), (*a).to_owned())).collect();
    let idle: Vec<_> = permitted.difference(&done).filter(|right| !rare.contains(*right)).collect();
    assert!(idle.is_empty(), "permitted, but never done: {idle:#?}");
    assert!(rare.is_disjoint(&done), "no longer rare: {:?}", rare.intersection(&done));
}
