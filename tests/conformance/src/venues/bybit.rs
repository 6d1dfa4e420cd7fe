//! The adapter of Bybit, and where it answers differently on purpose.

use super::Different;
use crate::cases::Case;
use serde_json::Value;
use venue::protocol::Protocol;

/// The adapter.
pub(super) fn adapter() -> Option<&'static dyn Protocol> {
    Some(&venue::bybit::Bybit)
}

fn first_text(case: &Case) -> Option<&str> {
    match case.input.first()? {
        Value::Array(names) => names.first()?.as_str(),
        name => name.as_str(),
    }
}

/// Where it differs on purpose.
pub(super) const DIFFERENT: &[Different] = &[
    Different {
        applies: |case| {
            !case.response && case.method == "createOrder" && first_text(case).is_some_and(|name| !name.contains('/'))
        },
        reason: "an expired option is in no list of instruments, and orders are placed in known instruments only",
    },
    Different {
        applies: |case| {
            !case.response && case.method == "fetchTickers" && first_text(case).is_some_and(|name| !name.contains('/'))
        },
        reason: "the venue's symbol is spot as well as linear: a market is asked for by its unified name",
    },
    Different {
        applies: |case| {
            case.method == "fetchBalance" && case.options.get("unifiedMarginStatus").and_then(Value::as_i64) == Some(3)
        },
        reason: "unified accounts of the first generation, which kept inverse contracts apart, are being converted",
    },
    Different {
        applies: |case| {
            let body = case.http_response.to_string();
            case.response && case.method == "fetchOrder" && body.contains("\"marketUnit\":\"quoteCoin\"")
        },
        reason: "the quantity of an order given as a cost is in quote units, which is no quantity",
    },
    Different {
        applies: |case| case.response && case.method.starts_with("fetchPosition") && case.method.ends_with("History"),
        reason: "the value at entry is not the initial margin",
    },
    Different {
        applies: |case| case.response && matches!(case.method.as_str(), "fetchOpenOrder" | "fetchClosedOrders"),
        reason: "the venue tells when an order last changed, which is not when it was last filled",
    },
    Different {
        applies: |case| {
            let body = case.http_response.to_string();
            case.response && case.method == "fetchPosition" && body.contains("\"stopLoss\":\"0.00\"")
        },
        reason: "a stop-loss at zero is none",
    },
];
