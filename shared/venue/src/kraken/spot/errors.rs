//! What the spot exchange's error texts mean to us. They are of the form `ECategory:Words[:detail]`; the words are the code.

use crate::kraken::shared;
use crate::protocol::Reply;
use crate::protocol::fault::{ApiError, Meaning, ReadFault};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Texts (or their beginnings) that are a clear no: the order was not taken, and will not be.
const REFUSALS: [&str; 44] = [
    "EOrder:Insufficient funds",
    "EOrder:Insufficient margin",
    "EOrder:Insufficient initial margin",
    "EOrder:Cannot open position",
    "EOrder:Cannot open opposing position",
    "EOrder:Margin allowance exceeded",
    "EOrder:Margin level too low",
    "EOrder:Margin position size exceeded",
    "EOrder:Order minimum not met",
    "EOrder:Cost minimum not met",
    "EOrder:Tick size check failed",
    "EOrder:Orders limit exceeded",
    "EOrder:Positions limit exceeded",
    "EOrder:Scheduled orders limit exceeded",
    "EOrder:Trading agreement required",
    "EOrder:Post only order",
    "EOrder:Reduce only",
    "EOrder:Invalid price",
    "EOrder:Invalid order",
    "EOrder:Not enough leverage",
    "EOrder:Unknown position",
    "EOrder:Limit price is too far",
    "EOrder:Order would immediately match",
    "EGeneral:Invalid arguments",
    "EGeneral:Unknown method",
    "EGeneral:Deadline elapsed",
    "EService:Deadline elapsed",
    "EOrder:Deadline elapsed",
    "EOrder:Deadline",
    "EService:Market in cancel_only mode",
    "EService:Market in post_only mode",
    "EService:Market in limit_only mode",
    "EService:Market in maintenance",
    "EQuery:Unknown asset pair",
    "EQuery:Unknown asset",
    "EQuery:Invalid asset pair",
    "EQuery:Invalid arguments",
    "EAccount:Invalid permissions",
    "EOrder:Trading disabled",
    "EOrder:Market is not open",
    "EOrder:Order type not supported",
    "EOrder:Invalid leverage",
    "ETrade:Invalid request",
    "EOrder:Invalid amount",
];
/// Texts about the key, its signature or its permissions.
const CREDENTIALS: [&str; 8] = [
    "EAPI:Invalid key",
    "EAPI:Invalid signature",
    "EAPI:Bad request",
    "EAPI:Feature disabled",
    "EGeneral:Permission denied",
    "EAuth:",
    "ESession:",
    "EAccount:",
];
/// Texts about too many requests.
const LIMITS: [&str; 8] = [
    "EAPI:Rate limit exceeded",
    "EOrder:Rate limit exceeded",
    "EOrder:Domain rate limit exceeded",
    "EGeneral:Temporary lockout",
    "EGeneral:Too many requests",
    "EService:Throttled",
    "EAPI:Throttled",
    "EQuery:Rate limit exceeded",
];
/// Texts that say that there is no such order.
const UNKNOWN_ORDERS: [&str; 4] =
    ["EOrder:Unknown order", "EOrder:Order not found", "EQuery:Unknown order", "EOrder:Invalid order id"];

/// What one of the texts means. What is on no list is unclear: the venue is busy, or the text is new.
pub(super) fn meaning(text: &str) -> Meaning {
    let begins = |list: &[&str]| list.iter().any(|known| text.starts_with(known));
    let lower = text.to_ascii_lowercase();
    let about_id = lower.contains("cl_ord_id") || lower.contains("client order id");
    let taken = ["unique", "duplicate", "already", "in use"].iter().any(|word| lower.contains(word));
    if about_id && taken {
        Meaning::DuplicateId
    } else if begins(&LIMITS) {
        Meaning::RateLimit
    } else if text.starts_with("EAPI:Invalid nonce") {
        Meaning::Clock
    } else if begins(&UNKNOWN_ORDERS) {
        Meaning::NotFound
    } else if begins(&REFUSALS) {
        Meaning::Refusal
    } else if begins(&CREDENTIALS) {
        Meaning::Credentials
    } else {
        Meaning::Unclear
    }
}

