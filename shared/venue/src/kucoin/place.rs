//! New orders: where they go, and the fields of those of spot and margin.

use super::ask::{Fields, Route, SPOT, UNIQUE, flag, lacks, margin_type, needs};
use super::{ack, place_futures, place_unified};
use crate::protocol::call::{Attached, Crossing, OrderKind, PriceSource, TimeInForce, Trigger, TriggerKind};
use crate::protocol::model::{MarginMode, OrderReport, Side};
use crate::protocol::{Ask, Built, CallError, EndpointClass, NewOrder, Unsigned};

/// Keys of an order's extra parameters that we read ourselves.
pub(super) const TAKEN: [&str; 1] = ["sync"];
/// For how long after its own time stamp the fast system may take an order, in milliseconds.
const WINDOW_MS: i64 = 5000;

/// Where an order goes.
pub(super) fn route(order: &NewOrder) -> Result<Route, CallError> {
    let route = Route::of(order.instrument.product, order.account, order.margin)?;
    Ok(if route == Route::Spot && flag(&order.extra, "sync") { Route::Fast } else { route })
}

/// Places an order.
pub(super) fn place(order: &NewOrder) -> Built<OrderReport> {
    let market = order.instrument.name.clone();
    let request = match route(order)? {
        Route::Unified(kind) => place_unified::request(order, kind)?,
        Route::Futures => place_futures::futures_request(order)?,
        route @ (Route::Spot | Route::Fast | Route::Margin(_)) => spot_request(order, route)?,
    };
    Ok(Ask::new(request, move |reply, _| ack::placed(reply, &market)))
}

/// What no system of the venue takes from us.
pub(super) fn checked(order: &NewOrder) -> Result<(), CallError> {
    if order.trailing.is_some() {
        return Err(lacks("trailing orders"));
    }
    let price_of = |attached: &Option<Attached>| attached.as_ref().is_some_and(|attached| attached.price.is_some());
    if price_of(&order.take_profit) || price_of(&order.stop_loss) {
        return Err(lacks("limit prices of attached take-profits and stop-losses"));
    }
    if order.price.is_none() && order.kind == OrderKind::Limit {
        return Err(needs("the price of a limit order"));
    }
    good_till(order)
}

/// A good-till-time order says how long it lives, in seconds; contracts have no such order.
pub(super) fn good_till(order: &NewOrder) -> Result<(), CallError> {
    if order.time_in_force != Some(TimeInForce::Gtd) {
        return Ok(());
    }
    if order.instrument.product.is_contract() {
        return Err(lacks("good-till-time orders of contracts"));
    }
    if order.extra.get("cancelAfter").is_none() {
        return Err(needs("cancelAfter, the life of a good-till-time order in seconds"));
    }
    Ok(())
}

/// The text of a time in force.
pub(super) fn force(order: &NewOrder) -> Option<&'static str> {
    match order.time_in_force? {
        TimeInForce::Gtc => Some("GTC"),
        TimeInForce::Ioc => Some("IOC"),
        TimeInForce::Fok => Some("FOK"),
        TimeInForce::Gtd => Some("GTT"),
        TimeInForce::PostOnly => None,
    }
}

/// Whether it may only make.
pub(super) fn post_only(order: &NewOrder) -> Option<bool> {
    (order.post_only || order.time_in_force == Some(TimeInForce::PostOnly)).then_some(true)
}

pub(super) const fn side_text(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

pub(super) const fn kind_text(kind: OrderKind) -> &'static str {
    match kind {
        OrderKind::Market => "market",
        OrderKind::Limit => "limit",
    }
}

/// Our id of an order; signing makes one up where there is none, as closing a position has none.
pub(super) fn client_id(order: &NewOrder) -> String {
    order.client_id.clone().unwrap_or_else(|| UNIQUE.to_owned())
}

/// Whether the price rises to the trigger; `None` where neither its kind nor the caller says so.
pub(super) const fn rises(trigger: &Trigger, side: Side) -> Option<bool> {
    match (trigger.crossing, trigger.kind, side) {
        (Some(Crossing::Up), _, _) => Some(true),
        (Some(Crossing::Down), _, _) => Some(false),
        (None, TriggerKind::Plain, _) => None,
        (None, TriggerKind::StopLoss, Side::Buy) | (None, TriggerKind::TakeProfit, Side::Sell) => Some(true),
        (None, TriggerKind::StopLoss, Side::Sell) | (None, TriggerKind::TakeProfit, Side::Buy) => Some(false),
    }
}

