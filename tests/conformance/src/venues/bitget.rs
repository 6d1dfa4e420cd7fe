//! The adapter of bitget, and where it answers differently on purpose.

use super::Different;
use crate::cases::Case;
use serde_json::Value;
use venue::protocol::Protocol;

/// The adapter.
pub(super) fn adapter() -> Option<&'static dyn Protocol> {
    Some(&venue::bitget::Bitget)
}

/// A stop-loss or take-profit of a contract that is placed with a quantity.
fn is_protection(case: &Case) -> bool {
    let own = matches!(case.method.as_str(), "createStopLossOrder" | "createTakeProfitOrder");
    let by_params = case.method == "createOrder"
        && ["stopLossPrice", "takeProfitPrice"].iter().any(|name| case.param(name).is_some());
    let contract = case.input.first().and_then(Value::as_str).is_some_and(|symbol| symbol.contains(':'));
    !case.response && contract && (own || by_params) && case.input.get(3).is_some_and(|amount| !amount.is_null())
}

/// The rows of what a response should be.
fn rows(case: &Case) -> Vec<&Value> {
    match &case.parsed_response {
        Value::Array(rows) => rows.iter().collect(),
        other => vec![other],
    }
}

fn is_negative(value: Option<&Value>) -> bool {
    value.and_then(Value::as_f64).is_some_and(|number| number < 0.0)
}

fn is_unfilled(value: Option<&Value>) -> bool {
    value.is_none_or(|value| value.is_null() || value.as_f64() == Some(0.0))
}

/// Where it differs on purpose.
pub(super) const DIFFERENT: &[Different] = &[
    Different {
        applies: |case| is_protection(case) && !case.flag("uta"),
        reason: "the documents of place-tpsl-order want profit_plan or loss_plan with a size; pos_profit and pos_loss, which \
                 the case sends with a size, close the whole position",
    },
    Different {
        applies: |case| is_protection(case) && case.flag("uta"),
        reason: "the documents of place-strategy-order take the whole position unless tpslMode is partial, whatever qty \
                 says; the case leaves tpslMode out",
    },
    Different {
        applies: |case| {
            case.response
                && case.flag("uta")
                && rows(case).iter().any(|row| is_negative(row.get("fee").and_then(|fee| fee.get("cost"))))
        },
        reason: "a fee of the unified account is positive when it was paid (0.02 % of the value in the documents' example; \
                 openFeeTotal of the same account has it negative); the case turns it into a rebate",
    },
    Different {
        applies: |case| {
            let market = case.input.first().and_then(Value::as_str).unwrap_or_default();
            case.response && case.method == "fetchOHLCV" && market.contains("/USD:")
        },
        reason: "our volumes are in base units, which the venue tells in index 5; the case takes the quote's for inverse \
                 contracts",
    },
    Different {
        applies: |case| {
            case.response
                && rows(case).iter().any(|row| {
                    row.get("lastTradeTimestamp").is_some_and(|at| !at.is_null()) && is_unfilled(row.get("filled"))
                })
        },
        reason: "the case takes the time of the last change for that of the last fill; an order without a fill has none",
    },
];
