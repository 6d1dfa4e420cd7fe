//! Market streams: diffs rebuild the book, names, control messages, and how streams go wrong.

use crate::client::{Running, dec};
use futures_util::{SinkExt, StreamExt};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use venue_sim::faults::{ALWAYS, Faults, Stream};
use venue_sim::server::Config;

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(crate) async fn connect(running: &Running, path: &str) -> Socket {
    connect_async(format!("{}{path}", running.sim.ws_url())).await.unwrap().0
}

/// The next text within two seconds.
pub(crate) async fn text(socket: &mut Socket) -> Option<String> {
    loop {
        match tokio::time::timeout(Duration::from_secs(2), socket.next()).await {
            Ok(Some(Ok(Message::Text(text)))) => return Some(text.as_str().to_owned()),
            Ok(Some(Ok(_))) => {}
            Ok(Some(Err(_)) | None) | Err(_) => return None,
        }
    }
}

pub(crate) async fn next(socket: &mut Socket) -> Value {
    serde_json::from_str(&text(socket).await.expect("a message")).unwrap()
}

pub(crate) fn stream(faults: Stream) -> Faults {
    Faults { stream: faults, ..Faults::default() }
}

/// A local book, as the exchange's documentation says to keep one.
#[derive(Default)]
struct Local {
    update: u64,
    sides: [BTreeMap<Decimal, Decimal>; 2],
}

impl Local {
    fn of(snapshot: &Value) -> Self {
        let mut local = Self { update: snapshot["lastUpdateId"].as_u64().unwrap(), ..Self::default() };
        local.set(0, &snapshot["bids"]);
        local.set(1, &snapshot["asks"]);
        local
    }

    fn set(&mut self, side: usize, rows: &Value) {
        for row in rows.as_array().unwrap() {
            let (price, quantity) = (dec(row[0].as_str().unwrap()), dec(row[1].as_str().unwrap()));
            if quantity.is_zero() {
                self.sides[side].remove(&price);
            } else {
                self.sides[side].insert(price, quantity);
            }
        }
    }

    /// Whether the diff follows without a gap.
    fn apply(&mut self, diff: &Value) -> bool {
        let (first, last) = (diff["U"].as_u64().unwrap(), diff["u"].as_u64().unwrap());
        if last <= self.update {
            return true;
        }
        let follows = first <= self.update + 1;
        self.update = last;
        self.set(0, &diff["b"]);
        self.set(1, &diff["a"]);
        follows
    }
}

async fn lively() -> Running {
    Running::new(Config { step_ms: Some(20), ..Config::lively(5) }).await
}

