//! The figures, as a table and as one line of JSON.

use crate::peer::Peer;
use crate::timing::Cost;
use serde_json::{Value, json};

/// A figure of ours.
pub(crate) struct Row {
    /// Its name, by which a peer's is found.
    pub(crate) what: String,
    /// What it is.
    pub(crate) cost: Cost,
    /// What its median should stay under, in nanoseconds.
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

    /// Whether it is met: by the wall's clock, or by the processor's where others were in the way.
    fn verdict(&self, busy: bool) -> &'static str {
        let Some(goal) = self.goal_ns else { return "" };
        let Cost { p50_ns, cpu_ns, .. } = self.cost;
        match (p50_ns < goal, cpu_ns.is_some_and(|cpu| cpu < goal)) {
            (true, _) => "met",
            (false, true) if busy => "met in cpu",
            (false, _) => "missed",
        }
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

/// `p50`, `p99` and `cpu` of a figure.
fn cells(cost: Option<Cost>) -> String {
    let of = |part: fn(Cost) -> Option<u64>| cost.map(|cost| shown(part(cost))).unwrap_or_default();
    format!("{:>9} {:>9} {:>9}", of(|c| Some(c.p50_ns)), of(|c| Some(c.p99_ns)), of(|c| c.cpu_ns))
}

/// A figure as JSON.
fn value(cost: Cost) -> Value {
    json!({ "p50_ns": cost.p50_ns, "p99_ns": cost.p99_ns, "cpu_ns": cost.cpu_ns })
}

/// Prints the table, and behind it the same as JSON. `busy` tells that others were in the way.
pub(crate) fn print(rows: &[Row], peers: &[Peer], busy: bool) {
    const PARTS: &str = "      p50       p99       cpu";
    let names: String = peers.iter().map(|peer| format!(" | {:<37}", peer.name)).collect();
    println!("{:<51} | {:<29}{names}", "one operation", "ours");
    let heads: String = peers.iter().map(|_| format!(" | {PARTS}   ratio")).collect();
    println!("{:<41} {:>9} | {PARTS}{heads}", "", "p50 under");
    let mut list: Vec<Value> = Vec::new();
    for row in rows {
        let mut theirs = serde_json::Map::new();
        let mut columns = vec![cells(Some(row.cost))];
        for peer in peers {
            let figure = peer.figure(&row.what);
            let ratio = figure.map(|figure| format!("{} x", figure.p50_ns / row.cost.p50_ns.max(1)));
            columns.push(format!("{} {:>7}", cells(figure), ratio.unwrap_or_default()));
            theirs.extend(figure.map(|figure| (peer.name.clone(), value(figure))));
        }
        let (goal, columns) = (row.goal_ns.map(|_| shown(row.goal_ns)).unwrap_or_default(), columns.join(" | "));
        println!("{:<41} {goal:>9} | {columns}  {}", row.what, row.verdict(busy));
        list.push(json!({ "what": row.what, "goal_ns": row.goal_ns, "ours": value(row.cost), "peers": theirs }));
    }
    println!("{}", json!({ "busy": busy, "figures": list }));
}
