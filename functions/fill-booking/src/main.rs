//! `fill-booking` as a Lambda: given the messages of `fills`.

use cloud::Desk;
use fill_booking::{Deps, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let desk = Desk::begin().await?;
    let (store, queues, config) = (desk.store.clone(), desk.queues.clone(), desk.config.clone());
    let deps = &Deps { store, queues, clock: desk.clock, config };
    cloud::consume(&desk, |message, _| async move { handle(deps, &message).await }).await
}
