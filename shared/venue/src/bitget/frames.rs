//! What is heard on the WebSockets, of both generations.

use super::super::protocol::book::{BookUpdate, WireLevel};
use super::super::protocol::fault::ReadFault;
use super::super::protocol::http::Reply;
use super::super::protocol::market::{Markets, Product};
use super::super::protocol::model::{Funding, PublicTrade};
use super::super::protocol::plain::{self, Raw};
use super::super::protocol::stream::Event;
use super::super::protocol::wire::{self, MaybeMs, Num, Text};
use super::account::{RawHolding, holdings};
use super::bars;
use super::errors::api_error;
use super::line::{Line, System, product_of};
use super::market::{RawTicker, side};
use super::positions::{RawPosition, position_row};
use super::query::{RawFill, fill};
use super::report::{RawOrder, report};
use serde::{Deserialize, Deserializer, de};
use std::fmt;

/// A whole number that may stand in quotes; empty and `null` are none.
#[derive(Debug, Clone, Copy, Default)]
struct Whole(Option<i64>);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl de::Visitor<'_> for Visit {
            type Value = Whole;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }
            fn visit_i64<E: de::Error>(self, n: i64) -> Result<Whole, E> {
                Ok(Whole(Some(n)))
            }
            fn visit_u64<E: de::Error>(self, n: u64) -> Result<Whole, E> {
                i64::try_from(n).map(|n| Whole(Some(n))).map_err(E::custom)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Whole, E> {
                if text.is_empty() {
                    return Ok(Whole(None));
                }
                text.parse().map(|n| Whole(Some(n))).map_err(E::custom)
            }
            fn visit_unit<E: de::Error>(self) -> Result<Whole, E> {
                Ok(Whole(None))
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

impl Whole {
    fn number(self) -> Result<Option<u64>, String> {
        self.0.map(|n| u64::try_from(n).map_err(|_| format!("{n} is no number of a message"))).transpose()
    }

    /// A CRC32, which the venue writes as a signed number.
    fn checksum(self) -> Option<u32> {
        self.0.and_then(|n| u32::try_from(n.rem_euclid(1 << 32)).ok())
    }
}

/// What a frame is about: `channel` and `instId` in the classic account, `topic` and `symbol` in the unified one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Arg<'a> {
    #[serde(default)]
    inst_type: &'a str,
    #[serde(default, alias = "topic")]
    channel: &'a str,
    #[serde(default, alias = "symbol")]
    inst_id: &'a str,
    #[serde(default)]
    interval: &'a str,
}

/// What a frame brings. What comes often is read in one pass where its channel is named before it, as in the classic
/// account.
enum Data<'a> {
    Trades(Vec<RawTrade<'a>>),
    Books(Vec<RawBook>),
    Other(Raw<'a>),
}

#[derive(Default)]
struct Frame<'a> {
    event: Option<&'a str>,
    code: Text,
    msg: Text,
    action: &'a str,
    arg: Option<Arg<'a>>,
    data: Option<Data<'a>>,
    ts: Option<Raw<'a>>,
}

impl<'de> Deserialize<'de> for Frame<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> de::Visitor<'de> for Visit {
            type Value = Frame<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a frame")
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Frame<'de>, A::Error> {
                let mut frame = Frame::default();
                while let Some(key) = map.next_key::<&'de str>()? {
                    match key {
                        "event" => frame.event = map.next_value()?,
                        "code" => frame.code = map.next_value()?,
                        "msg" => frame.msg = map.next_value()?,
                        "action" => frame.action = map.next_value()?,
                        "arg" => frame.arg = map.next_value()?,
                        "ts" => frame.ts = map.next_value()?,
                        "data" => {
                            frame.data = match frame.arg.as_ref().map(|arg| arg.channel) {
                                Some("trade" | "publicTrade") => Some(Data::Trades(map.next_value()?)),
                                Some("books") => Some(Data::Books(map.next_value()?)),
                                _ => map.next_value::<Option<Raw<'_>>>()?.map(Data::Other),
                            }
                        }
                        _ => {
                            map.next_value::<de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(frame)
            }
        }
        deserializer.deserialize_map(Visit)
    }
}

