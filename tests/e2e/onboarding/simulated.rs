//! `ballast up --venue sim`, the real binary: an exchange that ends with the desk, and is never called a real one.

use crate::binary::ballast;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn command(folder: &Path, words: &[&str]) -> Command {
    let mut command = ballast();
    command.current_dir(folder).args(words);
    command
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_run_at_the_simulated_exchange_says_that_it_ends_there_and_what_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let up = |more: &[&str]| {
        command(folder.path(), &["up", "--venue", "sim", "--bars", "3", "--until-end"]).args(more).output().unwrap()
    };
    let refused = text(&up(&["--stake", "3"]));
    assert!(refused.contains("3 is less than the smallest order in BTCUSDT, 5 USDT"), "{refused}");
    assert!(!folder.path().join("ballast-data").exists(), "nothing was begun");

    let run = up(&[]);
    let said = text(&run);
    assert!(run.status.success(), "{said}");
    assert!(said.contains("the bars asked for are over; the simulated exchange has ended with the desk"), "{said}");
    for untrue in ["begin again with the same command", "go on protecting", "the market has ended", "LIVE"] {
        assert!(!said.contains(untrue), "{untrue}: {said}");
    }
    let portfolio = command(folder.path(), &["portfolio"]).output().unwrap();
    assert!(text(&portfolio).starts_with("SIMULATED exchange, no real money: account main"), "{}", text(&portfolio));
    let portfolio = command(folder.path(), &["portfolio", "--json"]).output().unwrap();
    let portfolio: Value = serde_json::from_slice(&portfolio.stdout).unwrap();
    assert_eq!(portfolio["mode"], "simulated");
    for verb in [&["kill"][..], &["unkill", "--reason", "checked"]] {
        let refused = command(folder.path(), verb).output().unwrap();
        assert!(!refused.status.success() && text(&refused).contains("has ended with it"), "{}", text(&refused));
    }
}
