//! `order-placement` as a Lambda: given the messages of `orders` and `exits`.

use cloud::Desk;
use order_placement::{Deps, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let desk = Desk::begin().await?;
    let (store, venue, queues) = (desk.store.clone(), desk.trading().await?, desk.queues.clone());
    let deps = &Deps { store, venue, queues, clock: desk.clock };
    cloud::consume(&desk, |message, invocation| async move { handle(deps, &message, &invocation).await }).await
}
