//! What the published cases don't hold: refusals, doubts, and orders of every kind.

use super::Kraken;
use crate::protocol::call::{
    Amendment, Attached, Crossing, Distance, Extra, OrderFilter, OrderKind, TimeInForce, Trailing, Trigger, TriggerKind,
};
use crate::protocol::fault::{CallError, Meaning, ReadFault};
use crate::protocol::model::{MovementKind, OrderState, Side};
use crate::protocol::{
    Ask, Credentials, EndpointClass, HistoryQuery, Instrument, Markets, Moment, NewOrder, OrderRef, OrdersQuery,
    Product, Protocol, Reply, Scope,
};
use desk::time::Timestamp;
use rust_decimal::Decimal;
use serde_json::json;

fn btc() -> Instrument {
    let mut btc = Instrument::named(Product::Spot, "XXBTZUSD", "BTC", "USD", None);
    btc.aliases = vec!["XBTUSD".to_owned(), "XBT/USD".to_owned()];
    btc.tick = Some(Decimal::new(1, 1));
    btc.lot = Some(Decimal::new(1, 8));
    btc
}

fn limit(side: Side) -> NewOrder {
    let mut order = NewOrder::plain(&btc(), side, OrderKind::Limit);
    order.quantity = Some(Decimal::new(5, 1));
    order.price = Some(Decimal::from(30_000));
    order
}

/// The body that would be sent.
fn body<T>(ask: Ask<T>) -> String {
    let credentials = Credentials::new("kraken", "key".into(), "c2VjcmV0".into(), None).unwrap();
    let moment = Moment { now: Timestamp::from_ms(1_700_000_000_000), nonce: 7, window_ms: 5000 };
    Kraken.sign(ask.request, Some(&credentials), moment).unwrap().body
}

fn placed(order: &NewOrder) -> String {
    body(Kraken.place(order).unwrap())
}

#[test]
fn an_order_carries_its_client_id_or_its_reference_number_and_its_deadline() {
    let mut order = limit(Side::Buy);
    order.client_id = Some("mine".into());
    order.deadline = Some(Timestamp::from_ms(1_700_000_005_250));
    let text = placed(&order);
    assert!(text.starts_with("nonce=7&pair=XXBTZUSD&type=buy&ordertype=limit&volume=0.5&price=30000"), "{text}");
    assert!(text.contains("&cl_ord_id=mine&deadline=2023-11-14T22%3A13%3A25.250Z"), "{text}");
    order.extra = Extra(vec![("userref".into(), json!(12))]);
    assert!(!placed(&order).contains("cl_ord_id"), "the venue takes one of the two");
}

#[test]
fn a_plain_trigger_is_a_stop_or_takes_profit_by_the_way_the_price_comes() {
    for (side, crossing, kind) in [
        (Side::Buy, Some(Crossing::Up), "stop-loss"),
        (Side::Buy, Some(Crossing::Down), "take-profit"),
        (Side::Sell, Some(Crossing::Down), "stop-loss"),
        (Side::Sell, Some(Crossing::Up), "take-profit"),
        (Side::Sell, None, "stop-loss"),
    ] {
        let mut order = limit(side);
        order.kind = OrderKind::Market;
        let price = Decimal::from(29_000);
        order.trigger = Some(Trigger { kind: TriggerKind::Plain, price, crossing, by: None, limit: None });
        assert!(placed(&order).contains(&format!("&ordertype={kind}&volume=0.5&price=29000")), "{}", placed(&order));
    }
}

#[test]
fn what_the_venue_has_not_is_refused_before_anything_is_sent() {
    let attached = |price: i64| Some(Attached { trigger: Decimal::from(price), price: None, by: None });
    let mut both = limit(Side::Buy);
    (both.stop_loss, both.take_profit) = (attached(29_000), attached(31_000));
    let mut killed = limit(Side::Buy);
    killed.time_in_force = Some(TimeInForce::Fok);
    let mut trailing = limit(Side::Sell);
    let behind = Distance::Percent(Decimal::ONE);
    trailing.trailing = Some(Trailing { behind, from: Some(Decimal::ONE), limit: None });
    for order in [both, killed, trailing] {
        assert!(matches!(Kraken.place(&order), Err(CallError::Unsupported { .. })), "{order:?}");
    }
    let mut empty = limit(Side::Buy);
    empty.quantity = None;
    assert!(matches!(Kraken.place(&empty), Err(CallError::Invalid(_))));
    assert!(Kraken.cancel_all(Some(&btc()), &Scope::default()).is_err(), "it would cancel those of all markets");
    assert!(Kraken.orders(&OrdersQuery { filter: OrderFilter::All, ..OrdersQuery::default() }).is_err());
}

