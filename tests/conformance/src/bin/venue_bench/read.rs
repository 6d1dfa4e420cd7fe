//! Frames of a market's stream, from their text to the event. Their shapes follow the venues' documents, with the types
//! of the wire; prices, quantities, ids and markets turn from frame to frame, and the registry has as many markets as a
//! large venue.

use crate::table::Row;
use crate::timing::cost;
use desk::time::Timestamp;
use rust_decimal::Decimal;
use std::hint::black_box;
use venue::binance::Binance;
use venue::protocol::book::{Applied, Book, BookUpdate};
use venue::protocol::stream::{Channel, Event};
use venue::protocol::{Instrument, Markets, Product, Streams};
use venue::registry::adapter;

/// How many different frames there are.
const FRAMES: u64 = 1_024;
/// How many of them are read in a batch.
const BATCH: usize = 64;
/// How many batches are timed: a million frames.
const BATCHES: u64 = 16_384;
/// How many markets the registry has.
const MARKETS: u64 = 1_500;
/// How many deltas go into a book in a batch, and how many batches are timed.
const DELTAS: u64 = 50;
const DELTA_BATCHES: u64 = 600;
/// How many levels a side of the book has.
const LEVELS: u64 = 1_000;

/// A venue's frame with one trade. `$SYMBOL`, `$LOWER`, `$PRICE`, `$QUANTITY`, `$ID`, `$MS`, `$SIDE`, `$TRUTH` and `$ISO`
/// (without its fraction) are put in.
struct Shape {
    what: &'static str,
    venue: &'static str,
    between: &'static str,
    goal_ns: Option<u64>,
    frame: &'static str,
}

const SHAPES: [Shape; 10] = [
    Shape {
        what: "trade, binance",
        venue: "binance",
        between: "",
        goal_ns: Some(400),
        frame: r#"{"e":"trade","E":$MS,"s":"$SYMBOL","t":$ID,"p":"$PRICE000000","q":"$QUANTITY000","T":$MS,"m":$TRUTH,"M":true}"#,
    },
    Shape {
        what: "trade, binance, combined stream",
        venue: "binance",
        between: "",
        goal_ns: Some(400),
        frame: r#"{"stream":"$LOWER@trade","data":{"e":"trade","E":$MS,"s":"$SYMBOL","t":$ID,"p":"$PRICE000000","q":"$QUANTITY000","T":$MS,"m":$TRUTH,"M":true}}"#,
    },
    Shape {
        what: "aggTrade, binance",
        venue: "binance",
        between: "",
        goal_ns: Some(400),
        frame: r#"{"e":"aggTrade","E":$MS,"s":"$SYMBOL","a":$ID,"p":"$PRICE000000","q":"$QUANTITY000","f":$ID,"l":$ID,"T":$MS,"m":$TRUTH,"M":true}"#,
    },
    Shape {
        what: "aggTrade, binance, combined stream",
        venue: "binance",
        between: "",
        goal_ns: Some(400),
        frame: r#"{"stream":"$LOWER@aggTrade","data":{"e":"aggTrade","E":$MS,"s":"$SYMBOL","a":$ID,"p":"$PRICE000000","q":"$QUANTITY000","f":$ID,"l":$ID,"T":$MS,"m":$TRUTH,"M":true}}"#,
    },
    Shape {
        what: "trade, okx",
        venue: "okx",
        between: "-",
        goal_ns: None,
        frame: r#"{"arg":{"channel":"trades","instId":"$SYMBOL"},"data":[{"instId":"$SYMBOL","tradeId":"$ID","px":"$PRICE","sz":"$QUANTITY","side":"$SIDE","ts":"$MS","count":"3","source":"0","seqId":$ID}]}"#,
    },
    Shape {
        what: "trade, bybit",
        venue: "bybit",
        between: "",
        goal_ns: None,
        frame: r#"{"topic":"publicTrade.$SYMBOL","type":"snapshot","ts":$MS,"data":[{"i":"$ID","T":$MS,"p":"$PRICE","v":"$QUANTITY","S":"$Side","s":"$SYMBOL","BT":false,"RPI":false}]}"#,
    },
    Shape {
        what: "trade, kraken",
        venue: "kraken",
        between: "/",
        goal_ns: None,
        frame: r#"{"channel":"trade","type":"update","data":[{"symbol":"$SYMBOL","side":"$SIDE","price":$PRICE,"qty":$QUANTITY,"ord_type":"limit","trade_id":$ID,"timestamp":"$ISO.440295Z"}]}"#,
    },
    Shape {
        what: "trade, kucoin",
        venue: "kucoin",
        between: "-",
        goal_ns: None,
        frame: r#"{"topic":"/market/match:$SYMBOL","type":"message","subject":"trade.l3match","data":{"makerOrderId":"671b5007389355000701b1d3","price":"$PRICE","sequence":"$ID","side":"$SIDE","size":"$QUANTITY","symbol":"$SYMBOL","takerOrderId":"671b50161777ff00074c168d","time":"$MS000000","tradeId":"$ID","type":"match"}}"#,
    },
    Shape {
        what: "trade, bitget",
        venue: "bitget",
        between: "",
        goal_ns: None,
        frame: r#"{"action":"update","arg":{"instType":"SPOT","channel":"trade","instId":"$SYMBOL"},"data":[{"ts":"$MS","price":"$PRICE","size":"$QUANTITY","side":"$SIDE","tradeId":"$ID"}],"ts":$MS}"#,
    },
    Shape {
        what: "trade, coinbase",
        venue: "coinbase",
        between: "-",
        goal_ns: None,
        frame: r#"{"channel":"market_trades","client_id":"","timestamp":"$ISO.789012345Z","sequence_num":5,"events":[{"type":"update","trades":[{"product_id":"$SYMBOL","trade_id":"$ID","price":"$PRICE","size":"$QUANTITY","time":"$ISO.787654Z","side":"$SIDE"}]}]}"#,
    },
];

