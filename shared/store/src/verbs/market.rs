//! Candles, signals, and how far a strategy has read: the market shelf.

use crate::rows::{CursorRow, HoldsRow, create, upsert};
use crate::{Store, StoreError, Versioned, keys};
use desk::id::{AccountId, SignalId, StrategyId, Symbol};
use desk::market::Candle;
use desk::port::{Query, RowError, Table};
use desk::signal::Signal;
use desk::time::{Interval, Timestamp};

/// A strategy's step over one or more bars.
#[derive(Debug, Clone)]
pub struct Advance<'a> {
    /// For which account.
    pub account: &'a AccountId,
    /// Which strategy.
    pub strategy: &'a StrategyId,
    /// In which market.
    pub symbol: &'a Symbol,
    /// On which bars.
    pub interval: Interval,
    /// The version the cursor was read at; `None` if there was none.
    pub from: Option<u64>,
    /// The cursor after the step.
    pub cursor: CursorRow,
    /// The stretch of holds that the step ended.
    pub ended: Option<HoldsRow>,
    /// What the strategy wishes.
    pub signal: Option<Signal>,
}

impl<T: Table> Store<T> {
    /// The last candle stored for a market.
    ///
    /// # Errors
    /// As the table.
    pub async fn last_candle(&self, symbol: &Symbol, interval: Interval) -> Result<Option<Candle>, StoreError> {
        let query = Query { descending: true, limit: 1, ..keys::candles(symbol, interval) };
        self.table.query(&query).await?.first().map(|item| Ok(self.table.decoded(item)?)).transpose()
    }

    /// The candles behind `after` (all, when `None`), oldest first, at most `limit`.
    ///
    /// # Errors
    /// As the table.
    pub async fn candles_after(
        &self,
        symbol: &Symbol,
        interval: Interval,
        after: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<Candle>, StoreError> {
        let query = Query { after: after.map(Timestamp::sortable), limit, ..keys::candles(symbol, interval) };
        self.table.query(&query).await?.iter().map(|item| Ok(self.table.decoded(item)?)).collect()
    }

    /// Stores candles; one that is there already stays, and must be the same.
    ///
    /// # Errors
    /// [`StoreError::Contradiction`] if a stored candle of the same bar differs.
    pub async fn add_candles(&self, symbol: &Symbol, interval: Interval, candles: &[Candle]) -> Result<(), StoreError> {
        for chunk in candles.chunks(50) {
            let keyed = |candle: &Candle| create(keys::candle(symbol, interval, candle.open_time), candle);
            let writes = chunk.iter().map(keyed).collect::<Result<Vec<_>, RowError>>()?;
            match self.table.transact(writes).await.map_err(StoreError::from) {
                Ok(()) => {}
                Err(StoreError::Changed) => self.add_one_by_one(symbol, interval, chunk).await?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn add_one_by_one(&self, symbol: &Symbol, interval: Interval, candles: &[Candle]) -> Result<(), StoreError> {
        for candle in candles {
            let write = create(keys::candle(symbol, interval, candle.open_time), candle)?;
            match self.table.transact(vec![write]).await.map_err(StoreError::from) {
                Ok(()) => {}
                Err(StoreError::Changed) => {
                    let at = candle.open_time;
                    return Err(StoreError::Contradiction(format!(
                        "{symbol}: the {interval} bar of {at} was stored with other prices before"
                    )));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// How far a strategy has read a market.
    ///
    /// # Errors
    /// As the table.
    pub async fn cursor(
        &self,
        account: &AccountId,
        strategy: &StrategyId,
        symbol: &Symbol,
        interval: Interval,
    ) -> Result<Option<Versioned<CursorRow>>, StoreError> {
        self.row(&keys::cursor(account, strategy, symbol, interval)).await
    }

    /// Moves a strategy's cursor and stores what it wishes, on the condition that nobody moved it meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Changed`] if somebody did.
    pub async fn advance(&self, step: Advance<'_>) -> Result<(), StoreError> {
        let Advance { account, strategy, symbol, interval, from, cursor, ended, signal } = step;
        let mut writes = vec![upsert(keys::cursor(account, strategy, symbol, interval), from, &cursor)?];
        if let Some(holds) = ended {
            writes.push(create(keys::holds(account, strategy, symbol, interval, holds.from), &holds)?);
        }
        if let Some(signal) = signal {
            writes.push(create(keys::signal(&signal.id), &signal)?);
        }
        Ok(self.table.transact(writes).await?)
    }

    /// A signal.
    ///
    /// # Errors
    /// As the table.
    pub async fn signal(&self, id: &SignalId) -> Result<Option<Signal>, StoreError> {
        Ok(self.row(&keys::signal(id)).await?.map(|found| found.row))
    }
}
