//! What orders become, and that nothing unclear is taken for clear.

use super::Bybit;
use crate::protocol::call::{Attached, OrderClass, OrderKind, Trigger, TriggerKind};
use crate::protocol::model::{OrderState, Side};
use crate::protocol::{
    Credentials, Instrument, Markets, Meaning, Moment, NewOrder, OrderRef, Product, Protocol, ReadFault, Reply, Scope,
};
use desk::time::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value, json};

fn linear() -> Instrument {
    let mut market = Instrument::named(Product::Linear, "BTCUSDT", "BTC", "USDT", Some("USDT"));
    (market.tick, market.lot) = (Some(Decimal::new(1, 1)), Some(Decimal::new(1, 3)));
    market
}

fn spot() -> Instrument {
    let mut market = Instrument::named(Product::Spot, "BTCUSDT", "BTC", "USDT", None);
    (market.tick, market.lot) = (Some(Decimal::new(1, 2)), Some(Decimal::new(1, 6)));
    market
}

fn body(order: &NewOrder) -> Value {
    let ask = Bybit.place(order).unwrap();
    let moment = Moment { now: Timestamp::from_ms(1_700_000_000_000), nonce: 1, window_ms: 5000 };
    let keys = Credentials::new("bybit", "test_api_key".into(), "test_secret".into(), None).unwrap();
    let request = Bybit.sign(ask.request, Some(&keys), moment).unwrap();
    let mut body: Value = serde_json::from_str(&request.body).unwrap();
    body["path"] = json!(request.target);
    body
}

#[test]
fn requests_are_signed_as_the_published_vectors() {
    let unsigned = crate::protocol::Unsigned::account(
        "v5",
        "/v5/order/realtime",
        crate::protocol::Params::new().with("category", "linear").with("symbol", "BTCUSDT"),
    );
    let moment = Moment { now: Timestamp::from_ms(1_700_000_000_000), nonce: 1, window_ms: 5000 };
    let keys = Credentials::new("bybit", "test_api_key".into(), "test_secret".into(), None).unwrap();
    let request = Bybit.sign(unsigned, Some(&keys), moment).unwrap();
    let published = "fd4f31228a46109dc6673062328693696df9a96c7ff04e6491a45e7f63a0fdd7";
    assert_eq!(request.header_value("X-BAPI-SIGN"), Some(published));
}

#[test]
fn a_market_order_of_spot_counts_base_units_unless_it_has_a_cost() {
    let mut order = NewOrder::plain(&spot(), Side::Buy, OrderKind::Market);
    order.quantity = Some(Decimal::new(25, 2));
    assert_eq!(body(&order)["marketUnit"], "baseCoin");
    order.cost = Some(Decimal::new(100, 0));
    assert_eq!((&body(&order)["qty"], body(&order).get("marketUnit")), (&json!("100"), None));
    order.side = Side::Sell;
    assert_eq!(body(&order)["marketUnit"], "quoteCoin");
}

#[test]
fn both_legs_at_once_go_to_the_position() {
    let mut order = NewOrder::plain(&linear(), Side::Sell, OrderKind::Market);
    let leg = |kind, price| Trigger { kind, price: Decimal::new(price, 0), crossing: None, by: None, limit: None };
    order.trigger = Some(leg(TriggerKind::StopLoss, 90_000));
    order.oco = Some(leg(TriggerKind::TakeProfit, 110_000));
    let body = body(&order);
    assert_eq!(body["path"], "/v5/position/trading-stop");
    assert_eq!(
        (&body["stopLoss"], &body["takeProfit"], &body["tpslMode"]),
        (&json!("90000"), &json!("110000"), &json!("Full"))
    );
}

#[test]
fn an_attached_stop_goes_in_with_the_order() {
    let mut order = NewOrder::plain(&linear(), Side::Buy, OrderKind::Limit);
    (order.quantity, order.price) = (Some(Decimal::ONE), Some(Decimal::new(100_000, 0)));
    order.stop_loss = Some(Attached { trigger: Decimal::new(90_000, 0), price: None, by: None });
    assert_eq!(body(&order)["stopLoss"], "90000");
}

