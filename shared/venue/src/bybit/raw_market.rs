//! The venue's rows about markets, as it writes them.

use crate::protocol::wire::{MaybeMs, MaybeNum, Num, Text};
use serde::Deserialize;

/// A market's day. Options write some names differently in the stream.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct TickerRow {
    pub(super) symbol: String,
    pub(super) last_price: MaybeNum,
    pub(super) index_price: MaybeNum,
    /// The index of a spot market, in dollars.
    pub(super) usd_index_price: MaybeNum,
    pub(super) mark_price: MaybeNum,
    pub(super) prev_price24h: MaybeNum,
    #[serde(rename = "price24hPcnt")]
    pub(super) price24h_pcnt: MaybeNum,
    pub(super) change24h: MaybeNum,
    pub(super) high_price24h: MaybeNum,
    pub(super) low_price24h: MaybeNum,
    pub(super) open_interest: MaybeNum,
    pub(super) open_interest_value: MaybeNum,
    pub(super) turnover24h: MaybeNum,
    pub(super) volume24h: MaybeNum,
    pub(super) funding_rate: MaybeNum,
    pub(super) next_funding_time: MaybeMs,
    pub(super) funding_interval_hour: MaybeNum,
    pub(super) bid1_price: MaybeNum,
    pub(super) bid1_size: MaybeNum,
    pub(super) ask1_price: MaybeNum,
    pub(super) ask1_size: MaybeNum,
    pub(super) bid_price: MaybeNum,
    pub(super) bid_size: MaybeNum,
    pub(super) ask_price: MaybeNum,
    pub(super) ask_size: MaybeNum,
}

/// A funding rate that was.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FundingRow {
    pub(super) symbol: String,
    pub(super) funding_rate: Num,
    pub(super) funding_rate_timestamp: MaybeMs,
}

/// A trade of the market.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TradeRow {
    #[serde(default)]
    pub(super) exec_id: Text,
    pub(super) symbol: String,
    pub(super) price: Num,
    pub(super) size: Num,
    pub(super) side: String,
    pub(super) time: MaybeMs,
}

/// Open interest at one time.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InterestRow {
    pub(super) open_interest: Num,
    #[serde(default)]
    pub(super) timestamp: MaybeMs,
}

/// One step of risk limits.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TierRow {
    #[serde(default)]
    pub(super) id: MaybeNum,
    pub(super) symbol: String,
    pub(super) risk_limit_value: Num,
    #[serde(default)]
    pub(super) maintenance_margin: MaybeNum,
    #[serde(default)]
    pub(super) max_leverage: MaybeNum,
}

/// What a market is, and its filters.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct InstrumentRow {
    pub(super) symbol: String,
    pub(super) status: String,
    pub(super) base_coin: String,
    pub(super) quote_coin: String,
    pub(super) settle_coin: Text,
    pub(super) contract_type: Text,
    pub(super) delivery_time: MaybeMs,
    pub(super) funding_interval: MaybeNum,
    pub(super) leverage_filter: LeverageFilter,
    pub(super) price_filter: PriceFilter,
    pub(super) lot_size_filter: LotFilter,
}

/// Leverage.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct LeverageFilter {
    pub(super) max_leverage: MaybeNum,
}

/// Prices.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PriceFilter {
    pub(super) min_price: MaybeNum,
    pub(super) max_price: MaybeNum,
    pub(super) tick_size: MaybeNum,
}

/// Quantities: `basePrecision` and amounts in spot, `qtyStep` and notionals in contracts.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct LotFilter {
    pub(super) base_precision: MaybeNum,
    pub(super) qty_step: MaybeNum,
    pub(super) min_order_qty: MaybeNum,
    pub(super) max_order_qty: MaybeNum,
    pub(super) max_limit_order_qty: MaybeNum,
    pub(super) min_order_amt: MaybeNum,
    pub(super) max_order_amt: MaybeNum,
    pub(super) min_notional_value: MaybeNum,
}

/// A coin and the chains it moves on.
#[derive(Debug, Deserialize)]
pub(super) struct CurrencyRow {
    pub(super) coin: String,
    #[serde(default)]
    pub(super) name: Text,
    #[serde(default)]
    pub(super) chains: Vec<ChainRow>,
}

/// One chain of a coin.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChainRow {
    /// How many decimals an amount has at most.
    #[serde(default)]
    pub(super) min_accuracy: Text,
}
