//! The figures of whole runs, to the last decimal: those of an independent oracle in exact decimals.

use crate::binary::{BTC_1H, ETH_1H, XRP_1H, json, material, ohlcv, up, walk};
use serde_json::{Value, json as object};
use std::path::Path;
use std::process::Command;

fn run(files: &[&Path], flags: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let figures = json(&up(folder.path(), files, flags).output().unwrap());
    assert_eq!(figures["unknown"], 0);
    assert_eq!(figures["dead_letters"], 0);
    let sums = figures["ledger_imbalance"].as_object().unwrap();
    assert!(!sums.is_empty() && sums.values().all(|sum| sum == "0"), "{sums:?}");
    figures
}

fn expect(figures: &Value, trades: u64, stops: u64, equity: &str) {
    let found = [&figures["trades"], &figures["stops"], &figures["final_equity"]];
    assert_eq!(found, [&object!(trades), &object!(stops), &object!(equity)]);
}

#[test]
fn btc_by_the_hour_is_the_oracles_through_every_handler_queue_and_transaction() {
    let Some(file) = ohlcv(BTC_1H) else { return };
    let figures = run(&[&file], &["--risk", "reference"]);
    expect(&figures, 235, 35, "1000410.7166345595");
    assert_eq!(figures["bars"], 13_127);
    assert_eq!(figures["missing_bars"], 1);
    assert_eq!(figures["zero_volume_bars"], 1);
    assert_eq!(figures["fees"], "471.7745846405");
    assert_eq!(figures["positions"]["BTCUSDT"], "0.01625");
    // 236 entries, 200 exits, 236 stops; each fill is a message and a transaction, and the opening is one more.
    assert_eq!(
        [&figures["signals"], &figures["intents"], &figures["posted"]],
        [&object!(436), &object!(672), &object!(672)]
    );
    assert_eq!([&figures["fills"], &figures["transactions"]], [&object!(471), &object!(472)]);
    let messages = &figures["messages"];
    assert_eq!(messages["bars"], 13_127);
    assert_eq!(messages["signals.fifo"], 436);
    assert_eq!(messages["orders.fifo"], 236);
    assert_eq!(messages["exits.fifo"], 436);
    assert_eq!(messages["fills.fifo"], 471);
}

#[test]
fn eth_and_xrp_by_the_hour_are_the_oracles() {
    let (Some(eth), Some(xrp)) = (ohlcv(ETH_1H), ohlcv(XRP_1H)) else { return };
    expect(&run(&[&eth], &["--risk", "reference"]), 80, 19, "1000055.4261787381");
    let flags = ["--risk", "reference", "--tick", "0.0001", "--lot", "1"];
    expect(&run(&[&xrp], &flags), 83, 26, "999384.5409289");
}

#[test]
fn two_markets_at_once_are_the_sum_of_the_two() {
    let (Some(btc), Some(eth)) = (ohlcv(BTC_1H), ohlcv(ETH_1H)) else { return };
    expect(&run(&[&btc, &eth], &["--risk", "reference"]), 315, 54, "1000466.1428132976");
}

#[test]
fn bars_that_gap_through_stops_are_the_oracles_with_and_without_slippage() {
    let Some(generator) = material("../bench/gen_gapped.py") else { return };
    let folder = tempfile::tempdir().unwrap();
    let bars = folder.path().join("gapped.csv");
    let made = Command::new("python3").arg(generator).arg(&bars).status();
    assert!(made.is_ok_and(|status| status.success()), "python3 makes the bars");
    let flags = ["--risk", "reference", "--tick", "0.5"];
    expect(&run(&[&bars], &flags), 334, 13, "999333.01280681");
    let flags = ["--risk", "reference", "--tick", "0.5", "--slippage-bps", "7"];
    expect(&run(&[&bars], &flags), 334, 13, "998862.3936896");
}

#[test]
fn markets_that_contend_for_scarce_cash_end_the_same_every_time() {
    let folder = tempfile::tempdir().unwrap();
    let files = ["AAAUSDT_1h.csv", "BBBUSDT_1h.csv", "CCCUSDT_1h.csv"].map(|name| folder.path().join(name));
    for (seed, file) in files.iter().enumerate() {
        walk(file, 7 + u64::try_from(seed).unwrap(), 1500);
    }
    let [a, b, c] = &files;
    let flags = ["--risk", "reference", "--cash", "1500"];
    let first = run(&[a, b, c], &flags);
    assert!(first["refused"]["cash"].as_u64().unwrap() > 10, "{first}");
    assert_eq!(run(&[a, b, c], &flags)["state_hash"], first["state_hash"]);
}

#[test]
fn an_order_larger_than_its_share_of_the_volume_fills_bar_by_bar() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("AAAUSDT_1h.csv");
    walk(&file, 3, 1500);
    // At a price near 10,000 a stake of 100,000 wants about ten units, and bars trade between 1 and 900.
    let all = run(&[&file], &["--risk", "reference", "--stake", "100000"]);
    let shared = run(&[&file], &["--risk", "reference", "--stake", "100000", "--participation-bps", "100"]);
    assert!(shared["fills"].as_u64() > all["fills"].as_u64(), "{} and {}", shared["fills"], all["fills"]);
    assert!(shared["trades"].as_u64().unwrap() > 10);
}

#[test]
fn an_exit_ends_the_entry_that_is_still_filling() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("AAAUSDT_1h.csv");
    walk(&file, 3, 1500);
    let flags = ["--risk", "reference", "--stake", "900000", "--participation-bps", "100"];
    json(&up(folder.path(), &[&file], &flags).output().unwrap());
    let desk = folder.path().join("desk");
    let listed = json(
        &crate::binary::ballast()
            .args(["orders", "--limit", "200", "--json", "--data-dir"])
            .arg(&desk)
            .output()
            .unwrap(),
    );
    let orders = listed["orders"].as_array().unwrap();
    let is = |order: &&Value, leg: &str, state: &str| order["leg"] == leg && order["state"] == state;
    assert!(orders.iter().any(|order| is(&order, "entry", "cancelled")), "no entry was ended by an exit");
    let open = |leg: &str| orders.iter().filter(|order| is(order, leg, "open")).count();
    assert!(open("entry") == 0 || open("exit") == 0, "the desk buys and sells at once");
}
