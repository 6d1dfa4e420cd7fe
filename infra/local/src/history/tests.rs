//! Pulls from a simulated exchange, over HTTP, with its faults.

use super::*;
use std::io::Write as _;
use std::time::Duration;
use tempfile::TempDir;
use venue::registry::adapter;
use venue_sim::engine::tape;
use venue_sim::faults::{Fault, Rule};
use venue_sim::server::{Config, Sim};

const MINUTE: i64 = 60_000;
const KLINES: &str = "/api/v3/klines";

/// An exchange with bars of so many minutes, the last one closed two minutes ago, and the first one's beginning.
async fn exchange(minutes: i64) -> (Sim, i64) {
    let sim = venue_sim::server::start(Config::quiet()).await.unwrap();
    let first = sim.with(|exchange, now| {
        let first = (now / MINUTE - 1 - minutes) * MINUTE;
        let bars = (0..minutes).map(|number| {
            let price = Decimal::new(6_000_000 + number * 37 % 1000, 2);
            let volume = Decimal::new(number % 97, 5);
            let high = price + Decimal::ONE;
            tape::Candle { high, volume, ..tape::Candle::flat(first + number * MINUTE, price) }
        });
        exchange.engine.market_mut("BTCUSDT").unwrap().tape.seed(bars);
        first
    });
    (sim, first)
}

fn order(sim: &Sim, folder: &TempDir, first: i64, minutes: i64, name: &str) -> Order {
    let at = Timestamp::from_ms;
    Order {
        adapter: adapter("binance").unwrap(),
        base_url: Some(sim.url()),
        symbol: "BTC/USDT".to_owned(),
        interval: Interval::MINUTE,
        from: at(first),
        to: Some(at(first + minutes * MINUTE)),
        out: folder.path().join(name),
    }
}

async fn quiet(order: &Order) -> anyhow::Result<Pulled> {
    pull(order, &mut |_| {}).await
}

