//! The operator's command line. Every verb prints a table for people, or one JSON object with `--json`, and exits with
//! a status other than zero when it fails, saying why and what to do.

mod access;
mod backup;
mod cost;
mod data;
mod deploy;
mod doctor;
mod explain;
mod keys;
mod live;
mod load;
mod print;
mod progress;
mod route;
mod show;
mod switch;
mod up;
mod venues;
mod which;
mod worth;

use clap::{Args, Parser, Subcommand};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use which::Which;

/// A self-hosted, risk-first crypto trading desk. Paper trading is the default.
#[derive(Debug, Parser)]
#[command(name = "ballast", version, about)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run the whole desk: embedded store, queues, schedules, API, and a market, on paper
    Up(Box<up::UpArguments>),
    /// What the account is worth; with --venues, what all active keys' accounts are
    Portfolio(PortfolioArguments),
    /// What is held in each market
    Positions(Where),
    /// The last orders; or settle one whose outcome only a person knows
    Orders(show::OrdersArguments),
    /// The last decisions; with an ID, why one was taken or refused
    Decisions(show::DecisionsArguments),
    /// The ledger's balances; with --transactions, its transactions
    Ledger(show::LedgerArguments),
    /// Stop trading: cancel what adds risk and keep protective stops
    Kill(switch::KillArguments),
    /// Ask to trade again: takes effect after a delay, or when a second person asks
    Unkill(switch::UnkillArguments),
    /// Copy a desk's data into a folder
    Backup(backup::BackupArguments),
    /// Make a data folder from a backup
    Restore(backup::RestoreArguments),
    /// Check a desk: files, ledger, headroom, orders, dead letters; with --cloud, the account it runs in
    Doctor(doctor::DoctorArguments),
    /// What each exchange promises: client ids, deadlines, limits, order types, and how its adapter was tested
    Venues(venues::VenuesArguments),
    /// The exchanges' keys: add, list, check, activate, deactivate, remove
    Keys(Box<keys::KeysArguments>),
    /// Where an order would be best filled over the books of several exchanges, after fees; places nothing
    Route(Box<route::RouteArguments>),
    /// The fault simulator: the desk's own handlers in a world that fails, held against what must never happen
    Sim(sim::cli::Arguments),
    /// History: pull bars of years from an exchange into a Parquet file
    Data(data::DataArguments),
    /// What the desk on AWS costs a month, idle and trading, line by line
    Cost(cost::CostArguments),
    /// Create or change the desk on AWS; shows what, who may do what, and the cost, before it asks
    Deploy(deploy::DeployArguments),
    /// Remove the desk from AWS; its books stay, and what stays is named
    Destroy(deploy::DestroyArguments),
}

/// Which desk, and how to answer.
#[derive(Debug, Clone, Args)]
struct Where {
    /// The desk's data folder [default: that of the desk that runs; if none does, the one used last]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Answer with one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Args)]
struct PortfolioArguments {
    #[command(flatten)]
    at: Where,
    /// All accounts of active keys (`ballast keys`), each key once, spot and contracts, in USD and EUR, instead of the
    /// desk's books
    #[arg(long, conflicts_with = "data_dir")]
    venues: bool,
    #[command(flatten)]
    keys: keys::KeysAt,
}

/// The folder below which data folders are made unless one is named.
const BASE: &str = "ballast-data";

impl Where {
    /// The desk that is meant.
    fn desk(&self) -> anyhow::Result<Which> {
        Which::find(self.data_dir.as_deref(), Path::new(BASE))
    }
}

/// Runs a verb and says how it went.
#[must_use]
pub fn run(arguments: Arguments) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&anyhow::anyhow!("the runtime can't be started: {error}")),
    };
    let done = runtime.block_on(async {
        match arguments.verb {
            Verb::Up(arguments) => up::run(*arguments).await,
            Verb::Portfolio(arguments) if arguments.venues => {
                worth::portfolio(&arguments.keys, arguments.at.json).await
            }
            Verb::Portfolio(arguments) => show::portfolio(&arguments.at).await,
            Verb::Positions(at) => show::positions(&at).await,
            Verb::Orders(arguments) => show::orders(&arguments).await,
            Verb::Decisions(arguments) => show::decisions(&arguments).await,
            Verb::Ledger(arguments) => show::ledger(&arguments).await,
            Verb::Kill(arguments) => switch::kill(&arguments).await,
            Verb::Unkill(arguments) => switch::unkill(&arguments).await,
            Verb::Backup(arguments) => backup::backup(&arguments).await,
            Verb::Restore(arguments) => backup::restore(&arguments),
            Verb::Doctor(arguments) => doctor::run(&arguments).await,
            Verb::Venues(arguments) => venues::venues(&arguments),
            Verb::Keys(arguments) => keys::keys(&arguments).await,
            Verb::Route(arguments) => route::run(&arguments).await,
            Verb::Sim(arguments) => simulate(&arguments),
            Verb::Data(arguments) => data::data(&arguments).await,
            Verb::Cost(arguments) => cost::cost(&arguments),
            Verb::Deploy(arguments) => deploy::deploy(&arguments),
            Verb::Destroy(arguments) => deploy::destroy(&arguments),
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn simulate(arguments: &sim::cli::Arguments) -> anyhow::Result<()> {
    match arguments.run() {
        Ok(true) => Ok(()),
        Ok(false) => Err(anyhow::anyhow!("not all of it went well; what did not stands above")),
        Err(why) => Err(anyhow::Error::msg(why)),
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("ballast: {}", words(error));
    ExitCode::FAILURE
}

/// An error with its causes. Some errors tell their cause in their own words: what is said already is not said again.
fn words(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| match (said.is_empty(), cause) {
        (true, cause) => cause,
        (false, cause) if said.contains(&cause) => said,
        (false, cause) => format!("{said}: {cause}"),
    })
}
