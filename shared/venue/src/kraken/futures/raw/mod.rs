//! The futures exchange's rows, as they stand on the wire.

mod account;
mod market;
mod orders;

pub(super) use account::*;
pub(super) use market::*;
pub(super) use orders::*;
