//! What the published cases don't hold: refusals, doubts, and orders of every kind.

use super::KrakenFutures;
use crate::protocol::call::{
    Amendment, Attached, Distance, OrderFilter, OrderKind, TimeInForce, Trailing, Trigger, TriggerKind,
};
use crate::protocol::fault::{CallError, Meaning, ReadFault};
use crate::protocol::model::{MarginMode, OrderReport, OrderState, Side};
use crate::protocol::{
    Ask, HistoryQuery, Instrument, LeverageChange, Markets, MarketsQuery, Method, NewOrder, OrderRef, OrdersQuery,
    Product, Protocol, Reply, Scope,
};
use desk::time::Timestamp;
use rust_decimal::Decimal;

fn btc() -> Instrument {
    let mut btc = Instrument::named(Product::Linear, "PF_XBTUSD", "BTC", "USD", Some("USD"));
    btc.tick = Some(Decimal::ONE);
    btc.lot = Some(Decimal::new(1, 4));
    btc
}

fn limit(side: Side) -> NewOrder {
    let mut order = NewOrder::plain(&btc(), side, OrderKind::Limit);
    order.quantity = Some(Decimal::new(5, 1));
    order.price = Some(Decimal::from(30_000));
    order.client_id = Some("mine".into());
    order
}

fn query<T>(ask: &Ask<T>) -> String {
    ask.request.query.encoded()
}

fn placed(order: &NewOrder) -> String {
    query(&KrakenFutures.place(order).unwrap())
}

#[test]
fn the_type_of_an_order_tells_for_how_long_it_stands() {
    for (force, post_only, kind) in [
        (None, false, "lmt"),
        (Some(TimeInForce::Gtc), false, "lmt"),
        (Some(TimeInForce::Ioc), false, "ioc"),
        (Some(TimeInForce::Fok), false, "fok"),
        (Some(TimeInForce::PostOnly), false, "post"),
        (None, true, "post"),
    ] {
        let order = NewOrder { time_in_force: force, post_only, ..limit(Side::Buy) };
        assert!(
            placed(&order).starts_with(&format!("orderType={kind}&symbol=PF_XBTUSD&side=buy&size=0.5&cliOrdId=mine"))
        );
    }
    let market = NewOrder { kind: OrderKind::Market, ..limit(Side::Buy) };
    assert!(placed(&market).starts_with("orderType=mkt") && !placed(&market).contains("limitPrice"));
}

#[test]
fn a_trailing_stop_has_a_distance_and_its_unit() {
    let mut order = limit(Side::Sell);
    let limit = Some(Distance::Amount(Decimal::from(20)));
    order.trailing = Some(Trailing { behind: Distance::Percent(Decimal::from(2)), from: None, limit });
    order.price = None;
    let text = placed(&order);
    assert!(text.contains("orderType=trailing_stop") && text.contains("triggerSignal=last"), "{text}");
    assert!(text.contains("trailingStopMaxDeviation=2&trailingStopDeviationUnit=PERCENT"), "{text}");
    assert!(text.contains("limitPriceOffsetValue=-20&limitPriceOffsetUnit=QUOTE_CURRENCY"), "{text}");
}

#[test]
fn what_stops_a_loss_only_reduces_and_a_deadline_is_told() {
    let mut order = limit(Side::Sell);
    order.kind = OrderKind::Market;
    let price = Decimal::from(29_000);
    order.trigger = Some(Trigger { kind: TriggerKind::StopLoss, price, crossing: None, by: None, limit: None });
    order.deadline = Some(Timestamp::from_ms(1_700_000_005_250));
    let text = placed(&order);
    assert!(text.contains("orderType=stp") && text.contains("stopPrice=29000&reduceOnly=true"), "{text}");
    assert!(text.ends_with("processBefore=2023-11-14T22%3A13%3A25.250Z"), "{text}");
}

#[test]
fn what_the_venue_has_not_is_refused_before_anything_is_sent() {
    let attached =
        NewOrder { stop_loss: Some(Attached { trigger: Decimal::ONE, price: None, by: None }), ..limit(Side::Buy) };
    let leveraged = NewOrder { leverage: Some(Decimal::TWO), ..limit(Side::Buy) };
    let dated = NewOrder { time_in_force: Some(TimeInForce::Gtd), ..limit(Side::Buy) };
    let tested = NewOrder { test: true, ..limit(Side::Buy) };
    for order in [attached, leveraged, dated, tested] {
        assert!(matches!(KrakenFutures.place(&order), Err(CallError::Unsupported { .. })), "{order:?}");
    }
}

