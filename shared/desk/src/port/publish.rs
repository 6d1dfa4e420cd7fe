//! The queue port: sending. Receiving is the runtime's business (an event source on AWS, a worker on a laptop).

use crate::fill::Fill;
use crate::id::{AccountId, SignalId, Symbol};
use crate::message::{Message, QueueName};
use crate::order::Intent;
use crate::time::Timestamp;
use std::future::Future;
use thiserror::Error;

/// A message on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// To which queue.
    pub queue: QueueName,
    /// What.
    pub message: Message,
    /// Messages of one id sent within five minutes arrive once.
    pub dedup: String,
}

impl Outgoing {
    /// Asks risk to judge a signal, for the given time.
    #[must_use]
    pub fn to_judge(account: &AccountId, symbol: &Symbol, signal: &SignalId, attempt: u32) -> Self {
        let (account, symbol, signal) = (account.clone(), symbol.clone(), signal.clone());
        let dedup = format!("{signal}#{attempt}");
        Self { queue: QueueName::Signals, message: Message::Signal { account, symbol, signal, attempt }, dedup }
    }

    /// Asks for an approved intent to be placed. What takes risk away has a queue of its own.
    #[must_use]
    pub fn to_place(intent: &Intent) -> Self {
        let queue = if intent.leg.adds_risk() { QueueName::Orders } else { QueueName::Exits };
        let (account, symbol, id) = (intent.account.clone(), intent.symbol.clone(), intent.id.clone());
        let dedup = id.to_string();
        Self { queue, message: Message::Order { account, symbol, intent: id }, dedup }
    }

    /// Asks once more, at `now`, for what nobody seems to be placing: once a minute at most, and once in five of an old wish
    /// to add risk, so that no more come than are given up. The first message may lie among the dead letters, and its own key
    /// would keep this one out for five minutes.
    #[must_use]
    pub fn to_place_again(intent: &Intent, now: Timestamp) -> Self {
        let is_old = now.ms_since(intent.decided_at) >= 300_000;
        let minutes = if is_old && intent.leg.adds_risk() { 5 } else { 1 };
        let since = now.ms().div_euclid(60_000 * minutes) * minutes;
        let first = Self::to_place(intent);
        Self { dedup: format!("{}#{since}", first.dedup), ..first }
    }

    /// Asks for an order to be ended under a kill, at `now`: once a minute at most, as often as the switch is swept.
    #[must_use]
    pub fn to_cancel(intent: &Intent, now: Timestamp) -> Self {
        let (account, symbol, id) = (intent.account.clone(), intent.symbol.clone(), intent.id.clone());
        let message = Message::Cancel { account, symbol, intent: id, sweep: now.ms().div_euclid(60_000) };
        Self { queue: QueueName::Exits, dedup: message.group(), message }
    }

    /// Reports a fill.
    #[must_use]
    pub fn to_book(fill: Fill) -> Self {
        let dedup = fill.key();
        Self { queue: QueueName::Fills, message: Message::Fill { fill }, dedup }
    }
}

/// A message that could not be sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a message could not be sent to {queue}: {reason}")]
pub struct PublishError {
    /// To which queue.
    pub queue: QueueName,
    /// Why.
    pub reason: String,
}

/// Sending.
pub trait Publish: Send + Sync {
    /// Sends a message; it has arrived when this returns.
    fn publish(&self, outgoing: Outgoing) -> impl Future<Output = Result<(), PublishError>> + Send;
}

impl<P: Publish> Publish for std::sync::Arc<P> {
    async fn publish(&self, outgoing: Outgoing) -> Result<(), PublishError> {
        (**self).publish(outgoing).await
    }
}
