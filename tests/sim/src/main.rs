//! `sim`: runs seeds.

use sim::seed::{Options, run};
use sim::venue::Semantics;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| words.windows(2).find(|w| w[0] == name).and_then(|w| w[1].parse::<u64>().ok());
    let one = number("--seed");
    let count = number("--seeds").unwrap_or(1000);
    let options = Options { semantics: Semantics::BINANCE, plan: None, whole_trace: one.is_some() };
    let begun = std::time::Instant::now();
    let (mut lines, mut bad) = (0, 0);
    let mut transitions = std::collections::BTreeMap::new();
    let mut faults = std::collections::BTreeMap::new();
    for seed in one.map_or(0..count, |s| s..s + 1) {
        let outcome = run(seed, &options).unwrap();
        lines += outcome.lines;
        for (k, n) in outcome.transitions {
            *transitions.entry(k).or_insert(0) += n;
        }
        for (k, n) in outcome.faults {
            *faults.entry(k).or_insert(0) += n;
        }
        if one.is_some() {
            for line in &outcome.trace {
                println!("{line}");
            }
            println!("{:016x} {:?}", outcome.hash, outcome.violation);
        }
        if let Some(v) = outcome.violation {
            bad += 1;
            if bad < 20 {
                println!("seed {seed}: {v}");
            }
        }
    }
    let s = begun.elapsed().as_secs_f64();
    println!("{bad} of {count} bad, {lines} lines, {:.0} seeds/s", count as f64 / s);
    println!("{transitions:?}\n{faults:?}");
}
