//! Answers: what a case has inferred is left out, what it has read is compared.

use super::{empty, equal_scalars, text};
use crate::cases::Case;
use serde_json::{Map, Value, json};

/// Fields that the cases infer from others, or compute by formulas of their own. An adapter may leave them out.
const INFERRED: [&str; 25] = [
    // Taken from the time of the last change where the venue does not tell of fills.
    "lastTradeTimestamp",
    "postOnly",
    "fees",
    "average",
    "cost",
    "remaining",
    "trades",
    "stopPrice",
    "datetime",
    "info",
    "vwap",
    "change",
    "percentage",
    "collateral",
    "maintenanceMargin",
    "maintenanceMarginPercentage",
    "initialMarginPercentage",
    "marginRatio",
    "networks",
    "limits",
    "numericId",
    "deposit",
    "withdraw",
    "estimatedSettlePrice",
    "contractSize",
];
/// Fields only the cases have, or that repeat others under a second name.
const NOT_COMPARED: [&str; 14] = [
    "info",
    "datetime",
    "fundingDatetime",
    "nextFundingDatetime",
    "previousFundingDatetime",
    "marginType",
    "baseVolumeQuote",
    "type_",
    "url",
    "updated",
    "collateral",
    "maintenanceMargin",
    "maintenanceMarginPercentage",
    "initialMarginPercentage",
];

fn close(a: &Value, b: &Value) -> bool {
    if equal_scalars(a, b) {
        return true;
    }
    // The cases write `GTC` for most venues and `gtc` for one.
    if let (Value::String(a), Value::String(b)) = (a, b)
        && a.eq_ignore_ascii_case(b)
    {
        return true;
    }
    let float = |value: &Value| text(value).and_then(|text| text.parse::<f64>().ok());
    match (float(a), float(b)) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * a.abs().max(b.abs()),
        _ => false,
    }
}

/// A newer replay's value at the one place where it differs from the case.
struct Newer<'a> {
    path: String,
    value: &'a Value,
}

fn plain(path: &str) -> String {
    path.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '/' || *c == ':').collect()
}

/// Compares an answer with what the case wants.
///
/// # Errors
/// Words, naming the first difference.
pub fn response(case: &Case, ours: &Value) -> Result<(), String> {
    let difference = case.observed.get("first_difference").and_then(Value::as_array);
    let newer = difference.and_then(|parts| {
        let (path, value) = (parts.first()?.as_str()?, parts.get(1)?);
        Some(Newer { path: plain(path), value })
    });
    match case.method.as_str() {
        "setLeverage" | "setMarginMode" | "setPositionMode" | "addMargin" | "reduceMargin" | "cancelAllOrdersAfter" => {
            // Their answers are the venue's own; that they were understood is all there is to compare.
            Ok(())
        }
        "fetchBalance" => balances(ours, &case.parsed_response),
        _ => answer("", ours, &case.parsed_response, newer.as_ref()),
    }
}

fn balances(ours: &Value, theirs: &Value) -> Result<(), String> {
    let Value::Object(theirs) = theirs else { return Err("the case has no balances".to_owned()) };
    let parts = ["info", "free", "used", "total", "debt", "timestamp", "datetime"];
    for (currency, row) in theirs.iter().filter(|(name, _)| !parts.contains(&name.as_str())) {
        let mine = ours.get(currency).unwrap_or(&Value::Null);
        for part in ["free", "used", "total"] {
            let (a, b) = (mine.get(part).unwrap_or(&Value::Null), row.get(part).unwrap_or(&Value::Null));
            let zero = |value: &Value| value.is_null() || close(value, &json!(0));
            let agree = b.is_null() || close(a, b) || (zero(a) && zero(b));
            if !agree {
                return Err(format!(".{currency}.{part}: ours {a}, the case's {b}"));
            }
        }
    }
    let Value::Object(ours) = ours else { return Err("ours are no balances".to_owned()) };
    let more = ours.iter().filter(|(name, row)| {
        !parts.contains(&name.as_str())
            && !theirs.contains_key(*name)
            && row.get("total").is_some_and(|total| !total.is_null() && !close(total, &json!(0)))
    });
    more.map(|(name, _)| Err(format!(".{name}: the case has no such currency"))).next().unwrap_or(Ok(()))
}

