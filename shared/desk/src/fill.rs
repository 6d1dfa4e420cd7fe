//! Fills: what a venue says it has traded for an order.

use crate::id::{AccountId, Asset, IntentId, Symbol, TradeId, VenueId};
use crate::instrument::Instrument;
use crate::money::{Amount, Fee, MoneyError, Notional, Price, Quantity, Rounding};
use crate::order::Side;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// One trade of one order, as the venue reports it. `venue`, `account`, `symbol` and `trade` together name it for
/// good: whoever reports it, however often, it is booked once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fill {
    /// Where.
    pub venue: VenueId,
    /// For which account.
    pub account: AccountId,
    /// In which market.
    pub symbol: Symbol,
    /// The venue's name for the trade.
    pub trade: TradeId,
    /// The order it belongs to.
    pub order: IntentId,
    /// Buy or sell.
    pub side: Side,
    /// In quote units per base unit.
    pub price: Price,
    /// In base units.
    pub quantity: Quantity,
    /// What it cost.
    pub fee: Fee,
    /// In which asset.
    pub fee_asset: Asset,
    /// When, in market time.
    pub at: Timestamp,
}

impl Fill {
    /// Whether another tells of the same trade in the same words. Its instant does not count: some venues date a trade
    /// otherwise in their stream than in their lists.
    #[must_use]
    pub fn tells_the_same(&self, other: &Self) -> bool {
        *self == Self { at: self.at, ..other.clone() }
    }

    /// Price times quantity.
    ///
    /// # Errors
    /// [`MoneyError::Precision`] beyond 18 decimals.
    pub fn notional(&self) -> Result<Notional, MoneyError> {
        self.price.notional(self.quantity)
    }

    /// By how much it changes what is held of the base, without a sign: what was traded, less a fee taken out of what
    /// was bought, or with a fee taken on top of what was sold.
    ///
    /// # Errors
    /// [`MoneyError`] if it can't be held, or if the fee is more than was bought.
    pub fn base_moved(&self, instrument: &Instrument) -> Result<Amount, MoneyError> {
        let quantity = self.quantity.amount()?;
        if self.fee_asset != instrument.base {
            return Ok(quantity);
        }
        match self.side {
            Side::Buy => Ok(Quantity::new(quantity.minus(self.fee.amount())?.to_decimal()?)?.amount()?),
            Side::Sell => quantity.plus(self.fee.amount()),
        }
    }

    /// The fee in quote units; one that was taken in base at the fill's own price. One in a third asset has no price here
    /// and counts nothing: the ledger keeps it in its own asset.
    ///
    /// # Errors
    /// [`MoneyError`] if it can't be held.
    pub fn fee_in_quote(&self, instrument: &Instrument) -> Result<Amount, MoneyError> {
        match &self.fee_asset {
            asset if *asset == instrument.quote => Ok(self.fee.amount()),
            asset if *asset == instrument.base => self.fee.amount().times(self.price.value(), Rounding::HalfEven),
            _ => Ok(Amount::ZERO),
        }
    }

    /// What it changes of the quote held besides the notional.
    #[must_use]
    pub fn fee_paid_in_quote(&self, instrument: &Instrument) -> Amount {
        if self.fee_asset == instrument.quote { self.fee.amount() } else { Amount::ZERO }
    }

    /// The name under which it is booked once.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}#{}#{}", self.venue, self.symbol, self.trade)
    }
}