#[tokio::test]
async fn bars_that_the_venue_does_not_have_are_refused_before_anything_is_written() {
    let (sim, first) = exchange(10).await;
    let folder = TempDir::new().unwrap();
    let interval = "7m".parse().unwrap();
    let order = Order { interval, ..order(&sim, &folder, first, 10, "seven.parquet") };
    let said = format!("{:#}", quiet(&order).await.unwrap_err());
    assert!(said.contains("--interval 7m: the exchange has no 7m bars; it has 1s, 1m"), "{said}");
    assert!(!said.contains("goes on"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

fn bar(minute: i64, price: &str) -> Candle {
    let price: Price = price.parse().unwrap();
    let volume = "0.00012".parse().unwrap();
    Candle {
        open_time: Timestamp::from_ms(minute * MINUTE),
        open: price,
        high: price,
        low: price,
        close: price,
        volume,
    }
}

fn some_header() -> Header {
    let at = Timestamp::from_ms;
    Header {
        venue: "binance".into(),
        symbol: "BTCUSDT".into(),
        market: "BTC/USDT".into(),
        base: "BTC".into(),
        quote: "USDT".into(),
        tick: Some("0.1".into()),
        lot: Some("0.00001".into()),
        source: "here".into(),
        interval: Interval::MINUTE,
        from: at(0),
        start: at(0),
        asked_to: None,
        to: at(100 * MINUTE),
    }
}

#[tokio::test]
async fn a_pull_that_was_broken_off_and_torn_ends_with_the_bytes_of_an_unbroken_one() {
    let folder = tempfile::tempdir().unwrap();
    let (sim, first) = exchange(3500).await;
    let whole = order(&sim, &folder, first, 3500, "whole.parquet");
    let pulled = quiet(&whole).await.unwrap();
    assert_eq!((pulled.bars, pulled.missing()), (3500, 0));
    assert_eq!(pulled.first, Some(Timestamp::from_ms(first)));

    let broken = order(&sim, &folder, first, 3500, "broken.parquet");
    let refused = Fault::Error { status: 400, code: -1100, msg: "no".into(), acted: false };
    sim.script([Rule { skip: 2, ..Rule::once("GET", KLINES, refused) }]);
    let error = format!("{:#}", quiet(&broken).await.unwrap_err());
    assert!(error.contains("the same command goes on"), "{error}");
    assert!(!broken.out.exists());
    let part = journal::path_of(&broken.out);
    let before = std::fs::read(&part).unwrap();
    let mut torn = std::fs::OpenOptions::new().append(true).open(&part).unwrap();
    torn.write_all(b"b,1,2,3,4,5,6*00000000\np,12").unwrap();
    drop(torn);

    let other = Order { interval: "5m".parse().unwrap(), ..broken.clone() };
    let error = format!("{:#}", quiet(&other).await.unwrap_err());
    assert!(error.contains("--interval 1m, not 5m") && error.contains("--out"), "{error}");

    let mut notes = Vec::new();
    let mut resumed = None;
    let mut tell = |news: News| match news {
        News::Note(note) => notes.push(note),
        News::Page(progress) => resumed = Some(progress),
    };
    assert_eq!(pull(&broken, &mut tell).await.unwrap().bars, 3500);
    assert!(notes.iter().any(|note| note.starts_with("2000 bars are there")), "{notes:?}");
    assert_eq!(resumed.map(|progress| progress.fresh), Some(1500));
    assert!(before.len() > 2000 && !part.exists());

    let [one, two] = [&whole.out, &broken.out].map(|path| parquet::read(path).unwrap());
    assert_eq!(one.1, two.1);
    assert_eq!(Facts { pulled_at: one.0.pulled_at, ..two.0 }, one.0);
    let error = quiet(&whole).await.unwrap_err().to_string();
    assert!(error.contains("is there already"), "{error}");
}

#[tokio::test]
async fn a_pull_that_is_dropped_between_two_pages_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (sim, first) = exchange(2500).await;
    let order = order(&sim, &folder, first, 2500, "dropped.parquet");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut stop = Some(stop);
    let mut tell = |_: News| drop(stop.take());
    tokio::select! {
        biased;
        _ = stopped => {}
        _ = pull(&order, &mut tell) => panic!("it was to be stopped"),
    }
    assert!(journal::path_of(&order.out).exists() && !order.out.exists());
    let pulled = quiet(&order).await.unwrap();
    assert_eq!(pulled.bars, 2500);
    assert!(pulled.pages < 3, "{} pages", pulled.pages);
}

#[tokio::test]
async fn one_second_bars_of_a_running_exchange_are_those_of_its_tape_and_closed() {
    let folder = tempfile::tempdir().unwrap();
    let sim = venue_sim::server::start(Config::lively(7)).await.unwrap();
    let began = sim.with(|_, now| now);
    tokio::time::sleep(Duration::from_secs(4)).await;
    let order = Order { interval: "1s".parse().unwrap(), to: None, ..order(&sim, &folder, began, 0, "s.parquet") };
    let pulled = quiet(&order).await.unwrap();
    let (facts, bars) = parquet::read(&order.out).unwrap();
    assert!(pulled.bars >= 2 && bars.last().unwrap().close_time(order.interval) <= pulled.to);
    let told = sim.with(|exchange, now| {
        let tape = &exchange.engine.market("BTCUSDT").unwrap().tape;
        tape.bars(tape::Length::parse("1s").unwrap(), Some(began), now, 1000)
    });
    for (ours, theirs) in bars.iter().zip(told) {
        let theirs = (theirs.open_at, theirs.open, theirs.high, theirs.low, theirs.close, theirs.volume);
        let values = (ours.open.value(), ours.high.value(), ours.low.value(), ours.close.value(), ours.volume.value());
        assert_eq!((ours.open_time.ms(), values.0, values.1, values.2, values.3, values.4), theirs);
    }
    assert_eq!(
        (facts.symbol.as_str(), facts.market.as_str(), facts.venue.as_str()),
        ("BTCUSDT", "BTC/USDT", "binance")
    );
}

#[tokio::test]
async fn a_page_that_fails_is_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let (sim, first) = exchange(1500).await;
    let order = order(&sim, &folder, first, 1500, "faulty.parquet");
    sim.script([
        Rule::once("GET", KLINES, Fault::Status { status: 503, acted: false }),
        Rule { skip: 1, ..Rule::once("GET", KLINES, Fault::Reset { acted: false }) },
        Rule { skip: 1, ..Rule::once("GET", KLINES, Fault::Truncated {}) },
    ]);
    assert_eq!(quiet(&order).await.unwrap().bars, 1500);
    assert_eq!(sim.fired().values().sum::<u64>(), 3);
}

#[tokio::test]
async fn what_lies_before_the_first_bar_is_a_gap_and_an_unknown_market_has_near_ones() {
    let folder = tempfile::tempdir().unwrap();
    let (sim, first) = exchange(120).await;
    let order = order(&sim, &folder, first, 120, "gap.parquet");
    let early = Order { from: order.from.plus_ms(-400 * 86_400_000), ..order.clone() };
    let pulled = quiet(&early).await.unwrap();
    assert_eq!((pulled.bars, pulled.gaps.len(), pulled.missing()), (120, 1, 400 * 1440));
    assert!(pulled.pages < 20, "{} pages", pulled.pages);
    assert_eq!(parquet::read(&early.out).unwrap().0.gaps, pulled.gaps);

    let wrong = Order { symbol: "BTC-USDT".into(), out: folder.path().join("wrong.parquet"), ..order };
    let error = format!("{:#}", quiet(&wrong).await.unwrap_err());
    assert!(error.contains("near are BTCUSDT (BTC/USDT)"), "{error}");
}

#[test]
fn damage_before_a_whole_page_is_refused_and_a_second_process_is_kept_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.part");
    let (mut journal, _, _) = Journal::open(&path, some_header()).unwrap();
    journal.page(&[bar(0, "1.5")], Timestamp::from_ms(MINUTE), some_header().to).unwrap();
    journal.page(&[bar(1, "2.5")], Timestamp::from_ms(2 * MINUTE), some_header().to).unwrap();
    let error = Journal::open(&path, some_header()).unwrap_err().to_string();
    assert!(error.contains("another process"), "{error}");
    drop(journal);
    let (_, _, reached) = Journal::open(&path, some_header()).unwrap();
    assert_eq!((reached.bars, reached.last), (2, Some(bar(1, "2.5"))));

    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("1.5,1.5", "1.5,1.6")).unwrap();
    let error = Journal::open(&path, some_header()).unwrap_err().to_string();
    assert!(error.contains("line 2 is damaged"), "{error}");
    std::fs::write(&path, "somebody's notes\n").unwrap();
    assert!(Journal::open(&path, some_header()).is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "somebody's notes\n");
}

