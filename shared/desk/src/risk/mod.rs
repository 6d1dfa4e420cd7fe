//! Risk: what is allowed of what is wished.
//!
//! [`review`] is a pure function: a proposal, the account's books and a profile go in; every check that applies, with
//! its limit and the value held against it, comes out, and a verdict. An [`Approval`] can be made here only, so an
//! order that exists has passed. The first check that fails names the layer of the refusal; the others are still
//! run and stored, because a trader wants to see all that stood in the way.
//!
//! Checks look at the books as they were read. What holds under concurrency is the *headroom*: the approval's
//! [`Reservation`] is taken in the same transaction that stores the intent, on the condition that it is still there.

mod checks;
pub mod headroom;
mod kill;
mod profile;

pub use headroom::{Headroom, Release, Reservation};
pub use kill::{Kill, KillMode, KillState, UnkillRequest};
pub use profile::{Profile, ProfileError};

use crate::fill::Fill;
use crate::id::{IntentId, Symbol};
use crate::instrument::Instrument;
use crate::money::{Amount, MoneyError, Price, Quantity, Rounding};
use crate::order::{Intent, Leg, OrderKind, Side};
use crate::position::Position;
use crate::signal::Signal;
use crate::strategy::Target;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A check, by the name under which refusals are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// The kill switch.
    Kill,
    /// New risk is frozen until books and venue agree.
    Frozen,
    /// New risk in this market is frozen: somebody else trades in it.
    MarketFrozen,
    /// The signal's bar is too old.
    StaleData,
    /// The market is not on the list (RSK-01).
    SymbolWhitelist,
    /// There is nothing to close, or it is being closed already; or an entry already works.
    Position,
    /// The order is below or above the instrument's sizes (RSK-06).
    OrderSize,
    /// The order is worth too much (RSK-02).
    MaxOrder,
    /// The position would be worth too much (RSK-03).
    MaxPosition,
    /// The position would be too large a part of the portfolio (RSK-03).
    MaxPositionSize,
    /// The account would be levered too high (RSK-04).
    Leverage,
    /// The stop-out would cost too much (RSK-05).
    RiskPerTrade,
    /// Too many positions are open.
    MaxOpenPositions,
    /// The cash is not there.
    Cash,
}

impl Layer {
    /// The name in counts, keys and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Frozen => "frozen",
            Self::MarketFrozen => "market_frozen",
            Self::StaleData => "stale_data",
            Self::SymbolWhitelist => "symbol_whitelist",
            Self::Position => "position",
            Self::OrderSize => "order_size",
            Self::MaxOrder => "max_order",
            Self::MaxPosition => "max_position",
            Self::MaxPositionSize => "max_position_size",
            Self::Leverage => "leverage",
            Self::RiskPerTrade => "risk_per_trade",
            Self::MaxOpenPositions => "max_open_positions",
            Self::Cash => "cash",
        }
    }
}

/// One check, with what it compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Which.
    pub layer: Layer,
    /// Whether it passed.
    pub passed: bool,
    /// The limit, with its unit.
    pub limit: String,
    /// The value held against it, with its unit.
    pub value: String,
}

/// A wish, sized and ready to be judged.
#[derive(Debug, Clone)]
pub struct Proposal<'a> {
    /// The decision behind it.
    pub signal: &'a Signal,
    /// The market.
    pub instrument: &'a Instrument,
    /// Which part of acting on the decision.
    pub leg: Leg,
    /// 1, or one more after each proven absence.
    pub attempt: u32,
    /// Buy or sell.
    pub side: Side,
    /// How much.
    pub quantity: Quantity,
}

/// The account's books, as they were read for one review.
#[derive(Debug, Clone)]
pub struct Books {
    /// The kill switch.
    pub kill: KillState,
    /// Why new risk is frozen, if it is.
    pub frozen: Option<String>,
    /// Why it is frozen in the proposal's market alone, if it is.
    pub market_frozen: Option<String>,
    /// The position in the proposal's market.
    pub position: Position,
    /// Whether an order to close that position is on its way.
    pub closing: bool,
    /// Whether an order that opens or adds to it is.
    pub opening: bool,
    /// The account's worth, in quote units.
    pub equity: Amount,
    /// What all positions and reservations come to, in quote units.
    pub exposure: Amount,
    /// What is left of the account's and the market's limits.
    pub headroom: Headroom,
}

