//! Ledger amounts: signed, exact at 18 decimals.

use super::MoneyError;
use super::exact::{self, Rounding};
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A signed amount of an asset, an integer count of 10⁻¹⁸ units.
///
/// The magnitude stays below 10²⁰ whole units, so that an amount always fits into the 38 digits of a DynamoDB
/// number and can be added there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(i128);

const DECIMALS: u32 = 18;
const ONE: i128 = 1_000_000_000_000_000_000;
/// 10³⁸, the first magnitude that no longer fits.
const LIMIT: i128 = 100_000_000_000_000_000_000_000_000_000_000_000_000;

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// One whole unit.
    pub const ONE: Self = Self(ONE);
    /// The smallest step, 10⁻¹⁸, as a decimal.
    pub const UNIT: Decimal = Decimal::from_parts(1, 0, 0, false, DECIMALS);

    fn checked(units: i128, what: &'static str) -> Result<Self, MoneyError> {
        if units.unsigned_abs() < LIMIT.unsigned_abs() { Ok(Self(units)) } else { Err(MoneyError::Overflow { what }) }
    }

    /// A whole number of units.
    #[must_use]
    pub const fn whole(count: u32) -> Self {
        Self(count as i128 * ONE)
    }

    /// The same value, exactly.
    ///
    /// # Errors
    /// [`MoneyError::Precision`] beyond 18 decimals.
    pub fn from_decimal(value: Decimal) -> Result<Self, MoneyError> {
        let value = value.normalize();
        let shift = DECIMALS.checked_sub(value.scale()).ok_or(MoneyError::Precision { what: "amount" })?;
        let units = 10_i128
            .checked_pow(shift)
            .and_then(|f| value.mantissa().checked_mul(f))
            .ok_or(MoneyError::Overflow { what: "amount" })?;
        Self::checked(units, "amount")
    }

    /// The same value as a decimal.
    ///
    /// # Errors
    /// [`MoneyError::Precision`] for an amount with more significant digits than a decimal holds (28).
    pub fn to_decimal(self) -> Result<Decimal, MoneyError> {
        let (mut mantissa, mut scale) = (self.0, DECIMALS);
        while scale > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        Decimal::try_from_i128_with_scale(mantissa, scale).map_err(|_| MoneyError::Precision { what: "amount" })
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] at 10²⁰ whole units.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        let sum = self.0.checked_add(other.0).ok_or(MoneyError::Overflow { what: "sum" })?;
        Self::checked(sum, "sum")
    }

    /// The difference.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] at 10²⁰ whole units.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.plus(other.negated())
    }

    /// The same magnitude with the other sign.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self(-self.0)
    }

    /// The magnitude.
    #[must_use]
    pub const fn magnitude(self) -> Self {
        Self(self.0.abs())
    }

    /// `self × part / whole`, rounded down in magnitude. Used to share a cost over parts of a quantity; the last
    /// part takes what is left, so that nothing is lost between the parts.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] if `whole` is zero or the result can't be formed exactly.
    pub fn share(self, part: Self, whole: Self) -> Result<Self, MoneyError> {
        if whole.0 == 0 {
            return Err(MoneyError::Overflow { what: "share of nothing" });
        }
        let (p, w) = reduced(part.0, whole.0);
        let overflow = MoneyError::Overflow { what: "share" };
        // (q·w + r)·p / w = q·p + r·p/w keeps the intermediate products small.
        let (quotient, rest) = (self.0 / w, self.0 % w);
        let whole_part = quotient.checked_mul(p).ok_or_else(|| overflow.clone())?;
        let rest_part = rest.checked_mul(p).ok_or_else(|| overflow.clone())? / w;
        Self::checked(whole_part.checked_add(rest_part).ok_or(overflow)?, "share")
    }

    /// This amount times a non-negative decimal factor, rounded as told to 18 decimals.
    ///
    /// # Errors
    /// [`MoneyError`] if the exact product can't be formed.
    pub fn times(self, factor: Decimal, rounding: Rounding) -> Result<Self, MoneyError> {
        let factor = factor.normalize();
        let product = self.0.checked_mul(factor.mantissa()).ok_or(MoneyError::Overflow { what: "product" })?;
        let divisor = 10_i128.checked_pow(factor.scale()).ok_or(MoneyError::Overflow { what: "product" })?;
        let units = exact::divide(product, divisor, rounding).ok_or(MoneyError::Overflow { what: "product" })?;
        Self::checked(units, "product")
    }

    /// Whether there is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether the amount is below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// The sum of many.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] at 10²⁰ whole units.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::ZERO, Self::plus)
    }
}

