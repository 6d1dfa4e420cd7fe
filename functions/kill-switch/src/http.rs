//! The switch over HTTP, as a router that any server can serve: routes of its own, so that the switch needs no other
//! function to be well.

use crate::Deps;
use crate::dto::{KillDto, KillRequest, SweepDto, UnkillBody};
use api::auth::{self, Guard};
use api::body::{body, text};
use api::problem::Problem;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use boot::Principal;
use boot::event::{KillEvent, VERSION};
use desk::id::IntentId;
use desk::port::{Clock, Publish, Table, Venue};
use desk::risk::{KillMode, KillState};
use std::sync::Arc;
use store::StoreError;
use utoipa::OpenApi;

/// The routes, with their methods. All want to know who asks.
pub const GUARDED: [(&str, &str); 3] = [("GET", "/v1/kill"), ("POST", "/v1/kill"), ("POST", "/v1/unkill")];

/// The generated description of the routes.
#[derive(Debug, OpenApi)]
#[openapi(paths(state, kill, unkill))]
pub struct Description;

type Shared<T, V, Q, C, W> = State<Arc<Deps<T, V, Q, C, W>>>;

/// The routes.
pub fn routes<T, V, Q, C, W>(deps: Arc<Deps<T, V, Q, C, W>>, guard: Guard) -> Router
where
    T: Table + 'static,
    V: Venue + 'static,
    Q: Publish + 'static,
    C: Clock + 'static,
    W: Clock + 'static,
{
    Router::new()
        .route("/v1/kill", get(state::<T, V, Q, C, W>).post(kill::<T, V, Q, C, W>))
        .route("/v1/unkill", post(unkill::<T, V, Q, C, W>))
        .route_layer(axum::middleware::from_fn_with_state(guard, auth::guard))
        .with_state(deps)
}

/// Who asks: the caller's identity where there is one, else the name that was sent.
fn who(caller: Option<Extension<Principal>>, by: Option<String>) -> Result<String, Problem> {
    match caller {
        Some(Extension(Principal(name))) => text("the caller's identity", name),
        None => text("by", by.unwrap_or_default()),
    }
}

/// The kill switch as it stands.
#[utoipa::path(get, path = "/v1/kill", responses((status = 200, body = KillDto), (status = 401, body = Problem)))]
pub(crate) async fn state<T: Table, V: Venue, Q: Publish, C: Clock, W: Clock>(
    State(deps): Shared<T, V, Q, C, W>,
) -> Result<Json<KillDto>, Problem> {
    let found = match deps.store.kill_state(&deps.config.account).await {
        // What can't be read counts as killed, and the switch says so.
        Err(StoreError::Row(_)) => None,
        found => found?,
    };
    let state = found.map_or_else(|| KillState::unreadable(deps.wall.now()), |kill| kill.row);
    Ok(Json(KillDto::from(&state)))
}

async fn tell<T: Table, V: Venue, Q: Publish, C: Clock, W: Clock>(
    deps: &Deps<T, V, Q, C, W>,
    event: KillEvent,
) -> Result<Json<SweepDto>, Problem> {
    let report = crate::handle(deps, &event).await?;
    let ids = |ids: Vec<IntentId>| ids.into_iter().map(String::from).collect();
    Ok(Json(SweepDto {
        switch: KillDto::from(&report.switch),
        ended: ids(report.ended),
        left: ids(report.left),
        stops_kept: ids(report.stops_kept),
        flattening: ids(report.flattening),
    }))
}

/// Stops trading.
#[utoipa::path(post, path = "/v1/kill", request_body = KillRequest,
    responses((status = 200, body = SweepDto), (status = 400, body = Problem), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn kill<T: Table, V: Venue, Q: Publish, C: Clock, W: Clock>(
    State(deps): Shared<T, V, Q, C, W>,
    caller: Option<Extension<Principal>>,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<SweepDto>, Problem> {
    let request: KillRequest = body(&headers, bytes)?;
    let mode = match request.mode.as_deref() {
        None | Some("keep_stops") => KillMode::KeepStops,
        Some("all") => KillMode::All,
        Some("flatten") => KillMode::Flatten,
        Some(_) => return Err(Problem::unprocessable("kill/mode", "mode must be keep_stops, all or flatten")),
    };
    let (by, reason) = (who(caller, request.by)?, text("reason", request.reason)?);
    tell(&deps, KillEvent::Kill { v: VERSION, mode, by, reason }).await
}

/// Asks to trade again: takes effect after a delay, or when a second person asks, too.
#[utoipa::path(post, path = "/v1/unkill", request_body = UnkillBody,
    responses((status = 200, body = SweepDto), (status = 400, body = Problem), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn unkill<T: Table, V: Venue, Q: Publish, C: Clock, W: Clock>(
    State(deps): Shared<T, V, Q, C, W>,
    caller: Option<Extension<Principal>>,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<SweepDto>, Problem> {
    let request: UnkillBody = body(&headers, bytes)?;
    let (by, reason) = (who(caller, request.by)?, text("reason", request.reason)?);
    tell(&deps, KillEvent::Unkill { v: VERSION, by, reason }).await
}
