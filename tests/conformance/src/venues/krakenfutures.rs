//! The adapter of krakenfutures, and where it answers differently on purpose.

use super::Different;
use venue::kraken::KrakenFutures;
use venue::protocol::Protocol;

/// The adapter.
pub(super) fn adapter() -> Option<&'static dyn Protocol> {
    Some(&KrakenFutures)
}

/// Where it differs on purpose.
pub(super) const DIFFERENT: &[Different] = &[
    Different {
        applies: |case| case.method == "fetchMyTrades" && case.response,
        reason: "These fills tell no fee; the case's are a guess from a table of fees. Where a fill tells its fee it is read.",
    },
    Different {
        applies: |case| matches!(case.method.as_str(), "fetchOrder" | "fetchOrders") && !case.response,
        reason: "The venue documents orders/status as a POST, and only for orders that are named.",
    },
    Different {
        applies: |case| {
            let one =
                ["fetchTicker", "fetchMarkPrice", "fetchFundingRate", "fetchFundingInterval", "fetchOpenInterest"];
            one.contains(&case.method.as_str()) && !case.response && case.path().ends_with("/tickers")
        },
        reason: "The ticker of one market has an address of its own (tickers/{symbol}); the case fetches those of all.",
    },
    Different {
        applies: |case| {
            let log = ["fetchClosedOrders", "fetchCanceledOrders"].contains(&case.method.as_str());
            log && !case.response && case.input.get(1).is_some_and(serde_json::Value::is_number)
        },
        reason: "The beginning of a stretch of the log of orders is called `since` in the documents, not `from`.",
    },
];
