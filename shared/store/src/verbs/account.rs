//! Opening an account: its limits become headroom, its cash becomes the ledger's first transaction.

use super::counters::add;
use super::ledger::Appended;
use crate::rows::{AccountRow, create};
use crate::{Store, StoreError, keys};
use desk::id::Symbol;
use desk::ledger::Transaction;
use desk::money::Amount;
use desk::port::Table;
use desk::risk::{Kill, KillState};
use desk::time::Timestamp;

/// What an account is opened with.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Its name, cash and limits.
    pub account: AccountRow,
    /// The markets it may trade.
    pub symbols: Vec<Symbol>,
    /// When, in market time.
    pub at: Timestamp,
}

impl<T: Table> Store<T> {
    /// Opens an account, or finds it opened with the same row.
    ///
    /// # Errors
    /// [`StoreError::Contradiction`] if it was opened with another one.
    pub async fn open_account(&self, opening: &Opening) -> Result<(), StoreError> {
        let AccountRow { account, quote, cash, profile } = &opening.account;
        let live = KillState { epoch: 1, kill: Kill::Live };
        let mut writes = vec![create(keys::account(account), &opening.account)?, create(keys::kill(account), &live)?];
        let slots = Amount::whole(profile.max_open_positions);
        writes.extend(add(keys::headroom(account), &[("cash", *cash), ("slots", slots)], &[]));
        for symbol in &opening.symbols {
            let key = keys::symbol_headroom(account, symbol);
            writes.extend(add(key, &[("exposure", profile.max_position)], &[]));
        }
        let transaction =
            Transaction::opening(quote, *cash, opening.at).map_err(|e| StoreError::Contradiction(e.to_string()))?;
        writes.extend(Appended::new(account, None, transaction)?.writes()?);
        match self.table.transact(writes).await.map_err(StoreError::from) {
            Err(StoreError::Changed) => match self.account(account).await? {
                Some(found) if found == opening.account => Ok(()),
                Some(_) | None => Err(StoreError::Contradiction(format!(
                    "account {account} was opened with other cash or limits; use a folder of its own"
                ))),
            },
            done => done,
        }
    }

    /// The account, if it has been opened.
    ///
    /// # Errors
    /// As the table.
    pub async fn account(&self, account: &desk::id::AccountId) -> Result<Option<AccountRow>, StoreError> {
        Ok(self.row(&keys::account(account)).await?.map(|found| found.row))
    }
}
