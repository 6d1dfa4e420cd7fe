//! What the venue's codes mean to us.
//!
//! `Refusal` is an allow list: a code is on it only if the venue says that the order was not taken. Everything else, a
//! time-out of the venue above all (40010, 40725, 45001, 25001), leaves the outcome open.

use super::super::protocol::fault::{ApiError, Meaning};

/// Key, signature, passphrase, address or permission.
const CREDENTIALS: [&str; 27] = [
    "40001", "40002", "40003", "40006", "40009", "40011", "40012", "40014", "40016", "40018", "40021", "40022",
    "40023", "40024", "40025", "40026", "40036", "40037", "40038", "40040", "40041", "49003", "30004", "30005",
    "30011", "30012", "30015",
];

/// Our clock and the venue's differ too much.
const CLOCK: [&str; 7] = ["40004", "40005", "40008", "40078", "40911", "30013", "30014"];

/// Too many requests.
const RATE_LIMIT: [&str; 5] = ["429", "25004", "30006", "30007", "40407"];

/// The client id is known already.
pub(super) const DUPLICATE: [&str; 5] = ["40786", "43118", "45034", "50060", "25212"];

/// No such order.
const NOT_FOUND: [&str; 11] =
    ["40109", "40768", "40819", "43001", "43020", "43025", "45057", "31007", "22001", "25204", "80011"];

/// A clear no: the request was understood, and nothing was done.
const REFUSALS: [&str; 127] = [
    // The parameters.
    "00171", "00172", "400172", "40017", "40019", "40020", "40034", "40053", "40056", "40057", "40058", "40059",
    "40072", "40102", "40304", "40305", "40306", "40402", "40408", "40409", "40706", "40724", "40774", "40787",
    "40808", "40811", "40812", "40813", "40924", "40925", "41101", "41103", "43011", "43028", "43058", "43111",
    "43123", "43125", "45035", "45115", "48001", "48002", "50018", "25244",
    // The balance, the margin, the position.
    "40709", "40711", "40712", "40754", "40757", "40762", "40763", "40798", "40800", "40804", "40838", "43012", "43029",
    "43043", "43132", "45002", "45003", "45005", "45006", "50020", "22002", "25202", "25203", "25219", "25223",
    "25225", "25226", "25227", "25230", "25231", "25233",
    // Too little, too much, too many, too far from the market.
    "40723", "40761", "40815", "40816", "40820", "40821", "40889", "43005", "43006", "43007", "43008", "43009", "43010",
    "43027", "43037", "43038", "43039", "43040", "43041", "43042", "43128", "45103", "45104", "45110", "45111",
    "45112", "45113", "45114", "45118", "50017", "50046", "50047", "50048", "25205", "25206", "25207", "25208",
    "25211", // The market is closed, or the account is of the other system.
    "40308", "40309", "41113", "41114", "43119", "43120", "22056", "25100", "25101", "25102", "25103", "25104",
    "40085", "25245",
];

/// Trigger prices on the wrong side of the market: a clear no too.
const TRIGGERS: [&str; 22] = [
    "40829", "40830", "40831", "40832", "40833", "40834", "40835", "40836", "40915", "40917", "43013", "43014",
    "43015", "43016", "43034", "43035", "45060", "45061", "45062", "45064", "45065", "45122",
];

/// What a code means, with the words beside it where the code alone says too little.
pub(super) fn meaning(code: &str, message: &str, status: u16) -> Meaning {
    let is_in = |codes: &[&str]| codes.contains(&code);
    if is_in(&DUPLICATE) || code == "40708" && message.to_ascii_lowercase().contains("client") {
        // 40708 is a duplicate on some endpoints and any wrong parameter on others.
        Meaning::DuplicateId
    } else if is_in(&RATE_LIMIT) || matches!(status, 429 | 418) {
        Meaning::RateLimit
    } else if is_in(&NOT_FOUND) {
        Meaning::NotFound
    } else if is_in(&CREDENTIALS) {
        Meaning::Credentials
    } else if is_in(&CLOCK) {
        Meaning::Clock
    } else if (is_in(&REFUSALS) || is_in(&TRIGGERS)) && status < 500 {
        Meaning::Refusal
    } else {
        Meaning::Unclear
    }
}

/// The venue's error as ours.
pub(super) fn api_error(code: &str, message: &str, status: u16, retry_after_ms: Option<i64>) -> ApiError {
    ApiError {
        code: code.to_owned(),
        message: message.chars().take(200).collect(),
        status,
        meaning: meaning(code, message, status),
        retry_after_ms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_client_id_is_never_a_refusal() {
        for code in DUPLICATE {
            assert_eq!(meaning(code, "", 400), Meaning::DuplicateId, "{code}");
            assert!(!REFUSALS.contains(&code), "{code}");
        }
        assert_eq!(meaning("40708", "clientOid exists", 400), Meaning::DuplicateId);
        assert_eq!(meaning("40708", "Parameter verification failed", 400), Meaning::Unclear);
    }

    #[test]
    fn what_the_venue_did_not_finish_stays_open() {
        for code in ["40010", "40725", "45001", "25001", "25003", "40015", "50010", "no such code"] {
            assert_eq!(meaning(code, "", 400), Meaning::Unclear, "{code}");
        }
        assert_eq!(meaning("43012", "Insufficient balance", 400), Meaning::Refusal);
        assert_eq!(meaning("43012", "Insufficient balance", 502), Meaning::Unclear);
        assert_eq!(meaning("", "", 429), Meaning::RateLimit);
    }
}
