//! Order books kept from the simulated exchange's stream, while it loses, doubles and reorders its deltas, and gives out
//! snapshots that are too old. Whoever can look at a book sees the exchange's own, at the number it tells.

use boot::WallClock;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{Receiver, channel};
use venue::binance::Binance;
use venue::live::stream::{News, Plan, follow};
use venue::live::{Access, Alone, BookState, Exchange, Http, LiveBooks};
use venue::protocol::Product;
use venue::protocol::stream::Topic;
use venue_sim::engine::rules::Filter;
use venue_sim::engine::types::Side;
use venue_sim::faults::{Faults, Stream, Venue};
use venue_sim::server::{Config, Sim, start};

const SYMBOL: &str = "BTCUSDT";
const NAME: &str = "BTC/USDT";
/// More than there will ever be.
const ALL: usize = 10_000;

type Levels = Vec<(Decimal, Decimal)>;

struct Scene {
    sim: Sim,
    news: Receiver<News>,
    books: LiveBooks,
    /// The exchange's book at each of its numbers.
    truth: BTreeMap<u64, (Levels, Levels)>,
    orders: i64,
    seen: Seen,
}

#[derive(Debug, Default)]
struct Seen {
    known: u32,
    unknown: u32,
    down: u32,
    compared: u32,
    reasons: Vec<String>,
}

async fn scene() -> Scene {
    let mut config = Config::quiet();
    // One account makes the whole book.
    for listing in &mut config.listings {
        listing.rules.filters.retain(|filter| !matches!(filter, Filter::MaxNumOrders(_)));
    }
    let sim = start(config).await.unwrap();
    let origins = BTreeMap::from([("*".to_owned(), sim.url())]);
    let access = Access { origins, test: true, credentials: None };
    let exchange = Exchange::new(&Binance, access, Alone::default(), WallClock, Http::new().unwrap(), 7, |_, _, _| {});
    let markets = exchange.load_markets(&[Product::Spot]).await.unwrap();
    let market = markets.get(NAME).unwrap().clone();
    let plan = Plan::new(&Binance, vec![Topic::Book(market)]);
    let books = plan.books.clone();
    let (out, news) = channel(10_000);
    tokio::spawn(follow(Arc::new(exchange), plan, out));
    Scene { sim, news, books, truth: BTreeMap::new(), orders: 0, seen: Seen::default() }
}

impl Scene {
    /// One more order rests in the book, which is looked at then.
    fn trade(&mut self) {
        self.orders += 1;
        let n = self.orders;
        let (side, price) =
            if n % 2 == 0 { (Side::Buy, 59_000 + n * 7 % 400) } else { (Side::Sell, 60_000 + n * 11 % 400) };
        let book = self.sim.with(|exchange, now| {
            exchange.rest(SYMBOL, side, Decimal::from(price), Decimal::new(1 + n % 5, 3), now).unwrap();
            exchange.engine.market(SYMBOL).unwrap().book.snapshot(ALL)
        });
        self.truth.insert(book.update, (book.bids, book.asks));
    }

    /// Takes what has been told, and holds each book that can be looked at against the exchange's.
    fn listen(&mut self) {
        while let Ok(news) = self.news.try_recv() {
            match news {
                News::Up => {}
                News::Down(_) => self.seen.down += 1,
                News::Book { market, state } => {
                    assert_eq!(market, NAME);
                    match state {
                        BookState::Known => self.seen.known += 1,
                        BookState::Changed => {}
                        BookState::Unknown(why) => {
                            self.seen.unknown += 1;
                            self.seen.reasons.push(why);
                        }
                    }
                }
                News::Event(event) => panic!("{event:?}"),
            }
        }
        let ours = self.books.look(NAME, |book| {
            (book.sequence().unwrap(), book.bids().collect::<Levels>(), book.asks().collect::<Levels>())
        });
        if let Some((number, bids, asks)) = ours {
            let Some(theirs) = self.truth.get(&number) else { return };
            assert_eq!(&(bids, asks), theirs, "the book at {number} is the exchange's");
            self.seen.compared += 1;
        }
    }

    /// Trades and listens until `enough`, or for too long.
    async fn until(&mut self, what: &str, enough: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !enough(self) {
            assert!(began.elapsed() < Duration::from_secs(120), "{what}: {:?} {:?}", self.seen, self.sim.fired());
            self.trade();
            tokio::time::sleep(Duration::from_millis(20)).await;
            self.listen();
        }
    }

    /// A break of the connection, until the next one has a book.
    async fn begin_anew(&mut self) {
        let (known, down) = (self.seen.known, self.seen.down);
        self.sim.disconnect();
        self.until("the break", |scene| scene.seen.down > down).await;
        self.until("the book of the next connection", |scene| scene.seen.known > known).await;
    }

    fn fired(&self, fault: &str) -> u64 {
        self.sim.fired().get(fault).copied().unwrap_or_default()
    }
}

fn bad(stream: Stream, snapshot_age_ms: i64) -> Faults {
    Faults { seed: 3, stream, venue: Venue { snapshot_age_ms, ..Venue::default() }, ..Faults::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_book_that_can_be_looked_at_is_the_exchange_s_own_whatever_its_stream_does() {
    let mut scene = scene().await;
    scene.until("the first book", |scene| scene.seen.known == 1 && scene.seen.compared > 20).await;
    let storm =
        Stream { depth_gap_ppm: 50_000, depth_duplicate_ppm: 50_000, depth_reorder_ppm: 50_000, ..Stream::default() };
    scene.sim.switch(bad(storm, 0));
    let faults = ["depth_gap", "depth_duplicate", "depth_reorder"];
    scene
        .until("the storm", |scene| {
            faults.iter().all(|fault| scene.fired(fault) > 1) && scene.seen.unknown > 3 && scene.seen.known > 3
        })
        .await;
    assert!(scene.seen.reasons.iter().any(|why| why.contains("a delta is missing")), "{:?}", scene.seen);
    // A broken connection: there is no book until the next one has begun.
    scene.sim.switch(Faults::default());
    scene.begin_anew().await;
    // Nothing comes for a while, and then the first delta shows that something is missing.
    let (lost, before) = (scene.fired("depth_gap"), scene.seen.unknown);
    scene.sim.switch(bad(Stream { depth_gap_ppm: 1_000_000, ..Stream::default() }, 0));
    scene.until("a hole", |scene| scene.fired("depth_gap") > lost + 3).await;
    assert_eq!(scene.seen.unknown, before, "nobody can know yet");
    let known = scene.seen.known;
    scene.sim.switch(Faults::default());
    scene.until("the hole is noticed, and mended", |s| s.seen.unknown > before && s.seen.known > known).await;
    // Snapshots are older than what the stream has told since it began: another one is fetched until one is not.
    scene.sim.switch(bad(Stream::default(), 600));
    scene.begin_anew().await;
    let compared = scene.seen.compared;
    scene.until("calm", |scene| scene.seen.compared > compared + 20).await;
}
