//! What other hands do in the account: trades of orders that are none of ours, and what leaves without a trade.
//!
//! 1. What somebody else buys is the owner's, as is what the account held before: it never becomes part of a position.
//! 2. What leaves is taken first from what no position holds. Only what exceeds that reduces the position, at its own cost.
//! 3. What an order of ours sells beyond the position, because other hands took from it before, is theirs, too.
//! 4. The position is the fold of the ledger's transactions by these rules ([`Replay`]), whoever caused them.

use crate::fill::Fill;
use crate::id::{IntentId, SignalId};
use crate::instrument::Instrument;
use crate::ledger::Transaction;
use crate::money::{Amount, Fee, MoneyError, Quantity};
use crate::order::{Filled, Intent, Leg, Order, OrderKind, Passage, Side, State};
use crate::position::{Effect, Position, PositionError};
use crate::risk::Reservation;
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// How much of what leaves is taken from the position, when `held` of the asset was in the account. In base units.
///
/// # Errors
/// [`MoneyError`] if an amount can't be held.
pub fn of_position(held: Amount, position: &Position, leaving: Amount) -> Result<Amount, MoneyError> {
    let outside = held.minus(position.quantity)?.max(Amount::ZERO);
    Ok(leaving.minus(outside)?.max(Amount::ZERO).min(position.quantity))
}

/// The position after somebody else's trade, when `held` of the base was in the account.
///
/// # Errors
/// [`PositionError`] if an amount can't be held.
pub fn after_trade(
    position: &Position,
    held: Amount,
    fill: &Fill,
    instrument: &Instrument,
) -> Result<(Position, Effect), PositionError> {
    let leaving = match fill.side {
        Side::Buy => Amount::ZERO,
        Side::Sell => fill.base_moved(instrument)?,
    };
    let part = of_position(held, position, leaving)?;
    after_part(position, part, leaving, fill, instrument)
}

/// The position after a sale of `leaving`, of which it takes `part`.
fn after_part(
    position: &Position,
    part: Amount,
    leaving: Amount,
    fill: &Fill,
    instrument: &Instrument,
) -> Result<(Position, Effect), PositionError> {
    if part.is_zero() {
        let untouched = Effect { cost_moved: Amount::ZERO, opened: false, closed: false };
        return Ok((position.clone(), untouched));
    }
    // The position's part of the trade, with its part of the fee. One in base is within what left.
    let in_base = fill.fee_asset == instrument.base;
    let fee = if in_base { Amount::ZERO } else { fill.fee.amount().share(part, leaving)? };
    let quantity = Quantity::new(part.to_decimal()?)?;
    position.after(&Fill { quantity, fee: Fee::new(fee)?, ..fill.clone() }, instrument)
}

/// Whether a fill of an order of ours sells more than the position holds.
///
/// # Errors
/// [`MoneyError`] if an amount can't be held.
pub fn oversells(position: &Position, fill: &Fill, instrument: &Instrument) -> Result<bool, MoneyError> {
    Ok(fill.side == Side::Sell && fill.base_moved(instrument)? > position.quantity)
}

/// The position after a fill of an order of ours, when `held` of the base was in the account. A stop that other hands have cut
/// the ground from under may be triggered before it is cancelled: what it sells beyond the position was theirs.
///
/// # Errors
/// [`PositionError::Oversold`] if the account did not hold as much either.
pub fn after_ours(
    position: &Position,
    held: Amount,
    fill: &Fill,
    instrument: &Instrument,
) -> Result<(Position, Effect), PositionError> {
    let sold = fill.base_moved(instrument)?;
    if oversells(position, fill, instrument)? && sold <= held {
        return after_part(position, position.quantity, sold, fill, instrument);
    }
    position.after(fill, instrument)
}

/// Whether somebody else's sale is of more than the books hold: what it was bought or brought in with is not booked yet. Booked
/// before it, the sale would take nothing from a position that is still to come, and more would be held on paper than there is.
///
/// # Errors
/// [`MoneyError`] if an amount can't be held.
pub fn is_early(held: Amount, fill: &Fill, instrument: &Instrument) -> Result<bool, MoneyError> {
    Ok(fill.side == Side::Sell && fill.base_moved(instrument)? > held)
}

/// The position after a movement, when `held` of the base was in the account and changes by `change`.
///
/// # Errors
/// [`PositionError`] if an amount can't be held.
pub fn after_movement(
    position: &Position,
    held: Amount,
    change: Amount,
    instrument: &Instrument,
    at: Timestamp,
) -> Result<(Position, Effect), PositionError> {
    let part = of_position(held, position, change.negated())?;
    if part.is_zero() {
        return Ok((position.clone(), Effect { cost_moved: Amount::ZERO, opened: false, closed: false }));
    }
    position.without(part, instrument, at)
}