/// A trade: the classic names, and the letters of the unified account.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawTrade<'a> {
    #[serde(alias = "T")]
    ts: Num,
    #[serde(alias = "p")]
    price: Num,
    #[serde(alias = "v")]
    size: Num,
    #[serde(alias = "S")]
    side: &'a str,
    #[serde(default, alias = "i")]
    trade_id: Text,
}

#[derive(Deserialize)]
struct RawBook {
    #[serde(default, alias = "a")]
    asks: Vec<(Num, Num)>,
    #[serde(default, alias = "b")]
    bids: Vec<(Num, Num)>,
    #[serde(default)]
    checksum: Whole,
    #[serde(default)]
    seq: Whole,
    #[serde(default)]
    pseq: Whole,
    #[serde(default)]
    ts: MaybeMs,
}

/// A bar of the unified account.
#[derive(Deserialize)]
struct RawBar {
    start: Text,
    open: Text,
    high: Text,
    low: Text,
    close: Text,
    volume: Text,
}

#[derive(Deserialize)]
struct RawUnifiedAccount {
    #[serde(default)]
    coin: Vec<RawHolding>,
}

/// A frame with its line and its market known.
struct Heard<'a> {
    line: Line,
    arg: &'a Arg<'a>,
    snapshot: bool,
    ts: Option<Raw<'a>>,
    markets: &'a Markets,
}

fn line_of(inst_type: &str) -> Result<Line, String> {
    let unified = inst_type.bytes().all(|b| !b.is_ascii_uppercase()) || inst_type == "UTA";
    let category = ["SPOT", "MARGIN", "USDT-FUTURES", "USDC-FUTURES", "COIN-FUTURES"]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(inst_type));
    match (inst_type, category.and_then(|category| Some((category, product_of(category)?)))) {
        ("UTA", _) => Ok(Line { system: System::Unified, product: Product::Linear, category: "UTA" }),
        (_, Some((category, product))) => {
            let system = match (unified, product.is_contract()) {
                (true, _) => System::Unified,
                (false, true) => System::Mix,
                (false, false) => System::Spot,
            };
            Ok(Line { system, product, category })
        }
        (other, None) => Err(format!("{other:?} is no line of business")),
    }
}

fn parsed<'a, T: Deserialize<'a>>(data: Raw<'a>) -> Result<T, String> {
    plain::from_str(data.get()).map_err(|e| e.to_string())
}

