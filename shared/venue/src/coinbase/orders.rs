//! Orders: placing, checking, changing, cancelling, closing.
//!
//! 1. The kind of an order is the name of its configuration; only that one object is sent.
//! 2. A market buy of spot with a cost, or with a price that makes a cost of the quantity, is by quote units. Whoever
//!    wants an exact quantity gives no price.
//! 3. A trigger needs a limit: the venue has no stop-market orders. Stop-loss and take-profit together are a bracket.
//! 4. A refused order is an answer with `success: false`. One whose reason is not on the list of clear refusals is
//!    unclear, like everything else.

mod terms;

use super::errors::{answer, api};
use super::request::{READ, add, invalid, post};
use crate::protocol::model::{MarginMode, OrderReport, Side};
use crate::protocol::wire::{Flag, Text};
use crate::protocol::{
    Amendment, Ask, Built, CallError, EndpointClass, Instrument, Meaning, NewOrder, OrderRef, ReadFault, Reply, Scope,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use terms::{attached, configuration};

/// Extras of orders that are read here and not passed on.
const READ_ORDER: &[&str] = &[
    "type",
    "method",
    "preview",
    "createMarketBuyOrderRequiresPrice",
    "stop_direction",
    "end_time",
    "triggerDirection",
    "portfolio",
];

fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(map) = value { map } else { Map::new() }
}

