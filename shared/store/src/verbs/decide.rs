//! Storing what risk decided.
//!
//! An approval is one transaction: the verdict, the order with its marks, and the headroom it takes, on the condition
//! that there is enough left and that the kill switch is as it was read. A refusal is a row like any other.

use super::counters::add;
use crate::rows::{PointerRow, VerdictRow, WorkingRow, create};
use crate::{Store, StoreError, Versioned, keys};
use desk::id::SignalId;
use desk::order::{Intent, Leg, Order};
use desk::port::{Condition, Table, Write};
use desk::risk::{Approval, KillState};
use desk::time::Timestamp;

/// The writes that make an approved order exist: itself, its mark, its place in time.
pub(super) fn order_writes(order: &Order) -> Result<Vec<Write>, StoreError> {
    let Intent { id, account, symbol, leg, decided_at, .. } = &order.intent;
    let working = WorkingRow { order: id.clone(), leg: leg.clone() };
    Ok(vec![
        create(keys::order(id), order)?,
        create(keys::working(account, symbol, id), &working)?,
        create(keys::order_at(account, *decided_at, id), &PointerRow { to: id.to_string() })?,
    ])
}

/// The writes that store a verdict, and the decision's place in time with its first one.
pub(super) fn verdict_writes(verdict: &VerdictRow) -> Result<Vec<Write>, StoreError> {
    let mut writes = vec![create(keys::verdict(&verdict.cause, &verdict.leg, verdict.attempt), verdict)?];
    if let (Some(signal), 1) = (&verdict.signal, verdict.attempt) {
        let key = keys::decision_at(&signal.account, signal.decided_at, &signal.id);
        writes.push(create(key, &PointerRow { to: signal.id.to_string() })?);
    }
    Ok(writes)
}

impl<T: Table> Store<T> {
    /// What risk said about one attempt at one leg of a decision.
    ///
    /// # Errors
    /// As the table.
    pub async fn verdict(&self, signal: &SignalId, leg: &Leg, attempt: u32) -> Result<Option<VerdictRow>, StoreError> {
        Ok(self.row(&keys::verdict(signal, leg, attempt)).await?.map(|found| found.row))
    }

    /// Stores an approval and takes its headroom.
    ///
    /// # Errors
    /// [`StoreError::Changed`] if the headroom is gone or the kill switch was used since the books were read.
    pub async fn approve(
        &self,
        verdict: VerdictRow,
        approval: &Approval,
        kill: &Versioned<KillState>,
        at: Timestamp,
    ) -> Result<Order, StoreError> {
        let (intent, reserved) = (approval.intent().clone(), *approval.reservation());
        let (account, symbol) = (&intent.account, &intent.symbol);
        let slots = if reserved.slot { desk::money::Amount::ONE } else { desk::money::Amount::ZERO };
        let mut writes = verdict_writes(&verdict)?;
        let taken = [("cash", reserved.cash.negated()), ("slots", slots.negated())];
        writes.extend(add(keys::headroom(account), &taken, &[("cash", reserved.cash), ("slots", slots)]));
        let taken = [("exposure", reserved.exposure.negated())];
        let left = [("exposure", reserved.exposure)];
        writes.extend(add(keys::symbol_headroom(account, symbol), &taken, &left));
        writes.push(Write::Check { key: keys::kill(account), condition: Condition::Version(kill.version) });
        let order = Order::approved(intent, reserved, at);
        writes.extend(order_writes(&order)?);
        self.table.transact(writes).await?;
        Ok(order)
    }

    /// Stores a refusal.
    ///
    /// # Errors
    /// [`StoreError::Changed`] if another verdict stands there.
    pub async fn refuse(&self, verdict: &VerdictRow) -> Result<(), StoreError> {
        Ok(self.table.transact(verdict_writes(verdict)?).await?)
    }
}
