//! The kill switch, on a desk at rest and on one that runs.

use crate::binary::{ballast, json, up, walk};
use serde_json::Value;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn verb(desk: &Path, arguments: &[&str]) -> Value {
    json(&ballast().args(arguments).args(["--json", "--data-dir"]).arg(desk).output().unwrap())
}

/// A market that rises steadily until `top` and then stands: one entry, held.
fn rising(path: &Path, bars: u32, top: u32) {
    let mut text = "timestamp_ms,open,high,low,close,volume\n".to_owned();
    for bar in 0..bars {
        // Down first, so that there is a cross.
        let level = |b: u32| if b < 40 { 200 - b } else { 160 + 2 * (b.min(top) - 40) };
        let (open, close) = (level(bar.saturating_sub(1)), level(bar));
        let at = 1_699_999_200_000_u64 + u64::from(bar) * 3_600_000;
        text += &format!("{at},{open},{},{},{close},5\n", open.max(close), open.min(close));
    }
    std::fs::write(path, text).unwrap();
}

/// The desk with an open position and its stop, at rest.
fn with_position(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("AAAUSDT_1h.csv");
    rising(&path, 120, 110);
    let figures = json(&up(folder, &[&path], &["--risk", "reference"]).output().unwrap());
    assert_eq!(figures["open_positions"], 1, "{figures}");
    folder.join("desk")
}

