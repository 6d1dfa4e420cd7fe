//! The verbs that show something.

use super::Where;
use super::access::Access;
use super::explain::explain;
use super::print::{instant, list, print_json, say, table, text};
use crate::desk::watch::{self, Watch};
use crate::folder;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

#[derive(Debug, Args)]
pub(super) struct OrdersArguments {
    #[command(flatten)]
    at: Where,
    /// How many of the last orders, 1 to 200
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,
    #[command(subcommand)]
    verb: Option<OrdersVerb>,
}

#[derive(Debug, Subcommand)]
enum OrdersVerb {
    /// Settle an order whose outcome is unknown and of which you know that it was never placed
    Resolve {
        /// The order's id
        id: String,
        /// How you know
        #[arg(long, value_name = "TEXT")]
        evidence: String,
        #[command(flatten)]
        at: Where,
    },
}

#[derive(Debug, Args)]
pub(super) struct DecisionsArguments {
    /// Explain this decision
    id: Option<String>,
    #[command(flatten)]
    at: Where,
    /// How many of the last decisions, 1 to 200
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,
}

#[derive(Debug, Args)]
pub(super) struct LedgerArguments {
    /// Show the transactions instead of the balances
    #[arg(long)]
    transactions: bool,
    #[command(flatten)]
    at: Where,
}

pub(super) async fn portfolio(at: &Where) -> anyhow::Result<()> {
    let which = at.desk()?;
    let access = Access::to(&which).await?;
    let mut found = access.get("/v1/portfolio").await?;
    let watch = access.find(watch::PATH).await?.map(Watch::parse).transpose()?;
    let outage = folder::outage(&which.folder);
    if at.json {
        if let Some(object) = found.as_object_mut() {
            object.insert("watch".to_owned(), serde_json::to_value(&watch)?);
            if let Some(outage) = &outage {
                object.insert("outage".to_owned(), serde_json::to_value(outage)?);
            }
        }
        return print_json(&which.named(found));
    }
    let quote = text(&found, "quote");
    let kind = match text(&found, "mode").as_str() {
        "simulated" => "SIMULATED exchange, no real money:".to_owned(),
        mode => mode.to_uppercase(),
    };
    // What is at stake comes first.
    say(&format!("{kind} account {}", text(&found, "account")));
    which.tell(false);
    for (label, field) in [("equity", "equity"), ("profit", "profit"), ("cash", "cash"), ("free cash", "free_cash")] {
        say(&format!("{label:10} {} {quote}", text(&found, field)));
    }
    if let Some(outage) = outage {
        say(&format!("CUT OFF    {outage}; these are the desk's books as they were then"));
    }
    if found.get("killed").and_then(Value::as_bool) == Some(true) {
        say("KILLED     trading is switched off; `ballast unkill --reason TEXT` asks to go on");
    }
    if let Some(reason) = found.get("frozen").and_then(Value::as_str) {
        say(&format!("FROZEN     no new risk: {reason}"));
    }
    for (symbol, reason) in found.get("frozen_markets").and_then(Value::as_object).into_iter().flatten() {
        say(&format!("FROZEN     no new risk in {symbol}: {}", reason.as_str().unwrap_or("-")));
    }
    watch.iter().flat_map(needs_a_person).for_each(|line| say(&line));
    for (asset, held) in found.get("unpriced").and_then(Value::as_object).into_iter().flatten() {
        say(&format!("unpriced   {} {asset}: no market of the desk trades it", held.as_str().unwrap_or("-")));
    }
    let row = |v: &Value| ["asset", "quantity", "price", "worth"].map(|field| text(v, field)).to_vec();
    let rows: Vec<Vec<String>> = list(&found, "assets").iter().map(row).collect();
    if !rows.is_empty() {
        say("");
        table(&["asset", "quantity", "price", "worth"], &rows);
    }
    Ok(())
}

/// What of a desk waits for a person: messages that were given up, and positions without a stop.
fn needs_a_person(watch: &Watch) -> Vec<String> {
    let bare = watch.positions.iter().filter(|held| held.is_in_danger()).map(|held| format!("NO STOP    {held}"));
    let dead = watch.is_waiting().then(|| {
        let last = watch.letters.first().map_or_else(String::new, |last| format!("; the last: {last}"));
        format!("DEAD       {} dead letters{last}; `ballast doctor` lists them", watch.dead_letters)
    });
    bare.chain(dead).collect()
}

