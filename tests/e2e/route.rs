//! `ballast route`, the real binary, over the books of two simulated exchanges.

use crate::binary::ballast;
use rust_decimal::Decimal;
use serde_json::Value;
use std::path::Path;
use std::process::{Output, Stdio};
use venue_sim::engine::types::Side;
use venue_sim::server::{Config, Opening, Sim, start};

async fn exchange(asks: &[(i64, &str)]) -> Sim {
    let mut config = Config::quiet();
    let rich = Opening::new("rich", "canary-secret-rich", &[("USDT", 1_000_000), ("BTC", 1)]);
    let poor = Opening::new("poor", "canary-secret-poor", &[("USDT", 50_100)]);
    config.accounts = vec![rich, poor];
    let sim = start(config).await.unwrap();
    for (price, quantity) in asks {
        let (price, quantity) = (Decimal::from(*price), quantity.parse().unwrap());
        sim.with(|exchange, now| exchange.rest("BTCUSDT", Side::Sell, price, quantity, now).unwrap());
    }
    sim
}

fn run(folder: &Path, words: &[&str], input: &str) -> Output {
    use std::io::Write;
    let mut command = ballast();
    for name in ["BALLAST_VENUE_KEY", "BALLAST_VENUE_SECRET", "BALLAST_KEYS_PASSPHRASE"] {
        command.env_remove(name);
    }
    let command = command.current_dir(folder).args(words).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let all = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!all.contains("canary"), "a secret got out: {all}");
    output
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