fn flag(order: &NewOrder, name: &str) -> Option<bool> {
    match order.extra.text(name)?.as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Whether the venue only tells what would become of the order.
fn previews(order: &NewOrder) -> bool {
    order.test || flag(order, "preview") == Some(true)
}

fn body(order: &NewOrder) -> Result<Map<String, Value>, CallError> {
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    if !previews(order) {
        let Some(id) = &order.client_id else { return invalid("the venue wants a client_order_id") };
        put("client_order_id", id.as_str().into());
    }
    put("product_id", order.instrument.symbol.as_str().into());
    put("side", if order.side == Side::Buy { "BUY" } else { "SELL" }.into());
    put("order_configuration", configuration(order)?);
    if let Some(attached) = attached(order)? {
        put("attached_order_configuration", attached);
    }
    if let Some(leverage) = order.leverage {
        put("leverage", leverage.normalize().to_string().into());
    }
    if let Some(mode) = order.margin {
        put("margin_type", if mode == MarginMode::Isolated { "ISOLATED" } else { "CROSS" }.into());
    }
    add(&mut body, &order.extra, READ_ORDER);
    Ok(body)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Placed {
    success: Flag,
    failure_reason: Text,
    order_id: Text,
    success_response: Option<Success>,
    error_response: Option<Failure>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Success {
    order_id: Text,
    client_order_id: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Failure {
    error: Text,
    message: Text,
    error_details: Text,
    preview_failure_reason: Text,
    new_order_failure_reason: Text,
}

/// The most telling word of a failure: the reason of the order, then of its check, then the general one.
fn failure(reply: &Reply, placed: &Placed) -> ReadFault {
    let none = Failure::default();
    let failure = placed.error_response.as_ref().unwrap_or(&none);
    let words =
        [&failure.new_order_failure_reason, &failure.preview_failure_reason, &failure.error, &placed.failure_reason];
    let known = words.iter().filter_map(|word| word.some()).find(|word| !word.contains("UNKNOWN"));
    let word = known.or_else(|| words.iter().find_map(|word| word.some())).unwrap_or("UNKNOWN_FAILURE_REASON");
    let text = failure.message.some().or_else(|| failure.error_details.some()).unwrap_or_default();
    api(reply, word, text)
}

fn placed(reply: &Reply, market: &str) -> Result<OrderReport, ReadFault> {
    let placed: Placed = answer(reply)?;
    if placed.success.0 != Some(true) {
        return Err(failure(reply, &placed));
    }
    let success = placed.success_response.unwrap_or_default();
    let id = success.order_id.owned().or_else(|| placed.order_id.owned());
    if id.is_none() {
        return Err(ReadFault::parse(reply, "the order was accepted and has no id"));
    }
    let client_id = success.client_order_id.owned();
    Ok(OrderReport { market: Some(market.to_owned()), id, client_id, ..OrderReport::default() })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Preview {
    errs: Vec<Text>,
}

/// Places one, or has it checked.
pub(super) fn place(order: &NewOrder) -> Built<OrderReport> {
    let body = body(order)?;
    let name = order.instrument.name.clone();
    if previews(order) {
        let request = post("/orders/preview", body, EndpointClass::Account);
        return Ok(Ask::new(request, move |reply, _| match answer::<Preview>(reply)?.errs.first() {
            Some(word) => Err(api(reply, &word.0, "the check of the order failed")),
            None => Ok(OrderReport { market: Some(name.clone()), ..OrderReport::default() }),
        }));
    }
    Ok(Ask::new(post("/orders", body, EndpointClass::Order), move |reply, _| placed(reply, &name)))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Edited {
    success: Flag,
    errors: Vec<EditFailure>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct EditFailure {
    edit_failure_reason: Text,
    preview_failure_reason: Text,
}

/// Changes size and price of an order that is good till cancelled.
pub(super) fn amend(change: &Amendment) -> Built<OrderReport> {
    let Some(id) = change.order.id.clone() else { return invalid("an order is changed by the venue's id only") };
    let to = &change.to;
    let market = change.order.instrument.as_ref().unwrap_or(&to.instrument);
    let mut body = object(json!({ "order_id": id }));
    if let Some(quantity) = to.quantity {
        body.insert("size".to_owned(), market.quantity_text(quantity)?.into());
    }
    if let Some(price) = to.price {
        body.insert("price".to_owned(), market.price_text(price)?.into());
    }
    if let Some(trigger) = &to.trigger {
        body.insert("stop_price".to_owned(), market.price_text(trigger.price)?.into());
    }
    add(&mut body, &change.order.scope.extra, READ);
    add(&mut body, &to.extra, READ_ORDER);
    let checks = previews(to);
    let (path, class) =
        if checks { ("/orders/edit_preview", EndpointClass::Account) } else { ("/orders/edit", EndpointClass::Order) };
    let name = market.name.clone();
    Ok(Ask::new(post(path, body, class), move |reply, _| {
        let edited: Edited = answer(reply)?;
        let first = edited.errors.iter().flat_map(|e| [&e.edit_failure_reason, &e.preview_failure_reason]);
        if let Some(word) = first.filter_map(|word| word.some()).next() {
            return Err(api(reply, word, "the order was not changed"));
        }
        // A check of a change has no `success`.
        match edited.success.0 {
            Some(true) => {}
            None if checks => {}
            Some(false) => return Err(api(reply, "UNKNOWN_EDIT_ORDER_FAILURE_REASON", "the order was not changed")),
            None => return Err(ReadFault::parse(reply, "whether the order was changed is not told")),
        }
        Ok(OrderReport { market: Some(name.clone()), id: Some(id.clone()), ..OrderReport::default() })
    }))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CancelRow {
    success: Flag,
    failure_reason: Text,
    order_id: Text,
}

#[derive(Deserialize)]
struct Canceled {
    results: Vec<CancelRow>,
}

fn ids(orders: &[OrderRef]) -> Result<Vec<String>, CallError> {
    let one = |order: &OrderRef| {
        order.id.clone().ok_or_else(|| CallError::Invalid("an order is cancelled by the venue's id only".to_owned()))
    };
    orders.iter().map(one).collect()
}

fn cancel_request(orders: &[OrderRef]) -> Result<crate::protocol::Unsigned, CallError> {
    if orders.is_empty() {
        return invalid("no orders to cancel");
    }
    let mut body = object(json!({ "order_ids": ids(orders)? }));
    if let Some(first) = orders.first() {
        add(&mut body, &first.scope.extra, READ);
    }
    Ok(post("/orders/batch_cancel", body, EndpointClass::Cancel))
}

fn cancelled(row: &CancelRow, order: &OrderRef) -> OrderReport {
    OrderReport {
        market: order.instrument.as_ref().map(|i| i.name.clone()),
        id: row.order_id.owned().or_else(|| order.id.clone()),
        client_id: order.client_id.clone(),
        ..OrderReport::default()
    }
}

/// Cancels one. The word of a failure is the venue's; only an unknown order is clear.
pub(super) fn cancel(order: &OrderRef) -> Built<OrderReport> {
    let request = cancel_request(std::slice::from_ref(order))?;
    let order = order.clone();
    Ok(Ask::new(request, move |reply, _| {
        let rows = answer::<Canceled>(reply)?.results;
        let [row] = rows.as_slice() else {
            return Err(ReadFault::parse(reply, format!("{} answers to one order", rows.len())));
        };
        if row.success.0 != Some(true) {
            let word = row.failure_reason.some().unwrap_or("UNKNOWN_CANCEL_FAILURE_REASON");
            return Err(api(reply, word, "the order was not cancelled"));
        }
        Ok(cancelled(row, &order))
    }))
}

/// Cancels several. What becomes of each is told by its state; a report here only repeats its id.
pub(super) fn cancel_many(orders: &[OrderRef]) -> Built<Vec<OrderReport>> {
    let request = cancel_request(orders)?;
    let orders = orders.to_vec();
    Ok(Ask::new(request, move |reply, _| {
        let rows = answer::<Canceled>(reply)?.results;
        if rows.len() != orders.len() {
            return Err(ReadFault::parse(reply, format!("{} answers to {} orders", rows.len(), orders.len())));
        }
        let unclear = |row: &&CancelRow| {
            let word = row.failure_reason.some().unwrap_or_default();
            row.success.0 != Some(true) && super::errors::meaning(word, reply.status) != Meaning::NotFound
        };
        if let Some(row) = rows.iter().find(unclear) {
            let word = row.failure_reason.some().unwrap_or("UNKNOWN_CANCEL_FAILURE_REASON");
            return Err(api(reply, word, "not all orders were cancelled"));
        }
        let report = |order: &OrderRef| {
            let none = CancelRow::default();
            let row = rows.iter().find(|row| row.order_id.some() == order.id.as_deref()).unwrap_or(&none);
            cancelled(row, order)
        };
        Ok(orders.iter().map(report).collect())
    }))
}

/// Closes a position, wholly or the extra `size` of it. The client id is an extra, `client_order_id`.
pub(super) fn close_position(market: &Instrument, scope: &Scope) -> Built<OrderReport> {
    let given = scope.extra.text("client_order_id").or_else(|| scope.extra.text("clientOrderId"));
    let Some(id) = given else { return invalid("the venue wants a client_order_id") };
    let mut body = object(json!({ "client_order_id": id, "product_id": market.symbol }));
    add(&mut body, &scope.extra, &["clientOrderId", "method"]);
    let name = market.name.clone();
    Ok(Ask::new(post("/orders/close_position", body, EndpointClass::Order), move |reply, _| placed(reply, &name)))
}