#[test]
fn only_a_clear_no_is_a_rejection_in_a_batch() {
    let mut order = NewOrder::plain(&linear(), Side::Buy, OrderKind::Market);
    order.quantity = Some(Decimal::ONE);
    order.client_id = Some("a".into());
    let ask = Bybit.place_many(&[order.clone(), order.clone(), order]).unwrap();
    let reply = Reply::new(
        200,
        r#"{"retCode":0,"retMsg":"OK","result":{"list":[
            {"category":"linear","symbol":"BTCUSDT","orderId":"1","orderLinkId":"a","createAt":"1700000000000"},
            {"category":"linear","symbol":"BTCUSDT","orderId":"","orderLinkId":"a","createAt":""},
            {"category":"linear","symbol":"BTCUSDT","orderId":"","orderLinkId":"a","createAt":""}]},
            "retExtInfo":{"list":[{"code":0,"msg":"OK"},{"code":110007,"msg":"x"},{"code":10016,"msg":"y"}]},"time":1700000000000}"#,
    );
    let states: Vec<_> = ask.read(&reply, &Markets::default()).unwrap().into_iter().map(|r| (r.id, r.state)).collect();
    assert_eq!(states, [(Some("1".into()), None), (None, Some(OrderState::Rejected)), (None, None)]);
}

fn order_answer(part: &str) -> Result<crate::protocol::model::OrderReport, ReadFault> {
    let order = OrderRef { id: Some("1".into()), instrument: Some(linear()), ..OrderRef::default() };
    let row = r#""symbol":"BTCUSDT","orderLinkId":"a","side":"Buy","orderType":"Limit","qty":"1""#;
    let text = format!(r#"{{"retCode":0,"retMsg":"OK","result":{{"category":"linear","list":[{{{row},{part}}}]}}}}"#);
    Bybit.order(&order).unwrap().read(&Reply::new(200, text), &Markets::new([linear()]))
}

#[test]
fn a_row_that_makes_no_sense_is_not_believed() {
    assert!(order_answer(r#""orderId":"1","orderStatus":"New","cumExecQty":"0""#).is_ok());
    for part in [
        r#""orderId":"","orderStatus":"New","cumExecQty":"0""#,
        r#""orderId":"2","orderStatus":"New","cumExecQty":"0""#,
        r#""orderId":"1","orderStatus":"Strange","cumExecQty":"0""#,
        r#""orderId":"1","cumExecQty":"0""#,
        r#""orderId":"1","orderStatus":"Filled","cumExecQty":"-1""#,
        r#""orderId":"1","orderStatus":"Filled","cumExecQty":"2""#,
    ] {
        assert!(matches!(order_answer(part), Err(ReadFault::Parse { .. })), "{part}");
    }
}

#[test]
fn an_empty_list_is_an_order_that_is_not_found() {
    let order = OrderRef { client_id: Some("a".into()), instrument: Some(linear()), ..OrderRef::default() };
    let reply = Reply::new(200, r#"{"retCode":0,"retMsg":"OK","result":{"category":"linear","list":[]}}"#);
    let fault = Bybit.order(&order).unwrap().read(&reply, &Markets::default()).err().unwrap();
    assert_eq!(fault.meaning(), Meaning::NotFound);
}

#[test]
fn cancelling_a_conditional_order_of_spot_says_so() {
    let scope = Scope { class: OrderClass::Trigger, ..Scope::default() };
    let order = OrderRef { id: Some("1".into()), instrument: Some(spot()), scope, ..OrderRef::default() };
    let ask = Bybit.cancel(&order).unwrap();
    let crate::protocol::Body::Json(body) = ask.request.body else { panic!() };
    assert!(body.contains(r#""orderFilter":"StopOrder""#), "{body}");
}
