//! The futures exchange's WebSocket v1.
//!
//! Messages of a book are counted for each product. Private feeds want a challenge signed: the login asks for it, the
//! server sends it, and each subscription carries it with its signature.

mod own;
mod rows;

use super::KrakenFutures;
use super::market::{market_of, name_of};
use crate::kraken::shared::{self, side_of};
use crate::protocol::book::{BookRule, BookUpdate, Numbering};
use crate::protocol::fault::{ApiError, Meaning, ReadFault};
use crate::protocol::model::{Funding, OrderState, PublicTrade, Side, Ticker};
use crate::protocol::plain;
use crate::protocol::stream::{Channel, Event, Heartbeat, StreamToken, Streams, Topic};
use crate::protocol::{Ask, CallError, Credentials, Instrument, Markets, Moment, Product, sign, wire};
use own::{balances, fill, order, order_change, positions};
use rows::{Delta, FillRows, Frame, LevelRow, OrderRow, OrderRows, Snapshot, TickerRow, TradeRow, TradeRows};
use serde::Deserialize;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

fn snapshot(row: &Snapshot<'_>, markets: &Markets) -> BookUpdate {
    let levels = |rows: &[LevelRow]| rows.iter().map(|row| (row.price.0, row.qty.0)).collect();
    BookUpdate {
        market: name_of(markets, row.product_id),
        at: row.timestamp.0,
        snapshot: true,
        last: Some(row.seq),
        bids: levels(&row.bids),
        asks: levels(&row.asks),
        ..BookUpdate::default()
    }
}

fn delta(row: &Delta<'_>, markets: &Markets) -> Result<BookUpdate, String> {
    let level = vec![(row.price.0, row.qty.0)];
    let (bids, asks) = match side_of(row.side)? {
        Side::Buy => (level, Vec::new()),
        Side::Sell => (Vec::new(), level),
    };
    let (market, at) = (name_of(markets, row.product_id), row.timestamp.0);
    Ok(BookUpdate { market, at, last: Some(row.seq), bids, asks, ..BookUpdate::default() })
}

fn trade(row: &TradeRow<'_>, markets: &Markets) -> Result<PublicTrade, String> {
    Ok(PublicTrade {
        market: name_of(markets, row.product_id),
        id: Some(row.uid.to_owned()).filter(|id| !id.is_empty()),
        at: row.time.0.ok_or("a trade without its time")?,
        side: Some(side_of(row.side)?),
        price: wire::price(row.price.0)?,
        quantity: wire::quantity(row.qty.0)?,
    })
}

fn ticker(row: &TickerRow<'_>, markets: &Markets) -> Vec<Event> {
    let market = name_of(markets, row.product_id);
    let inverse = market_of(markets, row.product_id)
        .map_or_else(|| row.product_id.to_ascii_uppercase().starts_with("PI"), |i| i.product == Product::Inverse);
    let (at, mark, index) = (row.time.0, row.mark_price.nonzero(), row.index.nonzero());
    let mut events = Vec::with_capacity(2);
    if row.relative_funding_rate.0.is_some() {
        events.push(Event::Funding(Funding {
            market: market.clone(),
            at,
            rate: row.relative_funding_rate.0,
            next_at: row.next_funding_rate_time.0,
            next_rate: row.relative_funding_rate_prediction.0,
            interval_hours: Some(1),
            mark,
            index,
            ..Funding::default()
        }));
    }
    events.push(Event::Ticker(Box::new(Ticker {
        market,
        at,
        bid: row.bid.nonzero(),
        bid_quantity: row.bid_size.0,
        ask: row.ask.nonzero(),
        ask_quantity: row.ask_size.0,
        last: row.last.nonzero(),
        open: row.open.nonzero(),
        high: row.high.nonzero(),
        low: row.low.nonzero(),
        percentage: row.change.0,
        base_volume: row.volume.0.filter(|_| !inverse),
        quote_volume: if inverse { row.volume.0 } else { row.volume_quote.0 },
        mark,
        index,
        ..Ticker::default()
    })));
    events
}

