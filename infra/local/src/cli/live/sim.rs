//! `ballast up --venue sim`: the desk at a venue that is a server of its own, over HTTP and WebSocket.
//!
//! The simulated exchange is started with the desk and ends with it: its books live in memory. So a run's folder is never
//! used again, and at the end the desk's books are compared with the exchange's.

use super::super::BASE;
use super::super::load::{Shape, configure};
use super::super::progress::PAPER;
use super::super::up::{Stop, UpArguments, unless_stopped};
use super::{Start, drive, markets};
use crate::desk::live::AtVenue;
use crate::folder::random_hex;
use anyhow::bail;
use boot::WallClock;
use boot::config::SIMULATED_VENUE;
use desk::id::VenueId;
use desk::port::Clock;
use desk::time::Interval;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use venue::binance::Binance;
use venue::live::{Access, Http, first_look};
use venue::protocol::{Credentials, Instrument, Product};
use venue_sim::server::{Config, Opening, Sim};

/// The markets that are traded unless others are named.
const SYMBOLS: [&str; 2] = ["BTCUSDT", "ETHUSDT"];
/// The length of bars unless another is named.
const INTERVAL: &str = "1s";
const KEY: &str = "ballast";

/// A running exchange, and how the desk reaches it.
struct Venue {
    sim: Sim,
    access: Access,
    instruments: Vec<Instrument>,
}

/// Runs the desk at the simulated exchange.
pub(super) async fn run(arguments: &UpArguments, stop: &mut Stop) -> anyhow::Result<()> {
    if arguments.until_end && arguments.bars.is_none() {
        bail!("the simulated exchange has no end: give it one with --bars N, or leave --until-end away");
    }
    let interval = arguments.interval.as_deref().unwrap_or(INTERVAL);
    let interval: Interval = interval.parse().map_err(|e| anyhow::anyhow!("--interval: {e}"))?;
    let seed = arguments.seed.unwrap_or(1);
    let venue = unless_stopped(stop, start(arguments, seed)).await?;
    let shape =
        Shape { markets: markets(&Binance, &venue.instruments, interval)?, venue: VenueId::new(SIMULATED_VENUE)? };
    let config = configure(arguments, shape)?;
    // Before a folder is begun.
    config.check()?;
    let names: Vec<&str> = config.markets.iter().map(|m| m.instrument.symbol.as_str()).collect();
    let market =
        format!("simulated exchange at {}, seed {seed}: {} on {interval} bars", venue.sim.url(), names.join(", "));
    let fingerprint = random_hex();
    let path = arguments.data_dir.clone().unwrap_or_else(|| own_folder(&fingerprint));
    let at = AtVenue { protocol: &Binance, access: venue.access, instruments: venue.instruments };
    let headline = PAPER.to_owned();
    let start = Start { headline, market, config, interval, at, streams: &Binance, path, fingerprint, simulated: true };
    let ended = drive(arguments, start, stop).await;
    venue.sim.shutdown().await;
    ended
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
