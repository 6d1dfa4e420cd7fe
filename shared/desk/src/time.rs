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

    /// As RFC 3339 has it, with milliseconds: `2020-12-08T09:08:57.715Z`.
    #[must_use]
    pub fn rfc3339_ms(self) -> String {
        match self.digits().as_ref().map(|digits| std::str::from_utf8(digits)) {
            Some(Ok(text)) => text.to_owned(),
            Some(Err(_)) | None => self.to_string(),
        }
    }

    /// The same, as long as the year has four digits. Written digit by digit: requests are signed over it, and every row
    /// and log line has one.
    fn digits(self) -> Option<[u8; 24]> {
        let at = time::OffsetDateTime::from_unix_timestamp(self.0.div_euclid(1000)).ok()?;
        let (date, hour, minute, second) = (at.date(), at.hour(), at.minute(), at.second());
        let (year, month, day) = (u16::try_from(date.year()).ok()?, u8::from(date.month()), date.day());
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let parts = [
            (year, 0..4),
            (month.into(), 5..7),
            (day.into(), 8..10),
            (hour.into(), 11..13),
            (minute.into(), 14..16),
            (second.into(), 17..19),
            (u16::try_from(self.0.rem_euclid(1000)).ok()?, 20..23),
        ];
        for (mut number, at) in parts {
            for place in text.get_mut(at)?.iter_mut().rev() {
                *place = b'0' + u8::try_from(number % 10).ok()?;
                number /= 10;
            }
            if number > 0 {
                return None;
            }
        }
        Some(text)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.digits();
        let seconds = digits.as_ref().and_then(|text| text.first_chunk::<19>()).map(|text| std::str::from_utf8(text));
        match seconds {
            Some(Ok(text)) => write!(f, "{text}Z"),
            Some(Err(_)) | None => write!(f, "{} ms", self.0),
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
