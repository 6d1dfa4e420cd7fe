//! The venue's errors: a code and words, in a body of status 4xx or 5xx, and now and then of status 200.
//!
//! Sources: the venue's pages "Error codes" of spot, USD-M and COIN-M. A code means [`Meaning::Refusal`] only if it is
//! in a list here: those say that the request was looked at and turned down before anything was done. A status of 5xx
//! never is, whatever the code: the venue says itself that the outcome is then unknown.

use crate::protocol::wire::Text;
use crate::protocol::{ApiError, Meaning, ReadFault, Reply};
use serde::Deserialize;

/// Which of the venue's two tables of codes holds: the same number means different things in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Spot, margin and the wallet.
    Spot,
    /// Contracts and options.
    Contract,
}

/// Requests that were refused as such: a parameter is missing, malformed, or breaks a filter.
const REFUSED: [i64; 49] = [
    -1013, -1014, -1020, -1023, -1100, -1101, -1102, -1103, -1104, -1105, -1106, -1108, -1110, -1111, -1112, -1113,
    -1114, -1115, -1116, -1117, -1118, -1119, -1120, -1121, -1122, -1126, -1127, -1128, -1130, -1131, -1134, -1135,
    -1136, -1145, -1151, -1155, -1165, -1166, -1169, -1170, -1171, -1172, -1173, -1174, -2016, -2018, -2019, -2042,
    -2043,
];
/// The same, in the table of spot and margin.
const REFUSED_SPOT: [i64; 22] = [
    -1152, -1153, -1158, -1161, -1163, -1164, -1167, -2022, -2035, -2036, -2038, -2039, -3004, -3006, -3008, -3021,
    -3022, -3027, -3028, -3041, -3045, -3067,
];
/// The same, in the table of contracts.
const REFUSED_CONTRACT: [i64; 60] = [
    -2020, -2021, -2022, -2023, -2024, -2025, -2026, -2027, -2028, -4000, -4001, -4002, -4003, -4004, -4005, -4006,
    -4007, -4008, -4009, -4010, -4011, -4012, -4013, -4014, -4015, -4016, -4023, -4024, -4025, -4026, -4028, -4029,
    -4030, -4045, -4047, -4048, -4050, -4051, -4054, -4055, -4061, -4062, -4067, -4068, -4087, -4088, -4104, -4118,
    -4120, -4131, -4136, -4137, -4164, -4183, -4400, -5021, -5022, -5025, -5037, -5041,
];

#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    code: Text,
    #[serde(default)]
    msg: Text,
}

/// The code and the words of an error, if the body is one.
pub(super) fn told(body: &[u8]) -> Option<(i64, String)> {
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return None;
    }
    let told: Told = serde_json::from_slice(body).ok()?;
    let code = told.code.0.parse::<i64>().ok()?;
    // Some writes answer with a code of success.
    (code != 200 && code != 0).then(|| (code, told.msg.0.chars().take(200).collect()))
}

/// What a code means to us.
pub(super) fn meaning(code: i64, message: &str, status: u16, family: Family) -> Meaning {
    if status >= 500 && code != -1008 {
        return Meaning::Unclear;
    }
    let duplicate = message.to_ascii_lowercase().contains("duplicate order") || message.contains("is duplicated");
    match (code, family) {
        (-1002 | -1022 | -2014 | -2015 | -2017 | -1099, _) => Meaning::Credentials,
        (-1021 | -5028, _) => Meaning::Clock,
        (-1003 | -1008 | -1015 | -1034, _) => Meaning::RateLimit,
        (-2013, _) => Meaning::NotFound,
        (-2011, _) if message.starts_with("Unknown order") => Meaning::NotFound,
        (-2010, _) if duplicate => Meaning::DuplicateId,
        (-2010 | -2011, _) => Meaning::Refusal,
        (-4111 | -4116, Family::Contract) => Meaning::DuplicateId,
        (code, _) if REFUSED.contains(&code) => Meaning::Refusal,
        (code, Family::Spot) if REFUSED_SPOT.contains(&code) => Meaning::Refusal,
        (code, Family::Contract) if REFUSED_CONTRACT.contains(&code) => Meaning::Refusal,
        _ => Meaning::Unclear,
    }
}

