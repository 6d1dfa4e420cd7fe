//! Orders of the spot exchange, as requests.

mod form;

use super::market::shorten;
use super::reports;
use crate::kraken::shared::{self, merged};
use crate::protocol::call::{Distance, Extra, OrderFilter, OrderKind, TimeInForce};
use crate::protocol::model::OrderReport;
use crate::protocol::{
    Amendment, Ask, Body, Built, CallError, EndpointClass, Instrument, NewOrder, OrderRef, OrdersQuery, Params, Scope,
    Unsigned,
};
use desk::time::Timestamp;
use form::order_form;
use serde_json::{Map, Value};

/// Parameters of an order that are interpreted here.
const CONSUMED: [&str; 5] = ["oflags", "offset", "type", "trigger", "close"];
/// The most orders of one batch.
const BATCH_MAX: usize = 15;
/// The most orders that are cancelled by one request.
const CANCEL_MAX: usize = 50;

fn unsupported(what: impl Into<String>) -> CallError {
    CallError::Unsupported { venue: "kraken", what: what.into() }
}

fn invalid(what: impl Into<String>) -> CallError {
    CallError::Invalid(what.into())
}

/// A signed request of one of the private methods. Orders have a limit of their own and cost nothing of the counter.
pub(super) fn private(path: &'static str, form: Params, class: EndpointClass) -> Unsigned {
    let weight = match path {
        "/0/private/TradesHistory" | "/0/private/Ledgers" | "/0/private/ClosedOrders" => 2,
        _ => 1,
    };
    Unsigned::post("spot", path, Body::Form(form), class).weighing(weight)
}

fn batch(path: &'static str, body: &Value, class: EndpointClass) -> Unsigned {
    Unsigned::post("spot", path, Body::json(body), class)
}

pub(super) fn place(order: &NewOrder) -> Built<OrderReport> {
    let form = merged(order_form(order, true)?, &order.extra, &CONSUMED);
    let request = private("/0/private/AddOrder", form, EndpointClass::Order);
    let (test, in_quote) = (order.test, order.cost.is_some());
    Ok(Ask::new(request, move |reply, markets| reports::added(reply, markets, test, in_quote)))
}

pub(super) fn place_many(orders: &[NewOrder]) -> Built<Vec<OrderReport>> {
    let [first, ..] = orders else { return Err(invalid("a batch without orders")) };
    if orders.len() > BATCH_MAX {
        return Err(invalid(format!("{} orders in a batch, the venue takes {BATCH_MAX}", orders.len())));
    }
    if orders.iter().any(|order| order.instrument.symbol != first.instrument.symbol) {
        return Err(invalid("the orders of a batch must all be of one market"));
    }
    let mut rows = Vec::with_capacity(orders.len());
    for order in orders {
        rows.push(Value::Object(json_of(&merged(order_form(order, false)?, &order.extra, &CONSUMED))));
    }
    let mut body = Map::new();
    body.insert("pair".to_owned(), Value::String(first.instrument.symbol.clone()));
    body.insert("orders".to_owned(), Value::Array(rows));
    if let Some(deadline) = first.deadline {
        body.insert("deadline".to_owned(), Value::String(deadline.rfc3339_ms()));
    }
    if first.test {
        body.insert("validate".to_owned(), Value::Bool(true));
    }
    let request = batch("/0/private/AddOrderBatch", &Value::Object(body), EndpointClass::Order);
    let (count, test) = (orders.len(), first.test);
    Ok(Ask::new(request, move |reply, markets| reports::added_many(reply, markets, count, test)))
}

/// A form's fields as an object; `close[price]` becomes a field of the object `close`.
fn json_of(form: &Params) -> Map<String, Value> {
    let mut object = Map::new();
    for (name, value) in form.iter() {
        let value = match value {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            text => Value::String(text.to_owned()),
        };
        match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
            Some((outer, inner)) => {
                let fields = object.entry(outer.to_owned()).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(fields) = fields {
                    fields.insert(inner.to_owned(), value);
                }
            }
            None => {
                object.insert(name.to_owned(), value);
            }
        }
    }
    object
}

