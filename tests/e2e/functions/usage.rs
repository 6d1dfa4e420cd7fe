//! What the desk uses, counted: the figures that `ballast cost` reckons with.

use super::desk::CloudDesk;
use super::permissions::{FIRST_HOUR, Scenario, bars};
use super::watched::Units;
use boot::config::DeskConfig;
use boot::resources::Resources;
use desk::time::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const MINUTE: i64 = 60_000;

fn stated(part: &str) -> Value {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/usage.json")).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()[part].clone()
}

fn total(desk: &CloudDesk) -> Units {
    let log = desk.log.lock().unwrap();
    log.units.iter().filter(|(who, _)| **who != "test").fold(Units::default(), |sum, (_, units)| Units {
        reads: sum.reads + units.reads,
        writes: sum.writes + units.writes,
        sends: sum.sends + units.sends,
    })
}

fn since(before: Units, now: Units) -> Units {
    Units { reads: now.reads - before.reads, writes: now.writes - before.writes, sends: now.sends - before.sends }
}

/// Every schedule of the minute, as it comes due.
async fn schedules(desk: &CloudDesk, minute: i64) {
    for schedule in Resources::read().unwrap().schedules {
        if minute % i64::from(schedule.every_s / 60) != 0 {
            continue;
        }
        match schedule.function.as_str() {
            "market-data" => desk.tick(Timestamp::from_ms((FIRST_HOUR * 60 + minute) * MINUTE)).await,
            "reconciliation" => drop(desk.reconcile().await),
            "kill-switch" => drop(desk.kill_switch(&schedule.input.to_string()).await),
            "portfolio-snapshot" => desk.snapshot().await,
            other => panic!("{other} has a schedule that is not counted"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_hour_uses_what_the_cost_table_says() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/desk.json")).unwrap();
    let config: DeskConfig = serde_json::from_str(&text).unwrap();
    config.check().unwrap();
    let flat = bars().into_iter().take(8).collect::<Vec<_>>();
    let markets = config.markets.iter().map(|market| (market.instrument.symbol.clone(), flat.clone()));
    let desk = CloudDesk::new(config.clone(), markets.collect::<BTreeMap<_, _>>());
    desk.open_account().await;
    for minute in 0..120 {
        schedules(&desk, minute).await;
    }
    let before = total(&desk);
    for minute in 120..180 {
        schedules(&desk, minute).await;
    }
    let Units { reads, writes, sends } = since(before, total(&desk));
    assert_eq!(json!({"reads": reads, "writes": writes, "sends": sends}), stated("idle_hour"));
}

#[tokio::test(start_paused = true)]
async fn a_trade_uses_what_the_cost_table_says() {
    let mut scenario = Scenario::new().await;
    scenario.until(true).await;
    scenario.until(false).await;
    let (before, handled) = (total(&scenario.desk), scenario.desk.handled.lock().unwrap().len());
    // From flat to flat: an entry, its stop, an exit, and the bars in between.
    scenario.until(true).await;
    scenario.until(false).await;
    let Units { reads, writes, sends } = since(before, total(&scenario.desk));
    let invocations = scenario.desk.handled.lock().unwrap().len() - handled;
    let measured = json!({"reads": reads, "writes": writes, "sends": sends, "invocations": invocations});
    assert_eq!(measured, stated("trade"));
}
