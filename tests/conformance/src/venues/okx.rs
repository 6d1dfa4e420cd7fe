//! The adapter of okx, and where it answers differently on purpose.

use super::Different;
use venue::okx::Okx;
use venue::protocol::Protocol;

/// The adapter.
pub(super) fn adapter() -> Option<&'static dyn Protocol> {
    Some(&Okx)
}

/// Where it differs on purpose.
pub(super) const DIFFERENT: &[Different] = &[];
