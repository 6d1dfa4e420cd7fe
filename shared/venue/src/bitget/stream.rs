//! What is said on the WebSockets of the classic account (v2) and of the unified one (v3).
//!
//! | | classic | unified |
//! |---|---|---|
//! | a subscription | `{instType, channel, instId}` | `{instType, topic, symbol}` |
//! | the book | checksum over the best 25 levels a side | each delta names its predecessor in `pseq` |
//! | private rows | one line of business a subscription | all of them under `UTA` |

use super::super::protocol::book::{Book, BookRule, Numbering};
use super::super::protocol::fault::{CallError, ReadFault};
use super::super::protocol::http::Moment;
use super::super::protocol::market::{Instrument, Markets, Product};
use super::super::protocol::stream::{Channel, Event, Heartbeat, StreamToken, Streams, Topic};
use super::super::protocol::{Ask, Credentials};
use super::line::{System, category_of, unsupported};
use super::{Bitget, BitgetUnified, bars, frames, passphrase, signature};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// How many subscriptions go into one frame: the venue reads at most 4096 bytes of it.
const ARGS_MAX: usize = 30;
/// How many levels a side the checksum is over.
const CHECKED: usize = 25;

const CLASSIC: &str = "v2";
const UNIFIED: &str = "v3";

/// Where to connect. Demo trading has a host of its own.
fn url(version: &str, channel: Channel, test: bool) -> String {
    let host = if test { "wspap.bitget.com" } else { "ws.bitget.com" };
    let kind = match channel {
        Channel::Public(_) => "public",
        Channel::Private(_) => "private",
    };
    format!("wss://{host}/{version}/ws/{kind}")
}

/// The CRC32 of the best levels as the venue wrote them: bid price, bid quantity, ask price, ask quantity, and so on, each
/// behind a colon; a side that ends earlier is left out.
pub(super) fn checksum(book: &Book) -> u32 {
    let mut text = String::with_capacity(CHECKED * 40);
    let (mut bids, mut asks) = (book.bids().take(CHECKED), book.asks().take(CHECKED));
    loop {
        let (bid, ask) = (bids.next(), asks.next());
        if bid.is_none() && ask.is_none() {
            break;
        }
        for (price, quantity) in [bid, ask].into_iter().flatten() {
            // Writing to a String can't fail.
            let _ = write!(text, "{}{price}:{quantity}", if text.is_empty() { "" } else { ":" });
        }
    }
    crc32fast::hash(text.as_bytes())
}

fn login(channel: Channel, credentials: &Credentials, moment: Moment) -> Result<Vec<String>, CallError> {
    if matches!(channel, Channel::Public(_)) {
        return Ok(Vec::new());
    }
    let passphrase = passphrase(credentials)?;
    let seconds = moment.now.ms() / 1000;
    let signed = signature(credentials, &format!("{seconds}GET/user/verify"));
    let args = json!([{
        "apiKey": credentials.key(), "passphrase": passphrase, "timestamp": seconds.to_string(), "sign": signed,
    }]);
    Ok(vec![json!({ "op": "login", "args": args }).to_string()])
}

fn said(args: &[Value], on: bool) -> Vec<String> {
    let op = if on { "subscribe" } else { "unsubscribe" };
    args.chunks(ARGS_MAX).map(|args| json!({ "op": op, "args": args }).to_string()).collect()
}

/// The lines of business of a product: contracts settled in a stable coin are two.
fn lines(product: Product) -> Result<Vec<&'static str>, CallError> {
    Ok(match product {
        Product::Linear => vec!["USDT-FUTURES", "USDC-FUTURES"],
        Product::Spot | Product::Inverse | Product::Option => vec![category_of(product, None, false)?],
    })
}

fn contracts(product: Product) -> Result<Vec<&'static str>, CallError> {
    if product.is_contract() { lines(product) } else { Err(unsupported("positions of spot markets")) }
}

