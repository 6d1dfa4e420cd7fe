//! Instants and bar lengths. Both come in as values; nothing here reads a clock.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// An instant: UTC milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `ms` milliseconds after 1970-01-01T00:00Z.
    #[must_use]
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since 1970-01-01T00:00Z.
    #[must_use]
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// This instant, `ms` milliseconds later (earlier when negative). Saturates at the ends of time.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this instant; negative when `earlier` is later.
    #[must_use]
    pub const fn ms_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Thirteen digits, so that keys sort by time.
    #[must_use]
    pub fn sortable(self) -> String {
        format!("{:013}", self.0.max(0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match time::OffsetDateTime::from_unix_timestamp(self.0.div_euclid(1000)) {
            Ok(t) => {
                let (date, hour, minute, second) = (t.date(), t.hour(), t.minute(), t.second());
                let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
                write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
            }
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

/// The length of a bar, in milliseconds; greater than zero and at most a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Interval(i64);

/// The text or number is not a bar length.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not a bar length: write a number and s, m, h, d or w (1m, 4h), at most 1w")]
pub struct BadInterval(String);

const UNITS: [(char, i64); 5] = [('w', 604_800_000), ('d', 86_400_000), ('h', 3_600_000), ('m', 60_000), ('s', 1000)];

impl Interval {
    /// One minute.
    pub const MINUTE: Self = Self(60_000);

    /// The checked constructor.
    ///
    /// # Errors
    /// [`BadInterval`] outside 1 ms to a week.
    pub fn from_ms(ms: i64) -> Result<Self, BadInterval> {
        if (1..=604_800_000).contains(&ms) { Ok(Self(ms)) } else { Err(BadInterval(format!("{ms} ms"))) }
    }

    /// The length in milliseconds.
    #[must_use]
    pub const fn ms(self) -> i64 {
        self.0
    }
}

impl FromStr for Interval {
    type Err = BadInterval;

    fn from_str(text: &str) -> Result<Self, BadInterval> {
        let refused = || BadInterval(text.chars().take(64).collect());
        if let Some(ms) = text.strip_suffix("ms") {
            return Self::from_ms(ms.parse().map_err(|_| refused())?);
        }
        let unit = text.chars().next_back().ok_or_else(refused)?;
        let (_, length) = UNITS.iter().find(|(u, _)| *u == unit).ok_or_else(refused)?;
        let count: i64 = text.trim_end_matches(unit).parse().map_err(|_| refused())?;
        count.checked_mul(*length).ok_or_else(refused).and_then(Self::from_ms)
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match UNITS.iter().find(|(_, length)| self.0 % length == 0) {
            Some((unit, length)) => write!(f, "{}{unit}", self.0 / length),
            None => write!(f, "{}ms", self.0),
        }
    }
}

impl TryFrom<String> for Interval {
    type Error = BadInterval;
    fn try_from(text: String) -> Result<Self, BadInterval> {
        text.parse()
    }
}

impl From<Interval> for String {
    fn from(interval: Interval) -> Self {
        interval.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bar_lengths_read_back_as_they_are_written() {
        for text in ["1m", "5m", "15m", "1h", "4h", "1d", "1w", "90s", "1500ms"] {
            assert_eq!(text.parse::<Interval>().unwrap().to_string(), text);
        }
        for text in ["", "m", "0m", "-1h", "2w", "1y", "h1", "99999999999999999999d"] {
            assert!(text.parse::<Interval>().is_err(), "{text}");
        }
    }

    #[test]
    fn instants_print_as_utc() {
        assert_eq!(Timestamp::from_ms(1_672_531_200_000).to_string(), "2023-01-01T00:00:00Z");
    }
}
