//! A deterministic simulation of the desk under faults. See the README beside this crate.

pub mod chance;
pub mod checkers;
pub mod desk;
pub mod fault;
pub mod market;
pub mod memory;
pub mod mirror;
pub mod port;
pub mod queues;
pub mod runner;
pub mod seed;
pub mod stream;
pub mod trace;
pub mod venue;
pub mod world;
