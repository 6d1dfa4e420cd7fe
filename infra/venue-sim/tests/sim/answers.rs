//! Answers as the exchange writes them.

use crate::client::{T0, ask, bid, code, dec, exchange};
use serde_json::{Value, json};
use venue_sim::api::call::{HttpCall, Method};
use venue_sim::engine::types::{NewOrder, Side};
use venue_sim::exchange::Exchange;

fn public(exchange: &mut Exchange, path: &str, query: &str) -> (u16, Value) {
    let call = HttpCall {
        method: Method::Get,
        path: path.to_owned(),
        query: query.to_owned(),
        body: String::new(),
        key: None,
        from: "x".to_owned(),
    };
    let answer = venue_sim::api::answer(exchange, &call, T0);
    (answer.status, serde_json::from_str(&answer.body).unwrap_or(Value::Null))
}

fn traded() -> Exchange {
    let (mut exchange, mine, other) = exchange();
    exchange.engine.place(other, &NewOrder::limit("BTCUSDT", Side::Sell, dec("60000"), dec("1")), T0).unwrap();
    let order =
        NewOrder { client_id: "mine".to_owned(), ..NewOrder::limit("BTCUSDT", Side::Buy, dec("60000"), dec("0.5")) };
    exchange.engine.place(mine, &order, T0).unwrap();
    exchange.engine.place(mine, &NewOrder::limit("BTCUSDT", Side::Buy, dec("59000"), dec("0.5")), T0).unwrap();
    exchange
}

#[test]
fn a_filled_order_is_told_in_full_with_eight_decimals() {
    let (mut exchange, _, other) = exchange();
    exchange.engine.place(other, &NewOrder::limit("BTCUSDT", Side::Sell, dec("49000"), dec("1")), T0).unwrap();
    let (status, body) = ask(&mut exchange, Method::Post, "/api/v3/order", &bid("full"), T0);
    let want = json!({
        "symbol": "BTCUSDT", "orderId": 2, "orderListId": -1, "clientOrderId": "full", "transactTime": T0,
        "price": "50000.00000000", "origQty": "0.01000000", "executedQty": "0.01000000", "origQuoteOrderQty": "0.00000000",
        "cummulativeQuoteQty": "490.00000000", "status": "FILLED", "timeInForce": "GTC", "type": "LIMIT", "side": "BUY",
        "workingTime": T0, "selfTradePreventionMode": "EXPIRE_MAKER",
        "fills": [{ "price": "49000.00000000", "qty": "0.01000000", "commission": "0.00001000", "commissionAsset": "BTC", "tradeId": 1 }],
    });
    assert_eq!((status, body), (200, want));
}

#[test]
fn an_order_is_asked_for_by_either_name_and_canceled() {
    let mut exchange = traded();
    let (status, body) = ask(&mut exchange, Method::Get, "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=mine", T0);
    assert_eq!(
        (status, &body["status"], &body["executedQty"], &body["isWorking"]),
        (200, &json!("FILLED"), &json!("0.50000000"), &json!(true))
    );
    let (_, open) = ask(&mut exchange, Method::Get, "/api/v3/openOrders", "", T0);
    let id = open[0]["orderId"].as_u64().unwrap();
    let name = open[0]["clientOrderId"].as_str().unwrap().to_owned();
    let (status, body) = ask(
        &mut exchange,
        Method::Delete,
        "/api/v3/order",
        &format!("symbol=BTCUSDT&orderId={id}&newClientOrderId=bye"),
        T0,
    );
    assert_eq!(
        (status, &body["status"], &body["clientOrderId"], &body["origClientOrderId"]),
        (200, &json!("CANCELED"), &json!("bye"), &json!(name))
    );
    let (_, body) = ask(&mut exchange, Method::Delete, "/api/v3/order", &format!("symbol=BTCUSDT&orderId={id}"), T0);
    assert_eq!(body, json!({ "code": -2011, "msg": "Unknown order sent." }));
    let (_, body) = ask(&mut exchange, Method::Get, "/api/v3/order", "symbol=BTCUSDT&orderId=999", T0);
    assert_eq!(body, json!({ "code": -2013, "msg": "Order does not exist." }));
    let (_, body) = ask(&mut exchange, Method::Delete, "/api/v3/openOrders", "symbol=BTCUSDT", T0);
    assert_eq!(code(&body), json!(-2011));
    let (_, all) = ask(&mut exchange, Method::Get, "/api/v3/allOrders", "symbol=BTCUSDT", T0);
    assert_eq!(all.as_array().unwrap().len(), 2);
}

