//! Telling a trader why a decision was taken, allowed or refused, and what became of it.

use super::print::{instant, list, say, text};
use serde_json::Value;

/// Tells the story of a decision.
pub(super) fn explain(decision: &Value) {
    let (symbol, interval) = (text(decision, "symbol"), text(decision, "interval"));
    say(&format!("decision {}", text(decision, "id")));
    let when = instant(decision, "decided_at");
    if text(decision, "strategy").is_empty() {
        // No strategy decided: there is no bar, and there are no numbers it saw.
        say(&format!("{when}, in {symbol}: no decision of a strategy"));
        say("");
        say(&format!("Why       {}", text(decision, "because")));
        return tell_verdicts(decision);
    }
    say(&format!("{when}, at the close of a {interval} bar of {symbol}, at {}", text(decision, "close")));
    say("");
    say(&format!("Why       {}", text(decision, "because")));
    say(&format!("          {} wished to {}.", text(decision, "strategy_version"), text(decision, "wish")));
    say(&format!(
        "          It saw {}; its parameters are {}.",
        pairs(decision, "inputs"),
        pairs(decision, "parameters")
    ));
    tell_verdicts(decision);
}

fn tell_verdicts(decision: &Value) {
    for verdict in list(decision, "verdicts") {
        say("");
        tell_verdict(verdict);
    }
}

/// The entries of an object, as a list for a reader.
fn pairs(value: &Value, field: &str) -> String {
    let entries = value.get(field).and_then(Value::as_object).into_iter().flatten();
    let pair = |(name, value): (&String, &Value)| format!("{name} {}", value.as_str().unwrap_or("-"));
    entries.map(pair).collect::<Vec<_>>().join(", ")
}

fn tell_verdict(verdict: &Value) {
    let (leg, quantity) = (text(verdict, "leg"), text(verdict, "quantity"));
    let attempt = match verdict.get("attempt").and_then(Value::as_u64) {
        Some(1) | None => String::new(),
        Some(n) => format!(", attempt {n} (the one before was proven never to have been placed)"),
    };
    match verdict.get("refused_by").and_then(Value::as_str) {
        Some(layer) => say(&format!("Refused   {leg} of {quantity}{attempt}, by the check {layer}:")),
        None if leg.starts_with("stop:") => {
            say(&format!("Protected {quantity} by a stop; it only takes risk away, so nothing is checked{attempt}"));
        }
        None if leg == "external" => {
            say(&format!("Not ours  {quantity} at first; nothing was asked, so nothing was checked"));
        }
        None => say(&format!("Approved  {leg} of {quantity}{attempt}; every check passed:")),
    }
    for check in list(verdict, "checks") {
        let passed = check.get("passed").and_then(Value::as_bool).unwrap_or(false);
        let mark = if passed { "ok  " } else { "FAIL" };
        say(&format!(
            "  {mark} {:20} {} (limit: {})",
            text(check, "check"),
            text(check, "value"),
            text(check, "limit")
        ));
    }
    let Some(order) = verdict.get("order").filter(|order| order.is_object()) else { return };
    let trigger = order.get("trigger").and_then(Value::as_str).map(|t| format!(", trigger {t}")).unwrap_or_default();
    say(&format!(
        "  order {} ({} {}{trigger}): {}",
        text(order, "id"),
        text(order, "kind"),
        text(order, "side"),
        text(order, "state")
    ));
    for passage in list(order, "history") {
        say(&format!("    {:10} {}", text(passage, "state"), text(passage, "why")));
    }
    for fill in list(verdict, "fills") {
        let (side, quantity, price) = (text(fill, "side"), text(fill, "quantity"), text(fill, "price"));
        let fee = format!("{} {}", text(fill, "fee"), text(fill, "fee_asset"));
        say(&format!(
            "    fill {}: {side} {quantity} at {price}, fee {fee}, {}",
            text(fill, "trade"),
            instant(fill, "at")
        ));
    }
}
