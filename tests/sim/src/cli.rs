//! The command line.

use crate::campaign::{Seeds, Summary, campaign};
use crate::fault::{self, Given};
use crate::mutants::Mutant;
use crate::seed::{self, Options};
use crate::venue::Semantics;
use crate::{gate, report, sweep};
use clap::Parser;
use std::process::ExitCode;
use std::time::Instant;

/// Runs the desk in a world that fails, and holds it against its invariants.
#[derive(Debug, Parser)]
#[command(name = "sim")]
pub struct Arguments {
    /// Run so many seeds
    #[arg(long, value_name = "N", default_value_t = 1000)]
    seeds: u64,
    /// The first seed; a commit's hash will do
    #[arg(long, value_name = "SEED", default_value = "0")]
    base: String,
    /// Run one seed, and print its trace
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
    /// Only at this venue
    #[arg(long, value_name = "NAME")]
    venue: Option<String>,
    /// Break the desk on purpose
    #[arg(long, value_name = "NAME")]
    mutant: Option<String>,
    /// Only the faults of this file
    #[arg(long, value_name = "FILE")]
    plan: Option<std::path::PathBuf>,
    /// Crash at every call, and at every pair of calls while an order is placed
    #[arg(long)]
    sweep: bool,
    /// Break the desk in every way on purpose, and see that it is noticed
    #[arg(long)]
    mutants: bool,
}

/// Does as the command line says.
#[must_use]
pub fn main() -> ExitCode {
    match Arguments::parse().run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(reason) => {
            eprintln!("sim: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// The first seed of a campaign: a number, or the beginning of a commit's hash.
///
/// # Errors
/// If it is neither.
pub fn base(text: &str) -> Result<u64, String> {
    let hash = || u64::from_str_radix(text.get(..16).unwrap_or(text), 16);
    text.parse().or_else(|_| hash()).map_err(|_| format!("{text:?} is no seed: a number, or a commit's hash"))
}

fn commit() -> String {
    let asked = std::process::Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output();
    let text = asked.ok().filter(|o| o.status.success()).and_then(|o| String::from_utf8(o.stdout).ok());
    text.map_or_else(|| "unknown".to_owned(), |text| text.trim().to_owned())
}

impl Arguments {
    /// Does as the arguments say, prints what came of it, and tells whether all went well.
    ///
    /// # Errors
    /// Words, if the arguments make no sense.
    pub fn run(&self) -> Result<bool, String> {
        let base = base(&self.base)?;
        let options = self.options()?;
        match (self.seed, self.sweep, self.mutants) {
            (Some(seed), _, _) => one(seed, &options.into_iter().next().ok_or("no venue")?),
            (None, true, _) => swept(base, &options),
            (None, false, true) => {
                let killed = gate::gate(base, self.seeds, |killed| println!("{}", report::mutant(killed)));
                let living = killed.iter().filter(|killed| killed.by.is_none()).count();
                println!("{} mutants, {living} of them live", killed.len());
                Ok(living == 0)
            }
            (None, false, false) => many(Seeds { base, count: self.seeds, until_broken: false }, &options),
        }
    }

    /// One set of options a venue.
    fn options(&self) -> Result<Vec<Options>, String> {
        let venues = match &self.venue {
            Some(name) => vec![Semantics::named(name).ok_or_else(|| format!("there is no venue {name:?}"))?],
            None => Semantics::ALL.to_vec(),
        };
        let mutant = match &self.mutant {
            Some(name) => {
                let found = Mutant::ALL.iter().find(|mutant| mutant.name() == name);
                Some(*found.ok_or_else(|| format!("there is no mutant {name:?}"))?)
            }
            None => None,
        };
        let faults = match &self.plan {
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
                Given::Only(fault::read(&text)?)
            }
            None => Given::BySeed,
        };
        Ok(venues.into_iter().map(|venue| Options { mutant, faults: faults.clone(), ..Options::at(venue) }).collect())
    }
}

fn one(seed: u64, options: &Options) -> Result<bool, String> {
    let outcome = seed::run(seed, &Options { trace: true, ..options.clone() }).map_err(|e| e.to_string())?;
    outcome.trace.iter().for_each(|line| println!("{line}"));
    println!("trace {:016x}", outcome.hash);
    if outcome.violation.is_some() {
        println!("\n{}", report::failure(seed, options, &commit()));
    }
    Ok(outcome.violation.is_none())
}

fn swept(seed: u64, options: &[Options]) -> Result<bool, String> {
    let mut clean = true;
    for options in options {
        let short = Options { bars: SWEEP_BARS, ..options.clone() };
        let sweeps: [(&str, sweep::Sweep); 3] =
            [("single crashes", sweep::singles), ("pairs", sweep::pairs), ("clocks", sweep::clocks)];
        for (name, sweep) in sweeps {
            let swept = sweep(seed, &short).map_err(|e| e.to_string())?;
            print!("{:<10} {}", options.semantics.name, report::sweep(name, &swept));
            clean &= swept.broken.is_empty();
        }
    }
    Ok(clean)
}

/// How many bars a swept run has: enough for an entry, its stop and an exit.
const SWEEP_BARS: i64 = 6;

fn many(seeds: Seeds, options: &[Options]) -> Result<bool, String> {
    let begun = Instant::now(); // sim-ok: how long a campaign takes
    let (mut all, mut told) = (Summary::default(), 0);
    for options in options {
        let summary = campaign(seeds, options);
        if let Some(reason) = summary.failed {
            return Err(reason);
        }
        for (_, seed) in summary.violations.keys().take(3) {
            println!("{}", report::failure(*seed, options, &commit()));
            told += 1;
        }
        all.add(summary);
    }
    let venue = if options.len() == 1 { options.first().map_or("", |o| o.semantics.name) } else { "all" };
    println!("{}", report::table(&all, venue, begun.elapsed()));
    let missing = all.missing();
    missing.iter().for_each(|mark| println!("never seen: {mark}"));
    Ok(told == 0 && missing.is_empty())
}
