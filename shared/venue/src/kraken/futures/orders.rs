//! Orders of the futures exchange, as requests. Their parameters stand in the query, batches in a form.

use super::reports;
use crate::kraken::shared::{self, merged};
use crate::protocol::call::OrderClass;
use crate::protocol::call::{
    Crossing, Distance, Extra, OrderFilter, OrderKind, PriceSource, TimeInForce, Trailing, Trigger, TriggerKind,
};
use crate::protocol::model::{OrderReport, Side};
use crate::protocol::{
    Amendment, Ask, Body, Built, CallError, EndpointClass, Instrument, NewOrder, OrderRef, OrdersQuery, Params, Scope,
    Unsigned,
};
use desk::time::Timestamp;
use serde_json::{Map, Value, json};

/// The most orders of one batch.
const BATCH_MAX: usize = 10;
/// Parameters of an order that are interpreted here.
const CONSUMED: [&str; 2] = ["type", "triggerSignal"];

fn unsupported(what: impl Into<String>) -> CallError {
    CallError::Unsupported { venue: "krakenfutures", what: what.into() }
}

fn invalid(what: impl Into<String>) -> CallError {
    CallError::Invalid(what.into())
}

fn post(path: &'static str, query: Params, class: EndpointClass) -> Unsigned {
    Unsigned { query, ..Unsigned::post("futures", path, Body::None, class) }
}

fn batch(rows: Vec<Value>, before: Option<Timestamp>, class: EndpointClass) -> Unsigned {
    let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    let text = json!({ "batchOrder": rows }).to_string();
    let form = Params::new().maybe("processBefore", before.map(Timestamp::rfc3339_ms)).with("json", text);
    let weight = count.saturating_add(9);
    Unsigned::post("futures", "/derivatives/api/v3/batchorder", Body::Form(form), class).weighing(weight)
}

pub(super) fn place(order: &NewOrder) -> Built<OrderReport> {
    let query = merged(fields(order)?, &order.extra, &CONSUMED);
    let query = query.maybe("processBefore", order.deadline.map(Timestamp::rfc3339_ms));
    let request = post("/derivatives/api/v3/sendorder", query, EndpointClass::Order).weighing(10);
    Ok(Ask::new(request, reports::sent))
}

pub(super) fn place_many(orders: &[NewOrder]) -> Built<Vec<OrderReport>> {
    check_batch(orders.len())?;
    let mut rows = Vec::with_capacity(orders.len());
    for (at, order) in orders.iter().enumerate() {
        let mut row = row("send", &merged(fields(order)?, &order.extra, &CONSUMED));
        row.entry("order_tag").or_insert_with(|| Value::String((at + 1).to_string()));
        rows.push(row);
    }
    let tags = rows.iter().filter_map(|row| row.get("order_tag")).map(reports::tag).collect::<Vec<_>>();
    let before = orders.iter().filter_map(|order| order.deadline).min();
    let request = batch(rows.into_iter().map(Value::Object).collect(), before, EndpointClass::Order);
    Ok(Ask::new(request, move |reply, markets| reports::batch_sent(reply, markets, &tags)))
}

fn check_batch(count: usize) -> Result<(), CallError> {
    if (1..=BATCH_MAX).contains(&count) {
        Ok(())
    } else {
        Err(invalid(format!("{count} orders in a batch, the venue takes 1 to {BATCH_MAX}")))
    }
}

fn row(what: &str, fields: &Params) -> Map<String, Value> {
    let mut row = Map::new();
    row.insert("order".to_owned(), Value::String(what.to_owned()));
    for (name, value) in fields.iter() {
        let value = if value == "true" { Value::Bool(true) } else { Value::String(value.to_owned()) };
        row.insert(name.to_owned(), value);
    }
    row
}

fn check(order: &NewOrder) -> Result<(), CallError> {
    if !order.instrument.product.is_contract() {
        return Err(unsupported("spot trading"));
    }
    if order.oco.is_some() {
        return Err(unsupported("orders of which one cancels the other"));
    }
    if order.take_profit.is_some() || order.stop_loss.is_some() {
        return Err(unsupported("orders that go in with another"));
    }
    if order.cost.is_some() {
        return Err(unsupported("orders by cost"));
    }
    if order.shown.is_some() {
        return Err(unsupported("icebergs"));
    }
    if order.hedged {
        return Err(unsupported("long and short held apart"));
    }
    if order.test {
        return Err(unsupported("orders that are only checked"));
    }
    if order.leverage.is_some() {
        return Err(unsupported("a leverage that goes with the order: set it for the market"));
    }
    Ok(())
}

