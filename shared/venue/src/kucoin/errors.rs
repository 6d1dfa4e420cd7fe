//! What KuCoin's error codes mean to us. Spot, futures and the unified account share one list, in which a few codes say
//! different things at different servers: there the words decide.

use crate::protocol::{ApiError, Meaning, Reply};

/// Codes with one meaning. What is not here is unclear: the outcome of an order is looked up then.
const CODES: &[(&str, Meaning)] = &[
    // The key.
    ("400001", Meaning::Credentials),
    ("400002", Meaning::Clock),
    ("400003", Meaning::Credentials),
    ("400004", Meaning::Credentials),
    ("400005", Meaning::Credentials),
    ("400006", Meaning::Credentials),
    ("400007", Meaning::Credentials),
    ("400008", Meaning::Credentials),
    ("400009", Meaning::Credentials),
    ("400010", Meaning::Credentials),
    ("400011", Meaning::Credentials),
    ("400012", Meaning::Credentials),
    ("411200", Meaning::Credentials),
    // How often.
    ("1015", Meaning::RateLimit),
    ("429", Meaning::RateLimit),
    ("429000", Meaning::RateLimit),
    // Known already.
    ("102426", Meaning::DuplicateId),
    ("300018", Meaning::DuplicateId),
    // A clear no: the balance, the market, the parameters, the limits of risk.
    ("100001", Meaning::Refusal),
    ("100003", Meaning::Refusal),
    ("102421", Meaning::Refusal),
    ("200001", Meaning::Refusal),
    ("200003", Meaning::Refusal),
    ("200004", Meaning::Refusal),
    ("200005", Meaning::Refusal),
    ("200009", Meaning::Refusal),
    ("300000", Meaning::Refusal),
    ("300001", Meaning::Refusal),
    ("300003", Meaning::Refusal),
    ("300004", Meaning::Refusal),
    ("300005", Meaning::Refusal),
    ("300006", Meaning::Refusal),
    ("300009", Meaning::Refusal),
    ("300011", Meaning::Refusal),
    ("300012", Meaning::Refusal),
    ("300016", Meaning::Refusal),
    ("400100", Meaning::Refusal),
    ("400200", Meaning::Refusal),
    ("400500", Meaning::Refusal),
    ("400600", Meaning::Refusal),
    ("400700", Meaning::Refusal),
    ("411100", Meaning::Refusal),
    ("600203", Meaning::Refusal),
    ("900001", Meaning::Refusal),
    // The order is not there, or not any more.
    ("100004", Meaning::NotFound),
];

/// How long the edge is silent after too many requests of one address, in milliseconds.
const EDGE_BAN_MS: i64 = 30_000;
/// How long a futures endpoint is closed after too many requests, in milliseconds.
const FUTURES_BAN_MS: i64 = 10_000;

/// What a code says, with its words.
pub(super) fn meaning(code: &str, words: &str) -> Meaning {
    let words = words.to_ascii_lowercase();
    let says = |part: &str| words.contains(part);
    if (says("clientoid") || says("client_oid") || says("custom order id"))
        && (says("repeat") || says("duplicate") || says("exist"))
        && !says("not exist")
    {
        return Meaning::DuplicateId;
    }
    if says("not exist") || says("not_exist") || says("order not found") {
        return if says("key") { Meaning::Credentials } else { not_found(code) };
    }
    if says("too many requests") {
        return Meaning::RateLimit;
    }
    CODES.iter().find(|(known, _)| *known == code).map_or(Meaning::Unclear, |(_, meaning)| *meaning)
}

/// "Does not exist" is about an order, unless the code says that a market or parameter is meant.
fn not_found(code: &str) -> Meaning {
    match code {
        "100003" | "200003" | "900001" => Meaning::Refusal,
        _ => Meaning::NotFound,
    }
}

/// The venue's error.
pub(super) fn of(reply: &Reply, code: &str, words: &str) -> ApiError {
    let by_status = match reply.status {
        401 => Some(Meaning::Credentials),
        418 | 429 => Some(Meaning::RateLimit),
        _ => None,
    };
    let meaning = match (meaning(code, words), by_status) {
        (Meaning::Unclear, Some(status)) => status,
        (known, _) => known,
    };
    let retry_after_ms = if meaning == Meaning::RateLimit { silence(reply, code) } else { None };
    ApiError {
        code: code.to_owned(),
        message: words.chars().take(200).collect(),
        status: reply.status,
        meaning,
        retry_after_ms,
    }
}

/// For how long to be silent: the gateway's header counts milliseconds, the standard one seconds.
fn silence(reply: &Reply, code: &str) -> Option<i64> {
    let number = |name: &str| reply.header(name).and_then(|text| text.trim().parse::<i64>().ok());
    number("gw-ratelimit-reset").or_else(|| number("retry-after").and_then(|s| s.checked_mul(1000))).or(match code {
        "1015" => Some(EDGE_BAN_MS),
        "200002" => Some(FUTURES_BAN_MS),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_with_two_meanings_is_read_by_its_words() {
        for (code, words, meant) in [
            ("400100", "Parameter Error", Meaning::Refusal),
            ("400100", "order_not_exist_or_not_allow_to_cancel", Meaning::NotFound),
            ("400100", "clientOid repeat", Meaning::DuplicateId),
            ("200002", "Order cancel for this pair suspended", Meaning::Unclear),
            ("200002", "Too many requests in a short period of time, please retry later", Meaning::RateLimit),
            ("400003", "KC-API-KEY not exists", Meaning::Credentials),
            ("300018", "", Meaning::DuplicateId),
            ("500000", "Internal Server Error", Meaning::Unclear),
            ("999999", "anything", Meaning::Unclear),
        ] {
            assert_eq!(meaning(code, words), meant, "{code} {words}");
        }
    }

    #[test]
    fn the_gateways_reset_says_how_long_to_be_silent() {
        let mut reply = Reply::new(429, r#"{"code":"429000","msg":"Too many requests"}"#);
        reply.headers.push(("gw-ratelimit-reset".to_owned(), "1234".to_owned()));
        let error = of(&reply, "429000", "Too many requests");
        assert_eq!((error.meaning, error.retry_after_ms), (Meaning::RateLimit, Some(1234)));
        assert_eq!(of(&Reply::new(403, ""), "1015", "").retry_after_ms, Some(30_000));
    }
}
