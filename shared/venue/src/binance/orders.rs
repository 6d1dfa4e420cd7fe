//! Orders: placing, changing, cancelling, and looking at them.
//!
//! An order of a batch may fail by itself. If all of them do, the batch is an error; if some do, those the venue clearly
//! refused are reported as rejected under our id, and those of which it says something else without any state: whoever
//! asked has to look.

use super::ask::{self, Rows, ask, ranged, with_extra};
use super::errors::{self, Family};
use super::place::{self, Placing, placing};
use super::raw_orders::{RawAmended, RawCanceled, RawOrder, RawOrderList, RawOrders, RawOwnTrade, RawReplaced};
use super::report::{self, Named};
use super::system::System;
use crate::protocol::call::{NewOrder, OrderClass, OrderFilter, OrderKind, Scope, Trigger, TriggerKind};
use crate::protocol::model::{MarginMode, OrderReport, OrderState, OwnTrade, Side};
use crate::protocol::{
    Amendment, ApiError, Ask, Body, Built, CallError, EndpointClass, HistoryQuery, Instrument, Markets, Meaning,
    Method, OrderRef, OrdersQuery, Params, Product, ReadFault, Reply, Unsigned,
};
use rust_decimal::Decimal;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Own parameters that are read by these questions.
const KNOWN: [&str; 2] = ["method", "rolling"];
/// The longest stretch of time USD-M answers about trades, in milliseconds: a week.
const WEEK_MS: i64 = 604_800_000;

fn unsupported<T>(what: &str) -> Result<T, CallError> {
    Err(CallError::Unsupported { venue: "binance", what: what.to_owned() })
}

fn write(system: System, path: String, method: Method, params: Params, class: EndpointClass) -> Unsigned {
    if method == Method::Delete {
        return Unsigned::account(system.origin(), path, params).by(method).of_class(class);
    }
    Unsigned::post(system.origin(), path, Body::Form(params), class).by(method)
}

/// A question about an order, whose answer is one.
fn one(request: Unsigned, system: System, named: Named) -> Ask<OrderReport> {
    ask(request, system.family(), move |raw: RawOrder, markets| report::order(&raw, system, named, markets))
}

fn isolated(params: Params, system: System, margin: Option<MarginMode>) -> Params {
    let isolated = system == System::Margin && margin == Some(MarginMode::Isolated);
    params.maybe("isIsolated", isolated.then_some(true))
}

pub(super) fn place(order: &NewOrder) -> Built<OrderReport> {
    if order.oco.is_some() {
        return oco(order);
    }
    let Placing { system, class, params } = placing(order)?;
    let mut path = system.orders(class).place.to_owned();
    if ask::flagged(&order.extra, "sor") && system == System::Spot {
        path = "/api/v3/sor/order".to_owned();
    }
    if order.test {
        if !matches!((system, class), (System::Spot, _) | (System::Usdm, OrderClass::Plain)) {
            return unsupported("check of such an order without placing it");
        }
        path.push_str("/test");
        let request = write(system, path, Method::Post, params, EndpointClass::Order);
        // The answer is an empty object, or what the order would cost.
        let client_id = order.client_id.clone();
        let tested = move |(): ()| OrderReport { client_id: client_id.clone(), ..OrderReport::default() };
        return Ok(ask::done(request, system.family()).map(tested));
    }
    let request = write(system, path, Method::Post, params, EndpointClass::Order).weighing(system.weight(1, 1, 1));
    Ok(one(request, system, Named::Now))
}

/// One cancels the other: a limit or a take-profit, and a stop-loss.
fn oco(order: &NewOrder) -> Built<OrderReport> {
    let system = System::of(order.instrument.product, order.account, order.margin);
    let Some(second) = order.oco else { return unsupported("half an OCO") };
    let params = match system {
        System::Spot => oco_legs(order, &second)?,
        System::Margin | System::UnifiedMargin => oco_margin(order, &second, system)?,
        System::Usdm | System::Coinm | System::Options | System::UnifiedUsdm | System::UnifiedCoinm => {
            return unsupported("OCO on contracts");
        }
    };
    let path = if system == System::Spot { "/api/v3/orderList/oco".to_owned() } else { system.path("/order/oco") };
    let params = with_extra(params.with("newOrderRespType", "FULL"), &order.extra, &["type"]);
    let request = write(system, path, Method::Post, params, EndpointClass::Order);
    let ours = order.client_id.clone();
    Ok(ask(request, system.family(), move |raw: RawOrderList, markets| {
        let leg = raw.order_reports.iter().find(|leg| Some(&leg.client_order_id.0) == ours.as_ref());
        let leg = leg.or(raw.order_reports.first()).ok_or("an order list without orders")?;
        report::order(leg, system, Named::Now, markets)
    }))
}

