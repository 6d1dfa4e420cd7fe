//! Correlation ids: the caller's own if it is harmless, else a new one; on every answer.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

const HEADER: HeaderName = HeaderName::from_static("x-correlation-id");

/// Puts a correlation id on the answer.
pub(crate) async fn correlate(State(new): State<fn() -> String>, request: Request, next: Next) -> Response {
    let harmless = |text: &str| {
        !text.is_empty()
            && text.len() <= 64
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let sent = request.headers().get(&HEADER).and_then(|value| value.to_str().ok());
    let id = sent.filter(|text| harmless(text)).map_or_else(new, str::to_owned);
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}
