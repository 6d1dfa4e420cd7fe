//! What stands before every send: the budget and the breakers of a venue's server, in a row that every process shares.
//!
//! Parallel functions speak from one address, and a venue bans the address, not the function. So both are read and
//! written with a condition, like money; lost rows only mean that counting begins anew. A venue's servers (spot, contracts)
//! have budgets of their own, and one that is down says nothing about the others: each has a row.
//!
//! | partition | sort key | row |
//! |---|---|---|
//! | `VENUE#v` | `GUARD#server` | [`GuardRow`] |

use super::breaker::Breaker;
use super::budget::{Budget, Cost};
use crate::protocol::capability::RateLimit;
use crate::protocol::{CallFault, EndpointClass};
use desk::port::{Item, Key, Row, Shelf, Table, TableError, decode, upsert};
use desk::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// How often a row that others write too is tried again.
const TRIES: u32 = 20;

/// What is kept of a server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardRow {
    /// What was used.
    pub budget: Budget,
    /// A breaker a class.
    pub public: Breaker,
    /// For reading the account.
    pub account: Breaker,
    /// For placing.
    pub order: Breaker,
    /// For placing what ends a risk. Rows from before it was kept apart don't have it, and what they know is not forgotten.
    #[serde(default)]
    pub exit: Breaker,
    /// For cancelling.
    pub cancel: Breaker,
    /// Differs with every write: a table takes an equal row for one's own earlier write, and two that count the same
    /// at once must both count.
    pub stamp: u64,
}

impl Row for GuardRow {
    const VERSION: u32 = 2;
}

impl GuardRow {
    const fn breaker(&mut self, class: EndpointClass) -> &mut Breaker {
        match class {
            EndpointClass::Public => &mut self.public,
            EndpointClass::Account => &mut self.account,
            EndpointClass::Order => &mut self.order,
            EndpointClass::Exit => &mut self.exit,
            EndpointClass::Cancel => &mut self.cancel,
        }
    }
}

/// What a report of an outcome came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Nothing changed.
    None,
    /// The breaker opened: somebody has to know.
    Opened,
    /// The breaker closed again.
    Closed,
}

/// The guard of a venue.
#[derive(Debug)]
pub struct Guard<T> {
    table: T,
    venue: &'static str,
    limits: &'static [RateLimit],
    /// Sets this process's rows apart from others'.
    writer: u64,
    writes: AtomicU64,
    /// The rows as this process last saw them, with their versions, by server.
    known: Mutex<BTreeMap<String, (u64, GuardRow)>>,
}

const fn class_name(class: EndpointClass) -> &'static str {
    match class {
        EndpointClass::Public => "public",
        EndpointClass::Account => "account",
        EndpointClass::Order => "order",
        EndpointClass::Exit => "exit",
        EndpointClass::Cancel => "cancel",
    }
}

impl<T: Table> Guard<T> {
    /// The guard of a venue. `writer` is a number no other process has, as good as random.
    pub const fn new(table: T, venue: &'static str, limits: &'static [RateLimit], writer: u64) -> Self {
        Self { table, venue, limits, writer, writes: AtomicU64::new(0), known: Mutex::new(BTreeMap::new()) }
    }

    fn key(&self, origin: &str) -> Key {
        Key { shelf: Shelf::Market, pk: format!("VENUE#{}", self.venue), sk: format!("GUARD#{origin}") }
    }

    fn unreadable(&self, reason: impl std::fmt::Display) -> CallFault {
        let reason = format!("the request budget can't be read: {reason}");
        CallFault::Connectivity { venue: self.venue.to_owned(), reason, unsent: true }
    }

    /// Asks for leave to send.
    ///
    /// # Errors
    /// [`CallFault::BreakerOpen`], [`CallFault::Budget`], or a fault of the store: in all of them nothing may be sent.
    pub async fn admit(&self, cost: Cost<'_>, now: Timestamp) -> Result<(), CallFault> {
        self.update(cost.origin, |row: &mut GuardRow| self.leave(row, cost, now)).await
    }

    /// Whether leave to send would be given now. Takes nothing; who sends asks for leave all the same.
    ///
    /// # Errors
    /// As [`Self::admit`].
    pub async fn would_admit(&self, cost: Cost<'_>, now: Timestamp) -> Result<(), CallFault> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(cost.origin).cloned();
        if let Some((_, mut row)) = known
            && self.leave(&mut row, cost, now).is_ok()
        {
            return Ok(());
        }
        let (_, mut row) = self.read(cost.origin).await?;
        self.leave(&mut row, cost, now)
    }

