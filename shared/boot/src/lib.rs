//! Process start: configuration, telemetry, and how handlers are run. Every process of the desk begins here, on a
//! laptop as on AWS.

pub mod batch;
pub mod config;
mod environment;
pub mod event;
pub mod failure;
pub mod metrics;
pub mod observe;
pub mod resources;
mod wall;

pub use environment::apply_environment;
pub use failure::Failure;
pub use wall::WallClock;

/// Who asks, as somebody trustworthy has found out: the subject of a verified token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal(pub String);
