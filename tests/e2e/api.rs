//! The routes against hostile and honest requests, over fakes.

use api::auth::{Guard, Token};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use desk::fake::{FakeClock, FakeQueues, FakeTable, FakeVenue, sample};
use desk::id::SignalId;
use desk::money::Quantity;
use desk::order::Leg;
use desk::risk::Layer;
use desk::signal::Signal;
use desk::time::Timestamp;
use http_body_util::BodyExt;
use serde_json::Value;
use std::sync::Arc;
use store::Store;
use store::rows::{Outcome, VerdictRow};
use tower::ServiceExt;

const TOKEN: &str = "canary-0123456789";

/// Every route that wants to know who asks.
fn guarded() -> impl Iterator<Item = (&'static str, &'static str)> {
    api::GUARDED.into_iter().chain(kill_switch::http::GUARDED)
}

async fn desk() -> (Router, Arc<FakeTable>) {
    desk_behind(Guard::Token(Token::new(TOKEN))).await
}

async fn desk_behind(guard: Guard) -> (Router, Arc<FakeTable>) {
    let table: Arc<FakeTable> = Arc::default();
    let store = Store::new(table.clone());
    let config = Arc::new(crate::crash_sweep::config());
    store.open_account(&config.opening(Timestamp::from_ms(0))).await.unwrap();
    let clock = Arc::new(FakeClock::at(0));
    let kill = kill_switch::Deps {
        store: store.clone(),
        venue: Some(FakeVenue::new(clock.clone())),
        queues: FakeQueues::default(),
        clock: clock.clone(),
        wall: clock.clone(),
        config: config.clone(),
    };
    let deps = api::Deps { store, clock, config };
    let routes = api::routes(Arc::new(deps), guard.clone()).merge(kill_switch::http::routes(Arc::new(kill), guard));
    (api::shell(routes, || "generated".to_owned()), table)
}

fn request(method: &str, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path)
}

fn honest(method: &str, path: &str) -> axum::http::request::Builder {
    request(method, path).header("authorization", format!("Bearer {TOKEN}")).header("content-type", "application/json")
}

