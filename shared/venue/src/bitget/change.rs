//! Changing and cancelling orders, of all systems.

use super::super::protocol::call::{Amendment, Distance, NewOrder, OrderClass, OrderRef, Scope, TriggerKind};
use super::super::protocol::fault::CallError;
use super::super::protocol::http::{Body, EndpointClass};
use super::super::protocol::market::{Instrument, Product};
use super::super::protocol::model::OrderReport;
use super::super::protocol::{Ask, Built};
use super::acks::{Sent, ack, bare_ack, batch, cancelled, one_of_list};
use super::line::{Line, System, invalid, margin_coin, margin_path, unsupported};
use super::place::{UNDERSTOOD, kind_name, price_text, quantity_text, size_text};
use super::raw::{Fields, payload, post};
use super::unified::Leg;
use serde_json::Value;
use std::borrow::Cow;

type Path = Cow<'static, str>;

/// The venue's id, or ours where there is none.
fn names(order: &OrderRef) -> Result<Fields, CallError> {
    match (&order.id, &order.client_id) {
        (Some(id), _) => Ok(Fields::new().with("orderId", id.as_str())),
        (None, Some(client_id)) => Ok(Fields::new().with("clientOid", client_id.as_str())),
        (None, None) => Err(invalid("the order is not named")),
    }
}

fn quantity(to: &NewOrder) -> Result<Option<String>, CallError> {
    to.quantity.map(|_| quantity_text(to)).transpose()
}

fn trigger_text(to: &NewOrder) -> Result<Option<String>, CallError> {
    to.trigger.map(|trigger| to.instrument.price_text(trigger.price)).transpose()
}

fn amend_spot(change: &Amendment) -> Result<(&'static str, Fields), CallError> {
    let to = &change.to;
    let fields = names(&change.order)?;
    if to.trigger.is_some() {
        let fields = fields
            .with("size", size_text(to)?)
            .with("orderType", kind_name(to.kind))
            .maybe("triggerPrice", trigger_text(to)?)
            .maybe("executePrice", price_text(to)?);
        return Ok(("/api/v2/spot/trade/modify-plan-order", fields));
    }
    // The venue cancels the order and places another one: it has a new id, and its turn in the book is lost.
    let price = price_text(to)?.ok_or_else(|| invalid("a changed spot order needs a price"))?;
    let fields = fields
        .with("symbol", to.instrument.symbol.as_str())
        .with("price", price)
        .with("size", quantity_text(to)?)
        .maybe("newClientOid", to.client_id.clone());
    Ok(("/api/v2/spot/trade/cancel-replace-order", fields))
}

fn amend_contract(change: &Amendment, line: Line) -> Result<(&'static str, Fields), CallError> {
    let to = &change.to;
    let basics = names(&change.order)?
        .with("symbol", to.instrument.symbol.as_str())
        .with("productType", line.category);
    if let Some(trailing) = to.trailing {
        let Distance::Percent(ratio) = trailing.behind else { return Err(unsupported("trailing by an amount")) };
        let from = trailing.from.map(|from| to.instrument.price_text(from)).transpose()?;
        let fields = basics
            .maybe("newSize", quantity(to)?)
            .maybe("newTriggerPrice", from)
            .with("newCallbackRatio", ratio.normalize().to_string());
        return Ok(("/api/v2/mix/order/modify-plan-order", fields));
    }
    match to.trigger.map(|trigger| trigger.kind) {
        Some(TriggerKind::StopLoss | TriggerKind::TakeProfit) => {
            let fields = basics
                .with("marginCoin", margin_coin(&to.instrument)?)
                .maybe("size", quantity(to)?)
                .maybe("triggerPrice", trigger_text(to)?)
                .maybe("executePrice", price_text(to)?);
            Ok(("/api/v2/mix/order/modify-tpsl-order", fields))
        }
        Some(TriggerKind::Plain) => {
            let names = ["newStopSurplusTriggerPrice", "newStopLossTriggerPrice"];
            let fields = basics
                .maybe("newSize", quantity(to)?)
                .maybe("newPrice", price_text(to)?)
                .maybe("newTriggerPrice", trigger_text(to)?);
            Ok(("/api/v2/mix/order/modify-plan-order", attached(fields, to, names)?))
        }
        None => {
            let names = ["newPresetStopSurplusPrice", "newPresetStopLossPrice"];
            let fields = basics
                .maybe("newSize", quantity(to)?)
                .maybe("newPrice", price_text(to)?)
                .maybe("newClientOid", to.client_id.clone());
            Ok(("/api/v2/mix/order/modify-order", attached(fields, to, names)?))
        }
    }
}

