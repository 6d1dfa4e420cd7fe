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

use crate::support::{files, name, test_data, text};
use rust_decimal::Decimal;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use venue::binance::Binance;
use venue::protocol::book::{Applied, Book, BookUpdate};
use venue::protocol::model::{Side, Ticker};
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
    let Some(folder) = test_data("ws_binance") else { return };
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

/// One market's recorded session, in order of receipt.
#[derive(Default)]
struct Session {
    steps: Vec<Step>,
}

enum Step {
    Update(BookUpdate),
    /// The venue's number of the state, and its best quote then.
    Quote(u64, Ticker),
}

/// The snapshot a REST server gave, as an update of the book.
fn snapshot(market: &str, value: &Value) -> BookUpdate {
    let decimal = |value: &Value| value.as_str().unwrap().parse::<Decimal>().unwrap();
    let side = |key: &str| value[key].as_array().unwrap().iter().map(|l| (decimal(&l[0]), decimal(&l[1]))).collect();
    BookUpdate {
        market: market.to_owned(),
        snapshot: true,
        last: value["lastUpdateId"].as_u64(),
        bids: side("bids"),
        asks: side("asks"),
        ..BookUpdate::default()
    }
}

/// Adds what a frame tells to the sessions of its markets.
fn add(sessions: &mut BTreeMap<String, Session>, product: Product, frame: &str, markets: &Markets) {
    for event in Binance.read(Channel::Public(product), frame, markets).unwrap_or_else(|e| panic!("{e}: {frame}")) {
        let (market, step) = match event {
            Event::Book(update) => (update.market.clone(), Step::Update(update)),
            Event::Ticker(ticker) => {
                let (_, number) = frame.split_once("\"u\":").unwrap();
                let digits = number.split(|c: char| !c.is_ascii_digit()).next().unwrap();
                (ticker.market.clone(), Step::Quote(digits.parse().unwrap(), ticker))
            }
            _ => continue,
        };
        sessions.entry(market).or_default().steps.push(step);
    }
}

/// The snapshot and deltas of a session.
fn updates(session: &Session) -> impl Iterator<Item = &BookUpdate> {
    session.steps.iter().filter_map(|step| match step {
        Step::Update(update) => Some(update),
        Step::Quote(..) => None,
    })
}

/// What a replay met.
#[derive(Debug, Default)]
struct Replayed {
    deltas: usize,
    dropped: usize,
    dropped_early: usize,
    quotes: usize,
    other_quotes: usize,
}

/// Replays a session; at every `stride`-th delta also one where that delta is left out, repeated, or swapped with the next.
fn replay(product: Product, market: &str, session: &Session, stride: usize) -> Replayed {
    let mut book = Book::new(market, Binance.book_rule(product));
    let mut replayed = Replayed { dropped_early: drop_early(product, market, session), ..Replayed::default() };
    let mut quotes: BTreeMap<u64, &Ticker> = BTreeMap::new();
    let updates: Vec<&BookUpdate> = updates(session).collect();
    for step in &session.steps {
        if let Step::Quote(number, ticker) = step {
            quotes.insert(*number, ticker);
        }
    }
    for (n, update) in updates.iter().enumerate() {
        let before = book.clone();
        let applied = book.apply(update).unwrap_or_else(|gap| panic!("{market}, delta {n}: {gap}"));
        if applied != Applied::Changed || update.snapshot {
            continue;
        }
        replayed.deltas += 1;
        if let Some(next) = updates.get(n + 1).filter(|next| !next.snapshot && n % stride == 0) {
            let mut dropped = before.clone();
            assert!(dropped.apply(next).is_err(), "{market}: delta {n} was left out, and nobody noticed");
            assert!(!dropped.is_live() && dropped.bids().count() == 0, "{market}: a book with a gap is still shown");
            assert_eq!(dropped.apply(update), Ok(Applied::Waiting), "{market}: only a snapshot mends a gap");
            let mut repeated = book.clone();
            assert!(repeated.apply(update).is_err(), "{market}: delta {n} came twice, and nobody noticed");
            if let Some(third) = updates.get(n + 2).filter(|third| !third.snapshot) {
                let mut two = before.clone();
                assert!(two.apply(third).is_err(), "{market}: two deltas behind {n} were left out, and nobody noticed");
            }
            replayed.dropped += 1;
        }
        let (bid, ask) = (book.bids().next(), book.asks().next());
        if let (Some(bid), Some(ask)) = (bid, ask) {
            assert!(bid.0 < ask.0, "{market}, delta {n}: crossed");
        }
        let (quotes, other) = compared(&book, &quotes);
        replayed.quotes += quotes;
        replayed.other_quotes += other;
    }
    // Three of 47,000 quotes are missing in the recordings: then an older one is all there is to compare with.
    assert!(replayed.other_quotes <= 2, "{market}: {replayed:?}");
    replayed
}

/// Leaves out each delta that came before a snapshot without being contained in it; says how many there were.
fn drop_early(product: Product, market: &str, session: &Session) -> usize {
    let updates: Vec<&BookUpdate> = updates(session).collect();
    let Some(start) = updates.iter().position(|update| update.snapshot) else { return 0 };
    let needed = (0..start).filter(|n| updates[*n].last > updates[start].last);
    let tried = needed.map(|left_out| {
        let mut book = Book::new(market, Binance.book_rule(product));
        let rest = updates.iter().take(start + 2).enumerate().filter(|(n, _)| *n != left_out);
        let noticed = rest.map(|(_, update)| book.apply(update)).any(|applied| applied.is_err());
        assert!(noticed, "{market}: delta {left_out}, which the snapshot lacks, was left out, and nobody noticed");
    });
    tried.count()
}

