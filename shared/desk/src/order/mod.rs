//! Orders: what becomes of an approved wish.
//!
//! An [`Intent`] is the wish itself and never changes. An [`Order`] is the intent with its fate: a [`State`] that
//! moves only by the one table in [`state`], what has been filled, and what is still reserved for it.
//!
//! 1. An intent is POSTed to a venue at most once, ever, by the one invocation that won its claim ([`claim`]).
//! 2. An outcome that is not clear is [`State::Unknown`]; only a venue fact or proven absence ends it.
//! 3. A reservation is released with the terminal transition and never before.

pub mod claim;
pub mod state;

pub use claim::{Claim, Claimed, PendingClaim, Timing};
pub use state::{Event, State, Step};

use crate::id::{AccountId, IntentId, SignalId, Symbol, TradeId, VenueOrderId};
use crate::money::{Amount, Bps, MoneyError, Price, Quantity};
use crate::risk::Reservation;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Buy or sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Base for quote.
    Buy,
    /// Quote for base.
    Sell,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        })
    }
}

/// How an order is executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum OrderKind {
    /// At once, at the market's price.
    Market,
    /// Rests at the venue; becomes a market order when the price reaches the trigger.
    StopMarket {
        /// The price that triggers it.
        trigger: Price,
    },
}

/// Which part of acting on a signal an intent is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leg {
    /// Opens or adds to a position: the only leg that adds risk.
    Entry,
    /// Closes a position because the strategy says so.
    Exit,
    /// Protects what one entry fill bought.
    Stop(TradeId),
    /// Closes a position because an operator says so.
    Flatten,
    /// None of ours: somebody else placed it at the venue. It is known by its trades only.
    External,
}

impl Leg {
    /// The leg's part of the intent's id.
    #[must_use]
    pub fn tag(&self) -> String {
        match self {
            Self::Entry => "entry".to_owned(),
            Self::Exit => "exit".to_owned(),
            Self::Stop(trade) => format!("stop:{trade}"),
            Self::Flatten => "flatten".to_owned(),
            Self::External => "external".to_owned(),
        }
    }

    /// Whether the leg can add risk.
    #[must_use]
    pub const fn adds_risk(&self) -> bool {
        matches!(self, Self::Entry)
    }

    /// Whether the leg is a resting protection.
    #[must_use]
    pub const fn protects(&self) -> bool {
        matches!(self, Self::Stop(_))
    }
}

/// One wish to trade, approved by risk. Its id is the client order id the venue is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// Derived from cause, leg and attempt.
    pub id: IntentId,
    /// For which account.
    pub account: AccountId,
    /// Which market.
    pub symbol: Symbol,
    /// The decision that caused it.
    pub cause: SignalId,
    /// Which part of acting on it.
    pub leg: Leg,
    /// 1, and one more after each proven absence of the one before.
    pub attempt: u32,
    /// Buy or sell.
    pub side: Side,
    /// How.
    pub kind: OrderKind,
    /// How much, in base units.
    pub quantity: Quantity,
    /// The price it was sized at.
    pub reference_price: Price,
    /// When it was decided, in market time.
    pub decided_at: Timestamp,
    /// How far below an entry fill its stop is to rest.
    pub stop_distance: Option<Bps>,
}

/// What has been filled of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filled {
    /// In base units.
    pub quantity: Quantity,
    /// In quote units.
    pub notional: Amount,
    /// The fees, in quote units.
    pub fees: Amount,
}

impl Filled {
    /// Nothing yet.
    pub const NONE: Self = Self { quantity: Quantity::ZERO, notional: Amount::ZERO, fees: Amount::ZERO };
}

/// A state an order was in, and since when. Times are the desk's own and not part of any result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passage {
    /// The state entered.
    pub state: State,
    /// When, by the desk's clock.
    pub at: Timestamp,
    /// What moved it there.
    pub why: String,
}

/// An intent and its fate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The wish.
    pub intent: Intent,
    /// Where it stands.
    pub state: State,
    /// What has been filled.
    pub filled: Filled,
    /// What is still held for it.
    pub reserved: Reservation,
    /// The claim under which it was POSTed.
    pub claim: Option<Claim>,
    /// What the venue calls it.
    pub venue_order: Option<VenueOrderId>,
    /// The states it passed through.
    pub history: Vec<Passage>,
}

impl Order {
    /// An approved intent that nobody has claimed yet.
    #[must_use]
    pub fn approved(intent: Intent, reserved: Reservation, at: Timestamp) -> Self {
        let history = vec![Passage { state: State::Approved, at, why: "approved by risk".to_owned() }];
        let (filled, state) = (Filled::NONE, State::Approved);
        Self { intent, state, filled, reserved, claim: None, venue_order: None, history }
    }

    /// Applies `event` by the table. The order's state and history move; its reservation is the caller's business.
    pub fn apply(&mut self, event: Event, at: Timestamp, why: &str) -> Step {
        let step = self.state.on(event);
        if let Step::Moves(state) = step {
            self.state = state;
            self.history.push(Passage { state, at, why: why.to_owned() });
        }
        step
    }

    /// What is not yet filled.
    ///
    /// # Errors
    /// [`MoneyError::Range`] if more was filled than ordered.
    pub fn open_quantity(&self) -> Result<Quantity, MoneyError> {
        self.intent.quantity.minus(self.filled.quantity)
    }
}
