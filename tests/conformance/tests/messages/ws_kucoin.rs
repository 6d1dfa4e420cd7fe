//! Reads every message of KuCoin that the test data has, and replays its recorded session through the order book.

use crate::support::{files, folder, text};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use venue::kucoin::{KuCoin, KuCoinFutures};
use venue::protocol::book::{Applied, Book, BookUpdate, Gap};
use venue::protocol::call::{OrderFilter, OrdersQuery, Scope};
use venue::protocol::stream::{Channel, Event};
use venue::protocol::{Instrument, Markets, MarketsQuery, OrderRef, Product, Protocol, Reply, Streams};

/// What is not read, and why.
const NOT_READ: [(&str, &str); 8] = [
    ("no-envelope", "hand-written without the code that every answer has: refused on purpose"),
    ("level1", "the best quotes of one spot market: an endpoint that is not asked, the ticker tells more"),
    ("placeholder", "a variable of the test that wrote it stands where a number belongs"),
    ("two-accounts", "balances of several currencies in one answer, which this endpoint never gives"),
    ("bare-page", "a page without its envelope, as no server sends it"),
    ("bare-contract", "a row of the list of contracts, outside of any answer"),
    ("contract-day", "the answer for one contract; all are asked for at once"),
    ("old-subject", "an event of the wallet without the type that all messages have"),
];

/// Sessions and quoted messages. Some test data has answers apart.
fn samples(folder: &Path) -> Vec<PathBuf> {
    let folders = ["ws/kucoin", "rest/kucoin"].map(|part| folder.join(part));
    folders.iter().filter(|folder| folder.is_dir()).flat_map(|folder| files(folder)).collect()
}

#[derive(serde::Deserialize)]
struct Line {
    t: f64,
    dir: String,
    #[serde(default)]
    raw: String,
    #[serde(default)]
    url: String,
}

