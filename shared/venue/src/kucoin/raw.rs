//! The envelope of every answer, and the scalars only this venue writes so.

use super::errors;
use crate::protocol::model::{Side, VenueFee};
use crate::protocol::wire::{self, MaybeMs, MaybeNum, Text};
use crate::protocol::{Markets, ReadFault, Reply};
use desk::time::Timestamp;
use rust_decimal::Decimal;
use serde::de::{self, DeserializeOwned};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// `{"code":"200000","data":..}`, or a code and words.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(default)]
    code: Text,
    #[serde(default)]
    msg: Text,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

/// What says that all is well.
const GOOD: [&str; 2] = ["200000", "200"];

/// The JSON behind `data`.
///
/// # Errors
/// [`ReadFault::Api`] for the venue's errors and for pages that are no JSON with a status of failure.
pub(super) fn payload(reply: &Reply) -> Result<&str, ReadFault> {
    let envelope: Envelope<'_> = match serde_json::from_slice(&reply.body) {
        Ok(envelope) => envelope,
        Err(_) if !reply.is_success() => {
            let code = reply.status.to_string();
            return Err(errors::of(reply, &code, &reply.excerpt()).into());
        }
        Err(e) => return Err(ReadFault::parse(reply, e)),
    };
    let code = envelope.code.some();
    match code {
        Some(code) if GOOD.contains(&code) && reply.is_success() => {
            Ok(envelope.data.map_or("null", serde_json::value::RawValue::get))
        }
        Some(code) => Err(errors::of(reply, code, &envelope.msg.0).into()),
        None if !reply.is_success() => Err(errors::of(reply, &reply.status.to_string(), &reply.excerpt()).into()),
        None => Err(ReadFault::parse(reply, "an answer without a code")),
    }
}

/// What `data` holds.
///
/// # Errors
/// As [`payload`], and [`ReadFault::Parse`] if it is not as documented.
pub(super) fn data<T: DeserializeOwned>(reply: &Reply) -> Result<T, ReadFault> {
    serde_json::from_str(payload(reply)?).map_err(|e| ReadFault::parse(reply, e))
}

/// What `data` holds, which has to be an object: serde would take a list for a struct's fields in order.
///
/// # Errors
/// As [`data`].
pub(super) fn object<T: DeserializeOwned>(reply: &Reply) -> Result<T, ReadFault> {
    if payload(reply)?.trim_start().starts_with('{') {
        return data(reply);
    }
    Err(ReadFault::parse(reply, "an object was expected"))
}

/// A page of rows: a bare list, or a list under one of the names the venue has for it.
pub(super) struct Rows<T>(pub(super) Vec<T>);

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow, default, alias = "list", alias = "dataList", alias = "data")]
    items: Option<&'a RawValue>,
}

/// The rows of a page.
///
/// # Errors
/// As [`data`].
pub(super) fn rows<T: DeserializeOwned>(reply: &Reply) -> Result<Rows<T>, ReadFault> {
    let text = payload(reply)?;
    let fault = |e: serde_json::Error| ReadFault::parse(reply, e);
    if text.starts_with('[') {
        return serde_json::from_str(text).map(Rows).map_err(fault);
    }
    if text == "null" {
        return Ok(Rows(Vec::new()));
    }
    let page: Page<'_> = serde_json::from_str(text).map_err(fault)?;
    let items = page.items.ok_or_else(|| ReadFault::parse(reply, "a page without rows"))?;
    serde_json::from_str(items.get()).map(Rows).map_err(fault)
}

/// An instant in nanoseconds that may be absent, `null`, empty or zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct MaybeNanos(pub(super) Option<Timestamp>);

impl<'de> Deserialize<'de> for MaybeNanos {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = MaybeNum::deserialize(deserializer)?.nonzero();
        number.map(wire::nanos).transpose().map(Self).map_err(de::Error::custom)
    }
}

/// An instant that one server writes in milliseconds and another in nanoseconds. The two ranges have nothing in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct MaybeEither(pub(super) Option<Timestamp>);

impl<'de> Deserialize<'de> for MaybeEither {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = MaybeNum::deserialize(deserializer)?.nonzero();
        number.map(either).transpose().map(Self).map_err(de::Error::custom)
    }
}

