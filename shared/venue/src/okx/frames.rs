//! What a frame tells. Trades and books are read in one pass into borrowed text, everything else at leisure.

use super::raw::{BalanceRow, FundingRow, MarkRow, OrderRow, PositionRow, TickerRow};
use super::{account, bars, checksum, errors, market, positions, rows};
use crate::protocol::book::{BookUpdate, WireLevel};
use crate::protocol::model::{Bar, OwnTrade, PublicTrade, Ticker};
use crate::protocol::plain;
use crate::protocol::stream::Event;
use crate::protocol::wire::{self, Text, price, quantity};
use crate::protocol::{Markets, Product, ReadFault};
use desk::time::Timestamp;
use serde::de::{DeserializeOwned, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// What every frame may have.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    event: Text,
    #[serde(default)]
    code: Text,
    #[serde(default)]
    msg: Text,
    #[serde(default)]
    arg: Option<Arg>,
}

/// What a frame is about.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Arg {
    channel: Text,
    inst_id: Text,
    inst_type: Text,
}

/// A frame whose rows are read at leisure.
#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct Rows<T> {
    data: Vec<T>,
}

/// A trade.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Trade<'a> {
    inst_id: &'a str,
    trade_id: &'a str,
    px: &'a str,
    sz: &'a str,
    side: &'a str,
    ts: &'a str,
}

#[derive(Deserialize)]
struct Trades<'a> {
    #[serde(borrow)]
    data: Vec<Trade<'a>>,
}

/// A snapshot or delta of a book.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Depth<'a> {
    #[serde(borrow)]
    asks: Vec<Level<'a>>,
    #[serde(borrow)]
    bids: Vec<Level<'a>>,
    ts: &'a str,
    checksum: Option<i64>,
    prev_seq_id: Option<i64>,
    seq_id: Option<i64>,
}

#[derive(Deserialize)]
struct Depths<'a> {
    #[serde(borrow)]
    arg: DepthArg<'a>,
    action: Option<&'a str>,
    #[serde(borrow)]
    data: Vec<Depth<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DepthArg<'a> {
    inst_id: &'a str,
}

/// The price and quantity at the front of a level.
struct Level<'a>(&'a str, &'a str);

impl<'de: 'a, 'a> Deserialize<'de> for Level<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Front;
        impl<'de> Visitor<'de> for Front {
            type Value = Level<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a level of price and quantity")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut row: A) -> Result<Level<'de>, A::Error> {
                let short = || serde::de::Error::custom("a level is too short");
                let price = row.next_element()?.ok_or_else(short)?;
                let quantity = row.next_element()?.ok_or_else(short)?;
                while row.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Level(price, quantity))
            }
        }
        deserializer.deserialize_seq(Front)
    }
}

fn fault(frame: &str, what: impl fmt::Display) -> ReadFault {
    let excerpt = frame.chars().take(200).map(|c| if c.is_control() { ' ' } else { c }).collect();
    ReadFault::Parse { what: what.to_string(), status: 0, excerpt }
}

