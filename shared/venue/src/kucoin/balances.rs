//! What the accounts hold: spot, margin, futures and unified.

use super::ask::{FUTURES, SPOT, lacks, query};
use super::raw::{self, MaybeEither, currency, futures_currency};
use crate::protocol::call::{AccountSystem, Wallet};
use crate::protocol::model::{Balances, Holding, MarginMode};
use crate::protocol::wire::{MaybeMs, MaybeNum, Text};
use crate::protocol::{Ask, Built, Params, Product, ReadFault, Reply, Scope, Unsigned};
use desk::time::Timestamp;
use rust_decimal::Decimal;
use serde::Deserialize;

/// A row of a list of accounts, of a margin account, or of one side of an isolated pair.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawHolding {
    currency: Text,
    #[serde(default, alias = "availableBalance")]
    available: MaybeNum,
    #[serde(default, alias = "holds", alias = "holdBalance")]
    hold: MaybeNum,
    #[serde(default, alias = "balance", alias = "totalBalance")]
    total: MaybeNum,
    #[serde(default)]
    liability: MaybeNum,
}

#[derive(Deserialize)]
struct MarginAccounts {
    #[serde(default)]
    timestamp: MaybeMs,
    accounts: Vec<RawHolding>,
}

#[derive(Deserialize)]
struct IsolatedAccounts {
    #[serde(default)]
    timestamp: MaybeMs,
    assets: Vec<IsolatedPair>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IsolatedPair {
    base_asset: RawHolding,
    quote_asset: RawHolding,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FuturesAccount {
    currency: Text,
    #[serde(default)]
    account_equity: MaybeNum,
    #[serde(default)]
    available_balance: MaybeNum,
}

#[derive(Deserialize)]
struct UnifiedAccounts {
    #[serde(default)]
    ts: MaybeEither,
    accounts: Vec<UnifiedAccount>,
}

#[derive(Deserialize)]
struct UnifiedAccount {
    #[serde(alias = "currencyList")]
    currencies: Vec<RawHolding>,
}

/// What is told of a currency several times (isolated pairs) is added up.
fn add(balances: &mut Balances, row: &RawHolding) -> Result<(), String> {
    let held = balances.of.entry(currency(&row.currency.0).to_owned()).or_default();
    let sum = |a: Option<Decimal>, b: MaybeNum| match (a, b.0) {
        (Some(a), Some(b)) => a.checked_add(b).map(Some).ok_or("a sum that can't be held"),
        (a, b) => Ok(a.or(b)),
    };
    *held = Holding {
        free: sum(held.free, row.available)?,
        used: sum(held.used, row.hold)?,
        total: sum(held.total, row.total)?,
        debt: sum(held.debt, row.liability)?,
    };
    Ok(())
}

fn summed<'a>(
    reply: &Reply,
    at: Option<Timestamp>,
    rows: impl IntoIterator<Item = &'a RawHolding>,
) -> Result<Balances, ReadFault> {
    let mut balances = Balances { at, ..Balances::default() };
    for row in rows {
        add(&mut balances, row).map_err(|e| ReadFault::parse(reply, e))?;
    }
    Ok(balances)
}

/// Which pocket is asked for.
pub(super) fn pocket(scope: &Scope, usual: Product) -> Wallet {
    let by_product = match scope.product.unwrap_or(usual) {
        Product::Spot => Wallet::Spot,
        Product::Linear => Wallet::Linear,
        Product::Inverse => Wallet::Inverse,
        Product::Option => Wallet::Option,
    };
    scope.wallet.unwrap_or(if scope.margin.is_some() { Wallet::Margin } else { by_product })
}

/// What an account holds.
pub(super) fn balances(scope: &Scope, usual: Product) -> Built<Balances> {
    if scope.account == AccountSystem::Unified {
        return unified_balances(scope);
    }
    let wallet = pocket(scope, usual);
    let account = |path, ours: &Params, weight| {
        let origin = if matches!(wallet, Wallet::Linear | Wallet::Inverse) { FUTURES } else { SPOT };
        Unsigned::account(origin, path, query(ours, &scope.extra, &["code"])).weighing(weight)
    };
    let asked = scope.extra.text("code");
    match (wallet, scope.margin) {
        (Wallet::Linear | Wallet::Inverse, _) => {
            // One currency at a time: the one contracts of this kind are settled in most.
            let usual = if wallet == Wallet::Inverse { "BTC" } else { "USDT" };
            let code = futures_currency(asked.as_deref().unwrap_or(usual)).to_owned();
            let request = account("/api/v1/account-overview", &Params::new().with("currency", code), 5);
            Ok(Ask::new(request, |reply, _| {
                let row: FuturesAccount = raw::object(reply)?;
                let (free, total) = (row.available_balance.0, row.account_equity.0);
                let held = Holding { free, total, ..Holding::default() };
                let mut balances = Balances::default();
                balances.of.insert(currency(&row.currency.0).to_owned(), held);
                Ok(balances)
            }))
        }
        (Wallet::Margin, Some(MarginMode::Isolated)) => {
            Ok(Ask::new(account("/api/v3/isolated/accounts", &Params::new(), 15), |reply, _| {
                let answer: IsolatedAccounts = raw::object(reply)?;
                let rows = answer.assets.iter().flat_map(|pair| [&pair.base_asset, &pair.quote_asset]);
                summed(reply, answer.timestamp.0, rows)
            }))
        }
        (Wallet::Margin, mode) => {
            let (path, weight) =
                if mode.is_some() { ("/api/v3/margin/accounts", 15) } else { ("/api/v1/margin/account", 40) };
            Ok(Ask::new(account(path, &Params::new(), weight), |reply, _| {
                let answer: MarginAccounts = raw::object(reply)?;
                summed(reply, answer.timestamp.0, &answer.accounts)
            }))
        }
        (Wallet::Spot | Wallet::Funding, _) => {
            let kind = match (wallet, scope.account) {
                (Wallet::Funding, _) => "main",
                (_, AccountSystem::HighFrequency) => "trade_hf",
                (_, AccountSystem::Classic | AccountSystem::Unified) => "trade",
            };
            let ours = Params::new().with("type", kind).maybe("currency", asked);
            Ok(Ask::new(account("/api/v1/accounts", &ours, 5), |reply, _| {
                let rows = raw::rows::<RawHolding>(reply)?.0;
                summed(reply, None, &rows)
            }))
        }
        (Wallet::Savings | Wallet::Option, _) => Err(lacks("balances of such a wallet")),
    }
}

/// The unified account, or one of the classic ones beside it.
fn unified_balances(scope: &Scope) -> Built<Balances> {
    let named = scope.extra.text("type");
    let kind = match (scope.wallet, scope.margin) {
        // The classic names of two of these accounts.
        (None, _) if named.as_deref() == Some("main") => Some("FUNDING"),
        (None, _) if named.as_deref() == Some("trade") => Some("SPOT"),
        (Some(Wallet::Spot), _) => Some("SPOT"),
        (Some(Wallet::Linear | Wallet::Inverse), _) => Some("FUTURES"),
        (Some(Wallet::Funding), _) => Some("FUNDING"),
        (Some(Wallet::Margin), Some(MarginMode::Isolated)) | (None, Some(MarginMode::Isolated)) => Some("ISOLATED"),
        (Some(Wallet::Margin), _) | (None, Some(MarginMode::Cross)) => Some("CROSS"),
        (Some(Wallet::Savings | Wallet::Option), _) => return Err(lacks("balances of such a wallet")),
        (None, None) => None,
    };
    let currency = scope.extra.text("code");
    let (path, ours) = match kind {
        Some(kind) => {
            ("/api/ua/v1/account/balance", Params::new().with("accountType", kind).maybe("currency", currency))
        }
        None => ("/api/ua/v1/unified/account/balance", Params::new()),
    };
    let request = Unsigned::account(SPOT, path, query(&ours, &scope.extra, &["code", "type"])).weighing(5);
    Ok(Ask::new(request, |reply, _| {
        let answer: UnifiedAccounts = raw::object(reply)?;
        summed(reply, answer.ts.0, answer.accounts.iter().flat_map(|account| &account.currencies))
    }))
}
