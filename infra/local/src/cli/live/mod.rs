//! `ballast up` at a venue: a simulated exchange that is started with the desk ([`sim`]), or a real one with the keys of
//! `ballast keys` ([`real`]). How the desk runs there is the same.

mod real;
mod sim;

use super::BASE;
use super::print::say;
use super::progress::{Beginning, Progress, Stand, summary};
use super::up::{Stop, UpArguments, listen, stops_within, timings, unless_stopped};
use super::which::{close_to_others, remember};
use crate::desk::live::{self, AtVenue, Live};
use crate::desk::wiring::{Desk, LiveVenue};
use crate::folder::{Folder, Run, SCHEMA};
use crate::report;
use anyhow::bail;
use boot::config::{DeskConfig, MarketConfig};
use desk::port::{Clock, ReadBalances};
use desk::time::Interval;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use venue::live::{has_bars, spot_instrument};
use venue::protocol::{Instrument, Protocol, Streams};

/// How often the desk looks whether something has happened.
const TURN: Duration = Duration::from_millis(20);
/// How long the desk may take at the end to agree with the exchange.
const SETTLE: Duration = Duration::from_secs(60);

/// What a desk begins with at a venue.
struct Start {
    /// What is said first.
    headline: String,
    /// The market in words.
    market: String,
    config: DeskConfig,
    interval: Interval,
    at: AtVenue,
    streams: &'static dyn Streams,
    path: PathBuf,
    fingerprint: String,
    /// Whether the exchange is one that ends with the desk. Then nothing goes on later, and books that differ in the end are
    /// an error, not only told.
    simulated: bool,
}

/// Runs the desk at a venue.
pub(super) async fn run(arguments: UpArguments, stop: &mut Stop) -> anyhow::Result<()> {
    match arguments.live.clone() {
        Some(label) => real::run(&arguments, &label, stop).await,
        None => sim::run(&arguments, stop).await,
    }
}

/// The markets of instruments, on bars of one length that the venue has: a folder must not be bound to bars that never come.
fn markets(
    protocol: &dyn Protocol,
    instruments: &[Instrument],
    interval: Interval,
) -> anyhow::Result<Vec<MarketConfig>> {
    for instrument in instruments {
        has_bars(protocol, instrument, interval).map_err(|e| anyhow::anyhow!("--interval {interval}: {e}"))?;
    }
    let market = |i: &Instrument| Ok(MarketConfig { instrument: spot_instrument(i)?, interval });
    let markets: Result<Vec<MarketConfig>, String> = instruments.iter().map(market).collect();
    markets.map_err(|e| anyhow::anyhow!("{e}"))
}

/// Runs a desk until its bars are over or somebody stops it.
async fn drive(arguments: &UpArguments, start: Start, stop: &mut Stop) -> anyhow::Result<()> {
    let began = Instant::now();
    let Start { headline, market, config, interval, at, streams, path, fingerprint, simulated } = start;
    let listener = listen(arguments).await?;
    let port = listener.local_addr()?.port();
    let run = Run { schema: SCHEMA, fingerprint, market: market.clone(), config: config.clone() };
    let mut folder = Folder::open(&path, run)?;
    remember(&path, Path::new(BASE))?;
    boot::observe::init(folder.log()?);
    let (desk, live) = unless_stopped(stop, live::open(folder.path(), config, at)).await?;
    close_to_others(&folder);
    nothing_is_left_behind(&desk).await?;
    // What may differ from the last time: limits, markets, the cash that was found.
    folder.retell(&desk.config)?;
    let token = folder.token()?;
    folder.announce(port)?;
    let router = desk.api(&token);
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let beginning = Beginning { headline: &headline, market: &market, folder: folder.path(), port };
    let mut progress = Progress::new(arguments, &desk, beginning).await?;
    let live_loop = Live::begin(&desk, live.clone(), streams);
    let end = end_after(arguments, interval);
    let ended = follow(&desk, &folder, live_loop, end, &mut progress, stop).await;
    server.abort();
    progress.end();
    let (by_hand, breaks) = ended?;
    let figures = report::read(&desk).await?;
    summary(&figures, &desk.config, began.elapsed(), ended_how(by_hand, simulated), arguments.json)?;
    let agrees = match agreement(&desk, &live).await {
        Err(differ) if simulated => return Err(differ),
        Err(differ) => format!("{differ:#}; the desk looks again when it begins again"),
        Ok(agrees) => agrees,
    };
    if !arguments.json {
        say(&format!("exchange   {agrees}; {breaks} breaks of its stream"));
        let resting = desk.store.working_orders(&desk.config.account, None).await?.len();
        if resting > 0 && simulated {
            say(&format!("resting    {resting} orders were left; they have ended with the exchange"));
        } else if resting > 0 {
            say(&format!("resting    {resting} orders stay at the exchange; protective stops go on protecting there"));
        }
    }
    if arguments.timings {
        timings(&desk);
    }
    Ok(())
}

