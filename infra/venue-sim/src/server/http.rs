//! One request: read, delayed, admitted, done, answered, with whatever fault is planned at its place.
//!
//! The work is a task of its own: a client that gives up does not stop a request that is under way, as with a real
//! exchange.

use super::wire::{Link, Peer};
use super::world::Shared;
use crate::api::call::{HttpAnswer, HttpCall, Method};
use crate::api::limits::{banned, too_many};
use crate::api::{Admitted, act, arrive};
use crate::engine::Which;
use crate::engine::refusal::Refusal;
use crate::faults::{Fault, tamper, wrong_order};
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use futures_util::stream;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// How large a request's body may be.
const BODY_MAX: usize = 256 * 1024;

/// Answers a request to the exchange.
pub(super) async fn answer(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Some(method) = Method::parse(parts.method.as_str()) else {
        return reply(&HttpAnswer::html(405, "Method Not Allowed"));
    };
    let Ok(body) = axum::body::to_bytes(body, BODY_MAX).await else {
        return reply(&HttpAnswer::html(413, "Payload Too Large"));
    };
    let call = HttpCall {
        method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        body: String::from_utf8_lossy(&body).into_owned(),
        key: header(&parts.headers, "x-mbx-apikey"),
        from: peer.address.ip().to_string(),
    };
    let work = tokio::spawn(process(shared, peer.link, call));
    work.await.unwrap_or_else(|_| reply(&HttpAnswer::html(500, "Internal Server Error")))
}

async fn process(shared: Shared, link: Arc<Link>, call: HttpCall) -> Response<Body> {
    let (plan, maintenance) =
        shared.with(|world, _| (world.draws.plan(call.method, &call.path), world.exchange.venue.maintenance));
    pause(plan.before_ms).await;
    if maintenance {
        shared.with(|world, _| world.draws.count("maintenance"));
        return reply(&HttpAnswer::refusal(503, &Refusal::new(-1016, "This service is no longer available.")));
    }
    if let Some(fault) = plan.twist.as_ref().filter(|fault| !acts(fault)) {
        return instead(&shared, &link, fault).await;
    }
    let admitted = match shared.with(|world, now| arrive(&mut world.exchange, &call, now)) {
        Ok(admitted) => admitted,
        Err(answer) => return reply(&answer),
    };
    pause(plan.engine_ms).await;
    let answer = shared.with(|world, now| {
        if plan.twist == Some(Fault::FillBeforeCancel {}) {
            fill_first(&mut world.exchange, &admitted, now);
        }
        act(&mut world.exchange, &admitted, now)
    });
    pause(plan.after_ms).await;
    match plan.twist {
        Some(Fault::RejectAfterAck { delay_ms }) => {
            reject_later(&shared, &answer, delay_ms);
            reply(&answer)
        }
        Some(Fault::WrongOrder {}) => reply(&changed(answer, wrong_order)),
        Some(Fault::Tamper { field, value }) => reply(&changed(answer, |body| tamper(body, &field, &value))),
        Some(Fault::Truncated {}) => half(&answer, &link),
        Some(Fault::Endless {}) => endless(),
        Some(Fault::FillBeforeCancel {}) | None => reply(&answer),
        Some(fault) => instead(&shared, &link, &fault).await,
    }
}

/// Whether the request is done although something goes wrong.
const fn acts(fault: &Fault) -> bool {
    match fault {
        Fault::RequestLost { .. } | Fault::TooManyRequests { .. } | Fault::Banned { .. } => false,
        Fault::Status { acted, .. }
        | Fault::Error { acted, .. }
        | Fault::Page { acted, .. }
        | Fault::Body { acted, .. }
        | Fault::Reset { acted }
        | Fault::Redirect { acted, .. } => *acted,
        Fault::ResponseLost { .. }
        | Fault::DelayBefore { .. }
        | Fault::DelayEngine { .. }
        | Fault::DelayAfter { .. }
        | Fault::Truncated {}
        | Fault::Endless {}
        | Fault::WrongOrder {}
        | Fault::Tamper { .. }
        | Fault::RejectAfterAck { .. }
        | Fault::FillBeforeCancel {} => true,
    }
}

