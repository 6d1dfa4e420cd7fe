//! The mutation gate: the desk is broken on purpose, one way after another, and the simulator must notice each time.

use crate::campaign::{Seeds, campaign};
use crate::checkers::Violation;
use crate::mutants::Mutant;
use crate::seed::{Options, run};
use crate::sweep::{self, Broken};
use crate::venue::Semantics;

/// What became of a mutant.
#[derive(Debug)]
pub struct Killed {
    /// Which.
    pub mutant: Mutant,
    /// By which seed, at which venue, or by which step of the sweep, and which invariant; `None` if it lives.
    pub by: Option<(String, Violation)>,
    /// How many runs it took.
    pub runs: u64,
}

/// Tries every mutant, and tells of each.
pub fn gate(base: u64, count: u64, mut tell: impl FnMut(&Killed)) -> Vec<Killed> {
    let tried = Mutant::ALL.iter().map(|mutant| try_one(*mutant, base, count));
    tried.inspect(|killed| tell(killed)).collect()
}

/// Tries one mutant: seeds at the first venue, the sweeps, and then seeds at all other venues.
#[must_use]
pub fn try_one(mutant: Mutant, base: u64, count: u64) -> Killed {
    let (mut runs, mut by) = (0, None);
    for (number, semantics) in Semantics::ALL.into_iter().enumerate() {
        let options = Options { mutant: Some(mutant), ..Options::at(semantics) };
        by = by.or_else(|| by_seeds(base, count, &options, &mut runs));
        if number == 0 {
            by = by.or_else(|| by_sweeps(base, &options, &mut runs));
        }
        if by.is_some() {
            break;
        }
    }
    Killed { mutant, by, runs }
}

/// What a seed or a step of a sweep showed.
type Shown = Option<(String, Violation)>;

fn by_seeds(base: u64, count: u64, options: &Options, runs: &mut u64) -> Shown {
    let summary = campaign(Seeds { base, count, until_broken: true }, options);
    *runs += summary.runs;
    let venue = options.semantics;
    // What the desk as it is breaks, too, does not show that the mutant was noticed.
    let clean = |seed: u64| run(seed, &Options::at(venue)).is_ok_and(|outcome| outcome.violation.is_none());
    let shown = summary.violations.into_iter().find(|((_, seed), _)| clean(*seed));
    shown.map(|((_, seed), violation)| (format!("seed {seed} at {}", venue.name), violation))
}

fn by_sweeps(base: u64, options: &Options, runs: &mut u64) -> Shown {
    let mut found = None;
    for sweep in [sweep::clocks, sweep::singles] {
        if found.is_none() {
            let swept = sweep(base, options).unwrap_or_default();
            *runs += u64::try_from(swept.runs).unwrap_or(0);
            found = swept.broken.into_iter().next();
        }
    }
    found.map(|Broken { seed, plan, violation }| {
        let plan = crate::fault::written(&plan).trim().replace('\n', ", ");
        (format!("the sweep, seed {seed}: {plan}"), violation)
    })
}
