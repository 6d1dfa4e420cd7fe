//! Published and recorded stream messages of Binance, through the adapter and its books.
//!
//! 1. Each message is read, or stands in [`EXCEPTIONS`] with its reason; an entry there that is no longer needed fails.
//! 2. A message is read on the public or on the private channel, never on both, unless it answers a request.
//! 3. Recorded books are never crossed, have no gap, and agree with the best quotes recorded beside them.
//! 4. A delta left out, repeated or come too late is noticed at every position tried.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::large_enum_variant,
    clippy::result_large_err,
    reason = "tests"
)]

mod replay;

use crate::support::{files, folder, name, text};
use rust_decimal::Decimal;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use venue::binance::Binance;
use venue::protocol::model::Side;
use venue::protocol::stream::{Channel, Event, Streams as _};
use venue::protocol::{Instrument, Markets, Product, ReadFault};

/// One message.
struct Message {
    /// File and place.
    at: String,
    product: Product,
    text: String,
}

/// A message that is not read, and why.
struct Exception {
    applies: fn(&Message, &Value) -> bool,
    reason: &'static str,
}

const EXCEPTIONS: &[Exception] = &[
    Exception {
        applies: |_, value| has_placeholder_time(value),
        reason: "the documents' placeholder for a time (123456789), which is no time in milliseconds",
    },
    Exception {
        applies: |_, value| inner(value)["k"]["o"] == "0.0010" && inner(value)["k"]["l"] == "0.0015",
        reason: "the documents' made-up bar, which opens below its own low",
    },
    Exception {
        applies: |_, value| value["m"] == "yes",
        reason: "made wrong on purpose: a truth that is neither true nor false",
    },
    Exception {
        applies: |message, value| {
            message.at.contains("hummingbot") && value["e"] == "executionReport" && value["q"].is_null()
        },
        reason: "cut down to the fields that one test looks at",
    },
    Exception { applies: |message, _| is_rest_body(message), reason: "the body of a REST answer" },
    Exception {
        applies: |_, value| value.as_object().is_some_and(|o| o.len() == 2 && o.contains_key("openTime")),
        reason: "a fragment of an answer, shown to explain two of its fields",
    },
];

/// Hand-written bodies that stand among the messages of a test file.
fn is_rest_body(message: &Message) -> bool {
    let value: Value = serde_json::from_str(&message.text).unwrap();
    let known = ["e", "stream", "subscriptionId", "id", "result", "error", "u"];
    let named = |o: &serde_json::Map<String, Value>| known.iter().any(|key| o.contains_key(*key));
    let written = message.at.contains("hummingbot") || message.at.contains("barter");
    // Rows of trades have an id of their own.
    let row = |o: &serde_json::Map<String, Value>| o.contains_key("orderListId") || o.contains_key("orderId");
    written && (value.as_array().is_some() || value.as_object().is_some_and(|o| !named(o) || row(o)))
}

fn has_placeholder_time(value: &Value) -> bool {
    let of = |value: &Value| ["E", "T"].iter().any(|key| value[*key].as_i64().is_some_and(|ms| ms < 1_000_000_000_000));
    of(value) || of(&value["data"])
}

/// What stands where the source has an expression.
fn substituted(key: &str, value: Value) -> Value {
    match value {
        Value::String(text) if text.starts_with('<') && text.contains('>') => match key {
            "s" | "symbol" => Value::from("BTCUSDT"),
            "stream" => Value::from(format!("btcusdt@{}", text.split('@').nth(1).unwrap_or_default())),
            "S" => Value::from("BUY"),
            "o" => Value::from("LIMIT"),
            "i" => Value::from(8_886_774),
            "q" | "l" | "z" => Value::from("1"),
            "p" | "L" | "n" => Value::from("10000"),
            _ => Value::from("USDT"),
        },
        Value::Object(map) => Value::Object(map.into_iter().map(|(k, v)| (k.clone(), substituted(&k, v))).collect()),
        Value::Array(all) => Value::Array(all.into_iter().map(|v| substituted(key, v)).collect()),
        other => other,
    }
}

fn product_of(folder: &str, path: &str) -> Product {
    match folder {
        "binance_usdm" => Product::Linear,
        "binance_coinm" => Product::Inverse,
        _ if path.contains("futures") || path.contains("perpetual") => Product::Linear,
        _ => Product::Spot,
    }
}

