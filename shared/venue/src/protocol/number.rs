//! Numbers as text, without a float between, and sooner than [`Decimal`]'s own functions where they are as short as prices
//! and quantities are. Properties hold both ways together.

use super::eight;
use rust_decimal::Decimal;

/// An exact decimal out of text, with an exponent (`1E-8`) or without. More digits than can be held are refused.
///
/// # Errors
/// Words, if the text is no number or could not be held exactly.
pub fn decimal(text: &str) -> Result<Decimal, String> {
    if let Some(value) = short(text) {
        return Ok(value);
    }
    let shown = || text.chars().take(48).collect::<String>();
    if text.len() > 64 || text.starts_with('+') || text.contains('_') {
        return Err(format!("{:?} is no number", shown()));
    }
    let Some(at) = text.find(['e', 'E']) else {
        return Decimal::from_str_exact(text)
            .map_err(|_| format!("{:?} is no number that can be held exactly", shown()));
    };
    let (mantissa, exponent) = text.split_at(at);
    let value = Decimal::from_str_exact(mantissa).map_err(|_| format!("{:?} is no number", shown()))?;
    let exponent: i32 =
        exponent.get(1..).and_then(|e| e.parse().ok()).ok_or_else(|| format!("{:?} is no number", shown()))?;
    shifted(value.normalize(), exponent).ok_or_else(|| format!("{:?} can't be held exactly", shown()))
}

/// The most characters of a number whose digits certainly fit 63 bits.
const SHORT: usize = 18;

/// A number as nearly all are written: few digits, with at most one point, which stands between digits.
fn short(text: &str) -> Option<Decimal> {
    let bytes = text.as_bytes();
    let (first, last) = (bytes.first()?, bytes.last()?);
    if bytes.len() > SHORT || !first.is_ascii_digit() || !last.is_ascii_digit() {
        return None;
    }
    // Eighteen digits can't overflow.
    let (digits, whole) = eight::number(0, bytes);
    let behind = match bytes.get(whole..) {
        Some([b'.', behind @ ..]) => behind,
        Some([]) => &[],
        _ => return None,
    };
    let (digits, decimals) = eight::number(digits, behind);
    let scale = u32::try_from(decimals).ok().filter(|_| decimals == behind.len())?;
    Some(Decimal::from_i128_with_scale(i128::from(digits), scale))
}

/// The most characters of a number whose digits fit 64 bits: 28 decimals, the point, and a digit in front of it.
const LONGEST: usize = 30;

/// A number as [`Decimal`] writes it, sooner where its digits fit 64 bits.
#[must_use]
pub fn decimal_text(value: Decimal) -> String {
    let decimals = usize::try_from(value.scale()).unwrap_or_default();
    let mut digits = match u64::try_from(value.mantissa()) {
        Ok(digits) if value.is_sign_positive() => digits,
        Ok(_) | Err(_) => return value.to_string(),
    };
    let mut text = [b'0'; LONGEST];
    let mut length = 0;
    for place in text.iter_mut().rev() {
        if decimals > 0 && length == decimals {
            *place = b'.';
            length += 1;
            continue;
        }
        *place = b'0' + u8::try_from(digits % 10).unwrap_or_default();
        digits /= 10;
        length += 1;
        // At least one digit stands in front of the point.
        if digits == 0 && (decimals == 0 || length > decimals) {
            break;
        }
    }
    let written = text.get(LONGEST - length..).unwrap_or_default();
    // Digits are always text.
    std::str::from_utf8(written).unwrap_or_default().to_owned()
}

/// `value` times ten to the power of `exponent`, if that can be held.
pub(super) fn shifted(value: Decimal, exponent: i32) -> Option<Decimal> {
    let scale = i32::try_from(value.scale()).ok()?.checked_sub(exponent)?;
    if scale >= 0 {
        return Decimal::try_from_i128_with_scale(value.mantissa(), u32::try_from(scale).ok()?).ok();
    }
    let factor = 10_i128.checked_pow(scale.unsigned_abs())?;
    Decimal::try_from_i128_with_scale(value.mantissa().checked_mul(factor)?, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_short_number_is_what_its_own_library_reads_and_writes() {
        for text in ["", ".", "1.", ".5", "-1", "+1", "1_0", "1..2", "1.2.3", "1e5", "١", "1234567890123456789"] {
            assert_eq!(short(text), None, "{text}");
        }
        for text in ["0", "007", "0.000", "123456789012345678", "1234567890123.4567", "0.0000000000000001"] {
            let (ours, theirs) = (short(text).unwrap(), Decimal::from_str_exact(text).unwrap());
            assert_eq!((ours, ours.scale()), (theirs, theirs.scale()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn numbers_are_read_as_their_own_library_reads_them(
            text in prop_oneof!["[0-9]{0,10}\\.?[0-9]{0,12}", "[-+0-9._ eE]{0,20}", "-?[0-9]{1,30}(\\.[0-9]{1,30})?", "\\PC{0,6}"],
        ) {
            if let Some(ours) = short(&text) {
                let theirs = Decimal::from_str_exact(&text);
                prop_assert_eq!(Ok((ours, ours.scale())), theirs.map(|theirs| (theirs, theirs.scale())));
            }
            if !text.contains(['e', 'E']) {
                let refused = text.len() > 64 || text.starts_with('+') || text.contains('_');
                let theirs = Decimal::from_str_exact(&text).ok().filter(|_| !refused);
                prop_assert_eq!(decimal(&text).ok().map(|d| (d, d.scale())), theirs.map(|d| (d, d.scale())));
            }
        }

        #[test]
        fn numbers_are_written_as_their_own_library_writes_them(digits in prop_oneof![any::<i64>(), -9999_i64..9999], scale in 0_u32..=28) {
            let value = Decimal::new(digits, scale);
            prop_assert_eq!(decimal_text(value), value.to_string());
        }
    }
}
