//! The unit types that are decimals: prices, quantities, basis points.

use super::exact::{self, Rounding};
use super::{Amount, Fee, MoneyError, Notional};
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// Parses a plain decimal: digits, at most one point, an optional leading minus.
fn plain(what: &'static str, text: &str) -> Result<Decimal, MoneyError> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let well_formed = !digits.is_empty()
        && digits.len() <= 64
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.bytes().filter(|b| *b == b'.').count() <= 1
        && digits.bytes().next().is_some_and(|b| b.is_ascii_digit())
        && digits.bytes().next_back().is_some_and(|b| b.is_ascii_digit());
    let refused = || MoneyError::Parse { what, text: text.chars().take(64).collect() };
    if !well_formed {
        return Err(refused());
    }
    Decimal::from_str_exact(text).map_err(|_| MoneyError::Precision { what })
}

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident, $what:literal, $range:literal, $accepts:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Decimal);

        impl $name {
            /// The checked constructor.
            ///
            /// # Errors
            #[doc = concat!("[`MoneyError::Range`] unless the value is ", $range, ".")]
            pub fn new(value: Decimal) -> Result<Self, MoneyError> {
                let accepts: fn(Decimal) -> bool = $accepts;
                if accepts(value) {
                    Ok(Self(exact::normalized(value)))
                } else {
                    Err(MoneyError::Range { what: $what, value: value.to_string(), range: $range })
                }
            }

            /// The bare number, for arithmetic that [`exact`] guards.
            #[must_use]
            pub const fn value(self) -> Decimal {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = MoneyError;
            fn from_str(text: &str) -> Result<Self, MoneyError> {
                Self::new(plain($what, text)?)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::text::parsed(deserializer)
            }
        }
    };
}

unit! {
    /// A price in quote units per base unit; greater than zero.
    Price, "price", "greater than zero", |d| d.is_sign_positive() && !d.is_zero()
}

unit! {
    /// A quantity in base units; zero or more.
    Quantity, "quantity", "zero or more", |d| d.is_sign_positive() || d.is_zero()
}

unit! {
    /// Basis points, hundredths of a per cent: from 0 to 1,000,000 (a hundredfold).
    Bps, "basis points", "0 to 1000000", |d| d >= Decimal::ZERO && d <= Decimal::new(1_000_000, 0)
}

/// One basis point as a fraction.
const ONE_BPS: Decimal = Decimal::from_parts(1, 0, 0, false, 4);

impl Bps {
    /// No basis points at all.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// The same as a fraction: 10 bp is 0.001.
    ///
    /// # Errors
    /// [`MoneyError::Precision`] if the basis points have more than 24 decimals.
    pub fn fraction(self) -> Result<Decimal, MoneyError> {
        exact::mul(self.0, ONE_BPS)
    }
}

impl Price {
    /// What `quantity` costs at this price, exactly.
    ///
    /// # Errors
    /// [`MoneyError::Precision`] if the product has more than 18 decimals.
    pub fn notional(self, quantity: Quantity) -> Result<Notional, MoneyError> {
        Notional::new(Amount::from_decimal(exact::mul(self.0, quantity.0)?)?)
    }

    /// This price moved up by `bps` and put onto `tick`.
    ///
    /// # Errors
    /// [`MoneyError`] if the exact value can't be held.
    pub fn raised(self, bps: Bps, tick: Price, rounding: Rounding) -> Result<Self, MoneyError> {
        let factor = exact::add(Decimal::ONE, bps.fraction()?)?;
        Self::new(exact::onto(exact::mul(self.0, factor)?, tick.0, rounding)?)
    }

    /// This price moved down by `bps` and put onto `tick`.
    ///
    /// # Errors
    /// [`MoneyError`] if the exact value can't be held, or if nothing is left of the price.
    pub fn lowered(self, bps: Bps, tick: Price, rounding: Rounding) -> Result<Self, MoneyError> {
        let factor = exact::add(Decimal::ONE, -bps.fraction()?)?;
        Self::new(exact::onto(exact::mul(self.0, factor)?, tick.0, rounding)?)
    }

