//! The adapter of Coinbase, and where it answers differently on purpose.

use super::Different;
use serde_json::Value;
use venue::protocol::Protocol;

/// The adapter.
pub(super) fn adapter() -> Option<&'static dyn Protocol> {
    Some(&venue::coinbase::Coinbase)
}

/// Where it differs on purpose.
pub(super) const DIFFERENT: &[Different] = &[
    Different {
        applies: |case| {
            let market = case.input.get(1).and_then(Value::as_str);
            matches!(case.method.as_str(), "fetchOrder" | "cancelOrder")
                && market.is_some_and(|name| !name.contains('/'))
        },
        reason: "a market is asked for by its unified name",
    },
    Different {
        applies: |case| case.response && case.method == "fetchBalance" && case.http_response.get("data").is_some(),
        reason: "the API of the brokerage has accounts of its own; those of the retail wallet (v2) are not asked for",
    },
    Different {
        applies: |case| {
            let path = |part: &str| case.url.as_deref().is_some_and(|url| url.contains(part));
            !case.response && (path("/v2/accounts") || path("/v2/time") || path("/v2/currencies"))
        },
        reason: "the API of the brokerage has the same; that of the retail wallet (v2) is not asked",
    },
    Different {
        applies: |case| !case.response && case.url.as_deref().is_some_and(|url| url.contains("product_id=")),
        reason: "the documents name the filter of orders and fills product_ids; another name is passed over silently",
    },
];
