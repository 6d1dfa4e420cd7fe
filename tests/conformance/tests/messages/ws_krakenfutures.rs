//! Recorded sessions of Kraken Futures' stream are read whole, and their books replayed.

use crate::support::{files, folder, recorded};
use serde_json::Value;
use std::collections::BTreeMap;
use venue::kraken::KrakenFutures;
use venue::protocol::book::{Applied, Book, BookUpdate, Gap};
use venue::protocol::model::OrderState;
use venue::protocol::stream::{Channel, Event, Streams, Topic};
use venue::protocol::{Credentials, Instrument, Markets, Moment, Product};

const PUBLIC: Channel = Channel::Public(Product::Inverse);

fn markets() -> Markets {
    let names = ["XBT", "ETH", "LTC", "XRP", "BCH"];
    let one = |name: &&str| Instrument::named(Product::Inverse, &format!("PI_{name}USD"), name, "USD", Some(name));
    Markets::new(names.iter().map(one))
}

fn frames() -> Option<Vec<String>> {
    let folder = folder("ws/krakenfutures")?;
    Some(files(&folder).iter().flat_map(|path| recorded(path, "received")).collect())
}

fn books(frames: &[String]) -> BTreeMap<String, Vec<BookUpdate>> {
    let markets = markets();
    let mut books: BTreeMap<String, Vec<BookUpdate>> = BTreeMap::new();
    for frame in frames {
        for event in KrakenFutures.read(PUBLIC, frame, &markets).unwrap_or_else(|fault| panic!("{fault}")) {
            if let Event::Book(update) = event {
                books.entry(update.market.clone()).or_default().push(update);
            }
        }
    }
    books
}

#[test]
fn every_recorded_message_is_read() {
    let Some(frames) = frames() else { return };
    let markets = markets();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for frame in &frames {
        let events = KrakenFutures.read(PUBLIC, frame, &markets).unwrap_or_else(|fault| panic!("{fault}"));
        assert!(!events.is_empty(), "{frame}");
        for event in events {
            let kind = match event {
                Event::Trade(_) => "trade",
                Event::Ticker(_) => "ticker",
                Event::Book(_) => "book",
                Event::Accepted(_) => "accepted",
                Event::Ignored(_) => "ignored",
                other => panic!("{other:?}"),
            };
            *kinds.entry(kind).or_default() += 1;
        }
    }
    assert!(
        kinds["book"] > 5000 && kinds["trade"] >= 2 && kinds["ticker"] > 50 && kinds["accepted"] == 30,
        "{kinds:?}"
    );
}

#[test]
fn recorded_books_are_whole_and_never_crossed() {
    let Some(frames) = frames() else { return };
    let rule = KrakenFutures.book_rule(Product::Inverse);
    for (market, updates) in books(&frames) {
        let mut book = Book::new(market.as_str(), rule);
        let mut live = 0;
        for update in &updates {
            match book.apply(update) {
                Ok(Applied::Changed) => live += 1,
                Ok(Applied::Waiting) => assert!(!book.is_live()),
                Ok(Applied::Stale) => {}
                Err(gap) => panic!("{gap}"),
            }
        }
        assert!(book.is_live() && live > 1, "{market}: {live} of {}", updates.len());
    }
}

#[test]
fn a_dropped_delta_is_noticed_every_time() {
    let Some(frames) = frames() else { return };
    let rule = KrakenFutures.book_rule(Product::Inverse);
    let mut dropped = 0;
    for (market, updates) in books(&frames) {
        let start = updates.iter().position(|update| update.snapshot).unwrap();
        for at in (start + 1..updates.len().saturating_sub(1)).step_by(97) {
            let mut book = Book::new(market.as_str(), rule);
            let left = updates.iter().enumerate().filter(|(n, _)| *n != at).map(|(_, update)| update);
            let gap = left.map(|update| book.apply(update)).find_map(Result::err);
            assert!(
                matches!(gap, Some(Gap::Missed { .. })),
                "{market}: nobody noticed that message {at} was dropped: {gap:?}"
            );
            dropped += 1;
        }
    }
    assert!(dropped > 10, "only {dropped} were dropped");
}

