//! The account: balances, what the key may do, fees, margin mode, movements of money, sub-accounts.

use super::errors::{Answer, answer};
use super::raw::{CoinRow, Page, WalletRow};
use super::reports;
use super::request::{Fields, category, invalid, product_of};
use crate::protocol::call::Wallet;
use crate::protocol::model::{
    AccountRow, Balances, FeeRate, KeyPermissions, LeverageSetting, MarginMode, Movement, MovementKind, VenueFee,
};
use crate::protocol::wire::{Flag, MaybeMs, MaybeNum, Num, Text, rfc3339};
use crate::protocol::{Ask, Built, EndpointClass, HistoryQuery, Instrument, Markets, ReadFault, Reply, Scope};
use desk::time::Timestamp;
use rust_decimal::Decimal;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

fn balances_of(reply: &Reply, coins: &[CoinRow], at: Option<Timestamp>) -> Result<Balances, ReadFault> {
    let of = coins.iter().map(reports::holding).collect::<Result<_, _>>();
    Ok(Balances { at, of: of.map_err(|e| ReadFault::parse(reply, e))? })
}

/// What an account holds. One wallet is for all trading; money that came in may still lie in the funding wallet.
pub(super) fn balances(scope: &Scope) -> Built<Balances> {
    #[derive(Deserialize)]
    struct Funding {
        balance: Vec<CoinRow>,
    }
    let wallet = match scope.extra.text("accountType").as_deref() {
        Some("FUND") => Some(Wallet::Funding),
        Some(_) => None,
        None => scope.wallet,
    };
    if matches!(wallet, Some(Wallet::Funding | Wallet::Savings)) {
        let fields = Fields::default().with("accountType", "FUND").extra(&scope.extra, &[]);
        let request = fields.account("/v5/asset/transfer/query-account-coins-balance");
        return Ok(Ask::new(request, |reply, _| {
            let Answer { result, time, .. } = answer::<Funding>(reply)?;
            balances_of(reply, &result.balance, time)
        }));
    }
    let fields = Fields::default().with("accountType", "UNIFIED").extra(&scope.extra, &[]);
    Ok(Ask::new(fields.account("/v5/account/wallet-balance"), |reply, _| {
        let Answer { result, time, .. } = answer::<Page<WalletRow>>(reply)?;
        let coins: Vec<CoinRow> = result.list.into_iter().flat_map(|wallet| wallet.coin).collect();
        balances_of(reply, &coins, time)
    }))
}

