//! What a venue promises, and what it does not: one value a venue.
//!
//! Each line says what was read where. "documented" stands for the venue's public API description; "observed" for
//! reports of users; "assumed" is the harsher of the possibilities where neither says. The adapters in `shared/venue` turn
//! the venues' own words into the answers the desk knows; what they make of single messages is tested there
//! (`tests/conformance`). Here it is about what the venue does.

/// For how long a client id names one order only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uniqueness {
    /// As long as its order works; then it is free again, and a second POST is a second order.
    WhileOpen,
    /// For so many milliseconds, and only as long as nothing of its order is filled.
    UnfilledFor(i64),
    /// For good.
    Ever,
}

/// What a second POST under a known client id is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDuplicate {
    /// With an error. It is evidence that the first one landed, never a refusal of the order.
    Error,
    /// With the order that is there.
    ReturnsOrder,
}

/// Until when the venue may act on a POST.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    /// The request carries one, and the venue looks at it before the matching engine does.
    Ours,
    /// The request carries the time of its making, and is good for so many milliseconds from then on.
    Stamp(i64),
}

/// What an exchange does with orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Semantics {
    /// Its name.
    pub name: &'static str,
    /// For how long a client id is taken.
    pub unique: Uniqueness,
    /// What a known client id is answered with.
    pub duplicate: OnDuplicate,
    /// How long a POST lives.
    pub deadline: Deadline,
    /// For how long a fresh order may be missing from every answer, in milliseconds.
    pub lag_ms: i64,
    /// Whether the order endpoint may forget an order for minutes while the lists have it.
    pub forgets: bool,
    /// After how many milliseconds an order that ended without a trade is gone from everywhere; `None` for never.
    pub unfilled_gone_ms: Option<i64>,
    /// Whether the answer to a POST is only an acknowledgement: what was traded is learnt elsewhere, and the order may be
    /// refused after it.
    pub acknowledges: bool,
    /// Whether a buyer's fee is taken out of what was bought.
    pub fee_in_base: bool,
}

impl Semantics {
    /// Binance spot. Ids are taken by open orders only, and free once filled (documented). `recvWindow` is checked again
    /// before the engine (documented). Orders that ended without a trade are archived after 90 days (documented), beyond
    /// any run. The answer tells of trades (documented). Buyers pay in base unless they pay in BNB (documented).
    pub const BINANCE: Self = Self {
        name: "binance",
        unique: Uniqueness::WhileOpen,
        duplicate: OnDuplicate::Error,
        deadline: Deadline::Ours,
        lag_ms: 1500,
        forgets: true,
        unfilled_gone_ms: None,
        acknowledges: false,
        fee_in_base: true,
    };

    /// Every venue.
    pub const ALL: [Self; 1] = [Self::BINANCE];

    /// The venue of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|semantics| semantics.name == name)
    }
}
