//! A level that wanders with clustered volatility and is drawn home.

use super::random::Random;

/// How much of a shock's square the variance takes over, and how much it keeps (GARCH(1,1)). The rest, 0.02, draws
/// it back to 1.
const TAKEN: f64 = 0.07;
const KEPT: f64 = 0.91;
/// The variance's upper end, so that a row of shocks can't feed itself.
const VARIANCE_MAX: f64 = 25.0;

/// One source of moves: the market as a whole, or what a symbol does alone.
#[derive(Debug, Clone)]
pub(super) struct Factor {
    /// The distance from home, as a logarithm.
    level: f64,
    /// The present variance, as a multiple of the usual.
    variance: f64,
}

impl Default for Factor {
    fn default() -> Self {
        Self { level: 0.0, variance: 1.0 }
    }
}

impl Factor {
    /// The distance from home, as a logarithm.
    pub(super) const fn level(&self) -> f64 {
        self.level
    }

    /// One bar: the level drifts, is drawn home by the part `pull` of its distance, and is shaken by `sigma` as the
    /// last bars' shocks left it. Returns the volatility with which it was shaken.
    pub(super) fn step(&mut self, random: &mut Random, drift: f64, sigma: f64, pull: f64) -> f64 {
        let shock = random.shock();
        let sigma = sigma * self.variance.sqrt();
        self.level += drift - pull * self.level + sigma * shock;
        let fed = TAKEN * shock * shock + KEPT;
        self.variance = (1.0 - TAKEN - KEPT + fed * self.variance).min(VARIANCE_MAX);
        sigma
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_drawn_home_from_both_sides() {
        for far in [-1.0, 1.0] {
            let mut factor = Factor { level: far, ..Factor::default() };
            for _ in 0..10 {
                factor.step(&mut Random::stream(1, "still"), 0.0, 0.0, 0.1);
            }
            assert!((factor.level() / far - 0.9_f64.powi(10)).abs() < 1e-12, "{}", factor.level());
        }
    }

    #[test]
    fn a_large_shock_raises_the_volatility_of_the_next_bar_and_a_small_one_lowers_it() {
        let mut factor = Factor::default();
        let mut random = Random::stream(1, "shaken");
        let (mut raised, mut lowered) = (0, 0);
        for _ in 0..10_000 {
            let (level, variance) = (factor.level, factor.variance);
            let sigma = factor.step(&mut random, 0.0, 1.0, 0.0);
            let shock = ((factor.level - level) / sigma).abs();
            if shock > 1.5 && variance < 20.0 {
                assert!(factor.variance > variance, "{shock}: {variance} became {}", factor.variance);
                raised += 1;
            }
            if shock < 0.5 && variance > 0.5 {
                assert!(factor.variance < variance, "{shock}: {variance} became {}", factor.variance);
                lowered += 1;
            }
        }
        assert!(raised > 500 && lowered > 500, "{raised} raised, {lowered} lowered");
    }
}
