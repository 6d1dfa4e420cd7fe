//! What was traded in a market: single trades, trades by taker and price, and bars.

use super::types::Ms;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, VecDeque};

/// How many trades are remembered.
const TRADES_MAX: usize = 20_000;
/// How many one-second bars are remembered.
const SECONDS_MAX: usize = 7_200;
/// How many one-minute bars are remembered: 90 days.
const MINUTES_MAX: usize = 129_600;
const SECOND: Ms = 1_000;
const MINUTE: Ms = 60_000;
const DAY: Ms = 86_400_000;

/// A public trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trade {
    /// Its number.
    pub id: u64,
    /// Price.
    pub price: Decimal,
    /// Base quantity.
    pub quantity: Decimal,
    /// When.
    pub at: Ms,
    /// Whether the buyer had rested.
    pub buyer_maker: bool,
}

/// Trades of one taker at one price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aggregate {
    /// Its number.
    pub id: u64,
    /// Price.
    pub price: Decimal,
    /// Base quantity.
    pub quantity: Decimal,
    /// First trade.
    pub first: u64,
    /// Last trade.
    pub last: u64,
    /// When.
    pub at: Ms,
    /// Whether the buyer had rested.
    pub buyer_maker: bool,
    taker: u64,
}

/// A bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candle {
    /// Its first millisecond.
    pub open_at: Ms,
    /// Open.
    pub open: Decimal,
    /// High.
    pub high: Decimal,
    /// Low.
    pub low: Decimal,
    /// Close.
    pub close: Decimal,
    /// Base volume.
    pub volume: Decimal,
    /// Quote volume.
    pub quote: Decimal,
    /// Number of trades.
    pub trades: u64,
    /// Base volume that takers bought.
    pub taker_base: Decimal,
    /// Quote volume that takers bought with.
    pub taker_quote: Decimal,
    /// First and last trade.
    pub ids: Option<(u64, u64)>,
}

impl Candle {
    /// A bar without a trade.
    #[must_use]
    pub fn flat(open_at: Ms, price: Decimal) -> Self {
        let zero = Decimal::ZERO;
        Self {
            open_at,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: zero,
            quote: zero,
            trades: 0,
            taker_base: zero,
            taker_quote: zero,
            ids: None,
        }
    }

    fn add(&mut self, trade: &Trade) {
        self.high = self.high.max(trade.price);
        self.low = self.low.min(trade.price);
        self.close = trade.price;
        self.volume += trade.quantity;
        self.quote += trade.quantity * trade.price;
        self.trades += 1;
        if !trade.buyer_maker {
            self.taker_base += trade.quantity;
            self.taker_quote += trade.quantity * trade.price;
        }
        self.ids = Some((self.ids.map_or(trade.id, |(first, _)| first), trade.id));
    }

    fn join(mut self, next: &Self) -> Self {
        self.high = self.high.max(next.high);
        self.low = self.low.min(next.low);
        self.close = next.close;
        self.volume += next.volume;
        self.quote += next.quote;
        self.trades += next.trades;
        self.taker_base += next.taker_base;
        self.taker_quote += next.taker_quote;
        self.ids = match (self.ids, next.ids) {
            (Some((first, _)), Some((_, last))) => Some((first, last)),
            (some, None) | (None, some) => some,
        };
        self
    }
}

/// A bar's length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// So many milliseconds, from 1970 on.
    Ms(Ms),
    /// A week, from Monday on.
    Week,
    /// A calendar month.
    Month,
}

impl Length {
    /// From the exchange's text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "1s" => Self::Ms(SECOND),
            "1m" => Self::Ms(MINUTE),
            "3m" => Self::Ms(3 * MINUTE),
            "5m" => Self::Ms(5 * MINUTE),
            "15m" => Self::Ms(15 * MINUTE),
            "30m" => Self::Ms(30 * MINUTE),
            "1h" => Self::Ms(60 * MINUTE),
            "2h" => Self::Ms(120 * MINUTE),
            "4h" => Self::Ms(240 * MINUTE),
            "6h" => Self::Ms(360 * MINUTE),
            "8h" => Self::Ms(480 * MINUTE),
            "12h" => Self::Ms(720 * MINUTE),
            "1d" => Self::Ms(DAY),
            "3d" => Self::Ms(3 * DAY),
            "1w" => Self::Week,
            "1M" => Self::Month,
            _ => return None,
        })
    }

    /// The first millisecond of the bar that a moment belongs to.
    #[must_use]
    pub fn open(self, at: Ms) -> Ms {
        match self {
            Self::Ms(length) => at - at.rem_euclid(length),
            // 1970-01-01 was a Thursday: Mondays are four days off.
            Self::Week => at - (at - 4 * DAY).rem_euclid(7 * DAY),
            Self::Month => {
                let day = at.div_euclid(DAY);
                (day - civil(day).2 + 1) * DAY
            }
        }
    }

    /// The first millisecond of the next bar.
    #[must_use]
    pub fn next(self, open: Ms) -> Ms {
        match self {
            Self::Ms(length) => open + length,
            Self::Week => open + 7 * DAY,
            Self::Month => self.open(open + 32 * DAY),
        }
    }
}

