//! Several orders in one request.
//!
//! An order of a batch may fail by itself. If all of them do, the batch is an error; if some do, those the venue clearly
//! refused are reported as rejected under our id, and those of which it says something else without any state: whoever
//! asked has to look.

use super::amend::amended;
use super::ask::{self, with_extra};
use super::errors;
use super::orders::{KNOWN, system_of, unsupported, write};
use super::place::{Placing, placing};
use super::raw_orders::RawOrder;
use super::report::{self, Named};
use super::system::System;
use crate::protocol::call::{NewOrder, OrderClass};
use crate::protocol::model::{OrderReport, OrderState};
use crate::protocol::{
    Amendment, ApiError, Ask, Built, CallError, EndpointClass, Markets, Meaning, Method, OrderRef, Params, ReadFault,
    Reply, Unsigned,
};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

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
    if orders.iter().any(|order| order.test || order.oco.is_some()) {
        return unsupported("batch of checks or of OCOs");
    }
    if placings.iter().any(|p| p.system != system || (p.class != OrderClass::Plain && system.keeps_triggers_apart())) {
        return unsupported("batch of orders of several systems, or of conditional orders");
    }
    let ours = orders.iter().map(|order| order.client_id.clone()).collect();
    let request = batch(system, placings.into_iter().map(|placing| placing.params).collect(), Method::Post)?;
    Ok(batch_ask(request, system, Named::Now, ours))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::call::OrderKind;
    use crate::protocol::model::Side;
    use crate::protocol::{Instrument, Product};

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
    fn what_is_only_to_be_checked_is_never_placed() {
        let mut order = limit(Product::Linear, "a");
        order.test = true;
        assert!(place_many(std::slice::from_ref(&order)).is_err());
        order.instrument.product = Product::Inverse;
        assert!(super::super::orders::place(&order).is_err());
        let kind = crate::protocol::call::TriggerKind::StopLoss;
        let price = "60000".parse().unwrap();
        order.instrument.product = Product::Spot;
        order.oco = Some(crate::protocol::call::Trigger { kind, price, crossing: None, by: None, limit: None });
        assert!(super::super::orders::place(&order).is_err());
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
}
