//! The simulated exchange from inside and over real sockets; one binary.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

mod answers;
mod by_hand;
mod client;
mod engine;
mod faults;
mod filters;
mod money;
mod signed;
mod streams;
mod user_data;
