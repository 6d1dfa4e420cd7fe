//! The market's time, bar by bar.
//!
//! The market stands still until the desk is quiet. At every instant at which a bar of any market ends or begins:
//!
//! 1. **range** of the bars that end: resting stops against high and low; drain.
//! 2. **close** of those bars: candles are pulled, decisions are taken, orders are accepted; drain. Schedules that came
//!    due fire once; drain.
//! 3. **open** of the bars that begin: market orders fill, fills are booked, stops are accepted; drain.
//!
//! For bars of one length that is open, range, close of each bar in turn. A bar's range is played when it ends: what
//! happened inside it is not known earlier, which matters as soon as markets have bars of different lengths.
//!
//! Where a run stopped is read from the books alone: a bar whose candle is stored has been played, and so has everything
//! before the last decision. After a restart the candles until then are completed first, then everything that waits is
//! drained and reconciled, and then the first bar that is not stored is played from its open. What of it had been played
//! already is not played again. Candles may be missing because the power took them while the decisions were flushed; the
//! market never stands before a decision that was taken in it.
//!
//! The venue may have traded in that bar, and the run have stopped before the desk was told. Such a trade lies ahead of the
//! market's time when the run goes on, where reconciliation does not look. So until the market has passed the last trade that
//! the venue had made, the books are compared with it after each phase, before anything is decided by them.

use super::feed::Feed;
use super::wiring::{Desk, Played};
use super::worker::WorkError;
use boot::Failure;
use boot::event::{KillEvent, Scheduled, VERSION};
use desk::fill::Fill;
use desk::id::Symbol;
use desk::market::Candle;
use desk::port::{ListTrades, Outgoing, Publish};
use desk::time::{Interval, Timestamp};
use std::time::{Duration, Instant};
use venue::paper::Phase;

/// One market's place in time.
#[derive(Debug, Clone)]
struct Track {
    symbol: Symbol,
    interval: Interval,
    index: usize,
    /// The bar that has begun and not ended.
    playing: Option<Candle>,
}

impl Track {
    /// When something happens next: the end of the bar that plays, or the beginning of the next one.
    fn next(&self, feed: &Feed) -> Option<Timestamp> {
        match &self.playing {
            Some(bar) => Some(bar.close_time(self.interval)),
            None => feed.bar(&self.symbol, self.index).map(|bar| bar.open_time),
        }
    }
}

/// Moves the market.
#[derive(Debug)]
pub struct Driver {
    played: Played,
    tracks: Vec<Track>,
    due: Due,
    /// The last trade that the venue had made when the run was taken up, where the market has not passed it: the desk may not
    /// have been told.
    ahead: Option<Timestamp>,
}

/// When schedules are due.
#[derive(Debug)]
struct Due {
    reconciliation: Timestamp,
    snapshot: Timestamp,
    kill_sweep: Instant,
}

const RECONCILIATION_MS: i64 = 60_000;
const SNAPSHOT_MS: i64 = 300_000;
const KILL_SWEEP: Duration = Duration::from_secs(1);
/// How many rounds of reconciliation one barrier may take.
const ROUNDS_MAX: u32 = 20;

impl Driver {
    /// Finds where the run stopped and brings the desk to rest there.
    ///
    /// # Errors
    /// [`WorkError`] if the desk can't go on.
    pub async fn resume(desk: &Desk, played: Played) -> Result<Self, WorkError> {
        let mut tracks = Vec::new();
        let seen_until = desk.store.seen_until(&desk.config.account).await;
        let mut stood_at = seen_until.map_err(Failure::from)?;
        for market in &desk.config.markets {
            let (symbol, interval) = (market.instrument.symbol.clone(), market.interval);
            let last = desk.store.last_candle(&symbol, interval).await.map_err(Failure::from)?;
            stood_at = stood_at.max(last.map(|bar| bar.close_time(interval)));
            let index = played.feed.first_after(&symbol, last.map(|bar| bar.open_time));
            tracks.push(Track { symbol, interval, index, playing: None });
        }
        let start = stood_at.unwrap_or(Timestamp::from_ms(0));
        let due = Due { reconciliation: start, snapshot: start, kill_sweep: Instant::now() };
        let mut driver = Self { played, tracks, due, ahead: None };
        if let Some(at) = stood_at {
            desk.clock.market_moves(at);
            pull(desk, &Scheduled::AFTER_RESTART).await?;
            driver.recount(desk).await?;
            desk.drain().await?;
            reconcile(desk).await?;
            driver.ahead = last_trade(desk).await?.filter(|last| *last > at);
        }
        Ok(driver)
    }

    /// Counts the bars anew after candles of the last instant have been completed.
    async fn recount(&mut self, desk: &Desk) -> Result<(), WorkError> {
        for track in &mut self.tracks {
            let last = desk.store.last_candle(&track.symbol, track.interval).await.map_err(Failure::from)?;
            track.index = self.played.feed.first_after(&track.symbol, last.map(|bar| bar.open_time));
        }
        Ok(())
    }