fn retry_after_ms(reply: &Reply) -> Option<i64> {
    reply.header("retry-after")?.trim().parse::<i64>().ok()?.checked_mul(1000)
}

/// An error in the venue's own words.
pub(super) fn api(code: i64, message: String, reply: &Reply, family: Family) -> ApiError {
    let meaning = meaning(code, &message, reply.status, family);
    ApiError { code: code.to_string(), message, status: reply.status, meaning, retry_after_ms: retry_after_ms(reply) }
}

/// Whether a reply is an answer at all.
///
/// # Errors
/// [`ReadFault`] if it tells of an error, or has a status of one without telling which.
pub(super) fn check(reply: &Reply, family: Family) -> Result<(), ReadFault> {
    let told = told(&reply.body);
    if matches!(reply.status, 418 | 429) {
        let (code, message) = told.unwrap_or((i64::from(reply.status), reply.excerpt()));
        let limited = ApiError { meaning: Meaning::RateLimit, ..api(code, message, reply, family) };
        return Err(limited.into());
    }
    match told {
        Some((code, message)) => Err(api(code, message, reply, family).into()),
        None if reply.is_success() => Ok(()),
        None => Err(ReadFault::parse(reply, "an error that is not of the venue's form")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str, family: Family) -> Meaning {
        check(&Reply::new(status, body), family).unwrap_err().meaning()
    }

    #[test]
    fn one_code_is_a_duplicate_or_a_refusal_by_its_words() {
        let told = |msg: &str| of(400, &format!(r#"{{"code":-2010,"msg":"{msg}"}}"#), Family::Spot);
        assert_eq!(told("Duplicate order sent."), Meaning::DuplicateId);
        assert_eq!(told("Account has insufficient balance for requested action."), Meaning::Refusal);
        assert_eq!(told("Order would immediately match and take."), Meaning::Refusal);
        let duplicate = r#"{"code":-4116,"msg":"ClientOrderId is duplicated."}"#;
        assert_eq!(of(400, duplicate, Family::Contract), Meaning::DuplicateId);
    }

    #[test]
    fn what_the_venue_does_not_know_itself_is_unclear() {
        for (status, body) in [
            (
                400,
                r#"{"code":-1006,"msg":"An unexpected response was received from the message bus. Execution status unknown."}"#,
            ),
            (408, r#"{"code":-1007,"msg":"Timeout waiting for response from backend server."}"#),
            (503, r#"{"code":-1000,"msg":"Unknown error, please check your request or try again later."}"#),
            (502, r#"{"code":-2010,"msg":"Account has insufficient balance for requested action."}"#),
            (400, r#"{"code":-99999,"msg":"new"}"#),
            (409, r#"{"code":-2021,"msg":"Order cancel-replace partially failed.","data":{}}"#),
            (403, "<html>blocked</html>"),
            (502, "<html>Bad Gateway</html>"),
            (200, r#"{"code":-1000,"msg":"?"}"#),
        ] {
            assert_eq!(of(status, body, Family::Spot), Meaning::Unclear, "{body}");
        }
    }

    #[test]
    fn one_number_means_two_things_in_the_two_tables() {
        let body = r#"{"code":-2021,"msg":"Order would immediately trigger."}"#;
        assert_eq!(of(400, body, Family::Contract), Meaning::Refusal);
        assert_eq!(of(400, body, Family::Spot), Meaning::Unclear);
    }

    #[test]
    fn a_limit_says_for_how_long_to_be_silent() {
        let mut reply = Reply::new(429, r#"{"code":-1003,"msg":"Too many requests."}"#);
        reply.headers.push(("retry-after".to_owned(), "7".to_owned()));
        let Err(ReadFault::Api(error)) = check(&reply, Family::Spot) else { panic!("no error") };
        assert_eq!((error.meaning, error.retry_after_ms), (Meaning::RateLimit, Some(7000)));
        assert_eq!(of(418, "<html>", Family::Spot), Meaning::RateLimit);
    }

    #[test]
    fn a_code_of_success_is_no_error() {
        for body in [r#"{"code":"200","msg":"success","algoId":1}"#, r#"{"code":200,"msg":"done"}"#, "[]", "{}"] {
            assert_eq!(check(&Reply::new(200, body), Family::Contract), Ok(()), "{body}");
        }
    }
}
