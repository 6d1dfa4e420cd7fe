//! Reconciliation: the difference between our books and a venue's, as a pure function.
//!
//! 1. A venue balance that differs from the ledger's holdings, with no fill on its way that would explain it, is a
//!    finding: new risk stops until it is gone.
//! 2. A venue order that no intent of ours explains is [`Finding::External`].
//! 3. An open order of ours that the venue does not list as open has moved on: it is to be asked about.
//! 4. A position that rests on no stop and is not being closed is [`Finding::Unprotected`].
//!
//! It does not repair anything; the caller does, and looks again.

use crate::id::{Asset, IntentId, Symbol};
use crate::instrument::Instrument;
use crate::money::{Amount, MoneyError};
use crate::order::{Leg, Order, State};
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
    },
    /// An order of ours is open here and not there.
    Moved {
        /// Which.
        order: IntentId,
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
            Self::External { order } => write!(f, "the venue works order {order}, which is none of ours"),
            Self::Moved { order } => write!(f, "order {order} is open here but not at the venue"),
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

/// Working orders of ours held against the venue's list of open client ids.
#[must_use]
pub fn orders(ours: &[Order], theirs: &BTreeSet<String>) -> Vec<Finding> {
    let known: BTreeSet<&str> = ours.iter().map(|order| order.intent.id.as_str()).collect();
    let external = theirs.iter().filter(|id| !known.contains(id.as_str()));
    let moved = ours
        .iter()
        .filter(|order| order.state == State::Open && !theirs.contains(order.intent.id.as_str()))
        .map(|order| Finding::Moved { order: order.intent.id.clone() });
    external.map(|id| Finding::External { order: id.clone() }).chain(moved).collect()
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
            Leg::Entry => {}
        }
    }
    let bare = held.minus(covered)?;
    Ok((bare >= rest).then(|| Finding::Unprotected { symbol: symbol.clone(), quantity: bare }))
}
