//! Money that moves without a trade: deposits, withdrawals, transfers. The desk only reads of them; there is no call that
//! moves any.

use crate::id::{AccountId, Asset, MovementId, VenueId};
use crate::money::{Amount, Fee};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Why it moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    /// Brought in from outside.
    Deposit,
    /// Taken out.
    Withdrawal,
    /// From or to another account of the same owner at the venue.
    Transfer,
    /// What the venue gives or takes: interest, a bonus, a correction.
    Other,
}

impl MovementKind {
    /// The name in keys.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deposit => "deposit",
            Self::Withdrawal => "withdrawal",
            Self::Transfer => "transfer",
            Self::Other => "other",
        }
    }
}

/// One movement, as the venue reports it. `venue`, `account`, `kind` and `id` together name it for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Movement {
    /// Where.
    pub venue: VenueId,
    /// In which account.
    pub account: AccountId,
    /// Why.
    pub kind: MovementKind,
    /// The venue's name for it.
    pub id: MovementId,
    /// Of what.
    pub asset: Asset,
    /// How much, without the fee; negative when it left.
    pub amount: Amount,
    /// What was paid for it besides.
    pub fee: Fee,
    /// In which asset.
    pub fee_asset: Asset,
    /// When, by the venue's clock.
    pub at: Timestamp,
}

impl Movement {
    /// The name under which it is booked once, which is also its transaction's cause.
    #[must_use]
    pub fn key(&self) -> String {
        format!("movement#{}#{}#{}", self.venue, self.kind.name(), self.id)
    }
}