    /// When something happens next; `None` at the market's end.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.tracks.iter().filter_map(|track| track.next(&self.played.feed)).min()
    }

    /// Plays one instant; returns how many bars ended at it.
    ///
    /// # Errors
    /// [`WorkError`] if the desk can't go on.
    pub async fn instant(&mut self, desk: &Desk, at: Timestamp) -> Result<u64, WorkError> {
        desk.clock.market_moves(at);
        let passed = self.ahead.is_some_and(|ahead| ahead < at);
        let ended = self.end_bars(desk, at).await?;
        if ended > 0 {
            pull(desk, &Scheduled::ALL).await?;
            desk.drain().await?;
            self.schedules(desk, at).await?;
        }
        self.begin_bars(desk, at).await?;
        if passed {
            self.ahead = None;
        }
        Ok(ended)
    }

    async fn end_bars(&mut self, desk: &Desk, at: Timestamp) -> Result<u64, WorkError> {
        let mut ended = 0;
        for track in &mut self.tracks {
            if let Some(bar) = track.playing.filter(|bar| bar.close_time(track.interval) == at) {
                play(desk, &self.played, track, &bar, Phase::Range).await?;
                track.playing = None;
                track.index += 1;
                ended += 1;
            }
        }
        self.booked(desk).await?;
        Ok(ended)
    }

    async fn begin_bars(&mut self, desk: &Desk, at: Timestamp) -> Result<(), WorkError> {
        for track in &mut self.tracks {
            if track.playing.is_none()
                && let Some(bar) = self.played.feed.bar(&track.symbol, track.index).filter(|bar| bar.open_time == at)
            {
                play(desk, &self.played, track, &bar, Phase::Open).await?;
                track.playing = Some(bar);
            }
        }
        self.booked(desk).await
    }

    /// Books what a phase traded, and what the desk was not told of.
    async fn booked(&self, desk: &Desk) -> Result<(), WorkError> {
        desk.drain().await?;
        if self.ahead.is_some() { reconcile(desk).await } else { Ok(()) }
    }

    async fn schedules(&mut self, desk: &Desk, at: Timestamp) -> Result<(), WorkError> {
        if at >= self.due.reconciliation {
            self.due.reconciliation = at.plus_ms(RECONCILIATION_MS);
            reconcile(desk).await?;
        }
        if at >= self.due.snapshot {
            self.due.snapshot = at.plus_ms(SNAPSHOT_MS);
            later(
                desk.timing
                    .of("portfolio-snapshot", portfolio_snapshot::handle(&desk.handlers.snapshot, &Scheduled::ALL))
                    .await,
            )?;
        }
        self.kill_sweep(desk).await
    }

    /// Lets the kill switch look again, by the wall's clock.
    ///
    /// # Errors
    /// [`WorkError`] if the desk can't go on.
    pub async fn kill_sweep(&mut self, desk: &Desk) -> Result<(), WorkError> {
        if self.due.kill_sweep.elapsed() < KILL_SWEEP {
            return Ok(());
        }
        self.due.kill_sweep = Instant::now();
        later(kill_switch::handle(&desk.handlers.kill_switch, &KillEvent::Sweep { v: VERSION }).await)?;
        desk.drain().await
    }
}

/// When the venue traded last, in any market.
async fn last_trade(desk: &Desk) -> Result<Option<Timestamp>, WorkError> {
    let mut last = None;
    for market in &desk.config.markets {
        let trade = desk.venue.last_trade(&desk.config.account, &market.instrument.symbol).await;
        last = last.max(trade.map_err(Failure::from)?.map(|trade| trade.at));
    }
    Ok(last)
}

/// Plays one phase of a bar at the venue and reports what it traded.
async fn play(desk: &Desk, played: &Played, track: &Track, bar: &Candle, phase: Phase) -> Result<(), WorkError> {
    let work = played.paper.play(&desk.config.account, &track.symbol, track.interval, bar, phase);
    let played = desk.timing.of("paper venue", work).await;
    for fill in played.map_err(|e| Failure::Halt { reason: e.to_string() })? {
        report(desk, fill).await?;
    }
    Ok(())
}

pub(super) async fn report(desk: &Desk, fill: Fill) -> Result<(), WorkError> {
    desk.queues.publish(Outgoing::to_book(fill)).await.map_err(Failure::from)?;
    Ok(())
}

/// What a schedule brought; one that could not be served this time is served when it comes due again.
pub(super) fn later<R>(outcome: Result<R, Failure>) -> Result<Option<R>, WorkError> {
    match outcome {
        Ok(result) => Ok(Some(result)),
        Err(Failure::Retry { .. } | Failure::Wait { .. }) => Ok(None),
        Err(failure @ (Failure::Poison { .. } | Failure::Halt { .. })) => Err(failure.into()),
    }
}

/// Pulls candles. The market must not go on without them, so a failure that may pass is waited out.
async fn pull(desk: &Desk, event: &Scheduled) -> Result<(), WorkError> {
    for _ in 1..ROUNDS_MAX {
        if later(desk.timing.of("market-data", market_data::handle(&desk.handlers.market_data, event)).await)?.is_some()
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    market_data::handle(&desk.handlers.market_data, event).await?;
    Ok(())
}

/// Reconciles until nothing is left to be set going again.
async fn reconcile(desk: &Desk) -> Result<(), WorkError> {
    for _ in 0..ROUNDS_MAX {
        let round = later(
            desk.timing
                .of("reconciliation", reconciliation::handle(&desk.handlers.reconciliation, &Scheduled::ALL))
                .await,
        )?;
        desk.drain().await?;
        if round.is_some_and(|round| round.mended == 0) {
            return Ok(());
        }
    }
    Ok(())
}
