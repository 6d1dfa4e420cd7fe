//! The market data port.

use crate::id::Symbol;
use crate::market::Candle;
use crate::time::{Interval, Timestamp};
use std::future::Future;
use thiserror::Error;

/// Candles could not be pulled. Nothing is lost: the next schedule asks for the same ones.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("candles of {symbol} could not be pulled: {reason}")]
pub struct PullError {
    /// Of which market.
    pub symbol: Symbol,
    /// Why.
    pub reason: String,
    /// When asking makes sense again, if that is known.
    pub retry_at: Option<Timestamp>,
}

impl PullError {
    /// An error that says nothing about when to ask again.
    #[must_use]
    pub const fn new(symbol: Symbol, reason: String) -> Self {
        Self { symbol, reason, retry_at: None }
    }
}

/// Pulling closed candles.
pub trait PullCandles: Send + Sync {
    /// The closed candles that open after `after` (all, when `None`), oldest first, at most `limit`.
    fn pull(
        &self,
        symbol: &Symbol,
        interval: Interval,
        after: Option<Timestamp>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Candle>, PullError>> + Send;
}

impl<P: PullCandles> PullCandles for std::sync::Arc<P> {
    async fn pull(
        &self,
        symbol: &Symbol,
        interval: Interval,
        after: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<Candle>, PullError> {
        (**self).pull(symbol, interval, after, limit).await
    }
}
