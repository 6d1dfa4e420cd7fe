//! What all endpoints share: parameters, the envelope, and lists.

use super::super::protocol::call::{Extra, Range};
use super::super::protocol::fault::ReadFault;
use super::super::protocol::http::{Body, EndpointClass, Params, Reply, Unsigned};
use super::super::protocol::wire::Text;
use super::errors::api_error;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The one REST server.
pub(super) const ORIGIN: &str = "rest";

/// The code of success.
pub(super) const SUCCESS: &str = "00000";

/// Parameters by name, for a query or a JSON body.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// With one more.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// With one more, if there is a value.
    pub(super) fn maybe(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With what has no common name, but for what was understood already.
    pub(super) fn extra(mut self, extra: &Extra, understood: &[&str]) -> Self {
        for (name, value) in extra.iter().filter(|(name, _)| !understood.contains(name)) {
            self.0.insert(name.to_owned(), value.clone());
        }
        self
    }

    /// With a stretch of time and a number of rows.
    pub(super) fn range(self, range: &Range) -> Self {
        self.maybe("startTime", range.since.map(|at| at.ms().to_string()))
            .maybe("endTime", range.until.map(|at| at.ms().to_string()))
            .maybe("limit", range.limit.map(|n| n.to_string()))
    }

    /// As a query, in the order of the names.
    pub(super) fn query(self) -> Params {
        let mut params = Params::new();
        for (name, value) in self.0 {
            match &value {
                Value::Null => {}
                Value::String(text) => params.push(name, text),
                Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => params.push(name, value),
            }
        }
        params
    }

    /// As a JSON body.
    pub(super) fn body(self) -> Body {
        Body::json(&self.0)
    }

    /// As one item of a list.
    pub(super) fn item(self) -> Value {
        Value::Object(self.0)
    }
}

/// A public read.
pub(super) fn public(path: impl Into<Cow<'static, str>>, fields: Fields) -> Unsigned {
    Unsigned::public(ORIGIN, path, fields.query())
}

/// A signed read.
pub(super) fn account(path: impl Into<Cow<'static, str>>, fields: Fields) -> Unsigned {
    Unsigned::account(ORIGIN, path, fields.query())
}

/// A signed write.
pub(super) fn post(path: impl Into<Cow<'static, str>>, body: Body, class: EndpointClass) -> Unsigned {
    Unsigned::post(ORIGIN, path, body, class)
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(default)]
    code: Text,
    #[serde(default)]
    msg: Text,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

/// For how long the venue asks us to be silent.
fn retry_after_ms(reply: &Reply) -> Option<i64> {
    reply.header("retry-after")?.trim().parse::<i64>().ok()?.checked_mul(1000)
}

/// The text of `data` of an answer that tells of success; `null` when there is none.
pub(super) fn payload(reply: &Reply) -> Result<&str, ReadFault> {
    let envelope: Envelope<'_> = match serde_json::from_slice(&reply.body) {
        Ok(envelope) => envelope,
        Err(_) if matches!(reply.status, 429 | 418) => {
            return Err(api_error("", "too many requests", reply.status, retry_after_ms(reply)).into());
        }
        Err(e) => return Err(ReadFault::parse(reply, e)),
    };
    match envelope.code.some() {
        Some(SUCCESS) if reply.is_success() => Ok(envelope.data.map_or("null", RawValue::get)),
        Some(code) if code != SUCCESS => {
            Err(api_error(code, &envelope.msg.0, reply.status, retry_after_ms(reply)).into())
        }
        Some(_) => Err(ReadFault::parse(reply, "the code of success with a status of failure")),
        None => Err(ReadFault::parse(reply, "an answer without a code")),
    }
}

/// `data`, as one thing.
pub(super) fn data<'a, T: Deserialize<'a>>(reply: &'a Reply) -> Result<T, ReadFault> {
    serde_json::from_str(payload(reply)?).map_err(|e| ReadFault::parse(reply, e))
}

