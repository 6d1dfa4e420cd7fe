//! The trace: one line an event, and a hash of all of them.
//!
//! Two runs are the same run if their hashes are equal; that is how determinism is checked. Lines are kept only when
//! somebody is going to read them: a run that has failed is run again for its trace.

use crate::chance;
use crate::port::CANARY;
use std::fmt::Write;

/// The trace.
#[derive(Debug)]
pub struct Trace {
    hash: u64,
    count: u64,
    line: String,
    /// The lines, if they are kept.
    lines: Option<Vec<String>>,
    secret: bool,
}

impl Trace {
    /// An empty trace that keeps its lines, or not.
    #[must_use]
    pub fn new(keep: bool) -> Self {
        Self { hash: 0, count: 0, line: String::new(), lines: keep.then(Vec::new), secret: false }
    }

    /// Writes a line: when, who, what.
    pub fn line(&mut self, now: i64, who: &str, what: std::fmt::Arguments<'_>) {
        self.line.clear();
        let _ = write!(self.line, "{now:>8} {who:<18} {what}");
        self.hash = chance::draw(&[self.hash, chance::text(&self.line)]);
        self.count += 1;
        self.secret |= self.line.contains(CANARY);
        if let Some(lines) = &mut self.lines {
            lines.push(self.line.clone());
        }
    }

    /// Whether a line has shown a secret that was not reported yet.
    pub fn shows_a_secret(&mut self) -> bool {
        std::mem::take(&mut self.secret)
    }

    /// The hash of all lines so far.
    #[must_use]
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    /// How many lines there were.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The lines that were kept.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        self.lines.as_deref().unwrap_or_default()
    }
}
