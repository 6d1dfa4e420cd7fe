//! Years of bars, page by page: from where it is and what came, the next question or the end. Pure; who asks is
//! another's business.
//!
//! Venues differ in what they tell of a long stretch: its first rows, its last rows, or fewer than asked for. So:
//!
//! 1. Every question has both ends, and no more bars fit between them than one answer holds.
//! 2. Rows outside of the stretch and equal rows are passed over; a bar that has not closed by the venue's clock ends
//!    the history. A row that can't be believed ends everything, with its page and row.
//! 3. Bars missing at the end of an answer are asked for again, because the next question begins behind the last bar.
//!    Bars missing at its beginning are asked for again, unless an earlier answer had more rows: a venue that cuts its
//!    answers off cuts them all off at the same length.
//! 4. An empty answer moves on by its whole stretch. Bars of a day then tell where the market traded at all, so that
//!    the years before a listing cost a handful of questions.
//! 5. Every answer moves the beginning of the next question forward, narrows what is missing before bars that are held
//!    back, or (once between two such steps) tells days. So it ends.
//!
//! A gap is left as it is: nothing is filled in.

mod reach;
#[cfg(test)]
mod tests;

pub use reach::{Reach, reach};

use crate::protocol::call::BarPrice;
use crate::protocol::model::Bar;
use crate::protocol::{BarQuery, Range};
use desk::market::{Candle, CandleFault};
use desk::money::Price;
use desk::time::{Interval, Timestamp};
use thiserror::Error;

const DAY_MS: i64 = 86_400_000;
/// How many days are asked for at once: no venue's answers are cut off at fewer rows.
const DAYS: i64 = 100;

/// What history is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The bars' length.
    pub interval: Interval,
    /// Bars that open from here on.
    pub from: Timestamp,
    /// Bars that close until here.
    pub to: Timestamp,
    /// What one answer holds.
    pub reach: Reach,
}

/// Bars that are settled: nothing before `next` will be asked for again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The bars, oldest first, behind all that were settled before; often none.
    pub bars: Vec<Candle>,
    /// Where the rest begins.
    pub next: Timestamp,
}

/// A row that can't be believed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("page {page}, row {row} (the bar of {at}): {what}")]
pub struct Fault {
    /// The number of the answer, from 1.
    pub page: u64,
    /// The row in it, from 1.
    pub row: u64,
    /// The bar's first instant.
    pub at: Timestamp,
    /// What is wrong.
    pub what: Disbelief,
}

/// Why a row is not believed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Disbelief {
    /// The bar contradicts itself or the bar before it.
    #[error(transparent)]
    Candle(#[from] CandleFault),
    /// Two different bars of one time.
    #[error("the answer has another bar of the same time")]
    Twice,
    /// It opens between two openings.
    #[error("it opens {ms} ms behind the bar before it, which is no whole number of bars of {interval}")]
    OffGrid {
        /// The distance.
        ms: i64,
        /// The bar length.
        interval: Interval,
    },
}

/// A bar and where it was told.
#[derive(Debug, Clone, Copy)]
struct Told {
    page: u64,
    row: u64,
    bar: Candle,
}

/// The way through a history.
#[derive(Debug, Clone)]
pub struct Backfill {
    wanted: Wanted,
    next: Timestamp,
    last: Option<Candle>,
    /// Bars whose predecessors are being asked for.
    held: Vec<Told>,
    /// The most rows that an answer had.
    fullest: usize,
    pages: u64,
    /// Whether days are asked for.
    scouting: bool,
    /// The days that have bars, and until when that is known.
    days: Vec<Timestamp>,
    days_until: Timestamp,
}

impl Backfill {
    /// From the beginning, or from `next` on behind the bar `last`, where an earlier one has come to.
    #[must_use]
    pub fn new(wanted: Wanted, resumed: Option<(Timestamp, Option<Candle>)>) -> Self {
        let (next, last) = resumed.unwrap_or((wanted.from, None));
        Self {
            wanted,
            next: next.max(wanted.from),
            last,
            held: Vec::new(),
            fullest: 0,
            pages: 0,
            scouting: false,
            days: Vec::new(),
            days_until: wanted.from,
        }
    }

