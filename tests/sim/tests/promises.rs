//! What the README promises, on a small scale; the binary does the same on a large one.

use sim::campaign::{Seeds, Summary, campaign};
use sim::fault::{self, Given};
use sim::mutants::Mutant;
use sim::seed::{Options, run};
use sim::venue::Semantics;
use sim::{gate, report, sweep};
use std::process::Command;

/// How many seeds each venue gets here.
const SEEDS: u64 = 250;

#[test]
fn no_seed_at_any_venue_breaks_an_invariant_and_every_fault_and_transition_is_seen() {
    let mut all = Summary::default();
    for semantics in Semantics::ALL {
        let options = Options::at(semantics);
        let summary = campaign(Seeds { base: 0, count: SEEDS, until_broken: true }, &options);
        assert_eq!(summary.failed, None);
        let first = summary.violations.keys().next();
        let story = first.map(|seed| report::failure(*seed, &options, "this"));
        assert!(story.is_none(), "{}", story.unwrap_or_default());
        all.add(summary);
    }
    let missing: Vec<String> = all.missing().into_iter().filter(|mark| mark.starts_with("fault")).collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn a_seed_gives_the_same_trace_in_two_processes() {
    let trace = || {
        let sim = Command::new(env!("CARGO_BIN_EXE_sim")).args(["--seed", "7", "--venue", "binance"]).output().unwrap();
        String::from_utf8(sim.stdout).unwrap()
    };
    let first = trace();
    assert!(first.lines().count() > 100, "{first}");
    assert_eq!(first, trace());
}

#[test]
fn a_run_and_its_plan_are_the_same_run() {
    let options = Options::at(Semantics::BYBIT);
    for seed in 0..20 {
        let drawn = run(seed, &options).unwrap();
        let text = fault::written(&drawn.fired);
        let faults = Given::Only(fault::read(&text).unwrap());
        let planned = run(seed, &Options { faults, ..options.clone() }).unwrap();
        assert_eq!((drawn.hash, drawn.fired), (planned.hash, planned.fired), "seed {seed}");
    }
}

#[test]
fn a_crash_at_any_call_of_any_handler_changes_nothing() {
    let options = Options { bars: 5, ..Options::at(Semantics::BINANCE) };
    let swept = sweep::singles(1, &options).unwrap();
    assert!(swept.points > 150, "{}", swept.points);
    assert!(swept.broken.is_empty(), "{}", report::sweep("crashes", &swept));
}

/// Those that so few seeds don't notice. `sim --mutants` tries them with more, and fails while one of them lives.
const WANT_MORE: [&str; 11] = [
    "claim-not-fenced",
    "no-grace",
    "single-source",
    "amounts-in-floating-point",
    "kill-flag-only-at-risk",
    "one-cancel-sweep",
    "no-gap-check",
    "kill-fails-open",
    "only-the-failed-one-returned",
    "unconditional-write-of-cursors",
    "local-clock-for-absence",
];

#[test]
fn mutants_are_noticed() {
    let tried = Mutant::ALL.iter().filter(|mutant| !WANT_MORE.contains(&mutant.name()));
    let killed: Vec<gate::Killed> = tried.map(|mutant| gate::try_one(*mutant, 0, 60)).collect();
    let living: Vec<String> = killed.iter().filter(|killed| killed.by.is_none()).map(report::mutant).collect();
    assert_eq!(living, Vec::<String>::new());
    assert_eq!(killed.len() + WANT_MORE.len(), Mutant::ALL.len(), "each name in the list is one of a mutant");
}