    fn leave(&self, row: &mut GuardRow, cost: Cost<'_>, now: Timestamp) -> Result<(), CallFault> {
        let (class, venue) = (cost.class, || self.venue.to_owned());
        let stopped = |s: super::breaker::Stopped| CallFault::BreakerOpen {
            venue: venue(),
            class: class_name(class),
            wait_ms: s.wait_ms,
            failures: s.failures,
        };
        row.breaker(class).admit(now).map_err(stopped)?;
        let spent = |wait: super::budget::Wait| CallFault::Budget {
            venue: venue(),
            wait_ms: wait.ms,
            until: now.plus_ms(wait.ms),
            silence: wait.silence,
        };
        row.budget.take(self.limits, cost, now).map_err(spent)
    }

    fn remember(&self, origin: &str, version: u64, row: GuardRow) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(origin.to_owned(), (version, row));
    }

    /// Tells how a request ended.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn report(
        &self,
        origin: &str,
        class: EndpointClass,
        fault: Option<&CallFault>,
        now: Timestamp,
    ) -> Result<Turn, CallFault> {
        let failed = fault.is_some_and(super::breaker::is_failure);
        let silence = fault.and_then(silence_ms);
        if !failed && silence.is_none() && !self.has_failures(origin, class) {
            return Ok(Turn::None);
        }
        let change = |row: &mut GuardRow| {
            if let Some(ms) = silence {
                row.budget.silence(now.plus_ms(ms));
            }
            let breaker = row.breaker(class);
            Ok(match (failed, silence) {
                (true, _) if breaker.failed(class, now) => Turn::Opened,
                (false, None) if breaker.succeeded() => Turn::Closed,
                (true | false, _) => Turn::None,
            })
        };
        self.update(origin, change).await
    }

    /// Whether the row, as this process last saw it, tells of failures that an answer would end.
    fn has_failures(&self, origin: &str, class: EndpointClass) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(origin).is_some_and(|(_, row)| *row.clone().breaker(class) != Breaker::Closed)
    }

    async fn update<R>(
        &self,
        origin: &str,
        change: impl Fn(&mut GuardRow) -> Result<R, CallFault>,
    ) -> Result<R, CallFault> {
        let mut remembered = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(origin).cloned();
        for _ in 0..TRIES {
            let from_memory = remembered.is_some();
            let (version, mut row) = match remembered.take() {
                Some((version, row)) => (Some(version), row),
                None => self.read(origin).await?,
            };
            let result = match change(&mut row) {
                // What this process remembers may be old: it is believed only when it says yes, and the write agrees.
                Err(_) if from_memory => continue,
                result => result?,
            };
            row.stamp = self.writer.wrapping_add(self.writes.fetch_add(1, Ordering::Relaxed));
            let write = upsert(self.key(origin), version, &row).map_err(|e| self.unreadable(e))?;
            match self.table.transact(vec![write]).await {
                Ok(()) => {
                    let written = version.map_or(1, |version| version + 1);
                    self.remember(origin, written, row);
                    return Ok(result);
                }
                Err(TableError::Conflict(_) | TableError::Contended(_)) => {}
                Err(error @ (TableError::Unavailable(_) | TableError::Broken(_) | TableError::Invalid(_))) => {
                    return Err(self.unreadable(error));
                }
            }
        }
        Err(self.unreadable("others write it all the time"))
    }

    async fn read(&self, origin: &str) -> Result<(Option<u64>, GuardRow), CallFault> {
        let item: Option<Item> = self.table.get(&self.key(origin)).await.map_err(|e| self.unreadable(e))?;
        let Some(item) = item else { return Ok((None, GuardRow::default())) };
        // A row of another version, or a damaged one, is only a count: it is begun anew.
        let row: GuardRow = decode(&item).unwrap_or_default();
        self.remember(origin, item.version, row.clone());
        Ok((Some(item.version), row))
    }
}