/// The two legs of an OCO on spot: one above the market, one below. Ours is the one that carries our id.
fn oco_legs(order: &NewOrder, second: &Trigger) -> Result<Params, CallError> {
    let instrument = &order.instrument;
    let Some(quantity) = order.quantity else { return unsupported("OCO without a quantity") };
    let limit = order.price.filter(|_| order.kind == OrderKind::Limit);
    let mut params = Params::new().with("symbol", &instrument.symbol).with("side", place::side(order.side));
    params.push("quantity", instrument.quantity_text(quantity)?);
    let mut leg = |trigger: Option<&Trigger>, price: Option<Decimal>, ours: bool| -> Result<bool, CallError> {
        let stops = trigger.is_some_and(|trigger| place::stops_loss(trigger, order.side));
        // A stop-loss lies below the market for a sell and above it for a buy; a limit or take-profit on the other side.
        let above = stops == (order.side == Side::Buy);
        let name = |part: &str| format!("{}{part}", if above { "above" } else { "below" });
        let kind = match (trigger.is_some(), stops, price.is_some()) {
            (false, _, _) => "LIMIT_MAKER",
            (true, true, true) => "STOP_LOSS_LIMIT",
            (true, true, false) => "STOP_LOSS",
            (true, false, true) => "TAKE_PROFIT_LIMIT",
            (true, false, false) => "TAKE_PROFIT",
        };
        params.push(name("Type"), kind);
        if let Some(price) = price {
            params.push(name("Price"), instrument.price_text(price)?);
        }
        if let Some(trigger) = trigger {
            params.push(name("StopPrice"), instrument.price_text(trigger.price)?);
            if price.is_some() {
                params.push(name("TimeInForce"), "GTC");
            }
        }
        if let Some(id) = order.client_id.as_ref().filter(|_| ours) {
            params.push(name("ClientOrderId"), id);
        }
        Ok(above)
    };
    if order.trigger.is_none() && limit.is_none() {
        return unsupported("OCO of a market order");
    }
    let first = leg(order.trigger.as_ref(), order.trigger.and_then(|trigger| trigger.limit).or(limit), true)?;
    // The order's price is the first leg's; the second has a limit only if it is told one.
    if first == leg(Some(second), second.limit, false)? {
        return Err(CallError::Invalid(format!("{}: both legs lie on one side of the market", instrument.name)));
    }
    Ok(params)
}

/// An OCO on margin: a limit order and a stop-loss.
fn oco_margin(order: &NewOrder, second: &Trigger, system: System) -> Result<Params, CallError> {
    let instrument = &order.instrument;
    let (Some(quantity), Some(price)) = (order.quantity, order.price) else {
        return unsupported("OCO without a quantity or a limit");
    };
    if order.trigger.is_some() || second.kind == TriggerKind::TakeProfit {
        return unsupported("OCO on margin but of a limit order and a stop-loss");
    }
    let limit = second.limit.map(|limit| instrument.price_text(limit)).transpose()?;
    let params = Params::new()
        .with("symbol", &instrument.symbol)
        .with("side", place::side(order.side))
        .with("quantity", instrument.quantity_text(quantity)?)
        .with("price", instrument.price_text(price)?)
        .with("stopPrice", instrument.price_text(second.price)?)
        .maybe("stopLimitTimeInForce", limit.as_ref().map(|_| "GTC"))
        .maybe("stopLimitPrice", limit)
        .maybe("limitClientOrderId", order.client_id.as_ref());
    Ok(isolated(params, system, order.margin))
}

fn batch_path(system: System) -> Result<String, CallError> {
    match system {
        System::Usdm | System::Coinm | System::Options => Ok(system.path("/batchOrders")),
        System::Spot | System::Margin | System::UnifiedMargin | System::UnifiedUsdm | System::UnifiedCoinm => {
            unsupported("batch of orders there")
        }
    }
}

