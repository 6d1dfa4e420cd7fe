//! The account: what it holds, and what its key may do.

use super::super::protocol::call::{AccountSystem, Scope, Wallet};
use super::super::protocol::fault::{CallError, ReadFault};
use super::super::protocol::http::Unsigned;
use super::super::protocol::market::Product;
use super::super::protocol::model::{AccountRow, Balances, Holding, KeyPermissions};
use super::super::protocol::wire::{MaybeNum, Text};
use super::super::protocol::{Ask, Built};
use super::line::{Line, System, margin_path, unsupported};
use super::raw::{Fields, account, data, rows};
use rust_decimal::Decimal;
use serde::Deserialize;

/// What an account holds of a coin: the names of spot, margin, contracts, and the unified account.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawHolding {
    #[serde(default)]
    coin: Text,
    #[serde(default)]
    margin_coin: Text,
    #[serde(default)]
    available: MaybeNum,
    #[serde(default)]
    frozen: MaybeNum,
    #[serde(default)]
    locked: MaybeNum,
    #[serde(default)]
    total_amount: MaybeNum,
    #[serde(default)]
    borrow: MaybeNum,
    #[serde(default)]
    interest: MaybeNum,
    #[serde(default)]
    max_transfer_out: MaybeNum,
    #[serde(default)]
    account_equity: MaybeNum,
    #[serde(default)]
    balance: MaybeNum,
    #[serde(default)]
    debt: MaybeNum,
    #[serde(default)]
    debts: MaybeNum,
    #[serde(default)]
    amount: MaybeNum,
    #[serde(default)]
    equity: MaybeNum,
}

fn sum(a: MaybeNum, b: MaybeNum) -> Option<Decimal> {
    match (a.0, b.0) {
        (Some(a), Some(b)) => a.checked_add(b),
        (a, b) => a.or(b),
    }
}

impl RawHolding {
    fn holding(&self) -> Holding {
        let contracts = self.margin_coin.some().is_some();
        let equity = self.account_equity.0.or(self.equity.0.filter(|_| contracts));
        let total = self.total_amount.0.or(equity).or(self.balance.0).or(self.amount.0);
        Holding {
            // What contracts have at hand is what is not bound as margin.
            free: self.max_transfer_out.0.or(self.available.0),
            used: sum(self.frozen, self.locked).filter(|_| !contracts),
            total,
            debt: self.debt.0.or(self.debts.0).or_else(|| sum(self.borrow, self.interest)),
        }
    }
}

/// Two holdings of one coin, as isolated margin has them.
fn added(a: Holding, b: Holding) -> Holding {
    let both = |a: Option<Decimal>, b: Option<Decimal>| sum(MaybeNum(a), MaybeNum(b));
    Holding {
        free: both(a.free, b.free),
        used: both(a.used, b.used),
        total: both(a.total, b.total),
        debt: both(a.debt, b.debt),
    }
}

/// Holdings by coin.
pub(super) fn holdings(raw: &[RawHolding]) -> Result<Balances, String> {
    let mut balances = Balances::default();
    for raw in raw {
        let coin = raw.coin.some().or_else(|| raw.margin_coin.some()).ok_or("a holding without a coin")?;
        let holding = raw.holding();
        let entry = balances.of.entry(coin.to_owned());
        entry.and_modify(|known| *known = added(*known, holding)).or_insert(holding);
    }
    Ok(balances)
}

