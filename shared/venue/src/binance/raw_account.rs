//! An account as the venue writes it.

use crate::protocol::wire::{Flag, MaybeMs, MaybeNum, Num, Text};
use serde::Deserialize;

/// Of spot: `balances`; of margin: `userAssets`; of contracts: `assets` and `positions`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RawSpotAccount {
    /// Sometimes no instant at all: read leniently.
    pub update_time: MaybeNum,
    pub uid: Text,
    pub account_type: Text,
    #[serde(alias = "userAssets")]
    pub balances: Option<Vec<RawHolding>>,
}

/// What is held of one currency, on spot, margin or in the funding wallet.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RawHolding {
    pub asset: Text,
    pub free: MaybeNum,
    pub locked: MaybeNum,
    pub freeze: MaybeNum,
    pub withdrawing: MaybeNum,
    pub borrowed: MaybeNum,
    pub interest: MaybeNum,
}

/// Isolated margin: an account a pair.
#[derive(Debug, Deserialize)]
pub(super) struct RawIsolated {
    pub assets: Vec<RawPair>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawPair {
    pub base_asset: RawHolding,
    pub quote_asset: RawHolding,
}

/// An account of contracts.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RawContractAccount {
    pub assets: Option<Vec<RawMargin>>,
    pub positions: Vec<RawSymbolConfig>,
}

/// The same, read for its positions.
#[derive(Debug, Deserialize)]
pub(super) struct RawAccountPositions {
    pub positions: Vec<RawPosition>,
}

/// What is held of one currency as margin. Options say `available` and `equity`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RawMargin {
    pub asset: Text,
    #[serde(alias = "available")]
    pub available_balance: MaybeNum,
    pub initial_margin: MaybeNum,
    #[serde(alias = "balance", alias = "equity")]
    pub wallet_balance: MaybeNum,
    pub margin_balance: MaybeNum,
}

#[derive(Debug, Deserialize)]
pub(super) struct RawOptionAccount {
    pub asset: Vec<RawMargin>,
}

/// What is held of one currency under portfolio margin.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RawPortfolioHolding {
    pub asset: Text,
    pub cross_margin_asset: MaybeNum,
    pub cross_margin_borrowed: MaybeNum,
    pub cross_margin_free: MaybeNum,
    pub cross_margin_interest: MaybeNum,
    pub cross_margin_locked: MaybeNum,
    pub um_wallet_balance: MaybeNum,
    pub cm_wallet_balance: MaybeNum,
}

#[derive(Debug, Deserialize)]
pub(super) struct RawPage<T> {
    pub rows: Vec<T>,
}

/// Money left for interest that can be taken back at any time.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawFlexiblePosition {
    pub asset: Text,
    pub total_amount: Num,
}

/// A product of Simple Earn: flexible ones tell at the top, locked ones in `detail` and `quota`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RawEarn {
    #[serde(alias = "projectId")]
    pub product_id: Text,
    pub asset: Text,
    #[serde(alias = "apr")]
    pub latest_annual_percentage_rate: MaybeNum,
    pub min_purchase_amount: MaybeNum,
    pub is_sold_out: Flag,
    pub duration: MaybeNum,
    pub detail: Option<Box<RawEarn>>,
    pub quota: Option<RawQuota>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct RawQuota {
    #[serde(default)]
    pub minimum: MaybeNum,
}

/// The settings of a market; the positions of an account tell the same in other words.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RawSymbolConfig {
    pub symbol: Text,
    pub margin_type: Text,
    pub isolated: Flag,
    pub position_side: Text,
    pub leverage: MaybeNum,
}

/// A position, from the risk endpoint, from the account, or of an option.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RawPosition {
    pub symbol: Text,
    pub position_side: Text,
    /// Of an option.
    pub side: Text,
    #[serde(alias = "quantity")]
    pub position_amt: MaybeNum,
    pub entry_price: MaybeNum,
    pub mark_price: MaybeNum,
    #[serde(alias = "unRealizedProfit", alias = "unrealizedPNL")]
    pub unrealized_profit: MaybeNum,
    pub liquidation_price: MaybeNum,
    pub leverage: MaybeNum,
    pub margin_type: Text,
    pub isolated: Flag,
    pub isolated_margin: MaybeNum,
    pub isolated_wallet: MaybeNum,
    #[serde(alias = "notionalValue", alias = "markValue")]
    pub notional: MaybeNum,
    pub initial_margin: MaybeNum,
    pub maint_margin: MaybeNum,
    #[serde(alias = "time")]
    pub update_time: MaybeMs,
}

#[derive(Debug, Deserialize)]
pub(super) struct RawLeverage {
    pub symbol: Text,
    pub leverage: Num,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawDual {
    pub dual_side_position: Flag,
}

/// What trading costs: on spot, and on contracts.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawFee {
    pub symbol: Text,
    #[serde(alias = "makerCommissionRate")]
    pub maker_commission: Num,
    #[serde(alias = "takerCommissionRate")]
    pub taker_commission: Num,
}

/// A row of a contract account's statement.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawIncome {
    #[serde(default)]
    pub symbol: Text,
    pub income_type: Text,
    pub income: Num,
    pub asset: Text,
    pub time: Num,
    #[serde(default)]
    pub tran_id: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RawPermissions {
    pub ip_restrict: Flag,
    pub enable_reading: Flag,
    pub enable_withdrawals: Flag,
    pub enable_internal_transfer: Flag,
    pub enable_futures: Flag,
    pub enable_spot_and_margin_trading: Flag,
    pub trading_authority_expiration_time: MaybeMs,
}

/// A deposit or a withdrawal.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawTransfer {
    #[serde(default)]
    pub id: Text,
    #[serde(default)]
    pub tx_id: Text,
    pub amount: Num,
    #[serde(default)]
    pub transaction_fee: MaybeNum,
    pub coin: Text,
    #[serde(default)]
    pub status: MaybeNum,
    /// Of deposits, in milliseconds.
    #[serde(default)]
    pub insert_time: MaybeMs,
    /// Of withdrawals, as text without a zone: UTC.
    #[serde(default)]
    pub apply_time: Text,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawCoin {
    pub coin: Text,
    #[serde(default)]
    pub name: Text,
    #[serde(default)]
    pub trading: Flag,
    #[serde(default)]
    pub deposit_all_enable: Flag,
    #[serde(default)]
    pub withdraw_all_enable: Flag,
    #[serde(default)]
    pub network_list: Vec<RawNetwork>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawNetwork {
    #[serde(default)]
    pub withdraw_integer_multiple: MaybeNum,
}
