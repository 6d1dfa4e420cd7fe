//! `api`: the HTTP API, as routes that any server can serve.
//!
//! - every route but `/healthz` and `/openapi.json` wants to know who asks ([`auth`]);
//! - every error is `application/problem+json` with the cause and the way out ([`problem`]);
//! - every answer carries a correlation id, the caller's own if it sent one ([`shell`]);
//! - what is answered are types of the API's own ([`dto`]), and the OpenAPI document is generated from them.
//!
//! The API decides nothing: it reads the store, and lets a person settle an order that only a person can settle. The
//! kill switch has routes of its own, in its own function.

pub mod auth;
pub mod body;
mod correlation;
pub mod dto;
pub mod problem;
mod read;
mod resolve;

use auth::Guard;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use boot::config::DeskConfig;
use desk::port::{Clock, Table};
use std::sync::Arc;
use store::Store;
use utoipa::OpenApi;

/// What the routes work with.
#[derive(Debug)]
pub struct Deps<T, C> {
    /// The books.
    pub store: Store<T>,
    /// The desk's time.
    pub clock: C,
    /// What is traded.
    pub config: Arc<DeskConfig>,
}

/// The largest body that is read, in bytes.
const BODY_LIMIT: usize = 64 * 1024;

/// The generated description of the routes.
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
        resolve::resolve
    )
)]
pub struct Description;

/// The OpenAPI document of the whole desk, the kill switch's routes included. A test holds it against what is generated
/// from the code.
pub const OPENAPI: &str = include_str!("../../../infra/openapi.json");

/// The routes that want to know who asks, with their methods: also what the tests go through.
pub const GUARDED: [(&str, &str); 8] = [
    ("GET", "/v1/portfolio"),
    ("GET", "/v1/balances"),
    ("GET", "/v1/positions"),
    ("GET", "/v1/orders"),
    ("GET", "/v1/decisions"),
    ("GET", "/v1/decisions/{id}"),
    ("GET", "/v1/ledger"),
    ("POST", "/v1/orders/{id}/resolve"),
];

/// The routes.
pub fn routes<T, C>(deps: Arc<Deps<T, C>>, guard: Guard) -> Router
where
    T: Table + 'static,
    C: Clock + 'static,
{
    let guarded = Router::new()
        .route("/v1/portfolio", get(read::portfolio::<T, C>))
        .route("/v1/balances", get(read::balances::<T, C>))
        .route("/v1/positions", get(read::positions::<T, C>))
        .route("/v1/orders", get(read::orders::<T, C>))
        .route("/v1/decisions", get(read::decisions::<T, C>))
        .route("/v1/decisions/{id}", get(read::decision::<T, C>))
        .route("/v1/ledger", get(read::ledger::<T, C>))
        .route("/v1/orders/{id}/resolve", post(resolve::resolve::<T, C>))
        .route_layer(axum::middleware::from_fn_with_state(guard, auth::guard));
    Router::new()
        .route("/healthz", get(read::health::<T, C>))
        .route("/openapi.json", get(async || ([("content-type", "application/json")], OPENAPI)))
        .merge(guarded)
        .with_state(deps)
}

/// What every server puts around routes: an answer to paths and methods that nobody serves, a limit on bodies, and
/// correlation ids, made by `ids` where a caller sends none.
pub fn shell(routes: Router, ids: fn() -> String) -> Router {
    routes
        .fallback(problem::unknown_path)
        .method_not_allowed_fallback(problem::unknown_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(axum::middleware::from_fn_with_state(ids, correlation::correlate))
}

/// The state of every route.
pub(crate) type Shared<T, C> = axum::extract::State<Arc<Deps<T, C>>>;

impl<T: Table, C> Deps<T, C> {
    /// The account the API is about.
    pub(crate) fn account(&self) -> &desk::id::AccountId {
        &self.config.account
    }
}
