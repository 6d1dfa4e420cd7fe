//! What the desk asks of the world: narrow traits, one verb each.
//!
//! [`Table`] is the one store port, [`Publish`] the one queue port; venues have a trait a verb, so that a handler that
//! only queries can't place. Implementations live in `store`, `venue` and `infra/local`; fakes in [`crate::fake`].

mod market;
mod publish;
mod row;
mod table;
mod venue;

pub use market::{PullCandles, PullError};
pub use publish::{Outgoing, Publish, PublishError};
pub use row::{Row, RowError, create, decode, replace, upsert};
pub use table::{Condition, Conflict, Item, Key, Query, Shelf, Table, TableError, Write};
pub use venue::{
    CancelOrder, CancelOutcome, ListMovements, ListOpenOrders, ListTrades, Lookup, OpenOrder, OrderFact, PlaceOrder,
    PlaceOutcome, QueryOrder, ReadBalances, Venue, VenueError, VenueStatus,
};

use crate::time::Timestamp;

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}
