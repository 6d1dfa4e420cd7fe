//! From flags to a configuration and a market.

use super::up::UpArguments;
use crate::market::{Series, csv, parquet, sim};
use anyhow::{Context, bail};
use boot::config::{DeskConfig, MarketConfig, PaperConfig, StrategyConfig};
use desk::id::{AccountId, Symbol, VenueId};
use desk::money::{Amount, Bps, Notional, Price, Quantity};
use desk::risk::Profile;
use desk::strategy::Strategy;
use desk::time::{Interval, Timestamp};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// A market that has been chosen and checked.
pub(super) enum Market {
    /// Recorded bars.
    Recorded(Vec<Series>),
    /// The simulated market.
    Simulated(sim::SimMarket),
}

/// Everything a run is made of.
pub(super) struct Loaded {
    pub(super) config: DeskConfig,
    pub(super) strategy: Strategy,
    pub(super) market: Market,
    /// The market in words.
    pub(super) description: String,
    /// Tells this run from any other.
    pub(super) fingerprint: String,
    /// When the market begins.
    pub(super) start: Timestamp,
}

/// The instant at which the simulated market begins: 2024-01-01T00:00Z.
const SIM_START_MS: i64 = 1_704_067_200_000;

/// Loads and checks everything before anything is written.
pub(super) fn load(arguments: &UpArguments) -> anyhow::Result<Loaded> {
    let ticks = PerSymbol::parse("--tick", &arguments.tick)?;
    let lots = PerSymbol::parse("--lot", &arguments.lot)?;
    let mut hasher = Sha256::new();
    let (market, description) = if arguments.replay.is_empty() {
        simulated(arguments, &mut hasher)?
    } else {
        recorded(arguments, &ticks, &lots, &mut hasher)?
    };
    let config = configure(arguments, Shape::of(&market)?)?;
    let strategy = config.check()?;
    hasher.update(serde_json::to_vec(&config)?);
    let fingerprint = hasher.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    let start = match &market {
        Market::Recorded(series) => {
            let first = series.iter().filter_map(|s| s.candles.first()).map(|bar| bar.open_time).min();
            first.context("the files have no bars")?
        }
        Market::Simulated(_) => Timestamp::from_ms(SIM_START_MS),
    };
    Ok(Loaded { config, strategy, market, description, fingerprint, start })
}

fn simulated(arguments: &UpArguments, hasher: &mut Sha256) -> anyhow::Result<(Market, String)> {
    if !arguments.tick.is_empty() || !arguments.lot.is_empty() {
        bail!("--tick and --lot belong to --replay: the simulated market has its own");
    }
    let seed = arguments.seed.unwrap_or(1);
    let symbols = sim::default_symbols()?;
    let start = Timestamp::from_ms(SIM_START_MS);
    let market = sim::SimMarket::new(seed, start, Interval::MINUTE, &symbols)?;
    hasher.update(format!("sim/{seed}"));
    let names: Vec<&str> = market.instruments().iter().map(|i| i.symbol.as_str()).collect();
    let description = format!("simulated, seed {seed}: {} on 1m bars", names.join(", "));
    Ok((Market::Simulated(market), description))
}

fn recorded(
    arguments: &UpArguments,
    ticks: &PerSymbol<Price>,
    lots: &PerSymbol<Quantity>,
    hasher: &mut Sha256,
) -> anyhow::Result<(Market, String)> {
    if arguments.seed.is_some() || arguments.bars.is_some() {
        bail!("--seed and --bars belong to --market sim, not to --replay");
    }
    let default = (parse::<Price>("tick", "0.01")?, parse::<Quantity>("lot", "0.00001")?);
    let mut all: Vec<Series> = Vec::new();
    let mut description = String::new();
    for given in &arguments.replay {
        let (symbol, path) = named(given)?;
        let series = if path.extension().is_some_and(|extension| extension == "parquet") {
            let steps = |symbol: &Symbol| (ticks.of(symbol), lots.of(symbol));
            parquet::load(&path, symbol, steps, default.1)?
        } else {
            // The name decides the steps, and the file's name may decide the symbol: a first look tells it.
            let symbol = symbol.map_or_else(|| csv::symbol_of(&path), Ok)?;
            let (tick, lot) = (ticks.of(&symbol).unwrap_or(default.0), lots.of(&symbol).unwrap_or(default.1));
            csv::load(&path, Some(symbol), tick, lot)?
        };
        if all.iter().any(|other| other.instrument.symbol == series.instrument.symbol) {
            let symbol = &series.instrument.symbol;
            let path = path.display();
            bail!("{path}: {symbol} is given by another file already; name this one as OTHER={path}");
        }
        hasher.update(std::fs::read(&path).with_context(|| format!("{}: can't be read", path.display()))?);
        let separator = if description.is_empty() { "recorded: " } else { ", " };
        let (symbol, interval, bars) = (&series.instrument.symbol, series.interval, series.candles.len());
        let _ = write!(description, "{separator}{symbol} {interval} ({bars} bars)");
        all.push(series);
    }
    let known = |symbol: &Symbol| all.iter().any(|series| series.instrument.symbol == *symbol);
    for symbol in ticks.symbols.keys().chain(lots.symbols.keys()) {
        if !known(symbol) {
            bail!("{symbol}: --tick or --lot names it, but no file of --replay is of that symbol");
        }
    }
    Ok((Market::Recorded(all), description))
}

