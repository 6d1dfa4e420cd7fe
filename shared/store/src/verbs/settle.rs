//! Moving an order on by anything but a fill.
//!
//! The transition, the release of its reservation if it is terminal, and the removal of its mark are one transaction.

use super::counters::add;
use crate::rows::{FreezeRow, replace, upsert};
use crate::{Store, StoreError, Versioned, keys};
use desk::id::VenueOrderId;
use desk::order::{Event, Order, Step};
use desk::port::{Table, Write};
use desk::risk::{Release, headroom};
use desk::time::Timestamp;

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The order as it now stands.
    pub order: Versioned<Order>,
    /// What the event did.
    pub step: Step,
}

/// The additions that give a release back.
pub(super) fn release_writes(order: &Order, release: Release) -> Vec<Write> {
    let (account, symbol) = (&order.intent.account, &order.intent.symbol);
    let room = [("cash", release.cash), ("slots", release.slots)];
    let exposure = [("exposure", release.exposure)];
    let own = add(keys::headroom(account), &room, &[]);
    own.into_iter().chain(add(keys::symbol_headroom(account, symbol), &exposure, &[])).collect()
}

impl<T: Table> Store<T> {
    /// Applies an event to an order. An event that changes nothing writes nothing; one that can't be stops new risk.
    ///
    /// # Errors
    /// [`StoreError::Changed`] if the order moved meanwhile: read again.
    pub async fn settle(
        &self,
        order: Versioned<Order>,
        event: Event,
        at: Timestamp,
        why: &str,
        venue_order: Option<VenueOrderId>,
    ) -> Result<Settled, StoreError> {
        let Versioned { row: mut next, version } = order;
        let names = venue_order.is_some() && next.venue_order.is_none();
        if names {
            next.venue_order = venue_order;
        }
        let step = next.apply(event, at, why);
        let intent = &next.intent;
        match step {
            Step::Moves(_) => {}
            Step::Stays if names => {}
            Step::Stays => return Ok(Settled { order: Versioned { row: next, version }, step }),
            Step::Contradicts => {
                let reason = format!("order {}: {event:?} can't happen to an order that is {}", intent.id, next.state);
                self.freeze(&intent.account, Some(reason)).await?;
                return Ok(Settled { order: Versioned { row: next, version }, step });
            }
        }
        let mut writes = Vec::new();
        if next.state.is_terminal() {
            let release = headroom::on_terminal(&mut next)?;
            writes.extend(release_writes(&next, release));
            let intent = &next.intent;
            writes.push(Write::Delete { key: keys::working(&intent.account, &intent.symbol, &intent.id) });
        }
        writes.insert(0, replace(keys::order(&next.intent.id), version, &next)?);
        self.table.transact(writes).await?;
        Ok(Settled { order: Versioned { row: next, version: version + 1 }, step })
    }

    /// The write that stops new risk, for a transaction of its own business.
    pub(super) async fn freeze_write(
        &self,
        account: &desk::id::AccountId,
        reason: String,
    ) -> Result<Write, StoreError> {
        let found = self.row::<FreezeRow>(&keys::freeze(account)).await?;
        Ok(upsert(keys::freeze(account), found.map(|f| f.version), &FreezeRow { reason: Some(reason) })?)
    }
}
