//! HTTP through API Gateway.
//!
//! The gateway has verified the caller's token before a function sees the request; whom it found goes to the routes as a
//! [`Principal`]. The payload comes from the gateway alone: nothing that a caller sends becomes an identity.

use crate::fails;
use boot::{Failure, Principal};
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext;
use lambda_http::request::RequestContext;
use lambda_http::tower::Service;
use lambda_http::{Body, Error, IntoResponse, Request, RequestExt, Response, service_fn};
use lambda_runtime::Diagnostic;
use serde::Serialize;
use std::future::Future;
use tower::ServiceExt;

/// Serves routes.
///
/// # Errors
/// If the runtime can't be reached any more.
pub async fn serve<S, R>(routes: S) -> Result<(), Error>
where
    S: Service<Request, Response = R, Error = std::convert::Infallible> + Clone + Send,
    S::Future: Send,
    R: IntoResponse + Send,
{
    serve_with(routes, |_| async { Err::<(), _>(Failure::poison("this function serves HTTP only")) }).await
}

/// Serves routes, and what is not HTTP: a schedule, or somebody who invokes the function by hand. A failure of such an
/// event fails the invocation, which is counted and alarmed on.
///
/// # Errors
/// If the runtime can't be reached any more.
pub async fn serve_with<S, R, F, A>(routes: S, event: impl Fn(String) -> F + Sync) -> Result<(), Error>
where
    S: Service<Request, Response = R, Error = std::convert::Infallible> + Clone + Send,
    S::Future: Send,
    R: IntoResponse + Send,
    F: Future<Output = Result<A, Failure>> + Send,
    A: Serialize,
{
    let event = &event;
    lambda_http::run(service_fn(move |mut request: Request| {
        let routes = routes.clone();
        async move {
            if let RequestContext::PassThrough = request.request_context() {
                let done = event(String::from_utf8_lossy(request.body()).into_owned()).await;
                let answer = done.map_err(|failure| fails("event", &failure))?;
                return Ok(Response::new(Body::from(serde_json::to_string(&answer).unwrap_or_default())));
            }
            if let Some(caller) = caller(&request) {
                request.extensions_mut().insert(caller);
            }
            let answer = routes.oneshot(request).await;
            match answer {
                Ok(answer) => Ok::<_, Diagnostic>(answer.into_response().await),
                Err(never) => match never {},
            }
        }
    }))
    .await
}

/// Whom the gateway has identified: the token's subject.
fn caller(request: &Request) -> Option<Principal> {
    let RequestContext::ApiGatewayV2(context) = request.request_context() else { return None };
    subject(context)
}

fn subject(context: ApiGatewayV2httpRequestContext) -> Option<Principal> {
    let claims = context.authorizer?.jwt?.claims;
    claims.get("sub").filter(|subject| !subject.is_empty()).map(|subject| Principal(subject.clone()))
}
