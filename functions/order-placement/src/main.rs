//! `order-placement` as a Lambda: given the messages of `orders` and `exits`.

use cloud::Desk;
use order_placement::{Deps, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let desk = Desk::begin().await?;
    let deps = &Deps { store: desk.store.clone(), venue: desk.venue(), queues: desk.queues.clone(), clock: desk.clock };
    cloud::consume(&desk, |message, invocation| async move { handle(deps, &message, &invocation).await }).await
}
