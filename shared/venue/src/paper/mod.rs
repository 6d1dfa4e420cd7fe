//! The paper venue: an exchange that trades against bars instead of people.
//!
//! It is durable and knows nothing of the desk's books: its orders, trades and balances are rows of its own, and the
//! desk reconciles with it like with any other venue. Where to look:
//!
//! - [`matching`]: when an order fills, and at which price. **A stop is triggered there.**
//! - [`market`]: what happens to the resting orders when a bar opens and when it has passed.
//! - [`orders`]: placing, querying, cancelling: the ports.
//! - [`stand`]: where the market stands, for whoever can't ask a clock.
//! - [`rows`]: what is stored.
//!
//! 1. A client id names one order, for good: a second POST under it is answered as unknown, never filled again.
//! 2. Orders are stamped with market time. A bar matches only orders accepted at or before its opening, and each
//!    phase of a bar matches an order at most once, so that playing a bar again changes nothing.
//! 3. No balance goes below zero: an order that can't be paid expires.
//!
//! On one machine a driver plays every bar, phase by phase, and a market order waits for the next opening. On AWS nobody
//! drives: [`Paper::follow`] plays what has closed, once a minute, and announces the opening of the bar that has begun;
//! a market order that comes during that bar trades at its opening at once.

pub mod market;
pub mod matching;
mod orders;
pub mod rows;
pub mod stand;

pub use market::PaperError;
pub use matching::{Phase, Terms};
pub use stand::{Announced, Stand, Standing};

use desk::id::{AccountId, Asset, Symbol, VenueId};
use desk::instrument::Instrument;
use desk::money::Amount;
use desk::order::Timing;
use desk::port::{Clock, Condition, Item, Table, TableError, Write};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How often something is tried again when others work on the same rows.
const TRIES: u32 = 10;

/// The paper venue over a table.
///
/// `M` shows where the market stands, which stamps orders; `C` is the desk's clock, which judges deadlines. They differ in a replay,
/// where the market stands still while the desk works.
#[derive(Debug, Clone)]
pub struct Paper<T, M, C> {
    id: VenueId,
    table: T,
    market: M,
    clock: C,
    terms: Terms,
    instruments: Arc<BTreeMap<Symbol, Instrument>>,
}

impl<T: Table, M: Stand, C: Clock> Paper<T, M, C> {
    /// A venue that trades `instruments` on `terms`.
    pub fn new(
        id: VenueId,
        table: T,
        market: M,
        clock: C,
        terms: Terms,
        instruments: impl IntoIterator<Item = Instrument>,
    ) -> Self {
        let instruments = Arc::new(instruments.into_iter().map(|i| (i.symbol.clone(), i)).collect());
        Self { id, table, market, clock, terms, instruments }
    }

    /// Credits an account once; an account that has been credited before keeps what it has.
    ///
    /// # Errors
    /// As the table.
    pub async fn fund(&self, account: &AccountId, asset: &Asset, amount: Amount) -> Result<(), TableError> {
        let key = rows::balance(account, asset);
        let counters = BTreeMap::from([("amount".to_owned(), amount)]);
        let item = Item { key, version: 1, body: String::new(), counters };
        match self.table.transact(vec![Write::Put { item, condition: Condition::Absent }]).await {
            Err(TableError::Conflict(_)) => Ok(()),
            done => done,
        }
    }

    /// The times of the order procedure, and the venue's clock, are those of [`desk::port::Venue`].
    const TIMING: Timing = Timing::REFERENCE;
}