fn of_feed(feed: &str, frame: &str, markets: &Markets) -> Result<Vec<Event>, String> {
    fn row<'a, T: Deserialize<'a>>(frame: &'a str) -> Result<T, String> {
        plain::from_str(frame).map_err(|e| e.to_string())
    }
    Ok(match feed {
        "book" => vec![Event::Book(delta(&row(frame)?, markets)?)],
        "trade" => vec![Event::Trade(trade(&row(frame)?, markets)?)],
        "book_snapshot" => vec![Event::Book(snapshot(&row(frame)?, markets))],
        "trade_snapshot" => {
            // Old trades are told once more on every connection: they are checked, and not told as new ones.
            row::<TradeRows<'_>>(frame)?.trades.iter().try_for_each(|row| trade(row, markets).map(drop))?;
            vec![Event::Ignored("trades from before the subscription")]
        }
        "ticker" => ticker(&row(frame)?, markets),
        "ticker_lite" => {
            let only = ticker(&row(frame)?, markets);
            only.into_iter().filter(|event| matches!(event, Event::Ticker(_))).collect()
        }
        "heartbeat" => vec![Event::Heartbeat],
        "open_orders_snapshot" => {
            let told: OrderRows = row(frame)?;
            let one = |row: &OrderRow| order(row, OrderState::Open, markets).map(Event::from);
            told.orders.iter().map(one).collect::<Result<_, _>>()?
        }
        "open_orders" => vec![order_change(&row(frame)?, markets)?],
        "fills" | "fills_snapshot" => {
            let told: FillRows = row(frame)?;
            told.fills.iter().map(|row| fill(row, markets).map(Event::from)).collect::<Result<_, _>>()?
        }
        "open_positions" => positions(&row(frame)?, markets),
        "balances" | "balances_snapshot" => balances(&row(frame)?),
        "open_orders_verbose" | "open_orders_verbose_snapshot" => vec![Event::Ignored("open orders in more words")],
        "account_log" | "account_log_snapshot" => vec![Event::Ignored("the log of the account")],
        "notifications_auth" => vec![Event::Ignored("notices to the account")],
        other => return Err(format!("{other:?} is no feed")),
    })
}

fn read(frame: &str, markets: &Markets) -> Result<Vec<Event>, String> {
    let parsed: Frame<'_> = plain::from_str(frame).map_err(|e| e.to_string())?;
    let Some(event) = parsed.event else {
        let feed = parsed.feed.ok_or("neither a feed nor an event")?;
        return of_feed(feed, frame, markets);
    };
    let text = || parsed.message.0.chars().take(200).collect::<String>();
    Ok(match event {
        "info" => vec![Event::Ignored("the version of the server")],
        "subscribed" | "unsubscribed" => vec![Event::Accepted(format!("{event} {}", parsed.feed.unwrap_or_default()))],
        // Answered by `respond`, which has the credentials.
        "challenge" => vec![Event::Accepted("the login is challenged".to_owned())],
        "alert" if parsed.message.0.starts_with("Already") => vec![Event::Accepted(text())],
        "error" | "alert" | "subscribed_failed" | "unsubscribed_failed" => {
            let code = event.to_owned();
            vec![Event::Refused(ApiError {
                code,
                message: text(),
                status: 0,
                meaning: meaning(&text()),
                retry_after_ms: None,
            })]
        }
        other => return Err(format!("{other:?} is no event")),
    })
}

fn meaning(message: &str) -> Meaning {
    let lower = message.to_ascii_lowercase();
    if ["api key", "challenge", "signature", "permission", "authent"].iter().any(|word| lower.contains(word)) {
        Meaning::Credentials
    } else if lower.contains("limit") {
        Meaning::RateLimit
    } else {
        Meaning::Unclear
    }
}

/// The feeds of the public topics, and the products of each.
fn public_feeds<'a>(topics: &'a [Topic]) -> Result<BTreeMap<&'static str, Vec<&'a str>>, CallError> {
    let mut feeds: BTreeMap<&'static str, Vec<&'a str>> = BTreeMap::new();
    for topic in topics {
        let mut add = |feed, instrument: &'a Instrument| feeds.entry(feed).or_default().push(&instrument.symbol);
        match topic {
            Topic::Trades(i) => add("trade", i),
            Topic::Ticker(i) => add("ticker", i),
            Topic::Book(i) => add("book", i),
            Topic::Bars(_, interval) => {
                let what = format!("a stream of bars ({interval})");
                return Err(CallError::Unsupported { venue: "krakenfutures", what });
            }
            Topic::Orders(_) | Topic::Balances(_) | Topic::Positions(_) => {}
        }
    }
    Ok(feeds)
}