/// The instant of a number of milliseconds or nanoseconds.
pub(super) fn either(number: Decimal) -> Result<Timestamp, String> {
    wire::millis(number).or_else(|_| wire::nanos(number))
}

/// The instant at which a bar opens: seconds at the spot server, milliseconds at the other.
pub(super) fn bar_time(number: Decimal) -> Result<Timestamp, String> {
    wire::seconds(number).or_else(|_| wire::millis(number))
}

/// The first of several instants that is told.
pub(super) fn first_of(times: &[MaybeMs]) -> Option<Timestamp> {
    times.iter().find_map(|time| time.0)
}

/// A currency's common name.
pub(super) fn currency(name: &str) -> &str {
    match name {
        "XBT" => "BTC",
        other => other,
    }
}

/// The venue's name of a currency at the futures server.
pub(super) fn futures_currency(name: &str) -> &str {
    match name {
        "BTC" => "XBT",
        other => other,
    }
}

/// Buy or sell, in capitals or not.
pub(super) fn side(text: &str) -> Result<Side, String> {
    match text {
        "buy" | "BUY" => Ok(Side::Buy),
        "sell" | "SELL" => Ok(Side::Sell),
        other => Err(format!("{other:?} is neither buy nor sell")),
    }
}

/// A fee, if there is one.
pub(super) fn fee(cost: MaybeNum, name: &Text) -> Option<VenueFee> {
    cost.0.map(|cost| VenueFee { cost, currency: name.some().map(|name| currency(name).to_owned()) })
}

/// The unified name of a symbol; the name asked for, where the answer names none.
pub(super) fn market(markets: &Markets, symbol: &Text, asked: Option<&str>) -> Option<String> {
    match symbol.some() {
        Some(symbol) => Some(markets.name_of(symbol, &[])),
        None => asked.map(str::to_owned),
    }
}

/// Rows in time's order, from `since` on and up to `until`; of more than `limit` the first, when `since` is given, else
/// the last.
pub(super) fn window<T>(
    mut rows: Vec<T>,
    range: crate::protocol::Range,
    at: impl Fn(&T) -> Option<Timestamp>,
) -> Vec<T> {
    rows.sort_by_key(|row| at(row).map(Timestamp::ms));
    rows.retain(|row| match at(row) {
        Some(at) => {
            range.since.is_none_or(|since| at.ms() >= since.ms())
                && range.until.is_none_or(|until| at.ms() <= until.ms())
        }
        None => true,
    });
    let Some(limit) = range.limit.and_then(|limit| usize::try_from(limit).ok()) else { return rows };
    if range.since.is_some() {
        rows.truncate(limit);
        rows
    } else {
        rows.split_off(rows.len().saturating_sub(limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Meaning, Range};

    #[test]
    fn an_error_inside_a_good_status_and_a_page_of_html_are_errors() {
        let inside = Reply::new(200, r#"{"code":"400100","msg":"Parameter Error"}"#);
        assert_eq!(payload(&inside).unwrap_err().meaning(), Meaning::Refusal);
        let html = Reply::new(502, "<html>Bad Gateway</html>");
        assert!(matches!(payload(&html), Err(ReadFault::Api(e)) if e.meaning == Meaning::Unclear && e.code == "502"));
        assert!(matches!(payload(&Reply::new(200, "<html>")), Err(ReadFault::Parse { .. })));
        assert!(matches!(payload(&Reply::new(200, r#"{"data":[]}"#)), Err(ReadFault::Parse { .. })));
        assert!(payload(&Reply::new(500, r#"{"code":"200000","data":{}}"#)).is_err());
    }

    #[test]
    fn of_rows_newest_first_the_window_keeps_the_oldest_behind_since() {
        let rows: Vec<Timestamp> = [4, 3, 2, 1].map(Timestamp::from_ms).to_vec();
        let range = |since: Option<i64>| Range { since: since.map(Timestamp::from_ms), until: None, limit: Some(2) };
        let ms = |rows: Vec<Timestamp>| rows.iter().map(|t| t.ms()).collect::<Vec<_>>();
        assert_eq!(ms(window(rows.clone(), range(Some(2)), |t| Some(*t))), [2, 3]);
        assert_eq!(ms(window(rows, range(None), |t| Some(*t))), [3, 4]);
    }
}