#[test]
fn one_accounts_orders_are_not_anothers() {
    let mut exchange = traded();
    let (_, body) = ask(&mut exchange, Method::Get, "/api/v3/order", "symbol=BTCUSDT&orderId=1", T0);
    assert_eq!(code(&body), json!(-2013), "order 1 is the other account's");
}

#[test]
fn account_fills_and_commissions_agree() {
    let mut exchange = traded();
    let (_, account) = ask(&mut exchange, Method::Get, "/api/v3/account", "omitZeroBalances=true", T0);
    assert_eq!((&account["makerCommission"], &account["commissionRates"]["taker"]), (&json!(10), &json!("0.00100000")));
    let btc = account["balances"].as_array().unwrap().iter().find(|row| row["asset"] == "BTC").unwrap();
    assert_eq!(btc["free"], "10.49950000");
    let (_, trades) = ask(&mut exchange, Method::Get, "/api/v3/myTrades", "symbol=BTCUSDT", T0);
    assert_eq!(
        (&trades[0]["quoteQty"], &trades[0]["commission"], &trades[0]["isMaker"]),
        (&json!("30000.00000000"), &json!("0.00050000"), &json!(false))
    );
    let (_, rates) = ask(&mut exchange, Method::Get, "/api/v3/account/commission", "symbol=BTCUSDT", T0);
    assert_eq!(rates["standardCommission"]["taker"], "0.00100000");
    let (_, key) = ask(&mut exchange, Method::Get, "/sapi/v1/account/apiRestrictions", "", T0);
    assert_eq!(
        (&key["enableWithdrawals"], &key["enableSpotAndMarginTrading"], &key["ipRestrict"]),
        (&json!(false), &json!(true), &json!(true))
    );
}

#[test]
fn public_data_is_there_for_everybody() {
    let mut exchange = traded();
    assert_eq!(public(&mut exchange, "/api/v3/ping", ""), (200, json!({})));
    assert_eq!(public(&mut exchange, "/api/v3/time", ""), (200, json!({ "serverTime": T0 })));
    let (_, info) = public(&mut exchange, "/api/v3/exchangeInfo", "symbol=BTCUSDT");
    assert_eq!(
        (&info["symbols"][0]["status"], &info["symbols"][0]["filters"][0]["tickSize"]),
        (&json!("TRADING"), &json!("0.01000000"))
    );
    let (_, book) = public(&mut exchange, "/api/v3/depth", "symbol=BTCUSDT&limit=5");
    assert_eq!(
        (&book["bids"], &book["asks"]),
        (&json!([["59000.00000000", "0.50000000"]]), &json!([["60000.00000000", "0.50000000"]]))
    );
    let (_, trades) = public(&mut exchange, "/api/v3/trades", "symbol=BTCUSDT");
    assert_eq!((&trades[0]["id"], &trades[0]["isBuyerMaker"]), (&json!(1), &json!(false)));
    let (_, rows) = public(&mut exchange, "/api/v3/aggTrades", "symbol=BTCUSDT");
    assert_eq!((&rows[0]["f"], &rows[0]["q"]), (&json!(1), &json!("0.50000000")));
    let (_, bars) = public(&mut exchange, "/api/v3/klines", "symbol=BTCUSDT&interval=1m");
    assert_eq!((bars[0].as_array().unwrap().len(), &bars[0][5], &bars[0][8]), (12, &json!("0.50000000"), &json!(1)));
    let (_, day) = public(&mut exchange, "/api/v3/ticker/24hr", "symbol=BTCUSDT");
    assert_eq!(
        (&day["lastPrice"], &day["count"], &day["bidPrice"]),
        (&json!("60000.00000000"), &json!(1), &json!("59000.00000000"))
    );
    let (_, all) = public(&mut exchange, "/api/v3/ticker/price", "");
    assert_eq!(all, json!([{ "symbol": "BTCUSDT", "price": "60000.00000000" }]));
    let (_, list) = public(&mut exchange, "/api/v3/ticker/bookTicker", "symbols=%5B%22BTCUSDT%22%5D");
    assert_eq!(list[0]["askPrice"], "60000.00000000");
    assert_eq!(public(&mut exchange, "/api/v3/depth", "symbol=NOPE").1["code"], -1121);
    assert_eq!(public(&mut exchange, "/api/v3/nothing", "").0, 404);
    assert_eq!(public(&mut exchange, "/api/v3/klines", "symbol=BTCUSDT&interval=7m").1["code"], -1120);
}