/// The fields of an order.
fn fields(order: &NewOrder) -> Result<Params, CallError> {
    check(order)?;
    let instrument = &order.instrument;
    let quantity = order.quantity.ok_or_else(|| invalid("an order without a quantity"))?;
    let limit = match (order.kind, order.price) {
        (OrderKind::Limit, Some(price)) => Some(instrument.price_text(price)?),
        (OrderKind::Limit, None) if order.trailing.is_none() => return Err(invalid("a limit order without a price")),
        (OrderKind::Limit, None) | (OrderKind::Market, _) => None,
    };
    let form = Params::new()
        .with("orderType", kind(order)?)
        .with("symbol", &instrument.symbol)
        .with("side", shared::side_text(order.side))
        .with("size", instrument.quantity_text(quantity)?)
        .maybe("cliOrdId", order.client_id.as_ref());
    let signal =
        |by: Option<PriceSource>| order.extra.text("triggerSignal").unwrap_or_else(|| signal_text(by).to_owned());
    if let Some(trailing) = &order.trailing {
        let form = form.with("triggerSignal", signal(None)).maybe("reduceOnly", order.reduce_only.then_some("true"));
        return trailing_fields(form, order, trailing);
    }
    let Some(trigger) = &order.trigger else {
        return Ok(form.maybe("limitPrice", limit).maybe("reduceOnly", order.reduce_only.then_some("true")));
    };
    let limit = match (order.kind, trigger.limit) {
        (OrderKind::Limit, Some(price)) => Some(instrument.price_text(price)?),
        _ => limit,
    };
    // What stops a loss or takes a profit closes a position, and opens none.
    let closes = order.reduce_only || matches!(trigger.kind, TriggerKind::StopLoss | TriggerKind::TakeProfit);
    Ok(form
        .with("triggerSignal", signal(trigger.by))
        .with("stopPrice", instrument.price_text(trigger.price)?)
        .maybe("limitPrice", limit)
        .maybe("reduceOnly", closes.then_some("true")))
}

fn trailing_fields(form: Params, order: &NewOrder, trailing: &Trailing) -> Result<Params, CallError> {
    if trailing.from.is_some() {
        return Err(unsupported("trailing orders that begin at a price"));
    }
    let parts = |distance: Distance| match distance {
        Distance::Percent(percent) => (percent.normalize(), "PERCENT"),
        Distance::Amount(amount) => (amount.normalize(), "QUOTE_CURRENCY"),
    };
    let (behind, unit) = parts(trailing.behind);
    let form = form.with("trailingStopMaxDeviation", behind).with("trailingStopDeviationUnit", unit);
    let Some(limit) = trailing.limit else { return Ok(form) };
    let (offset, unit) = parts(limit);
    // The limit lies on the far side of the trigger: below it for a sell, above it for a buy.
    let offset = match order.side {
        Side::Buy => offset,
        Side::Sell => -offset,
    };
    Ok(form.with("limitPriceOffsetValue", offset).with("limitPriceOffsetUnit", unit))
}

const fn signal_text(by: Option<PriceSource>) -> &'static str {
    match by {
        None | Some(PriceSource::Last) => "last",
        Some(PriceSource::Mark) => "mark",
        Some(PriceSource::Index) => "index",
    }
}

/// A plain trigger is a stop where the price moves against the order's side, and else takes profit. Without a direction
/// it is a stop.
fn trigger_kind(side: Side, trigger: &Trigger) -> &'static str {
    match (trigger.kind, trigger.crossing, side) {
        (TriggerKind::TakeProfit, _, _)
        | (TriggerKind::Plain, Some(Crossing::Down), Side::Buy)
        | (TriggerKind::Plain, Some(Crossing::Up), Side::Sell) => "take_profit",
        (TriggerKind::StopLoss, _, _)
        | (TriggerKind::Plain, None, _)
        | (TriggerKind::Plain, Some(Crossing::Up), Side::Buy)
        | (TriggerKind::Plain, Some(Crossing::Down), Side::Sell) => "stp",
    }
}