fn attached(fields: Fields, to: &NewOrder, [profit, loss]: [&str; 2]) -> Result<Fields, CallError> {
    let price = |leg: Option<&super::super::protocol::call::Attached>| {
        leg.map(|leg| to.instrument.price_text(leg.trigger)).transpose()
    };
    Ok(fields.maybe(profit, price(to.take_profit.as_ref())?).maybe(loss, price(to.stop_loss.as_ref())?))
}

fn amend_unified(change: &Amendment) -> Result<(&'static str, Fields), CallError> {
    let to = &change.to;
    let fields = names(&change.order)?.maybe("qty", quantity(to)?);
    match to.trigger.map(|trigger| trigger.kind) {
        None => Ok(("/api/v3/trade/modify-order", fields.maybe("price", price_text(to)?))),
        Some(TriggerKind::Plain) => {
            let fields = fields
                .maybe("triggerPrice", trigger_text(to)?)
                .with("triggerOrderType", kind_name(to.kind))
                .maybe("triggerOrderPrice", super::place::limit_text(to)?);
            Ok(("/api/v3/trade/modify-strategy-order", fields))
        }
        Some(TriggerKind::StopLoss | TriggerKind::TakeProfit) => {
            let fields = Leg::of(to).iter().try_fold(fields, |fields, leg| leg.put(fields, &to.instrument))?;
            Ok(("/api/v3/trade/modify-strategy-order", fields))
        }
    }
}

fn amended(change: &Amendment) -> Result<(&'static str, Fields, Line), CallError> {
    let instrument = change.order.instrument.as_ref().unwrap_or(&change.to.instrument);
    let line = Line::asked(Some(instrument), &change.order.scope, Product::Spot)?;
    let line = if change.to.account == change.order.scope.account { line } else { Line::ordered(&change.to)? };
    let (path, fields) = match line.system {
        System::Spot => amend_spot(change)?,
        System::Margin(_) => return Err(unsupported("changing orders in classic margin trading")),
        System::Mix => amend_contract(change, line)?,
        System::Unified => amend_unified(change)?,
    };
    let fields = fields.extra(&change.order.scope.extra, &UNDERSTOOD).extra(&change.to.extra, &UNDERSTOOD);
    Ok((path, fields, line))
}

/// Changes an order.
pub(super) fn amend(change: &Amendment) -> Built<OrderReport> {
    let (path, fields, _) = amended(change)?;
    let sent = Sent::named(&change.order);
    Ok(Ask::new(post(path, fields.body(), EndpointClass::Order), move |reply, _| ack(reply, &sent, false)))
}

/// Changes several orders; only the unified account does that.
pub(super) fn amend_many(changes: &[Amendment]) -> Built<Vec<OrderReport>> {
    let mut list = Vec::with_capacity(changes.len());
    for change in changes {
        let (path, fields, line) = amended(change)?;
        if !line.is_unified() || path != "/api/v3/trade/modify-order" {
            return Err(unsupported("changing several orders at once, but for plain ones of the unified account"));
        }
        let symbol = change.to.instrument.symbol.as_str();
        list.push(fields.with("symbol", symbol).with("category", line.category).item());
    }
    if list.is_empty() || list.len() > 20 {
        return Err(invalid("1 to 20 orders can be changed at once"));
    }
    let sent: Vec<Sent> = changes.iter().map(|change| Sent::named(&change.order)).collect();
    let request =
        post("/api/v3/trade/batch-modify-order", Body::json(&Value::Array(list)), EndpointClass::Order);
    Ok(Ask::new(request, move |reply, _| batch(reply, &sent)))
}

/// Whether orders that wait for a trigger are meant.
pub(super) fn is_plan(scope: &Scope) -> bool {
    scope.class != OrderClass::Plain || scope.extra.get("planType").is_some()
}

