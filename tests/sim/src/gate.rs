//! The mutation gate: the desk is broken on purpose, one way after another, and the simulator must notice each time.

use crate::campaign::{Seeds, campaign};
use crate::checkers::Violation;
use crate::mutants::Mutant;
use crate::seed::{Options, run};
use crate::sweep;
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

/// Tries one mutant at every venue, with so many seeds a venue; one that survives is tried by the sweep of crashes, too.
#[must_use]
pub fn try_one(mutant: Mutant, base: u64, count: u64) -> Killed {
    let mut runs = 0;
    for semantics in Semantics::ALL {
        let options = Options { mutant: Some(mutant), ..Options::at(semantics) };
        let summary = campaign(Seeds { base, count, until_broken: true }, &options);
        runs += summary.runs;
        // What the desk as it is breaks, too, does not show that the mutant was noticed.
        let clean = |seed: &u64| run(*seed, &Options::at(semantics)).is_ok_and(|outcome| outcome.violation.is_none());
        if let Some((seed, violation)) = summary.violations.into_iter().find(|(seed, _)| clean(seed)) {
            return Killed { mutant, by: Some((format!("seed {seed} at {}", semantics.name), violation)), runs };
        }
    }
    let options = Options { mutant: Some(mutant), ..Options::at(Semantics::BINANCE) };
    let swept = sweep::singles(base, &options).unwrap_or_default();
    runs += u64::try_from(swept.runs).unwrap_or(0);
    let by = swept.broken.into_iter().next();
    let by = by.map(|(plan, violation)| (format!("the sweep: {}", crate::fault::written(&plan).trim()), violation));
    Killed { mutant, by, runs }
}
