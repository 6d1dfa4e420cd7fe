//! Binance, spot: public candles.
//!
//! Source: the exchange's REST documentation, "Kline/Candlestick data": `GET /api/v3/klines`, weight 2, at most 1000 rows
//! of twelve fields, the last of which may still be forming.

pub mod klines;
