//! `market-data` as a Lambda: once a minute, for every market.

use boot::event::Scheduled;
use boot::observe;
use cloud::Desk;
use desk::port::Clock;
use market_data::follow::Follower;
use market_data::{Deps, Last, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let desk = Desk::begin().await?;
    let candles = Follower {
        bars: desk.bars()?,
        venue: desk.venue(),
        queues: desk.queues.clone(),
        store: desk.store.clone(),
        config: desk.config.clone(),
    };
    let (store, queues, config) = (desk.store.clone(), desk.queues.clone(), desk.config.clone());
    let deps = &Deps { store, candles, queues, config, last: Last::default() };
    let clock = desk.clock;
    cloud::on_schedule(|event| async move {
        let closed = handle(deps, &Scheduled::decode(&event)?).await?;
        closed.iter().for_each(|closed| observe::data_age(clock.now(), *closed));
        Ok(closed)
    })
    .await
}
