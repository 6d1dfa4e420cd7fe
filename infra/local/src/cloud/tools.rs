//! The tools that talk to AWS, run where the project lies, with what they print shown as it comes.

use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The project's folder: the one that holds what is deployed.
///
/// # Errors
/// If no folder from here upwards is it.
pub fn project() -> anyhow::Result<PathBuf> {
    let here = std::env::current_dir()?;
    let found = here.ancestors().find(|folder| folder.join("cdk/cdk.json").exists());
    found.map(Path::to_path_buf).context(
        "this is not the project's folder: the deployment (cdk/) and the functions are built from their sources, so run \
         this verb where you have cloned them",
    )
}

/// The program and how to get it, for when it is not there.
#[derive(Debug, Clone, Copy)]
pub struct Tool {
    name: &'static str,
    way: &'static str,
}

/// Cargo, which builds and packages the functions.
pub const CARGO: Tool = Tool { name: "cargo", way: "install Rust" };
/// npm, which installs the deployment's packages.
pub const NPM: Tool = Tool { name: "npm", way: "install Node.js 20 or newer" };
/// npx, which runs the CDK.
pub const NPX: Tool = Tool { name: "npx", way: "install Node.js 20 or newer" };
/// The AWS command line.
pub const AWS: Tool = Tool { name: "aws", way: "install the AWS command line, version 2" };

impl Tool {
    fn command(self, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.name);
        command.args(arguments).current_dir(folder);
        command
    }

    /// Runs it; what it prints is shown.
    ///
    /// # Errors
    /// If it is not there, or fails.
    pub fn run(self, folder: &Path, arguments: &[&str]) -> anyhow::Result<()> {
        let status = self.command(folder, arguments).status().with_context(|| self.missing())?;
        if !status.success() {
            bail!("`{} {}` failed; what it printed above says why", self.name, arguments.join(" "));
        }
        Ok(())
    }

    /// Runs it and returns what it prints.
    ///
    /// # Errors
    /// If it is not there, or fails.
    pub fn ask(self, folder: &Path, arguments: &[&str]) -> anyhow::Result<String> {
        let asked = self.command(folder, arguments).stdin(Stdio::null()).output();
        let Output { status, stdout, stderr } = asked.with_context(|| self.missing())?;
        if !status.success() {
            let why = String::from_utf8_lossy(&stderr);
            bail!("`{} {}` failed: {}", self.name, arguments.join(" "), why.trim());
        }
        Ok(String::from_utf8_lossy(&stdout).into_owned())
    }

    fn missing(self) -> String {
        format!("`{}` can't be run: {}", self.name, self.way)
    }
}
