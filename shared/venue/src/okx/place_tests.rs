use super::*;
use crate::protocol::call::{Trigger, TriggerKind};
use crate::protocol::{Body, Instrument, Product};
use desk::time::Timestamp;
use rust_decimal::Decimal;
use serde_json::Value;

fn btc() -> Instrument {
    let mut market = Instrument::named(Product::Spot, "BTC-USDT", "BTC", "USDT", None);
    market.tick = Some(Decimal::new(1, 1));
    market.lot = Some(Decimal::new(1, 8));
    market
}

fn swap() -> Instrument {
    Instrument::named(Product::Linear, "BTC-USDT-SWAP", "BTC", "USDT", Some("USDT"))
}

fn limit(market: &Instrument) -> NewOrder {
    NewOrder {
        quantity: Some(Decimal::ONE),
        price: Some(Decimal::from(25_000)),
        client_id: Some("0123456789abcdef".into()),
        ..NewOrder::plain(market, Side::Buy, OrderKind::Limit)
    }
}

fn sent(order: &NewOrder) -> (String, Value) {
    let request = one(order).unwrap().request;
    let Body::Json(text) = request.body else { panic!() };
    (request.path.into_owned(), serde_json::from_str(&text).unwrap())
}

#[test]
fn a_deadline_becomes_a_header_and_a_placement_is_of_its_own_class() {
    let order = NewOrder { deadline: Some(Timestamp::from_ms(1_700_000_000_123)), ..limit(&btc()) };
    let request = one(&order).unwrap().request;
    assert_eq!(request.class, EndpointClass::Order);
    assert_eq!(request.headers, [("expTime", "1700000000123".to_owned())]);
}

#[test]
fn an_id_the_venue_would_refuse_is_not_sent() {
    for id in ["", "a-b", "0123456789abcdef0123456789abcdef0"] {
        assert!(one(&NewOrder { client_id: Some(id.into()), ..limit(&btc()) }).is_err(), "{id}");
    }
}

#[test]
fn an_oco_is_a_stop_loss_and_a_take_profit_and_goes_to_the_algo_endpoint() {
    let leg = |kind, price: i64| Trigger { kind, price: price.into(), crossing: None, by: None, limit: None };
    let mut order = NewOrder {
        trigger: Some(leg(TriggerKind::StopLoss, 20_000)),
        oco: Some(leg(TriggerKind::TakeProfit, 30_000)),
        ..NewOrder { kind: OrderKind::Market, price: None, ..limit(&swap()) }
    };
    let (path, body) = sent(&order);
    assert_eq!(path, "/api/v5/trade/order-algo");
    assert_eq!(
        (&body["ordType"], &body["slTriggerPx"], &body["tpTriggerPx"]),
        (&"oco".into(), &"20000".into(), &"30000".into())
    );
    assert_eq!((&body["slOrdPx"], &body["tpOrdPx"]), (&"-1".into(), &"-1".into()));
    assert_eq!(body["algoClOrdId"], "0123456789abcdef");
    order.oco = Some(leg(TriggerKind::StopLoss, 1));
    assert!(one(&order).is_err());
}

#[test]
fn one_order_of_several_is_rejected_only_by_a_clear_no() {
    let orders = [limit(&btc()), limit(&btc()), limit(&btc())];
    let body = r#"{"code":"2","msg":"","data":[
        {"ordId":"1","clOrdId":"a","sCode":"0"},{"ordId":"","clOrdId":"b","sCode":"51008"},{"ordId":"","sCode":"51149"}]}"#;
    let read = many(&orders).unwrap().read(&Reply::new(200, body), &crate::protocol::Markets::default()).unwrap();
    let states: Vec<_> = read.iter().map(|report| (report.id.as_deref(), report.state)).collect();
    assert_eq!(states, [(Some("1"), None), (None, Some(OrderState::Rejected)), (None, None)]);
}

#[test]
fn an_accepted_order_without_an_id_is_not_believed() {
    let reply = Reply::new(200, r#"{"code":"0","data":[{"ordId":"","clOrdId":"a","sCode":"0"}]}"#);
    let read = one(&limit(&btc())).unwrap().read(&reply, &crate::protocol::Markets::default());
    assert!(matches!(read, Err(ReadFault::Parse { .. })));
}

#[test]
fn an_answer_without_our_id_does_not_pretend_to_have_it() {
    let reply = Reply::new(200, r#"{"code":"0","data":[{"ordId":"1","clOrdId":"","sCode":"0"}]}"#);
    let read = one(&limit(&btc())).unwrap().read(&reply, &crate::protocol::Markets::default()).unwrap();
    assert_eq!((read.id.as_deref(), read.client_id), (Some("1"), None));
}

#[test]
fn spot_is_never_traded_on_margin_unless_the_order_says_so() {
    let stop = Trigger { kind: TriggerKind::StopLoss, price: 20_000.into(), crossing: None, by: None, limit: None };
    let sell = NewOrder { side: Side::Sell, trigger: Some(stop), ..limit(&btc()) };
    for order in [limit(&btc()), sell.clone()] {
        let (_, body) = sent(&order);
        let body = body.get(0).unwrap_or(&body).clone();
        assert_eq!(body["tdMode"], "cash");
        assert_eq!(body.get("ccy"), None);
    }
    let (path, body) = sent(&NewOrder { margin: Some(crate::protocol::model::MarginMode::Isolated), ..sell });
    assert_eq!(path, "/api/v5/trade/order-algo");
    assert_eq!((&body["tdMode"], &body["ccy"]), (&"isolated".into(), &"BTC".into()));
}
