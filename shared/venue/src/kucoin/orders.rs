//! Orders that exist: looking them up, and taking them back.

use super::ask::{
    FUTURES, Fields, Route, SPOT, data_type, delete, flag, lacks, margin_type, mode_text, needed, needs, query, segment,
};
use super::raw::{self, window};
use super::{ack, report};
use crate::protocol::call::{OrderClass, OrderFilter};
use crate::protocol::model::{OrderReport, OrderState, OwnTrade};
use crate::protocol::{
    Ask, Built, CallError, EndpointClass, HistoryQuery, Instrument, OrderRef, OrdersQuery, Params, Product, Range,
    Scope, Unsigned,
};
use serde_json::Value;

/// Keys of a question's extra parameters that we read ourselves.
const TAKEN: [&str; 1] = ["sync"];

/// An order's id by the venue, or ours.
#[derive(Clone)]
enum Id {
    Venue(String),
    Ours(String),
}

fn id_of(order: &OrderRef) -> Result<Id, CallError> {
    match (&order.id, &order.client_id) {
        (Some(id), _) => Ok(Id::Venue(id.clone())),
        (None, Some(id)) => Ok(Id::Ours(id.clone())),
        (None, None) => Err(needs("an order's id, or ours")),
    }
}

fn no_trailing(scope: &Scope) -> Result<(), CallError> {
    if scope.class == OrderClass::Trailing { Err(lacks("trailing orders")) } else { Ok(()) }
}

fn symbol_of(market: Option<&Instrument>) -> Option<String> {
    market.map(|market| market.symbol.clone())
}

