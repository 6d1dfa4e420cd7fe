//! `cargo xtask package`: the functions as they are deployed, a folder each: the program as `bootstrap`, and `desk.json`,
//! the configuration, beside it. A configuration that can't be used is refused here, before anything is built.

use crate::{cargo, root, run, setup, target};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The processor that is deployed on.
const ARM: &str = "aarch64-unknown-linux-gnu";

/// What is packaged, and where to.
#[derive(Debug)]
pub(crate) struct Package {
    /// For the processor that is deployed on; else for this machine's, to be tried here.
    pub(crate) arm64: bool,
    /// The configuration.
    pub(crate) desk: PathBuf,
    /// Where the folders go.
    pub(crate) out: PathBuf,
}

impl Package {
    /// From the words of the command line.
    pub(crate) fn parse(words: &[&str]) -> Result<Self, String> {
        let mut package = Self { arm64: false, desk: root().join("infra/desk.json"), out: target().join("functions") };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().map(PathBuf::from).ok_or_else(|| format!("{word} wants a path"));
            match *word {
                "--arm64" => package.arm64 = true,
                "--desk" => package.desk = value()?,
                "--out" => package.out = value()?,
                other => {
                    return Err(format!("package does not know {other}; it takes --arm64, --desk FILE, --out DIR"));
                }
            }
        }
        Ok(package)
    }

    /// Builds and packages every function.
    pub(crate) fn make(&self) -> Result<(), String> {
        let names = functions()?;
        let desk = std::fs::read_to_string(&self.desk).map_err(|e| format!("{}: {e}", self.desk.display()))?;
        let built = if self.arm64 { cross(&names)? } else { here(&names)? };
        for name in &names {
            let folder = self.out.join(name);
            let fault = |e: std::io::Error| format!("{}: {e}", folder.display());
            std::fs::create_dir_all(&folder).map_err(fault)?;
            std::fs::copy(program(&built, name, self.arm64), folder.join("bootstrap")).map_err(fault)?;
            std::fs::write(folder.join("desk.json"), &desk).map_err(fault)?;
        }
        println!("{} functions packaged in {}", names.len(), self.out.display());
        Ok(())
    }
}

/// The functions' names, from the one source.
pub(crate) fn functions() -> Result<Vec<String>, String> {
    let path = root().join("infra/resources.json");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let resources: Value = serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    let list = resources.get("functions").and_then(Value::as_array).ok_or("resources.json lists no functions")?;
    Ok(list.iter().filter_map(|f| f.get("name").and_then(Value::as_str).map(str::to_owned)).collect())
}

fn program(built: &Path, name: &str, arm64: bool) -> PathBuf {
    if arm64 { built.join(name).join("bootstrap") } else { built.join(name) }
}

/// Without it the TLS library gathers randomness of its own from the processor's jitter before its first handshake, which
/// takes long on the small part of a processor that a function has. The kernel's is there, and good. Read when it is built.
const NO_JITTER: (&str, &str) = ("AWS_LC_SYS_NO_JITTER_ENTROPY", "1");

fn packages(names: &[String]) -> impl Iterator<Item = &str> {
    names.iter().flat_map(|name| ["--package", name.as_str()])
}

fn here(names: &[String]) -> Result<PathBuf, String> {
    let mut build = cargo(&["build", "--profile", "lambda", "--bins", "--locked"]);
    run(build.args(packages(names)).env(NO_JITTER.0, NO_JITTER.1))?;
    Ok(target().join("lambda"))
}

/// Builds for the processor that is deployed on, with a linker that knows its libraries.
fn cross(names: &[String]) -> Result<PathBuf, String> {
    let programs = setup::python("cross", setup::CROSS)?;
    run(Command::new("rustup").args(["target", "add", ARM]))?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut all = vec![programs];
    all.extend(std::env::split_paths(&path));
    let path = std::env::join_paths(all).map_err(|e| e.to_string())?;
    let out = target().join("cross");
    let mut build = cargo(&["lambda", "build", "--arm64", "--profile", "lambda", "--bins", "--locked"]);
    run(build.args(packages(names)).arg("--lambda-dir").arg(&out).env("PATH", path).env(NO_JITTER.0, NO_JITTER.1))?;
    Ok(out)
}
