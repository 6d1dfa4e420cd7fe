//! Winning the right to POST an order.

use crate::rows::replace;
use crate::{Store, StoreError, Versioned, keys};
use desk::id::{IntentId, InvocationId};
use desk::order::{Claimed, Order, Timing};
use desk::port::{Condition, Table, Write};
use desk::risk::KillState;
use desk::time::Timestamp;

/// What became of an attempt to claim.
#[derive(Debug)]
pub enum ClaimAnswer {
    /// This invocation, and no other, may POST; the version is that of the claimed order's row.
    Won(Box<Claimed>, u64),
    /// The order is no longer to be claimed: somebody else has, or it is done.
    Lost,
    /// The kill switch forbids it.
    Killed,
}

impl<T: Table> Store<T> {
    /// An order.
    ///
    /// # Errors
    /// [`StoreError::Missing`] if there is none of that id.
    pub async fn order(&self, id: &IntentId) -> Result<Versioned<Order>, StoreError> {
        let found = self.row(&keys::order(id)).await?;
        found.ok_or_else(|| StoreError::Missing { what: format!("order {id}") })
    }

    /// Claims an approved order, on the condition that it is still as it was read and that the kill switch is still
    /// the one that was read. A kill switch that can't be found forbids it.
    ///
    /// # Errors
    /// [`StoreError::Changed`] if either moved meanwhile: read again.
    pub async fn claim(
        &self,
        order: &Versioned<Order>,
        owner: InvocationId,
        now: Timestamp,
        timing: Timing,
    ) -> Result<ClaimAnswer, StoreError> {
        let intent = &order.row.intent;
        let key = keys::kill(&intent.account);
        let Some(kill) = self.row::<KillState>(&key).await? else { return Ok(ClaimAnswer::Killed) };
        if !kill.row.permits(&intent.leg) {
            return Ok(ClaimAnswer::Killed);
        }
        let Some(pending) = order.row.claim(owner, now, timing, kill.row.epoch) else {
            return Ok(ClaimAnswer::Lost);
        };
        let writes = vec![
            replace(keys::order(&intent.id), order.version, pending.order())?,
            Write::Check { key, condition: Condition::Version(kill.version) },
        ];
        self.table.transact(writes).await?;
        Ok(pending.won().map_or(ClaimAnswer::Lost, |claimed| ClaimAnswer::Won(Box::new(claimed), order.version + 1)))
    }
}
