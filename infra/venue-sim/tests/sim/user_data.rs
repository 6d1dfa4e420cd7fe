//! User data: by listen key and by signature, complete and in order, and how it goes wrong.

use crate::client::{KEY, Running, SECRET, dec, sign, wall};
use crate::streams::{Socket, connect, next, stream, text};
use futures_util::SinkExt;
use serde_json::{Value, json};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;
use venue_sim::api::call::Method;
use venue_sim::engine::types::Side;
use venue_sim::faults::{ALWAYS, Fault, Faults, Rule, Stream};

const LISTEN: &str = "/api/v3/userDataStream";

async fn listen_key(running: &Running) -> String {
    let url = format!("{}{LISTEN}", running.sim.url());
    let body: Value = running.http.post(url).header("X-MBX-APIKEY", KEY).send().await.unwrap().json().await.unwrap();
    body["listenKey"].as_str().unwrap().to_owned()
}

async fn listening(running: &Running) -> Socket {
    let key = listen_key(running).await;
    let socket = connect(running, &format!("/ws/{key}")).await;
    // The upgrade is answered before the connection listens.
    tokio::time::sleep(Duration::from_millis(50)).await;
    socket
}

/// Until nothing comes for a while: event, execution, status, cumulative quantity.
async fn reports(socket: &mut Socket) -> Vec<(String, String, String)> {
    let mut reports = Vec::new();
    while let Ok(Some(text)) = tokio::time::timeout(Duration::from_millis(400), text(socket)).await {
        let event: Value = serde_json::from_str(&text).unwrap();
        let event = if event["e"].is_null() { event["event"].clone() } else { event };
        if event["e"] == "executionReport" {
            let get = |name: &str| event[name].as_str().unwrap().to_owned();
            reports.push((get("x"), get("X"), get("z")));
        }
    }
    reports
}

/// An order that fills in two parts.
async fn two_fills(running: &Running) {
    for price in ["49000", "49001"] {
        running.sim.with(|exchange, now| exchange.rest("BTCUSDT", Side::Sell, dec(price), dec("0.005"), now)).unwrap();
    }
    assert_eq!(running.place("two-fills").await.unwrap().status(), 200);
}

fn row(execution: &str, status: &str, filled: &str) -> (String, String, String) {
    (execution.to_owned(), status.to_owned(), filled.to_owned())
}

fn truth() -> Vec<(String, String, String)> {
    vec![
        row("NEW", "NEW", "0.00000000"),
        row("TRADE", "PARTIALLY_FILLED", "0.00500000"),
        row("TRADE", "FILLED", "0.01000000"),
    ]
}

#[tokio::test]
async fn a_listener_hears_new_fills_and_balances() {
    let running = Running::quiet().await;
    let mut socket = listening(&running).await;
    two_fills(&running).await;
    let new = next(&mut socket).await;
    assert_eq!(
        (&new["e"], &new["x"], &new["c"], &new["t"], &new["w"]),
        (&json!("executionReport"), &json!("NEW"), &json!("two-fills"), &json!(-1), &json!(true))
    );
    let fill = next(&mut socket).await;
    assert_eq!(
        (&fill["l"], &fill["L"], &fill["n"], &fill["N"]),
        (&json!("0.00500000"), &json!("49000.00000000"), &json!("0.00000500"), &json!("BTC"))
    );
    next(&mut socket).await;
    let position = next(&mut socket).await;
    assert_eq!(
        (&position["e"], &position["B"][0]["a"], &position["B"][0]["f"]),
        (&json!("outboundAccountPosition"), &json!("BTC"), &json!("10.00999000"))
    );
    running.sim.with(|exchange, now| exchange.engine.fund(exchange.keys[KEY].account, "USDT", dec("5"), now)).unwrap();
    let moved = next(&mut socket).await;
    assert_eq!((&moved["e"], &moved["d"]), (&json!("balanceUpdate"), &json!("5.00000000")));
}

#[tokio::test]
async fn a_cancel_tells_both_names_and_a_pair_its_status() {
    let running = Running::quiet().await;
    let mut socket = listening(&running).await;
    running.place("mine").await.unwrap();
    running.json(Method::Delete, "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=mine&newClientOrderId=bye").await;
    let mut events = Vec::new();
    while let Ok(Some(text)) = tokio::time::timeout(Duration::from_millis(300), text(&mut socket)).await {
        events.push(serde_json::from_str::<Value>(&text).unwrap());
    }
    let canceled = events.iter().find(|event| event["x"] == "CANCELED").unwrap();
    assert_eq!((&canceled["c"], &canceled["C"]), (&json!("bye"), &json!("mine")));
    let pair = "symbol=BTCUSDT&side=SELL&quantity=1&aboveType=LIMIT_MAKER&abovePrice=61000&belowType=STOP_LOSS&belowStopPrice=59000";
    running.json(Method::Post, "/api/v3/orderList/oco", pair).await;
    let list = next(&mut socket).await;
    assert_eq!(
        (&list["e"], &list["L"], list["O"].as_array().unwrap().len()),
        (&json!("listStatus"), &json!("EXECUTING"), 2)
    );
}

