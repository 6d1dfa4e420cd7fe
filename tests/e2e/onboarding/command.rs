//! `ballast up --live`, the real binary with keys of its own, at the simulated exchange.

use crate::keys::{KEY, Scene, everything, scene};
use rust_decimal::Decimal;
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};
use venue_sim::faults::{Fault, Faults, Rule, Venue};

pub(super) const LABEL: &str = "Main Account";

impl Scene {
    /// `up --live` for some bars of a second, with what else is given.
    fn up(&self, more: &[&str]) -> Command {
        let mut command = self.command(&["up", "--live", LABEL, "--symbol", "BTCUSDT", "--interval", "1s"]);
        command.args(["--bars", "12", "--until-end", "--json", "--risk", "reference", "--stake", "50"]);
        command.args(["--param", "fast=2", "--param", "slow=4"]).args(more);
        command
    }

    fn refuses(&self, more: &[&str], why: &str) {
        self.fails(&self.run(&mut self.up(more)), why);
        assert!(self.desks().is_empty(), "nothing was begun: {:?}", self.desks());
    }

    /// The folders of desks.
    fn desks(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.folder.path().join("ballast-data")) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect()
    }

    fn held(&self, asset: &str) -> Decimal {
        self.sim.with(|exchange, _| {
            let account = exchange.keys.get(KEY).unwrap().account;
            let balance = exchange.engine.ledger().balance(account, asset);
            balance.free + balance.locked
        })
    }
}

