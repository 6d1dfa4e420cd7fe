//! Reading what a caller sends.

use crate::problem::Problem;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

/// Reads a JSON body of a known shape.
///
/// # Errors
/// [`Problem`] if it is none.
pub fn body<B: DeserializeOwned>(headers: &HeaderMap, bytes: Result<Bytes, BytesRejection>) -> Result<B, Problem> {
    let json = |value: &header::HeaderValue| {
        value.to_str().is_ok_and(|text| text.split(';').next().is_some_and(|t| t.trim() == "application/json"))
    };
    if !headers.get(header::CONTENT_TYPE).is_some_and(json) {
        return Err(Problem::media_type());
    }
    // What is compressed may be of any size once it is read.
    if headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Err(Problem::encoding());
    }
    let bytes = bytes.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Problem::too_large()
        } else {
            Problem::bad_request("body/unreadable", rejection.body_text())
        }
    })?;
    if bytes.is_empty() {
        return Err(Problem::bad_request("body/empty", "send a JSON body"));
    }
    serde_json::from_slice(&bytes).map_err(|e| malformed(&bytes, &e))
}

/// Why a body can't be read, with its line and column.
fn malformed(bytes: &[u8], error: &serde_json::Error) -> Problem {
    // A shape is refused before its depth is known.
    let deep = serde_json::from_slice::<serde_json::Value>(bytes).err().map(|e| e.to_string());
    match deep.filter(|why| why.starts_with("recursion limit exceeded")) {
        Some(why) => Problem::bad_request("body/too-deep", why),
        None => Problem::bad_request("body/malformed", error.to_string()),
    }
}

/// The longest text that is stored with a request, in characters.
const TEXT: usize = 500;

/// A text that a person sent with a request.
///
/// # Errors
/// [`Problem`] if it is empty, too long or holds control characters.
pub fn text(what: &str, text: String) -> Result<String, Problem> {
    if text.trim().is_empty() || text.chars().count() > TEXT || text.chars().any(char::is_control) {
        let detail = format!("{what} must be 1 to {TEXT} characters without control characters");
        return Err(Problem::unprocessable("text/range", detail));
    }
    Ok(text)
}
