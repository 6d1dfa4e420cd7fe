//! The rows of its messages; those of the busy feeds borrow from the frame.

use crate::protocol::wire::{Flag, MaybeMs, MaybeNum, Num, Text};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What every frame may have.
#[derive(Deserialize)]
pub(super) struct Frame<'a> {
    #[serde(borrow, default)]
    pub(super) feed: Option<&'a str>,
    #[serde(borrow, default)]
    pub(super) event: Option<&'a str>,
    #[serde(default)]
    pub(super) message: Text,
}

#[derive(Deserialize)]
pub(super) struct LevelRow {
    pub(super) price: Num,
    pub(super) qty: Num,
}

#[derive(Deserialize)]
pub(super) struct Snapshot<'a> {
    #[serde(borrow)]
    pub(super) product_id: &'a str,
    pub(super) timestamp: MaybeMs,
    pub(super) seq: u64,
    pub(super) bids: Vec<LevelRow>,
    pub(super) asks: Vec<LevelRow>,
}

#[derive(Deserialize)]
pub(super) struct Delta<'a> {
    #[serde(borrow)]
    pub(super) product_id: &'a str,
    #[serde(borrow)]
    pub(super) side: &'a str,
    pub(super) seq: u64,
    pub(super) price: Num,
    pub(super) qty: Num,
    #[serde(default)]
    pub(super) timestamp: MaybeMs,
}

#[derive(Deserialize)]
pub(super) struct TradeRow<'a> {
    #[serde(borrow)]
    pub(super) product_id: &'a str,
    #[serde(borrow)]
    pub(super) uid: &'a str,
    #[serde(borrow)]
    pub(super) side: &'a str,
    pub(super) time: MaybeMs,
    pub(super) qty: Num,
    pub(super) price: Num,
}

#[derive(Deserialize)]
pub(super) struct TradeRows<'a> {
    #[serde(borrow, default)]
    pub(super) trades: Vec<TradeRow<'a>>,
}

#[derive(Deserialize)]
pub(super) struct TickerRow<'a> {
    #[serde(borrow)]
    pub(super) product_id: &'a str,
    #[serde(default)]
    pub(super) time: MaybeMs,
    #[serde(default)]
    pub(super) bid: MaybeNum,
    #[serde(default)]
    pub(super) ask: MaybeNum,
    #[serde(default)]
    pub(super) bid_size: MaybeNum,
    #[serde(default)]
    pub(super) ask_size: MaybeNum,
    #[serde(default)]
    pub(super) volume: MaybeNum,
    #[serde(default, rename = "volumeQuote")]
    pub(super) volume_quote: MaybeNum,
    #[serde(default)]
    pub(super) last: MaybeNum,
    #[serde(default)]
    pub(super) open: MaybeNum,
    #[serde(default)]
    pub(super) high: MaybeNum,
    #[serde(default)]
    pub(super) low: MaybeNum,
    #[serde(default)]
    pub(super) change: MaybeNum,
    #[serde(default)]
    pub(super) index: MaybeNum,
    #[serde(default, rename = "markPrice")]
    pub(super) mark_price: MaybeNum,
    #[serde(default)]
    pub(super) relative_funding_rate: MaybeNum,
    #[serde(default)]
    pub(super) relative_funding_rate_prediction: MaybeNum,
    #[serde(default)]
    pub(super) next_funding_rate_time: MaybeMs,
}

#[derive(Deserialize)]
pub(super) struct OrderRow {
    pub(super) instrument: Text,
    #[serde(default)]
    pub(super) time: MaybeMs,
    #[serde(default)]
    pub(super) last_update_time: MaybeMs,
    pub(super) qty: MaybeNum,
    pub(super) filled: MaybeNum,
    #[serde(default)]
    pub(super) limit_price: MaybeNum,
    #[serde(default)]
    pub(super) stop_price: MaybeNum,
    #[serde(rename = "type")]
    pub(super) kind: Text,
    pub(super) order_id: Text,
    #[serde(default)]
    pub(super) cli_ord_id: Text,
    pub(super) direction: MaybeNum,
    #[serde(default)]
    pub(super) reduce_only: Flag,
}

#[derive(Deserialize)]
pub(super) struct OrderRows {
    pub(super) orders: Vec<OrderRow>,
}

#[derive(Deserialize)]
pub(super) struct OrderChange {
    #[serde(default)]
    pub(super) order: Option<OrderRow>,
    #[serde(default)]
    pub(super) order_id: Text,
    #[serde(default)]
    pub(super) cli_ord_id: Text,
    #[serde(default)]
    pub(super) is_cancel: Flag,
    #[serde(default)]
    pub(super) reason: Text,
}

#[derive(Deserialize)]
pub(super) struct FillRow {
    pub(super) instrument: Text,
    pub(super) time: MaybeMs,
    pub(super) price: Num,
    pub(super) buy: bool,
    pub(super) qty: Num,
    pub(super) order_id: Text,
    #[serde(default)]
    pub(super) cli_ord_id: Text,
    pub(super) fill_id: Text,
    #[serde(default)]
    pub(super) fill_type: Text,
    #[serde(default)]
    pub(super) fee_paid: MaybeNum,
    #[serde(default)]
    pub(super) fee_currency: Text,
}

#[derive(Deserialize)]
pub(super) struct FillRows {
    pub(super) fills: Vec<FillRow>,
}

#[derive(Deserialize)]
pub(super) struct PositionRow {
    pub(super) instrument: Text,
    pub(super) balance: Num,
    #[serde(default)]
    pub(super) pnl: MaybeNum,
    #[serde(default)]
    pub(super) entry_price: MaybeNum,
    #[serde(default)]
    pub(super) mark_price: MaybeNum,
    #[serde(default)]
    pub(super) liquidation_threshold: MaybeNum,
    #[serde(default)]
    pub(super) initial_margin: MaybeNum,
    #[serde(default)]
    pub(super) maintenance_margin: MaybeNum,
}

#[derive(Deserialize)]
pub(super) struct PositionRows {
    pub(super) positions: Vec<PositionRow>,
    #[serde(default)]
    pub(super) timestamp: MaybeMs,
}

#[derive(Deserialize)]
pub(super) struct FlexRow {
    pub(super) quantity: Num,
    #[serde(default)]
    pub(super) available: MaybeNum,
}

#[derive(Deserialize)]
pub(super) struct FlexWallet {
    #[serde(default)]
    pub(super) currencies: BTreeMap<String, FlexRow>,
}

#[derive(Deserialize)]
pub(super) struct BalanceRows {
    #[serde(default)]
    pub(super) flex_futures: Option<FlexWallet>,
    #[serde(default)]
    pub(super) timestamp: MaybeMs,
}
