//! The account's books as risk, the kill switch and reconciliation read them: one query for all of it.

use crate::rows::{self, FreezeRow, OpeningRow, WorkingRow, replace, upsert};
use crate::{Store, StoreError, Versioned, keys};
use desk::id::{AccountId, Symbol};
use desk::money::Amount;
use desk::order::{Leg, Order};
use desk::port::{Item, RowError, Table, Write};
use desk::position::Position;
use desk::risk::KillState;
use desk::time::Timestamp;
use std::collections::BTreeMap;

/// Everything about an account that stands in its partition.
#[derive(Debug, Clone)]
pub struct AccountState {
    /// The account as it was opened.
    pub account: rows::AccountRow,
    /// The kill switch and the version of its row; `None` if the row is missing, which counts as killed.
    pub kill: Option<Versioned<KillState>>,
    /// What of the venue's history is in the opening; `None` where the account was opened with cash alone.
    pub opening: Option<OpeningRow>,
    /// Why new risk is frozen.
    pub frozen: Option<String>,
    /// Why new risk is frozen in single markets, and the versions of the rows that say so.
    pub frozen_markets: BTreeMap<Symbol, Versioned<String>>,
    /// Cash neither spent nor reserved.
    pub cash: Amount,
    /// Positions that may still be opened.
    pub slots: Amount,
    /// What may still be bought, by market.
    pub exposure: BTreeMap<Symbol, Amount>,
    /// Positions, by market.
    pub positions: BTreeMap<Symbol, Position>,
    /// The marks of orders that are not done, by market.
    pub working: Vec<(Symbol, WorkingRow)>,
}

impl AccountState {
    /// Whether an order that closes the position in `symbol` is on its way.
    #[must_use]
    pub fn is_closing(&self, symbol: &Symbol) -> bool {
        self.working.iter().any(|(of, row)| of == symbol && matches!(row.leg, Leg::Exit | Leg::Flatten))
    }

    /// Whether an order that opens or adds to the position in `symbol` is on its way.
    #[must_use]
    pub fn is_opening(&self, symbol: &Symbol) -> bool {
        self.working.iter().any(|(of, row)| of == symbol && row.leg == Leg::Entry)
    }

    /// The kill switch, or what its absence means.
    #[must_use]
    pub fn kill_state(&self, now: Timestamp) -> KillState {
        self.kill.as_ref().map_or_else(|| KillState::unreadable(now), |kill| kill.row.clone())
    }

    /// Takes in one item of the partition.
    fn take_in(&mut self, table: &impl Table, item: &Item) -> Result<(), StoreError> {
        let fault = |reason: String| RowError::at(&item.key, reason);
        let counter = |name: &str| item.counters.get(name).copied().unwrap_or_default();
        let mut parts = item.key.sk.splitn(3, '#');
        let kind = parts.next().unwrap_or_default();
        let symbol = parts.next().map(Symbol::new).transpose().map_err(|e| fault(e.to_string()))?;
        match (kind, symbol) {
            ("KILL", None) => self.kill = Some(Versioned { row: table.decoded(item)?, version: item.version }),
            ("FREEZE", None) => self.frozen = table.decoded::<FreezeRow>(item)?.reason,
            ("FREEZE", Some(symbol)) => {
                if let Some(row) = table.decoded::<FreezeRow>(item)?.reason {
                    self.frozen_markets.insert(symbol, Versioned { row, version: item.version });
                }
            }
            ("OPENING", None) => self.opening = Some(table.decoded(item)?),
            ("HEADROOM", None) => (self.cash, self.slots) = (counter("cash"), counter("slots")),
            ("HEADROOM", Some(symbol)) => {
                self.exposure.insert(symbol, counter("exposure"));
            }
            ("POSITION", Some(symbol)) => {
                self.positions.insert(symbol, table.decoded(item)?);
            }
            ("WORKING", Some(symbol)) => self.working.push((symbol, table.decoded(item)?)),
            ("ACCOUNT", None) => {}
            _ => return Err(fault("it is of no known kind".to_owned()).into()),
        }
        Ok(())
    }
}

