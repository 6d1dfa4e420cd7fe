//! `market-data`: every minute, the candles that have closed since the last one stored.
//!
//! 1. Per market: pull what follows the last stored candle, check each, store it.
//! 2. Only when all markets have been gone through, poke `bars` for those with something new: whoever decides on one
//!    market at an instant can see the others at the same instant. A poke that may not have been sent, because it failed
//!    or because the process is new, is sent: a bar nobody is told of would never be decided on.
//!
//! A candle that fails its checks is refused with everything behind it; nothing is repaired. Storing is conditional on
//! absence, so running twice changes nothing.
//!
//! [`follow`] lets the paper venue follow what is pulled, where nobody drives it.

pub mod follow;

use boot::Failure;
use boot::config::{DeskConfig, MarketConfig};
use boot::event::Scheduled;
use desk::id::Symbol;
use desk::market::Candle;
use desk::message::{Message, QueueName};
use desk::port::{Outgoing, Publish, PullCandles, PullError, Table};
use desk::time::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::Store;

/// What the handler works with.
#[derive(Debug)]
pub struct Deps<T, P, Q> {
    /// The books.
    pub store: Store<T>,
    /// Where candles come from.
    pub candles: P,
    /// Where pokes go.
    pub queues: Q,
    /// What is traded.
    pub config: Arc<DeskConfig>,
    /// The last candle stored by this process, by market.
    pub last: Last,
}

/// What this process stored last, to spare a look into the store, and of what it has told. It may be behind what is
/// stored: then the same candles are stored again, which changes nothing.
#[derive(Debug, Default)]
pub struct Last(Mutex<BTreeMap<Symbol, Known>>);

#[derive(Debug, Clone, Copy)]
struct Known {
    /// The last candle stored.
    candle: Candle,
    /// The bar that was poked last, by this process.
    told: Option<Timestamp>,
}

impl Last {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Symbol, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, symbol: &Symbol) -> Option<Candle> {
        self.lock().get(symbol).map(|known| known.candle)
    }

    fn is(&self, symbol: &Symbol, candle: Candle) {
        let told = self.lock().get(symbol).and_then(|known| known.told);
        self.lock().insert(symbol.clone(), Known { candle, told });
    }

    /// Whether this process has not told of the last candle: it is new, or nobody knows whether a process before told.
    fn is_owed(&self, symbol: &Symbol) -> bool {
        self.lock().get(symbol).is_some_and(|known| known.told != Some(known.candle.open_time))
    }

    fn told(&self, symbol: &Symbol, bar: Timestamp) {
        if let Some(known) = self.lock().get_mut(symbol) {
            known.told = Some(bar);
        }
    }
}

/// How many candles are pulled at once.
const LIMIT: u32 = 1000;

/// Pulls, stores and pokes. Returns when the last bar has closed in the market that is furthest behind.
///
/// # Errors
/// [`Failure::Poison`] for a market that is not configured or a candle that can't be believed; otherwise as the ports.
pub async fn handle<T: Table, P: PullCandles, Q: Publish>(
    deps: &Deps<T, P, Q>,
    event: &Scheduled,
) -> Result<Option<Timestamp>, Failure> {
    let (mut news, mut behind, mut failed) = (Vec::new(), None, None);
    for market in deps.config.chosen(event)? {
        match catch_up(deps, market).await {
            Ok(last) => {
                let closed = last.map(|open_time| open_time.plus_ms(market.interval.ms()));
                behind = behind.map_or(closed, |behind: Timestamp| closed.map(|closed| behind.min(closed)));
                news.extend(last.map(|last| (market, last)));
            }
            // One market's trouble is not the others'.
            Err(failure) => failed = failed.or(Some(failure)),
        }
    }
    for (market, last) in news {
        let (symbol, interval) = (market.instrument.symbol.clone(), market.interval);
        if !event.repeat && !deps.last.is_owed(&symbol) {
            continue;
        }
        let dedup = format!("{symbol}#{interval}#{}", last.ms());
        let message = Message::Bars { symbol: symbol.clone(), interval };
        deps.queues.publish(Outgoing { queue: QueueName::Bars, message, dedup }).await?;
        deps.last.told(&symbol, last);
    }
    failed.map_or(Ok(behind), Err)
}

/// Stores what has closed since; returns the last candle's time.
async fn catch_up<T: Table, P: PullCandles, Q: Publish>(
    deps: &Deps<T, P, Q>,
    market: &MarketConfig,
) -> Result<Option<Timestamp>, Failure> {
    let (symbol, interval) = (&market.instrument.symbol, market.interval);
    let mut last = match deps.last.of(symbol) {
        Some(candle) => Some(candle),
        None => deps.store.last_candle(symbol, interval).await?,
    };
    loop {
        let after = last.map(|candle| candle.open_time);
        let later = |e: PullError| Failure::Retry { not_before: e.retry_at, reason: e.to_string() };
        let pulled = deps.candles.pull(symbol, interval, after, LIMIT).await.map_err(later)?;
        let Some(newest) = pulled.last().copied() else { break };
        believed(market, after, &pulled)?;
        deps.store.add_candles(symbol, interval, &pulled).await?;
        last = Some(newest);
        if pulled.len() < usize::try_from(LIMIT).unwrap_or(usize::MAX) {
            break;
        }
    }
    if let Some(candle) = last {
        deps.last.is(symbol, candle);
    }
    Ok(last.map(|candle| candle.open_time))
}

/// Whether candles that follow the bar of `after` can be believed, each by itself and one behind the other.
fn believed(market: &MarketConfig, after: Option<Timestamp>, pulled: &[Candle]) -> Result<(), Failure> {
    let (symbol, interval) = (&market.instrument.symbol, market.interval);
    let mut previous: Option<&Candle> = None;
    for candle in pulled {
        let fault =
            |e: &dyn std::fmt::Display| Failure::poison(format!("{symbol}: candle of {}: {e}", candle.open_time));
        candle.check(market.instrument.tick).map_err(|e| fault(&e))?;
        match (previous, after) {
            (Some(previous), _) => candle.follows(previous, interval).map(drop).map_err(|e| fault(&e))?,
            (None, Some(after)) if candle.open_time < after.plus_ms(interval.ms()) => {
                return Err(fault(&format!("it lies inside or before the {interval} bar that opened at {after}")));
            }
            (None, _) => {}
        }
        previous = Some(candle);
    }
    Ok(())
}
