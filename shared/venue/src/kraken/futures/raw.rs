//! The futures exchange's rows, as they stand on the wire.

use crate::protocol::wire::{Flag, MaybeMs, MaybeNum, Num, Text};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What every answer of the derivatives API has.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stamped {
    pub(super) server_time: Text,
}

/// One step of margins.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MarginLevel {
    /// From how many contracts on (inverse).
    #[serde(default)]
    pub(super) contracts: MaybeNum,
    /// From which notional on (linear).
    #[serde(default)]
    pub(super) num_non_contract_units: MaybeNum,
    pub(super) initial_margin: Num,
    pub(super) maintenance_margin: Num,
}

/// One contract, or an index.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Instrument {
    pub(super) symbol: Text,
    #[serde(rename = "type", default)]
    pub(super) kind: Text,
    #[serde(default)]
    pub(super) tick_size: MaybeNum,
    #[serde(default)]
    pub(super) contract_size: MaybeNum,
    #[serde(default)]
    pub(super) tradeable: Flag,
    #[serde(default)]
    pub(super) max_position_size: MaybeNum,
    #[serde(default)]
    pub(super) last_trading_time: Text,
    #[serde(default)]
    pub(super) margin_levels: Option<Vec<MarginLevel>>,
    #[serde(default)]
    pub(super) contract_value_trade_precision: MaybeNum,
    #[serde(default)]
    pub(super) base: Text,
    #[serde(default)]
    pub(super) quote: Text,
}

/// `instruments`.
#[derive(Debug, Deserialize)]
pub(super) struct Instruments {
    pub(super) instruments: Vec<Instrument>,
}

/// One market of `tickers`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ticker {
    pub(super) symbol: Text,
    #[serde(default)]
    pub(super) last: MaybeNum,
    #[serde(default)]
    pub(super) last_time: Text,
    #[serde(default)]
    pub(super) mark_price: MaybeNum,
    #[serde(default)]
    pub(super) index_price: MaybeNum,
    #[serde(default)]
    pub(super) bid: MaybeNum,
    #[serde(default)]
    pub(super) bid_size: MaybeNum,
    #[serde(default)]
    pub(super) ask: MaybeNum,
    #[serde(default)]
    pub(super) ask_size: MaybeNum,
    #[serde(default, rename = "vol24h")]
    pub(super) volume: MaybeNum,
    #[serde(default)]
    pub(super) volume_quote: MaybeNum,
    #[serde(default)]
    pub(super) open_interest: MaybeNum,
    #[serde(default, rename = "open24h")]
    pub(super) open: MaybeNum,
    #[serde(default, rename = "high24h")]
    pub(super) high: MaybeNum,
    #[serde(default, rename = "low24h")]
    pub(super) low: MaybeNum,
    #[serde(default, rename = "change24h")]
    pub(super) change: MaybeNum,
    #[serde(default)]
    pub(super) funding_rate: MaybeNum,
    #[serde(default)]
    pub(super) funding_rate_prediction: MaybeNum,
}

/// `tickers`, or the one of `tickers/{symbol}`.
#[derive(Debug, Deserialize)]
pub(super) struct Tickers {
    #[serde(default)]
    pub(super) tickers: Vec<Ticker>,
    #[serde(default)]
    pub(super) ticker: Option<Ticker>,
}

/// `orderbook`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrderBook {
    pub(super) order_book: Sides,
    #[serde(default)]
    pub(super) server_time: Text,
}

/// Rows of price and quantity.
#[derive(Debug, Deserialize)]
pub(super) struct Sides {
    #[serde(default)]
    pub(super) bids: Vec<Vec<Num>>,
    #[serde(default)]
    pub(super) asks: Vec<Vec<Num>>,
}

/// One bar.
#[derive(Debug, Deserialize)]
pub(super) struct Candle {
    pub(super) time: MaybeMs,
    pub(super) open: Num,
    pub(super) high: Num,
    pub(super) low: Num,
    pub(super) close: Num,
    #[serde(default)]
    pub(super) volume: MaybeNum,
}

/// Charts.
#[derive(Debug, Deserialize)]
pub(super) struct Candles {
    pub(super) candles: Vec<Candle>,
}

/// One rate that was paid.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PastRate {
    pub(super) timestamp: Text,
    pub(super) relative_funding_rate: MaybeNum,
}

/// `historical-funding-rates`.
#[derive(Debug, Deserialize)]
pub(super) struct PastRates {
    pub(super) rates: Vec<PastRate>,
}