fn figures(output: &Output) -> Value {
    assert!(output.status.success(), "{}", everything(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

const READY: [&str; 3] = ["--untested-venue", "--confirm", LABEL];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_begins_with_real_money_unless_everything_was_said() {
    let scene = scene().await;
    scene.refuses(&READY, "there are no keys here");
    assert!(scene.good(LABEL, &[]).status.success());
    scene.refuses(&READY, "was added for reading only");
    scene.run(&mut scene.command(&["keys", "remove", LABEL]));
    assert!(scene.good(LABEL, &["--live"]).status.success());
    scene.run(&mut scene.command(&["keys", "deactivate", LABEL]));
    scene.refuses(&READY, "is not active");
    scene.run(&mut scene.command(&["keys", "activate", LABEL]));
    scene.refuses(&["--confirm", LABEL], "nobody has traded through this adapter");
    scene.refuses(&["--untested-venue"], "not confirmed: nothing was begun");
    scene.refuses(&["--untested-venue", "--confirm", "main account"], "not confirmed: nothing was begun");
    scene.refuses(&["--untested-venue", "--confirm", LABEL, "--symbol", "NONEUSDT"], "no such spot market");
    scene.sim.switch(Faults { venue: Venue { clock_drift_ms: 900, ..Venue::default() }, ..Faults::default() });
    scene.refuses(&READY, "is not ready for live trading: clock");
    scene.sim.switch(Faults::default());
    scene.sim.with(|exchange, _| exchange.keys.get_mut(KEY).unwrap().withdrawals = true);
    scene.refuses(&READY, "is not ready for live trading: permissions");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_desk_trades_with_the_keys_of_a_label_and_goes_on_in_the_same_folder() {
    let scene = scene().await;
    assert!(scene.good(LABEL, &["--live"]).status.success());
    let output = scene.run(&mut scene.up(&READY));
    let first = figures(&output);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    for words in ["REAL MONEY", "can be lost", "BTCUSDT", "test order"] {
        assert!(said.contains(words), "{words:?} is not in:\n{said}");
    }
    assert_eq!(first["cash"].as_str().unwrap().parse::<Decimal>().unwrap(), scene.held("USDT"));
    assert!(first["ledger_imbalance"].as_object().unwrap().values().all(|sum| sum == "0"));
    assert_eq!(first["dead_letters"], 0);

    // The venue's clock is asked for twice at the start. A single refusal of either question ends nothing.
    let time = |skip| Rule { skip, ..Rule::once("GET", "/api/v3/time", Fault::Status { status: 503, acted: false }) };
    scene.sim.switch(Faults { rules: vec![time(0), time(2)], ..Faults::default() });
    let second = figures(&scene.run(&mut scene.up(&READY)));
    scene.sim.switch(Faults::default());
    assert_eq!(scene.desks().len(), 1, "{:?}", scene.desks());
    let count = |figures: &Value, name: &str| figures[name].as_u64().unwrap();
    assert!(count(&second, "bars") > count(&first, "bars"), "it went on");
    assert!(count(&second, "transactions") >= count(&first, "transactions"));
    assert_eq!(second["cash"].as_str().unwrap().parse::<Decimal>().unwrap(), scene.held("USDT"));
    scene.fails(&scene.run(scene.up(&["--param", "slow=9"]).args(READY)), "given twice");
    let mut other = scene.command(&["up", "--live", LABEL, "--symbol", "BTCUSDT", "--bars", "1", "--until-end"]);
    scene.fails(&scene.run(other.args(READY)), "belongs to another run");

    // At rest the books can be read. Nobody has the keys then, so nothing else can be done.
    let portfolio = scene.json(&["portfolio"]);
    assert_eq!(portfolio["mode"], "live");
    assert!(portfolio["unpriced"]["XYZ"].is_string(), "{portfolio}");
    let ledger = scene.json(&["ledger", "--transactions"]);
    assert_eq!(ledger[0]["cause"], "opening");
    assert_eq!(ledger[1]["cause"], "opening");
    scene.fails(&scene.run(&mut scene.command(&["kill"])), "nobody reaches its orders there");
    let unkill = scene.run(&mut scene.command(&["unkill", "--reason", "checked"]));
    scene.fails(&unkill, "is not running");
    assert!(everything(&unkill).contains("it comes up killed and opens nothing"), "{}", everything(&unkill));
    assert!(!everything(&unkill).contains("reaches its orders"), "those are the words of `kill`");
    let doctor = scene.run(&mut scene.command(&["doctor"]));
    assert!(doctor.status.success(), "{}", everything(&doctor));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_wrong_is_told_before_the_key_is_looked_at() {
    let scene = scene().await;
    assert!(scene.good(LABEL, &["--live"]).status.success());
    let refuses = |market: &str, stake: &str, why: &str| {
        let mut up = scene.command(&["up", "--live", LABEL, "--symbol", market, "--stake", stake, "--bars", "1"]);
        let output = scene.run(up.args(["--until-end"]).args(READY));
        scene.fails(&output, why);
        assert!(!everything(&output).contains("permissions"), "the key was looked at: {}", everything(&output));
        assert!(scene.desks().is_empty());
    };
    refuses("NONEUSDT", "50", "no such spot market");
    let mut up = scene.command(&["up", "--live", LABEL, "--symbol", "BTCUSDT", "--interval", "7s", "--bars", "1"]);
    let seven = scene.run(up.args(["--until-end"]).args(READY));
    scene.fails(&seven, "--interval 7s: the exchange has no 7s bars; it has 1s, 1m");
    assert!(scene.desks().is_empty() && !everything(&seven).contains("permissions"), "{}", everything(&seven));
    let mut none = scene.command(&["up", "--live", LABEL, "--symbol", "BTCUSDT", "--bars", "0", "--until-end"]);
    scene.fails(&scene.run(none.args(READY)), "invalid value '0' for '--bars");
    refuses("BTCUSDT", "-5", "--stake");
    refuses("BTCUSDT", "3", "3 is less than the smallest order in BTCUSDT, 5 USDT");
    // More than the smallest notional, but not in whole lots of 0.6 USDT.
    refuses("BTCUSDT", "5.01", "less than the smallest order in BTCUSDT, 0.00001 BTC and 5 USDT");
}

/// What the exchange took for the trades of an account, in USDT; a fee in what was bought at the price of its trade.
fn taken(scene: &Scene) -> (Decimal, bool) {
    scene.sim.with(|exchange, _| {
        let account = exchange.keys.get(KEY).unwrap().account;
        let fills = exchange.engine.fills(account);
        let in_base = fills.iter().any(|fill| fill.commission_asset == "BTC");
        let worth = |fill: &venue_sim::engine::types::Fill| match fill.commission_asset.as_str() {
            "BTC" => fill.commission * fill.price,
            _ => fill.commission,
        };
        (fills.iter().map(worth).sum(), in_base)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fees_of_a_run_are_what_the_exchange_took_in_either_asset() {
    let scene = scene().await;
    assert!(scene.good(LABEL, &["--live"]).status.success());
    for _ in 0..10 {
        let figures = figures(&scene.run(&mut scene.up(&READY)));
        let (fees, in_base) = taken(&scene);
        if in_base {
            assert_eq!(figures["fees"].as_str().unwrap().parse::<Decimal>().unwrap(), fees);
            return;
        }
    }
    panic!("the strategy never bought");
}
