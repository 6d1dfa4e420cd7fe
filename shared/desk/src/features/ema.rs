//! The exponential moving average.

use serde::{Deserialize, Serialize};

/// `ema ← α·x + (1 − α)·ema` with `α = 2/(n + 1)`, seeded with the first value and evaluated as written: no fused
/// multiply-add, so that every machine gives the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ema {
    /// The bits of the current value; text would have to be parsed back to the same double.
    bits: Option<u64>,
}

impl Ema {
    /// An average that has seen nothing.
    pub const EMPTY: Self = Self { bits: None };

    /// Takes in `x` as one of a window of `n` values and returns the average.
    pub fn update(&mut self, x: f64, n: u32) -> f64 {
        let alpha = 2.0 / (f64::from(n) + 1.0);
        let value = match self.bits.map(f64::from_bits) {
            None => x,
            Some(ema) => alpha * x + (1.0 - alpha) * ema,
        };
        self.bits = Some(value.to_bits());
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_seeded_with_the_first_value_and_then_moves_by_alpha() {
        let mut ema = Ema::EMPTY;
        assert_eq!(ema.update(10.0, 3).to_bits(), 10.0_f64.to_bits());
        assert_eq!(ema.update(20.0, 3).to_bits(), 15.0_f64.to_bits());
    }

    #[test]
    fn it_survives_being_stored_bit_for_bit() {
        let mut ema = Ema::EMPTY;
        for x in [0.1, 0.2, 1e-9, 123_456.789] {
            ema.update(x, 26);
        }
        let stored = serde_json::to_string(&ema).unwrap();
        assert_eq!(serde_json::from_str::<Ema>(&stored).unwrap(), ema);
    }
}
