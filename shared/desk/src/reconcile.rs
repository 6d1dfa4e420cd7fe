//! Reconciliation: the difference between our books and a venue's, as a pure function.
//!
//! 1. A venue balance that differs from the ledger's holdings, with no fill on its way that would explain it, is a
//!    finding: new risk stops until it is gone.
//! 2. A venue order that no intent of ours explains is [`Finding::External`].
//! 3. An open order of ours that the venue does not list as open has moved on: it is to be asked about.
//! 4. A position that rests on no stop and is not being closed is [`Finding::Unprotected`]; stops that would sell more
//!    than the position holds are [`Finding::Oversized`].
//!
//! It does not repair anything; the caller does, and looks again.

use crate::id::{Asset, IntentId, Symbol};
use crate::instrument::Instrument;
use crate::money::{Amount, MoneyError};
use crate::order::{Leg, Order, State};
use crate::port::OpenOrder;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Something that does not agree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Finding {
    /// The ledger and the venue disagree about an asset.
    Balance {
        /// Which.
        asset: Asset,
        /// What the ledger holds.
        ours: Amount,
        /// What the venue holds.
        theirs: Amount,
    },
    /// The venue works an order that is none of ours.
    External {
        /// Its client id.
        order: String,
        /// Its market, if the venue tells it.
        symbol: Option<Symbol>,
    },
    /// An order of ours is open here and not there.
    Moved {
        /// Which.
        order: IntentId,
    },
    /// The stops of a position would sell more than it holds.
    Oversized {
        /// In which market.
        symbol: Symbol,
        /// By how much, in base units.
        quantity: Amount,
    },
    /// A position has no stop.
    Unprotected {
        /// In which market.
        symbol: Symbol,
        /// How much of it, in base units.
        quantity: Amount,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Balance { asset, ours, theirs } => {
                write!(f, "the ledger holds {ours} {asset}, the venue {theirs}")
            }
            Self::External { order, symbol } => {
                let market = symbol.as_ref().map(|symbol| format!(" in {symbol}")).unwrap_or_default();
                write!(f, "the venue works order {order}{market}, which is none of ours")
            }
            Self::Moved { order } => write!(f, "order {order} is open here but not at the venue"),
            Self::Oversized { symbol, quantity } => {
                write!(f, "the stops of {symbol} would sell {quantity} more than its position holds")
            }
            Self::Unprotected { symbol, quantity } => write!(f, "{quantity} of {symbol} rest on no stop"),
        }
    }
}

/// Balances that differ.
#[must_use]
pub fn balances(ours: &BTreeMap<Asset, Amount>, theirs: &BTreeMap<Asset, Amount>) -> Vec<Finding> {
    let assets: BTreeSet<&Asset> = ours.keys().chain(theirs.keys()).collect();
    let of = |side: &BTreeMap<Asset, Amount>, asset: &Asset| side.get(asset).copied().unwrap_or_default();
    assets
        .into_iter()
        .map(|asset| Finding::Balance { asset: asset.clone(), ours: of(ours, asset), theirs: of(theirs, asset) })
        .filter(|finding| matches!(finding, Finding::Balance { ours, theirs, .. } if ours != theirs))
        .collect()
}

/// Working orders of ours held against the venue's list of open orders.
#[must_use]
pub fn orders(ours: &[Order], theirs: &[OpenOrder]) -> Vec<Finding> {
    let known: BTreeSet<&str> = ours.iter().map(|order| order.intent.id.as_str()).collect();
    let listed: BTreeSet<&str> = theirs.iter().map(|order| order.client_id.as_str()).collect();
    let external = theirs.iter().filter(|order| !known.contains(order.client_id.as_str()));
    let moved = ours
        .iter()
        .filter(|order| order.state == State::Open && !listed.contains(order.intent.id.as_str()))
        .map(|order| Finding::Moved { order: order.intent.id.clone() });
    let finding =
        |order: &OpenOrder| Finding::External { order: order.client_id.clone(), symbol: order.symbol.clone() };
    external.map(finding).chain(moved).collect()
}

/// What of a position neither rests on a working stop nor is being closed. A stop covers whole lots of what its fill left, so
/// less than a lot for each stop, and one more, may be bare.
///
/// # Errors
/// [`MoneyError`] if a quantity can't be held.
pub fn unprotected(instrument: &Instrument, held: Amount, working: &[Order]) -> Result<Option<Finding>, MoneyError> {
    let (symbol, lot) = (&instrument.symbol, instrument.lot.amount()?);
    let (mut covered, mut rest) = (Amount::ZERO, lot);
    for order in working.iter().filter(|order| order.intent.symbol == *symbol) {
        match order.intent.leg {
            Leg::Exit | Leg::Flatten => return Ok(None),
            Leg::Stop(_) => {
                covered = covered.plus(order.open_quantity()?.amount()?)?;
                rest = rest.plus(lot)?;
            }
            Leg::Entry | Leg::External => {}
        }
    }
    let bare = held.minus(covered)?;
    Ok((bare >= rest).then(|| Finding::Unprotected { symbol: symbol.clone(), quantity: bare }))
}

/// By how much the working stops of a market would sell more than its position holds, if they would. While the position is
/// being closed, nothing: what closes it cancels them.
///
/// # Errors
/// [`MoneyError`] if a quantity can't be held.
pub fn oversized(symbol: &Symbol, held: Amount, working: &[Order]) -> Result<Option<Finding>, MoneyError> {
    let mut covered = Amount::ZERO;
    for order in working.iter().filter(|order| order.intent.symbol == *symbol) {
        match order.intent.leg {
            Leg::Exit | Leg::Flatten => return Ok(None),
            Leg::Stop(_) => covered = covered.plus(order.open_quantity()?.amount()?)?,
            Leg::Entry | Leg::External => {}
        }
    }
    let quantity = covered.minus(held)?;
    Ok((quantity > Amount::ZERO).then(|| Finding::Oversized { symbol: symbol.clone(), quantity }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::sample;
    use crate::risk::Reservation;
    use crate::time::Timestamp;

    fn stop(trade: &str, quantity: &str) -> Order {
        let trade = crate::id::TradeId::new(trade).unwrap();
        let intent = crate::order::Intent { leg: Leg::Stop(trade), ..sample::entry(quantity) };
        Order::approved(intent, Reservation::NONE, Timestamp::from_ms(0))
    }

    #[test]
    fn stops_that_would_sell_more_than_is_held_are_found_to_the_last_decimal() {
        let (symbol, stops) = (sample::instrument().symbol, [stop("1", "0.3"), stop("2", "0.2")]);
        let by = |held: &str| oversized(&symbol, held.parse().unwrap(), &stops).unwrap();
        assert_eq!(by("0.5"), None);
        let quantity = "0.00001".parse().unwrap();
        assert_eq!(by("0.49999"), Some(Finding::Oversized { symbol: symbol.clone(), quantity }));
        let exit = crate::order::Intent { leg: Leg::Exit, ..sample::entry("0.1") };
        let closing = Order::approved(exit, Reservation::NONE, Timestamp::from_ms(0));
        let [one, two] = stops.clone();
        assert_eq!(oversized(&symbol, Amount::ZERO, &[one, two, closing]).unwrap(), None);
    }
}