/// The row of an order that is none of ours, after one more of its trades. Only its trades are known of it, so it is as large
/// as they are, and filled.
///
/// # Errors
/// [`MoneyError`] if an amount can't be held.
pub fn order(known: Option<Order>, fill: &Fill, instrument: &Instrument, at: Timestamp) -> Result<Order, MoneyError> {
    let mut order = known.unwrap_or_else(|| begun(fill, at));
    order.intent.quantity = order.intent.quantity.plus(fill.quantity)?;
    order.filled.quantity = order.filled.quantity.plus(fill.quantity)?;
    order.filled.notional = order.filled.notional.plus(fill.notional()?.amount())?;
    order.filled.fees = order.filled.fees.plus(fill.fee_in_quote(instrument)?)?;
    Ok(order)
}

fn begun(fill: &Fill, at: Timestamp) -> Order {
    let intent = Intent {
        id: fill.order.clone(),
        account: fill.account.clone(),
        symbol: fill.symbol.clone(),
        cause: SignalId::derive_external(&fill.order),
        leg: Leg::External,
        attempt: 1,
        side: fill.side,
        kind: OrderKind::Market,
        quantity: Quantity::ZERO,
        reference_price: fill.price,
        decided_at: fill.at,
        stop_distance: None,
    };
    let why = format!("trade {} of an order that is none of ours", fill.trade);
    let history = vec![Passage { state: State::Filled, at, why }];
    let (state, filled, reserved) = (State::Filled, Filled::NONE, Reservation::NONE);
    Order { intent, state, filled, reserved, claim: None, venue_order: None, history }
}

/// One market's position, folded from the ledger's transactions.
#[derive(Debug)]
pub struct Replay<'a> {
    instrument: &'a Instrument,
    /// The fills, by their keys.
    fills: BTreeMap<String, &'a Fill>,
    /// The orders that are none of ours.
    others: BTreeSet<&'a IntentId>,
    held: Amount,
    /// The position so far.
    pub position: Position,
}

impl<'a> Replay<'a> {
    /// Before the first transaction.
    pub fn new(
        instrument: &'a Instrument,
        fills: impl IntoIterator<Item = &'a Fill>,
        others: impl IntoIterator<Item = &'a IntentId>,
    ) -> Self {
        let fills = fills.into_iter().map(|fill| (fill.key(), fill)).collect();
        let others = others.into_iter().collect();
        Self { instrument, fills, others, held: Amount::ZERO, position: Position::FLAT }
    }

