//! `ballast up`: the whole desk in one process.

use super::BASE;
use super::keys::KeysAt;
use super::load::{Loaded, Market, load};
use super::progress::{Beginning, PAPER, Progress, Stand, summary};
use super::which::{close_to_others, remember};
use crate::desk::clock::DeskClock;
use crate::desk::driver::Driver;
use crate::desk::feed::Feed;
use crate::desk::queues::Queues;
use crate::desk::wiring::{self, Desk, Parts};
use crate::embedded::Shelves;
use crate::embedded::queue::Queue;
use crate::folder::{self, Folder, Run};
use crate::report;
use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// Which market, when none is replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum MarketName {
    /// The built-in simulated market
    Sim,
}

/// Which venue, when not on paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum VenueName {
    /// A simulated exchange, a server of its own in the desk's process
    Sim,
}

#[derive(Debug, Args)]
pub(super) struct UpArguments {
    /// Replay recorded bars: Parquet files of `ballast data pull`, or CSV files, plain or gzip, with the columns
    /// timestamp_ms,open,high,low,close,volume, whose symbol comes from a name like venue_SYMBOL_1h_from_to.csv.gz, or
    /// is given as SYMBOL=FILE
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(super) replay: Vec<String>,
    /// The market when nothing is replayed
    #[arg(long, value_enum, default_value = "sim", conflicts_with = "replay")]
    pub(super) market: MarketName,
    /// Trade at an exchange over the network instead of on paper: `sim`, a simulated exchange that is started with the desk
    #[arg(long, value_enum, value_name = "NAME", conflicts_with_all = ["replay", "speed", "tick", "lot"])]
    pub(super) venue: Option<VenueName>,
    /// Trade with REAL MONEY, with the configuration LABEL of `ballast keys` (added with --live, and active); asks for the
    /// label before it begins. Ctrl-C stops the desk, the same command goes on
    #[arg(long, value_name = "LABEL", requires = "symbol",
        conflicts_with_all = ["venue", "replay", "seed", "speed", "tick", "lot", "cash", "slippage_bps", "participation_bps"])]
    pub(super) live: Option<String>,
    /// A market that may be traded with real money: the venue's name or BTC/USDT; may be repeated
    #[arg(long, value_name = "NAME", requires = "live")]
    pub(super) symbol: Vec<String>,
    /// The label once more, where nobody is there to type it
    #[arg(long, value_name = "LABEL", requires = "live")]
    pub(super) confirm: Option<String>,
    /// Trade at a venue through whose adapter nobody has traded yet; see `ballast venues`
    #[arg(long, requires = "live")]
    pub(super) untested_venue: bool,
    /// Take it that the key may do what it should, and not what it should not, where the venue does not tell
    #[arg(long, requires = "live")]
    pub(super) accept_unknown_permissions: bool,
    #[command(flatten)]
    pub(super) keys: KeysAt,
    /// The length of the bars that are traded on at a venue [default: 1s simulated, 1h with --live]
    #[arg(long, value_name = "LENGTH")]
    pub(super) interval: Option<String>,
    /// The simulated market's seed [default: 1]
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// End the simulated market after so many bars; at a venue, stop the desk after so many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) bars: Option<u64>,
    /// Market time over wall time; 0 is as fast as the desk can [default: 240 simulated, 0 replayed]
    #[arg(long, value_name = "N")]
    pub(super) speed: Option<u32>,
    /// Stop when the market ends, instead of staying up
    #[arg(long)]
    pub(super) until_end: bool,
    /// The strategy
    #[arg(long, default_value = "ema-cross")]
    pub(super) strategy: String,
    /// A parameter of the strategy, as name=value; may be repeated
    #[arg(long, value_name = "K=V")]
    pub(super) param: Vec<String>,
    /// The opening cash, in quote units
    #[arg(long, allow_negative_numbers = true, default_value = "1000000")]
    pub(super) cash: String,
    /// What an entry spends, in quote units
    #[arg(long, allow_negative_numbers = true, default_value = "1000")]
    pub(super) stake: String,
    /// The paper venue's fee, in basis points of each fill
    #[arg(long, allow_negative_numbers = true, value_name = "F", default_value = "10")]
    pub(super) fee_bps: String,
    /// How far paper fills are moved against the trader, in basis points
    #[arg(long, allow_negative_numbers = true, value_name = "S", default_value = "0")]
    pub(super) slippage_bps: String,
    /// The share of a bar's volume that one paper order may take, in basis points [default: all it wants]
    #[arg(long, allow_negative_numbers = true, value_name = "P")]
    pub(super) participation_bps: Option<String>,
    /// The step of prices, for all files or as SYMBOL:0.01; may be repeated [default: 0.01]
    #[arg(long, allow_negative_numbers = true)]
    pub(super) tick: Vec<String>,
    /// The step of quantities, for all files or as SYMBOL:0.01; may be repeated [default: 0.00001]
    #[arg(long, allow_negative_numbers = true)]
    pub(super) lot: Vec<String>,
    /// The risk profile: careful, or reference (whose limits don't bind)
    #[arg(long, value_name = "PROFILE", default_value = "careful")]
    pub(super) risk: String,
    /// Where the desk's data lies [default: a folder of the run's own below ballast-data]
    #[arg(long, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// The API's port on loopback [default: 8080, any free one with --until-end]
    #[arg(long, env = "PORT")]
    pub(super) port: Option<u16>,
    /// Print one JSON object at the end, and nothing else on the output; progress goes to the error stream
    #[arg(long)]
    pub(super) json: bool,
    /// Say at the end where the time went, by handler
    #[arg(long)]
    pub(super) timings: bool,
}