#[tokio::test]
async fn the_websocket_api_subscribes_by_signature_and_places_orders() {
    let running = Running::quiet().await;
    let mut socket = connect(&running, "/ws-api/v3").await;
    let timestamp = wall();
    let signature = sign(SECRET, &format!("apiKey={KEY}&timestamp={timestamp}"));
    let mut subscribe = json!({ "id": "s", "method": "userDataStream.subscribe.signature", "params": { "apiKey": KEY, "timestamp": timestamp, "signature": signature } });
    socket.send(Message::Text(subscribe.to_string().into())).await.unwrap();
    assert_eq!(next(&mut socket).await, json!({ "id": "s", "status": 200, "result": { "subscriptionId": 0 } }));
    socket.send(Message::Text(subscribe.to_string().into())).await.unwrap();
    assert_eq!(next(&mut socket).await["error"]["code"], -2035);
    subscribe["params"]["timestamp"] = json!(timestamp + 1);
    socket.send(Message::Text(subscribe.to_string().into())).await.unwrap();
    assert_eq!(next(&mut socket).await["error"]["code"], -1022);
    let text = format!(
        "apiKey={KEY}&price=50000&quantity=0.01&side=BUY&symbol=BTCUSDT&timeInForce=GTC&timestamp={timestamp}&type=LIMIT"
    );
    let place = json!({ "id": 7, "method": "order.place", "params": {
        "apiKey": KEY, "price": "50000", "quantity": "0.01", "side": "BUY", "symbol": "BTCUSDT", "timeInForce": "GTC",
        "timestamp": timestamp, "type": "LIMIT", "signature": sign(SECRET, &text),
    } });
    socket.send(Message::Text(place.to_string().into())).await.unwrap();
    let (mut answered, mut told) = (false, false);
    for _ in 0..3 {
        let message = next(&mut socket).await;
        answered |= message["id"] == 7 && message["result"]["status"] == "NEW";
        told |= message["subscriptionId"] == 0 && message["event"]["x"] == "NEW";
    }
    assert!(answered && told);
}

#[tokio::test]
async fn fills_may_come_twice() {
    let running = Running::quiet().await;
    running.sim.switch(stream(Stream { duplicate_ppm: ALWAYS, ..Stream::default() }));
    let mut socket = listening(&running).await;
    two_fills(&running).await;
    let twice: Vec<_> = truth().into_iter().flat_map(|report| [report.clone(), report]).collect();
    assert_eq!(reports(&mut socket).await, twice);
}

#[tokio::test]
async fn fills_may_overtake_each_other() {
    let running = Running::quiet().await;
    running.sim.switch(stream(Stream { reorder_ppm: ALWAYS, ..Stream::default() }));
    let mut socket = listening(&running).await;
    two_fills(&running).await;
    let heard = reports(&mut socket).await;
    let mut sorted = heard.clone();
    sorted.sort_by(|a, b| a.2.cmp(&b.2));
    assert_eq!(sorted, truth());
    assert_ne!(heard, truth());
}

#[tokio::test]
async fn fills_may_be_missing_and_the_books_know_them() {
    let running = Running::quiet().await;
    running.sim.switch(stream(Stream { drop_ppm: ALWAYS, ..Stream::default() }));
    let mut socket = listening(&running).await;
    two_fills(&running).await;
    assert_eq!(reports(&mut socket).await, []);
    let (_, trades) = running.json(Method::Get, "/api/v3/myTrades", "symbol=BTCUSDT").await;
    assert_eq!(trades.as_array().unwrap().len(), 2);
    assert!(running.fired("drop") >= 3);
}

#[tokio::test]
async fn a_fill_may_be_told_before_the_answer_and_after_a_cancels_answer() {
    let running = Running::quiet().await;
    let mut socket = listening(&running).await;
    running.sim.script([Rule::once("POST", "/api/v3/order", Fault::DelayAfter { ms: 400 })]);
    let early = async {
        let first = next(&mut socket).await;
        (first["x"].clone(), tokio::time::Instant::now())
    };
    let answer = async {
        running.place("early").await.unwrap();
        tokio::time::Instant::now()
    };
    let ((execution, heard), answered) = tokio::join!(early, answer);
    assert!(execution == "NEW" && heard < answered);
    while tokio::time::timeout(Duration::from_millis(200), text(&mut socket)).await.is_ok() {}
    running.sim.switch(stream(Stream { delay_ms: 500, ..Stream::default() }));
    running.sim.with(|exchange, now| exchange.fill(1, dec("0.004"), now)).unwrap();
    let (status, body) = running.json(Method::Delete, "/api/v3/order", "symbol=BTCUSDT&orderId=1").await;
    assert_eq!((status, &body["executedQty"]), (200, &json!("0.00400000")));
    assert!(
        tokio::time::timeout(Duration::from_millis(200), text(&mut socket)).await.is_err(),
        "the cancel is answered, the fill not yet told"
    );
    assert_eq!(next(&mut socket).await["x"], "TRADE");
}

#[tokio::test]
async fn fills_during_a_disconnect_are_not_told_again() {
    let running = Running::quiet().await;
    let mut socket = listening(&running).await;
    running.sim.disconnect();
    assert_eq!(text(&mut socket).await, None);
    two_fills(&running).await;
    let mut socket = listening(&running).await;
    assert_eq!(reports(&mut socket).await, []);
}

#[tokio::test]
async fn a_listen_key_is_one_an_account_and_ends() {
    let running = Running::quiet().await;
    let key = listen_key(&running).await;
    assert_eq!(listen_key(&running).await, key);
    let url = |key: &str| format!("{}{LISTEN}?listenKey={key}", running.sim.url());
    let keep = |key: String| running.http.put(url(&key)).header("X-MBX-APIKEY", KEY).send();
    assert_eq!(keep(key.clone()).await.unwrap().status(), 200);
    let body: Value = keep("nobodys".to_owned()).await.unwrap().json().await.unwrap();
    assert_eq!(body["code"], -1125);
    let mut socket = listening(&running).await;
    running.sim.expire_listen_keys();
    assert_eq!(next(&mut socket).await["e"], "listenKeyExpired");
    running.sim.switch(Faults::default());
    two_fills(&running).await;
    assert_eq!(reports(&mut socket).await, []);
}
