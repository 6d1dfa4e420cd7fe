//! Whether a key may be kept: judged by what the venue says it may do.
//!
//! A key that may withdraw is refused, whatever it is for. What the venue does not tell is never taken for a no: it has
//! to be accepted by name.

use super::Env;
use crate::protocol::model::KeyPermissions;
use desk::time::Timestamp;
use std::fmt;
use thiserror::Error;

/// Something a key may or may not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Reading the account.
    Read,
    /// Trading.
    Trade,
    /// Moving money out.
    Withdraw,
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Trade => "trade",
            Self::Withdraw => "withdraw",
        })
    }
}

/// Why a key is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// It may move money out.
    #[error("the key may withdraw: make a key without that right at the venue, and delete this one")]
    Withdraws,
    /// It may not read.
    #[error("the key may not read the account: allow reading at the venue")]
    NoReading,
    /// It may not trade.
    #[error("the key may not trade: allow trading at the venue, or leave orders on paper (without --live)")]
    NoTrading,
    /// It has ended.
    #[error("the key ended at {0}: make a new one at the venue")]
    Ended(Timestamp),
    /// The venue does not tell.
    #[error(
        "the venue does not tell whether the key may {}: look there yourself, then say --accept-unknown-permissions",
        list(.0)
    )]
    Untold(Vec<Right>),
}

fn list(rights: &[Right]) -> String {
    rights.iter().map(Right::to_string).collect::<Vec<_>>().join(", ")
}

/// Whether it may trade anything; `None` if the venue does not say.
#[must_use]
pub fn may_trade(told: &KeyPermissions) -> Option<bool> {
    match (told.spot, told.contracts) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (None, _) | (_, None) => None,
        (Some(false), Some(false)) => Some(false),
    }
}

/// Judges a key. Gives what the venue does not tell, if that was accepted.
///
/// # Errors
/// [`Refusal`].
pub fn admit(told: &KeyPermissions, env: Env, accept_untold: bool, now: Timestamp) -> Result<Vec<Right>, Refusal> {
    if told.withdraw == Some(true) {
        return Err(Refusal::Withdraws);
    }
    if told.read == Some(false) {
        return Err(Refusal::NoReading);
    }
    if let Some(end) = told.expires_at.filter(|end| *end <= now) {
        return Err(Refusal::Ended(end));
    }
    let trade = match env {
        Env::Live => may_trade(told),
        // It need not trade, so it does not matter.
        Env::Paper => Some(true),
    };
    if trade == Some(false) {
        return Err(Refusal::NoTrading);
    }
    let rights = [(Right::Read, told.read), (Right::Trade, trade), (Right::Withdraw, told.withdraw)];
    let untold: Vec<Right> = rights.into_iter().filter(|(_, told)| told.is_none()).map(|(right, _)| right).collect();
    if untold.is_empty() || accept_untold { Ok(untold) } else { Err(Refusal::Untold(untold)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(read: Option<bool>, spot: Option<bool>, withdraw: Option<bool>) -> KeyPermissions {
        KeyPermissions { read, spot, contracts: Some(false), withdraw, ..KeyPermissions::default() }
    }

    const NOW: Timestamp = Timestamp::from_ms(1_000);

    #[test]
    fn a_key_that_may_withdraw_is_refused_even_if_everything_is_accepted() {
        let key = told(Some(true), Some(true), Some(true));
        for env in [Env::Paper, Env::Live] {
            assert_eq!(admit(&key, env, true, NOW), Err(Refusal::Withdraws));
        }
    }

    #[test]
    fn a_live_key_must_trade_and_a_paper_key_need_not() {
        let reader = told(Some(true), Some(false), Some(false));
        assert_eq!(admit(&reader, Env::Paper, false, NOW), Ok(vec![]));
        assert_eq!(admit(&reader, Env::Live, true, NOW), Err(Refusal::NoTrading));
        let futures = KeyPermissions { contracts: Some(true), ..reader };
        assert_eq!(admit(&futures, Env::Live, false, NOW), Ok(vec![]));
        assert_eq!(admit(&told(Some(false), Some(true), Some(false)), Env::Paper, true, NOW), Err(Refusal::NoReading));
    }

    #[test]
    fn what_is_not_told_has_to_be_accepted() {
        let silent = KeyPermissions::default();
        let refused = admit(&silent, Env::Live, false, NOW).unwrap_err();
        assert_eq!(refused, Refusal::Untold(vec![Right::Read, Right::Trade, Right::Withdraw]));
        assert!(refused.to_string().contains("--accept-unknown-permissions"));
        assert_eq!(admit(&silent, Env::Paper, true, NOW), Ok(vec![Right::Read, Right::Withdraw]));
    }

    #[test]
    fn a_key_that_has_ended_is_refused() {
        let mut key = told(Some(true), Some(true), Some(false));
        key.expires_at = Some(NOW);
        assert_eq!(admit(&key, Env::Paper, true, NOW), Err(Refusal::Ended(NOW)));
        key.expires_at = Some(NOW.plus_ms(1));
        assert_eq!(admit(&key, Env::Paper, true, NOW), Ok(vec![]));
    }
}
