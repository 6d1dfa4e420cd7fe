//! The checks, each a small function of its own. A check that does not apply to a proposal returns nothing.

mod cash;
mod frozen;
mod kill;
mod leverage;
mod market_frozen;
mod max_open_positions;
mod max_order;
mod max_position;
mod order_size;
mod position;
mod risk_per_trade;
mod stale_data;
mod symbol_whitelist;

use super::{Books, Check, Layer, Profile, Proposal, Reservation};
use crate::money::{Amount, MoneyError};
use crate::time::Timestamp;

/// What a check looks at.
pub(super) struct Subject<'a> {
    pub(super) proposal: &'a Proposal<'a>,
    pub(super) books: &'a Books,
    pub(super) profile: &'a Profile,
    pub(super) reservation: &'a Reservation,
    pub(super) now: Timestamp,
}

type Outcome = Result<Option<Check>, MoneyError>;

/// Every check, in the order in which a refusal is named.
pub(super) const ALL: [fn(&Subject<'_>) -> Outcome; 14] = [
    kill::check,
    frozen::check,
    market_frozen::check,
    stale_data::check,
    symbol_whitelist::check,
    position::check,
    order_size::check,
    max_order::check,
    max_position::check,
    max_position::check_size,
    leverage::check,
    risk_per_trade::check,
    max_open_positions::check,
    cash::check,
];

impl Subject<'_> {
    fn adds_risk(&self) -> bool {
        self.proposal.leg.adds_risk()
    }

    /// An amount in the quote asset, for a reader.
    fn quoted(&self, amount: Amount) -> String {
        format!("{amount} {}", self.proposal.instrument.quote)
    }

    /// `value` must not be above `limit`; both in quote units.
    fn at_most(&self, layer: Layer, limit: Amount, value: Amount) -> Check {
        Check {
            layer,
            passed: value <= limit,
            limit: format!("at most {}", self.quoted(limit)),
            value: self.quoted(value),
        }
    }

    /// The proposal's worth at its reference price.
    fn worth(&self) -> Result<Amount, MoneyError> {
        Ok(self.proposal.signal.close.notional(self.proposal.quantity)?.amount())
    }
}
