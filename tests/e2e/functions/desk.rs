//! A desk of watched functions, and a market that shows it one bar after another.

use super::watched::{SharedLog, Watched, WatchedQueues};
use api::auth::{Guard, Token};
use axum::body::Body;
use axum::http::Request;
use boot::Failure;
use boot::config::DeskConfig;
use boot::event::{KillEvent, Scheduled};
use desk::fake::{FakeClock, FakeQueues, FakeTable};
use desk::id::{InvocationId, Symbol, VenueId};
use desk::market::Candle;
use desk::message::{Message, QueueName};
use desk::port::{Clock, Venue};
use desk::time::{Interval, Timestamp};
use http_body_util::BodyExt;
use market_data::follow::Follower;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};
use store::Store;
use tower::ServiceExt;
use venue::binance::Binance;
use venue::live::transport::SendFault;
use venue::live::{Access, Exchange, LiveSpot, Transport, VenueBars, told_instrument};
use venue::paper::{Announced, Paper, Terms};
use venue::protocol::{Markets, Reply, Request as Question, Scope};

type WatchedBars = VenueBars<Watched, Shown, Shown>;
type WatchedFollower = Follower<WatchedBars, Watched, Announced<Watched>, Arc<FakeClock>, WatchedQueues>;
pub(crate) type WatchedVenue = Paper<Watched, Announced<Watched>, Arc<FakeClock>>;

/// Recorded bars, of which a market shows those that have begun.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    bars: Arc<Mutex<BTreeMap<Symbol, Vec<Candle>>>>,
    now: Arc<Mutex<Timestamp>>,
}

/// The market's time: every question is asked when the market stands there.
impl Clock for Shown {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }
}

/// Answers as Binance does, dated with the market's time.
impl Transport for Shown {
    async fn send(&self, _: &str, request: &Question, _: Duration) -> Result<Reply, SendFault> {
        let query = request.target.strip_prefix("/api/v3/klines?").unwrap();
        let asked: BTreeMap<&str, &str> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let number = |name: &str| asked.get(name).map(|text| text.parse::<i64>().unwrap());
        let (now, interval) = (self.now(), asked["interval"].parse::<Interval>().unwrap());
        let seen = |bar: &&Candle| bar.open_time.ms() >= number("startTime").unwrap_or(0) && bar.open_time <= now;
        let all = self.bars.lock().unwrap().get(&Symbol::new(asked["symbol"]).unwrap()).cloned().unwrap_or_default();
        let limit = usize::try_from(number("limit").unwrap()).unwrap();
        let rows: Vec<Value> = all.iter().filter(seen).take(limit).map(|bar| row(bar, interval, now)).collect();
        let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(now.ms().unsigned_abs()));
        let mut reply = Reply::new(200, Value::from(rows).to_string());
        reply.headers.push(("date".to_owned(), date));
        Ok(reply)
    }
}

/// A network on which nothing arrives.
struct Silence;

impl Transport for Silence {
    async fn send(&self, _: &str, _: &Question, _: Duration) -> Result<Reply, SendFault> {
        Err(SendFault { reason: "no route".to_owned(), unsent: true })
    }
}

/// A bar as Binance writes it. Of one that has not closed only the opening is known.
fn row(bar: &Candle, interval: Interval, now: Timestamp) -> Value {
    let text = |number: &dyn std::fmt::Display| Value::from(number.to_string());
    let Candle { open_time, open, high, low, close, volume } = bar;
    let (end, nothing) = (bar.close_time(interval), Value::from("0"));
    let (high, low, close) = if end <= now { (high, low, close) } else { (open, open, open) };
    let mut row = vec![open_time.ms().into(), text(open), text(high), text(low), text(close), text(volume)];
    row.extend([(end.ms() - 1).into(), nothing.clone(), 0.into(), nothing.clone(), nothing.clone(), nothing]);
    Value::from(row)
}

pub(crate) struct CloudDesk {
    pub(crate) table: Arc<FakeTable>,
    pub(crate) queues: Arc<FakeQueues>,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) config: Arc<DeskConfig>,
    pub(crate) log: SharedLog,
    shown: Shown,
    market_data: market_data::Deps<Watched, WatchedFollower, WatchedQueues>,
    signal_inference: signal_inference::Deps<Watched, WatchedQueues>,
    /// Messages that were given to their handlers, for sending them again.
    pub(crate) handled: Mutex<Vec<(QueueName, Message)>>,
}

