//! The simulated exchange: what it promises ([`semantics`]), what it does ([`exchange`]), what it tells ([`answers`]).

pub mod answers;
pub mod exchange;
pub mod semantics;

pub use exchange::{Answer, Exchange, NewOrder};
pub use semantics::Semantics;
