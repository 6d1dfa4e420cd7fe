//! Runs the fuzzer over all venues that have an adapter, and the corpus' rows; breaks a reader in each way to see that the
//! properties notice.
//!
//! `BALLAST_FUZZ_ITERATIONS` sets how many random bodies are tried for each answer.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use crate::support::{files, folder, name, text};
use conformance::fuzz::corpus::{self, Expected, Row};
use conformance::fuzz::{About, Reader, Target, Violation, asks, hold, iterations};
use conformance::{cases, markets, questions, venues};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use venue::protocol::wire::{Num, Text};
use venue::protocol::{Instrument, Markets, Meaning, Product, Protocol, ReadFault, Reply};

const SEED: u64 = 20_261_121;

/// The venue's most traded market, for questions that no case asks.
fn market(venue: &str) -> Instrument {
    let spot = |symbol, quote| Instrument::named(Product::Spot, symbol, "BTC", quote, None);
    let mut market = match venue {
        "okx" | "kucoin" => spot("BTC-USDT", "USDT"),
        "coinbase" => spot("BTC-USD", "USD"),
        "kraken" => spot("XXBTZUSD", "USD"),
        "krakenfutures" => Instrument::named(Product::Linear, "PF_XBTUSD", "BTC", "USD", Some("USD")),
        "kucoinfutures" => Instrument::named(Product::Linear, "XBTUSDTM", "BTC", "USDT", Some("USDT")),
        _ => spot("BTCUSDT", "USDT"),
    };
    market.aliases = if venue == "kraken" { vec!["XBTUSD".to_owned(), "XBT/USD".to_owned()] } else { Vec::new() };
    market.tick = Some(Decimal::new(1, 2));
    market.lot = Some(Decimal::new(1, 4));
    market.contract_size = market.product.is_contract().then_some(Decimal::ONE);
    market
}

/// Every venue's adapter, if it has one yet.
fn adapters() -> Vec<(&'static str, &'static dyn Protocol)> {
    let adapter = |subject: venues::Subject| {
        if subject.adapter.is_none() {
            println!("SKIPPED {}: it has no adapter", subject.name);
        }
        Some((subject.name, subject.adapter?))
    };
    venues::subjects().into_iter().filter_map(adapter).collect()
}

fn report(violations: &[Violation]) {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for violation in violations {
        let venue = violation.target.split(['.', ' ']).next().unwrap_or_default();
        *counts.entry((venue, violation.property)).or_default() += 1;
    }
    let mut shown = BTreeSet::new();
    for Violation { target, property, detail } in violations {
        if shown.insert((target, property)) && shown.len() <= 40 {
            println!("{property}\n  {target}\n  {detail}\n");
        }
    }
    assert!(violations.is_empty(), "{counts:#?}");
}

/// The venue's most traded contract, where one adapter speaks of both.
fn contract(venue: &str) -> Option<Instrument> {
    let symbol = match venue {
        "okx" => "BTC-USDT-SWAP",
        "binance" | "bitget" | "bybit" => "BTCUSDT",
        _ => return None,
    };
    let named = Instrument::named(Product::Linear, symbol, "BTC", "USDT", Some("USDT"));
    Some(Instrument { contract_size: Some(Decimal::ONE), ..named })
}

#[test]
fn changed_answers_of_the_corpus_are_read_as_nothing_else() {
    let (mut violations, mut bodies, mut unread) = (Vec::new(), 0, Vec::new());
    for (venue, adapter) in adapters() {
        let of_venue = [Some(market(venue)), contract(venue)].into_iter().flatten();
        let markets = Markets::new(of_venue.clone());
        let answers: BTreeMap<String, String> =
            corpus::files(&corpus::folder().join("answers").join(venue)).unwrap().into_iter().collect();
        for (product, market) in of_venue.enumerate() {
            for (question, read) in asks::of(adapter, &market) {
                let is_read = |seed: &&String| read(&Reply::new(200, seed.as_bytes()), &markets).is_ok();
                // A question without a good answer of its own gets one of the others', which may be no answer to it.
                let own = answers.get(&question.replace(' ', "-"));
                let own_good = own.filter(is_read);
                let seed = own_good.or_else(|| answers.values().find(is_read)).or(answers.values().next());
                let name = format!("{venue} {question}, {:?}", market.product);
                if product == 0 && own.is_some_and(|own| !is_read(&own)) {
                    unread.push(name.clone());
                }
                let seed = seed.cloned().unwrap_or_else(|| "{}".to_owned());
                let certain = product == 0 && own_good.is_some();
                let target = Target { certain, ..Target::new(name, read, seed, true, &markets) };
                bodies += hold(&target, &markets, SEED, iterations(), &mut violations);
            }
        }
    }
    println!("{bodies} bodies were read; good answers that are not read: {unread:?}");
    report(&violations);
    assert!(unread.is_empty(), "answers of the corpus that are good are not read: {unread:?}");
}

