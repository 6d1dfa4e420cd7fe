//! The trace: one line an event, and a hash of who did something when.
//!
//! Two runs are the same run if their hashes are equal, to which the state they end in is added; that is how determinism is
//! checked. Lines are written only when somebody is going to read them: a run that has failed is run again for its trace.

use crate::chance;

/// The trace.
#[derive(Debug)]
pub struct Trace {
    hash: u64,
    count: u64,
    /// The lines, if they are kept.
    lines: Option<Vec<String>>,
}

impl Trace {
    /// An empty trace that keeps its lines, or not.
    #[must_use]
    pub fn new(keep: bool) -> Self {
        Self { hash: 0, count: 0, lines: keep.then(Vec::new) }
    }

    /// Writes a line: when, who, what.
    pub fn line(&mut self, now: i64, who: &str, what: std::fmt::Arguments<'_>) {
        self.hash = chance::draw(&[self.hash, now.unsigned_abs(), chance::text(who)]);
        self.count += 1;
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{now:>8} {who:<18} {what}"));
        }
    }

    /// Adds what is not a line to the hash.
    pub fn add(&mut self, text: &str) {
        self.hash = chance::draw(&[self.hash, chance::text(text)]);
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
