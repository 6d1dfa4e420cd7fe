//! `ema-cross`, the reference strategy: long while a fast average is above a slow one, with a resting stop.
//!
//! Two exponential averages of closes, seeded with the first close. From bar `slow` on, at a close:
//! - flat, and up now but not at the close before: enter. The entry is a *cross*: after a stop-out the strategy
//!   waits for the next one.
//! - long, and not up: exit. The exit is a *level*: one that was refused or failed is asked for again.

use super::{Evidence, Holding, StrategyError, Target, Wish};
use crate::features::{self, Ema};
use crate::id::StrategyId;
use crate::market::Candle;
use crate::money::{Bps, Notional};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub(super) const NAME: &str = "ema-cross";
pub(super) const VERSION: &str = "ema-cross/1";
const KNOWN: &str = "fast (12), slow (26), stop-pct (2)";

/// The strategy's parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmaCross {
    id: StrategyId,
    fast: u32,
    slow: u32,
    stop_distance: Bps,
    stake: Notional,
}

/// What the strategy remembers between bars.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmaCrossMemory {
    fast: Ema,
    slow: Ema,
    was_up: bool,
    bars: u64,
}

impl EmaCrossMemory {
    pub(super) const FRESH: Self = Self { fast: Ema::EMPTY, slow: Ema::EMPTY, was_up: false, bars: 0 };
}

impl EmaCross {
    pub(super) fn configure(parameters: &BTreeMap<String, String>, stake: Notional) -> Result<Self, StrategyError> {
        let (mut fast, mut slow, mut stop_pct) = (12, 26, "2".to_owned());
        for (name, value) in parameters {
            let bad = |range| StrategyError::BadParameter {
                strategy: NAME,
                name: name.clone(),
                value: value.chars().take(64).collect(),
                range,
            };
            let window = || value.parse().ok().filter(|n| (1..=10_000).contains(n));
            match name.as_str() {
                "fast" => fast = window().ok_or_else(|| bad("a whole number from 1 to 10000"))?,
                "slow" => slow = window().ok_or_else(|| bad("a whole number from 1 to 10000"))?,
                "stop-pct" => stop_pct.clone_from(value),
                _ => return Err(StrategyError::UnknownParameter { strategy: NAME, name: name.clone(), known: KNOWN }),
            }
        }
        let bad_stop = || StrategyError::BadParameter {
            strategy: NAME,
            name: "stop-pct".to_owned(),
            value: stop_pct.chars().take(64).collect(),
            range: "a percentage above 0 and below 100",
        };
        if fast >= slow {
            return Err(StrategyError::BadParameter {
                strategy: NAME,
                name: "fast".to_owned(),
                value: fast.to_string(),
                range: "smaller than slow",
            });
        }
        let stop_distance = percent(&stop_pct).ok_or_else(bad_stop)?;
        let id = StrategyId::new(NAME).map_err(|_| bad_stop())?;
        Ok(Self { id, fast, slow, stop_distance, stake })
    }

    pub(super) const fn id(&self) -> &StrategyId {
        &self.id
    }

    pub(super) fn parameters(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("fast".to_owned(), self.fast.to_string()),
            ("slow".to_owned(), self.slow.to_string()),
            ("stop-bps".to_owned(), self.stop_distance.to_string()),
            ("stake".to_owned(), self.stake.to_string()),
        ])
    }

    pub(super) fn on_bar(&self, memory: &mut EmaCrossMemory, bar: &Candle, holding: Holding) -> Option<Wish> {
        let close = features::from_price(bar.close);
        let fast = memory.fast.update(close, self.fast);
        let slow = memory.slow.update(close, self.slow);
        let (up, was_up) = (fast > slow, memory.was_up);
        let warm = memory.bars >= u64::from(self.slow);
        memory.was_up = up;
        memory.bars += 1;
        let target = match holding {
            Holding::Flat if warm && up && !was_up => {
                Target::Long { stake: self.stake, stop_distance: self.stop_distance }
            }
            Holding::Long if warm && !up => Target::Flat,
            Holding::Flat | Holding::Long => return None,
        };
        Some(Wish { target, evidence: Evidence::EmaCross { fast, slow, was_up } })
    }
}

/// A percentage above 0 and below 100, as basis points.
fn percent(text: &str) -> Option<Bps> {
    let percent: Bps = text.parse().ok()?;
    let hundred = Bps::new(rust_decimal::Decimal::ONE_HUNDRED).ok()?;
    if percent == Bps::ZERO || percent >= hundred {
        return None;
    }
    Bps::new(crate::money::exact::mul(percent.value(), rust_decimal::Decimal::ONE_HUNDRED).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::{Price, Quantity};
    use crate::strategy::{Memory, Strategy};
    use crate::time::Timestamp;

    fn strategy(parameters: &[(&str, &str)]) -> Result<Strategy, StrategyError> {
        let parameters = parameters.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Strategy::configure(NAME, &parameters, Notional::new("1000".parse().unwrap()).unwrap())
    }

    fn run(closes: impl IntoIterator<Item = u32>, holding: Holding) -> Vec<(usize, Target)> {
        let strategy = strategy(&[("fast", "2"), ("slow", "4")]).unwrap();
        let mut memory: Memory = strategy.fresh();
        let wish = |(i, close): (usize, u32)| {
            let price: Price = close.to_string().parse().unwrap();
            let open_time = Timestamp::from_ms(0);
            let bar = Candle { open_time, open: price, high: price, low: price, close: price, volume: Quantity::ZERO };
            strategy.on_bar(&mut memory, &bar, holding).map(|w| (i, w.target))
        };
        closes.into_iter().enumerate().filter_map(wish).collect()
    }

    #[test]
    fn it_enters_once_at_the_cross_and_not_again_while_it_stays_up() {
        let wishes = run([10, 10, 10, 9, 9, 20, 30, 40], Holding::Flat);
        assert_eq!(wishes.len(), 1);
        assert!(matches!(wishes.first(), Some((5, Target::Long { .. }))));
    }

    #[test]
    fn it_asks_to_exit_at_every_close_that_is_not_up() {
        assert_eq!(
            run([10, 10, 10, 9, 9, 8, 7], Holding::Long),
            vec![(4, Target::Flat), (5, Target::Flat), (6, Target::Flat)]
        );
    }

    #[test]
    fn it_is_silent_until_the_slow_window_has_passed() {
        assert!(run([1, 2, 4, 8], Holding::Flat).is_empty());
    }

    #[test]
    fn a_parameter_that_does_not_exist_or_makes_no_sense_is_refused() {
        assert!(matches!(strategy(&[("slwo", "3")]), Err(StrategyError::UnknownParameter { .. })));
        for (name, value) in
            [("fast", "0"), ("fast", "26"), ("slow", "x"), ("stop-pct", "0"), ("stop-pct", "100"), ("stop-pct", "NaN")]
        {
            assert!(matches!(strategy(&[(name, value)]), Err(StrategyError::BadParameter { .. })), "{name}={value}");
        }
    }
}
