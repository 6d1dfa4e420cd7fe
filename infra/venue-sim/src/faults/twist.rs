//! Answers that are changed on their way out.

use serde_json::{Value, json};

/// The answer about another order: its numbers and names are not those that were asked for.
#[must_use]
pub fn wrong_order(mut body: Value) -> Value {
    for row in rows(&mut body) {
        if let Some(id) = row.get("orderId").and_then(Value::as_u64) {
            row.insert("orderId".to_owned(), json!(id + 1_000_003));
        }
        if row.contains_key("clientOrderId") {
            row.insert("clientOrderId".to_owned(), json!("somebody-elses-order"));
        }
    }
    body
}

/// A field replaced, or removed with null.
#[must_use]
pub fn tamper(mut body: Value, field: &str, value: &Value) -> Value {
    for row in rows(&mut body) {
        if value.is_null() {
            row.remove(field);
        } else {
            row.insert(field.to_owned(), value.clone());
        }
    }
    body
}

/// The answer's object, or each of its rows.
fn rows(body: &mut Value) -> Vec<&mut serde_json::Map<String, Value>> {
    match body {
        Value::Object(map) => vec![map],
        Value::Array(rows) => rows.iter_mut().filter_map(Value::as_object_mut).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}
