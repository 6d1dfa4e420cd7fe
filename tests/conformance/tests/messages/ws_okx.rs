//! OKX's streams: every sample message is read, or listed here with a reason; recorded books are replayed, and a delta
//! that is dropped is noticed.

use crate::support::{files, folder, name, text};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use venue::okx::Okx;
use venue::protocol::book::{Applied, Book, BookUpdate, WireLevel};
use venue::protocol::stream::{Channel, Event, Streams};
use venue::protocol::{Markets, Product};

/// A message that comes in.
struct Message {
    /// Its file and its place in it.
    from: String,
    frame: String,
}

/// Messages that are not read, each with its reason.
const NOT_READ: [(&str, &str); 2] = [
    ("nautilus__ws_opt_summary.json", "rows of options without the frame around them"),
    ("push_data_mock_message", "a placeholder: the venue has no channel \"some-channel\""),
];

/// What the desk has no use for.
const OF_NO_USE: [&str; 4] =
    ["the price of an index", "instruments, which are asked for instead", "spreads", "options"];

/// A placeholder's stand-in, by the name of its field.
fn filled(field: &str) -> &'static str {
    match field {
        "instId" | "uly" => "BTC-USDT",
        "ccy" | "feeCcy" | "fillFeeCcy" | "baseCcy" | "quoteCcy" | "settleCcy" => "BTC",
        "side" => "buy",
        "posSide" => "long",
        "ordType" => "limit",
        "sCode" => "0",
        // More than the 323 that the hand-written orders are filled with.
        "sz" => "1000",
        _ => "1",
    }
}

fn substituted(field: &str, value: &Value) -> Value {
    match value {
        Value::String(text) if text.starts_with('<') => Value::String(filled(field).to_owned()),
        Value::Array(rows) => Value::Array(rows.iter().map(|row| substituted(field, row)).collect()),
        Value::Object(map) => Value::Object(map.iter().map(|(k, v)| (k.clone(), substituted(k, v))).collect()),
        other => other.clone(),
    }
}

/// The messages of a file. What we would send is none, nor is an answer of the REST server.
fn messages(path: &Path) -> Vec<Message> {
    let (file, text) = (name(path), text(path));
    if file.contains(".jsonl") {
        let rows = text.lines().enumerate().map(|(at, line)| (at, serde_json::from_str::<Value>(line).unwrap()));
        let received = rows.filter(|(_, row)| row["dir"] == "received");
        return received
            .map(|(at, row)| Message { from: format!("{file}:{at}"), frame: row["raw"].as_str().unwrap().to_owned() })
            .collect();
    }
    let all: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{file}: {e}"));
    let Some(rows) = all.as_array().filter(|rows| rows.iter().all(|row| row.get("path").is_some())) else {
        return vec![Message { from: file, frame: text.trim().to_owned() }];
    };
    let mut messages = Vec::new();
    for row in rows {
        let from = format!("{file} {} {}", row["path"].as_str().unwrap(), row["function"].as_str().unwrap_or_default());
        if let Some(raw) = row["raw"].as_str() {
            messages.push(Message { from, frame: raw.to_owned() });
        } else if row["message"].get("code").is_none() {
            messages.push(Message { from, frame: substituted("", &row["message"]).to_string() });
        }
    }
    messages
}

fn read(frame: &str) -> Result<Vec<Event>, String> {
    let channel = Channel::Public(Product::Spot);
    Okx.read(channel, frame, &Markets::default()).map_err(|e| e.to_string())
}

#[test]
fn every_message_is_read_or_listed_with_its_reason() {
    let Some(folder) = folder("") else { return };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut failed = Vec::new();
    let mut listed = [0_usize; NOT_READ.len()];
    for message in files(&folder.join("ws/okx")).iter().flat_map(|path| messages(path)) {
        let exception = NOT_READ.iter().position(|(part, _)| message.from.contains(part));
        match (read(&message.frame), exception) {
            (Ok(events), None) => {
                for event in &events {
                    if let Event::Ignored(what) = event {
                        assert!(OF_NO_USE.contains(what), "{}: {what}", message.from);
                    }
                    let kind = format!("{event:?}");
                    let kind: String = kind.chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
                    *counts.entry(kind).or_default() += 1;
                }
            }
            (Err(_), Some(at)) => listed[at] += 1,
            (Ok(_), Some(_)) => failed.push(format!("{}: it is read, and need not be listed", message.from)),
            (Err(fault), None) => failed.push(format!("{}: {fault}", message.from)),
        }
    }
    println!("read: {counts:?}; listed: {listed:?}");
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(listed.iter().all(|count| *count > 0), "a listed message is gone: {listed:?}");
    for kind in ["Trade", "Ticker", "Book", "Bar", "Order", "Fill", "Balances", "Funding", "Accepted"] {
        assert!(counts.contains_key(kind), "no {kind} among {counts:?}");
    }
}