    /// What to ask next; `None` at the end.
    #[must_use]
    pub fn question(&self) -> Option<BarQuery> {
        let (interval, since, until) = if self.scouting {
            let day = Interval::from_ms(DAY_MS).ok()?;
            let (since, until) = self.scouted();
            (day, since, until)
        } else {
            if self.next.plus_ms(self.wanted.interval.ms()) > self.wanted.to {
                return None;
            }
            (self.wanted.interval, self.next, self.end())
        };
        let bars = ((until.ms_since(since) - 1) / interval.ms() + 1).clamp(1, i64::from(u32::MAX));
        let range = Range {
            since: Some(since),
            until: Some(until.plus_ms(-1)),
            limit: Some(u32::try_from(bars).unwrap_or(u32::MAX)),
        };
        Some(BarQuery { interval, range, price: BarPrice::Trade })
    }

    /// Where the next question begins: everything before is settled.
    #[must_use]
    pub const fn next(&self) -> Timestamp {
        self.next
    }

    /// Until when bars are wanted: the time that was asked for, or where the venue's clock ended it.
    #[must_use]
    pub const fn to(&self) -> Timestamp {
        self.wanted.to
    }

    /// How many answers there were.
    #[must_use]
    pub const fn pages(&self) -> u64 {
        self.pages
    }

    /// Takes the answer to [`Self::question`]. `now` is the venue's own time.
    ///
    /// # Errors
    /// [`Fault`], the first row that can't be believed; nothing of the answer is taken then.
    pub fn answer(&mut self, bars: &[Bar], now: Timestamp) -> Result<Page, Fault> {
        self.pages += 1;
        if self.scouting {
            self.learn_days(bars);
            return Ok(Page { bars: Vec::new(), next: self.next });
        }
        let (end, known) = (self.end(), self.fullest);
        let mut told = self.believed(bars, now)?;
        self.fullest = self.fullest.max(bars.len());
        let earliest = told.first().map(|first| first.bar.open_time);
        told.append(&mut self.held);
        let hole = earliest.is_some_and(|at| at.ms_since(self.next) >= self.wanted.interval.ms());
        if hole && bars.len() >= known {
            self.held = told;
            return Ok(Page { bars: Vec::new(), next: self.next });
        }
        self.settle(told, end)
    }

    /// Checks that the bars follow each other, and counts them as settled.
    fn settle(&mut self, told: Vec<Told>, end: Timestamp) -> Result<Page, Fault> {
        let length = self.wanted.interval;
        let mut last = self.last;
        for told in &told {
            last.map_or(Ok(()), |last| follows(told, &last, length))?;
            last = Some(told.bar);
        }
        match told.last() {
            Some(told) => self.next = told.bar.close_time(length),
            None => self.skip(end),
        }
        self.last = last;
        Ok(Page { bars: told.into_iter().map(|told| told.bar).collect(), next: self.next })
    }

    /// The end of the stretch that is asked for; no bar wanted opens there or behind.
    fn end(&self) -> Timestamp {
        if let Some(held) = self.held.first() {
            return held.bar.open_time;
        }
        let Reach { rows, span_ms, .. } = self.wanted.reach;
        let length = self.wanted.interval.ms();
        let wide = length.saturating_mul(i64::from(rows)).min(span_ms.unwrap_or(i64::MAX)).max(length);
        self.next.plus_ms(wide).min(self.wanted.to)
    }

