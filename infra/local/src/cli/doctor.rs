//! `doctor`: checks that can fail, each with what to do about it.

use super::Where;
use super::access::{Access, open_at_rest};
use super::print::{list, say, text};
use super::which::Which;
use crate::cloud::tools::AWS;
use crate::desk::watch::{self, Held, Watch};
use crate::desk::wiring::Desk;
use crate::folder::{self, Folder};
use anyhow::{Context, bail};
use boot::WallClock;
use clap::Args;
use desk::external::Replay;
use desk::id::IntentId;
use desk::money::Amount;
use desk::order::{Leg, Order, State};
use desk::port::Clock;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One check's outcome.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    ok: bool,
    detail: String,
}

fn found(check: &'static str, ok: bool, detail: impl Into<String>) -> Finding {
    Finding { check, ok, detail: detail.into() }
}

#[derive(Debug, Args)]
pub(super) struct DoctorArguments {
    #[command(flatten)]
    at: Where,
    /// Check the AWS account that the `aws` command line is signed in to, and the desk of that name in it
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "ballast", conflicts_with = "data_dir")]
    cloud: Option<String>,
}

pub(super) async fn run(arguments: &DoctorArguments) -> anyhow::Result<()> {
    let at = &arguments.at;
    let (which, findings) = match &arguments.cloud {
        Some(name) => (None, in_cloud(name)?),
        None => {
            let which = at.desk()?;
            let findings = here(&which).await?;
            (Some(which), findings)
        }
    };
    let faults = findings.iter().filter(|finding| !finding.ok).count();
    if at.json {
        let answer = json!({"findings": findings, "faults": faults});
        let answer = match &which {
            Some(which) => which.named(answer),
            None => answer,
        };
        say(&serde_json::to_string(&answer)?);
    } else {
        which.iter().for_each(|which| which.tell(false));
        for Finding { check, ok, detail } in &findings {
            say(&format!("{} {check:14} {detail}", if *ok { "ok   " } else { "FAULT" }));
        }
    }
    if faults > 0 {
        bail!("{faults} of {} checks found a fault", findings.len());
    }
    Ok(())
}

async fn here(which: &Which) -> anyhow::Result<Vec<Finding>> {
    let path = &which.folder;
    if which.runs() {
        let mut findings = through_api(&Access::to(which).await?).await?;
        if let Some(outage) = folder::outage(path) {
            let advice = if outage.held_back { "" } else { "; the desk goes on asking, look at the network" };
            findings.push(found("exchange", false, format!("{outage}{advice}")));
        }
        return Ok(findings);
    }
    let folder = Folder::existing(path)?;
    in_books(&open_at_rest(&folder).await?).await
}

/// How many executions Lambda leaves unreserved at the least, and how many the kill switch would have to itself.
const UNRESERVED: u64 = 100;
const FOR_KILL: u64 = 2;

/// What can be seen of the account a desk runs in.
fn in_cloud(name: &str) -> anyhow::Result<Vec<Finding>> {
    let folder = std::env::current_dir()?;
    let ask = |words: &[&str]| -> anyhow::Result<Value> {
        let all: Vec<&str> = words.iter().copied().chain(["--output", "json"]).collect();
        let said = AWS.ask(&folder, &all)?;
        // Where there is nothing to say, the tool says nothing, not even an empty object.
        let said = if said.trim().is_empty() { "{}" } else { said.as_str() };
        serde_json::from_str(said).with_context(|| format!("`aws {}` answered no JSON", words.join(" ")))
    };
    let who = ask(&["sts", "get-caller-identity"])?;
    let limits = ask(&["lambda", "get-account-settings"])?;
    let quota = limits.pointer("/AccountLimit/ConcurrentExecutions").and_then(Value::as_u64).unwrap_or_default();
    let function = format!("{name}-kill-switch");
    let kept = ask(&["lambda", "get-function-concurrency", "--function-name", &function])?;
    let kept = kept.get("ReservedConcurrentExecutions").and_then(Value::as_u64).unwrap_or_default();
    let prefix = format!("{name}-");
    let ringing = ask(&["cloudwatch", "describe-alarms", "--state-value", "ALARM", "--alarm-name-prefix", &prefix])?;
    let ringing: Vec<String> = list(&ringing, "MetricAlarms").iter().map(|alarm| text(alarm, "AlarmName")).collect();
    let room = quota >= UNRESERVED + FOR_KILL;
    let capacity = match (kept, room) {
        (1.., _) => format!("{kept} executions are kept free for the kill switch"),
        (0, true) => {
            format!("none is kept free for the kill switch, of {quota}: deploy with -c reserveForKill={FOR_KILL}")
        }
        (0, false) => format!("the account allows {quota} executions, too few to keep any free; ask AWS for more"),
    };
    let told = ask(&["sns", "list-subscriptions", "--query", "Subscriptions[].TopicArn"])?;
    let topic = format!(":{name}-alarms");
    let told = told.as_array().into_iter().flatten().filter_map(Value::as_str).any(|arn| arn.ends_with(&topic));
    let called = if told { "somebody is told" } else { "nobody is told: deploy with -c alarmEmail=ADDRESS" };
    let alarms = if ringing.is_empty() {
        "none rings".to_owned()
    } else {
        format!("{}; see infra/runbook.md", ringing.join(", "))
    };
    Ok(vec![
        found("account", true, format!("{} as {}", text(&who, "Account"), text(&who, "Arn"))),
        found("capacity", kept > 0 || !room, capacity),
        found("alarms", ringing.is_empty(), alarms),
        found("telling", told, called),
    ])
}

