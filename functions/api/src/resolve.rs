//! The one route of the API that changes something: settling an order that only a person can settle.

use crate::Shared;
use crate::body::{body, text};
use crate::dto::{OrderDto, ResolveBody};
use crate::problem::Problem;
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use desk::id::IntentId;
use desk::order::{Event, State as OrderState};
use desk::port::{Clock, Table};
use store::StoreError;

/// Settles an order whose outcome is unknown and that a person knows was never placed.
#[utoipa::path(post, path = "/v1/orders/{id}/resolve", request_body = ResolveBody,
    params(("id" = String, Path, description = "the order's id")),
    responses((status = 200, body = OrderDto), (status = 401, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn resolve<T: Table, C: Clock>(
    State(deps): Shared<T, C>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<OrderDto>, Problem> {
    let unknown = || Problem::not_found("order/not-found", "there is no order of that id; see /v1/orders");
    let request: ResolveBody = body(&headers, bytes)?;
    let evidence = text("evidence", request.evidence)?;
    let Path(id) = id.map_err(|_| unknown())?;
    let id = IntentId::new(id).map_err(|_| unknown())?;
    let order = match deps.store.order(&id).await {
        Err(StoreError::Missing { .. }) => return Err(unknown()),
        found => found?,
    };
    // An order of another account is answered for like one that is not there.
    if order.row.intent.account != *deps.account() {
        return Err(unknown());
    }
    if order.row.state != OrderState::Unknown {
        let detail = format!("the order is {}; only an unknown one can be settled by a person", order.row.state);
        return Err(Problem::conflict("order/not-unknown", detail));
    }
    let why = format!("settled by a person: {evidence}");
    let settled = deps.store.settle(order, Event::ProveAbsent, deps.clock.now(), &why, None).await?;
    Ok(Json(OrderDto::from(&settled.order.row)))
}
