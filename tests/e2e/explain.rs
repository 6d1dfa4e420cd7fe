//! `ballast decisions ID` tells a trader why, for what was done and for what was refused.

use crate::binary::{ballast, json, up, walk};
use serde_json::Value;
use std::path::Path;

fn told(desk: &Path, id: &str) -> String {
    let output = ballast().args(["decisions", id, "--data-dir"]).arg(desk).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_trade_and_a_refusal_are_explained_with_every_limit_and_value() {
    let folder = tempfile::tempdir().unwrap();
    let files = ["AAAUSDT_1h.csv", "BBBUSDT_1h.csv", "CCCUSDT_1h.csv"].map(|name| folder.path().join(name));
    for (seed, file) in files.iter().enumerate() {
        walk(file, 7 + u64::try_from(seed).unwrap(), 700);
    }
    let [a, b, c] = &files;
    json(&up(folder.path(), &[a, b, c], &["--risk", "reference", "--cash", "1500"]).output().unwrap());
    let desk = folder.path().join("desk");
    let list =
        json(&ballast().args(["decisions", "--limit", "200", "--json", "--data-dir"]).arg(&desk).output().unwrap());
    let of = |outcome: &str, leg: &str| -> String {
        let decisions = list["decisions"].as_array().unwrap();
        let found = decisions.iter().rev().find(|d| d["outcome"] == outcome && d["leg"] == leg);
        found
            .map(|d: &Value| d["id"].as_str().unwrap().to_owned())
            .unwrap_or_else(|| panic!("no {outcome} {leg}: {list}"))
    };
    let trade = told(&desk, &of("approved", "entry"));
    for word in
        ["crossed above", "ema-cross/1", "ema_fast", "Approved", "cash", "limit:", "fill", "Protected", "trigger"]
    {
        assert!(trade.contains(word), "{word:?} is not in:\n{trade}");
    }
    let refusal = told(&desk, &of("refused: cash", "entry"));
    for word in ["crossed above", "Refused", "FAIL cash", "that is free"] {
        assert!(refusal.contains(word), "{word:?} is not in:\n{refusal}");
    }
    assert!(!refusal.contains("fill "), "{refusal}");
    let unknown = ballast().args(["decisions", "0123", "--data-dir"]).arg(&desk).output().unwrap();
    assert!(!unknown.status.success() && String::from_utf8_lossy(&unknown.stderr).contains("no decision"));
}
