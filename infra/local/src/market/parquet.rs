//! Bars from a Parquet file of `ballast data pull`, which says itself whose they are.

use super::Series;
use crate::history::parquet::read;
use anyhow::{Context, bail};
use desk::id::{Asset, Symbol};
use desk::money::{Price, Quantity};
use std::path::Path;

/// The bars of the file at `path`, as those of `symbol` (else of the one it names). `steps` are the tick and the lot
/// that somebody has given for a symbol; without them the file's own count, and `lot` if it has none.
///
/// # Errors
/// If the file can't be read or believed, or a price is off the tick that was given.
pub fn load(
    path: &Path,
    symbol: Option<Symbol>,
    steps: impl Fn(&Symbol) -> (Option<Price>, Option<Quantity>),
    lot: Quantity,
) -> anyhow::Result<Series> {
    let (facts, candles) = read(path)?;
    let shown = path.display();
    let unnamed = || format!("{shown}: {} can't be a symbol here; give it one as SYMBOL=FILE", facts.symbol);
    let symbol = symbol.map_or_else(|| Symbol::new(facts.symbol.clone()), Ok).with_context(unnamed)?;
    let given = steps(&symbol);
    let tick = given.0.map_or_else(|| facts.tick.parse(), Ok).with_context(|| format!("{shown}: its tick"))?;
    let own = facts.lot.as_deref().map_or(Ok(lot), str::parse);
    let lot = given.1.map_or(own, Ok).with_context(|| format!("{shown}: its lot"))?;
    let mut instrument = super::instrument(&symbol, tick, lot).with_context(|| shown.to_string())?;
    instrument.base = Asset::new(facts.base).with_context(|| shown.to_string())?;
    instrument.quote = Asset::new(facts.quote).with_context(|| shown.to_string())?;
    for (candle, row) in candles.iter().zip(1_u64..) {
        if let Err(fault) = candle.check(tick) {
            bail!("{shown}: row {row}: {fault}; the file's own step is {}", facts.tick);
        }
    }
    Ok(Series { instrument, interval: facts.interval, candles })
}