#[test]
fn a_stop_loss_goes_in_with_the_order() {
    let mut order = limit(Side::Buy);
    order.stop_loss = Some(Attached { trigger: Decimal::from(29_000), price: Some(Decimal::from(28_900)), by: None });
    let text = placed(&order);
    for part in ["close%5Bordertype%5D=stop-loss-limit", "close%5Bprice%5D=29000", "close%5Bprice2%5D=28900"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_batch_is_json_and_tells_of_each_order_at_its_place() {
    let (mut first, mut second) = (limit(Side::Buy), limit(Side::Sell));
    (first.client_id, second.client_id) = (Some("a".into()), Some("b".into()));
    let ask = Kraken.place_many(&[first.clone(), second]).unwrap();
    assert_eq!(ask.request.class, EndpointClass::Order);
    let reply = Reply::new(
        200,
        r#"{"error":[],"result":{"orders":[{"txid":"O1","descr":{"order":"buy 0.5 XBTUSD @ limit 30000.0"}},
        {"error":"EOrder:Insufficient funds","descr":{"order":"sell 0.5 XBTUSD @ limit 30000.0"}}]}}"#,
    );
    let rows = ask.read(&reply, &Markets::new([btc()])).unwrap();
    assert_eq!((rows[0].id.as_deref(), rows[0].state), (Some("O1"), None));
    assert_eq!((rows[1].id.as_deref(), rows[1].state), (None, Some(OrderState::Rejected)));
    let short = Reply::new(200, r#"{"error":[],"result":{"orders":[{"txid":"O1"}]}}"#);
    assert!(matches!(ask.read(&short, &Markets::default()), Err(ReadFault::Parse { .. })));
    let text = body(ask);
    assert!(text.starts_with(r#"{"nonce":"7","#) && text.contains(r#""cl_ord_id":"b""#), "{text}");
    let mut other = first.clone();
    other.instrument.symbol = "XETHZUSD".into();
    assert!(Kraken.place_many(&[first, other]).is_err(), "a batch is of one market");
}

#[test]
fn an_answer_that_is_not_as_documented_is_no_order() {
    let ask = Kraken.order(&OrderRef { id: Some("O1".into()), ..OrderRef::default() }).unwrap();
    let read = |row: &str| {
        let text = format!(r#"{{"error":[],"result":{{"O1":{row}}}}}"#);
        ask.read(&Reply::new(200, text), &Markets::new([btc()]))
    };
    let row = |status: &str, vol: &str, done: &str| {
        format!(
            r#"{{"status":"{status}","vol":"{vol}","vol_exec":"{done}","opentm":1700000000.5,
            "descr":{{"pair":"XBTUSD","type":"buy","ordertype":"limit","price":"30000.0"}}}}"#
        )
    };
    assert_eq!(read(&row("open", "1", "0.5")).unwrap().market.as_deref(), Some("BTC/USD"));
    for (bad, why) in [
        (row("new", "1", "0"), "an unknown status"),
        (row("open", "1", "2"), "more filled than asked for"),
        (row("open", "-1", "0"), "a negative quantity"),
        ("{}".to_owned(), "nothing"),
    ] {
        assert!(matches!(read(&bad), Err(ReadFault::Parse { .. })), "{why}");
    }
    let none = Reply::new(200, r#"{"error":[],"result":{}}"#);
    assert_eq!(ask.read(&none, &Markets::default()).unwrap_err().meaning(), Meaning::NotFound);
    let without = Reply::new(200, r#"{"error":[],"result":{"descr":{"order":"buy"}}}"#);
    let placed = Kraken.place(&limit(Side::Buy)).unwrap().read(&without, &Markets::default());
    assert!(matches!(placed, Err(ReadFault::Parse { .. })), "placed without an id");
}

#[test]
fn an_order_is_found_by_our_id_among_the_open_and_among_the_closed() {
    let wanted = OrderRef { client_id: Some("mine".into()), ..OrderRef::default() };
    let ask = Kraken.open_order(&wanted).unwrap();
    assert_eq!(ask.request.path, "/0/private/OpenOrders");
    let row = r#"{"status":"open","vol":"1","vol_exec":"0","cl_ord_id":"mine","descr":{"pair":"XBTUSD","type":"buy","ordertype":"market"}}"#;
    let found = Reply::new(200, format!(r#"{{"error":[],"result":{{"open":{{"O1":{row}}}}}}}"#));
    assert_eq!(ask.read(&found, &Markets::new([btc()])).unwrap().id.as_deref(), Some("O1"));
    let other = Reply::new(200, format!(r#"{{"error":[],"result":{{"open":{{"O1":{}}}}}}}"#, row.replace("mine", "x")));
    assert_eq!(ask.read(&other, &Markets::default()).unwrap_err().meaning(), Meaning::NotFound);
    let ask = Kraken.closed_order(&wanted).unwrap();
    assert_eq!((ask.request.path.as_ref(), ask.request.weight), ("/0/private/ClosedOrders", 2));
    assert!(Kraken.order(&wanted).is_err(), "there is no question for both");
}

#[test]
fn a_change_names_one_id_and_a_switch_never_turns_itself_off() {
    let order = OrderRef { id: Some("O1".into()), client_id: None, instrument: Some(btc()), scope: Scope::default() };
    let mut to = limit(Side::Buy);
    to.trailing = Some(Trailing { behind: Distance::Percent(Decimal::from(5)), from: None, limit: None });
    let text = body(Kraken.amend(&Amendment { order, to }).unwrap());
    assert_eq!(text, "nonce=7&txid=O1&order_qty=0.5&limit_price=30000&trigger_price=%2B5%25");
    assert_eq!(body(Kraken.cancel_all_after(400).unwrap()), "nonce=7&timeout=1");
    assert_eq!(body(Kraken.cancel_all_after(0).unwrap()), "nonce=7&timeout=0");
}

#[test]
fn movements_are_what_no_trade_has_caused() {
    let ask = Kraken.movements(&HistoryQuery::default()).unwrap();
    let entry = |kind: &str, amount: &str| {
        format!(
            r#"{{"refid":"R","time":1700000000.1,"type":"{kind}","subtype":"","asset":"XXBT","amount":"{amount}","fee":"0.0001"}}"#
        )
    };
    let rows = format!(
        r#"{{"error":[],"result":{{"ledger":{{"L1":{},"L2":{},"L3":{}}},"count":3}}}}"#,
        entry("deposit", "1"),
        entry("trade", "-1"),
        entry("withdrawal", "-0.5")
    );
    let rows = ask.read(&Reply::new(200, rows), &Markets::default()).unwrap();
    let kinds: Vec<_> = rows.iter().map(|row| (row.kind, row.currency.as_str(), row.amount.to_string())).collect();
    let wanted = [(MovementKind::Deposit, "BTC", "1".to_owned()), (MovementKind::Withdrawal, "BTC", "-0.5".to_owned())];
    assert_eq!(kinds, wanted);
}

#[test]
fn a_key_that_may_withdraw_is_seen() {
    let ask = Kraken.key_permissions().unwrap();
    let read = |permissions: &str| {
        let text = format!(
            r#"{{"error":[],"result":{{"permissions":[{permissions}],"validUntil":"0","ipAllowlist":["1.2.3.4"]}}}}"#
        );
        ask.read(&Reply::new(200, text), &Markets::default()).unwrap()
    };
    let trading = read(r#""query-funds","modify-trades""#);
    assert_eq!((trading.read, trading.spot, trading.withdraw), (Some(true), Some(true), Some(false)));
    assert_eq!(trading.addresses, ["1.2.3.4"]);
    assert_eq!(read(r#""withdraw-funds""#).withdraw, Some(true));
}
