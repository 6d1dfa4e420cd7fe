//! `ballast up --live LABEL`: the desk at a venue, with real money.
//!
//! 1. The configuration was added for live orders (`ballast keys add --live`) and is active; the venue has a spot market; and
//!    where nobody has traded through its adapter, its owner says that he knows. No other desk trades with its key.
//! 2. What was typed: the markets are there, and the stake buys at least their smallest order.
//! 3. Preflight, as `ballast keys check` does it: all of it passes, or nothing begins.
//! 4. A person types the label, or has given it with `--confirm`.
//! 5. A desk that begins again with the same label goes on in the same folder.

use super::super::BASE;
use super::super::keys::{self, Reached};
use super::super::load::{Shape, configure};
use super::super::print::say;
use super::super::up::{Stop, UpArguments, unless_stopped};
use super::{Start, drive, markets};
use crate::desk::live::AtVenue;
use crate::in_use::InUse;
use anyhow::{Context, bail};
use boot::config::{DeskConfig, MarketConfig};
use desk::id::VenueId;
use desk::instrument::Instrument as DeskInstrument;
use desk::money::Price;
use desk::time::Interval;
use sha2::{Digest, Sha256};
use std::io::Write;
use std::path::{Path, PathBuf};
use venue::keys::{Configuration, Env};
use venue::live::protects;
use venue::protocol::capability::Evidence;
use venue::protocol::{Capabilities, Instrument, Markets, Product, Scope};
use venue::registry::{Adapter, adapter};

/// The length of bars unless another is named.
const INTERVAL: &str = "1h";

/// Runs the desk with real money.
pub(super) async fn run(arguments: &UpArguments, label: &str, stop: &mut Stop) -> anyhow::Result<()> {
    let (start, _in_use) = unless_stopped(stop, prepare(arguments, label)).await?;
    drive(arguments, start, stop).await
}

/// Everything that comes before a folder is opened; holds the key from then on.
async fn prepare(arguments: &UpArguments, label: &str) -> anyhow::Result<(Start, InUse)> {
    if arguments.until_end && arguments.bars.is_none() {
        bail!("a venue has no end: give it one with --bars N, or leave --until-end away");
    }
    let configuration = arguments.keys.existing()?.get(label)?;
    let Adapter { protocol, streams } = admit(&configuration, arguments)?;
    let capabilities = protocol.capabilities();
    let interval = arguments.interval.as_deref().unwrap_or(INTERVAL);
    let interval: Interval = interval.parse().map_err(|e| anyhow::anyhow!("--interval: {e}"))?;
    let path = arguments.data_dir.clone().unwrap_or_else(|| own_folder(&configuration));
    let in_use = InUse::claim(&arguments.keys.keys_dir, &configuration, &path)?;
    let exchange = keys::reach(&configuration)?;
    // What was typed wrong is told before anything is asked about the key. A venue that does not answer is the preflight's.
    if exchange.load_markets(&[Product::Spot]).await.is_ok() {
        let (instruments, config) = planned(&exchange, arguments, capabilities, interval)?;
        buys_something(&exchange, &instruments, &config).await?;
    }
    let lines = keys::preflight(&exchange, &configuration, arguments.accept_unknown_permissions).await;
    for line in &lines {
        tell(arguments, &line.text());
    }
    if let Some(fault) = keys::first_failed(&lines) {
        bail!("{label:?} is not ready for live trading: {fault}; see the way out above, then `ballast keys check`");
    }
    let (instruments, config) = planned(&exchange, arguments, capabilities, interval)?;
    confirm(arguments, &configuration, capabilities, &config).await?;
    let names: Vec<&str> = instruments.iter().map(|i| i.symbol.as_str()).collect();
    let market =
        format!("{}, {label:?}{}: {} on {interval} bars", capabilities.name, server(&configuration), names.join(", "));
    let fingerprint = fingerprint(&configuration, &config, interval);
    let at = AtVenue { protocol, access: keys::access(&configuration), instruments };
    let headline = format!("LIVE trading: REAL MONEY at {}, account {label:?}.", capabilities.name);
    let start = Start { headline, market, config, interval, at, streams, path, fingerprint, simulated: false };
    Ok((start, in_use))
}

/// What is to be traded, and how, as far as it can be checked without the account: what is checked of the cash is known only
/// when that is opened.
fn planned(
    exchange: &Reached,
    arguments: &UpArguments,
    capabilities: &Capabilities,
    interval: Interval,
) -> anyhow::Result<(Vec<Instrument>, DeskConfig)> {
    let instruments = wanted(&exchange.markets(), &arguments.symbol, capabilities)?;
    let shape = Shape {
        markets: markets(exchange.protocol(), &instruments, interval)?,
        venue: VenueId::new(capabilities.venue)?,
    };
    let config = configure(arguments, shape)?;
    config.check()?;
    Ok((instruments, config))
}

/// Refuses a stake that buys less than a market's smallest order at its price: every entry would be refused, one by one.
async fn buys_something(exchange: &Reached, instruments: &[Instrument], config: &DeskConfig) -> anyhow::Result<()> {
    let (protocol, stake) = (exchange.protocol(), config.strategy.stake);
    let scope = Scope { product: Some(Product::Spot), ..Scope::default() };
    for (listed, market) in instruments.iter().zip(&config.markets) {
        let Ok(ask) = protocol.ticker(listed, &scope) else { continue };
        // Without a price there is nothing to hold the stake against.
        let Ok(ticker) = exchange.read(ask).await else { continue };
        let Some(price) = ticker.ask.or(ticker.last).and_then(|price| Price::new(price).ok()) else { continue };
        let MarketConfig { instrument, .. } = market;
        let quantity = instrument.size(stake, price)?;
        if !instrument.takes(quantity, price)? {
            let DeskInstrument { symbol, base, quote, min_quantity, min_notional, .. } = instrument;
            bail!(
                "--stake {stake}: at {price} that buys {quantity} {base}, less than the smallest order in {symbol}, \
                 {min_quantity} {base} and {min_notional} {quote}: no entry would ever be placed. Give more"
            );
        }
    }
    Ok(())
}