/// What can be seen of a desk that runs.
async fn through_api(access: &Access) -> anyhow::Result<Vec<Finding>> {
    let health = access.get("/healthz").await?;
    let balances = access.get("/v1/balances").await?;
    let portfolio = access.get("/v1/portfolio").await?;
    let orders = access.get("/v1/orders?limit=200").await?;
    let watch = access.find(watch::PATH).await?.map(Watch::parse).transpose()?;
    let even = balances.get("imbalance").and_then(Value::as_object).is_some_and(|s| s.values().all(|v| v == "0"));
    let unknown = list(&orders, "orders").iter().filter(|order| text(order, "state") == "unknown").count();
    let frozen = portfolio.get("frozen").and_then(Value::as_str);
    let mut findings = vec![
        found("desk", text(&health, "status") == "ok", "it runs and answers (stop it for the checks of its files)"),
        found("ledger", even, "every asset's balances add up to zero"),
        found("orders", unknown == 0, format!("{unknown} of the last 200 with an unknown outcome")),
        found("reconciled", frozen.is_none(), frozen.unwrap_or("books and venue agree")),
    ];
    match watch {
        Some(watch) => findings.extend(watched(&watch)),
        None => findings.push(found("watch", false, OLDER)),
    }
    Ok(findings)
}

/// What a desk says that has no such route.
const OLDER: &str =
    "the desk was begun by an older ballast and does not tell of dead letters and stops: begin it again";

/// What waits for a person, of a desk that runs or rests: dead letters, positions without a stop, the kill switch.
fn watched(watch: &Watch) -> Vec<Finding> {
    let Watch { kill_switch, kill_switch_readable, dead_letters, letters, positions, .. } = watch;
    let shown: Vec<String> = letters.iter().map(ToString::to_string).collect();
    let dead = match dead_letters {
        0 => "none".to_owned(),
        n if watch.is_waiting() => {
            format!(
                "{n}, those whose order has not ended first: {}; what became of an order tells `ballast orders`",
                shown.join("; ")
            )
        }
        n => format!("{n}, none of an order that has not ended; the last first: {}", shown.join("; ")),
    };
    let held: Vec<String> = positions.iter().map(ToString::to_string).collect();
    let stops = if held.is_empty() { "nothing is held".to_owned() } else { held.join("; ") };
    vec![
        found("dead letters", !watch.is_waiting(), dead),
        found("stops", !positions.iter().any(Held::is_in_danger), stops),
        found("kill switch", *kill_switch_readable, kill_switch.as_str()),
    ]
}

/// Everything that can be checked of a desk at rest.
async fn in_books(desk: &Desk) -> anyhow::Result<Vec<Finding>> {
    let account = &desk.config.account;
    let queue = desk.queues.queue();
    let mut findings = Vec::new();
    let intact = queue.check();
    findings.push(found(
        "queues",
        intact.is_ok(),
        intact.map_or_else(|e| e.to_string(), |()| "intact, every message accounted for".to_owned()),
    ));
    findings.extend(ledger(desk).await?);
    findings.push(positions(desk).await?);
    findings.push(headroom(desk).await?);
    let unknown = desk.store.all_orders(account).await?.iter().filter(|o| o.state == State::Unknown).count();
    findings.push(found("orders", unknown == 0, format!("{unknown} with an unknown outcome")));
    let state = desk.store.account_state(account).await?;
    let frozen = state.frozen.clone();
    findings.push(found("reconciled", frozen.is_none(), frozen.unwrap_or_else(|| "books and venue agree".to_owned())));
    let markets: Vec<String> =
        state.frozen_markets.iter().map(|(symbol, why)| format!("{symbol}: {}", why.row)).collect();
    let detail = if markets.is_empty() { "nobody else trades in them".to_owned() } else { markets.join("; ") };
    findings.push(found("markets", markets.is_empty(), detail));
    findings.extend(watched(&Watch::look(&desk.store, queue, &desk.config, WallClock.now()).await?));
    Ok(findings)
}

