//! The mutation gate: the desk is broken on purpose, one way after another, and the simulator must notice each time.

use crate::campaign::{Seeds, campaign};
use crate::checkers::Violation;
use crate::mutants::Mutant;
use crate::seed::Options;
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

/// Tries every mutant at every venue, with so many seeds a venue; one that survives is tried by the sweep of crashes, too.
#[must_use]
pub fn gate(base: u64, count: u64) -> Vec<Killed> {
    Mutant::ALL.iter().map(|mutant| try_one(*mutant, base, count)).collect()
}

/// Tries one mutant.
#[must_use]
pub fn try_one(mutant: Mutant, base: u64, count: u64) -> Killed {
    let mut runs = 0;
    for semantics in Semantics::ALL {
        let options = Options { mutant: Some(mutant), ..Options::at(semantics) };
        let summary = campaign(Seeds { base, count, until_broken: true }, &options);
        runs += summary.runs;
        if let Some((seed, violation)) = summary.violations.into_iter().next() {
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
