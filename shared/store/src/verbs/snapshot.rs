//! What the account is worth, now and over time.

use crate::rows::{SnapshotRow, create, replace};
use crate::{Store, StoreError, keys};
use desk::id::{AccountId, Asset, Symbol};
use desk::instrument::Instrument;
use desk::money::Price;
use desk::port::{Query, Table};
use desk::portfolio::{self, Valuation};
use desk::time::Interval;
use std::collections::BTreeMap;

impl<T: Table> Store<T> {
    /// The account's worth: the ledger's holdings at the last stored closes of `markets`.
    ///
    /// # Errors
    /// [`StoreError::Missing`] if something is held that none of the markets prices.
    pub async fn valuation<'a>(
        &self,
        account: &AccountId,
        quote: &Asset,
        markets: impl Iterator<Item = (&'a Instrument, Interval)> + Send,
    ) -> Result<Valuation, StoreError> {
        let holdings = self.holdings(account).await?;
        let mut marks: BTreeMap<Asset, (Symbol, Price)> = BTreeMap::new();
        for (instrument, interval) in markets {
            if holdings.get(&instrument.base).is_some_and(|held| !held.is_zero())
                && let Some(candle) = self.last_candle(&instrument.symbol, interval).await?
            {
                marks.insert(instrument.base.clone(), (instrument.symbol.clone(), candle.close));
            }
        }
        portfolio::value(quote, &holdings, &marks)
            .map_err(|unpriced| StoreError::Missing { what: format!("a price ({unpriced})") })
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
        self.table.query(&query).await?.iter().map(|item| Ok(crate::rows::decode(item)?)).collect()
    }
}