async fn snapshot(running: &Running) -> Value {
    let url = format!("{}/api/v3/depth?symbol=BTCUSDT&limit=5000", running.sim.url());
    running.http.get(url).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn a_snapshot_and_the_diffs_are_the_book() {
    let running = lively().await;
    for name in ["btcusdt@depth@100ms", "btcusdt@depth"] {
        let mut socket = connect(&running, &format!("/ws/{name}")).await;
        let buffered = next(&mut socket).await;
        let mut local = Local::of(&snapshot(&running).await);
        assert!(local.apply(&buffered));
        for _ in 0..3 {
            let diff = next(&mut socket).await;
            assert_eq!(diff["e"], "depthUpdate");
            assert!(local.apply(&diff), "a gap");
        }
        // Until the diffs have caught up with a later snapshot: then both are the same.
        let mut truth = running.sim.with(|exchange, now| exchange.snapshot("BTCUSDT", 5_000, now)).unwrap();
        while local.update < truth.update {
            assert!(local.apply(&next(&mut socket).await), "a gap");
            if local.update > truth.update {
                truth = running.sim.with(|exchange, now| exchange.snapshot("BTCUSDT", 5_000, now)).unwrap();
            }
            if truth.update == local.update {
                break;
            }
            // Hold the market still, so that the two can meet.
            running.sim.with(|exchange, _| exchange.flow = None);
            truth = running.sim.with(|exchange, now| exchange.snapshot("BTCUSDT", 5_000, now)).unwrap();
        }
        let [bids, asks] = &local.sides;
        assert_eq!(bids.iter().rev().map(|(p, q)| (*p, *q)).collect::<Vec<_>>(), truth.bids);
        assert_eq!(asks.iter().map(|(p, q)| (*p, *q)).collect::<Vec<_>>(), truth.asks);
        let fresh = lively().await;
        running.sim.with(|exchange, _| exchange.flow = fresh.sim.with(|other, _| other.flow.clone()));
    }
}

#[tokio::test]
async fn a_dropped_diff_is_a_gap() {
    let running = lively().await;
    let mut socket = connect(&running, "/ws/btcusdt@depth@100ms").await;
    let buffered = next(&mut socket).await;
    let mut local = Local::of(&snapshot(&running).await);
    local.apply(&buffered);
    running.sim.switch(stream(Stream { depth_gap_ppm: 400_000, ..Stream::default() }));
    let mut gaps = 0;
    for _ in 0..15 {
        gaps += usize::from(!local.apply(&next(&mut socket).await));
    }
    assert!(gaps > 0 && running.fired("depth_gap") > 0);
}

#[tokio::test]
async fn every_market_stream_tells_its_event_in_a_combined_connection() {
    let running = lively().await;
    let names = [
        "trade",
        "aggTrade",
        "bookTicker",
        "depth@100ms",
        "depth",
        "depth5@100ms",
        "kline_1s",
        "kline_1m",
        "ticker",
        "miniTicker",
    ];
    let names: Vec<String> = names.iter().map(|name| format!("btcusdt@{name}")).collect();
    let mut socket = connect(&running, &format!("/stream?streams={}", names.join("/"))).await;
    let mut seen: BTreeMap<String, Value> = BTreeMap::new();
    let mut closed = false;
    for _ in 0..2_000 {
        let message = next(&mut socket).await;
        closed |= message["data"]["k"]["x"] == true;
        seen.insert(message["stream"].as_str().unwrap().to_owned(), message["data"].clone());
        if seen.len() == names.len() && closed {
            break;
        }
    }
    assert_eq!(seen.keys().cloned().collect::<Vec<_>>(), {
        let mut names = names;
        names.sort();
        names
    });
    assert!(closed, "a bar of a second has closed");
    for (name, event) in [
        ("trade", "trade"),
        ("aggTrade", "aggTrade"),
        ("depth", "depthUpdate"),
        ("kline_1m", "kline"),
        ("ticker", "24hrTicker"),
    ] {
        assert_eq!(seen[&format!("btcusdt@{name}")]["e"], event);
    }
    assert!(
        seen["btcusdt@depth5@100ms"]["lastUpdateId"].as_u64() > Some(0)
            && seen["btcusdt@bookTicker"]["u"].as_u64() > Some(0)
    );
}

#[tokio::test]
async fn streams_are_subscribed_and_left_on_the_way() {
    let running = lively().await;
    let mut socket = connect(&running, "/ws").await;
    let mut ask = async |request: Value| {
        socket.send(Message::Text(request.to_string().into())).await.unwrap();
        loop {
            let answer = next(&mut socket).await;
            if answer.get("e").is_none() && answer.get("U").is_none() {
                return answer;
            }
        }
    };
    assert_eq!(
        ask(json!({ "method": "SUBSCRIBE", "params": ["btcusdt@trade", "ethusdt@trade"], "id": 1 })).await,
        json!({ "result": null, "id": 1 })
    );
    assert_eq!(
        ask(json!({ "method": "UNSUBSCRIBE", "params": ["ethusdt@trade"], "id": 2 })).await,
        json!({ "result": null, "id": 2 })
    );
    assert_eq!(
        ask(json!({ "method": "LIST_SUBSCRIPTIONS", "id": 3 })).await,
        json!({ "result": ["btcusdt@trade"], "id": 3 })
    );
    assert_eq!(ask(json!({ "method": "DANCE", "id": 4 })).await["code"], 2);
    assert_eq!(ask(json!({ "method": "GET_PROPERTY", "params": ["combined"], "id": 5 })).await["result"], false);
    let trade = next(&mut socket).await;
    assert_eq!((&trade["e"], &trade["s"]), (&json!("trade"), &json!("BTCUSDT")));
}

#[tokio::test]
async fn a_stream_may_be_silent_and_open() {
    let running = lively().await;
    let mut socket = connect(&running, "/ws/btcusdt@trade").await;
    next(&mut socket).await;
    running.sim.switch(stream(Stream { silence: true, ..Stream::default() }));
    tokio::time::sleep(Duration::from_millis(200)).await;
    while tokio::time::timeout(Duration::from_millis(10), socket.next()).await.is_ok() {}
    socket.send(Message::Ping(Vec::new().into())).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(600), socket.next()).await.is_err(), "not even a pong");
    running.sim.switch(Faults::default());
    next(&mut socket).await;
    assert!(running.fired("silence") > 0);
}