#[test]
fn numbers_of_all_sizes_come_back_exactly_and_are_replayed_with_the_files_own_market() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("any-name.parquet");
    let bars = [bar(0, "60000"), bar(1, "0.00000012"), bar(7, "123456789.5")];
    let mut scales = Scales::default();
    bars.iter().for_each(|bar| scales.take(bar));
    let facts = Facts {
        version: 1,
        venue: "okx".into(),
        symbol: "SHIB-USDT".into(),
        market: "SHIB/USDT".into(),
        base: "SHIB".into(),
        quote: "USDT".into(),
        tick: scales.step().to_string(),
        lot: Some("1".into()),
        interval: Interval::MINUTE,
        source: "here".into(),
        pulled_at: Timestamp::from_ms(0),
        from: Timestamp::from_ms(0),
        to: Timestamp::from_ms(8 * MINUTE),
        missing: 5,
        gap_count: 1,
        gaps: Vec::new(),
    };
    let mut writer = Writer::create(&path, &facts, scales).unwrap();
    bars.iter().for_each(|bar| writer.take(bar).unwrap());
    writer.finish().unwrap();
    assert_eq!(parquet::read(&path).unwrap(), (facts, bars.to_vec()));

    let lot = "0.5".parse().unwrap();
    let series = crate::market::parquet::load(&path, None, |_| (None, None), lot).unwrap();
    assert_eq!(series.candles, bars);
    let market = &series.instrument;
    assert_eq!(
        (market.symbol.as_str(), market.base.as_str(), market.tick.to_string()),
        ("SHIB-USDT", "SHIB", "0.00000001".into())
    );
    assert_eq!((market.lot.to_string(), series.interval), ("1".to_owned(), Interval::MINUTE));
    let tick: Price = "0.01".parse().unwrap();
    let coarse = |_: &desk::id::Symbol| (Some(tick), None);
    let error = crate::market::parquet::load(&path, None, coarse, lot).unwrap_err().to_string();
    assert!(error.contains("row 2") && error.contains("0.00000001"), "{error}");
}
