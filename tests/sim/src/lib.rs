//! A deterministic simulation of the desk under faults. The README beside this crate says what is simulated and what is not.

pub mod campaign;
pub mod chance;
pub mod checkers;
pub mod cli;
pub mod desk;
pub mod fault;
pub mod gate;
pub mod market;
pub mod memory;
pub mod minimise;
pub mod mirror;
pub mod mixture;
pub mod mutants;
pub mod operators;
pub mod port;
pub mod queues;
pub mod report;
pub mod runner;
pub mod seed;
pub mod setup;
pub mod stream;
pub mod sweep;
pub mod trace;
pub mod venue;
pub mod world;
