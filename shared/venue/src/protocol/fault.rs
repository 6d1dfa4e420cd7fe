//! What can go wrong, told apart by what the caller does next.

use super::http::Reply;
use desk::time::Timestamp;
use thiserror::Error;

/// A call that can't be made: nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CallError {
    /// The venue has no such thing.
    #[error("{venue} has no {what}")]
    Unsupported {
        /// Which venue.
        venue: &'static str,
        /// What it lacks.
        what: String,
    },
    /// Something is missing or does not fit together.
    #[error("{0}")]
    Invalid(String),
    /// The credentials are not of the form the venue gives out. Never holds any of their text.
    #[error("the credentials of {venue} can't be used: {why}")]
    Credentials {
        /// Which venue.
        venue: &'static str,
        /// What is wrong with their form.
        why: &'static str,
    },
}

/// What a venue's error code means to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// A clear no, on the venue's allow list: nothing was and nothing will be done.
    Refusal,
    /// The client id is known already: evidence that an earlier POST landed.
    DuplicateId,
    /// No such order; says nothing before the deadline and the grace have passed.
    NotFound,
    /// Key, signature or permission.
    Credentials,
    /// Our clock and the venue's differ too much.
    Clock,
    /// Too many requests.
    RateLimit,
    /// Anything else: the outcome is not known.
    Unclear,
}

/// An error in the venue's own words.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the venue answers {code} {message:?} (status {status})")]
pub struct ApiError {
    /// The venue's code, as text.
    pub code: String,
    /// The venue's words, cut to 200 characters.
    pub message: String,
    /// The HTTP status.
    pub status: u16,
    /// What it means to us.
    pub meaning: Meaning,
    /// For how long the venue asks us to be silent, in milliseconds.
    pub retry_after_ms: Option<i64>,
}

/// An answer that could not be taken for what was asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadFault {
    /// The venue tells of an error.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The answer is not as documented; none of it is believed.
    #[error("the answer is not as documented: {what} (status {status}, it begins {excerpt:?})")]
    Parse {
        /// What did not fit.
        what: String,
        /// The HTTP status.
        status: u16,
        /// The beginning of the body.
        excerpt: String,
    },
}

impl ReadFault {
    /// An answer that is not as documented.
    #[must_use]
    pub fn parse(reply: &Reply, what: impl std::fmt::Display) -> Self {
        Self::Parse { what: what.to_string(), status: reply.status, excerpt: reply.excerpt() }
    }

    /// What it means to us.
    #[must_use]
    pub const fn meaning(&self) -> Meaning {
        match self {
            Self::Api(error) => error.meaning,
            Self::Parse { .. } => Meaning::Unclear,
        }
    }
}

/// What a spent budget is, until when, and what helps.
fn spent(venue: &str, wait_ms: i64, until: Timestamp, silence: bool) -> String {
    if silence {
        return format!("{venue} asked for silence until {until}, another {wait_ms} ms; it is asked again then");
    }
    format!(
        "our own request budget at {venue} is used up until {until}, another {wait_ms} ms; it is asked again then. If that comes \
         often: longer bars (--interval), fewer markets, or nobody else who asks {venue} from this address"
    )
}

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CallFault {
    /// It was never sent.
    #[error(transparent)]
    Call(#[from] CallError),
    /// It was never sent: the budget is spent, or the venue asked for silence.
    #[error("not sent: {}", spent(.venue, *.wait_ms, *.until, *.silence))]
    Budget {
        /// Which venue.
        venue: String,
        /// Until when, in milliseconds from now.
        wait_ms: i64,
        /// Until when, by our clock: from then on there is room for this request, if nobody takes it.
        until: Timestamp,
        /// Whether the venue asked for silence. Otherwise it was not asked at all: the limit is our own.
        silence: bool,
    },
    /// It was never sent: the circuit breaker is open.
    #[error(
        "not sent: the circuit breaker of {venue} ({class}) is open for another {wait_ms} ms after {failures} failures"
    )]
    BreakerOpen {
        /// Which venue.
        venue: String,
        /// Which class of endpoints.
        class: &'static str,
        /// Until when, in milliseconds from now.
        wait_ms: i64,
        /// How many failures opened it.
        failures: u32,
    },
    /// It may have been sent and no answer came. Never holds the query or a header.
    #[error("{venue} could not be reached: {reason}")]
    Connectivity {
        /// Which venue.
        venue: String,
        /// What happened.
        reason: String,
        /// Whether it is certain that no byte of the request left.
        unsent: bool,
    },
    /// There is an answer, and it is none.
    #[error(transparent)]
    Read(#[from] ReadFault),
}
