//! `ballast keys` and `ballast portfolio --venues`, the real binary, at the simulated exchange.

use crate::binary::ballast;
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use venue_sim::server::{Config, Opening, Sim, start};

pub(crate) const KEY: &str = "desk-canary-key-51c0";
const SECRET: &str = "canary-secret-8d1f6c2e";
const PHRASE: &str = "canary passphrase 6f";

pub(crate) struct Scene {
    pub(crate) sim: Sim,
    pub(crate) folder: tempfile::TempDir,
}

pub(crate) async fn scene() -> Scene {
    let mut config = Config::lively(11);
    config.accounts = vec![Opening::new(KEY, SECRET, &[("USDT", 1_000), ("BTC", 2), ("XYZ", 5)])];
    Scene { sim: start(config).await.unwrap(), folder: tempfile::tempdir().unwrap() }
}

pub(crate) fn everything(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Every file below a folder, as text.
fn files(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, text);
        } else {
            *text += &String::from_utf8_lossy(&std::fs::read(path).unwrap());
        }
    }
}

impl Scene {
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = ballast();
        for name in ["PASSPHRASE", "KEY", "SECRET"] {
            command.env_remove(format!("BALLAST_VENUE_{name}"));
        }
        command.env_remove("BALLAST_KEYS_PASSPHRASE").current_dir(self.folder.path()).args(words);
        command.stdin(Stdio::null());
        command
    }

    /// Runs it, and looks that no secret has got out.
    pub(crate) fn run(&self, command: &mut Command) -> Output {
        let output = command.output().unwrap();
        self.nothing_got_out(&output);
        output
    }

    fn nothing_got_out(&self, output: &Output) {
        let mut text = everything(output);
        files(self.folder.path(), &mut text);
        assert!(!text.contains("canary"), "a secret got out: {text}");
    }

    /// Adds a key over standard input.
    fn add(&self, label: &str, lines: &str, more: &[&str]) -> Output {
        let url = self.sim.url();
        let mut command = self.command(&["keys", "add", "binance", "--label", label, "--base-url", &url]);
        let mut child =
            command.args(more).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // It may refuse before it reads.
        let _ = child.stdin.take().unwrap().write_all(lines.as_bytes());
        let output = child.wait_with_output().unwrap();
        self.nothing_got_out(&output);
        output
    }

    pub(crate) fn good(&self, label: &str, more: &[&str]) -> Output {
        self.add(label, &format!("{KEY}\n{SECRET}\n"), more)
    }

    pub(crate) fn json(&self, words: &[&str]) -> Value {
        let output = self.run(self.command(words).arg("--json"));
        assert!(output.status.success(), "{words:?}: {}", everything(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    pub(crate) fn fails(&self, output: &Output, why: &str) {
        let text = everything(output);
        assert!(!output.status.success() && text.contains(why), "{why}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_checked_kept_listed_put_aside_and_forgotten() {
    let scene = scene().await;
    let added = scene.good("Main Account", &["--live"]);
    assert!(added.status.success(), "{}", everything(&added));
    scene.fails(&scene.good("main account", &[]), "choose another label");
    let listed = scene.json(&["keys", "list"]);
    assert_eq!(listed["keys"][0]["label"], "Main Account");
    assert_eq!(listed["keys"][0]["key_prefix"], "desk");
    assert_eq!((listed["keys"][0]["env"].as_str(), listed["keys"][0]["active"].as_bool()), (Some("live"), Some(true)));
    let checked = scene.json(&["keys", "check", "Main Account"]);
    assert_eq!(checked["ok"], true);
    assert_eq!(checked["checks"].as_array().unwrap().len(), 6, "{checked}");
    assert_eq!(scene.json(&["keys", "deactivate", "Main Account"])["active"], false);
    assert_eq!(scene.json(&["keys", "activate", "Main Account"])["active"], true);
    assert_eq!(scene.json(&["keys", "remove", "Main Account"])["removed"], true);
    assert_eq!(scene.json(&["keys", "list"])["keys"].as_array().unwrap().len(), 0);
    scene.fails(&scene.run(&mut scene.command(&["keys", "check", "Main Account"])), "there is no configuration");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_may_withdraw_is_never_kept_nor_activated() {
    let scene = scene().await;
    let offline = scene.good("unchecked", &["--offline"]);
    assert!(offline.status.success(), "{}", everything(&offline));
    assert_eq!(scene.json(&["keys", "list"])["keys"][0]["active"], false);
    scene.sim.with(|exchange, _| exchange.keys.get_mut(KEY).unwrap().withdrawals = true);
    scene.fails(&scene.good("rich", &["--accept-unknown-permissions"]), "may withdraw");
    scene.fails(&scene.run(&mut scene.command(&["keys", "activate", "unchecked"])), "may withdraw");
    scene.fails(&scene.run(&mut scene.command(&["keys", "check", "unchecked"])), "may withdraw");
    let listed = scene.json(&["keys", "list"]);
    assert_eq!((listed["keys"].as_array().unwrap().len(), listed["keys"][0]["active"].as_bool()), (1, Some(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_a_key_is_refused_before_anything_is_kept() {
    let scene = scene().await;
    scene.fails(&scene.add("a", "CHANGEME\nCHANGEME\n", &[]), "placeholder");
    scene.fails(&scene.add("a", &format!("{KEY}\n\n"), &[]), "empty");
    scene.fails(&scene.add("a", &format!("{KEY}\n"), &[]), "ended before the secret");
    scene.fails(&scene.add("a", &format!("{KEY}\n{SECRET}-other\n"), &[]), "was not saved");
    scene.fails(&scene.good("a", &["--live", "--test"]), "cannot be used with");
    scene.fails(&scene.good("a/b", &[]), "a label has");
    let mut elsewhere = scene.command(&["keys", "add", "binance", "--label", "a", "--base-url", "http://own.test"]);
    scene.fails(&scene.run(&mut elsewhere), "loopback");
    scene.fails(&scene.run(&mut scene.command(&["keys", "add", "ftx", "--label", "a"])), "there is no venue");
    assert_eq!(scene.json(&["keys", "list"])["keys"].as_array().unwrap().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_passphrase_says_so_and_without_one_only_labels_are_seen() {
    let scene = scene().await;
    let url = scene.sim.url();
    let mut add = scene.command(&["keys", "add", "binance", "--label", "one", "--from-env", "--base-url", &url]);
    add.env("BALLAST_KEYS_PASSPHRASE", PHRASE).env("BALLAST_VENUE_KEY", KEY).env("BALLAST_VENUE_SECRET", SECRET);
    let added = scene.run(&mut add);
    assert!(added.status.success(), "{}", everything(&added));
    let list = |phrase: &str| scene.run(scene.command(&["keys", "list"]).env("BALLAST_KEYS_PASSPHRASE", phrase));
    scene.fails(&list("wrong"), "the passphrase is wrong");
    scene.fails(&list(" "), "is empty");
    assert!(list(PHRASE).status.success());
    let sealed = scene.json(&["keys", "list"]);
    assert_eq!((sealed["sealed"].as_bool(), sealed["keys"][0]["label"].as_str()), (Some(true), Some("one")));
    scene.fails(&scene.run(&mut scene.command(&["keys", "check", "one"])), "sealed with a passphrase");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_portfolio_of_all_venues_stands_when_one_is_away() {
    let scene = scene().await;
    scene.fails(&scene.run(&mut scene.command(&["portfolio", "--venues"])), "there are no keys here");
    assert!(scene.good("one", &[]).status.success());
    let found = scene.json(&["portfolio", "--venues"]);
    let number = |value: &Value| value.as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap();
    let held = found["holdings"].as_array().unwrap();
    assert_eq!(held.len(), 3, "{found}");
    let unpriced: Vec<&Value> = held.iter().filter(|held| held["worth"].is_null()).collect();
    assert!(matches!(unpriced.as_slice(), [one] if one["asset"] == "XYZ"), "{found}");
    assert!(number(&found["total"]["usd"]) > rust_decimal::Decimal::from(50_000), "{found}");
    assert_eq!(number(&found["total"]["usd"]), number(&found["venues"]["binance"]["usd"]));
    assert_eq!(found["taken_for_a_dollar"][0], "USDC");
    let gone = start(Config::quiet()).await.unwrap();
    let url = gone.url();
    let mut add = scene.command(&["keys", "add", "binance", "--label", "two", "--from-env", "--base-url", &url]);
    add.env("BALLAST_VENUE_KEY", "sim-key").env("BALLAST_VENUE_SECRET", "sim-secret");
    assert!(scene.run(&mut add).status.success());
    drop(gone.shutdown().await);
    let output = scene.run(&mut scene.command(&["portfolio", "--venues", "--json"]));
    scene.fails(&output, "not everything is in these figures: two");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["failures"][0]["label"], "two");
    assert!(number(&found["total"]["usd"]) > rust_decimal::Decimal::from(50_000), "the other's figures stand");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_key_is_said_once() {
    let scene = scene().await;
    assert!(scene.good("one", &[]).status.success());
    let once = |output: &Output, words: &str| {
        scene.fails(output, words);
        assert_eq!(everything(output).matches(words).count(), 1, "{}", everything(output));
    };
    once(&scene.run(&mut scene.command(&["keys", "check", "Nope"])), "there is no configuration \"Nope\"");
    once(&scene.good("one", &[]), "there is a configuration \"one\" already");
    once(&scene.good("", &[]), "a label has 1 to 40");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_there_under_two_labels_is_one_account_in_the_portfolio() {
    let scene = scene().await;
    assert!(scene.good("one", &[]).status.success());
    assert!(scene.good("two", &[]).status.success());
    let found = scene.json(&["portfolio", "--venues"]);
    let labels: Vec<&Value> = found["holdings"].as_array().unwrap().iter().map(|held| &held["label"]).collect();
    assert_eq!(labels, ["one"; 3], "{found}");
    assert_eq!(found["counted_once"], serde_json::json!([{ "label": "two", "counted_as": "one" }]));
    let shown = scene.run(&mut scene.command(&["portfolio", "--venues"]));
    let text = everything(&shown);
    assert!(shown.status.success() && text.contains("\"two\" has the key of \"one\""), "{text}");
}
