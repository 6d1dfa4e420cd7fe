//! The venue's rows about an account, as it writes them. One form for requests and streams.

use crate::protocol::wire::{Flag, MaybeMs, MaybeNum, Text};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A page of rows.
#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    /// The rows.
    pub(super) list: Vec<T>,
    /// The category of all of them, where the venue says it.
    #[serde(default)]
    pub(super) category: Text,
}

/// The acknowledgement of an order, amendment or cancellation.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Ack {
    pub(super) order_id: Text,
    pub(super) order_link_id: Text,
    pub(super) symbol: Text,
}

/// An order.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct OrderRow {
    pub(super) category: Text,
    pub(super) symbol: Text,
    pub(super) order_id: Text,
    pub(super) order_link_id: Text,
    pub(super) side: Text,
    pub(super) order_type: Text,
    pub(super) order_status: Text,
    pub(super) time_in_force: Text,
    pub(super) price: MaybeNum,
    pub(super) qty: MaybeNum,
    /// Whether `qty` counts `baseCoin` or `quoteCoin`, for market orders of spot.
    pub(super) market_unit: Text,
    pub(super) leaves_qty: MaybeNum,
    pub(super) cum_exec_qty: MaybeNum,
    pub(super) cum_exec_value: MaybeNum,
    pub(super) cum_exec_fee: MaybeNum,
    pub(super) cum_fee_detail: Option<BTreeMap<String, MaybeNum>>,
    pub(super) fee_currency: Text,
    pub(super) avg_price: MaybeNum,
    pub(super) trigger_price: MaybeNum,
    pub(super) take_profit: MaybeNum,
    pub(super) stop_loss: MaybeNum,
    pub(super) reduce_only: Flag,
    pub(super) created_time: MaybeMs,
    pub(super) updated_time: MaybeMs,
}

/// A fill, or another execution such as funding.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ExecutionRow {
    pub(super) category: Text,
    pub(super) symbol: Text,
    pub(super) exec_id: Text,
    pub(super) order_id: Text,
    pub(super) order_link_id: Text,
    pub(super) side: Text,
    pub(super) exec_price: MaybeNum,
    pub(super) exec_qty: MaybeNum,
    pub(super) exec_value: MaybeNum,
    pub(super) exec_fee: MaybeNum,
    pub(super) fee_currency: Text,
    pub(super) exec_type: Text,
    pub(super) is_maker: Flag,
    pub(super) exec_time: MaybeMs,
}

/// A position.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PositionRow {
    pub(super) category: Text,
    pub(super) symbol: Text,
    /// 0: one position a market; 1 and 2: the long and the short one of two.
    pub(super) position_idx: Text,
    /// 1: margin of its own. Always 0 in unified accounts, whatever the mode.
    pub(super) trade_mode: Text,
    pub(super) side: Text,
    pub(super) size: MaybeNum,
    pub(super) avg_price: MaybeNum,
    /// The stream's name of the average price.
    pub(super) entry_price: MaybeNum,
    pub(super) mark_price: MaybeNum,
    pub(super) liq_price: MaybeNum,
    pub(super) position_value: MaybeNum,
    pub(super) leverage: MaybeNum,
    pub(super) unrealised_pnl: MaybeNum,
    pub(super) cur_realised_pnl: MaybeNum,
    pub(super) position_balance: MaybeNum,
    #[serde(rename = "positionIM")]
    pub(super) position_im: MaybeNum,
    #[serde(rename = "positionMM")]
    pub(super) position_mm: MaybeNum,
    pub(super) take_profit: MaybeNum,
    pub(super) stop_loss: MaybeNum,
    pub(super) created_time: MaybeMs,
    pub(super) updated_time: MaybeMs,
}

/// A position that was closed, wholly or in part, by one order.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ClosedRow {
    pub(super) symbol: Text,
    /// The side of the order that closed it.
    pub(super) side: Text,
    pub(super) closed_size: MaybeNum,
    pub(super) qty: MaybeNum,
    pub(super) avg_entry_price: MaybeNum,
    pub(super) avg_exit_price: MaybeNum,
    pub(super) cum_exit_value: MaybeNum,
    pub(super) closed_pnl: MaybeNum,
    pub(super) leverage: MaybeNum,
    pub(super) created_time: MaybeMs,
    pub(super) updated_time: MaybeMs,
}

/// An account's wallet.
#[derive(Debug, Deserialize)]
pub(super) struct WalletRow {
    #[serde(default)]
    pub(super) coin: Vec<CoinRow>,
}

/// A currency in a wallet.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct CoinRow {
    pub(super) coin: Text,
    pub(super) wallet_balance: MaybeNum,
    pub(super) locked: MaybeNum,
    #[serde(rename = "totalOrderIM")]
    pub(super) total_order_im: MaybeNum,
    #[serde(rename = "totalPositionIM")]
    pub(super) total_position_im: MaybeNum,
    pub(super) borrow_amount: MaybeNum,
    pub(super) accrued_interest: MaybeNum,
    /// Funding wallets only: what can be moved.
    pub(super) transfer_balance: MaybeNum,
}
