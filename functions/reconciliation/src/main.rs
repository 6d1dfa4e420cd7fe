//! `reconciliation` as a Lambda: once a minute. A process of it that begins also opens the account, or brings it to the
//! limits of its configuration: it is the first schedule of a new desk.

use boot::event::Scheduled;
use cloud::Desk;
use reconciliation::{Deps, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let desk = Desk::begin().await?;
    let venue = desk.trading().await?;
    desk.open_account().await?;
    let (store, queues, config) = (desk.store.clone(), desk.queues.clone(), desk.config.clone());
    let deps = &Deps { store, venue, queues, clock: desk.clock, config };
    cloud::on_schedule(|event| async move { handle(deps, &Scheduled::decode(&event)?).await }).await
}