#[tokio::test]
async fn streams_end_after_some_messages_and_on_demand_and_may_be_refused() {
    let running = lively().await;
    running.sim.switch(stream(Stream { disconnect_after: 3, ..Stream::default() }));
    let mut socket = connect(&running, "/ws/btcusdt@trade").await;
    for _ in 0..3 {
        next(&mut socket).await;
    }
    assert_eq!(text(&mut socket).await, None);
    running.sim.switch(Faults::default());
    let mut socket = connect(&running, "/ws/btcusdt@trade").await;
    next(&mut socket).await;
    running.sim.disconnect();
    while text(&mut socket).await.is_some() {}
    running.sim.switch(stream(Stream { refuse: true, ..Stream::default() }));
    assert!(connect_async(format!("{}/ws/btcusdt@trade", running.sim.ws_url())).await.is_err());
    assert_eq!((running.fired("disconnect"), running.fired("refuse")), (1, 1));
}

#[tokio::test]
async fn frames_may_be_garbage_huge_or_a_flood_of_pings() {
    let running = lively().await;
    let mut socket = connect(&running, "/ws/btcusdt@trade").await;
    running.sim.switch(stream(Stream { garbage_ppm: ALWAYS, ..Stream::default() }));
    tokio::time::sleep(Duration::from_millis(150)).await;
    let mut garbage = false;
    for _ in 0..50 {
        garbage |= text(&mut socket).await.is_some_and(|text| serde_json::from_str::<Value>(&text).is_err());
    }
    assert!(garbage);
    running.sim.switch(stream(Stream { huge_bytes: 1_000_000, ..Stream::default() }));
    let mut huge = 0;
    for _ in 0..50 {
        huge = huge.max(text(&mut socket).await.map_or(0, |text| text.len()));
    }
    assert_eq!(huge, 1_000_000);
    running.sim.switch(stream(Stream { ping_flood: 500, ..Stream::default() }));
    let mut pings = 0;
    while pings < 1_000 {
        let frame = tokio::time::timeout(Duration::from_secs(2), socket.next()).await.unwrap().unwrap().unwrap();
        pings += usize::from(frame.is_ping());
    }
}

#[tokio::test]
async fn trades_may_be_missing() {
    let running = lively().await;
    let mut socket = connect(&running, "/ws/btcusdt@trade").await;
    running.sim.switch(stream(Stream { drop_market_ppm: 500_000, ..Stream::default() }));
    let (mut last, mut missing) = (None, 0);
    for _ in 0..60 {
        let id = next(&mut socket).await["t"].as_u64().unwrap();
        missing += last.map_or(0, |last: u64| id - last - 1);
        last = Some(id);
    }
    assert!(missing > 0 && running.fired("drop_market") > 0);
}