fn sent(status: &str) -> Result<OrderReport, ReadFault> {
    let text = format!(r#"{{"result":"success","sendStatus":{status},"serverTime":"2024-01-01T00:00:00Z"}}"#);
    KrakenFutures.place(&limit(Side::Buy)).unwrap().read(&Reply::new(200, text), &Markets::new([btc()]))
}

#[test]
fn an_answer_to_an_order_is_a_report_a_refusal_or_a_doubt() {
    let filled = sent(
        r#"{"order_id":"o1","status":"placed","receivedTime":"2024-01-01T00:00:00Z","orderEvents":[
        {"type":"EXECUTION","executionId":"e1","price":30000,"amount":0.2,"orderPriorExecution":{"orderId":"o1","cliOrdId":"mine",
         "type":"lmt","symbol":"PF_XBTUSD","side":"buy","quantity":0.5,"filled":0,"limitPrice":30000,"reduceOnly":false,
         "timestamp":"2024-01-01T00:00:00Z","lastUpdateTimestamp":"2024-01-01T00:00:00Z"}},
        {"type":"EXECUTION","executionId":"e2","price":29999,"amount":0.3,"orderPriorExecution":null}]}"#,
    )
    .unwrap();
    assert_eq!((filled.state, filled.trades.len()), (Some(OrderState::Closed), 2));
    assert_eq!(filled.filled.map(|q| q.value()), Some(Decimal::new(5, 1)));
    assert_eq!(filled.average, Some(Decimal::new(299_994, 1)));
    for (status, meaning) in [
        (r#"{"status":"insufficientAvailableFunds"}"#, Meaning::Refusal),
        (r#"{"status":"wouldProcessAfterSpecifiedTime"}"#, Meaning::Refusal),
        (r#"{"status":"clientOrderIdAlreadyExist"}"#, Meaning::DuplicateId),
        (r#"{"status":"somethingNew","order_id":"o1"}"#, Meaning::Unclear),
        (r#"{"status":"placed"}"#, Meaning::Unclear),
        ("{}", Meaning::Unclear),
    ] {
        assert_eq!(sent(status).unwrap_err().meaning(), meaning, "{status}");
    }
}

#[test]
fn each_order_of_a_batch_is_told_of_by_its_tag() {
    let ask = KrakenFutures.place_many(&[limit(Side::Buy), limit(Side::Sell)]).unwrap();
    let read = |rows: &str| {
        let text = format!(r#"{{"result":"success","batchStatus":[{rows}]}}"#);
        ask.read(&Reply::new(200, text), &Markets::new([btc()]))
    };
    let (one, two) = (
        r#"{"status":"placed","order_tag":"1","order_id":"o1"}"#,
        r#"{"status":"insufficientAvailableFunds","order_tag":"2","order_id":""}"#,
    );
    let rows = read(&format!("{two},{one}")).unwrap();
    assert_eq!((rows[0].id.as_deref(), rows[0].state), (Some("o1"), Some(OrderState::Open)));
    assert_eq!((rows[1].id.as_deref(), rows[1].state), (None, Some(OrderState::Rejected)));
    assert!(matches!(read(one), Err(ReadFault::Parse { .. })), "nothing is told of the second");
    assert!(matches!(read(&format!("{one},{one}")), Err(ReadFault::Parse { .. })), "the first is told of twice");
}

#[test]
fn one_order_is_asked_for_by_either_id() {
    let wanted = OrderRef { client_id: Some("mine".into()), ..OrderRef::default() };
    let ask = KrakenFutures.order(&wanted).unwrap();
    assert_eq!((ask.request.method, query(&ask).as_str()), (Method::Post, "cliOrdIds=mine"));
    let read = |status: &str, filled: &str| {
        let text = format!(
            r#"{{"result":"success","orders":[{{"order":{{"type":"ORDER","orderId":"o1","cliOrdId":"mine","symbol":"PF_XBTUSD",
            "side":"buy","quantity":1,"filled":{filled},"limitPrice":30000,"reduceOnly":false}},"status":"{status}"}}]}}"#
        );
        ask.read(&Reply::new(200, text), &Markets::new([btc()]))
    };
    assert_eq!(read("ENTERED_BOOK", "0").unwrap().state, Some(OrderState::Open));
    let whole = read("FULLY_EXECUTED", "1").unwrap();
    assert_eq!((whole.state, whole.quantity), (Some(OrderState::Closed), whole.filled));
    assert!(matches!(read("GONE", "0"), Err(ReadFault::Parse { .. })));
    assert!(matches!(read("ENTERED_BOOK", "-1"), Err(ReadFault::Parse { .. })));
    let none = Reply::new(200, r#"{"result":"success","orders":[]}"#);
    assert_eq!(ask.read(&none, &Markets::default()).unwrap_err().meaning(), Meaning::NotFound);
}

