//! A market that moves by itself: a venue's.
//!
//! Nothing stands still here, so nothing waits until the desk is quiet. Each turn: what the venue's stream has told is
//! taken in, candles that have closed are pulled, messages that are due are handled, schedules that are due fire. A break
//! of the stream, and its return, bring reconciliation forward: between the two, something may have been missed.

use super::clock::DeskClock;
use super::driver::{later, report};
use super::outage::{Outage, Outages};
use super::queues::Queues;
use super::wiring::{Desk, LiveVenue, Market, Parts};
use super::worker::WorkError;
use crate::embedded::Shelves;
use crate::embedded::queue::Queue;
use crate::folder::random_hex;
use anyhow::Context;
use boot::config::DeskConfig;
use boot::event::{KillEvent, Scheduled, VERSION};
use boot::{Failure, WallClock};
use desk::port::Clock;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::Store;
use tokio::sync::mpsc::{Receiver, channel};
use venue::live::guard::Turn;
use venue::live::stream::{News, Plan, follow};
use venue::live::{Access, Exchange, Http, LiveSpot};
use venue::protocol::stream::{Event, Streams, Topic};
use venue::protocol::{EndpointClass, Instrument, Markets, Product, Protocol};

const RECONCILIATION: Duration = Duration::from_secs(60);
const SNAPSHOT: Duration = Duration::from_secs(300);
/// How soon reconciliation looks when something may have been missed.
const SOON: Duration = Duration::from_millis(500);
/// How soon reconciliation is repeated while it has found something, or could not ask.
const AGAIN: Duration = Duration::from_secs(2);
const KILL_SWEEP: Duration = Duration::from_secs(1);
/// How much news may wait.
const NEWS: usize = 10_000;

/// How a desk reaches its venue.
pub struct AtVenue {
    /// What the venue speaks.
    pub protocol: &'static dyn Protocol,
    /// Its servers, and the account's keys.
    pub access: Access,
    /// What is traded.
    pub instruments: Vec<Instrument>,
}

/// Opens the books in a folder and wires a desk that trades at a venue. The first time, what the account holds becomes the
/// opening of its books, and its quote asset the cash; `config.cash` is not looked at.
///
/// # Errors
/// In words: the folder, the venue, or the configuration.
pub async fn open(folder: &Path, config: DeskConfig, at: AtVenue) -> anyhow::Result<(Desk, LiveVenue)> {
    let AtVenue { protocol, access, instruments } = at;
    let start = WallClock.now();
    let (clock, market_clock) = DeskClock::running();
    let table = Arc::new(Shelves::open(folder)?);
    let queue = Arc::new(Queue::open(&folder.join("queue.db"))?);
    queue.recover(start)?;
    let queues = Queues::new(queue, clock.clone())?;
    let http = Http::new().map_err(|e| anyhow::anyhow!("no HTTP client: {e}"))?;
    let seed = u64::from_str_radix(random_hex().get(..16).unwrap_or("1"), 16).context("a random number")?;
    let exchange = Exchange::new(protocol, access, table.clone(), WallClock, http, seed, turned);
    exchange.set_markets(Markets::new(instruments));
    exchange.measure_clock().await.context("the venue was asked for its time")?;
    let scope = exchange.account_scope().await.context("the venue was asked which kind of account this is")?;
    let live = LiveSpot::new(config.venue.clone(), Arc::new(exchange), scope);
    let store = Store::new(table.clone());
    let opened = reconciliation::open_at_venue(&store, &live, &config, start).await;
    let config = opened.map_err(|failure| match failure {
        Failure::Retry { .. } | Failure::Wait { .. } => {
            anyhow::Error::new(failure).context("the venue was asked for what the account holds and has traded")
        }
        Failure::Poison { .. } | Failure::Halt { .. } => failure.into(),
    })?;
    let strategy = config.check()?;
    let market = Market::Venue(live.clone());
    let parts = Parts { config: Arc::new(config), strategy, table, queues, clock, market_clock, market };
    Ok((Desk::wire(parts, start).await?, live))
}

/// Says that a breaker has turned.
fn turned(venue: &'static str, class: EndpointClass, turn: Turn) {
    boot::observe::breaker(venue, &format!("{class:?}").to_lowercase(), turn == Turn::Opened);
}

/// Moves with a venue.
#[derive(Debug)]
pub struct Live {
    venue: LiveVenue,
    news: Receiver<News>,
    stream: tokio::task::JoinHandle<()>,
    /// How often candles are asked for.
    pull_every: Duration,
    pull: Instant,
    reconciliation: Instant,
    snapshot: Instant,
    kill_sweep: Instant,
    /// How often the stream has broken.
    breaks: u64,
    outages: Outages,
}

impl Drop for Live {
    fn drop(&mut self) {
        self.stream.abort();
    }
}

