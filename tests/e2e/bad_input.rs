//! Bad input: a clear message with cause and way out, nothing half-written, an exit status other than zero.

use crate::binary::{BTC_1H, ballast, json, ohlcv, up, walk};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Runs what must be refused; returns what it said.
fn refused(command: &mut Command) -> String {
    let output: Output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "accepted: {}", String::from_utf8_lossy(&output.stdout));
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(!said.contains("panicked"), "{said}");
    said
}

fn says(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "{word:?} is not in: {said}");
    }
}

const HEAD: &str = "timestamp_ms,open,high,low,close,volume\n";
const ROW: &str = "1700000000000,100,101,99,100.5,1\n";

fn file(folder: &Path, content: &str) -> PathBuf {
    let path = folder.join("AAAUSDT_1h.csv");
    std::fs::write(&path, content).unwrap();
    path
}

#[test]
fn a_file_that_can_not_be_believed_is_refused_naming_the_row_and_leaves_no_folder() {
    let second = |row: &str| format!("{HEAD}{ROW}{row}\n1700007200000,100,101,99,100,1\n");
    let cases = [
        (second("1700000000000,100,101,99,100,1"), "already given"),
        (second("1699999000000,100,101,99,100,1"), "not in order of time"),
        (second("1700003600000,NaN,101,99,100,1"), "NaN"),
        (second("1700003600000,-100,101,99,100,1"), "-100"),
        (second("1700003600000,100,101,99,100,-1"), "-1"),
        (second("1700003600000,100,101,99,0,1"), "0"),
        (second("1700003600000,100,90,99,100,1"), "do not enclose"),
        (second("1700003600000,100,101,99,100.555,1"), "--tick"),
        (format!("{HEAD}{ROW}1700003600000,100,101"), "row 2"),
        (second("1700003600,100,101,99,100,1"), "row 2"),
        (second("1700003600000,1e2,101,99,100,1"), "1e2"),
    ];
    for (content, word) in cases {
        let folder = tempfile::tempdir().unwrap();
        let path = file(folder.path(), &content);
        let said = refused(&mut up(folder.path(), &[&path], &[]));
        says(&said, &["AAAUSDT_1h.csv", "row 2", word]);
        assert!(!folder.path().join("desk").exists(), "{word}: a folder was left behind");
    }
}

#[test]
fn a_file_cut_off_in_its_compression_is_refused() {
    let Some(whole) = ohlcv(BTC_1H) else { return };
    let folder = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(whole).unwrap();
    let path = folder.path().join("x_BTCUSDT_1h.csv.gz");
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    says(&refused(&mut up(folder.path(), &[&path], &[])), &["BTCUSDT", "row"]);
    assert!(!folder.path().join("desk").exists());
}

#[test]
fn a_real_file_whose_time_runs_backwards_is_refused_at_its_row() {
    let Some(path) = ohlcv("coinbase_BTC-USD_1h_20170701_20191017.csv.gz") else { return };
    let folder = tempfile::tempdir().unwrap();
    says(&refused(&mut up(folder.path(), &[&path], &[])), &["row 3206", "order of time"]);
}

#[test]
fn flags_that_make_no_sense_are_refused_with_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("AAAUSDT_1h.csv");
    walk(&path, 1, 50);
    let cases: [(&[&str], &[&str]); 12] = [
        (&["--strategy", "moon"], &["moon", "ema-cross"]),
        (&["--param", "speed=3"], &["speed", "fast (12)"]),
        (&["--param", "fast"], &["name=value"]),
        (&["--param", "fast=99"], &["fast", "smaller than slow"]),
        (&["--risk", "reckless"], &["reckless", "careful"]),
        (&["--cash", "0"], &["cash", "greater than zero"]),
        (&["--cash", "1e6"], &["cash", "1e6"]),
        (&["--stake", "-5"], &["stake"]),
        (&["--tick", "BBBUSDT:0.1"], &["BBBUSDT"]),
        (&["--lot", "0"], &["lot"]),
        (&["--nonsense"], &["--nonsense"]),
        (&["--seed", "3"], &["--seed", "--market sim"]),
    ];
    for (flags, words) in cases {
        says(&refused(&mut up(folder.path(), &[&path], flags)), words);
        assert!(!folder.path().join("desk").exists(), "{flags:?}");
    }
    says(&refused(&mut up(folder.path(), &[&path, &path], &[])), &["AAAUSDT", "another file"]);
    says(&refused(&mut up(folder.path(), &[Path::new("absent.csv")], &[])), &["absent.csv"]);
}

