//! Rows about orders.

use crate::protocol::wire::{Flag, MaybeMs, MaybeNum, Num, Text};
use serde::Deserialize;

/// One event of our orders.
#[derive(Debug, Deserialize)]
pub(in super::super) struct OrderElement {
    pub(in super::super) event: OrderEvent,
}

/// What happened to one of our orders or triggers; exactly one of these.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in super::super) struct OrderEvent {
    #[serde(default)]
    pub(in super::super) order_placed: Option<OfOrder>,
    #[serde(default)]
    pub(in super::super) order_updated: Option<OfOrder>,
    #[serde(default)]
    pub(in super::super) order_cancelled: Option<OfOrder>,
    #[serde(default)]
    pub(in super::super) order_rejected: Option<OfOrder>,
    #[serde(default)]
    pub(in super::super) order_trigger_cancelled: Option<OfOrder>,
    #[serde(default)]
    pub(in super::super) order_trigger_activated: Option<OfOrder>,
}

/// The order, and why.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct OfOrder {
    #[serde(default)]
    pub(in super::super) order: Option<PastOrder>,
    #[serde(default)]
    pub(in super::super) new_order: Option<PastOrder>,
    #[serde(default)]
    pub(in super::super) reason: Text,
}

/// An order in the history; `quantity` is what was left of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct PastOrder {
    pub(in super::super) uid: Text,
    pub(in super::super) tradeable: Text,
    pub(in super::super) direction: Text,
    pub(in super::super) quantity: Num,
    #[serde(default)]
    pub(in super::super) filled: MaybeNum,
    #[serde(default)]
    pub(in super::super) timestamp: MaybeMs,
    #[serde(default)]
    pub(in super::super) limit_price: MaybeNum,
    #[serde(default)]
    pub(in super::super) order_type: Text,
    #[serde(default)]
    pub(in super::super) client_id: Text,
    #[serde(default)]
    pub(in super::super) reduce_only: Flag,
    #[serde(default)]
    pub(in super::super) trigger_options: Option<TriggerOptions>,
    #[serde(default)]
    pub(in super::super) last_update_timestamp: MaybeMs,
    /// Not documented; some answers carry it.
    #[serde(default)]
    pub(in super::super) status: Text,
}

/// What wakes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct TriggerOptions {
    #[serde(default)]
    pub(in super::super) trigger_price: MaybeNum,
}

/// One order of `openorders`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct OpenOrder {
    #[serde(rename = "order_id")]
    pub(in super::super) order_id: Text,
    #[serde(default)]
    pub(in super::super) cli_ord_id: Text,
    #[serde(default, rename = "cli_ord_id")]
    pub(in super::super) cli_ord_id_2: Text,
    pub(in super::super) symbol: Text,
    pub(in super::super) side: Text,
    pub(in super::super) order_type: Text,
    #[serde(default)]
    pub(in super::super) limit_price: MaybeNum,
    #[serde(default)]
    pub(in super::super) stop_price: MaybeNum,
    pub(in super::super) unfilled_size: MaybeNum,
    #[serde(default)]
    pub(in super::super) filled_size: MaybeNum,
    #[serde(default)]
    pub(in super::super) received_time: Text,
    #[serde(default)]
    pub(in super::super) last_update_time: Text,
    pub(in super::super) status: Text,
    #[serde(default)]
    pub(in super::super) reduce_only: Flag,
}

/// `openorders`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct OpenOrders {
    pub(in super::super) open_orders: Vec<OpenOrder>,
}

