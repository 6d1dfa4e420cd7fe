//! The rows of its messages; those of the busy feeds borrow from the frame.

use crate::protocol::plain::Raw;
use crate::protocol::wire::{Flag, MaybeNum, Num, Text};
use serde::Deserialize;

/// What every frame may have.
#[derive(Deserialize)]
pub(super) struct Frame<'a> {
    #[serde(borrow, default)]
    pub(super) channel: Option<&'a str>,
    #[serde(borrow, default, rename = "type")]
    pub(super) kind: Option<&'a str>,
    #[serde(borrow, default)]
    pub(super) data: Option<Raw<'a>>,
    #[serde(borrow, default)]
    pub(super) method: Option<&'a str>,
    #[serde(default)]
    pub(super) success: Option<bool>,
    #[serde(default)]
    pub(super) error: Option<String>,
    #[serde(borrow, default)]
    pub(super) result: Option<Raw<'a>>,
}

/// What was subscribed to.
#[derive(Default, Deserialize)]
pub(super) struct Accepted {
    #[serde(default)]
    pub(super) channel: Text,
    #[serde(default)]
    pub(super) symbol: Text,
}

#[derive(Deserialize)]
pub(super) struct TradeRow<'a> {
    #[serde(borrow)]
    pub(super) symbol: &'a str,
    #[serde(borrow)]
    pub(super) side: &'a str,
    pub(super) price: Num,
    pub(super) qty: Num,
    pub(super) trade_id: u64,
    #[serde(borrow)]
    pub(super) timestamp: &'a str,
}

#[derive(Deserialize)]
pub(super) struct LevelRow {
    pub(super) price: Num,
    pub(super) qty: Num,
}

#[derive(Deserialize)]
pub(super) struct BookRow<'a> {
    #[serde(borrow)]
    pub(super) symbol: &'a str,
    #[serde(default)]
    pub(super) bids: Vec<LevelRow>,
    #[serde(default)]
    pub(super) asks: Vec<LevelRow>,
    pub(super) checksum: u32,
    #[serde(borrow, default)]
    pub(super) timestamp: Option<&'a str>,
}

#[derive(Deserialize)]
pub(super) struct TickerRow<'a> {
    #[serde(borrow)]
    pub(super) symbol: &'a str,
    #[serde(default)]
    pub(super) bid: MaybeNum,
    #[serde(default)]
    pub(super) bid_qty: MaybeNum,
    #[serde(default)]
    pub(super) ask: MaybeNum,
    #[serde(default)]
    pub(super) ask_qty: MaybeNum,
    #[serde(default)]
    pub(super) last: MaybeNum,
    #[serde(default)]
    pub(super) volume: MaybeNum,
    #[serde(default)]
    pub(super) vwap: MaybeNum,
    #[serde(default)]
    pub(super) low: MaybeNum,
    #[serde(default)]
    pub(super) high: MaybeNum,
    #[serde(default)]
    pub(super) change: MaybeNum,
    #[serde(default)]
    pub(super) change_pct: MaybeNum,
    #[serde(borrow, default)]
    pub(super) timestamp: Option<&'a str>,
}

#[derive(Deserialize)]
pub(super) struct BarRow<'a> {
    #[serde(borrow)]
    pub(super) symbol: &'a str,
    /// In minutes.
    pub(super) interval: i64,
    #[serde(borrow)]
    pub(super) interval_begin: &'a str,
    pub(super) open: Num,
    pub(super) high: Num,
    pub(super) low: Num,
    pub(super) close: Num,
    pub(super) volume: Num,
}

#[derive(Deserialize)]
pub(super) struct FeeRow {
    pub(super) asset: Text,
    pub(super) qty: Num,
}

#[derive(Deserialize)]
pub(super) struct TriggersRow {
    #[serde(default)]
    pub(super) price: MaybeNum,
    #[serde(default)]
    pub(super) price_type: Text,
    #[serde(default)]
    pub(super) actual_price: MaybeNum,
}

#[derive(Deserialize)]
pub(super) struct ExecutionRow {
    pub(super) order_id: Text,
    #[serde(default)]
    pub(super) cl_ord_id: Text,
    #[serde(default)]
    pub(super) order_userref: MaybeNum,
    pub(super) exec_type: Text,
    #[serde(default)]
    pub(super) order_status: Text,
    #[serde(default)]
    pub(super) symbol: Text,
    #[serde(default)]
    pub(super) side: Text,
    #[serde(default)]
    pub(super) order_type: Text,
    #[serde(default)]
    pub(super) order_qty: MaybeNum,
    #[serde(default)]
    pub(super) limit_price: MaybeNum,
    #[serde(default)]
    pub(super) post_only: Flag,
    #[serde(default)]
    pub(super) reduce_only: Flag,
    #[serde(default)]
    pub(super) time_in_force: Text,
    #[serde(default)]
    pub(super) cum_qty: MaybeNum,
    #[serde(default)]
    pub(super) cum_cost: MaybeNum,
    #[serde(default)]
    pub(super) avg_price: MaybeNum,
    #[serde(default)]
    pub(super) exec_id: Text,
    #[serde(default)]
    pub(super) last_qty: MaybeNum,
    #[serde(default)]
    pub(super) last_price: MaybeNum,
    #[serde(default)]
    pub(super) cost: MaybeNum,
    #[serde(default)]
    pub(super) liquidity_ind: Text,
    #[serde(default)]
    pub(super) fees: Vec<FeeRow>,
    #[serde(default)]
    pub(super) triggers: Option<TriggersRow>,
    pub(super) timestamp: Text,
}

#[derive(Deserialize)]
pub(super) struct WalletRow {
    #[serde(default, rename = "type")]
    pub(super) kind: Text,
    #[serde(default)]
    pub(super) id: Text,
    pub(super) balance: Num,
}

#[derive(Deserialize)]
pub(super) struct BalanceRow {
    pub(super) asset: Text,
    pub(super) balance: Num,
    #[serde(default)]
    pub(super) wallets: Option<Vec<WalletRow>>,
    #[serde(default)]
    pub(super) wallet_type: Text,
    #[serde(default)]
    pub(super) wallet_id: Text,
    #[serde(default)]
    pub(super) timestamp: Text,
}
