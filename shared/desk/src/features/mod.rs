//! Features: numbers derived from the market, in `f64`.
//!
//! Floats live here and in strategies only. A price crosses over through [`from_price`]; nothing crosses back.

mod ema;

pub use ema::Ema;

use crate::money::Price;

/// Powers of ten that a double holds exactly.
const EXACT_POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// The double nearest to a price, the same one that parsing the price's text gives.
///
/// `Decimal::to_f64` is not always the nearest. A mantissa below 2⁵³ divided by an exact power of ten is: both
/// operands are exact, so the one division rounds once (Clinger 1990). Longer mantissas go through their text.
#[must_use]
pub fn from_price(price: Price) -> f64 {
    let value = price.value();
    let power = usize::try_from(value.scale()).ok().and_then(|scale| EXACT_POWERS.get(scale));
    match (u32_pair(value.mantissa()), power) {
        (Some(mantissa), Some(power)) => mantissa / power,
        _ => value.to_string().parse().unwrap_or(f64::NAN),
    }
}

/// A mantissa below 2⁵³ as the double equal to it.
fn u32_pair(mantissa: i128) -> Option<f64> {
    let mantissa = u64::try_from(mantissa).ok().filter(|m| *m < 1 << 53)?;
    let high = u32::try_from(mantissa >> 32).ok()?;
    let low = u32::try_from(mantissa & 0xffff_ffff).ok()?;
    Some(f64::from(high) * 4_294_967_296.0 + f64::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    proptest! {
        #[test]
        fn a_price_crosses_over_to_the_double_its_text_parses_to(mantissa in 1_i64..i64::MAX, scale in 0_u32..20) {
            let price = Price::new(Decimal::new(mantissa, scale)).unwrap();
            let parsed: f64 = price.to_string().parse().unwrap();
            prop_assert_eq!(from_price(price).to_bits(), parsed.to_bits());
        }
    }
}
