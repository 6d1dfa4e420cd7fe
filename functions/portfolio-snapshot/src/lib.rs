//! `portfolio-snapshot`: every five minutes, what the account is worth at the last stored closes.
//!
//! A snapshot is stored when it says something else than the last one: while nothing is held, nothing changes. It is
//! computed from the ledger and the candles, so losing one loses nothing.

use boot::Failure;
use boot::config::DeskConfig;
use boot::event::Scheduled;
use desk::port::{Clock, Table};
use std::sync::Arc;
use store::Store;
use store::rows::SnapshotRow;

/// What the handler works with.
#[derive(Debug)]
pub struct Deps<T, C> {
    /// The books.
    pub store: Store<T>,
    /// The market's time.
    pub clock: C,
    /// What is traded.
    pub config: Arc<DeskConfig>,
}

/// Values the account and stores what it found.
///
/// # Errors
/// As the ports.
pub async fn handle<T: Table, C: Clock>(deps: &Deps<T, C>, event: &Scheduled) -> Result<SnapshotRow, Failure> {
    // The account is looked at whole; a market nobody knows is a mistake all the same.
    deps.config.chosen(event)?;
    let DeskConfig { account, quote, .. } = deps.config.as_ref();
    if deps.store.account(account).await?.is_none() {
        return Err(Failure::retry(format!("account {account} is not opened yet; there is nothing to value")));
    }
    let valuation = deps.store.valuation(account, quote, deps.config.priced()).await?;
    let snapshot = SnapshotRow { at: deps.clock.now(), valuation };
    let last = deps.store.recent_snapshots(account, 1).await?;
    if last.first().is_none_or(|last| last.valuation != snapshot.valuation) {
        deps.store.add_snapshot(account, &snapshot).await?;
    }
    Ok(snapshot)
}
