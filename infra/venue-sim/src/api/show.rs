//! Orders, pairs and fills as the exchange writes them: amounts as text with eight decimals, ids as numbers.

use crate::engine::Engine;
use crate::engine::types::{Fill, Ms, Order, OrderList};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

/// Eight decimals, always.
#[must_use]
pub fn text8(value: Decimal) -> String {
    text(value, 8)
}

/// So many decimals, always.
#[must_use]
pub fn text(value: Decimal, decimals: u32) -> String {
    let mut value = value.round_dp(decimals);
    value.rescale(decimals);
    value.to_string()
}

/// The id of an order's pair, -1 without one.
#[must_use]
pub fn list_id(list: Option<u64>) -> Value {
    list.map_or(json!(-1), |id| json!(id))
}

/// How much an answer tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// That it was accepted.
    Ack,
    /// How it stands.
    Result,
    /// And its fills.
    Full,
}

/// The answer to a new order.
#[must_use]
pub fn placed(engine: &Engine, order: &Order, detail: Detail) -> Value {
    let mut map = Map::new();
    map.insert("symbol".into(), json!(order.symbol));
    map.insert("orderId".into(), json!(order.id));
    map.insert("orderListId".into(), list_id(order.list));
    map.insert("clientOrderId".into(), json!(order.client_id));
    map.insert("transactTime".into(), json!(order.placed_at));
    if detail == Detail::Ack {
        return Value::Object(map);
    }
    stand(order, &mut map);
    map.insert("workingTime".into(), working_time(order));
    if detail == Detail::Full {
        let fills = engine
            .fills(order.account)
            .iter()
            .rev()
            .take_while(|fill| fill.at >= order.placed_at)
            .filter(|fill| fill.order_id == order.id);
        let mut fills: Vec<Value> = fills.map(short_fill).collect();
        fills.reverse();
        map.insert("fills".into(), Value::Array(fills));
    }
    Value::Object(map)
}

/// The answer to a cancel.
#[must_use]
pub fn canceled(order: &Order) -> Value {
    let mut map = Map::new();
    map.insert("symbol".into(), json!(order.symbol));
    map.insert("origClientOrderId".into(), json!(order.client_id));
    map.insert("orderId".into(), json!(order.id));
    map.insert("orderListId".into(), list_id(order.list));
    map.insert("clientOrderId".into(), json!(order.cancel_id));
    map.insert("transactTime".into(), json!(order.updated_at));
    stand(order, &mut map);
    Value::Object(map)
}

/// The answer to a query.
#[must_use]
pub fn status(order: &Order) -> Value {
    let mut map = Map::new();
    map.insert("symbol".into(), json!(order.symbol));
    map.insert("orderId".into(), json!(order.id));
    map.insert("orderListId".into(), list_id(order.list));
    map.insert("clientOrderId".into(), json!(order.client_id));
    stand(order, &mut map);
    map.insert("stopPrice".into(), json!(text8(order.stop_price)));
    map.insert("icebergQty".into(), json!("0.00000000"));
    map.insert("time".into(), json!(order.placed_at));
    map.insert("updateTime".into(), json!(order.updated_at));
    map.insert("isWorking".into(), json!(order.working));
    map.insert("workingTime".into(), working_time(order));
    Value::Object(map)
}

/// A pair; with its orders' answers, when they are given.
#[must_use]
pub fn pair(engine: &Engine, pair: &OrderList, reports: Option<Vec<Value>>, now: Ms) -> Value {
    let orders = pair.orders.iter().filter_map(|id| engine.order(*id));
    let orders: Vec<Value> = orders
        .map(|order| json!({ "symbol": order.symbol, "orderId": order.id, "clientOrderId": order.client_id }))
        .collect();
    let mut map = Map::new();
    map.insert("orderListId".into(), json!(pair.id));
    map.insert("contingencyType".into(), json!("OCO"));
    map.insert("listStatusType".into(), json!(if pair.done { "ALL_DONE" } else { "EXEC_STARTED" }));
    map.insert("listOrderStatus".into(), json!(if pair.done { "ALL_DONE" } else { "EXECUTING" }));
    map.insert("listClientOrderId".into(), json!(pair.client_id));
    map.insert("transactionTime".into(), json!(if reports.is_some() { now } else { pair.at }));
    map.insert("symbol".into(), json!(pair.symbol));
    map.insert("orders".into(), Value::Array(orders));
    if let Some(reports) = reports {
        map.insert("orderReports".into(), Value::Array(reports));
    }
    Value::Object(map)
}

/// A fill as `myTrades` has it.
#[must_use]
pub fn fill(fill: &Fill) -> Value {
    json!({
        "symbol": fill.symbol, "id": fill.trade_id, "orderId": fill.order_id, "orderListId": list_id(fill.list),
        "price": text8(fill.price), "qty": text8(fill.quantity), "quoteQty": text8(fill.quote),
        "commission": text8(fill.commission), "commissionAsset": fill.commission_asset, "time": fill.at,
        "isBuyer": fill.side == crate::engine::types::Side::Buy, "isMaker": fill.maker, "isBestMatch": true,
    })
}

fn short_fill(fill: &Fill) -> Value {
    json!({
        "price": text8(fill.price), "qty": text8(fill.quantity), "commission": text8(fill.commission),
        "commissionAsset": fill.commission_asset, "tradeId": fill.trade_id,
    })
}

fn working_time(order: &Order) -> Value {
    order.working_at.map_or(json!(-1), |at| json!(at))
}

/// What all answers about an order have in common, conditional fields included.
fn stand(order: &Order, map: &mut Map<String, Value>) {
    map.insert("price".into(), json!(text8(order.price)));
    map.insert("origQty".into(), json!(text8(order.quantity)));
    map.insert("executedQty".into(), json!(text8(order.executed)));
    map.insert("origQuoteOrderQty".into(), json!(text8(order.quote_quantity)));
    map.insert("cummulativeQuoteQty".into(), json!(text8(order.executed_quote)));
    map.insert("status".into(), json!(order.status.text()));
    map.insert("timeInForce".into(), json!(order.tif.text()));
    map.insert("type".into(), json!(order.kind.text()));
    map.insert("side".into(), json!(order.side.text()));
    map.insert("selfTradePreventionMode".into(), json!(order.stp.text()));
    if order.kind.is_stop() {
        map.insert("stopPrice".into(), json!(text8(order.stop_price)));
    }
    if let (Some(id), _) = order.strategy {
        map.insert("strategyId".into(), json!(id));
    }
    if let (_, Some(kind)) = order.strategy {
        map.insert("strategyType".into(), json!(kind));
    }
    if let Some(number) = order.prevented_match {
        map.insert("preventedMatchId".into(), json!(number));
        map.insert("preventedQuantity".into(), json!(text8(order.prevented)));
    }
    if let Some(reason) = order.expiry {
        map.insert("expiryReason".into(), json!(reason.text()));
    }
}
