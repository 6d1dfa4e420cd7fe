//! A peer: a script that does the same work with another library, at the same server where it needs one.

use crate::timing::Cost;
use serde_json::Value;
use std::process::{Command, Stdio};

/// What a peer measured.
pub(crate) struct Peer {
    /// Its name and version.
    pub(crate) name: String,
    figures: Value,
}

impl Peer {
    /// Its figure of that name.
    pub(crate) fn figure(&self, what: &str) -> Option<Cost> {
        let figure = self.figures.get(what)?;
        let ns = |name: &str| figure.get(name).and_then(Value::as_u64);
        Some(Cost { p50_ns: ns("p50")?, p99_ns: ns("p99")?, cpu_ns: ns("cpu") })
    }
}

/// Runs it; its last line is its figures.
pub(crate) fn run(python: &str, script: &str, port: u16) -> Result<Peer, String> {
    let mut command = Command::new(python);
    command.arg(script).arg(port.to_string()).stderr(Stdio::inherit());
    let output = command.output().map_err(|e| format!("{python}: {e}"))?;
    if !output.status.success() {
        return Err(format!("{script}: {}", output.status));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().ok_or_else(|| format!("{script} said nothing"))?;
    let read: Value = serde_json::from_str(last).map_err(|e| format!("the figures of {script}: {e}"))?;
    let name = read.get("name").and_then(Value::as_str).unwrap_or("peer").to_owned();
    Ok(Peer { name, figures: read.get("ns").cloned().unwrap_or_default() })
}
