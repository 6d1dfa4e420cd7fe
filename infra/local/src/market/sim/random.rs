//! Pseudo-random numbers that are the same on every machine.

/// A SplitMix64 generator (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

/// The largest shock, in standard deviations: about one in three thousand is larger, and is cut.
const SHOCK_MAX: f64 = 8.0;

impl Random {
    /// The stream of numbers that belongs to `seed` and `name`.
    pub(super) fn stream(seed: u64, name: &str) -> Self {
        // FNV-1a, to fold the name into 64 bits.
        let hash = name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        // The seed is mixed first, so that neighbouring seeds don't give neighbouring streams.
        let mixed = Self(seed).bits();
        Self(mixed ^ hash)
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Evenly from 0 up to, not including, 1.
    pub(super) fn uniform(&mut self) -> f64 {
        // 52 random bits as the fraction of a float between 1 and 2.
        f64::from_bits(0x3ff0_0000_0000_0000 | (self.bits() >> 12)) - 1.0
    }

    /// A draw with mean 0, standard deviation 1 and the fat tails of Student's t with 4 degrees of freedom, cut off
    /// at [`SHOCK_MAX`].
    ///
    /// Bailey's polar method ("Polar generation of random variates with the t-distribution", 1994), which at 4
    /// degrees needs no more than square roots.
    pub(super) fn shock(&mut self) -> f64 {
        loop {
            let (u, v) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let w = u * u + v * v;
            if w > 0.0 && w < 1.0 {
                let t = u * (4.0 * (1.0 / w.sqrt() - 1.0) / w).sqrt();
                // The variance of t with 4 degrees of freedom is 2.
                return (t / std::f64::consts::SQRT_2).clamp(-SHOCK_MAX, SHOCK_MAX);
            }
        }
    }
}

/// e to the `x`, for small `x`, by sums and products alone: the system's own differs between machines.
pub(super) fn exp(x: f64) -> f64 {
    // The series of e^(x/64), which ends quickly, squared six times.
    let part = x / 64.0;
    let series = (1..=10).rev().fold(1.0, |sum, n| 1.0 + part * sum / f64::from(n));
    (0..6).fold(series, |power, _| power * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        let mut random = Random(1_234_567);
        let expected = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!([random.bits(), random.bits(), random.bits()], expected);
    }

    #[test]
    fn shocks_have_mean_zero_deviation_one_and_fat_tails() {
        let mut random = Random::stream(1, "shocks");
        let draws: Vec<f64> = (0..200_000).map(|_| random.shock()).collect();
        let mean = |power: i32| draws.iter().map(|x| x.powi(power)).sum::<f64>() / 200_000.0;
        assert!(mean(1).abs() < 0.01, "{}", mean(1));
        assert!((mean(2) - 1.0).abs() < 0.05, "{}", mean(2));
        assert!(mean(4) > 5.0, "{}", mean(4));
    }

    #[test]
    fn the_exponential_is_that_of_the_library() {
        for x in [-2.9, -1.0, -0.001, 0.0, 0.5, 1.0, 2.9_f64] {
            assert!((exp(x) / x.exp() - 1.0).abs() < 1e-13, "{x}");
        }
    }
}
