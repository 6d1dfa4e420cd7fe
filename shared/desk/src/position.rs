//! Positions: a fold of fills, nothing else.
//!
//! Long or flat, at average cost. A sale takes its share of the cost out; the sale that sells all takes all that is left,
//! so that no rounding stays behind. A fee taken out of what was bought leaves less than was ordered, and after the
//! sale of all whole lots a rest that nobody can sell: with less than a lot a position is closed, and its rest is part of the
//! next one.

use crate::fill::Fill;
use crate::instrument::Instrument;
use crate::money::{Amount, MoneyError};
use crate::order::Side;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What is held in one market, and what it cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// In base units. What is less than a lot can't be sold and stays behind when a position is closed.
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
        self.opened_at.is_some()
    }

    /// The position after `fill`.
    ///
    /// # Errors
    /// [`PositionError::Oversold`] if more is sold than held.
    pub fn after(&self, fill: &Fill, instrument: &Instrument) -> Result<(Self, Effect), PositionError> {
        let quantity = fill.base_moved(instrument)?;
        let fee = fill.fee_in_quote(instrument)?;
        // The worth of a fee in base: it is neither cost nor proceeds, but a fee.
        let in_base = fee.minus(fill.fee_paid_in_quote(instrument))?;
        let notional = fill.notional()?.amount();
        let mut next = self.clone();
        next.fees = next.fees.plus(fee)?;
        next.as_of = Some(self.as_of.map_or(fill.at, |last| last.max(fill.at)));
        next.fills += 1;
        let effect = match fill.side {
            Side::Buy => {
                next.quantity = self.quantity.plus(quantity)?;
                let cost = notional.minus(in_base)?;
                next.cost = self.cost.plus(cost)?;
                let opened = !self.is_open();
                // Fills may be booked in another order than they happened in.
                next.opened_at = Some(self.opened_at.map_or(fill.at, |at| at.min(fill.at)));
                Effect { cost_moved: cost, opened, closed: false }
            }
            Side::Sell => {
                if quantity > self.quantity {
                    return Err(PositionError::Oversold { sold: quantity, held: self.quantity });
                }
                let closed = next.shrink(quantity, instrument)?;
                let cost_moved = self.cost.minus(next.cost)?;
                next.realised = self.realised.plus(notional.plus(in_base)?.minus(cost_moved)?)?;
                Effect { cost_moved, opened: false, closed }
            }
        };
        Ok((next, effect))
    }

    /// The position after `quantity` of it has left the account without a sale: its share of the cost leaves with it, and
    /// nothing is realised.
    ///
    /// # Errors
    /// [`PositionError::Oversold`] if more leaves than is held.
    pub fn without(
        &self,
        quantity: Amount,
        instrument: &Instrument,
        at: Timestamp,
    ) -> Result<(Self, Effect), PositionError> {
        if quantity > self.quantity {
            return Err(PositionError::Oversold { sold: quantity, held: self.quantity });
        }
        let mut next = self.clone();
        next.as_of = Some(self.as_of.map_or(at, |last| last.max(at)));
        let closed = next.shrink(quantity, instrument)?;
        let cost_moved = self.cost.minus(next.cost)?;
        Ok((next, Effect { cost_moved, opened: false, closed }))
    }

    /// Takes out a quantity with its share of the cost; whether that closed the position.
    fn shrink(&mut self, quantity: Amount, instrument: &Instrument) -> Result<bool, MoneyError> {
        let left = self.quantity.minus(quantity)?;
        let cost = if left.is_zero() { self.cost } else { self.cost.share(quantity, self.quantity)? };
        (self.quantity, self.cost) = (left, self.cost.minus(cost)?);
        let closed = left < instrument.lot.amount()? && self.is_open();
        if closed {
            self.opened_at = None;
            self.round_trips += 1;
        }
        Ok(closed)
    }

    /// The fold of many fills, in their order.
    ///
    /// # Errors
    /// [`PositionError`] of the first fill that can't be folded in.
    pub fn of<'a>(fills: impl IntoIterator<Item = &'a Fill>, instrument: &Instrument) -> Result<Self, PositionError> {
        fills.into_iter().try_fold(Self::FLAT, |position, fill| position.after(fill, instrument).map(|(next, _)| next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::sample;
    use proptest::prelude::*;

    #[test]
    fn a_position_is_open_since_its_first_fill_in_whatever_order_they_are_booked() {
        let at = |ms, fill: Fill| Fill { at: Timestamp::from_ms(ms), ..fill };
        let early = at(5, sample::fill(Side::Buy, "100", "1", 1));
        let late = at(9, sample::fill(Side::Buy, "100", "1", 2));
        let position = Position::of([&late, &early], &sample::instrument()).unwrap();
        assert_eq!(position.opened_at, Some(Timestamp::from_ms(5)));
    }

    #[test]
    fn a_round_trip_leaves_no_cost_behind() {
        let fills = [
            sample::fill(Side::Buy, "100", "0.3", 1),
            sample::fill(Side::Sell, "110", "0.1", 2),
            sample::fill(Side::Sell, "90", "0.2", 3),
        ];
        let position = Position::of(&fills, &sample::instrument()).unwrap();
        assert!(!position.is_open());
        assert_eq!((position.cost, position.round_trips, position.fills), (Amount::ZERO, 1, 3));
        assert_eq!(position.realised.to_string(), "-1");
    }

    #[test]
    fn selling_more_than_is_held_is_refused() {
        let fills = [sample::fill(Side::Buy, "100", "0.3", 1), sample::fill(Side::Sell, "110", "0.4", 2)];
        assert!(matches!(Position::of(&fills, &sample::instrument()), Err(PositionError::Oversold { .. })));
    }

    #[test]
    fn a_fee_taken_in_base_leaves_less_and_the_rest_that_no_lot_holds_closes_nothing_later() {
        let instrument = sample::instrument();
        let bought = Fill {
            fee: crate::money::Fee::new("0.0003".parse().unwrap()).unwrap(),
            fee_asset: instrument.base.clone(),
            ..sample::fill(Side::Buy, "100", "0.30001", 1)
        };
        let (position, _) = Position::FLAT.after(&bought, &instrument).unwrap();
        assert_eq!(position.quantity.to_string(), "0.29971");
        assert_eq!((position.cost.to_string(), position.fees.to_string()), ("29.971".into(), "0.03".into()));
        let odd = Fill { fee: crate::money::Fee::new("0.000300005".parse().unwrap()).unwrap(), ..bought };
        let (position, _) = Position::FLAT.after(&odd, &instrument).unwrap();
        assert_eq!(instrument.whole_lots(position.quantity).unwrap().to_string(), "0.2997");
        let (after, effect) = position.after(&sample::fill(Side::Sell, "110", "0.2997", 2), &instrument).unwrap();
        assert!(effect.closed && !after.is_open());
        assert_eq!((after.quantity.to_string(), after.round_trips), ("0.000009995".into(), 1));
        // Cash went out and came in; with the fees and the rest's cost, all of it is accounted for.
        let cash = after.realised.minus(after.fees).unwrap().minus(after.cost).unwrap();
        assert_eq!(cash.to_string(), "2.966");
        let (again, effect) = after.after(&sample::fill(Side::Buy, "100", "1", 3), &instrument).unwrap();
        assert!(effect.opened && again.is_open());
        assert_eq!(again.quantity.to_string(), "1.000009995");
    }

    proptest! {
        #[test]
        fn cost_and_realised_account_for_all_cash(trades in prop::collection::vec((1_u32..1000, 1_u32..100, any::<bool>()), 1..40)) {
            let (mut position, instrument) = (Position::FLAT, sample::instrument());
            let mut cash = Amount::ZERO;
            for (i, (price, quantity, buy)) in trades.into_iter().enumerate() {
                let side = if buy { Side::Buy } else { Side::Sell };
                let fill = sample::fill(side, &price.to_string(), &quantity.to_string(), i64::try_from(i).unwrap());
                let Ok((next, _)) = position.after(&fill, &instrument) else { continue };
                let notional = fill.notional().unwrap().amount();
                cash = if buy { cash.minus(notional) } else { cash.plus(notional) }.unwrap();
                position = next;
            }
            prop_assert_eq!(cash, position.realised.minus(position.cost).unwrap());
            prop_assert!(position.is_open() || position.cost.is_zero());
        }
    }
}