/// The figures.
pub(crate) fn rows() -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for shape in &SHAPES {
        let streams = adapter(shape.venue).ok_or("no such venue")?.streams;
        let markets = registry(shape.between);
        let frames: Vec<String> = (0..FRAMES).map(|turn| frame(shape, turn)).collect();
        frames.iter().zip(0..).try_for_each(|(frame, turn)| check(streams, frame, turn, &markets))?;
        let batches: Vec<&[String]> = frames.chunks(BATCH).collect();
        let mut next = batches.iter().cycle();
        let work = |_| -> Result<(), String> {
            for frame in *next.next().ok_or("there are no frames")? {
                let events = streams.read(Channel::Public(Product::Spot), black_box(frame), &markets);
                black_box(events.map_err(|e| e.to_string())?);
            }
            Ok(())
        };
        let cost = cost(u64::try_from(BATCH).unwrap_or(1), BATCHES, work)?;
        rows.push(Row { what: format!("read: {}", shape.what), cost, goal_ns: shape.goal_ns });
    }
    rows.push(depth()?);
    Ok(rows)
}

/// The unified base of a market.
fn base(turn: u64) -> String {
    match turn % MARKETS {
        0 => "BTC".to_owned(),
        1 => "ETH".to_owned(),
        other => format!("C{other}"),
    }
}

fn registry(between: &str) -> Markets {
    Markets::new((0..MARKETS).map(|turn| {
        let base = base(turn);
        Instrument::named(Product::Spot, &format!("{base}{between}USDT"), &base, "USDT", None)
    }))
}