/// Rows of the history service.
#[derive(Debug, Deserialize)]
pub(super) struct Elements<T> {
    pub(super) elements: Vec<T>,
}

/// One public execution.
#[derive(Debug, Deserialize)]
pub(super) struct PublicElement {
    pub(super) event: PublicEvent,
}

/// What happened in public.
#[derive(Debug, Deserialize)]
pub(super) struct PublicEvent {
    #[serde(rename = "Execution")]
    pub(super) execution: Option<Executed>,
}

/// An execution and what surrounds it.
#[derive(Debug, Deserialize)]
pub(super) struct Executed {
    pub(super) execution: Execution,
}

/// One execution.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Execution {
    pub(super) uid: Text,
    #[serde(default)]
    pub(super) taker_order: Option<TakerOrder>,
    pub(super) timestamp: MaybeMs,
    pub(super) quantity: Num,
    pub(super) price: Num,
}

/// Whose direction is that of the trade.
#[derive(Debug, Deserialize)]
pub(super) struct TakerOrder {
    #[serde(default)]
    pub(super) direction: Text,
}

/// One event of our orders.
#[derive(Debug, Deserialize)]
pub(super) struct OrderElement {
    pub(super) event: OrderEvent,
}

/// What happened to one of our orders or triggers; exactly one of these.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OrderEvent {
    #[serde(default)]
    pub(super) order_placed: Option<OfOrder>,
    #[serde(default)]
    pub(super) order_updated: Option<OfOrder>,
    #[serde(default)]
    pub(super) order_cancelled: Option<OfOrder>,
    #[serde(default)]
    pub(super) order_rejected: Option<OfOrder>,
    #[serde(default)]
    pub(super) order_trigger_cancelled: Option<OfOrder>,
    #[serde(default)]
    pub(super) order_trigger_activated: Option<OfOrder>,
}

/// The order, and why.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfOrder {
    #[serde(default)]
    pub(super) order: Option<PastOrder>,
    #[serde(default)]
    pub(super) new_order: Option<PastOrder>,
    #[serde(default)]
    pub(super) reason: Text,
}

/// An order in the history; `quantity` is what was left of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PastOrder {
    pub(super) uid: Text,
    pub(super) tradeable: Text,
    pub(super) direction: Text,
    pub(super) quantity: Num,
    #[serde(default)]
    pub(super) filled: MaybeNum,
    #[serde(default)]
    pub(super) timestamp: MaybeMs,
    #[serde(default)]
    pub(super) limit_price: MaybeNum,
    #[serde(default)]
    pub(super) order_type: Text,
    #[serde(default)]
    pub(super) client_id: Text,
    #[serde(default)]
    pub(super) reduce_only: Flag,
    #[serde(default)]
    pub(super) trigger_options: Option<TriggerOptions>,
    #[serde(default)]
    pub(super) last_update_timestamp: MaybeMs,
    /// Not documented; some answers carry it.
    #[serde(default)]
    pub(super) status: Text,
}

/// What wakes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TriggerOptions {
    #[serde(default)]
    pub(super) trigger_price: MaybeNum,
}

/// One order of `openorders`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OpenOrder {
    #[serde(rename = "order_id")]
    pub(super) order_id: Text,
    #[serde(default)]
    pub(super) cli_ord_id: Text,
    #[serde(default, rename = "cli_ord_id")]
    pub(super) cli_ord_id_2: Text,
    pub(super) symbol: Text,
    pub(super) side: Text,
    pub(super) order_type: Text,
    #[serde(default)]
    pub(super) limit_price: MaybeNum,
    #[serde(default)]
    pub(super) stop_price: MaybeNum,
    pub(super) unfilled_size: MaybeNum,
    #[serde(default)]
    pub(super) filled_size: MaybeNum,
    #[serde(default)]
    pub(super) received_time: Text,
    #[serde(default)]
    pub(super) last_update_time: Text,
    pub(super) status: Text,
    #[serde(default)]
    pub(super) reduce_only: Flag,
}

/// `openorders`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OpenOrders {
    pub(super) open_orders: Vec<OpenOrder>,
}