impl CloudDesk {
    pub(crate) fn new(config: DeskConfig, bars: BTreeMap<Symbol, Vec<Candle>>) -> Self {
        let strategy = config.check().unwrap();
        let config = Arc::new(config);
        let (table, queues): (Arc<FakeTable>, Arc<FakeQueues>) = Default::default();
        let clock = Arc::new(FakeClock::at(0));
        let log = SharedLog::default();
        let shown = Shown { bars: Arc::new(Mutex::new(bars)), now: Arc::new(Mutex::new(Timestamp::from_ms(0))) };
        let see = |who| {
            (
                Watched { table: table.clone(), who, log: log.clone() },
                WatchedQueues { queues: queues.clone(), who, log: log.clone() },
            )
        };
        let (t, q) = see("market-data");
        let exchange =
            Exchange::new(&Binance, Access::default(), t.clone(), shown.clone(), shown.clone(), 1, |_, _, _| {});
        exchange.set_markets(Markets::new(config.markets.iter().map(|market| told_instrument(&market.instrument))));
        let follower = Follower {
            bars: VenueBars::new(Arc::new(exchange)),
            venue: paper(&config, t.clone(), clock.clone()),
            queues: q.clone(),
            store: Store::new(t.clone()),
            config: config.clone(),
        };
        let market_data = market_data::Deps {
            store: Store::new(t),
            candles: follower,
            queues: q,
            config: config.clone(),
            last: market_data::Last::default(),
        };
        let (t, queues_of_inference) = see("signal-inference");
        let signal_inference = signal_inference::Deps {
            store: Store::new(t),
            queues: queues_of_inference,
            config: config.clone(),
            strategy,
            cursors: signal_inference::Cursors::default(),
        };
        let handled = Mutex::default();
        Self { table, queues, clock, config, log, shown, market_data, signal_inference, handled }
    }

    pub(crate) fn see(&self, who: &'static str) -> (Store<Watched>, WatchedQueues) {
        let (table, queues, log) = (self.table.clone(), self.queues.clone(), self.log.clone());
        (Store::new(Watched { table, who, log: log.clone() }), WatchedQueues { queues, who, log })
    }

    pub(crate) fn venue(&self, who: &'static str) -> WatchedVenue {
        paper(&self.config, self.see(who).0.table().clone(), self.clock.clone())
    }

    /// What processes do when they begin: all make a call to warm up, and `reconciliation` opens the account.
    pub(crate) async fn open_account(&self) {
        for function in boot::resources::Resources::read().unwrap().functions {
            self.see(function.name.leak()).0.kill_state(&self.config.account).await.unwrap();
        }
        let (store, _) = self.see("reconciliation");
        store.open_or_adopt(&self.config.opening(Timestamp::from_ms(0))).await.unwrap();
        let DeskConfig { account, quote, cash, .. } = self.config.as_ref();
        self.venue("reconciliation").fund(account, quote, *cash).await.unwrap();
    }

    /// Shows another market from now on.
    pub(crate) fn show(&mut self, bars: BTreeMap<Symbol, Vec<Candle>>) {
        *self.shown.bars.lock().unwrap() = bars;
    }

    /// Lets the market come to `now` and its schedule come due; what that fails with is the caller's.
    pub(crate) async fn try_tick(&self, now: Timestamp) -> Result<Option<Timestamp>, Failure> {
        self.come_to(now);
        market_data::handle(&self.market_data, &Scheduled::ALL).await
    }

    /// Lets the market come to `now`, and its schedule come due. Fills are booked beside it, as on AWS.
    pub(crate) async fn tick(&self, now: Timestamp) {
        self.come_to(now);
        let pull = market_data::handle(&self.market_data, &Scheduled::ALL);
        let book = async {
            loop {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                while let Some(message) = self.queues.take(QueueName::Fills) {
                    self.handle(QueueName::Fills, message).await.unwrap();
                }
            }
        };
        tokio::select! {
            biased;
            pulled = pull => { pulled.unwrap(); }
            () = book => {}
        }
        self.drain().await;
    }

    /// As [`CloudDesk::tick`], with one queue's messages left where they are.
    pub(crate) async fn tick_but(&self, now: Timestamp, not: QueueName) {
        *self.shown.now.lock().unwrap() = now;
        market_data::handle(&self.market_data, &Scheduled::ALL).await.unwrap();
        self.drain_queues(Some(not)).await;
    }

    /// The market has come to that instant, and the desk's clock with it.
    fn come_to(&self, now: Timestamp) {
        *self.shown.now.lock().unwrap() = now;
        self.clock.advance(now.ms_since(self.clock.now()).max(0));
    }

    /// Gives every message to its handler until there is none.
    pub(crate) async fn drain(&self) {
        self.drain_queues(None).await;
    }

    /// As [`CloudDesk::drain`], with one queue's messages left where they are.
    pub(crate) async fn drain_but(&self, not: QueueName) {
        self.drain_queues(Some(not)).await;
    }

    async fn drain_queues(&self, not: Option<QueueName>) {
        while let Some((queue, message)) = QueueName::ALL
            .into_iter()
            .filter(|queue| Some(*queue) != not)
            .find_map(|queue| self.queues.take(queue).map(|message| (queue, message)))
        {
            for _ in 0..20 {
                match self.handle(queue, message.clone()).await {
                    Err(Failure::Retry { .. }) => self.clock.advance(1000),
                    done => {
                        done.unwrap();
                        break;
                    }
                }
            }
        }
    }

