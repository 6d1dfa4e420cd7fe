//! Orders that exist, and our trades.

use super::ask::{FUTURES, Route, SPOT, flag, lacks, margin_type, needed, needs, query, segment};
use super::raw::window;
use super::report;
use crate::protocol::call::{OrderClass, OrderFilter};
use crate::protocol::model::{OrderReport, OrderState, OwnTrade};
use crate::protocol::{
    Ask, Built, CallError, HistoryQuery, Instrument, OrderRef, OrdersQuery, Params, Product, Range, Scope, Unsigned,
};

/// Keys of a question's extra parameters that we read ourselves.
pub(super) const TAKEN: [&str; 1] = ["sync"];

/// An order's id by the venue, or ours.
#[derive(Clone)]
pub(super) enum Id {
    Venue(String),
    Ours(String),
}

pub(super) fn id_of(order: &OrderRef) -> Result<Id, CallError> {
    match (&order.id, &order.client_id) {
        (Some(id), _) => Ok(Id::Venue(id.clone())),
        (None, Some(id)) => Ok(Id::Ours(id.clone())),
        (None, None) => Err(needs("an order's id, or ours")),
    }
}

pub(super) fn no_trailing(scope: &Scope) -> Result<(), CallError> {
    if scope.class == OrderClass::Trailing { Err(lacks("trailing orders")) } else { Ok(()) }
}

pub(super) fn symbol_of(market: Option<&Instrument>) -> Option<String> {
    market.map(|market| market.symbol.clone())
}

/// The path, query and weight of one order in a classic system, for looking it up (`true`) or cancelling it.
pub(super) fn single(order: &OrderRef, route: Route, reading: bool) -> Result<(String, Params, u32), CallError> {
    let market = order.instrument.as_ref();
    let trigger = order.scope.class.is_trigger();
    let none = Params::new();
    let with_symbol = || needed(market).map(|market| Params::new().with("symbol", &market.symbol));
    let waits = flag(&order.scope.extra, "sync") && !reading;
    let part = if waits { "sync/" } else { "" };
    Ok(match (route, id_of(order)?, trigger) {
        (Route::Spot | Route::Fast, Id::Venue(id), true) => (format!("/api/v1/stop-order/{}", segment(&id)), none, 3),
        (Route::Spot | Route::Fast, Id::Ours(id), true) => {
            let path = if reading { "queryOrderByClientOid" } else { "cancelOrderByClientOid" };
            (format!("/api/v1/stop-order/{path}"), none.with("clientOid", id), if reading { 3 } else { 5 })
        }
        (Route::Margin(_), Id::Venue(id), true) => {
            let path = if reading { "orderId" } else { "cancel-by-id" };
            (format!("/api/v3/hf/margin/stop-order/{path}"), none.with("orderId", id), 3)
        }
        (Route::Margin(_), Id::Ours(id), true) => {
            let path = if reading { "clientOid" } else { "cancel-by-clientOid" };
            (format!("/api/v3/hf/margin/stop-order/{path}"), none.with("clientOid", id), 3)
        }
        (Route::Margin(_), Id::Venue(id), false) => {
            (format!("/api/v3/hf/margin/orders/{}", segment(&id)), with_symbol()?, if reading { 5 } else { 2 })
        }
        (Route::Margin(_), Id::Ours(id), false) => {
            let path = format!("/api/v3/hf/margin/orders/client-order/{}", segment(&id));
            (path, with_symbol()?, if reading { 5 } else { 2 })
        }
        (Route::Fast, Id::Venue(id), false) => {
            (format!("/api/v1/hf/orders/{part}{}", segment(&id)), with_symbol()?, if reading { 2 } else { 1 })
        }
        (Route::Fast, Id::Ours(id), false) => {
            let path = format!("/api/v1/hf/orders/{part}client-order/{}", segment(&id));
            (path, with_symbol()?, if reading { 2 } else { 1 })
        }
        (Route::Spot, Id::Venue(id), false) => {
            (format!("/api/v1/orders/{}", segment(&id)), none, if reading { 2 } else { 3 })
        }
        (Route::Spot, Id::Ours(id), false) => (format!("/api/v1/order/client-order/{}", segment(&id)), none, 3),
        (Route::Futures, Id::Venue(id), _) => {
            (format!("/api/v1/orders/{}", segment(&id)), none, if reading { 5 } else { 1 })
        }
        (Route::Futures, Id::Ours(id), _) if reading => {
            ("/api/v1/orders/byClientOid".to_owned(), none.with("clientOid", id), 5)
        }
        (Route::Futures, Id::Ours(id), _) => {
            (format!("/api/v1/orders/client-order/{}", segment(&id)), with_symbol()?, 1)
        }
        (Route::Unified(_), _, _) => return Err(lacks("such an order")),
    })
}

