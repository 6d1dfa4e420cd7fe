//! What would cost money if it went wrong: which order goes out, and what an answer is taken for.

use super::super::protocol::call::{
    AccountSystem, Attached, Distance, OrderClass, OrderKind, Trailing, Trigger, TriggerKind,
};
use super::super::protocol::http::{Body, EndpointClass};
use super::super::protocol::model::{OrderState, PositionSide, Side};
use super::super::protocol::{
    Credentials, HistoryQuery, Instrument, Markets, Meaning, Moment, NewOrder, OrderRef, Product, Protocol, ReadFault,
    Reply, Scope, Unsigned,
};
use super::Bitget;
use desk::time::Timestamp;
use rust_decimal::Decimal;
use serde_json::Value;

fn contract() -> Instrument {
    let mut i = Instrument::named(Product::Linear, "BTCUSDT", "BTC", "USDT", Some("USDT"));
    (i.tick, i.lot) = (Some(Decimal::new(1, 1)), Some(Decimal::new(1, 4)));
    i
}

fn spot() -> Instrument {
    let mut i = Instrument::named(Product::Spot, "BTCUSDT", "BTC", "USDT", None);
    (i.tick, i.lot) = (Some(Decimal::new(1, 2)), Some(Decimal::new(1, 6)));
    i
}

fn markets() -> Markets {
    Markets::new([spot(), contract()])
}

fn order(instrument: &Instrument, side: Side, kind: OrderKind) -> NewOrder {
    let mut order = NewOrder::plain(instrument, side, kind);
    order.quantity = Some(Decimal::new(1, 3));
    order.price = Some(Decimal::from(50_000));
    order.client_id = Some("c1".to_owned());
    order
}

fn body(request: &Unsigned) -> Value {
    let Body::Json(text) = &request.body else { panic!("{request:?}") };
    serde_json::from_str(text).unwrap()
}

fn placed(order: &NewOrder) -> (String, Value) {
    let ask = Bitget.place(order).unwrap();
    assert_eq!(ask.request.class, EndpointClass::Order);
    (ask.request.path.to_string(), body(&ask.request))
}

fn trigger(kind: TriggerKind) -> Option<Trigger> {
    Some(Trigger { kind, price: Decimal::from(40_000), crossing: None, by: None, limit: None })
}

#[test]
fn closing_where_long_and_short_are_held_names_the_position_and_not_the_trade() {
    let mut close_long = order(&contract(), Side::Sell, OrderKind::Market);
    (close_long.hedged, close_long.reduce_only) = (true, true);
    let (_, body) = placed(&close_long);
    assert_eq!((&body["side"], &body["tradeSide"]), (&"buy".into(), &"Close".into()));
    assert!(body.get("reduceOnly").is_none());
    let mut open_short = order(&contract(), Side::Sell, OrderKind::Market);
    open_short.position_side = Some(PositionSide::Short);
    let (_, body) = placed(&open_short);
    assert_eq!((&body["side"], &body["tradeSide"]), (&"sell".into(), &"Open".into()));
    let mut reduce = order(&contract(), Side::Sell, OrderKind::Market);
    reduce.reduce_only = true;
    let (_, body) = placed(&reduce);
    assert_eq!((&body["side"], &body["reduceOnly"]), (&"sell".into(), &"YES".into()));
}

#[test]
fn a_stop_loss_of_a_part_never_closes_the_whole_position() {
    let mut stop = order(&contract(), Side::Sell, OrderKind::Market);
    stop.trigger = trigger(TriggerKind::StopLoss);
    let (path, body) = placed(&stop);
    assert_eq!(path, "/api/v2/mix/order/place-tpsl-order");
    assert_eq!(
        (&body["planType"], &body["size"], &body["holdSide"]),
        (&"loss_plan".into(), &"0.001".into(), &"buy".into())
    );
    stop.quantity = None;
    assert_eq!(placed(&stop).1["planType"], "pos_loss");
    stop.quantity = Some(Decimal::new(1, 3));
    stop.account = AccountSystem::Unified;
    let (path, body) = placed(&stop);
    assert_eq!(path, "/api/v3/trade/place-strategy-order");
    assert_eq!(
        (&body["tpslMode"], &body["qty"], &body["slOrderType"]),
        (&"partial".into(), &"0.001".into(), &"market".into())
    );
}

