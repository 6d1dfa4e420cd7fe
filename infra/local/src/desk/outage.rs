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
    /// Whether the desk itself does not ask, because it has asked too much or the venue wants silence.
    #[serde(default)]
    pub held_back: bool,
}

impl std::fmt::Display for Outage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = if self.held_back { "the exchange is not asked" } else { "no answer from the exchange" };
        write!(f, "{what} since {}: {}", self.since, self.why)
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
        Err(Failure::Retry { reason, not_before } | Failure::Wait { reason, until: not_before }) => {
            // Who does not ask knows when he will.
            let held_back = not_before.is_some();
            match outage {
                // Until when is told anew each time.
                Some(known) if held_back && known.held_back => known.why.clone_from(reason),
                // What is worse is told, though it came later.
                Some(known) if held_back || !known.held_back => {}
                Some(_) | None => *outage = Some(Outage { since: now, why: reason.clone(), held_back }),
            }
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
        assert_eq!(outages.longest(), Some(&Outage { since: at(5), why: "refused".to_owned(), held_back: false }));
        outages.candles(&Ok(()), at(8));
        assert_eq!(outages.longest().map(|outage| outage.since), Some(at(7)));
        outages.account(&Ok(()), at(9));
        assert_eq!(outages.longest(), None);
    }

    #[test]
    fn a_desk_that_holds_itself_back_does_not_blame_the_exchange_until_that_is_to_blame() {
        let at = Timestamp::from_ms;
        let mut outages = Outages::default();
        let spent = Failure::retry_at(at(60_000), "our own budget is used up");
        outages.account(&Err::<(), _>(spent), at(5));
        let told = outages.longest().unwrap().to_string();
        assert_eq!(told, "the exchange is not asked since 1970-01-01T00:00:00Z: our own budget is used up");
        let spent = Failure::retry_at(at(90_000), "it still is");
        outages.account(&Err::<(), _>(spent), at(6));
        let told = outages.longest().unwrap();
        assert_eq!((told.since, told.why.as_str()), (at(5), "it still is"));
        outages.account(&Err::<(), _>(Failure::retry("refused")), at(6));
        let told = outages.longest().unwrap().to_string();
        assert!(told.starts_with("no answer from the exchange since") && told.ends_with("refused"), "{told}");
    }
}
