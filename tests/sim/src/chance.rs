//! Chance, of two kinds.
//!
//! What belongs to the run as a whole (its prices, its settings, its operators) is drawn from one generator in order:
//! [`Chance`]. What happens at a certain call is a hash of the seed, of who calls, where, and for the how many-eth time:
//! [`draw`]. So a call more or less in one handler moves no fault of another, and a plan that fails today still means the
//! same calls after a refactoring.

/// A generator of one sequence: `SplitMix64`.
#[derive(Debug, Clone)]
pub struct Chance(u64);

/// The golden ratio in 64 bits, the step of `SplitMix64`.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

const fn mixed(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

impl Chance {
    /// The sequence of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(mixed(seed ^ STEP))
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mixed(self.0)
    }

    /// A number below `end`; 0 if there is none.
    pub fn below(&mut self, end: u64) -> u64 {
        self.bits().checked_rem(end).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        span(self.bits(), low, high)
    }

    /// True once in `times`.
    pub fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

/// The part of `low..=high` that `bits` point at.
#[must_use]
pub fn span(bits: u64, low: i64, high: i64) -> i64 {
    let width = high.saturating_sub(low).saturating_add(1).max(1).unsigned_abs();
    low.saturating_add_unsigned(bits.checked_rem(width).unwrap_or(0))
}

/// The hash of a text, to be mixed into a [`draw`].
#[must_use]
pub fn text(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

/// 64 bits that depend on all parts.
#[must_use]
pub fn draw(parts: &[u64]) -> u64 {
    drawn(STEP, parts)
}

/// The same, where what the first parts come to is known: `draw(a + b) = drawn(draw(a), b)`.
#[must_use]
pub fn drawn(first: u64, parts: &[u64]) -> u64 {
    parts.iter().fold(first, |hash, part| mixed(hash.rotate_left(5) ^ *part).wrapping_add(STEP))
}