fn batch(system: System, items: Vec<Params>, method: Method) -> Result<Unsigned, CallError> {
    let rows = items.iter().map(|params| {
        let row = params.iter().map(|(name, value)| (name.to_owned(), Value::String(value.to_owned())));
        Value::Object(row.collect::<Map<_, _>>())
    });
    let name = if system == System::Options { "orders" } else { "batchOrders" };
    let params = Params::new().with(name, Value::Array(rows.collect()));
    Ok(write(system, batch_path(system)?, method, params, EndpointClass::Order).weighing(5))
}

/// The reports of a batch, each at its place; `ours` are the client ids.
fn batch_reports(
    reply: &Reply,
    markets: &Markets,
    system: System,
    named: Named,
    ours: &[Option<String>],
) -> Result<Vec<OrderReport>, ReadFault> {
    let family = system.family();
    let rows: Vec<Box<RawValue>> = ask::read(reply, family)?;
    let mut faults: Vec<ApiError> = Vec::new();
    let mut reports = Vec::with_capacity(rows.len());
    for (at, row) in rows.iter().enumerate() {
        let client_id = ours.get(at).cloned().flatten();
        reports.push(batch_item(row, reply, markets, (system, named), client_id, &mut faults)?);
    }
    match faults.first() {
        Some(first) if faults.len() == rows.len() => {
            let alike = faults.iter().all(|fault| fault.meaning == first.meaning);
            let meaning = if alike { first.meaning } else { Meaning::Unclear };
            Err(ApiError { meaning, ..first.clone() }.into())
        }
        _ => Ok(reports),
    }
}

fn batch_item(
    row: &RawValue,
    reply: &Reply,
    markets: &Markets,
    (system, named): (System, Named),
    client_id: Option<String>,
    faults: &mut Vec<ApiError>,
) -> Result<OrderReport, ReadFault> {
    if let Some((code, message)) = errors::told(row.get().as_bytes()) {
        let fault = errors::api(code, message, reply, system.family());
        let state = (fault.meaning == Meaning::Refusal).then_some(OrderState::Rejected);
        faults.push(fault);
        return Ok(OrderReport { client_id, state, ..OrderReport::default() });
    }
    let raw: RawOrder = serde_json::from_str(row.get()).map_err(|e| ReadFault::parse(reply, e))?;
    report::order(&raw, system, named, markets).map_err(|what| ReadFault::parse(reply, what))
}

fn batch_ask(request: Unsigned, system: System, named: Named, ours: Vec<Option<String>>) -> Ask<Vec<OrderReport>> {
    Ask::new(request, move |reply, markets| batch_reports(reply, markets, system, named, &ours))
}

pub(super) fn place_many(orders: &[NewOrder]) -> Built<Vec<OrderReport>> {
    let placings: Vec<Placing> = orders.iter().map(placing).collect::<Result<_, _>>()?;
    let Some(system) = placings.first().map(|placing| placing.system) else { return unsupported("batch of nothing") };
    if placings.iter().any(|p| p.system != system || (p.class != OrderClass::Plain && system.keeps_triggers_apart())) {
        return unsupported("batch of orders of several systems, or of conditional orders");
    }
    let ours = orders.iter().map(|order| order.client_id.clone()).collect();
    let request = batch(system, placings.into_iter().map(|placing| placing.params).collect(), Method::Post)?;
    Ok(batch_ask(request, system, Named::Now, ours))
}

/// Which order is meant, by the venue's id or by ours.
fn named(order: &OrderRef, class: OrderClass, system: System) -> Result<Params, CallError> {
    let paths = system.orders(class);
    let mut params = Params::new();
    let symbol = order.instrument.as_ref().map(|i| i.symbol.as_str());
    if symbol.is_none() && paths.id != "algoId" {
        return Err(CallError::Invalid("the venue finds an order only with its market".into()));
    }
    params = isolated(params.maybe("symbol", symbol), system, order.scope.margin);
    match (&order.id, &order.client_id) {
        (_, Some(client_id)) => Ok(params.with(paths.client_id, client_id)),
        (Some(id), None) => Ok(params.with(paths.id, id)),
        (None, None) => Err(CallError::Invalid("an order without any id".into())),
    }
}

