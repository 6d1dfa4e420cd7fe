//! Kraken: two venues under one roof, with an account, keys and a protocol each.
//!
//! | struct | what | protocol |
//! |---|---|---|
//! | [`Kraken`] | spot and spot margin | REST `/0/public`, `/0/private`; WebSocket v2 |
//! | [`KrakenFutures`] | perpetual and dated contracts, linear and inverse | derivatives API v3, history v2 and v3, charts v1; WebSocket v1 |
//!
//! Written from the venue's own API reference (docs.kraken.com). Deliberately absent: withdrawals, deposits to be
//! requested, transfers between wallets, subaccounts, staking ("Earn"), sub-second level-3 books, and the retired WebSocket v1 of the
//! spot exchange.

mod assets;
pub mod futures;
mod shared;
pub mod spot;

pub use futures::KrakenFutures;
pub use spot::Kraken;
