//! The kill switch's row. Its version is part of every claim's condition.

use crate::rows::replace;
use crate::{Store, StoreError, Versioned, keys};
use desk::id::AccountId;
use desk::port::Table;
use desk::risk::KillState;

impl<T: Table> Store<T> {
    /// The kill switch; `None` if its row is missing, which counts as killed.
    ///
    /// # Errors
    /// As the table. An error counts as killed, too.
    pub async fn kill_state(&self, account: &AccountId) -> Result<Option<Versioned<KillState>>, StoreError> {
        self.row(&keys::kill(account)).await
    }

    /// Changes the kill switch, on the condition that it is still as it was read.
    ///
    /// # Errors
    /// [`StoreError::Changed`] if it is not.
    pub async fn set_kill(&self, account: &AccountId, version: u64, state: &KillState) -> Result<(), StoreError> {
        Ok(self.table.transact(vec![replace(keys::kill(account), version, state)?]).await?)
    }
}