impl Heard<'_> {
    fn market(&self) -> String {
        self.line.name(self.markets, self.arg.inst_id)
    }

    fn trades(&self, raw: Vec<RawTrade<'_>>) -> Result<Vec<Event>, String> {
        let market = self.market();
        let one = |raw: RawTrade<'_>| {
            Ok(Event::Trade(PublicTrade {
                market: market.clone(),
                id: Some(raw.trade_id.0).filter(|id| !id.is_empty()),
                at: wire::millis(raw.ts.0)?,
                side: Some(side(raw.side)?),
                price: wire::price(raw.price.0)?,
                quantity: wire::quantity(raw.size.0)?,
            }))
        };
        // The venue tells the newest first.
        raw.into_iter().rev().map(one).collect()
    }

    fn books(&self, raw: Vec<RawBook>) -> Result<Vec<Event>, String> {
        let market = self.market();
        let levels = |raw: Vec<(Num, Num)>| raw.into_iter().map(|(p, q)| (p.0, q.0)).collect::<Vec<WireLevel>>();
        let one = |raw: RawBook| {
            let unified = self.line.is_unified();
            Ok(Event::Book(BookUpdate {
                market: market.clone(),
                at: raw.ts.0,
                snapshot: self.snapshot,
                first: None,
                last: raw.seq.number()?,
                previous: raw.pseq.number()?.filter(|_| !self.snapshot),
                // The unified account sends a zero, and links its deltas instead.
                checksum: raw.checksum.checksum().filter(|_| !unified),
                bids: levels(raw.bids),
                asks: levels(raw.asks),
            }))
        };
        raw.into_iter().map(one).collect()
    }

    fn ticker(&self, data: Raw<'_>) -> Result<Vec<Event>, String> {
        let market = self.market();
        let pushed = self.ts.map(parsed::<MaybeMs>).transpose()?.and_then(|ts| ts.0);
        let mut events = Vec::new();
        for raw in parsed::<Vec<RawTicker>>(data)? {
            let mut ticker = raw.named(market.clone());
            ticker.at = ticker.at.or(pushed);
            if raw.funding_rate.0.is_some() {
                events.push(Event::Funding(Funding {
                    market: market.clone(),
                    at: ticker.at,
                    rate: raw.funding_rate.0,
                    next_at: raw.next_funding_time.0,
                    mark: ticker.mark,
                    index: ticker.index,
                    ..Funding::default()
                }));
            }
            events.push(Event::Ticker(ticker));
        }
        Ok(events)
    }

    fn bars(&self, data: Raw<'_>, name: &str) -> Result<Vec<Event>, String> {
        let market = self.market();
        let interval = bars::named(name).ok_or_else(|| format!("{name:?} is no bar length"))?;
        let rows: Vec<Vec<Text>> = if self.line.is_unified() {
            let row = |bar: RawBar| vec![bar.start, bar.open, bar.high, bar.low, bar.close, bar.volume];
            parsed::<Vec<RawBar>>(data)?.into_iter().map(row).collect()
        } else {
            parsed(data)?
        };
        let mut all = rows.iter().map(|row| bars::bar(row, interval)).collect::<Result<Vec<_>, _>>()?;
        all.sort_by_key(|bar| bar.open_time);
        let newest = all.last().map(|bar| bar.open_time);
        // Whether a bar is final is not told; one that another follows is.
        let event = |bar: super::super::protocol::model::Bar| Event::Bar {
            market: market.clone(),
            interval,
            closed: Some(bar.open_time) != newest,
            bar,
        };
        Ok(all.into_iter().map(event).collect())
    }

    fn orders(&self, data: Raw<'_>) -> Result<Vec<Event>, String> {
        let one = |mut raw: RawOrder<'_>| {
            // In streams `baseVolume` is the last fill's alone.
            raw.base_volume = raw.acc_base_volume;
            report(&raw, self.line, self.markets).map(Event::Order)
        };
        parsed::<Vec<RawOrder<'_>>>(data)?.into_iter().map(one).collect()
    }

    fn fills(&self, data: Raw<'_>) -> Result<Vec<Event>, String> {
        let rows: Vec<RawFill<'_>> = parsed(data)?;
        rows.iter().map(|raw| fill(raw, self.line, self.markets).map(Event::Fill)).collect()
    }

    fn account(&self, data: Raw<'_>) -> Result<Vec<Event>, String> {
        let mut balances = if self.line.is_unified() {
            let rows: Vec<RawUnifiedAccount> = parsed(data)?;
            let all: Vec<RawHolding> = rows.into_iter().flat_map(|row| row.coin).collect();
            holdings(&all)?
        } else {
            holdings(&parsed::<Vec<RawHolding>>(data)?)?
        };
        balances.at = self.ts.map(parsed::<MaybeMs>).transpose()?.and_then(|ts| ts.0);
        Ok(vec![Event::Balances(balances)])
    }

    fn positions(&self, data: Raw<'_>) -> Result<Vec<Event>, String> {
        let rows: Vec<RawPosition> = parsed(data)?;
        if rows.is_empty() {
            // Which one has ended is not told.
            return Ok(vec![Event::Ignored("a list of positions without one")]);
        }
        let one = |raw: &RawPosition| {
            let inverse = self.line.is_unified() && !matches!(raw.margin_coin.0.as_str(), "USDT" | "USDC" | "");
            let product = if inverse { Product::Inverse } else { self.line.product };
            position_row(raw, Line { product, ..self.line }, self.markets).map(Event::Position)
        };
        rows.iter().map(one).collect()
    }

    fn events(&self, data: Data<'_>) -> Result<Vec<Event>, String> {
        let data = match data {
            Data::Trades(raw) => return self.trades(raw),
            Data::Books(raw) => return self.books(raw),
            Data::Other(data) => data,
        };
        match self.arg.channel {
            "trade" | "publicTrade" => self.trades(parsed(data)?),
            "books" => self.books(parsed(data)?),
            "ticker" => self.ticker(data),
            "kline" => self.bars(data, self.arg.interval),
            "orders" | "orders-algo" | "order" => self.orders(data),
            "fill" => self.fills(data),
            "account" => self.account(data),
            "positions" | "position" => self.positions(data),
            "books1" | "books5" | "books15" | "books50" => Ok(vec![Event::Ignored("the top of a book")]),
            "positions-history" => Ok(vec![Event::Ignored("positions that were")]),
            "liquidation" => Ok(vec![Event::Ignored("liquidations of others")]),
            other => match other.strip_prefix("candle") {
                Some(name) => self.bars(data, name),
                None => Err(format!("{other:?} is no channel")),
            },
        }
    }
}

