//! Money, exactly.
//!
//! | operation | result | exactness |
//! |---|---|---|
//! | `Price × Quantity` | [`Notional`] | exact, or [`MoneyError::Precision`] |
//! | `Notional × Bps` | [`Fee`] | rounded half-even to 18 decimals, the ledger's scale |
//! | `Price ± Bps` onto a tick | [`Price`] | rounded the way the caller names |
//! | `Notional ÷ Price` onto a lot | [`Quantity`] | floored to the lot |
//! | [`Amount`] ± [`Amount`] | [`Amount`] | exact, or [`MoneyError::Overflow`] |
//!
//! Prices, quantities and basis points are decimals inside unit types; what enters the ledger is an [`Amount`],
//! an integer count of 10⁻¹⁸ units. `rust_decimal` rounds silently past 28 digits, so no arithmetic of it is used
//! unguarded: see [`exact`]. There is no way from a float to money.

mod amount;
pub mod exact;
mod units;

pub use amount::{Amount, Fee, Notional};
pub use exact::Rounding;
pub use units::{Bps, Price, Quantity};

use thiserror::Error;

/// Why an amount could not be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MoneyError {
    /// The text is not a plain decimal number (no exponent, no sign of infinity, no separators).
    #[error("{what}: {text:?} is not a plain decimal number")]
    Parse {
        /// The unit that was asked for.
        what: &'static str,
        /// What was given, cut to 64 characters.
        text: String,
    },
    /// The value lies outside the unit's range.
    #[error("{what}: {value} is out of range ({range})")]
    Range {
        /// The unit that was asked for.
        what: &'static str,
        /// The value that was refused.
        value: String,
        /// The range in words.
        range: &'static str,
    },
    /// The exact result has more digits than the type can hold; nothing was rounded.
    #[error("{what}: the exact result has more digits than can be held")]
    Precision {
        /// The operation.
        what: &'static str,
    },
    /// The result is too large.
    #[error("{what}: the result is too large")]
    Overflow {
        /// The operation.
        what: &'static str,
    },
}