/// The messages of one file; requests that we would send are none.
fn messages(folder: &str, path: &Path) -> Vec<Message> {
    let (file, body) = (name(path), text(path));
    let message = |at: String, product, text: String| Message { at, product, text };
    if file.ends_with(".jsonl.gz") {
        let rows = body.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let received = rows.enumerate().filter(|(_, row)| row["dir"] == "received");
        return received
            .map(|(n, row)| {
                message(format!("{folder}/{file}:{n}"), product_of(folder, ""), row["raw"].as_str().unwrap().to_owned())
            })
            .collect();
    }
    let value: Value = serde_json::from_str(&body).unwrap();
    let Value::Array(rows) = value else {
        return vec![message(format!("{folder}/{file}"), product_of(folder, &file), body)];
    };
    let rows = rows.into_iter().enumerate().filter(|(_, row)| row["message"]["method"].is_null());
    rows.filter_map(|(n, row)| {
        let path = row["path"].as_str().unwrap_or_default();
        let at = format!("{folder}/{file}:{n} {path} {} {}", row["function"], row["section"]);
        // The drafts of requests in a test of signing are none of the venue's messages.
        if path.contains("test_binance_auth") {
            return None;
        }
        let text = match row["raw"].as_str() {
            Some(raw) => raw.to_owned(),
            None => substituted("", row["message"].clone()).to_string(),
        };
        Some(message(at, product_of(folder, path), text))
    })
    .collect()
}

fn markets() -> Markets {
    let named = |product, symbol: &str, base: &str, quote: &str, settle| {
        Instrument::named(product, symbol, base, quote, settle)
    };
    Markets::new([
        named(Product::Spot, "BTCUSDT", "BTC", "USDT", None),
        named(Product::Spot, "NKNUSDT", "NKN", "USDT", None),
        named(Product::Linear, "BTCUSDT", "BTC", "USDT", Some("USDT")),
        named(Product::Linear, "SUSHIUSDT", "SUSHI", "USDT", Some("USDT")),
        named(Product::Inverse, "BTCUSD_PERP", "BTC", "USD", Some("BTC")),
        named(Product::Inverse, "LINKUSD_PERP", "LINK", "USD", Some("LINK")),
    ])
}

/// What a message tells, on whichever of the two channels it belongs to.
fn read(message: &Message, markets: &Markets) -> Result<Vec<Event>, [ReadFault; 2]> {
    let public = Binance.read(Channel::Public(message.product), &message.text, markets);
    let private = Binance.read(Channel::Private(message.product), &message.text, markets);
    match (public, private) {
        (Ok(public), Ok(private)) => {
            let both = [Event::Reconnect("the server shuts down".to_owned())];
            let answer = public.iter().all(|e| matches!(e, Event::Accepted(_) | Event::Refused(_) | Event::Ignored(_)));
            assert!(public == private && (answer || public == both), "{}: two channels tell it", message.at);
            Ok(public)
        }
        (Ok(events), Err(_)) | (Err(_), Ok(events)) => Ok(events),
        (Err(public), Err(private)) => Err([public, private]),
    }
}

