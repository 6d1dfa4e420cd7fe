//! Fills: what a venue says it has traded for an order.

use crate::id::{AccountId, Asset, IntentId, Symbol, TradeId, VenueId};
use crate::money::{Fee, MoneyError, Notional, Price, Quantity};
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
    /// Price times quantity.
    ///
    /// # Errors
    /// [`MoneyError::Precision`] beyond 18 decimals.
    pub fn notional(&self) -> Result<Notional, MoneyError> {
        self.price.notional(self.quantity)
    }

    /// The name under which it is booked once.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}#{}#{}", self.venue, self.symbol, self.trade)
    }
}
