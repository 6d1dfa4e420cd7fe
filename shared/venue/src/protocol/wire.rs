//! Scalars as venues write them.
//!
//! The same field is a string at one venue, a number at the next, and empty or `null` where it does not apply. All of
//! these types read the literal text of a JSON scalar, so that no digit passes through a float. They work where
//! [`super::plain`] or serde_json reads from a string or slice, not behind `flatten` or `untagged`, which would buffer
//! numbers as floats.

use super::number::shifted;
use super::plain::scalar;
use desk::money::{Price, Quantity};
use desk::time::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, de};
use std::borrow::Cow;

pub use super::number::{decimal, decimal_text};

/// A number that has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Num(pub Decimal);

impl<'de> Deserialize<'de> for Num {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = scalar(deserializer)?;
        decimal(text.as_deref().unwrap_or("null")).map(Self).map_err(de::Error::custom)
    }
}

/// A number that may be absent, `null` or empty. Give the field `#[serde(default)]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct MaybeNum(pub Option<Decimal>);

impl<'de> Deserialize<'de> for MaybeNum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match scalar(deserializer)?.as_deref() {
            None | Some("" | "null") => Ok(Self(None)),
            Some(text) => decimal(text).map(Some).map(Self).map_err(de::Error::custom),
        }
    }
}

impl MaybeNum {
    /// The number, unless it is zero: how venues say "does not apply".
    #[must_use]
    pub fn nonzero(self) -> Option<Decimal> {
        self.0.filter(|value| !value.is_zero())
    }

    /// As a price; zero, as venues write "none", is none.
    ///
    /// # Errors
    /// Words, if it is negative.
    pub fn price(self) -> Result<Option<Price>, String> {
        self.nonzero().map(price).transpose()
    }

    /// As a quantity.
    ///
    /// # Errors
    /// Words, if it is negative.
    pub fn quantity(self) -> Result<Option<Quantity>, String> {
        self.0.map(quantity).transpose()
    }
}

/// A price: greater than zero.
///
/// # Errors
/// Words, otherwise.
pub fn price(value: Decimal) -> Result<Price, String> {
    Price::new(value).map_err(|e| e.to_string())
}

/// A quantity: zero or more.
///
/// # Errors
/// Words, otherwise.
pub fn quantity(value: Decimal) -> Result<Quantity, String> {
    Quantity::new(value).map_err(|e| e.to_string())
}

/// Text that may be written as a string or a number, such as an id; `null`, absent and empty are all "". Give the field
/// `#[serde(default)]` where it may be absent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Text(pub String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(scalar(deserializer)?.map_or_else(String::new, Cow::into_owned)))
    }
}

impl Text {
    /// The text, unless there is none.
    #[must_use]
    pub fn some(&self) -> Option<&str> {
        Some(self.0.as_str()).filter(|text| !text.is_empty())
    }

    /// The text, unless there is none.
    #[must_use]
    pub fn owned(&self) -> Option<String> {
        self.some().map(str::to_owned)
    }
}

/// A truth that may be written as `true` or `"true"`; absent, `null` and empty are `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flag(pub Option<bool>);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match scalar(deserializer)?.as_deref() {
            Some("true" | "TRUE" | "True" | "1") => Ok(Self(Some(true))),
            Some("false" | "FALSE" | "False" | "0") => Ok(Self(Some(false))),
            Some("" | "null") | None => Ok(Self(None)),
            Some(other) => Err(de::Error::custom(format!("{other:?} is neither true nor false"))),
        }
    }
}

/// The year 2001 and the year 2100, in milliseconds: what lies outside is in another unit, or nonsense.
const MS: std::ops::Range<i64> = 978_307_200_000..4_102_444_800_000;

/// An instant in milliseconds that may be absent, `null`, empty or zero. Seconds, microseconds and nanoseconds are
/// refused, not guessed: see [`seconds`] and [`nanos`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MaybeMs(pub Option<Timestamp>);

impl<'de> Deserialize<'de> for MaybeMs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let MaybeNum(number) = MaybeNum::deserialize(deserializer)?;
        let Some(number) = number.filter(|n| !n.is_zero()) else { return Ok(Self(None)) };
        if number.is_sign_negative() {
            // "-1": never.
            return Ok(Self(None));
        }
        millis(number).map(Some).map(Self).map_err(de::Error::custom)
    }
}

/// The instant of a number of milliseconds; a fraction is cut off.
///
/// # Errors
/// Words, if it lies outside of 2001 to 2100.
pub fn millis(number: Decimal) -> Result<Timestamp, String> {
    let ms = i64::try_from(number.trunc().mantissa()).ok();
    ms.and_then(in_range).ok_or_else(|| format!("{number} is no time in milliseconds"))
}

/// The instant of a whole number of milliseconds.
///
/// # Errors
/// Words, if it lies outside of 2001 to 2100.
pub fn instant(ms: i64) -> Result<Timestamp, String> {
    in_range(ms).ok_or_else(|| format!("{ms} is no time in milliseconds"))
}

fn in_range(ms: i64) -> Option<Timestamp> {
    MS.contains(&ms).then_some(Timestamp::from_ms(ms))
}

