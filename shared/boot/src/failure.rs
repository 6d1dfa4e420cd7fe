//! What a handler says when it could not do its work, named by what the runner does next.

use crate::event::EventError;
use desk::message::MessageError;
use desk::port::{PublishError, TableError, VenueError};
use desk::time::Timestamp;
use store::StoreError;
use thiserror::Error;

/// Why a handler did not finish.
#[derive(Debug, Error)]
pub enum Failure {
    /// Deliver the message again, not before the given time if there is one.
    #[error("{reason}")]
    Retry {
        /// Not before.
        not_before: Option<Timestamp>,
        /// Why.
        reason: String,
    },
    /// Nothing has failed; it can't be done yet. Deliver the message again soon, and let go of it after some time without burying
    /// it: what it is about is in the books, and reconciliation asks for it again.
    #[error("{reason}")]
    Wait {
        /// Until then, if that is known.
        until: Option<Timestamp>,
        /// Why.
        reason: String,
    },
    /// The message will never work: to the dead letters with it, and an alarm.
    #[error("{reason}")]
    Poison {
        /// Why.
        reason: String,
    },
    /// Nothing will work any more: stop the process.
    #[error("{reason}")]
    Halt {
        /// Why.
        reason: String,
    },
}

impl Failure {
    /// Deliver again, at once.
    #[must_use]
    pub fn retry(reason: impl Into<String>) -> Self {
        Self::Retry { not_before: None, reason: reason.into() }
    }

    /// Deliver again, not before `at`.
    #[must_use]
    pub fn retry_at(at: Timestamp, reason: impl Into<String>) -> Self {
        Self::Retry { not_before: Some(at), reason: reason.into() }
    }

    /// To the dead letters.
    #[must_use]
    pub fn poison(reason: impl Into<String>) -> Self {
        Self::Poison { reason: reason.into() }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let reason = error.to_string();
        match error {
            StoreError::Changed | StoreError::Missing { .. } => Self::retry(reason),
            StoreError::Table(table) => table.into(),
            StoreError::Row(_) => Self::Halt { reason },
            StoreError::Contradiction(_) | StoreError::Money(_) => Self::Poison { reason },
        }
    }
}

impl From<TableError> for Failure {
    fn from(error: TableError) -> Self {
        let reason = error.to_string();
        match error {
            TableError::Conflict(_) | TableError::Contended(_) | TableError::Unavailable(_) => Self::retry(reason),
            TableError::Broken(_) => Self::Halt { reason },
            TableError::Invalid(_) => Self::Poison { reason },
        }
    }
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        Self::retry(error.to_string())
    }
}

impl From<VenueError> for Failure {
    fn from(error: VenueError) -> Self {
        Self::Retry { not_before: error.retry_at, reason: error.to_string() }
    }
}

impl From<EventError> for Failure {
    fn from(error: EventError) -> Self {
        Self::poison(error.to_string())
    }
}

impl From<MessageError> for Failure {
    fn from(error: MessageError) -> Self {
        Self::poison(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use desk::id::VenueId;

    #[test]
    fn what_a_venue_could_not_be_asked_is_asked_again_when_that_makes_sense() {
        let error = VenueError::new(VenueId::new("v").unwrap(), "spent".to_owned());
        let again = |error: VenueError| match Failure::from(error) {
            Failure::Retry { not_before, .. } => not_before,
            other @ (Failure::Wait { .. } | Failure::Poison { .. } | Failure::Halt { .. }) => panic!("{other}"),
        };
        assert_eq!(again(error.clone()), None);
        let at = Timestamp::from_ms(60_000);
        assert_eq!(again(VenueError { retry_at: Some(at), ..error }), Some(at));
    }
}
