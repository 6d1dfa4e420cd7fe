//! The same bars lead to the same books, whether a driver plays them on one machine or the functions follow a market that
//! nobody drives.

use super::desk::CloudDesk;
use crate::binary::{BTC_1H, json, ohlcv, up, walk};
use ballast::market::csv;
use boot::config::DeskConfig;
use desk::id::Symbol;
use desk::market::Candle;
use desk::money::Amount;
use serde_json::{Value, json as object};
use std::collections::BTreeMap;
use std::path::Path;

/// Runs a file on one machine; returns the figures, and the configuration they were run with.
fn local(file: &Path, flags: &[&str]) -> (Value, DeskConfig) {
    let folder = tempfile::tempdir().unwrap();
    let figures = json(&up(folder.path(), &[file], flags).output().unwrap());
    let run: Value = serde_json::from_slice(&std::fs::read(folder.path().join("desk/run.json")).unwrap()).unwrap();
    (figures, serde_json::from_value(run["config"].clone()).unwrap())
}

fn bars(file: &Path, config: &DeskConfig) -> BTreeMap<Symbol, Vec<Candle>> {
    let instrument = &config.markets[0].instrument;
    let series = csv::load(file, Some(instrument.symbol.clone()), instrument.tick, instrument.lot).unwrap();
    BTreeMap::from([(instrument.symbol.clone(), series.candles)])
}

/// The figures of the functions' books that don't depend on when somebody looked.
async fn figures(desk: &CloudDesk) -> Value {
    let (store, account) = (desk.see("test").0, &desk.config.account);
    let state = store.account_state(account).await.unwrap();
    let valuation = store.valuation(account, &desk.config.quote, desk.config.priced()).await.unwrap();
    let orders = store.all_orders(account).await.unwrap();
    let filled = |stop: bool| {
        let counts =
            orders.iter().filter(|order| order.intent.leg.protects() == stop && !order.filled.quantity.is_zero());
        counts.count()
    };
    let fees = store.balances(account).await.unwrap().into_iter().filter(|((name, _), _)| name == "fees");
    let fees = fees.fold(Amount::ZERO, |sum, (_, amount)| sum.plus(amount).unwrap());
    object!({
        "trades": state.positions.values().map(|position| position.round_trips).sum::<u64>(),
        "stops": filled(true),
        "fills": filled(true) + filled(false),
        "posted": orders.iter().filter(|order| order.venue_order.is_some()).count(),
        "fees": fees.to_string(),
        "cash": valuation.cash.to_string(),
        "final_equity": valuation.equity.to_string(),
    })
}

async fn same(file: &Path, flags: &[&str]) -> Value {
    let (local, config) = local(file, flags);
    let bars = bars(file, &config);
    let interval = config.markets[0].interval;
    let desk = CloudDesk::new(config, bars.clone());
    desk.open_account().await;
    for bar in bars.values().flatten() {
        desk.tick(bar.open_time).await;
    }
    let last = bars.values().flatten().last().unwrap().close_time(interval);
    desk.tick(last).await;
    let cloud = figures(&desk).await;
    for (name, figure) in cloud.as_object().unwrap() {
        assert_eq!(&local[name], figure, "{name}: {local} on one machine, {cloud} by functions");
    }
    // Once in agreement, reconciliation changes nothing.
    let before = desk.table.items();
    let round = desk.reconcile().await;
    assert_eq!((round.mended, round.findings.len()), (0, 0));
    assert_eq!(desk.table.items(), before);
    cloud
}

#[tokio::test(start_paused = true)]
async fn a_market_nobody_drives_leads_to_the_books_of_one_that_is_driven() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("AAAUSDT_1h.csv");
    walk(&file, 21, 700);
    let cloud = same(&file, &["--risk", "reference", "--slippage-bps", "3"]).await;
    assert!(cloud["trades"].as_u64() > Some(5) && cloud["stops"].as_u64() > Some(0), "{cloud}");
}

#[tokio::test(start_paused = true)]
async fn on_recorded_bars_too() {
    let Some(file) = ohlcv(BTC_1H) else { return };
    let folder = tempfile::tempdir().unwrap();
    let slice = folder.path().join("BTCUSDT_1h.csv");
    let text = std::io::read_to_string(flate2::read::GzDecoder::new(std::fs::File::open(file).unwrap())).unwrap();
    std::fs::write(&slice, text.lines().take(1500).map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    let cloud = same(&slice, &["--risk", "reference"]).await;
    assert!(cloud["trades"].as_u64() > Some(10), "{cloud}");
}

#[tokio::test(start_paused = true)]
async fn messages_delivered_again_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("AAAUSDT_1h.csv");
    walk(&file, 21, 200);
    let (_, config) = local(&file, &["--risk", "reference"]);
    let bars = bars(&file, &config);
    let desk = CloudDesk::new(config, bars.clone());
    desk.open_account().await;
    for bar in bars.values().flatten() {
        desk.tick(bar.open_time).await;
    }
    let (before, messages) = (desk.table.items(), desk.handled.lock().unwrap().clone());
    assert!(messages.len() > 200);
    for (queue, message) in messages {
        desk.handle(queue, message).await.unwrap();
    }
    desk.drain().await;
    assert_eq!(desk.table.items(), before);
}
