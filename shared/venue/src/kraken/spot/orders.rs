//! Orders of the spot exchange, as requests.

use super::market::shorten;
use super::reports;
use crate::kraken::shared::{self, merged, text_of};
use crate::protocol::call::{
    Attached, Crossing, Distance, Extra, OrderFilter, OrderKind, PriceSource, TimeInForce, Trailing, Trigger,
    TriggerKind,
};
use crate::protocol::model::{OrderReport, Side};
use crate::protocol::{
    Amendment, Ask, Body, Built, CallError, EndpointClass, Instrument, NewOrder, OrderRef, OrdersQuery, Params, Scope,
    Unsigned,
};
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
        body.insert("deadline".to_owned(), Value::String(shared::rfc3339(deadline)));
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

/// What is said of one order; of a batch, the pair and the deadline are said once for all.
fn order_form(order: &NewOrder, alone: bool) -> Result<Params, CallError> {
    let instrument = &order.instrument;
    check(order)?;
    let mut form = Params::new();
    if alone {
        form.push("pair", &instrument.symbol);
    }
    form.push("type", shared::side_text(order.side));
    let prices = prices(order)?;
    form.push("ordertype", &prices.kind);
    let mut flags: Vec<String> =
        order.extra.text("oflags").map(|f| f.split(',').map(str::to_owned).collect()).unwrap_or_default();
    let in_quote = flags.iter().any(|flag| flag == "viqc");
    match (order.cost, order.quantity) {
        (Some(cost), _) => {
            form.push("volume", instrument.cost_text(cost)?);
            flags.push("viqc".to_owned());
        }
        (None, Some(quantity)) if in_quote => form.push("volume", instrument.cost_text(quantity)?),
        (None, Some(quantity)) => form.push("volume", instrument.quantity_text(quantity)?),
        (None, None) => return Err(invalid("an order without a quantity")),
    }
    if order.post_only || order.time_in_force == Some(TimeInForce::PostOnly) {
        flags.push("post".to_owned());
    }
    let mut seen: Vec<String> = Vec::new();
    flags.retain(|flag| !flag.is_empty() && (!seen.contains(flag)).then(|| seen.push(flag.clone())).is_some());
    let shown = order.shown.map(|shown| instrument.quantity_text(shown)).transpose()?;
    let trigger = order.extra.text("trigger").or(prices.signal);
    form = form
        .maybe("displayvol", shown)
        .maybe("price", prices.price)
        .maybe("price2", prices.price2)
        .maybe("trigger", trigger)
        .maybe("leverage", order.leverage.map(|leverage| leverage.normalize()))
        .maybe("reduce_only", order.reduce_only.then_some("true"))
        .maybe("oflags", Some(flags.join(",")).filter(|flags| !flags.is_empty()))
        .maybe("timeinforce", force(order)?);
    for (name, value) in close(order)? {
        form.push(name, value);
    }
    // Either of the two: an order has a client id or a reference number.
    if order.extra.get("userref").is_none() {
        form = form.maybe("cl_ord_id", order.client_id.as_ref());
    }
    if alone {
        form =
            form.maybe("deadline", order.deadline.map(shared::rfc3339)).maybe("validate", order.test.then_some("true"));
    }
    Ok(form)
}

fn check(order: &NewOrder) -> Result<(), CallError> {
    if order.instrument.product.is_contract() {
        return Err(unsupported("contracts"));
    }
    if order.oco.is_some() {
        return Err(unsupported("orders of which one cancels the other"));
    }
    if order.hedged {
        return Err(unsupported("long and short held apart"));
    }
    if order.cost.is_some() && order.kind != OrderKind::Market {
        return Err(unsupported("limit orders by cost"));
    }
    match order.margin {
        Some(mode) if order.leverage.is_none() => {
            Err(invalid(format!("a {} margin order needs its leverage", shared::margin_text(mode))))
        }
        Some(_) | None => Ok(()),
    }
}

fn force(order: &NewOrder) -> Result<Option<&'static str>, CallError> {
    Ok(match order.time_in_force {
        None | Some(TimeInForce::PostOnly) => None,
        Some(TimeInForce::Gtc) => Some("GTC"),
        Some(TimeInForce::Ioc) => Some("IOC"),
        Some(TimeInForce::Gtd) if order.extra.get("expiretm").is_some() => Some("GTD"),
        Some(TimeInForce::Gtd) => return Err(invalid("an order until a day needs `expiretm`")),
        Some(TimeInForce::Fok) => return Err(unsupported("fill-or-kill orders")),
    })
}

/// The type of an order, its two prices, and what triggers it.
#[derive(Default)]
struct Prices {
    kind: String,
    price: Option<String>,
    price2: Option<String>,
    signal: Option<String>,
}

