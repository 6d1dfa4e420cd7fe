//! What can be traded, and in which steps.

use crate::id::{Asset, Symbol};
use crate::money::{Amount, MoneyError, Notional, Price, Quantity, Rounding, exact};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A spot market: `base` is bought and sold for `quote`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instrument {
    /// The market's name.
    pub symbol: Symbol,
    /// What is bought and sold.
    pub base: Asset,
    /// What it is paid with.
    pub quote: Asset,
    /// The step of prices, in quote units.
    pub tick: Price,
    /// The step of quantities, in base units.
    pub lot: Quantity,
    /// The smallest order, in base units (`MIN_ORDER_SIZE`, RSK-06; the unit is fixed here, X-22).
    pub min_quantity: Quantity,
    /// The largest order, in base units (`MAX_ORDER_SIZE`, RSK-06).
    pub max_quantity: Quantity,
    /// The smallest order, in quote units.
    pub min_notional: Notional,
}

/// The numbers of an instrument don't fit together.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InstrumentError {
    /// The lot is zero.
    #[error("{symbol}: the lot must be greater than zero")]
    NoLot {
        /// The market.
        symbol: Symbol,
    },
    /// Tick and lot are so fine that a notional could need more than the ledger's 18 decimals.
    #[error("{symbol}: tick {tick} and lot {lot} together need more than 18 decimals; use a coarser --tick or --lot")]
    TooFine {
        /// The market.
        symbol: Symbol,
        /// Its tick.
        tick: Price,
        /// Its lot.
        lot: Quantity,
    },
    /// The smallest order is larger than the largest.
    #[error("{symbol}: the smallest order {min} is larger than the largest {max}")]
    SizesCrossed {
        /// The market.
        symbol: Symbol,
        /// The smallest order.
        min: Quantity,
        /// The largest order.
        max: Quantity,
    },
}

impl Instrument {
    /// Checks that the numbers fit together.
    ///
    /// # Errors
    /// [`InstrumentError`], naming the market.
    pub fn checked(self) -> Result<Self, InstrumentError> {
        let symbol = self.symbol.clone();
        if self.lot.is_zero() {
            return Err(InstrumentError::NoLot { symbol });
        }
        if self.tick.value().scale() + self.lot.value().scale() > 18 {
            return Err(InstrumentError::TooFine { symbol, tick: self.tick, lot: self.lot });
        }
        if self.min_quantity > self.max_quantity {
            return Err(InstrumentError::SizesCrossed { symbol, min: self.min_quantity, max: self.max_quantity });
        }
        Ok(self)
    }

    /// The whole lots in an amount of base: what can be sold of it.
    ///
    /// # Errors
    /// [`MoneyError`] if the amount is negative, or can't be compared exactly.
    pub fn whole_lots(&self, amount: Amount) -> Result<Quantity, MoneyError> {
        Quantity::new(exact::onto(amount.to_decimal()?, self.lot.value(), Rounding::Floor)?)
    }

    /// Whether an order of that size is at least the smallest one that the market takes, at `price`.
    ///
    /// # Errors
    /// [`MoneyError`] if its worth can't be held exactly.
    pub fn takes(&self, quantity: Quantity, price: Price) -> Result<bool, MoneyError> {
        Ok(quantity >= self.min_quantity && price.notional(quantity)? >= self.min_notional)
    }

    /// The largest order of whole lots that `stake` pays for at `price`; zero when it pays for none.
    ///
    /// # Errors
    /// [`MoneyError`] if the operands can't be compared exactly.
    pub fn size(&self, stake: Notional, price: Price) -> Result<Quantity, MoneyError> {
        Quantity::affordable(stake, price, self.lot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_taken_from_both_its_smallest_sizes_on() {
        let (min_quantity, min_notional) = ("0.1".parse().unwrap(), Notional::new(Amount::whole(10)).unwrap());
        let instrument = Instrument { min_quantity, min_notional, ..crate::fake::sample::instrument() };
        let takes =
            |quantity: &str, price: &str| instrument.takes(quantity.parse().unwrap(), price.parse().unwrap()).unwrap();
        assert!(takes("0.1", "100"));
        assert!(!takes("0.09", "1000"), "less than the smallest quantity");
        assert!(!takes("0.1", "99.99"), "less than the smallest notional");
    }

    #[test]
    fn steps_too_fine_for_the_ledger_are_refused() {
        let instrument = Instrument {
            symbol: Symbol::new("X").unwrap(),
            base: Asset::new("X").unwrap(),
            quote: Asset::new("USDT").unwrap(),
            tick: "0.0000000001".parse().unwrap(),
            lot: "0.000000001".parse().unwrap(),
            min_quantity: Quantity::ZERO,
            max_quantity: "1".parse().unwrap(),
            min_notional: Notional::ZERO,
        };
        assert!(matches!(instrument.clone().checked(), Err(InstrumentError::TooFine { .. })));
        let coarser = Instrument { lot: "0.00000001".parse().unwrap(), ..instrument };
        assert!(coarser.checked().is_ok());
    }
}
