//! The desk at the simulated exchange, over HTTP and WebSocket, while both misbehave. Whatever happens on the way, in the
//! end the ledger is the exchange's own books, and no order was placed twice.

use ballast::desk::live::{AtVenue, Live, open};
use ballast::desk::wiring::{Desk, LiveVenue};
use boot::WallClock;
use boot::config::{DeskConfig, MarketConfig, PaperConfig, StrategyConfig};
use desk::id::{AccountId, Asset, VenueId};
use desk::money::{Amount, Bps, Notional};
use desk::order::State;
use desk::port::Clock;
use desk::risk::Profile;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use venue::binance::Binance;
use venue::live::{Access, Http, first_look, spot_instrument};
use venue::protocol::{Credentials, Product};
use venue_sim::faults::{Fault, Faults, Rule, Stream, Venue as VenueFaults};
use venue_sim::server::{Config, Opening, Sim, start};

const SECRET: &str = "canary-secret-8d1f6c2e";
pub(crate) const KEY: &str = "desk";
const CASH: i64 = 100_000;
pub(crate) const SYMBOL: &str = "BTCUSDT";

pub(crate) struct Scene {
    pub(crate) sim: Sim,
    pub(crate) desk: Desk,
    pub(crate) venue: LiveVenue,
    folder: tempfile::TempDir,
}

fn config(markets: Vec<MarketConfig>) -> DeskConfig {
    let fee: Bps = "10".parse().unwrap();
    let parameters = BTreeMap::from([("fast".to_owned(), "2".to_owned()), ("slow".to_owned(), "4".to_owned())]);
    DeskConfig {
        account: AccountId::new("main").unwrap(),
        venue: VenueId::new("sim").unwrap(),
        quote: Asset::new("USDT").unwrap(),
        cash: Amount::whole(u32::try_from(CASH).unwrap()),
        strategy: StrategyConfig {
            name: "ema-cross".to_owned(),
            parameters,
            stake: Notional::new(Amount::whole(500)).unwrap(),
        },
        profile: Profile { fee, ..Profile::named("reference").unwrap() },
        paper: PaperConfig { fee, slippage: Bps::ZERO, participation: None },
        markets,
        live: None,
    }
}

/// A lively exchange with one account.
pub(crate) async fn exchange(funds: &[(&str, i64)]) -> Sim {
    let mut exchange = Config::lively(7);
    exchange.accounts = vec![Opening::new(KEY, SECRET, funds)];
    start(exchange).await.unwrap()
}

async fn scene() -> Scene {
    opened(exchange(&[("USDT", CASH)]).await).await
}

/// The desk at that exchange.
pub(crate) async fn opened(sim: Sim) -> Scene {
    let credentials = Credentials::new("sim", KEY.into(), SECRET.into(), None).unwrap();
    let origins = BTreeMap::from([("*".to_owned(), sim.url())]);
    let access = Access { origins, test: true, credentials: Some(credentials) };
    let all = first_look(&Binance, &access, Product::Spot, &Http::new().unwrap(), WallClock.now()).await.unwrap();
    let instruments: Vec<_> = all.into_iter().filter(|i| i.symbol == SYMBOL).collect();
    let interval = "1s".parse().unwrap();
    let market = |i| MarketConfig { instrument: spot_instrument(i).unwrap(), interval };
    let config = config(instruments.iter().map(market).collect());
    let folder = tempfile::tempdir().unwrap();
    let at = AtVenue { protocol: &Binance, access, instruments };
    let (desk, venue) = open(folder.path(), config, at).await.unwrap();
    Scene { sim, desk, venue, folder }
}

impl Scene {
    pub(crate) async fn trade(&self, live: &mut Live, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            live.turn(&self.desk).await.unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The exchange's own books: what the desk's account holds, and each client id with what was filled of it.
    pub(crate) fn theirs(&self) -> (BTreeMap<String, Decimal>, Vec<(String, Decimal)>) {
        self.sim.with(|exchange, _| {
            exchange.engine.audit().unwrap();
            let account = exchange.keys.get(KEY).unwrap().account;
            let balances = exchange.engine.ledger().balances(account);
            let held = balances.into_iter().map(|(asset, b)| (asset, b.free + b.locked));
            let held = held.filter(|(_, total)| !total.is_zero()).collect();
            let orders = exchange.engine.all_orders(account, SYMBOL);
            (held, orders.map(|order| (order.client_id.clone(), order.executed)).collect())
        })
    }

    /// What the ledger holds.
    pub(crate) async fn ours(&self) -> BTreeMap<String, Decimal> {
        let ours = self.desk.store.holdings(&self.desk.config.account).await.unwrap();
        let held = ours.iter().filter(|(_, amount)| !amount.is_zero());
        held.map(|(asset, amount)| (asset.to_string(), amount.to_decimal().unwrap())).collect()
    }

    /// Holds the desk's books against the exchange's.
    async fn agree(&self) {
        let account = &self.desk.config.account;
        let (held, orders) = self.theirs();
        assert_eq!(self.ours().await, held, "the ledger is the exchange's own books");
        let names: BTreeSet<&String> = orders.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), orders.len(), "no client id was used twice");
        let mine = self.desk.store.all_orders(account).await.unwrap();
        let mut known = BTreeMap::new();
        for order in &mine {
            assert!(!matches!(order.state, State::Unknown | State::Claimed), "{} is {}", order.intent.id, order.state);
            known.insert(order.intent.id.to_string(), order.filled.quantity.value());
        }
        for (name, executed) in &orders {
            assert_eq!(known.get(name), Some(executed), "order {name} is booked as the exchange filled it");
        }
        let sums = self.desk.store.account_state(account).await.unwrap();
        assert_eq!(sums.frozen, None);
    }
}