/// The channel of a frame that begins as the venue's frames do.
fn channel(frame: &str) -> Option<&str> {
    frame.strip_prefix(r#"{"arg":{"channel":""#)?.split('"').next()
}

/// What a frame tells.
pub(super) fn read(frame: &str, markets: &Markets) -> Result<Vec<Event>, ReadFault> {
    if frame == "pong" {
        return Ok(vec![Event::Heartbeat]);
    }
    let told = match channel(frame) {
        Some("trades" | "trades-all") => trades(frame, markets),
        Some("books" | "books5" | "books-l2-tbt" | "books50-l2-tbt") => depths(frame, markets),
        _ => at_leisure(frame, markets),
    };
    told.map_err(|what| fault(frame, what))
}

fn json<'a, T: Deserialize<'a>>(frame: &'a str) -> Result<T, String> {
    plain::from_str(frame).map_err(|e| e.to_string())
}

fn instant(text: &str) -> Result<Timestamp, String> {
    let ms: i64 = text.parse().map_err(|_| format!("{text:?} is no time"))?;
    wire::instant(ms)
}

fn trades(frame: &str, markets: &Markets) -> Result<Vec<Event>, String> {
    let trades: Trades<'_> = json(frame)?;
    trades
        .data
        .iter()
        .map(|trade| {
            Ok(Event::Trade(PublicTrade {
                market: markets.name_of(trade.inst_id, &[]),
                id: Some(trade.trade_id.to_owned()),
                at: instant(trade.ts)?,
                side: Some(rows::side(trade.side)?),
                price: price(wire::decimal(trade.px)?)?,
                quantity: quantity(wire::decimal(trade.sz)?)?,
            }))
        })
        .collect()
}

fn levels(rows: &[Level<'_>]) -> Result<Vec<WireLevel>, String> {
    rows.iter().map(|Level(price, quantity)| Ok((wire::decimal(price)?, wire::decimal(quantity)?))).collect()
}

fn depths(frame: &str, markets: &Markets) -> Result<Vec<Event>, String> {
    let depths: Depths<'_> = json(frame)?;
    // The five-level channel has no deltas, and says no action.
    let snapshot = match depths.action {
        Some("snapshot") | None => true,
        Some("update") => false,
        Some(other) => return Err(format!("{other:?} is nothing that happens to a book")),
    };
    let name = markets.name_of(depths.arg.inst_id, &[]);
    depths
        .data
        .iter()
        .map(|depth| {
            // A snapshot has -1 for its predecessor.
            let number = |n: Option<i64>| n.and_then(|n| u64::try_from(n).ok());
            Ok(Event::Book(BookUpdate {
                market: name.clone(),
                at: Some(instant(depth.ts)?),
                snapshot,
                first: None,
                last: number(depth.seq_id),
                previous: number(depth.prev_seq_id),
                checksum: checksum::wire(depth.checksum, depth.seq_id.is_some())?,
                bids: levels(&depth.bids)?,
                asks: levels(&depth.asks)?,
            }))
        })
        .collect()
}

/// The rows of a frame, each an event.
fn each<T: DeserializeOwned>(frame: &str, turn: impl Fn(T) -> Result<Event, String>) -> Result<Vec<Event>, String> {
    json::<Rows<T>>(frame)?.data.into_iter().map(turn).collect()
}

fn at_leisure(frame: &str, markets: &Markets) -> Result<Vec<Event>, String> {
    let head: Head = json(frame)?;
    if head.event.some().is_some() {
        return event(&head).map(|event| vec![event]);
    }
    let arg = head.arg.unwrap_or_default();
    match arg.channel.0.as_str() {
        // Frames whose keys stand in another order than the venue's usual one.
        "trades" | "trades-all" => trades(frame, markets),
        "books" | "books5" | "books-l2-tbt" | "books50-l2-tbt" => depths(frame, markets),
        "tickers" => each(frame, |row: TickerRow| market::ticker_of(&row, markets).map(Event::from)),
        "bbo-tbt" => best(frame, &arg, markets),
        "mark-price" => each(frame, |row: MarkRow| {
            let market = markets.name_of(row.inst_id.some().ok_or("a price without its instrument")?, &[]);
            Ok(Event::Ticker(Box::new(Ticker { market, at: row.ts.0, mark: row.mark_px.0, ..Ticker::default() })))
        }),
        "funding-rate" => each(frame, |row: FundingRow| market::funding_of(&row, markets).map(Event::Funding)),
        "orders" | "orders-algo" | "algo-advance" => orders(frame, markets),
        "account" => each(frame, |row: BalanceRow| account::balance(&row).map(Event::Balances)),
        "positions" => each(frame, |row: PositionRow| positions::report(&row, markets).map(Event::from)),
        "index-tickers" => Ok(vec![Event::Ignored("the price of an index")]),
        "instruments" => Ok(vec![Event::Ignored("instruments, which are asked for instead")]),
        "status" => Ok(vec![Event::Ignored("maintenance, which is asked for instead")]),
        "balance_and_position" => Ok(vec![Event::Ignored("balances and positions a second time")]),
        "opt-summary" => Ok(vec![Event::Ignored("options")]),
        other if other.starts_with("sprd-") => Ok(vec![Event::Ignored("spreads")]),
        other if other.starts_with("candle") => candles(frame, &arg, markets),
        other => Err(format!("{other:?} is no channel that was asked for")),
    }
}

/// An answer of the server's to something we said, or a notice.
fn event(head: &Head) -> Result<Event, String> {
    let arg = head.arg.as_ref();
    let about = arg.map(|arg| [&arg.channel.0, &arg.inst_id.0, &arg.inst_type.0].map(String::as_str).join(" "));
    let refused = || {
        let meaning = errors::meaning(&head.code.0);
        Event::Refused(errors::error(&head.code.0, &head.msg.0, 0, meaning, None))
    };
    match head.event.0.as_str() {
        "login" if head.code.0 != "0" => Ok(refused()),
        name @ ("subscribe" | "unsubscribe" | "login") => {
            Ok(Event::Accepted(format!("{name} {}", about.unwrap_or_default()).trim().to_owned()))
        }
        "error" | "channel-conn-count-error" => Ok(refused()),
        "notice" => Ok(Event::Reconnect(format!("{} {}", head.code.0, head.msg.0).trim().to_owned())),
        "channel-conn-count" => Ok(Event::Ignored("how many connections a channel has")),
        other => Err(format!("{other:?} is no known event")),
    }
}

/// The best bid and ask, one level a side.
fn best(frame: &str, arg: &Arg, markets: &Markets) -> Result<Vec<Event>, String> {
    each(frame, |row: super::raw::BookRow| {
        let number = |side: &[Vec<Text>], at: usize| {
            side.first().and_then(|level| level.get(at)).map(|text| wire::decimal(&text.0)).transpose()
        };
        Ok(Event::Ticker(Box::new(Ticker {
            market: markets.name_of(&arg.inst_id.0, &[]),
            at: row.ts.0,
            bid: number(&row.bids, 0)?,
            bid_quantity: number(&row.bids, 1)?,
            ask: number(&row.asks, 0)?,
            ask_quantity: number(&row.asks, 1)?,
            ..Ticker::default()
        })))
    })
}

/// Orders, and the fill an order's row tells of.
fn orders(frame: &str, markets: &Markets) -> Result<Vec<Event>, String> {
    let mut events = Vec::new();
    for row in json::<Rows<OrderRow>>(frame)?.data {
        let report = rows::order(&row, markets)?;
        let filled = row.fill_sz.nonzero().zip(row.fill_px.nonzero());
        if let (Some((amount, at)), Some(trade)) = (filled, row.trade_id.owned().filter(|id| id != "0")) {
            let fee = rows::fee(row.fill_fee, &row.fill_fee_ccy);
            events.push(Event::Fill(Box::new(OwnTrade {
                market: report.market.clone().unwrap_or_default(),
                id: trade,
                order: report.id.clone(),
                client_id: report.client_id.clone(),
                at: row.fill_time.0,
                side: report.side,
                liquidity: rows::liquidity(&row.exec_type.0),
                price: price(at)?,
                quantity: quantity(amount)?,
                cost: None,
                fee,
            })));
        }
        events.push(Event::Order(Box::new(report)));
    }
    Ok(events)
}

/// Bars. The ninth number says whether one has closed.
fn candles(frame: &str, arg: &Arg, markets: &Markets) -> Result<Vec<Event>, String> {
    let word = arg.channel.0.trim_start_matches("candle");
    // A month has no length.
    let Some(interval) = bars::interval(word) else { return Ok(vec![Event::Ignored("bars of months")]) };
    let symbol = arg.inst_id.some().ok_or("bars without their instrument")?;
    let known = markets.of_symbol(symbol, &[]);
    let contract = known.map_or(symbol.ends_with("-SWAP"), |market| market.product != Product::Spot);
    let name = markets.name_of(symbol, &[]);
    let events = each(frame, |row: Vec<Text>| {
        let bar = bars::bar(&row, Some(if contract { 6 } else { 5 }))?;
        let closed = match row.get(8).map(|text| text.0.as_str()) {
            Some("1") => true,
            Some("0") => false,
            _ => return Err("a bar does not say whether it has closed".to_owned()),
        };
        Ok(Event::Bar { market: name.clone(), interval, bar, closed })
    })?;
    let told: Vec<Bar> =
        events.iter().filter_map(|event| if let Event::Bar { bar, .. } = event { Some(*bar) } else { None }).collect();
    Bar::check(&told)?;
    Ok(events)
}

#[cfg(test)]
#[path = "frames_tests.rs"]
mod tests;
