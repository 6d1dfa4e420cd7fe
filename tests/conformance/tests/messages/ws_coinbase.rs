//! Every quoted message of Coinbase Advanced Trade is read, or stands in a table with the reason why not; frames are
//! counted over a whole connection, and a dropped one is noticed.

use crate::support::{files, filled_in, folder, messages, read_or_listed, text};
use serde_json::Value;
use venue::coinbase::Coinbase;
use venue::protocol::book::Book;
use venue::protocol::call::{BarPrice, Wallet};
use venue::protocol::stream::{Channel, Event};
use venue::protocol::{
    Ask, BarQuery, CallError, HistoryQuery, Instrument, Markets, MarketsQuery, OrderRef, Product, Protocol, Range,
    Reply, Scope, Streams,
};

/// Messages that are not read, by file and place, and why.
const NOT_READ: &[(&str, &str)] = &[
    ("hummingbot__test_messages.json#6", "one row of an answer, without the answer around it"),
    ("hummingbot__test_messages.json#7", "one row of an answer, without the answer around it"),
    ("hummingbot__test_messages.json#11", "a variable stands for the side that is none"),
];

fn spot() -> Instrument {
    Instrument::named(Product::Spot, "BTC-USD", "BTC", "USD", None)
}

fn markets() -> Markets {
    Markets::new([spot(), Instrument::named(Product::Linear, "BIP-20DEC30-CDE", "BTC", "USD", Some("USD"))])
}

/// What stands for a variable of the test the message was taken from.
fn stand_in(expression: &str) -> &'static str {
    let has = |part: &str| expression.contains(part);
    if has("order_type") {
        "LIMIT"
    } else if has("trade_type") {
        "BUY"
    } else if has("_id") {
        "order-1"
    } else if has("pair") || has("symbol") {
        "BTC-USD"
    } else if has("base_asset") {
        "BTC"
    } else if has("quote_asset") {
        "USD"
    } else {
        "1"
    }
}

type Outcome = Result<(), String>;

fn asked<T>(built: Result<Ask<T>, CallError>, text: &str) -> Outcome {
    let ask = built.map_err(|e| e.to_string())?;
    ask.read(&Reply::new(200, text), &markets()).map(|_| ()).map_err(|e| e.to_string())
}

/// A REST answer, by what it looks like.
fn answer(value: &Value, text: &str) -> Outcome {
    let scope = Scope::default();
    let has = |key: &str| value.get(key).is_some();
    if has("accounts") {
        asked(Coinbase.accounts(&scope), text)?;
        return asked(Coinbase.balances(&scope), text);
    }
    if has("candles") {
        let query = BarQuery { interval: "1h".parse().unwrap(), range: Range::default(), price: BarPrice::Trade };
        return asked(Coinbase.bars(&spot(), &query, &scope), text);
    }
    if has("balance_summary") {
        let scope = Scope { wallet: Some(Wallet::Linear), ..scope };
        return asked(Coinbase.balances(&scope), text);
    }
    if has("position") {
        let market = markets().get("BTC/USD:USD").cloned().unwrap();
        return asked(Coinbase.position(&market, &scope), text);
    }
    if has("fills") {
        return asked(Coinbase.own_trades(&HistoryQuery::default()), text);
    }
    if let Some(order) = value.get("order") {
        let id = order["order_id"].as_str().map(str::to_owned);
        return asked(Coinbase.order(&OrderRef { id, ..OrderRef::default() }), text);
    }
    if has("pricebook") {
        return asked(Coinbase.order_book(&spot(), None, &scope), text);
    }
    if has("products") {
        asked(Coinbase.instruments(Product::Spot), text)?;
        return asked(Coinbase.tickers(&MarketsQuery::default()), text);
    }
    if has("product_id") {
        return asked(Coinbase.tickers(&MarketsQuery::default()), &format!("{{\"products\":[{text}]}}"));
    }
    if has("trades") {
        asked(Coinbase.ticker(&spot(), &scope), text)?;
        return asked(Coinbase.trades(&spot(), &Range::default(), &scope), text);
    }
    Err("no question has such an answer".to_owned())
}

fn read(text: &str) -> Outcome {
    let value: Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
    if value.get("channel").is_none() {
        // A row alone has an id of its own, and is in the table.
        return if value.get("entry_id").is_some() { Err("a row alone".to_owned()) } else { answer(&value, text) };
    }
    let events = Coinbase.read(Channel::Public(Product::Spot), text, &markets()).map_err(|e| e.to_string())?;
    if events.is_empty() { Err("it tells nothing".to_owned()) } else { Ok(()) }
}

#[test]
fn every_message_is_read_or_has_a_reason() {
    let (Some(ws), Some(rest)) = (folder("ws/coinbase"), folder("rest/coinbase")) else { return };
    let paths = files(&ws).into_iter().chain(files(&rest));
    let fill = |text: &str| filled_in(text, ">\"", stand_in);
    let reason = |name: &str| NOT_READ.iter().find(|(entry, _)| *entry == name).map(|(_, reason)| *reason);
    let seen = read_or_listed(paths.flat_map(|path| messages(&path, fill)), reason, |_, text| read(text));
    assert!(seen >= 20, "only {seen} messages");
}

/// Whether a frame is missing among those of a connection.
fn gap(frames: &[String]) -> bool {
    let numbers: Vec<u64> = frames.iter().filter_map(|frame| Coinbase.sequence(frame)).collect();
    assert_eq!(numbers.len(), frames.len(), "every frame is counted");
    numbers.windows(2).any(|pair| pair[1] != pair[0] + 1)
}

#[test]
fn a_book_is_kept_and_a_dropped_frame_is_noticed_whatever_its_channel() {
    let Some(folder) = folder("ws/coinbase") else { return };
    let file = |name: &str| text(&folder.join(name));
    let (snapshot, update) = (file("nautilus__ws_l2_data_snapshot.json"), file("nautilus__ws_l2_data_update.json"));
    let mut book = Book::new("BTC/USD", Coinbase.book_rule(Product::Spot));
    for frame in [&snapshot, &update] {
        for event in Coinbase.read(Channel::Public(Product::Spot), frame, &markets()).unwrap() {
            let Event::Book(update) = event else { panic!("{event:?}") };
            book.apply(&update).unwrap();
        }
    }
    let (bid, ask) = (book.bids().next().unwrap(), book.asks().next().unwrap());
    assert_eq!((bid.0.to_string(), bid.1.normalize().to_string()), ("68900.00".to_owned(), "2".to_owned()));
    assert_eq!(ask.0.to_string(), "68901.50", "the level at 68901.00 was taken away");
    let heartbeat = |n: u64| format!(r#"{{"channel":"heartbeats","timestamp":"","sequence_num":{n},"events":[]}}"#);
    let numbered = |n: u64| update.replace("\"sequence_num\": 1", &format!("\"sequence_num\": {n}"));
    let frames = vec![snapshot, update.clone(), heartbeat(2), numbered(3), numbered(4), heartbeat(5), numbered(6)];
    assert!(!gap(&frames));
    for dropped in 1..frames.len() - 1 {
        let rest: Vec<String> =
            frames.iter().enumerate().filter(|(at, _)| *at != dropped).map(|(_, frame)| frame.clone()).collect();
        assert!(gap(&rest), "the frame at {dropped} was dropped and nobody noticed");
    }
}