pub(super) const fn origin(route: Route) -> &'static str {
    match route {
        Route::Futures => FUTURES,
        Route::Spot | Route::Fast | Route::Margin(_) | Route::Unified(_) => SPOT,
    }
}

/// One order.
pub(super) fn order(order: &OrderRef, usual: Product) -> Built<OrderReport> {
    no_trailing(&order.scope)?;
    let market = order.instrument.as_ref();
    let route = Route::asked(market, &order.scope, usual)?;
    let extra = &order.scope.extra;
    let asked = market.map(|market| market.name.clone());
    let (request, unified) = if let Route::Unified(kind) = route {
        let ours = Params::new().with("tradeType", kind).with("symbol", &needed(market)?.symbol);
        let ours = match id_of(order)? {
            Id::Venue(id) => ours.with("orderId", id),
            Id::Ours(id) => ours.with("clientOid", id),
        };
        let request = Unsigned::account(SPOT, "/api/ua/v1/unified/order/detail", query(&ours, extra, &TAKEN));
        (request.weighing(4), true)
    } else {
        let (path, ours, weight) = single(order, route, true)?;
        (Unsigned::account(origin(route), path, query(&ours, extra, &TAKEN)).weighing(weight), false)
    };
    Ok(Ask::new(request, move |reply, markets| report::order(reply, markets, asked.as_deref(), unified)))
}

/// The status a classic list is asked for; all, when `None`.
const fn status(filter: OrderFilter) -> Option<&'static str> {
    match filter {
        OrderFilter::All => None,
        OrderFilter::Open => Some("active"),
        OrderFilter::Closed | OrderFilter::Canceled | OrderFilter::CanceledAndClosed => Some("done"),
    }
}

/// Where a list of orders is, what it is asked, and what it weighs.
fn listing(asked: &OrdersQuery, route: Route) -> Result<(&'static str, Params, u32), CallError> {
    let market = asked.instrument.as_ref();
    let trigger = asked.scope.class.is_trigger();
    let open = asked.filter == OrderFilter::Open;
    let symbol = || Params::new().maybe("symbol", symbol_of(market));
    let paged = |params: Params| {
        let (params, range) = (params, asked.range);
        let params = params.maybe("startAt", range.since.map(|at| at.ms()));
        params.maybe("endAt", range.until.map(|at| at.ms())).maybe("pageSize", range.limit)
    };
    Ok(match route {
        Route::Unified(kind) => {
            let filter = trigger.then_some("CONDITION");
            let params = paged(symbol().with("tradeType", kind).maybe("orderFilter", filter));
            if open {
                ("/api/ua/v1/unified/order/open-list", params, 4)
            } else {
                ("/api/ua/v1/unified/order/history", params, 4)
            }
        }
        Route::Futures if trigger => {
            if !open {
                return Err(lacks("stop orders of contracts that have ended"));
            }
            ("/api/v1/stopOrders", paged(symbol()), 6)
        }
        Route::Futures => ("/api/v1/orders", paged(symbol().maybe("status", status(asked.filter))), 2),
        Route::Spot | Route::Fast if trigger => {
            let params = symbol().with("tradeType", "TRADE").maybe("status", status(asked.filter));
            ("/api/v1/stop-order", paged(params), 8)
        }
        Route::Spot => {
            let params = symbol().with("tradeType", "TRADE").maybe("status", status(asked.filter));
            ("/api/v1/orders", paged(params), 2)
        }
        Route::Margin(mode) if trigger => {
            ("/api/v3/hf/margin/stop-orders", paged(symbol().with("tradeType", margin_type(mode))), 8)
        }
        Route::Fast | Route::Margin(_) => fast_listing(asked, route, open)?,
    })
}