/// Either the venue's id or ours; ours counts where both are given.
fn which(order: &OrderRef, by_venue: &'static str) -> Result<Params, CallError> {
    match (&order.client_id, &order.id) {
        (Some(client_id), _) => Ok(Params::new().with("cl_ord_id", client_id)),
        (None, Some(id)) => Ok(Params::new().with(by_venue, id)),
        (None, None) => Err(invalid("neither the venue's id of the order nor ours is given")),
    }
}

pub(super) fn amend(change: &Amendment) -> Built<OrderReport> {
    let to = &change.to;
    let instrument = change.order.instrument.as_ref().unwrap_or(&to.instrument);
    let quantity = to.quantity.map(|quantity| instrument.quantity_text(quantity)).transpose()?;
    let price = match to.kind {
        OrderKind::Limit => to.price.map(|price| instrument.price_text(price)).transpose()?,
        OrderKind::Market => None,
    };
    let offset = to.extra.text("offset");
    let trigger = match (&to.trigger, &to.trailing) {
        (Some(trigger), _) => {
            Some(format!("{}{}", offset.as_deref().unwrap_or_default(), instrument.price_text(trigger.price)?))
        }
        (None, Some(trailing)) => {
            let sign = offset.as_deref().unwrap_or("+");
            Some(match trailing.behind {
                Distance::Percent(percent) => format!("{sign}{}%", percent.normalize()),
                Distance::Amount(amount) => format!("{sign}{}", amount.normalize()),
            })
        }
        (None, None) => None,
    };
    let shown = to.shown.map(|shown| instrument.quantity_text(shown)).transpose()?;
    let form = which(&change.order, "txid")?
        .maybe("order_qty", quantity)
        .maybe("limit_price", price)
        .maybe("trigger_price", trigger)
        .maybe("display_qty", shown)
        .maybe("post_only", (to.post_only || to.time_in_force == Some(TimeInForce::PostOnly)).then_some("true"))
        .maybe("deadline", to.deadline.map(Timestamp::rfc3339_ms));
    let form = merged(merged(form, &change.order.scope.extra, &[]), &to.extra, &["offset", "type"]);
    let request = private("/0/private/AmendOrder", form, EndpointClass::Order);
    let asked = change.order.clone();
    Ok(Ask::new(request, move |reply, _| reports::amended(reply, &asked)))
}

pub(super) fn cancel(order: &OrderRef) -> Built<OrderReport> {
    let extra = &order.scope.extra;
    let form = match extra.text("userref") {
        // The reference number stands where the venue's id does.
        Some(userref) => Params::new().with("txid", userref),
        None => which(order, "txid")?,
    };
    let request = private("/0/private/CancelOrder", merged(form, extra, &["userref"]), EndpointClass::Cancel);
    Ok(Ask::new(request, |reply, _| reports::canceled(reply).map(|_| OrderReport::default())))
}

pub(super) fn cancel_many(orders: &[OrderRef]) -> Built<Vec<OrderReport>> {
    if orders.is_empty() || orders.len() > CANCEL_MAX {
        return Err(invalid(format!("{} orders to cancel, the venue takes 1 to {CANCEL_MAX}", orders.len())));
    }
    let (mut ids, mut client_ids) = (Vec::new(), Vec::new());
    for order in orders {
        match (&order.client_id, &order.id) {
            (Some(client_id), _) => client_ids.push(Value::String(client_id.clone())),
            (None, Some(id)) => ids.push(Value::String(id.clone())),
            (None, None) => return Err(invalid("neither the venue's id of the order nor ours is given")),
        }
    }
    let mut body = Map::new();
    for (name, list) in [("orders", ids), ("cl_ord_ids", client_ids)] {
        if !list.is_empty() {
            body.insert(name.to_owned(), Value::Array(list));
        }
    }
    let request = batch("/0/private/CancelOrderBatch", &Value::Object(body), EndpointClass::Cancel);
    Ok(Ask::new(request, |reply, _| reports::canceled(reply)))
}

