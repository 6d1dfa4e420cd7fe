//! `deploy` and `destroy`: the desk on AWS. What will be created or changed, who gets which rights and what a month costs
//! is shown before anything is asked, and nothing is done before it is answered.

use super::cost;
use super::print::say;
use crate::cloud::cost::Book;
use crate::cloud::tools::{CARGO, NPM, NPX, project};
use anyhow::{Context, bail};
use boot::config::DeskConfig;
use clap::Args;
use rust_decimal::Decimal;
use std::io::BufRead;
use std::path::{Path, PathBuf};

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
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let begins = self.name.starts_with(|c: char| c.is_ascii_lowercase());
        if !begins || !self.name.chars().all(fits) || self.name.len() > 32 || self.name.ends_with('-') {
            bail!("--name {:?}: must be 1 to 32 small letters, digits and hyphens, and begin with a letter", self.name);
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

/// The stacks that `destroy` removes, in its order: whoever uses another one first.
const REMOVED: [&str; 3] = ["observability", "api", "pipeline"];

pub(super) fn deploy(arguments: &DeployArguments) -> anyhow::Result<()> {
    arguments.which.check()?;
    let project = project()?;
    let config = arguments.config.clone().unwrap_or_else(|| project.join("infra/desk.json"));
    let config = std::path::absolute(config)?;
    let summary = check(&config)?;
    let (cdk, functions) = (project.join("cdk"), project.join("target/functions"));
    say(&summary);
    let (config, functions) = (path(&config)?, path(&functions)?);
    say("\n1/4 Building the functions for the processor they run on");
    CARGO.run(&project, &["xtask", "package", "--arm64", "--desk", config, "--out", functions])?;
    say("\n2/4 Installing what describes the deployment");
    NPM.run(&cdk, &["ci", "--no-audit", "--no-fund", "--loglevel=error"])?;
    let mut contexts = vec![format!("desk={}", arguments.which.name), format!("code={functions}")];
    contexts.extend(arguments.context.iter().cloned());
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
        "\nThe desk opens its account within a minute. The outputs above name its API and its dashboards; runbook: infra/runbook.md",
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
         the secret {name}/venue-keys and the key that encrypts them: about 1.40 USD a month."
    ));
    say(
        "To remove these, too: turn off the table's deletion protection and the stack's termination protection, empty the \
         bucket, and delete them by hand. A key can be brought back for a week at the least; the books can't be.",
    );
    say("Orders at a venue are not touched: `ballast kill --flatten`, or the route /v1/kill, first.");
    arguments.which.agreed("remove them")?;
    NPM.run(&cdk, &["ci", "--no-audit", "--no-fund", "--loglevel=error"])?;
    let context = format!("desk={name}");
    let mut words = vec!["cdk", "destroy", "--force", "--exclusively", "-c", &context, "-c", "code=placeholder"];
    words.extend(stacks.iter().map(String::as_str));
    NPX.run(&cdk, &words)
}

/// Reads a configuration as the functions will, and says in words what it is.
fn check(path: &Path) -> anyhow::Result<String> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("{shown}: can't be read"))?;
    let config: DeskConfig = serde_json::from_str(&text).with_context(|| format!("{shown}: is no configuration"))?;
    config.check().with_context(|| shown.to_string())?;
    if config.venue.as_str() != "paper" {
        bail!("{shown}: the venue {:?} can't be traded on; this desk trades on `paper` only", config.venue.as_str());
    }
    let markets = config.markets.iter().map(|m| format!("{} {}", m.instrument.symbol, m.interval));
    let (cash, quote, profile) = (config.cash, &config.quote, &config.profile.name);
    let markets = markets.collect::<Vec<_>>().join(", ");
    Ok(format!("PAPER trading of {markets} by {} with {cash} {quote}, limits `{profile}`", config.strategy.name))
}

fn path(path: &Path) -> anyhow::Result<&str> {
    path.to_str().with_context(|| format!("{}: the path is not readable text", path.display()))
}