/// `part / whole` in lowest terms, with a positive denominator.
fn reduced(part: i128, whole: i128) -> (i128, i128) {
    let (mut a, mut b) = (part.unsigned_abs(), whole.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    let divisor = i128::try_from(a.max(1)).unwrap_or(1);
    let sign = if whole < 0 { -1 } else { 1 };
    (sign * (part / divisor), sign * (whole / divisor))
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.width().is_some() || f.precision().is_some() {
            return f.pad(&Plain(*self).to_string());
        }
        Plain(*self).fmt(f)
    }
}

/// An amount as text, without padding and so without a text in between: every row holds dozens.
struct Plain(Amount);

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0.is_negative() { "-" } else { "" };
        let units = self.0.0.unsigned_abs();
        let (whole, fraction) = (units / ONE.unsigned_abs(), units % ONE.unsigned_abs());
        // 18 digits fit into 64 bits, which are divided at once.
        let mut fraction = u64::try_from(fraction).map_err(|_| fmt::Error)?;
        if fraction == 0 {
            return write!(f, "{sign}{whole}");
        }
        let mut width = 18;
        while fraction % 10 == 0 {
            (fraction, width) = (fraction / 10, width - 1);
        }
        write!(f, "{sign}{whole}.{fraction:0width$}")
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Amount({self})")
    }
}

impl FromStr for Amount {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let refused = || MoneyError::Parse { what: "amount", text: text.chars().take(64).collect() };
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let plain = |s: &str| !s.is_empty() && s.len() <= 40 && s.bytes().all(|b| b.is_ascii_digit());
        if !plain(whole) || !plain(fraction) {
            return Err(refused());
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > 18 {
            return Err(MoneyError::Precision { what: "amount" });
        }
        let whole: i128 = whole.parse().map_err(|_| MoneyError::Overflow { what: "amount" })?;
        let given = fraction.bytes().map(|digit| u64::from(digit - b'0'));
        let fraction = given.chain(std::iter::repeat(0)).take(18).fold(0, |units, digit| units * 10 + digit);
        let units = whole
            .checked_mul(ONE)
            .and_then(|u| u.checked_add(i128::from(fraction)))
            .ok_or(MoneyError::Overflow { what: "amount" })?;
        Self::checked(if negative { -units } else { units }, "amount")
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::text::parsed(deserializer)
    }
}

macro_rules! quote_amount {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "Amount", into = "Amount")]
        pub struct $name(Amount);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(Amount::ZERO);

            /// The checked constructor.
            ///
            /// # Errors
            /// [`MoneyError::Range`] below zero.
            pub fn new(amount: Amount) -> Result<Self, MoneyError> {
                if amount.is_negative() {
                    return Err(MoneyError::Range { what: $what, value: amount.to_string(), range: "zero or more" });
                }
                Ok(Self(amount))
            }

            /// The amount, in the ledger's type.
            #[must_use]
            pub const fn amount(self) -> Amount {
                self.0
            }
        }

        impl TryFrom<Amount> for $name {
            type Error = MoneyError;
            fn try_from(amount: Amount) -> Result<Self, MoneyError> {
                Self::new(amount)
            }
        }

        impl From<$name> for Amount {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

quote_amount! {
    /// Price times quantity, in quote units; zero or more.
    Notional, "notional"
}
quote_amount! {
    /// What a venue charged for a fill, in the fee's asset; zero or more.
    Fee, "fee"
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_amount_prints_and_parses_to_the_last_of_eighteen_decimals() {
        for text in
            ["0", "1", "-1", "0.000000000000000001", "1000410.7166345595", "-99999999999999999999.999999999999999999"]
        {
            assert_eq!(text.parse::<Amount>().unwrap().to_string(), text);
        }
        for text in ["", "-", "1e3", "0.0000000000000000001", "100000000000000000000", "1.", ".1", "+1", " 1"] {
            assert!(text.parse::<Amount>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn shares_never_add_up_to_more_than_the_whole(total in 0_i64..i64::MAX, parts in prop::collection::vec(1_i64..1_000_000_000, 1..8)) {
            let units = |n: i64| Amount(i128::from(n));
            let whole = Amount::sum(parts.iter().map(|p| units(*p))).unwrap();
            let shares = parts.iter().map(|p| units(total).share(units(*p), whole).unwrap());
            let sum = Amount::sum(shares).unwrap();
            prop_assert!(sum <= units(total));
            prop_assert!(units(total).minus(sum).unwrap() < units(i64::try_from(parts.len()).unwrap()));
            prop_assert_eq!(units(total).share(whole, whole).unwrap(), units(total));
        }

        #[test]
        fn addition_is_undone_by_subtraction(a in any::<i64>(), b in any::<i64>()) {
            let (a, b) = (Amount(i128::from(a)), Amount(i128::from(b)));
            prop_assert_eq!(a.plus(b).unwrap().minus(b).unwrap(), a);
        }
    }
}
