//! The rules by which requests and answers are compared. They are the cases' own rules, from the README beside them.

mod answer;

pub use answer::response;

use crate::cases::Case;
use crate::input::number;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use venue::protocol::{Auth, Method, Request};

/// Names of client ids. The desk always sends one; its text counts only where the case names one.
const CLIENT_IDS: [&str; 12] = [
    "newClientOrderId",
    "clientAlgoId",
    "newClientStrategyId",
    "clientOid",
    "newClientOid",
    "orderLinkId",
    "clOrdId",
    "algoClOrdId",
    "cl_ord_id",
    "cliOrdId",
    "client_order_id",
    "listClientOrderId",
];
/// What a client may add or leave out as it likes.
const COSMETIC: [&str; 8] =
    ["newOrderRespType", "recvWindow", "tag", "broker", "responseType", "receiveWindow", "timestamp", "signature"];
/// Names of "how many rows": they count only where the case says how many.
const LIMITS: [&str; 9] =
    ["limit", "pageSize", "size", "maxCount", "count", "depth", "pageNo", "currentPage", "idLessThan"];
/// Names of a stretch of time; they count only where the case gives one.
const RANGES: [&str; 12] =
    ["startTime", "endTime", "start", "end", "startAt", "endAt", "from", "to", "since", "before", "after", "lastTime"];

/// A request as far as it is compared.
struct Shape {
    path: String,
    query: BTreeMap<String, Value>,
    body: Option<Value>,
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let hex: String = rest.by_ref().take(2).map(char::from).collect();
            bytes.push(u8::from_str_radix(&hex, 16).unwrap_or(b'?'));
        } else {
            bytes.push(if byte == b'+' { b' ' } else { byte });
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn pairs(text: &str) -> BTreeMap<String, Value> {
    let one = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (percent_decoded(name), nested(Value::String(percent_decoded(value))))
    };
    let mut map: BTreeMap<String, Value> = BTreeMap::new();
    for (name, value) in text.split('&').filter(|pair| !pair.is_empty()).map(one) {
        // A repeated name is a list (Coinbase).
        match map.get_mut(&name) {
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = json!([first.clone(), value]),
            None => {
                map.insert(name, value);
            }
        }
    }
    map
}

/// A text that is JSON itself is read as such.
fn nested(value: Value) -> Value {
    match &value {
        Value::String(text) if text.starts_with('[') || text.starts_with('{') => {
            serde_json::from_str(text).unwrap_or(value)
        }
        _ => value,
    }
}

fn body_of(text: &str) -> Option<Value> {
    if text.is_empty() {
        return None;
    }
    if let Ok(value) = serde_json::from_str::<Value>(text)
        && (value.is_object() || value.is_array())
    {
        return Some(value);
    }
    Some(Value::Object(pairs(text).into_iter().collect()))
}

fn split(target: &str) -> (String, BTreeMap<String, Value>) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    (path.to_owned(), pairs(query))
}

fn of_url(url: &str, body: Option<&Value>) -> Shape {
    let behind = url.split_once("://").map_or(url, |(_, rest)| rest);
    let target = behind.find('/').and_then(|at| behind.get(at..)).unwrap_or("/");
    let (path, query) = split(target);
    let body = match body {
        Some(Value::String(text)) => body_of(text),
        Some(Value::Null) | None => None,
        Some(other) => Some(other.clone()),
    };
    Shape { path, query, body }
}

/// Which names don't count in this case.
struct Ignored<'a> {
    skip: &'a [String],
    client_id: bool,
    limit: bool,
    range: bool,
}

impl Ignored<'_> {
    fn has(&self, name: &str) -> bool {
        self.skip.iter().any(|key| key == name)
            || COSMETIC.contains(&name)
            || (self.client_id && CLIENT_IDS.contains(&name))
            || (self.limit && LIMITS.contains(&name))
            || (self.range && RANGES.contains(&name))
    }
}

fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.values().all(Value::is_null),
        _ => false,
    }
}

fn same(path: &str, ours: &Value, theirs: &Value, ignored: &Ignored<'_>) -> Result<(), String> {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            let names = ours.keys().chain(theirs.keys());
            for name in names.filter(|name| !ignored.has(name)) {
                let (a, b) = (ours.get(name).unwrap_or(&Value::Null), theirs.get(name).unwrap_or(&Value::Null));
                same(&format!("{path}.{name}"), a, b, ignored)?;
            }
            Ok(())
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().try_for_each(|(at, (a, b))| same(&format!("{path}[{at}]"), a, b, ignored))
        }
        (a, b) if empty(a) && empty(b) => Ok(()),
        (Value::Array(a), b) if a.len() == 1 && !b.is_array() => {
            a.first().map_or(Ok(()), |a| same(path, a, b, ignored))
        }
        (a, b) if equal_scalars(a, b) => Ok(()),
        (a, b) => Err(format!("{path}: ours {a}, the case's {b}")),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

fn equal_scalars(a: &Value, b: &Value) -> bool {
    let (Some(one), Some(other)) = (text(a), text(b)) else { return false };
    one == other || matches!((number(a), number(b)), (Ok(Some(a)), Ok(Some(b))) if a == b)
}

/// Compares a request with what the case wants.
///
/// # Errors
/// Words, naming the first difference.
pub fn request(case: &Case, ours: &Request, auth: Auth, skip: &[String]) -> Result<(), String> {
    let wanted = case.observed.get("http_method").and_then(Value::as_str);
    if wanted.is_some_and(|method| method != ours.method.as_str()) {
        return Err(format!("method: ours {}, the case's {}", ours.method.as_str(), wanted.unwrap_or_default()));
    }
    let headers = case.observed.get("header_names").and_then(Value::as_array).map(Vec::len);
    if let Some(headers) = headers
        && wanted.is_some()
        && (headers > 0) != (auth != Auth::None)
    {
        return Err(format!("ours is {auth:?}, the case has {headers} headers"));
    }
    let params = case.params();
    let names_client_id = ["clientOrderId", "clientOid", "clientOrderIds", "orderLinkId", "clOrdId"]
        .iter()
        .any(|n| params.contains_key(*n))
        || case.method.ends_with("WithClientOrderId");
    let numbers = case.input.iter().filter(|value| value.is_number()).count();
    let reading = ours.method == Method::Get || case.method.starts_with("fetch");
    let ignored = Ignored {
        skip,
        client_id: !names_client_id,
        limit: reading && numbers == 0,
        range: reading && numbers == 0 && !params.contains_key("until"),
    };
    let expected = of_url(case.url.as_deref().unwrap_or_default(), case.output.as_ref());
    let result = shapes(&expected, ours, &ignored);
    let newer = case.observed.get("newer_request");
    match (result, newer.and_then(|newer| newer.get("url")).and_then(Value::as_str)) {
        (Err(first), Some(url)) => {
            let expected = of_url(url, newer.and_then(|newer| newer.get("body")));
            shapes(&expected, ours, &ignored).map_err(|_| first)
        }
        (result, _) => result,
    }
}

fn shapes(expected: &Shape, ours: &Request, ignored: &Ignored<'_>) -> Result<(), String> {
    let (path, query) = split(&ours.target);
    let body = body_of(&ours.body);
    if path != expected.path {
        return Err(format!("path: ours {path}, the case's {}", expected.path));
    }
    let as_value = |map: &BTreeMap<String, Value>| Value::Object(map.clone().into_iter().collect::<Map<_, _>>());
    same("query", &as_value(&query), &as_value(&expected.query), ignored)?;
    let none = Value::Object(Map::new());
    same("body", body.as_ref().unwrap_or(&none), expected.body.as_ref().unwrap_or(&none), ignored)
}