#[test]
fn a_market_buy_of_spot_says_what_it_may_cost() {
    let mut buy = order(&spot(), Side::Buy, OrderKind::Market);
    assert_eq!(placed(&buy).1["size"], "50");
    buy.account = AccountSystem::Unified;
    assert_eq!(placed(&buy).1["qty"], "50");
    buy.price = None;
    assert!(Bitget.place(&buy).is_err(), "a quantity without a price is no cost");
    buy.cost = Some(Decimal::from(8));
    assert_eq!(placed(&buy).1["qty"], "8");
}

#[test]
fn what_the_venue_does_not_take_is_not_sent_as_something_else() {
    let mut iceberg = order(&spot(), Side::Buy, OrderKind::Limit);
    iceberg.shown = Some(Decimal::ONE);
    let mut test = order(&spot(), Side::Buy, OrderKind::Limit);
    test.test = true;
    let mut trails = order(&spot(), Side::Buy, OrderKind::Market);
    trails.trailing = Some(Trailing { behind: Distance::Percent(Decimal::ONE), from: None, limit: None });
    let mut by_amount = order(&contract(), Side::Sell, OrderKind::Market);
    by_amount.trailing =
        Some(Trailing { behind: Distance::Amount(Decimal::ONE), from: Some(Decimal::from(40_000)), limit: None });
    let mut both = order(&contract(), Side::Sell, OrderKind::Market);
    (both.trigger, both.oco) = (trigger(TriggerKind::StopLoss), trigger(TriggerKind::TakeProfit));
    for order in [iceberg, test, trails, by_amount, both.clone()] {
        assert!(Bitget.place(&order).is_err(), "{order:?}");
    }
    both.account = AccountSystem::Unified;
    let (_, body) = placed(&both);
    assert_eq!((&body["stopLoss"], &body["takeProfit"]), (&"40000".into(), &"40000".into()));
}

#[test]
fn a_deadline_the_venue_has_no_field_for_does_not_keep_an_order_back() {
    let mut buy = order(&spot(), Side::Buy, OrderKind::Limit);
    let without = placed(&buy);
    buy.deadline = Some(Timestamp::from_ms(1_700_000_000_000));
    assert_eq!(placed(&buy), without);
}

#[test]
fn attached_orders_go_in_under_the_names_of_each_system() {
    let leg = Some(Attached { trigger: Decimal::from(45_000), price: Some(Decimal::from(44_900)), by: None });
    let mut buy = order(&contract(), Side::Buy, OrderKind::Limit);
    buy.stop_loss.clone_from(&leg);
    let (_, body) = placed(&buy);
    assert_eq!((&body["presetStopLossPrice"], &body["presetStopLossExecutePrice"]), (&"45000".into(), &"44900".into()));
    buy.account = AccountSystem::Unified;
    let (_, body) = placed(&buy);
    assert_eq!(
        (&body["stopLoss"], &body["slLimitPrice"], &body["slOrderType"]),
        (&"45000".into(), &"44900".into(), &"limit".into())
    );
    let mut plain = order(&spot(), Side::Buy, OrderKind::Limit);
    plain.take_profit = leg;
    assert_eq!(placed(&plain).1["presetTakeProfitPrice"], "45000");
}

