//! The peer: a script that does the same work with another library, at the same server.

use serde_json::Value;
use std::process::{Command, Stdio};

/// What the peer measured.
pub(crate) struct Peer {
    /// Its name and version.
    pub(crate) name: String,
    figures: Value,
}

impl Peer {
    /// Its figure of that name, in nanoseconds.
    pub(crate) fn figure(&self, what: &str) -> Option<u64> {
        self.figures.get(what)?.as_u64()
    }
}

/// Runs it; its last line is its figures.
pub(crate) fn run(python: &str, script: &str, port: u16) -> Result<Peer, String> {
    let mut command = Command::new(python);
    command.arg(script).arg(port.to_string()).stderr(Stdio::inherit());
    let output = command.output().map_err(|e| format!("{python}: {e}"))?;
    if !output.status.success() {
        return Err(format!("the peer failed: {}", output.status));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().ok_or("the peer said nothing")?;
    let read: Value = serde_json::from_str(last).map_err(|e| format!("the peer's figures: {e}"))?;
    let name = read.get("name").and_then(Value::as_str).unwrap_or("peer").to_owned();
    Ok(Peer { name, figures: read.get("ns").cloned().unwrap_or_default() })
}
