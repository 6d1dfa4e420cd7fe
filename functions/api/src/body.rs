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
    serde_json::from_slice(&bytes).map_err(|e| Problem::bad_request("body/malformed", e.to_string()))
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