fn kind(order: &NewOrder) -> Result<String, CallError> {
    if order.trailing.is_some() {
        return Ok("trailing_stop".to_owned());
    }
    if let Some(trigger) = &order.trigger {
        return Ok(trigger_kind(order.side, trigger).to_owned());
    }
    if let Some(own) = order.extra.text("type") {
        return Ok(own);
    }
    Ok(match (order.kind, order.time_in_force, order.post_only) {
        (OrderKind::Limit, Some(TimeInForce::PostOnly), _) | (OrderKind::Limit, _, true) => "post",
        (OrderKind::Limit, Some(TimeInForce::Ioc), false) => "ioc",
        (OrderKind::Limit, Some(TimeInForce::Fok), false) => "fok",
        (OrderKind::Limit, Some(TimeInForce::Gtc) | None, false) => "lmt",
        (OrderKind::Market, None | Some(TimeInForce::Ioc), false) => "mkt",
        (OrderKind::Market, Some(TimeInForce::Fok), false) => {
            return Err(unsupported("market orders that are filled wholly or not at all"));
        }
        (OrderKind::Market, Some(TimeInForce::Gtc), false) => "mkt",
        (_, Some(TimeInForce::Gtd), _) => return Err(unsupported("orders until a day")),
        (OrderKind::Market, Some(TimeInForce::PostOnly), _) | (OrderKind::Market, _, true) => {
            return Err(invalid("a market order can't be a maker"));
        }
    }
    .to_owned())
}

/// What of an order is changed.
fn changed(change: &Amendment) -> Result<Params, CallError> {
    let to = &change.to;
    let instrument = change.order.instrument.as_ref().unwrap_or(&to.instrument);
    let quantity = to.quantity.map(|quantity| instrument.quantity_text(quantity)).transpose()?;
    let limit = match to.kind {
        OrderKind::Limit => to.price.map(|price| instrument.price_text(price)).transpose()?,
        OrderKind::Market => None,
    };
    let stop = to.trigger.as_ref().map(|trigger| instrument.price_text(trigger.price)).transpose()?;
    let trailing = to.trailing.as_ref().map(|trailing| match trailing.behind {
        Distance::Percent(percent) => (percent.normalize(), "PERCENT"),
        Distance::Amount(amount) => (amount.normalize(), "QUOTE_CURRENCY"),
    });
    Ok(Params::new()
        .maybe("size", quantity)
        .maybe("limitPrice", limit)
        .maybe("stopPrice", stop)
        .maybe("trailingStopMaxDeviation", trailing.map(|(behind, _)| behind))
        .maybe("trailingStopDeviationUnit", trailing.map(|(_, unit)| unit)))
}

fn which(order: &OrderRef, by_venue: &'static str) -> Result<Params, CallError> {
    match (&order.id, &order.client_id) {
        (Some(id), _) => Ok(Params::new().with(by_venue, id)),
        (None, Some(client_id)) => Ok(Params::new().with("cliOrdId", client_id)),
        (None, None) => Err(invalid("neither the venue's id of the order nor ours is given")),
    }
}

fn with_all(first: Params, more: &Params) -> Params {
    more.iter().fold(first, |all, (name, value)| all.with(name.to_owned(), value))
}

pub(super) fn amend(change: &Amendment) -> Built<OrderReport> {
    let query = with_all(which(&change.order, "orderId")?, &changed(change)?);
    let query = query.maybe("processBefore", change.to.deadline.map(Timestamp::rfc3339_ms));
    let query = merged(merged(query, &change.order.scope.extra, &[]), &change.to.extra, &CONSUMED);
    let request = post("/derivatives/api/v3/editorder", query, EndpointClass::Order).weighing(10);
    Ok(Ask::new(request, reports::edited))
}

pub(super) fn amend_many(changes: &[Amendment]) -> Built<Vec<OrderReport>> {
    check_batch(changes.len())?;
    let mut rows = Vec::with_capacity(changes.len());
    for change in changes {
        let fields = with_all(which(&change.order, "order_id")?, &changed(change)?);
        rows.push(Value::Object(row("edit", &merged(fields, &change.to.extra, &CONSUMED))));
    }
    let count = rows.len();
    let before = changes.iter().filter_map(|change| change.to.deadline).min();
    let request = batch(rows, before, EndpointClass::Order);
    Ok(Ask::new(request, move |reply, markets| reports::batch_in_order(reply, markets, count)))
}

pub(super) fn cancel(order: &OrderRef) -> Built<OrderReport> {
    let query = match (&order.client_id, &order.id) {
        (Some(client_id), _) => Params::new().with("cliOrdId", client_id),
        (None, _) => which(order, "order_id")?,
    };
    let query = merged(query, &order.scope.extra, &[]);
    let request = post("/derivatives/api/v3/cancelorder", query, EndpointClass::Cancel).weighing(10);
    Ok(Ask::new(request, reports::cancelled))
}

pub(super) fn cancel_many(orders: &[OrderRef]) -> Built<Vec<OrderReport>> {
    check_batch(orders.len())?;
    let mut rows = Vec::with_capacity(orders.len());
    for order in orders {
        rows.push(Value::Object(row("cancel", &which(order, "order_id")?)));
    }
    let count = rows.len();
    let request = batch(rows, None, EndpointClass::Cancel);
    Ok(Ask::new(request, move |reply, markets| reports::batch_in_order(reply, markets, count)))
}

