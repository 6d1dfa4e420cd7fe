//! What the venue's codes mean to us.
//!
//! A code is a refusal only if it stands in [`REFUSALS`]: those that the venue gives before an order reaches the engine,
//! or with which the engine declines it. Everything unknown is unclear.

use crate::protocol::{ApiError, Meaning, Reply};

/// Ours are known already: an earlier order landed.
const DUPLICATES: &[&str] = &["51011", "51016", "51065", "51068"];
/// No such order, or none that still works.
const NOT_FOUND: &[&str] = &["51063", "51400", "51401", "51402", "51405", "51503", "51509", "51510", "51603"];
/// Key, signature, permission.
const CREDENTIALS: &[&str] = &[
    "50030", "50035", "50100", "50101", "50103", "50104", "50105", "50106", "50107", "50108", "50110", "50111",
    "50113", "50114", "50119", "50120", "50121", "60001", "60002", "60003", "60005", "60007", "60009", "60011",
    "60024",
];
/// Our clock is wrong.
const CLOCK: &[&str] = &["50102", "50112", "60004", "60006"];
/// Too many requests.
const RATE: &[&str] = &["50011", "50061", "60014"];
/// Clear refusals: the request is wrong, the account may not, the market does not take it, or the funds don't suffice.
const REFUSALS: &[&str] = &[
    // The request itself; 50036 and 50037: it came behind its deadline.
    "50000", "50002", "50006", "50014", "50015", "50016", "50024", "50025", "50036", "50037", "50038", "50115",
    // The account.
    "50007", "50008", "50009", "50010", "50012", "50027", "50028", "51010", "51024",
    // The instrument, and the order's fields.
    "51000", "51001", "51002", "51003", "51004", "51005", "51006", "51007", "51009", "51012", "51014", "51015", "51020",
    "51021", "51022", "51023", "51025", "51026", "51027", "51028", "51029", "51030", "51031", "51033", "51036",
    "51037", "51038", "51046", "51047", "51048", "51049", "51050", "51051", "51052", "51058", "51059",
    // Sizes, prices and positions.
    "51100", "51101", "51102", "51103", "51104", "51105", "51106", "51107", "51108", "51109", "51111", "51112", "51113",
    "51115", "51116", "51117", "51120", "51121", "51122", "51124", "51125", "51136", "51137", "51138", "51139",
    "51148", "51150", "51155", "51169", "51170", "51201", "51202", "51205", // Funds.
    "51008", "51119", "51127", "51131", // Triggers.
    "51250", "51277", "51278", "51279", "51280",
];

/// What a code means to us.
pub(super) fn meaning(code: &str) -> Meaning {
    let known = [
        (DUPLICATES, Meaning::DuplicateId),
        (NOT_FOUND, Meaning::NotFound),
        (CREDENTIALS, Meaning::Credentials),
        (CLOCK, Meaning::Clock),
        (RATE, Meaning::RateLimit),
        (REFUSALS, Meaning::Refusal),
    ];
    known.iter().find(|(codes, _)| codes.contains(&code)).map_or(Meaning::Unclear, |(_, meaning)| *meaning)
}

/// An error in the venue's words.
pub(super) fn api(reply: &Reply, code: &str, message: &str) -> ApiError {
    let meaning = match reply.status {
        429 | 418 => Meaning::RateLimit,
        _ => meaning(code),
    };
    error(code, message, reply.status, meaning, retry_after(reply))
}

/// An answer that has no code: a page of a proxy, or nothing at all.
pub(super) fn http(reply: &Reply) -> ApiError {
    let meaning = match reply.status {
        429 | 418 => Meaning::RateLimit,
        401 => Meaning::Credentials,
        _ => Meaning::Unclear,
    };
    error(&format!("http {}", reply.status), &reply.excerpt(), reply.status, meaning, retry_after(reply))
}

/// An error with all its parts.
pub(super) fn error(code: &str, message: &str, status: u16, meaning: Meaning, retry_after_ms: Option<i64>) -> ApiError {
    let message = message.chars().take(200).collect();
    ApiError { code: code.to_owned(), message, status, meaning, retry_after_ms }
}

/// A number of seconds, as HTTP has it.
fn retry_after(reply: &Reply) -> Option<i64> {
    let seconds: i64 = reply.header("retry-after")?.trim().parse().ok()?;
    seconds.checked_mul(1000).filter(|ms| *ms >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_out_and_an_unknown_code_are_unclear_and_a_double_is_no_refusal() {
        for (code, wanted) in [
            ("50004", Meaning::Unclear),
            ("51149", Meaning::Unclear),
            ("50013", Meaning::Unclear),
            ("99999", Meaning::Unclear),
            ("51016", Meaning::DuplicateId),
            ("51603", Meaning::NotFound),
            ("50102", Meaning::Clock),
            ("50011", Meaning::RateLimit),
            ("50113", Meaning::Credentials),
            ("51008", Meaning::Refusal),
        ] {
            assert_eq!(meaning(code), wanted, "{code}");
        }
    }

    #[test]
    fn no_code_has_two_meanings() {
        let all = [DUPLICATES, NOT_FOUND, CREDENTIALS, CLOCK, RATE, REFUSALS].concat();
        let mut once = all.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), all.len());
    }
}