fn lines(path: &Path) -> Vec<Line> {
    text(path).lines().filter(|line| !line.is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn spot() -> Instrument {
    Instrument::named(Product::Spot, "BTC-USDT", "BTC", "USDT", None)
}

fn contract() -> Instrument {
    Instrument::named(Product::Linear, "XBTUSDTM", "BTC", "USDT", Some("USDT"))
}

/// Reads a REST body by what it holds; `Err` names a row of [`NOT_READ`], or tells what went wrong.
fn rest(body: &str) -> Result<(), String> {
    let value: Value = serde_json::from_str(body).map_err(|e| e.to_string())?;
    let (reply, markets, scope) = (Reply::new(200, body), Markets::default(), Scope::default());
    let data = &value["data"];
    if value.get("code").is_none() {
        let refused = KuCoin.instruments(Product::Spot).unwrap().read(&reply, &markets).is_err();
        assert!(refused, "an answer without a code is believed: {body}");
        let bare = if value.get("items").is_some() { "bare-page" } else { "no-envelope" };
        return Err(if value.get("rootSymbol").is_some() { "bare-contract" } else { bare }.to_owned());
    }
    let first = if data.is_array() { &data[0] } else { data };
    let has = |name: &str| first.get(name).is_some();
    let words = |e: venue::protocol::ReadFault| e.to_string();
    if has("instanceServers") {
        let ask = KuCoin.token(Channel::Public(Product::Spot)).unwrap().unwrap();
        return ask.read(&reply, &markets).map(|_| ()).map_err(words);
    }
    if has("bids") {
        return KuCoin.order_book(&spot(), None, &scope).unwrap().read(&reply, &markets).map(|_| ()).map_err(words);
    }
    if has("bestAskSize") && has("time") && !has("symbol") {
        return Err("level1".to_owned());
    }
    if has("rootSymbol") && data.is_array() {
        let all = KuCoinFutures.instruments(Product::Linear).unwrap().read(&reply, &markets);
        let day = KuCoinFutures.tickers(&MarketsQuery::default()).unwrap().read(&reply, &markets);
        return all.map_err(words).and(day.map(|_| ()).map_err(words));
    }
    if has("rootSymbol") {
        return Err("contract-day".to_owned());
    }
    if has("baseCurrency") {
        return KuCoin.instruments(Product::Spot).unwrap().read(&reply, &markets).map(|_| ()).map_err(words);
    }
    if has("accountEquity") {
        if data.is_array() {
            return Err("two-accounts".to_owned());
        }
        return KuCoinFutures.balances(&scope).unwrap().read(&reply, &markets).map(|_| ()).map_err(words);
    }
    if has("holds") {
        return KuCoin.balances(&scope).unwrap().read(&reply, &markets).map(|_| ()).map_err(words);
    }
    if has("takerFeeRate") {
        let market = Instrument { name: first["symbol"].as_str().unwrap_or_default().to_owned(), ..spot() };
        return KuCoin.fee_rate(&market, &scope).unwrap().read(&reply, &markets).map(|_| ()).map_err(words);
    }
    if has("items") {
        let row = &data["items"][0];
        if row.get("tradeId").is_some() {
            let query = venue::protocol::HistoryQuery { instrument: Some(contract()), ..Default::default() };
            return KuCoin.own_trades(&query).unwrap().read(&reply, &markets).map(|_| ()).map_err(words);
        }
        let query = OrdersQuery { filter: OrderFilter::Open, ..OrdersQuery::default() };
        return KuCoin.orders(&query).unwrap().read(&reply, &markets).map(|_| ()).map_err(words);
    }
    if has("dealSize") {
        let order = OrderRef { id: Some("1".into()), instrument: Some(spot()), ..OrderRef::default() };
        return KuCoin.order(&order).unwrap().read(&reply, &markets).map(|_| ()).map_err(words);
    }
    if has("orderId") || has("cancelledOrderIds") {
        let order = OrderRef { id: Some("1".into()), instrument: Some(spot()), ..OrderRef::default() };
        return KuCoin.cancel(&order).unwrap().read(&reply, &markets).map(|_| ()).map_err(words);
    }
    Err(format!("nobody reads {body}"))
}

fn stream(text: &str) -> Result<Vec<Event>, String> {
    let private =
        text.contains("\"private\"") || text.contains("/contractAccount/") || text.contains("/contract/position");
    let channel = if private { Channel::Private(Product::Spot) } else { Channel::Public(Product::Spot) };
    KuCoin.read(channel, text, &Markets::default()).map_err(|e| e.to_string())
}

#[test]
fn every_recorded_message_is_read() {
    let Some(folder) = folder("") else { return };
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for path in samples(&folder).iter().filter(|path| path.extension().is_some_and(|ext| ext == "gz")) {
        for line in lines(path) {
            match line.dir.as_str() {
                "received" => {
                    let events = stream(&line.raw).unwrap_or_else(|e| panic!("{}: {e}: {}", path.display(), line.raw));
                    for event in events {
                        let name = match event {
                            Event::Trade(_) => "trades",
                            Event::Ticker(_) => "tickers",
                            Event::Book(_) => "deltas",
                            Event::Bar { .. } => "bars",
                            Event::Accepted(_) => "accepted",
                            Event::Heartbeat => "heartbeats",
                            other => panic!("{other:?} in a session of market data"),
                        };
                        *counts.entry(name).or_default() += 1;
                    }
                }
                "http_response" => {
                    rest(&line.raw).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
                    *counts.entry("answers").or_default() += 1;
                }
                "sent" | "connect" => {}
                other => panic!("a line of kind {other:?}"),
            }
        }
    }
    println!("{counts:?}");
    assert!(counts.values().sum::<usize>() > 0, "nothing was recorded");
}

/// What a variable of the test that wrote a message stands for.
fn filled(text: &str) -> String {
    let Some((before, rest)) = text.split_once('<') else { return text.to_owned() };
    let Some((name, behind)) = rest.split_once('>') else { return text.to_owned() };
    let lower = name.to_lowercase();
    let says = |part: &str| lower.contains(part);
    let value = match () {
        () if says("topic") => "/contractMarket/execution",
        () if says("trade_type") || says("side") => "buy",
        () if says("symbol") || says("pair") => "BTC-USDT",
        () if says("base_asset") => "BTC",
        () if says("quote_asset") => "USDT",
        () if says("price") => "10000",
        () if says("(ts)") => "1700000000000000000",
        () if says("id") => "abc",
        () => "1",
    };
    format!("{before}{value}{}", filled(behind))
}

fn fill(value: &mut Value) {
    match value {
        Value::String(text) => *text = filled(text),
        Value::Array(all) => all.iter_mut().for_each(fill),
        Value::Object(map) => map.values_mut().for_each(fill),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn every_documented_message_is_read_or_listed_with_its_reason() {
    let Some(folder) = folder("") else { return };
    let mut faults = Vec::new();
    for path in samples(&folder).iter().filter(|path| path.extension().is_some_and(|ext| ext == "json")) {
        let all: Vec<Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        for entry in all {
            let original = entry["message"].to_string();
            let mut message = entry["message"].clone();
            fill(&mut message);
            let text = message.to_string();
            let outcome = if message.get("topic").is_some()
                || message.get("type").is_some_and(Value::is_string)
                    && message.get("code").is_none()
                    && message.get("rootSymbol").is_none()
            {
                stream(&text).map(|_| ())
            } else {
                rest(&text)
            };
            let Err(why) = outcome else { continue };
            // A variable that stands for a number of unknown kind can't be filled in.
            let reason = if original.contains('<') && !NOT_READ.iter().any(|(name, _)| *name == why) {
                "placeholder"
            } else {
                &why
            };
            match NOT_READ.iter().find(|(name, _)| *name == reason) {
                Some((_, words)) => println!("not read: {} {}: {words} ({why})", entry["path"], entry["function"]),
                None => faults.push(format!("{} {}: {why}", entry["function"], entry["index"])),
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A recorded book: its snapshot, and its deltas in the order in which they came, each with its time.
struct Session {
    snapshot: (f64, BookUpdate),
    deltas: Vec<(f64, BookUpdate)>,
}

fn snapshot(line: &Line) -> Option<(String, BookUpdate)> {
    let symbol = line.url.split("orderbook/level2").nth(1)?.split("symbol=").nth(1)?.to_owned();
    let ask = KuCoin.order_book(&spot(), None, &Scope::default()).unwrap();
    let book = ask.read(&Reply::new(200, line.raw.as_bytes()), &Markets::default()).unwrap();
    let levels = |all: &[venue::protocol::model::Level]| {
        all.iter().map(|level| (level.price.value(), level.quantity.value())).collect::<Vec<_>>()
    };
    let (bids, asks) = (levels(&book.bids), levels(&book.asks));
    let update =
        BookUpdate { market: symbol.clone(), snapshot: true, last: book.sequence, bids, asks, ..BookUpdate::default() };
    Some((symbol, update))
}

fn sessions(folder: &Path) -> Vec<Session> {
    let mut deltas: BTreeMap<String, Vec<(f64, BookUpdate)>> = BTreeMap::new();
    let mut snapshots: BTreeMap<String, (f64, BookUpdate)> = BTreeMap::new();
    for path in samples(folder).iter().filter(|path| path.extension().is_some_and(|ext| ext == "gz")) {
        for line in lines(path) {
            if line.dir == "http_response" {
                if let Some((symbol, update)) = snapshot(&line) {
                    snapshots.insert(symbol, (line.t, update));
                }
            } else if line.dir == "received" {
                for event in stream(&line.raw).unwrap() {
                    if let Event::Book(update) = event {
                        deltas.entry(update.market.clone()).or_default().push((line.t, update));
                    }
                }
            }
        }
    }
    let one = |(symbol, snapshot)| Session { deltas: deltas.remove(&symbol).unwrap_or_default(), snapshot };
    snapshots.into_iter().map(one).collect()
}

/// Replays a session without the delta at `without`; gives what became of each delta from the snapshot on.
fn replay(session: &Session, without: Option<usize>) -> Result<Vec<(usize, Applied)>, (usize, Gap)> {
    let mut book = Book::new("book", KuCoin.book_rule(Product::Spot));
    let (mut began, mut applied) = (false, Vec::new());
    for (at, (time, delta)) in session.deltas.iter().enumerate() {
        if !began && *time > session.snapshot.0 {
            book.apply(&session.snapshot.1).map_err(|gap| (at, gap))?;
            began = true;
        }
        if without != Some(at) {
            applied.push((at, book.apply(delta).map_err(|gap| (at, gap))?));
        }
    }
    assert!(!began || book.is_live());
    Ok(applied)
}

#[test]
fn recorded_books_are_never_crossed_and_no_gap_goes_unnoticed() {
    let Some(folder) = folder("") else { return };
    let (mut books, mut dropped) = (0, 0);
    for session in sessions(&folder) {
        let name = session.snapshot.1.market.clone();
        let applied = replay(&session, None).unwrap_or_else(|(at, gap)| panic!("{name}: delta {at}: {gap}"));
        let changed: Vec<usize> = applied.iter().filter(|(_, a)| *a == Applied::Changed).map(|(at, _)| *at).collect();
        println!("{name}: {} deltas, {} behind the snapshot", session.deltas.len(), changed.len());
        books += usize::from(!changed.is_empty());
        // All but the last one, behind which nothing comes that could tell.
        let candidates = changed.len().saturating_sub(1);
        for nth in 0..candidates.min(25) {
            let at = changed[nth * candidates / candidates.min(25)];
            assert!(matches!(replay(&session, Some(at)), Err((_, Gap::Missed { .. }))), "{name}: {at} was not missed");
            dropped += 1;
        }
    }
    assert!(books > 0 && dropped > 0, "no recorded book was replayed");
    println!("{books} books, {dropped} deltas dropped and missed");
}