/// `data`, as one thing that some endpoints put into a list.
pub(super) fn first<'a, T: Deserialize<'a>>(reply: &'a Reply) -> Result<Option<T>, ReadFault> {
    let text = payload(reply)?;
    if text.starts_with('[') {
        let rows: Vec<T> = serde_json::from_str(text).map_err(|e| ReadFault::parse(reply, e))?;
        return Ok(rows.into_iter().next());
    }
    if matches!(text, "null" | "\"\"") {
        return Ok(None);
    }
    serde_json::from_str(text).map(Some).map_err(|e| ReadFault::parse(reply, e))
}

/// `data`, as a list that stands there itself or under one of `names`. An empty list may be `null`.
pub(super) fn rows<'a, T: Deserialize<'a>>(reply: &'a Reply, names: &[&str]) -> Result<Vec<T>, ReadFault> {
    let text = payload(reply)?;
    let fault = |e: serde_json::Error| ReadFault::parse(reply, e);
    let nothing = |text: &str| matches!(text, "null" | "\"\"");
    if nothing(text) {
        return Ok(Vec::new());
    }
    if text.starts_with('[') {
        return serde_json::from_str(text).map_err(fault);
    }
    let parts: BTreeMap<String, &'a RawValue> = serde_json::from_str(text).map_err(fault)?;
    let list = names.iter().find_map(|name| parts.get(*name));
    let list = list.ok_or_else(|| ReadFault::parse(reply, format!("no list named {}", names.join(" or "))))?;
    if nothing(list.get()) { Ok(Vec::new()) } else { serde_json::from_str(list.get()).map_err(fault) }
}

/// Each of some rows, turned into ours. One that can't be understood makes all of them doubtful.
pub(super) fn each<T, U>(
    reply: &Reply,
    rows: &[T],
    turn: impl Fn(&T) -> Result<U, String>,
) -> Result<Vec<U>, ReadFault> {
    rows.iter().map(|row| turn(row).map_err(|e| ReadFault::parse(reply, e))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::protocol::fault::Meaning;
    use super::*;

    #[test]
    fn only_the_code_of_success_opens_an_answer() {
        let text = |status, body: &str| payload(&Reply::new(status, body)).map(str::to_owned);
        assert_eq!(text(200, r#"{"code":"00000","msg":"success","data":[1]}"#).unwrap(), "[1]");
        assert_eq!(text(200, r#"{"code":"00000","msg":"success","data":null}"#).unwrap(), "null");
        assert!(matches!(text(502, "<html>Bad Gateway</html>"), Err(ReadFault::Parse { status: 502, .. })));
        assert!(matches!(text(500, r#"{"code":"00000","data":{}}"#), Err(ReadFault::Parse { .. })));
        assert!(matches!(text(200, "{}"), Err(ReadFault::Parse { .. })));
        assert_eq!(text(429, "<html>").unwrap_err().meaning(), Meaning::RateLimit);
        let fault = text(400, r#"{"code":"40786","msg":"Duplicate clientOid","requestTime":1,"data":null}"#);
        assert_eq!(fault.unwrap_err().meaning(), Meaning::DuplicateId);
        assert_eq!(text(200, r#"{"code":"43012","msg":"x"}"#).unwrap_err().meaning(), Meaning::Refusal);
    }

    #[test]
    fn a_list_is_found_where_the_endpoint_puts_it() {
        let list = |body: &str| rows::<u32>(&Reply::new(200, body), &["list", "orderList"]);
        assert_eq!(list(r#"{"code":"00000","data":[1,2]}"#).unwrap(), [1, 2]);
        assert_eq!(list(r#"{"code":"00000","data":{"list":[3],"cursor":"1"}}"#).unwrap(), [3]);
        assert!(list(r#"{"code":"00000","data":{"orderList":null}}"#).unwrap().is_empty());
        assert!(list(r#"{"code":"00000","data":{"elsewhere":[1]}}"#).is_err());
    }
}