    /// The rows that are wanted, in order of time, each by itself believable.
    fn believed(&mut self, bars: &[Bar], now: Timestamp) -> Result<Vec<Told>, Fault> {
        let (page, length) = (self.pages, self.wanted.interval);
        let (since, end) = (self.next, self.end());
        let mut all: Vec<Told> = (1..).zip(bars).map(|(row, bar)| Told { page, row, bar: candle(bar) }).collect();
        all.retain(|told| told.bar.open_time >= since && told.bar.open_time < end);
        all.sort_by_key(|told| told.bar.open_time);
        if let Some(forming) = all.iter().find(|told| told.bar.close_time(length) > now) {
            self.wanted.to = self.wanted.to.min(forming.bar.open_time);
        }
        let to = self.wanted.to;
        all.retain(|told| told.bar.close_time(length) <= to);
        let twice = all.windows(2).find_map(|pair| match pair {
            [a, b] if a.bar.open_time == b.bar.open_time && a.bar != b.bar => Some(*b),
            _ => None,
        });
        if let Some(told) = twice {
            return Err(told.fault(Disbelief::Twice));
        }
        all.dedup_by_key(|told| told.bar);
        for told in &all {
            alone(&told.bar).map_err(|what| told.fault(what.into()))?;
        }
        Ok(all)
    }

    /// Moves on behind a stretch without bars: to its end, or to where days are known to have bars.
    fn skip(&mut self, end: Timestamp) {
        self.next = self.next.max(end);
        if self.wanted.interval.ms() >= DAY_MS {
            return;
        }
        self.scouting = self.next >= self.days_until && self.next.plus_ms(2 * DAY_MS) < self.wanted.to;
        self.leap();
    }

    /// Leaps to the next known day with bars, and a day less: not every venue's day begins at midnight UTC.
    fn leap(&mut self) {
        if self.next < self.days_until {
            let day = self.days.iter().find(|day| day.plus_ms(2 * DAY_MS) > self.next).copied();
            self.next = self.next.max(day.unwrap_or(self.days_until).plus_ms(-DAY_MS));
        }
    }

    /// The stretch in which days are asked for.
    fn scouted(&self) -> (Timestamp, Timestamp) {
        let midnight = self.next.plus_ms(-self.next.ms().rem_euclid(DAY_MS));
        let wide = (DAYS * DAY_MS).min(self.wanted.reach.span_ms.unwrap_or(i64::MAX)).max(4 * DAY_MS);
        let since = midnight.plus_ms(-DAY_MS);
        (since, since.plus_ms(wide))
    }

    fn learn_days(&mut self, bars: &[Bar]) {
        let (since, until) = self.scouted();
        self.scouting = false;
        self.days = bars.iter().map(|bar| bar.open_time).filter(|day| (since..until).contains(day)).collect();
        self.days.sort();
        self.days_until = until;
        self.leap();
    }
}

impl Told {
    const fn fault(&self, what: Disbelief) -> Fault {
        Fault { page: self.page, row: self.row, at: self.bar.open_time, what }
    }
}

const fn candle(bar: &Bar) -> Candle {
    let Bar { open_time, open, high, low, close, volume } = *bar;
    Candle { open_time, open, high, low, close, volume }
}

/// Whether a bar is believable by itself. Prices may be off today's tick: ticks change over the years.
fn alone(bar: &Candle) -> Result<(), CandleFault> {
    let Some(tick) = [bar.open, bar.close].into_iter().reduce(Price::min) else { return Ok(()) };
    match bar.check(tick) {
        Ok(()) | Err(CandleFault::OffTick { .. }) => Ok(()),
        Err(
            fault @ (CandleFault::Inconsistent { .. }
            | CandleFault::Duplicate { .. }
            | CandleFault::Backwards { .. }
            | CandleFault::Overlap { .. }),
        ) => Err(fault),
    }
}

fn follows(told: &Told, last: &Candle, interval: Interval) -> Result<(), Fault> {
    told.bar.follows(last, interval).map_err(|what| told.fault(what.into()))?;
    let ms = told.bar.open_time.ms_since(last.open_time);
    if ms % interval.ms() == 0 { Ok(()) } else { Err(told.fault(Disbelief::OffGrid { ms, interval })) }
}