/// For how long a fault asks us to be silent.
fn silence_ms(fault: &CallFault) -> Option<i64> {
    match fault {
        CallFault::Read(fault) => match fault {
            crate::protocol::ReadFault::Api(error) if error.meaning == crate::protocol::Meaning::RateLimit => {
                // A venue that says "too many" and not for how long gets ten seconds.
                Some(error.retry_after_ms.unwrap_or(10_000).clamp(1_000, 3_600_000))
            }
            crate::protocol::ReadFault::Api(_) | crate::protocol::ReadFault::Parse { .. } => None,
        },
        CallFault::Call(_)
        | CallFault::Budget { .. }
        | CallFault::BreakerOpen { .. }
        | CallFault::Connectivity { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{ApiError, Meaning, ReadFault};
    use desk::fake::FakeTable;
    use std::sync::Arc;

    const LIMITS: &[RateLimit] = &[RateLimit::new("weight", &[], 100, 60_000)];

    fn guards() -> [Guard<Arc<FakeTable>>; 2] {
        let table = Arc::new(FakeTable::default());
        [1, 1_000_000].map(|writer| Guard::new(table.clone(), "v", LIMITS, writer))
    }

    fn run<R>(work: impl Future<Output = R>) -> R {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
    }

    const fn spot(class: EndpointClass, weight: u32) -> Cost<'static> {
        Cost { origin: "spot", class, weight }
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms)
    }

    #[test]
    fn two_processes_share_one_budget() {
        run(async {
            let guards = guards();
            let mut sent = 0;
            for turn in 0..200 {
                let guard = guards.get(turn % 2).unwrap();
                sent += u32::from(guard.admit(spot(EndpointClass::Public, 3), at(0)).await.is_ok());
            }
            assert_eq!(sent, 30, "nine tenths of a hundred, three at a time");
        });
    }

    #[test]
    fn silence_asked_of_one_process_is_kept_by_the_other() {
        run(async {
            let [one, other] = guards();
            other.admit(spot(EndpointClass::Public, 1), at(0)).await.unwrap();
            one.admit(spot(EndpointClass::Public, 1), at(0)).await.unwrap();
            let banned = CallFault::Read(ReadFault::Api(ApiError {
                code: "-1003".into(),
                message: "banned".into(),
                status: 418,
                meaning: Meaning::RateLimit,
                retry_after_ms: Some(60_000),
            }));
            one.report("spot", EndpointClass::Public, Some(&banned), at(0)).await.unwrap();
            let refused = other.admit(spot(EndpointClass::Cancel, 1), at(1000)).await.unwrap_err();
            let told = CallFault::Budget { venue: "v".into(), wait_ms: 59_000, until: at(60_000), silence: true };
            assert_eq!(refused, told);
            assert_eq!(other.admit(spot(EndpointClass::Public, 1), at(60_000)).await, Ok(()));
        });
    }

    #[test]
    fn a_spent_budget_says_that_it_is_our_own_until_when_and_what_helps() {
        run(async {
            let [one, _] = guards();
            one.admit(spot(EndpointClass::Account, 90), at(0)).await.unwrap();
            let refused = one.admit(spot(EndpointClass::Account, 45), at(1000)).await.unwrap_err();
            let said = refused.to_string();
            for part in ["not sent: our own request budget at v is used up until 1970-01-01T00:01:30Z", "--interval"] {
                assert!(said.contains(part), "{part}: {said}");
            }
            assert_eq!(one.admit(spot(EndpointClass::Account, 45), at(90_000)).await, Ok(()), "then there is room");
        });
    }

    #[test]
    fn a_breaker_opened_by_one_process_stops_the_other_and_tells_once() {
        run(async {
            let [one, other] = guards();
            let fault = CallFault::Connectivity { venue: "v".into(), reason: "reset".into(), unsent: false };
            let mut turns = Vec::new();
            for _ in 0..6 {
                turns.push(one.report("spot", EndpointClass::Order, Some(&fault), at(0)).await.unwrap());
            }
            assert_eq!(turns.iter().filter(|turn| **turn == Turn::Opened).count(), 1);
            let refused = other.admit(spot(EndpointClass::Order, 1), at(1)).await.unwrap_err();
            assert!(matches!(refused, CallFault::BreakerOpen { wait_ms: 4999, failures: 5, .. }), "{refused}");
            assert_eq!(
                other.admit(spot(EndpointClass::Cancel, 1), at(1)).await,
                Ok(()),
                "cancels have a breaker of their own"
            );
            assert_eq!(other.admit(spot(EndpointClass::Order, 1), at(5000)).await, Ok(()), "the trial");
            assert_eq!(other.report("spot", EndpointClass::Order, None, at(5001)).await, Ok(Turn::Closed));
            assert_eq!(one.admit(spot(EndpointClass::Order, 1), at(5002)).await, Ok(()));
        });
    }

    #[test]
    fn a_server_s_budget_silence_and_breaker_are_its_own() {
        run(async {
            let [one, other] = guards();
            let usdm = |weight| Cost { origin: "usdm", class: EndpointClass::Public, weight };
            one.admit(usdm(90), at(0)).await.unwrap();
            assert!(other.admit(usdm(1), at(1)).await.is_err(), "what one process used is missing in the other");
            assert_eq!(other.admit(spot(EndpointClass::Public, 90), at(1)).await, Ok(()), "and not on another server");
            let down = CallFault::Connectivity { venue: "v".into(), reason: "reset".into(), unsent: false };
            for _ in 0..5 {
                one.report("usdm", EndpointClass::Order, Some(&down), at(2)).await.unwrap();
            }
            let order = |origin| Cost { origin, class: EndpointClass::Order, weight: 1 };
            assert!(matches!(other.admit(order("usdm"), at(3)).await, Err(CallFault::BreakerOpen { .. })));
            assert_eq!(other.admit(order("coinm"), at(3)).await, Ok(()));
        });
    }
}
