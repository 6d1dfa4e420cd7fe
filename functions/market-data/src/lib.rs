//! `market-data`: every minute, the candles that have closed since the last one stored.
//!
//! 1. Per market: pull what follows the last stored candle, check each, store it.
//! 2. Only when all markets are stored, poke `bars` for those with something new: whoever decides on one market at an
//!    instant can see the others at the same instant.
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
use desk::port::{Outgoing, Publish, PullCandles, Table};
use desk::time::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
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

/// What this process stored last, to spare a look into the store. It may be behind what is stored: then the same
/// candles are stored again, which changes nothing.
#[derive(Debug, Default)]
pub struct Last(Mutex<BTreeMap<Symbol, Candle>>);

impl Last {
    fn of(&self, symbol: &Symbol) -> Option<Candle> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(symbol).copied()
    }

    fn is(&self, symbol: &Symbol, candle: Candle) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(symbol.clone(), candle);
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
    let (mut news, mut behind) = (Vec::new(), None);
    for market in deps.config.chosen(event)? {
        let (last, stored) = catch_up(deps, market).await?;
        let closed = last.map(|open_time| open_time.plus_ms(market.interval.ms()));
        behind = behind.map_or(closed, |behind: Timestamp| closed.map(|closed| behind.min(closed)));
        if let Some(last) = last
            && (stored || event.repeat)
        {
            news.push((market, last));
        }
    }
    for (market, last) in news {
        let (symbol, interval) = (market.instrument.symbol.clone(), market.interval);
        let dedup = format!("{symbol}#{interval}#{}", last.ms());
        let message = Message::Bars { symbol, interval };
        deps.queues.publish(Outgoing { queue: QueueName::Bars, message, dedup }).await?;
    }
    Ok(behind)
}

/// Stores what has closed since; returns the last candle's time and whether anything was stored.
async fn catch_up<T: Table, P: PullCandles, Q: Publish>(
    deps: &Deps<T, P, Q>,
    market: &MarketConfig,
) -> Result<(Option<Timestamp>, bool), Failure> {
    let (symbol, interval) = (&market.instrument.symbol, market.interval);
    let mut last = match deps.last.of(symbol) {
        Some(candle) => Some(candle),
        None => deps.store.last_candle(symbol, interval).await?,
    };
    let mut stored = false;
    loop {
        let after = last.map(|candle| candle.open_time);
        let pulled =
            deps.candles.pull(symbol, interval, after, LIMIT).await.map_err(|e| Failure::retry(e.to_string()))?;
        let Some(newest) = pulled.last().copied() else { break };
        believed(market, after, &pulled)?;
        deps.store.add_candles(symbol, interval, &pulled).await?;
        (last, stored) = (Some(newest), true);
        if pulled.len() < usize::try_from(LIMIT).unwrap_or(usize::MAX) {
            break;
        }
    }
    if let Some(candle) = last {
        deps.last.is(symbol, candle);
    }
    Ok((last.map(|candle| candle.open_time), stored))
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