#[test]
fn private_feeds_carry_the_signed_challenge() {
    let secret = "7zxMEF5p/Z8l2p2U7Ghv6x14Af+Fx+92tPgUdVQ748FOIrEoT9bgT+bTRfXc5pz8na+hL/QdrCVG7bh9KpT0eMTm";
    let credentials = Credentials::new("krakenfutures", "key".into(), secret.into(), None).unwrap();
    let now = desk::time::Timestamp::from_ms(1_700_000_000_000);
    let private = Channel::Private(Product::Linear);
    let login = KrakenFutures.login(private, &credentials, Moment { now, nonce: 1, window_ms: 1 }).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&login[0]).unwrap()["event"], "challenge");
    let challenge = r#"{"event":"challenge","message":"c100b894-1729-464d-ace1-52dbce11db42"}"#;
    assert!(matches!(KrakenFutures.read(private, challenge, &markets()).unwrap()[..], [Event::Accepted(_)]));
    let topics = [Topic::Orders(Product::Linear), Topic::Orders(Product::Inverse), Topic::Positions(Product::Linear)];
    let frames = KrakenFutures.respond(private, challenge, &topics, &credentials).unwrap();
    assert_eq!(frames.len(), 3, "orders, fills and positions, once each");
    for frame in &frames {
        let frame: Value = serde_json::from_str(frame).unwrap();
        // The venue's own example of a signed challenge.
        let signed = "4JEpF3ix66GA2B+ooK128Ift4XQVtc137N9yeg4Kqsn9PI0Kpzbysl9M1IeCEdjg0zl00wkVqcsnG4bmnlMb3A==";
        assert_eq!(frame["signed_challenge"], signed);
        assert_eq!(frame["original_challenge"], "c100b894-1729-464d-ace1-52dbce11db42");
    }
    let other = r#"{"event":"info","version":1}"#;
    assert!(KrakenFutures.respond(private, other, &topics, &credentials).unwrap().is_empty());
}

#[test]
fn orders_positions_and_balances_are_read() {
    let read = |frame: &str| KrakenFutures.read(Channel::Private(Product::Inverse), frame, &markets()).unwrap();
    let ended = r#"{"feed":"open_orders","order_id":"o1","cli_ord_id":"mine","is_cancel":true,"reason":"full_fill"}"#;
    let [Event::Order(order)] = &read(ended)[..] else { panic!() };
    assert_eq!((order.client_id.as_deref(), order.state), (Some("mine"), Some(OrderState::Closed)));
    let cancelled = ended.replace("full_fill", "cancelled_by_user");
    let [Event::Order(order)] = &read(&cancelled)[..] else { panic!() };
    assert_eq!(order.state, Some(OrderState::Canceled));
    let positions = r#"{"feed":"open_positions","account":"a","positions":[{"instrument":"PI_XRPUSD","balance":-500.0,
        "pnl":-239.65,"entry_price":0.3985,"mark_price":0.49,"liquidation_threshold":0.0,"initial_margin":101.5,
        "maintenance_margin":50.7}],"seq":4,"timestamp":1687383625330}"#;
    let [Event::Position(position)] = &read(positions)[..] else { panic!() };
    assert_eq!(position.quantity, Some(rust_decimal::Decimal::from(500)));
    assert_eq!((position.side, position.liquidation_price), (Some(venue::protocol::model::PositionSide::Short), None));
    let balances = r#"{"feed":"balances_snapshot","account":"a","timestamp":1687383625330,"seq":1,"holding":{"USDT":1.0},
        "flex_futures":{"currencies":{"USDT":{"quantity":4997.9,"value":4998.1,"available":4000.0},"XBT":{"quantity":0.5}}}}"#;
    let [Event::Balances(balances)] = &read(balances)[..] else { panic!() };
    assert_eq!(balances.of.keys().collect::<Vec<_>>(), ["BTC", "USDT"]);
    assert!(KrakenFutures.read(PUBLIC, r#"{"feed":"new"}"#, &markets()).is_err());
}