/// The chain of hashes, and the balances against the sum of all postings.
async fn ledger(desk: &Desk) -> anyhow::Result<Vec<Finding>> {
    let account = &desk.config.account;
    let rows = desk.store.transactions(account).await?;
    let mut previous = String::new();
    let mut broken = None;
    let mut sums: BTreeMap<(String, String), Amount> = BTreeMap::new();
    for row in &rows {
        if row.previous != previous || row.hash != row.transaction.chained(&previous) {
            broken.get_or_insert(row.seq);
        }
        previous.clone_from(&row.hash);
        for p in &row.transaction.postings {
            let sum = sums.entry((p.account.to_string(), p.asset.to_string())).or_default();
            *sum = sum.plus(p.amount)?;
        }
    }
    let balances = desk.store.balances(account).await?;
    let stored: BTreeMap<(String, String), Amount> =
        balances.into_iter().map(|((of, asset), amount)| ((of, asset.to_string()), amount)).collect();
    let mut per_asset: BTreeMap<&str, Amount> = BTreeMap::new();
    for ((_, asset), amount) in &stored {
        let sum = per_asset.entry(asset).or_default();
        *sum = sum.plus(*amount)?;
    }
    let chain = broken
        .map_or_else(|| format!("{} transactions, unbroken", rows.len()), |seq| format!("broken at transaction {seq}"));
    Ok(vec![
        found("hash chain", broken.is_none(), chain),
        found("ledger", per_asset.values().all(|sum| sum.is_zero()), "every asset's balances add up to zero"),
        found("balances", stored == sums, "the balances are the sums of the postings"),
    ])
}

/// Every position against the fold of the ledger's transactions: its own fills, and what others' took from it.
async fn positions(desk: &Desk) -> anyhow::Result<Finding> {
    let account = &desk.config.account;
    let fills = desk.store.fills(account).await?;
    let transactions = desk.store.transactions(account).await?;
    let orders = desk.store.all_orders(account).await?;
    let others = orders.iter().filter(|order| order.intent.leg == Leg::External).map(|order| &order.intent.id);
    let others: Vec<&IntentId> = others.collect();
    for (symbol, position) in desk.store.account_state(account).await?.positions {
        let Some(market) = desk.config.market(&symbol) else { continue };
        let mut replay = Replay::new(&market.instrument, &fills, others.iter().copied());
        for row in &transactions {
            replay.take(&row.transaction)?;
        }
        if replay.position != position {
            return Ok(found("positions", false, format!("{symbol} is not the fold of the ledger's transactions")));
        }
    }
    let detail = format!("each is the fold of its fills ({} fills, {} of others' orders)", fills.len(), others.len());
    Ok(found("positions", true, detail))
}

/// limit = headroom + reserved + held, for slots and every market's exposure; cash = free + reserved.
async fn headroom(desk: &Desk) -> anyhow::Result<Finding> {
    let account = &desk.config.account;
    let state = desk.store.account_state(account).await?;
    let profile = &state.account.profile;
    let working: Vec<Order> = desk.store.working_orders(account, None).await?.into_iter().map(|o| o.row).collect();
    let mut slots = state.slots;
    let mut cash = state.cash;
    for order in &working {
        cash = cash.plus(order.reserved.cash)?;
        slots = if order.reserved.slot { slots.plus(Amount::ONE)? } else { slots };
    }
    for _ in state.positions.values().filter(|position| position.is_open()) {
        slots = slots.plus(Amount::ONE)?;
    }
    let held = desk.store.holdings(account).await?.get(&desk.config.quote).copied().unwrap_or_default();
    if cash != held {
        return Ok(found("headroom", false, format!("free and reserved cash come to {cash}, the ledger holds {held}")));
    }
    if slots != Amount::whole(profile.max_open_positions) {
        return Ok(found("headroom", false, format!("free, reserved and taken positions come to {slots}")));
    }
    for (symbol, left) in &state.exposure {
        let mut sum = *left;
        for order in working.iter().filter(|order| order.intent.symbol == *symbol) {
            sum = sum.plus(order.reserved.exposure)?;
        }
        sum = sum.plus(state.positions.get(symbol).map_or(Amount::ZERO, |position| position.cost))?;
        if sum != profile.max_position {
            return Ok(found("headroom", false, format!("{symbol}: free, reserved and held exposure come to {sum}")));
        }
    }
    Ok(found("headroom", true, "every limit is what is free, reserved and held together"))
}
