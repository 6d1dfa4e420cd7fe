//! The token: a bearer token that every route but health wants.
//!
//! It is compared through its hash, so that the time a comparison takes tells nothing about the token.

use crate::problem::Problem;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

/// What callers must show. Only its hash is kept, and it has no readable form.
#[derive(Clone)]
pub struct Token([u8; 32]);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(..)")
    }
}

/// The longest token that is looked at, in bytes.
const LONGEST: usize = 256;

impl Token {
    /// The token with that text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    fn is(&self, text: &str) -> bool {
        text.len() <= LONGEST && self.0 == Self::new(text).0
    }
}

/// Lets a request through that shows the token, once.
pub async fn guard(State(token): State<Token>, request: Request, next: Next) -> Response {
    let mut shown = request.headers().get_all(AUTHORIZATION).iter();
    let verdict = match (shown.next(), shown.next()) {
        (None, _) => Err(Problem::unauthorized("auth/missing", "send the token as `Authorization: Bearer …`")),
        (Some(_), Some(_)) => Err(Problem::bad_request("auth/ambiguous", "send one Authorization header, not two")),
        (Some(value), None) => {
            let text = value.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
            if text.is_some_and(|text| token.is(text)) {
                Ok(())
            } else {
                Err(Problem::unauthorized(
                    "auth/token-invalid",
                    "the token is not this desk's; it lies in its data folder",
                ))
            }
        }
    };
    match verdict {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}
