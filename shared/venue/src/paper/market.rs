//! What a bar does to the resting orders.

use super::matching::{Match, Phase, matched, triggers};
use super::rows::{self, Numbers, OpenRow, PaperOrder, Status};
use super::stand::{Stand, Standing};
use super::{Paper, TRIES};
use desk::fill::Fill;
use desk::id::{AccountId, IntentId, Symbol, TradeId};
use desk::instrument::Instrument;
use desk::market::Candle;
use desk::money::{Amount, MoneyError, Quantity};
use desk::order::Side;
use desk::port::{Clock, Key, Query, RowError, Table, TableError, Write, create, decode, replace, upsert};
use desk::time::{Interval, Timestamp};
use std::collections::BTreeMap;
use thiserror::Error;

/// The venue could not play a bar.
#[derive(Debug, Error)]
pub enum PaperError {
    /// The store failed.
    #[error("the paper venue's store: {0}")]
    Table(#[from] TableError),
    /// A row is damaged.
    #[error("the paper venue's store: {0}")]
    Row(#[from] RowError),
    /// An amount can't be held.
    #[error("the paper venue: {0}")]
    Money(#[from] MoneyError),
    /// Others keep working on the same rows.
    #[error("the paper venue: the rows of {0} kept changing")]
    Busy(Symbol),
    /// The market is not traded here.
    #[error("the paper venue does not trade {0}")]
    UnknownSymbol(Symbol),
}

impl<T: Table, M: Stand, C: Clock> Paper<T, M, C> {
    /// Plays one phase of a bar to the open orders of an account, in the order in which they were accepted, and
    /// returns the trades it made. A phase that was played before makes none.
    ///
    /// # Errors
    /// [`PaperError`]; what was traded before the error stays traded, and playing the phase again goes on from there.
    pub async fn play(
        &self,
        account: &AccountId,
        symbol: &Symbol,
        interval: Interval,
        bar: &Candle,
        phase: Phase,
    ) -> Result<Vec<Fill>, PaperError> {
        let instrument = self.instruments.get(symbol).ok_or_else(|| PaperError::UnknownSymbol(symbol.clone()))?;
        // A range fill happens somewhere inside the bar; its last millisecond is the latest it can have been.
        let at = match phase {
            Phase::Open => bar.open_time,
            Phase::Range => bar.close_time(interval).plus_ms(-1),
        };
        let mut fills = Vec::new();
        for mark in self.table.query(&rows::all_open(account, Some(symbol))).await? {
            let id = decode::<OpenRow>(&mark)?.order;
            fills.extend(self.meet(account, instrument, &id, bar, phase, at).await?);
        }
        Ok(fills)
    }

    /// Lets one order meet one phase of a bar. Somebody else may work on the order or its market at the same time: then
    /// it is read again.
    async fn meet(
        &self,
        account: &AccountId,
        instrument: &Instrument,
        id: &IntentId,
        bar: &Candle,
        phase: Phase,
        at: Timestamp,
    ) -> Result<Option<Fill>, PaperError> {
        for _ in 0..TRIES {
            let Some(item) = self.table.get(&rows::order(account, id)).await? else { return Ok(None) };
            let order: PaperOrder = decode(&item)?;
            let played = order.last_match.is_some_and(|last| last >= (bar.open_time, phase));
            if played || order.status != Status::Open {
                return Ok(None);
            }
            let deal = Deal { account, instrument, at, stamp: (bar.open_time, phase), version: item.version };
            let met = match matched(&order, bar, phase, instrument, &self.terms)? {
                Some(found) => self.trade(order, found, &deal).await,
                None if triggers(&order, bar, phase) && !order.triggered => self.arm(order, &deal).await.map(|()| None),
                None => Ok(None),
            };
            match met {
                Err(PaperError::Table(TableError::Conflict(_) | TableError::Contended(_))) => {}
                done => return done,
            }
        }
        Err(PaperError::Busy(instrument.symbol.clone()))
    }

    /// Follows the market where nobody drives it: plays the bars that have closed, announces the one that has begun, and
    /// plays its opening. Returns the trades. Following the same bars again makes none.
    ///
    /// With a participation limit an opening can't be played before the bar's volume is known: when it has closed.
    ///
    /// # Errors
    /// [`PaperError`]; following again goes on from there.
    pub async fn follow(
        &self,
        account: &AccountId,
        symbol: &Symbol,
        interval: Interval,
        closed: &[Candle],
        begun: Option<&Candle>,
    ) -> Result<Vec<Fill>, PaperError> {
        let mut fills = Vec::new();
        let rests = !closed.is_empty() && self.rests(account, symbol).await?;
        // Where nothing rests bars do nothing: a new desk's history of a thousand must not cost two thousand reads.
        for bar in closed.iter().filter(|_| rests) {
            fills.extend(self.play(account, symbol, interval, bar, Phase::Open).await?);
            fills.extend(self.play(account, symbol, interval, bar, Phase::Range).await?);
        }
        let ended = closed.last().map(|bar| Standing { at: bar.close_time(interval), opening: None });
        let begun = begun.map(|bar| Standing { at: bar.open_time, opening: Some((interval, bar.open)) });
        if let Some(standing) = begun.or(ended) {
            self.announce(account, symbol, standing).await?;
            fills.extend(self.open(account, symbol, &standing).await?);
        }
        Ok(fills)
    }

    /// Whether an order of the account rests in a market.
    ///
    /// # Errors
    /// As the table.
    pub async fn rests(&self, account: &AccountId, symbol: &Symbol) -> Result<bool, PaperError> {
        let one = Query { limit: 1, ..rows::all_open(account, Some(symbol)) };
        Ok(!self.table.query(&one).await?.is_empty())
    }

    /// Plays the opening of the bar that has begun, as far as it is known.
    pub(super) async fn open(
        &self,
        account: &AccountId,
        symbol: &Symbol,
        standing: &Standing,
    ) -> Result<Vec<Fill>, PaperError> {
        let Some((interval, open)) = standing.opening.filter(|_| self.terms.participation.is_none()) else {
            return Ok(Vec::new());
        };
        let bar = Candle { open_time: standing.at, open, high: open, low: open, close: open, volume: Quantity::ZERO };
        self.play(account, symbol, interval, &bar, Phase::Open).await
    }

    /// Writes down where the market stands; it never goes back, and an opening that is known stays known.
    async fn announce(&self, account: &AccountId, symbol: &Symbol, standing: Standing) -> Result<(), PaperError> {
        let key = rows::standing(account, symbol);
        for _ in 0..TRIES {
            let item = self.table.get(&key).await?;
            let known = item.as_ref().map(decode::<Standing>).transpose()?;
            if known
                .is_some_and(|known| (known.at, known.opening.is_some()) >= (standing.at, standing.opening.is_some()))
            {
                return Ok(());
            }
            let write = upsert(key.clone(), item.map(|item| item.version), &standing)?;
            match self.table.transact(vec![write]).await {
                Err(TableError::Conflict(_) | TableError::Contended(_)) => {}
                done => return Ok(done?),
            }
        }
        Err(PaperError::Busy(symbol.clone()))
    }

    /// Remembers that a stop was reached in a bar too thin to fill any of it.
    async fn arm(&self, mut order: PaperOrder, deal: &Deal<'_>) -> Result<(), PaperError> {
        order.triggered = true;
        order.last_match = Some(deal.stamp);
        let key = rows::order(deal.account, &order.order);
        Ok(self.table.transact(vec![replace(key, deal.version, &order)?]).await?)
    }

    /// Makes a trade: the order's progress, the trade, the balances, in one transaction. An order that can't be paid
    /// expires instead.
    async fn trade(&self, order: PaperOrder, found: Match, deal: &Deal<'_>) -> Result<Option<Fill>, PaperError> {
        let numbers_key = rows::numbers(deal.account, &order.symbol);
        let item = self.table.get(&numbers_key).await?;
        let mut numbers = item.as_ref().map(decode::<Numbers>).transpose()?.unwrap_or_default();
        numbers.trades += 1;
        numbers.last_trade = Some(order.order.clone());
        let fill = self.fill(&order, found, numbers.trades, deal)?;
        let mut next = order.clone();
        next.filled = order.filled.plus(found.quantity)?;
        next.triggered |= matches!(deal.stamp.1, Phase::Range);
        next.last_match = Some(deal.stamp);
        let mut writes = Vec::new();
        if next.filled == next.quantity {
            next.status = Status::Filled;
            writes.push(Write::Delete { key: rows::open(deal.account, &next.symbol, next.seq) });
        }
        writes.push(replace(rows::order(deal.account, &next.order), deal.version, &next)?);
        writes.push(create(rows::trade(deal.account, &next.symbol, &fill.trade), &fill)?);
        writes.push(upsert(numbers_key, item.map(|i| i.version), &numbers)?);
        let payment = writes.len();
        writes.extend(balance_writes(&fill, deal)?);
        match self.table.transact(writes).await {
            Ok(()) => Ok(Some(fill)),
            // Only what fails for want of money ends the order; a row that has moved is read again.
            Err(TableError::Conflict(conflict)) if conflict.index >= payment => {
                self.expire(order, deal).await.map(|()| None)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn fill(&self, order: &PaperOrder, found: Match, number: u64, deal: &Deal<'_>) -> Result<Fill, PaperError> {
        let fault = |e: desk::id::BadId| RowError::at(&rows::order(deal.account, &order.order), e.to_string());
        Ok(Fill {
            venue: self.id.clone(),
            account: deal.account.clone(),
            symbol: order.symbol.clone(),
            trade: TradeId::new(format!("{number:012}")).map_err(fault)?,
            order: order.order.clone(),
            side: order.side,
            price: found.price,
            quantity: found.quantity,
            fee: found.price.notional(found.quantity)?.fee(self.terms.fee)?,
            fee_asset: deal.instrument.quote.clone(),
            at: deal.at,
        })
    }

    async fn expire(&self, mut order: PaperOrder, deal: &Deal<'_>) -> Result<(), PaperError> {
        order.status = Status::Expired;
        order.last_match = Some(deal.stamp);
        let writes = vec![
            replace(rows::order(deal.account, &order.order), deal.version, &order)?,
            Write::Delete { key: rows::open(deal.account, &order.symbol, order.seq) },
        ];
        Ok(self.table.transact(writes).await?)
    }
}

/// What the trades of one order in one phase have in common.
struct Deal<'a> {
    account: &'a AccountId,
    instrument: &'a Instrument,
    at: Timestamp,
    stamp: (Timestamp, Phase),
    version: u64,
}

/// What a trade moves: the asset that is paid must be there.
fn balance_writes(fill: &Fill, deal: &Deal<'_>) -> Result<[Write; 2], PaperError> {
    let (base, notional, fee) = (fill.quantity.amount()?, fill.notional()?.amount(), fill.fee.amount());
    let add = |key: Key, delta: Amount| {
        let named = |amount: Amount| BTreeMap::from([("amount".to_owned(), amount)]);
        let at_least = if delta.is_negative() { named(delta.negated()) } else { BTreeMap::new() };
        Write::Add { key, deltas: named(delta), at_least }
    };
    let base_key = rows::balance(deal.account, &deal.instrument.base);
    let quote_key = rows::balance(deal.account, &deal.instrument.quote);
    Ok(match fill.side {
        Side::Buy => [add(base_key, base), add(quote_key, notional.plus(fee)?.negated())],
        Side::Sell => [add(base_key, base.negated()), add(quote_key, notional.minus(fee)?)],
    })
}
