//! `cargo xtask bench`: how many bars a second go through the whole durable path.
//!
//! The figure depends on the disk, so what one fsync costs here is measured in the same run.

use crate::{ballast, recorded, run as succeed, scratch};
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

const FILE: &str = "binance-spot_BTCUSDT_1h_20230101_20240630.csv.gz";
const RUNS: u32 = 3;

pub(crate) fn run(file: Option<&str>) -> Result<(), String> {
    let bars = file.map(PathBuf::from).or_else(|| recorded(FILE));
    let bars = bars.ok_or("no bars to replay: name a CSV file, or the folder of recorded ones in BALLAST_TESTDATA")?;
    let binary = ballast()?;
    let folder = scratch("bench")?;
    let (p50, p99) = fsync(&folder)?;
    println!("fsync of 4 KiB on this disk: p50 {p50} us, p99 {p99} us (500 writes)");
    for number in 1..=RUNS {
        println!("\nrun {number} of {RUNS}: {}", bars.display());
        let began = Instant::now();
        let mut up = Command::new(&binary);
        up.args(["up", "--until-end", "--risk", "reference", "--timings", "--replay"]).arg(&bars);
        up.arg("--data-dir").arg(folder.join(format!("run{number}"))).current_dir(&folder);
        succeed(&mut up)?;
        println!("wall {:.2} s", began.elapsed().as_secs_f64());
    }
    std::fs::remove_dir_all(&folder).map_err(|e| e.to_string())
}

/// The median and the 99th percentile of a flushed write, in microseconds.
fn fsync(folder: &std::path::Path) -> Result<(u128, u128), String> {
    let fault = |e: std::io::Error| e.to_string();
    let mut file = File::create(folder.join("fsync")).map_err(fault)?;
    let mut times = Vec::new();
    for _ in 0..500 {
        let began = Instant::now();
        file.write_all(&[0; 4096]).map_err(fault)?;
        file.sync_data().map_err(fault)?;
        times.push(began.elapsed().as_micros());
    }
    times.sort_unstable();
    let at = |index: usize| times.get(index).copied().unwrap_or_default();
    Ok((at(250), at(494)))
}
