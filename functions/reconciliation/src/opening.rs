//! The first opening of an account at a venue: what is there already.
//!
//! Balances don't say which trades and deposits are in them. So the venue's history is asked before and after, and only if
//! nothing has happened in between is the answer taken; otherwise it is asked again.

use crate::money::BEFORE_OPENING_MS;
use boot::Failure;
use boot::config::DeskConfig;
use desk::port::Venue;
use std::collections::{BTreeMap, BTreeSet};
use store::rows::OpeningRow;
use store::verbs::Found;

/// How often it is asked while the account moves.
const TRIES: u32 = 5;

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
        if let Some(last) = venue.trades(account, symbol, None, 1).await?.pop() {
            trades.insert(symbol.clone(), (last.trade, last.at));
        }
    }
    let told = venue.movements(account, at.plus_ms(-BEFORE_OPENING_MS)).await?.unwrap_or_default();
    let movements: BTreeSet<String> = told.iter().map(desk::movement::Movement::key).collect();
    Ok(OpeningRow { at, trades, movements, rest: BTreeMap::new() })
}
