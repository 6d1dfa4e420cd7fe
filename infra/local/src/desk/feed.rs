//! Where bars come from: recorded files or the simulated market, behind one port that never shows the future.

use super::clock::MarketClock;
use super::wiring::LocalTable;
use crate::market::sim::SimMarket;
use boot::WallClock;
use desk::id::Symbol;
use desk::market::Candle;
use desk::port::{Clock, PullCandles, PullError};
use desk::time::{Interval, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use venue::live::{Http, VenueBars};

/// A market's bars, by symbol; those of the simulated market are made when they are asked for.
#[derive(Debug, Clone)]
pub struct Feed {
    inner: Arc<Mutex<Inner>>,
    clock: MarketClock,
}

#[derive(Debug)]
struct Inner {
    series: BTreeMap<Symbol, (Interval, Vec<Candle>)>,
    source: Option<Source>,
}

/// The simulated market, and how many bars it may still make.
#[derive(Debug)]
struct Source {
    sim: SimMarket,
    left: Option<u64>,
}

impl Feed {
    /// Recorded bars.
    #[must_use]
    pub fn recorded(series: Vec<(Symbol, Interval, Vec<Candle>)>, clock: MarketClock) -> Self {
        let series = series.into_iter().map(|(symbol, interval, bars)| (symbol, (interval, bars))).collect();
        Self { inner: Arc::new(Mutex::new(Inner { series, source: None })), clock }
    }

    /// The simulated market, for `bars` bars or without an end.
    #[must_use]
    pub fn simulated(sim: SimMarket, bars: Option<u64>, clock: MarketClock) -> Self {
        let interval = sim.interval();
        let series = sim.instruments().iter().map(|i| (i.symbol.clone(), (interval, Vec::new()))).collect();
        Self { inner: Arc::new(Mutex::new(Inner { series, source: Some(Source { sim, left: bars }) })), clock }
    }

    fn with<R>(&self, look: impl FnOnce(&mut Inner) -> R) -> R {
        look(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The `index`-th bar of a market; `None` behind its end. For whoever moves the market, not for the desk.
    #[must_use]
    pub fn bar(&self, symbol: &Symbol, index: usize) -> Option<Candle> {
        self.with(|inner| {
            loop {
                let found = inner.series.get(symbol).and_then(|(_, bars)| bars.get(index)).copied();
                if found.is_some() || !inner.extend() {
                    return found;
                }
            }
        })
    }

    /// The index of the first bar that opens after `after`.
    #[must_use]
    pub fn first_after(&self, symbol: &Symbol, after: Option<Timestamp>) -> usize {
        let Some(after) = after else { return 0 };
        self.with(|inner| {
            loop {
                let Some((_, bars)) = inner.series.get(symbol) else { return 0 };
                let index = bars.partition_point(|bar| bar.open_time <= after);
                if index < bars.len() || !inner.extend() {
                    return index;
                }
            }
        })
    }
}

impl Inner {
    /// Makes the next bar of every simulated market; `false` when there is none.
    fn extend(&mut self) -> bool {
        let Some(source) = &mut self.source else { return false };
        if source.left == Some(0) {
            return false;
        }
        let Some(bars) = source.sim.next() else { return false };
        source.left = source.left.map(|left| left - 1);
        let symbols: Vec<Symbol> = source.sim.instruments().iter().map(|i| i.symbol.clone()).collect();
        for (symbol, bar) in symbols.iter().zip(bars) {
            if let Some((_, series)) = self.series.get_mut(symbol) {
                series.push(bar);
            }
        }
        true
    }
}

/// Where the desk's candles come from.
#[derive(Debug, Clone)]
pub enum Candles {
    /// Bars that are played.
    Played(Feed),
    /// A venue's.
    Venue(VenueBars<LocalTable, WallClock, Http>),
}

impl PullCandles for Candles {
    async fn pull(
        &self,
        symbol: &Symbol,
        interval: Interval,
        after: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<Candle>, PullError> {
        match self {
            Self::Played(feed) => feed.pull(symbol, interval, after, limit).await,
            Self::Venue(bars) => bars.pull(symbol, interval, after, limit).await,
        }
    }
}

impl PullCandles for Feed {
    async fn pull(
        &self,
        symbol: &Symbol,
        interval: Interval,
        after: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<Candle>, PullError> {
        let now = self.clock.now();
        self.with(|inner| {
            let found = inner.series.get(symbol).filter(|(of, _)| *of == interval);
            let fault = || PullError::new(symbol.clone(), format!("there are no {interval} bars of it"));
            let (_, bars) = found.ok_or_else(fault)?;
            let from = after.map_or(0, |after| bars.partition_point(|bar| bar.open_time <= after));
            let closed = bars.get(from..).unwrap_or_default().iter().take_while(|bar| bar.close_time(interval) <= now);
            Ok(closed.take(usize::try_from(limit).unwrap_or(usize::MAX)).copied().collect())
        })
    }
}
