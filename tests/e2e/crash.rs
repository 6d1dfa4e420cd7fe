//! Killed at random moments and started again, a run ends as if nothing had happened.

use crate::binary::{json, up, walk};
use ballast::desk::clock::DeskClock;
use ballast::desk::driver::Driver;
use ballast::desk::feed::Feed;
use ballast::desk::queues::Queues;
use ballast::desk::wiring::{Desk, Market, Parts};
use ballast::embedded::Shelves;
use ballast::embedded::queue::Queue;
use ballast::market::{Series, csv};
use boot::config::DeskConfig;
use desk::market::Candle;
use desk::time::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use venue::paper::Phase;

/// What a crash must not change. Times and messages sent again are not part of it.
const SAME: [&str; 12] = [
    "bars",
    "signals",
    "intents",
    "approved",
    "posted",
    "fills",
    "trades",
    "stops",
    "unknown",
    "fees",
    "final_equity",
    "state_hash",
];

fn same(a: &Value, b: &Value) {
    for field in SAME {
        assert_eq!(a[field], b[field], "{field}");
    }
    assert_eq!(a["refused"], b["refused"]);
}

fn markets(folder: &Path) -> Vec<PathBuf> {
    let files: Vec<PathBuf> = ["AAAUSDT_1h.csv", "BBBUSDT_1h.csv"].iter().map(|name| folder.join(name)).collect();
    for (seed, file) in files.iter().enumerate() {
        walk(file, 21 + u64::try_from(seed).unwrap(), 700);
    }
    files
}

const FLAGS: [&str; 4] = ["--risk", "reference", "--cash", "1500"];

#[test]
fn killed_again_and_again_the_run_ends_as_if_nothing_had_happened() {
    let source = tempfile::tempdir().unwrap();
    let files = markets(source.path());
    let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    let calm = tempfile::tempdir().unwrap();
    let undisturbed = json(&up(calm.path(), &files, &FLAGS).output().unwrap());
    assert!(undisturbed["trades"].as_u64().unwrap() > 10, "{undisturbed}");
    // A machine that is busy with something else may let a run come to its end between two looks: then another one is begun.
    let (mut killed, mut folder) = (0, tempfile::tempdir().unwrap());
    for round in 0_u64..200 {
        let mut child = up(folder.path(), &files, &FLAGS).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(20 + round * 37 % 150));
        let ended = child.try_wait().unwrap();
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        if let Some(status) = ended {
            assert!(status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            same(&undisturbed, &json(&up(folder.path(), &files, &FLAGS).output().unwrap()));
            folder = tempfile::tempdir().unwrap();
        } else {
            killed += 1;
        }
        if killed == 20 {
            break;
        }
    }
    assert_eq!(killed, 20, "so many rounds were killed while they worked");
    same(&undisturbed, &json(&up(folder.path(), &files, &FLAGS).output().unwrap()));
}

/// A desk in this process on the files of a folder, and the driver that takes its run up.
async fn resumed(folder: &Path, config: &DeskConfig, bars: &[Series], start: Timestamp) -> (Desk, Driver) {
    let (clock, market_clock) = DeskClock::starting_at(start);
    let queue = Arc::new(Queue::open(&folder.join("queue.db")).unwrap());
    queue.recover(start).unwrap();
    let bars = bars.iter().map(|s| (s.instrument.symbol.clone(), s.interval, s.candles.clone())).collect();
    let market = Market::Played(Feed::recorded(bars, market_clock.clone()));
    let table = Arc::new(Shelves::open(folder).unwrap());
    let queues = Queues::new(queue, clock.clone()).unwrap();
    let strategy = config.check().unwrap();
    let parts = Parts { config: Arc::new(config.clone()), strategy, table, queues, clock, market_clock, market };
    let desk = Desk::wire(parts, start).await.unwrap();
    let driver = Driver::resume(&desk, desk.played.clone().unwrap()).await.unwrap();
    (desk, driver)
}

