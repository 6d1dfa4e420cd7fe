//! The paper venue: an exchange that trades against bars instead of people.
//!
//! It is durable and knows nothing of the desk's books: its orders, trades and balances are rows of its own, and the
//! desk reconciles with it like with any other venue. Where to look:
//!
//! - [`matching`]: when an order fills, and at which price. **A stop is triggered there.**
//! - [`market`]: what happens to the resting orders when a bar opens and when it has passed.
//! - [`orders`]: placing, querying, cancelling: the ports.
//! - [`rows`]: what is stored.
//!
//! 1. A client id names one order, for good: a second POST under it is answered as unknown, never filled again.
//! 2. Orders are stamped with market time. A bar matches only orders accepted at or before its opening, and each
//!    phase of a bar matches an order at most once, so that playing a bar again changes nothing.
//! 3. No balance goes below zero: an order that can't be paid expires.

pub mod market;
pub mod matching;
mod orders;
pub mod rows;

pub use market::PaperError;
pub use matching::{Phase, Terms};

use desk::id::{AccountId, Asset, Symbol, VenueId};
use desk::instrument::Instrument;
use desk::money::Amount;
use desk::order::Timing;
use desk::port::{Clock, Condition, Item, Table, TableError, Write};
use desk::time::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The paper venue over a table.
///
/// `M` shows the market's time, which stamps orders; `C` the desk's, which judges deadlines. They differ in a replay,
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

impl<T: Table, M: Clock, C: Clock> Paper<T, M, C> {
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

    fn stamp(&self) -> Timestamp {
        self.market.now()
    }
}
