//! Killed at random moments and started again, a run ends as if nothing had happened.

use crate::binary::{json, up, walk};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

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
    let folder = tempfile::tempdir().unwrap();
    let files = markets(folder.path());
    let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    let calm = tempfile::tempdir().unwrap();
    let undisturbed = json(&up(calm.path(), &files, &FLAGS).output().unwrap());
    assert!(undisturbed["trades"].as_u64().unwrap() > 10, "{undisturbed}");
    let mut killed = 0;
    for round in 0_u64..25 {
        let mut child = up(folder.path(), &files, &FLAGS).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(20 + round * 37 % 150));
        killed += u32::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(killed > 5, "only {killed} rounds were killed while they worked");
    let resumed = json(&up(folder.path(), &files, &FLAGS).output().unwrap());
    same(&undisturbed, &resumed);
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