/// The venue traded in a bar, and the process ended before the desk was told: after every trade of a stop, and every trade
/// at an opening that is not another bar's end.
#[tokio::test]
async fn a_trade_that_the_desk_was_not_told_of_is_booked_before_anything_is_decided() {
    let source = tempfile::tempdir().unwrap();
    let files = markets(source.path());
    for (file, step) in files.iter().zip([3, 4]) {
        let text = std::fs::read_to_string(file).unwrap();
        let with_gaps = text.lines().enumerate().filter(|(n, _)| *n < 2 || n % step != 2);
        std::fs::write(file, with_gaps.map(|(_, line)| format!("{line}\n")).collect::<String>()).unwrap();
    }
    let calm = tempfile::tempdir().unwrap();
    let paths: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    let undisturbed = json(&up(calm.path(), &paths, &FLAGS).output().unwrap());
    let run: Value = serde_json::from_slice(&std::fs::read(calm.path().join("desk/run.json")).unwrap()).unwrap();
    let config: DeskConfig = serde_json::from_value(run["config"].clone()).unwrap();
    let series = files.iter().zip(&config.markets).map(|(file, market)| {
        let instrument = &market.instrument;
        csv::load(file, Some(instrument.symbol.clone()), instrument.tick, instrument.lot).unwrap()
    });
    let series: Vec<Series> = series.collect();
    let start = series.iter().map(|s| s.candles[0].open_time).min().unwrap();

    let folder = tempfile::tempdir().unwrap();
    let (mut desk, mut driver) = resumed(folder.path(), &config, &series, start).await;
    let (mut untold, mut previous) = (BTreeMap::new(), start);
    while let Some(at) = driver.next() {
        let paper = desk.played.clone().unwrap().paper;
        let mut traded = false;
        for s in &series {
            let ends = |bar: &&Candle| bar.close_time(s.interval) == at;
            let begins = |bar: &&Candle| bar.open_time == at && previous < at && !s.candles.iter().any(|b| ends(&b));
            let ended = s.candles.iter().find(ends).map(|bar| (bar, Phase::Range));
            if let Some((bar, phase)) = ended.or(s.candles.iter().find(begins).map(|bar| (bar, Phase::Open))) {
                let fills = paper.play(&config.account, &s.instrument.symbol, s.interval, bar, phase).await.unwrap();
                *untold.entry(format!("{phase:?}")).or_insert(0) += fills.len();
                traded |= !fills.is_empty();
            }
        }
        if traded {
            drop((desk, driver));
            (desk, driver) = resumed(folder.path(), &config, &series, start).await;
            continue;
        }
        driver.instant(&desk, at).await.unwrap();
        previous = at;
    }
    assert!(untold["Range"] > 5 && untold["Open"] > 5, "{untold:?}");
    let figures = serde_json::to_value(ballast::report::read(&desk).await.unwrap()).unwrap();
    same(&undisturbed, &figures);
}

#[test]
fn a_finished_run_run_again_changes_nothing_and_posts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let files = markets(folder.path());
    let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    let first = json(&up(folder.path(), &files, &FLAGS).output().unwrap());
    let again = json(&up(folder.path(), &files, &FLAGS).output().unwrap());
    same(&first, &again);
    for queue in ["signals.fifo", "orders.fifo", "exits.fifo", "fills.fifo"] {
        assert_eq!(first["messages"][queue], again["messages"][queue], "{queue}");
    }
}

/// The power takes back what was not flushed: the market shelf and the queues fall behind the money shelf.
#[test]
fn candles_and_messages_lost_with_the_power_are_made_again_and_money_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let files = markets(folder.path());
    let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    let calm = tempfile::tempdir().unwrap();
    let undisturbed = json(&up(calm.path(), &files, &FLAGS).output().unwrap());
    let desk = folder.path().join("desk");
    let interrupted = |ms: u64| {
        let mut child = up(folder.path(), &files, &FLAGS).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // On a busy machine the desk may take its time to begin.
        let begun = (0..600).any(|_| {
            std::thread::sleep(Duration::from_millis(50));
            desk.join("queue.db-wal").exists()
        });
        assert!(begun, "the desk did not begin");
        std::thread::sleep(Duration::from_millis(ms));
        child.kill().unwrap();
        child.wait().unwrap();
    };
    let relaxed = |file: &str| file.starts_with("market.db") || file.starts_with("queue.db");
    interrupted(250);
    let saved = tempfile::tempdir().unwrap();
    let entries = |at: &Path| std::fs::read_dir(at).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    for name in entries(&desk).filter(|name| relaxed(name)) {
        std::fs::copy(desk.join(&name), saved.path().join(&name)).unwrap();
    }
    interrupted(400);
    for name in entries(&desk).filter(|name| relaxed(name)).collect::<Vec<_>>() {
        std::fs::remove_file(desk.join(name)).unwrap();
    }
    for name in entries(saved.path()) {
        std::fs::copy(saved.path().join(&name), desk.join(&name)).unwrap();
    }
    let resumed = json(&up(folder.path(), &files, &FLAGS).output().unwrap());
    same(&undisturbed, &resumed);
}