fn amended(change: &Amendment) -> Result<(System, Params), CallError> {
    let to = &change.to;
    let system = System::of(to.instrument.product, to.account, to.margin);
    if to.trigger.is_some() || to.trailing.is_some() || change.order.scope.class != OrderClass::Plain {
        return unsupported("change of a conditional order");
    }
    let order = OrderRef { instrument: Some(to.instrument.clone()), ..change.order.clone() };
    let mut params = named(&order, OrderClass::Plain, system)?.with("side", place::side(to.side));
    let Some(quantity) = to.quantity else { return unsupported("change without a quantity") };
    params.push("quantity", to.instrument.quantity_text(quantity)?);
    match to.price {
        Some(price) => params.push("price", to.instrument.price_text(price)?),
        None if to.extra.text("priceMatch").is_some() => {}
        None => return unsupported("change without a price"),
    }
    Ok((system, with_extra(params, &to.extra, &KNOWN)))
}

pub(super) fn amend(change: &Amendment) -> Built<OrderReport> {
    let to = &change.to;
    let system = System::of(to.instrument.product, to.account, to.margin);
    match system {
        System::Spot if to.price.is_none() && to.trigger.is_none() => keep_priority(change),
        System::Spot => replace(change),
        System::Usdm | System::Coinm | System::UnifiedUsdm | System::UnifiedCoinm => {
            let (system, params) = amended(change)?;
            let path = system.orders(OrderClass::Plain).place.to_owned();
            Ok(one(write(system, path, Method::Put, params, EndpointClass::Order), system, Named::Now))
        }
        System::Margin | System::UnifiedMargin | System::Options => unsupported("change of an order there"),
    }
}

/// Another order for the one there is: the old one is cancelled first, and if that fails nothing is placed.
fn replace(change: &Amendment) -> Built<OrderReport> {
    let Placing { system, params, .. } = placing(&change.to)?;
    let params = params.with("cancelReplaceMode", "STOP_ON_FAILURE");
    let params = match (&change.order.id, &change.order.client_id) {
        (Some(id), _) => params.with("cancelOrderId", id),
        (None, Some(id)) => params.with("cancelOrigClientOrderId", id),
        (None, None) => return unsupported("change of an order without any id"),
    };
    let path = "/api/v3/order/cancelReplace".to_owned();
    let request = write(system, path, Method::Post, params, EndpointClass::Order);
    Ok(ask(request, system.family(), move |raw: RawReplaced, markets| {
        report::order(&raw.new_order_response, system, Named::Now, markets)
    }))
}

/// A smaller quantity, which keeps the order's place in the queue. The order keeps our id too.
fn keep_priority(change: &Amendment) -> Built<OrderReport> {
    let (to, system) = (&change.to, System::Spot);
    let order = OrderRef { instrument: Some(to.instrument.clone()), ..change.order.clone() };
    let Some(quantity) = to.quantity else { return unsupported("change without a quantity") };
    let params = named(&order, OrderClass::Plain, system)?
        .with("newQty", to.instrument.quantity_text(quantity)?)
        .maybe("newClientOrderId", to.client_id.as_ref().or(change.order.client_id.as_ref()));
    let params = with_extra(params, &to.extra, &KNOWN);
    let path = "/api/v3/order/amend/keepPriority".to_owned();
    let request = write(system, path, Method::Put, params, EndpointClass::Order).weighing(4);
    Ok(ask(request, system.family(), move |raw: RawAmended, markets| {
        let order = RawOrder { transact_time: raw.transact_time, ..raw.amended_order };
        report::order(&order, system, Named::Now, markets)
    }))
}

pub(super) fn amend_many(changes: &[Amendment]) -> Built<Vec<OrderReport>> {
    let all: Vec<(System, Params)> = changes.iter().map(amended).collect::<Result<_, _>>()?;
    let Some(system) = all.first().map(|(system, _)| *system) else { return unsupported("change of nothing") };
    if all.iter().any(|(other, _)| *other != system) || system == System::Options {
        return unsupported("batch of changes there");
    }
    let ours = changes.iter().map(|change| change.order.client_id.clone()).collect();
    let request = batch(system, all.into_iter().map(|(_, params)| params).collect(), Method::Put)?;
    Ok(batch_ask(request, system, Named::Now, ours))
}

fn system_of(order: &OrderRef) -> System {
    System::within(&order.scope, order.instrument.as_ref(), Product::Spot)
}

