//! `portfolio-snapshot` as a Lambda: every five minutes.

use boot::event::Scheduled;
use boot::observe;
use cloud::Desk;
use portfolio_snapshot::{Deps, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let desk = Desk::begin().await?;
    let deps = &Deps { store: desk.store.clone(), clock: desk.clock, config: desk.config.clone() };
    cloud::on_schedule(|event| async move {
        let snapshot = handle(deps, &Scheduled::decode(&event)?).await?;
        observe::valued(&snapshot.valuation);
        Ok(snapshot)
    })
    .await
}
