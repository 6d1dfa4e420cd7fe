//! Process start: configuration, telemetry, and how handlers are run. Every process of the desk begins here, on a
//! laptop as on AWS.

pub mod batch;
pub mod config;
mod environment;
pub mod event;
pub mod failure;
pub mod observe;

pub use environment::apply_environment;
pub use failure::Failure;
