//! What venues tell of their markets.

use super::order::Side;
use desk::money::{Price, Quantity};
use desk::time::Timestamp;
use rust_decimal::Decimal;

/// A market's day at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ticker {
    /// The market's unified name.
    pub market: String,
    /// When the venue took it.
    pub at: Option<Timestamp>,
    /// The best price somebody pays.
    pub bid: Option<Decimal>,
    /// For how much.
    pub bid_quantity: Option<Decimal>,
    /// The best price somebody asks.
    pub ask: Option<Decimal>,
    /// For how much.
    pub ask_quantity: Option<Decimal>,
    /// The last trade's price.
    pub last: Option<Decimal>,
    /// The price a day ago.
    pub open: Option<Decimal>,
    /// The highest of the day.
    pub high: Option<Decimal>,
    /// The lowest of the day.
    pub low: Option<Decimal>,
    /// The close before the day.
    pub previous_close: Option<Decimal>,
    /// `last - open`, if the venue tells it.
    pub change: Option<Decimal>,
    /// The change in per cent, if the venue tells it.
    pub percentage: Option<Decimal>,
    /// The day's average price, weighted by volume, if the venue tells it.
    pub vwap: Option<Decimal>,
    /// The day's volume in base units (or contracts, as the venue counts).
    pub base_volume: Option<Decimal>,
    /// The day's volume in quote units.
    pub quote_volume: Option<Decimal>,
    /// The mark price of a contract.
    pub mark: Option<Decimal>,
    /// The price of the index behind it.
    pub index: Option<Decimal>,
}

/// One price of a book and what stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// The price.
    pub price: Price,
    /// What stands there; zero in a delta removes the level.
    pub quantity: Quantity,
}

/// An order book at one instant. Bids from the highest, asks from the lowest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrderBook {
    /// The market's unified name.
    pub market: String,
    /// When.
    pub at: Option<Timestamp>,
    /// The venue's number of this state.
    pub sequence: Option<u64>,
    /// Who pays what.
    pub bids: Vec<Level>,
    /// Who asks what.
    pub asks: Vec<Level>,
}

/// One bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    /// Its first instant.
    pub open_time: Timestamp,
    /// The first price.
    pub open: Price,
    /// The highest price.
    pub high: Price,
    /// The lowest price.
    pub low: Price,
    /// The last price.
    pub close: Price,
    /// What was traded, in base units (contracts where the venue counts so); zero where it does not tell.
    pub volume: Quantity,
}

impl Bar {
    /// The bar, if every price of it lies between its low and its high.
    ///
    /// # Errors
    /// Words, otherwise.
    pub fn believed(self) -> Result<Self, String> {
        let Self { open, high, low, close, .. } = self;
        if high < open.max(close) || low > open.min(close) {
            return Err(format!("a bar from {open} to {close} that lies outside of {low} to {high}"));
        }
        Ok(self)
    }

    /// That bars may be believed: in order of time, no two of one time, every price between low and high.
    ///
    /// # Errors
    /// Words, with the place of the first that may not.
    pub fn check(bars: &[Self]) -> Result<(), String> {
        for (at, bar) in bars.iter().enumerate() {
            bar.believed().map_err(|why| format!("bar {at}: {why}"))?;
        }
        match bars.iter().zip(bars.iter().skip(1)).position(|(bar, next)| bar.open_time >= next.open_time) {
            Some(at) => Err(format!("bar {} does not come after the one before it", at + 1)),
            None => Ok(()),
        }
    }
}

/// One trade of the market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicTrade {
    /// The market's unified name.
    pub market: String,
    /// The venue's id of it, if it has one.
    pub id: Option<String>,
    /// When.
    pub at: Timestamp,
    /// The taker's side, if the venue tells it.
    pub side: Option<Side>,
    /// At what price.
    pub price: Price,
    /// How much.
    pub quantity: Quantity,
}

/// A currency.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Currency {
    /// The venue's own name.
    pub id: String,
    /// The common name.
    pub code: String,
    /// Its name in words.
    pub name: Option<String>,
    /// The smallest step of an amount.
    pub precision: Option<Decimal>,
    /// Whether it is in use.
    pub active: Option<bool>,
}

/// Whether the venue works.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VenueHealth {
    /// Whether orders are taken.
    pub trading: bool,
    /// When that ends, or is planned to begin.
    pub until: Option<Timestamp>,
    /// In the venue's words.
    pub message: Option<String>,
}