const PORT: u16 = 8080;
const SIM_SPEED: u32 = 240;
/// How many bars of a simulated market are played at once, so that a new desk has something to show.
const WARM_UP_BARS: u64 = 1500;

pub(super) async fn run(arguments: UpArguments) -> anyhow::Result<()> {
    if arguments.venue.is_some() || arguments.live.is_some() {
        // Before anything is begun that wants an end.
        return super::live::run(arguments, &mut Stop::listen()).await;
    }
    if arguments.interval.is_some() {
        bail!("--interval belongs to --venue and --live: other markets bring their own bars");
    }
    let began = Instant::now();
    if arguments.until_end && arguments.replay.is_empty() && arguments.bars.is_none() {
        bail!("the simulated market has no end: give it one with --bars N, or leave --until-end away");
    }
    let loaded = load(&arguments)?;
    let mut stop = Stop::listen();
    let path = arguments.data_dir.clone().unwrap_or_else(|| default_folder(&loaded, &arguments));
    let run = Run {
        schema: folder::SCHEMA,
        fingerprint: loaded.fingerprint.clone(),
        market: loaded.description.clone(),
        config: loaded.config.clone(),
    };
    if folder::running(&path).is_some() {
        Folder::existing(&path)?;
    }
    // The port first: a desk that can't be reached must not leave a folder behind.
    let listener = listen(&arguments).await?;
    let port = listener.local_addr()?.port();
    let folder = Folder::open(&path, run)?;
    remember(&path, Path::new(BASE))?;
    boot::observe::init(folder.log()?);
    let market = loaded.description.clone();
    let desk = Arc::new(open(&folder, loaded, arguments.bars).await?);
    close_to_others(&folder);
    let token = folder.token()?;
    folder.announce(port)?;
    let backup = backup_route(desk.clone(), folder.path().to_owned(), &token);
    let router = desk.api(&token).merge(backup);
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let beginning = Beginning { headline: PAPER, market: &market, folder: folder.path(), port };
    let mut progress = Progress::new(&arguments, &desk, beginning).await?;
    let outcome = play(&desk, &arguments, &mut progress, &mut stop).await;
    server.abort();
    progress.end();
    let ended = if outcome? { "stopped; begin again with the same command to go on" } else { "the market has ended" };
    let figures = report::read(&desk).await?;
    summary(&figures, &desk.config, began.elapsed(), ended, arguments.json)?;
    if arguments.timings {
        timings(&desk);
    }
    Ok(())
}

/// Says where the time went, on the error stream, where it is in no program's way.
pub(super) fn timings(desk: &Desk) {
    eprintln!("{:20} {:>10} {:>10} {:>10}", "part", "calls", "seconds", "us/call");
    for (part, calls, time) in desk.timing.parts() {
        let us = time.as_micros() / u128::from(calls.max(1));
        eprintln!("{part:20} {calls:>10} {:>10.3} {us:>10}", time.as_secs_f64());
    }
    let [market, money] = desk.store.table().calls();
    eprintln!("table calls: {market} market, {money} money");
}

pub(super) async fn listen(arguments: &UpArguments) -> anyhow::Result<TcpListener> {
    let port = arguments.port.unwrap_or(if arguments.until_end { 0 } else { PORT });
    TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| {
        let why = if error.kind() == std::io::ErrorKind::AddrInUse {
            "is in use: stop the program that uses it".to_owned()
        } else {
            format!("can't be used ({error})")
        };
        anyhow::anyhow!("port {port} {why}, or choose another port with --port")
    })
}