/// Whether the desk may trade with a configuration at all.
fn admit(configuration: &Configuration, arguments: &UpArguments) -> anyhow::Result<Adapter> {
    let label = &configuration.label;
    if configuration.settings.env != Env::Live {
        bail!(
            "{label:?} was added for reading only: add the key again under another label, with `ballast keys add --live`"
        );
    }
    if !configuration.settings.active {
        bail!("{label:?} is not active: `ballast keys activate {label:?}` asks the venue and puts it to use");
    }
    let found = adapter(configuration.venue).context("the venue is not known")?;
    let capabilities = found.protocol.capabilities();
    if !capabilities.products.contains(&Product::Spot) {
        bail!("{}: the desk trades spot markets only, and this venue has none", capabilities.name);
    }
    if let Err(why) = protects(found.protocol) {
        bail!("{why}: it can be read, and orders can be planned for it, but it can't be traded live");
    }
    if capabilities.evidence < Evidence::Testnet && !arguments.untested_venue {
        bail!(
            "{}: nobody has traded through this adapter; it was tested against published and recorded messages only \
             (`ballast venues {}`). Whoever wants to be the first says so with --untested-venue, and begins with an \
             account that holds little",
            capabilities.name,
            capabilities.venue
        );
    }
    Ok(found)
}

/// The markets of those names: the venue's own, or unified ones (`BTC/USDT`).
fn wanted(markets: &Markets, names: &[String], capabilities: &Capabilities) -> anyhow::Result<Vec<Instrument>> {
    let find = |name: &String| {
        let found = markets.of_symbol(name, &[Product::Spot]).or_else(|| markets.get(name));
        let found = found.filter(|i| i.product == Product::Spot && i.active).cloned();
        found.with_context(|| format!("--symbol {name}: {} has no such spot market that is open", capabilities.name))
    };
    names.iter().map(find).collect()
}

/// Asks for the label, or finds that it was given.
async fn confirm(
    arguments: &UpArguments,
    configuration: &Configuration,
    capabilities: &Capabilities,
    config: &DeskConfig,
) -> anyhow::Result<()> {
    let label = &configuration.label;
    let symbols: Vec<&str> = config.markets.iter().map(|market| market.instrument.symbol.as_str()).collect();
    let stake = config.strategy.stake;
    for line in [
        String::new(),
        format!(
            "WARNING: REAL MONEY. This desk will trade {label:?} at {}{}.",
            capabilities.name,
            server(configuration)
        ),
        format!(
            "It sends orders in {} by itself, {stake} {} an entry, and asks nobody.",
            symbols.join(", "),
            config.quote
        ),
        "What the account holds can be lost, by the market or by a fault of this program. `ballast kill` stops it."
            .to_owned(),
    ] {
        tell(arguments, &line);
    }
    let given = match &arguments.confirm {
        Some(given) => given.clone(),
        None => {
            eprint!("Type the label of the account to begin: ");
            let _ = std::io::stderr().flush();
            typed().await?
        }
    };
    if given != *label {
        bail!(
            "not confirmed: nothing was begun. Type {label:?} exactly, or give --confirm {label:?} where nobody can type"
        );
    }
    Ok(())
}

/// A line that a person types. Whoever is asked may stop the desk instead; the thread that waits ends with the process.
async fn typed() -> anyhow::Result<String> {
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line).map(|_| line);
        // Nobody waits any more where the desk was stopped.
        let _ = tell.send(read);
    });
    let line = told.await.context("standard input")?.context("standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Says something to the person; not on the output where that is to be one JSON object.
fn tell(arguments: &UpArguments, line: &str) {
    if arguments.json { eprintln!("{line}") } else { say(line) }
}

/// Which server, where it is not the venue's usual one.
fn server(configuration: &Configuration) -> String {
    match (&configuration.settings.base_url, configuration.settings.test) {
        (Some(url), _) => format!(" ({url})"),
        (None, true) => " (test network)".to_owned(),
        (None, false) => String::new(),
    }
}

fn hashed(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update([0x1f]);
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What an account's books belong to. Limits, stake and markets may change between two runs; account, quote and strategy not.
fn fingerprint(configuration: &Configuration, config: &DeskConfig, interval: Interval) -> String {
    let Configuration { label, venue, settings, .. } = configuration;
    let url = settings.base_url.clone().unwrap_or_default();
    let parameters = format!("{:?}", config.strategy.parameters);
    let (test, interval) = (settings.test.to_string(), interval.to_string());
    let strategy = &config.strategy.name;
    hashed(&["live", venue, label, &url, &test, config.quote.as_str(), strategy, &parameters, &interval])
}

/// The folder of a label.
fn own_folder(configuration: &Configuration) -> PathBuf {
    let Configuration { label, venue, .. } = configuration;
    let plain: String =
        label.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let short: String = hashed(&[venue, label]).chars().take(8).collect();
    Path::new(BASE).join(format!("live-{plain}-{short}"))
}