/// The feeds of the private topics; they are those of the whole account.
fn private_feeds(topics: &[Topic]) -> BTreeSet<&'static str> {
    let mut feeds = BTreeSet::new();
    for topic in topics {
        match topic {
            Topic::Orders(_) => {
                feeds.insert("open_orders");
                feeds.insert("fills");
            }
            Topic::Balances(_) => {
                feeds.insert("balances");
            }
            Topic::Positions(_) => {
                feeds.insert("open_positions");
            }
            Topic::Trades(_) | Topic::Ticker(_) | Topic::Book(_) | Topic::Bars(..) => {}
        }
    }
    feeds
}

/// A challenge, signed: HMAC-SHA512 over its SHA-256.
pub(super) fn signed_challenge(challenge: &str, credentials: &Credentials) -> Result<String, CallError> {
    let digest = sign::sha256(&[challenge.as_bytes()]);
    shared::signature("krakenfutures", credentials, &[digest.as_ref()])
}

impl Streams for KrakenFutures {
    fn token(&self, _: Channel) -> Result<Option<Ask<StreamToken>>, CallError> {
        Ok(None)
    }

    fn url(&self, _: Channel, _: Option<&StreamToken>, test: bool) -> Result<String, CallError> {
        let host = if test { "demo-futures.kraken.com" } else { "futures.kraken.com" };
        Ok(format!("wss://{host}/ws/v1"))
    }

    fn login(&self, channel: Channel, credentials: &Credentials, _: Moment) -> Result<Vec<String>, CallError> {
        match channel {
            Channel::Public(_) => Ok(Vec::new()),
            Channel::Private(_) => Ok(vec![json!({ "event": "challenge", "api_key": credentials.key() }).to_string()]),
        }
    }

    fn subscribe(&self, topics: &[Topic], _: Option<&StreamToken>, on: bool) -> Result<Vec<String>, CallError> {
        let event = if on { "subscribe" } else { "unsubscribe" };
        let feeds = public_feeds(topics)?;
        let frame = |(feed, products): (&'static str, Vec<&str>)| {
            json!({ "event": event, "feed": feed, "product_ids": products }).to_string()
        };
        let mut frames: Vec<String> = feeds.into_iter().map(frame).collect();
        if on && !private_feeds(topics).is_empty() {
            // Private feeds follow the challenge; this one keeps the connection from falling silent.
            frames.push(json!({ "event": "subscribe", "feed": "heartbeat" }).to_string());
        }
        Ok(frames)
    }

    fn heartbeat(&self, _: Channel) -> Heartbeat {
        Heartbeat { every_ms: 30_000, frame: None, silence_max_ms: 60_000 }
    }

    fn book_rule(&self, _: Product) -> BookRule {
        BookRule { numbering: Numbering::Counted, fetched: false, depth: 0, checksum: None }
    }

    fn read(&self, _: Channel, frame: &str, markets: &Markets) -> Result<Vec<Event>, ReadFault> {
        read(frame, markets).map_err(|what| ReadFault::Parse {
            what,
            status: 0,
            excerpt: frame.chars().take(200).collect(),
        })
    }

    fn respond(
        &self,
        _: Channel,
        frame: &str,
        topics: &[Topic],
        credentials: &Credentials,
    ) -> Result<Vec<String>, CallError> {
        let Ok(parsed) = serde_json::from_str::<Frame<'_>>(frame) else { return Ok(Vec::new()) };
        if parsed.event != Some("challenge") || parsed.message.0.is_empty() {
            return Ok(Vec::new());
        }
        let signed = signed_challenge(&parsed.message.0, credentials)?;
        let one = |feed: &str| {
            json!({ "event": "subscribe", "feed": feed, "api_key": credentials.key(),
                "original_challenge": parsed.message.0, "signed_challenge": signed })
            .to_string()
        };
        Ok(private_feeds(topics).into_iter().map(one).collect())
    }
}
