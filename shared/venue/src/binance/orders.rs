//! Orders, one at a time: placing, cancelling, and looking at them.

use super::ask::{self, ask, with_extra};
use super::oco;
use super::place::{Placing, placing};
use super::raw_orders::{RawCanceled, RawOrder, RawOrders};
use super::report::{self, Named};
use super::system::System;
use crate::protocol::call::{NewOrder, OrderClass, Scope};
use crate::protocol::model::{MarginMode, OrderReport};
use crate::protocol::{
    Ask, Body, Built, CallError, EndpointClass, Instrument, Markets, Method, OrderRef, Params, Product, ReadFault,
    Reply, Unsigned,
};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Own parameters that are read by these questions.
pub(super) const KNOWN: [&str; 2] = ["method", "rolling"];

pub(super) fn unsupported<T>(what: &str) -> Result<T, CallError> {
    Err(CallError::Unsupported { venue: "binance", what: what.to_owned() })
}

pub(super) fn write(
    system: System,
    path: impl Into<Cow<'static, str>>,
    method: Method,
    params: Params,
    class: EndpointClass,
) -> Unsigned {
    if method == Method::Delete {
        return Unsigned::account(system.origin(), path, params).by(method).of_class(class);
    }
    Unsigned::post(system.origin(), path, Body::Form(params), class).by(method)
}

/// A question about an order, whose answer is one.
pub(super) fn one(request: Unsigned, system: System, named: Named) -> Ask<OrderReport> {
    ask(request, system.family(), move |raw: RawOrder, markets| report::order(&raw, system, named, markets))
}

pub(super) fn isolated(params: Params, system: System, margin: Option<MarginMode>) -> Params {
    let isolated = system == System::Margin && margin == Some(MarginMode::Isolated);
    params.maybe("isIsolated", isolated.then_some(true))
}

pub(super) fn place(order: &NewOrder) -> Built<OrderReport> {
    if order.oco.is_some() {
        // What can't be checked without being placed must not be placed in its stead.
        return if order.test { unsupported("check of an OCO without placing it") } else { oco::oco(order) };
    }
    let Placing { system, class, params } = placing(order)?;
    let routed = ask::flagged(&order.extra, "sor") && system == System::Spot;
    let path = if routed { "/api/v3/sor/order" } else { system.orders(class).place };
    if order.test {
        if !matches!((system, class), (System::Spot, _) | (System::Usdm, OrderClass::Plain)) {
            return unsupported("check of such an order without placing it");
        }
        let request = write(system, format!("{path}/test"), Method::Post, params, EndpointClass::Order);
        // The answer is an empty object, or what the order would cost.
        let client_id = order.client_id.clone();
        let tested = move |(): ()| OrderReport { client_id: client_id.clone(), ..OrderReport::default() };
        return Ok(ask::done(request, system.family()).map(tested));
    }
    let request = write(system, path, Method::Post, params, EndpointClass::Order).weighing(system.weight(1, 1, 1));
    Ok(one(request, system, Named::Now))
}

/// Which order is meant, by the venue's id or by ours.
pub(super) fn named(order: &OrderRef, class: OrderClass, system: System) -> Result<Params, CallError> {
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

pub(super) fn system_of(order: &OrderRef) -> System {
    System::within(&order.scope, order.instrument.as_ref(), Product::Spot)
}

pub(super) fn cancel(order: &OrderRef) -> Built<OrderReport> {
    let (system, class) = (system_of(order), order.scope.class);
    let params = with_extra(named(order, class, system)?, &order.scope.extra, &KNOWN);
    let path = system.orders(class).place.to_owned();
    Ok(one(write(system, path, Method::Delete, params, EndpointClass::Cancel), system, Named::Before))
}

pub(super) fn cancel_all(market: Option<&Instrument>, scope: &Scope) -> Built<Vec<OrderReport>> {
    let system = System::within(scope, market, Product::Spot);
    let Some(market) = market else { return unsupported("cancelling of all orders but within one market") };
    let params = isolated(Params::new().with("symbol", &market.symbol), system, scope.margin);
    let params = with_extra(params, &scope.extra, &KNOWN);
    let path = system.orders(scope.class).cancel_all.to_owned();
    let request = write(system, path, Method::Delete, params, EndpointClass::Cancel);
    Ok(Ask::new(request, move |reply, markets| {
        if system.product().is_contract() && !reply.body.starts_with(b"[") {
            // Contracts only say that it was done.
            return ask::read::<ask::Anything>(reply, system.family()).map(|_| Vec::new());
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

#[cfg(test)]
mod tests {
    use super::super::errors::{self, Family};
    use super::*;
    use crate::protocol::Meaning;

    fn market(product: Product) -> Instrument {
        let settle = (product != Product::Spot).then_some("USDT");
        Instrument::named(product, "BTCUSDT", "BTC", "USDT", settle)
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
