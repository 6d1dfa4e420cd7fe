//! `ballast venues`: what each exchange promises, as the adapters know it.

use super::print::say;
use clap::Args;
use venue::protocol::Capabilities;
use venue::registry::{ADAPTERS, adapter, names};

#[derive(Debug, Args)]
pub(super) struct VenuesArguments {
    /// Only this venue, with everything that is known of it
    venue: Option<String>,
    /// Answer with one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn venues(arguments: &VenuesArguments) -> anyhow::Result<()> {
    let chosen: Vec<&'static Capabilities> = match &arguments.venue {
        Some(name) => {
            let found = adapter(name);
            let known = || anyhow::anyhow!("there is no venue {name:?}; there are {}", names().join(", "));
            vec![found.ok_or_else(known)?.protocol.capabilities()]
        }
        None => ADAPTERS.iter().map(|adapter| adapter.protocol.capabilities()).collect(),
    };
    if arguments.json {
        say(&serde_json::to_string(&serde_json::json!({ "venues": chosen }))?);
        return Ok(());
    }
    if let (Some(_), [record]) = (&arguments.venue, chosen.as_slice()) {
        whole(record);
        return Ok(());
    }
    say(&format!("{:<15} {:<10} {:<28} {:<32} {}", "venue", "tested by", "products", "orders", "client id"));
    for record in chosen {
        let products = words(record.products)?.join(" ");
        let evidence = words(&[record.evidence])?.concat();
        let orders = kinds(record).join(" ");
        // The usual field; where a venue has several, `ballast venues NAME` has them all.
        let field = record.client_id.field.split([';', ' ']).next().unwrap_or_default();
        say(&format!("{:<15} {evidence:<10} {products:<28} {orders:<32} {field}", record.venue));
    }
    say("");
    say(
        "`ballast venues NAME` tells what its client id guarantees, its deadline, and how an order is looked up after a time-out.",
    );
    Ok(())
}

/// Serialised names of values, as JSON has them.
fn words<T: serde::Serialize>(values: &[T]) -> anyhow::Result<Vec<String>> {
    let word = |value: &T| -> anyhow::Result<String> {
        Ok(serde_json::to_value(value)?.as_str().unwrap_or_default().to_owned())
    };
    values.iter().map(word).collect()
}

/// The kinds of orders that the venue takes besides market and limit.
fn kinds(record: &Capabilities) -> Vec<&'static str> {
    let orders = &record.orders;
    let all = [
        (orders.stop_loss, "stop"),
        (orders.take_profit, "take-profit"),
        (orders.trailing, "trailing"),
        (orders.oco, "oco"),
        (orders.iceberg, "iceberg"),
    ];
    all.into_iter().filter_map(|(has, name)| has.then_some(name)).collect()
}

fn whole(record: &Capabilities) {
    let seconds = |ms: u32| format!("{} s", f64::from(ms) / 1000.0);
    let yes = |has: bool| if has { "yes" } else { "no" };
    say(&format!("{} ({})", record.name, record.venue));
    say(&format!("API            {}", record.api));
    say(&format!("tested by      {}", words(&[record.evidence]).unwrap_or_default().concat()));
    say(&format!("products       {}", words(record.products).unwrap_or_default().join(", ")));
    let forces = words(record.orders.time_in_force).unwrap_or_default().join(", ");
    say(&format!("orders         market, limit ({forces}), {}", kinds(record).join(", ")));
    let orders = &record.orders;
    say(&format!(
        "               amend {}, batch {}, reduce-only {}, test endpoint {}, dead-man's switch {}",
        yes(orders.amend),
        yes(orders.batch),
        yes(orders.reduce_only),
        yes(orders.test),
        yes(orders.dead_man)
    ));
    say(&format!("client id      {}: {}", record.client_id.field, record.client_id.format));
    say(&format!("               {}", record.client_id.promise));
    say(&format!("               known already: {}", record.client_id.duplicate.join(", ")));
    say(&format!("deadline       {} {}", record.deadline.field, record.deadline.rule));
    say(&format!("after time-out {}", record.after_timeout));
    say(&format!("               a fresh order may be missing for {}", seconds(record.query_lag_ms)));
    let list = &record.own_trades;
    let order = match list.span_ms {
        None => "the oldest behind an instant".to_owned(),
        Some(ms) => format!("the latest of up to {} days", ms / 86_400_000),
    };
    let of = if list.of_market { "of one market" } else { "of all markets together" };
    say(&format!("own trades     at most {} at once, {of}: {order}", list.rows));
    if let Some(rows) = record.order_rows {
        say(&format!("own orders     at most {rows} at once"));
    }
    if record.triggers_place_orders {
        say("stops          the trigger of a stop places another order");
    }
    if record.in_sequence {
        say("requests       of a key must arrive in the order in which they were made: one process has it to itself");
    }
    say(&format!("self-trade     {}", record.self_trade.join(", ")));
    for limit in record.limits {
        let classes = words(limit.class).unwrap_or_default().join(", ");
        let of = if classes.is_empty() { String::new() } else { format!(" ({classes})") };
        let at = if limit.origins.is_empty() { String::new() } else { format!(" at {}", limit.origins.join(", ")) };
        say(&format!("limit          {} {} in {}{of}{at}", limit.units, limit.of, seconds(limit.per_ms)));
    }
    let streams = &record.streams;
    say(&format!(
        "streams        {} topics a connection, {} messages in {}: {}",
        streams.topics,
        streams.messages,
        seconds(streams.per_ms),
        streams.rule
    ));
    say(&format!("books          {}", record.book_rule));
    for note in record.notes {
        say(&format!("note           {note}"));
    }
}
