//! Every recorded or quoted message of Bybit is read, or stands in a table with the reason why not; the recorded book
//! replays without a gap, and a dropped delta is noticed.

use crate::support::{files, filled_in, folder, messages, read_or_listed};
use serde_json::Value;
use std::path::Path;
use venue::bybit::Bybit;
use venue::protocol::book::{Book, BookRule};
use venue::protocol::call::{BarPrice, OrderKind};
use venue::protocol::model::Side;
use venue::protocol::stream::{Channel, Event};
use venue::protocol::{
    Amendment, Ask, BarQuery, CallError, HistoryQuery, Instrument, Markets, MarketsQuery, NewOrder, OrderRef,
    OrdersQuery, Product, Protocol, Range, Reply, Scope, Streams,
};

/// Messages that are not read, by file and place, and why.
const NOT_READ: &[(&str, &str)] = &[
    ("cryptofeed__", "the retired API v2 of 2021"),
    ("nautilus__ws_public_trade.json", "its topic is made up: trades come as publicTrade.<symbol>"),
    ("barter__inline_messages.json#3", "one row of a message, without the message around it"),
    ("barter__inline_messages.json#5", "a made-up error case: no topic, and a side the venue does not have"),
    ("hummingbot__test_messages.json#0", "the retired API v1 of spot"),
    ("hummingbot__test_messages.json#2", "a result that a client took out of its envelope"),
    ("hummingbot__test_messages.json#3", "the retired stream v1 of spot"),
    ("hummingbot__test_messages.json#4", "the retired stream v1 of spot"),
    ("hummingbot__test_messages.json#6", "a type of message that the venue does not have (order_book_diff)"),
    ("hummingbot__test_messages.json#7", "levels left out with an ellipsis"),
    ("hummingbot__test_messages.json#10", "a made-up order without an id"),
    ("hummingbot__test_messages.json#11", "a made-up acknowledgement without an id"),
    ("hummingbot__test_messages.json#12", "a made-up order without an id"),
    ("hummingbot__test_messages.json#13", "a made-up acknowledgement without an id"),
    ("hummingbot__test_messages.json#22", "a made-up time in seconds"),
    ("hummingbot__test_messages.json#27", "the retired stream v2 of contracts"),
    ("hummingbot__test_messages.json#30", "the retired API v2 of contracts"),
    ("hummingbot__test_messages.json#31", "the retired stream v2 of contracts"),
    ("hummingbot__test_messages.json#35", "a contract that is settled in nothing and has no filters"),
    ("hummingbot__test_messages.json#39", "an endpoint for transfers, which the adapter does not have"),
    ("hummingbot__test_messages.json#40", "the retired API v2 of contracts"),
    ("hummingbot__test_messages.json#41", "the retired stream v2 of contracts"),
    ("nautilus__http_get_user_sub_apikeys.json", "keys of sub-accounts, which the adapter does not manage"),
];

fn linear() -> Instrument {
    Instrument::named(Product::Linear, "BTCUSDT", "BTC", "USDT", Some("USDT"))
}

fn spot() -> Instrument {
    Instrument::named(Product::Spot, "BTCUSDT", "BTC", "USDT", None)
}

fn markets() -> Markets {
    let eth = Instrument::named(Product::Linear, "ETHUSDT", "ETH", "USDT", Some("USDT"));
    Markets::new([linear(), spot(), eth])
}

fn reason(name: &str) -> Option<&'static str> {
    let exact = |entry: &str| name == entry || (entry.ends_with("__") && name.starts_with(entry));
    NOT_READ.iter().find(|(entry, _)| exact(entry)).map(|(_, reason)| *reason)
}

/// What stands for a variable of the test the message was taken from.
fn stand_in(expression: &str) -> &'static str {
    let has = |part: &str| expression.contains(part);
    if has("order_type") {
        "Limit"
    } else if has("trade_type") {
        "Buy"
    } else if has("client_order_id") {
        "client-1"
    } else if has("order_id") || has("trade_id") {
        "order-1"
    } else if has("pair") || has("symbol") {
        "BTCUSDT"
    } else if has("base_asset") {
        "BTC"
    } else if has("quote_asset") || has("flat_fees[0].token") {
        "USDT"
    } else if has("time") || has("utc") {
        "1700000000000"
    } else {
        "1"
    }
}

fn channel(name: &str, text: &str) -> Channel {
    if name.contains("account") || text.contains("\"creationTime\"") {
        Channel::Private(Product::Linear)
    } else if name.contains("option") {
        Channel::Public(Product::Option)
    } else {
        Channel::Public(Product::Linear)
    }
}

type Outcome = Result<(), String>;

fn asked<T>(built: Result<Ask<T>, CallError>, text: &str) -> Outcome {
    let ask = built.map_err(|e| e.to_string())?;
    ask.read(&Reply::new(200, text), &markets()).map(|_| ()).map_err(|e| e.to_string())
}

fn orders(text: &str) -> Outcome {
    asked(Bybit.orders(&OrdersQuery { instrument: Some(linear()), ..OrdersQuery::default() }), text)
}

fn history() -> HistoryQuery {
    HistoryQuery { instrument: Some(linear()), ..HistoryQuery::default() }
}

fn product(text: &str) -> Product {
    let is = |word: &str| {
        text.contains(&format!("\"category\":\"{word}\"")) || text.contains(&format!("\"category\": \"{word}\""))
    };
    if is("spot") {
        Product::Spot
    } else if is("inverse") {
        Product::Inverse
    } else {
        Product::Linear
    }
}

