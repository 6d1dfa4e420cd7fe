//! Risk profiles, as data.

use crate::id::Symbol;
use crate::money::{Amount, Bps};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use thiserror::Error;

/// The limits of an account. Amounts are in quote units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// What it is called.
    pub name: String,
    /// The markets that may be traded (`SYMBOL_WHITELIST`); `None` for all that are configured.
    pub symbol_whitelist: Option<BTreeSet<Symbol>>,
    /// The largest order (`MAX_ORDER_USDT`).
    pub max_order: Amount,
    /// The largest position in one market (`MAX_POSITION_USDT`).
    pub max_position: Amount,
    /// The largest position as a part of the portfolio (`MAX_POSITION_SIZE`, a fraction there).
    pub max_position_size: Bps,
    /// Exposure over equity, at most, in hundredths of a per cent: 10,000 is 1× (`MAX_LEVERAGE`, a factor there).
    pub max_leverage: Bps,
    /// What a stop-out may cost, as a part of the portfolio (`MAX_RISK_PER_TRADE`, a fraction there).
    pub max_risk_per_trade: Bps,
    /// Positions open at once, at most.
    pub max_open_positions: u32,
    /// How many bars old a signal may be.
    pub max_signal_age_bars: u32,
    /// How much worse than the last close an entry may fill before its reservation is exceeded.
    pub price_buffer: Bps,
    /// The taker fee to reserve for.
    pub fee: Bps,
    /// How long after the request a single person's unkill takes effect.
    pub unkill_delay_ms: u32,
}

/// The profile can't be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProfileError {
    /// No profile has that name.
    #[error("there is no risk profile {0:?}; there is: careful, reference")]
    Unknown(String),
    /// A limit is zero or below.
    #[error("risk profile {profile}: {limit} must be greater than zero")]
    NotPositive {
        /// The profile.
        profile: String,
        /// The limit.
        limit: &'static str,
    },
}

const CAREFUL: &str = include_str!("profiles/careful.json");
const REFERENCE: &str = include_str!("profiles/reference.json");

impl Profile {
    /// The profile of that name: `careful` for people, `reference` for comparisons with the oracle.
    ///
    /// # Errors
    /// [`ProfileError::Unknown`], naming what there is.
    pub fn named(name: &str) -> Result<Self, ProfileError> {
        let text = match name {
            "careful" => CAREFUL,
            "reference" => REFERENCE,
            _ => return Err(ProfileError::Unknown(name.chars().take(64).collect())),
        };
        let profile: Self = serde_json::from_str(text).map_err(|_| ProfileError::Unknown(name.to_owned()))?;
        profile.checked()
    }

    /// Checks that no limit is missing its number.
    ///
    /// # Errors
    /// [`ProfileError::NotPositive`], naming the limit.
    pub fn checked(self) -> Result<Self, ProfileError> {
        let zero = [
            ("max_order", self.max_order <= Amount::ZERO),
            ("max_position", self.max_position <= Amount::ZERO),
            ("max_position_size", self.max_position_size == Bps::ZERO),
            ("max_leverage", self.max_leverage == Bps::ZERO),
            ("max_risk_per_trade", self.max_risk_per_trade == Bps::ZERO),
            ("max_open_positions", self.max_open_positions == 0),
            ("max_signal_age_bars", self.max_signal_age_bars == 0),
        ];
        match zero.into_iter().find(|(_, is_zero)| *is_zero) {
            Some((limit, _)) => Err(ProfileError::NotPositive { profile: self.name, limit }),
            None => Ok(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_profiles_parse_and_have_every_limit() {
        for name in ["careful", "reference"] {
            assert_eq!(Profile::named(name).unwrap().name, name);
        }
        assert!(matches!(Profile::named("reckless"), Err(ProfileError::Unknown(_))));
    }

    #[test]
    fn a_limit_of_zero_is_refused() {
        let profile = Profile { max_order: Amount::ZERO, ..Profile::named("careful").unwrap() };
        assert!(matches!(profile.checked(), Err(ProfileError::NotPositive { limit: "max_order", .. })));
    }
}
