//! Orders and trades as the venue writes them: one row for all its order systems, since they differ in a few names only.

use super::ask::Rows;
use crate::protocol::wire::{Flag, MaybeMs, MaybeNum, Num, Text};
use serde::Deserialize;

/// An order of any system: spot and margin (`orderId`), contracts, conditional orders of the algo service (`algoId`) and
/// of portfolio margin (`strategyId`), options.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RawOrder {
    pub symbol: Text,
    pub order_id: Text,
    pub algo_id: Text,
    pub strategy_id: Text,
    pub client_order_id: Text,
    pub client_algo_id: Text,
    pub new_client_strategy_id: Text,
    /// Our id of an order that was cancelled: `clientOrderId` is then the id of the cancellation.
    pub orig_client_order_id: Text,
    pub status: Text,
    pub algo_status: Text,
    pub strategy_status: Text,
    #[serde(rename = "type")]
    pub kind: Text,
    pub order_type: Text,
    pub strategy_type: Text,
    pub side: Text,
    pub time_in_force: Text,
    pub reduce_only: Flag,
    pub price: MaybeNum,
    pub avg_price: MaybeNum,
    pub stop_price: MaybeNum,
    pub trigger_price: MaybeNum,
    #[serde(alias = "qty", alias = "quantity")]
    pub orig_qty: MaybeNum,
    pub executed_qty: MaybeNum,
    #[serde(alias = "cumulativeQuoteQty")]
    pub cummulative_quote_qty: MaybeNum,
    pub cum_quote: MaybeNum,
    /// Of options: negative when it is taken.
    pub fee: MaybeNum,
    pub quote_asset: Text,
    pub time: MaybeMs,
    pub transact_time: MaybeMs,
    pub create_time: MaybeMs,
    pub book_time: MaybeMs,
    pub working_time: MaybeMs,
    pub update_time: MaybeMs,
    pub fills: Vec<RawFill>,
}

/// A fill in the answer to a new order.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawFill {
    pub price: Num,
    pub qty: Num,
    #[serde(default)]
    pub commission: MaybeNum,
    #[serde(default)]
    pub commission_asset: Text,
    /// -1 where the order was routed: the fill is then an allocation.
    #[serde(default)]
    pub trade_id: Text,
    #[serde(default)]
    pub alloc_id: Text,
}

/// What cancelling an order and placing another in one request answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawReplaced {
    pub new_order_response: RawOrder,
}

/// What amending an order in place answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawAmended {
    #[serde(default)]
    pub transact_time: MaybeMs,
    pub amended_order: RawOrder,
}

/// A list of orders of which one cancels the other.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawOrderList {
    #[serde(default)]
    pub order_reports: Vec<RawOrder>,
}

/// A row of "cancel all" on spot: an order, or a list of orders.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RawCanceled {
    pub contingency_type: Text,
    pub order_reports: Vec<RawOrder>,
}

/// One of our own trades, of any system.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawOwnTrade {
    pub symbol: Text,
    /// Options call it `tradeId`, and have an `id` too, which is another number.
    #[serde(default)]
    pub id: Text,
    #[serde(default)]
    pub trade_id: Text,
    #[serde(default)]
    pub order_id: Text,
    #[serde(default)]
    pub side: Text,
    #[serde(default, alias = "isBuyer")]
    pub buyer: Flag,
    #[serde(default, alias = "isMaker")]
    pub maker: Flag,
    #[serde(default)]
    pub liquidity: Text,
    pub price: Num,
    #[serde(alias = "quantity")]
    pub qty: Num,
    #[serde(default)]
    pub quote_qty: MaybeNum,
    #[serde(default)]
    pub commission: MaybeNum,
    #[serde(default)]
    pub commission_asset: Text,
    /// Options: the fee, negative when it is taken.
    #[serde(default)]
    pub fee: MaybeNum,
    #[serde(default)]
    pub quote_asset: Text,
    #[serde(default)]
    pub time: MaybeMs,
}

/// Orders, or one of them.
pub(super) type RawOrders = Rows<RawOrder>;