/// Whether there is a best quote of this very state told by the venue, and whether the book has another.
fn compared(book: &Book, quotes: &BTreeMap<u64, &Ticker>) -> (usize, usize) {
    let number = book.sequence().unwrap();
    let Some((_, quote)) = quotes.range(..=number).next_back() else { return (0, 0) };
    let ours = (
        book.bids().next().map(|b| (b.0.normalize(), b.1.normalize())),
        book.asks().next().map(|a| (a.0.normalize(), a.1.normalize())),
    );
    let theirs = (quote.bid.zip(quote.bid_quantity), quote.ask.zip(quote.ask_quantity));
    (1, usize::from(ours != theirs))
}

#[test]
fn recorded_sessions_are_replayed_without_a_gap_and_a_dropped_delta_is_noticed() {
    let Some(folder) = test_data("ws_binance") else { return };
    let markets = markets();
    for (sub, file, product) in [
        ("binance", "BINANCE", Product::Spot),
        ("binance_usdm", "BINANCE_FUTURES", Product::Linear),
        ("binance_coinm", "BINANCE_DELIVERY", Product::Inverse),
    ] {
        let folder = folder.join("ws").join(sub);
        let mut sessions = BTreeMap::new();
        let row = |line: &str| serde_json::from_str::<Value>(line).unwrap();
        let frames = text(&folder.join(format!("cryptofeed__{file}.ws.1.0.jsonl.gz")));
        let snapshots = text(&folder.join(format!("cryptofeed__{file}.http.0.0.jsonl.gz")));
        let mut rows: Vec<Value> = frames.lines().chain(snapshots.lines()).map(row).collect();
        rows.sort_by(|a, b| a["t"].as_f64().unwrap().total_cmp(&b["t"].as_f64().unwrap()));
        let levels = typical_prices(&rows);
        for row in &rows {
            let raw = row["raw"].as_str().unwrap_or_default();
            if row["dir"] == "received" {
                add(&mut sessions, product, raw, &markets);
            } else if row["dir"] == "http_response" {
                let value: Value = serde_json::from_str(raw).unwrap();
                let symbol = value["symbol"].as_str().map_or_else(|| nearest(&levels, &value), str::to_owned);
                let market = markets.name_of(&symbol, &[product]);
                let update = snapshot(&market, &value);
                sessions.entry(market).or_default().steps.push(Step::Update(update));
            }
        }
        for (market, session) in &sessions {
            let snapshots = session.steps.iter().filter(|s| matches!(s, Step::Update(u) if u.snapshot)).count();
            let replayed = replay(product, market, session, 1);
            println!("{sub} {market}: {snapshots} snapshots, {replayed:?}");
            assert!(snapshots == 0 || replayed.deltas > 0, "{sub} {market}: nothing was replayed");
        }
        assert!(!sessions.is_empty());
    }
}

/// A price of each symbol: spot's and USD-M's snapshots don't say which market they are of.
fn typical_prices(rows: &[Value]) -> BTreeMap<String, f64> {
    let mut prices = BTreeMap::new();
    for row in rows.iter().filter(|row| row["dir"] == "received") {
        let value: Value = serde_json::from_str(row["raw"].as_str().unwrap()).unwrap();
        let data = &value["data"];
        let level = [&data["b"], &data["b"][0][0], &data["a"][0][0]].into_iter().find_map(Value::as_str);
        if let (Some(price), Some(symbol)) = (level, data["s"].as_str()) {
            prices.entry(symbol.to_owned()).or_insert_with(|| price.parse().unwrap());
        }
    }
    prices
}

fn nearest(prices: &BTreeMap<String, f64>, snapshot: &Value) -> String {
    let bid: f64 = snapshot["bids"][0][0].as_str().unwrap().parse().unwrap();
    let distance = |price: f64| (price / bid).ln().abs();
    let nearest = prices.iter().min_by(|a, b| distance(*a.1).total_cmp(&distance(*b.1)));
    nearest.map(|(symbol, _)| symbol.clone()).unwrap()
}

#[test]
fn five_minutes_of_bitcoin_are_replayed_without_a_gap_and_a_dropped_delta_is_noticed() {
    let Some(folder) = test_data("ws_binance") else { return };
    let (markets, folder) = (markets(), folder.join("market/l2"));
    for (files, product, market, stride) in [
        // The second file begins with the delta behind the last one of the first.
        (&["binance-spot_BTCUSDT_20240808.gz", "binance-spot_BTCUSDT_20240809.gz"][..], Product::Spot, "BTC/USDT", 6),
        (&["binance-usdm_BTCUSDT_20240808.gz"], Product::Linear, "BTC/USDT:USDT", 6),
        (&["binance-coinm_BTCUSD_PERP_20240808.gz"], Product::Inverse, "BTC/USD:BTC", 25),
    ] {
        let (mut sessions, mut trades) = (BTreeMap::new(), 0);
        for file in files {
            for line in text(&folder.join(file)).lines() {
                let (_, frame) = line.split_once(' ').unwrap();
                if frame.starts_with("{\"stream\"") {
                    add(&mut sessions, product, frame, &markets);
                    trades += usize::from(frame.contains("@trade\""));
                } else {
                    let update = snapshot(market, &serde_json::from_str(frame).unwrap());
                    sessions.entry(market.to_owned()).or_default().steps.push(Step::Update(update));
                }
            }
        }
        let replayed = replay(product, market, &sessions[market], stride);
        println!("{market}: {trades} trades, {replayed:?}");
        assert!(sessions.len() == 1 && replayed.deltas > 6_000 && replayed.dropped > 1_000, "{replayed:?}");
        assert!(replayed.dropped_early > 0, "{market}: no delta came before the snapshot");
    }
}
