//! Bars from a CSV file, plain or gzip.
//!
//! The header names the columns `timestamp_ms,open,high,low,close,volume`, in any order and among others;
//! `timestamp_ms` is a bar's first instant in UTC milliseconds, `volume` may be absent.
//!
//! 1. The whole file is read and checked before a single bar is handed out.
//! 2. The first fault is refused with its data row and its line; nothing is skipped, sorted, rounded or filled in.
//! 3. The bar length is what the rows say. The file's name is asked only when one row can't say it.
//! 4. Prices off the tick are refused last, so that the step that would fit is known of every price in the file.
//!
//! A gap between two bars is no fault. A file cut short at the end of a row can't be told from a whole one.

mod lines;
mod name;
mod row;
#[cfg(test)]
mod tests;

pub use row::Fault;

use super::{MarketError, Series};
use desk::id::Symbol;
use desk::instrument::Instrument;
use desk::market::{Candle, CandleFault};
use desk::money::{Price, Quantity};
use desk::time::Interval;
use lines::Lines;
use row::Columns;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a file of bars is refused. Nothing of a refused file is used.
#[derive(Debug, Error)]
pub enum FileError {
    /// The file can't be opened.
    #[error("{path}: can't be opened: {source}")]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file's name gives no symbol.
    #[error(
        "{path}: the file's name gives no symbol; give it as SYMBOL=FILE, or name the file like venue_SYMBOL_1h_from_to.csv"
    )]
    Nameless {
        /// The file.
        path: PathBuf,
    },
    /// The symbol and its steps make no market.
    #[error("{path}: {source}")]
    Market {
        /// The file.
        path: PathBuf,
        /// What doesn't fit.
        source: MarketError,
    },
    /// The first line can't be used.
    #[error("{path}: the header, line 1: {fault}")]
    Header {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: Fault,
    },
    /// A row can't be believed.
    #[error("{path}: row {row} (line {line}): {fault}")]
    Row {
        /// The file.
        path: PathBuf,
        /// The data row, the first being 1.
        row: u64,
        /// The line in the (unpacked) file, the header being 1.
        line: u64,
        /// What is wrong with it.
        fault: Fault,
    },
    /// Nothing follows the header.
    #[error("{path}: there is no row after the header, and nothing to trade")]
    NoRows {
        /// The file.
        path: PathBuf,
    },
    /// A single row does not tell how long a bar is.
    #[error(
        "{path}: one row alone doesn't tell the length of a bar; \
         add rows, or name the file like venue_SYMBOL_1h_from_to.csv"
    )]
    OneRow {
        /// The file.
        path: PathBuf,
    },
    /// Bars are further apart than any bar is long.
    #[error("{path}: most rows are {ms} ms apart, and a bar is a week (604800000 ms) at most")]
    Spacing {
        /// The file.
        path: PathBuf,
        /// The most frequent distance.
        ms: i64,
    },
    /// A price is not a whole number of ticks.
    #[error(
        "{path}: row {row} (line {line}): price {price} is off the tick {tick}; \
         the finest step in the file is {finest}: pass --tick {finest} or --tick {symbol}:{finest}"
    )]
    OffTick {
        /// The file.
        path: PathBuf,
        /// The first data row with such a price.
        row: u64,
        /// Its line.
        line: u64,
        /// The price.
        price: Price,
        /// The tick asked for.
        tick: Price,
        /// The power of ten that every price of the file is on.
        finest: Decimal,
        /// The market.
        symbol: Symbol,
    },
}

/// The symbol that a file's name tells.
///
/// # Errors
/// [`FileError::Nameless`] if it tells none.
pub fn symbol_of(path: &Path) -> Result<Symbol, FileError> {
    name::symbol(path).ok_or_else(|| FileError::Nameless { path: path.to_owned() })
}

