//! Balances by double entry.
//!
//! Invariants: (1) for each asset the sum over all accounts, free and locked, the fee account included, is what was
//! issued; only [`Ledger::issue`] changes that sum. (2) No balance is ever negative. Both are assertions, also in
//! release: a simulated exchange that loses money would teach the desk wrong things.

use super::types::AccountId;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// What an account has of an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balance {
    /// At its disposal.
    pub free: Decimal,
    /// Held for open orders.
    pub locked: Decimal,
}

/// There is not enough free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not enough free balance")]
pub struct Short;

/// All balances.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    accounts: Vec<BTreeMap<String, Balance>>,
    issued: BTreeMap<String, Decimal>,
}

impl Ledger {
    /// Opens the next account.
    pub(super) fn open(&mut self) -> AccountId {
        self.accounts.push(BTreeMap::new());
        AccountId(self.accounts.len() - 1)
    }

    /// What an account has of an asset.
    #[must_use]
    pub fn balance(&self, account: AccountId, asset: &str) -> Balance {
        self.accounts.get(account.0).and_then(|assets| assets.get(asset)).copied().unwrap_or_default()
    }

    /// All assets an account ever had.
    #[must_use]
    pub fn balances(&self, account: AccountId) -> BTreeMap<String, Balance> {
        self.accounts.get(account.0).cloned().unwrap_or_default()
    }

    /// Brings an amount into the exchange, or takes it out (negative).
    ///
    /// # Errors
    /// [`Short`] if more is to be taken out than is free.
    pub fn issue(&mut self, account: AccountId, asset: &str, amount: Decimal) -> Result<(), Short> {
        let balance = self.slot(account, asset);
        let free = balance.free + amount;
        if free < Decimal::ZERO {
            return Err(Short);
        }
        balance.free = free;
        *self.issued.entry(asset.to_owned()).or_default() += amount;
        Ok(())
    }

    /// Moves free to locked.
    ///
    /// # Errors
    /// [`Short`] if there is not enough; nothing has changed then.
    pub fn lock(&mut self, account: AccountId, asset: &str, amount: Decimal) -> Result<(), Short> {
        let balance = self.slot(account, asset);
        if balance.free < amount {
            return Err(Short);
        }
        balance.free -= amount;
        balance.locked += amount;
        Ok(())
    }

    /// Moves locked back to free.
    ///
    /// # Panics
    /// If more is unlocked than was locked: the engine is wrong then.
    pub fn unlock(&mut self, account: AccountId, asset: &str, amount: Decimal) {
        let balance = self.slot(account, asset);
        assert!(
            balance.locked >= amount,
            "{asset} of account {}: {} locked, {amount} unlocked",
            account.0,
            balance.locked
        );
        balance.locked -= amount;
        balance.free += amount;
    }

    /// Moves free balance from one account to another.
    ///
    /// # Panics
    /// If there is not enough: whoever calls has checked, or locked and unlocked, before.
    pub fn transfer(&mut self, from: AccountId, to: AccountId, asset: &str, amount: Decimal) {
        let payer = self.slot(from, asset);
        assert!(payer.free >= amount, "{asset} of account {}: {} free, {amount} due", from.0, payer.free);
        payer.free -= amount;
        self.slot(to, asset).free += amount;
    }

    /// Checks the invariants.
    ///
    /// # Errors
    /// The asset that does not add up, and by how much.
    pub fn audit(&self) -> Result<(), String> {
        let mut sums: BTreeMap<&str, Decimal> = BTreeMap::new();
        for (number, assets) in self.accounts.iter().enumerate() {
            for (asset, balance) in assets {
                if balance.free < Decimal::ZERO || balance.locked < Decimal::ZERO {
                    return Err(format!("account {number} has {balance:?} of {asset}"));
                }
                *sums.entry(asset).or_default() += balance.free + balance.locked;
            }
        }
        for (asset, issued) in &self.issued {
            let sum = sums.remove(asset.as_str()).unwrap_or_default();
            if sum != *issued {
                return Err(format!("{issued} {asset} were issued, and there are {sum}"));
            }
        }
        match sums.into_iter().find(|(_, sum)| !sum.is_zero()) {
            Some((asset, sum)) => Err(format!("no {asset} was issued, and there are {sum}")),
            None => Ok(()),
        }
    }

    fn slot(&mut self, account: AccountId, asset: &str) -> &mut Balance {
        while self.accounts.len() <= account.0 {
            self.accounts.push(BTreeMap::new());
        }
        match self.accounts.get_mut(account.0) {
            Some(assets) if assets.contains_key(asset) => {}
            Some(assets) => {
                assets.insert(asset.to_owned(), Balance::default());
            }
            None => unreachable!("the account was added above"),
        }
        match self.accounts.get_mut(account.0).and_then(|assets| assets.get_mut(asset)) {
            Some(balance) => balance,
            None => unreachable!("the asset was added above"),
        }
    }
}
