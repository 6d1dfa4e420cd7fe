//! Exhaustive sweeps: a crash before and after every call that every handler makes at a port, in a run in which nothing else
//! goes wrong; and every pair of crashes while an order is placed and its outcome found out.

use crate::checkers::Violation;
use crate::fault::{Fault, Given, Place, Plan};
use crate::seed::{Options, Outcome, run};
use crate::setup::Fails;

/// What a sweep came to.
#[derive(Debug, Default)]
pub struct Swept {
    /// How many calls there were to crash at.
    pub points: usize,
    /// How many runs.
    pub runs: usize,
    /// What broke: the plan and the invariant.
    pub broken: Vec<(Plan, Violation)>,
}

/// The calls at which a process can end; the other places are of queues, schedules and the venue itself.
fn is_port(site: &str) -> bool {
    let verbs = ["get-", "query-", "write-", "send-"];
    let names = ["pull", "place", "cancel", "by-client-id", "in-lists", "open-orders", "trades", "balances"];
    verbs.iter().any(|verb| site.starts_with(verb)) || names.contains(&site)
}

/// The crashes that are possible in a run.
fn crashes(outcome: &Outcome, of: impl Fn(&str) -> bool) -> Vec<(Place, Fault)> {
    let calls = outcome.calls.iter().filter(|(actor, site, _)| is_port(site) && of(actor));
    let places = calls.flat_map(|(actor, site, visits)| {
        (1..=*visits).map(|visit| Place { actor: (*actor).to_owned(), site: (*site).to_owned(), visit })
    });
    places.flat_map(|place| [Fault::CrashBefore, Fault::CrashAfter].map(|fault| (place.clone(), fault))).collect()
}

fn with(plan: Plan, options: &Options) -> Options {
    Options { faults: Given::Only(plan), ..options.clone() }
}

fn note(swept: &mut Swept, plan: Plan, outcome: &Outcome) {
    swept.runs += 1;
    swept.broken.extend(outcome.violation.clone().map(|violation| (plan, violation)));
}

/// A crash at every call, before and after.
///
/// # Errors
/// If a run can't begin.
pub fn singles(seed: u64, options: &Options) -> Result<Swept, Fails> {
    let quiet = run(seed, &with(Plan::new(), options))?;
    let crashes = crashes(&quiet, |_| true);
    let mut swept = Swept { points: crashes.len() / 2, ..Swept::default() };
    note(&mut swept, Plan::new(), &quiet);
    for crash in crashes {
        let plan = Plan::from([crash]);
        let outcome = run(seed, &with(plan.clone(), options))?;
        note(&mut swept, plan, &outcome);
    }
    Ok(swept)
}

/// Two crashes of `order-placement`: the first at any of its calls, the second at any that is made after it.
///
/// # Errors
/// If a run can't begin.
pub fn pairs(seed: u64, options: &Options) -> Result<Swept, Fails> {
    let placing = |actor: &str| actor == "order-placement";
    let quiet = run(seed, &with(Plan::new(), options))?;
    let firsts = crashes(&quiet, placing);
    let mut swept = Swept { points: firsts.len() / 2, ..Swept::default() };
    for first in firsts {
        let once = run(seed, &with(Plan::from([first.clone()]), options))?;
        for second in crashes(&once, placing).into_iter().filter(|second| *second > first) {
            let plan = Plan::from([first.clone(), second]);
            let outcome = run(seed, &with(plan.clone(), options))?;
            note(&mut swept, plan, &outcome);
        }
    }
    Ok(swept)
}