async fn ask(router: &Router, request: Request<Body>) -> (StatusCode, String, Value) {
    let response: Response<Body> = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let kind = response.headers().get("content-type").map_or("", |v| v.to_str().unwrap()).to_owned();
    assert!(response.headers().contains_key("x-correlation-id"));
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert!(!text.contains(TOKEN), "the token must never be echoed: {text}");
    (status, kind, serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// Sends what must be refused; checks the shape of the refusal and that nothing was changed.
async fn refused(request: Request<Body>, status: u16, kind: &str) {
    let (router, table) = desk().await;
    let before = table.items();
    let shown = format!("{} {}", request.method(), request.uri());
    let (found, content, body) = ask(&router, request).await;
    assert_eq!((found.as_u16(), content.as_str()), (status, "application/problem+json"), "{shown}: {body}");
    assert_eq!(body["type"], kind, "{shown}");
    assert_eq!(body["status"], status);
    assert!(!body["detail"].as_str().unwrap().is_empty());
    assert_eq!(table.items(), before, "{shown}");
}

#[tokio::test]
async fn every_route_but_health_wants_the_token() {
    for (method, path) in guarded() {
        let path = path.replace("{id}", "0123456789abcdef0123456789abcdef");
        let bare = || request(method, &path);
        refused(bare().body(Body::empty()).unwrap(), 401, "auth/missing").await;
        for wrong in ["Bearer ", "Bearer wrong", "bearer canary-0123456789", "Basic canary-0123456789", TOKEN] {
            refused(bare().header("authorization", wrong).body(Body::empty()).unwrap(), 401, "auth/token-invalid")
                .await;
        }
        let long = format!("Bearer {}", "x".repeat(9000));
        refused(bare().header("authorization", long).body(Body::empty()).unwrap(), 401, "auth/token-invalid").await;
        let twice = honest(method, &path).header("authorization", format!("Bearer {TOKEN}"));
        refused(twice.body(Body::empty()).unwrap(), 400, "auth/ambiguous").await;
    }
    let (router, _) = desk().await;
    let (status, _, body) = ask(&router, request("GET", "/healthz").body(Body::empty()).unwrap()).await;
    assert_eq!((status, &body["status"]), (StatusCode::OK, &Value::from("ok")));
}

#[tokio::test]
async fn bodies_that_are_no_requests_are_refused_and_change_nothing() {
    let post = |body: &str| honest("POST", "/v1/kill").body(Body::from(body.to_owned())).unwrap();
    refused(post(""), 400, "body/empty").await;
    refused(post("{\"by\":\"a\""), 400, "body/malformed").await;
    refused(post(r#"{"by":"a","reason":"b","is_admin":true}"#), 400, "body/malformed").await;
    refused(post(r#"{"by":"a","by":"b","reason":"c"}"#), 400, "body/malformed").await;
    refused(post(&"[".repeat(10_000)), 400, "body/too-deep").await;
    refused(post(r#"{"by":"a","reason":"b","mode":"softly"}"#), 422, "kill/mode").await;
    refused(post(r#"{"by":"","reason":"b"}"#), 422, "text/range").await;
    refused(post("{\"by\":\"a\",\"reason\":\"b\\r\\nforged: line\"}"), 422, "text/range").await;
    let large = format!("{{\"by\":\"a\",\"reason\":\"{}\"}}", "x".repeat(70_000));
    refused(post(&large), 413, "body/too-large").await;
    let plain = request("POST", "/v1/kill").header("authorization", format!("Bearer {TOKEN}"));
    let plain = plain.header("content-type", "text/plain").body(Body::from(r#"{"by":"a","reason":"b"}"#)).unwrap();
    refused(plain, 415, "body/media-type").await;
}

#[tokio::test]
async fn paths_and_queries_that_lead_nowhere_are_refused_alike() {
    let get = |path: &str| honest("GET", path).body(Body::empty()).unwrap();
    refused(get("/v1/nothing"), 404, "path/unknown").await;
    refused(get("/v1/decisions/..%2Fkill"), 404, "decision/not-found").await;
    refused(get("/v1/decisions/0123456789abcdef0123456789abcdef"), 404, "decision/not-found").await;
    refused(get("/v1/orders?limit=0"), 422, "limit/range").await;
    refused(get("/v1/orders?limit=1000000000"), 422, "limit/range").await;
    refused(get("/v1/orders?before=%00"), 400, "cursor/invalid").await;
    refused(get("/v1/orders?tenant=other"), 400, "query/unknown").await;
    refused(honest("DELETE", "/v1/kill").body(Body::empty()).unwrap(), 405, "method/not-allowed").await;
    let unknown = honest("POST", "/v1/orders/0123456789abcdef0123456789abcdef/resolve");
    refused(unknown.body(Body::from(r#"{"evidence":"seen"}"#)).unwrap(), 404, "order/not-found").await;
}

#[tokio::test]
async fn a_kill_is_seen_by_everybody_and_a_caller_s_correlation_id_is_kept() {
    let (router, _) = desk().await;
    let kill = honest("POST", "/v1/kill").body(Body::from(r#"{"by":"ann","reason":"a test"}"#)).unwrap();
    let (status, _, body) = ask(&router, kill).await;
    assert_eq!((status, &body["switch"]["killed"]), (StatusCode::OK, &Value::from(true)));
    let (_, _, body) = ask(&router, request("GET", "/healthz").body(Body::empty()).unwrap()).await;
    assert_eq!(body["killed"], true);
    let named = request("GET", "/healthz").header("x-correlation-id", "mine-1").body(Body::empty()).unwrap();
    let response = router.clone().oneshot(named).await.unwrap();
    assert_eq!(response.headers()["x-correlation-id"], "mine-1");
    let forged = request("GET", "/healthz").header("x-correlation-id", "a b").body(Body::empty()).unwrap();
    let response = router.oneshot(forged).await.unwrap();
    assert_eq!(response.headers()["x-correlation-id"], "generated");
}

#[tokio::test]
async fn only_an_unknown_order_can_be_settled_by_a_person_and_the_evidence_is_kept() {
    let (router, table) = desk().await;
    let mut order =
        desk::order::Order::approved(sample::entry("1"), desk::risk::Reservation::NONE, Timestamp::from_ms(0));
    let id = order.intent.id.clone();
    let path = format!("/v1/orders/{id}/resolve");
    let settle = || honest("POST", &path).body(Body::from(r#"{"evidence":"support ticket 4711"}"#)).unwrap();
    let put = |order: &desk::order::Order, version| {
        let write = match version {
            None => desk::port::create(store::keys::order(&id), order),
            Some(version) => desk::port::replace(store::keys::order(&id), version, order),
        };
        vec![write.unwrap()]
    };
    desk::port::Table::transact(&table, put(&order, None)).await.unwrap();
    let (status, _, body) = ask(&router, settle()).await;
    assert_eq!((status.as_u16(), &body["type"]), (409, &Value::from("order/not-unknown")));
    order.state = desk::order::State::Unknown;
    desk::port::Table::transact(&table, put(&order, Some(1))).await.unwrap();
    let (status, _, body) = ask(&router, settle()).await;
    assert_eq!((status, &body["state"]), (StatusCode::OK, &Value::from("not placed")));
    assert!(body["history"].to_string().contains("support ticket 4711"));
}

#[tokio::test]
async fn behind_a_gateway_a_caller_without_an_identity_is_refused_and_one_with_it_signs_with_it() {
    let (router, table) = desk_behind(Guard::Gateway).await;
    let before = table.items();
    for (method, path) in guarded() {
        let path = path.replace("{id}", "0123456789abcdef0123456789abcdef");
        // Not even a token that would do elsewhere.
        let (status, _, body) = ask(&router, honest(method, &path).body(Body::empty()).unwrap()).await;
        assert_eq!((status.as_u16(), &body["type"]), (401, &Value::from("auth/missing")), "{method} {path}");
    }
    assert_eq!(table.items(), before);
    let known = |path: &str, body: &str| {
        let mut request = honest("POST", path).body(Body::from(body.to_owned())).unwrap();
        request.extensions_mut().insert(boot::Principal("user-1".to_owned()));
        request
    };
    // Whatever name was sent, the identity is written down, and a second name makes no second person.
    let (_, _, body) = ask(&router, known("/v1/kill", r#"{"by":"somebody else","reason":"a test"}"#)).await;
    assert_eq!(body["switch"]["by"], "user-1");
    ask(&router, known("/v1/unkill", r#"{"reason":"over"}"#)).await;
    let (_, _, body) = ask(&router, known("/v1/unkill", r#"{"by":"ann","reason":"over"}"#)).await;
    assert_eq!(body["switch"]["killed"], true);
}

#[tokio::test]
async fn pages_follow_one_another_by_what_the_last_one_named_as_next() {
    let (router, table) = desk().await;
    let store = Store::new(table);
    let mut all = Vec::new();
    for minute in 0..5 {
        let signal = sample::signal();
        let at = Timestamp::from_ms(minute * 60_000);
        let id = SignalId::derive(&signal.account, &signal.strategy, &signal.symbol, signal.interval, at);
        let signal = Signal { id: id.clone(), bar: at, decided_at: at.plus_ms(60_000), ..signal };
        let verdict = VerdictRow {
            signal: Some(signal),
            cause: id.clone(),
            leg: Leg::Entry,
            attempt: 1,
            quantity: Quantity::ZERO,
            checks: Vec::new(),
            outcome: Outcome::Refused { layer: Layer::Cash },
            profile: "careful".to_owned(),
        };
        store.refuse(&verdict).await.unwrap();
        all.insert(0, id.to_string());
    }
    let (mut seen, mut path) = (Vec::new(), Some("/v1/decisions?limit=2".to_owned()));
    while let Some(page) = path.take() {
        let (status, _, body) = ask(&router, honest("GET", &page).body(Body::empty()).unwrap()).await;
        assert_eq!(status, StatusCode::OK, "{page}: {body}");
        let ids = body["decisions"].as_array().unwrap().iter().map(|line| line["id"].as_str().unwrap().to_owned());
        seen.extend(ids);
        // Put into the address as it came.
        path = body["next"].as_str().map(|next| format!("/v1/decisions?limit=2&before={next}"));
        assert!(seen.len() <= all.len(), "{seen:?}");
    }
    assert_eq!(seen, all);
}