/// The instant of a number of seconds, which may have a fraction.
///
/// # Errors
/// Words, if it lies outside of 2001 to 2100.
pub fn seconds(number: Decimal) -> Result<Timestamp, String> {
    shifted(number.round_dp_with_strategy(3, rust_decimal::RoundingStrategy::ToZero).normalize(), 3)
        .ok_or_else(|| format!("{number} is no time in seconds"))
        .and_then(|ms| millis(ms).map_err(|_| format!("{number} is no time in seconds")))
}

/// The instant of a number of nanoseconds; what is below a millisecond is cut off.
///
/// # Errors
/// Words, if it lies outside of 2001 to 2100.
pub fn nanos(number: Decimal) -> Result<Timestamp, String> {
    shifted(number.normalize(), -6)
        .ok_or_else(|| format!("{number} is no time in nanoseconds"))
        .and_then(|ms| millis(ms.trunc()).map_err(|_| format!("{number} is no time in nanoseconds")))
}

/// The instant of an RFC 3339 text in UTC, such as `2024-07-28T10:06:06.529Z` or with `+00:00`; beyond milliseconds is cut off.
///
/// # Errors
/// Words, if it is none.
pub fn rfc3339(text: &str) -> Result<Timestamp, String> {
    parse_rfc3339(text).ok_or_else(|| format!("{:?} is no time", text.chars().take(48).collect::<String>()))
}

fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    let digit = |sum: i64, byte: &u8| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0'));
    let number = |from: usize, to: usize| text.as_bytes().get(from..to)?.iter().try_fold(0, digit);
    let marks = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    if !text.is_ascii() || !marks.iter().all(|(at, mark)| text.as_bytes().get(*at) == Some(mark)) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let rest = text.get(19..)?;
    let rest = rest.strip_suffix('Z').or_else(|| rest.strip_suffix("+00:00")).unwrap_or(rest);
    let fraction = match rest.strip_prefix('.') {
        Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
            let padded = digits.bytes().chain([b'0', b'0']).take(3);
            padded.fold(0, |sum, byte| sum * 10 + i64::from(byte - b'0'))
        }
        Some(_) => return None,
        None if rest.is_empty() => 0,
        None => return None,
    };
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Days since 1970 of a date of the Gregorian calendar (H. Hinnant, "days_from_civil").
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (shifted_year.div_euclid(400), shifted_year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    let ms = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + fraction;
    Some(Timestamp::from_ms(ms)).filter(|t| MS.contains(&t.ms()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Row {
        #[serde(default)]
        a: MaybeNum,
        #[serde(default)]
        id: Text,
        #[serde(default)]
        at: MaybeMs,
    }

    fn row(json: &str) -> Row {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn numbers_keep_every_digit_however_they_are_written() {
        for (json, value) in [
            (r#"{"a":"0.10"}"#, Some("0.10")),
            (r#"{"a":0.10}"#, Some("0.10")),
            (r#"{"a":1E-8}"#, Some("0.00000001")),
            (r#"{"a":"2.5e3"}"#, Some("2500")),
            (r#"{"a":12345678901234567890.12345678}"#, Some("12345678901234567890.12345678")),
            (r#"{"a":""}"#, None),
            (r#"{"a":null}"#, None),
            ("{}", None),
        ] {
            assert_eq!(row(json).a.0.map(|d| d.to_string()).as_deref(), value, "{json}");
        }
        for bad in
            [r#"{"a":"x"}"#, r#"{"a":[1]}"#, r#"{"a":"1e99"}"#, r#"{"a":"1.2345678901234567890123456789012345678901"}"#]
        {
            assert!(serde_json::from_str::<Row>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ids_are_text_whether_quoted_or_not() {
        assert_eq!(row(r#"{"id":12345678901234567890}"#).id.0, "12345678901234567890");
        assert_eq!(row(r#"{"id":"a\"b"}"#).id.0, "a\"b");
        assert_eq!(row(r#"{"id":null}"#).id.some(), None);
    }

    #[test]
    fn a_time_in_another_unit_is_refused() {
        assert_eq!(row(r#"{"at":"1722161166529"}"#).at.0, Some(Timestamp::from_ms(1_722_161_166_529)));
        assert_eq!(row(r#"{"at":0}"#).at.0, None);
        assert!(serde_json::from_str::<Row>(r#"{"at":1722161166}"#).is_err());
        assert!(serde_json::from_str::<Row>(r#"{"at":1722161166529000}"#).is_err());
        let at = Timestamp::from_ms(1_722_161_166_529);
        assert_eq!(seconds(decimal("1722161166.5299").unwrap()), Ok(at));
        assert_eq!(nanos(decimal("1722161166529123456").unwrap()), Ok(at));
        assert_eq!(rfc3339("2024-07-28T10:06:06.529123Z"), Ok(at));
        assert_eq!(rfc3339("2024-07-28T10:06:06Z").unwrap().ms(), 1_722_161_166_000);
        assert_eq!(rfc3339("2024-07-28T10:06:06.5+00:00").unwrap().ms(), 1_722_161_166_500);
        for bad in ["2024-07-28 10:06", "2024-07-28T10:06:06.Z", "2024-07-28T10:06:06.1x", "2024-+7-28T10:06:06Z"] {
            assert!(rfc3339(bad).is_err(), "{bad}");
        }
    }
}
