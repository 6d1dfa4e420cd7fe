//! Every sample message of Kraken's spot stream is read (WebSocket v2), and recorded books are replayed.
//!
//! The recorded sessions are of WebSocket v1, which v2 has replaced. Its messages are arrays; the checksum is the same.
//! A small reader here turns its books into updates, so that the checksum is held to real data.

use crate::support::{files, folder, name, recorded, text};
use rust_decimal::Decimal;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use venue::kraken::{Kraken, KrakenFutures};
use venue::protocol::book::{Applied, Book, BookRule, BookUpdate, Gap, WireLevel};
use venue::protocol::model::OrderState;
use venue::protocol::stream::{Channel, Event, StreamToken, Streams, Topic};
use venue::protocol::{Instrument, Markets, Product};

fn markets() -> Markets {
    let mut btc = Instrument::named(Product::Spot, "XXBTZUSD", "BTC", "USD", None);
    btc.aliases = vec!["XBTUSD".into(), "XBT/USD".into()];
    btc.tick = Some(Decimal::new(1, 1));
    btc.lot = Some(Decimal::new(1, 8));
    Markets::new([btc, Instrument::named(Product::Inverse, "PI_XBTUSD", "BTC", "USD", Some("BTC"))])
}

/// Files that hold no message of the current stream, and why.
const OTHERS: [(&str, &str); 11] = [
    ("barter__inline_messages.json", "WebSocket v1, retired"),
    ("hummingbot__test_messages.json", "WebSocket v1, and placeholders"),
    ("cryptofeed__KRAKEN.ws.48.0.jsonl.gz", "WebSocket v1, replayed below"),
    ("cryptofeed__KRAKEN.ws.49.0.jsonl.gz", "WebSocket v1, replayed below"),
    ("cryptofeed__KRAKEN.ws.50.0.jsonl.gz", "WebSocket v1, replayed below"),
    ("nautilus__ws_add_order_request.json", "a request"),
    ("nautilus__ws_amend_order_request.json", "a request"),
    ("nautilus__ws_batch_add_request.json", "a request"),
    ("nautilus__ws_cancel_order_request.json", "a request"),
    ("nautilus__ws_futures_", "the stream of futures"),
    ("MANIFEST.json", "the list of files"),
];

/// What each message must be read to.
const READ: [(&str, fn(&Event) -> bool); 14] = [
    ("add_order_response_failure", |e| matches!(e, Event::Ignored(_))),
    ("batch_add_response_partial", |e| matches!(e, Event::Ignored(_))),
    ("book_snapshot", |e| matches!(e, Event::Book(book) if book.snapshot && book.checksum == Some(2_439_117_997))),
    ("book_update", |e| matches!(e, Event::Book(book) if !book.snapshot && book.bids.len() == 1)),
    ("l3_snapshot", |e| matches!(e, Event::Ignored(_))),
    ("l3_update_delete", |e| matches!(e, Event::Ignored(_))),
    ("l3_update_modify_qty", |e| matches!(e, Event::Ignored(_))),
    ("ohlc_update", |e| matches!(e, Event::Bar { market, closed: false, .. } if market == "BTC/USD")),
    ("pong", |e| matches!(e, Event::Heartbeat)),
    ("subscribe_response", |e| matches!(e, Event::Accepted(_))),
    ("ticker_snapshot", |e| matches!(e, Event::Ticker(ticker) if ticker.market == "BTC/USD" && ticker.bid.is_some())),
    ("trade_update", |e| matches!(e, Event::Trade(trade) if trade.market == "BTC/USD" && trade.side.is_some())),
    ("heartbeat", |e| matches!(e, Event::Heartbeat)),
    ("status", |e| matches!(e, Event::Ignored(_))),
];

#[test]
fn every_sample_message_is_read() {
    let Some(folder) = folder("ws/kraken") else { return };
    let markets = markets();
    let mut read = 0;
    for path in files(&folder) {
        let name = name(&path);
        if OTHERS.iter().any(|(other, _)| name.starts_with(other)) {
            continue;
        }
        let part = name.trim_start_matches("nautilus__ws_").trim_end_matches(".json");
        let (_, is) = READ.iter().find(|(known, _)| *known == part).unwrap_or_else(|| panic!("nobody reads {name}"));
        let text = text(&path);
        let events = Kraken.read(Channel::Public(Product::Spot), &text, &markets);
        let events = events.unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert!(!events.is_empty() && events.iter().all(is), "{name}: {events:?}");
        read += 1;
    }
    assert!(read >= 12, "only {read} messages were read");
}

