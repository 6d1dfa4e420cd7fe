//! Several new orders in one request, and changes of orders.

use super::ask::{FUTURES, Fields, Route, SPOT, flag, lacks, needs};
use super::place::{TAKEN, route, spot_fields};
use super::{ack, place_futures, place_unified};
use crate::protocol::model::OrderReport;
use crate::protocol::{Amendment, Ask, Body, Built, CallError, EndpointClass, NewOrder, Unsigned};
use serde_json::Value;

/// Places several orders of one system.
pub(super) fn place_many(orders: &[NewOrder]) -> Built<Vec<OrderReport>> {
    let first = orders.first().ok_or_else(|| needs("an order at least"))?;
    let route = route(first)?;
    for order in orders {
        if super::place::route(order)? != route {
            return Err(needs("orders of one system"));
        }
        if order.trigger.is_some() && !matches!(route, Route::Futures | Route::Unified(_)) || order.oco.is_some() {
            return Err(lacks("several stop orders in one request"));
        }
        if order.test {
            return Err(lacks("a test of several orders"));
        }
    }
    let list: Result<Vec<_>, CallError> = orders
        .iter()
        .map(|order| {
            let fields = match route {
                Route::Unified(_) => place_unified::fields(order)?,
                Route::Futures => place_futures::futures_fields(order)?,
                Route::Spot | Route::Fast | Route::Margin(_) => spot_fields(order, route)?,
            };
            Ok(fields.extra(&order.extra, &TAKEN).value())
        })
        .collect();
    let list = Value::Array(list?);
    let post = |origin, path, body, weight| Unsigned::post(origin, path, body, EndpointClass::Order).weighing(weight);
    let of_list = || Fields::default().with("orderList", list.clone());
    let request = match route {
        Route::Unified(kind) => {
            post(SPOT, "/api/ua/v1/unified/order/place-batch", of_list().with("tradeType", kind).body(), 4)
        }
        Route::Futures => post(FUTURES, "/api/v1/orders/multi", Body::json(&list), 20),
        Route::Fast if flag(&first.extra, "sync") => post(SPOT, "/api/v1/hf/orders/multi/sync", of_list().body(), 1),
        Route::Fast => post(SPOT, "/api/v1/hf/orders/multi", of_list().body(), 1),
        Route::Spot => {
            let symbol = first.instrument.symbol.clone();
            if orders.iter().any(|order| order.instrument.symbol != symbol) {
                return Err(needs("orders of one market"));
            }
            post(SPOT, "/api/v1/orders/multi", of_list().with("symbol", symbol).body(), 3)
        }
        Route::Margin(_) => return Err(lacks("several margin orders in one request")),
    };
    let asked: Vec<ack::Asked> = orders.iter().map(ack::Asked::of).collect();
    Ok(Ask::new(request, move |reply, _| ack::placed_many(reply, &asked)))
}

/// Changes an order: the fast spot system cancels it and places another, the unified account changes contracts in place.
pub(super) fn amend(change: &Amendment) -> Built<OrderReport> {
    let to = &change.to;
    let (id, client_id) = (change.order.id.clone(), change.order.client_id.clone());
    if id.is_none() && client_id.is_none() {
        return Err(needs("an order's id, or ours"));
    }
    let price = to.price.map(|price| to.instrument.price_text(price)).transpose()?;
    let quantity = to.quantity.map(|quantity| to.instrument.quantity_text(quantity)).transpose()?;
    if price.is_none() && quantity.is_none() {
        return Err(needs("a new price or quantity"));
    }
    let fields = Fields::default()
        .with("symbol", to.instrument.symbol.clone())
        .maybe("clientOid", client_id.filter(|_| id.is_none()))
        .maybe("orderId", id)
        .maybe("newPrice", price)
        .maybe("newSize", quantity);
    let (path, fields) = match route(to)? {
        Route::Spot | Route::Fast => ("/api/v1/hf/orders/alter", fields),
        Route::Unified("FUTURES") => {
            let unit = to.quantity.map(|_| "UNIT");
            ("/api/ua/v1/unified/order/amend", fields.maybe("sizeUnit", unit))
        }
        Route::Futures => return Err(lacks("changes of futures orders")),
        Route::Margin(_) => return Err(lacks("changes of margin orders")),
        Route::Unified(_) => return Err(lacks("changes of spot orders of the unified account")),
    };
    let body = fields.extra(&to.extra, &TAKEN).body();
    let request = Unsigned::post(SPOT, path, body, EndpointClass::Order).weighing(2);
    let market = to.instrument.name.clone();
    Ok(Ask::new(request, move |reply, _| ack::altered(reply, &market)))
}
