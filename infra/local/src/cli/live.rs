//! `ballast up --venue sim`: the desk at a venue that is a server of its own, over HTTP and WebSocket.
//!
//! The simulated exchange is started with the desk and ends with it: its books live in memory. So a run's folder is never
//! used again, and at the end the desk's books are compared with the exchange's.

use super::BASE;
use super::load::{Shape, configure};
use super::progress::{Progress, summary};
use super::up::{UpArguments, listen, remember, stopped, stops_within, timings};
use crate::desk::live::{self, AtVenue, Live};
use crate::desk::wiring::{Desk, LiveVenue};
use crate::folder::{Folder, Run, SCHEMA, random_hex};
use crate::report;
use anyhow::bail;
use boot::WallClock;
use boot::config::MarketConfig;
use desk::id::VenueId;
use desk::port::{Clock, ReadBalances};
use desk::time::Interval;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use venue::binance::Binance;
use venue::live::{Access, Http, first_look, spot_instrument};
use venue::protocol::{Credentials, Instrument, Product};
use venue_sim::server::{Config, Opening, Sim};

/// The markets that are traded unless others are named.
const SYMBOLS: [&str; 2] = ["BTCUSDT", "ETHUSDT"];
/// How often the desk looks whether something has happened.
const TURN: Duration = Duration::from_millis(20);
/// How long the desk may take at the end to agree with the exchange.
const SETTLE: Duration = Duration::from_secs(60);
const KEY: &str = "ballast";

/// A running exchange, and how the desk reaches it.
struct Venue {
    sim: Sim,
    access: Access,
    instruments: Vec<Instrument>,
}

/// Runs the desk at the simulated exchange.
pub(super) async fn run(arguments: UpArguments) -> anyhow::Result<()> {
    let began = Instant::now();
    if arguments.until_end && arguments.bars.is_none() {
        bail!("the simulated exchange has no end: give it one with --bars N, or leave --until-end away");
    }
    let interval: Interval = arguments.interval.parse().map_err(|e| anyhow::anyhow!("--interval: {e}"))?;
    let seed = arguments.seed.unwrap_or(1);
    let venue = start(&arguments, seed).await?;
    let markets: Result<Vec<MarketConfig>, String> =
        venue.instruments.iter().map(|i| Ok(MarketConfig { instrument: spot_instrument(i)?, interval })).collect();
    let markets = markets.map_err(|e| anyhow::anyhow!("{e}"))?;
    let config = configure(&arguments, Shape { markets, venue: VenueId::new("sim")? })?;
    let names: Vec<&str> = config.markets.iter().map(|m| m.instrument.symbol.as_str()).collect();
    let market =
        format!("simulated exchange at {}, seed {seed}: {} on {interval} bars", venue.sim.url(), names.join(", "));
    let fingerprint = random_hex();
    let path = arguments.data_dir.clone().unwrap_or_else(|| own_folder(&fingerprint));
    let listener = listen(&arguments).await?;
    let port = listener.local_addr()?.port();
    let run = Run { schema: SCHEMA, fingerprint, market: market.clone(), config: config.clone() };
    let folder = Folder::open(&path, run)?;
    remember(&path)?;
    boot::observe::init(folder.log()?);
    let parts = AtVenue { protocol: &Binance, access: venue.access.clone(), instruments: venue.instruments.clone() };
    let (desk, live) = live::open(folder.path(), config, parts).await?;
    let token = folder.token()?;
    folder.announce(port)?;
    let router = desk.api(&token);
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let mut progress = Progress::new(&arguments, &market, folder.path(), port);
    let ended = follow(&desk, live.clone(), &arguments, interval, &mut progress).await;
    server.abort();
    progress.end();
    let (by_hand, breaks) = ended?;
    let figures = report::read(&desk).await?;
    summary(&figures, &desk.config, began.elapsed(), by_hand, arguments.json)?;
    let agrees = agreement(&desk, &live).await?;
    if !arguments.json {
        super::print::say(&format!("exchange   {agrees}; {breaks} breaks of its stream"));
    }
    if arguments.timings {
        timings(&desk);
    }
    venue.sim.shutdown().await;
    Ok(())
}

/// A folder of the run's own: the exchange forgets, so the folder can't be used again.
fn own_folder(fingerprint: &str) -> PathBuf {
    let short: String = fingerprint.chars().take(12).collect();
    Path::new(BASE).join(format!("venue-sim-{short}"))
}

/// Starts the exchange with an account of the desk's cash, and looks at what it trades.
async fn start(arguments: &UpArguments, seed: u64) -> anyhow::Result<Venue> {
    let cash = arguments.cash.parse().map_err(|e| anyhow::anyhow!("--cash {}: {e}", arguments.cash))?;
    let secret = random_hex();
    let mut account = Opening::new(KEY, &secret, &[]);
    account.funds.push(("USDT".to_owned(), cash));
    let mut config = Config::lively(seed);
    config.accounts = vec![account];
    let sim = venue_sim::server::start(config).await?;
    let credentials = Credentials::new("sim", KEY.to_owned(), secret, None)?;
    let origins = BTreeMap::from([("*".to_owned(), sim.url())]);
    let access = Access { origins, test: true, credentials: Some(credentials) };
    let http = Http::new().map_err(|e| anyhow::anyhow!("no HTTP client: {e}"))?;
    let all = first_look(&Binance, &access, Product::Spot, &http, WallClock.now()).await?;
    let known = |symbol: &&str| all.iter().find(|i| i.symbol == **symbol).cloned();
    let instruments: Vec<Instrument> = SYMBOLS.iter().filter_map(known).collect();
    if instruments.is_empty() {
        bail!("the exchange trades none of {}", SYMBOLS.join(", "));
    }
    Ok(Venue { sim, access, instruments })
}

/// Follows the exchange until the bars are over or somebody stops the desk. `true` if somebody did.
async fn follow(
    desk: &Desk,
    venue: LiveVenue,
    arguments: &UpArguments,
    interval: Interval,
    progress: &mut Progress,
) -> anyhow::Result<(bool, u64)> {
    let mut stop = std::pin::pin!(stopped());
    let mut live = Live::begin(desk, venue, &Binance);
    let began = Instant::now();
    let length = |bars: u64| Duration::from_millis(bars.saturating_mul(interval.ms().unsigned_abs()));
    let end = arguments.bars.map(|bars| began + length(bars));
    while end.is_none_or(|end| Instant::now() < end) {
        live.turn(desk).await?;
        let bars = began.elapsed().as_millis() / u128::from(interval.ms().unsigned_abs().max(1));
        progress.show(desk, desk.clock.now(), u64::try_from(bars).unwrap_or(u64::MAX)).await?;
        if stops_within(&mut stop, TURN).await {
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
