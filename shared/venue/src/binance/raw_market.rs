//! Market data as the venue writes it.

use crate::protocol::wire::{Flag, MaybeMs, MaybeNum, Num, Text};
use serde::Deserialize;
use serde::de::IgnoredAny;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawTime {
    pub server_time: Num,
}

#[derive(Debug, Deserialize)]
pub(super) struct RawStatus {
    pub status: Num,
    #[serde(default)]
    pub msg: Text,
}

/// A day at a glance, the best quotes, or a mark price. Options name some fields more shortly.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RawTicker {
    pub symbol: Text,
    pub price_change: MaybeNum,
    pub price_change_percent: MaybeNum,
    pub weighted_avg_price: MaybeNum,
    pub prev_close_price: MaybeNum,
    pub last_price: MaybeNum,
    pub bid_price: MaybeNum,
    pub bid_qty: MaybeNum,
    pub ask_price: MaybeNum,
    pub ask_qty: MaybeNum,
    #[serde(alias = "open")]
    pub open_price: MaybeNum,
    #[serde(alias = "high")]
    pub high_price: MaybeNum,
    #[serde(alias = "low")]
    pub low_price: MaybeNum,
    pub volume: MaybeNum,
    #[serde(alias = "amount")]
    pub quote_volume: MaybeNum,
    /// Of inverse contracts: their `volume` counts contracts.
    pub base_volume: Option<MaybeNum>,
    pub mark_price: MaybeNum,
    pub index_price: MaybeNum,
    pub close_time: MaybeMs,
    pub time: MaybeMs,
}

/// A price and what stands there.
#[derive(Debug, Deserialize)]
pub(super) struct RawLevel(pub Num, pub Num);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawBook {
    #[serde(default, alias = "u")]
    pub last_update_id: MaybeNum,
    #[serde(default, rename = "T")]
    pub at: MaybeMs,
    pub bids: Vec<RawLevel>,
    pub asks: Vec<RawLevel>,
}

/// Open time, open, high, low, close, volume, close time, volume in the other unit, and four more.
#[derive(Debug, Deserialize)]
pub(super) struct RawBar(
    pub Num,
    pub Num,
    pub Num,
    pub Num,
    pub Num,
    pub MaybeNum,
    pub IgnoredAny,
    pub MaybeNum,
    pub IgnoredAny,
    pub IgnoredAny,
    pub IgnoredAny,
    pub IgnoredAny,
);

/// A bar of an option, which is an object.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawOptionBar {
    pub open_time: Num,
    pub open: Num,
    pub high: Num,
    pub low: Num,
    pub close: Num,
    #[serde(default)]
    pub volume: MaybeNum,
}

/// A trade: as aggregated (one letter a field), or as it was.
#[derive(Debug, Deserialize)]
pub(super) struct RawTrade {
    #[serde(default, alias = "a")]
    pub id: Text,
    #[serde(alias = "p")]
    pub price: Num,
    #[serde(alias = "q")]
    pub qty: Num,
    #[serde(alias = "T")]
    pub time: Num,
    #[serde(default, alias = "m", rename = "isBuyerMaker")]
    pub buyer_is_maker: Flag,
    /// Of options: 1 for a buy, -1 for a sell of the taker.
    #[serde(default)]
    pub side: MaybeNum,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawPremium {
    pub symbol: Text,
    #[serde(default)]
    pub mark_price: MaybeNum,
    #[serde(default)]
    pub index_price: MaybeNum,
    #[serde(default)]
    pub last_funding_rate: MaybeNum,
    #[serde(default)]
    pub next_funding_time: MaybeMs,
    #[serde(default)]
    pub interest_rate: MaybeNum,
    #[serde(default)]
    pub time: MaybeMs,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawFundingRate {
    pub symbol: Text,
    pub funding_rate: Num,
    pub funding_time: MaybeMs,
    #[serde(default)]
    pub mark_price: MaybeNum,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawFundingInfo {
    pub symbol: Text,
    pub funding_interval_hours: Num,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawOpenInterest {
    pub symbol: Text,
    #[serde(default, alias = "sumOpenInterest")]
    pub open_interest: MaybeNum,
    #[serde(default)]
    pub sum_open_interest_usd: MaybeNum,
    #[serde(default, alias = "timestamp")]
    pub time: MaybeMs,
}

#[derive(Debug, Deserialize)]
pub(super) struct RawBrackets {
    #[serde(alias = "pair")]
    pub symbol: Text,
    pub brackets: Vec<RawBracket>,
}

/// One step; inverse contracts count in base units (`qty…`), linear ones in quote units (`notional…`).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawBracket {
    #[serde(default)]
    pub bracket: MaybeNum,
    #[serde(default)]
    pub initial_leverage: MaybeNum,
    #[serde(default, alias = "qtyFloor", alias = "qtylFloor")]
    pub notional_floor: MaybeNum,
    #[serde(default, alias = "qtyCap")]
    pub notional_cap: MaybeNum,
    #[serde(default)]
    pub maint_margin_ratio: MaybeNum,
}
