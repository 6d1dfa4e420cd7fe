//! The ledger: appending, and reading it back.

use super::counters::add;
use crate::rows::{HeadRow, TransactionRow, create, upsert};
use crate::{Store, StoreError, Versioned, keys};
use desk::id::{AccountId, Asset};
use desk::ledger::{LedgerAccount, Transaction};
use desk::money::Amount;
use desk::port::{Query, RowError, Table, Write};
use std::collections::BTreeMap;

/// A transaction at the end of the chain, as the writes that append it.
pub(super) struct Appended<'a> {
    account: &'a AccountId,
    head_version: Option<u64>,
    row: TransactionRow,
}

impl<'a> Appended<'a> {
    /// Chains `transaction` behind `head`.
    pub(super) fn new(
        account: &'a AccountId,
        head: Option<Versioned<HeadRow>>,
        transaction: Transaction,
    ) -> Result<Self, StoreError> {
        let (seq, previous, head_version) =
            head.map_or((0, String::new(), None), |head| (head.row.seq, head.row.hash, Some(head.version)));
        let hash = transaction.chained(&previous);
        Ok(Self { account, head_version, row: TransactionRow { seq: seq + 1, transaction, previous, hash } })
    }

    /// The head moves, the transaction is stored, the balances change: together or not at all.
    pub(super) fn writes(&self) -> Result<Vec<Write>, StoreError> {
        let head = HeadRow { seq: self.row.seq, hash: self.row.hash.clone() };
        let mut writes = vec![
            upsert(keys::ledger_head(self.account), self.head_version, &head)?,
            create(keys::transaction(self.account, self.row.seq), &self.row)?,
        ];
        for ((of, asset), change) in self.row.transaction.changes()? {
            writes.extend(add(keys::balance(self.account, of, &asset), &[("amount", change)], &[]));
        }
        Ok(writes)
    }
}

impl<T: Table> Store<T> {
    pub(super) async fn ledger_head(&self, account: &AccountId) -> Result<Option<Versioned<HeadRow>>, StoreError> {
        self.row(&keys::ledger_head(account)).await
    }

    /// What the ledger says is held at the venue, by asset.
    ///
    /// # Errors
    /// As the table.
    pub async fn holdings(&self, account: &AccountId) -> Result<BTreeMap<Asset, Amount>, StoreError> {
        let all = self.balances_of(account, Some(LedgerAccount::Holdings)).await?;
        Ok(all.into_iter().map(|((_, asset), amount)| (asset, amount)).collect())
    }

    /// Every balance of the ledger, by account and asset.
    ///
    /// # Errors
    /// As the table.
    pub async fn balances(&self, account: &AccountId) -> Result<BTreeMap<(String, Asset), Amount>, StoreError> {
        self.balances_of(account, None).await
    }

    async fn balances_of(
        &self,
        account: &AccountId,
        of: Option<LedgerAccount>,
    ) -> Result<BTreeMap<(String, Asset), Amount>, StoreError> {
        let mut balances = BTreeMap::new();
        for item in self.all(keys::balances(account, of)).await? {
            let fault = |reason: &str| RowError::at(&item.key, reason);
            let mut parts = item.key.sk.splitn(3, '#').skip(1);
            let (Some(of), Some(asset)) = (parts.next(), parts.next()) else {
                return Err(fault("its key is short").into());
            };
            let asset = Asset::new(asset).map_err(|e| fault(&e.to_string()))?;
            let amount = item.counters.get("amount").copied().unwrap_or_default();
            balances.insert((of.to_owned(), asset), amount);
        }
        Ok(balances)
    }

    /// The transactions behind number `after`, in order, at most `limit`.
    ///
    /// # Errors
    /// As the table.
    pub async fn transactions_after(
        &self,
        account: &AccountId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<TransactionRow>, StoreError> {
        let after = Some(keys::transaction(account, after).sk);
        let query = Query { after, limit, ..keys::transactions(account) };
        self.table.query(&query).await?.iter().map(|item| Ok(self.table.decoded(item)?)).collect()
    }

    /// Every transaction of the ledger, in order.
    ///
    /// # Errors
    /// As the table.
    pub async fn transactions(&self, account: &AccountId) -> Result<Vec<TransactionRow>, StoreError> {
        self.rows(keys::transactions(account)).await
    }
}