/// What the key may do.
///
/// Orders of peer-to-peer trade and payments move money to other people, so they count as withdrawal.
pub(super) fn key_permissions() -> Built<KeyPermissions> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Key {
        read_only: Flag,
        permissions: BTreeMap<String, Option<BTreeSet<String>>>,
        #[serde(default)]
        ips: Option<Vec<String>>,
        #[serde(default)]
        expired_at: Text,
    }
    const TRADES_CONTRACTS: [&str; 3] = ["Order", "DerivativesTrade", "OptionsTrade"];
    const MOVES_OUT: [&str; 4] = ["Withdraw", "FiatP2POrder", "FaitPayOrder", "FiatConvertBrokerOrder"];
    Ok(Ask::new(Fields::default().account("/v5/user/query-api"), |reply, _| {
        let key = answer::<Key>(reply)?.result;
        let Some(read_only) = key.read_only.0 else { return Err(ReadFault::parse(reply, "there is no readOnly")) };
        let may = |names: &[&str]| {
            let mut all = key.permissions.values().flatten().flatten();
            Some(!read_only && all.any(|name| names.contains(&name.as_str())))
        };
        let addresses = key.ips.unwrap_or_default();
        Ok(KeyPermissions {
            read: Some(true),
            spot: may(&["SpotTrade"]),
            contracts: may(&TRADES_CONTRACTS),
            withdraw: may(&MOVES_OUT),
            addresses: addresses.into_iter().filter(|address| address != "*").collect(),
            // The beginning of 1970 is the venue's "never".
            expires_at: key.expired_at.some().and_then(|at| rfc3339(at).ok()),
        })
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FeeRow {
    #[serde(default)]
    symbol: Text,
    taker_fee_rate: MaybeNum,
    maker_fee_rate: MaybeNum,
}

/// What trading costs in one market.
pub(super) fn fee_rate(market: &Instrument, scope: &Scope) -> Built<FeeRate> {
    let product = product_of(Some(market), scope);
    let fields = Fields::default().with("category", category(product)).with("symbol", market.symbol.as_str());
    let (name, symbol) = (market.name.clone(), market.symbol.clone());
    Ok(Ask::new(fields.extra(&scope.extra, &[]).account("/v5/account/fee-rate"), move |reply, _| {
        let rows = answer::<Page<FeeRow>>(reply)?.result.list;
        let row = rows.into_iter().find(|row| row.symbol.some().is_none_or(|found| found == symbol));
        let Some(row) = row else { return Err(ReadFault::parse(reply, format!("no fee rate of {symbol}"))) };
        Ok(FeeRate { market: name.clone(), maker: row.maker_fee_rate.0, taker: row.taker_fee_rate.0 })
    }))
}

/// What trading costs in all markets of a product.
pub(super) fn fee_rates(scope: &Scope) -> Built<Vec<FeeRate>> {
    let product = product_of(None, scope);
    let fields = Fields::default().with("category", category(product)).extra(&scope.extra, &[]);
    Ok(Ask::new(fields.account("/v5/account/fee-rate"), move |reply, markets| {
        let rows = answer::<Page<FeeRow>>(reply)?.result.list;
        Ok(rows
            .iter()
            .map(|row| FeeRate {
                market: row.symbol.some().map(|s| markets.name_of(s, &[product])).unwrap_or_default(),
                maker: row.maker_fee_rate.0,
                taker: row.taker_fee_rate.0,
            })
            .collect())
    }))
}

/// The margin mode, which is one for the whole account. Portfolio margin shares margin as well.
pub(super) fn margin_mode(market: &Instrument, scope: &Scope) -> Built<LeverageSetting> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Info {
        margin_mode: String,
    }
    let name = market.name.clone();
    let request = Fields::default().extra(&scope.extra, &[]).account("/v5/account/info");
    Ok(Ask::new(request, move |reply, _| {
        let mode = match answer::<Info>(reply)?.result.margin_mode.as_str() {
            "REGULAR_MARGIN" | "PORTFOLIO_MARGIN" => MarginMode::Cross,
            "ISOLATED_MARGIN" => MarginMode::Isolated,
            other => return Err(ReadFault::parse(reply, format!("{other:?} is no margin mode"))),
        };
        Ok(LeverageSetting { market: name.clone(), margin_mode: Some(mode), long: None, short: None })
    }))
}

/// Sets the margin mode of the whole account. The venue's answer lists reasons when it did not.
pub(super) fn set_margin_mode(mode: MarginMode, scope: &Scope) -> Built<()> {
    #[derive(Deserialize)]
    struct Result {
        #[serde(default)]
        reasons: Option<Vec<serde::de::IgnoredAny>>,
    }
    let word = match mode {
        MarginMode::Cross => "REGULAR_MARGIN",
        MarginMode::Isolated => "ISOLATED_MARGIN",
    };
    let fields = Fields::default().with("setMarginMode", word).extra(&scope.extra, &[]);
    Ok(Ask::new(fields.post("/v5/account/set-margin-mode", EndpointClass::Order), |reply, _| {
        let reasons = answer::<Option<Result>>(reply)?.result.and_then(|result| result.reasons);
        if reasons.is_some_and(|reasons| !reasons.is_empty()) {
            return Err(ReadFault::parse(reply, "the margin mode was not set"));
        }
        Ok(())
    }))
}

/// Sub-accounts. The main account has no row.
pub(super) fn accounts(scope: &Scope) -> Built<Vec<AccountRow>> {
    #[derive(Deserialize)]
    struct Member {
        uid: Text,
        #[serde(default, rename = "accountMode")]
        mode: Text,
    }
    #[derive(Deserialize)]
    struct Members {
        #[serde(rename = "subMembers")]
        members: Vec<Member>,
    }
    let request = Fields::default().extra(&scope.extra, &[]).account("/v5/user/query-sub-members");
    Ok(Ask::new(request, |reply, _| {
        let members = answer::<Members>(reply)?.result.members;
        let row = |member: Member| AccountRow { id: member.uid.0, kind: member.mode.owned(), currency: None };
        Ok(members.into_iter().map(row).collect())
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogRow {
    id: Text,
    #[serde(rename = "type")]
    kind: String,
    currency: String,
    change: Num,
    #[serde(default)]
    fee: MaybeNum,
    transaction_time: MaybeMs,
}

/// Kinds of the log that come from trades, or are told elsewhere.
const OF_TRADES: [&str; 7] = ["TRADE", "SETTLEMENT", "DELIVERY", "LIQUIDATION", "ADL", "CURRENCY_BUY", "CURRENCY_SELL"];

fn log_movement(row: LogRow) -> Result<Movement, String> {
    let kind = if row.kind.starts_with("TRANSFER_") { MovementKind::Transfer } else { MovementKind::Other };
    let at = row.transaction_time.0.ok_or("a movement without a time")?;
    let fee = row.fee.nonzero().map(|cost| VenueFee { cost, currency: Some(row.currency.clone()) });
    Ok(Movement { id: row.id.0, kind, currency: row.currency, amount: row.change.0, fee, at })
}

/// A deposit or a withdrawal.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChainRow {
    coin: String,
    amount: Num,
    #[serde(default)]
    status: Text,
    #[serde(default, rename = "txID")]
    tx_id: Text,
    #[serde(default)]
    withdraw_id: Text,
    #[serde(default)]
    withdraw_fee: MaybeNum,
    #[serde(default)]
    deposit_fee: MaybeNum,
    #[serde(default)]
    success_at: MaybeMs,
    #[serde(default)]
    update_time: MaybeMs,
}

#[derive(Deserialize)]
struct ChainRows {
    rows: Vec<ChainRow>,
}

/// The venue's word for a deposit that has arrived.
const ARRIVED: [&str; 2] = ["3", "10012"];

fn chain_movement(row: ChainRow, kind: MovementKind) -> Result<Movement, String> {
    let deposit = kind == MovementKind::Deposit;
    let fee = if deposit { row.deposit_fee } else { row.withdraw_fee };
    let fee = fee.nonzero().map(|cost| VenueFee { cost, currency: Some(row.coin.clone()) });
    let (id, at) = if deposit { (row.tx_id, row.success_at.0) } else { (row.withdraw_id, row.update_time.0) };
    let amount = if deposit { row.amount.0 } else { Decimal::ZERO - row.amount.0 };
    let at = at.ok_or("a movement without a time")?;
    Ok(Movement { id: id.0, kind, currency: row.coin, amount, fee, at })
}

/// Movements without a trade: the trading wallet's own log, or, for the funding wallet, deposits. An extra `method`
/// names `deposits` or `withdrawals`. Those under way have not moved anything yet and are left out.
pub(super) fn movements(query: &HistoryQuery) -> Built<Vec<Movement>> {
    let said = query.scope.extra.text("method");
    let kind = match (said.as_deref(), query.scope.wallet) {
        (Some("deposits"), _) | (None, Some(Wallet::Funding)) => MovementKind::Deposit,
        (Some("withdrawals"), _) => MovementKind::Withdrawal,
        (Some("log") | None, _) => MovementKind::Other,
        (Some(other), _) => return invalid(format!("{other:?} are no movements the venue tells of")),
    };
    let fields = Fields::default();
    let fields = if kind == MovementKind::Other { fields.with("accountType", "UNIFIED") } else { fields };
    let fields = fields.range(&query.range).extra(&query.scope.extra, &["method"]);
    let path = match kind {
        MovementKind::Deposit => "/v5/asset/deposit/query-record",
        MovementKind::Withdrawal => "/v5/asset/withdraw/query-record",
        MovementKind::Transfer | MovementKind::Other => "/v5/account/transaction-log",
    };
    Ok(Ask::new(fields.account(path), move |reply: &Reply, _: &Markets| {
        let read: Result<Vec<Movement>, String> = if kind == MovementKind::Other {
            let rows = answer::<Page<LogRow>>(reply)?.result.list;
            rows.into_iter().filter(|row| !OF_TRADES.contains(&row.kind.as_str())).map(log_movement).collect()
        } else {
            let rows = answer::<ChainRows>(reply)?.result.rows.into_iter();
            let done = |row: &ChainRow| match kind {
                MovementKind::Deposit => ARRIVED.contains(&row.status.0.as_str()),
                MovementKind::Withdrawal | MovementKind::Transfer | MovementKind::Other => row.status.0 == "success",
            };
            rows.filter(done).map(|row| chain_movement(row, kind)).collect()
        };
        read.map_err(|e| ReadFault::parse(reply, e))
    }))
}
