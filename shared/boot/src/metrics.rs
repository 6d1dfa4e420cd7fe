//! Metrics as log lines in CloudWatch's embedded metric format: no agent, no API call, no waiting. A process that nobody
//! told where to write them writes none.
//!
//! Every metric is listed here with its one dimension, whose values are few: CloudWatch bills by the number of
//! name-and-value pairs. One that an alarm looks at is written without its dimension, too: an alarm sees one metric.

use crate::WallClock;
use desk::money::Amount;
use desk::port::Clock;
use serde_json::Value;
use std::fmt::Display;
use std::io::Write;
use std::sync::{Mutex, OnceLock, PoisonError};

/// A metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Its unit, as CloudWatch names it.
    pub unit: &'static str,
    /// Its dimension.
    pub dimension: Option<&'static str>,
    /// Whether it is written over all values of its dimension, too.
    pub total: bool,
}

const fn metric(name: &'static str, unit: &'static str, dimension: Option<&'static str>) -> Metric {
    Metric { name, unit, dimension, total: false }
}

/// Wishes of strategies.
pub const SIGNALS: Metric = metric("Signals", "Count", None);
/// Wishes that risk approved.
pub const APPROVED: Metric = metric("Approved", "Count", None);
/// Wishes that risk refused, by layer.
pub const REFUSED: Metric = metric("Refused", "Count", Some("Layer"));
/// Fills booked.
pub const FILLS: Metric = metric("Fills", "Count", None);
/// Orders whose outcome became unknown.
pub const UNKNOWN_ORDERS: Metric = metric("UnknownOrders", "Count", None);
/// Differences between the books and the venue.
pub const FINDINGS: Metric = metric("Findings", "Count", None);
/// Uses of the kill switch.
pub const KILL_SWITCH: Metric = metric("KillSwitch", "Count", None);
/// Messages buried, by queue.
pub const DEAD_LETTERS: Metric = metric("DeadLetters", "Count", Some("Queue"));
/// Circuit breakers that opened, by venue and class of endpoints: `binance/order`.
pub const BREAKER_OPEN: Metric = Metric { total: true, ..metric("BreakerOpen", "Count", Some("Breaker")) };
/// How long ago the last bar of the market that is furthest behind has closed.
pub const DATA_AGE: Metric = metric("DataAge", "Seconds", None);
/// What the account is worth, in quote units.
pub const EQUITY: Metric = metric("Equity", "None", None);
/// The quote asset held.
pub const CASH: Metric = metric("Cash", "None", None);
/// How many assets other than cash are held.
pub const OPEN_POSITIONS: Metric = metric("OpenPositions", "Count", None);

/// Every metric.
pub const ALL: [Metric; 13] = [
    SIGNALS,
    APPROVED,
    REFUSED,
    FILLS,
    UNKNOWN_ORDERS,
    FINDINGS,
    KILL_SWITCH,
    DEAD_LETTERS,
    BREAKER_OPEN,
    DATA_AGE,
    EQUITY,
    CASH,
    OPEN_POSITIONS,
];

struct Sink {
    namespace: String,
    writer: Mutex<Box<dyn Write + Send>>,
}

static SINK: OnceLock<Sink> = OnceLock::new();

/// Writes metrics to `writer` from now on, under `namespace`. To be called once; a second call changes nothing.
pub fn init(namespace: impl Into<String>, writer: impl Write + Send + 'static) {
    let _ = SINK.set(Sink { namespace: namespace.into(), writer: Mutex::new(Box::new(writer)) });
}

/// Counts one.
pub fn count(metric: Metric, value_of_dimension: &str) {
    emit(metric, value_of_dimension, &1);
}

/// Notes how much something is.
pub fn gauge(metric: Metric, amount: Amount) {
    emit(metric, "", &amount);
}

/// Notes a whole number.
pub fn whole(metric: Metric, number: u64) {
    emit(metric, "", &number);
}

fn emit(metric: Metric, value_of_dimension: &str, number: &dyn Display) {
    let Some(sink) = SINK.get() else { return };
    let line = line(&sink.namespace, metric, value_of_dimension, number, WallClock.now().ms());
    let mut writer = sink.writer.lock().unwrap_or_else(PoisonError::into_inner);
    // A metric that can't be written must not stop an order.
    let _ = writeln!(writer, "{line}");
}

/// The line is put together as text: an amount has more digits than a JSON library's number would keep.
fn line(namespace: &str, metric: Metric, value_of_dimension: &str, number: &dyn Display, at_ms: i64) -> String {
    let Metric { name, unit, dimension, total } = metric;
    let quoted = |text: &str| Value::from(text).to_string();
    let namespace = quoted(namespace);
    let names = dimension.map(quoted).unwrap_or_default();
    let over_all = if total { "[]," } else { "" };
    let field = dimension.map(|key| format!(",{}:{}", quoted(key), quoted(value_of_dimension))).unwrap_or_default();
    format!(
        r#"{{"_aws":{{"Timestamp":{at_ms},"CloudWatchMetrics":[{{"Namespace":{namespace},"Dimensions":[{over_all}[{names}]],"Metrics":[{{"Name":"{name}","Unit":"{unit}"}}]}}]}}{field},"{name}":{number}}}"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_is_json_in_the_embedded_metric_format() {
        let text = line("Ballast/x", REFUSED, "cash", &1, 5);
        let parsed: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(parsed["Refused"], 1);
        assert_eq!(parsed["Layer"], "cash");
        let directive = &parsed["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "Ballast/x");
        assert_eq!(directive["Dimensions"], json!([["Layer"]]));
        assert_eq!(directive["Metrics"], json!([{ "Name": "Refused", "Unit": "Count" }]));
        assert_eq!(parsed["_aws"]["Timestamp"], 5);
    }

    #[test]
    fn what_an_alarm_looks_at_is_written_with_its_dimension_and_without() {
        let text = line("n", BREAKER_OPEN, "binance/order", &1, 5);
        let parsed: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(parsed["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([[], ["Breaker"]]));
        assert_eq!((&parsed["Breaker"], &parsed["BreakerOpen"]), (&json!("binance/order"), &json!(1)));
    }

    #[test]
    fn an_amount_keeps_its_digits_and_a_metric_without_a_dimension_has_none() {
        let text = line("n", EQUITY, "", &"1000410.716634559512345678", 5);
        assert!(text.ends_with(r#","Equity":1000410.716634559512345678}"#), "{text}");
        let parsed: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(parsed["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([[]]));
        assert_eq!(parsed.as_object().unwrap().len(), 2);
    }
}
