//! Booking a fill: the one way in which anything changes hands.
//!
//! One transaction per fill, keyed by the venue's name for the trade: the fill, its postings, the position, the
//! order's progress, what goes back into the headroom, and, for an entry, the stop that protects what was bought.
//! Because the stop exists in the same transaction as the position, there is no moment without it.

use super::decide::{order_writes, verdict_writes};
use super::ledger::Appended;
use super::settle::release_writes;
use crate::rows::{Outcome, PointerRow, VerdictRow, create, replace, upsert};
use crate::{Store, StoreError, Versioned, keys};
use desk::external;
use desk::fill::Fill;
use desk::instrument::Instrument;
use desk::ledger::Transaction;
use desk::money::Amount;
use desk::order::{Event, Leg, Order, Step};
use desk::port::{Table, Write};
use desk::position::Position;
use desk::risk::{Approval, headroom, protect};
use desk::time::Timestamp;

/// A fill in the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booked {
    /// The order as it stands after the fill.
    pub order: Order,
    /// The stop that protects what the fill bought.
    pub stop: Option<Order>,
    /// Whether it had been booked before.
    pub before: bool,
}

impl<T: Table> Store<T> {
    /// Books a fill once, whoever reports it and however often.
    ///
    /// # Errors
    /// [`StoreError::Missing`] for a fill of an order that is none of ours, [`StoreError::Contradiction`] for one
    /// that can't be (another trade under the same name, more than was ordered, more sold than held), and
    /// [`StoreError::Changed`] if the books moved meanwhile: do it again.
    pub async fn book(&self, fill: &Fill, instrument: &Instrument, at: Timestamp) -> Result<Booked, StoreError> {
        let order = self.order(&fill.order).await?;
        if order.row.intent.leg == Leg::External {
            return self.book_external(fill, instrument, at).await;
        }
        let stop =
            protect(&order.row.intent, fill, instrument, 1).map_err(|e| StoreError::Contradiction(e.to_string()))?;
        if let Some(found) = self.row::<Fill>(&keys::fill(fill)).await? {
            return self.booked_before(found.row, fill, order.row, stop).await;
        }
        let intent = &order.row.intent;
        if intent.side != fill.side || intent.symbol != fill.symbol || intent.account != fill.account {
            return Err(contradiction(fill, "it is not of that order's side, market or account"));
        }
        let position = self.row::<Position>(&keys::position(&fill.account, &fill.symbol)).await?;
        let head = self.ledger_head(&fill.account).await?;
        let mut writes = Vec::new();
        let next = self.fold(fill, instrument, order, position, at, &mut writes).await?;
        let transaction = Transaction::of_fill(fill, instrument).map_err(|e| contradiction(fill, &e.to_string()))?;
        writes.extend(Appended::new(&fill.account, head, transaction)?.writes()?);
        let stop = match stop {
            Some(approval) => Some(stop_writes(&approval, at, &mut writes)?),
            None => None,
        };
        self.table.transact(writes).await?;
        Ok(Booked { order: next, stop, before: false })
    }