    /// Whether the price is a whole number of ticks.
    #[must_use]
    pub fn is_on(self, tick: Price) -> bool {
        exact::onto(self.0, tick.0, Rounding::Floor).is_ok_and(|on| on == self.0)
    }
}

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// The largest whole number of lots that `stake` buys at `price`; zero when it does not buy one.
    ///
    /// # Errors
    /// [`MoneyError`] if the operands can't be compared exactly.
    pub fn affordable(stake: Notional, price: Price, lot: Quantity) -> Result<Self, MoneyError> {
        let lots = exact::floor_quotient(stake.amount().to_decimal()?, price.0, lot.0)?;
        let lots = Decimal::try_from_i128_with_scale(lots, 0).map_err(|_| MoneyError::Overflow { what: "lots" })?;
        Self::new(exact::mul(lots, lot.0)?)
    }

    /// Whether the quantity is a whole number of lots.
    #[must_use]
    pub fn is_on(self, lot: Quantity) -> bool {
        exact::onto(self.0, lot.0, Rounding::Floor).is_ok_and(|on| on == self.0)
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError::Precision`] if the sum can't be held.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        Self::new(exact::add(self.0, other.0)?)
    }

    /// What is left after taking `other` away.
    ///
    /// # Errors
    /// [`MoneyError::Range`] if `other` is larger.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        Self::new(exact::add(self.0, -other.0)?)
    }

    /// The same number as a signed ledger amount.
    ///
    /// # Errors
    /// [`MoneyError::Precision`] if there are more than 18 decimals.
    pub fn amount(self) -> Result<Amount, MoneyError> {
        Amount::from_decimal(self.0)
    }
}

impl Notional {
    /// The fee of `bps` on this notional, rounded half-even to 18 decimals.
    ///
    /// # Errors
    /// [`MoneyError`] if the exact product can't be formed.
    pub fn fee(self, bps: Bps) -> Result<Fee, MoneyError> {
        Fee::new(self.amount().times(bps.fraction()?, Rounding::HalfEven)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    #[test]
    fn text_that_is_not_a_plain_number_is_refused() {
        for text in ["", "-", ".", "1.", ".5", "1e3", "NaN", "inf", " 1", "1_000", "１", "0x10", "+1", "1.2.3", "--1"]
        {
            assert!(text.parse::<Price>().is_err(), "{text:?}");
        }
        assert_eq!("007.50".parse::<Price>().unwrap().to_string(), "7.5");
    }

    #[test]
    fn a_price_is_positive_and_a_quantity_is_not_negative() {
        assert!("0".parse::<Price>().is_err());
        assert!("-1".parse::<Price>().is_err());
        assert!("0".parse::<Quantity>().is_ok());
        assert!("-0.1".parse::<Quantity>().is_err());
    }

    #[test]
    fn a_number_with_too_many_digits_is_refused_and_not_rounded() {
        assert!("0.12345678901234567890123456789012345".parse::<Quantity>().is_err());
        assert!("123456789012345678901234567890".parse::<Price>().is_err());
    }

    #[test]
    fn slippage_moves_a_price_against_the_trader_and_onto_the_tick() {
        let bps: Bps = "7".parse().unwrap();
        assert_eq!(price("40000.5").raised(bps, price("0.5"), Rounding::Ceil).unwrap(), price("40029"));
        assert_eq!(price("40000.5").lowered(bps, price("0.5"), Rounding::Floor).unwrap(), price("39972"));
    }

    #[test]
    fn a_stake_buys_whole_lots_only() {
        let stake = Notional::new("1000".parse().unwrap()).unwrap();
        let lot: Quantity = "0.00001".parse().unwrap();
        assert_eq!(Quantity::affordable(stake, price("16529.67"), lot).unwrap().to_string(), "0.06049");
        let whole: Quantity = "1".parse().unwrap();
        assert!(Quantity::affordable(stake, price("1000.01"), whole).unwrap().is_zero());
    }

    #[test]
    fn a_fee_is_rounded_half_even_at_the_eighteenth_decimal() {
        let notional = Notional::new("0.000000000000000500".parse().unwrap()).unwrap();
        assert_eq!(notional.fee("10".parse().unwrap()).unwrap().amount().to_string(), "0");
        let notional = Notional::new("0.000000000000001500".parse().unwrap()).unwrap();
        assert_eq!(notional.fee("10".parse().unwrap()).unwrap().amount().to_string(), "0.000000000000000002");
    }
}
