//! What the switch's routes take and answer. Times are UTC milliseconds.

use desk::risk::{Kill, KillState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The kill switch.
#[derive(Debug, Serialize, ToSchema)]
pub struct KillDto {
    /// Whether trading is switched off.
    pub killed: bool,
    /// Grows with every change.
    pub epoch: u64,
    /// How far the kill goes.
    pub mode: Option<String>,
    /// Who.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// When a requested unkill takes effect.
    pub unkill_at: Option<i64>,
}

/// What a kill has done so far.
#[derive(Debug, Serialize, ToSchema)]
pub struct SweepDto {
    /// The switch.
    pub switch: KillDto,
    /// Orders it has ended.
    pub ended: Vec<String>,
    /// Orders it could not end yet; sweeps go on by themselves.
    pub left: Vec<String>,
    /// Protective stops that stay.
    pub stops_kept: Vec<String>,
    /// Orders that close positions.
    pub flattening: Vec<String>,
}

/// A request to stop trading.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KillRequest {
    /// `keep_stops` (the default), `all` or `flatten`.
    #[serde(default)]
    pub mode: Option<String>,
    /// Who. Wanted where callers have no identity; where they have one, it is written down instead.
    #[serde(default)]
    pub by: Option<String>,
    /// Why.
    pub reason: String,
}

/// A request to trade again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnkillBody {
    /// Who. Wanted where callers have no identity; where they have one, it is written down instead.
    #[serde(default)]
    pub by: Option<String>,
    /// Why.
    pub reason: String,
}

impl From<&KillState> for KillDto {
    fn from(state: &KillState) -> Self {
        let epoch = state.epoch;
        match &state.kill {
            Kill::Live => Self { killed: false, epoch, mode: None, by: None, reason: None, unkill_at: None },
            Kill::Killed { mode, by, reason, unkill, .. } => Self {
                killed: true,
                epoch,
                mode: Some(mode.to_string()),
                by: Some(by.clone()),
                reason: Some(reason.clone()),
                unkill_at: unkill.as_ref().map(|request| request.not_before.ms()),
            },
        }
    }
}