pub(super) fn cancel_all(market: Option<&Instrument>, scope: &Scope) -> Built<Vec<OrderReport>> {
    let query = Params::new().maybe("symbol", market.map(|market| &market.symbol));
    let query = merged(query, &scope.extra, &[]);
    let request = post("/derivatives/api/v3/cancelallorders", query, EndpointClass::Cancel).weighing(25);
    let name = market.map(|market| market.name.clone());
    Ok(Ask::new(request, move |reply, _| reports::cancelled_all(reply, name.as_ref())))
}

pub(super) fn cancel_all_after(timeout_ms: u32) -> Built<()> {
    // Whole seconds: never later than asked for, and never 0, which would turn the switch off.
    let seconds = if timeout_ms == 0 { 0 } else { (timeout_ms / 1000).max(1) };
    let query = Params::new().with("timeout", seconds);
    let request = post("/derivatives/api/v3/cancelallordersafter", query, EndpointClass::Cancel).weighing(25);
    Ok(Ask::new(request, |reply, _| reports::switched(reply)))
}

pub(super) fn order(order: &OrderRef) -> Built<OrderReport> {
    let query = match (&order.id, &order.client_id) {
        (Some(id), _) => Params::new().with("orderIds", id),
        (None, Some(client_id)) => Params::new().with("cliOrdIds", client_id),
        (None, None) => return Err(invalid("neither the venue's id of the order nor ours is given")),
    };
    let query = merged(query, &order.scope.extra, &[]);
    let request = post("/derivatives/api/v3/orders/status", query, EndpointClass::Account);
    Ok(Ask::new(request, reports::status))
}

fn history(class: OrderClass, query: Params, extra: &Extra) -> Unsigned {
    let path = match class {
        OrderClass::Plain => "/api/history/v2/orders",
        OrderClass::Trigger | OrderClass::Protective | OrderClass::Trailing => "/api/history/v2/triggers",
    };
    Unsigned::account("futures", path, merged(query, extra, &[]))
}

/// One that ended: the venue keeps a log of events, which is searched for it.
pub(super) fn closed_order(order: &OrderRef) -> Built<OrderReport> {
    if order.id.is_none() && order.client_id.is_none() {
        return Err(invalid("neither the venue's id of the order nor ours is given"));
    }
    let query = Params::new().maybe("tradeable", order.instrument.as_ref().map(|i| &i.symbol));
    let request = history(order.scope.class, query, &order.scope.extra);
    let (id, client_id) = (order.id.clone(), order.client_id.clone());
    Ok(Ask::new(request, move |reply, markets| {
        let rows = reports::past(reply, markets, OrderFilter::CanceledAndClosed)?;
        let found = rows.into_iter().filter(|row| match &id {
            Some(id) => row.id.as_ref() == Some(id),
            None => row.client_id == client_id,
        });
        found.max_by_key(|row| row.updated_at).ok_or_else(|| reports::not_found(reply, "the log has no such order"))
    }))
}

pub(super) fn orders(query: &OrdersQuery) -> Built<Vec<OrderReport>> {
    let (filter, market, range) = (query.filter, query.instrument.as_ref().map(|i| i.name.clone()), query.range);
    let extra = &query.scope.extra;
    let request = if filter == OrderFilter::Open {
        let path = "/derivatives/api/v3/openorders";
        Unsigned::account("futures", path, merged(Params::new(), extra, &[])).weighing(2)
    } else {
        let params = Params::new()
            .maybe("since", range.since.map(Timestamp::ms))
            .maybe("before", range.until.map(Timestamp::ms))
            .maybe("count", range.limit);
        history(query.scope.class, params, extra)
    };
    Ok(Ask::new(request, move |reply, markets| {
        let mut rows = match filter {
            OrderFilter::Open => reports::open(reply, markets)?,
            OrderFilter::All | OrderFilter::Closed | OrderFilter::Canceled | OrderFilter::CanceledAndClosed => {
                reports::past(reply, markets, filter)?
            }
        };
        let inside = |row: &OrderReport| {
            let at = row.at.filter(|_| filter == OrderFilter::Open);
            at.is_none_or(|at| {
                range.since.is_none_or(|since| at >= since) && range.until.is_none_or(|until| at <= until)
            })
        };
        rows.retain(|row| (market.is_none() || row.market == market) && inside(row));
        rows.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        super::account::shorten(&mut rows, range.limit, range.since.is_some());
        Ok(rows)
    }))
}
