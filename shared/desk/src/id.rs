//! Names and ids. Every id is derived from its cause, so that whoever repeats a step produces the same one.
//!
//! ```text
//! signal = hash("signal" | account | strategy | symbol | interval | bar)
//! intent = hash("intent" | signal | leg | attempt)          32 lower-case hex characters = the client order id
//! ```
//!
//! A name is never changed, so its copies share one text.
//!
//! 32 hex characters are accepted as a client order id by every venue the desk knows (with hyphens added where a
//! UUID is asked for).

use crate::time::{Interval, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use thiserror::Error;

/// The text can't be a name or id of that kind.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text:?} is not {what}")]
pub struct BadId {
    what: &'static str,
    text: String,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $accepts:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The checked constructor.
            ///
            /// # Errors
            #[doc = concat!("[`BadId`] unless the text is ", $what, ".")]
            pub fn new(text: impl AsRef<str>) -> Result<Self, BadId> {
                let text = text.as_ref();
                let accepts: fn(&str) -> bool = $accepts;
                if accepts(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(BadId { what: $what, text: text.chars().take(64).collect() })
                }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::text::parsed(deserializer)
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(text: String) -> Result<Self, BadId> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.as_str().to_owned()
            }
        }
    };
}

fn only(text: &str, max: usize, allowed: fn(u8) -> bool) -> bool {
    !text.is_empty() && text.len() <= max && text.bytes().all(allowed)
}

fn hex32(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

name! {
    /// A market as the venue names it, for example `BTCUSDT` or `BTC-EUR`.
    Symbol, "a symbol (1 to 32 of A-Z, 0-9, -, _)",
    |t| only(t, 32, |b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}
name! {
    /// A currency or token, for example `USDT`.
    Asset, "an asset (1 to 32 of A-Z, 0-9, _)",
    |t| only(t, 32, |b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}
name! {
    /// One account on one venue.
    AccountId, "an account (1 to 32 of a-z, 0-9, -)",
    |t| only(t, 32, |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
name! {
    /// A venue, for example `paper`.
    VenueId, "a venue (1 to 32 of a-z, 0-9, -)",
    |t| only(t, 32, |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
name! {
    /// One configured instance of a strategy.
    StrategyId, "a strategy (1 to 64 of a-z, 0-9, -)",
    |t| only(t, 64, |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
name! {
    /// A decision to act: what `ballast decisions ID` takes.
    SignalId, "a decision id (32 lower-case hex characters)", hex32
}
name! {
    /// One wish to trade; its text is also the client order id the venue is given.
    IntentId, "an order id (32 lower-case hex characters)", hex32
}
name! {
    /// What a venue calls an order.
    VenueOrderId, "a venue order id (1 to 64 characters of ASCII without spaces)",
    |t| only(t, 64, |b| b.is_ascii_graphic())
}
name! {
    /// What a venue calls a trade.
    TradeId, "a trade id (1 to 64 characters of ASCII without spaces)",
    |t| only(t, 64, |b| b.is_ascii_graphic())
}
name! {
    /// What a venue calls a deposit, a withdrawal or another movement without a trade.
    MovementId, "a movement id (1 to 128 characters of ASCII without spaces)",
    |t| only(t, 128, |b| b.is_ascii_graphic())
}
name! {
    /// One running invocation of a handler; the owner of a claim.
    InvocationId, "an invocation id (1 to 64 characters of ASCII without spaces)",
    |t| only(t, 64, |b| b.is_ascii_graphic())
}

/// The first 32 hex characters of the SHA-256 of the parts. A separator that no part can contain keeps
/// `("ab", "c")` apart from `("a", "bc")`.
fn derived(parts: &[&str]) -> Arc<str> {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update([0x1f]);
    }
    let mut text = hex(&hasher.finalize());
    text.truncate(32);
    text.into()
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    text.extend(digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)));
    text
}

impl SignalId {
    /// The id of the decision that `strategy` takes for `symbol` at the close of the bar that opened at `bar`.
    #[must_use]
    pub fn derive(
        account: &AccountId,
        strategy: &StrategyId,
        symbol: &Symbol,
        interval: Interval,
        bar: Timestamp,
    ) -> Self {
        let (interval, bar) = (interval.to_string(), bar.ms().to_string());
        Self(derived(&["signal", account.as_str(), strategy.as_str(), symbol.as_str(), &interval, &bar]))
    }

    /// The id of an operator's order to close a position, taken under one kill epoch.
    #[must_use]
    pub fn derive_flatten(account: &AccountId, symbol: &Symbol, epoch: u64) -> Self {
        Self(derived(&["flatten", account.as_str(), symbol.as_str(), &epoch.to_string()]))
    }

    /// What stands for the decision behind an order that is none of ours.
    #[must_use]
    pub fn derive_external(order: &IntentId) -> Self {
        Self(derived(&["external", order.as_str()]))
    }
}

impl IntentId {
    /// The id of one attempt to act on one leg of a signal.
    #[must_use]
    pub fn derive(signal: &SignalId, leg: &str, attempt: u32) -> Self {
        Self(derived(&["intent", signal.as_str(), leg, &attempt.to_string()]))
    }

    /// The id of an order at a venue that is none of ours: somebody placed it by hand.
    #[must_use]
    pub fn derive_external(venue: &VenueId, venue_order: &str) -> Self {
        Self(derived(&["external", venue.as_str(), venue_order]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_depends_on_every_part_of_its_cause() {
        let account = AccountId::new("paper").unwrap();
        let strategy = StrategyId::new("ema-cross").unwrap();
        let symbol = Symbol::new("BTCUSDT").unwrap();
        let id = |bar| SignalId::derive(&account, &strategy, &symbol, Interval::MINUTE, Timestamp::from_ms(bar));
        assert_eq!(id(1), id(1));
        assert_ne!(id(1), id(2));
        assert_ne!(IntentId::derive(&id(1), "entry", 1), IntentId::derive(&id(1), "entry", 2));
        assert_ne!(IntentId::derive(&id(1), "entry", 1), IntentId::derive(&id(1), "exit", 1));
        assert_ne!(derived(&["ab", "c"]), derived(&["a", "bc"]));
    }

    #[test]
    fn names_with_foreign_characters_are_refused() {
        for text in ["", "btcusdt", "BTCUSD\u{422}", "BTC/USDT", "A B", "BTC;DROP"] {
            assert!(Symbol::new(text).is_err(), "{text}");
        }
        assert!(IntentId::new("0123456789abcdef0123456789abcdeF").is_err());
    }
}
