//! Booking what other hands do: trades of orders that are none of ours, and money that moves without a trade.
//!
//! Each is one transaction, keyed by the venue's name for it, and conditional on the ledger's head as it was before anything
//! else was read: what is read behind it can't have changed unseen.

use super::booking::{Booked, contradiction, protection};
use super::counters::add;
use super::decide::verdict_writes;
use super::ledger::Appended;
use super::settle::release_writes;
use crate::rows::{PointerRow, create, replace, upsert};
use crate::{Store, StoreError, Versioned, keys};
use desk::external;
use desk::fill::Fill;
use desk::id::{AccountId, Asset};
use desk::instrument::Instrument;
use desk::ledger::{LedgerAccount, Transaction};
use desk::money::Amount;
use desk::movement::Movement;
use desk::order::{Leg, Order};
use desk::port::{Table, Write};
use desk::position::Position;
use desk::risk::headroom;
use desk::time::Timestamp;

impl<T: Table> Store<T> {
    /// Books a trade of an order that is none of ours, and stops new risk in its market until books and venue agree about it.
    ///
    /// # Errors
    /// [`StoreError::Contradiction`] if another trade stands under its name or the order is ours after all, and
    /// [`StoreError::Changed`] if the books moved meanwhile: do it again.
    pub async fn book_external(
        &self,
        fill: &Fill,
        instrument: &Instrument,
        at: Timestamp,
    ) -> Result<Booked, StoreError> {
        let head = self.ledger_head(&fill.account).await?;
        let known = self.row::<Order>(&keys::order(&fill.order)).await?;
        if known.as_ref().is_some_and(|known| known.row.intent.leg != Leg::External) {
            return Err(StoreError::Changed);
        }
        if let Some(found) = self.row::<Fill>(&keys::fill(fill)).await? {
            let Some(order) = known.filter(|_| found.row.tells_the_same(fill)) else {
                return Err(contradiction(fill, "another trade was booked under the same name"));
            };
            return Ok(Booked { order: order.row, stop: None, before: true });
        }
        let (mut writes, version) = (Vec::new(), known.as_ref().map(|known| known.version));
        let order = external::order(known.map(|known| known.row), fill, instrument, at)?;
        if order.intent.side != fill.side || order.intent.symbol != fill.symbol || order.intent.account != fill.account
        {
            return Err(contradiction(fill, "it is not of that order's side, market or account"));
        }
        let position = self.row::<Position>(&keys::position(&fill.account, &fill.symbol)).await?;
        let was = position.as_ref().map_or(&Position::FLAT, |found| &found.row);
        let held = self.held(&fill.account, &instrument.base).await?;
        if external::is_early(held, fill, instrument)? {
            return Err(contradiction(fill, &format!("only {held} is held: something before it is not booked yet")));
        }
        let folded = external::after_trade(was, held, fill, instrument);
        let (after, effect) = folded.map_err(|e| contradiction(fill, &e.to_string()))?;
        if after != *was {
            let key = keys::position(&fill.account, &fill.symbol);
            writes.push(upsert(key, position.as_ref().map(|found| found.version), &after)?);
        }
        writes.extend(external_order_writes(&order, version)?);
        writes.push(create(keys::fill(fill), fill)?);
        writes.push(create(keys::order_fill(fill), &PointerRow { to: fill.key() })?);
        writes.extend(release_writes(&order, headroom::on_external(fill, instrument, effect)?));
        let reason = format!("somebody else traded: {} {} {}", fill.side, fill.quantity, fill.symbol);
        writes.extend(self.market_freeze_write(&fill.account, &fill.symbol, reason).await?);
        let transaction = Transaction::of_fill(fill, instrument).map_err(|e| contradiction(fill, &e.to_string()))?;
        writes.extend(Appended::new(&fill.account, head, transaction)?.writes()?);
        self.table.transact(writes).await?;
        Ok(Booked { order, stop: None, before: false })
    }

    /// What the ledger says is held of one asset.
    pub(super) async fn held(&self, account: &AccountId, asset: &Asset) -> Result<Amount, StoreError> {
        let item = self.table.get(&keys::balance(account, LedgerAccount::Holdings, asset)).await?;
        Ok(item.and_then(|item| item.counters.get("amount").copied()).unwrap_or_default())
    }

    /// The movements that are booked, by their names.
    ///
    /// # Errors
    /// As the table.
    pub async fn movements(&self, account: &AccountId) -> Result<Vec<Movement>, StoreError> {
        self.rows(keys::movements(account)).await
    }

    /// Books a movement once, however often it is reported. `market` is the one that trades its asset, if there is one, and
    /// `quote` what the account is valued in.
    ///
    /// # Errors
    /// [`StoreError::Changed`] if it is booked already or the books moved meanwhile, [`StoreError::Contradiction`] if it
    /// can't be.
    pub async fn book_movement(
        &self,
        movement: &Movement,
        market: Option<&Instrument>,
        quote: &Asset,
    ) -> Result<(), StoreError> {
        let account = &movement.account;
        let fault = |e: &dyn std::fmt::Display| StoreError::Contradiction(format!("{}: {e}", movement.key()));
        let head = match self.all(keys::ledger_heads(account)).await?.first() {
            Some(item) => Some(Versioned { row: self.table.decoded(item)?, version: item.version }),
            None => None,
        };
        let transaction = Transaction::of_movement(movement).map_err(|e| fault(&e))?;
        let mut writes = vec![create(keys::movement(movement), movement)?];
        let mut slots = Amount::ZERO;
        if let Some(instrument) = market {
            let symbol = &instrument.symbol;
            let key = keys::position(account, symbol);
            if let Some(Versioned { row, version }) = self.row::<Position>(&key).await? {
                let held = self.holdings(account).await?.get(&instrument.base).copied().unwrap_or_default();
                let change = transaction.change_held(&instrument.base)?;
                let folded = external::after_movement(&row, held, change, instrument, movement.at);
                let (after, effect) = folded.map_err(|e| fault(&e))?;
                if after != row {
                    slots = if effect.closed { Amount::ONE } else { Amount::ZERO };
                    writes.push(replace(key, version, &after)?);
                    let exposure = [("exposure", effect.cost_moved)];
                    writes.extend(add(keys::symbol_headroom(account, symbol), &exposure, &[]));
                }
            }
        }
        let room = [("cash", transaction.change_held(quote)?), ("slots", slots)];
        writes.extend(add(keys::headroom(account), &room, &[]));
        writes.extend(Appended::new(account, head, transaction)?.writes()?);
        Ok(self.table.transact(writes).await?)
    }
}

/// The writes that keep an order that is none of ours: with its first trade also its place in time, and a verdict that explains
/// it. It is never marked as working: there is nothing to wait for.
fn external_order_writes(order: &Order, version: Option<u64>) -> Result<Vec<Write>, StoreError> {
    let intent = &order.intent;
    if let Some(version) = version {
        return Ok(vec![replace(keys::order(&intent.id), version, order)?]);
    }
    let mut writes = verdict_writes(&protection(intent))?;
    writes.push(create(keys::order(&intent.id), order)?);
    let place = keys::order_at(&intent.account, intent.decided_at, &intent.id);
    writes.push(create(place, &PointerRow { to: intent.id.to_string() })?);
    Ok(writes)
}