/// The path, query and weight of one order in a classic system, for looking it up (`true`) or cancelling it.
fn single(order: &OrderRef, route: Route, reading: bool) -> Result<(String, Params, u32), CallError> {
    let market = order.instrument.as_ref();
    let trigger = order.scope.class == OrderClass::Trigger;
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

const fn origin(route: Route) -> &'static str {
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

/// Cancels an order.
pub(super) fn cancel(order: &OrderRef, usual: Product) -> Built<OrderReport> {
    no_trailing(&order.scope)?;
    let market = order.instrument.as_ref();
    let route = Route::asked(market, &order.scope, usual)?;
    let extra = &order.scope.extra;
    let asked = market.map(|market| market.name.clone());
    let request = if let Route::Unified(kind) = route {
        let fields = one_unified(order)?.with("tradeType", kind).extra(extra, &TAKEN);
        Unsigned::post(SPOT, "/api/ua/v1/unified/order/cancel", fields.body(), EndpointClass::Cancel)
    } else {
        let (path, ours, weight) = single(order, route, false)?;
        delete(origin(route), path, query(&ours, extra, &TAKEN), weight)
    };
    Ok(Ask::new(request, move |reply, _| ack::canceled(reply, asked.as_deref())))
}

fn one_unified(order: &OrderRef) -> Result<Fields, CallError> {
    let fields = Fields::default().with("symbol", needed(order.instrument.as_ref())?.symbol.clone());
    Ok(match id_of(order)? {
        Id::Venue(id) => fields.with("orderId", id),
        Id::Ours(id) => fields.with("clientOid", id),
    })
}

/// Cancels several orders of one system.
pub(super) fn cancel_many(orders: &[OrderRef], usual: Product) -> Built<Vec<OrderReport>> {
    let first = orders.first().ok_or_else(|| needs("an order at least"))?;
    no_trailing(&first.scope)?;
    let scope = &first.scope;
    // Only contracts (and stop orders) are cancelled by a list of ids; a list without a market can mean nothing else.
    let usual = if scope.class == OrderClass::Trigger { usual } else { Product::Linear };
    let route = Route::asked(first.instrument.as_ref(), scope, usual)?;
    for order in orders {
        if Route::asked(order.instrument.as_ref(), &order.scope, usual)? != route || order.scope.class != scope.class {
            return Err(needs("orders of one system"));
        }
    }
    let request = match (route, scope.class) {
        (Route::Unified(kind), _) => {
            let list: Result<Vec<_>, CallError> = orders.iter().map(|o| one_unified(o).map(Fields::value)).collect();
            let fields = Fields::default().with("tradeType", kind).with("cancelOrderList", list?);
            let body = fields.extra(&scope.extra, &TAKEN).body();
            Unsigned::post(SPOT, "/api/ua/v1/unified/order/cancel-batch", body, EndpointClass::Cancel).weighing(4)
        }
        (Route::Futures, OrderClass::Plain | OrderClass::Trigger | OrderClass::Trailing) => {
            let body = futures_list(orders)?.extra(&scope.extra, &TAKEN).body();
            let request = Unsigned::post(FUTURES, "/api/v1/orders/multi-cancel", body, EndpointClass::Cancel);
            request.by(crate::protocol::Method::Delete).weighing(20)
        }
        (Route::Spot | Route::Fast | Route::Margin(_), OrderClass::Trigger) => {
            let ids: Result<Vec<_>, CallError> =
                orders.iter().map(|o| o.id.clone().ok_or_else(|| needs("the venue's ids"))).collect();
            let ours =
                Params::new().maybe("symbol", symbol_of(first.instrument.as_ref())).with("orderIds", ids?.join(","));
            let path = match route {
                Route::Margin(_) => "/api/v3/hf/margin/stop-order/cancel",
                Route::Spot | Route::Fast | Route::Futures | Route::Unified(_) => "/api/v1/stop-order/cancel",
            };
            delete(SPOT, path, query(&ours, &scope.extra, &TAKEN), 3)
        }
        (Route::Spot | Route::Fast | Route::Margin(_), OrderClass::Plain | OrderClass::Trailing) => {
            return Err(lacks("a cancellation of several spot orders by their ids"));
        }
    };
    let asked = first.instrument.as_ref().map(|market| market.name.clone());
    Ok(Ask::new(request, move |reply, _| ack::canceled_many(reply, asked.as_deref())))
}

fn futures_list(orders: &[OrderRef]) -> Result<Fields, CallError> {
    let (mut ids, mut ours) = (Vec::new(), Vec::new());
    for order in orders {
        match id_of(order)? {
            Id::Venue(id) => ids.push(Value::String(id)),
            Id::Ours(id) => {
                let symbol = needed(order.instrument.as_ref())?.symbol.clone();
                ours.push(Fields::default().with("symbol", symbol).with("clientOid", id).value());
            }
        }
    }
    let some = |list: Vec<Value>| (!list.is_empty()).then_some(list);
    Ok(Fields::default().maybe("orderIdsList", some(ids)).maybe("clientOidsList", some(ours)))
}

/// Cancels all orders, of one market or of all.
pub(super) fn cancel_all(market: Option<&Instrument>, scope: &Scope, usual: Product) -> Built<Vec<OrderReport>> {
    no_trailing(scope)?;
    let route = Route::asked(market, scope, usual)?;
    let trigger = scope.class == OrderClass::Trigger;
    let symbol = || Params::new().maybe("symbol", symbol_of(market));
    let request = match (route, trigger) {
        (Route::Unified(kind), _) => {
            let fields = Fields::default()
                .maybe("symbol", symbol_of(market))
                .with("tradeType", kind)
                .with("orderFilter", if trigger { "ADVANCED" } else { "NORMAL" })
                .maybe("marginMode", scope.margin.map(mode_text));
            let body = fields.extra(&scope.extra, &TAKEN).body();
            Unsigned::post(SPOT, "/api/ua/v1/unified/order/cancel-all", body, EndpointClass::Cancel).weighing(5)
        }
        (Route::Spot | Route::Fast, true) => delete(SPOT, "/api/v1/stop-order/cancel", symbol(), 3),
        (Route::Spot, false) => delete(SPOT, "/api/v1/orders", symbol(), 20),
        (Route::Fast, false) if market.is_some() => delete(SPOT, "/api/v1/hf/orders", symbol(), 2),
        (Route::Fast, false) => delete(SPOT, "/api/v1/hf/orders/cancelAll", Params::new(), 30),
        (Route::Margin(mode), true) => {
            let ours = symbol().with("tradeType", margin_type(mode));
            delete(SPOT, "/api/v3/hf/margin/stop-order/cancel", ours, 3)
        }
        (Route::Margin(mode), false) => {
            needed(market)?;
            delete(SPOT, "/api/v3/hf/margin/orders", symbol().with("tradeType", margin_type(mode)), 5)
        }
        (Route::Futures, true) => delete(FUTURES, "/api/v1/stopOrders", symbol(), 15),
        // The newer endpoint wants a market; it costs an eightieth of the older one, which a kill switch must not
        // starve on.
        (Route::Futures, false) if market.is_some() => delete(FUTURES, "/api/v3/orders", symbol(), 10),
        (Route::Futures, false) => delete(FUTURES, "/api/v1/orders", Params::new(), 800),
    };
    let request = if matches!(route, Route::Unified(_)) {
        request
    } else {
        Unsigned { query: query(&request.query, &scope.extra, &TAKEN), ..request }
    };
    let asked = market.map(|market| market.name.clone());
    Ok(Ask::new(request, move |reply, _| ack::canceled_many(reply, asked.as_deref())))
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
    let trigger = asked.scope.class == OrderClass::Trigger;
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

/// The dead-man's switch, of the product that is usual.
pub(super) fn cancel_all_after(timeout_ms: u32, usual: Product) -> Built<()> {
    // Whole seconds from 5 to 86,400; -1 turns it off.
    let seconds = timeout_ms.div_ceil(1000);
    let timeout = match seconds {
        0 => -1,
        1..=86_400 => i64::from(seconds.max(5)),
        _ => return Err(needs("a time-out of at most a day")),
    };
    let fields = Fields::default().with("timeout", timeout);
    let request = if usual.is_contract() {
        let fields = fields.with("tradeType", data_type(usual));
        Unsigned::post(SPOT, "/api/ua/v1/dcp/set", fields.body(), EndpointClass::Cancel)
    } else {
        Unsigned::post(SPOT, "/api/v1/hf/orders/dead-cancel-all", fields.body(), EndpointClass::Cancel)
    };
    Ok(Ask::new(request.weighing(2), |reply, _| raw::payload(reply).map(|_| ())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::call::AccountSystem;
    use crate::protocol::model::MarginMode;
    use crate::protocol::{Body, Method};

    fn market(product: Product) -> Instrument {
        match product {
            Product::Spot => Instrument::named(product, "BTC-USDT", "BTC", "USDT", None),
            Product::Linear | Product::Inverse | Product::Option => {
                Instrument::named(product, "XBTUSDTM", "BTC", "USDT", Some("USDT"))
            }
        }
    }

    fn scope(account: AccountSystem, margin: Option<MarginMode>, class: OrderClass) -> Scope {
        Scope { account, margin, class, ..Scope::default() }
    }

    fn by_id(scope: Scope, product: Product) -> OrderRef {
        OrderRef { id: Some("7".into()), client_id: None, instrument: Some(market(product)), scope }
    }

    fn target(request: &Unsigned) -> String {
        format!("{} {}?{}", request.method.as_str(), request.path, request.query.encoded())
    }

    #[test]
    fn an_order_is_looked_up_and_cancelled_where_it_was_placed() {
        use AccountSystem::{Classic, HighFrequency};
        use OrderClass::{Plain, Trigger};
        let cross = Some(MarginMode::Cross);
        for (scope, product, path) in [
            (scope(Classic, None, Plain), Product::Spot, "/api/v1/orders/7?"),
            (scope(HighFrequency, None, Plain), Product::Spot, "/api/v1/hf/orders/7?symbol=BTC-USDT"),
            (scope(Classic, cross, Plain), Product::Spot, "/api/v3/hf/margin/orders/7?symbol=BTC-USDT"),
            (scope(HighFrequency, None, Trigger), Product::Spot, "/api/v1/stop-order/7?"),
            (scope(Classic, None, Plain), Product::Linear, "/api/v1/orders/7?"),
        ] {
            let order = by_id(scope, product);
            let read = super::order(&order, Product::Spot).unwrap().request;
            let cancel = cancel(&order, Product::Spot).unwrap().request;
            assert_eq!(target(&read), format!("GET {path}"));
            assert_eq!(target(&cancel), format!("DELETE {path}"));
            assert_eq!((read.class, cancel.class), (EndpointClass::Account, EndpointClass::Cancel));
            assert_eq!(read.origin, if product.is_contract() { FUTURES } else { SPOT });
        }
    }

    #[test]
    fn the_unified_account_cancels_by_post_and_still_as_a_cancellation() {
        let order = by_id(scope(AccountSystem::Unified, None, OrderClass::Plain), Product::Linear);
        let request = cancel(&order, Product::Spot).unwrap().request;
        assert_eq!((request.method, request.class, request.origin), (Method::Post, EndpointClass::Cancel, SPOT));
        assert!(matches!(request.body, Body::Json(text) if text.contains("FUTURES") && text.contains("XBTUSDTM")));
    }

    #[test]
    fn a_kill_switch_pays_little_for_the_market_it_knows() {
        let linear = market(Product::Linear);
        let one = cancel_all(Some(&linear), &Scope::default(), Product::Spot).unwrap().request;
        assert_eq!((one.path.as_ref(), one.weight), ("/api/v3/orders", 10));
        let all = cancel_all(None, &Scope::default(), Product::Linear).unwrap().request;
        assert_eq!((all.path.as_ref(), all.weight), ("/api/v1/orders", 800));
    }

    #[test]
    fn what_is_not_enough_to_find_an_order_is_refused() {
        let none = OrderRef { instrument: Some(market(Product::Spot)), ..OrderRef::default() };
        assert!(order(&none, Product::Spot).is_err());
        let fast = scope(AccountSystem::HighFrequency, None, OrderClass::Plain);
        let homeless = OrderRef { id: Some("7".into()), scope: fast, ..OrderRef::default() };
        assert!(cancel(&homeless, Product::Spot).is_err(), "the fast system wants the market");
        assert!(cancel_all_after(200_000_000, Product::Spot).is_err());
        let trailing = scope(AccountSystem::Classic, None, OrderClass::Trailing);
        assert!(cancel(&by_id(trailing, Product::Spot), Product::Spot).is_err());
    }

    #[test]
    fn the_dead_mans_switch_counts_seconds_and_is_turned_off_by_minus_one() {
        let timeout = |ms| match cancel_all_after(ms, Product::Spot).unwrap().request.body {
            Body::Json(text) => text,
            Body::None | Body::Form(_) => String::new(),
        };
        assert_eq!(timeout(0), r#"{"timeout":-1}"#);
        assert_eq!(timeout(1), r#"{"timeout":5}"#);
        assert_eq!(timeout(60_001), r#"{"timeout":61}"#);
    }
}
