//! SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS, SET_PROPERTY and GET_PROPERTY of the market streams.

use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What a connection listens to.
#[derive(Debug, Clone, Default)]
pub struct Subscriptions {
    /// Names of streams, and listen keys.
    pub names: BTreeSet<String>,
    /// Whether messages are wrapped with their stream's name.
    pub combined: bool,
}

/// Does what a message asks, and answers it.
pub fn handle(subscriptions: &mut Subscriptions, text: &str) -> Value {
    let request: Value = match serde_json::from_str(text) {
        Ok(request) => request,
        Err(error) => return json!({ "code": 3, "msg": format!("Invalid JSON: {error}") }),
    };
    let id = request.get("id").cloned().unwrap_or(Value::Null);
    let refused = |code: i32, msg: &str| json!({ "code": code, "msg": msg, "id": id });
    let Some(method) = request.get("method").and_then(Value::as_str) else {
        return refused(2, "Invalid request: missing field `method` at line 1 column 1");
    };
    let params = request.get("params").and_then(Value::as_array).cloned().unwrap_or_default();
    let names = || params.iter().map(|name| name.as_str().map(str::to_owned)).collect::<Option<Vec<String>>>();
    let result = match (method, params.as_slice()) {
        ("SUBSCRIBE", _) => match names() {
            Some(names) => {
                subscriptions.names.extend(names);
                Value::Null
            }
            None => return refused(2, "Invalid request: stream name must be a string"),
        },
        ("UNSUBSCRIBE", _) => match names() {
            Some(names) => {
                names.iter().for_each(|name| {
                    subscriptions.names.remove(name);
                });
                Value::Null
            }
            None => return refused(2, "Invalid request: stream name must be a string"),
        },
        ("LIST_SUBSCRIPTIONS", _) => json!(subscriptions.names),
        ("GET_PROPERTY", [Value::String(name)]) if name == "combined" => json!(subscriptions.combined),
        ("SET_PROPERTY", [Value::String(name), Value::Bool(on)]) if name == "combined" => {
            subscriptions.combined = *on;
            Value::Null
        }
        ("SET_PROPERTY", [Value::String(name), _]) if name == "combined" => {
            return refused(1, "Invalid value type: expected Boolean");
        }
        ("GET_PROPERTY" | "SET_PROPERTY", _) => return refused(0, "Unknown property"),
        _ => {
            let known = "expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY` at line 1 column 28";
            return refused(2, &format!("Invalid request: unknown variant {method}, {known}"));
        }
    };
    json!({ "result": result, "id": id })
}
