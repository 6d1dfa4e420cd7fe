//! The figures, as a table and as one line of JSON.

use crate::peer::Peer;
use crate::timing::{Cost, RUNS};
use serde_json::{Value, json};

/// A figure of ours.
pub(crate) struct Row {
    /// Its name, by which the peer's is found.
    pub(crate) what: String,
    /// What it is.
    pub(crate) cost: Cost,
    /// What it should stay under, in nanoseconds.
    pub(crate) goal_ns: Option<u64>,
}

impl Row {
    /// A figure without a goal.
    pub(crate) fn new(what: impl Into<String>, cost: Cost) -> Self {
        Self { what: what.into(), cost, goal_ns: None }
    }

    /// The same with one.
    pub(crate) fn goal(self, ns: u64) -> Self {
        Self { goal_ns: Some(ns), ..self }
    }
}

/// Nanoseconds, for people.
fn shown(ns: Option<u64>) -> String {
    match ns {
        None => "-".to_owned(),
        Some(ns) if ns < 10_000 => format!("{ns} ns"),
        Some(ns) => format!("{}.{} us", ns / 1000, ns % 1000 / 100),
    }
}

/// How many times ours fits into the peer's.
fn ratio(ours: u64, peer: Option<u64>) -> String {
    peer.map_or_else(|| "-".to_owned(), |peer| format!("{} x", peer / ours.max(1)))
}

/// Prints the table, and behind it the same as JSON.
pub(crate) fn print(rows: &[Row], peer: Option<&Peer>) {
    let name = peer.map_or("peer (none)", |peer| peer.name.as_str());
    println!("{:<50} {:>9} {:>9} {:>9}  {:>13} {:>7}", "what", "ours", "cpu", "goal", name, "ratio");
    let mut list: Vec<Value> = Vec::new();
    for row in rows {
        let theirs = peer.and_then(|peer| peer.figure(&row.what));
        let Cost { wall_ns, cpu_ns } = row.cost;
        let missed = if row.goal_ns.is_some_and(|goal| wall_ns >= goal) { " missed" } else { "" };
        let (ours, cpu, goal) = (shown(Some(wall_ns)), shown(cpu_ns), shown(row.goal_ns));
        let (their, ratio) = (shown(theirs), ratio(wall_ns, theirs));
        println!("{:<50} {ours:>9} {cpu:>9} {goal:>9}  {their:>13} {ratio:>7}{missed}", row.what);
        list.push(json!({
            "what": row.what, "ns": wall_ns, "cpu_ns": cpu_ns, "goal_ns": row.goal_ns, "peer_ns": theirs,
        }));
    }
    println!("{}", json!({"runs": RUNS, "peer": peer.map(|peer| &peer.name), "figures": list}));
}
