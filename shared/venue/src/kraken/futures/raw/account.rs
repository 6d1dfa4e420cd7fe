//! Rows about the account.

use crate::protocol::wire::{MaybeMs, MaybeNum, Num, Text};
use serde::Deserialize;
use std::collections::BTreeMap;

/// One fill.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Fill {
    #[serde(rename = "fill_id")]
    pub(in super::super) fill_id: Text,
    pub(in super::super) symbol: Text,
    pub(in super::super) side: Text,
    #[serde(default, rename = "order_id")]
    pub(in super::super) order_id: Text,
    #[serde(default)]
    pub(in super::super) cli_ord_id: Text,
    #[serde(default, rename = "cli_ord_id")]
    pub(in super::super) cli_ord_id_2: Text,
    pub(in super::super) size: Num,
    pub(in super::super) price: Num,
    #[serde(default)]
    pub(in super::super) fill_time: Text,
    #[serde(default)]
    pub(in super::super) fill_type: Text,
    #[serde(default, rename = "fee_paid")]
    pub(in super::super) fee_paid: MaybeNum,
    #[serde(default, rename = "fee_currency")]
    pub(in super::super) fee_currency: Text,
}

/// `fills`.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Fills {
    pub(in super::super) fills: Vec<Fill>,
}

/// What one wallet holds of one currency (multi-collateral).
#[derive(Debug, Deserialize)]
pub(in super::super) struct FlexCurrency {
    pub(in super::super) quantity: Num,
    #[serde(default)]
    pub(in super::super) available: MaybeNum,
}

/// Figures of a wallet of one contract.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Auxiliary {
    /// Available funds.
    #[serde(default)]
    pub(in super::super) af: MaybeNum,
    /// Portfolio value.
    #[serde(default)]
    pub(in super::super) pv: MaybeNum,
}

/// One wallet.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Wallet {
    #[serde(rename = "type", default)]
    pub(in super::super) kind: Text,
    #[serde(default)]
    pub(in super::super) currency: Text,
    #[serde(default)]
    pub(in super::super) balances: Option<BTreeMap<String, Num>>,
    #[serde(default)]
    pub(in super::super) currencies: Option<BTreeMap<String, FlexCurrency>>,
    #[serde(default)]
    pub(in super::super) auxiliary: Option<Auxiliary>,
}

/// `accounts`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Accounts {
    pub(in super::super) accounts: BTreeMap<String, Wallet>,
    #[serde(default)]
    pub(in super::super) server_time: Text,
}

/// One position.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Position {
    pub(in super::super) side: Text,
    pub(in super::super) symbol: Text,
    pub(in super::super) price: Num,
    #[serde(default)]
    pub(in super::super) fill_time: Text,
    pub(in super::super) size: Num,
    #[serde(default)]
    pub(in super::super) max_fixed_leverage: MaybeNum,
}

/// `openpositions`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Positions {
    pub(in super::super) open_positions: Vec<Position>,
}

/// One change of a position.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct PositionEvent {
    pub(in super::super) tradeable: Text,
    #[serde(default)]
    pub(in super::super) old_position: MaybeNum,
    #[serde(default)]
    pub(in super::super) old_average_entry_price: MaybeNum,
    #[serde(default, rename = "realizedPnL")]
    pub(in super::super) realized_pnl: MaybeNum,
    #[serde(default)]
    pub(in super::super) position_change: Text,
    #[serde(default)]
    pub(in super::super) execution_uid: Text,
    #[serde(default)]
    pub(in super::super) timestamp: MaybeMs,
}

/// One leverage that is set.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Preference {
    pub(in super::super) symbol: Text,
    pub(in super::super) max_leverage: Num,
}

/// `leveragepreferences`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Preferences {
    #[serde(default)]
    pub(in super::super) leverage_preferences: Vec<Preference>,
}

/// One entry of the account log.
#[derive(Debug, Deserialize)]
pub(in super::super) struct LogEntry {
    pub(in super::super) asset: Text,
    #[serde(default)]
    pub(in super::super) booking_uid: Text,
    #[serde(default)]
    pub(in super::super) contract: Text,
    #[serde(default)]
    pub(in super::super) collateral: Text,
    pub(in super::super) date: Text,
    #[serde(default)]
    pub(in super::super) fee: MaybeNum,
    #[serde(default)]
    pub(in super::super) id: Text,
    pub(in super::super) info: Text,
    #[serde(default)]
    pub(in super::super) new_balance: MaybeNum,
    #[serde(default)]
    pub(in super::super) old_balance: MaybeNum,
    #[serde(default)]
    pub(in super::super) realized_funding: MaybeNum,
}

/// `account-log`.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Log {
    pub(in super::super) logs: Vec<LogEntry>,
}

/// How far a key reaches.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Access {
    #[serde(default)]
    pub(in super::super) general: Text,
    #[serde(default)]
    pub(in super::super) transfer: Text,
}

/// The key's own details.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Key {
    pub(in super::super) permissions: Access,
    #[serde(default)]
    pub(in super::super) allowed_cidr_blocks: Option<Vec<String>>,
    #[serde(default)]
    pub(in super::super) allowed_cidr_block: Text,
}

/// One notice of the platform.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Notice {
    #[serde(rename = "type", default)]
    pub(in super::super) kind: Text,
    #[serde(default)]
    pub(in super::super) note: Text,
}

/// `notifications`.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Notices {
    #[serde(default)]
    pub(in super::super) notifications: Vec<Notice>,
}
