//! `cargo xtask crash`: kills the desk at random moments, many times, and compares its end with an undisturbed run.

use crate::{ballast, recorded, scratch};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const FILES: [&str; 2] =
    ["binance-spot_ETHUSDT_1h_20240101_20240630.csv.gz", "binance-spot_SOLUSDT_1h_20240101_20240630.csv.gz"];

/// What a crash must not change.
const SAME: [&str; 10] =
    ["bars", "signals", "intents", "approved", "refused", "fills", "trades", "stops", "final_equity", "state_hash"];

fn up(binary: &Path, files: &[PathBuf], folder: &Path) -> Command {
    let mut command = Command::new(binary);
    command.arg("up").arg("--replay").args(files).args(["--until-end", "--json", "--risk", "reference"]);
    // Cash for one position at a time: the two markets contend.
    command.args(["--cash", "1500", "--data-dir"]).arg(folder).current_dir(folder.parent().unwrap_or(folder));
    command
}

fn finish(command: &mut Command) -> Result<Value, String> {
    let output = command.output().map_err(|e| e.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|e| e.to_string())
}

pub(crate) fn run(rounds: Option<&str>) -> Result<(), String> {
    let rounds: u32 =
        rounds.map_or(Ok(100), |text| text.parse().map_err(|_| format!("{text} is no number of rounds")))?;
    let files: Vec<PathBuf> = FILES.iter().filter_map(|name| recorded(name)).collect();
    if files.len() < FILES.len() {
        return Err("no bars to replay: name the folder of recorded ones in BALLAST_TESTDATA".to_owned());
    }
    let binary = ballast()?;
    let folder = scratch("crash")?;
    let began = Instant::now();
    let calm = finish(&mut up(&binary, &files, &folder.join("calm")))?;
    let whole = began.elapsed();
    let (trades, state) = (calm.get("trades"), calm.get("state_hash"));
    println!("undisturbed: {:.1} s, {trades:?} trades, state {state:?}", whole.as_secs_f64());
    let mut random = std::process::id();
    let (mut killed, mut ended, mut runs) = (0, 0, 0);
    let mut desk = folder.join("killed0");
    for round in 0..rounds {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let quiet = up(&binary, &files, &desk).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut child = quiet.map_err(|e| e.to_string())?;
        std::thread::sleep(Duration::from_millis(u64::from(random >> 16) % 900));
        if child.try_wait().map_err(|e| e.to_string())?.is_some() {
            ended += 1;
            compare(&calm, &finish(&mut up(&binary, &files, &desk))?, round)?;
            runs += 1;
            desk = folder.join(format!("killed{runs}"));
            continue;
        }
        child.kill().and_then(|()| child.wait()).map_err(|e| e.to_string())?;
        killed += 1;
    }
    compare(&calm, &finish(&mut up(&binary, &files, &desk))?, rounds)?;
    println!("killed {killed} times over {} runs ({ended} ended by themselves): every run ended the same", runs + 1);
    std::fs::remove_dir_all(&folder).map_err(|e| e.to_string())
}

fn compare(calm: &Value, found: &Value, round: u32) -> Result<(), String> {
    match SAME.iter().find(|field| calm.get(**field) != found.get(**field)) {
        Some(field) => {
            Err(format!("after round {round} {field} differs: {:?} and {:?}", calm.get(*field), found.get(*field)))
        }
        None => Ok(()),
    }
}
