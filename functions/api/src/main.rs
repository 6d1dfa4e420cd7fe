//! `api` as a Lambda, behind API Gateway, which has verified who asks.

use api::Deps;
use api::auth::Guard;
use cloud::Desk;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let desk = Desk::begin().await?;
    let deps = Deps { store: desk.store.clone(), clock: desk.clock, config: desk.config.clone() };
    let routes = api::routes(Arc::new(deps), Guard::Gateway);
    cloud::serve(api::shell(routes, cloud::random_hex)).await
}
