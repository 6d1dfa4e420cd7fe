//! What a schedule or an operator sends to a handler directly, without a queue.

use desk::id::Symbol;
use desk::risk::KillMode;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The version every event carries.
pub const VERSION: u32 = 1;

/// An event that is none of ours.
#[derive(Debug, Error)]
pub enum EventError {
    /// Not JSON, or not of the shape.
    #[error("the event can't be parsed: {0}")]
    Parse(#[from] serde_json::Error),
    /// Of another version.
    #[error("the event has version {0}; this desk reads version {VERSION}")]
    Version(u32),
}

/// A schedule has come due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheduled {
    /// [`VERSION`].
    pub v: u32,
    /// Only these markets; all, when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbols: Option<Vec<Symbol>>,
    /// Tell what was told before: after a restart nobody knows whether it arrived.
    #[serde(default)]
    pub repeat: bool,
}

impl Scheduled {
    /// A schedule for every market.
    pub const ALL: Self = Self { v: VERSION, symbols: None, repeat: false };
    /// The first one after a restart.
    pub const AFTER_RESTART: Self = Self { v: VERSION, symbols: None, repeat: true };

    /// From JSON.
    ///
    /// # Errors
    /// [`EventError`] if it is no schedule of this version.
    pub fn decode(body: &str) -> Result<Self, EventError> {
        let event: Self = serde_json::from_str(body)?;
        if event.v == VERSION { Ok(event) } else { Err(EventError::Version(event.v)) }
    }
}

/// What the kill switch is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum KillEvent {
    /// Stop trading.
    Kill {
        /// [`VERSION`].
        v: u32,
        /// How far.
        mode: KillMode,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Wish to trade again.
    Unkill {
        /// [`VERSION`].
        v: u32,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Look again: cancel what is left, lift a kill whose delay is over.
    Sweep {
        /// [`VERSION`].
        v: u32,
    },
}

impl KillEvent {
    /// From JSON.
    ///
    /// # Errors
    /// [`EventError`] if it is no event of this version.
    pub fn decode(body: &str) -> Result<Self, EventError> {
        let event: Self = serde_json::from_str(body)?;
        match event {
            Self::Kill { v: VERSION, .. } | Self::Unkill { v: VERSION, .. } | Self::Sweep { v: VERSION } => Ok(event),
            Self::Kill { v, .. } | Self::Unkill { v, .. } | Self::Sweep { v } => Err(EventError::Version(v)),
        }
    }
}
