//! What people read: tables, and the story of a failure.

use crate::campaign::{Summary, transitions};
use crate::fault::{Fault, written};
use crate::gate::Killed;
use crate::minimise::minimise;
use crate::seed::Options;
use crate::sweep::{Broken, Swept};
use std::time::Duration;

/// How many lines of a trace a failure shows.
const LINES: usize = 40;

/// A campaign as a table.
#[must_use]
pub fn table(summary: &Summary, venue: &str, took: Duration) -> String {
    let seconds = took.as_secs_f64().max(0.001);
    let per_second = u64::try_from(took.as_millis().max(1)).map_or(0, |ms| summary.runs * 1_000 / ms);
    let mut text = format!(
        "venue        {venue}\nruns         {}\nviolations   {}\nseeds/s      {per_second} ({seconds:.1} s)\ntraces       {:016x}\n",
        summary.runs,
        summary.violations.len(),
        summary.hash
    );
    if summary.violations.is_empty() && summary.runs > 0 {
        let bound = format!("3 in {}", summary.runs);
        text += &format!(
            "bound        a fault pattern of these kinds that breaks something is rarer than {bound} (95 %)\n"
        );
    }
    text += "\nfaults fired\n";
    for fault in Fault::ALL {
        text += &format!("  {:<20} {:>10}\n", fault.name(), summary.faults.get(fault).copied().unwrap_or(0));
    }
    text += "\ntransitions of orders\n";
    for (from, to) in transitions() {
        let times = summary.transitions.get(&(from, to)).copied().unwrap_or(0);
        text += &format!("  {:<20} {times:>10}\n", format!("{from} > {to}"));
    }
    text
}

/// The story of a seed that broke an invariant.
#[must_use]
pub fn failure(seed: u64, options: &Options, commit: &str) -> String {
    let Some(minimal) = minimise(seed, options) else { return format!("seed {seed} breaks nothing\n") };
    let from = minimal.trace.len().saturating_sub(LINES);
    let trace = minimal.trace.get(from..).unwrap_or_default().join("\n");
    let mutant = options.mutant.map(|mutant| format!(" --mutant {}", mutant.name())).unwrap_or_default();
    let again = format!("cargo run --release -p sim -- --seed {seed} --venue {}{mutant}", options.semantics.name);
    format!(
        "seed {seed} at commit {commit}\n{}\n\nthe smallest plan that still breaks it:\n{}\nthe end of its trace:\n{trace}\n\nagain:  {again}\n",
        minimal.violation,
        written(&minimal.plan),
    )
}

/// What became of a mutant, as a line.
#[must_use]
pub fn mutant(killed: &Killed) -> String {
    let by = match &killed.by {
        Some((by, violation)) => format!("{} by {by}", violation.invariant),
        None => "LIVES".to_owned(),
    };
    format!("{:<34} {:<5} {:>6} runs  {by}", killed.mutant.name(), killed.mutant.breaks(), killed.runs)
}

/// A sweep as a line, with what it broke.
#[must_use]
pub fn sweep(name: &str, swept: &Swept) -> String {
    let mut text = format!("{name}: {} calls, {} runs, {} broken\n", swept.points, swept.runs, swept.broken.len());
    for Broken { seed, plan, violation } in swept.broken.iter().take(10) {
        text += &format!("  seed {seed}: {violation}\n  {}", written(plan).replace('\n', "\n  "));
    }
    text
}