pub(super) fn cancel_all(market: Option<&Instrument>, scope: &Scope) -> Built<Vec<OrderReport>> {
    if market.is_some() {
        // The venue would cancel the orders of all markets, protective ones too.
        return Err(unsupported("cancelling of all orders of one market: cancel them by their ids"));
    }
    let request = private("/0/private/CancelAll", merged(Params::new(), &scope.extra, &[]), EndpointClass::Cancel);
    Ok(Ask::new(request, |reply, _| reports::canceled_all(reply)))
}

pub(super) fn cancel_all_after(timeout_ms: u32) -> Built<()> {
    // Whole seconds: never later than asked for, and never 0, which would turn the switch off.
    let seconds = if timeout_ms == 0 { 0 } else { (timeout_ms / 1000).max(1) };
    let form = Params::new().with("timeout", seconds);
    let request = private("/0/private/CancelAllOrdersAfter", form, EndpointClass::Cancel);
    Ok(Ask::new(request, |reply, _| reports::switched(reply)))
}

pub(super) fn order(order: &OrderRef) -> Built<OrderReport> {
    let extra = &order.scope.extra;
    let form = Params::new().with("trades", "true");
    let number = order.client_id.as_ref().filter(|id| id.parse::<i32>().is_ok()).cloned();
    let form = match (extra.text("userref").or(number), &order.id) {
        (Some(userref), _) => form.with("userref", userref),
        (None, Some(id)) => form.with("txid", id),
        (None, None) => {
            // The venue looks orders up by client id among the working ones, or among those that ended.
            return Err(unsupported("orders by client id wherever they stand: ask for the open, then the closed ones"));
        }
    };
    let request = private("/0/private/QueryOrders", merged(form, extra, &["userref"]), EndpointClass::Account);
    let id = order.id.clone();
    Ok(Ask::new(request, move |reply, markets| reports::queried(reply, markets, id.as_deref())))
}

pub(super) fn one_of(order: &OrderRef, filter: OrderFilter) -> Built<OrderReport> {
    let Some(client_id) = order.client_id.clone() else { return self::order(order) };
    let path = if filter == OrderFilter::Open { "/0/private/OpenOrders" } else { "/0/private/ClosedOrders" };
    let form = Params::new().with("cl_ord_id", &client_id);
    let request = private(path, merged(form, &order.scope.extra, &[]), EndpointClass::Account);
    Ok(Ask::new(request, move |reply, markets| reports::one_listed(reply, markets, filter, &client_id)))
}

fn listed_form(query: &OrdersQuery) -> Params {
    let extra = &query.scope.extra;
    let client_id = extra.text("clientOrderId").or_else(|| extra.text("cl_ord_id"));
    let form = Params::new().maybe("start", query.range.since.map(shared::seconds_down));
    // The working ones have no end of the stretch.
    let until = query.range.until.filter(|_| query.filter != OrderFilter::Open);
    let form = form.maybe("end", until.map(shared::seconds_up)).maybe("cl_ord_id", client_id);
    merged(form, &without(extra, &["clientOrderId", "cl_ord_id"]), &[])
}

fn without(extra: &Extra, names: &[&str]) -> Extra {
    Extra(extra.0.iter().filter(|(name, _)| !names.contains(&name.as_str())).cloned().collect())
}

pub(super) fn orders(query: &OrdersQuery) -> Built<Vec<OrderReport>> {
    let path = match query.filter {
        OrderFilter::Open => "/0/private/OpenOrders",
        OrderFilter::Closed | OrderFilter::Canceled | OrderFilter::CanceledAndClosed => "/0/private/ClosedOrders",
        OrderFilter::All => return Err(unsupported("working and ended orders in one answer")),
    };
    let request = private(path, listed_form(query), EndpointClass::Account);
    let (filter, market, range) = (query.filter, query.instrument.as_ref().map(|i| i.name.clone()), query.range);
    Ok(Ask::new(request, move |reply, markets| {
        let mut rows = reports::listed(reply, markets, filter)?;
        rows.retain(|row| market.is_none() || row.market == market);
        rows.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        shorten(&mut rows, range.limit, range.since.is_some());
        Ok(rows)
    }))
}
