//! Taking orders back: one, several, all of a market, all there are, and all of them unless we keep saying that we live.

use super::ack;
use super::ask::{
    FUTURES, Fields, Route, SPOT, data_type, delete, lacks, margin_type, mode_text, needed, needs, query,
};
use super::orders::{Id, TAKEN, id_of, no_trailing, origin, single, symbol_of};
use super::raw;
use crate::protocol::call::OrderClass;
use crate::protocol::model::OrderReport;
use crate::protocol::{Ask, Built, CallError, EndpointClass, Instrument, OrderRef, Params, Product, Scope, Unsigned};
use serde_json::Value;

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
    let usual = if scope.class.is_trigger() { usual } else { Product::Linear };
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
        (Route::Futures, _) => {
            let body = futures_list(orders)?.extra(&scope.extra, &TAKEN).body();
            let request = Unsigned::post(FUTURES, "/api/v1/orders/multi-cancel", body, EndpointClass::Cancel);
            request.by(crate::protocol::Method::Delete).weighing(20)
        }
        (Route::Spot | Route::Fast | Route::Margin(_), OrderClass::Trigger | OrderClass::Protective) => {
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
    let trigger = scope.class.is_trigger();
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
            let read = super::super::orders::order(&order, Product::Spot).unwrap().request;
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
        assert!(cancel(&none, Product::Spot).is_err());
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