/// The kind of plan that is named, where it has to be.
pub(super) fn plan_type(scope: &Scope) -> Option<&'static str> {
    (scope.class == OrderClass::Trailing).then_some("track_plan")
}

fn symbol(instrument: Option<&Instrument>) -> Result<&str, CallError> {
    instrument.map(|i| i.symbol.as_str()).ok_or_else(|| invalid("the venue wants to know the market of the order"))
}

/// Cancels an order.
pub(super) fn cancel(order: &OrderRef) -> Built<OrderReport> {
    let scope = &order.scope;
    let line = Line::asked(order.instrument.as_ref(), scope, Product::Spot)?;
    let plan = is_plan(scope);
    let market = || symbol(order.instrument.as_ref());
    let (path, fields): (Path, Fields) = match (line.system, plan) {
        (System::Unified, plan) => {
            let path = if plan { "/api/v3/trade/cancel-strategy-order" } else { "/api/v3/trade/cancel-order" };
            (path.into(), names(order)?.maybe("symbol", order.instrument.as_ref().map(|i| i.symbol.clone())))
        }
        (System::Spot, true) => ("/api/v2/spot/trade/cancel-plan-order".into(), names(order)?),
        (System::Spot, false) => {
            ("/api/v2/spot/trade/cancel-order".into(), names(order)?.with("symbol", market()?))
        }
        (System::Margin(_), true) => return Err(unsupported("triggers in classic margin trading")),
        (System::Margin(mode), false) => {
            (margin_path(mode, "cancel-order").into(), names(order)?.with("symbol", market()?))
        }
        (System::Mix, true) => {
            let fields = Fields::new()
                .with("symbol", market()?)
                .with("productType", line.category)
                .with("orderIdList", Value::Array(vec![names(order)?.item()]))
                .maybe("planType", plan_type(scope));
            ("/api/v2/mix/order/cancel-plan-order".into(), fields)
        }
        (System::Mix, false) => {
            let fields = names(order)?.with("symbol", market()?).with("productType", line.category);
            ("/api/v2/mix/order/cancel-order".into(), fields)
        }
    };
    let sent = Sent::named(order);
    let listed = line.system == System::Mix && plan;
    let bare = plan && !listed;
    let request = post(path, fields.extra(&scope.extra, &UNDERSTOOD).body(), EndpointClass::Cancel);
    Ok(Ask::new(request, move |reply, _| match (listed, bare) {
        (true, _) => one_of_list(reply, &sent),
        (false, true) => bare_ack(reply, &sent),
        (false, false) => ack(reply, &sent, false),
    }))
}

/// Cancels several orders of one market.
pub(super) fn cancel_many(orders: &[OrderRef]) -> Built<Vec<OrderReport>> {
    let first = orders.first().ok_or_else(|| invalid("no orders"))?;
    let scope = &first.scope;
    let line = Line::asked(first.instrument.as_ref(), scope, Product::Spot)?;
    let market = symbol(first.instrument.as_ref())?;
    let same = |order: &OrderRef| symbol(order.instrument.as_ref()).is_ok_and(|symbol| symbol == market);
    let one_market = orders.iter().all(same);
    if !one_market && !matches!(line.system, System::Unified | System::Spot) {
        return Err(invalid("orders cancelled at once are of one market"));
    }
    let mut list = Vec::with_capacity(orders.len());
    for order in orders {
        let item = names(order)?;
        list.push(match line.system {
            System::Unified => {
                let line = Line::asked(order.instrument.as_ref(), &order.scope, Product::Spot)?;
                let symbol = symbol(order.instrument.as_ref())?;
                item.with("symbol", symbol).with("category", line.category).item()
            }
            System::Spot if !one_market => item.with("symbol", symbol(order.instrument.as_ref())?).item(),
            System::Spot | System::Margin(_) | System::Mix => item.item(),
        });
    }
    let list = Value::Array(list);
    let in_market = || Fields::new().with("symbol", market);
    let (path, body): (Path, Body) = match (line.system, is_plan(scope)) {
        (System::Unified, false) => ("/api/v3/trade/cancel-batch".into(), Body::json(&list)),
        (System::Spot, false) => {
            let fields = if one_market { in_market() } else { Fields::new().with("batchMode", "multiple") };
            let fields = fields.with("orderList", list).extra(&scope.extra, &UNDERSTOOD);
            ("/api/v2/spot/trade/batch-cancel-order".into(), fields.body())
        }
        (System::Margin(mode), false) => {
            let fields = in_market().with("orderIdList", list).extra(&scope.extra, &UNDERSTOOD);
            (margin_path(mode, "batch-cancel-order").into(), fields.body())
        }
        (System::Mix, plan) => {
            let path =
                if plan { "/api/v2/mix/order/cancel-plan-order" } else { "/api/v2/mix/order/batch-cancel-orders" };
            let fields = in_market().with("productType", line.category).with("orderIdList", list);
            (path.into(), fields.maybe("planType", plan_type(scope)).extra(&scope.extra, &UNDERSTOOD).body())
        }
        (System::Unified | System::Spot | System::Margin(_), true) => {
            return Err(unsupported("cancelling several orders with triggers at once"));
        }
    };
    let sent = Sent::market(first.instrument.as_ref().filter(|_| one_market).map(|i| i.name.as_str()));
    Ok(Ask::new(post(path, body, EndpointClass::Cancel), move |reply, _| cancelled(reply, &sent)))
}

