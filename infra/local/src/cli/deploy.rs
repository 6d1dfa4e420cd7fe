//! `deploy` and `destroy`: the desk on AWS. What will be created or changed, who gets which rights and what a month costs
//! is shown before anything is asked, and nothing is done before it is answered.

use super::cost;
use super::print::say;
use crate::cloud::cost::Book;
use crate::cloud::tools::{CARGO, NPM, NPX, project};
use anyhow::{Context, bail};
use boot::config::{DeskConfig, MarketConfig};
use clap::Args;
use rust_decimal::Decimal;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use venue::live::told_instrument;
use venue::protocol::call::BarPrice;
use venue::protocol::{BarQuery, Capabilities, Product, Range, Scope};
use venue::registry;

#[derive(Debug, Args)]
pub(super) struct DeployArguments {
    /// The desk's configuration [default: infra/desk.json of the project]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    which: Which,
    /// A setting of the deployment, as name=value (see cdk/README.md); may be repeated
    #[arg(short = 'c', long = "context", value_name = "K=V")]
    context: Vec<String>,
    /// The configuration may trade with real money
    #[arg(long)]
    live: bool,
    /// Show everything, ask nothing, change nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
pub(super) struct DestroyArguments {
    #[command(flatten)]
    which: Which,
}

/// Which desk, and whether to ask.
#[derive(Debug, Args)]
struct Which {
    /// The desk's name, with which the name of everything begins
    #[arg(long, default_value = "ballast")]
    name: String,
    /// Don't ask
    #[arg(long)]
    yes: bool,
}

impl Which {
    fn check(&self) -> anyhow::Result<()> {
        // As cdk/lib/settings.ts has it.
        let fits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let begins = self.name.starts_with(|c: char| c.is_ascii_lowercase());
        if !begins || !self.name.split('-').all(fits) || !(2..=20).contains(&self.name.len()) {
            let rule = "2 to 20 small letters, digits and single hyphens, and begin with a letter";
            bail!("--name {:?}: must be {rule}", self.name);
        }
        Ok(())
    }

