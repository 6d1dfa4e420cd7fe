//! The smallest plan that still breaks an invariant: faults are left out one after another, as long as it still breaks.

use crate::checkers::Violation;
use crate::fault::{Given, Plan};
use crate::seed::{Options, run};

/// A plan from which nothing can be left out.
#[derive(Debug)]
pub struct Minimal {
    /// The plan.
    pub plan: Plan,
    /// What it breaks.
    pub violation: Violation,
    /// The trace of its run.
    pub trace: Vec<String>,
}

/// Makes the plan of a seed's run as small as it can be. `None` if the run does not break anything.
#[must_use]
pub fn minimise(seed: u64, options: &Options) -> Option<Minimal> {
    let outcome = run(seed, options).ok()?;
    let first = outcome.violation?;
    let breaks = |plan: &Plan| {
        let options = Options { faults: Given::Only(plan.clone()), ..options.clone() };
        run(seed, &options).is_ok_and(|o| o.violation.is_some_and(|found| found.invariant == first.invariant))
    };
    let mut plan = outcome.fired;
    loop {
        let before = plan.len();
        for fault in plan.clone() {
            let mut without = plan.clone();
            without.remove(&fault);
            if breaks(&without) {
                plan = without;
            }
        }
        if plan.len() == before {
            break;
        }
    }
    let options = Options { faults: Given::Only(plan.clone()), trace: true, ..options.clone() };
    let again = run(seed, &options).ok()?;
    Some(Minimal { plan, violation: again.violation.unwrap_or(first), trace: again.trace })
}