fn chance(method: &str, path: &str, fault: Fault, percent: u32) -> Rule {
    Rule { chance_ppm: percent * 10_000, ..Rule::each(method, path, fault) }
}

/// Lost and late and doubled, on both ways, and an exchange that takes its time to answer for an order.
fn weather() -> Faults {
    let order = "/api/v3/order";
    let unknown = Fault::Error { status: 503, code: -1007, msg: "Timeout waiting for response.".into(), acted: true };
    Faults {
        seed: 11,
        rules: vec![
            chance("POST", order, Fault::ResponseLost { hang_ms: 20 }, 15),
            chance("POST", order, Fault::RequestLost { hang_ms: 20 }, 10),
            chance("POST", order, Fault::Page { status: 502, acted: true }, 10),
            chance("POST", order, Fault::Truncated {}, 10),
            chance("POST", order, unknown, 10),
            chance("DELETE", order, Fault::ResponseLost { hang_ms: 20 }, 20),
            chance("GET", order, Fault::Status { status: 500, acted: false }, 20),
            chance("GET", "", Fault::Page { status: 403, acted: false }, 5),
            chance("GET", "/api/v3/klines", Fault::Reset { acted: false }, 20),
        ],
        venue: VenueFaults { query_lag_ms: 400, lists_lag_ms: 300, ..VenueFaults::default() },
        stream: Stream {
            duplicate_ppm: 300_000,
            reorder_ppm: 200_000,
            drop_ppm: 200_000,
            garbage_ppm: 20_000,
            disconnect_after: 25,
            ..Stream::default()
        },
    }
}

pub(crate) fn run(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
}

#[test]
fn the_desk_trades_at_an_exchange_that_misbehaves_and_its_ledger_is_the_exchange_s_books() {
    run(async {
        let scene = scene().await;
        let mut live = Live::begin(&scene.desk, scene.venue.clone(), &Binance);
        scene.trade(&mut live, Duration::from_secs(8)).await;
        scene.sim.switch(weather());
        let wanted = ["response_lost", "request_lost", "page", "truncated", "error"];
        let began = Instant::now();
        let mut stormy = 0;
        // Until every fault has met the desk, and enough orders to tell something.
        while began.elapsed() < Duration::from_secs(240) {
            scene.trade(&mut live, Duration::from_secs(5)).await;
            stormy = scene.theirs().1.len();
            let fired = scene.sim.fired();
            if stormy >= 12 && wanted.iter().all(|fault| fired.contains_key(*fault)) {
                break;
            }
        }
        // A storm of 429: everybody is silent for two seconds, and the desk with them.
        let storm = chance("", "", Fault::TooManyRequests { retry_after_s: 2 }, 100);
        scene.sim.switch(Faults { rules: vec![Rule { times: Some(1), ..storm }], ..Faults::default() });
        scene.trade(&mut live, Duration::from_secs(4)).await;
        scene.sim.switch(Faults::default());
        scene.sim.disconnect();
        scene.trade(&mut live, Duration::from_secs(5)).await;
        live.settle(&scene.desk, Duration::from_secs(90)).await.unwrap();
        let fired = scene.sim.fired();
        for fault in wanted.into_iter().chain(["too_many_requests"]) {
            assert!(fired.get(fault).is_some_and(|count| *count > 0), "{fault} never fired: {fired:?}");
        }
        assert!(live.breaks() > 1, "the stream broke and came back");
        assert!(stormy >= 10, "{stormy} orders in bad weather are too few to tell anything");
        scene.agree().await;
        scene.no_secret_is_written();
    });
}

impl Scene {
    /// No file of the desk holds the secret.
    fn no_secret_is_written(&self) {
        let mut files = 0;
        for entry in std::fs::read_dir(self.folder.path()).unwrap() {
            let content = std::fs::read(entry.unwrap().path()).unwrap_or_default();
            files += 1;
            assert!(!content.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
        }
        assert!(files >= 3);
    }
}

#[test]
fn nothing_is_placed_while_the_clocks_differ() {
    run(async {
        let scene = scene().await;
        let mut live = Live::begin(&scene.desk, scene.venue.clone(), &Binance);
        let drift = VenueFaults { clock_drift_ms: 900, ..VenueFaults::default() };
        scene.sim.switch(Faults { venue: drift, ..Faults::default() });
        scene.venue.exchange().measure_clock().await.unwrap();
        let began = Instant::now();
        let mut orders = Vec::new();
        while orders.is_empty() && began.elapsed() < Duration::from_secs(90) {
            scene.trade(&mut live, Duration::from_secs(2)).await;
            orders = scene.desk.store.all_orders(&scene.desk.config.account).await.unwrap();
        }
        assert!(!orders.is_empty(), "the strategy wished to trade");
        scene.trade(&mut live, Duration::from_secs(1)).await;
        let orders = scene.desk.store.all_orders(&scene.desk.config.account).await.unwrap();
        assert!(orders.iter().all(|order| order.state == State::NotPlaced && order.claim.is_none()));
        let why = &orders[0].history.last().unwrap().why;
        assert!(why.contains("its clock is") && why.contains("more than 500 ms"), "{why}");
        assert_eq!(scene.theirs().1.len(), 0, "the exchange saw no order");
    });
}
