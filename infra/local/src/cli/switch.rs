//! `kill` and `unkill`.
//!
//! A kill that closes positions says what became of them: which stops gave way to the orders that close, and what is left
//! and why. A desk at rest sends those orders when it runs again.

use super::Where;
use super::access::Access;
use super::print::{instant, list, say, text};
use crate::folder::read_run;
use clap::Args;
use desk::id::Symbol;
use desk::instrument::Instrument;
use desk::money::{Amount, Price};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long is waited for positions to be closed, and how often is looked.
const CLOSING: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(200);

#[derive(Debug, Args)]
pub(super) struct KillArguments {
    /// Cancel everything, protective stops too
    #[arg(long, conflicts_with = "flatten")]
    all: bool,
    /// Cancel everything and close every position
    #[arg(long)]
    flatten: bool,
    /// Why
    #[arg(long, default_value = "by hand")]
    reason: String,
    /// Who
    #[arg(long, default_value = "operator")]
    by: String,
    #[command(flatten)]
    at: Where,
}

#[derive(Debug, Args)]
pub(super) struct UnkillArguments {
    /// Why it is safe to trade again
    #[arg(long)]
    reason: String,
    /// Who; another name than that of an earlier request takes effect at once
    #[arg(long, default_value = "operator")]
    by: String,
    #[command(flatten)]
    at: Where,
}

pub(super) async fn kill(arguments: &KillArguments) -> anyhow::Result<()> {
    let mode = match (arguments.all, arguments.flatten) {
        (_, true) => "flatten",
        (true, false) => "all",
        (false, false) => "keep_stops",
    };
    let body = json!({"mode": mode, "by": arguments.by, "reason": arguments.reason});
    let which = arguments.at.desk()?;
    let access = Access::to(&which).await?;
    let stops = if arguments.flatten { open_stops(&access).await? } else { Vec::new() };
    let swept = access.post("/v1/kill", &body).await?;
    if arguments.at.json {
        say(&serde_json::to_string(&which.named(swept))?);
        return Ok(());
    }
    which.tell(false);
    let switch = swept.get("switch").cloned().unwrap_or(Value::Null);
    say(&format!("KILLED ({}): no order is claimed any more, epoch {}", text(&switch, "mode"), text(&switch, "epoch")));
    let lines = [
        ("ended", "orders cancelled or withheld"),
        ("stops_kept", "protective stops that stay"),
        ("flattening", "orders that close positions"),
        ("left", sweeps_on(access.is_running())),
    ];
    for (field, meaning) in lines {
        say(&format!("{:4} {meaning}", list(&swept, field).len()));
    }
    if arguments.flatten {
        closed(&access, &which.folder, &swept, &stops).await?;
    }
    say("ballast unkill --reason TEXT asks to trade again");
    Ok(())
}

/// What becomes of orders that the first sweep could not prove ended.
const fn sweeps_on(running: bool) -> &'static str {
    if running {
        "orders not proven ended yet; the desk is running and sweeps on"
    } else {
        "orders not proven ended yet; the desk is NOT running: it sweeps on when it begins again"
    }
}

/// The last orders, which are those that work now.
async fn orders(access: &Access) -> anyhow::Result<Vec<Value>> {
    Ok(list(&access.get("/v1/orders?limit=200").await?, "orders").to_vec())
}

/// The protective stops that rest.
async fn open_stops(access: &Access) -> anyhow::Result<Vec<String>> {
    let all = orders(access).await?;
    let stops = all.iter().filter(|order| text(order, "leg").starts_with("stop") && text(order, "state") == "open");
    Ok(stops.map(|order| text(order, "id")).collect())
}

