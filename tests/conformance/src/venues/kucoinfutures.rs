//! The adapter of kucoinfutures, and where it answers differently on purpose.

use super::Different;
use venue::protocol::Protocol;

/// The adapter.
pub(super) fn adapter() -> Option<&'static dyn Protocol> {
    Some(&venue::kucoin::KuCoinFutures)
}

/// Where it differs on purpose: as the other half of the venue does.
pub(super) const DIFFERENT: &[Different] = super::kucoin::DIFFERENT;