/// An order inside of `sendorder`, `editorder`, `cancelorder` and `orders/status`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Order {
    #[serde(default)]
    pub(super) order_id: Text,
    #[serde(default)]
    pub(super) uid: Text,
    #[serde(default)]
    pub(super) cli_ord_id: Text,
    #[serde(default)]
    pub(super) client_id: Text,
    #[serde(default, rename = "type")]
    pub(super) kind: Text,
    #[serde(default)]
    pub(super) symbol: Text,
    #[serde(default)]
    pub(super) side: Text,
    #[serde(default)]
    pub(super) quantity: MaybeNum,
    #[serde(default)]
    pub(super) filled: MaybeNum,
    #[serde(default)]
    pub(super) limit_price: MaybeNum,
    #[serde(default)]
    pub(super) stop_price: MaybeNum,
    #[serde(default)]
    pub(super) trigger_price: MaybeNum,
    #[serde(default)]
    pub(super) price_trigger_options: Option<TriggerOptions>,
    #[serde(default)]
    pub(super) reduce_only: Flag,
    #[serde(default)]
    pub(super) timestamp: Text,
    #[serde(default)]
    pub(super) last_update_timestamp: Text,
}

/// What a request did to an order, step by step.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Step {
    #[serde(rename = "type", default)]
    pub(super) kind: Text,
    #[serde(default)]
    pub(super) order: Option<Order>,
    #[serde(default)]
    pub(super) new: Option<Order>,
    #[serde(default)]
    pub(super) order_trigger: Option<Order>,
    #[serde(default)]
    pub(super) order_prior_execution: Option<Order>,
    #[serde(default)]
    pub(super) execution_id: Text,
    #[serde(default)]
    pub(super) price: MaybeNum,
    #[serde(default)]
    pub(super) amount: MaybeNum,
}

/// The status of one order of a request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    #[serde(default)]
    pub(super) status: Text,
    #[serde(default, rename = "order_id")]
    pub(super) order_id: Text,
    #[serde(default, rename = "orderId")]
    pub(super) order_id_2: Text,
    #[serde(default)]
    pub(super) cli_ord_id: Text,
    #[serde(default, rename = "cli_ord_id")]
    pub(super) cli_ord_id_2: Text,
    #[serde(default)]
    pub(super) received_time: Text,
    #[serde(default)]
    pub(super) order_events: Option<Vec<Step>>,
}

/// `sendorder`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sent {
    pub(super) send_status: Status,
}

/// `editorder`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Edited {
    pub(super) edit_status: Status,
}

/// `cancelorder`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cancelled {
    pub(super) cancel_status: Status,
}

/// `batchorder`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Batch {
    pub(super) batch_status: Vec<BatchRow>,
}

/// One row of a batch's answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BatchRow {
    #[serde(default, rename = "order_tag")]
    pub(super) order_tag: Text,
    #[serde(default)]
    pub(super) status: Text,
    #[serde(default, rename = "order_id")]
    pub(super) order_id: Text,
    #[serde(default)]
    pub(super) cli_ord_id: Text,
    #[serde(default, rename = "cli_ord_id")]
    pub(super) cli_ord_id_2: Text,
    #[serde(default)]
    pub(super) date_time_received: Text,
    #[serde(default)]
    pub(super) order_events: Option<Vec<Step>>,
}

/// `cancelallorders`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CancelledAll {
    pub(super) cancel_status: CancelledRows,
}

/// What was cancelled.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CancelledRows {
    #[serde(default)]
    pub(super) status: Text,
    #[serde(default)]
    pub(super) cancelled_orders: Vec<CancelledRow>,
}

/// The ids of a cancelled order.
#[derive(Debug, Deserialize)]
pub(super) struct CancelledRow {
    #[serde(default)]
    pub(super) order_id: Text,
    #[serde(default, rename = "cliOrdId")]
    pub(super) cli_ord_id: Text,
}

/// One order of `orders/status`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusRow {
    pub(super) order: Order,
    pub(super) status: Text,
}

/// `orders/status`.
#[derive(Debug, Deserialize)]
pub(super) struct StatusRows {
    pub(super) orders: Vec<StatusRow>,
}

/// One fill.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fill {
    #[serde(rename = "fill_id")]
    pub(super) fill_id: Text,
    pub(super) symbol: Text,
    pub(super) side: Text,
    #[serde(default, rename = "order_id")]
    pub(super) order_id: Text,
    #[serde(default)]
    pub(super) cli_ord_id: Text,
    #[serde(default, rename = "cli_ord_id")]
    pub(super) cli_ord_id_2: Text,
    pub(super) size: Num,
    pub(super) price: Num,
    #[serde(default)]
    pub(super) fill_time: Text,
    #[serde(default)]
    pub(super) fill_type: Text,
    #[serde(default, rename = "fee_paid")]
    pub(super) fee_paid: MaybeNum,
    #[serde(default, rename = "fee_currency")]
    pub(super) fee_currency: Text,
}

