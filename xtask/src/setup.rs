//! What the project's commands need beside Rust: Python and Node packages, at fixed versions, installed where nothing else
//! sees them. Installing again what is there costs nothing.

use crate::{root, run, target};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Python packages for the gates over the deployment.
pub(crate) const GATES: &[&str] = &["cfn-lint==1.58.0"];
/// Python packages for the emulated deployment.
pub(crate) const EMULATION: &[&str] =
    &["ministack==1.5.33", "cryptography==50.0.2", "boto3==1.43.106", "PyJWT==2.15.1"];
/// Python packages that the venue layer is measured beside, each in an environment of its own.
pub(crate) const CCXT: &[&str] = &["ccxt==4.5.90"];
pub(crate) const NAUTILUS: &[&str] = &["nautilus_trader==1.221.0", "pandas==2.3.3"];
/// Python packages that build for another processor.
pub(crate) const CROSS: &[&str] = &["cargo-lambda==1.9.2", "ziglang==0.17.0"];

/// A Python environment of that name with those packages; returns its folder of programs.
pub(crate) fn python(name: &str, packages: &[&str]) -> Result<PathBuf, String> {
    let folder = target().join(format!("python-{name}"));
    let programs = folder.join("bin");
    let stamp = folder.join("installed");
    let wanted = packages.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(programs);
    }
    let fault = |e: std::io::Error| format!("{}: {e}", folder.display());
    std::fs::create_dir_all(target()).map_err(fault)?;
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder))
        .map_err(|e| format!("{e}; Python 3 with its venv module is needed (python3-venv)"))?;
    run(Command::new(programs.join("pip")).args(["install", "--quiet", "--disable-pip-version-check"]).args(packages))?;
    std::fs::write(&stamp, wanted).map_err(fault)?;
    Ok(programs)
}

/// Installs the Node packages of a folder as its lock file says.
pub(crate) fn node(folder: &Path) -> Result<(), String> {
    let lock = std::fs::read_to_string(folder.join("package-lock.json")).map_err(|e| e.to_string())?;
    let stamp = folder.join("node_modules/.installed");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let install = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
    run(Command::new("npm").args(install).current_dir(folder))
        .map_err(|e| format!("{e}; Node.js 20 or newer with npm is needed"))?;
    std::fs::write(&stamp, lock).map_err(|e| e.to_string())
}

/// The folder of the deployment, with its packages installed.
pub(crate) fn cdk() -> Result<PathBuf, String> {
    let folder = root().join("cdk");
    node(&folder)?;
    Ok(folder)
}
