//! A simulated spot exchange.
pub mod engine;
