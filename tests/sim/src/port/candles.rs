//! Pulling candles, with its faults.

use super::Caller;
use crate::fault::Fault;
use desk::id::Symbol;
use desk::market::Candle;
use desk::port::{PullCandles, PullError};
use desk::time::{Interval, Timestamp};

/// The market's candles as one process sees them.
#[derive(Debug, Clone)]
pub struct SimCandles(pub Caller);

impl PullCandles for SimCandles {
    async fn pull(
        &self,
        symbol: &Symbol,
        interval: Interval,
        after: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<Candle>, PullError> {
        let caller = &self.0;
        caller
            .call("pull", |world, visit| {
                let kinds = [Fault::PullFails, Fault::PullStale, Fault::PullTwice, Fault::PullRevised];
                let fault = world.faults.fires(caller.actor, "pull", visit, &kinds);
                let now = match fault {
                    Some(Fault::PullStale) => world.now.plus_ms(-3 * interval.ms()),
                    Some(_) | None => world.now,
                };
                let mut candles = world.markets.candles(symbol, after, now);
                candles.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
                caller.note(world, "pull", visit, format_args!("{symbol}: {} candles {fault:?}", candles.len()));
                match fault {
                    Some(Fault::PullFails) => Err(PullError::new(symbol.clone(), "no answer".to_owned())),
                    Some(Fault::PullTwice) => {
                        candles.extend(candles.last().copied());
                        Ok(candles)
                    }
                    Some(Fault::PullRevised) => {
                        // The last one stored comes again with another close, before what is new.
                        let told = world.markets.candles(symbol, None, now);
                        let last =
                            told.iter().rev().find(|candle| after.is_some_and(|after| candle.open_time == after));
                        let revised = last.map(|candle| Candle { close: candle.low, ..*candle });
                        Ok(revised.into_iter().chain(candles).collect())
                    }
                    Some(_) | None => Ok(candles),
                }
            })
            .await
    }
}