/// Which price is watched; the mark price, which one trade can't move, unless another is asked for.
pub(super) const fn watched(by: Option<PriceSource>) -> &'static str {
    match by {
        Some(PriceSource::Last) => "TP",
        Some(PriceSource::Index) => "IP",
        Some(PriceSource::Mark) | None => "MP",
    }
}

/// Where a spot or margin order goes.
fn spot_path(order: &NewOrder, route: Route) -> (&'static str, u32) {
    let waits = flag(&order.extra, "sync");
    match (route, order.test, order.trigger.is_some(), waits) {
        (Route::Margin(_), true, _, _) => ("/api/v3/hf/margin/order/test", 2),
        (Route::Margin(_), false, true, _) => ("/api/v3/hf/margin/stop-order", 1),
        (Route::Margin(_), false, false, _) => ("/api/v3/hf/margin/order", 2),
        (Route::Fast, true, _, _) => ("/api/v1/hf/orders/test", 1),
        (Route::Spot | Route::Futures | Route::Unified(_), true, _, _) => ("/api/v1/orders/test", 2),
        (_, false, true, _) => ("/api/v1/stop-order", 1),
        (Route::Fast, false, false, true) => ("/api/v1/hf/orders/sync", 1),
        (Route::Fast, false, false, false) => ("/api/v1/hf/orders", 1),
        (Route::Spot | Route::Futures | Route::Unified(_), false, false, _) => ("/api/v1/orders", 2),
    }
}

fn spot_request(order: &NewOrder, route: Route) -> Result<Unsigned, CallError> {
    if order.oco.is_some() {
        return oco_request(order, route);
    }
    let (path, weight) = spot_path(order, route);
    let fields = spot_fields(order, route)?.extra(&order.extra, &TAKEN);
    Ok(Unsigned::post(SPOT, path, fields.body(), EndpointClass::Order).weighing(weight))
}

/// The fields of a spot or margin order, without its extra parameters.
pub(super) fn spot_fields(order: &NewOrder, route: Route) -> Result<Fields, CallError> {
    checked(order)?;
    if order.take_profit.is_some() || order.stop_loss.is_some() {
        return Err(lacks("attached take-profits and stop-losses of spot orders"));
    }
    let instrument = &order.instrument;
    let mut fields = Fields::default()
        .with("clientOid", client_id(order))
        .with("side", side_text(order.side))
        .with("symbol", instrument.symbol.clone())
        .with("type", kind_text(order.kind));
    match (order.kind, order.cost, order.quantity) {
        (OrderKind::Market, Some(cost), _) => fields = fields.with("funds", instrument.cost_text(cost)?),
        (OrderKind::Limit, Some(_), None) => return Err(lacks("limit orders by their cost")),
        (_, _, Some(quantity)) => fields = fields.with("size", instrument.quantity_text(quantity)?),
        (_, _, None) => return Err(needs("the quantity of an order, or what it may cost")),
    }
    if let (OrderKind::Limit, Some(price)) = (order.kind, order.price) {
        fields = fields.with("price", instrument.price_text(price)?);
    }
    fields = fields.maybe("timeInForce", force(order)).maybe("postOnly", post_only(order));
    if let Some(shown) = order.shown {
        fields = fields.with("iceberg", true).with("visibleSize", instrument.quantity_text(shown)?);
    }
    if let (Route::Fast, Some(deadline)) = (route, order.deadline) {
        fields = fields.with("clientTimestamp", deadline.ms().saturating_sub(WINDOW_MS));
        fields = fields.with("allowMaxTimeWindow", WINDOW_MS);
    }
    if let Some(trigger) = &order.trigger {
        let direction = rises(trigger, order.side).map(|up| if up { "entry" } else { "loss" });
        fields = fields.with("stopPrice", instrument.price_text(trigger.price)?).maybe("stop", direction);
    }
    if let Route::Margin(mode) = route {
        fields = fields.maybe("isIsolated", (mode == MarginMode::Isolated).then_some(true));
        fields = fields.maybe("tradeType", order.trigger.map(|_| margin_type(mode)));
    }
    Ok(fields)
}