const BUY: [&str; 6] = ["route", "--symbol", "BTC/USDT", "--side", "buy", "--quantity"];

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_split_by_price_after_fees_and_nothing_is_placed() {
    let folder = tempfile::tempdir().unwrap();
    let cheap = exchange(&[(60_000, "0.5"), (60_400, "5")]).await;
    let dear = exchange(&[(60_100, "0.75"), (60_500, "5")]).await;
    let gone = exchange(&[]).await;
    let away = gone.url();
    drop(gone.shutdown().await);
    let names = [cheap.url(), dear.url(), away].map(|url| format!("binance@{url}"));
    let venues = names.join(",");
    let plan = json(&run(folder.path(), &[&BUY[..], &["1.5", "--venues", &venues, "--json"]].concat(), ""));
    assert_eq!(plan["placed"], false);
    let leg = |at: usize, field: &str| plan["legs"][at][field].as_str().unwrap().to_owned();
    assert_eq!(
        (leg(0, "venue"), leg(0, "quantity"), leg(0, "limit")),
        (names[0].clone(), "0.75".into(), "60400".into())
    );
    assert_eq!(
        (leg(1, "venue"), leg(1, "quantity"), leg(1, "limit")),
        (names[1].clone(), "0.75".into(), "60100".into())
    );
    // 0.5 x 60000 + 0.25 x 60400 + 0.75 x 60100, and a thousandth of it.
    assert_eq!((leg(0, "notional"), leg(1, "notional")), ("45100".into(), "45075".into()));
    assert_eq!(plan["net"], "90265.175");
    assert_eq!((leg(0, "fee_rate"), leg(0, "fee_from")), ("0.001".into(), "schedule".into()));
    assert_eq!((plan["filled"].as_str(), plan["unfilled"].as_str()), (Some("1.5"), Some("0")));
    assert_eq!(plan["left_out"][0]["venue"], names[2]);
    assert!(plan["left_out"][0]["why"].as_str().unwrap().contains("could not be reached"), "{plan}");

    let two = names[..2].join(",");
    let words = [&BUY[..], &["0.4", "--venues", &two, "--fee-bps", "binance=25"]].concat();
    let output = run(folder.path(), &words, "");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("0.0025 (given)") && text.contains("nothing was placed"), "{text}");
    assert!(text.contains(&format!("left out  {}: its best price after the fee is 60250.25", names[1])), "{text}");
    for sim in [&cheap, &dear] {
        let orders = sim.with(|exchange, _| {
            let account = exchange.keys.get("rich").unwrap().account;
            exchange.engine.all_orders(account, "BTCUSDT").count()
        });
        assert_eq!(orders, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_bring_their_own_fees_and_no_more_is_routed_than_they_can_pay() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (exchange(&[(50_000, "5")]).await, exchange(&[(50_500, "5")]).await);
    for (sim, label, key) in [(&one, "first", "poor"), (&two, "second", "rich")] {
        let words = ["keys", "add", "binance", "--label", label, "--base-url", &sim.url()];
        let output = run(folder.path(), &words, &format!("{key}\ncanary-secret-{key}\n"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let plan = json(&run(folder.path(), &[&BUY[..], &["1.5", "--accounts", "--json"]].concat(), ""));
    let legs = plan["legs"].as_array().unwrap();
    assert_eq!(legs.len(), 2, "{plan}");
    // 50100 USDT pay for 1.001 BTC at 50050 with the fee; the lot is 0.00001.
    assert_eq!((legs[0]["venue"].as_str(), legs[0]["quantity"].as_str()), (Some("first"), Some("1.00099")));
    assert_eq!((legs[1]["venue"].as_str(), legs[1]["quantity"].as_str()), (Some("second"), Some("0.49901")));
    assert_eq!(legs[0]["fee_from"], "account");
    let sale = ["route", "--symbol", "BTC/USDT", "--side", "sell", "--quantity", "1", "--accounts", "--json"];
    let output = run(folder.path(), &sale, "");
    assert!(!output.status.success(), "nobody buys there");
    let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
    let why: Vec<&str> = plan["left_out"].as_array().unwrap().iter().map(|out| out["why"].as_str().unwrap()).collect();
    assert_eq!(why, ["its book has nothing on that side"; 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_routed_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let sim = exchange(&[(60_000, "1")]).await;
    let here = format!("binance@{}", sim.url());
    let fails = |words: &[&str], why: &str| {
        let output = run(folder.path(), words, "");
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!output.status.success() && text.contains(why), "{why}: {text}");
    };
    let with = |more: &[&'static str]| [&BUY[..], more].concat();
    fails(&[&BUY[..], &["0.00000001", "--venues", &here]].concat(), "its smallest order is");
    fails(&[&BUY[..], &["1", "--venues", &format!("{here},{here}")]].concat(), "there twice");
    fails(&with(&["0"]), "nothing is to be routed");
    fails(&with(&["1", "--venues", "ftx"]), "there is no venue");
    fails(&with(&["1", "--venues", "binance@http://own.test"]), "loopback");
    fails(&with(&["1", "--venues", "binance", "--fee-bps", "binance"]), "write an exchange's id");
    fails(&with(&["1", "--accounts"]), "there are no keys here");
    let other = ["route", "--symbol", "DOGE/USDT", "--side", "buy", "--quantity", "1", "--venues", &here];
    fails(&other, "it has no spot market DOGE/USDT");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_book_counts_once_however_many_accounts_stand_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let sim = exchange(&[(50_000, "1")]).await;
    for (label, key) in [("a poor one", "poor"), ("the rich one", "rich"), ("the rich one again", "rich")] {
        let words = ["keys", "add", "binance", "--label", label, "--base-url", &sim.url()];
        let output = run(folder.path(), &words, &format!("{key}\ncanary-secret-{key}\n"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let plan = json(&run(folder.path(), &[&BUY[..], &["1", "--accounts", "--json"]].concat(), ""));
    let legs = plan["legs"].as_array().unwrap();
    assert_eq!((legs.len(), legs[0]["venue"].as_str()), (1, Some("the rich one")), "{plan}");
    let out = plan["left_out"].as_array().unwrap();
    assert_eq!(out.len(), 2, "{plan}");
    for one in out {
        assert!(one["why"].as_str().unwrap().contains("its order book counts once"), "{plan}");
    }
    // Two accounts could pay for it, but there is one bitcoin.
    let output = run(folder.path(), &[&BUY[..], &["1.5", "--accounts", "--json"]].concat(), "");
    let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((plan["filled"].as_str(), plan["unfilled"].as_str()), (Some("1"), Some("0.5")));
    assert!(!output.status.success(), "a plan for a part of it is no success");
    assert!(String::from_utf8_lossy(&output.stderr).contains("0.5 of 1.5 BTC/USDT have no place in this plan"));
}

#[tokio::test(flavor = "multi_thread")]
async fn terms_that_make_no_sense_are_refused_with_what_would() {
    let folder = tempfile::tempdir().unwrap();
    let sim = exchange(&[(60_000, "1")]).await;
    let here = format!("binance@{}", sim.url());
    let fails = |more: &[&str], why: &str| {
        let output = run(folder.path(), &[&BUY[..], more].concat(), "");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(why), "{why}: {said}");
        assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    };
    for bps in ["-5000", "-10.01", "1000.01"] {
        fails(&["1", "--venues", &here, "--fee-bps", &format!("binance={bps}")], "-10 (a rebate) to 1000 basis points");
    }
    fails(&["1", "--venues", &here, "--fee-bps", "kraken=10"], "this exchange is not asked; asked are binance");
    fails(&["1", "--venues", &here, "--fee-bps", "binance=1", "--fee-bps", "binance=2"], "has one already");
    fails(&["-1", "--venues", &here], "--quantity -1: ");
    fails(&["much", "--venues", &here], "--quantity much: ");
    for bps in ["-10", "1000"] {
        let fee = format!("binance={bps}");
        json(&run(folder.path(), &[&BUY[..], &["1", "--venues", &here, "--fee-bps", &fee, "--json"]].concat(), ""));
    }
    let words = ["route", "--symbol", "BTCUSDTX", "--side", "buy", "--quantity", "1", "--venues", &here];
    let output = run(folder.path(), &words, "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && said.contains("no exchange that was asked has a spot market BTCUSDTX"),
        "{said}"
    );
    assert!(!String::from_utf8_lossy(&output.stdout).contains("smallest order"), "a table without a row");
}