/// The bars of the file at `path`, all of them checked, as those of `symbol` (else of the one the file's name tells).
///
/// # Errors
/// [`FileError`], the first fault found, with its place in the file.
pub fn load(path: &Path, symbol: Option<Symbol>, tick: Price, lot: Quantity) -> Result<Series, FileError> {
    let file = || path.to_path_buf();
    let mut lines = Lines::open(path).map_err(|source| FileError::Open { path: file(), source })?;
    let symbol = symbol.map_or_else(|| symbol_of(path), Ok)?;
    let instrument =
        super::instrument(&symbol, tick, lot).map_err(|source| FileError::Market { path: file(), source })?;
    let columns = header(&mut lines).map_err(|fault| FileError::Header { path: file(), fault })?;
    let refused = |Faulty { row, fault }| FileError::Row { path: file(), row, line: row + 1, fault };
    let rows = rows(&mut lines, &columns, &instrument).map_err(refused)?;
    let interval = interval(path, &rows.candles)?;
    in_order(&rows.candles, interval).map_err(refused)?;
    if let Some((row, price)) = rows.off_tick {
        // A scale of 28 is the most a price can have, and one at that scale always fits.
        let finest = Decimal::try_from_i128_with_scale(1, rows.scale).unwrap_or(Decimal::ONE);
        return Err(FileError::OffTick { path: file(), row, line: row + 1, price, tick, finest, symbol });
    }
    Ok(Series { instrument, interval, candles: rows.candles })
}

/// A fault and the data row it is in. Its line is the next number, because the header is line 1.
struct Faulty {
    row: u64,
    fault: Fault,
}

/// What the rows hold, before they are compared with each other.
#[derive(Default)]
struct Rows {
    candles: Vec<Candle>,
    /// The first price off the tick, and its row.
    off_tick: Option<(u64, Price)>,
    /// The most decimals that a price has.
    scale: u32,
}

fn header(lines: &mut Lines) -> Result<Columns, Fault> {
    let line = lines.next()?.ok_or(Fault::NoHeader)?;
    Columns::of(line.text)
}

/// Reads every row, and checks each by itself.
fn rows(lines: &mut Lines, columns: &Columns, instrument: &Instrument) -> Result<Rows, Faulty> {
    let mut rows = Rows::default();
    let mut blank = None;
    for row in 1.. {
        let at = |fault| Faulty { row, fault };
        let Some(line) = lines.next().map_err(at)? else { break };
        // Empty lines at the very end are an editor's habit; one between rows is a row that is gone.
        if line.text.is_empty() {
            blank = blank.or(Some(row));
            continue;
        }
        if let Some(row) = blank {
            return Err(Faulty { row, fault: Fault::Blank });
        }
        let candle = columns.candle(&line).map_err(at)?;
        rows.take(row, candle, instrument.tick).map_err(|fault| at(Fault::Candle(fault)))?;
    }
    Ok(rows)
}

impl Rows {
    fn take(&mut self, row: u64, candle: Candle, tick: Price) -> Result<(), CandleFault> {
        match candle.check(tick) {
            Ok(()) => {}
            Err(CandleFault::OffTick { price, .. }) => self.off_tick = self.off_tick.or(Some((row, price))),
            Err(
                fault @ (CandleFault::Inconsistent { .. }
                | CandleFault::Duplicate { .. }
                | CandleFault::Backwards { .. }
                | CandleFault::Overlap { .. }),
            ) => return Err(fault),
        }
        let finest = [candle.open, candle.high, candle.low, candle.close].map(|price| price.value().scale());
        self.scale = finest.into_iter().fold(self.scale, u32::max);
        self.candles.push(candle);
        Ok(())
    }
}

/// The bar length: the most frequent distance between rows, or what the file's name says of a single row.
fn interval(path: &Path, candles: &[Candle]) -> Result<Interval, FileError> {
    let file = || path.to_path_buf();
    match candles {
        [] => Err(FileError::NoRows { path: file() }),
        [_] => name::interval(path).ok_or_else(|| FileError::OneRow { path: file() }),
        // Without a single step forward the second row is at fault, whatever the length of a bar.
        _ => spacing(candles).map_or(Ok(Interval::MINUTE), |ms| {
            Interval::from_ms(ms).map_err(|_| FileError::Spacing { path: file(), ms })
        }),
    }
}

/// The most frequent step forward in time, the smallest of several.
fn spacing(candles: &[Candle]) -> Option<i64> {
    let mut counts = BTreeMap::<i64, u64>::new();
    for (previous, candle) in candles.iter().zip(candles.iter().skip(1)) {
        *counts.entry(candle.open_time.ms_since(previous.open_time)).or_default() += 1;
    }
    let forward = counts.into_iter().filter(|(step, _)| *step > 0);
    forward.reduce(|most, next| if next.1 > most.1 { next } else { most }).map(|(step, _)| step)
}

fn in_order(candles: &[Candle], interval: Interval) -> Result<(), Faulty> {
    for ((previous, candle), row) in candles.iter().zip(candles.iter().skip(1)).zip(2..) {
        candle.follows(previous, interval).map_err(|fault| Faulty { row, fault: Fault::Candle(fault) })?;
    }
    Ok(())
}
