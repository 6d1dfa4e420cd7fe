//! What orders become, and that nothing unclear is taken for clear.

use super::Coinbase;
use crate::protocol::call::{OrderKind, Trigger, TriggerKind};
use crate::protocol::model::Side;
use crate::protocol::{
    BarQuery, Body, Instrument, Markets, Meaning, Moment, NewOrder, OrderRef, Product, Protocol, Range, ReadFault,
    Reply, Scope,
};
use desk::time::Timestamp;
use rust_decimal::Decimal;
use serde_json::Value;

fn spot() -> Instrument {
    let mut market = Instrument::named(Product::Spot, "BTC-USD", "BTC", "USD", None);
    (market.tick, market.lot) = (Some(Decimal::new(1, 2)), Some(Decimal::new(1, 8)));
    market
}

fn order(kind: OrderKind) -> NewOrder {
    let mut order = NewOrder::plain(&spot(), Side::Sell, kind);
    order.client_id = Some("a".into());
    order.quantity = Some(Decimal::new(5, 1));
    order.price = (kind == OrderKind::Limit).then(|| Decimal::new(100, 0));
    order
}

fn configuration(order: &NewOrder) -> Value {
    let Body::Json(body) = Coinbase.place(order).unwrap().request.body else { panic!() };
    serde_json::from_str::<Value>(&body).unwrap()["order_configuration"].clone()
}

#[test]
fn a_stop_loss_and_a_take_profit_make_a_bracket() {
    let mut order = order(OrderKind::Limit);
    let leg = |kind, price| Trigger { kind, price: Decimal::new(price, 0), crossing: None, by: None, limit: None };
    order.trigger = Some(leg(TriggerKind::StopLoss, 90));
    assert_eq!(configuration(&order)["stop_limit_stop_limit_gtc"]["stop_direction"], "STOP_DIRECTION_STOP_DOWN");
    order.oco = Some(leg(TriggerKind::TakeProfit, 120));
    let bracket = &configuration(&order)["trigger_bracket_gtc"];
    assert_eq!((&bracket["limit_price"], &bracket["stop_trigger_price"]), (&"120".into(), &"90".into()));
}

#[test]
fn there_is_no_stop_market_order() {
    let mut order = order(OrderKind::Market);
    order.trigger = Some(Trigger {
        kind: TriggerKind::StopLoss,
        price: Decimal::new(90, 0),
        crossing: None,
        by: None,
        limit: None,
    });
    assert!(Coinbase.place(&order).is_err());
}

fn placed(body: &str) -> Result<crate::protocol::model::OrderReport, ReadFault> {
    Coinbase.place(&order(OrderKind::Limit)).unwrap().read(&Reply::new(200, body), &Markets::default())
}

#[test]
fn a_refused_order_is_clear_only_if_its_reason_is() {
    let good = r#"{"success":true,"success_response":{"order_id":"1","client_order_id":"a"}}"#;
    assert_eq!(placed(good).unwrap().id.as_deref(), Some("1"));
    let no = |reason: &str| {
        let body = format!(
            r#"{{"success":false,"failure_reason":"UNKNOWN_FAILURE_REASON","order_id":"","error_response":{{"error":"{reason}","message":"x","new_order_failure_reason":"{reason}"}}}}"#
        );
        placed(&body).err().unwrap().meaning()
    };
    assert_eq!(no("INSUFFICIENT_FUND"), Meaning::Refusal);
    assert_eq!(no("UNKNOWN_FAILURE_REASON"), Meaning::Unclear);
    assert_eq!(no("SOMETHING_NEW"), Meaning::Unclear);
    assert!(matches!(placed(r#"{"success":true}"#), Err(ReadFault::Parse { .. })));
    assert!(matches!(placed("{}"), Err(ReadFault::Api(error)) if error.meaning == Meaning::Unclear));
}

#[test]
fn an_order_is_found_by_our_id_among_the_newest() {
    let asked = OrderRef { client_id: Some("b".into()), instrument: Some(spot()), ..OrderRef::default() };
    let ask = Coinbase.order(&asked).unwrap();
    let row = |id: &str, client: &str| {
        format!(
            r#"{{"order_id":"{id}","client_order_id":"{client}","product_id":"BTC-USD","side":"BUY","status":"OPEN","order_configuration":{{"limit_limit_gtc":{{"base_size":"1","limit_price":"2"}}}},"filled_size":"0"}}"#
        )
    };
    let read = |rows: &str| ask.read(&Reply::new(200, format!(r#"{{"orders":[{rows}]}}"#)), &Markets::new([spot()]));
    assert_eq!(read(&format!("{},{}", row("1", "a"), row("2", "b"))).unwrap().id.as_deref(), Some("2"));
    assert_eq!(read(&row("1", "a")).err().unwrap().meaning(), Meaning::NotFound);
    let over = row("2", "b").replace(r#""filled_size":"0""#, r#""filled_size":"3""#);
    assert!(matches!(read(&over), Err(ReadFault::Parse { .. })));
}

#[test]
fn a_question_for_the_newest_bars_gets_its_time_when_it_is_signed() {
    let query = BarQuery {
        interval: "1m".parse().unwrap(),
        range: Range::default(),
        price: crate::protocol::call::BarPrice::Trade,
    };
    let ask = Coinbase.bars(&spot(), &query, &Scope::default()).unwrap();
    let moment = Moment { now: Timestamp::from_ms(1_700_000_000_000), nonce: 1, window_ms: 5000 };
    let target = Coinbase.sign(ask.request, None, moment).unwrap().target;
    assert!(target.contains("start=1699982000&end=1700000000"), "{target}");
}
