//! The adapter of Binance, and where it answers differently on purpose.

use super::Different;
use crate::cases::Case;
use serde_json::Value;
use venue::protocol::Protocol;

/// The adapter.
pub(super) fn adapter() -> Option<&'static dyn Protocol> {
    Some(&venue::binance::Binance)
}

fn argument(case: &Case, at: usize) -> &Value {
    case.input.get(at).unwrap_or(&Value::Null)
}

/// A market order on spot with a quantity and a price.
fn priced_market_order(case: &Case) -> bool {
    let spot = argument(case, 0).as_str().is_some_and(|name| !name.contains(':'));
    case.method == "createOrder"
        && spot
        && argument(case, 1) == "market"
        && argument(case, 3).is_number()
        && argument(case, 4).is_number()
}

fn cancels(case: &Case) -> bool {
    matches!(case.method.as_str(), "cancelOrder" | "cancelOrders" | "cancelAllOrders" | "cancelOrderWithClientOrderId")
}

fn answered(case: &Case, name: &str) -> bool {
    let row = match &case.http_response {
        Value::Array(rows) => rows.first().unwrap_or(&Value::Null),
        other => other,
    };
    row.get(name).is_some_and(|value| !value.is_null())
}

/// Where it differs on purpose.
pub(super) const DIFFERENT: &[Different] = &[
    Different {
        applies: priced_market_order,
        reason: "the case turns quantity times price into quoteOrderQty; a quantity stays a quantity here, because at \
                 another price than the last known one a sale of a cost would sell another amount",
    },
    Different {
        applies: |case| case.method == "cancelOrders",
        reason: "the documents name the lists orderIdList and origClientOrderIdList; the case writes them in lower case",
    },
    Different {
        applies: |case| case.method == "editOrderWithClientOrderId",
        reason: "the case sends an empty orderId and an undocumented clientOrderId beside origClientOrderId",
    },
    Different {
        applies: |case| case.method == "fetchBalance" && case.params().get("type") == Some(&Value::from("savings")),
        reason: "lending/union/account was retired with the old savings products; Simple Earn took their place",
    },
    Different {
        applies: |case| case.params().contains_key("trailingTriggerPrice"),
        reason: "the algo service calls the price from which a trailing order follows activatePrice",
    },
    Different {
        applies: |case| case.method == "createOrder" && case.path() == "/papi/v1/margin/order",
        reason: "margin orders of portfolio margin have a type, and a side effect where they reduce; the case names a \
                 strategy, which only contracts have",
    },
    Different {
        applies: |case| case.method == "fetchCurrencies",
        reason: "what a withdrawal costs is not read: the desk has no call that moves money out",
    },
    Different {
        applies: |case| cancels(case) && answered(case, "algoId") && !answered(case, "algoStatus"),
        reason: "an acknowledgement says nothing about fills: the case fills in zero",
    },
    Different {
        applies: |case| cancels(case) && answered(case, "origClientOrderId"),
        reason: "the order's own client id is origClientOrderId; clientOrderId is the cancellation's",
    },
];
