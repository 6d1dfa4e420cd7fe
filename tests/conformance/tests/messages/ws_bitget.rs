//! Bitget's messages of the test data: each is read, or stands in a table here with the reason why not; and the recorded
//! books are replayed.
//!
//! The recorded sessions are of the retired generation v1. Its book frames differ from today's in the name of the line of
//! business only (`sp` and `mc`, today `SPOT` and `USDT-FUTURES`), so they prove the checksum rule; the other frames are refused, as they should be.

use crate::support::{files, folder, recorded, text};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use venue::bitget::Bitget;
use venue::protocol::book::{Book, BookUpdate, Gap};
use venue::protocol::call::OrderKind;
use venue::protocol::model::Side;
use venue::protocol::stream::{Channel, Event, Streams};
use venue::protocol::{
    HistoryQuery, Instrument, LeverageChange, Markets, MarketsQuery, NewOrder, OrderRef, Product, Protocol, Reply,
    Scope,
};

/// Messages that are not the venue's, and why.
const NOT_READ: [(&str, &str); 2] = [
    ("expected_subscription_response", "a request of ours"),
    ("expected_funding_info_data", "an expectation of that test, without the venue's envelope"),
];

/// What a variable of the quoted tests stands for, by the name of its field.
fn stands_for(field: &str) -> &'static str {
    match field {
        "instId" | "symbol" => "BTCUSDT",
        "orderType" => "limit",
        "force" => "gtc",
        "side" => "buy",
        "status" | "state" => "live",
        "marginMode" => "crossed",
        "feeCoin" | "coin" | "marginCoin" | "quoteCoin" | "fillFeeCoin" => "USDT",
        "baseCoin" => "BTC",
        "ts" | "uTime" | "cTime" => "1695709835822",
        "feeDetail" => "",
        _ => "1",
    }
}

fn substituted(value: &Value, field: &str) -> Value {
    match value {
        Value::String(text) if text.starts_with('<') => Value::String(stands_for(field).to_owned()),
        Value::String(text) if text.contains('<') => Value::String(stands_for(field).to_owned()),
        Value::Array(list) => Value::Array(list.iter().map(|value| substituted(value, field)).collect()),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(name, value)| (name.clone(), substituted(value, name))).collect())
        }
        other => other.clone(),
    }
}

fn contract() -> Instrument {
    Instrument::named(Product::Linear, "BTCUSDT", "BTC", "USDT", Some("USDT"))
}

fn spot() -> Instrument {
    Instrument::named(Product::Spot, "BTCUSDT", "BTC", "USDT", None)
}

fn markets() -> Markets {
    Markets::new([spot(), contract()])
}

/// Reads an answer to a request as the test it was quoted from names it.
fn answer(function: &str, perpetual: bool, body: &str) -> Result<(), String> {
    let market = if perpetual { contract() } else { spot() };
    let (scope, all) = (Scope { product: Some(market.product), ..Scope::default() }, markets());
    let reply = Reply::new(200, body);
    let mut order = NewOrder::plain(&market, Side::Buy, OrderKind::Limit);
    (order.quantity, order.price) = (Some(1.into()), Some(1.into()));
    let named = OrderRef { id: Some("1".into()), instrument: Some(market.clone()), ..OrderRef::default() };
    let many = MarketsQuery { scope: scope.clone(), ..MarketsQuery::default() };
    let past = HistoryQuery { instrument: Some(market.clone()), scope: scope.clone(), ..HistoryQuery::default() };
    let words = |e: &dyn std::fmt::Display| e.to_string();
    macro_rules! read {
        ($ask:expr) => {
            $ask.map_err(|e| words(&e))?.read(&reply, &all).map(|_| ()).map_err(|e| words(&e))
        };
    }
    match function {
        "rest_last_traded_price_mock_response" | "latest_prices_request_mock_response" => read!(Bitget.tickers(&many)),
        "rest_order_book_snapshot_mock_response" => read!(Bitget.order_book(&market, None, &scope)),
        "order_creation_request_successful_mock_response" => read!(Bitget.place(&order)),
        "balance_request_mock_response_for_base_and_quote" | "balance_request_mock_response_only_base" => {
            read!(Bitget.balances(&scope))
        }
        "_order_fills_request_partial_fill_mock_response" => read!(Bitget.order_trades(&named)),
        "_order_status_request_completely_filled_mock_response" | "_order_status_request_open_mock_response" => {
            read!(Bitget.order(&named))
        }
        "_all_usdc_symbols_request_mock_response" => read!(Bitget.instruments_settled_in(Product::Linear, "USDC")),
        "set_leverage_request_mock_response" => {
            let change = LeverageChange { instrument: Some(market.clone()), leverage: 25.into(), scope };
            read!(Bitget.set_leverage(&change))
        }
        "empty_funding_payment_mock_response" | "funding_payment_mock_response" => {
            read!(Bitget.funding_payments(&past))
        }
        "_order_cancelation_request_successful_mock_response" => read!(Bitget.cancel(&named)),
        other => Err(format!("{other}: nobody asks that")),
    }
}

