//! `market-data` as a Lambda: once a minute, for every market.

use boot::event::Scheduled;
use boot::observe;
use cloud::Desk;
use desk::port::Clock;
use market_data::follow::Follower;
use market_data::{Deps, Last, handle};
use venue::either::Either;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let desk = Desk::begin().await?;
    let (store, queues, config, bars) = (desk.store.clone(), desk.queues.clone(), desk.config.clone(), desk.bars()?);
    let candles = match desk.paper() {
        Some(venue) => {
            let (store, queues, config) = (store.clone(), queues.clone(), config.clone());
            Either::Paper(Follower { bars, venue, queues, store, config })
        }
        None => Either::Live(bars),
    };
    let deps = &Deps { store, candles, queues, config, last: Last::default() };
    let clock = desk.clock;
    cloud::on_schedule(|event| async move {
        let closed = handle(deps, &Scheduled::decode(&event)?).await?;
        closed.iter().for_each(|closed| observe::data_age(clock.now(), *closed));
        Ok(closed)
    })
    .await
}
