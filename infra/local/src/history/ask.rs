//! Asking a venue for public things, patiently.
//!
//! The guard's budget is waited for, however long a page's share of it takes; a venue that can't be reached is asked
//! again with growing pauses, a bounded number of times. An answer that says no, or that can't be read, ends the pull.

use super::News;
use anyhow::anyhow;
use boot::WallClock;
use desk::port::Clock;
use desk::time::{Interval, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;
use venue::live::{Access, Alone, Exchange, Http};
use venue::protocol::model::Bar;
use venue::protocol::{BarQuery, CallError, CallFault, Instrument, Meaning, Product, ReadFault, Scope};
use venue::registry::Adapter;

/// How often a venue that can't be reached is asked for one page, each time with the exchange's own repetitions.
const ROUNDS: u32 = 8;
/// How often the budget, or silence that the venue asked for, is waited for.
const WAITS: u32 = 600;
/// The longest pause before the next round, in milliseconds.
const PAUSE_MAX_MS: i64 = 60_000;

/// A venue's public side.
#[derive(Debug)]
pub struct Source {
    exchange: Exchange<Alone, WallClock, Http>,
    base_url: Option<String>,
}

impl Source {
    /// A venue, at another server if one is named.
    ///
    /// # Errors
    /// If there is no HTTP on this machine.
    pub fn new(adapter: Adapter, base_url: Option<String>) -> anyhow::Result<Self> {
        let http = Http::new().map_err(|e| anyhow!("no HTTP client: {e}"))?;
        let origins: BTreeMap<String, String> = base_url.iter().map(|url| ("*".to_owned(), url.clone())).collect();
        let access = Access { origins, test: false, credentials: None };
        // The guard is this process's own: its number needs to differ from no other's.
        let seed = WallClock.now().ms().unsigned_abs();
        let exchange = Exchange::new(adapter.protocol, access, Alone::default(), WallClock, http, seed, |_, _, _| {});
        Ok(Self { exchange, base_url })
    }

    /// The venue's id.
    #[must_use]
    pub fn venue(&self) -> &'static str {
        self.exchange.protocol().capabilities().venue
    }

    /// The server: the one that was named, or the venue's first.
    #[must_use]
    pub fn origin(&self) -> String {
        let first = || self.exchange.protocol().capabilities().origins.first().map(|(_, url)| (*url).to_owned());
        self.base_url.clone().or_else(first).unwrap_or_default()
    }

    /// The venue's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.exchange.venue_now()
    }

    /// Measures the venue's clock, where it tells the time; else ours counts.
    ///
    /// # Errors
    /// If the venue does not answer.
    pub async fn measure(&self) -> anyhow::Result<Timestamp> {
        match self.exchange.measure_clock().await {
            Ok(_) | Err(CallFault::Call(CallError::Unsupported { .. })) => Ok(self.now()),
            Err(fault) => Err(fault.into()),
        }
    }

    /// Whether the venue has bars of a length in a market; asks nobody.
    ///
    /// # Errors
    /// In words, with the lengths that it has.
    pub fn has_bars(&self, instrument: &Instrument, interval: Interval) -> Result<(), CallError> {
        venue::live::has_bars(self.exchange.protocol(), instrument, interval)
    }

    /// What the venue trades of a product.
    ///
    /// # Errors
    /// If the venue does not answer.
    pub async fn instruments(&self, product: Product) -> Result<Vec<Instrument>, CallFault> {
        Ok(self.exchange.load_markets(&[product]).await?.iter().cloned().collect())
    }

    /// A page of bars.
    ///
    /// # Errors
    /// If the venue does not answer for long, or says no.
    pub async fn bars(
        &self,
        instrument: &Instrument,
        query: &BarQuery,
        tell: &mut dyn FnMut(News),
    ) -> anyhow::Result<Vec<Bar>> {
        let (mut rounds, mut waits) = (0, 0);
        loop {
            let ask = self.exchange.protocol().bars(instrument, query, &Scope::default())?;
            let fault = match self.exchange.read(ask).await {
                Ok(bars) => return Ok(bars),
                Err(fault) => fault,
            };
            let Some(ms) = pause_ms(&fault, rounds) else { return Err(fault.into()) };
            let counts = matches!(fault, CallFault::Connectivity { .. } | CallFault::Read(_));
            (rounds, waits) = (rounds + u32::from(counts), waits + 1);
            if rounds >= ROUNDS || waits >= WAITS {
                return Err(fault.into());
            }
            if ms >= 2_000 {
                tell(News::Note(format!("{fault}; going on in {} s", ms.div_euclid(1000))));
            }
            tokio::time::sleep(Duration::from_millis(ms.unsigned_abs())).await;
        }
    }
}

/// How long to wait before the next round; `None` if it does not help.
fn pause_ms(fault: &CallFault, rounds: u32) -> Option<i64> {
    let growing = 1000_i64.checked_shl(rounds).unwrap_or(PAUSE_MAX_MS).min(PAUSE_MAX_MS);
    match fault {
        CallFault::Budget { wait_ms, .. } | CallFault::BreakerOpen { wait_ms, .. } => {
            Some((*wait_ms).clamp(50, PAUSE_MAX_MS))
        }
        CallFault::Connectivity { .. } => Some(growing),
        CallFault::Read(ReadFault::Api(error)) => {
            (error.meaning == Meaning::RateLimit || error.status >= 500).then_some(growing)
        }
        CallFault::Read(ReadFault::Parse { status, .. }) => (*status >= 500).then_some(growing),
        CallFault::Call(_) => None,
    }
}
