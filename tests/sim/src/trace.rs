//! The trace: one line an event, of which the last are kept, and a hash of all of them.
//!
//! Two runs are the same run if their hashes are equal; that is how determinism is checked.

use crate::chance;
use std::collections::VecDeque;
use std::fmt::Write;

/// How many lines are kept for a report.
const KEPT: usize = 40;

/// The trace.
#[derive(Debug)]
pub struct Trace {
    hash: u64,
    lines: u64,
    last: VecDeque<String>,
    /// Keeps every line, not only the last.
    whole: bool,
}

impl Trace {
    /// An empty trace; `whole` keeps all of it.
    #[must_use]
    pub const fn new(whole: bool) -> Self {
        Self { hash: 0, lines: 0, last: VecDeque::new(), whole }
    }

    /// Writes a line: when, who, what.
    pub fn line(&mut self, now: i64, who: &str, what: std::fmt::Arguments<'_>) {
        let mut line =
            if self.whole || self.last.len() < KEPT { None } else { self.last.pop_front() }.unwrap_or_default();
        line.clear();
        let _ = write!(line, "{now:>8} {who:<18} {what}");
        self.hash = chance::draw(&[self.hash, chance::text(&line)]);
        self.lines += 1;
        self.last.push_back(line);
    }

    /// The hash of all lines so far.
    #[must_use]
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    /// How many lines there were.
    #[must_use]
    pub const fn lines(&self) -> u64 {
        self.lines
    }

    /// The last lines, or all.
    pub fn last(&self) -> impl Iterator<Item = &str> {
        self.last.iter().map(String::as_str)
    }
}