/// The fast systems keep open and ended orders apart, and want a market.
fn fast_listing(asked: &OrdersQuery, route: Route, open: bool) -> Result<(&'static str, Params, u32), CallError> {
    if asked.filter == OrderFilter::All {
        return Err(lacks("open and ended orders in one answer"));
    }
    let market = needed(asked.instrument.as_ref())?;
    let params = Params::new().with("symbol", &market.symbol);
    let (params, paths, weights) = match route {
        Route::Margin(mode) => {
            let paths = ["/api/v3/hf/margin/orders/active", "/api/v3/hf/margin/orders/done"];
            (params.with("tradeType", margin_type(mode)), paths, [4, 10])
        }
        Route::Fast | Route::Spot | Route::Futures | Route::Unified(_) => {
            let params = params.with("tradeType", "TRADE").maybe("status", status(asked.filter));
            (params, ["/api/v1/hf/orders/active", "/api/v1/hf/orders/done"], [2, 2])
        }
    };
    let [active, done] = paths;
    let [active_weight, done_weight] = weights;
    if open {
        return Ok((active, params, active_weight));
    }
    let range = asked.range;
    let params = params.maybe("startAt", range.since.map(|at| at.ms())).maybe("endAt", range.until.map(|at| at.ms()));
    Ok((done, params.maybe("limit", range.limit), done_weight))
}

/// Several orders.
pub(super) fn orders(asked: &OrdersQuery, usual: Product) -> Built<Vec<OrderReport>> {
    no_trailing(&asked.scope)?;
    let route = Route::asked(asked.instrument.as_ref(), &asked.scope, usual)?;
    let (path, params, weight) = listing(asked, route)?;
    let request = Unsigned::account(origin(route), path, query(&params, &asked.scope.extra, &TAKEN)).weighing(weight);
    let unified = matches!(route, Route::Unified(_));
    let wanted = match asked.filter {
        OrderFilter::Canceled => Some(OrderState::Canceled),
        OrderFilter::All | OrderFilter::Open | OrderFilter::Closed | OrderFilter::CanceledAndClosed => None,
    };
    Ok(Ask::new(request, move |reply, markets| {
        let mut all = report::orders(reply, markets, unified)?;
        all.retain(|order| wanted.is_none_or(|state| order.state == Some(state)));
        Ok(all)
    }))
}

/// Our trades.
pub(super) fn own_trades(asked: &HistoryQuery, order: Option<&str>, usual: Product) -> Built<Vec<OwnTrade>> {
    let market = asked.instrument.as_ref();
    let route = Route::asked(market, &asked.scope, usual)?;
    let range = asked.range;
    let params = Params::new()
        .maybe("symbol", symbol_of(market))
        .maybe("orderId", order)
        .maybe("startAt", range.since.map(|at| at.ms()))
        .maybe("endAt", range.until.map(|at| at.ms()));
    let (path, params, weight) = match route {
        Route::Unified(kind) => {
            let params = params.with("tradeType", kind).maybe("pageSize", range.limit);
            ("/api/ua/v1/unified/order/execution", params, 4)
        }
        Route::Futures => ("/api/v1/fills", params.maybe("pageSize", range.limit), 5),
        Route::Spot => ("/api/v1/fills", params.maybe("pageSize", range.limit), 10),
        Route::Fast => {
            needed(market)?;
            ("/api/v1/hf/fills", params.maybe("limit", range.limit), 2)
        }
        Route::Margin(mode) => {
            needed(market)?;
            let params = params.with("tradeType", margin_type(mode)).maybe("limit", range.limit);
            ("/api/v3/hf/margin/fills", params, 5)
        }
    };
    let request = Unsigned::account(origin(route), path, query(&params, &asked.scope.extra, &TAKEN)).weighing(weight);
    Ok(Ask::new(request, move |reply, markets| {
        let all = report::fills(reply, markets)?;
        Ok(window(all, Range { limit: None, ..range }, |trade| trade.at))
    }))
}

/// The trades of an order.
pub(super) fn order_trades(order: &OrderRef, usual: Product) -> Built<Vec<OwnTrade>> {
    let id = order.id.as_deref().ok_or_else(|| needs("the venue's id of the order"))?;
    let asked =
        HistoryQuery { instrument: order.instrument.clone(), scope: order.scope.clone(), ..HistoryQuery::default() };
    own_trades(&asked, Some(id), usual)
}