#[test]
fn of_a_batch_only_a_clear_no_is_a_rejection() {
    let mut orders = vec![order(&contract(), Side::Buy, OrderKind::Limit); 4];
    for (at, order) in orders.iter_mut().enumerate() {
        order.client_id = Some(format!("c{at}"));
    }
    let ask = Bitget.place_many(&orders).unwrap();
    let answer = r#"{"code":"00000","msg":"success","data":{"successList":[{"orderId":"7","clientOid":"c2"}],"failureList":[
        {"orderId":"","clientOid":"c0","errorMsg":"Insufficient balance","errorCode":"40754"},
        {"orderId":"","clientOid":"c1","errorMsg":"Duplicate clientOid","errorCode":"40786"}]}}"#;
    let reports = ask.read(&Reply::new(200, answer), &markets()).unwrap();
    let told: Vec<_> = reports.iter().map(|r| (r.client_id.as_deref(), r.id.as_deref(), r.state)).collect();
    assert_eq!(
        told,
        [
            (Some("c0"), None, Some(OrderState::Rejected)),
            (Some("c1"), None, None),
            (Some("c2"), Some("7"), None),
            (Some("c3"), None, None),
        ]
    );
}

#[test]
fn an_acknowledgement_without_an_order_is_none() {
    let ask = Bitget.place(&order(&spot(), Side::Buy, OrderKind::Limit)).unwrap();
    for answer in [r#"{"code":"00000","data":{}}"#, r#"{"code":"00000","data":{"orderId":"","clientOid":"c1"}}"#] {
        assert!(matches!(ask.read(&Reply::new(200, answer), &markets()), Err(ReadFault::Parse { .. })), "{answer}");
    }
    let mut reduce = order(&contract(), Side::Sell, OrderKind::Limit);
    (reduce.account, reduce.reduce_only) = (AccountSystem::Unified, true);
    let ask = Bitget.place(&reduce).unwrap();
    let replaced = r#"{"code":"00000","data":{"orderId":null,"clientOid":"c1"}}"#;
    assert_eq!(ask.read(&Reply::new(200, replaced), &markets()).unwrap().client_id.as_deref(), Some("c1"));
    let other = r#"{"code":"00000","data":{"orderId":null,"clientOid":"x"}}"#;
    assert!(ask.read(&Reply::new(200, other), &markets()).is_err());
}

#[test]
fn a_cancel_that_failed_inside_a_list_is_an_error() {
    let mut named = OrderRef { id: Some("1".into()), instrument: Some(contract()), ..OrderRef::default() };
    named.scope.class = OrderClass::Trigger;
    let ask = Bitget.cancel(&named).unwrap();
    assert_eq!(ask.request.class, EndpointClass::Cancel);
    let answer = r#"{"code":"00000","data":{"successList":[],"failureList":[{"orderId":"1","clientOid":"","errorMsg":"The order does not exist","errorCode":"43025"}]}}"#;
    let fault = ask.read(&Reply::new(200, answer), &markets()).unwrap_err();
    assert_eq!(fault.meaning(), Meaning::NotFound);
}

