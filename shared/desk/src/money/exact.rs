//! Decimal arithmetic that never rounds unless told to.
//!
//! `Decimal::checked_*` return `None` only when the integer part overflows; digits beyond the 28th are rounded
//! away in silence. The functions here compare scales before and after, so that a lost digit is an error.

use super::MoneyError;
use rust_decimal::Decimal;

/// Which way a value is put onto a step (a tick, a lot, the ledger's scale).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Towards negative infinity.
    Floor,
    /// Towards positive infinity.
    Ceil,
    /// To the nearest step, ties to the even one.
    HalfEven,
}

/// The exact product.
///
/// # Errors
/// [`MoneyError::Precision`] if the product needs more than 28 digits.
pub fn mul(a: Decimal, b: Decimal) -> Result<Decimal, MoneyError> {
    let (a, b) = (a.normalize(), b.normalize());
    let product = a.checked_mul(b).ok_or(MoneyError::Overflow { what: "product" })?;
    if product.is_zero() && !(a.is_zero() || b.is_zero()) {
        return Err(MoneyError::Precision { what: "product" });
    }
    if !product.is_zero() && product.scale() != a.scale() + b.scale() {
        return Err(MoneyError::Precision { what: "product" });
    }
    Ok(product.normalize())
}

/// The exact sum.
///
/// # Errors
/// [`MoneyError::Precision`] if the sum needs more than 28 digits.
pub fn add(a: Decimal, b: Decimal) -> Result<Decimal, MoneyError> {
    let (a, b) = (a.normalize(), b.normalize());
    let sum = a.checked_add(b).ok_or(MoneyError::Overflow { what: "sum" })?;
    // A rounded sum comes back with a smaller scale than its finest operand.
    if sum.scale() < a.scale().max(b.scale()) && !sum.is_zero() {
        return Err(MoneyError::Precision { what: "sum" });
    }
    Ok(sum.normalize())
}

/// `10^exponent` as an integer, where it fits.
fn power_of_ten(exponent: u32) -> Option<i128> {
    10_i128.checked_pow(exponent)
}

/// `numerator / denominator`, rounded to an integer. The denominator must be positive.
pub(crate) fn divide(numerator: i128, denominator: i128, rounding: Rounding) -> Option<i128> {
    if denominator <= 0 {
        return None;
    }
    let floor = numerator.div_euclid(denominator);
    let rest = numerator.rem_euclid(denominator);
    if rest == 0 {
        return Some(floor);
    }
    match rounding {
        Rounding::Floor => Some(floor),
        Rounding::Ceil => floor.checked_add(1),
        Rounding::HalfEven => {
            let twice = rest.checked_mul(2)?;
            let up = twice > denominator || (twice == denominator && floor.rem_euclid(2) == 1);
            if up { floor.checked_add(1) } else { Some(floor) }
        }
    }
}

/// How many whole `step`s fit into `value`, rounded as told. `step` must be positive.
///
/// # Errors
/// [`MoneyError::Overflow`] if the operands are too far apart in scale to be compared exactly.
pub fn steps(value: Decimal, step: Decimal, rounding: Rounding) -> Result<i128, MoneyError> {
    let (value, step) = (value.normalize(), step.normalize());
    let scale = value.scale().max(step.scale());
    let aligned = |x: Decimal| power_of_ten(scale - x.scale()).and_then(|f| x.mantissa().checked_mul(f));
    aligned(value)
        .zip(aligned(step))
        .and_then(|(v, s)| divide(v, s, rounding))
        .ok_or(MoneyError::Overflow { what: "steps" })
}

/// `value` put onto the grid of `step`, rounded as told.
///
/// # Errors
/// [`MoneyError::Overflow`] as [`steps`].
pub fn onto(value: Decimal, step: Decimal, rounding: Rounding) -> Result<Decimal, MoneyError> {
    let count = steps(value, step, rounding)?;
    let step = step.normalize();
    let mantissa = count.checked_mul(step.mantissa()).ok_or(MoneyError::Overflow { what: "onto" })?;
    Decimal::try_from_i128_with_scale(mantissa, step.scale())
        .map(|d| d.normalize())
        .map_err(|_| MoneyError::Overflow { what: "onto" })
}

/// `floor(numerator / (a × b))` as a count, without ever forming an inexact quotient.
///
/// # Errors
/// [`MoneyError::Overflow`] if the operands are too large to be compared exactly, [`MoneyError::Precision`] if
/// `a × b` is.
pub fn floor_quotient(numerator: Decimal, a: Decimal, b: Decimal) -> Result<i128, MoneyError> {
    steps(numerator, mul(a, b)?, Rounding::Floor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn d(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn a_product_that_would_lose_a_digit_is_refused() {
        let fine = d("1.00000000000001");
        assert_eq!(mul(fine, fine).unwrap(), d("1.0000000000000200000000000001"));
        let finer = d("1.000000000000001");
        assert_eq!(mul(finer, finer), Err(MoneyError::Precision { what: "product" }));
    }

    #[test]
    fn a_sum_that_would_lose_a_digit_is_refused() {
        assert_eq!(add(d("1e20"), d("1e-20")).ok(), None);
        let big = d("100000000000000000000");
        let small = d("0.00000000000000000001");
        assert_eq!(add(big, small), Err(MoneyError::Precision { what: "sum" }));
        assert_eq!(add(d("0.1"), d("0.9")).unwrap(), d("1"));
    }

    #[test]
    fn rounding_goes_the_way_it_is_told_on_both_sides_of_zero() {
        for (value, floor, ceil, even) in [
            ("0.125", "0.12", "0.13", "0.12"),
            ("0.135", "0.13", "0.14", "0.14"),
            ("-0.125", "-0.13", "-0.12", "-0.12"),
        ] {
            let at = |r| onto(d(value), d("0.01"), r).unwrap();
            assert_eq!((at(Rounding::Floor), at(Rounding::Ceil), at(Rounding::HalfEven)), (d(floor), d(ceil), d(even)));
        }
    }

    proptest! {
        #[test]
        fn a_value_lies_between_its_floor_and_its_ceiling(m in -1_000_000_000_i64..1_000_000_000, scale in 0_u32..10, step in 1_i64..1000) {
            let value = Decimal::new(m, scale);
            let step = Decimal::new(step, 4);
            let floor = onto(value, step, Rounding::Floor).unwrap();
            let ceil = onto(value, step, Rounding::Ceil).unwrap();
            prop_assert!(floor <= value && value <= ceil);
            prop_assert!(ceil - floor == step || ceil == floor);
            prop_assert_eq!(onto(floor, step, Rounding::Ceil).unwrap(), floor);
        }
    }
}