#[test]
fn limits_from_the_environment_are_honoured_and_ambiguous_ones_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("AAAUSDT_1h.csv");
    walk(&path, 1, 300);
    let said = refused(up(folder.path(), &[&path], &[]).env("MIN_ORDER_SIZE", "0.001"));
    says(&said, &["MIN_ORDER_SIZE", "BTCUSDT:0.001"]);
    let figures = json(&up(folder.path(), &[&path], &[]).env("MAX_ORDER_USDT", "10").output().unwrap());
    assert!(figures["refused"]["max_order"].as_u64().unwrap() > 0, "{figures}");
    assert_eq!(figures["fills"], 0);
}

#[test]
fn a_port_in_use_is_named_and_no_folder_is_left_behind() {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("AAAUSDT_1h.csv");
    walk(&path, 1, 50);
    says(&refused(&mut up(folder.path(), &[&path], &["--port", &port])), &[&port, "in use", "--port"]);
    assert!(!folder.path().join("desk").exists());
}

#[test]
fn a_folder_in_use_or_of_another_run_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("AAAUSDT_1h.csv");
    walk(&path, 1, 50);
    json(&up(folder.path(), &[&path], &[]).output().unwrap());
    says(&refused(&mut up(folder.path(), &[&path], &["--cash", "5000"])), &["another run", "--data-dir"]);
    let lock = std::fs::File::open(folder.path().join("desk/lock")).unwrap();
    lock.lock().unwrap();
    says(&refused(&mut up(folder.path(), &[&path], &[])), &["another desk", "--data-dir"]);
    lock.unlock().unwrap();
    json(&up(folder.path(), &[&path], &[]).output().unwrap());
}

#[test]
fn a_folder_that_can_not_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("AAAUSDT_1h.csv");
    walk(&path, 1, 50);
    // A file where the folder should be: refused for everybody, root included.
    std::fs::write(folder.path().join("desk"), "").unwrap();
    says(&refused(&mut up(folder.path(), &[&path], &[])), &["desk"]);
    let absent = ballast().args(["portfolio", "--data-dir"]).arg(folder.path().join("nowhere")).output().unwrap();
    assert!(!absent.status.success());
    says(&String::from_utf8_lossy(&absent.stderr), &["no desk", "ballast up"]);
}

#[test]
fn a_store_that_is_damaged_or_newer_is_refused_and_left_as_it_is() {
    for (name, content, words) in [
        ("money.db", "this is no database at all", &["money.db", "restore"][..]),
        ("market.db", "this is no database at all", &["market.db", "restore"]),
        ("queue.db", "this is no database at all", &["queue.db", "restore"]),
        ("run.json", "{", &["run.json", "damaged"]),
        ("run.json", r#"{"schema": 99}"#, &["run.json", "newer"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("AAAUSDT_1h.csv");
        walk(&path, 1, 50);
        json(&up(folder.path(), &[&path], &[]).output().unwrap());
        let damaged = folder.path().join("desk").join(name);
        for beside in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{beside}", damaged.display()));
        }
        std::fs::write(&damaged, content).unwrap();
        says(&refused(&mut up(folder.path(), &[&path], &[])), words);
        assert_eq!(std::fs::read_to_string(&damaged).unwrap(), content);
    }
}

/// A limit on the size of files stands in for a full disk: writes fail in the middle of the run.
#[test]
fn a_disk_that_fills_up_stops_the_desk_and_the_run_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("AAAUSDT_1h.csv");
    walk(&path, 1, 900);
    let whole = up(folder.path(), &[&path], &["--risk", "reference"]);
    let mut line = String::from("trap '' XFSZ; ulimit -f 600; exec");
    for part in std::iter::once(whole.get_program()).chain(whole.get_args()) {
        line += &format!(" '{}'", part.to_string_lossy());
    }
    let full =
        Command::new("bash").args(["-c", &line]).current_dir(folder.path()).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&full.stderr).into_owned();
    assert!(!full.status.success(), "it had room: {}", String::from_utf8_lossy(&full.stdout));
    says(&said, &["space"]);
    let resumed = json(&up(folder.path(), &[&path], &["--risk", "reference"]).output().unwrap());
    let calm = tempfile::tempdir().unwrap();
    let undisturbed = json(&up(calm.path(), &[&path], &["--risk", "reference"]).output().unwrap());
    assert_eq!(resumed["state_hash"], undisturbed["state_hash"]);
}