#[test]
fn a_frame_that_was_cut_is_a_fault_and_never_half_believed() {
    let Some(folder) = folder("") else { return };
    let mut tried = 0;
    for message in files(&folder.join("ws/okx")).iter().flat_map(|path| messages(path)) {
        let frame = message.frame.trim();
        let step = (frame.len() / 17).max(1);
        for at in (0..frame.len()).step_by(step).filter(|at| frame.is_char_boundary(*at)) {
            tried += 1;
            assert!(read(&frame[..at]).is_err(), "{}, cut at {at}", message.from);
        }
    }
    println!("{tried} cut frames refused");
    assert!(tried > 1000);
}

/// The updates of each recorded book.
fn recorded(folder: &Path) -> BTreeMap<String, Vec<BookUpdate>> {
    let mut books: BTreeMap<String, Vec<BookUpdate>> = BTreeMap::new();
    for path in files(&folder.join("ws/okx")).iter().filter(|path| name(path).contains(".jsonl")) {
        for message in messages(path) {
            for event in read(&message.frame).unwrap() {
                if let Event::Book(update) = event {
                    books.entry(format!("{} {}", name(path), update.market)).or_default().push(update);
                }
            }
        }
    }
    books
}

fn book() -> Book {
    Book::new("replayed", Okx.book_rule(Product::Spot))
}

/// The levels that the checksum covers.
fn top(book: &Book) -> [Vec<WireLevel>; 2] {
    [book.bids().take(25).collect(), book.asks().take(25).collect()]
}

#[test]
fn recorded_books_have_the_venues_checksums_and_never_cross() {
    let Some(folder) = folder("") else { return };
    let books = recorded(&folder);
    assert!(!books.is_empty());
    for (name, updates) in &books {
        let mut book = book();
        let applied = updates.iter().map(|update| {
            assert!(update.checksum.is_some(), "{name}: a message without its checksum");
            book.apply(update).unwrap_or_else(|gap| panic!("{name}: {gap}"))
        });
        let changed = applied.filter(|applied| *applied == Applied::Changed).count();
        println!("{name}: {changed} messages, checksums met");
        assert_eq!(changed, updates.len());
    }
}

#[test]
fn a_dropped_delta_is_noticed_by_the_checksum_unless_it_makes_no_difference() {
    let Some(folder) = folder("") else { return };
    let (mut dropped, mut noticed) = (0, 0);
    for (name, updates) in &recorded(&folder) {
        let mut whole = book();
        for update in updates {
            whole.apply(update).unwrap();
        }
        for gone in 1..updates.len().saturating_sub(1) {
            let mut book = book();
            let rest = updates.iter().enumerate().filter(|(at, _)| *at != gone).map(|(_, update)| update);
            let gap = rest.map(|update| book.apply(update)).any(|applied| applied.is_err());
            dropped += 1;
            noticed += usize::from(gap);
            // Below the levels the checksum covers a difference can last; at the levels it covers, none does.
            assert!(gap || top(&book) == top(&whole), "{name}: message {gone} was not missed");
        }
    }
    println!(
        "{noticed} of {dropped} dropped deltas were noticed by the checksum; the others made no difference in its levels"
    );
    assert!(dropped > 50 && noticed * 10 >= dropped * 9, "{noticed} of {dropped}");
}

#[test]
fn a_dropped_delta_is_always_noticed_by_its_number() {
    let Some(folder) = folder("") else { return };
    for (name, updates) in &recorded(&folder) {
        // As the venue sends them today: numbered and linked, without a checksum.
        let numbered: Vec<BookUpdate> = (1_000_u64..)
            .step_by(3)
            .zip(updates)
            .map(|(number, update)| BookUpdate {
                last: Some(number),
                previous: (!update.snapshot).then_some(number - 3),
                checksum: None,
                ..update.clone()
            })
            .collect();
        let mut whole = book();
        for update in &numbered {
            whole.apply(update).unwrap_or_else(|gap| panic!("{name}: {gap}"));
        }
        assert!(whole.bids().count() >= 25, "{name} is shallow");
        for gone in 1..numbered.len().saturating_sub(1) {
            let mut book = book();
            let before: Result<Vec<_>, _> = numbered[..gone].iter().map(|update| book.apply(update)).collect();
            assert!(before.is_ok());
            assert!(book.apply(&numbered[gone + 1]).is_err(), "{name}: message {gone} was not missed");
            assert!(!book.is_live(), "after a gap the book waits for a snapshot");
        }
    }
}