fn answered(frame: &Frame<'_>, event: &str) -> Result<Vec<Event>, String> {
    let about = frame.arg.as_ref().map(|arg| format!("{} {} {}", arg.inst_type, arg.channel, arg.inst_id));
    match event {
        "error" => Ok(vec![Event::Refused(api_error(&frame.code.0, &frame.msg.0, 0, None))]),
        "login" if !matches!(frame.code.0.as_str(), "0" | "") => {
            Ok(vec![Event::Refused(api_error(&frame.code.0, &frame.msg.0, 0, None))])
        }
        "login" => Ok(vec![Event::Accepted("login".to_owned())]),
        "subscribe" | "unsubscribe" => {
            let about = about.ok_or("an answer that names no subscription")?;
            // Retired generations name their lines otherwise, and none of what they say can be read.
            frame.arg.as_ref().map_or(Ok(()), |arg| line_of(arg.inst_type).map(|_| ()))?;
            Ok(vec![Event::Accepted(format!("{event} {}", about.trim_end()))])
        }
        other => Err(format!("{other:?} is no event")),
    }
}

fn events(text: &str, markets: &Markets) -> Result<Vec<Event>, String> {
    let frame: Frame<'_> = plain::from_str(text).map_err(|e| e.to_string())?;
    if let Some(event) = frame.event {
        return answered(&frame, event);
    }
    let (Some(arg), Some(data)) = (&frame.arg, frame.data) else {
        return Err("neither an answer nor data".to_owned());
    };
    let line = line_of(arg.inst_type)?;
    let snapshot = match (frame.action, arg.channel) {
        ("snapshot", _) => true,
        ("update", _) => false,
        // Only for books does it matter.
        ("", channel) if channel != "books" => false,
        (other, _) => return Err(format!("{other:?} is no action")),
    };
    Heard { line, arg, snapshot, ts: frame.ts, markets }.events(data)
}

/// What a frame tells.
pub(super) fn read(text: &str, markets: &Markets) -> Result<Vec<Event>, ReadFault> {
    if text == "pong" {
        return Ok(vec![Event::Heartbeat]);
    }
    events(text, markets).map_err(|what| ReadFault::parse(&Reply::new(0, text), what))
}

#[cfg(test)]
mod tests {
    use super::super::super::protocol::market::Instrument;
    use super::super::super::protocol::model::{OrderState, PositionSide, Side};
    use super::*;

    fn markets() -> Markets {
        Markets::new([
            Instrument::named(Product::Spot, "BTCUSDT", "BTC", "USDT", None),
            Instrument::named(Product::Linear, "BTCUSDT", "BTC", "USDT", Some("USDT")),
        ])
    }

    fn heard(text: &str) -> Vec<Event> {
        read(text, &markets()).unwrap()
    }

    #[test]
    fn trades_of_both_generations_are_told_oldest_first() {
        let classic = r#"{"action":"update","arg":{"instType":"SPOT","channel":"trade","instId":"BTCUSDT"},"data":[{"ts":"1695709835823","price":"26293.4","size":"0.0013","side":"buy","tradeId":"2"},{"ts":"1695709835822","price":"26293.5","size":"0.02","side":"sell","tradeId":"1"}],"ts":1695709835824}"#;
        let events = heard(classic);
        let Event::Trade(first) = &events[0] else { panic!("{events:?}") };
        assert_eq!((first.id.as_deref(), first.side, first.market.as_str()), (Some("1"), Some(Side::Sell), "BTC/USDT"));
        let unified = r#"{"data":[{"p":"100000","S":"buy","T":"1736348770627","v":"0.00118","i":"1260903622036942849","L":"9","isRPI":"no"}],"arg":{"instType":"usdt-futures","symbol":"BTCUSDT","topic":"publicTrade"},"action":"snapshot","ts":1736371104297}"#;
        let events = heard(unified);
        let Event::Trade(trade) = &events[0] else { panic!("{events:?}") };
        assert_eq!((trade.market.as_str(), trade.quantity.to_string().as_str()), ("BTC/USDT:USDT", "0.00118"));
    }