pub(super) fn cancel(order: &OrderRef) -> Built<OrderReport> {
    let (system, class) = (system_of(order), order.scope.class);
    let params = with_extra(named(order, class, system)?, &order.scope.extra, &KNOWN);
    let path = system.orders(class).place.to_owned();
    Ok(one(write(system, path, Method::Delete, params, EndpointClass::Cancel), system, Named::Before))
}

pub(super) fn cancel_many(orders: &[OrderRef]) -> Built<Vec<OrderReport>> {
    let Some(first) = orders.first() else { return unsupported("cancelling nothing") };
    let (system, market) = (system_of(first), first.instrument.as_ref());
    let Some(symbol) = market.map(|market| &market.symbol) else { return unsupported("cancelling without a market") };
    if orders.iter().any(|order| order.instrument.as_ref() != market || order.scope.class != OrderClass::Plain) {
        return unsupported("batch of cancellations in several markets, or of conditional orders");
    }
    let by_client_id = orders.iter().all(|order| order.client_id.is_some());
    let ids = orders.iter().filter_map(|order| if by_client_id { order.client_id.as_ref() } else { order.id.as_ref() });
    let list: Vec<Value> = ids
        .map(|id| match id.parse::<u64>() {
            // The venue's ids are numbers; ours are text even where they look like one.
            Ok(number) if !by_client_id => Value::from(number),
            _ => Value::String(id.clone()),
        })
        .collect();
    if list.len() != orders.len() {
        return unsupported("batch of cancellations by two kinds of ids");
    }
    let name = match (system == System::Options, by_client_id) {
        (true, true) => "clientOrderIds",
        (true, false) => "orderIds",
        (false, true) => "origClientOrderIdList",
        (false, false) => "orderIdList",
    };
    let params = Params::new().with("symbol", symbol).with(name, Value::Array(list));
    let params = with_extra(params, &first.scope.extra, &KNOWN);
    let request = write(system, batch_path(system)?, Method::Delete, params, EndpointClass::Cancel);
    let ours = orders.iter().map(|order| order.client_id.clone()).collect();
    Ok(batch_ask(request, system, Named::Before, ours))
}

pub(super) fn cancel_all(market: Option<&Instrument>, scope: &Scope) -> Built<Vec<OrderReport>> {
    let system = System::within(scope, market, Product::Spot);
    let Some(market) = market else { return unsupported("cancelling of all orders but within one market") };
    let params = isolated(Params::new().with("symbol", &market.symbol), system, scope.margin);
    let params = with_extra(params, &scope.extra, &KNOWN);
    let path = system.orders(scope.class).cancel_all.to_owned();
    let request = write(system, path, Method::Delete, params, EndpointClass::Cancel);
    Ok(Ask::new(request, move |reply, markets| {
        errors::check(reply, system.family())?;
        if !reply.body.starts_with(b"[") {
            // Contracts only say that it was done.
            return Ok(Vec::new());
        }
        canceled(reply, markets, system)
    }))
}

fn canceled(reply: &Reply, markets: &Markets, system: System) -> Result<Vec<OrderReport>, ReadFault> {
    let rows: Vec<Box<RawValue>> = ask::read(reply, system.family())?;
    let mut reports = Vec::new();
    for row in &rows {
        let of = |raw: &RawOrder| {
            report::order(raw, system, Named::Before, markets).map_err(|what| ReadFault::parse(reply, what))
        };
        let list: RawCanceled = serde_json::from_str(row.get()).map_err(|e| ReadFault::parse(reply, e))?;
        if list.contingency_type.some().is_some() {
            for leg in &list.order_reports {
                reports.push(of(leg)?);
            }
        } else {
            reports.push(of(&serde_json::from_str(row.get()).map_err(|e| ReadFault::parse(reply, e))?)?);
        }
    }
    Ok(reports)
}

/// One order, on the endpoint that `path` chooses.
fn look(order: &OrderRef, open: bool) -> Built<OrderReport> {
    let (system, class) = (system_of(order), order.scope.class);
    let paths = system.orders(class);
    let params = with_extra(named(order, class, system)?, &order.scope.extra, &KNOWN);
    let path = if open { paths.open_one } else { paths.one };
    let request = Unsigned::account(system.origin(), path, params).weighing(system.weight(4, 1, 1));
    // The history of conditional orders answers a list even about one.
    Ok(ask(request, system.family(), move |raw: RawOrders, markets| {
        let [raw] = raw.0.as_slice() else { return Err(format!("{} orders, not one", raw.0.len())) };
        report::order(raw, system, Named::Now, markets)
    }))
}

