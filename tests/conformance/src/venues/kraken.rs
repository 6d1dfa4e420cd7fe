//! The adapter of kraken, and where it answers differently on purpose.

use super::Different;
use venue::kraken::Kraken;
use venue::protocol::Protocol;

/// The adapter.
pub(super) fn adapter() -> Option<&'static dyn Protocol> {
    Some(&Kraken)
}

/// Where it differs on purpose.
pub(super) const DIFFERENT: &[Different] = &[
    Different {
        applies: |case| case.method == "cancelAllOrders" && !case.response && !case.input.is_empty(),
        reason: "CancelAll has no market: asked to cancel the orders of one market it would cancel those of all, protective \
                 ones too. The desk refuses that, and cancels the orders of a market by their ids.",
    },
    Different {
        applies: |case| case.method == "fetchBalance" && !case.response && case.param("type").is_some(),
        reason: "BalanceEx has no parameter `type`; the case only passes its caller's word on.",
    },
    Different {
        applies: |case| case.method == "editOrder" && case.response,
        reason: "AmendOrder tells the id of the change, and the order keeps its own: ours is the order's, the case's the change's.",
    },
];
