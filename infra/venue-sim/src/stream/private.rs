//! What an account is told about its orders and balances.

use crate::api::show::{list_id, text8};
use crate::engine::ledger::Balance;
use crate::engine::types::{Execution, Ms, OrderList, Report};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// `executionReport`
#[must_use]
pub fn report(report: &Report, now: Ms) -> Value {
    let order = &report.order;
    let zero = || text8(Decimal::ZERO);
    let fill = report.fill.as_ref();
    // A cancel has a name of its own; the order's name moves aside.
    let (client, original) = match (report.execution, &order.cancel_id) {
        (Execution::Canceled, Some(cancel)) => (cancel.as_str(), order.client_id.as_str()),
        (Execution::Replaced, Some(former)) => (order.client_id.as_str(), former.as_str()),
        _ => (order.client_id.as_str(), ""),
    };
    let mut event = json!({
        "e": "executionReport", "E": now, "s": order.symbol, "c": client, "S": order.side.text(), "o": order.kind.text(),
        "f": order.tif.text(), "q": text8(order.quantity), "p": text8(order.price), "P": text8(order.stop_price),
        "F": zero(), "g": list_id(order.list), "C": original, "x": report.execution.text(), "X": order.status.text(),
        "r": "NONE", "i": order.id, "l": fill.map_or_else(zero, |fill| text8(fill.quantity)), "z": text8(order.executed),
        "L": fill.map_or_else(zero, |fill| text8(fill.price)), "n": fill.map_or_else(|| "0".to_owned(), |fill| text8(fill.commission)),
        "N": fill.map(|fill| fill.commission_asset.clone()), "T": report.at, "t": fill.map_or(json!(-1), |fill| json!(fill.trade_id)),
        "I": report.number, "w": order.status.is_open() && order.working, "m": fill.is_some_and(|fill| fill.maker), "M": fill.is_some(),
        "O": order.placed_at, "Z": text8(order.executed_quote), "Y": fill.map_or_else(zero, |fill| text8(fill.quote)),
        "Q": text8(order.quote_quantity), "V": order.stp.text(),
    });
    if let Some(map) = event.as_object_mut() {
        let mut add = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                map.insert(name.to_owned(), value);
            }
        };
        add("W", order.working_at.map(|at| json!(at)));
        add("j", order.strategy.0.map(|id| json!(id)));
        add("J", order.strategy.1.map(|kind| json!(kind)));
        add("v", order.prevented_match.map(|number| json!(number)));
        add("A", order.prevented_match.map(|_| json!(text8(order.prevented))));
        add("B", order.prevented_match.map(|_| json!(text8(order.prevented))));
        add("eR", order.expiry.map(|reason| json!(reason.text())));
    }
    event
}

/// `listStatus`
#[must_use]
pub fn list(pair: &OrderList, orders: &[(u64, String)], now: Ms) -> Value {
    let orders: Vec<Value> =
        orders.iter().map(|(id, client)| json!({ "s": pair.symbol, "i": id, "c": client })).collect();
    json!({
        "e": "listStatus", "E": now, "s": pair.symbol, "g": pair.id, "c": "OCO",
        "l": if pair.done { "ALL_DONE" } else { "EXEC_STARTED" }, "L": if pair.done { "ALL_DONE" } else { "EXECUTING" },
        "r": "NONE", "C": pair.client_id, "T": pair.at, "O": orders,
    })
}

/// `outboundAccountPosition`
#[must_use]
pub fn position(balances: &[(String, Balance)], at: Ms, now: Ms) -> Value {
    let row = |(asset, balance): &(String, Balance)| json!({ "a": asset, "f": text8(balance.free), "l": text8(balance.locked) });
    json!({ "e": "outboundAccountPosition", "E": now, "u": at, "B": balances.iter().map(row).collect::<Vec<_>>() })
}

/// `balanceUpdate`
#[must_use]
pub fn moved(asset: &str, amount: Decimal, at: Ms, now: Ms) -> Value {
    json!({ "e": "balanceUpdate", "E": now, "a": asset, "d": text8(amount), "T": at })
}

/// `listenKeyExpired`
#[must_use]
pub fn expired(key: &str, now: Ms) -> Value {
    json!({ "e": "listenKeyExpired", "E": now, "listenKey": key })
}
