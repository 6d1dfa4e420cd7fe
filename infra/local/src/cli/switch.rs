//! `kill` and `unkill`.

use super::Where;
use super::access::Access;
use super::print::{instant, list, say, text};
use clap::Args;
use serde_json::{Value, json};

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
    let access = Access::to(&arguments.at.folder()?).await?;
    let swept = access.post("/v1/kill", &body).await?;
    if arguments.at.json {
        say(&serde_json::to_string(&swept)?);
        return Ok(());
    }
    let switch = swept.get("switch").cloned().unwrap_or(Value::Null);
    say(&format!("KILLED ({}): no order is claimed any more, epoch {}", text(&switch, "mode"), text(&switch, "epoch")));
    let lines = [
        ("ended", "orders cancelled or withheld"),
        ("stops_kept", "protective stops that stay"),
        ("flattening", "orders that close positions"),
        ("left", "orders not proven ended yet; the desk sweeps on while it runs"),
    ];
    for (field, meaning) in lines {
        say(&format!("{:4} {meaning}", list(&swept, field).len()));
    }
    say("ballast unkill --reason TEXT asks to trade again");
    Ok(())
}

pub(super) async fn unkill(arguments: &UnkillArguments) -> anyhow::Result<()> {
    let body = json!({"by": arguments.by, "reason": arguments.reason});
    let access = Access::to(&arguments.at.folder()?).await?;
    let swept = access.post("/v1/unkill", &body).await?;
    if arguments.at.json {
        say(&serde_json::to_string(&swept)?);
        return Ok(());
    }
    let switch = swept.get("switch").cloned().unwrap_or(Value::Null);
    if switch.get("killed").and_then(Value::as_bool) == Some(false) {
        say(&format!("LIVE: trading is on, epoch {}", text(&switch, "epoch")));
        return Ok(());
    }
    say(&format!("requested: trading goes on from {} on", instant(&switch, "unkill_at")));
    say("A running desk does that by itself; at rest, say it again then. A second person (--by NAME) need not wait.");
    Ok(())
}
