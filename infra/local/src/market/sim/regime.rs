//! The market's moods, and how one follows another.

/// What kind of market it is. It stays so for a random number of bars and then changes, knowing nothing of the past
/// but its present kind (a Markov chain).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Regime {
    /// Little happens.
    Calm,
    /// Prices climb.
    Rising,
    /// Prices slide.
    Falling,
    /// Prices go far and get nowhere.
    Volatile,
    /// Prices break down.
    Crash,
    /// Prices come back after a crash.
    Recovery,
}

impl Regime {
    /// The mean move of a bar, in the market's calm volatility.
    pub(super) const fn drift(self) -> f64 {
        match self {
            Self::Calm | Self::Volatile => 0.0,
            Self::Rising => 0.13,
            Self::Falling => -0.13,
            Self::Crash => -2.5,
            Self::Recovery => 0.6,
        }
    }

    /// The volatility, in that of a calm market.
    pub(super) const fn volatility(self) -> f64 {
        match self {
            Self::Calm => 1.0,
            Self::Rising => 1.15,
            Self::Falling => 1.35,
            Self::Recovery => 1.9,
            Self::Volatile => 2.8,
            Self::Crash => 3.6,
        }
    }

    /// How many bars it lasts on average.
    const fn bars(self) -> f64 {
        match self {
            Self::Calm => 500.0,
            Self::Rising | Self::Falling => 300.0,
            Self::Volatile => 150.0,
            Self::Recovery => 60.0,
            Self::Crash => 15.0,
        }
    }

    /// The next bar's regime: `leave` decides whether it changes, `choice` to what; both are even draws from 0 to 1.
    pub(super) fn next(self, leave: f64, choice: f64) -> Self {
        if leave * self.bars() >= 1.0 {
            return self;
        }
        match self {
            Self::Calm => {
                pick(choice, [(0.35, Self::Rising), (0.35, Self::Falling), (0.25, Self::Volatile)], Self::Crash)
            }
            Self::Rising => {
                pick(choice, [(0.55, Self::Calm), (0.20, Self::Volatile), (0.15, Self::Falling)], Self::Crash)
            }
            Self::Falling => {
                pick(choice, [(0.45, Self::Calm), (0.25, Self::Volatile), (0.15, Self::Rising)], Self::Crash)
            }
            Self::Volatile => {
                pick(choice, [(0.50, Self::Calm), (0.20, Self::Rising), (0.20, Self::Falling)], Self::Crash)
            }
            Self::Crash => pick(choice, [(0.75, Self::Recovery)], Self::Volatile),
            Self::Recovery => pick(choice, [(0.50, Self::Calm), (0.30, Self::Rising)], Self::Volatile),
        }
    }
}

/// The regime whose share of 1 `choice` falls into, the last one having what the others leave.
fn pick<const N: usize>(mut choice: f64, shares: [(f64, Regime); N], last: Regime) -> Regime {
    for (share, regime) in shares {
        if choice < share {
            return regime;
        }
        choice -= share;
    }
    last
}

#[cfg(test)]
mod tests {
    use super::super::random::Random;
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn every_regime_comes_up_and_lasts_about_as_long_as_it_says() {
        let random = RefCell::new(Random::stream(3, "regimes"));
        let draw = || random.borrow_mut().uniform();
        let path: Vec<Regime> =
            std::iter::successors(Some(Regime::Calm), |now| Some(now.next(draw(), draw()))).take(1_000_000).collect();
        for regime in [Regime::Calm, Regime::Rising, Regime::Falling, Regime::Volatile, Regime::Crash, Regime::Recovery]
        {
            let bars = path.iter().filter(|now| **now == regime).count();
            let visits = path.windows(2).filter(|pair| pair[0] != regime && pair[1] == regime).count();
            let (bars, visits) = (f64::from(u32::try_from(bars).unwrap()), f64::from(u32::try_from(visits).unwrap()));
            assert!(visits > 50.0, "{regime:?} came {visits} times");
            let ratio = bars / visits / regime.bars();
            assert!((0.8..1.25).contains(&ratio), "{regime:?} lasts {ratio} of what it says");
        }
    }
}
