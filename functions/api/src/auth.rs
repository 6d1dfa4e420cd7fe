//! Who may ask: every route but health and the description wants to know.
//!
//! On one machine that is whoever shows the desk's bearer token, which is compared through its hash, so that the time a
//! comparison takes tells nothing about it. Behind a gateway it is whom the gateway has identified; a request without an
//! identity is refused all the same, should it ever get past the gateway.

use crate::problem::Problem;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use boot::Principal;
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

/// By what callers are known.
#[derive(Debug, Clone)]
pub enum Guard {
    /// By this token.
    Token(Token),
    /// By the [`Principal`] that a gateway has put on the request.
    Gateway,
}

/// Lets a request through whose caller is known.
pub async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let verdict = match guard {
        Guard::Token(token) => shows(&token, &request),
        Guard::Gateway => request.extensions().get::<Principal>().map(|_| ()).ok_or_else(|| {
            Problem::unauthorized("auth/missing", "sign in, and send the token as `Authorization: Bearer …`")
        }),
    };
    match verdict {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Whether a request shows the token, once.
fn shows(token: &Token, request: &Request) -> Result<(), Problem> {
    let mut shown = request.headers().get_all(AUTHORIZATION).iter();
    match (shown.next(), shown.next()) {
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
    }
}