/// Cancels all orders, of one market or of all of a line.
pub(super) fn cancel_all(market: Option<&Instrument>, scope: &Scope) -> Built<Vec<OrderReport>> {
    let line = Line::asked(market, scope, Product::Spot)?;
    let code = market.map(|i| i.symbol.clone());
    let need = || code.clone().ok_or_else(|| invalid("all orders of spot are cancelled one market at a time"));
    let (path, fields): (Path, Fields) = match (line.system, is_plan(scope)) {
        (System::Unified, false) => {
            let fields = Fields::new().with("category", line.category).maybe("symbol", code.clone());
            ("/api/v3/trade/cancel-symbol-order".into(), fields)
        }
        (System::Spot, false) => {
            ("/api/v2/spot/trade/cancel-symbol-order".into(), Fields::new().with("symbol", need()?))
        }
        (System::Spot, true) => {
            let list: Vec<Value> = code.iter().map(|symbol| Value::from(symbol.as_str())).collect();
            ("/api/v2/spot/trade/batch-cancel-plan-order".into(), Fields::new().with("symbolList", list))
        }
        (System::Margin(mode), false) => {
            (margin_path(mode, "batch-cancel-order").into(), Fields::new().with("symbol", need()?))
        }
        (System::Mix, true) => {
            let fields = Fields::new().with("productType", line.category).maybe("symbol", code.clone());
            ("/api/v2/mix/order/cancel-plan-order".into(), fields.maybe("planType", plan_type(scope)))
        }
        (System::Mix, false) => {
            let path = match code {
                Some(_) => "/api/v2/mix/order/batch-cancel-orders",
                None => "/api/v2/mix/order/cancel-all-orders",
            };
            (path.into(), Fields::new().with("productType", line.category).maybe("symbol", code.clone()))
        }
        (System::Unified | System::Margin(_), true) => {
            return Err(unsupported("cancelling all orders with triggers of this account"));
        }
    };
    let sent = Sent::market(market.map(|i| i.name.as_str()));
    // Spot only says that it has begun.
    let silent = line.system == System::Spot && !is_plan(scope);
    let request = post(path, fields.extra(&scope.extra, &UNDERSTOOD).body(), EndpointClass::Cancel);
    Ok(Ask::new(request, move |reply, _| {
        if silent { payload(reply).map(|_| Vec::new()) } else { cancelled(reply, &sent) }
    }))
}

/// The dead-man's switch. Only the unified account has it, and only for those the venue has admitted to it.
pub(super) fn cancel_all_after(timeout_ms: u32) -> Built<()> {
    let seconds = timeout_ms.div_ceil(1000);
    if seconds != 0 && !(5..=60).contains(&seconds) {
        return Err(invalid(format!("{timeout_ms} ms: the venue takes 5 to 60 s, or 0")));
    }
    let fields = Fields::new().with("countdown", seconds.to_string());
    let request = post("/api/v3/trade/countdown-cancel-all", fields.body(), EndpointClass::Cancel);
    Ok(super::contracts::done(request))
}
