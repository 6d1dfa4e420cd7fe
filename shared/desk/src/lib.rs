//! The trading domain and every decision the desk takes.
//!
//! Everything here is a pure function of its arguments: no IO, no clock, no randomness, no environment.
//! That is what lets the same code decide in a backtest, in a replay, on paper and live, and lets a stored
//! decision be taken again later with the same outcome, bit for bit.
//!
//! Reading order: [`money`] and [`instrument`] (what an amount is), [`market`] and [`strategy`] (what is wished),
//! [`risk`] (what is allowed), [`order`] (what becomes of a wish), [`position`] and [`ledger`] (what is owned),
//! [`external`] and [`movement`] (what other hands do in the account), [`port`] (what the desk asks of the world).

pub mod external;
pub mod fake;
pub mod features;
pub mod fill;
pub mod id;
pub mod instrument;
pub mod ledger;
pub mod market;
pub mod message;
pub mod money;
pub mod movement;
pub mod order;
pub mod port;
pub mod portfolio;
pub mod position;
pub mod reconcile;
pub mod risk;
pub mod signal;
pub mod strategy;
mod text;
pub mod time;
