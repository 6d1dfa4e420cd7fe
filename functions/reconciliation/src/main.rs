//! `reconciliation` as a Lambda: once a minute. A process of it that begins also opens the account, or brings it to the
//! limits of its configuration: it is the first schedule of a new desk. On paper it funds it; at an exchange, what the account
//! holds becomes the opening of its books.

use boot::event::Scheduled;
use cloud::Desk;
use desk::port::Clock as _;
use reconciliation::{Deps, handle, open_at_venue};
use venue::either::Either;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let desk = Desk::begin().await?;
    let venue = desk.trading().await?;
    match &venue {
        Either::Paper(_) => desk.open_account().await?,
        Either::Live(live) => {
            open_at_venue(&desk.store, live, &desk.config, desk.clock.now()).await?;
        }
    }
    let (store, queues, config) = (desk.store.clone(), desk.queues.clone(), desk.config.clone());
    let deps = &Deps { store, venue, queues, clock: desk.clock, config };
    cloud::on_schedule(|event| async move { handle(deps, &Scheduled::decode(&event)?).await }).await
}