/// What comes in place of the answer.
async fn instead(shared: &Shared, link: &Link, fault: &Fault) -> Response<Body> {
    let now = || shared.with(|_, now| now);
    match fault {
        Fault::RequestLost { hang_ms } | Fault::ResponseLost { hang_ms } => {
            pause(*hang_ms).await;
            link.cut(false);
            Response::new(Body::empty())
        }
        Fault::Reset { .. } => {
            link.cut(true);
            Response::new(Body::empty())
        }
        Fault::Status { status, .. } => reply(&HttpAnswer::json(*status, &json!({}))),
        Fault::Error { status, code, msg, .. } => {
            reply(&HttpAnswer::refusal(*status, &Refusal::new(*code, msg.clone())))
        }
        Fault::Page { status, .. } => {
            reply(&HttpAnswer::html(*status, if *status == 403 { "Forbidden" } else { "Bad Gateway" }))
        }
        Fault::Body { body, .. } => reply(&HttpAnswer { body: body.clone(), ..HttpAnswer::json(200, &Value::Null) }),
        Fault::Redirect { status, location, .. } => {
            reply(&HttpAnswer { body: String::new(), ..HttpAnswer::html(*status, "") }.with("Location", location))
        }
        Fault::TooManyRequests { retry_after_s } => {
            reply(&too_many("6000 request weight per 1 MINUTE", i64::from(*retry_after_s) * 1_000))
        }
        Fault::Banned { retry_after_s } => {
            let now = now();
            reply(&banned(now + i64::from(*retry_after_s) * 1_000, now))
        }
        Fault::DelayBefore { .. }
        | Fault::DelayEngine { .. }
        | Fault::DelayAfter { .. }
        | Fault::Truncated {}
        | Fault::Endless {}
        | Fault::WrongOrder {}
        | Fault::Tamper { .. }
        | Fault::RejectAfterAck { .. }
        | Fault::FillBeforeCancel {} => Response::new(Body::empty()),
    }
}

/// Fills the order that a cancel is about.
fn fill_first(exchange: &mut crate::exchange::Exchange, admitted: &Admitted, now: i64) {
    let which = Which {
        id: admitted.param("orderId").and_then(|id| id.parse().ok()),
        client: admitted.param("origClientOrderId"),
    };
    let order = exchange.engine.find(admitted.account(), admitted.param("symbol").unwrap_or_default(), which);
    if let Some((id, rest)) = order.map(|order| (order.id, order.remaining())) {
        // An order that is not open is not filled; the cancel says so.
        let _closed = exchange.fill(id, rest, now);
    }
}

/// The exchange changes its mind about an order it has accepted.
fn reject_later(shared: &Shared, answer: &HttpAnswer, delay_ms: u64) {
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let Some(id) = body.get("orderId").and_then(Value::as_u64) else { return };
    let shared = shared.clone();
    tokio::spawn(async move {
        pause(delay_ms).await;
        shared.with(|world, now| world.exchange.engine.take_out(id, true, now));
    });
}

fn changed(answer: HttpAnswer, change: impl FnOnce(Value) -> Value) -> HttpAnswer {
    match serde_json::from_str(&answer.body) {
        Ok(body) => HttpAnswer { body: change(body).to_string(), ..answer },
        Err(_) => answer,
    }
}

/// The whole length is announced, half is sent.
fn half(answer: &HttpAnswer, link: &Arc<Link>) -> Response<Body> {
    let bytes = Bytes::from(answer.body.clone());
    let first = bytes.slice(..bytes.len() / 2);
    let link = link.clone();
    let parts = stream::unfold(Some(first), move |part| {
        let link = link.clone();
        async move {
            match part {
                Some(first) if !first.is_empty() => Some((Ok(first), Some(Bytes::new()))),
                Some(_) => {
                    // The first half has to be on its way before the connection ends.
                    pause(30).await;
                    link.cut(false);
                    Some((Err(std::io::Error::other("cut")), None))
                }
                None => None,
            }
        }
    });
    let response = Response::builder()
        .status(answer.status)
        .header("content-type", answer.content)
        .header("content-length", bytes.len());
    response.body(Body::from_stream(parts)).unwrap_or_default()
}

/// A body that never ends.
fn endless() -> Response<Body> {
    let chunk = Bytes::from(vec![b' '; 64 * 1024]);
    let body = stream::repeat_with(move || Ok::<_, std::io::Error>(chunk.clone()));
    Response::builder()
        .header("content-type", "application/json;charset=UTF-8")
        .body(Body::from_stream(body))
        .unwrap_or_default()
}

/// An answer as HTTP.
pub(super) fn reply(answer: &HttpAnswer) -> Response<Body> {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = Response::builder().status(status).header("content-type", answer.content);
    for (name, value) in &answer.headers {
        response = response.header(*name, value);
    }
    response.body(Body::from(answer.body.clone())).unwrap_or_default()
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

async fn pause(ms: u64) {
    if ms > 0 {
        sleep(Duration::from_millis(ms)).await;
    }
}
