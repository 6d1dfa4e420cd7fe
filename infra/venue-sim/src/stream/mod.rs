//! What streams tell, as texts: nothing here opens a socket.
//!
//! [`public`] writes market data, [`private`] orders and balances, [`names`] reads the names of streams, [`control`]
//! answers SUBSCRIBE and its kin, [`methods`] the requests of the WebSocket API. Source: the exchange's "Web Socket
//! Streams" and "User Data Streams" documents.

pub mod control;
pub mod methods;
pub mod names;
pub mod private;
pub mod public;

use crate::engine::types::AccountId;
use std::sync::Arc;

/// A message on its way to whoever listens.
#[derive(Debug, Clone)]
pub enum Outgoing {
    /// Market data of a stream.
    Public(Arc<str>, Arc<str>),
    /// Something about an account.
    Private(AccountId, Arc<str>),
    /// A listen key is good no longer.
    Expired(Arc<str>),
    /// All connections are closed.
    Close,
}