fn prices(order: &NewOrder) -> Result<Prices, CallError> {
    let limit = || -> Result<String, CallError> {
        let price = order.price.ok_or_else(|| invalid("a limit order without a price"))?;
        order.instrument.price_text(price)
    };
    if let Some(trailing) = &order.trailing {
        return trailing_prices(order, trailing);
    }
    if let Some(trigger) = &order.trigger {
        let mut prices = Prices {
            kind: trigger_kind(order.side, trigger).to_owned(),
            price: Some(order.instrument.price_text(trigger.price)?),
            signal: trigger.by.map(signal).transpose()?,
            ..Prices::default()
        };
        if order.kind == OrderKind::Limit {
            prices.kind.push_str("-limit");
            prices.price2 = Some(match trigger.limit {
                Some(price) => order.instrument.price_text(price)?,
                None => limit()?,
            });
        }
        return Ok(prices);
    }
    // A type in the venue's own words: its prices stand as they are.
    if let Some(kind) = order.extra.text("type") {
        let price = order.price.map(|price| order.instrument.price_text(price)).transpose()?;
        return Ok(Prices { kind, price, ..Prices::default() });
    }
    let (kind, price) = match (order.kind, order.shown) {
        (OrderKind::Market, _) => ("market", None),
        (OrderKind::Limit, Some(_)) => ("iceberg", Some(limit()?)),
        (OrderKind::Limit, None) => ("limit", Some(limit()?)),
    };
    Ok(Prices { kind: kind.to_owned(), price, ..Prices::default() })
}

/// A plain trigger is a stop where the price moves against the order's side, and else takes profit. Without a
/// direction it is a stop.
fn trigger_kind(side: Side, trigger: &Trigger) -> &'static str {
    match (trigger.kind, trigger.crossing, side) {
        (TriggerKind::TakeProfit, _, _)
        | (TriggerKind::Plain, Some(Crossing::Down), Side::Buy)
        | (TriggerKind::Plain, Some(Crossing::Up), Side::Sell) => "take-profit",
        (TriggerKind::StopLoss, _, _)
        | (TriggerKind::Plain, None, _)
        | (TriggerKind::Plain, Some(Crossing::Up), Side::Buy)
        | (TriggerKind::Plain, Some(Crossing::Down), Side::Sell) => "stop-loss",
    }
}

fn signal(by: PriceSource) -> Result<String, CallError> {
    match by {
        PriceSource::Last => Ok("last".to_owned()),
        PriceSource::Index => Ok("index".to_owned()),
        PriceSource::Mark => Err(unsupported("triggers by the mark price")),
    }
}

fn trailing_prices(order: &NewOrder, trailing: &Trailing) -> Result<Prices, CallError> {
    if trailing.from.is_some() {
        return Err(unsupported("trailing orders that begin at a price"));
    }
    let distance = |distance: Distance| match distance {
        Distance::Percent(percent) => format!("{}%", percent.normalize()),
        Distance::Amount(amount) => amount.normalize().to_string(),
    };
    let offset = order.extra.text("offset").unwrap_or_else(|| "-".to_owned());
    let limit = trailing.limit.map(|limit| format!("{offset}{}", distance(limit)));
    if order.kind == OrderKind::Limit && limit.is_none() {
        return Err(invalid("a trailing limit order without the distance of its limit"));
    }
    let kind = if limit.is_some() { "trailing-stop-limit" } else { "trailing-stop" };
    Ok(Prices {
        kind: kind.to_owned(),
        price: Some(format!("+{}", distance(trailing.behind))),
        price2: limit,
        signal: Some("last".to_owned()),
    })
}

/// The order that goes in when this one is filled: the venue takes one.
fn close(order: &NewOrder) -> Result<Vec<(String, String)>, CallError> {
    let named = |name: &str, value: String| (format!("close[{name}]"), value);
    if let Some(Value::Object(fields)) = order.extra.get("close") {
        let mut all = Vec::with_capacity(fields.len());
        for (name, value) in fields {
            let Some(text) = text_of(value) else { continue };
            let exact = crate::protocol::wire::decimal(&text);
            // A relative price (`+5%`) stands as it is.
            let text = match (name.as_str(), exact) {
                ("price" | "price2", Ok(price)) => order.instrument.price_text(price)?,
                _ => text,
            };
            all.push(named(name, text));
        }
        return Ok(all);
    }
    let one = |kind: &str, attached: &Attached| -> Result<Vec<(String, String)>, CallError> {
        let limit = attached.price.map(|price| order.instrument.price_text(price)).transpose()?;
        let kind = if limit.is_some() { format!("{kind}-limit") } else { kind.to_owned() };
        let mut all = vec![named("ordertype", kind), named("price", order.instrument.price_text(attached.trigger)?)];
        all.extend(limit.map(|limit| named("price2", limit)));
        Ok(all)
    };
    match (&order.stop_loss, &order.take_profit) {
        (Some(_), Some(_)) => Err(unsupported("a stop-loss and a take-profit that go in with one order")),
        (Some(stop), None) => one("stop-loss", stop),
        (None, Some(take)) => one("take-profit", take),
        (None, None) => Ok(Vec::new()),
    }
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
        .maybe("deadline", to.deadline.map(shared::rfc3339));
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
