//! Exchange adapters, one folder a venue. Each answers the ports of [`desk::port`]; none decides anything.
//! [`live`] is what talks to them.

pub mod backfill;
pub mod binance;
pub mod bitget;
pub mod bybit;
pub mod coinbase;
pub mod either;
pub mod keys;
pub mod kraken;
pub mod kucoin;
pub mod live;
pub mod okx;
pub mod paper;
pub mod protocol;
pub mod registry;
pub mod route;
pub mod valuation;

use desk::id::Symbol;
use desk::market::Candle;
use desk::port::PullError;
use desk::time::{Interval, Timestamp};
use std::future::Future;

/// Bars as a venue tells them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bars {
    /// Those that have closed by the venue's own clock, oldest first.
    pub closed: Vec<Candle>,
    /// The one that has begun and not closed; only its opening is final.
    pub begun: Option<Candle>,
}

/// Pulling bars.
pub trait PullBars: Send + Sync {
    /// The bars of a market that begin behind `after` (the newest ones, when `None`), at most `limit`.
    fn pull(
        &self,
        symbol: &Symbol,
        interval: Interval,
        after: Option<Timestamp>,
        limit: u32,
    ) -> impl Future<Output = Result<Bars, PullError>> + Send;
}
