//! Strategies: from a bar and a holding to a wish.
//!
//! A strategy is a pure function with a memory that is handed in and out. It knows nothing of cash, limits or
//! orders: it says what it would like to hold ([`Target`]), and risk decides. Its memory depends on the bars alone, never
//! on the holding, so that whoever folds bars may ask first and look at the position only if it matters.

mod ema_cross;

pub use ema_cross::{EmaCross, EmaCrossMemory};

use crate::id::StrategyId;
use crate::market::Candle;
use crate::money::{Bps, Notional};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

/// What a strategy wishes to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Target {
    /// A long position worth `stake`, with a stop resting `stop_distance` below its entry.
    Long {
        /// What to spend, in quote units.
        stake: Notional,
        /// The stop's distance from the entry fill.
        stop_distance: Bps,
    },
    /// No position.
    Flat,
}

/// What the desk holds, as far as a strategy needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holding {
    /// Nothing.
    Flat,
    /// Some.
    Long,
}

/// The numbers a strategy saw when it formed a wish.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Evidence {
    /// What `ema-cross` looks at.
    EmaCross {
        /// The fast average at this close.
        fast: f64,
        /// The slow average at this close.
        slow: f64,
        /// Whether the fast one was above the slow one at the close before.
        was_up: bool,
    },
}

/// A wish, with the numbers behind it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wish {
    /// What to hold.
    pub target: Target,
    /// Why.
    pub evidence: Evidence,
}

/// A strategy with its parameters. Adding one means adding a variant here and to [`Memory`] and [`Evidence`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Strategy {
    /// The reference strategy.
    EmaCross(EmaCross),
}

/// A strategy's memory between bars.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "strategy", rename_all = "kebab-case")]
pub enum Memory {
    /// That of `ema-cross`.
    EmaCross(EmaCrossMemory),
}

/// The names that [`Strategy::configure`] takes.
pub const NAMES: [&str; 1] = [ema_cross::NAME];

/// Why a strategy can't be configured.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StrategyError {
    /// No strategy has that name.
    #[error("there is no strategy {name:?}; there is: {}", NAMES.join(", "))]
    Unknown {
        /// The name given.
        name: String,
    },
    /// The strategy has no such parameter.
    #[error("{strategy} has no parameter {name:?}; it has: {known}")]
    UnknownParameter {
        /// The strategy.
        strategy: &'static str,
        /// The parameter given.
        name: String,
        /// The parameters there are.
        known: &'static str,
    },
    /// A parameter's value is out of range.
    #[error("{strategy}: {name}={value:?} is not {range}")]
    BadParameter {
        /// The strategy.
        strategy: &'static str,
        /// The parameter.
        name: String,
        /// The value given.
        value: String,
        /// What it must be.
        range: &'static str,
    },
}

impl Strategy {
    /// The strategy of that name, with `parameters` in place of its defaults, spending `stake` on an entry.
    ///
    /// # Errors
    /// [`StrategyError`], naming what there is instead.
    pub fn configure(
        name: &str,
        parameters: &BTreeMap<String, String>,
        stake: Notional,
    ) -> Result<Self, StrategyError> {
        match name {
            ema_cross::NAME => EmaCross::configure(parameters, stake).map(Self::EmaCross),
            _ => Err(StrategyError::Unknown { name: name.chars().take(64).collect() }),
        }
    }

    /// The instance's id; part of every signal's.
    #[must_use]
    pub fn id(&self) -> &StrategyId {
        match self {
            Self::EmaCross(s) => s.id(),
        }
    }

    /// The version of the rules; a change of behaviour changes it.
    #[must_use]
    pub const fn version(&self) -> &'static str {
        match self {
            Self::EmaCross(_) => ema_cross::VERSION,
        }
    }

    /// The parameters in force, by name.
    #[must_use]
    pub fn parameters(&self) -> BTreeMap<String, String> {
        match self {
            Self::EmaCross(s) => s.parameters(),
        }
    }

    /// A memory that has seen nothing.
    #[must_use]
    pub const fn fresh(&self) -> Memory {
        match self {
            Self::EmaCross(_) => Memory::EmaCross(EmaCrossMemory::FRESH),
        }
    }

    /// Takes in one closed bar and says what to hold, or nothing when the holding is as wished.
    pub fn on_bar(&self, memory: &mut Memory, bar: &Candle, holding: Holding) -> Option<Wish> {
        match (self, memory) {
            (Self::EmaCross(strategy), Memory::EmaCross(memory)) => strategy.on_bar(memory, bar, holding),
        }
    }
}

impl Evidence {
    /// The numbers by name, as they are stored with a decision: enough digits to give the same doubles again.
    #[must_use]
    pub fn inputs(&self) -> BTreeMap<String, String> {
        match self {
            Self::EmaCross { fast, slow, was_up } => BTreeMap::from([
                ("ema_fast".to_owned(), fast.to_string()),
                ("ema_slow".to_owned(), slow.to_string()),
                ("was_up".to_owned(), was_up.to_string()),
            ]),
        }
    }

    /// A sentence for a trader.
    #[must_use]
    pub fn sentence(&self, target: &Target) -> String {
        match (self, target) {
            (Self::EmaCross { fast, slow, .. }, Target::Long { .. }) => {
                format!("The fast average ({fast:.4}) crossed above the slow one ({slow:.4}): an entry.")
            }
            (Self::EmaCross { fast, slow, .. }, Target::Flat) => {
                format!("The fast average ({fast:.4}) is no longer above the slow one ({slow:.4}): an exit.")
            }
        }
    }
}