/// Refuses to go on without a market in which something is held or works.
async fn nothing_is_left_behind(desk: &Desk) -> anyhow::Result<()> {
    let state = desk.store.account_state(&desk.config.account).await?;
    let held = state.positions.iter().filter(|(_, position)| position.is_open()).map(|(symbol, _)| symbol);
    let working = state.working.iter().map(|(symbol, _)| symbol);
    for symbol in held.chain(working) {
        if desk.config.market(symbol).is_none() {
            bail!(
                "the desk holds a position or has an order in {symbol}: name it with --symbol, too, or close it first"
            );
        }
    }
    Ok(())
}

/// How a run ended, and whether there is anything to go on with.
const fn ended_how(by_hand: bool, simulated: bool) -> &'static str {
    match (by_hand, simulated) {
        (true, false) => "stopped; begin again with the same command to go on",
        (false, false) => "the bars asked for are over; begin again with the same command to go on",
        (true, true) => "stopped, and the simulated exchange with it; the same command begins a new one",
        (false, true) => "the bars asked for are over; the simulated exchange has ended with the desk",
    }
}

/// When the bars asked for are over.
fn end_after(arguments: &UpArguments, interval: Interval) -> Option<Instant> {
    let length = |bars: u64| Duration::from_millis(bars.saturating_mul(interval.ms().unsigned_abs()));
    arguments.bars.map(|bars| Instant::now() + length(bars))
}

/// Follows the exchange until the bars are over or somebody stops the desk. `true` if somebody did.
async fn follow(
    desk: &Desk,
    folder: &Folder,
    mut live: Live,
    end: Option<Instant>,
    progress: &mut Progress,
    stop: &mut Stop,
) -> anyhow::Result<(bool, u64)> {
    let mut told = None;
    while end.is_none_or(|end| Instant::now() < end) {
        live.turn(desk).await?;
        if live.outage() != told.as_ref() {
            told = live.outage().cloned();
            // A note for people: a desk that can't write it down goes on.
            let _ = folder.tell_outage(told.as_ref());
        }
        progress.show(desk, desk.clock.now(), Stand::Live(told.as_ref())).await?;
        if stops_within(stop, TURN).await {
            return Ok((true, live.breaks()));
        }
    }
    live.settle(desk, SETTLE).await?;
    Ok((false, live.breaks()))
}

/// The desk's books against the exchange's own.
async fn agreement(desk: &Desk, live: &LiveVenue) -> anyhow::Result<String> {
    let account = &desk.config.account;
    let theirs = live.balances(account).await?;
    let ours = desk.store.holdings(account).await?;
    let differ = desk::reconcile::balances(&ours, &theirs);
    if differ.is_empty() {
        return Ok("its balances are the ledger's, to the last decimal".to_owned());
    }
    let found: Vec<String> = differ.iter().map(ToString::to_string).collect();
    bail!("the books and the exchange differ: {}; see ballast doctor", found.join("; "))
}
