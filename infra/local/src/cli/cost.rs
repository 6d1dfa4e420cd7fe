//! `cost`: what the desk on AWS costs a month.

use super::print::{print_json, say, table};
use crate::cloud::cost::{Book, Estimate, Line};
use clap::Args;
use rust_decimal::Decimal;
use serde_json::{Value, json};

#[derive(Debug, Args)]
pub(super) struct CostArguments {
    /// Round trips a minute, day and night, for the column beside the idle one
    #[arg(long, value_name = "N", default_value = "1")]
    trades_per_minute: Decimal,
    /// Answer with one JSON object
    #[arg(long)]
    json: bool,
}

/// The highest rate that the arithmetic is meant for.
const RATE_MAX: u32 = 1000;

pub(super) fn cost(arguments: &CostArguments) -> anyhow::Result<()> {
    let rate = arguments.trades_per_minute;
    if rate < Decimal::ZERO || rate > Decimal::from(RATE_MAX) {
        anyhow::bail!("--trades-per-minute {rate}: must be from 0 to {RATE_MAX}");
    }
    let book = Book::read()?;
    let (idle, busy) = (book.estimate(Decimal::ZERO), book.estimate(rate));
    if arguments.json {
        return print_json(&json!({
            "currency": book.prices().currency,
            "as_of": book.prices().as_of,
            "idle": of(&idle),
            "trading": of(&busy),
            "trades_per_minute": rate.to_string(),
        }));
    }
    print(&book, &idle, &busy, rate);
    Ok(())
}

fn of(estimate: &Estimate) -> Value {
    let line = |line: &Line| json!({"what": line.what, "quantity": line.quantity.round_dp(2).normalize().to_string(), "cost": line.cost.to_string()});
    json!({
        "total": estimate.total().to_string(),
        "total_without_free_allowances": estimate.total_without_free().to_string(),
        "lines": estimate.lines.iter().map(line).collect::<Vec<_>>(),
    })
}

/// Prints the estimate, its assumptions, and what would break it first.
pub(super) fn print(book: &Book, idle: &Estimate, busy: &Estimate, rate: Decimal) {
    let prices = book.prices();
    say(&format!(
        "{} a month, list prices of {}, without the container, for the desk of infra/desk.json",
        prices.currency, prices.as_of
    ));
    let short = |quantity: Decimal| quantity.round_dp(2).normalize().to_string();
    let row = |(idle, busy): (&Line, &Line)| {
        vec![
            idle.what.clone(),
            format!("{} / {}", idle.price, idle.unit),
            idle.free.normalize().to_string(),
            short(idle.quantity),
            idle.cost.to_string(),
            short(busy.quantity),
            busy.cost.to_string(),
        ]
    };
    let mut rows: Vec<Vec<String>> = idle.lines.iter().zip(&busy.lines).map(row).collect();
    let total = |what: &str, idle: Decimal, busy: Decimal| {
        let none = String::new;
        vec![what.to_owned(), none(), none(), none(), idle.to_string(), none(), busy.to_string()]
    };
    rows.push(total("together", idle.total(), busy.total()));
    let (idle_bare, busy_bare) = (idle.total_without_free(), busy.total_without_free());
    rows.push(total("if others use the free allowances up", idle_bare, busy_bare));
    let trading = format!("at {rate} trades/min");
    table(&["what", "price", "free", "idle", "cost", &trading, "cost"], &rows);
    say("");
    say(&prices.about);
    say("Counted: table units and messages (tests/e2e/functions/usage.rs). Assumed: infra/usage.json.");
    if let Some((first, then)) = book.additions().into_iter().find(|(_, then)| *then > Decimal::from(5)) {
        say(&format!("What would break 5 USD idle first: {} (+{} = {then}).", first.what, *first.price));
    }
}
