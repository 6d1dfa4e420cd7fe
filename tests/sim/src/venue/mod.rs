//! The simulated exchange: what it promises ([`semantics`]), what it does ([`exchange`]), what it tells
//! ([`answers`]), and what other hands do there ([`hands`]).

pub mod answers;
pub mod exchange;
pub mod hands;
pub mod semantics;
mod trading;

pub use exchange::{Answer, Exchange, NewOrder, VenueOrder};
pub use semantics::Semantics;