pub(super) fn order(order: &OrderRef) -> Built<OrderReport> {
    look(order, false)
}

pub(super) fn open_order(order: &OrderRef) -> Built<OrderReport> {
    look(order, true)
}

fn wanted(filter: OrderFilter, report: &OrderReport) -> bool {
    let ended = matches!(report.state, Some(OrderState::Closed));
    let canceled = matches!(report.state, Some(OrderState::Canceled));
    match filter {
        OrderFilter::All | OrderFilter::Open => true,
        OrderFilter::Closed => ended,
        OrderFilter::Canceled => canceled,
        OrderFilter::CanceledAndClosed => {
            ended || canceled || matches!(report.state, Some(OrderState::Expired | OrderState::Rejected))
        }
    }
}

pub(super) fn orders(query: &OrdersQuery) -> Built<Vec<OrderReport>> {
    let (scope, market) = (&query.scope, query.instrument.as_ref());
    let system = System::within(scope, market, Product::Spot);
    let paths = system.orders(scope.class);
    let params = isolated(Params::new().maybe("symbol", market.map(|m| &m.symbol)), system, scope.margin);
    let open = query.filter == OrderFilter::Open;
    if market.is_none() && !open && !matches!(system, System::Options) {
        return Err(CallError::Invalid("the venue lists orders that ended only within one market".into()));
    }
    // Open orders come all at once and are never cut. Of those that ended, the limit counts after the filter.
    let (filter, limit) = (query.filter, query.range.limit);
    let mut range = query.range;
    if filter != OrderFilter::All {
        range.limit = None;
    }
    let params = if open { params } else { ranged(params, &range) };
    let path = if open { paths.open } else { paths.all };
    let weight = match (open, market.is_some()) {
        (true, true) => system.weight(6, 1, 1),
        (true, false) => system.weight(80, 40, 40),
        (false, _) => system.weight(20, 5, 20),
    };
    let params = with_extra(params, &scope.extra, &KNOWN);
    let request = Unsigned::account(system.origin(), path, params).weighing(weight);
    Ok(ask(request, system.family(), move |raw: Rows<RawOrder>, markets| {
        let reports = raw.0.iter().map(|raw| report::order(raw, system, Named::Now, markets));
        let mut reports: Vec<OrderReport> = reports.collect::<Result<_, _>>()?;
        reports.retain(|report| wanted(filter, report));
        let most = limit.and_then(|limit| usize::try_from(limit).ok()).filter(|_| !open);
        let over = most.map_or(0, |most| reports.len().saturating_sub(most));
        reports.drain(..over);
        Ok(reports)
    }))
}

fn trades_ask(system: System, params: Params, of: Option<String>) -> Ask<Vec<OwnTrade>> {
    let weight = system.weight(if of.is_some() { 5 } else { 20 }, 5, 20);
    let request = Unsigned::account(system.origin(), system.trades(), params).weighing(weight);
    ask(request, system.family(), move |raw: Vec<RawOwnTrade>, markets| {
        let rows = raw.iter().filter(|raw| of.as_ref().is_none_or(|id| *id == raw.order_id.0));
        rows.map(|raw| report::own_trade(raw, system, markets)).collect()
    })
}

pub(super) fn order_trades(order: &OrderRef) -> Built<Vec<OwnTrade>> {
    let system = system_of(order);
    let (Some(id), Some(market)) = (&order.id, &order.instrument) else {
        return Err(CallError::Invalid("trades of an order are found by the venue's id of it, in its market".into()));
    };
    let params = isolated(Params::new().with("symbol", &market.symbol), system, order.scope.margin);
    // Where the venue can't narrow it down to one order, the rows are picked out of the market's newest.
    let narrows = !matches!(system, System::Options | System::UnifiedUsdm | System::UnifiedCoinm);
    let params = params.maybe("orderId", narrows.then_some(id));
    let params = with_extra(params, &order.scope.extra, &KNOWN);
    Ok(trades_ask(system, params, Some(id.clone())))
}