/// What is certain about an event, told from the message without the adapter.
fn check(event: &Event, value: &Value, at: &str) {
    let decimal = |value: &Value| value.as_str().unwrap().parse::<Decimal>().unwrap();
    match event {
        Event::Trade(trade) => {
            assert_eq!(
                (trade.price.value(), trade.quantity.value()),
                (decimal(&value["p"]).normalize(), decimal(&value["q"]).normalize()),
                "{at}"
            );
            let side = if value["m"] == true { Side::Sell } else { Side::Buy };
            assert_eq!((trade.side, trade.at.ms()), (Some(side), value["T"].as_i64().unwrap()), "{at}");
        }
        Event::Book(update) if !update.snapshot => {
            assert_eq!(
                (update.first, update.last, update.previous),
                (value["U"].as_u64(), value["u"].as_u64(), value["pu"].as_u64()),
                "{at}"
            );
            for (ours, theirs) in [(&update.bids, &value["b"]), (&update.asks, &value["a"])] {
                let theirs: Vec<_> =
                    theirs.as_array().unwrap().iter().map(|l| (decimal(&l[0]), decimal(&l[1]))).collect();
                assert_eq!(ours, &theirs, "{at}");
            }
        }
        Event::Bar { bar, closed, .. } => {
            let k = &value["k"];
            assert_eq!((bar.close.value(), *closed), (decimal(&k["c"]).normalize(), k["x"] == true), "{at}");
        }
        Event::Order(report) => {
            let row = if value["o"].is_object() { &value["o"] } else { value };
            let id = row["i"].as_u64().or(row["aid"].as_u64()).unwrap().to_string();
            assert_eq!(report.id.as_deref(), Some(id.as_str()), "{at}");
            if let Some(filled) = report.filled {
                assert_eq!(filled.value(), decimal(&row["z"]).normalize(), "{at}");
            }
        }
        Event::Fill(fill) => {
            let row = if value["o"].is_object() { &value["o"] } else { value };
            assert_eq!(
                (fill.quantity.value(), fill.price.value()),
                (decimal(&row["l"]).normalize(), decimal(&row["L"]).normalize()),
                "{at}"
            );
            assert_eq!(fill.id, row["t"].as_u64().unwrap().to_string(), "{at}");
        }
        Event::Book(_) | Event::Ticker(_) | Event::Funding(_) | Event::Balances(_) | Event::Position(_) => {}
        Event::Accepted(_)
        | Event::Refused(_)
        | Event::Heartbeat
        | Event::Answer(_)
        | Event::Reconnect(_)
        | Event::Ignored(_) => {}
    }
}

/// What is inside of the envelopes.
fn inner(value: &Value) -> &Value {
    match (value.get("data"), value.get("event")) {
        (Some(data), _) if value.get("stream").is_some() => data,
        (_, Some(event)) if value.get("subscriptionId").is_some() => event,
        _ => value,
    }
}

#[test]
fn every_message_is_read_or_stands_in_the_table() {
    let Some(folder) = folder("") else { return };
    let (markets, mut used, mut seen) = (markets(), BTreeSet::new(), BTreeMap::<String, usize>::new());
    let mut unread = Vec::new();
    for sub in ["binance", "binance_usdm", "binance_coinm"] {
        for path in files(&folder.join("ws").join(sub)).iter().filter(|path| !name(path).contains(".http.")) {
            for mut message in messages(sub, path) {
                let value: Value = serde_json::from_str(&message.text).unwrap();
                // The documents show what a partial book's stream holds without the envelope that names its market.
                if value["lastUpdateId"].is_u64() && message.at.contains("official_docs") {
                    message.text = format!(r#"{{"stream":"bnbbtc@depth5@100ms","data":{value}}}"#);
                }
                let exception = EXCEPTIONS.iter().position(|e| (e.applies)(&message, &value));
                match (read(&message, &markets), exception) {
                    (Ok(events), None) => {
                        assert!(!events.is_empty(), "{}: nothing is told", message.at);
                        for event in &events {
                            check(event, inner(&value), &message.at);
                            *seen.entry(kind(event)).or_default() += 1;
                        }
                    }
                    (Err(_), Some(which)) => {
                        used.insert(which);
                    }
                    (Ok(_), Some(which)) => panic!("{}: read, though {}", message.at, EXCEPTIONS[which].reason),
                    (Err(faults), None) => unread.push(format!("{}: {faults:?}", message.at)),
                }
            }
        }
    }
    println!("{seen:#?}");
    assert!(unread.is_empty(), "{} messages are not read:\n{}", unread.len(), unread.join("\n"));
    for (which, exception) in EXCEPTIONS.iter().enumerate() {
        assert!(used.contains(&which), "no message needs the exception {:?}", exception.reason);
    }
    for kind in [
        "Trade",
        "Ticker",
        "Book",
        "Bar",
        "Funding",
        "Order",
        "Fill",
        "Balances",
        "Position",
        "Accepted",
        "Refused",
        "Reconnect",
    ] {
        assert!(seen.contains_key(kind), "no message tells of {kind}");
    }
}

fn kind(event: &Event) -> String {
    match event {
        Event::Ignored(why) => format!("Ignored: {why}"),
        other => format!("{other:?}").split([' ', '(', '{']).next().unwrap_or_default().to_owned(),
    }
}