#[test]
fn of_a_log_each_order_stands_as_it_last_stood() {
    let order = |filled: &str, left: &str| {
        format!(
            r#"{{"uid":"o1","tradeable":"PF_XBTUSD","direction":"Buy","quantity":"{left}","filled":"{filled}","timestamp":1700000000000,
            "limitPrice":"30000","orderType":"Limit","clientId":"mine","reduceOnly":false,"lastUpdateTimestamp":1700000000001}}"#
        )
    };
    let log = format!(
        r#"{{"elements":[{{"event":{{"OrderCancelled":{{"order":{},"reason":"cancelled_by_user"}}}}}},
        {{"event":{{"OrderUpdated":{{"newOrder":{},"reason":"partial_fill"}}}}}},{{"event":{{"OrderPlaced":{{"order":{},"reason":"new"}}}}}}]}}"#,
        order("0.2", "0.3"),
        order("0.2", "0.3"),
        order("0", "0.5")
    );
    let read = |filter| {
        let query = OrdersQuery { filter, instrument: Some(btc()), ..OrdersQuery::default() };
        let ask = KrakenFutures.orders(&query).unwrap();
        ask.read(&Reply::new(200, log.clone()), &Markets::new([btc()])).unwrap()
    };
    assert_eq!(read(OrderFilter::Closed).len(), 0);
    let rows = read(OrderFilter::Canceled);
    assert_eq!((rows.len(), rows[0].state), (1, Some(OrderState::Canceled)));
    let told = (rows[0].quantity.map(|q| q.value()), rows[0].filled.map(|q| q.value()));
    assert_eq!(told, (Some(Decimal::new(5, 1)), Some(Decimal::new(2, 1))), "what was left and what was filled");
}