#[test]
fn a_pair_is_placed_asked_for_and_canceled() {
    let mut exchange = traded();
    let params = "symbol=BTCUSDT&side=SELL&quantity=1&aboveType=LIMIT_MAKER&abovePrice=61000&belowType=STOP_LOSS_LIMIT&belowStopPrice=59000&belowPrice=58900&belowTimeInForce=GTC&listClientOrderId=two&newOrderRespType=RESULT";
    let (status, body) = ask(&mut exchange, Method::Post, "/api/v3/orderList/oco", params, T0);
    assert_eq!(
        (status, &body["contingencyType"], &body["listOrderStatus"]),
        (200, &json!("OCO"), &json!("EXECUTING")),
        "{body}"
    );
    assert_eq!(
        (&body["orderReports"][0]["type"], &body["orderReports"][1]["workingTime"]),
        (&json!("LIMIT_MAKER"), &json!(-1))
    );
    let (_, seen) = ask(&mut exchange, Method::Get, "/api/v3/orderList", "origClientOrderId=two", T0);
    assert_eq!(seen["orderListId"], body["orderListId"]);
    let (_, open) = ask(&mut exchange, Method::Get, "/api/v3/openOrderList", "", T0);
    assert_eq!(open.as_array().unwrap().len(), 1);
    let (status, done) =
        ask(&mut exchange, Method::Delete, "/api/v3/orderList", "symbol=BTCUSDT&listClientOrderId=two", T0);
    assert_eq!(
        (status, &done["listOrderStatus"], &done["orderReports"][1]["status"]),
        (200, &json!("ALL_DONE"), &json!("CANCELED"))
    );
    let wrong = params.replace("abovePrice=61000", "abovePrice=59500");
    let (_, body) = ask(&mut exchange, Method::Post, "/api/v3/orderList/oco", &wrong, T0);
    assert_eq!(body["msg"], "The relationship of the prices for the orders is not correct.");
}

#[test]
fn a_tested_order_is_checked_and_not_placed() {
    let mut exchange = traded();
    let before = exchange.engine.open_orders(exchange.keys["sim-key"].account).count();
    assert_eq!(ask(&mut exchange, Method::Post, "/api/v3/order/test", &bid("t"), T0), (200, json!({})));
    let bad = bid("t").replace("quantity=0.01", "quantity=0.000001");
    assert_eq!(ask(&mut exchange, Method::Post, "/api/v3/order/test", &bad, T0).1["msg"], "Filter failure: LOT_SIZE");
    assert_eq!(exchange.engine.open_orders(exchange.keys["sim-key"].account).count(), before);
}

#[test]
fn bars_of_any_length_are_made_of_minutes() {
    use venue_sim::engine::tape::{Candle, Length};
    let (mut exchange, _, _) = exchange();
    let minute = 60_000;
    let start = T0 - T0.rem_euclid(86_400_000);
    let bars = (0..120).map(|n| Candle {
        high: dec("2") + dec("1") * rust_decimal::Decimal::from(n),
        trades: 1,
        volume: dec("1"),
        ..Candle::flat(start + n * minute, dec("2"))
    });
    let tape = &mut exchange.engine.market_mut("BTCUSDT").unwrap().tape;
    tape.seed(bars);
    let hours = tape.bars(Length::parse("1h").unwrap(), None, start + 119 * minute, 10);
    assert_eq!(
        hours.iter().map(|bar| (bar.open_at - start, bar.trades, bar.high)).collect::<Vec<_>>(),
        [(0, 60, dec("61")), (3_600_000, 60, dec("121"))]
    );
    let gap = tape.bars(Length::parse("1m").unwrap(), Some(start + 118 * minute), start + 121 * minute, 10);
    assert_eq!(gap.iter().map(|bar| bar.trades).collect::<Vec<_>>(), [1, 1, 0, 0]);
    let month = Length::parse("1M").unwrap();
    let leap = 1_709_200_000_000; // 2024-02-29
    assert_eq!((month.open(leap), month.next(month.open(leap))), (1_706_745_600_000, 1_709_251_200_000));
    assert_eq!(Length::parse("1w").unwrap().open(leap), 1_708_905_600_000);
}

