//! Running the `ballast` binary, and the material that tests read.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The binary: named by `BALLAST_BIN`, else the one built beside this test.
pub(crate) fn ballast() -> Command {
    let path = std::env::var_os("BALLAST_BIN").map_or_else(beside, PathBuf::from);
    assert!(path.exists(), "{} is not built: run `cargo xtask test`", path.display());
    let mut command = Command::new(path);
    for name in ["PORT", "SYMBOL_WHITELIST", "MAX_ORDER_USDT", "MAX_POSITION_USDT", "MIN_ORDER_SIZE", "MAX_ORDER_SIZE"]
    {
        command.env_remove(name);
    }
    command
}

fn beside() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().and_then(Path::parent).unwrap().join("ballast")
}

/// Real material that is handed to the project, not part of it. `None` where it is absent, which is said; where
/// skipping is forbidden, absence is a failure.
pub(crate) fn material(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("BALLAST_TESTDATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/testdata"), PathBuf::from);
    let found = root.join(path);
    if found.exists() {
        return Some(found);
    }
    assert!(
        std::env::var_os("BALLAST_REQUIRE_TESTDATA").is_none(),
        "{} is absent, and skipping is forbidden here",
        found.display()
    );
    eprintln!("SKIPPED: {} is absent (name its folder in BALLAST_TESTDATA)", found.display());
    None
}

/// Recorded hourly bars.
pub(crate) fn ohlcv(name: &str) -> Option<PathBuf> {
    material(&format!("market/ohlcv/{name}"))
}

pub(crate) const BTC_1H: &str = "binance-spot_BTCUSDT_1h_20230101_20240630.csv.gz";
pub(crate) const ETH_1H: &str = "binance-spot_ETHUSDT_1h_20240101_20240630.csv.gz";
pub(crate) const XRP_1H: &str = "binance-spot_XRPUSDT_1h_20240101_20240630.csv.gz";

/// `ballast up` over files until their end, in a folder.
pub(crate) fn up(folder: &Path, files: &[&Path], flags: &[&str]) -> Command {
    let mut command = ballast();
    command.current_dir(folder).arg("up").arg("--replay").args(files);
    command.args(["--until-end", "--json", "--data-dir"]).arg(folder.join("desk")).args(flags);
    command
}

/// The one JSON object of a run that went well.
pub(crate) fn json(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}\n{}", text, String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(text.trim()).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// A random walk of hourly bars, from a small generator of the test's own, as CSV.
pub(crate) fn walk(path: &Path, seed: u64, bars: u32) {
    let mut state = seed;
    let mut draw = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut text = "timestamp_ms,open,high,low,close,volume\n".to_owned();
    let mut price: u64 = 1_000_000;
    for bar in 0..u64::from(bars) {
        let open = price;
        let close = (open + draw(30_001)).saturating_sub(15_000).max(100_000);
        let high = open.max(close) + draw(4_000);
        let low = open.min(close) - draw(4_000);
        let cents = |p: u64| format!("{}.{:02}", p / 100, p % 100);
        let at = 1_700_000_000_000_u64 / 3_600_000 * 3_600_000 + bar * 3_600_000;
        let volume = draw(900) + 1;
        text += &format!("{at},{},{},{},{},{volume}\n", cents(open), cents(high), cents(low), cents(close));
        price = close;
    }
    std::fs::write(path, text).unwrap();
}