pub(super) async fn positions(at: &Where) -> anyhow::Result<()> {
    let which = at.desk()?;
    let found = Access::to(&which).await?.get("/v1/positions").await?;
    if at.json {
        return print_json(&which.named(found));
    }
    which.tell(false);
    let fields = ["symbol", "quantity", "cost", "realised", "fees", "round_trips"];
    let row = |v: &Value| fields.iter().map(|f| text(v, f)).chain([instant(v, "opened_at")]).collect();
    let rows: Vec<Vec<String>> = found.as_array().map_or(&[][..], Vec::as_slice).iter().map(row).collect();
    table(&["symbol", "quantity", "cost", "realised", "fees", "closed", "open since"], &rows);
    Ok(())
}

pub(super) async fn orders(arguments: &OrdersArguments) -> anyhow::Result<()> {
    if let Some(OrdersVerb::Resolve { id, evidence, at }) = &arguments.verb {
        let body = json!({"evidence": evidence});
        let which = at.desk()?;
        let order = Access::to(&which).await?.post(&format!("/v1/orders/{id}/resolve"), &body).await?;
        if at.json {
            return print_json(&which.named(order));
        }
        which.tell(false);
        say(&format!("order {id} is settled as {}", text(&order, "state")));
        return Ok(());
    }
    let path = format!("/v1/orders?limit={}", arguments.limit);
    let which = arguments.at.desk()?;
    let found = Access::to(&which).await?.get(&path).await?;
    if arguments.at.json {
        return print_json(&which.named(found));
    }
    which.tell(false);
    let fields = ["symbol", "leg", "side", "quantity", "filled", "trigger", "state", "id"];
    let row = |v: &Value| [instant(v, "decided_at")].into_iter().chain(fields.iter().map(|f| text(v, f))).collect();
    let rows: Vec<Vec<String>> = list(&found, "orders").iter().map(row).collect();
    table(&["decided", "symbol", "leg", "side", "quantity", "filled", "trigger", "state", "id"], &rows);
    Ok(())
}

pub(super) async fn decisions(arguments: &DecisionsArguments) -> anyhow::Result<()> {
    let which = arguments.at.desk()?;
    let access = Access::to(&which).await?;
    if let Some(id) = &arguments.id {
        let found = access.get(&format!("/v1/decisions/{id}")).await?;
        return if arguments.at.json {
            print_json(&which.named(found))
        } else {
            which.tell(false);
            explain(&found);
            Ok(())
        };
    }
    let found = access.get(&format!("/v1/decisions?limit={}", arguments.limit)).await?;
    if arguments.at.json {
        return print_json(&which.named(found));
    }
    which.tell(false);
    let fields = ["symbol", "leg", "outcome", "id"];
    let row = |v: &Value| [instant(v, "decided_at")].into_iter().chain(fields.iter().map(|f| text(v, f))).collect();
    let rows: Vec<Vec<String>> = list(&found, "decisions").iter().map(row).collect();
    table(&["decided", "symbol", "leg", "outcome", "id"], &rows);
    say("\nballast decisions ID tells why");
    Ok(())
}

pub(super) async fn ledger(arguments: &LedgerArguments) -> anyhow::Result<()> {
    let which = arguments.at.desk()?;
    let access = Access::to(&which).await?;
    which.tell(arguments.at.json);
    if arguments.transactions {
        let mut all: Vec<Value> = Vec::new();
        let mut next = Some(0);
        while let Some(after) = next {
            let page = access.get(&format!("/v1/ledger?after={after}&limit=200")).await?;
            all.extend(list(&page, "transactions").iter().cloned());
            next = page.get("next").and_then(Value::as_u64);
        }
        if arguments.at.json {
            return print_json(&which.named(Value::Array(all)));
        }
        let mut rows = Vec::new();
        for transaction in &all {
            for posting in list(transaction, "postings") {
                let head = [text(transaction, "seq"), instant(transaction, "at"), text(transaction, "cause")];
                let line = ["account", "asset", "amount"].map(|f| text(posting, f));
                rows.push(head.into_iter().chain(line).collect());
            }
        }
        table(&["tx", "at", "cause", "account", "asset", "amount"], &rows);
        return Ok(());
    }
    let found = access.get("/v1/balances").await?;
    if arguments.at.json {
        return print_json(&which.named(found));
    }
    let row = |v: &Value| ["account", "asset", "amount"].map(|f| text(v, f)).to_vec();
    let rows: Vec<Vec<String>> = list(&found, "balances").iter().map(row).collect();
    table(&["account", "asset", "amount"], &rows);
    for (asset, sum) in found.get("imbalance").and_then(Value::as_object).into_iter().flatten() {
        say(&format!("sum of {asset}: {}", sum.as_str().unwrap_or("-")));
    }
    Ok(())
}
