//! The adapter of binance, and where it answers differently on purpose.

use super::Different;
use venue::protocol::Protocol;

/// The adapter.
pub(super) fn adapter() -> Option<&'static dyn Protocol> {
    Some(&venue::binance::Binance)
}

/// Where it differs on purpose.
pub(super) const DIFFERENT: &[Different] = &[];
