//! What both of Kraken's protocols need.

use crate::protocol::call::Extra;
use crate::protocol::fault::{ApiError, Meaning, ReadFault};
use crate::protocol::model::{Bar, MarginMode, PositionSide, Side};
use crate::protocol::{CallError, Credentials, Params, Reply, sign};
use desk::time::Timestamp;
use rust_decimal::Decimal;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A parameter's value as it stands in a form.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(list) => Some(list.iter().filter_map(text_of).collect::<Vec<_>>().join(",")),
        Value::Object(_) => Some(value.to_string()),
    }
}

/// `params` with those of `extra` that are not `consumed`: one of the same name replaces ours, and the fields of an object
/// stand as `name[field]`.
pub(super) fn merged(mut params: Params, extra: &Extra, consumed: &[&str]) -> Params {
    let passed: Vec<(String, String)> =
        extra.iter().filter(|(name, _)| !consumed.contains(name)).flat_map(flat).collect();
    params.retain(|name| !passed.iter().any(|(theirs, _)| theirs == name));
    for (name, value) in passed {
        params.push(name, value);
    }
    params
}

fn flat((name, value): (&str, &Value)) -> Vec<(String, String)> {
    match value {
        Value::Object(fields) => {
            let inner = fields.iter().filter_map(|(field, value)| Some((format!("{name}[{field}]"), text_of(value)?)));
            inner.collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            text_of(value).map(|text| (name.to_owned(), text)).into_iter().collect()
        }
    }
}

/// Seconds since 1970, cut off.
pub(super) fn seconds_down(at: Timestamp) -> i64 {
    at.ms().div_euclid(1000)
}

/// Seconds since 1970, the next full one.
pub(super) fn seconds_up(at: Timestamp) -> i64 {
    at.ms().saturating_add(999).div_euclid(1000)
}

/// `buy` or `sell`, the same at both.
pub(super) const fn side_text(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

/// A side as told, in any case.
pub(super) fn side_of(text: &str) -> Result<Side, String> {
    match text {
        "buy" | "Buy" | "BUY" | "b" => Ok(Side::Buy),
        "sell" | "Sell" | "SELL" | "s" => Ok(Side::Sell),
        other => Err(format!("{other:?} is no side")),
    }
}

/// Long for what was bought, short for what was sold.
pub(super) fn position_side(text: &str) -> Result<PositionSide, String> {
    match text {
        "long" | "buy" => Ok(PositionSide::Long),
        "short" | "sell" => Ok(PositionSide::Short),
        other => Err(format!("{other:?} is no side of a position")),
    }
}

/// An error that the HTTP status alone tells; `code` and `message` are what the body says, if it says anything.
pub(super) fn status_fault(reply: &Reply, meaning: Meaning, code: &str, message: &str) -> ReadFault {
    let meaning = match reply.status {
        429 | 418 => Meaning::RateLimit,
        401 if meaning == Meaning::Unclear => Meaning::Credentials,
        _ => meaning,
    };
    let seconds = reply.header("retry-after").or_else(|| reply.header("rate-limit-reset"));
    let retry_after_ms = seconds.and_then(|text| text.trim().parse::<i64>().ok()).and_then(|s| s.checked_mul(1000));
    ReadFault::Api(ApiError {
        code: if code.is_empty() { format!("http {}", reply.status) } else { code.chars().take(200).collect() },
        message: if message.is_empty() { reply.excerpt() } else { message.chars().take(200).collect() },
        status: reply.status,
        meaning,
        retry_after_ms: retry_after_ms.filter(|_| meaning == Meaning::RateLimit),
    })
}

/// A body, or a part of it.
pub(super) fn json<T: DeserializeOwned>(reply: &Reply, text: &str) -> Result<T, ReadFault> {
    serde_json::from_str(text).map_err(|e| ReadFault::parse(reply, e))
}

/// The body as text.
pub(super) fn body(reply: &Reply) -> Result<&str, ReadFault> {
    std::str::from_utf8(&reply.body).map_err(|_| ReadFault::parse(reply, "the body is no text"))
}

/// A signature: HMAC-SHA512 in base64. Both venues give the secret out in base64, too.
pub(super) fn signature(
    venue: &'static str,
    credentials: &Credentials,
    message: &[&[u8]],
) -> Result<String, CallError> {
    let tag = credentials.hmac_sha512(message);
    tag.map(|tag| sign::base64(tag.as_ref())).ok_or(CallError::Credentials { venue, why: "the secret is not base64" })
}

/// `a / b`, where that is a number.
pub(super) fn quotient(a: Decimal, b: Decimal) -> Option<Decimal> {
    if b.is_zero() { None } else { a.checked_div(b).map(|q| q.normalize()) }
}

/// A fraction, of a number of per cent.
pub(super) fn of_per_cent(value: Decimal) -> Option<Decimal> {
    quotient(value, Decimal::ONE_HUNDRED)
}

/// Bars in order of time; two of the same time are a fault.
pub(super) fn in_order(mut bars: Vec<Bar>) -> Result<Vec<Bar>, String> {
    bars.sort_by_key(|bar| bar.open_time);
    let twice = bars.windows(2).any(|pair| matches!(pair, [a, b] if a.open_time == b.open_time));
    if twice { Err("two bars begin at the same time".to_owned()) } else { Ok(bars) }
}

/// The margin mode as a word, for messages.
pub(super) const fn margin_text(mode: MarginMode) -> &'static str {
    match mode {
        MarginMode::Cross => "cross",
        MarginMode::Isolated => "isolated",
    }
}