    /// Folds the next transaction in.
    ///
    /// # Errors
    /// [`PositionError`] if it can't be.
    pub fn take(&mut self, transaction: &Transaction) -> Result<(), PositionError> {
        let change = transaction.change_held(&self.instrument.base)?;
        match self.fills.get(&transaction.cause) {
            Some(fill) if fill.symbol != self.instrument.symbol => {}
            Some(fill) if self.others.contains(&fill.order) => {
                self.position = after_trade(&self.position, self.held, fill, self.instrument)?.0;
            }
            Some(fill) => self.position = after_ours(&self.position, self.held, fill, self.instrument)?.0,
            None if change.is_negative() => {
                let (held, at) = (self.held, transaction.at);
                self.position = after_movement(&self.position, held, change, self.instrument, at)?.0;
            }
            None => {}
        }
        self.held = self.held.plus(change)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::sample;
    use proptest::prelude::*;

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    fn position(quantity: &str) -> Position {
        Position::of([&sample::fill(Side::Buy, "100", quantity, 1)], &sample::instrument()).unwrap()
    }

    #[test]
    fn what_is_bought_by_hand_is_no_position() {
        let bought = sample::fill(Side::Buy, "90", "2", 2);
        let before = position("1");
        let (after, effect) = after_trade(&before, amount("1"), &bought, &sample::instrument()).unwrap();
        assert_eq!((after, effect.opened), (before, false));
    }

    #[test]
    fn what_is_sold_by_hand_comes_first_from_what_the_desk_does_not_hold() {
        let instrument = sample::instrument();
        let sold =
            |quantity| Fill { fee: Fee::new(amount("3")).unwrap(), ..sample::fill(Side::Sell, "110", quantity, 2) };
        let before = position("0.5");
        // 2 are held, 0.5 of them by the desk.
        let (after, _) = after_trade(&before, amount("2"), &sold("1.5"), &instrument).unwrap();
        assert_eq!(after, before);
        let (after, effect) = after_trade(&before, amount("2"), &sold("1.6"), &instrument).unwrap();
        assert_eq!((after.quantity, after.cost, effect.cost_moved), (amount("0.4"), amount("40"), amount("10")));
        // 0.1 sold at 110 that cost 100, and a sixteenth of the fee.
        assert_eq!((after.realised, after.fees), (amount("1"), amount("0.1875")));
        let (after, effect) = after_trade(&before, amount("2"), &sold("2"), &instrument).unwrap();
        assert!(effect.closed && !after.is_open() && after.cost.is_zero());
        // More than the books know of: the position is gone, and no more than that.
        let (after, effect) = after_trade(&before, amount("0.5"), &sold("2"), &instrument).unwrap();
        assert!(effect.closed && after.quantity.is_zero());
    }

    #[test]
    fn a_sale_of_more_than_the_books_hold_is_early_and_a_purchase_never() {
        let (instrument, sold) = (sample::instrument(), sample::fill(Side::Sell, "110", "1.5", 2));
        let early = |held: &str, fill: &Fill| is_early(amount(held), fill, &instrument).unwrap();
        assert!(early("1.4", &sold) && !early("1.5", &sold));
        assert!(!early("0", &sample::fill(Side::Buy, "110", "1.5", 3)));
    }

    #[test]
    fn what_a_stop_sells_beyond_its_position_was_other_hands() {
        let instrument = sample::instrument();
        let sold = Fill { fee: Fee::new(amount("3")).unwrap(), ..sample::fill(Side::Sell, "110", "1.5", 2) };
        let before = position("0.5");
        let (after, effect) = after_ours(&before, amount("2"), &sold, &instrument).unwrap();
        assert!(effect.closed && after.quantity.is_zero() && after.cost.is_zero());
        // 0.5 sold at 110 that cost 100, and a third of the fee.
        assert_eq!((after.realised, after.fees, effect.cost_moved), (amount("5"), amount("1"), amount("50")));
        // Nothing is left of the position: it was all theirs.
        let (still, effect) = after_ours(&Position::FLAT, amount("2"), &sold, &instrument).unwrap();
        assert_eq!((still, effect.closed), (Position::FLAT, false));
        // More than the account holds is no fact but a contradiction.
        let refused = after_ours(&before, amount("1.4"), &sold, &instrument);
        assert!(matches!(refused, Err(PositionError::Oversold { .. })));
        // What the position covers is as it always was.
        let whole = position("1.5");
        assert_eq!(after_ours(&whole, amount("2"), &sold, &instrument), whole.after(&sold, &instrument));
    }

    #[test]
    fn what_is_withdrawn_takes_the_cost_with_it_and_realises_nothing() {
        let (before, instrument) = (position("0.5"), sample::instrument());
        let moved = |change| after_movement(&before, amount("2"), amount(change), &instrument, Timestamp::from_ms(9));
        assert_eq!(moved("-1.5").unwrap().0, before);
        assert_eq!(moved("3").unwrap().0, before);
        let (after, effect) = moved("-1.9").unwrap();
        assert_eq!((after.quantity, after.cost, after.realised), (amount("0.1"), amount("10"), Amount::ZERO));
        assert_eq!((effect.cost_moved, effect.closed), (amount("40"), false));
    }

    #[test]
    fn an_order_that_is_none_of_ours_is_as_large_as_its_trades() {
        let instrument = sample::instrument();
        let (one, two) = (sample::fill(Side::Sell, "100", "0.3", 1), sample::fill(Side::Sell, "90", "0.2", 2));
        let first = order(None, &one, &instrument, Timestamp::from_ms(5)).unwrap();
        let both = order(Some(first), &two, &instrument, Timestamp::from_ms(6)).unwrap();
        assert_eq!((both.intent.leg.clone(), both.state), (Leg::External, State::Filled));
        assert_eq!(both.intent.quantity.to_string(), "0.5");
        assert_eq!(both.filled.notional, amount("48"));
        assert!(both.open_quantity().unwrap().is_zero());
    }

    proptest! {
        #[test]
        fn the_position_never_takes_more_than_it_holds_nor_than_leaves(held in 0_u32..100, position_is in 0_u32..100, leaving in 0_u32..200) {
            let position = Position { quantity: Amount::whole(position_is), ..Position::FLAT };
            let part = of_position(Amount::whole(held), &position, Amount::whole(leaving)).unwrap();
            prop_assert!(!part.is_negative() && part <= position.quantity && part <= Amount::whole(leaving));
            // What is left of it is covered by what is left in the account, if it was before.
            if held >= position_is && leaving <= held {
                let left = position.quantity.minus(part).unwrap();
                prop_assert!(left <= Amount::whole(held - leaving));
            }
        }
    }
}