/// `SYMBOL=FILE`, or a file whose name tells its symbol.
fn named(given: &str) -> anyhow::Result<(Option<Symbol>, std::path::PathBuf)> {
    match given.split_once('=') {
        Some((symbol, path)) if !Path::new(given).exists() => {
            Ok((Some(Symbol::new(symbol).map_err(|e| anyhow::anyhow!("--replay {given}: {e}"))?), path.into()))
        }
        _ => Ok((None, given.into())),
    }
}

fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(what: &str, text: &str) -> anyhow::Result<T> {
    text.parse().map_err(|e| anyhow::anyhow!("--{what} {text}: {e}"))
}

/// A flag that may differ from market to market: `0.01`, or `SYMBOL:0.01`.
struct PerSymbol<T> {
    all: Option<T>,
    symbols: BTreeMap<Symbol, T>,
}

impl<T: std::str::FromStr<Err: std::fmt::Display> + Copy> PerSymbol<T> {
    fn parse(flag: &str, given: &[String]) -> anyhow::Result<Self> {
        let mut parsed = Self { all: None, symbols: BTreeMap::new() };
        for text in given {
            let fault = |e: &dyn std::fmt::Display| anyhow::anyhow!("{flag} {text}: {e}; write 0.01 or BTCUSDT:0.01");
            match text.split_once(':') {
                Some((symbol, value)) => {
                    let symbol = Symbol::new(symbol).map_err(|e| fault(&e))?;
                    parsed.symbols.insert(symbol, value.parse().map_err(|e| fault(&e))?);
                }
                None => parsed.all = Some(text.parse().map_err(|e| fault(&e))?),
            }
        }
        Ok(parsed)
    }

    fn of(&self, symbol: &Symbol) -> Option<T> {
        self.symbols.get(symbol).copied().or(self.all)
    }
}

/// What is traded, and where.
pub(super) struct Shape {
    pub(super) markets: Vec<MarketConfig>,
    pub(super) venue: VenueId,
}

impl Shape {
    fn of(market: &Market) -> anyhow::Result<Self> {
        let markets = match market {
            Market::Recorded(series) => {
                series.iter().map(|s| MarketConfig { instrument: s.instrument.clone(), interval: s.interval }).collect()
            }
            Market::Simulated(sim) => {
                let interval = sim.interval();
                sim.instruments().iter().map(|i| MarketConfig { instrument: i.clone(), interval }).collect()
            }
        };
        Ok(Self { markets, venue: VenueId::new("paper")? })
    }
}

pub(super) fn configure(arguments: &UpArguments, shape: Shape) -> anyhow::Result<DeskConfig> {
    let Shape { markets, venue } = shape;
    let fee: Bps = parse("fee-bps", &arguments.fee_bps)?;
    let mut parameters = BTreeMap::new();
    for given in &arguments.param {
        let pair = given.split_once('=');
        let (name, value) = pair.ok_or_else(|| anyhow::anyhow!("--param {given}: write it as name=value"))?;
        if parameters.insert(name.to_owned(), value.to_owned()).is_some() {
            bail!("--param {given}: {name} is given twice");
        }
    }
    let stake = Notional::new(parse("stake", &arguments.stake)?).map_err(|e| anyhow::anyhow!("--stake: {e}"))?;
    let participation = arguments.participation_bps.as_deref();
    let quote = markets.first().map(|m| m.instrument.quote.clone()).context("there is no market")?;
    let mut config = DeskConfig {
        account: AccountId::new("main")?,
        venue,
        quote,
        cash: parse::<Amount>("cash", &arguments.cash)?,
        strategy: StrategyConfig { name: arguments.strategy.clone(), parameters, stake },
        profile: Profile { fee, ..Profile::named(&arguments.risk).map_err(|e| anyhow::anyhow!("--risk: {e}"))? },
        paper: PaperConfig {
            fee,
            slippage: parse("slippage-bps", &arguments.slippage_bps)?,
            participation: participation.map(|text| parse("participation-bps", text)).transpose()?,
        },
        markets,
        live: None,
    };
    let environment: BTreeMap<String, String> = std::env::vars().collect();
    boot::apply_environment(&mut config, &environment)?;
    Ok(config)
}
