//! The paper venue follows the market.
//!
//! On one machine a driver plays every bar at the paper venue before the desk sees it. On AWS what pulls the candles does
//! it: [`Follower`] stands between the desk and where candles come from, and hands on only candles that the venue has
//! played. The venue is shown nothing that can't be believed: then the candles are handed on unplayed, and the desk refuses
//! them. What they filled goes to be booked, and is waited for, so that a strategy sees a stop that its bar has
//! reached. If booking takes too long the candles are handed on all the same: a late booking is no reason for late data,
//! and nothing depends on it but what the strategy sees.
//!
//! After an outage there are many bars, and each takes time while an order rests: they are handed on in parts, each of
//! which fits into a function's time, one part a schedule.

use crate::believed;
use boot::config::DeskConfig;
use desk::fill::Fill;
use desk::id::Symbol;
use desk::market::Candle;
use desk::port::{Clock, Outgoing, Publish, PullCandles, PullError, Table};
use desk::time::{Interval, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use store::{Store, keys};
use venue::PullBars;
use venue::paper::{Paper, Stand};

/// Candles that the paper venue has played.
#[derive(Debug)]
pub struct Follower<S, T, M, C, Q> {
    /// Where bars come from.
    pub bars: S,
    /// The venue that follows them.
    pub venue: Paper<T, M, C>,
    /// Where fills go.
    pub queues: Q,
    /// The books, to see that a fill is in them.
    pub store: Store<T>,
    /// What is traded, and whose orders meet the bars.
    pub config: Arc<DeskConfig>,
}

/// How many bars are played at once while an order rests.
const PART: usize = 100;
/// How often a booking is looked for, and how long is waited in between.
const LOOKS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(250);

impl<S: PullBars, T: Table, M: Stand, C: Clock, Q: Publish> PullCandles for Follower<S, T, M, C, Q> {
    async fn pull(
        &self,
        symbol: &Symbol,
        interval: Interval,
        after: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<Candle>, PullError> {
        let fault = |reason: String| PullError::new(symbol.clone(), reason);
        let mut bars = self.bars.pull(symbol, interval, after, limit).await?;
        let account = &self.config.account;
        let market = self.config.known_market(symbol).map_err(|e| fault(e.to_string()))?;
        let all: Vec<Candle> = bars.closed.iter().chain(&bars.begun).copied().collect();
        if let Err(failure) = believed(market, after, &all) {
            // What has closed is refused by whoever asked for it, in its own words; what has only begun, here.
            return believed(market, after, &bars.closed)
                .map_or_else(|_| Ok(bars.closed), |()| Err(fault(failure.to_string())));
        }
        let rests = async || self.venue.rests(account, symbol).await.map_err(|e| fault(e.to_string()));
        if bars.closed.len() > PART && rests().await? {
            bars.closed.truncate(PART);
            bars.begun = None;
        }
        let played = self.venue.follow(account, symbol, interval, &bars.closed, bars.begun.as_ref()).await;
        let fills = played.map_err(|e| fault(e.to_string()))?;
        for fill in &fills {
            self.queues.publish(Outgoing::to_book(fill.clone())).await.map_err(|e| fault(e.to_string()))?;
        }
        self.booked(&fills).await.map_err(|e| fault(e.to_string()))?;
        Ok(bars.closed)
    }
}

impl<S, T: Table, M, C, Q> Follower<S, T, M, C, Q> {
    async fn booked(&self, fills: &[Fill]) -> Result<(), desk::port::TableError> {
        for fill in fills {
            for _ in 0..LOOKS {
                if self.store.table().get(&keys::fill(fill)).await?.is_some() {
                    break;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(())
    }
}