pub(super) fn own_trades(query: &HistoryQuery) -> Built<Vec<OwnTrade>> {
    let (scope, market) = (&query.scope, query.instrument.as_ref());
    let system = System::within(scope, market, Product::Spot);
    if market.is_none() && system != System::Options {
        return Err(CallError::Invalid("the venue lists trades only within one market".into()));
    }
    let mut range = query.range;
    if let (System::Usdm | System::UnifiedUsdm, Some(since), None) = (system, range.since, range.until) {
        // Without an end the venue takes the last week, which begins later than an older beginning.
        range.until = Some(since.plus_ms(WEEK_MS));
    }
    let params = isolated(Params::new().maybe("symbol", market.map(|m| &m.symbol)), system, scope.margin);
    Ok(trades_ask(system, with_extra(ranged(params, &range), &scope.extra, &KNOWN), None))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn market(product: Product) -> Instrument {
        let settle = (product != Product::Spot).then_some("USDT");
        Instrument::named(product, "BTCUSDT", "BTC", "USDT", settle)
    }

    fn limit(product: Product, client_id: &str) -> NewOrder {
        let mut order = NewOrder::plain(&market(product), Side::Sell, OrderKind::Limit);
        (order.quantity, order.price) = (Some("1".parse().unwrap()), Some("70000".parse().unwrap()));
        order.client_id = Some(client_id.to_owned());
        order
    }

    #[test]
    fn of_a_batch_each_order_has_its_own_fate() {
        let ask = place_many(&[limit(Product::Linear, "a"), limit(Product::Linear, "b"), limit(Product::Linear, "c")])
            .unwrap();
        let mixed = r#"[{"orderId":7,"symbol":"BTCUSDT","status":"NEW","clientOrderId":"a","origQty":"1"},
            {"code":-2019,"msg":"Margin is insufficient."},{"code":-1000,"msg":"?"}]"#;
        let reports = ask.read(&Reply::new(200, mixed), &Markets::default()).unwrap();
        let fates: Vec<_> = reports.iter().map(|r| (r.client_id.as_deref(), r.state)).collect();
        assert_eq!(
            fates,
            [(Some("a"), Some(OrderState::Open)), (Some("b"), Some(OrderState::Rejected)), (Some("c"), None)]
        );
        let none = r#"[{"code":-2019,"msg":"x"},{"code":-2019,"msg":"x"},{"code":-1000,"msg":"?"}]"#;
        assert_eq!(ask.read(&Reply::new(200, none), &Markets::default()).unwrap_err().meaning(), Meaning::Unclear);
    }

    #[test]
    fn the_legs_of_an_oco_lie_on_both_sides_of_the_market() {
        let mut order = limit(Product::Spot, "ours");
        let kind = TriggerKind::StopLoss;
        let limit = Some("59000".parse().unwrap());
        order.oco = Some(Trigger { kind, price: "60000".parse().unwrap(), crossing: None, by: None, limit });
        let request = place(&order).unwrap().request;
        let Body::Form(params) = request.body else { panic!("no form") };
        assert_eq!(request.path, "/api/v3/orderList/oco");
        for (name, value) in [
            ("aboveType", "LIMIT_MAKER"),
            ("abovePrice", "70000"),
            ("aboveClientOrderId", "ours"),
            ("belowType", "STOP_LOSS_LIMIT"),
            ("belowStopPrice", "60000"),
            ("belowPrice", "59000"),
            ("belowTimeInForce", "GTC"),
        ] {
            assert_eq!(params.get(name), Some(value), "{name}");
        }
    }

    #[test]
    fn our_id_is_what_an_order_is_looked_up_by() {
        let scope = Scope { class: OrderClass::Trigger, ..Scope::default() };
        let reference = OrderRef {
            id: Some("1".into()),
            client_id: Some("ours".into()),
            instrument: Some(market(Product::Linear)),
            scope,
        };
        let request = order(&reference).unwrap().request;
        assert_eq!((request.path.as_ref(), request.query.get("clientAlgoId")), ("/fapi/v1/algoOrder", Some("ours")));
        let fault =
            errors::check(&Reply::new(400, r#"{"code":-2013,"msg":"Order does not exist."}"#), Family::Contract);
        assert_eq!(fault.unwrap_err().meaning(), Meaning::NotFound);
    }
}