fn classic_args(topic: &Topic) -> Result<Vec<Value>, CallError> {
    let market = |market: &Instrument, channel: &str| -> Result<Vec<Value>, CallError> {
        let line = category_of(market.product, market.settle.as_deref(), false)?;
        Ok(vec![json!({ "instType": line, "channel": channel, "instId": market.symbol })])
    };
    let own = |lines: Vec<&'static str>, channels: &[&str]| -> Vec<Value> {
        let one = |line: &str, channel: &str| json!({ "instType": line, "channel": channel, "instId": "default" });
        lines.iter().flat_map(|line| channels.iter().map(move |channel| one(line, channel))).collect()
    };
    Ok(match topic {
        Topic::Trades(instrument) => market(instrument, "trade")?,
        Topic::Ticker(instrument) => market(instrument, "ticker")?,
        Topic::Book(instrument) => market(instrument, "books")?,
        Topic::Bars(instrument, interval) => {
            let name = bars::length(*interval, System::Mix)?;
            if matches!(name, "3m" | "2H") {
                return Err(unsupported(&format!("a stream of bars of {interval}")));
            }
            market(instrument, &format!("candle{name}"))?
        }
        // Fills come apart from orders, so that none is counted twice.
        Topic::Orders(product) => own(lines(*product)?, &["orders", "fill", "orders-algo"]),
        Topic::Balances(product) => {
            let one = |line: &&str| json!({ "instType": line, "channel": "account", "coin": "default" });
            lines(*product)?.iter().map(one).collect()
        }
        Topic::Positions(product) => own(contracts(*product)?, &["positions"]),
    })
}

fn unified_args(topic: &Topic) -> Result<Vec<Value>, CallError> {
    let market = |market: &Instrument, topic: &str| -> Result<Value, CallError> {
        let line = category_of(market.product, market.settle.as_deref(), false)?.to_ascii_lowercase();
        Ok(json!({ "instType": line, "topic": topic, "symbol": market.symbol }))
    };
    let own = |topics: &[&str]| topics.iter().map(|topic| json!({ "instType": "UTA", "topic": topic })).collect();
    Ok(match topic {
        Topic::Trades(instrument) => vec![market(instrument, "publicTrade")?],
        Topic::Ticker(instrument) => vec![market(instrument, "ticker")?],
        Topic::Book(instrument) => vec![market(instrument, "books")?],
        Topic::Bars(instrument, interval) => {
            let mut one = market(instrument, "kline")?;
            if let Value::Object(map) = &mut one {
                map.insert("interval".to_owned(), json!(bars::length(*interval, System::Unified)?));
            }
            vec![one]
        }
        Topic::Orders(_) => own(&["order", "fill"]),
        Topic::Balances(_) => own(&["account"]),
        Topic::Positions(_) => own(&["position"]),
    })
}

fn args(topics: &[Topic], one: fn(&Topic) -> Result<Vec<Value>, CallError>) -> Result<Vec<Value>, CallError> {
    let mut all: Vec<Value> = Vec::new();
    for arg in topics.iter().map(one).collect::<Result<Vec<_>, _>>()?.into_iter().flatten() {
        if !all.contains(&arg) {
            all.push(arg);
        }
    }
    Ok(all)
}

/// The server wants to hear `ping` and answers `pong`; it hangs up after two minutes without one.
fn heartbeat() -> Heartbeat {
    Heartbeat { every_ms: 25_000, frame: Some("ping".to_owned()), silence_max_ms: 60_000 }
}

impl Streams for Bitget {
    fn token(&self, _channel: Channel) -> Result<Option<Ask<StreamToken>>, CallError> {
        Ok(None)
    }

    fn url(&self, channel: Channel, _token: Option<&StreamToken>, test: bool) -> Result<String, CallError> {
        Ok(url(CLASSIC, channel, test))
    }

    fn login(&self, channel: Channel, credentials: &Credentials, moment: Moment) -> Result<Vec<String>, CallError> {
        login(channel, credentials, moment)
    }

    fn subscribe(&self, topics: &[Topic], _token: Option<&StreamToken>, on: bool) -> Result<Vec<String>, CallError> {
        Ok(said(&args(topics, classic_args)?, on))
    }

    fn heartbeat(&self, _channel: Channel) -> Heartbeat {
        heartbeat()
    }

