//! The adapter of kucoin, and where it answers differently on purpose.

use super::Different;
use crate::cases::Case;
use venue::protocol::Protocol;

/// The adapter.
pub(super) fn adapter() -> Option<&'static dyn Protocol> {
    Some(&venue::kucoin::KuCoin)
}

/// Where it differs on purpose.
pub(super) const DIFFERENT: &[Different] = &[
    Different {
        applies: |case| {
            !case.response && case.method == "cancelAllOrders" && futures(case) && case.path() == "/api/v1/orders"
        },
        reason: "The documents replace this endpoint, which costs 800 of 2,000 units, by /api/v3/orders, which costs 10.",
    },
    Different {
        applies: |case| !case.response && futures(case) && counts_dropped(case),
        reason: "The number of orders asked for is sent as the documented pageSize; the case drops it.",
    },
    Different {
        applies: |case| !case.response && case.path().contains("/hf/") && asks(case, "pageSize"),
        reason: "The fast endpoints document `limit`; they know no pageSize.",
    },
    Different {
        applies: |case| !case.response && !futures(case) && old_margin(case),
        reason: "Margin orders go to the v3 endpoints; the documents call those of v1 abandoned.",
    },
    Different {
        applies: |case| !case.response && case.method == "fetchCurrencies" && case.path() == "/api/v3/currencies",
        reason: "The currencies come from the newest generation of the endpoint whatever the account.",
    },
    Different {
        applies: |case| !case.response && case.path() == "/api/ua/v1/server/status",
        reason: "Whether the venue works is asked without an account: the classic endpoint tells it for each server.",
    },
    Different {
        applies: |case| {
            case.response && case.method.starts_with("fetchFunding") && says(case, "newGranularityStartTime")
        },
        reason: "newGranularityStartTime is when the interval was changed (here: long ago), not when funding is paid next.",
    },
    Different {
        applies: |case| case.response && case.method.starts_with("fetchPosition") && says(case, "posCost"),
        reason: "The notional is what the position is worth at the mark price (markValue), not its cost (posCost).",
    },
    Different {
        applies: |case| case.response && case.method.contains("Order") && says(case, "\"stopPrice\":\"0\""),
        reason: "A stop price of 0 is how the venue says that there is none.",
    },
    Different {
        applies: |case| case.response && case.method == "fetchBalance" && says(case, "baseAsset"),
        reason: "Balances are by currency; what several isolated pairs hold of one currency is added up.",
    },
];

fn futures(case: &Case) -> bool {
    case.url.as_deref().is_some_and(|url| url.contains("//api-futures."))
}

/// A margin order at an endpoint of the first version.
fn old_margin(case: &Case) -> bool {
    case.param("marginMode").is_some() && case.method.contains("Order") && case.path().starts_with("/api/v1/")
}

fn asks(case: &Case, name: &str) -> bool {
    case.url.as_deref().is_some_and(|url| url.contains(&format!("{name}=")))
}

/// A list of orders whose length is given and not sent.
fn counts_dropped(case: &Case) -> bool {
    let at = match case.method.as_str() {
        "fetchOrdersByStatus" => 3,
        "fetchOpenOrders" | "fetchClosedOrders" => 2,
        _ => return false,
    };
    case.input.get(at).is_some_and(serde_json::Value::is_number) && !asks(case, "pageSize")
}

fn says(case: &Case, text: &str) -> bool {
    case.http_response.to_string().contains(text)
}
