//! `api`: the HTTP API, as a router that any server can serve.
//!
//! - every route but `/healthz` and `/openapi.json` wants the token ([`auth`]);
//! - every error is `application/problem+json` with the cause and the way out ([`problem`]);
//! - every answer carries a correlation id, the caller's own if it sent one ([`correlation`]);
//! - what is answered are types of the API's own ([`dto`]), and the OpenAPI document is generated from them.
//!
//! The API decides nothing: reads come from the store, and the kill switch is the `kill-switch` handler's.

pub mod auth;
mod correlation;
pub mod dto;
mod kill;
pub mod problem;
mod read;
#[cfg(test)]
mod tests;

use auth::Token;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use boot::config::DeskConfig;
use desk::port::{Clock, Publish, Table, Venue};
use std::sync::Arc;
use store::Store;
use utoipa::OpenApi;

/// What the routes work with.
#[derive(Debug)]
pub struct Deps<T, V, Q, C, W> {
    /// The books.
    pub store: Store<T>,
    /// What is traded.
    pub config: Arc<DeskConfig>,
    /// The kill switch's handler.
    pub kill: kill_switch::Deps<T, V, Q, C, W>,
    /// What callers must show.
    pub token: Token,
    /// Where correlation ids come from when a caller sends none.
    pub ids: fn() -> String,
}

/// The largest body that is read, in bytes.
const BODY_LIMIT: usize = 64 * 1024;

/// The generated description of the API.
#[derive(Debug, OpenApi)]
#[openapi(
    info(title = "Ballast", description = "A self-hosted, risk-first crypto trading desk."),
    paths(
        read::health,
        read::portfolio,
        read::balances,
        read::positions,
        read::orders,
        read::decisions,
        read::decision,
        read::ledger,
        kill::state,
        kill::kill,
        kill::unkill,
        kill::resolve
    )
)]
struct Description;

/// The OpenAPI document, as JSON.
#[must_use]
pub fn openapi() -> String {
    Description::openapi().to_pretty_json().unwrap_or_default()
}

/// The routes that a token is wanted for, with their methods: also what the tests go through.
pub const GUARDED: [(&str, &str); 11] = [
    ("GET", "/v1/portfolio"),
    ("GET", "/v1/balances"),
    ("GET", "/v1/positions"),
    ("GET", "/v1/orders"),
    ("GET", "/v1/decisions"),
    ("GET", "/v1/decisions/{id}"),
    ("GET", "/v1/ledger"),
    ("GET", "/v1/kill"),
    ("POST", "/v1/kill"),
    ("POST", "/v1/unkill"),
    ("POST", "/v1/orders/{id}/resolve"),
];

/// The router.
pub fn router<T, V, Q, C, W>(deps: Arc<Deps<T, V, Q, C, W>>) -> Router
where
    T: Table + 'static,
    V: Venue + 'static,
    Q: Publish + 'static,
    C: Clock + 'static,
    W: Clock + 'static,
{
    let guard = axum::middleware::from_fn_with_state(deps.token.clone(), auth::guard);
    let guarded = Router::new()
        .route("/v1/portfolio", get(read::portfolio::<T, V, Q, C, W>))
        .route("/v1/balances", get(read::balances::<T, V, Q, C, W>))
        .route("/v1/positions", get(read::positions::<T, V, Q, C, W>))
        .route("/v1/orders", get(read::orders::<T, V, Q, C, W>))
        .route("/v1/decisions", get(read::decisions::<T, V, Q, C, W>))
        .route("/v1/decisions/{id}", get(read::decision::<T, V, Q, C, W>))
        .route("/v1/ledger", get(read::ledger::<T, V, Q, C, W>))
        .route("/v1/kill", get(kill::state::<T, V, Q, C, W>).post(kill::kill::<T, V, Q, C, W>))
        .route("/v1/unkill", post(kill::unkill::<T, V, Q, C, W>))
        .route("/v1/orders/{id}/resolve", post(kill::resolve::<T, V, Q, C, W>))
        .route_layer(guard);
    Router::new()
        .route("/healthz", get(read::health::<T, V, Q, C, W>))
        .route("/openapi.json", get(async || ([("content-type", "application/json")], openapi())))
        .merge(guarded)
        .fallback(problem::unknown_path)
        .method_not_allowed_fallback(problem::unknown_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(axum::middleware::from_fn_with_state(deps.ids, correlation::correlate))
        .with_state(deps)
}

/// The state of every route.
pub(crate) type Shared<T, V, Q, C, W> = axum::extract::State<Arc<Deps<T, V, Q, C, W>>>;

impl<T: Table, V, Q, C, W> Deps<T, V, Q, C, W> {
    /// The account the API is about.
    pub(crate) fn account(&self) -> &desk::id::AccountId {
        &self.config.account
    }
}
