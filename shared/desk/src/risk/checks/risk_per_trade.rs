//! Being stopped out would not cost too much (RSK-05): entry price minus stop price, times quantity.

use super::{Layer, Outcome, Subject};
use crate::money::{Notional, Rounding};
use crate::strategy::Target;

pub(super) fn check(s: &Subject<'_>) -> Outcome {
    let Target::Long { stop_distance, .. } = s.proposal.signal.target else { return Ok(None) };
    let worth = Notional::new(s.worth()?)?;
    let loss = worth.amount().times(stop_distance.fraction()?, Rounding::Ceil)?;
    let limit = s.books.equity.times(s.profile.max_risk_per_trade.fraction()?, Rounding::Floor)?;
    Ok(Some(s.at_most(Layer::RiskPerTrade, limit, loss)))
}