fn read(frame: &str) -> Vec<Event> {
    Kraken.read(Channel::Private(Product::Spot), frame, &markets()).unwrap()
}

#[test]
fn messages_without_a_sample_are_read() {
    assert_eq!(read(r#"{"channel":"heartbeat"}"#), [Event::Heartbeat]);
    let status =
        r#"{"channel":"status","type":"update","data":[{"api_version":"v2","system":"online","version":"2.0.0"}]}"#;
    assert!(matches!(read(status)[..], [Event::Ignored(_)]));
    let refused =
        r#"{"error":"Currency pair not supported BTC/XYZ","method":"subscribe","success":false,"symbol":"BTC/XYZ"}"#;
    assert!(matches!(read(refused)[..], [Event::Refused(_)]));
    let balances = r#"{"channel":"balances","type":"snapshot","data":[{"asset":"BTC","asset_class":"currency","balance":1.2,
        "wallets":[{"type":"spot","id":"main","balance":1.1},{"type":"earn","id":"flex","balance":0.1}]}],"sequence":1}"#;
    let [Event::Balances(balances)] = &read(balances)[..] else { panic!() };
    assert_eq!(balances.of["BTC"].total, Some(Decimal::new(11, 1)), "only the wallet that trades");
    let earned = r#"{"channel":"balances","type":"update","data":[{"asset":"BTC","amount":0.1,"balance":0.2,"fee":0,
        "ledger_id":"L1","ref_id":"R1","timestamp":"2024-01-01T00:00:00Z","type":"deposit","wallet_type":"earn","wallet_id":"flex"}]}"#;
    assert!(matches!(read(earned)[..], [Event::Ignored(_)]));
    for bad in [
        "",
        "[]",
        "{}",
        r#"{"channel":"new","type":"update","data":[]}"#,
        r#"{"channel":"trade","type":"update","data":[{}]}"#,
    ] {
        assert!(Kraken.read(Channel::Public(Product::Spot), bad, &markets()).is_err(), "{bad}");
    }
}

#[test]
fn an_order_is_followed_from_its_place_in_the_book_to_its_fill() {
    let placed = r#"{"channel":"executions","type":"update","data":[{"order_id":"OK4GJX","cl_ord_id":"mine","symbol":"BTC/USD",
        "order_qty":0.005,"cum_cost":0.0,"time_in_force":"GTC","exec_type":"pending_new","side":"sell","order_type":"limit",
        "limit_price":26500.0,"order_status":"pending_new","timestamp":"2023-09-22T10:33:05.709950Z"}],"sequence":8}"#;
    let [Event::Order(order)] = &read(placed)[..] else { panic!() };
    assert_eq!((order.client_id.as_deref(), order.state), (Some("mine"), Some(OrderState::Open)));
    let filled = r#"{"channel":"executions","type":"update","data":[{"order_id":"OK4GJX","exec_id":"TGBB7L","exec_type":"trade",
        "trade_id":62887576,"symbol":"BTC/USD","side":"sell","last_qty":0.005,"last_price":26599.9,"liquidity_ind":"t",
        "cost":132.9995,"order_type":"limit","timestamp":"2023-09-22T10:33:05.709993Z","order_status":"filled","cum_qty":0.005,
        "cum_cost":132.9995,"avg_price":26599.9,"fees":[{"asset":"USD","qty":0.3458}]}],"sequence":10}"#;
    let [Event::Fill(fill), Event::Order(order)] = &read(filled)[..] else { panic!() };
    assert_eq!(
        (fill.id.as_str(), fill.market.as_str(), fill.price.value()),
        ("TGBB7L", "BTC/USD", Decimal::new(265_999, 1))
    );
    assert_eq!((order.state, order.filled), (Some(OrderState::Closed), Some(fill.quantity)));
    let more = filled.replace("\"cum_qty\":0.005", "\"order_qty\":0.004,\"cum_qty\":0.005");
    assert!(Kraken.read(Channel::Private(Product::Spot), &more, &markets()).is_err(), "more filled than asked for");
}