    #[test]
    fn a_book_says_what_it_must_be_checked_with() {
        let classic = r#"{"action":"update","arg":{"instType":"USDT-FUTURES","channel":"books","instId":"BTCUSDT"},"data":[{"asks":[["27000.5","8.760"]],"bids":[],"checksum":-1367582038,"seq":123,"ts":"1695716059516"}],"ts":1695716059516}"#;
        let Event::Book(update) = heard(classic).remove(0) else { panic!("no book") };
        assert_eq!((update.checksum, update.last, update.previous), (Some(2_927_385_258), Some(123), None));
        assert_eq!(update.asks[0].1.to_string(), "8.760", "trailing zeros count for the checksum");
        let unified = r#"{"data":[{"a":[["99756.7","23.9774"]],"b":[],"pseq":"1304314508780744705","seq":"1304314508780744706","checksum":0,"ts":"1746698732562"}],"arg":{"instType":"usdt-futures","symbol":"BTCUSDT","topic":"books"},"action":"update","ts":1746698732563}"#;
        let Event::Book(update) = heard(unified).remove(0) else { panic!("no book") };
        assert_eq!((update.checksum, update.previous), (None, Some(1_304_314_508_780_744_705)));
    }

    #[test]
    fn private_rows_of_the_unified_account_are_read() {
        let order = r#"{"action":"snapshot","arg":{"instType":"UTA","topic":"order"},"data":[{"category":"usdt-futures","symbol":"BTCUSDT","orderId":"1","clientOid":"c","price":"","qty":"0.001","orderType":"market","timeInForce":"gtc","side":"buy","reduceOnly":"no","cumExecQty":"0.001","cumExecValue":"83.1315","avgPrice":"83131.5","orderStatus":"filled","feeDetail":[{"feeCoin":"USDT","fee":"0.0332526"}],"createdTime":"1742367838101","updatedTime":"1742367838115"}],"ts":1742367838124}"#;
        let Event::Order(order) = heard(order).remove(0) else { panic!("no order") };
        assert_eq!((order.state, order.market.as_deref()), (Some(OrderState::Closed), Some("BTC/USDT:USDT")));
        assert_eq!(order.fee.unwrap().cost.to_string(), "0.0332526");
        let position = r#"{"data":[{"symbol":"BTCUSDT","leverage":"20","liqPrice":"","marginMode":"crossed","size":"0","avgPrice":"0","marginCoin":"USDT","posSide":"long","holdMode":"hedge_mode","positionStatus":"ended","createdTime":"1736378720620","updatedTime":"1736378720620"}],"arg":{"instType":"UTA","topic":"position"},"action":"snapshot","ts":1730711666652}"#;
        let Event::Position(position) = heard(position).remove(0) else { panic!("no position") };
        assert_eq!((position.side, position.quantity), (Some(PositionSide::Long), Some(rust_decimal::Decimal::ZERO)));
    }

    #[test]
    fn answers_are_told_apart() {
        assert_eq!(heard("pong"), [Event::Heartbeat]);
        assert_eq!(heard(r#"{"event":"login","code":0,"msg":""}"#), [Event::Accepted("login".into())]);
        let refused = heard(r#"{"event":"error","code":30005,"msg":"Login failed"}"#);
        assert!(matches!(&refused[0], Event::Refused(fault) if fault.code == "30005"));
        assert!(
            read(r#"{"event":"subscribe","arg":{"instType":"sp","channel":"books","instId":"X"}}"#, &markets())
                .is_err()
        );
        assert!(read(r#"{"foo":1}"#, &markets()).is_err());
    }
}
