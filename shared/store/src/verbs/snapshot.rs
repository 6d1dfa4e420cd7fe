//! What the account is worth, now and over time.

use crate::rows::{SnapshotRow, create, replace};
use crate::{Store, StoreError, keys};
use desk::id::{AccountId, Asset, Symbol};
use desk::instrument::Instrument;
use desk::ledger::LedgerAccount;
use desk::money::{Amount, Price};
use desk::port::{Query, Table};
use desk::portfolio::{self, Valuation};
use desk::time::Interval;
use std::collections::BTreeMap;

impl<T: Table> Store<T> {
    /// The account's worth: the ledger's holdings at the last stored closes of `markets`.
    ///
    /// # Errors
    /// As the table.
    pub async fn valuation<'a>(
        &self,
        account: &AccountId,
        quote: &Asset,
        markets: impl Iterator<Item = (&'a Instrument, Interval)> + Send,
    ) -> Result<Valuation, StoreError> {
        let holdings = self.holdings(account).await?;
        let marks = self.marks(&[&holdings], markets).await?;
        Ok(portfolio::value(quote, &holdings, &marks)?)
    }

    /// What trading has brought, in quote units: neither what the account was opened with nor what moved without a trade.
    ///
    /// # Errors
    /// As the table.
    pub async fn profit<'a>(
        &self,
        account: &AccountId,
        quote: &Asset,
        markets: impl Iterator<Item = (&'a Instrument, Interval)> + Send,
    ) -> Result<Amount, StoreError> {
        let (mut holdings, mut put_in) = (BTreeMap::new(), BTreeMap::new());
        for ((of, asset), amount) in self.balances(account).await? {
            if of == LedgerAccount::Holdings.name() {
                holdings.insert(asset, amount);
            } else if of == LedgerAccount::Capital.name() || of == LedgerAccount::Movements.name() {
                let sum: &mut Amount = put_in.entry(asset).or_default();
                *sum = sum.minus(amount)?;
            }
        }
        let marks = self.marks(&[&holdings, &put_in], markets).await?;
        Ok(portfolio::profit(quote, &holdings, &put_in, &marks)?)
    }

    /// The last closes of what some of `held` has.
    async fn marks<'a>(
        &self,
        held: &[&BTreeMap<Asset, Amount>],
        markets: impl Iterator<Item = (&'a Instrument, Interval)> + Send,
    ) -> Result<BTreeMap<Asset, (Symbol, Price)>, StoreError> {
        let mut marks = BTreeMap::new();
        for (instrument, interval) in markets {
            let wanted = held.iter().any(|held| held.get(&instrument.base).is_some_and(|held| !held.is_zero()));
            if wanted && let Some(candle) = self.last_candle(&instrument.symbol, interval).await? {
                marks.insert(instrument.base.clone(), (instrument.symbol.clone(), candle.close));
            }
        }
        Ok(marks)
    }

    /// Stores a snapshot; one of the same instant is replaced.
    ///
    /// # Errors
    /// As the table.
    pub async fn add_snapshot(&self, account: &AccountId, snapshot: &SnapshotRow) -> Result<(), StoreError> {
        let key = keys::snapshot(account, snapshot.at);
        match self.table.transact(vec![create(key.clone(), snapshot)?]).await.map_err(StoreError::from) {
            Err(StoreError::Changed) => {}
            done => return done,
        }
        let version = self.row::<SnapshotRow>(&key).await?.map_or(0, |found| found.version);
        Ok(self.table.transact(vec![replace(key, version, snapshot)?]).await?)
    }

    /// The last snapshots, newest first, at most `limit`.
    ///
    /// # Errors
    /// As the table.
    pub async fn recent_snapshots(&self, account: &AccountId, limit: u32) -> Result<Vec<SnapshotRow>, StoreError> {
        let query = Query { descending: true, limit, ..keys::snapshots(account) };
        self.table.query(&query).await?.iter().map(|item| Ok(self.table.decoded(item)?)).collect()
    }
}
