//! A simulated spot exchange that is a real server: HTTP and WebSocket on loopback, in Binance's dialect.
//!
//! [`engine`] matches, [`api`] answers requests as pure functions, [`stream`] writes what streams tell, [`faults`] says
//! how it misbehaves, [`server`] is the thin shell around them with sockets and a clock. Tests use [`server::start`].

pub mod api;
pub mod engine;
pub mod exchange;
pub mod faults;
pub mod server;
pub mod stream;
