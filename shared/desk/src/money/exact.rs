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
    /// To the nearest step, ties towards positive infinity.
    HalfUp,
}

/// `value` without zeros at its end: what [`Decimal::normalize`] gives, several times as fast where the digits fit 64
/// bits, as those of prices and quantities do.
#[must_use]
pub fn normalized(value: Decimal) -> Decimal {
    let Ok(mut digits) = i64::try_from(value.mantissa()) else { return value.normalize() };
    if digits == 0 {
        return Decimal::ZERO;
    }
    let mut scale = value.scale();
    // Venues write eight decimals, of which most are zeros.
    while scale >= 4 && digits % 10_000 == 0 {
        (digits, scale) = (digits / 10_000, scale - 4);
    }
    while scale > 0 && digits % 10 == 0 {
        (digits, scale) = (digits / 10, scale - 1);
    }
    if scale == value.scale() { value } else { Decimal::new(digits, scale) }
}

/// The exact product.
///
/// # Errors
/// [`MoneyError::Precision`] if the product needs more than 28 digits.
pub fn mul(a: Decimal, b: Decimal) -> Result<Decimal, MoneyError> {
    let (a, b) = (normalized(a), normalized(b));
    let product = a.checked_mul(b).ok_or(MoneyError::Overflow { what: "product" })?;
    if product.is_zero() && !(a.is_zero() || b.is_zero()) {
        return Err(MoneyError::Precision { what: "product" });
    }
    if !product.is_zero() && product.scale() != a.scale() + b.scale() {
        return Err(MoneyError::Precision { what: "product" });
    }
    Ok(normalized(product))
}

/// The exact sum.
///
/// # Errors
/// [`MoneyError::Precision`] if the sum needs more than 28 digits.
pub fn add(a: Decimal, b: Decimal) -> Result<Decimal, MoneyError> {
    let (a, b) = (normalized(a), normalized(b));
    let sum = a.checked_add(b).ok_or(MoneyError::Overflow { what: "sum" })?;
    // A rounded sum comes back with a smaller scale than its finest operand.
    if sum.scale() < a.scale().max(b.scale()) && !sum.is_zero() {
        return Err(MoneyError::Precision { what: "sum" });
    }
    Ok(normalized(sum))
}

/// `value` in units of `10^-scale`, where that fits. Its own scale must not be larger.
fn aligned(value: Decimal, scale: u32) -> Option<i128> {
    let factor = scale - value.scale();
    // Sixty-four bits are multiplied at once, and hold nearly every price.
    let short = || i64::try_from(value.mantissa()).ok()?.checked_mul(10_i64.checked_pow(factor)?);
    match factor {
        0 => Some(value.mantissa()),
        _ => short().map(i128::from).or_else(|| value.mantissa().checked_mul(10_i128.checked_pow(factor)?)),
    }
}

/// The quotient, rounded down, and what is left. The denominator must be positive.
fn floored(numerator: i128, denominator: i128) -> (i128, i128) {
    // Processors divide 64 bits at once; wider numbers are divided by a subroutine.
    match (i64::try_from(numerator), i64::try_from(denominator)) {
        (Ok(n), Ok(d)) => (n.div_euclid(d).into(), n.rem_euclid(d).into()),
        _ => (numerator.div_euclid(denominator), numerator.rem_euclid(denominator)),
    }
}

/// `numerator / denominator`, rounded to an integer. The denominator must be positive.
pub(crate) fn divide(numerator: i128, denominator: i128, rounding: Rounding) -> Option<i128> {
    if denominator <= 0 {
        return None;
    }
    let (floor, rest) = floored(numerator, denominator);
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
        Rounding::HalfUp => {
            if rest.checked_mul(2)? >= denominator {
                floor.checked_add(1)
            } else {
                Some(floor)
            }
        }
    }
}