/// Year, month and day of a day since 1970 (Hinnant, "chrono-compatible low-level date algorithms").
fn civil(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march = (5 * of_year + 2) / 153;
    let month = if march < 10 { march + 3 } else { march - 9 };
    (year + era * 400 + i64::from(month <= 2), month, of_year - (153 * march + 2) / 5 + 1)
}

/// A moment as `2024-02-29 12:00:00`, UTC.
#[must_use]
pub fn date(at: Ms) -> String {
    let (year, month, day) = civil(at.div_euclid(DAY));
    let second = at.rem_euclid(DAY) / SECOND;
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60)
}

/// The record of a market.
#[derive(Debug, Clone, Default)]
pub struct Tape {
    trades: VecDeque<Trade>,
    aggregates: VecDeque<Aggregate>,
    untold: usize,
    minutes: BTreeMap<Ms, Candle>,
    seconds: BTreeMap<Ms, Candle>,
    trade_id: u64,
    aggregate_id: u64,
}

impl Tape {
    /// The last traded price, or that of the seeded past.
    #[must_use]
    pub fn last(&self) -> Option<Decimal> {
        self.trades.back().map(|trade| trade.price).or_else(|| self.minutes.last_key_value().map(|(_, bar)| bar.close))
    }

    /// The trades that are remembered, oldest first.
    #[must_use]
    pub fn trades(&self) -> &VecDeque<Trade> {
        &self.trades
    }

    /// The aggregated trades that are remembered, oldest first.
    #[must_use]
    pub fn aggregates(&self) -> &VecDeque<Aggregate> {
        &self.aggregates
    }

    /// Bars from before the exchange began.
    pub fn seed(&mut self, bars: impl IntoIterator<Item = Candle>) {
        self.minutes.extend(bars.into_iter().map(|bar| (bar.open_at, bar)));
    }

    pub(super) fn push(&mut self, price: Decimal, quantity: Decimal, at: Ms, buyer_maker: bool, taker: u64) -> Trade {
        self.trade_id += 1;
        let trade = Trade { id: self.trade_id, price, quantity, at, buyer_maker };
        self.trades.push_back(trade);
        let joined = self.untold > 0
            && self.aggregates.back_mut().is_some_and(|last| {
                let same = last.taker == taker && last.price == price;
                if same {
                    last.quantity += quantity;
                    last.last = trade.id;
                }
                same
            });
        if !joined {
            self.aggregate_id += 1;
            let (id, first) = (self.aggregate_id, trade.id);
            self.aggregates.push_back(Aggregate { id, price, quantity, first, last: first, at, buyer_maker, taker });
            self.untold += 1;
        }
        for (bars, length) in [(&mut self.seconds, SECOND), (&mut self.minutes, MINUTE)] {
            let open_at = Length::Ms(length).open(at);
            bars.entry(open_at).or_insert_with(|| Candle::flat(open_at, price)).add(&trade);
        }
        self.forget();
        trade
    }

    /// Aggregated trades that were not told yet.
    pub(super) fn news(&mut self) -> Vec<Aggregate> {
        let untold = std::mem::take(&mut self.untold);
        self.aggregates.iter().skip(self.aggregates.len().saturating_sub(untold)).copied().collect()
    }

    /// Bars of a length from `from` to `until` (both inclusive by their first millisecond), oldest first, at most the
    /// last `limit`; a bar without a trade is flat.
    #[must_use]
    pub fn bars(&self, length: Length, from: Option<Ms>, until: Ms, limit: usize) -> Vec<Candle> {
        let source = if length == Length::Ms(SECOND) { &self.seconds } else { &self.minutes };
        let Some((&oldest, first)) = source.first_key_value() else { return Vec::new() };
        let begin = from.map_or_else(
            || {
                let span = length.next(length.open(until)) - length.open(until);
                length.open(until - span.saturating_mul(i64::try_from(limit).unwrap_or(1_000)))
            },
            |from| if length.open(from) < from { length.next(length.open(from)) } else { from },
        );
        let mut open = length.open(begin.max(oldest));
        let mut close = source.range(..open).next_back().map_or(first.open, |(_, bar)| bar.close);
        let mut bars = VecDeque::new();
        while open <= until {
            let next = length.next(open);
            let mut bar: Option<Candle> = None;
            for (_, part) in source.range(open..next) {
                bar = Some(bar.map_or(Candle { open_at: open, ..*part }, |bar| bar.join(part)));
            }
            let bar = bar.unwrap_or_else(|| Candle::flat(open, close));
            close = bar.close;
            bars.push_back(bar);
            if bars.len() > limit {
                if from.is_some() {
                    bars.pop_back();
                    break;
                }
                bars.pop_front();
            }
            open = next;
        }
        bars.into()
    }

    /// The last 24 hours as one bar.
    #[must_use]
    pub fn day(&self, now: Ms) -> Option<Candle> {
        let mut bars = self.minutes.range(now - DAY..=now).map(|(_, bar)| bar);
        let first = *bars.next()?;
        Some(bars.fold(first, |day, bar| day.join(bar)))
    }

    fn forget(&mut self) {
        while self.trades.len() > TRADES_MAX {
            self.trades.pop_front();
        }
        while self.aggregates.len() > TRADES_MAX {
            self.aggregates.pop_front();
        }
        while self.seconds.len() > SECONDS_MAX {
            self.seconds.pop_first();
        }
        while self.minutes.len() > MINUTES_MAX {
            self.minutes.pop_first();
        }
    }
}
