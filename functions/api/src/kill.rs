//! The routes that change something: the kill switch, and settling an order that only a person can settle.

use crate::dto::{KillDto, KillRequest, OrderDto, ResolveBody, SweepDto, UnkillBody};
use crate::problem::Problem;
use crate::{Deps, Shared};
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use boot::event::{KillEvent, VERSION};
use desk::id::IntentId;
use desk::order::{Event, State as OrderState};
use desk::port::{Clock, Publish, Table, Venue};
use desk::risk::{KillMode, KillState};
use serde::de::DeserializeOwned;

/// Reads a JSON body of a known shape.
fn body<B: DeserializeOwned>(headers: &HeaderMap, bytes: Result<Bytes, BytesRejection>) -> Result<B, Problem> {
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

fn text(what: &str, text: String) -> Result<String, Problem> {
    if text.trim().is_empty() || text.chars().count() > TEXT || text.chars().any(char::is_control) {
        let detail = format!("{what} must be 1 to {TEXT} characters without control characters");
        return Err(Problem::unprocessable("text/range", detail));
    }
    Ok(text)
}

/// The kill switch as it stands.
#[utoipa::path(get, path = "/v1/kill", responses((status = 200, body = KillDto), (status = 401, body = Problem)))]
pub(crate) async fn state<T: Table, V: Venue, Q: Publish, C: Clock, W: Clock>(
    State(deps): Shared<T, V, Q, C, W>,
) -> Result<Json<KillDto>, Problem> {
    let found = deps.store.kill_state(deps.account()).await?;
    let state = found.map_or_else(|| KillState::unreadable(deps.kill.wall.now()), |kill| kill.row);
    Ok(Json(KillDto::from(&state)))
}

async fn tell<T: Table, V: Venue, Q: Publish, C: Clock, W: Clock>(
    deps: &Deps<T, V, Q, C, W>,
    event: KillEvent,
) -> Result<Json<SweepDto>, Problem> {
    let report = kill_switch::handle(&deps.kill, &event).await?;
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
    let (by, reason) = (text("by", request.by)?, text("reason", request.reason)?);
    tell(&deps, KillEvent::Kill { v: VERSION, mode, by, reason }).await
}

/// Asks to trade again: takes effect after a delay, or when a second person asks, too.
#[utoipa::path(post, path = "/v1/unkill", request_body = UnkillBody,
    responses((status = 200, body = SweepDto), (status = 400, body = Problem), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn unkill<T: Table, V: Venue, Q: Publish, C: Clock, W: Clock>(
    State(deps): Shared<T, V, Q, C, W>,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<SweepDto>, Problem> {
    let request: UnkillBody = body(&headers, bytes)?;
    let (by, reason) = (text("by", request.by)?, text("reason", request.reason)?);
    tell(&deps, KillEvent::Unkill { v: VERSION, by, reason }).await
}

/// Settles an order whose outcome is unknown and that a person knows was never placed.
#[utoipa::path(post, path = "/v1/orders/{id}/resolve", request_body = ResolveBody,
    params(("id" = String, Path, description = "the order's id")),
    responses((status = 200, body = OrderDto), (status = 401, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn resolve<T: Table, V: Venue, Q: Publish, C: Clock, W: Clock>(
    State(deps): Shared<T, V, Q, C, W>,
    Path(id): Path<String>,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<OrderDto>, Problem> {
    let unknown = || Problem::not_found("order/not-found", "there is no order of that id; see /v1/orders");
    let request: ResolveBody = body(&headers, bytes)?;
    let evidence = text("evidence", request.evidence)?;
    let id = IntentId::new(id).map_err(|_| unknown())?;
    let order = deps.store.order(&id).await?;
    if order.row.state != OrderState::Unknown {
        let detail = format!("the order is {}; only an unknown one can be settled by a person", order.row.state);
        return Err(Problem::conflict("order/not-unknown", detail));
    }
    let why = format!("settled by a person: {evidence}");
    let settled = deps.store.settle(order, Event::ProveAbsent, deps.kill.clock.now(), &why, None).await?;
    Ok(Json(OrderDto::from(&settled.order.row)))
}
