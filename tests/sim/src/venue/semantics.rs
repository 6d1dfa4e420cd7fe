//! What a venue promises, and what it does not: one value a venue.
//!
//! Each line says where it is from: *documented* stands for the venue's public API description, *observed* for reports of
//! its users, *assumed* for the harsher of the possibilities where neither says. The adapters in `shared/venue` turn the
//! venues' own words into the answers the desk knows; what they make of single messages is tested in `tests/conformance`. Here
//! it is about what the venue does with an order.

use desk::order::Timing;

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
    /// Orders that trade at once carry one; orders that wait for a trigger live as long as their request's time stamp.
    OursUnlessStop(i64),
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
    /// Whether what a stop would sell is locked while it waits, so that nobody else can sell it.
    pub stops_lock: bool,
}

impl Semantics {
    /// Binance spot.
    ///
    /// - Ids are taken by open orders, and free again once filled (documented); a known one is an error (documented).
    /// - `recvWindow` is checked again before the engine (documented).
    /// - Answers may lag by two seconds (assumed); the order endpoint has forgotten orders for minutes (observed).
    /// - Orders that ended without a trade are kept for 90 days (documented): longer than any run.
    /// - The answer tells of the trades (documented). A buyer pays in base, unless in BNB (documented).
    /// - A stop locks what it would sell (documented).
    pub const BINANCE: Self = Self {
        name: "binance",
        unique: Uniqueness::WhileOpen,
        duplicate: OnDuplicate::Error,
        deadline: Deadline::Ours,
        lag_ms: 2_000,
        forgets: true,
        unfilled_gone_ms: None,
        acknowledges: false,
        fee_in_base: true,
        stops_lock: true,
    };

    /// Kraken spot.
    ///
    /// - `cl_ord_id` is unique across open orders only (documented).
    /// - `deadline` is held by the matching engine (documented).
    /// - The answer names the order and nothing of its fate (documented); fees are in quote by default (documented).
    pub const KRAKEN: Self =
        Self { name: "kraken", lag_ms: 5_000, acknowledges: true, fee_in_base: false, ..Self::BINANCE };

    /// Coinbase Advanced.
    ///
    /// - A `client_order_id` that is known returns the order that is there (documented; older answers of the support say
    ///   that nothing is enforced, which the desk does not depend on: it never POSTs twice).
    /// - No deadline: the request lives as long as its token, two minutes (documented).
    /// - An order that was cancelled without a trade is not found any more (documented).
    pub const COINBASE: Self = Self {
        name: "coinbase",
        unique: Uniqueness::Ever,
        duplicate: OnDuplicate::ReturnsOrder,
        deadline: Deadline::Stamp(120_000),
        lag_ms: 5_000,
        unfilled_gone_ms: Some(0),
        acknowledges: true,
        fee_in_base: false,
        ..Self::BINANCE
    };

    /// OKX.
    ///
    /// - A known `clOrdId` is an error (documented); for how long is not (assumed: while it works).
    /// - `expTime` is a deadline, but not for orders that wait for a trigger (documented): their request lives by its time
    ///   stamp, 30 s (documented).
    /// - An order cancelled without a trade is kept for two hours (documented): a run is shorter; assumed 4 minutes.
    /// - A buyer pays in base (documented). A stop locks nothing before it is triggered (documented).
    pub const OKX: Self = Self {
        name: "okx",
        deadline: Deadline::OursUnlessStop(30_000),
        lag_ms: 5_000,
        unfilled_gone_ms: Some(240_000),
        acknowledges: true,
        stops_lock: false,
        ..Self::BINANCE
    };

    /// Bybit v5.
    ///
    /// - The answer acknowledges that the request was taken in; the order may be refused afterwards (documented).
    /// - `recv_window` is a deadline (documented). A known `orderLinkId` is an error (documented).
    /// - A buyer pays in base (documented). A stop locks nothing before it is triggered (documented).
    pub const BYBIT: Self =
        Self { name: "bybit", lag_ms: 5_000, acknowledges: true, stops_lock: false, ..Self::BINANCE };

    /// KuCoin, the fast spot orders.
    ///
    /// - Until when an order is taken goes with it (documented). For how long a `clientOid` is known is not documented
    ///   (assumed: while it works). Fees are in quote (documented).
    pub const KUCOIN: Self =
        Self { name: "kucoin", lag_ms: 5_000, acknowledges: true, fee_in_base: false, ..Self::BINANCE };

    /// Bitget v2.
    ///
    /// - A `clientOid` is known for six hours, and only while its order is unfilled (documented).
    /// - No deadline: the request lives by its time stamp, 30 s (documented).
    /// - Answers may lag by ten seconds (assumed). A buyer pays in base (documented). A stop locks nothing before it is triggered
    ///   (assumed: the harsher case).
    pub const BITGET: Self = Self {
        name: "bitget",
        unique: Uniqueness::UnfilledFor(6 * 3_600_000),
        deadline: Deadline::Stamp(30_000),
        lag_ms: 10_000,
        acknowledges: true,
        stops_lock: false,
        ..Self::BINANCE
    };

    /// Every venue.
    pub const ALL: [Self; 7] =
        [Self::BINANCE, Self::KRAKEN, Self::COINBASE, Self::OKX, Self::BYBIT, Self::KUCOIN, Self::BITGET];

    /// The venue of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|semantics| semantics.name == name)
    }

    /// The times the desk keeps at this venue: those its adapter keeps, from the venue's capability record.
    #[must_use]
    pub fn timing(&self) -> Timing {
        let adapter = venue::registry::adapter(self.name);
        adapter.map_or(Timing::REFERENCE, |adapter| venue::live::timing(adapter.protocol.capabilities()))
    }
}
