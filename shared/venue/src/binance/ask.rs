//! What all questions share: parameters of the venue's own put in, replies checked and turned.

use super::errors::{self, Family};
use crate::protocol::call::{Extra, Range};
use crate::protocol::{Ask, Markets, Params, ReadFault, Reply, Unsigned};
use desk::money::exact;
use rust_decimal::Decimal;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// A list, or one row of it alone: several endpoints answer either, by what they are asked.
#[derive(Debug)]
pub(super) struct Rows<T>(pub Vec<T>);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Rows<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        if raw.get().starts_with('[') {
            serde_json::from_str(raw.get()).map(Self).map_err(D::Error::custom)
        } else {
            serde_json::from_str(raw.get()).map(|row| Self(vec![row])).map_err(D::Error::custom)
        }
    }
}

/// Reads a reply as `R`, once it is known to be an answer.
pub(super) fn read<R: DeserializeOwned>(reply: &Reply, family: Family) -> Result<R, ReadFault> {
    errors::check(reply, family)?;
    serde_json::from_slice(&reply.body).map_err(|e| ReadFault::parse(reply, e))
}

/// A question whose reply is read as `R` and then turned; what does not fit is told in words.
pub(super) fn ask<R, T>(
    request: Unsigned,
    family: Family,
    turn: impl Fn(R, &Markets) -> Result<T, String> + Send + Sync + 'static,
) -> Ask<T>
where
    R: DeserializeOwned,
{
    Ask::new(request, move |reply, markets| {
        let raw = read::<R>(reply, family)?;
        turn(raw, markets).map_err(|what| ReadFault::parse(reply, what))
    })
}

/// An object of whatever fields.
#[derive(Debug, Deserialize)]
pub(super) struct Anything {}

/// A question whose reply has nothing to tell but that all went well.
pub(super) fn done(request: Unsigned, family: Family) -> Ask<()> {
    ask(request, family, |_: Anything, _| Ok(()))
}

/// A JSON value as it stands in a query.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Some(value.to_string()),
    }
}

/// `params` with what is in `extra`: a name that is there already gets the new value. Names in `known` are left out.
pub(super) fn with_extra(mut params: Params, extra: &Extra, known: &[&str]) -> Params {
    let fresh: Vec<(&str, String)> = extra
        .iter()
        .filter(|(name, _)| !known.contains(name))
        .filter_map(|(name, value)| text(value).map(|value| (name, value)))
        .collect();
    params.retain(|name| fresh.iter().all(|(other, _)| *other != name));
    for (name, value) in fresh {
        params.push(name.to_owned(), value);
    }
    params
}

/// `startTime`, `endTime` and `limit`.
pub(super) fn ranged(params: Params, range: &Range) -> Params {
    params
        .maybe("startTime", range.since.map(|at| at.ms()))
        .maybe("endTime", range.until.map(|at| at.ms()))
        .maybe("limit", range.limit)
}

/// Whether an own parameter says so.
pub(super) fn flagged(extra: &Extra, name: &str) -> bool {
    matches!(extra.get(name), Some(Value::Bool(true))) || extra.text(name).as_deref() == Some("true")
}

/// The sum of what is there.
pub(super) fn sum(parts: &[Option<Decimal>]) -> Result<Option<Decimal>, String> {
    let mut total = None;
    for part in parts.iter().flatten() {
        total = Some(match total {
            Some(sum) => exact::add(sum, *part).map_err(|e| e.to_string())?,
            None => *part,
        });
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_own_parameter_replaces_ours_of_the_same_name() {
        let extra = Extra(vec![
            ("limit".into(), json!(5)),
            ("rolling".into(), json!(true)),
            ("fresh".into(), json!(["a"])),
            ("none".into(), Value::Null),
        ]);
        let params = with_extra(Params::new().with("symbol", "X").with("limit", 1), &extra, &["rolling"]);
        let all: Vec<(&str, &str)> = params.iter().collect();
        assert_eq!(all, [("symbol", "X"), ("limit", "5"), ("fresh", r#"["a"]"#)]);
    }
}
