//! The kill switch, as a value.
//!
//! Its row is part of the condition of every claim: a claim made under another epoch than the one in the row fails,
//! and so does one when the row is missing. What can't be read counts as killed.
//!
//! A kill stops strategies: entries and their exits alike. Protective stops stay, and one that is still owed to a
//! fill that raced with the kill is still placed, because it can only take risk away; `--all` ends that too.

use crate::order::Leg;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How far a kill goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KillMode {
    /// Cancels what adds risk, keeps protective stops.
    KeepStops,
    /// Cancels everything.
    All,
    /// Cancels everything and closes every position.
    Flatten,
}

impl fmt::Display for KillMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::KeepStops => "keep stops",
            Self::All => "all",
            Self::Flatten => "flatten",
        })
    }
}

/// A wish to trade again, waiting for its delay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnkillRequest {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Not before this, unless a second person agrees.
    pub not_before: Timestamp,
}

/// What the switch says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case", deny_unknown_fields)]
pub enum Kill {
    /// Trading is on.
    Live,
    /// Trading is off.
    Killed {
        /// How far.
        mode: KillMode,
        /// Who.
        by: String,
        /// Why.
        reason: String,
        /// Since when.
        at: Timestamp,
        /// A wish to undo it, if there is one.
        unkill: Option<UnkillRequest>,
    },
}

/// The switch with its epoch; the epoch grows with every change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KillState {
    /// Grows with every change; part of every claim.
    pub epoch: u64,
    /// What the switch says.
    pub kill: Kill,
}

impl KillState {
    /// What an absent or unreadable row means.
    #[must_use]
    pub fn unreadable(at: Timestamp) -> Self {
        let reason = "the kill switch can't be read".to_owned();
        let kill = Kill::Killed { mode: KillMode::KeepStops, by: "desk".to_owned(), reason, at, unkill: None };
        Self { epoch: 0, kill }
    }

    /// Whether an order of that leg may be claimed.
    #[must_use]
    pub const fn permits(&self, leg: &Leg) -> bool {
        match &self.kill {
            Kill::Live => true,
            Kill::Killed { mode, .. } => match (mode, leg) {
                (KillMode::KeepStops, Leg::Stop(_)) | (KillMode::Flatten, Leg::Flatten) => true,
                (KillMode::KeepStops, Leg::Entry | Leg::Exit | Leg::Flatten | Leg::External)
                | (KillMode::All, Leg::Entry | Leg::Exit | Leg::Stop(_) | Leg::Flatten | Leg::External)
                | (KillMode::Flatten, Leg::Entry | Leg::Exit | Leg::Stop(_) | Leg::External) => false,
            },
        }
    }

    /// Whether trading is off.
    #[must_use]
    pub const fn is_killed(&self) -> bool {
        matches!(self.kill, Kill::Killed { .. })
    }

    /// The switch after a kill. A kill never weakens one that is already in force.
    #[must_use]
    pub fn killed(&self, mode: KillMode, by: &str, reason: &str, at: Timestamp) -> Self {
        let mode = match &self.kill {
            Kill::Live => mode,
            Kill::Killed { mode: in_force, .. } => mode.max(*in_force),
        };
        let (by, reason) = (by.to_owned(), reason.to_owned());
        Self { epoch: self.epoch + 1, kill: Kill::Killed { mode, by, reason, at, unkill: None } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TradeId;

    #[test]
    fn a_switch_that_can_not_be_read_lets_no_new_risk_through() {
        let state = KillState::unreadable(Timestamp::from_ms(0));
        assert!(!state.permits(&Leg::Entry));
        assert!(!state.permits(&Leg::Exit));
        assert!(state.permits(&Leg::Stop(TradeId::new("1").unwrap())));
    }

    #[test]
    fn a_second_kill_never_weakens_the_first() {
        let live = KillState { epoch: 1, kill: Kill::Live };
        let at = Timestamp::from_ms(0);
        let all = live.killed(KillMode::All, "a", "b", at);
        let again = all.killed(KillMode::KeepStops, "a", "b", at);
        assert!(!again.permits(&Leg::Stop(TradeId::new("1").unwrap())));
        assert_eq!(again.epoch, 3);
    }
}
