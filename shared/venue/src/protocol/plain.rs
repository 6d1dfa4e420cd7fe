//! JSON as venues usually write it, read in one pass: for frames that come by the thousand.
//!
//! 1. Usual is: no space, no escape, no exponent, no control character, and not nested deeper than [`DEPTH`]. Whatever
//!    else is JSON, and all that is none, is left to `serde_json`, which reads it or says what is wrong with it.
//! 2. So this decides nothing: what it reads, `serde_json` would have read to the same value. A property holds the two
//!    together, over frames that were damaged at random.
//! 3. Numbers keep their literal text ([`scalar`]); none becomes a float.
//! 4. A frame whose writer keeps one order can be read without looking for its members ([`Reader`]), with [`from_str`]
//!    behind it for whatever is written otherwise.
//!
//! Deliberately absent: enums, and errors that say anything.

mod reader;

pub(crate) use reader::Reader;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// How deep values may be nested. `serde_json` goes deeper.
const DEPTH: u8 = 16;
/// Under this name a type asks for a scalar's literal text.
const SCALAR: &str = "text of a scalar";
/// Under this name a type asks for a value's literal text.
const RAW: &str = "text of a value";

/// Reads a text, in one pass if it is written as usual.
///
/// # Errors
/// What `serde_json` says of it.
pub fn from_str<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, serde_json::Error> {
    usual(text).map_or_else(|Unusual| serde_json::from_str(text), Ok)
}

/// Reads a text that is written as usual.
fn usual<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Unusual> {
    let mut reader = Reader::new(text);
    let value = T::deserialize(&mut reader)?;
    reader.end().map(|()| value)
}

/// The literal text of a scalar, in quotes or not: the quotes are removed. `None` is `null`.
///
/// # Errors
/// If it is an array or an object.
pub fn scalar<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    deserializer.deserialize_newtype_struct(SCALAR, Scalar)
}

/// The literal text of any value. Of a whole text it can be read by [`from_str`] and `serde_json` alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raw<'a>(&'a str);

impl<'a> Raw<'a> {
    /// The text.
    #[must_use]
    pub const fn get(self) -> &'a str {
        self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Literal;
        impl<'de> Visitor<'de> for Literal {
            type Value = Raw<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Raw<'de>, E> {
                Ok(Raw(text))
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Raw<'de>, D::Error> {
                <&RawValue>::deserialize(inner).map(|raw| Raw(raw.get()))
            }
        }
        deserializer.deserialize_newtype_struct(RAW, Literal)
    }
}

/// The text of a scalar, from either reader.
struct Scalar;

impl<'de> Visitor<'de> for Scalar {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scalar")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
        let raw = <&RawValue>::deserialize(inner)?.get();
        match raw.as_bytes().first() {
            Some(b'"') => {
                let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
                if inner.contains('\\') {
                    let resolved = serde_json::from_str::<String>(raw);
                    return resolved.map(|text| Some(Cow::Owned(text))).map_err(|_| de::Error::custom("not a string"));
                }
                Ok(Some(Cow::Borrowed(inner)))
            }
            Some(b'{' | b'[') | None => Err(de::Error::custom("a scalar was expected")),
            Some(_) => Ok(Some(raw).filter(|raw| *raw != "null").map(Cow::Borrowed)),
        }
    }
}

/// That a text is not written as usual, or not what was expected. Says nothing: somebody else will.
#[derive(Debug)]
pub(crate) struct Unusual;

impl fmt::Display for Unusual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not written as usual")
    }
}

impl std::error::Error for Unusual {}

impl de::Error for Unusual {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

#[cfg(test)]
#[path = "plain_tests.rs"]
mod tests;
