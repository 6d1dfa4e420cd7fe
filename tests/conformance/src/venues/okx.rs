//! The adapter of okx, and where it answers differently on purpose.

use super::Different;
use crate::cases::Case;
use serde_json::Value;
use venue::okx::Okx;
use venue::protocol::Protocol;

/// The adapter.
pub(super) fn adapter() -> Option<&'static dyn Protocol> {
    Some(&Okx)
}

/// Whether the body of a case has one of these names, at its top.
fn body_has(case: &Case, names: &[&str]) -> bool {
    let parsed = case.output.as_ref().and_then(|body| match body {
        Value::String(text) => serde_json::from_str(text).ok(),
        other => Some(other.clone()),
    });
    parsed.is_some_and(|body: Value| names.iter().any(|name| body.get(name).is_some()))
}

/// Where it differs on purpose.
pub(super) const DIFFERENT: &[Different] = &[
    Different {
        applies: |case| {
            let strays = ["takeProfitPrice", "stopLossPrice", "takeProfit", "stopLoss"];
            case.method == "editOrder" && !case.response && body_has(case, &strays)
        },
        reason: "the case sends the library's own parameters (takeProfitPrice, takeProfit ...) to the venue besides the \
                 documented newTpTriggerPx ones; the venue knows no such fields",
    },
    Different {
        applies: |case| {
            let kind = || {
                case.output
                    .as_ref()
                    .is_some_and(|body| body.to_string().replace('\\', "").contains(r#""tpOrdKind":"limit""#))
            };
            case.method.starts_with("createOrder") && !case.response && kind()
        },
        reason: "the case turns a take-profit with a trigger and a limit into the kind \"limit\", which the venue places at \
                 once, without waiting for the trigger; ours is the venue's default kind \"condition\"",
    },
    Different {
        applies: |case| {
            let spot = case.input.first().and_then(Value::as_str).is_some_and(|name| !name.contains(':'));
            let on_margin = ["marginMode", "tdMode", "margin"].iter().any(|name| case.param(name).is_some());
            let protective = body_has(case, &["slTriggerPx", "tpTriggerPx"]);
            case.method.starts_with("create") && !case.response && spot && protective && !on_margin
        },
        reason: "the case sends protective orders of spot with tdMode cross, on which an account may borrow; ours say \
                 cash, the documented mode of orders without margin, as long as no margin is asked for",
    },
    Different {
        applies: |case| case.method == "fetchOrderBook" && case.response,
        reason: "the case takes the retired third number of a level (always 0) for its count of orders; a level here is \
                 a price and a quantity",
    },
    Different {
        applies: |case| case.method == "fetchOpenInterest" && case.response,
        reason: "the model tells open interest in the venue's unit and in value; base units follow from the contract size",
    },
    Different {
        applies: |case| {
            let own_margin = || case.http_response.to_string().contains(r#""mgnMode":"isolated""#);
            case.method.starts_with("fetchPosition") && case.response && own_margin()
        },
        reason: "the case computes the initial margin of an isolated position from its notional and leverage; ours is the \
                 venue's own number",
    },
    Different {
        applies: |case| case.method == "cancelOrders" && case.response,
        reason: "the case repeats the list of client ids that was asked for as the client id of each order; ours is the \
                 id in the venue's answer",
    },
];
