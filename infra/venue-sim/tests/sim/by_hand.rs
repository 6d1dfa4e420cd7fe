//! `POST /sim/order`: what the owner of an account does by hand, beside what his key's programs do.

use crate::client::{KEY, Running};
use serde_json::{Value, json};
use venue_sim::api::call::Method;

/// What the route refuses, and why.
async fn refused(running: &Running, body: Value) -> String {
    let url = format!("{}/sim/order", running.sim.url());
    let response = running.http.post(url).body(body.to_string()).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 400, "{body}");
    response.json::<Value>().await.unwrap()["error"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_order_by_hand_rests_with_a_price_and_trades_without_one_for_the_account_of_the_key() {
    let running = Running::quiet().await;
    let order =
        |side: &str, quantity: &str| json!({ "key": KEY, "symbol": "BTCUSDT", "side": side, "quantity": quantity });
    let mut limit = order("BUY", "0.02");
    limit["price"] = json!("50000");
    let resting = running.admin("/sim/order", limit).await["orderId"].as_u64().unwrap();
    let (_, open) = running.json(Method::Get, "/api/v3/openOrders", "symbol=BTCUSDT").await;
    let open = open.as_array().unwrap();
    assert_eq!((open.len(), open[0]["orderId"].as_u64()), (1, Some(resting)));
    assert_eq!((open[0]["side"].as_str(), open[0]["price"].as_str()), (Some("BUY"), Some("50000.00000000")));
    assert_eq!((open[0]["origQty"].as_str(), open[0]["type"].as_str()), (Some("0.02000000"), Some("LIMIT")));
    assert!(open[0]["clientOrderId"].as_str().unwrap().starts_with("web_"), "as from the exchange's own page");

    let ask = json!({ "symbol": "BTCUSDT", "side": "SELL", "price": "60000", "quantity": "1" });
    running.admin("/sim/rest", ask).await;
    let taken = running.admin("/sim/order", order("BUY", "0.5")).await["orderId"].as_u64().unwrap();
    let (_, trades) = running.json(Method::Get, "/api/v3/myTrades", "symbol=BTCUSDT").await;
    let trades = trades.as_array().unwrap();
    assert_eq!((trades.len(), trades[0]["orderId"].as_u64()), (1, Some(taken)));
    assert_eq!((trades[0]["price"].as_str(), trades[0]["qty"].as_str()), (Some("60000.00000000"), Some("0.50000000")));
}

#[tokio::test]
async fn an_order_by_hand_that_makes_no_sense_is_refused_with_the_reason_and_leaves_nothing() {
    let running = Running::quiet().await;
    let order = |key: &str, symbol: &str, side: &str, quantity: &str| json!({ "key": key, "symbol": symbol, "side": side, "quantity": quantity, "price": "50000" });
    let cases = [
        (order("nobody", "BTCUSDT", "BUY", "0.01"), "Invalid API-key"),
        (order(KEY, "NONEUSDT", "BUY", "0.01"), "Invalid symbol"),
        (order(KEY, "BTCUSDT", "buy it", "0.01"), "side is BUY or SELL"),
        (order(KEY, "BTCUSDT", "BUY", "0.00001"), "NOTIONAL"),
        (order(KEY, "BTCUSDT", "BUY", "100"), "insufficient balance"),
        (order(KEY, "BTCUSDT", "BUY", "much"), "decimal"),
        (json!({ "key": KEY, "symbol": "BTCUSDT", "side": "BUY" }), "quantity"),
    ];
    for (body, why) in cases {
        let said = refused(&running, body).await;
        assert!(said.contains(why), "{why}: {said}");
    }
    let get = running.http.get(format!("{}/sim/order", running.sim.url())).send().await.unwrap();
    assert_eq!(get.status().as_u16(), 400, "it places, and wants POST");
    assert_eq!(running.orders(), 0);
}
