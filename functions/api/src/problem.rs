//! Errors as `application/problem+json` (RFC 9457).

use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use boot::Failure;
use serde::Serialize;
use store::StoreError;
use utoipa::ToSchema;

/// A problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// Names the kind of problem; stable.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong, and what to do about it.
    pub detail: String,
}

impl Problem {
    fn new(status: StatusCode, kind: &str, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Problem").to_owned();
        Self { kind: kind.to_owned(), title, status: status.as_u16(), detail: detail.into() }
    }

    /// The request is none.
    #[must_use]
    pub fn bad_request(kind: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, kind, detail)
    }

    /// The caller is not known.
    #[must_use]
    pub fn unauthorized(kind: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, kind, detail)
    }

    pub(crate) fn not_found(kind: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, kind, detail)
    }

    /// The request makes no sense.
    #[must_use]
    pub fn unprocessable(kind: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, kind, detail)
    }

    pub(crate) fn conflict(kind: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, kind, detail)
    }

    pub(crate) fn media_type() -> Self {
        let detail = "send a JSON body with `Content-Type: application/json`";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "body/media-type", detail)
    }

    pub(crate) fn encoding() -> Self {
        let detail = "send the body as it is, without `Content-Encoding`";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "body/encoding", detail)
    }

    pub(crate) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body/too-large", "send at most 64 KiB")
    }

    fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "desk/unavailable", detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_string(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Missing { what } => Self::not_found("desk/not-found", format!("{what} is not in the store")),
            StoreError::Changed
            | StoreError::Table(_)
            | StoreError::Row(_)
            | StoreError::Contradiction(_)
            | StoreError::Money(_) => {
                Self::unavailable(format!("{error}; try again, and run `ballast doctor` if it stays"))
            }
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Poison { reason } => Self::unprocessable("request/refused", reason),
            Failure::Retry { reason, .. } | Failure::Wait { reason, .. } | Failure::Halt { reason } => {
                Self::unavailable(reason)
            }
        }
    }
}

/// Answers a path there is no route for.
pub(crate) async fn unknown_path(uri: Uri) -> Problem {
    let path: String = uri.path().chars().take(64).collect();
    Problem::not_found("path/unknown", format!("there is no {path:?}; see /openapi.json"))
}

/// Answers a method that a path does not take.
pub(crate) async fn unknown_method(method: Method, uri: Uri) -> Problem {
    let path: String = uri.path().chars().take(64).collect();
    let detail = format!("{path:?} does not take {method}; see /openapi.json");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method/not-allowed", detail)
}
