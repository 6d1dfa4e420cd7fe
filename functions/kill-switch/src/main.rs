//! `kill-switch` as a Lambda: its routes, its sweep once a minute, and whoever invokes it by hand. It needs no other
//! function to be well.

use api::auth::Guard;
use boot::event::KillEvent;
use cloud::Desk;
use kill_switch::{Deps, handle, http};
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let desk = Desk::begin().await?;
    let (store, queues, config) = (desk.store.clone(), desk.queues.clone(), desk.config.clone());
    let deps = Arc::new(Deps { store, venue: desk.paper(), queues, clock: desk.clock, wall: desk.clock, config });
    let routes = api::shell(http::routes(deps.clone(), Guard::Gateway), cloud::random_hex);
    cloud::serve_with(routes, |event| {
        let deps = deps.clone();
        async move { handle(&deps, &KillEvent::decode(&event)?).await }
    })
    .await
}
