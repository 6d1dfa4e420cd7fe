//! Cancelling orders, of all systems.

use super::super::protocol::Ask;
use super::super::protocol::Built;
use super::super::protocol::call::{OrderClass, OrderRef, Scope};
use super::super::protocol::fault::CallError;
use super::super::protocol::http::{Body, EndpointClass};
use super::super::protocol::market::{Instrument, Product};
use super::super::protocol::model::OrderReport;
use super::acks::{Sent, ack, bare_ack, cancelled, names, one_of_list};
use super::line::{Line, System, invalid, margin_path, unsupported};
use super::place::UNDERSTOOD;
use super::raw::{Fields, payload, post};
use serde_json::Value;
use std::borrow::Cow;

type Path = Cow<'static, str>;

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
        (System::Spot, false) => ("/api/v2/spot/trade/cancel-order".into(), names(order)?.with("symbol", market()?)),
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
    Ok(Ask::new(
        request,
        move |reply, _| {
            if silent { payload(reply).map(|_| Vec::new()) } else { cancelled(reply, &sent) }
        },
    ))
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
