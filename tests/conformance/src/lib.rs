//! Holds the venues' adapters to published cases.

pub mod cases;
pub mod venues;