#[test]
fn subscriptions_are_by_common_names_and_private_ones_carry_the_token() {
    let btc = markets().get("BTC/USD").unwrap().clone();
    let token = StreamToken { token: "T".into(), url: None, ping_every_ms: None };
    let topics = [Topic::Book(btc.clone()), Topic::Trades(btc), Topic::Orders(Product::Spot)];
    let frames = Kraken.subscribe(&topics, Some(&token), true).unwrap();
    let frames: Vec<Value> = frames.iter().map(|frame| serde_json::from_str(frame).unwrap()).collect();
    let params: Vec<&Value> = frames.iter().map(|frame| &frame["params"]).collect();
    assert_eq!(params[0]["symbol"][0], "BTC/USD");
    assert!(params.iter().any(|p| p["channel"] == "executions" && p["token"] == "T"));
    assert!(params.iter().filter(|p| p["channel"] != "executions").all(|p| p["token"].is_null()));
    assert!(Kraken.subscribe(&topics, None, true).is_err(), "no private stream without a token");
}

/// The venue's own worked example of a checksum.
#[test]
fn the_published_checksum_is_made() {
    let asks = "45285.2 0.00100000,45286.4 1.54571953,45286.6 1.54571109,45289.6 1.54560911,45290.2 0.15890660,\
        45291.8 1.54553491,45294.7 0.04454749,45296.1 0.35380000,45297.5 0.09945542,45299.5 0.18772827";
    let bids = "45283.5 0.10000000,45283.4 1.54582015,45282.1 0.10000000,45281.0 0.10000000,45280.3 1.54592586,\
        45279.0 0.07990000,45277.6 0.03310103,45277.5 0.30000000,45277.3 1.54602737,45276.6 0.15445238";
    let rows = |text: &str| {
        let row = |row: &str| row.trim().split_once(' ').map(|(p, q)| format!(r#"{{"price":{p},"qty":{q}}}"#)).unwrap();
        text.split(',').map(row).collect::<Vec<_>>().join(",")
    };
    // As the wire has it: numbers that have lost their zeros.
    let short =
        |text: String| text.replace("0.00100000", "0.001").replace("0.10000000", "0.1").replace("45281.0", "45281");
    let frame = format!(
        r#"{{"channel":"book","type":"snapshot","data":[{{"symbol":"BTC/USD","bids":[{}],"asks":[{}],"checksum":3310070434}}]}}"#,
        short(rows(bids)),
        short(rows(asks))
    );
    let [Event::Book(update)] = &read(&frame)[..] else { panic!() };
    let mut book = Book::new("BTC/USD", Kraken.book_rule(Product::Spot));
    assert_eq!(book.apply(update), Ok(Applied::Changed));
    let mut wrong = update.clone();
    wrong.bids[9].1 += Decimal::new(1, 8);
    assert!(matches!(book.apply(&wrong), Err(Gap::Checksum { .. })));
}

fn level(row: &Value) -> WireLevel {
    let number = |at: usize| row[at].as_str().unwrap().parse::<Decimal>().unwrap();
    (number(0), number(1))
}

/// A book message of the retired v1: `[channel, {"as"|"a": rows, "bs"|"b": rows, "c": checksum}.., "book-1000", pair]`.
fn update_of_v1(frame: &Value) -> Option<BookUpdate> {
    let parts = frame.as_array()?;
    let (name, pair) = (parts[parts.len() - 2].as_str()?, parts.last()?.as_str()?);
    if !name.starts_with("book-") {
        return None;
    }
    let mut update = BookUpdate { market: pair.to_owned(), ..BookUpdate::default() };
    for part in &parts[1..parts.len() - 2] {
        let rows = |name: &str| part[name].as_array().into_iter().flatten().map(level).collect::<Vec<_>>();
        update.snapshot |= part.get("as").is_some();
        update.asks.extend(rows("as").into_iter().chain(rows("a")));
        update.bids.extend(rows("bs").into_iter().chain(rows("b")));
        update.checksum = part["c"].as_str().map(|c| c.parse().unwrap()).or(update.checksum);
    }
    Some(update)
}

fn sessions(folder: &Path) -> BTreeMap<String, Vec<BookUpdate>> {
    let mut books: BTreeMap<String, Vec<BookUpdate>> = BTreeMap::new();
    for frame in recorded(&folder.join("cryptofeed__KRAKEN.ws.50.0.jsonl.gz"), "received") {
        if let Some(update) = update_of_v1(&serde_json::from_str(&frame).unwrap()) {
            books.entry(update.market.clone()).or_default().push(update);
        }
    }
    books
}

fn rule() -> BookRule {
    BookRule { depth: 1000, ..Kraken.book_rule(Product::Spot) }
}

#[test]
fn recorded_books_have_the_checksums_that_the_venue_says() {
    let Some(folder) = folder("ws/kraken") else { return };
    let mut checked = 0;
    for (market, updates) in sessions(&folder) {
        let mut book = Book::new(market.as_str(), rule());
        for update in &updates {
            assert_eq!(book.apply(update).unwrap_or_else(|gap| panic!("{gap}")), Applied::Changed);
            checked += usize::from(update.checksum.is_some());
        }
        assert!(book.is_live() && book.bids().count() > 10 && book.asks().count() > 10, "{market}");
    }
    assert!(checked > 3000, "only {checked} checksums");
}

/// What a message changes among the levels that the checksum is over; without that it can't be noticed at once.
fn shows(book: &Book, update: &BookUpdate) -> bool {
    let mut after = book.clone();
    let unchecked = BookUpdate { checksum: None, ..update.clone() };
    if after.apply(&unchecked).is_err() {
        return true;
    }
    let top = |book: &Book| (book.bids().take(10).collect::<Vec<_>>(), book.asks().take(10).collect::<Vec<_>>());
    top(book) != top(&after)
}

#[test]
fn a_dropped_delta_is_noticed() {
    let Some(folder) = folder("ws/kraken") else { return };
    let mut dropped = 0;
    for (market, updates) in sessions(&folder) {
        let mut before = Book::new(market.as_str(), rule());
        for (at, update) in updates.iter().enumerate() {
            let drop = at > 0 && at % 23 == 0 && at + 1 < updates.len() && shows(&before, update);
            if drop {
                dropped += 1;
                let mut book = before.clone();
                let later = updates[at + 1..].iter().map(|update| book.apply(update)).find(Result::is_err);
                // A level that goes as it came leaves the book right again before the next message: then the rest agrees.
                let healed = later.is_none();
                assert!(
                    !healed || undone(&before, &updates[at..]),
                    "{market}: nobody noticed that message {at} was dropped"
                );
            }
            before.apply(update).unwrap();
        }
    }
    assert!(dropped > 20, "only {dropped} were dropped");
}

/// Whether the very next message leaves the checked levels as they were without the dropped one.
fn undone(before: &Book, rest: &[BookUpdate]) -> bool {
    let [dropped, next, ..] = rest else { return false };
    let (mut with, mut without) = (before.clone(), before.clone());
    let _ = with.apply(dropped);
    let _ = with.apply(next);
    let _ = without.apply(next);
    let top = |book: &Book| (book.bids().take(10).collect::<Vec<_>>(), book.asks().take(10).collect::<Vec<_>>());
    top(&with) == top(&without)
}

#[test]
fn futures_samples_beside_them_are_read() {
    let Some(folder) = folder("ws/kraken") else { return };
    let markets = markets();
    let mut read = 0;
    for path in files(&folder) {
        let name = name(&path);
        if !name.starts_with("nautilus__ws_futures_") {
            continue;
        }
        let text = text(&path);
        let events = KrakenFutures.read(Channel::Private(Product::Inverse), &text, &markets);
        let events = events.unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let part = name.trim_start_matches("nautilus__ws_futures_").trim_end_matches(".json");
        let is: fn(&Event) -> bool = match part {
            "book_delta" => {
                |e| matches!(e, Event::Book(book) if !book.snapshot && book.asks.len() == 1 && book.last == Some(326_094_134))
            }
            "book_snapshot" => |e| matches!(e, Event::Book(book) if book.snapshot && book.market == "BTC/USD:BTC"),
            "fills_delta" | "fills_snapshot" => |e| matches!(e, Event::Fill(fill) if fill.fee.is_some()),
            "open_orders_delta" => |e| matches!(e, Event::Order(order) if order.state == Some(OrderState::Open)),
            "ticker" => |e| matches!(e, Event::Ticker(_) | Event::Funding(_)),
            "trade" => |e| matches!(e, Event::Trade(_)),
            other => panic!("nobody reads {other}"),
        };
        assert!(!events.is_empty() && events.iter().all(is), "{name}: {events:?}");
        read += 1;
    }
    assert!(read >= 7, "only {read} messages were read");
}
