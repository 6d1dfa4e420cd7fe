//! The gates over the deployment: types, the rules over the whole tree with each rule broken once, the templates as
//! CloudFormation would read them. All offline, without Docker and without a Rust build.

use crate::{run, setup};
use std::process::Command;

/// Installs what the gates need, and runs them.
pub(crate) fn gates() -> Result<(), String> {
    let cdk = setup::cdk()?;
    let programs = setup::python("gates", setup::GATES)?;
    for script in ["check", "test", "synth"] {
        run(Command::new("npm").args(["run", "--silent", script]).current_dir(&cdk))?;
    }
    let mut templates = Vec::new();
    for entry in std::fs::read_dir(cdk.join("cdk.out")).map_err(|e| e.to_string())? {
        let path = entry.map_err(|e| e.to_string())?.path();
        if path.to_string_lossy().ends_with(".template.json") {
            templates.push(path);
        }
    }
    templates.sort();
    if templates.len() < 4 {
        return Err(format!("{} templates were written, not at least 4", templates.len()));
    }
    // In the folder of its configuration: it looks nowhere else.
    run(Command::new(programs.join("cfn-lint")).arg("--").args(&templates).current_dir(&cdk))
}
