//! The WebSocket API: the REST endpoints under other names, and subscribing to user data with a signature.
//!
//! What is signed is all parameters but the signature, as `name=value` in the order of their names.

use crate::api::auth;
use crate::api::call::{HttpAnswer, Method, Params};
use crate::api::{self, Admitted};
use crate::engine::refusal::Refusal;
use crate::engine::types::{AccountId, Ms};
use crate::exchange::Exchange;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Subscriptions to user data of one connection: by number.
pub type Users = BTreeMap<u64, AccountId>;

/// Answers a request.
pub fn handle(exchange: &mut Exchange, users: &mut Users, text: &str, from: &str, now: Ms) -> Value {
    let Ok(request) = serde_json::from_str::<Value>(text) else {
        return refused(&Value::Null, 400, &Refusal::new(-1135, "Invalid JSON Request"));
    };
    let id = request.get("id").cloned().unwrap_or(Value::Null);
    let method = request.get("method").and_then(Value::as_str).unwrap_or_default();
    let pairs = request.get("params").and_then(Value::as_object).into_iter().flatten();
    let pairs: BTreeMap<String, String> = pairs.map(|(name, value)| (name.clone(), plain(value))).collect();
    match method {
        "userDataStream.subscribe.signature" => match subscriber(exchange, &pairs, now) {
            Ok(account) => {
                if users.values().any(|known| *known == account) {
                    return refused(&id, 400, &Refusal::new(-2035, "User Data Stream subscription already active."));
                }
                let number = users.last_key_value().map_or(0, |(last, _)| last + 1);
                users.insert(number, account);
                json!({ "id": id, "status": 200, "result": { "subscriptionId": number } })
            }
            Err(refusal) => refused(&id, if refusal.code == -2015 { 401 } else { 400 }, &refusal),
        },
        "userDataStream.unsubscribe" => {
            match pairs.get("subscriptionId").and_then(|number| number.parse::<u64>().ok()) {
                Some(number) => users.retain(|known, _| *known != number),
                None => users.clear(),
            }
            json!({ "id": id, "status": 200, "result": {} })
        }
        "session.subscriptions" => {
            let list: Vec<Value> = users.keys().map(|number| json!({ "subscriptionId": number })).collect();
            json!({ "id": id, "status": 200, "result": list })
        }
        _ => match endpoint(method) {
            Some((verb, path)) => relay(exchange, verb, path, pairs, &id, from, now),
            None => refused(&id, 400, &Refusal::new(-1130, "Data sent for parameter 'method' is not valid.")),
        },
    }
}

/// The REST endpoint that does the same.
fn endpoint(method: &str) -> Option<(Method, &'static str)> {
    Some(match method {
        "ping" => (Method::Get, "/api/v3/ping"),
        "time" => (Method::Get, "/api/v3/time"),
        "exchangeInfo" => (Method::Get, "/api/v3/exchangeInfo"),
        "depth" => (Method::Get, "/api/v3/depth"),
        "trades.recent" => (Method::Get, "/api/v3/trades"),
        "trades.aggregate" => (Method::Get, "/api/v3/aggTrades"),
        "klines" => (Method::Get, "/api/v3/klines"),
        "ticker.24hr" => (Method::Get, "/api/v3/ticker/24hr"),
        "ticker.price" => (Method::Get, "/api/v3/ticker/price"),
        "ticker.book" => (Method::Get, "/api/v3/ticker/bookTicker"),
        "order.place" => (Method::Post, "/api/v3/order"),
        "order.test" => (Method::Post, "/api/v3/order/test"),
        "order.status" => (Method::Get, "/api/v3/order"),
        "order.cancel" => (Method::Delete, "/api/v3/order"),
        "openOrders.status" => (Method::Get, "/api/v3/openOrders"),
        "openOrders.cancelAll" => (Method::Delete, "/api/v3/openOrders"),
        "orderList.place.oco" => (Method::Post, "/api/v3/orderList/oco"),
        "orderList.status" => (Method::Get, "/api/v3/orderList"),
        "orderList.cancel" => (Method::Delete, "/api/v3/orderList"),
        "account.status" => (Method::Get, "/api/v3/account"),
        "account.commission" => (Method::Get, "/api/v3/account/commission"),
        "account.rateLimits.orders" => (Method::Get, "/api/v3/rateLimit/order"),
        "allOrders" => (Method::Get, "/api/v3/allOrders"),
        "myTrades" => (Method::Get, "/api/v3/myTrades"),
        _ => return None,
    })
}

fn relay(
    exchange: &mut Exchange,
    verb: Method,
    path: &str,
    pairs: BTreeMap<String, String>,
    id: &Value,
    from: &str,
    now: Ms,
) -> Value {
    let answer = match admit(exchange, verb, path, pairs, from, now) {
        Ok(admitted) => api::act(exchange, &admitted, now),
        Err(answer) => answer,
    };
    let body = serde_json::from_str(&answer.body).unwrap_or(Value::Null);
    if answer.status == 200 {
        json!({ "id": id, "status": 200, "result": body })
    } else {
        json!({ "id": id, "status": answer.status, "error": body })
    }
}

fn admit(
    exchange: &mut Exchange,
    verb: Method,
    path: &str,
    pairs: BTreeMap<String, String>,
    from: &str,
    now: Ms,
) -> Result<Admitted, HttpAnswer> {
    let signer = |exchange: &Exchange, trade: bool| signed(exchange, &pairs, trade, now);
    let params: Vec<(String, String)> =
        pairs.iter().filter(|(name, _)| *name != "apiKey").map(|(name, value)| (name.clone(), value.clone())).collect();
    api::admit(exchange, verb, path, Params::of(params), pairs.get("apiKey").map(String::as_str), from, signer, now)
}

fn subscriber(exchange: &Exchange, pairs: &BTreeMap<String, String>, now: Ms) -> Result<AccountId, Refusal> {
    signed(exchange, pairs, false, now).map(|(account, _)| account)
}

/// Key, timestamp and signature.
fn signed(
    exchange: &Exchange,
    pairs: &BTreeMap<String, String>,
    trade: bool,
    now: Ms,
) -> Result<(AccountId, auth::Timing), Refusal> {
    let key = auth::key(&exchange.keys, pairs.get("apiKey").map(String::as_str), trade)?;
    let params = Params::of(pairs.iter().map(|(name, value)| (name.clone(), value.clone())).collect());
    let timing = auth::timing(&params)?;
    timing.arrived(now)?;
    let parts: Vec<String> =
        pairs.iter().filter(|(name, _)| *name != "signature").map(|(name, value)| format!("{name}={value}")).collect();
    auth::verify(&parts.join("&"), params.required("signature")?, key)?;
    Ok((key.account, timing))
}

fn refused(id: &Value, status: u16, refusal: &Refusal) -> Value {
    json!({ "id": id, "status": status, "error": { "code": refusal.code, "msg": refusal.text } })
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
