//! Exhaustive sweeps: a crash before and after every call that every handler makes at a port, in a run in which nothing else
//! goes wrong; every pair of crashes while an order is placed and its outcome found out; and clocks that are off while others
//! look for an order whose request was lost.

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
    /// What broke.
    pub broken: Vec<Broken>,
}

/// What broke: a seed's run with a plan.
#[derive(Debug)]
pub struct Broken {
    /// The seed.
    pub seed: u64,
    /// The plan.
    pub plan: Plan,
    /// What it broke.
    pub violation: Violation,
}

/// A sweep, from a seed.
pub type Sweep = fn(u64, &Options) -> Result<Swept, Fails>;

/// The calls at which a process can end; the other places are of queues, schedules and the venue itself.
fn is_port(site: &str) -> bool {
    let verbs = ["get-", "query-", "write-", "send-"];
    let names =
        ["pull", "place", "cancel", "by-client-id", "in-lists", "open-orders", "trades", "balances", "movements"];
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

fn note(swept: &mut Swept, seed: u64, plan: Plan, outcome: &Outcome) {
    swept.runs += 1;
    swept.broken.extend(outcome.violation.clone().map(|violation| Broken { seed, plan, violation }));
}

/// A crash at every call, before and after.
///
/// # Errors
/// If a run can't begin.
pub fn singles(seed: u64, options: &Options) -> Result<Swept, Fails> {
    let quiet = run(seed, &with(Plan::new(), options))?;
    let crashes = crashes(&quiet, |_| true);
    let mut swept = Swept { points: crashes.len() / 2, ..Swept::default() };
    note(&mut swept, seed, Plan::new(), &quiet);
    for crash in crashes {
        let plan = Plan::from([crash]);
        let outcome = run(seed, &with(plan.clone(), options))?;
        note(&mut swept, seed, plan, &outcome);
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
            note(&mut swept, seed, plan, &outcome);
        }
    }
    Ok(swept)
}

/// How many seeds the clocks are tried with: each draws by how much they are off, and when the others look.
const CLOCKS: u64 = 12;

/// A request that is lost, while somebody whose clock is off begins to look for its order.
///
/// # Errors
/// If a run can't begin.
pub fn clocks(seed: u64, options: &Options) -> Result<Swept, Fails> {
    let at = |actor: &str, site: &str, visit| Place { actor: actor.to_owned(), site: site.to_owned(), visit };
    let mut swept = Swept::default();
    for actor in ["reconciliation", "kill-switch"] {
        for (post, amid) in (1..=2).flat_map(|post| (1..=4).map(move |amid| (post, amid))) {
            swept.points += 1;
            let plan = Plan::from([
                (at(actor, "clock", 1), Fault::ClockOff),
                (at("order-placement", "place", post), Fault::RequestLost),
                (at("operator", "amid", amid), Fault::RoundAmid),
            ]);
            for seed in (0..CLOCKS).map(|number| seed.wrapping_add(number)) {
                let outcome = run(seed, &with(plan.clone(), options))?;
                note(&mut swept, seed, plan.clone(), &outcome);
            }
        }
    }
    Ok(swept)
}