#[test]
fn a_market_with_a_leverage_of_its_own_has_margin_of_its_own() {
    let change = LeverageChange { instrument: Some(btc()), leverage: Decimal::from(5), scope: Scope::default() };
    let ask = KrakenFutures.set_leverage(&change).unwrap();
    assert_eq!((ask.request.method, query(&ask).as_str()), (Method::Put, "maxLeverage=5&symbol=PF_XBTUSD"));
    let shared = KrakenFutures.set_margin_mode(MarginMode::Cross, Some(&btc()), &Scope::default()).unwrap();
    assert_eq!(query(&shared), "symbol=PF_XBTUSD");
    let read = |rows: &str| {
        let ask = KrakenFutures.leverage(&btc(), &Scope::default()).unwrap();
        let text = format!(r#"{{"result":"success","leveragePreferences":[{rows}]}}"#);
        ask.read(&Reply::new(200, text), &Markets::new([btc()])).unwrap()
    };
    let own = read(r#"{"symbol":"PF_XBTUSD","maxLeverage":5.0}"#);
    assert_eq!((own.margin_mode, own.long), (Some(MarginMode::Isolated), Some(Decimal::new(50, 1))));
    assert_eq!((read("").margin_mode, read("").long), (Some(MarginMode::Cross), None));
}

#[test]
fn positions_balances_and_the_log_are_read() {
    let markets = Markets::new([btc()]);
    let text = r#"{"result":"success","openPositions":[{"side":"short","symbol":"PF_XBTUSD","price":30000,
        "fillTime":"2024-01-01T00:00:00Z","size":0.5,"unrealizedFunding":0.1}]}"#;
    let rows =
        KrakenFutures.positions(&MarketsQuery::default()).unwrap().read(&Reply::new(200, text), &markets).unwrap();
    assert_eq!((rows[0].market.as_str(), rows[0].margin_mode), ("BTC/USD:USD", Some(MarginMode::Cross)));
    let text = r#"{"result":"success","serverTime":"2024-01-01T00:00:00Z","accounts":{"cash":{"type":"cashAccount","balances":{"xbt":1}},
        "fi_xbtusd":{"type":"marginAccount","currency":"xbt","balances":{"xbt":2,"pi_xbtusd":10},"auxiliary":{"af":1.5,"pv":2.1}},
        "flex":{"type":"multiCollateralMarginAccount","currencies":{"USD":{"quantity":100,"available":80},"XBT":{"quantity":0.5}}}}}"#;
    let read = |scope: &Scope| KrakenFutures.balances(scope).unwrap().read(&Reply::new(200, text), &markets).unwrap();
    let flex = read(&Scope::default());
    assert_eq!((flex.of["USD"].total, flex.of["USD"].free), (Some(Decimal::from(100)), Some(Decimal::from(80))));
    let inverse = read(&Scope { wallet: Some(crate::protocol::call::Wallet::Inverse), ..Scope::default() });
    assert_eq!(inverse.of["BTC"].total, Some(Decimal::new(21, 1)), "its value, not the collateral alone");
    let log = r#"{"accountUid":"u","logs":[{"asset":"usd","booking_uid":"b1","collateral":"usd","contract":"pf_xbtusd",
        "date":"2024-01-01T00:00:00Z","fee":null,"id":1,"info":"funding rate change","new_balance":9,"old_balance":10,"realized_funding":-1},
        {"asset":"usd","booking_uid":"b2","contract":"","date":"2024-01-01T00:00:00Z","id":2,"info":"cross-exchange transfer",
        "new_balance":20,"old_balance":9}]}"#;
    let reply = Reply::new(200, log);
    let funding = KrakenFutures.funding_payments(&HistoryQuery::default()).unwrap().read(&reply, &markets).unwrap();
    assert_eq!(
        (funding[0].market.as_str(), funding[0].amount, funding.len()),
        ("BTC/USD:USD", Decimal::NEGATIVE_ONE, 1)
    );
    let moved = KrakenFutures.movements(&HistoryQuery::default()).unwrap().read(&reply, &markets).unwrap();
    assert_eq!((moved.len(), moved[0].amount), (1, Decimal::from(11)));
}

#[test]
fn an_absolute_funding_rate_becomes_a_fraction_of_the_notional() {
    let inverse = Instrument::named(Product::Inverse, "PI_XBTUSD", "BTC", "USD", Some("BTC"));
    let markets = Markets::new([btc(), inverse]);
    let row = |symbol: &str, rate: &str| format!(r#"{{"symbol":"{symbol}","markPrice":20000,"fundingRate":{rate}}}"#);
    let text = format!(r#"{{"result":"success","tickers":[{},{}]}}"#, row("PF_XBTUSD", "2"), row("PI_XBTUSD", "1e-9"));
    let rates =
        KrakenFutures.fundings(&MarketsQuery::default()).unwrap().read(&Reply::new(200, text), &markets).unwrap();
    assert_eq!(rates[0].rate, Some(Decimal::new(1, 4)), "dollars a coin, divided by the mark price");
    assert_eq!(rates[1].rate, Some(Decimal::new(2, 5)), "coins a dollar, times the mark price");
}

#[test]
fn a_change_of_an_order_names_it_once() {
    let order = OrderRef { id: Some("o1".into()), client_id: None, instrument: Some(btc()), scope: Scope::default() };
    let ask = KrakenFutures.amend(&Amendment { order, to: limit(Side::Buy) }).unwrap();
    assert_eq!(query(&ask), "orderId=o1&size=0.5&limitPrice=30000");
    let text = r#"{"result":"success","editStatus":{"status":"edited","orderId":"o1","orderEvents":[{"type":"EDIT","old":{},
        "new":{"orderId":"o1","type":"lmt","symbol":"PF_XBTUSD","side":"buy","quantity":0.5,"filled":0,"limitPrice":30000}}]}}"#;
    let report = ask.read(&Reply::new(200, text), &Markets::new([btc()])).unwrap();
    assert_eq!((report.state, report.price), (Some(OrderState::Open), Some(Decimal::from(30_000))));
    let gone = Reply::new(200, r#"{"result":"success","editStatus":{"status":"orderForEditNotFound"}}"#);
    assert_eq!(ask.read(&gone, &Markets::default()).unwrap_err().meaning(), Meaning::NotFound);
}