impl<T: Table> Store<T> {
    /// The account's books.
    ///
    /// # Errors
    /// [`StoreError::Missing`] if the account has not been opened.
    pub async fn account_state(&self, account: &AccountId) -> Result<AccountState, StoreError> {
        let items = self.all(keys::account_state(account)).await?;
        let opened = items.iter().find(|item| item.key.sk == "ACCOUNT");
        let opened = opened.ok_or_else(|| StoreError::Missing { what: format!("account {account}") })?;
        let mut state = AccountState {
            account: self.table.decoded(opened)?,
            kill: None,
            opening: None,
            frozen: None,
            frozen_markets: BTreeMap::new(),
            cash: Amount::ZERO,
            slots: Amount::ZERO,
            exposure: BTreeMap::new(),
            positions: BTreeMap::new(),
            working: Vec::new(),
        };
        items.iter().try_for_each(|item| state.take_in(&self.table, item))?;
        Ok(state)
    }

    /// The position in one market; flat if there has been none.
    ///
    /// # Errors
    /// As the table.
    pub async fn position(&self, account: &AccountId, symbol: &Symbol) -> Result<Position, StoreError> {
        let found = self.row(&keys::position(account, symbol)).await?;
        Ok(found.map_or(Position::FLAT, |found| found.row))
    }

    /// The orders that are not done, of one market or of all.
    ///
    /// # Errors
    /// [`StoreError::Missing`] if a mark points at no order.
    pub async fn working_orders(
        &self,
        account: &AccountId,
        symbol: Option<&Symbol>,
    ) -> Result<Vec<Versioned<Order>>, StoreError> {
        let mut orders = Vec::new();
        for mark in self.rows::<WorkingRow>(keys::all_working(account, symbol)).await? {
            orders.push(self.order(&mark.order).await?);
        }
        Ok(orders)
    }

    /// Stops new risk, or lets it go on with `None`. Writes only when that changes something.
    ///
    /// # Errors
    /// [`StoreError::Changed`] if somebody changed it meanwhile.
    pub async fn freeze(&self, account: &AccountId, reason: Option<String>) -> Result<(), StoreError> {
        let found = self.row::<FreezeRow>(&keys::freeze(account)).await?;
        let current = found.as_ref().and_then(|found| found.row.reason.clone());
        if current == reason {
            return Ok(());
        }
        let version = found.map(|found| found.version);
        Ok(self.table.transact(vec![upsert(keys::freeze(account), version, &FreezeRow { reason })?]).await?)
    }

    /// Stops new risk in one market. Writes only when that changes something.
    ///
    /// # Errors
    /// [`StoreError::Changed`] if somebody changed it meanwhile.
    pub async fn freeze_market(&self, account: &AccountId, symbol: &Symbol, reason: String) -> Result<(), StoreError> {
        match self.market_freeze_write(account, symbol, reason).await? {
            Some(write) => Ok(self.table.transact(vec![write]).await?),
            None => Ok(()),
        }
    }

    /// The write that stops new risk in one market; `None` if it is stopped for that reason already.
    pub(super) async fn market_freeze_write(
        &self,
        account: &AccountId,
        symbol: &Symbol,
        reason: String,
    ) -> Result<Option<Write>, StoreError> {
        let key = keys::market_freeze(account, symbol);
        let found = self.row::<FreezeRow>(&key).await?;
        if found.as_ref().is_some_and(|found| found.row.reason.as_ref() == Some(&reason)) {
            return Ok(None);
        }
        Ok(Some(upsert(key, found.map(|found| found.version), &FreezeRow { reason: Some(reason) })?))
    }

    /// Lets new risk go on in one market, if it is still frozen as it was when it was read: a freeze that came since stays.
    ///
    /// # Errors
    /// [`StoreError::Changed`] if there is another freeze since.
    pub async fn thaw_market(&self, account: &AccountId, symbol: &Symbol, version: u64) -> Result<(), StoreError> {
        let write = replace(keys::market_freeze(account, symbol), version, &FreezeRow { reason: None })?;
        Ok(self.table.transact(vec![write]).await?)
    }
}
