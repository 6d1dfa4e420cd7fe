//! The venue's envelope, its errors, and what each code means to us.
//!
//! Every answer is `{retCode, retMsg, result, retExtInfo, time}` with status 200, errors too. Other statuses come from
//! the network in front of the venue and often carry HTML.

use crate::protocol::fault::{ApiError, Meaning, ReadFault};
use crate::protocol::http::Reply;
use crate::protocol::wire::{MaybeNum, Text, millis};
use desk::time::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// Codes that are a clear no: the order was looked at and not taken.
const REFUSALS: &[&str] = &[
    "10001", // A parameter is wrong.
    "110003", "110004", "110005", "110006", "110007", "110009", "110011", "110012", "110013", "110014", "110015",
    "110016", "110017", "110018", "110020", "110021", "110022", "110023", "110024", "110025", "110026", "110027",
    "110028", "110029", "110031", "110032", "110033", "110034", "110035", "110036", "110037", "110038", "110039",
    "110040", "110041", "110042", "110043", "110044", "110045", "110046", "110047", "110048", "110049", "110050",
    "110051", "110052", "110053", "110054", "110055", "110056", "110057", "110058", "110059", "110060", "110061",
    "110062", "110063", "110064", "110065", "110066", "110067", "110068", "110069", "110070", "110071", "110073",
    "110074", "110075", "110076", "110077", "110078", "110080", "110082", "110083", "110085", "110086", "110087",
    "110088", "110089", "110090", "110091", "110092", "110093", "110094", "110095", "110096", "110097", "110098",
    "110099", "110100", "110101", "110102", "110103", "110104", "110105", "110106", "110107", "110108", "110109",
    "110110", // Margin, price, quantity and trigger rules of contracts.
    "170033", "170036", "170037", "170105", "170115", "170116", "170117", "170121", "170124", "170130", "170131",
    "170132", "170133", "170134", "170135", "170136", "170137", "170138", "170140", "170148", "170149", "170150",
    "170151", "170157", "170159", "170190", "170191", "170192", "170193", "170194", "170195", "170196", "170197",
    "170198", "170199", "170200", "170201", "170202", "170203", "170204", "170206", "170210", "170217", "170218",
    "170221", "170224", "170229", "170234", "170241", "170341", "170342", "170344", "170346", "170348", "170355",
    "170371", "170372", "170709", "170810", "170811", // The same of spot.
];

/// Codes that say the client id is known already.
pub(super) const DUPLICATES: &[&str] = &["110072", "170141", "30001", "110030"];

/// What a code means.
pub(super) fn meaning(code: &str) -> Meaning {
    if DUPLICATES.contains(&code) {
        return Meaning::DuplicateId;
    }
    if REFUSALS.contains(&code) {
        return Meaning::Refusal;
    }
    match code {
        // No such order, or none that still works. 170139 and 170142: filled or cancelled meanwhile.
        "20001" | "110001" | "110008" | "110010" | "110019" | "170139" | "170142" | "170143" | "170213" => {
            Meaning::NotFound
        }
        "10003" | "10004" | "10005" | "10007" | "10010" | "10024" | "10027" | "10028" | "10029" | "33004" => {
            Meaning::Credentials
        }
        "10002" => Meaning::Clock,
        "10006" | "10018" | "10429" | "429" | "418" => Meaning::RateLimit,
        // Among them 10014 (the same request twice), 10000 and 10016 (the server gave up): an order may stand.
        _ => Meaning::Unclear,
    }
}

/// One line of the errors of a batch.
#[derive(Debug, Deserialize)]
pub(super) struct Item {
    /// The code; 0 when it went well.
    #[serde(default)]
    pub(super) code: Text,
}

#[derive(Debug, Default, Deserialize)]
struct Items {
    #[serde(default)]
    list: Vec<Item>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "retCode", default)]
    code: Text,
    #[serde(rename = "retMsg", default)]
    message: Text,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(rename = "retExtInfo", borrow, default)]
    more: Option<&'a RawValue>,
    /// Kept as a number: an acknowledgement counts also if its time is nonsense.
    #[serde(default)]
    time: MaybeNum,
}

/// An answer without an error.
pub(super) struct Answer<T> {
    /// What was asked for.
    pub(super) result: T,
    /// When the venue answered.
    pub(super) time: Option<Timestamp>,
    /// In answers to batches: what became of each.
    pub(super) items: Vec<Item>,
}

