//! `cargo xtask emulate`: deploys the stacks to an emulator of AWS on this machine, with the functions as they are built
//! for the cloud, and drives them; see `tests/cloud/README.md` for what it shows.

use crate::package::Package;
use crate::{ballast, recorded, root, run as succeed, scratch, setup, target};
use std::net::TcpListener;
use std::process::Command;

const BARS: &str = "binance-spot_BTCUSDT_1h_20230101_20240630.csv.gz";

pub(crate) fn run(bars: Option<&str>) -> Result<(), String> {
    let count: u32 = bars.map_or(Ok(200), |text| text.parse().map_err(|_| format!("{text} is no number of bars")))?;
    let recorded = recorded(BARS).ok_or("no bars to trade: name the folder of recorded ones in BALLAST_TESTDATA")?;
    let programs = setup::python("emulation", setup::EMULATION)?;
    let cdk = setup::cdk()?;
    let ballast = ballast()?;
    let functions = target().join("functions-emulated");
    let desk = root().join("tests/cloud/desk.json");
    Package { arm64: false, desk, out: functions.clone() }.make()?;
    let (issuer, market) = (free_port()?, free_port()?);
    let folder = scratch("emulate")?;
    let out = folder.join("cdk.out");
    let mut synth = Command::new("npx");
    synth.args(["cdk", "synth", "--quiet", "--output"]).arg(&out).current_dir(&cdk);
    for context in [
        format!("arch={}", architecture()),
        format!("code={}", functions.display()),
        format!("issuer=https://127.0.0.1:{issuer}"),
        "audience=ballast".to_owned(),
        format!("marketDataUrl=http://127.0.0.1:{market}"),
    ] {
        synth.args(["-c", &context]);
    }
    succeed(&mut synth)?;
    let mut story = Command::new(programs.join("python"));
    story.args(["-B", "-m", "cloud.emulate", "--cdk-out"]).arg(&out).arg("--ballast").arg(&ballast);
    story.arg("--bars").arg(&recorded).args(["--bars-count", &count.to_string()]);
    story.args(["--issuer-port", &issuer.to_string(), "--market-port", &market.to_string()]);
    succeed(story.current_dir(root().join("tests")))?;
    std::fs::remove_dir_all(folder).map_err(|e| e.to_string())
}

/// This machine's processor, as the deployment names it.
fn architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" }
}

/// A port that nobody uses now. Whoever asks for it next may be somebody else; then the story says so.
fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|e| e.to_string())?;
    listener.local_addr().map(|address| address.port()).map_err(|e| e.to_string())
}