#[test]
fn changed_answers_of_the_cases_are_read_as_nothing_else() {
    let Some(folder) = folder("") else { return };
    let (mut violations, mut bodies) = (Vec::new(), 0);
    for (venue, adapter) in adapters() {
        let file = cases::read(&folder.join("ccxt").join(format!("{venue}.json"))).unwrap();
        let markets = markets::instruments(&file.markets).unwrap();
        for case in file.cases.iter().filter(|case| case.response) {
            let Ok(prepared) = questions::prepare(adapter, case, &markets) else { continue };
            let (read, seed): (Reader, String) = (prepared.read, case.http_response.to_string());
            let target = Target::new(case.id.clone(), read, seed, true, &markets);
            bodies += hold(&target, &markets, SEED, iterations(), &mut violations);
        }
    }
    println!("{bodies} bodies were read");
    report(&violations);
}

#[test]
fn changed_frames_are_read_as_nothing_else() {
    let (mut violations, mut bodies) = (Vec::new(), 0);
    let recorded = folder("");
    for source in asks::sources() {
        let of_venue = [Some(market(source.venue)), contract(source.venue)].into_iter().flatten();
        let markets = Markets::new(of_venue);
        let mut seeds = corpus::files(&corpus::folder().join("frames").join(source.venue)).unwrap();
        let folder = recorded.as_ref().map(|folder| folder.join("ws").join(source.venue));
        let folder = folder.filter(|folder| folder.is_dir());
        let recorded = |path: &std::path::PathBuf| {
            name(path).starts_with("nautilus") && path.extension().is_some_and(|extension| extension == "json")
        };
        for path in folder.iter().flat_map(|folder| files(folder)).filter(recorded) {
            seeds.push((name(&path), text(&path)));
        }
        let (mut read_by_one, count) = (0, seeds.len());
        for (frame, seed) in seeds {
            let own = corpus::folder().join("frames").join(source.venue).join(format!("{frame}.json")).exists();
            let mut good = false;
            for channel in &source.channels {
                let name = format!("{} {channel:?} {frame}", source.venue);
                let target = Target::new(name, asks::frames(&source, *channel), seed.clone(), false, &markets);
                good |= (target.read)(&Reply::new(200, seed.as_bytes()), &markets).is_ok();
                bodies += hold(&target, &markets, SEED, iterations(), &mut violations);
            }
            assert!(good || !own, "{}: frame {frame} of the corpus is good, and is not read", source.venue);
            read_by_one += usize::from(good);
        }
        assert!(read_by_one > 0 || count == 0, "{}: no frame was read", source.venue);
    }
    println!("{bodies} frames were read");
    report(&violations);
}

/// What came of a row, if that is not as it must be.
fn judged(row: &Row, answer: Result<Value, ReadFault>) -> Result<(), String> {
    let meaning = answer.as_ref().err().map(ReadFault::meaning);
    let met = match &row.expected {
        Expected::Unclear => meaning == Some(Meaning::Unclear),
        Expected::RateLimit => meaning == Some(Meaning::RateLimit),
        Expected::Refusal => meaning == Some(Meaning::Refusal),
        Expected::DuplicateId => meaning == Some(Meaning::DuplicateId),
        Expected::NoAnswer => answer.is_err(),
        Expected::NoEnd => {
            let status = answer.as_ref().ok().and_then(|answer| answer["status"].as_str().map(str::to_owned));
            status.is_none_or(|status| matches!(status.as_str(), "open" | "canceling"))
        }
        Expected::Says(parts) => answer.as_ref().is_ok_and(|answer| {
            parts.iter().all(|(place, value)| answer.pointer(place).unwrap_or(&Value::Null) == value)
        }),
    };
    if met { Ok(()) } else { Err(format!("should be {:?}, is {answer:?}", row.expected)) }
}