/// `fills`.
#[derive(Debug, Deserialize)]
pub(super) struct Fills {
    pub(super) fills: Vec<Fill>,
}

/// What one wallet holds of one currency (multi-collateral).
#[derive(Debug, Deserialize)]
pub(super) struct FlexCurrency {
    pub(super) quantity: Num,
    #[serde(default)]
    pub(super) available: MaybeNum,
}

/// Figures of a wallet of one contract.
#[derive(Debug, Deserialize)]
pub(super) struct Auxiliary {
    /// Available funds.
    #[serde(default)]
    pub(super) af: MaybeNum,
    /// Portfolio value.
    #[serde(default)]
    pub(super) pv: MaybeNum,
}

/// One wallet.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wallet {
    #[serde(rename = "type", default)]
    pub(super) kind: Text,
    #[serde(default)]
    pub(super) currency: Text,
    #[serde(default)]
    pub(super) balances: Option<BTreeMap<String, Num>>,
    #[serde(default)]
    pub(super) currencies: Option<BTreeMap<String, FlexCurrency>>,
    #[serde(default)]
    pub(super) auxiliary: Option<Auxiliary>,
}

/// `accounts`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Accounts {
    pub(super) accounts: BTreeMap<String, Wallet>,
    #[serde(default)]
    pub(super) server_time: Text,
}

/// One position.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Position {
    pub(super) side: Text,
    pub(super) symbol: Text,
    pub(super) price: Num,
    #[serde(default)]
    pub(super) fill_time: Text,
    pub(super) size: Num,
    #[serde(default)]
    pub(super) max_fixed_leverage: MaybeNum,
}

/// `openpositions`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Positions {
    pub(super) open_positions: Vec<Position>,
}

/// One change of a position.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PositionEvent {
    pub(super) tradeable: Text,
    #[serde(default)]
    pub(super) old_position: MaybeNum,
    #[serde(default)]
    pub(super) old_average_entry_price: MaybeNum,
    #[serde(default, rename = "realizedPnL")]
    pub(super) realized_pnl: MaybeNum,
    #[serde(default)]
    pub(super) position_change: Text,
    #[serde(default)]
    pub(super) execution_uid: Text,
    #[serde(default)]
    pub(super) timestamp: MaybeMs,
}

/// One leverage that is set.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Preference {
    pub(super) symbol: Text,
    pub(super) max_leverage: Num,
}

/// `leveragepreferences`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Preferences {
    #[serde(default)]
    pub(super) leverage_preferences: Vec<Preference>,
}

/// One entry of the account log.
#[derive(Debug, Deserialize)]
pub(super) struct LogEntry {
    pub(super) asset: Text,
    #[serde(default)]
    pub(super) booking_uid: Text,
    #[serde(default)]
    pub(super) contract: Text,
    #[serde(default)]
    pub(super) collateral: Text,
    pub(super) date: Text,
    #[serde(default)]
    pub(super) fee: MaybeNum,
    #[serde(default)]
    pub(super) id: Text,
    pub(super) info: Text,
    #[serde(default)]
    pub(super) new_balance: MaybeNum,
    #[serde(default)]
    pub(super) old_balance: MaybeNum,
    #[serde(default)]
    pub(super) realized_funding: MaybeNum,
}

/// `account-log`.
#[derive(Debug, Deserialize)]
pub(super) struct Log {
    pub(super) logs: Vec<LogEntry>,
}

/// How far a key reaches.
#[derive(Debug, Deserialize)]
pub(super) struct Access {
    #[serde(default)]
    pub(super) general: Text,
    #[serde(default)]
    pub(super) transfer: Text,
}

/// The key's own details.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Key {
    pub(super) permissions: Access,
    #[serde(default)]
    pub(super) allowed_cidr_blocks: Option<Vec<String>>,
    #[serde(default)]
    pub(super) allowed_cidr_block: Text,
}

/// One notice of the platform.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Notice {
    #[serde(rename = "type", default)]
    pub(super) kind: Text,
    #[serde(default)]
    pub(super) note: Text,
}

/// `notifications`.
#[derive(Debug, Deserialize)]
pub(super) struct Notices {
    #[serde(default)]
    pub(super) notifications: Vec<Notice>,
}
