//! The first opening of an account at a venue: what is there already.
//!
//! Balances don't say which trades and deposits are in them. So the venue's history is asked before and after, and only if
//! nothing has happened in between is the answer taken; otherwise it is asked again.

use crate::money::BEFORE_OPENING_MS;
use boot::Failure;
use boot::config::DeskConfig;
use desk::money::Amount;
use desk::port::{Table, Venue};
use desk::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use store::Store;
use store::rows::OpeningRow;
use store::verbs::Found;

/// How often it is asked while the account moves.
const TRIES: u32 = 5;

/// Opens the books of an account at a venue, the first time with all that it holds; later brings them to the limits and
/// markets of the configuration. The cash of the configuration is not looked at: what is returned has that of the books.
///
/// # Errors
/// [`Failure::Poison`] if there is nothing to trade with, or if the configuration is not usable; otherwise as
/// [`look_at_account`] and the store.
pub async fn open_at_venue<T: Table, V: Venue>(
    store: &Store<T>,
    venue: &V,
    config: &DeskConfig,
    at: Timestamp,
) -> Result<DeskConfig, Failure> {
    let mut config = config.clone();
    if let Some(opened) = store.account(&config.account).await? {
        config.cash = opened.cash;
        checked(&config)?;
        store.open_or_adopt(&config.opening(at)).await?;
        store.finish_opening(&config.account).await?;
        return Ok(config);
    }
    let found = look_at_account(venue, &config).await?;
    config.cash = found.holdings.get(&config.quote).copied().unwrap_or_default();
    if config.cash <= Amount::ZERO {
        let (venue, quote) = (&config.venue, &config.quote);
        let nothing =
            format!("the account at {venue} holds no {quote}, so there is nothing to trade with: bring some in");
        return Err(Failure::poison(nothing));
    }
    checked(&config)?;
    store.open_found(&config.opening(at), &found).await?;
    Ok(config)
}

fn checked(config: &DeskConfig) -> Result<(), Failure> {
    config.check().map(|_| ()).map_err(|faults| Failure::poison(faults.to_string()))
}

/// What the account holds, and from what of the venue's history.
///
/// # Errors
/// [`Failure::Retry`] if the venue can't be asked, or the account doesn't stand still.
pub async fn look_at_account<V: Venue>(venue: &V, config: &DeskConfig) -> Result<Found, Failure> {
    for _ in 0..TRIES {
        let before = history(venue, config).await?;
        let holdings = venue.balances(&config.account).await?;
        let after = history(venue, config).await?;
        if (&before.trades, &before.movements) == (&after.trades, &after.movements) {
            return Ok(Found { holdings, history: before });
        }
    }
    Err(Failure::retry("the account kept moving while it was looked at: stop what else trades in it, and begin again"))
}

async fn history<V: Venue>(venue: &V, config: &DeskConfig) -> Result<OpeningRow, Failure> {
    let (account, at) = (&config.account, venue.now());
    let mut trades = BTreeMap::new();
    for market in &config.markets {
        let symbol = &market.instrument.symbol;
        if let Some(last) = venue.last_trade(account, symbol).await? {
            trades.insert(symbol.clone(), (last.trade, last.at));
        }
    }
    let told = venue.movements(account, at.plus_ms(-BEFORE_OPENING_MS)).await?.unwrap_or_default();
    let movements: BTreeSet<String> = told.iter().map(desk::movement::Movement::key).collect();
    Ok(OpeningRow { at, trades, movements, rest: BTreeMap::new() })
}