/// One cancels the other: a limit order and a stop order of which the first to be touched ends both.
fn oco_request(order: &NewOrder, route: Route) -> Result<Unsigned, CallError> {
    checked(order)?;
    let Some(oco) = &order.oco else { return Err(needs("the other leg")) };
    if matches!(route, Route::Margin(_)) {
        return Err(lacks("one-cancels-the-other for margin orders"));
    }
    let (limit, stop, behind) = match &order.trigger {
        Some(stop) => (Some(oco.limit.unwrap_or(oco.price)), stop.price, stop.limit.or(order.price)),
        None => (order.price, oco.price, oco.limit),
    };
    let instrument = &order.instrument;
    let quantity = order.quantity.ok_or_else(|| needs("the quantity of an order"))?;
    let limit = limit.ok_or_else(|| needs("the price of the limit leg"))?;
    let fields = Fields::default()
        .with("clientOid", client_id(order))
        .with("side", side_text(order.side))
        .with("symbol", instrument.symbol.clone())
        .with("price", instrument.price_text(limit)?)
        .with("size", instrument.quantity_text(quantity)?)
        .with("stopPrice", instrument.price_text(stop)?)
        .with("limitPrice", instrument.price_text(behind.unwrap_or(stop))?)
        .with("tradeType", "TRADE")
        .extra(&order.extra, &TAKEN);
    Ok(Unsigned::post(SPOT, "/api/v3/oco/order", fields.body(), EndpointClass::Order).weighing(2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::call::{AccountSystem, Extra, Trailing};
    use crate::protocol::{Body, Instrument, Product};
    use rust_decimal::Decimal;
    use serde_json::{Value, json};

    fn market(product: Product) -> Instrument {
        let mut market = match product {
            Product::Spot => Instrument::named(product, "BTC-USDT", "BTC", "USDT", None),
            Product::Linear | Product::Inverse | Product::Option => {
                Instrument::named(product, "XBTUSDTM", "BTC", "USDT", Some("USDT"))
            }
        };
        market.tick = Some(Decimal::new(1, 1));
        market.lot = Some(if product == Product::Spot { Decimal::new(1, 8) } else { Decimal::ONE });
        market
    }

    fn order(product: Product, side: Side) -> NewOrder {
        NewOrder {
            quantity: Some(Decimal::TWO),
            price: Some(Decimal::new(50_000, 0)),
            client_id: Some("ours".into()),
            ..NewOrder::plain(&market(product), side, OrderKind::Limit)
        }
    }

    fn sent(order: &NewOrder) -> (String, Value) {
        let request = place(order).unwrap().request;
        assert_eq!(request.class, EndpointClass::Order, "an order is never sent twice");
        let Body::Json(body) = request.body else { panic!("a JSON body") };
        (request.path.into_owned(), serde_json::from_str(&body).unwrap())
    }

    fn stop(kind: TriggerKind) -> Option<Trigger> {
        Some(Trigger { kind, price: Decimal::new(49_000, 0), crossing: None, by: None, limit: None })
    }

    #[test]
    fn the_account_system_and_the_margin_mode_decide_where_an_order_goes() {
        let plain = order(Product::Spot, Side::Buy);
        let fast = NewOrder { account: AccountSystem::HighFrequency, ..plain.clone() };
        let margin = NewOrder { margin: Some(MarginMode::Isolated), ..plain.clone() };
        let unified = NewOrder { account: AccountSystem::Unified, ..plain.clone() };
        let sync = NewOrder { extra: Extra(vec![("sync".into(), json!(true))]), ..plain.clone() };
        for (order, path) in [
            (&plain, "/api/v1/orders"),
            (&fast, "/api/v1/hf/orders"),
            (&margin, "/api/v3/hf/margin/order"),
            (&unified, "/api/ua/v1/unified/order/place"),
            (&sync, "/api/v1/hf/orders/sync"),
            (&order(Product::Linear, Side::Buy), "/api/v1/orders"),
            (&NewOrder { test: true, ..fast.clone() }, "/api/v1/hf/orders/test"),
            (&NewOrder { trigger: stop(TriggerKind::StopLoss), ..fast.clone() }, "/api/v1/stop-order"),
        ] {
            assert_eq!(sent(order).0, path);
        }
        assert_eq!(sent(&margin).1["isIsolated"], json!(true));
        assert_eq!(sent(&sync).1.get("sync"), None, "what we read ourselves is not passed on");
    }

    #[test]
    fn a_stop_loss_lies_below_for_a_sell_and_above_for_a_buy() {
        let direction = |side, kind| {
            let order = NewOrder { trigger: stop(kind), ..order(Product::Linear, side) };
            let body = sent(&order).1;
            (body["stop"].clone(), body["reduceOnly"].clone())
        };
        assert_eq!(direction(Side::Sell, TriggerKind::StopLoss), (json!("down"), json!(true)));
        assert_eq!(direction(Side::Buy, TriggerKind::StopLoss), (json!("up"), json!(true)));
        assert_eq!(direction(Side::Sell, TriggerKind::TakeProfit), (json!("up"), json!(true)));
        assert_eq!(direction(Side::Buy, TriggerKind::TakeProfit), (json!("down"), json!(true)));
        assert_eq!(direction(Side::Buy, TriggerKind::Plain), (json!("up"), Value::Null));
    }

    #[test]
    fn attached_legs_of_a_short_position_are_turned_round() {
        let leg = |price: i64| Some(Attached { trigger: Decimal::new(price, 0), price: None, by: None });
        let both = |side| NewOrder { take_profit: leg(60_000), stop_loss: leg(40_000), ..order(Product::Linear, side) };
        let (path, long) = sent(&both(Side::Buy));
        assert_eq!(path, "/api/v1/st-orders");
        assert_eq!((&long["triggerStopUpPrice"], &long["triggerStopDownPrice"]), (&json!("60000"), &json!("40000")));
        let short = sent(&both(Side::Sell)).1;
        assert_eq!((&short["triggerStopUpPrice"], &short["triggerStopDownPrice"]), (&json!("40000"), &json!("60000")));
    }

    #[test]
    fn in_a_hedged_account_a_reducing_sell_closes_the_long_position() {
        let hedged = NewOrder { hedged: true, ..order(Product::Linear, Side::Sell) };
        assert_eq!(sent(&hedged).1["positionSide"], json!("SHORT"));
        assert_eq!(sent(&NewOrder { reduce_only: true, ..hedged }).1["positionSide"], json!("LONG"));
    }

    #[test]
    fn what_the_venue_does_not_take_is_refused_before_anything_is_sent() {
        let plain = order(Product::Spot, Side::Buy);
        let behind = crate::protocol::call::Distance::Percent(Decimal::ONE);
        for bad in [
            NewOrder { trailing: Some(Trailing { behind, from: None, limit: None }), ..plain.clone() },
            NewOrder { quantity: None, ..plain.clone() },
            NewOrder { price: None, ..plain.clone() },
            NewOrder { quantity: Some(Decimal::new(1, 9)), ..plain.clone() },
            NewOrder { instrument: market(Product::Option), ..plain.clone() },
            NewOrder { test: true, account: AccountSystem::Unified, ..plain.clone() },
        ] {
            assert!(place(&bad).is_err(), "{bad:?}");
        }
        assert!(super::super::place_many::place_many(&[]).is_err());
        assert!(
            super::super::place_many::place_many(&[plain, order(Product::Linear, Side::Buy)]).is_err(),
            "orders of two systems"
        );
    }

    #[test]
    fn of_two_legs_that_cancel_each_other_one_is_a_limit_and_one_a_stop() {
        let legs = NewOrder {
            trigger: stop(TriggerKind::StopLoss),
            oco: Some(Trigger { price: Decimal::new(60_000, 0), ..stop(TriggerKind::TakeProfit).unwrap() }),
            price: None,
            ..NewOrder::plain(&market(Product::Spot), Side::Sell, OrderKind::Market)
        };
        let (path, body) = sent(&NewOrder { quantity: Some(Decimal::ONE), ..legs });
        assert_eq!(path, "/api/v3/oco/order");
        assert_eq!(
            (&body["price"], &body["stopPrice"], &body["limitPrice"]),
            (&json!("60000"), &json!("49000"), &json!("49000"))
        );
    }
}
