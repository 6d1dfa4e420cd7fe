//! Headroom: what is left of a limit.
//!
//! A store can test `headroom >= n` and subtract in one step, but not `reserved + n <= limit`; so what is stored is
//! the room left. At every moment, per limit:
//!
//! ```text
//! limit = headroom + what is reserved for working orders + what is held
//! ```
//!
//! A reservation goes down as its order fills, by the fill's share, and what is left is released with the terminal
//! transition. Taking and releasing happen in the same transaction as the change they belong to.

use crate::fill::Fill;
use crate::instrument::Instrument;
use crate::money::{Amount, MoneyError};
use crate::order::{Order, Side};
use crate::position::Effect;
use serde::{Deserialize, Serialize};

/// The room left for one account and one of its markets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Headroom {
    /// Cash not spent and not reserved, in quote units. Below zero after a fill that was worse than its buffer.
    pub cash: Amount,
    /// Positions that may still be opened, as an amount of whole ones.
    pub slots: Amount,
    /// What may still be bought in this market, in quote units.
    pub exposure: Amount,
}

/// What is held for one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reservation {
    /// In quote units.
    pub cash: Amount,
    /// In quote units.
    pub exposure: Amount,
    /// Whether it holds the right to open a position.
    pub slot: bool,
}

impl Reservation {
    /// Nothing.
    pub const NONE: Self = Self { cash: Amount::ZERO, exposure: Amount::ZERO, slot: false };
}

/// What flows back into the headroom (or out of it, where negative).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Release {
    /// Cash, in quote units.
    pub cash: Amount,
    /// Positions, as an amount of whole ones.
    pub slots: Amount,
    /// Exposure in the market, in quote units.
    pub exposure: Amount,
}

/// Moves the order's reservation on for one fill and returns what the headroom gets back. To be called before the
/// fill is added to the order; `last` when nothing more can be filled.
///
/// # Errors
/// [`MoneyError`] if an amount can't be held.
pub fn on_fill(
    order: &mut Order,
    fill: &Fill,
    instrument: &Instrument,
    effect: Effect,
    last: bool,
) -> Result<Release, MoneyError> {
    let notional = fill.notional()?.amount();
    let fee = fill.fee_paid_in_quote(instrument);
    let mut release = Release::default();
    match fill.side {
        Side::Buy => {
            let open = order.intent.quantity.minus(order.filled.quantity)?.amount()?;
            let part = fill.quantity.amount()?;
            let share = |held: Amount| if last || open.is_zero() { Ok(held) } else { held.share(part, open) };
            let (cash, exposure) = (share(order.reserved.cash)?, share(order.reserved.exposure)?);
            order.reserved.cash = order.reserved.cash.minus(cash)?;
            order.reserved.exposure = order.reserved.exposure.minus(exposure)?;
            release.cash = cash.minus(notional)?.minus(fee)?;
            release.exposure = exposure.minus(effect.cost_moved)?;
            if effect.opened && !std::mem::take(&mut order.reserved.slot) {
                release.slots = Amount::ONE.negated();
            }
        }
        Side::Sell => {
            release.cash = notional.minus(fee)?;
            release.exposure = effect.cost_moved;
            if effect.closed {
                release.slots = Amount::ONE;
            }
        }
    }
    Ok(release)
}

/// What a fill of an order that is none of ours changes: nothing was reserved for it, but its cash is spent or there, and what
/// it took out of a position is free again.
///
/// # Errors
/// [`MoneyError`] if an amount can't be held.
pub fn on_external(fill: &Fill, instrument: &Instrument, effect: Effect) -> Result<Release, MoneyError> {
    let (notional, fee) = (fill.notional()?.amount(), fill.fee_paid_in_quote(instrument));
    let cash = match fill.side {
        Side::Buy => notional.negated(),
        Side::Sell => notional,
    };
    let slots = if effect.closed { Amount::ONE } else { Amount::ZERO };
    Ok(Release { cash: cash.minus(fee)?, slots, exposure: effect.cost_moved })
}

/// Empties the order's reservation, for its terminal transition, and returns what the headroom gets back.
///
/// # Errors
/// [`MoneyError`] if an amount can't be held.
pub fn on_terminal(order: &mut Order) -> Result<Release, MoneyError> {
    let reserved = std::mem::replace(&mut order.reserved, Reservation::NONE);
    let slots = if reserved.slot { Amount::ONE } else { Amount::ZERO };
    Ok(Release { cash: reserved.cash, slots, exposure: reserved.exposure })
}

impl Release {
    /// Two releases as one.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] at 10²⁰ whole units.
    pub fn and(self, other: Self) -> Result<Self, MoneyError> {
        Ok(Self {
            cash: self.cash.plus(other.cash)?,
            slots: self.slots.plus(other.slots)?,
            exposure: self.exposure.plus(other.exposure)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::sample;
    use crate::position::Position;
    use crate::time::Timestamp;
    use proptest::prelude::*;

    proptest! {
        /// limit = headroom + reserved + held, whatever the prices and however the order is cut into fills.
        #[test]
        fn headroom_is_conserved_through_any_sequence_of_fills(cuts in prop::collection::vec((1_u32..50, 50_u32..150), 1..6), cancelled in any::<bool>()) {
            let ordered: u32 = cuts.iter().map(|(q, _)| q).sum::<u32>() + u32::from(cancelled);
            let reserved = Reservation { cash: Amount::whole(ordered * 101), exposure: Amount::whole(ordered * 100), slot: true };
            let mut order = Order::approved(sample::entry(&ordered.to_string()), reserved, Timestamp::from_ms(0));
            let (mut room, mut slots) = (Amount::ZERO, Amount::ZERO);
            let (mut position, instrument) = (Position::FLAT, sample::instrument());
            let count = cuts.len();
            for (i, (quantity, price)) in cuts.into_iter().enumerate() {
                let fill = sample::fill(Side::Buy, &price.to_string(), &quantity.to_string(), 1);
                let (next, effect) = position.after(&fill, &instrument).unwrap();
                let last = !cancelled && i + 1 == count;
                let release = on_fill(&mut order, &fill, &instrument, effect, last).unwrap();
                order.filled.quantity = order.filled.quantity.plus(fill.quantity).unwrap();
                position = next;
                room = room.plus(release.exposure).unwrap();
                slots = slots.plus(release.slots).unwrap();
                let held = position.cost.plus(order.reserved.exposure).unwrap();
                prop_assert_eq!(room.plus(held).unwrap(), reserved.exposure);
            }
            let release = on_terminal(&mut order).unwrap();
            room = room.plus(release.exposure).unwrap();
            prop_assert_eq!(room.plus(position.cost).unwrap(), reserved.exposure);
            prop_assert_eq!(slots.plus(release.slots).unwrap(), Amount::ZERO);
            let sale = sample::fill(Side::Sell, "77", &position.quantity.to_string(), 2);
            let (_, effect) = position.after(&sale, &instrument).unwrap();
            let release = on_fill(&mut order, &sale, &instrument, effect, true).unwrap();
            prop_assert_eq!(room.plus(release.exposure).unwrap(), reserved.exposure);
            prop_assert_eq!(release.slots, Amount::ONE);
        }
    }
}
