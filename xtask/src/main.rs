//! The project's own commands.
//!
//! ```text
//! cargo xtask test             everything a change must pass; sets up what it needs by itself
//! cargo xtask bench [FILE]     throughput of the whole durable path, with this disk's fsync, and where the time goes
//! cargo xtask crash [ROUNDS]   kill -9 at random moments, many times, against an undisturbed run
//! cargo xtask package [FLAGS]  the functions as they are deployed, a folder each (--arm64, --desk FILE, --out DIR)
//! cargo xtask emulate [BARS]   deploys the stacks to an emulator of AWS on this machine and drives them
//! cargo xtask lambda-bench     cold start and warm latency of every function, beside Python and Node
//! cargo xtask venue-bench      reading a trade, signing an order and getting it out, at the venues, beside ccxt and nautilus
//! ```

mod bench;
mod cloud;
mod crash;
mod emulate;
mod lambda;
mod lambda_bench;
mod package;
mod setup;
mod test;
mod venue_bench;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["test"] => test::run(),
        ["bench", rest @ ..] => bench::run(rest.first().copied()),
        ["crash", rest @ ..] => crash::run(rest.first().copied()),
        ["package", rest @ ..] => package::Package::parse(rest).and_then(|package| package.make()),
        ["emulate", rest @ ..] => emulate::run(rest.first().copied()),
        ["lambda-bench"] => lambda_bench::run_bench(),
        ["venue-bench"] => venue_bench::run(),
        _ => Err("usage: cargo xtask test | bench [FILE] | crash [ROUNDS] | package [FLAGS] | emulate [BARS] | lambda-bench \
                  | venue-bench"
            .to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("xtask: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// The project's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// Cargo, in the project's folder.
fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}

/// Where cargo builds.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Builds the desk and says where it is.
fn ballast() -> Result<PathBuf, String> {
    run(&mut cargo(&["build", "--release", "--package", "ballast", "--locked"]))?;
    Ok(target().join("release").join("ballast"))
}

/// Runs a command that must succeed.
fn run(command: &mut Command) -> Result<(), String> {
    let shown = format!("{command:?}").replace('"', "");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{shown}: {status}")),
        Err(error) => Err(format!("{shown}: {error}")),
    }
}

/// Recorded bars that are handed to the project, if they are there.
fn recorded(name: &str) -> Option<PathBuf> {
    let given = std::env::var_os("BALLAST_TESTDATA").map(PathBuf::from);
    let folder = given.unwrap_or_else(|| root().join("../shared/testdata"));
    let path = folder.join("market/ohlcv").join(name);
    path.exists().then_some(path)
}

/// A folder of this process's own for what it tries out.
fn scratch(name: &str) -> Result<PathBuf, String> {
    let path = std::env::temp_dir().join(format!("ballast-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(path)
}