fn states(desk: &Path, leg: &str) -> Vec<String> {
    let orders = verb(desk, &["orders", "--limit", "200"]);
    let of_leg = |o: &&Value| o["leg"].as_str().unwrap().starts_with(leg);
    orders["orders"]
        .as_array()
        .unwrap()
        .iter()
        .filter(of_leg)
        .map(|o| o["state"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_kill_keeps_the_protective_stop_and_all_cancels_it() {
    let folder = tempfile::tempdir().unwrap();
    let desk = with_position(folder.path());
    assert_eq!(states(&desk, "stop"), ["open"]);
    let swept = verb(&desk, &["kill", "--reason", "a test"]);
    assert_eq!(swept["switch"]["killed"], true);
    assert_eq!(swept["stops_kept"].as_array().unwrap().len(), 1);
    assert_eq!(states(&desk, "stop"), ["open"]);
    let swept = verb(&desk, &["kill", "--all", "--reason", "a test"]);
    assert_eq!(swept["ended"].as_array().unwrap().len(), 1);
    assert_eq!(states(&desk, "stop"), ["cancelled"]);
}

/// What a verb prints for people.
fn said(desk: &Path, arguments: &[&str]) -> String {
    let output = ballast().args(arguments).arg("--data-dir").arg(desk).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_desk_that_was_killed_says_so_when_it_begins_again() {
    let folder = tempfile::tempdir().unwrap();
    let desk = with_position(folder.path());
    let again = |flags: &[&str]| {
        let path = folder.path().join("AAAUSDT_1h.csv");
        String::from_utf8(up(folder.path(), &[&path], flags).output().unwrap().stderr).unwrap()
    };
    assert!(!again(&["--risk", "reference"]).contains("KILLED"));
    verb(&desk, &["kill", "--reason", "the moon"]);
    let told = again(&["--risk", "reference"]);
    for words in ["KILLED   since", "by operator, keep stops (the moon)", "`ballast unkill --reason TEXT`"] {
        assert!(told.contains(words), "{words:?} is not in: {told}");
    }
    verb(&desk, &["unkill", "--reason", "checked", "--by", "ann"]);
    let told = again(&["--risk", "reference"]);
    assert!(told.contains("ann has asked to trade again, which takes effect at"), "{told}");
}

#[test]
fn a_flatten_at_rest_says_that_it_closes_nothing_yet() {
    let folder = tempfile::tempdir().unwrap();
    let desk = with_position(folder.path());
    let text = said(&desk, &["kill", "--flatten"]);
    assert!(text.contains("   1 orders that close positions"), "{text}");
    assert!(text.contains("the desk is not running: stops stay"), "{text}");
    assert_eq!(states(&desk, "stop"), ["open"]);
}

#[test]
fn unkilling_takes_a_delay_or_a_second_person() {
    let folder = tempfile::tempdir().unwrap();
    let desk = with_position(folder.path());
    verb(&desk, &["kill"]);
    let asked = verb(&desk, &["unkill", "--reason", "checked", "--by", "ann"]);
    assert_eq!(asked["switch"]["killed"], true);
    let same = verb(&desk, &["unkill", "--reason", "checked", "--by", "Ann"]);
    assert_eq!(same["switch"]["killed"], true, "one person twice is one person");
    let agreed = verb(&desk, &["unkill", "--reason", "agreed", "--by", "bob"]);
    assert_eq!(agreed["switch"]["killed"], false);
    verb(&desk, &["kill"]);
    verb(&desk, &["unkill", "--reason", "checked", "--by", "ann"]);
    // The profile `reference` asks for one second.
    std::thread::sleep(Duration::from_millis(1100));
    let waited = verb(&desk, &["unkill", "--reason", "checked", "--by", "ann"]);
    assert_eq!(waited["switch"]["killed"], false);
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_for(what: &str, mut met: impl FnMut() -> bool) {
    let began = Instant::now();
    while !met() {
        assert!(began.elapsed() < Duration::from_secs(60), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The simulated market, running.
fn simulated(folder: &Path, flags: &[&str]) -> Running {
    let mut command = ballast();
    command.current_dir(folder).args(["up", "--port", "0", "--data-dir", "desk"]).args(flags);
    let child = Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    wait_for("the desk to answer", || {
        let asked = ballast().args(["portfolio", "--json", "--data-dir"]).arg(folder.join("desk")).output().unwrap();
        asked.status.success() && folder.join("desk/endpoint.json").exists()
    });
    child
}

#[test]
fn a_running_desk_is_killed_flattened_and_let_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let desk = folder.path().join("desk");
    let _running = simulated(folder.path(), &["--speed", "6000", "--risk", "reference"]);
    let open = |desk: &Path| {
        let positions = verb(desk, &["positions"]);
        positions.as_array().unwrap().iter().filter(|p| p["quantity"] != "0").count()
    };
    wait_for("a position", || open(&desk) > 0);
    let swept = verb(&desk, &["kill", "--flatten", "--reason", "a test"]);
    assert_eq!(swept["switch"]["killed"], true);
    wait_for("every position to be closed", || open(&desk) == 0);
    let orders = || verb(&desk, &["orders", "--limit", "200"]);
    let newest = orders()["orders"][0]["id"].clone();
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(orders()["orders"][0]["id"], newest, "a killed desk makes no orders");
    verb(&desk, &["unkill", "--reason", "checked"]);
    wait_for("the kill to be lifted", || {
        let health = verb(&desk, &["doctor"]);
        drop(health);
        orders()["orders"][0]["id"] != newest
    });
}

#[test]
fn a_backup_of_a_running_desk_restores_to_a_sound_one() {
    let folder = tempfile::tempdir().unwrap();
    let desk = folder.path().join("desk");
    let backup = folder.path().join("copy");
    let restored = folder.path().join("restored");
    {
        let _running = simulated(folder.path(), &["--speed", "6000", "--risk", "reference"]);
        let run = |command: &mut Command| assert!(command.output().unwrap().status.success());
        run(ballast().arg("backup").arg(&backup).arg("--data-dir").arg(&desk));
    }
    let done = ballast().arg("restore").arg(&backup).arg("--data-dir").arg(&restored).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(verb(&restored, &["doctor"])["faults"], 0);
    let again = ballast().arg("restore").arg(&backup).arg("--data-dir").arg(&restored).output().unwrap();
    assert!(!again.status.success(), "a folder that is not empty is not overwritten");
    std::fs::write(backup.join("money.db"), "other").unwrap();
    let damaged =
        ballast().arg("restore").arg(&backup).arg("--data-dir").arg(folder.path().join("third")).output().unwrap();
    assert!(!damaged.status.success() && String::from_utf8_lossy(&damaged.stderr).contains("money.db"));
    assert!(!folder.path().join("third").exists());
}

#[test]
fn doctor_finds_a_posting_that_was_changed_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("AAAUSDT_1h.csv");
    walk(&path, 5, 400);
    json(&up(folder.path(), &[&path], &["--risk", "reference"]).output().unwrap());
    let desk = folder.path().join("desk");
    assert_eq!(verb(&desk, &["doctor"])["faults"], 0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        use desk::port::{Condition, Table, Write};
        let shelves = ballast::embedded::Shelves::open(&desk).unwrap();
        let key = store::keys::transaction(&desk::id::AccountId::new("main").unwrap(), 2);
        let mut item = shelves.get(&key).await.unwrap().unwrap();
        let condition = Condition::Version(item.version);
        item.version += 1;
        let at = item.body.find("\"amount\":\"").unwrap() + 10;
        item.body.insert(at, '9');
        shelves.transact(vec![Write::Put { item, condition }]).await.unwrap();
    });
    let found = ballast().args(["doctor", "--data-dir"]).arg(&desk).output().unwrap();
    assert!(!found.status.success());
    assert!(String::from_utf8_lossy(&found.stdout).contains("broken at transaction 2"));
}