#[test]
fn every_bad_answer_of_the_corpus_becomes_what_it_must() {
    let rows = corpus::rows().unwrap();
    let numbers: BTreeSet<u32> = rows.iter().map(|(_, row)| row.row).collect();
    assert_eq!(numbers, (57..=72).collect(), "each row of the list has its files");
    let (adapters, sources, mut faults, mut tried) = (adapters(), asks::sources(), Vec::new(), 0);
    for (file, row) in &rows {
        let reply = Reply::new(row.status, row.body());
        let market = market(&row.venue);
        let markets = Markets::new([Some(market.clone()), contract(&row.venue)].into_iter().flatten());
        if row.question == "frame" {
            let source = sources.iter().find(|source| source.venue == row.venue).unwrap();
            let answers: Vec<_> = source.channels.iter().map(|c| asks::frames(source, *c)(&reply, &markets)).collect();
            // Where nothing may be read, no channel may read it; else the one that does counts.
            let good = answers.iter().find(|answer| answer.is_ok()).or(answers.first()).cloned();
            faults.extend(judged(row, good.unwrap()).err().map(|fault| format!("{file} ({}): {fault}", row.what)));
            tried += 1;
            continue;
        }
        let Some((_, adapter)) = adapters.iter().find(|(venue, _)| *venue == row.venue) else { continue };
        let asked = asks::of(*adapter, &market).into_iter().find(|(question, _)| *question == row.question);
        let Some((_, read)) = asked else {
            faults.push(format!("{file}: {} can't be asked {}", row.venue, row.question));
            continue;
        };
        faults.extend(judged(row, read(&reply, &markets)).err().map(|fault| format!("{file} ({}): {fault}", row.what)));
        tried += 1;
    }
    println!("{tried} of {} rows were tried", rows.len());
    assert!(faults.is_empty(), "{} rows:\n{}", faults.len(), faults.join("\n"));
}

/// In which way a reader is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    Panics,
    MendsCutBodies,
    TakesOtherTypes,
    TakesPages,
    CallsPagesRefusals,
    IgnoresTheStatusCode,
    TakesUnknownStatuses,
    TakesNegatives,
    RoundsLongNumbers,
    ReadsExponentsWrongly,
    TakesTooMuchFilled,
    InventsFills,
    TakesImpossibleBars,
    NeedsNoId,
    MindsTheOrderOfKeys,
    KeepsBarsUnsorted,
}

#[derive(Deserialize)]
struct Order {
    id: Text,
    status: String,
    size: Num,
    filled: Num,
}

/// A venue of our own: an order, read strictly but for one flaw.
fn read_order(flaw: Flaw, reply: &Reply) -> Result<Value, ReadFault> {
    let fault = |what: &str| ReadFault::parse(reply, what);
    let body = String::from_utf8_lossy(&reply.body).into_owned();
    if !reply.is_success() && flaw != Flaw::IgnoresTheStatusCode {
        return Err(fault("a failed request"));
    }
    if flaw == Flaw::TakesPages && body.starts_with("<html") {
        return Ok(order_value("1", "open", "1", "0"));
    }
    if flaw == Flaw::CallsPagesRefusals && body.starts_with("<html") {
        let (code, message) = (String::new(), String::new());
        let error =
            venue::protocol::ApiError { code, message, status: 200, meaning: Meaning::Refusal, retry_after_ms: None };
        return Err(error.into());
    }
    if flaw == Flaw::TakesOtherTypes && (body == "null" || body == "[]") {
        return Ok(Value::Null);
    }
    if flaw == Flaw::Panics && serde_json::from_str::<Value>(&body).is_err() {
        // Without the hook that would print it.
        std::panic::resume_unwind(Box::new("this reader panics"));
    }
    let whole =
        if flaw == Flaw::MendsCutBodies { format!("{}\"}}", body.trim_end_matches("\"}")) } else { body.clone() };
    if flaw == Flaw::MindsTheOrderOfKeys && !body.starts_with("{\"id\"") {
        return Err(fault("the id comes first"));
    }
    let loose: Value = serde_json::from_str(&whole).map_err(|e| fault(&e.to_string()))?;
    if flaw == Flaw::NeedsNoId && loose["id"].is_null() {
        return Ok(order_value("", "open", "1", "0"));
    }
    let order: Order = match serde_json::from_str(&whole) {
        Ok(order) => order,
        Err(_) if flaw == Flaw::RoundsLongNumbers && whole.contains("0.12345678901234567890") => {
            return Ok(order_value("77", "open", "0.1234", "0"));
        }
        Err(e) => return Err(fault(&e.to_string())),
    };
    let status = match order.status.as_str() {
        "NEW" => "open",
        "DONE" => "closed",
        "KILLED" => "canceled",
        _ if flaw == Flaw::TakesUnknownStatuses => "rejected",
        _ => return Err(fault("an unknown status")),
    };
    let negative = order.size.0 < Decimal::ZERO || order.filled.0 < Decimal::ZERO;
    if order.id.0.is_empty() || negative && flaw != Flaw::TakesNegatives {
        return Err(fault("no id, or a negative number"));
    }
    if order.filled.0 > order.size.0 && !matches!(flaw, Flaw::TakesTooMuchFilled | Flaw::TakesNegatives) {
        return Err(fault("too much is filled"));
    }
    let mut filled = order.filled.0;
    if flaw == Flaw::InventsFills && !body.contains(r#""filled":"0.25""#) {
        filled = order.size.0.checked_mul(Decimal::new(123, 3)).unwrap_or_default();
    }
    if flaw == Flaw::ReadsExponentsWrongly && body.contains('E') && body.contains("E-") {
        filled = Decimal::ZERO;
    }
    Ok(order_value(&order.id.0, status, &order.size.0.normalize().to_string(), &filled.normalize().to_string()))
}