/// Says what became of the positions, and of the stops below them.
async fn closed(access: &Access, folder: &Path, swept: &Value, stops: &[String]) -> anyhow::Result<()> {
    let closing: Vec<&str> = list(swept, "flattening").iter().filter_map(Value::as_str).collect();
    let began = Instant::now();
    let all = loop {
        let all = orders(access).await?;
        let works =
            |order: &&Value| ["approved", "claimed", "unknown", "open"].contains(&text(order, "state").as_str());
        let waits = all.iter().filter(works).any(|order| closing.contains(&text(order, "id").as_str()));
        if !waits || !access.is_running() || began.elapsed() > CLOSING {
            break all;
        }
        tokio::time::sleep(LOOK).await;
    };
    let ended: Vec<&str> = list(swept, "ended").iter().filter_map(Value::as_str).collect();
    let gave_way = |order: &&Value| {
        let id = text(order, "id");
        stops.contains(&id) && !ended.contains(&id.as_str()) && text(order, "state") == "cancelled"
    };
    let gave_way = all.iter().filter(gave_way).count();
    say(&format!("{gave_way:4} protective stops cancelled, each before its position was closed"));
    if !access.is_running() && !closing.is_empty() {
        say("     the desk is not running: stops stay, and positions are closed in their place, when it begins again");
        return Ok(());
    }
    left(access, folder, &all).await
}

/// Names what is still held, and why.
async fn left(access: &Access, folder: &Path, orders: &[Value]) -> anyhow::Result<()> {
    let Some(run) = read_run(folder)? else { return Ok(()) };
    let portfolio = access.get("/v1/portfolio").await?;
    for position in access.get("/v1/positions").await?.as_array().into_iter().flatten() {
        let (symbol, held) = (text(position, "symbol"), text(position, "quantity").parse::<Amount>()?);
        let Some(market) = run.config.market(&Symbol::new(&symbol)?) else { continue };
        let instrument = &market.instrument;
        if held.is_zero() {
            continue;
        }
        let priced = list(&portfolio, "assets").iter().find(|line| text(line, "asset") == instrument.base.as_str());
        let price: Option<Price> = priced.and_then(|line| text(line, "price").parse().ok());
        let why = match too_little(instrument, held, price)? {
            Some(why) => why,
            None => last_words(orders, &symbol),
        };
        say(&format!("left {held} {} in {symbol}: {why}", instrument.base));
    }
    Ok(())
}

/// Why what is held can't be sold, if it is too little for that.
fn too_little(instrument: &Instrument, held: Amount, price: Option<Price>) -> anyhow::Result<Option<String>> {
    let lots = instrument.whole_lots(held)?;
    let Instrument { lot, min_quantity, min_notional, base, quote, .. } = instrument;
    if lots.is_zero() {
        return Ok(Some(format!(
            "less than a lot of {lot} {base}, which nobody can sell; the next position takes it in"
        )));
    }
    let takes = price.map_or(Ok(true), |price| instrument.takes(lots, price))?;
    let why = format!("less than the smallest order there, {min_quantity} {base} and {min_notional} {quote}");
    Ok((!takes).then_some(why))
}

/// What became of the last order that was to close a position.
fn last_words(orders: &[Value], symbol: &str) -> String {
    let closes = |order: &&Value| text(order, "symbol") == symbol && text(order, "leg") == "flatten";
    let Some(order) = orders.iter().find(closes) else {
        return "no order closes it yet; see `ballast orders`".to_owned();
    };
    let why = list(order, "history").last().map_or_else(String::new, |passage| format!(" ({})", text(passage, "why")));
    format!("the order that closes it is {}{why}; the desk goes on trying", text(order, "state"))
}

pub(super) async fn unkill(arguments: &UnkillArguments) -> anyhow::Result<()> {
    let body = json!({"by": arguments.by, "reason": arguments.reason});
    let which = arguments.at.desk()?;
    let access = Access::to(&which).await?;
    let swept = access.post("/v1/unkill", &body).await?;
    if arguments.at.json {
        say(&serde_json::to_string(&which.named(swept))?);
        return Ok(());
    }
    which.tell(false);
    let switch = swept.get("switch").cloned().unwrap_or(Value::Null);
    if switch.get("killed").and_then(Value::as_bool) == Some(false) {
        let now = if access.is_running() { "" } else { "; the desk is not running, and trades when it begins again" };
        say(&format!("LIVE: trading is on, epoch {}{now}", text(&switch, "epoch")));
        return Ok(());
    }
    say(&format!("requested: trading goes on from {} on", instant(&switch, "unkill_at")));
    let who = if access.is_running() {
        "The desk is running and does that by itself"
    } else {
        "The desk is NOT running: it does that by itself when it runs again"
    };
    say(&format!("{who}. A second person (--by NAME) need not wait."));
    Ok(())
}