/// A REST answer, by what its result looks like.
fn answer(name: &str, text: &str) -> Outcome {
    let scope = Scope::default();
    let order = OrderRef { id: Some("order-1".into()), instrument: Some(linear()), ..OrderRef::default() };
    let value: Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let result = &value["result"];
    let first = result["list"].get(0).unwrap_or(&Value::Null);
    let has = |key: &str| first.get(key).is_some();
    if name.contains("instruments_") || has("lotSizeFilter") {
        let of = if name.contains("spot") {
            Product::Spot
        } else if name.contains("option") {
            Product::Option
        } else if name.contains("inverse") {
            Product::Inverse
        } else {
            product(text)
        };
        return asked(Bybit.instruments(of), text);
    }
    if result.get("permissions").is_some() {
        return asked(Bybit.key_permissions(), text);
    }
    if result.get("subMembers").is_some() {
        return asked(Bybit.accounts(&scope), text);
    }
    if result.get("marginMode").is_some() {
        return asked(Bybit.margin_mode(&linear(), &scope), text);
    }
    if result.get("timeNano").is_some() {
        return asked(Bybit.server_time(), text);
    }
    if result.get("b").is_some() {
        // Books of examples may lack the symbol the venue always sends.
        return match text.contains("\"s\"") {
            true => asked(Bybit.order_book(&linear(), None, &scope), text),
            false => asked(
                Bybit.order_book(&linear(), None, &scope),
                &text.replacen("\"ts\"", "\"s\":\"BTCUSDT\",\"ts\"", 1),
            ),
        };
    }
    if first.is_array() {
        let query = BarQuery { interval: "1m".parse().unwrap(), range: Range::default(), price: BarPrice::Trade };
        return asked(Bybit.bars(&linear(), &query, &scope), text);
    }
    if result.get("orderId").is_some() {
        let to = NewOrder::plain(&linear(), Side::Buy, OrderKind::Market);
        asked(Bybit.amend(&Amendment { order: order.clone(), to }), text)?;
        return asked(Bybit.cancel(&order), text);
    }
    match () {
        () if has("coin") => asked(Bybit.balances(&scope), text),
        () if has("takerFeeRate") => asked(Bybit.fee_rates(&scope), text),
        () if has("fundingRateTimestamp") => asked(Bybit.funding_history(&history()), text),
        () if has("execType") => asked(Bybit.own_trades(&history()), text),
        () if has("orderStatus") => orders(text),
        () if has("positionValue") => asked(Bybit.positions(&MarketsQuery::default()), text),
        () if has("bid1Price") => {
            let scope = Scope { product: Some(product(text)), ..Scope::default() };
            asked(Bybit.tickers(&MarketsQuery { scope, ..MarketsQuery::default() }), text)
        }
        () if has("execId") => asked(Bybit.trades(&linear(), &Range::default(), &scope), text),
        () => Err("no question has such an answer".to_owned()),
    }
}

fn read(name: &str, text: &str) -> Outcome {
    let value: Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let rest = name.contains("http_") || (value.get("result").is_some() && value.get("retCode").is_some());
    if rest {
        return answer(name, text);
    }
    let events = Bybit.read(channel(name, text), text, &markets()).map_err(|e| e.to_string())?;
    if events.is_empty() { Err("it tells nothing".to_owned()) } else { Ok(()) }
}

#[test]
fn every_message_is_read_or_has_a_reason() {
    let (Some(ws), Some(rest)) = (folder("ws/bybit"), folder("rest/bybit")) else { return };
    let paths = files(&ws).into_iter().chain(files(&rest));
    let quoted = paths.filter(|path| path.extension().is_some_and(|ext| ext == "json"));
    let fill = |text: &str| filled_in(text, ">", stand_in);
    let seen = read_or_listed(quoted.flat_map(|path| messages(&path, fill)), reason, read);
    assert!(seen >= 50, "only {seen} messages");
}

/// The only file of a zip archive that stores it as it is.
fn unzipped(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap();
    let number = |at: usize| usize::from(bytes[at]) + 256 * usize::from(bytes[at + 1]);
    assert_eq!((&bytes[..4], number(8)), (b"PK\x03\x04".as_slice(), 0), "a stored file");
    let (start, length) = (30 + number(26) + number(28), number(18) + 65_536 * number(20));
    String::from_utf8(bytes[start..start + length].to_vec()).unwrap()
}

fn recorded(folder: &Path) -> Vec<Event> {
    let text = unzipped(&folder.join("nautilus__xrpusdt-ob500.data.zip"));
    let channel = Channel::Public(Product::Linear);
    text.lines().flat_map(|line| Bybit.read(channel, line, &Markets::default()).unwrap()).collect()
}

/// Replays all but the delta at `dropped`; whether a gap was noticed.
fn replay(events: &[Event], dropped: Option<usize>) -> bool {
    let rule = BookRule { depth: 500, ..Bybit.book_rule(Product::Linear) };
    let mut book = Book::new("XRPUSDT", rule);
    let updates = events.iter().filter_map(|event| match event {
        Event::Book(update) => Some(update),
        _ => None,
    });
    for (at, update) in updates.enumerate() {
        if Some(at) == dropped {
            continue;
        }
        if book.apply(update).is_err() {
            return true;
        }
        let (bid, ask) = (book.bids().next(), book.asks().next());
        assert!(matches!((bid, ask), (Some((bid, _)), Some((ask, _))) if bid < ask), "crossed or empty at {at}");
    }
    false
}

#[test]
fn the_recorded_book_has_no_gap_and_a_dropped_delta_is_noticed() {
    let Some(folder) = folder("ws/bybit") else { return };
    let events = recorded(&folder);
    assert!(events.len() >= 40, "{} messages", events.len());
    assert!(!replay(&events, None), "the recording has no gap");
    for dropped in 1..events.len() - 1 {
        assert!(replay(&events, Some(dropped)), "the delta at {dropped} was dropped and nobody noticed");
    }
}
