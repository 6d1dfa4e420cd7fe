//! Many runs, on all cores, and what they come to.

use crate::checkers::Violation;
use crate::fault::Fault;
use crate::seed::{Options, Outcome, run};
use desk::order::{Event, State, Step};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What runs came to.
#[derive(Debug, Default)]
pub struct Summary {
    /// How many runs there were.
    pub runs: u64,
    /// The seeds that broke an invariant, by venue.
    pub violations: BTreeMap<(&'static str, u64), Violation>,
    /// How often each fault fired.
    pub faults: BTreeMap<Fault, u64>,
    /// How often orders went through each transition.
    pub transitions: BTreeMap<(State, State), u64>,
    /// The hashes of all traces, in one.
    pub hash: u64,
    /// Why a run could not even begin.
    pub failed: Option<String>,
}

/// Which runs.
#[derive(Debug, Clone, Copy)]
pub struct Seeds {
    /// The first.
    pub base: u64,
    /// How many.
    pub count: u64,
    /// Stops at the first that breaks an invariant.
    pub until_broken: bool,
}

const EVENTS: [Event; 10] = [
    Event::Claim,
    Event::Withhold,
    Event::Accept,
    Event::Refuse,
    Event::Lose,
    Event::PartFill,
    Event::LastFill,
    Event::Cancel,
    Event::Expire,
    Event::ProveAbsent,
];

/// Every transition the table of states allows.
#[must_use]
pub fn transitions() -> BTreeSet<(State, State)> {
    let of = |from: State| {
        EVENTS.into_iter().filter_map(move |event| match from.on(event) {
            Step::Moves(to) => Some((from, to)),
            Step::Stays | Step::Contradicts => None,
        })
    };
    State::ALL.into_iter().flat_map(of).collect()
}

impl Summary {
    fn take(&mut self, venue: &'static str, seed: u64, outcome: Outcome) {
        self.runs += 1;
        self.hash = self.hash.wrapping_add(crate::chance::draw(&[seed, outcome.hash]));
        for (fault, times) in outcome.faults {
            *self.faults.entry(fault).or_default() += times;
        }
        for (transition, times) in outcome.transitions {
            *self.transitions.entry(transition).or_default() += times;
        }
        self.violations.extend(outcome.violation.map(|violation| ((venue, seed), violation)));
    }

    /// Adds what other runs came to.
    pub fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.hash = self.hash.wrapping_add(other.hash);
        self.violations.extend(other.violations);
        self.failed = self.failed.take().or(other.failed);
        for (fault, times) in other.faults {
            *self.faults.entry(fault).or_default() += times;
        }
        for (transition, times) in other.transitions {
            *self.transitions.entry(transition).or_default() += times;
        }
    }

    /// The marks that no run has left: a simulation that has stopped to do something says nothing about it.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let fault = |kind: &&Fault| !self.faults.contains_key(kind);
        let faults = Fault::ALL.iter().filter(fault).map(|kind| format!("fault {kind}"));
        let never = transitions().into_iter().filter(|transition| !self.transitions.contains_key(transition));
        faults.chain(never.map(|(from, to)| format!("transition {from} to {to}"))).collect()
    }
}

/// Runs seeds on all cores.
#[must_use]
pub fn campaign(seeds: Seeds, options: &Options) -> Summary {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let work = || {
        let mut summary = Summary::default();
        while !stop.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= seeds.count {
                break;
            }
            let seed = seeds.base.wrapping_add(number);
            match run(seed, options) {
                Ok(outcome) => summary.take(options.semantics.name, seed, outcome),
                Err(error) => summary.failed = Some(error.to_string()),
            }
            if summary.failed.is_some() || (seeds.until_broken && !summary.violations.is_empty()) {
                stop.store(true, Ordering::Relaxed);
            }
        }
        summary
    };
    let mut all = Summary::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            match worker.join() {
                Ok(summary) => all.add(summary),
                Err(_) => all.failed = Some("a run panicked".to_owned()),
            }
        }
    });
    all
}