impl Live {
    /// Listens to the account's stream from now on.
    #[must_use]
    pub fn begin(desk: &Desk, venue: LiveVenue, streams: &'static dyn Streams) -> Self {
        let (out, news) = channel(NEWS);
        let product = Product::Spot;
        let topics = vec![Topic::Orders(product), Topic::Balances(product)];
        let plan = Plan::new(streams, topics);
        let stream = tokio::spawn(follow(venue.shared(), plan, out));
        let shortest = desk.config.markets.iter().map(|market| market.interval.ms()).min().unwrap_or(60_000);
        let pull_every = Duration::from_millis((shortest / 4).clamp(100, 2_000).unsigned_abs());
        let now = Instant::now();
        Self {
            venue,
            news,
            stream,
            pull_every,
            pull: now,
            reconciliation: now,
            snapshot: now,
            kill_sweep: now,
            breaks: 0,
            outages: Outages::default(),
        }
    }

    /// Since when and why the venue does not answer; `None` while it does.
    #[must_use]
    pub fn outage(&self) -> Option<&Outage> {
        self.outages.longest()
    }

    /// How often the stream has broken.
    #[must_use]
    pub const fn breaks(&self) -> u64 {
        self.breaks
    }

    /// One turn.
    ///
    /// # Errors
    /// [`WorkError`] if the desk can't go on.
    pub async fn turn(&mut self, desk: &Desk) -> Result<(), WorkError> {
        while let Ok(news) = self.news.try_recv() {
            self.take(desk, news).await?;
        }
        desk.drain().await?;
        if due(&mut self.pull, self.pull_every) {
            let work = market_data::handle(&desk.handlers.market_data, &Scheduled::ALL);
            let pulled = desk.timing.of("market-data", work).await;
            self.outages.candles(&pulled, WallClock.now());
            later(pulled)?;
            desk.drain().await?;
        }
        if due(&mut self.reconciliation, RECONCILIATION) {
            // One round a turn: while something was set going again another one is due soon, and the market goes on between.
            let work = reconciliation::handle(&desk.handlers.reconciliation, &Scheduled::ALL);
            let round = desk.timing.of("reconciliation", work).await;
            self.outages.account(&round, WallClock.now());
            let round = later(round)?;
            if round.is_none_or(|round| round.mended > 0) {
                self.reconciliation = Instant::now() + AGAIN;
            }
            desk.drain().await?;
        }
        if due(&mut self.snapshot, SNAPSHOT) {
            let work = portfolio_snapshot::handle(&desk.handlers.snapshot, &Scheduled::ALL);
            later(desk.timing.of("portfolio-snapshot", work).await)?;
        }
        if due(&mut self.kill_sweep, KILL_SWEEP) {
            later(kill_switch::handle(&desk.handlers.kill_switch, &KillEvent::Sweep { v: VERSION }).await)?;
            desk.drain().await?;
        }
        Ok(())
    }

    /// Something may have been missed: reconciliation comes forward, but not so often that nothing else is done.
    fn look_soon(&mut self) {
        self.reconciliation = self.reconciliation.min(Instant::now() + SOON);
    }

    /// Goes on until nothing waits and reconciliation finds nothing, for at most so long.
    ///
    /// # Errors
    /// [`WorkError`] if the desk can't go on.
    pub async fn settle(&mut self, desk: &Desk, most: Duration) -> Result<(), WorkError> {
        let end = Instant::now() + most;
        while Instant::now() < end {
            while let Ok(news) = self.news.try_recv() {
                self.take(desk, news).await?;
            }
            desk.drain().await?;
            let work = reconciliation::handle(&desk.handlers.reconciliation, &Scheduled::ALL);
            let round = later(desk.timing.of("reconciliation", work).await)?;
            desk.drain().await?;
            let quiet = desk.queues.are_empty() && round.is_some_and(|r| r.mended == 0 && r.findings.is_empty());
            if quiet {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    async fn take(&mut self, desk: &Desk, news: News) -> Result<(), WorkError> {
        match news {
            News::Up => self.look_soon(),
            News::Down(why) => {
                self.breaks += 1;
                self.look_soon();
                boot::observe::stream_broke(desk.config.venue.as_str(), &why);
            }
            News::Book { .. } => {}
            News::Event(event) => match *event {
                // What a trade cost is in the venue's lists only (KuCoin): it is booked as they tell it.
                Event::Fill(trade) if trade.fee.is_none() => self.look_soon(),
                Event::Fill(trade) => match self.venue.fill_of(&desk.config.account, &trade).await {
                    Ok(fill) => report(desk, fill).await?,
                    // Not lost: reconciliation goes through the venue's trades.
                    Err(_) => self.look_soon(),
                },
                // What became of an order is asked for, not believed from a stream that may be behind.
                Event::Order(order) if order.state != Some(venue::protocol::model::OrderState::Open) => {
                    self.look_soon();
                }
                Event::Order(_)
                | Event::Balances(_)
                | Event::Position(_)
                | Event::Trade(_)
                | Event::Ticker(_)
                | Event::Book(_)
                | Event::Bar { .. }
                | Event::Funding(_)
                | Event::Accepted(_)
                | Event::Refused(_)
                | Event::Heartbeat
                | Event::Answer(_)
                | Event::Reconnect(_)
                | Event::Ignored(_) => {}
            },
        }
        Ok(())
    }
}

/// Whether something is due; if it is, it is due again after `every`.
fn due(at: &mut Instant, every: Duration) -> bool {
    let now = Instant::now();
    let due = now >= *at;
    if due {
        *at = now + every;
    }
    due
}