/// An order inside of `sendorder`, `editorder`, `cancelorder` and `orders/status`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Order {
    #[serde(default)]
    pub(in super::super) order_id: Text,
    #[serde(default)]
    pub(in super::super) uid: Text,
    #[serde(default)]
    pub(in super::super) cli_ord_id: Text,
    #[serde(default)]
    pub(in super::super) client_id: Text,
    #[serde(default, rename = "type")]
    pub(in super::super) kind: Text,
    #[serde(default)]
    pub(in super::super) symbol: Text,
    #[serde(default)]
    pub(in super::super) side: Text,
    #[serde(default)]
    pub(in super::super) quantity: MaybeNum,
    #[serde(default)]
    pub(in super::super) filled: MaybeNum,
    #[serde(default)]
    pub(in super::super) limit_price: MaybeNum,
    #[serde(default)]
    pub(in super::super) stop_price: MaybeNum,
    #[serde(default)]
    pub(in super::super) trigger_price: MaybeNum,
    #[serde(default)]
    pub(in super::super) price_trigger_options: Option<TriggerOptions>,
    #[serde(default)]
    pub(in super::super) reduce_only: Flag,
    #[serde(default)]
    pub(in super::super) timestamp: Text,
    #[serde(default)]
    pub(in super::super) last_update_timestamp: Text,
}

/// What a request did to an order, step by step.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Step {
    #[serde(rename = "type", default)]
    pub(in super::super) kind: Text,
    #[serde(default)]
    pub(in super::super) order: Option<Order>,
    #[serde(default)]
    pub(in super::super) new: Option<Order>,
    #[serde(default)]
    pub(in super::super) order_trigger: Option<Order>,
    #[serde(default)]
    pub(in super::super) order_prior_execution: Option<Order>,
    #[serde(default)]
    pub(in super::super) execution_id: Text,
    #[serde(default)]
    pub(in super::super) price: MaybeNum,
    #[serde(default)]
    pub(in super::super) amount: MaybeNum,
}

/// The status of one order of a request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Status {
    #[serde(default)]
    pub(in super::super) status: Text,
    #[serde(default, rename = "order_id")]
    pub(in super::super) order_id: Text,
    #[serde(default, rename = "orderId")]
    pub(in super::super) order_id_2: Text,
    #[serde(default)]
    pub(in super::super) cli_ord_id: Text,
    #[serde(default, rename = "cli_ord_id")]
    pub(in super::super) cli_ord_id_2: Text,
    #[serde(default)]
    pub(in super::super) received_time: Text,
    #[serde(default)]
    pub(in super::super) order_events: Option<Vec<Step>>,
}

/// `sendorder`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Sent {
    pub(in super::super) send_status: Status,
}

/// `editorder`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Edited {
    pub(in super::super) edit_status: Status,
}

/// `cancelorder`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Cancelled {
    pub(in super::super) cancel_status: Status,
}

/// `batchorder`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Batch {
    pub(in super::super) batch_status: Vec<BatchRow>,
}

/// One row of a batch's answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct BatchRow {
    #[serde(default, rename = "order_tag")]
    pub(in super::super) order_tag: Text,
    #[serde(default)]
    pub(in super::super) status: Text,
    #[serde(default, rename = "order_id")]
    pub(in super::super) order_id: Text,
    #[serde(default)]
    pub(in super::super) cli_ord_id: Text,
    #[serde(default, rename = "cli_ord_id")]
    pub(in super::super) cli_ord_id_2: Text,
    #[serde(default)]
    pub(in super::super) date_time_received: Text,
    #[serde(default)]
    pub(in super::super) order_events: Option<Vec<Step>>,
}

/// `cancelallorders`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct CancelledAll {
    pub(in super::super) cancel_status: CancelledRows,
}

/// What was cancelled.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct CancelledRows {
    #[serde(default)]
    pub(in super::super) status: Text,
    #[serde(default)]
    pub(in super::super) cancelled_orders: Vec<CancelledRow>,
}

/// The ids of a cancelled order.
#[derive(Debug, Deserialize)]
pub(in super::super) struct CancelledRow {
    #[serde(default)]
    pub(in super::super) order_id: Text,
    #[serde(default, rename = "cliOrdId")]
    pub(in super::super) cli_ord_id: Text,
}

/// One order of `orders/status`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct StatusRow {
    pub(in super::super) order: Order,
    pub(in super::super) status: Text,
}

/// `orders/status`.
#[derive(Debug, Deserialize)]
pub(in super::super) struct StatusRows {
    pub(in super::super) orders: Vec<StatusRow>,
}