fn looked_up(data: &str) -> Result<super::super::protocol::model::OrderReport, ReadFault> {
    let named = OrderRef { id: Some("1".into()), instrument: Some(contract()), ..OrderRef::default() };
    Bitget.order(&named).unwrap().read(&Reply::new(200, format!(r#"{{"code":"00000","data":{data}}}"#)), &markets())
}

#[test]
fn a_closing_order_of_a_long_position_sells() {
    let row = |pos: &str, trade: &str| {
        format!(
            r#"{{"symbol":"BTCUSDT","size":"1","orderId":"1","baseVolume":"0.5","priceAvg":"10","price":"10","state":"partially_filled","side":"buy","force":"gtc","posSide":"{pos}","tradeSide":"{trade}","posMode":"hedge_mode","orderType":"limit","cTime":"1707414529811","uTime":"1707414529920","fee":"-0.1","marginCoin":"USDT"}}"#
        )
    };
    let long = looked_up(&row("long", "close")).unwrap();
    assert_eq!((long.side, long.state), (Some(Side::Sell), Some(OrderState::Open)));
    assert_eq!(long.fee.unwrap().cost, Decimal::new(1, 1));
    assert_eq!(looked_up(&row("short", "open")).unwrap().side, Some(Side::Sell));
    assert_eq!(looked_up(&row("short", "close")).unwrap().side, Some(Side::Buy));
}

#[test]
fn nonsense_about_an_order_is_not_believed() {
    for row in [
        r#"{"symbol":"BTCUSDT","orderId":"","size":"1","baseVolume":"0","state":"live"}"#,
        r#"{"symbol":"BTCUSDT","orderId":"1","size":"1","baseVolume":"2","state":"filled"}"#,
        r#"{"symbol":"BTCUSDT","orderId":"1","size":"-1","baseVolume":"0","state":"live"}"#,
        r#"{"symbol":"BTCUSDT","orderId":"1","size":"1","baseVolume":"0","state":"unheard of"}"#,
        r#"{"symbol":"BTCUSDT","orderId":"1","size":"1","baseVolume":"0","state":"live","side":"up"}"#,
    ] {
        assert!(matches!(looked_up(row), Err(ReadFault::Parse { .. })), "{row}");
    }
    assert_eq!(looked_up("[]").unwrap_err().meaning(), Meaning::NotFound);
}

#[test]
fn a_fee_is_positive_when_it_was_paid_in_both_accounts() {
    let read = |account: AccountSystem, data: &str| {
        let scope = Scope { account, product: Some(Product::Linear), ..Scope::default() };
        let ask = Bitget.own_trades(&HistoryQuery { scope, ..HistoryQuery::default() }).unwrap();
        let reply = Reply::new(200, format!(r#"{{"code":"00000","data":{data}}}"#));
        ask.read(&reply, &markets()).unwrap().remove(0).fee.unwrap().cost
    };
    let classic = r#"{"fillList":[{"tradeId":"1","symbol":"BTCUSDT","orderId":"2","price":"10","baseVolume":"1","side":"buy","cTime":"1707414529811","feeDetail":[{"feeCoin":"USDT","totalFee":"-0.006"}]}]}"#;
    let unified = r#"{"list":[{"execId":"1","orderId":"2","category":"USDT-FUTURES","symbol":"BTCUSDT","side":"buy","execPrice":"10","execQty":"1","createdTime":"1707414529811","feeDetail":[{"feeCoin":"USDT","fee":"0.006"}]}]}"#;
    assert_eq!(read(AccountSystem::Classic, classic), Decimal::new(6, 3));
    assert_eq!(read(AccountSystem::Unified, unified), Decimal::new(6, 3));
}

#[test]
fn a_request_is_signed_as_it_is_sent() {
    let text = |text: &str| text.to_owned();
    let credentials =
        Credentials::new("bitget", text("test_api_key"), text("test_secret"), Some(text("test_passphrase"))).unwrap();
    let moment = Moment { now: Timestamp::from_ms(1_700_000_000_000), nonce: 1, window_ms: 5000 };
    let fields = super::raw::Fields::new().with("coin", "USDT");
    let unsigned = super::raw::account("/api/v2/spot/account/assets", fields);
    let request = Bitget.sign(unsigned, Some(&credentials), moment).unwrap();
    assert_eq!(request.header_value("ACCESS-SIGN"), Some("NS3qdL47Xf8Zn6PjReriyo70hz/xsim64dWSYla2FOU="));
    let scope = Scope { margin: Some(super::super::protocol::model::MarginMode::Cross), ..Scope::default() };
    let query = HistoryQuery { instrument: Some(spot()), scope, ..HistoryQuery::default() };
    let request = Bitget.sign(Bitget.own_trades(&query).unwrap().request, Some(&credentials), moment).unwrap();
    assert!(request.target.contains("startTime=1692224000000"), "{}", request.target);
}
