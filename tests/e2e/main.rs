//! The desk from outside, and its handlers together: one binary.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod api;
mod bad_input;
mod binary;
mod books;
mod conformance;
mod corpus;
mod crash;
mod crash_sweep;
mod deploy;
mod events;
mod explain;
mod figures;
mod functions;
mod house;
mod keys;
mod kill;
mod onboarding;
mod placing;
mod route;
mod venue_conformance;
mod venue_sim;