/// When the venue wants to be asked again: its header names the instant, its body the present.
fn retry_after_ms(reply: &Reply, now: Option<Timestamp>) -> Option<i64> {
    let reset: i64 = reply.header("x-bapi-limit-reset-timestamp")?.trim().parse().ok()?;
    Some(Timestamp::from_ms(reset).ms_since(now?)).filter(|ms| (1..=600_000).contains(ms))
}

fn fault(reply: &Reply, code: &str, message: &str, now: Option<Timestamp>) -> ReadFault {
    let meaning = match (reply.status, meaning(code)) {
        (429 | 418, _) => Meaning::RateLimit,
        // Where an address asks too often the network in front answers this for ten minutes.
        (403, Meaning::Unclear) if reply.excerpt().to_lowercase().contains("too frequent") => Meaning::RateLimit,
        (_, meaning) => meaning,
    };
    let retry_after_ms = match (meaning == Meaning::RateLimit, reply.status) {
        (true, 403) => Some(600_000),
        (true, _) => retry_after_ms(reply, now),
        (false, _) => None,
    };
    let message = message.chars().take(200).collect();
    ApiError { code: code.to_owned(), message, status: reply.status, meaning, retry_after_ms }.into()
}

/// The answer in a reply.
///
/// # Errors
/// [`ReadFault`]: the venue's error, or something that is no answer.
pub(super) fn answer<T: DeserializeOwned>(reply: &Reply) -> Result<Answer<T>, ReadFault> {
    let text = std::str::from_utf8(&reply.body).map_err(|e| ReadFault::parse(reply, e))?;
    let envelope: Envelope<'_> = match serde_json::from_str(text) {
        Ok(envelope) => envelope,
        Err(_) if !reply.is_success() => {
            return Err(fault(reply, &reply.status.to_string(), &reply.excerpt(), None));
        }
        Err(e) => return Err(ReadFault::parse(reply, e)),
    };
    let code = envelope.code.some().unwrap_or_default();
    let time = envelope.time.0.and_then(|time| millis(time).ok());
    match code {
        "" if !reply.is_success() => return Err(fault(reply, &reply.status.to_string(), &reply.excerpt(), time)),
        "" => return Err(ReadFault::parse(reply, "there is no retCode")),
        "0" if !reply.is_success() => {
            return Err(fault(reply, &reply.status.to_string(), &envelope.message.0, time));
        }
        "0" => {}
        code => return Err(fault(reply, code, &envelope.message.0, time)),
    }
    let result = envelope.result.map_or("null", RawValue::get);
    let result = serde_json::from_str(result).map_err(|e| ReadFault::parse(reply, e))?;
    let items = match envelope.more.map(RawValue::get) {
        Some(more) if more.contains("\"list\"") => {
            serde_json::from_str::<Items>(more).map_err(|e| ReadFault::parse(reply, e))?.list
        }
        _ => Vec::new(),
    };
    Ok(Answer { result, time, items })
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
    fn a_code_inside_of_status_200_is_an_error() {
        let error = refused(
            200,
            r#"{"retCode":110007,"retMsg":"ab not enough for new order","result":{},"time":1700000000000}"#,
        );
        assert_eq!((error.code.as_str(), error.meaning), ("110007", Meaning::Refusal));
        assert_eq!(refused(200, r#"{"retCode":110072,"retMsg":"x"}"#).meaning, Meaning::DuplicateId);
        assert_eq!(refused(200, r#"{"retCode":10014,"retMsg":"x"}"#).meaning, Meaning::Unclear);
        assert_eq!(refused(200, r#"{"retCode":999999,"retMsg":"x"}"#).meaning, Meaning::Unclear);
    }

    #[test]
    fn a_page_of_html_is_an_error_of_its_status() {
        assert_eq!(refused(502, "<html>Bad Gateway</html>").meaning, Meaning::Unclear);
        assert_eq!(refused(429, "<html></html>").meaning, Meaning::RateLimit);
        let banned = refused(403, "<html>403, access too frequent. Please try again in 5 minutes.</html>");
        assert_eq!((banned.meaning, banned.retry_after_ms), (Meaning::RateLimit, Some(600_000)));
        assert!(matches!(answer::<IgnoredAny>(&Reply::new(200, "<html></html>")).err(), Some(ReadFault::Parse { .. })));
    }

    #[test]
    fn the_header_says_how_long_to_be_silent() {
        let mut reply = Reply::new(200, r#"{"retCode":10006,"retMsg":"Too many visits!","time":1700000000000}"#);
        reply.headers.push(("x-bapi-limit-reset-timestamp".into(), "1700000001500".into()));
        let Some(ReadFault::Api(error)) = answer::<IgnoredAny>(&reply).err() else { panic!() };
        assert_eq!(error.retry_after_ms, Some(1500));
    }
}
