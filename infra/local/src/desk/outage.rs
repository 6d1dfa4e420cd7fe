//! Whether a live desk's venue answers: since when it does not, and the first reason for that.
//!
//! Two questions are asked all the time, for candles and for the account. Each has an outage of its own, which its next answer
//! ends: a venue may have the one and not the other.

use boot::Failure;
use desk::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A time without an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outage {
    /// Since when, by the wall's clock.
    pub since: Timestamp,
    /// Why, as the first question without an answer was told.
    pub why: String,
}

impl std::fmt::Display for Outage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no answer from the exchange since {}: {}", self.since, self.why)
    }
}

/// How the two questions fare.
#[derive(Debug, Default)]
pub struct Outages {
    candles: Option<Outage>,
    account: Option<Outage>,
}

impl Outages {
    /// Candles were asked for.
    pub fn candles<R>(&mut self, outcome: &Result<R, Failure>, now: Timestamp) {
        asked(&mut self.candles, outcome, now);
    }

    /// Orders, balances and trades were asked for.
    pub fn account<R>(&mut self, outcome: &Result<R, Failure>, now: Timestamp) {
        asked(&mut self.account, outcome, now);
    }

    /// The outage that lasts longest, if there is one.
    #[must_use]
    pub fn longest(&self) -> Option<&Outage> {
        [&self.candles, &self.account].into_iter().flatten().min_by_key(|outage| outage.since)
    }
}

fn asked<R>(outage: &mut Option<Outage>, outcome: &Result<R, Failure>, now: Timestamp) {
    match outcome {
        Ok(_) => *outage = None,
        Err(Failure::Retry { reason, .. }) => {
            outage.get_or_insert_with(|| Outage { since: now, why: reason.clone() });
        }
        // The desk can't go on, and says so itself.
        Err(Failure::Poison { .. } | Failure::Halt { .. }) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_keeps_its_first_reason_until_its_own_question_is_answered() {
        let at = Timestamp::from_ms;
        let lost = |why: &str| Err::<(), Failure>(Failure::retry(why));
        let mut outages = Outages::default();
        outages.candles(&lost("refused"), at(5));
        outages.candles(&lost("the breaker is open"), at(6));
        outages.account(&lost("timed out"), at(7));
        assert_eq!(outages.longest(), Some(&Outage { since: at(5), why: "refused".to_owned() }));
        outages.candles(&Ok(()), at(8));
        assert_eq!(outages.longest().map(|outage| outage.since), Some(at(7)));
        outages.account(&Ok(()), at(9));
        assert_eq!(outages.longest(), None);
    }
}