/// A folder of the run's own.
fn default_folder(loaded: &Loaded, arguments: &UpArguments) -> PathBuf {
    let kind = if arguments.replay.is_empty() { "sim" } else { "replay" };
    let short: String = loaded.fingerprint.chars().take(12).collect();
    Path::new(BASE).join(format!("{kind}-{short}"))
}

/// Opens the books and wires the desk.
async fn open(folder: &Folder, loaded: Loaded, bars: Option<u64>) -> anyhow::Result<Desk> {
    let Loaded { config, strategy, market, start, .. } = loaded;
    let (clock, market_clock) = DeskClock::starting_at(start);
    let table = Arc::new(Shelves::open(folder.path())?);
    let path = folder.path().join("queue.db");
    let queue = Queue::open(&path).with_context(|| path.display().to_string());
    let queue = Arc::new(queue.map_err(|e| anyhow::anyhow!("{e:#}; restore the folder from a backup"))?);
    queue.recover(start)?;
    let queues = Queues::new(queue, clock.clone())?;
    let feed = match market {
        Market::Recorded(series) => {
            let bars = series.into_iter().map(|s| (s.instrument.symbol, s.interval, s.candles)).collect();
            Feed::recorded(bars, market_clock.clone())
        }
        Market::Simulated(sim) => Feed::simulated(sim, bars, market_clock.clone()),
    };
    let market = wiring::Market::Played(feed);
    let parts = Parts { config: Arc::new(config), strategy, table, queues, clock, market_clock, market };
    Ok(Desk::wire(parts, start).await?)
}

/// The one route that only a desk on one machine has.
fn backup_route(desk: Arc<Desk>, folder: PathBuf, token: &str) -> axum::Router {
    let deps = super::backup::Route { desk, folder };
    super::backup::router(deps, token)
}

/// Moves the market until it ends or somebody stops the desk. `true` if somebody did.
async fn play(desk: &Desk, arguments: &UpArguments, progress: &mut Progress, stop: &mut Stop) -> anyhow::Result<bool> {
    let simulated = arguments.replay.is_empty();
    let speed = arguments.speed.unwrap_or(if simulated { SIM_SPEED } else { 0 });
    let played = desk.played.clone().context("a market that moves by itself is not played")?;
    let mut driver = Driver::resume(desk, played).await?;
    let mut played: u64 = 0;
    while let Some(at) = driver.next() {
        played += driver.instant(desk, at).await?;
        progress.show(desk, at, Stand::Played(played)).await?;
        let warm = simulated && arguments.bars.is_none() && played < WARM_UP_BARS;
        let pause = match (speed, warm) {
            (0, _) | (_, true) => Duration::ZERO,
            // An instant ends a bar and begins the next: the simulated bar's length is the time between two.
            (speed, false) => Duration::from_millis(60_000 / u64::from(speed)),
        };
        if stops_within(stop, pause).await {
            return Ok(true);
        }
    }
    if arguments.until_end {
        return Ok(false);
    }
    progress.market_ended();
    loop {
        if stops_within(stop, Duration::from_millis(500)).await {
            return Ok(true);
        }
        driver.kill_sweep(desk).await?;
        desk.drain().await?;
    }
}

/// Waits, or finds that somebody stops the desk.
pub(super) async fn stops_within(stop: &mut Stop, pause: Duration) -> bool {
    tokio::select! {
        biased;
        () = stop.asked() => true,
        () = tokio::time::sleep(pause), if !pause.is_zero() => false,
        () = tokio::task::yield_now(), if pause.is_zero() => false,
    }
}

/// Does something that comes before the desk trades, unless somebody stops it meanwhile. What was begun is left as a crash would
/// leave it: the next start goes on from there.
pub(super) async fn unless_stopped<R>(
    stop: &mut Stop,
    work: impl Future<Output = anyhow::Result<R>>,
) -> anyhow::Result<R> {
    tokio::select! {
        biased;
        () = stop.asked() => bail!("stopped before it began to trade: no order was placed"),
        done = work => done,
    }
}

/// Ctrl-C, or a polite request to end. From when this is made, neither ends the process by itself.
pub(super) struct Stop {
    #[cfg(unix)]
    signals: Option<[tokio::signal::unix::Signal; 2]>,
}

impl Stop {
    /// Listens from now on.
    pub(super) fn listen() -> Self {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let signals = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
            let signals =
                if let [Ok(interrupt), Ok(terminate)] = signals { Some([interrupt, terminate]) } else { None };
            Self { signals }
        }
        #[cfg(not(unix))]
        Self {}
    }

    /// Until somebody asks.
    pub(super) async fn asked(&mut self) {
        #[cfg(unix)]
        if let Some([interrupt, terminate]) = &mut self.signals {
            tokio::select! {
                biased;
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
        let _ = tokio::signal::ctrl_c().await;
    }
}