#[test]
fn cancel_replace_tells_which_half_worked() {
    let mut exchange = traded();
    let path = "/api/v3/order/cancelReplace";
    let new = |id: u64, mode: &str, quantity: &str| {
        format!(
            "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&price=58000&quantity={quantity}&cancelOrderId={id}&cancelReplaceMode={mode}"
        )
    };
    let (status, body) = ask(&mut exchange, Method::Post, path, &new(3, "STOP_ON_FAILURE", "0.1"), T0);
    assert_eq!(
        (status, &body["cancelResult"], &body["newOrderResponse"]["status"]),
        (200, &json!("SUCCESS"), &json!("NEW"))
    );
    let (status, body) = ask(&mut exchange, Method::Post, path, &new(3, "STOP_ON_FAILURE", "0.1"), T0);
    assert_eq!((status, code(&body), &body["data"]["newOrderResult"]), (400, json!(-2022), &json!("NOT_ATTEMPTED")));
    let (status, body) = ask(&mut exchange, Method::Post, path, &new(3, "ALLOW_FAILURE", "0.1"), T0);
    assert_eq!((status, code(&body), &body["data"]["newOrderResult"]), (409, json!(-2021), &json!("SUCCESS")));
    let (status, body) = ask(&mut exchange, Method::Post, path, &new(4, "STOP_ON_FAILURE", "100"), T0);
    assert_eq!(
        (status, &body["data"]["cancelResult"], &body["data"]["newOrderResponse"]["code"]),
        (409, &json!("SUCCESS"), &json!(-2010))
    );
    exchange.engine.audit().unwrap();
}

#[test]
fn an_order_is_made_smaller_in_its_place() {
    let (mut exchange, mine, other) = exchange();
    let first =
        exchange.engine.place(mine, &NewOrder::limit("BTCUSDT", Side::Buy, dec("50000"), dec("0.5")), T0).unwrap();
    exchange.engine.place(other, &NewOrder::limit("BTCUSDT", Side::Buy, dec("50000"), dec("0.5")), T0).unwrap();
    let path = "/api/v3/order/amend/keepPriority";
    let params = format!("symbol=BTCUSDT&orderId={first}&newQty=0.2&newClientOrderId=less");
    let (status, body) = ask(&mut exchange, Method::Put, path, &params, T0);
    assert_eq!(
        (status, &body["amendedOrder"]["qty"], &body["amendedOrder"]["clientOrderId"]),
        (200, &json!("0.20000000"), &json!("less"))
    );
    assert_eq!(exchange.engine.ledger().balance(mine, "USDT").locked, dec("10000"));
    for (quantity, number) in [("0.2", -2038), ("0.3", -2038)] {
        let params = format!("symbol=BTCUSDT&orderId={first}&newQty={quantity}");
        assert_eq!(code(&ask(&mut exchange, Method::Put, path, &params, T0).1), json!(number));
    }
    exchange.engine.place(other, &NewOrder::limit("BTCUSDT", Side::Sell, dec("50000"), dec("0.2")), T0).unwrap();
    let (_, body) = ask(&mut exchange, Method::Get, "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=less", T0);
    assert_eq!(body["status"], "FILLED", "it was still the first in the queue");
    exchange.engine.audit().unwrap();
}

#[test]
fn what_was_brought_in_and_taken_out_is_listed() {
    let (mut exchange, mine, _) = exchange();
    exchange.engine.fund(mine, "BTC", dec("2.5"), T0).unwrap();
    exchange.engine.fund(mine, "BTC", dec("-1"), T0 + 1).unwrap();
    exchange.events();
    let (_, rows) = ask(&mut exchange, Method::Get, "/sapi/v1/capital/deposit/hisrec", "coin=BTC", T0);
    assert_eq!((&rows[0]["amount"], &rows[0]["status"]), (&json!("2.50000000"), &json!(1)));
    let (_, rows) = ask(&mut exchange, Method::Get, "/sapi/v1/capital/withdraw/history", "", T0);
    assert_eq!((&rows[0]["amount"], &rows[0]["applyTime"]), (&json!("1.00000000"), &json!("2023-11-14 22:13:20")));
}
