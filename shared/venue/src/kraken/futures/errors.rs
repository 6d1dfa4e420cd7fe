//! What the futures exchange's error words mean to us, and the ends of its answers that are no success.

use crate::kraken::shared;
use crate::protocol::Reply;
use crate::protocol::fault::{ApiError, Meaning, ReadFault};
use crate::protocol::wire::Text;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Words (of whole requests, or of one order) that are a clear no.
const REFUSALS: [&str; 47] = [
    "accountInactive",
    "insufficientFunds",
    "invalidAccount",
    "invalidAmount",
    "invalidArgument",
    "invalidUnit",
    "Json Parse Error",
    "jsonParseError",
    "marketUnavailable",
    "requiredArgumentMissing",
    "invalidOrderType",
    "invalidSide",
    "invalidSize",
    "invalidPrice",
    "insufficientAvailableFunds",
    "selfFill",
    "tooManySmallOrders",
    "tooManyOrders",
    "maxPositionViolation",
    "marketSuspended",
    "marketInactive",
    "marketIsPostOnly",
    "clientOrderIdTooLong",
    "clientOrderIdTooBig",
    "clientOrderIdInvalid",
    "outsidePriceCollar",
    "wouldIncreasePriceDislocation",
    "postWouldExecute",
    "iocWouldNotExecute",
    "wouldExecuteSelf",
    "wouldCauseLiquidation",
    "wouldNotReducePosition",
    "wouldProcessAfterSpecifiedTime",
    "fixedLeverageTooHigh",
    "orderForEditNotAStop",
    "cannotEditTriggerPriceOfTrailingStop",
    "cannotEditLimitPriceOfTrailingStop",
    "insufficientHeadroomAroundCurrentPriceToEditTrailingStop",
    "trailingStopOrderLimitExceeded",
    "trailingStopMaxDeviationTooLarge",
    "trailingStopMaxDeviationTooSmall",
    "trailingStopPercentDeviationExceedsMaxDecimalPlaces",
    "trailingStopQuoteDeviationNotMultipleOfTickSize",
    "noReferencePriceAvailableForCalculatingTrailingStopTriggerPrice",
    "editHasNoEffect",
    "insufficientMargin",
    "contractNotFound",
];

/// What a word means. What is on no list is unclear.
pub(super) fn meaning(word: &str) -> Meaning {
    match word {
        "clientOrderIdAlreadyExist" | "clientOrderIdInUse" => Meaning::DuplicateId,
        "authenticationError" | "Unauthorized" | "invalidApiKey" | "permissionDenied" => Meaning::Credentials,
        "nonceBelowThreshold" | "nonceDuplicate" => Meaning::Clock,
        "apiLimitExceeded" | "rateLimitExceeded" => Meaning::RateLimit,
        "notFound" | "orderNotFound" | "orderForEditNotFound" => Meaning::NotFound,
        other if REFUSALS.contains(&other) => Meaning::Refusal,
        _ => Meaning::Unclear,
    }
}

/// An error by its word.
pub(super) fn fault(reply: &Reply, word: &str) -> ReadFault {
    let words: String = word.chars().take(200).collect();
    ReadFault::Api(ApiError {
        code: words.clone(),
        message: words,
        status: reply.status,
        meaning: meaning(word),
        retry_after_ms: None,
    })
}

#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    result: Text,
    #[serde(default)]
    error: Text,
}

/// The text of an answer of the derivatives API, which says `"result": "success"`.
pub(super) fn success(reply: &Reply) -> Result<&str, ReadFault> {
    let head = shared::body(reply).ok().and_then(|text| serde_json::from_str::<Head>(text).ok());
    no_failure(reply, head.as_ref())?;
    match head.as_ref().map(|head| head.result.0.as_str()) {
        Some("success") => shared::body(reply),
        Some("error") | None => Err(ReadFault::parse(reply, "neither a success nor an error")),
        Some(other) => Err(ReadFault::parse(reply, format!("{other:?} is no result"))),
    }
}

/// The text of an answer of the history, charts and key services, which have no such word.
pub(super) fn plain(reply: &Reply) -> Result<&str, ReadFault> {
    let head = shared::body(reply).ok().and_then(|text| serde_json::from_str::<Head>(text).ok());
    no_failure(reply, head.as_ref())?;
    shared::body(reply)
}

fn no_failure(reply: &Reply, head: Option<&Head>) -> Result<(), ReadFault> {
    let word = head.and_then(|head| head.error.some());
    if !reply.is_success() {
        let word = word.unwrap_or_default();
        return Err(shared::status_fault(reply, meaning(word), word, word));
    }
    match (word, head.map(|head| head.result.0.as_str())) {
        (Some(word), _) => Err(fault(reply, word)),
        (None, Some("error")) => Err(fault(reply, "an error without a word")),
        (None, _) => Ok(()),
    }
}

/// The rows of a success.
pub(super) fn read<T: DeserializeOwned>(reply: &Reply) -> Result<T, ReadFault> {
    shared::json(reply, success(reply)?)
}

/// The rows of an answer without a word of success.
pub(super) fn read_plain<T: DeserializeOwned>(reply: &Reply) -> Result<T, ReadFault> {
    shared::json(reply, plain(reply)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart_by_what_the_caller_does_next() {
        for (word, is) in [
            ("insufficientAvailableFunds", Meaning::Refusal),
            ("clientOrderIdAlreadyExist", Meaning::DuplicateId),
            ("notFound", Meaning::NotFound),
            ("authenticationError", Meaning::Credentials),
            ("nonceDuplicate", Meaning::Clock),
            ("apiLimitExceeded", Meaning::RateLimit),
            ("Server Error", Meaning::Unclear),
            ("Unavailable", Meaning::Unclear),
            ("somethingNew", Meaning::Unclear),
        ] {
            assert_eq!(meaning(word), is, "{word}");
        }
    }

    #[test]
    fn an_error_inside_of_a_success_of_http_is_an_error() {
        let reply =
            Reply::new(200, r#"{"result":"error","error":"apiLimitExceeded","serverTime":"2024-01-01T00:00:00Z"}"#);
        assert_eq!(success(&reply).unwrap_err().meaning(), Meaning::RateLimit);
        assert!(matches!(success(&Reply::new(200, "{}")), Err(ReadFault::Parse { .. })));
        assert!(matches!(success(&Reply::new(200, "<html>")), Err(ReadFault::Parse { .. })));
        assert!(matches!(success(&Reply::new(503, "<html>")), Err(ReadFault::Api(_))));
    }
}
