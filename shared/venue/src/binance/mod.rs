//! Binance, spot: public candles.
//!
//! Source: the exchange's REST documentation, "Kline/Candlestick data": `GET /api/v3/klines`, weight 2, at most 1000 rows
//! of twelve fields, the last of which may still be forming.

pub mod klines;
pub mod stream;
mod stream_market;
mod stream_read;
pub mod stream_sign;
#[cfg(test)]
mod stream_tests;
mod stream_user;

/// The adapter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Binance;