fn order_value(id: &str, status: &str, amount: &str, filled: &str) -> Value {
    let id = Some(id).filter(|id| !id.is_empty());
    json!({ "id": id, "status": status, "amount": amount, "filled": filled })
}

fn read_bars(flaw: Flaw, reply: &Reply) -> Result<Value, ReadFault> {
    let fault = |what: &str| ReadFault::parse(reply, what);
    if !reply.is_success() {
        return Err(fault("a failed request"));
    }
    let rows: Vec<(i64, [Num; 5])> = serde_json::from_slice(&reply.body).map_err(|e| fault(&e.to_string()))?;
    if flaw != Flaw::KeepsBarsUnsorted && rows.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
        return Err(fault("bars out of order"));
    }
    let outside = |bar: &[Num; 5]| bar[..4].iter().any(|price| *price > bar[1] || *price < bar[2]);
    if flaw != Flaw::TakesImpossibleBars && rows.iter().any(|(_, bar)| outside(bar)) {
        return Err(fault("a bar with a price outside"));
    }
    let text = |number: &Num| json!(number.0.to_string());
    Ok(rows.iter().map(|(at, bar)| Value::Array([vec![json!(at)], bar.iter().map(text).collect()].concat())).collect())
}

const BARS: &str = r#"[[1700000040000,["5","9","1","6","70"]],[1700000100000,["6","8","2","3","80"]]]"#;

fn properties_broken_by(flaw: Flaw) -> BTreeSet<&'static str> {
    let (markets, mut violations) = (Markets::default(), Vec::new());
    let order: Reader = Box::new(move |reply, _| read_order(flaw, reply));
    let bars: Reader = Box::new(move |reply, _| read_bars(flaw, reply));
    let done = r#"{"id":"77","status":"DONE","size":"0.5","filled":"0.25","note":"x"}"#;
    let open = r#"{"id":"78","status":"NEW","size":"0.5","filled":"0"}"#;
    for (read, seed) in [(order, done), (bars, BARS)] {
        let target = Target::new(format!("{flaw:?}"), read, seed.to_owned(), true, &markets);
        hold(&target, &markets, SEED, 400, &mut violations);
    }
    let order: Reader = Box::new(move |reply, _| read_order(flaw, reply));
    let target = Target::new(format!("{flaw:?}, open"), order, open.to_owned(), true, &markets);
    assert!(target.about == About::Orders);
    hold(&target, &markets, SEED, 400, &mut violations);
    violations.into_iter().map(|violation| violation.property).collect()
}

#[test]
fn every_property_notices_the_reader_that_breaks_it() {
    assert_eq!(properties_broken_by(Flaw::None), BTreeSet::new());
    for (flaw, property) in [
        (Flaw::Panics, "nothing panics"),
        (Flaw::MendsCutBodies, "a body cut off is never an answer"),
        (Flaw::TakesOtherTypes, "a body of another type is never an answer"),
        (Flaw::TakesPages, "what is no JSON is never an answer"),
        (Flaw::CallsPagesRefusals, "what is no JSON says nothing about an order"),
        (Flaw::IgnoresTheStatusCode, "no body of a failed request is an answer"),
        (Flaw::TakesUnknownStatuses, "an unknown status never ends an order"),
        (Flaw::TakesNegatives, "a quantity that can't be is never an answer"),
        (Flaw::RoundsLongNumbers, "a quantity that can't be held is never an answer"),
        (Flaw::ReadsExponentsWrongly, "an exponent changes no number"),
        (Flaw::TakesTooMuchFilled, "more filled than ordered is never an answer"),
        (Flaw::InventsFills, "what is filled stands in the body"),
        (Flaw::NeedsNoId, "an order without its id is never an answer"),
        (Flaw::MindsTheOrderOfKeys, "the order of keys changes nothing"),
        (Flaw::KeepsBarsUnsorted, "bars come in order of time"),
        (Flaw::TakesImpossibleBars, "a bar's prices lie between its low and its high"),
    ] {
        let broken = properties_broken_by(flaw);
        assert!(broken.contains(property), "{flaw:?} is not noticed by {property:?}, but by {broken:?}");
    }
}