#[test]
fn every_quoted_message_is_read_or_listed() {
    let Some(folder) = folder("ws/bitget") else { return };
    let text = text(&folder.join("hummingbot__test_messages.json"));
    let quoted: Vec<Value> = serde_json::from_str(&text).unwrap();
    let (mut events, mut answers, mut listed, mut faults) = (0, 0, 0, Vec::new());
    for one in &quoted {
        let function = one["function"].as_str().unwrap();
        if NOT_READ.iter().any(|(name, _)| *name == function) {
            listed += 1;
            continue;
        }
        let message = substituted(&one["message"], "");
        let body = message.to_string();
        let perpetual = one["path"].as_str().unwrap().contains("perpetual");
        let result = if message.get("arg").is_some() {
            let product = if perpetual { Product::Linear } else { Product::Spot };
            let heard = Bitget.read(Channel::Private(product), &body, &markets()).map_err(|e| e.to_string());
            heard.map(|heard| {
                assert!(!heard.is_empty(), "{function}: nothing");
                events += 1;
            })
        } else {
            answer(function, perpetual, &body).map(|()| answers += 1)
        };
        faults.extend(result.err().map(|fault| format!("{function}: {fault}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(listed, NOT_READ.len(), "the table names what is not there");
    println!("{events} messages, {answers} answers, {listed} listed");
}

fn sessions(folder: &Path) -> Vec<PathBuf> {
    files(folder).into_iter().filter(|path| path.to_string_lossy().ends_with(".jsonl.gz")).collect()
}

#[test]
fn what_the_retired_generation_said_is_refused_and_never_misread() {
    let Some(folder) = folder("ws/bitget") else { return };
    for path in sessions(&folder) {
        for raw in recorded(&path, "received") {
            let heard = Bitget.read(Channel::Public(Product::Spot), &raw, &markets());
            assert!(heard.is_err(), "{raw}");
        }
    }
}

/// The recorded book frames, as today's, by market.
fn recorded_books(folder: &Path) -> BTreeMap<String, Vec<BookUpdate>> {
    let mut books: BTreeMap<String, Vec<BookUpdate>> = BTreeMap::new();
    for path in sessions(folder) {
        for raw in recorded(&path, "received") {
            if !raw.contains(r#""channel":"books""#) || !raw.contains(r#""action""#) {
                continue;
            }
            let today = raw.replace(r#""instType":"sp""#, r#""instType":"SPOT""#);
            let today = today.replace(r#""instType":"mc""#, r#""instType":"USDT-FUTURES""#);
            let heard = Bitget.read(Channel::Public(Product::Spot), &today, &markets()).unwrap();
            for event in heard {
                let Event::Book(update) = event else { panic!("{event:?}") };
                books.entry(format!("{} {}", path.display(), update.market)).or_default().push(update);
            }
        }
    }
    books
}

fn replayed(updates: &[&BookUpdate]) -> Result<Book, Gap> {
    let mut book = Book::new("recorded", Bitget.book_rule(Product::Spot));
    for update in updates {
        book.apply(update)?;
    }
    Ok(book)
}

/// The best 25 levels of both sides: what the checksum is over.
fn checked(book: &Book) -> Vec<String> {
    book.bids().take(25).chain(book.asks().take(25)).map(|(price, quantity)| format!("{price} {quantity}")).collect()
}

#[test]
fn recorded_books_keep_their_checksums_and_a_missing_delta_is_noticed() {
    let Some(folder) = folder("ws/bitget") else { return };
    let books = recorded_books(&folder);
    let (mut updates_seen, mut dropped, mut deep) = (0, 0, 0);
    for (name, updates) in &books {
        let all: Vec<&BookUpdate> = updates.iter().collect();
        updates_seen += all.len();
        let book = replayed(&all).unwrap_or_else(|gap| panic!("{name}: {gap}"));
        assert!(book.is_live());
        let mut after = replayed(&all[..1]).unwrap();
        for at in 1..all.len().saturating_sub(1) {
            let before = after.clone();
            after.apply(all[at]).unwrap();
            if all[at].snapshot || all[at + 1].snapshot {
                continue;
            }
            let mut without = before.clone();
            if checked(&before) == checked(&after) {
                // Nothing the venue vouches for has changed.
                deep += 1;
                continue;
            }
            let noticed = without.apply(all[at + 1]);
            let healed = all[at + 1].bids.len() + all[at + 1].asks.len() > 0 && noticed.is_ok() && {
                // The next delta may say again all that the missing one said.
                let mut with = after.clone();
                with.apply(all[at + 1]).unwrap();
                checked(&with) == checked(&without)
            };
            assert!(noticed.is_err() || healed, "{name}: the missing delta {at} was not noticed");
            dropped += 1;
        }
    }
    assert!(updates_seen > 0 && dropped > 0);
    println!(
        "{} books, {updates_seen} updates, {dropped} dropped and noticed, {deep} below what is checked",
        books.len()
    );
}
