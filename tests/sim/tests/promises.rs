//! What the README promises, on a small scale; the binary does the same on a large one.

use sim::campaign::{Seeds, Summary, campaign};
use sim::checkers::{AFTER_STEP, AT_A_FURTHER_ROUND, AT_REST, AT_THE_END};
use sim::fault::{self, Given};
use sim::mutants::Mutant;
use sim::seed::{Options, run};
use sim::venue::Semantics;
use sim::{gate, report, sweep};
use std::collections::BTreeSet;
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
        let story = first.map(|(_, seed)| report::failure(*seed, &options, "this"));
        assert!(story.is_none(), "{}", story.unwrap_or_default());
        all.add(summary);
    }
    assert_eq!(all.missing(), Vec::<String>::new());
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

#[test]
fn every_mutant_is_noticed() {
    let killed: Vec<gate::Killed> = Mutant::ALL.iter().map(|mutant| gate::try_one(*mutant, 0, 400)).collect();
    let living: Vec<String> = killed.iter().filter(|killed| killed.by.is_none()).map(report::mutant).collect();
    assert_eq!(living, Vec::<String>::new());
}

/// I19 is about the routes of the API, which have tests of their own (`tests/e2e/api.rs`).
const ELSEWHERE: [&str; 1] = ["I19"];

#[test]
fn every_invariant_has_a_checker_a_mutant_and_a_line_in_the_table() {
    let all: BTreeSet<String> = (1..=22).map(|number| format!("I{number}")).collect();
    let lists = [AFTER_STEP, AT_REST, AT_A_FURTHER_ROUND, AT_THE_END];
    let checkers = lists.iter().flat_map(|list| list.iter()).map(|(invariant, _)| *invariant);
    let mutants = Mutant::ALL.iter().map(|mutant| mutant.breaks());
    for held in [checkers.collect::<Vec<_>>(), mutants.collect()] {
        let held: BTreeSet<String> = held.into_iter().chain(ELSEWHERE).map(str::to_owned).collect();
        assert_eq!(held, all);
    }
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let rows: Vec<&str> = readme.lines().filter(|line| line.starts_with("| I")).collect();
    assert_eq!(rows.iter().map(|row| cell(row, 1)).collect::<BTreeSet<_>>(), all);
    for mutant in Mutant::ALL {
        let row = rows.iter().find(|row| cell(row, 1) == mutant.breaks()).unwrap();
        assert!(row.contains(&format!("`{}`", mutant.name())), "{}", mutant.name());
    }
}

fn cell(row: &str, number: usize) -> String {
    row.split('|').nth(number).unwrap_or_default().trim().to_owned()
}