/// The outcome of a review.
#[derive(Debug, Clone)]
pub struct Review {
    /// Every check that applied.
    pub checks: Vec<Check>,
    /// What follows.
    pub verdict: Verdict,
}

/// What a review decided.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// The order may be placed.
    Approved(Box<Approval>),
    /// The order may not be placed; the layer is that of the first check that failed.
    Refused(Layer),
}

/// The proof that risk has approved an intent. Only this module makes one: [`review`], and
/// [`protect`], [`renew`] and [`flatten`] for what only takes risk away.
#[derive(Debug, Clone)]
pub struct Approval {
    intent: Intent,
    reservation: Reservation,
}

impl Approval {
    /// What was approved.
    #[must_use]
    pub const fn intent(&self) -> &Intent {
        &self.intent
    }

    /// What must be taken from the headroom for it.
    #[must_use]
    pub const fn reservation(&self) -> &Reservation {
        &self.reservation
    }
}

/// A proposal that can't even be judged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RiskError {
    /// A number can't be held exactly.
    #[error("{symbol}: {source}")]
    Money {
        /// The market.
        symbol: Symbol,
        /// What went wrong.
        source: MoneyError,
    },
}

/// Sizes a signal into a proposal: an entry spends the stake in whole lots, an exit sells what is held.
///
/// # Errors
/// [`RiskError::Money`] if the size can't be computed exactly.
pub fn propose<'a>(
    signal: &'a Signal,
    instrument: &'a Instrument,
    position: &Position,
    attempt: u32,
) -> Result<Proposal<'a>, RiskError> {
    let fail = |source| RiskError::Money { symbol: instrument.symbol.clone(), source };
    let (leg, side, quantity) = match signal.target {
        Target::Long { stake, .. } => (Leg::Entry, Side::Buy, instrument.size(stake, signal.close).map_err(fail)?),
        Target::Flat => (Leg::Exit, Side::Sell, instrument.whole_lots(position.quantity).map_err(fail)?),
    };
    Ok(Proposal { signal, instrument, leg, attempt, side, quantity })
}

/// Judges a proposal against the books and a profile.
///
/// # Errors
/// [`RiskError::Money`] if a number can't be held exactly.
pub fn review(proposal: &Proposal<'_>, books: &Books, profile: &Profile, now: Timestamp) -> Result<Review, RiskError> {
    let fail = |source| RiskError::Money { symbol: proposal.instrument.symbol.clone(), source };
    let reservation = reserve(proposal, books, profile).map_err(fail)?;
    let subject = checks::Subject { proposal, books, profile, reservation: &reservation, now };
    let mut applied = Vec::new();
    for check in checks::ALL {
        applied.extend(check(&subject).map_err(fail)?);
    }
    let verdict = match applied.iter().find(|check| !check.passed) {
        Some(check) => Verdict::Refused(check.layer),
        None => Verdict::Approved(Box::new(Approval { intent: intent(proposal, OrderKind::Market), reservation })),
    };
    Ok(Review { checks: applied, verdict })
}

/// What an entry takes from the headroom: its notional with the profile's buffer for a worse fill, and its fee.
fn reserve(proposal: &Proposal<'_>, books: &Books, profile: &Profile) -> Result<Reservation, MoneyError> {
    if !proposal.leg.adds_risk() {
        return Ok(Reservation::NONE);
    }
    let tick = proposal.instrument.tick;
    let worst = proposal.signal.close.raised(profile.price_buffer, tick, Rounding::Ceil)?;
    let notional = worst.notional(proposal.quantity)?;
    let cash = notional.amount().plus(notional.fee(profile.fee)?.amount())?;
    Ok(Reservation { cash, exposure: notional.amount(), slot: !books.position.is_open() })
}

