//! The verbs: what handlers do to the books, with every condition in plain sight.
//!
//! Each verb is one transaction, and repeating it is harmless: what it creates is created on the condition that it is
//! absent, what it changes is changed on the condition that it is still as it was read.

mod account;
mod booking;
mod books;
mod claim;
mod counters;
mod decide;
mod external;
mod kill;
mod ledger;
mod lists;
mod market;
mod settle;
mod snapshot;

pub use account::{Found, Opening};
pub use booking::Booked;
pub use books::AccountState;
pub use claim::ClaimAnswer;
pub use market::Advance;
pub use settle::Settled;
