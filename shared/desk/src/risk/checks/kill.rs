//! Trading is switched on for this leg.

use super::{Check, Layer, Outcome, Subject};
use crate::risk::Kill;

pub(super) fn check(s: &Subject<'_>) -> Outcome {
    let value = match &s.books.kill.kill {
        Kill::Live => "live".to_owned(),
        Kill::Killed { mode, by, reason, .. } => format!("killed ({mode}) by {by}: {reason}"),
    };
    let passed = s.books.kill.permits(&s.proposal.leg);
    Ok(Some(Check { layer: Layer::Kill, passed, limit: "live".to_owned(), value }))
}