fn intent(proposal: &Proposal<'_>, kind: OrderKind) -> Intent {
    let signal = proposal.signal;
    let stop_distance = match signal.target {
        Target::Long { stop_distance, .. } => Some(stop_distance),
        Target::Flat => None,
    };
    Intent {
        id: IntentId::derive(&signal.id, &proposal.leg.tag(), proposal.attempt),
        account: signal.account.clone(),
        symbol: signal.symbol.clone(),
        cause: signal.id.clone(),
        leg: proposal.leg.clone(),
        attempt: proposal.attempt,
        side: proposal.side,
        kind,
        quantity: proposal.quantity,
        reference_price: signal.close,
        decided_at: signal.decided_at,
        stop_distance,
    }
}

/// Approves the stop that protects what `fill` bought: it can only take risk away, so there is nothing to check and
/// nothing to reserve. `None` for a fill that needs no protection, or leaves less than a lot of it.
///
/// # Errors
/// [`RiskError::Money`] if the trigger can't be computed.
pub fn protect(
    entry: &Intent,
    fill: &Fill,
    instrument: &Instrument,
    attempt: u32,
) -> Result<Option<Approval>, RiskError> {
    let (Leg::Entry, Some(distance)) = (&entry.leg, entry.stop_distance) else { return Ok(None) };
    let fail = |source| RiskError::Money { symbol: instrument.symbol.clone(), source };
    let quantity = fill.base_moved(instrument).and_then(|moved| instrument.whole_lots(moved)).map_err(fail)?;
    if quantity.is_zero() {
        return Ok(None);
    }
    let trigger = fill.price.lowered(distance, instrument.tick, Rounding::Ceil).map_err(fail)?;
    let leg = Leg::Stop(fill.trade.clone());
    let intent = Intent {
        id: IntentId::derive(&entry.cause, &leg.tag(), attempt),
        account: entry.account.clone(),
        symbol: entry.symbol.clone(),
        cause: entry.cause.clone(),
        leg,
        attempt,
        side: Side::Sell,
        kind: OrderKind::StopMarket { trigger },
        quantity,
        reference_price: fill.price,
        decided_at: fill.at,
        stop_distance: None,
    };
    Ok(Some(Approval { intent, reservation: Reservation::NONE }))
}

/// Approves asking again for a resting protection or a flattening that did not come to be, for `quantity`. `None` for
/// any leg that risk has to judge anew.
#[must_use]
pub fn renew(lost: &Intent, quantity: Quantity, attempt: u32) -> Option<Approval> {
    match lost.leg {
        Leg::Stop(_) | Leg::Flatten => {}
        Leg::Entry | Leg::Exit | Leg::External => return None,
    }
    let id = IntentId::derive(&lost.cause, &lost.leg.tag(), attempt);
    let intent = Intent { id, attempt, quantity, ..lost.clone() };
    Some(Approval { intent, reservation: Reservation::NONE })
}

/// Approves closing a position by an operator's word, under a kill epoch. `None` when there is nothing to close.
///
/// # Errors
/// [`RiskError::Money`] if the quantity can't be expressed.
pub fn flatten(
    account: &crate::id::AccountId,
    instrument: &Instrument,
    position: &Position,
    price: Price,
    epoch: u64,
    now: Timestamp,
    attempt: u32,
) -> Result<Option<Approval>, RiskError> {
    if !position.is_open() {
        return Ok(None);
    }
    let symbol = &instrument.symbol;
    let fail = |source| RiskError::Money { symbol: symbol.clone(), source };
    let quantity = instrument.whole_lots(position.quantity).map_err(fail)?;
    let cause = crate::id::SignalId::derive_flatten(account, symbol, epoch);
    let intent = Intent {
        id: IntentId::derive(&cause, &Leg::Flatten.tag(), attempt),
        account: account.clone(),
        symbol: symbol.clone(),
        cause,
        leg: Leg::Flatten,
        attempt,
        side: Side::Sell,
        kind: OrderKind::Market,
        quantity,
        reference_price: price,
        decided_at: now,
        stop_distance: None,
    };
    Ok(Some(Approval { intent, reservation: Reservation::NONE }))
}

#[cfg(test)]
mod tests;
