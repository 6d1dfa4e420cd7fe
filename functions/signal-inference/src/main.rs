//! `signal-inference` as a Lambda: given the pokes of `bars`.

use cloud::Desk;
use signal_inference::{Cursors, Deps, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let desk = Desk::begin().await?;
    let (store, queues, config) = (desk.store.clone(), desk.queues.clone(), desk.config.clone());
    let deps = &Deps { store, queues, config, strategy: desk.strategy.clone(), cursors: Cursors::default() };
    cloud::consume(&desk, |message, _| async move { handle(deps, &message).await }).await
}