    fn book_rule(&self, _product: Product) -> BookRule {
        BookRule { numbering: Numbering::None, fetched: false, depth: 0, checksum: Some(checksum) }
    }

    fn read(&self, _channel: Channel, frame: &str, markets: &Markets) -> Result<Vec<Event>, ReadFault> {
        frames::read(frame, markets)
    }
}

impl Streams for BitgetUnified {
    fn token(&self, _channel: Channel) -> Result<Option<Ask<StreamToken>>, CallError> {
        Ok(None)
    }

    fn url(&self, channel: Channel, _token: Option<&StreamToken>, test: bool) -> Result<String, CallError> {
        Ok(url(UNIFIED, channel, test))
    }

    fn login(&self, channel: Channel, credentials: &Credentials, moment: Moment) -> Result<Vec<String>, CallError> {
        login(channel, credentials, moment)
    }

    fn subscribe(&self, topics: &[Topic], _token: Option<&StreamToken>, on: bool) -> Result<Vec<String>, CallError> {
        Ok(said(&args(topics, unified_args)?, on))
    }

    fn heartbeat(&self, _channel: Channel) -> Heartbeat {
        heartbeat()
    }

    fn book_rule(&self, _product: Product) -> BookRule {
        BookRule { numbering: Numbering::Linked, fetched: false, depth: 0, checksum: None }
    }

    fn read(&self, _channel: Channel, frame: &str, markets: &Markets) -> Result<Vec<Event>, ReadFault> {
        frames::read(frame, markets)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::protocol::book::{BookUpdate, Gap};
    use super::*;
    use desk::time::Timestamp;

    fn credentials() -> Credentials {
        let text = |text: &str| text.to_owned();
        Credentials::new("bitget", text("test_api_key"), text("test_secret"), Some(text("test_passphrase"))).unwrap()
    }

    #[test]
    fn the_login_is_signed_over_seconds() {
        let moment = Moment { now: Timestamp::from_ms(1_700_000_000_999), nonce: 1, window_ms: 5000 };
        let frames = Bitget.login(Channel::Private(Product::Spot), &credentials(), moment).unwrap();
        let frame: Value = serde_json::from_str(&frames[0]).unwrap();
        assert_eq!(frame["args"][0]["timestamp"], "1700000000");
        assert_eq!(frame["args"][0]["sign"], "tFs52ld4UvCPXyGNtieq3A1f33ocGrPqSRXdfdMhuHg=");
        assert!(Bitget.login(Channel::Public(Product::Spot), &credentials(), moment).unwrap().is_empty());
    }

    #[test]
    fn many_subscriptions_go_into_several_frames() {
        let market = |n: u32| {
            Topic::Trades(Instrument::named(Product::Spot, &format!("C{n}USDT"), &format!("C{n}"), "USDT", None))
        };
        let topics: Vec<Topic> = (0..70).map(market).collect();
        assert_eq!(Bitget.subscribe(&topics, None, true).unwrap().len(), 3);
        let twice = [market(1), market(1)];
        assert_eq!(Bitget.subscribe(&twice, None, true).unwrap()[0].matches("C1USDT").count(), 1);
    }

    #[test]
    fn a_wrong_checksum_empties_the_book() {
        let level = |price: &str, quantity: &str| (price.parse().unwrap(), quantity.parse().unwrap());
        let mut book = Book::new("BTC/USDT", Bitget.book_rule(Product::Spot));
        let mut snapshot = BookUpdate {
            snapshot: true,
            bids: vec![level("100.0", "1.50"), level("99.5", "2")],
            asks: vec![level("100.5", "0.10")],
            checksum: Some(crc32fast::hash(b"100.0:1.50:100.5:0.10:99.5:2")),
            ..BookUpdate::default()
        };
        book.apply(&snapshot).unwrap();
        snapshot.snapshot = false;
        snapshot.bids = vec![level("99.5", "0")];
        assert!(matches!(book.apply(&snapshot), Err(Gap::Checksum { .. })));
        assert!(!book.is_live());
    }
}