    /// Folds the fill into position and order, and collects the writes that say so.
    async fn fold(
        &self,
        fill: &Fill,
        instrument: &Instrument,
        order: Versioned<Order>,
        position: Option<Versioned<Position>>,
        at: Timestamp,
        writes: &mut Vec<Write>,
    ) -> Result<Order, StoreError> {
        let Versioned { row: mut next, version } = order;
        let was = position.as_ref().map_or(&Position::FLAT, |found| &found.row);
        let oversells = external::oversells(was, fill, instrument)?;
        // What the account holds is asked for only if it matters; the ledger's head, read before, is part of the condition.
        let held = if oversells { self.held(&fill.account, &instrument.base).await? } else { Amount::ZERO };
        let folded = external::after_ours(was, held, fill, instrument);
        let (position_after, effect) = folded.map_err(|e| contradiction(fill, &e.to_string()))?;
        let open = next.open_quantity()?;
        if fill.quantity > open {
            return Err(contradiction(fill, &format!("only {open} of the order was open")));
        }
        let last = fill.quantity == open;
        let mut release = headroom::on_fill(&mut next, fill, instrument, effect, last)?;
        next.filled.quantity = next.filled.quantity.plus(fill.quantity)?;
        next.filled.notional = next.filled.notional.plus(fill.notional()?.amount())?;
        next.filled.fees = next.filled.fees.plus(fill.fee_in_quote(instrument)?)?;
        let event = if last { Event::LastFill } else { Event::PartFill };
        if next.apply(event, at, &format!("trade {}", fill.trade)) == Step::Contradicts {
            // The money has moved whatever we think of the order: book it, and let nothing new begin.
            let reason = format!("order {} was filled although it was {}", fill.order, next.state);
            writes.push(self.freeze_write(&fill.account, reason).await?);
        }
        if next.state.is_terminal() {
            release = release.and(headroom::on_terminal(&mut next)?)?;
            writes.push(Write::Delete { key: keys::working(&fill.account, &fill.symbol, &fill.order) });
        }
        writes.push(create(keys::fill(fill), fill)?);
        writes.push(create(keys::order_fill(fill), &PointerRow { to: fill.key() })?);
        let at_version = position.map(|found| found.version);
        writes.push(upsert(keys::position(&fill.account, &fill.symbol), at_version, &position_after)?);
        writes.push(replace(keys::order(&fill.order), version, &next)?);
        writes.extend(release_writes(&next, release));
        Ok(next)
    }

    async fn booked_before(
        &self,
        found: Fill,
        fill: &Fill,
        order: Order,
        stop: Option<Approval>,
    ) -> Result<Booked, StoreError> {
        if !found.tells_the_same(fill) {
            return Err(contradiction(fill, "another trade was booked under the same name"));
        }
        let stop = match stop {
            Some(approval) => Some(self.order(&approval.intent().id).await?.row),
            None => None,
        };
        Ok(Booked { order, stop, before: true })
    }
}

pub(super) fn contradiction(fill: &Fill, why: &str) -> StoreError {
    StoreError::Contradiction(format!("trade {} of order {}: {why}", fill.trade, fill.order))
}

/// The writes that make a protective stop exist.
fn stop_writes(approval: &Approval, at: Timestamp, writes: &mut Vec<Write>) -> Result<Order, StoreError> {
    let intent = approval.intent().clone();
    writes.extend(verdict_writes(&protection(&intent))?);
    let order = Order::approved(intent, *approval.reservation(), at);
    writes.extend(order_writes(&order)?);
    Ok(order)
}

/// The verdict on a stop, which only takes risk away, or on an order that is none of ours: nothing was checked.
pub(super) fn protection(intent: &desk::order::Intent) -> VerdictRow {
    VerdictRow {
        signal: None,
        cause: intent.cause.clone(),
        leg: intent.leg.clone(),
        attempt: intent.attempt,
        quantity: intent.quantity,
        checks: Vec::new(),
        outcome: Outcome::Approved { order: intent.id.clone() },
        profile: String::new(),
    }
}

impl<T: Table> Store<T> {
    /// Stores an order that only takes risk away (a renewed stop, a flattening), or finds it stored.
    ///
    /// # Errors
    /// [`StoreError::Changed`] if another one stands under its id.
    pub async fn add_protection(&self, approval: &Approval, at: Timestamp) -> Result<Order, StoreError> {
        let mut writes = Vec::new();
        let order = stop_writes(approval, at, &mut writes)?;
        match self.table.transact(writes).await.map_err(StoreError::from) {
            Ok(()) => Ok(order),
            Err(StoreError::Changed) => Ok(self.order(&approval.intent().id).await?.row),
            Err(error) => Err(error),
        }
    }
}