fn answer(path: &str, ours: &Value, theirs: &Value, newer: Option<&Newer<'_>>) -> Result<(), String> {
    if newer.is_some_and(|newer| {
        plain(path) == newer.path && (close(ours, newer.value) || newer.value == "None" && ours.is_null())
    }) {
        return Ok(());
    }
    match (ours, theirs) {
        (Value::Object(mine), Value::Object(wanted)) => {
            for (name, b) in wanted.iter().filter(|(name, _)| !NOT_COMPARED.contains(&name.as_str())) {
                let a = mine.get(name).unwrap_or(&Value::Null);
                if b.is_null() || empty(b) {
                    // The venue may tell us more than the case knows, but not that something was done.
                    if matches!(name.as_str(), "id" | "status" | "side") && !a.is_null() && path_is_record(mine) {
                        return Err(format!("{path}.{name}: ours {a}, the case's null"));
                    }
                    continue;
                }
                // What our form of such a row has no place for is not compared: the type of the order behind a trade, the
                // rate a fee was computed with, whether fees have tiers.
                let is_row = ["symbol", "currency", "code"].iter().any(|key| mine.contains_key(*key));
                if is_row && !mine.contains_key(name) {
                    continue;
                }
                if a.is_null() && INFERRED.contains(&name.as_str()) {
                    continue;
                }
                // Some venues write "none" as zero, and the cases leave the zero standing.
                let is_none = a.is_null() && name.ends_with("Price") && close(b, &json!(0));
                if is_none || inferred_price(name, a, b, wanted) || unknown_kind(name, b) {
                    continue;
                }
                answer(&format!("{path}.{name}"), a, b, newer)?;
            }
            Ok(())
        }
        (Value::Object(mine), Value::Array(rows)) if !mine.contains_key("symbol") && mine.len() == 1 => {
            mine.values().next().map_or(Ok(()), |a| answer(path, a, &Value::Array(rows.clone()), newer))
        }
        (Value::Array(a), Value::Array(b)) => lists(path, a, b, newer),
        (a, b) if close(a, b) => Ok(()),
        (a, b) if empty(a) && empty(b) => Ok(()),
        (a, b) => Err(format!("{path}: ours {a}, the case's {b}")),
    }
}

fn path_is_record(row: &Map<String, Value>) -> bool {
    row.contains_key("clientOrderId")
}

/// The cases fill in the price of a market order from its average.
fn inferred_price(name: &str, ours: &Value, theirs: &Value, wanted: &Map<String, Value>) -> bool {
    name == "price" && ours.is_null() && wanted.get("average").is_some_and(|average| close(average, theirs))
}

/// Types of orders beyond market and limit are the venue's own words.
fn unknown_kind(name: &str, theirs: &Value) -> bool {
    name == "type" && !matches!(theirs.as_str(), Some("market" | "limit"))
}

fn lists(path: &str, ours: &[Value], theirs: &[Value], newer: Option<&Newer<'_>>) -> Result<(), String> {
    if ours.len() != theirs.len() {
        return Err(format!("{path}: ours has {} rows, the case {}", ours.len(), theirs.len()));
    }
    let in_order = |a: &[Value], b: &[Value]| {
        a.iter().zip(b).enumerate().try_for_each(|(at, (a, b))| answer(&format!("{path}[{at}]"), a, b, newer))
    };
    in_order(ours, theirs).or_else(|first| {
        // Rows without an order of their own: sorted by time and id on both sides.
        let sorted = |rows: &[Value]| {
            let mut rows = rows.to_vec();
            let part = |row: &Value, name: &str| row.get(name).and_then(text).unwrap_or_default();
            rows.sort_by_key(|row| (part(row, "timestamp"), part(row, "id"), part(row, "symbol")));
            rows
        };
        in_order(&sorted(ours), &sorted(theirs)).map_err(|_| first)
    })
}