/// How many whole `step`s fit into `value`, rounded as told. `step` must be positive.
///
/// # Errors
/// [`MoneyError::Overflow`] if the operands are too far apart in scale to be compared exactly.
pub fn steps(value: Decimal, step: Decimal, rounding: Rounding) -> Result<i128, MoneyError> {
    counted(normalized(value), normalized(step), rounding)
}

/// The same of numbers without zeros at their ends.
fn counted(value: Decimal, step: Decimal, rounding: Rounding) -> Result<i128, MoneyError> {
    let scale = value.scale().max(step.scale());
    aligned(value, scale)
        .zip(aligned(step, scale))
        .and_then(|(v, s)| divide(v, s, rounding))
        .ok_or(MoneyError::Overflow { what: "steps" })
}

/// `value` put onto the grid of `step`, rounded as told.
///
/// # Errors
/// [`MoneyError::Overflow`] as [`steps`], unless it is on the grid already.
pub fn onto(value: Decimal, step: Decimal, rounding: Rounding) -> Result<Decimal, MoneyError> {
    let (value, step) = (normalized(value), normalized(step));
    if step.mantissa() == 1 && value.scale() <= step.scale() {
        // Steps are powers of ten nearly always, and nearly all values are on them.
        return Ok(value);
    }
    let count = counted(value, step, rounding)?;
    let mantissa = count.checked_mul(step.mantissa()).ok_or(MoneyError::Overflow { what: "onto" })?;
    Decimal::try_from_i128_with_scale(mantissa, step.scale())
        .map(normalized)
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
        for (value, floor, ceil, even, up) in [
            ("0.125", "0.12", "0.13", "0.12", "0.13"),
            ("0.135", "0.13", "0.14", "0.14", "0.14"),
            ("0.134", "0.13", "0.14", "0.13", "0.13"),
            ("-0.125", "-0.13", "-0.12", "-0.12", "-0.12"),
        ] {
            let at = |r| onto(d(value), d("0.01"), r).unwrap();
            let all = [Rounding::Floor, Rounding::Ceil, Rounding::HalfEven, Rounding::HalfUp].map(at);
            assert_eq!(all, [d(floor), d(ceil), d(even), d(up)]);
        }
    }

    #[test]
    fn what_is_on_the_grid_already_stays_as_it_is_however_large() {
        for value in ["0", "-3", "12.5", "79228162514264337593543950335"] {
            for step in ["0.1", "0.100", "1e-20"] {
                assert_eq!(onto(d(value), d(step), Rounding::Ceil), Ok(d(value)), "{value} {step}");
            }
        }
        assert_eq!(onto(d("12.50"), d("10"), Rounding::Floor), Ok(d("10")));
        assert_eq!(onto(d("20"), d("10"), Rounding::Ceil), Ok(d("20")));
    }

    #[test]
    fn numbers_beyond_64_bits_are_divided_like_all_others() {
        let (wide, step) = (d("92233720368547758070.5"), d("0.1"));
        assert_eq!(steps(wide, step, Rounding::Floor).unwrap(), 922_337_203_685_477_580_705);
        assert_eq!(steps(-wide, d("7"), Rounding::Floor).unwrap(), -13_176_245_766_935_394_011);
    }

    proptest! {
        #[test]
        fn without_its_zeros_a_number_is_as_its_own_library_writes_it(
            digits in prop_oneof![any::<i64>().prop_map(i128::from), -(1_i128 << 95)..(1_i128 << 95), -1000_i128..1000],
            zeros in 0_u32..12,
            scale in 0_u32..=28,
        ) {
            let digits = digits.checked_mul(10_i128.pow(zeros)).filter(|d| d.unsigned_abs() < 1 << 96).unwrap_or(digits);
            let value = Decimal::from_i128_with_scale(digits, scale);
            let (ours, theirs) = (normalized(value), value.normalize());
            prop_assert_eq!((ours, ours.scale(), ours.is_sign_negative()), (theirs, theirs.scale(), theirs.is_sign_negative()));
        }

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