/// Numbers that look like chance (SplitMix64).
const fn mixed(value: u64) -> u64 {
    let value = value.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// The market of a frame: most trades are in few of them.
const fn market_of(turn: u64) -> u64 {
    if turn.is_multiple_of(4) { mixed(turn) % MARKETS } else { mixed(turn) % 8 }
}

fn frame(shape: &Shape, turn: u64) -> String {
    let chance = mixed(turn + 1);
    let symbol = format!("{}{}USDT", base(market_of(turn)), shape.between);
    let ms = 1_722_161_166_000 + turn * 7;
    let at = Timestamp::from_ms(i64::try_from(ms).unwrap_or_default()).to_string();
    let buys = chance.is_multiple_of(2);
    let side = match (shape.venue, buys) {
        ("coinbase", true) => "BUY",
        ("coinbase", false) => "SELL",
        (_, true) => "buy",
        (_, false) => "sell",
    };
    shape
        .frame
        .replace("$SYMBOL", &symbol)
        .replace("$LOWER", &symbol.to_lowercase())
        .replace("$PRICE", &format!("{}.{:02}", 20_000 + chance % 60_000, chance / 7 % 100))
        .replace("$QUANTITY", &format!("{}.{:05}", chance % 3, 1 + chance / 11 % 99_999))
        .replace("$ID", &(3_000_000_000 + turn).to_string())
        .replace("$MS", &ms.to_string())
        .replace("$SIDE", side)
        .replace("$Side", if buys { "Buy" } else { "Sell" })
        .replace("$TRUTH", if buys { "true" } else { "false" })
        .replace("$ISO", at.trim_end_matches('Z'))
}

/// That a frame is read as its one trade.
fn check(streams: &dyn Streams, frame: &str, turn: u64, markets: &Markets) -> Result<(), String> {
    let events = streams.read(Channel::Public(Product::Spot), frame, markets).map_err(|e| e.to_string())?;
    let market = format!("{}/USDT", base(market_of(turn)));
    match events.as_slice() {
        [Event::Trade(trade)] if trade.market == market && trade.id.is_some() => Ok(()),
        other => Err(format!("{frame} is read as {other:?}")),
    }
}

/// A delta of twenty levels, ten a side, from its text into a book of a thousand levels a side.
fn depth() -> Result<Row, String> {
    let markets = registry("");
    let channel = Channel::Public(Product::Spot);
    let mut book = Book::new("BTC/USDT", Binance.book_rule(Product::Spot));
    let side = |from: i64, step: i64| (0..LEVELS).zip(0_i64..).map(move |(_, at)| level(from + step * at)).collect();
    let snapshot = BookUpdate {
        snapshot: true,
        last: Some(0),
        bids: side(5_999_999, -1),
        asks: side(6_000_001, 1),
        ..BookUpdate::default()
    };
    book.apply(&snapshot).map_err(|e| e.to_string())?;
    let frames: Vec<String> = (0..(DELTA_BATCHES + DELTA_BATCHES / 10) * DELTAS).map(delta).collect();
    let mut rest = frames.iter();
    let work = |_| -> Result<(), String> {
        for _ in 0..DELTAS {
            let frame = rest.next().ok_or("there are too few deltas")?;
            for event in Binance.read(channel, black_box(frame), &markets).map_err(|e| e.to_string())? {
                let Event::Book(update) = event else { return Err("a delta is read as something else".to_owned()) };
                if book.apply(&update).map_err(|e| e.to_string())? != Applied::Changed {
                    return Err("a delta does not change the book".to_owned());
                }
            }
        }
        black_box(&book);
        Ok(())
    };
    Ok(Row::new("read, apply: delta of 20 levels, binance", cost(DELTAS, DELTA_BATCHES, work)?))
}

fn level(cents: i64) -> (Decimal, Decimal) {
    (Decimal::new(cents, 2), Decimal::new(15, 1))
}

/// A delta: most changes are near the best price, a fifth take a level away.
fn delta(turn: u64) -> String {
    let side = |sign: bool| {
        let levels: Vec<String> = (0..10)
            .map(|at| {
                let chance = mixed(turn * 20 + at + if sign { 10 } else { 0 });
                let depth = 1 + (at * 7 + chance % 7) % LEVELS;
                let cents = if sign { 6_000_000 + depth } else { 6_000_000 - depth };
                let quantity = if chance.is_multiple_of(5) { 0 } else { chance / 5 % 3_000_000 };
                let (whole, part) = (quantity / 100_000, quantity % 100_000);
                format!(r#"["{}.{:02}000000","{whole}.{part:05}000"]"#, cents / 100, cents % 100)
            })
            .collect();
        levels.join(",")
    };
    let (ms, number) = (1_722_161_166_000 + turn * 100, turn + 1);
    format!(
        r#"{{"e":"depthUpdate","E":{ms},"s":"BTCUSDT","U":{number},"u":{number},"b":[{}],"a":[{}]}}"#,
        side(false),
        side(true)
    )
}