    /// Waits for the desk's name to be typed.
    fn agreed(&self, what: &str) -> anyhow::Result<()> {
        if self.yes {
            return Ok(());
        }
        say(&format!("\nType the desk's name ({}) to {what}, anything else to leave all as it is:", self.name));
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        if line.trim() != self.name {
            bail!("nothing was changed");
        }
        Ok(())
    }
}

/// The settings that can be given with `-c`. The others belong to this verb (`--name`), or to trying things out.
const SETTINGS: [&str; 7] =
    ["issuer", "audience", "marketDataUrl", "alarmEmail", "budgetUsd", "dataStaleSeconds", "reserveForKill"];

/// Checks the settings, and adds what follows from the configuration: after two bars and a while data is stale.
fn settings(given: &[String], config: &DeskConfig) -> anyhow::Result<Vec<String>> {
    let known = SETTINGS.join(", ");
    for setting in given {
        match setting.split_once('=') {
            Some((name, value)) if SETTINGS.contains(&name) && !value.is_empty() => {}
            Some(("desk", _)) => bail!("-c {setting}: name the desk with --name"),
            Some((name, _)) => bail!("-c {setting}: {name} is no setting, or has no value; there are {known}"),
            None => bail!("-c {setting}: write it as name=value; there are {known}"),
        }
    }
    let mut all = given.to_vec();
    let longest = config.markets.iter().map(|market| market.interval.ms() / 1000).max().unwrap_or_default();
    if !given.iter().any(|setting| setting.starts_with("dataStaleSeconds=")) {
        all.push(format!("dataStaleSeconds={}", 2 * longest + SLACK_S));
    }
    Ok(all)
}

/// How late data may be beyond two bars, in seconds.
const SLACK_S: i64 = 300;

/// The stacks that `destroy` removes, in its order: whoever uses another one first.
const REMOVED: [&str; 3] = ["observability", "api", "pipeline"];

pub(super) fn deploy(arguments: &DeployArguments) -> anyhow::Result<()> {
    arguments.which.check()?;
    let project = project()?;
    let config = arguments.config.clone().unwrap_or_else(|| project.join("infra/desk.json"));
    let config = std::path::absolute(config)?;
    let desk = check(&config)?;
    if desk.live.is_some() && !arguments.live {
        bail!("{}: trades with real money at {}; say so with --live", config.display(), desk.venue);
    }
    let settings = settings(&arguments.context, &desk)?;
    let (cdk, functions) = (project.join("cdk"), project.join("target/functions"));
    say(&summary(&desk));
    let (config, functions) = (path(&config)?, path(&functions)?);
    say("\n1/4 Building the functions for the processor they run on");
    CARGO.run(&project, &["xtask", "package", "--arm64", "--desk", config, "--out", functions])?;
    say("\n2/4 Installing what describes the deployment");
    NPM.run(&cdk, &["ci", "--no-audit", "--no-fund", "--loglevel=error"])?;
    let mut contexts = vec![format!("desk={}", arguments.which.name), format!("code={functions}")];
    contexts.extend(settings);
    let with = |verb: &[&str]| -> Vec<String> {
        let given = contexts.iter().flat_map(|context| ["-c".to_owned(), context.clone()]);
        ["cdk"].iter().chain(verb).map(|word| (*word).to_owned()).chain(given).collect()
    };
    let cdk_run = |verb: &[&str]| -> anyhow::Result<()> {
        let words = with(verb);
        NPX.run(&cdk, &words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    say("\n3/4 What will be created or changed, with the rights that come and go");
    cdk_run(&["diff", "--all"])?;
    say(&format!("\n{TOOLKIT}"));
    if !contexts.iter().any(|context| context.starts_with("alarmEmail=")) {
        say("\nNobody will be told when an alarm rings: give an address with -c alarmEmail=ADDRESS.");
    }
    say("\nWhat a month will cost");
    let book = Book::read()?;
    cost::print(&book, &book.estimate(Decimal::ZERO), &book.estimate(Decimal::ONE), Decimal::ONE);
    if arguments.dry_run {
        say("\nNothing was changed (--dry-run).");
        return Ok(());
    }
    arguments.which.agreed("create or change this")?;
    say("\n4/4 Deploying");
    cdk_run(&["bootstrap"])?;
    cdk_run(&["deploy", "--all", "--require-approval", "never"])?;
    say(
        "\nThe desk opens its account within a minute. The outputs above name its API; its dashboards are in CloudWatch; runbook: infra/runbook.md",
    );
    Ok(())
}

pub(super) fn destroy(arguments: &DestroyArguments) -> anyhow::Result<()> {
    arguments.which.check()?;
    let name = &arguments.which.name;
    let cdk = project()?.join("cdk");
    let stacks = REMOVED.map(|stack| format!("{name}-{stack}"));
    say(&format!("Will be removed: the stacks {}.", stacks.join(", ")));
    say(&format!(
        "Stays, on purpose: the stack {name}-data with the table {name} (orders, fills, the ledger), the history bucket, \
         the secret {name}/venue-keys and the key that encrypts them: about 1.40 USD a month, and 1 USD more after each \
         of the key's first two yearly rotations."
    ));
    say(
        "To remove these, too: turn off the table's deletion protection and the stack's termination protection, empty the \
         bucket, and delete them by hand. A key can be brought back for a week at the least; the books can't be.",
    );
    say(&format!("{TOOLKIT} It stays, too, with the functions' packages in its bucket: other projects may use it."));
    say("Orders at a venue are not touched: `ballast kill --flatten`, or the route /v1/kill, first.");
    arguments.which.agreed("remove them")?;
    NPM.run(&cdk, &["ci", "--no-audit", "--no-fund", "--loglevel=error"])?;
    let context = format!("desk={name}");
    let mut words = vec!["cdk", "destroy", "--force", "--exclusively", "-c", &context, "-c", "code=placeholder"];
    words.extend(stacks.iter().map(String::as_str));
    NPX.run(&cdk, &words)
}

/// What the CDK keeps in an account, whatever is deployed with it.
const TOOLKIT: &str = "The account also gets, once, what the CDK itself needs: the stack CDKToolkit (`cdk bootstrap`), with a \
    bucket for packages, a container registry and five roles, of which the one that CloudFormation deploys with is an \
    administrator's.";

/// Reads a configuration as the functions will.
fn check(path: &Path) -> anyhow::Result<DeskConfig> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("{shown}: can't be read"))?;
    let config: DeskConfig = serde_json::from_str(&text).with_context(|| format!("{shown}: is no configuration"))?;
    config.check().with_context(|| shown.to_string())?;
    config.traded_live().with_context(|| shown.to_string())?;
    let found = registry::of_candles(config.venue.as_str());
    let protocol = found.map(|adapter| adapter.protocol).filter(|p| p.capabilities().products.contains(&Product::Spot));
    let known = || {
        format!("{shown}: the venue {:?} has no spot markets here; `ballast venues` shows all", config.venue.as_str())
    };
    let protocol = protocol.with_context(known)?;
    if config.traded_live().is_ok_and(|live| live.is_some()) {
        venue::live::protects(protocol).map_err(|why| anyhow::anyhow!("{shown}: {why}"))?;
        let Capabilities { name, in_sequence, .. } = protocol.capabilities();
        if *in_sequence {
            bail!(
                "{shown}: {name} takes the requests of a key only in the order in which they were made, and functions on \
                 AWS send theirs at the same time: trade it on one machine, with `ballast up --live`"
            );
        }
    }
    for MarketConfig { instrument, interval } in &config.markets {
        // Asked as market-data will ask; only whether it can be asked matters here.
        let query = BarQuery { interval: *interval, range: Range::default(), price: BarPrice::Trade };
        protocol
            .bars(&told_instrument(instrument), &query, &Scope::default())
            .map_err(|fault| anyhow::anyhow!("{shown}: {}: {fault}", instrument.symbol))?;
    }
    Ok(config)
}

fn summary(config: &DeskConfig) -> String {
    let markets = config.markets.iter().map(|m| format!("{} {}", m.instrument.symbol, m.interval));
    let profile = &config.profile.name;
    let markets = markets.collect::<Vec<_>>().join(", ");
    let how = match &config.live {
        None => "PAPER trading".to_owned(),
        Some(live) if live.test => {
            format!("TRADING at the test network of {}, by the keys {:?},", config.venue, live.keys)
        }
        Some(live) => format!("LIVE TRADING WITH REAL MONEY at {}, by the keys {:?},", config.venue, live.keys),
    };
    let cash = match &config.live {
        None => format!("{} {}", config.cash, config.quote),
        Some(_) => "what the account holds".to_owned(),
    };
    format!("{how} of {markets} by {} with {cash}, limits `{profile}`", config.strategy.name)
}

fn path(path: &Path) -> anyhow::Result<&str> {
    path.to_str().with_context(|| format!("{}: the path is not readable text", path.display()))
}
