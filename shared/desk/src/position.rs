//! Positions: a fold of fills, nothing else.
//!
//! Long or flat, at average cost. A sale takes its share of the cost out; the sale that closes the position takes
//! all that is left, so that no rounding stays behind.

use crate::fill::Fill;
use crate::money::{Amount, MoneyError};
use crate::order::Side;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What is held in one market, and what it cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// In base units; zero when flat.
    pub quantity: Amount,
    /// What it cost without fees, in quote units.
    pub cost: Amount,
    /// Profit and loss of what was sold, before fees, in quote units.
    pub realised: Amount,
    /// The fees paid, in quote units.
    pub fees: Amount,
    /// When the position was opened; `None` when flat.
    pub opened_at: Option<Timestamp>,
    /// The market time of the last fill; `None` before the first.
    pub as_of: Option<Timestamp>,
    /// How often it has gone from open to flat: the closed round trips.
    pub round_trips: u64,
    /// How many fills it is the fold of.
    pub fills: u64,
}

/// What one fill did to a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effect {
    /// The cost added by a buy, or taken out by a sale.
    pub cost_moved: Amount,
    /// The fill took it from flat to open.
    pub opened: bool,
    /// The fill took it from open to flat.
    pub closed: bool,
}

/// A fill that can't be folded in.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PositionError {
    /// More would be sold than is held.
    #[error("a sale of {sold} was reported, but only {held} is held")]
    Oversold {
        /// What was sold.
        sold: Amount,
        /// What was held.
        held: Amount,
    },
    /// The result can't be held exactly.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Position {
    /// No position, and no history.
    pub const FLAT: Self = Self {
        quantity: Amount::ZERO,
        cost: Amount::ZERO,
        realised: Amount::ZERO,
        fees: Amount::ZERO,
        opened_at: None,
        as_of: None,
        round_trips: 0,
        fills: 0,
    };

    /// Whether something is held.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        !self.quantity.is_zero()
    }

    /// The position after `fill`.
    ///
    /// # Errors
    /// [`PositionError::Oversold`] if more is sold than held.
    pub fn after(&self, fill: &Fill) -> Result<(Self, Effect), PositionError> {
        let quantity = fill.quantity.amount()?;
        let notional = fill.notional()?.amount();
        let mut next = self.clone();
        next.fees = next.fees.plus(fill.fee.amount())?;
        next.as_of = Some(self.as_of.map_or(fill.at, |last| last.max(fill.at)));
        next.fills += 1;
        let effect = match fill.side {
            Side::Buy => {
                next.quantity = self.quantity.plus(quantity)?;
                next.cost = self.cost.plus(notional)?;
                let opened = !self.is_open();
                if opened {
                    next.opened_at = Some(fill.at);
                }
                Effect { cost_moved: notional, opened, closed: false }
            }
            Side::Sell => {
                if quantity > self.quantity {
                    return Err(PositionError::Oversold { sold: quantity, held: self.quantity });
                }
                next.quantity = self.quantity.minus(quantity)?;
                let closed = next.quantity.is_zero();
                let cost_moved = if closed { self.cost } else { self.cost.share(quantity, self.quantity)? };
                next.cost = self.cost.minus(cost_moved)?;
                next.realised = self.realised.plus(notional.minus(cost_moved)?)?;
                if closed {
                    next.opened_at = None;
                    next.round_trips += 1;
                }
                Effect { cost_moved, opened: false, closed }
            }
        };
        Ok((next, effect))
    }

    /// The fold of many fills, in their order.
    ///
    /// # Errors
    /// [`PositionError`] of the first fill that can't be folded in.
    pub fn of<'a>(fills: impl IntoIterator<Item = &'a Fill>) -> Result<Self, PositionError> {
        fills.into_iter().try_fold(Self::FLAT, |position, fill| position.after(fill).map(|(next, _)| next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::sample;
    use proptest::prelude::*;

    #[test]
    fn a_round_trip_leaves_no_cost_behind() {
        let fills = [
            sample::fill(Side::Buy, "100", "0.3", 1),
            sample::fill(Side::Sell, "110", "0.1", 2),
            sample::fill(Side::Sell, "90", "0.2", 3),
        ];
        let position = Position::of(&fills).unwrap();
        assert!(!position.is_open());
        assert_eq!((position.cost, position.round_trips, position.fills), (Amount::ZERO, 1, 3));
        assert_eq!(position.realised.to_string(), "-1");
    }

    #[test]
    fn selling_more_than_is_held_is_refused() {
        let fills = [sample::fill(Side::Buy, "100", "0.3", 1), sample::fill(Side::Sell, "110", "0.4", 2)];
        assert!(matches!(Position::of(&fills), Err(PositionError::Oversold { .. })));
    }

    proptest! {
        #[test]
        fn cost_and_realised_account_for_all_cash(trades in prop::collection::vec((1_u32..1000, 1_u32..100, any::<bool>()), 1..40)) {
            let mut position = Position::FLAT;
            let mut cash = Amount::ZERO;
            for (i, (price, quantity, buy)) in trades.into_iter().enumerate() {
                let side = if buy { Side::Buy } else { Side::Sell };
                let fill = sample::fill(side, &price.to_string(), &quantity.to_string(), i64::try_from(i).unwrap());
                let Ok((next, _)) = position.after(&fill) else { continue };
                let notional = fill.notional().unwrap().amount();
                cash = if buy { cash.minus(notional) } else { cash.plus(notional) }.unwrap();
                position = next;
            }
            prop_assert_eq!(cash, position.realised.minus(position.cost).unwrap());
            prop_assert!(position.is_open() || position.cost.is_zero());
        }
    }
}
