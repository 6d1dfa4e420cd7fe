//! Rows of market data.

use crate::protocol::wire::{Flag, MaybeMs, MaybeNum, Num, Text};
use serde::Deserialize;

/// What every answer of the derivatives API has.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Stamped {
    pub(in super::super) server_time: Text,
}

/// One step of margins.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct MarginLevel {
    /// From how many contracts on (inverse).
    #[serde(default)]
    pub(in super::super) contracts: MaybeNum,
    /// From which notional on (linear).
    #[serde(default)]
    pub(in super::super) num_non_contract_units: MaybeNum,
    pub(in super::super) initial_margin: Num,
    pub(in super::super) maintenance_margin: Num,
}

/// One contract, or an index.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Instrument {
    pub(in super::super) symbol: Text,
    #[serde(rename = "type", default)]
    pub(in super::super) kind: Text,
    #[serde(default)]
    pub(in super::super) tick_size: MaybeNum,
    #[serde(default)]
    pub(in super::super) contract_size: MaybeNum,
    #[serde(default)]
    pub(in super::super) tradeable: Flag,
    #[serde(default)]
    pub(in super::super) max_position_size: MaybeNum,
    #[serde(default)]
    pub(in super::super) last_trading_time: Text,
    #[serde(default)]
    pub(in super::super) margin_levels: Option<Vec<MarginLevel>>,
    #[serde(default)]
    pub(in super::super) contract_value_trade_precision: MaybeNum,
    #[serde(default)]
    pub(in super::super) base: Text,
    #[serde(default)]
    pub(in super::super) quote: Text,
}

/// `instruments`.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Instruments {
    pub(in super::super) instruments: Vec<Instrument>,
}

/// One market of `tickers`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Ticker {
    pub(in super::super) symbol: Text,
    #[serde(default)]
    pub(in super::super) last: MaybeNum,
    #[serde(default)]
    pub(in super::super) last_time: Text,
    #[serde(default)]
    pub(in super::super) mark_price: MaybeNum,
    #[serde(default)]
    pub(in super::super) index_price: MaybeNum,
    #[serde(default)]
    pub(in super::super) bid: MaybeNum,
    #[serde(default)]
    pub(in super::super) bid_size: MaybeNum,
    #[serde(default)]
    pub(in super::super) ask: MaybeNum,
    #[serde(default)]
    pub(in super::super) ask_size: MaybeNum,
    #[serde(default, rename = "vol24h")]
    pub(in super::super) volume: MaybeNum,
    #[serde(default)]
    pub(in super::super) volume_quote: MaybeNum,
    #[serde(default)]
    pub(in super::super) open_interest: MaybeNum,
    #[serde(default, rename = "open24h")]
    pub(in super::super) open: MaybeNum,
    #[serde(default, rename = "high24h")]
    pub(in super::super) high: MaybeNum,
    #[serde(default, rename = "low24h")]
    pub(in super::super) low: MaybeNum,
    #[serde(default, rename = "change24h")]
    pub(in super::super) change: MaybeNum,
    #[serde(default)]
    pub(in super::super) funding_rate: MaybeNum,
    #[serde(default)]
    pub(in super::super) funding_rate_prediction: MaybeNum,
}

/// `tickers`, or the one of `tickers/{symbol}`.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Tickers {
    #[serde(default)]
    pub(in super::super) tickers: Vec<Ticker>,
    #[serde(default)]
    pub(in super::super) ticker: Option<Ticker>,
}

/// `orderbook`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct OrderBook {
    pub(in super::super) order_book: Sides,
    #[serde(default)]
    pub(in super::super) server_time: Text,
}

/// Rows of price and quantity.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Sides {
    #[serde(default)]
    pub(in super::super) bids: Vec<Vec<Num>>,
    #[serde(default)]
    pub(in super::super) asks: Vec<Vec<Num>>,
}

/// One bar.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Candle {
    pub(in super::super) time: MaybeMs,
    pub(in super::super) open: Num,
    pub(in super::super) high: Num,
    pub(in super::super) low: Num,
    pub(in super::super) close: Num,
    #[serde(default)]
    pub(in super::super) volume: MaybeNum,
}

/// Charts.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Candles {
    pub(in super::super) candles: Vec<Candle>,
}

/// One rate that was paid.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct PastRate {
    pub(in super::super) timestamp: Text,
    pub(in super::super) relative_funding_rate: MaybeNum,
}

/// `historical-funding-rates`.
#[derive(Debug, Deserialize)]
pub(in super::super) struct PastRates {
    pub(in super::super) rates: Vec<PastRate>,
}

/// Rows of the history service.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Elements<T> {
    pub(in super::super) elements: Vec<T>,
}

/// One public execution.
#[derive(Debug, Deserialize)]
pub(in super::super) struct PublicElement {
    pub(in super::super) event: PublicEvent,
}

/// What happened in public.
#[derive(Debug, Deserialize)]
pub(in super::super) struct PublicEvent {
    #[serde(rename = "Execution")]
    pub(in super::super) execution: Option<Executed>,
}

/// An execution and what surrounds it.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Executed {
    pub(in super::super) execution: Execution,
}

/// One execution.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Execution {
    pub(in super::super) uid: Text,
    #[serde(default)]
    pub(in super::super) taker_order: Option<TakerOrder>,
    pub(in super::super) timestamp: MaybeMs,
    pub(in super::super) quantity: Num,
    pub(in super::super) price: Num,
}

/// Whose direction is that of the trade.
#[derive(Debug, Deserialize)]
pub(in super::super) struct TakerOrder {
    #[serde(default)]
    pub(in super::super) direction: Text,
}