/// Of several texts the one that matters most: a double before all, then what is unclear, then the first.
fn worst(texts: &[String]) -> Option<(&str, Meaning)> {
    let all: Vec<_> = texts.iter().map(|text| (text.as_str(), meaning(text))).collect();
    let of = |wanted| all.iter().find(|(_, meaning)| *meaning == wanted);
    of(Meaning::DuplicateId).or_else(|| of(Meaning::Unclear)).or_else(|| all.first()).copied()
}

/// The error of some texts, if there are any. Texts that begin with W are warnings.
pub(super) fn fault_of(texts: &[String], status: u16) -> Option<ApiError> {
    let errors: Vec<String> = texts.iter().filter(|text| !text.is_empty() && !text.starts_with('W')).cloned().collect();
    let (text, meaning) = worst(&errors)?;
    let words = |text: &str| text.chars().take(200).collect::<String>();
    Some(ApiError { code: words(text), message: words(&errors.join("; ")), status, meaning, retry_after_ms: None })
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(default)]
    error: Vec<String>,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
}

/// The `result` of an answer; an error of the venue, or of the way there, is told instead.
pub(super) fn result(reply: &Reply) -> Result<&str, ReadFault> {
    let envelope = shared::body(reply).ok().and_then(|text| serde_json::from_str::<Envelope<'_>>(text).ok());
    if !reply.is_success() {
        let told = envelope.as_ref().and_then(|envelope| fault_of(&envelope.error, reply.status));
        return Err(told.map_or_else(
            || shared::status_fault(reply, Meaning::Unclear, "", ""),
            |error| shared::status_fault(reply, error.meaning, &error.code, &error.message),
        ));
    }
    let envelope = envelope.ok_or_else(|| ReadFault::parse(reply, "no envelope of error and result"))?;
    if let Some(error) = fault_of(&envelope.error, reply.status) {
        return Err(ReadFault::Api(error));
    }
    let result = envelope.result.map(RawValue::get).filter(|text| *text != "null");
    result.ok_or_else(|| ReadFault::parse(reply, "neither an error nor a result"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_told_apart_by_what_the_caller_does_next() {
        for (text, is) in [
            ("EOrder:Insufficient funds", Meaning::Refusal),
            ("EGeneral:Invalid arguments:volume", Meaning::Refusal),
            ("EGeneral:Invalid arguments:cl_ord_id must be unique", Meaning::DuplicateId),
            ("EOrder:Unknown order", Meaning::NotFound),
            ("EAPI:Invalid key", Meaning::Credentials),
            ("EGeneral:Permission denied", Meaning::Credentials),
            ("EAPI:Invalid nonce", Meaning::Clock),
            ("EAPI:Rate limit exceeded", Meaning::RateLimit),
            ("EOrder:Rate limit exceeded", Meaning::RateLimit),
            ("EService:Throttled: 1700000000", Meaning::RateLimit),
            ("EService:Unavailable", Meaning::Unclear),
            ("EService:Busy", Meaning::Unclear),
            ("EGeneral:Internal error", Meaning::Unclear),
            ("EOrder:Something new", Meaning::Unclear),
        ] {
            assert_eq!(meaning(text), is, "{text}");
        }
    }

    #[test]
    fn an_unclear_text_beside_a_refusal_leaves_the_outcome_open() {
        let texts = ["EOrder:Insufficient funds".to_owned(), "EService:Timeout".to_owned()];
        assert_eq!(fault_of(&texts, 200).unwrap().meaning, Meaning::Unclear);
    }

    #[test]
    fn pages_that_are_no_json_are_faults_of_the_way() {
        let gate = result(&Reply::new(502, "<html>Bad gateway</html>")).unwrap_err();
        assert_eq!(gate.meaning(), Meaning::Unclear);
        assert!(matches!(gate, ReadFault::Api(_)));
        let mut busy = Reply::new(429, "slow down");
        busy.headers.push(("retry-after".into(), "7".into()));
        let ReadFault::Api(error) = result(&busy).unwrap_err() else { panic!() };
        assert_eq!((error.meaning, error.retry_after_ms), (Meaning::RateLimit, Some(7000)));
        assert!(matches!(result(&Reply::new(200, "<html>")), Err(ReadFault::Parse { .. })));
        assert!(matches!(result(&Reply::new(200, r#"{"error":[]}"#)), Err(ReadFault::Parse { .. })));
    }
}