fn balance_request(scope: &Scope) -> Result<Unsigned, CallError> {
    let line = Line::asked(None, scope, Product::Spot)?;
    let end = |fields: Fields| fields.extra(&scope.extra, &["productType", "category", "method"]);
    let unified = scope.account == AccountSystem::Unified;
    let contracts = |product: Product| -> Result<Unsigned, CallError> {
        let category =
            if line.product == product { line.category } else { super::line::category_of(product, None, false)? };
        Ok(account("/api/v2/mix/account/accounts", end(Fields::new().with("productType", category))))
    };
    Ok(match (scope.wallet, unified) {
        (Some(Wallet::Funding), true) => account("/api/v3/account/funding-assets", end(Fields::new())),
        (_, true) => account("/api/v3/account/assets", end(Fields::new())),
        (Some(Wallet::Funding), false) => account("/api/v2/account/funding-assets", end(Fields::new())),
        (Some(Wallet::Savings), false) => account("/api/v2/earn/account/assets", end(Fields::new())),
        (Some(Wallet::Option), false) => return Err(unsupported("options")),
        (Some(Wallet::Linear), false) => contracts(Product::Linear)?,
        (Some(Wallet::Inverse), false) => contracts(Product::Inverse)?,
        (Some(Wallet::Spot | Wallet::Margin) | None, false) => match line.system {
            System::Margin(mode) => account(margin_path(mode, "account/assets"), end(Fields::new())),
            System::Mix => contracts(line.product)?,
            System::Spot | System::Unified => account("/api/v2/spot/account/assets", end(Fields::new())),
        },
    })
}

/// What an account holds.
pub(super) fn balances(scope: &Scope) -> Built<Balances> {
    Ok(Ask::new(balance_request(scope)?, |reply, _| {
        let raw: Vec<RawHolding> = rows(reply, &["assets"])?;
        holdings(&raw).map_err(|e| ReadFault::parse(reply, e))
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAccountType {
    account_type: Text,
}

/// The owner's accounts.
pub(super) fn accounts(scope: &Scope) -> Built<Vec<AccountRow>> {
    let request = account("/api/v2/account/all-account-balance", Fields::new().extra(&scope.extra, &[]));
    Ok(Ask::new(request, |reply, _| {
        let raw: Vec<RawAccountType> = rows(reply, &[])?;
        let row = |raw: &RawAccountType| AccountRow {
            id: raw.account_type.0.clone(),
            kind: Some(raw.account_type.0.clone()),
            currency: None,
        };
        Ok(raw.iter().map(row).collect())
    }))
}

/// What a key may do: classic letters, then the words of the unified account.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawKey {
    #[serde(default)]
    ips: Text,
    #[serde(default)]
    authorities: Vec<Text>,
    #[serde(default)]
    perm_type: Text,
    #[serde(default)]
    permissions: Vec<Text>,
}

fn permissions(raw: &RawKey) -> KeyPermissions {
    let has = |names: &[&str]| raw.authorities.iter().any(|text| names.contains(&text.0.as_str()));
    let may = |names: &[&str]| raw.permissions.iter().any(|text| names.contains(&text.0.as_str()));
    let addresses = raw.ips.0.split(',').map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect();
    let mut key = KeyPermissions { addresses, ..KeyPermissions::default() };
    if !raw.permissions.is_empty() {
        let writes = raw.perm_type.0.contains("write");
        key.read = Some(true);
        key.spot = Some(writes && may(&["uta_trade"]));
        key.contracts = key.spot;
        key.withdraw = Some(may(&["withdraw"]));
    } else if !raw.authorities.is_empty() {
        // Letters: `sto` spot, `smo` spot margin, `coo` contract orders, `cpo` positions, `wwo` withdrawals; then `r` or `w`.
        key.read = Some(true);
        key.spot = Some(has(&["stow", "smow", "trade"]));
        key.contracts = Some(has(&["coow", "trade"]));
        key.withdraw = Some(has(&["wwow", "withdraw"]));
    }
    key
}

/// What a key may do. A key of the unified account is asked about elsewhere than one of the classic account.
pub(super) fn key_permissions(system: AccountSystem) -> Built<KeyPermissions> {
    let path = match system {
        AccountSystem::Unified => "/api/v3/account/info",
        AccountSystem::Classic | AccountSystem::HighFrequency => "/api/v2/spot/account/info",
    };
    Ok(Ask::new(account(path, Fields::new()), |reply, _| {
        let raw: RawKey = data(reply)?;
        Ok(permissions(&raw))
    }))
}