    pub(crate) async fn handle(&self, queue: QueueName, message: Message) -> Result<(), Failure> {
        self.handled.lock().unwrap().push((queue, message.clone()));
        let (clock, config) = (self.clock.clone(), self.config.clone());
        match queue {
            QueueName::Bars => signal_inference::handle(&self.signal_inference, &message).await,
            QueueName::Signals => {
                let (store, queues) = self.see("risk-validation");
                let deps = risk_validation::Deps { store, queues, clock, config };
                risk_validation::handle(&deps, &message).await
            }
            QueueName::Orders | QueueName::Exits => self.place(&message, self.venue("order-placement")).await,
            QueueName::Fills => {
                let (store, queues) = self.see("fill-booking");
                fill_booking::handle(&fill_booking::Deps { store, queues, clock, config }, &message).await
            }
        }
    }

    /// Places at a venue of the caller's choice.
    pub(crate) async fn place(&self, message: &Message, venue: impl Venue) -> Result<(), Failure> {
        let (store, queues) = self.see("order-placement");
        let deps = order_placement::Deps { store, venue, queues, clock: self.clock.clone() };
        let number = self.handled.lock().unwrap().len();
        order_placement::handle(&deps, message, &InvocationId::new(format!("i{number}")).unwrap()).await
    }

    pub(crate) async fn reconcile(&self) -> reconciliation::Round {
        let round = self.reconcile_with(self.venue("reconciliation")).await.unwrap();
        self.drain().await;
        round
    }

    /// A round against a venue of the caller's choice.
    pub(crate) async fn reconcile_with(&self, venue: impl Venue) -> Result<reconciliation::Round, Failure> {
        let (store, queues) = self.see("reconciliation");
        let (clock, config) = (self.clock.clone(), self.config.clone());
        let deps = reconciliation::Deps { store, venue, queues, clock, config };
        reconciliation::handle(&deps, &Scheduled::ALL).await
    }

    /// An exchange over the network, as a function sees it, that nobody can reach.
    pub(crate) fn unreachable(&self, who: &'static str) -> impl Venue + use<> {
        let table = self.see(who).0.table().clone();
        let exchange = Exchange::new(&Binance, Access::default(), table, self.clock.clone(), Silence, 1, |_, _, _| {});
        LiveSpot::new(VenueId::new("binance").unwrap(), Arc::new(exchange), Scope::default())
    }

    pub(crate) async fn snapshot(&self) {
        let (store, _) = self.see("portfolio-snapshot");
        let deps = portfolio_snapshot::Deps { store, clock: self.clock.clone(), config: self.config.clone() };
        portfolio_snapshot::handle(&deps, &Scheduled::ALL).await.unwrap();
    }

    fn kill_deps(&self) -> kill_switch::Deps<Watched, WatchedVenue, WatchedQueues, Arc<FakeClock>, Arc<FakeClock>> {
        let (store, queues) = self.see("kill-switch");
        let (clock, wall, config) = (self.clock.clone(), self.clock.clone(), self.config.clone());
        kill_switch::Deps { store, venue: Some(self.venue("kill-switch")), queues, clock, wall, config }
    }

    /// The kill switch as it is where a venue is live: without the venue.
    pub(crate) async fn kill_switch_without_keys(&self, event: &str) -> kill_switch::Report {
        let deps = kill_switch::Deps { venue: None, ..self.kill_deps() };
        kill_switch::handle(&deps, &KillEvent::decode(event).unwrap()).await.unwrap()
    }

    pub(crate) async fn kill_switch(&self, event: &str) -> kill_switch::Report {
        kill_switch::handle(&self.kill_deps(), &KillEvent::decode(event).unwrap()).await.unwrap()
    }

    /// Asks over HTTP, each route at its own function.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: &str) -> Value {
        let guard = Guard::Token(Token::new("t"));
        let deps = api::Deps { store: self.see("api").0, clock: self.clock.clone(), config: self.config.clone() };
        let routes = api::routes(Arc::new(deps), guard.clone());
        let routes = routes.merge(kill_switch::http::routes(Arc::new(self.kill_deps()), guard));
        let request = Request::builder().method(method).uri(path).header("authorization", "Bearer t");
        let request = request.header("content-type", "application/json").body(Body::from(body.to_owned())).unwrap();
        let answer = api::shell(routes, || "x".to_owned()).oneshot(request).await.unwrap();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&bytes).unwrap()
    }
}

fn paper(config: &DeskConfig, table: Watched, clock: Arc<FakeClock>) -> WatchedVenue {
    let paper = &config.paper;
    let terms = Terms { fee: paper.fee, slippage: paper.slippage, participation: paper.participation };
    let instruments = config.markets.iter().map(|market| market.instrument.clone());
    Paper::new(config.venue.clone(), table.clone(), Announced(table), clock, terms, instruments)
}
