//! Errors and what they mean to us. They are words, and come in three forms: an error of the whole answer
//! (`{error, error_details, message}`), a refused order inside of an answer that went well (`success: false`), and
//! plain text or HTML.

use crate::protocol::fault::{ApiError, Meaning, ReadFault};
use crate::protocol::http::Reply;
use crate::protocol::wire::Text;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Reasons of a refused order that are a clear no.
const REFUSALS: &[&str] = &[
    "UNSUPPORTED_ORDER_CONFIGURATION",
    "INVALID_SIDE",
    "INVALID_PRODUCT_ID",
    "INVALID_SIZE_PRECISION",
    "INVALID_PRICE_PRECISION",
    "INSUFFICIENT_FUND",
    "INSUFFICIENT_FUNDS",
    "INVALID_LEDGER_BALANCE",
    "ORDER_ENTRY_DISABLED",
    "INELIGIBLE_PAIR",
    "INVALID_LIMIT_PRICE_POST_ONLY",
    "INVALID_LIMIT_PRICE",
    "INVALID_NO_LIQUIDITY",
    "INVALID_REQUEST",
    "INVALID_ARGUMENT",
    "COMMANDER_REJECTED_NEW_ORDER",
    "IN_LIQUIDATION",
    "INVALID_MARGIN_TYPE",
    "INVALID_LEVERAGE",
    "UNTRADABLE_PRODUCT",
    "INVALID_FCM_TRADING_SESSION",
    "GEOFENCING_RESTRICTION",
    "QUOTE_SIZE_NOT_ALLOWED_FOR_BRACKET",
    "INVALID_BRACKET_PRICES",
    "MISSING_MARKET_TRADE_DATA",
    "INVALID_BRACKET_LIMIT_PRICE",
    "INVALID_BRACKET_STOP_TRIGGER_PRICE",
    "BRACKET_LIMIT_PRICE_OUT_OF_BOUNDS",
    "STOP_TRIGGER_PRICE_OUT_OF_BOUNDS",
    "BRACKET_ORDER_NOT_SUPPORTED",
    "FOK_DISABLED",
    "FOK_ONLY_ALLOWED_ON_LIMIT_ORDERS",
    "POST_ONLY_NOT_ALLOWED_WITH_FOK",
    "UBO_HIGH_LEVERAGE_QUANTITY_BREACHED",
    "END_TIME_TOO_FAR_IN_FUTURE",
    "LIMIT_PRICE_TOO_FAR_FROM_MARKET",
    "OPEN_BRACKET_ORDERS",
    "FUTURES_AFTER_HOUR_INVALID_ORDER_TYPE",
    "FUTURES_AFTER_HOUR_INVALID_TIME_IN_FORCE",
    "INVALID_ATTACHED_TAKE_PROFIT_PRICE",
    "INVALID_ATTACHED_STOP_LOSS_PRICE",
    "INVALID_ATTACHED_TAKE_PROFIT_PRICE_OUT_OF_BOUNDS",
    "INVALID_ATTACHED_STOP_LOSS_PRICE_OUT_OF_BOUNDS",
    "CANNOT_EDIT_TO_BELOW_FILLED_SIZE",
    "ORDER_IS_FULLY_FILLED",
    "ORDER_IS_NOT_ELIGIBLE_FOR_EDIT",
    "ONLY_LIMIT_ORDER_EDITS_SUPPORTED",
    "INVALID_EDITED_SIZE",
    "INVALID_EDITED_PRICE",
    "PRICE_AND_SIZE_NOT_CHANGED",
];

/// Words that say the client id is known already.
pub(super) const DUPLICATES: &[&str] = &["DUPLICATE_CLIENT_ORDER_ID", "DUPLICATE_ORDER_ID"];

/// What a word means. The previews' words are those of orders behind `PREVIEW_`.
pub(super) fn meaning(word: &str, status: u16) -> Meaning {
    let word = word.trim_start_matches("PREVIEW_");
    if DUPLICATES.contains(&word) {
        return Meaning::DuplicateId;
    }
    if REFUSALS.contains(&word) && status < 500 {
        return Meaning::Refusal;
    }
    match (word, status) {
        (_, 429) | ("RATE_LIMIT_EXCEEDED" | "rate_limit_exceeded" | "TOO_MANY_REQUESTS", _) => Meaning::RateLimit,
        ("NOT_FOUND" | "UNKNOWN_CANCEL_ORDER" | "ORDER_NOT_FOUND", _) => Meaning::NotFound,
        ("UNAUTHENTICATED" | "PERMISSION_DENIED" | "unauthorized" | "Unauthorized", _) => Meaning::Credentials,
        (_, 401) => Meaning::Credentials,
        _ => Meaning::Unclear,
    }
}

/// An error in the venue's words.
pub(super) fn api(reply: &Reply, word: &str, message: &str) -> ReadFault {
    let meaning = meaning(word, reply.status);
    let asked = reply.header("retry-after").filter(|_| meaning == Meaning::RateLimit);
    let retry_after_ms = asked.and_then(|s| s.trim().parse::<i64>().ok()).and_then(|s| s.checked_mul(1000));
    let message = message.chars().take(200).collect();
    ApiError { code: word.to_owned(), message, status: reply.status, meaning, retry_after_ms }.into()
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Failure {
    error: Text,
    message: Text,
    error_details: Text,
}

/// The answer in a reply.
///
/// # Errors
/// [`ReadFault`]: the venue's error, or something that is no answer.
pub(super) fn answer<T: DeserializeOwned>(reply: &Reply) -> Result<T, ReadFault> {
    let text = std::str::from_utf8(&reply.body).map_err(|e| ReadFault::parse(reply, e))?;
    let failure = serde_json::from_str::<Failure>(text).unwrap_or_default();
    if !reply.is_success() || failure.error.some().is_some() {
        let status = reply.status.to_string();
        let word = failure.error.some().unwrap_or(&status);
        let words = failure.message.owned().or_else(|| failure.error_details.owned());
        return Err(api(reply, word, &words.unwrap_or_else(|| reply.excerpt())));
    }
    // An empty list would pass for an object whose fields may all be absent.
    if !text.trim_start().starts_with('{') {
        return Err(ReadFault::parse(reply, "an object was expected"));
    }
    serde_json::from_str(text).map_err(|e| ReadFault::parse(reply, e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::IgnoredAny;

    fn refused(status: u16, body: &str) -> ApiError {
        match answer::<IgnoredAny>(&Reply::new(status, body)).err() {
            Some(ReadFault::Api(error)) => error,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn errors_are_words_text_or_html() {
        let error = refused(400, r#"{"error":"INVALID_ARGUMENT","error_details":"x","message":"y"}"#);
        assert_eq!((error.code.as_str(), error.meaning), ("INVALID_ARGUMENT", Meaning::Refusal));
        assert_eq!(refused(401, "Unauthorized\n").meaning, Meaning::Credentials);
        assert_eq!(refused(502, "<html></html>").meaning, Meaning::Unclear);
        assert_eq!(refused(500, r#"{"error":"INTERNAL","message":"y"}"#).meaning, Meaning::Unclear);
        assert_eq!(refused(429, "").meaning, Meaning::RateLimit);
        assert!(matches!(answer::<IgnoredAny>(&Reply::new(200, "<html>")), Err(ReadFault::Parse { .. })));
    }
}
