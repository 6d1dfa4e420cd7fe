//! `cargo xtask test`: everything a change must pass.

use crate::{cargo, root, run as succeed};
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;
use std::time::Instant;

/// A step: its name, what it proves, and how.
type Step = (&'static str, &'static str, fn() -> Result<(), String>);

const STEPS: [Step; 7] = [
    ("format", "the code is formatted", || succeed(&mut cargo(&["fmt", "--all", "--check"]))),
    ("lints", "no warning, in tests neither", || {
        succeed(&mut cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"]))
    }),
    ("house", "crates depend only on what they may", dependencies),
    ("cloud", "the deployment: types, rules, templates", crate::cloud::gates),
    ("build", "the desk, as a user builds it", || crate::ballast().map(drop)),
    ("tests", "unit tests, handlers, the whole desk", || {
        succeed(&mut cargo(&["test", "--workspace", "--release", "--locked"]))
    }),
    ("faults", "the desk in a world that fails: no order lost or doubled", faults),
];

/// The simulator: seeds that begin at the commit, so that every change tries others and each can be tried again; every mutant,
/// and every crash. Its program is the one that the tests were run with.
fn faults() -> Result<(), String> {
    let head = Command::new("git").args(["rev-parse", "HEAD"]).current_dir(root()).output();
    let head = head.ok().filter(|output| output.status.success());
    // Sources without a history begin at 0.
    let head = head.map_or_else(|| "0".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let runs: [&[&str]; 3] = [&["--seeds", "600"], &["--mutants", "--seeds", "500"], &["--sweep"]];
    runs.iter().try_for_each(|arguments| {
        let mut sim = Command::new(crate::target().join("release").join("sim"));
        succeed(sim.args(*arguments).args(["--base", &head]).current_dir(root()))
    })
}

fn run_step(number: usize, step: &Step) -> Result<(), String> {
    let (name, proves, work) = step;
    println!("\n== {number}/{} {name}: {proves}", STEPS.len());
    let began = Instant::now();
    work()?;
    println!("== {name}: ok in {:.0} s", began.elapsed().as_secs_f64());
    Ok(())
}

pub(crate) fn run() -> Result<(), String> {
    println!("cargo xtask test runs:");
    for (number, (name, proves, _)) in STEPS.iter().enumerate() {
        println!("  {} {name:8} {proves}", number + 1);
    }
    STEPS.iter().enumerate().try_for_each(|(number, step)| run_step(number + 1, step))?;
    println!("\nall {} steps passed", STEPS.len());
    Ok(())
}

/// Which crates may depend, directly, on which heavy ones.
const ONLY_IN: [(&str, &[&str]); 8] = [
    ("aws-sdk-dynamodb", &["store", "cloud", "ballast"]),
    ("aws-sdk-sqs", &["store", "cloud"]),
    ("dynoxide-rs", &["ballast"]),
    ("rusqlite", &["ballast"]),
    ("reqwest", &["venue", "ballast"]),
    ("axum", &["api", "kill-switch", "ballast", "venue-sim"]),
    ("tokio-tungstenite", &["venue", "venue-sim"]),
    ("lambda_http", &["cloud"]),
];

/// What must not be below `desk`, at any depth.
const NOT_BELOW_DESK: [&str; 6] = ["tokio", "reqwest", "hyper", "aws-sdk-dynamodb", "rusqlite", "mio"];

fn dependencies() -> Result<(), String> {
    let output = cargo(&["metadata", "--format-version", "1", "--locked"]).output().map_err(|e| e.to_string())?;
    let metadata: Value = serde_json::from_slice(&output.stdout).map_err(|e| e.to_string())?;
    let list = |value: &Value, field: &str| value.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |value: &Value, field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let members: BTreeSet<String> =
        list(&metadata, "workspace_members").iter().filter_map(|m| m.as_str().map(str::to_owned)).collect();
    for package in list(&metadata, "packages").iter().filter(|p| members.contains(&text(p, "id"))) {
        let name = text(package, "name");
        for dependency in list(package, "dependencies").iter().filter(|d| text(d, "kind").is_empty()) {
            let wanted = text(dependency, "name");
            let rule = ONLY_IN.iter().find(|(heavy, _)| *heavy == wanted);
            if let Some((_, allowed)) = rule
                && !allowed.contains(&name.as_str())
            {
                return Err(format!("{name} must not depend on {wanted}; only {} may", allowed.join(", ")));
            }
        }
    }
    below_desk()?;
    if root().join("Cargo.lock").exists() && tree(&["--invert", "ring", "--workspace"])?.contains("ring v") {
        return Err("ring is in the tree; aws-lc-rs must be the only TLS provider".to_owned());
    }
    Ok(())
}

fn tree(arguments: &[&str]) -> Result<String, String> {
    let mut all = vec!["tree", "--locked", "--edges", "normal", "--prefix", "none"];
    all.extend(arguments);
    let output = cargo(&all).output().map_err(|e| e.to_string())?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn below_desk() -> Result<(), String> {
    let found = tree(&["--package", "desk"])?;
    if !found.contains("rust_decimal") {
        return Err("the tree below desk could not be read".to_owned());
    }
    let names: BTreeSet<&str> = found.lines().filter_map(|line| line.split_whitespace().next()).collect();
    match NOT_BELOW_DESK.iter().find(|name| names.contains(*name)) {
        Some(name) => Err(format!("desk must do no IO, but {name} is below it")),
        None => Ok(()),
    }
}
