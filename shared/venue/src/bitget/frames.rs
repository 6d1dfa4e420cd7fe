//! What is heard on the WebSockets, of both generations.

mod rows;

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
use rows::{Arg, Data, Frame, RawBar, RawBook, RawTrade, RawUnifiedAccount};
use serde::Deserialize;

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
            events.push(Event::Ticker(Box::new(ticker)));
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
            report(&raw, self.line, self.markets).map(Event::from)
        };
        parsed::<Vec<RawOrder<'_>>>(data)?.into_iter().map(one).collect()
    }

    fn fills(&self, data: Raw<'_>) -> Result<Vec<Event>, String> {
        let rows: Vec<RawFill<'_>> = parsed(data)?;
        rows.iter().map(|raw| fill(raw, self.line, self.markets).map(Event::from)).collect()
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
            position_row(raw, Line { product, ..self.line }, self.markets).map(Event::from)
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
mod tests;
