//! Smart order routing (EXC-22): one wish, several venues, the best net price. Pure.
//!
//! 1. Levels of all books stand in one line, by what a unit of base costs or brings after the taker's fee.
//! 2. Each venue gives whole lots, no more than what its balance pays for, and either at least its smallest order or
//!    nothing at all.
//! 3. Because of "nothing at all", the best plan may leave a venue out that has the best price. With `n` venues all
//!    2ⁿ choices of venues are tried (at most [`VENUES_MAX`]); for each the line is walked from the best level on. The
//!    plan that fills most wins; of those, the one with the best net amount; of those, the one with fewest orders.
//!
//! [`left_out`] says why a venue has no order in a plan.
//!
//! What it does not do: it does not move money between venues, and it does not know how long a book is good for. The
//! limit of each order is its worst level: what has gone meanwhile stays unfilled instead of being bought at any price.

pub mod left_out;

use crate::protocol::model::Side;
use desk::money::exact::{self, Rounding};
use desk::money::{MoneyError, Price, Quantity};
use rust_decimal::Decimal;
use thiserror::Error;

/// How many venues a plan may choose from.
pub const VENUES_MAX: usize = 10;

/// One venue's offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The venue, or account at it.
    pub venue: String,
    /// The levels of the side we would take, best first: asks for a buy, bids for a sale.
    pub levels: Vec<(Price, Quantity)>,
    /// The taker's fee, as a fraction of the notional; negative for a rebate, less than one.
    pub fee: Decimal,
    /// The step of quantities, greater than zero.
    pub lot: Quantity,
    /// The smallest order, in base units.
    pub min_quantity: Quantity,
    /// The smallest order, in quote units.
    pub min_notional: Decimal,
    /// The largest order, in base units.
    pub max_quantity: Quantity,
    /// What may be spent: quote units for a buy (fee included), base units for a sale.
    pub available: Decimal,
}

impl Offer {
    /// The same, with so much money that only the book bounds it: for whoever does not know what an account holds.
    ///
    /// # Errors
    /// [`MoneyError`] if the book's worth can't be held.
    pub fn unbound(mut self, side: Side) -> Result<Self, MoneyError> {
        self.available = Decimal::ZERO;
        for (price, quantity) in &self.levels {
            let more = match side {
                Side::Sell => quantity.value(),
                // A fee is less than the notional itself.
                Side::Buy => exact::mul(exact::mul(price.value(), quantity.value())?, Decimal::TWO)?,
            };
            self.available = exact::add(self.available, more)?;
        }
        Ok(self)
    }
}

/// One order of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// Where.
    pub venue: String,
    /// How much, in base units, whole lots.
    pub quantity: Quantity,
    /// The worst level it takes.
    pub limit: Price,
    /// Price times quantity over the levels it takes, in quote units.
    pub notional: Decimal,
    /// The notional and the fee for a buy, the notional less the fee for a sale.
    pub net: Decimal,
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The orders, in the order in which the offers were given.
    pub slices: Vec<Slice>,
    /// How much they fill, in base units.
    pub filled: Decimal,
    /// What no venue gives under its terms, in base units.
    pub unfilled: Decimal,
    /// What they cost or bring, after fees, in quote units.
    pub net: Decimal,
}

/// A plan can't be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RouteError {
    /// Too many venues to try all choices.
    #[error("{0} venues are too many to choose from; at most {VENUES_MAX} are compared")]
    TooMany(usize),
    /// An offer makes no sense.
    #[error("the offer of {venue} makes no sense: {why}")]
    Offer {
        /// Whose.
        venue: String,
        /// Why.
        why: &'static str,
    },
    /// A number can't be held exactly.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// The best plan for `quantity`, in base units.
///
/// # Errors
/// [`RouteError`]; no plan is better than a wrong one.
pub fn route(side: Side, quantity: Quantity, offers: &[Offer]) -> Result<Plan, RouteError> {
    if offers.len() > VENUES_MAX {
        return Err(RouteError::TooMany(offers.len()));
    }
    offers.iter().try_for_each(|offer| check(side, offer))?;
    let mut best = Plan { unfilled: quantity.value(), ..Plan::default() };
    for chosen in 1_u32..1 << offers.len() {
        if let Some(plan) = walk(side, quantity, offers, chosen)?.filter(|plan| is_better(side, plan, &best)) {
            best = plan;
        }
    }
    Ok(best)
}

fn check(side: Side, offer: &Offer) -> Result<(), RouteError> {
    let fault = |why| Err(RouteError::Offer { venue: offer.venue.clone(), why });
    if offer.lot.is_zero() {
        return fault("its lot is zero");
    }
    if offer.fee >= Decimal::ONE || offer.fee <= -Decimal::ONE {
        return fault("its fee is not a fraction");
    }
    let sorted = offer.levels.windows(2).all(|pair| match (pair, side) {
        ([(a, _), (b, _)], Side::Buy) => a < b,
        ([(a, _), (b, _)], Side::Sell) => a > b,
        _ => true,
    });
    if sorted { Ok(()) } else { fault("its levels are not ordered from the best on") }
}

fn is_better(side: Side, plan: &Plan, than: &Plan) -> bool {
    let net = match side {
        Side::Buy => than.net.cmp(&plan.net),
        Side::Sell => plan.net.cmp(&than.net),
    };
    let order = plan.filled.cmp(&than.filled).then(net).then(than.slices.len().cmp(&plan.slices.len()));
    order.is_gt()
}

/// What one venue has given so far.
#[derive(Debug, Clone, Copy, Default)]
struct Taken {
    quantity: Decimal,
    notional: Decimal,
    limit: Option<Price>,
}

/// What a unit costs (buy) or brings (sale) after the fee.
fn net_price(side: Side, price: Price, fee: Decimal) -> Result<Decimal, MoneyError> {
    let factor = match side {
        Side::Buy => exact::add(Decimal::ONE, fee)?,
        Side::Sell => exact::add(Decimal::ONE, -fee)?,
    };
    exact::mul(price.value(), factor)
}

/// Walks the line of levels of the chosen venues. `None` if one of them would have to give less than it may.
fn walk(side: Side, quantity: Quantity, offers: &[Offer], chosen: u32) -> Result<Option<Plan>, RouteError> {
    let is_chosen = |at: usize| chosen & (1 << at) != 0;
    let mut line = Vec::new();
    for (at, offer) in offers.iter().enumerate().filter(|(at, _)| is_chosen(*at)) {
        for (price, size) in &offer.levels {
            line.push((net_price(side, *price, offer.fee)?, at, *price, *size));
        }
    }
    // Stable: of equal net prices the venue that was given first comes first, and each venue's levels keep their order.
    line.sort_by(|a, b| match side {
        Side::Buy => a.0.cmp(&b.0),
        Side::Sell => b.0.cmp(&a.0),
    });
    let mut taken = vec![Taken::default(); offers.len()];
    let mut left = quantity.value();
    for (net, at, price, size) in line {
        let (Some(offer), Some(taken)) = (offers.get(at), taken.get_mut(at)) else { continue };
        let most = affordable(side, offer, taken, net)?.min(left).min(size.value());
        let most = most.min(offer.max_quantity.value() - taken.quantity);
        // Whole lots of the venue's order, not of the level.
        let whole = exact::onto(taken.quantity + most, offer.lot.value(), Rounding::Floor)?;
        let more = whole - taken.quantity;
        if more <= Decimal::ZERO {
            continue;
        }
        taken.quantity = whole;
        taken.notional = exact::add(taken.notional, exact::mul(price.value(), more)?)?;
        taken.limit = Some(price);
        left -= more;
    }
    finish(side, offers, &taken, left, is_chosen)
}

/// How much more the balance pays for at a net price.
fn affordable(side: Side, offer: &Offer, taken: &Taken, net: Decimal) -> Result<Decimal, RouteError> {
    match side {
        Side::Sell => Ok(offer.available - taken.quantity),
        Side::Buy => {
            let spent = exact::mul(taken.notional, exact::add(Decimal::ONE, offer.fee)?)?;
            let lots = exact::floor_quotient((offer.available - spent).max(Decimal::ZERO), net, offer.lot.value())?;
            let lots = Decimal::try_from_i128_with_scale(lots, 0).map_err(|_| MoneyError::Overflow { what: "lots" })?;
            Ok(exact::mul(lots, offer.lot.value())?)
        }
    }
}

fn finish(
    side: Side,
    offers: &[Offer],
    taken: &[Taken],
    left: Decimal,
    is_chosen: impl Fn(usize) -> bool,
) -> Result<Option<Plan>, RouteError> {
    let mut plan = Plan { unfilled: left, ..Plan::default() };
    for (_, (offer, taken)) in offers.iter().zip(taken).enumerate().filter(|(at, _)| is_chosen(*at)) {
        let Some(limit) = taken.limit else { return Ok(None) };
        if taken.quantity < offer.min_quantity.value() || taken.notional < offer.min_notional {
            return Ok(None);
        }
        let fee = exact::mul(taken.notional, offer.fee)?;
        let net = match side {
            Side::Buy => exact::add(taken.notional, fee)?,
            Side::Sell => exact::add(taken.notional, -fee)?,
        };
        plan.filled = exact::add(plan.filled, taken.quantity)?;
        plan.net = exact::add(plan.net, net)?;
        let quantity = Quantity::new(taken.quantity)?;
        plan.slices.push(Slice { venue: offer.venue.clone(), quantity, limit, notional: taken.notional, net });
    }
    Ok(Some(plan))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn offer(venue: &str, levels: &[(&str, &str)], fee: &str) -> Offer {
        Offer {
            venue: venue.to_owned(),
            levels: levels.iter().map(|(p, q)| (p.parse().unwrap(), q.parse().unwrap())).collect(),
            fee: decimal(fee),
            lot: "0.01".parse().unwrap(),
            min_quantity: "0.01".parse().unwrap(),
            min_notional: Decimal::ZERO,
            max_quantity: "1000".parse().unwrap(),
            available: decimal("1000000"),
        }
    }

    fn shown(plan: &Plan) -> Vec<(String, String, String)> {
        plan.slices.iter().map(|s| (s.venue.clone(), s.quantity.to_string(), s.limit.to_string())).collect()
    }

    fn slice(venue: &str, quantity: &str, limit: &str) -> (String, String, String) {
        (venue.into(), quantity.into(), limit.into())
    }

    #[test]
    fn the_better_price_after_fees_comes_first() {
        let cheap_fee = offer("a", &[("100.2", "5")], "0.001");
        let dear_fee = offer("b", &[("100", "5")], "0.006");
        let plan = route(Side::Buy, "6".parse().unwrap(), &[dear_fee.clone(), cheap_fee.clone()]).unwrap();
        assert_eq!(shown(&plan), [slice("b", "1", "100"), slice("a", "5", "100.2")]);
        assert_eq!((plan.filled, plan.unfilled), (decimal("6"), Decimal::ZERO));
        assert_eq!(plan.net, decimal("501") * decimal("1.001") + decimal("100") * decimal("1.006"));
        let sale = route(Side::Sell, "1".parse().unwrap(), &[dear_fee, cheap_fee]).unwrap();
        assert_eq!(shown(&sale), [slice("a", "1", "100.2")]);
    }

    #[test]
    fn a_venue_whose_share_would_be_too_small_is_left_out() {
        let mut best = offer("best", &[("99", "0.05")], "0");
        best.min_notional = decimal("10");
        let deep = offer("deep", &[("100", "5")], "0");
        let plan = route(Side::Buy, "2".parse().unwrap(), &[best.clone(), deep.clone()]).unwrap();
        assert_eq!(shown(&plan), [slice("deep", "2", "100")], "4.95 is less than the smallest order");
        best.min_notional = decimal("4.95");
        let plan = route(Side::Buy, "2".parse().unwrap(), &[best, deep]).unwrap();
        assert_eq!(shown(&plan), [slice("best", "0.05", "99"), slice("deep", "1.95", "100")]);
    }

    #[test]
    fn filling_more_comes_before_a_better_price() {
        // Taking the best level first leaves less than the second venue's smallest order; without it all is filled.
        let best = offer("best", &[("99", "1.9")], "0");
        let mut large = offer("large", &[("100", "5")], "0");
        large.min_quantity = "1".parse().unwrap();
        let plan = route(Side::Buy, "2".parse().unwrap(), &[best, large]).unwrap();
        assert_eq!(shown(&plan), [slice("large", "2", "100")]);
    }

    #[test]
    fn balances_and_lots_bound_each_order_and_the_rest_is_told() {
        let mut poor = offer("poor", &[("100", "5")], "0.01");
        poor.available = decimal("150");
        let plan = route(Side::Buy, "3".parse().unwrap(), &[poor.clone()]).unwrap();
        assert_eq!(shown(&plan), [slice("poor", "1.48", "100")]);
        assert!(plan.net <= decimal("150"));
        assert_eq!(plan.unfilled, decimal("1.52"));
        poor.available = decimal("0.5");
        let sale = route(Side::Sell, "3".parse().unwrap(), &[poor]).unwrap();
        assert_eq!((sale.filled, sale.unfilled), (decimal("0.5"), decimal("2.5")));
    }

    #[test]
    fn offers_that_make_no_sense_are_refused() {
        let unsorted = offer("u", &[("100", "1"), ("99", "1")], "0");
        assert!(matches!(route(Side::Buy, "1".parse().unwrap(), &[unsorted]), Err(RouteError::Offer { .. })));
        let free = offer("f", &[("100", "1")], "1");
        assert!(matches!(route(Side::Buy, "1".parse().unwrap(), &[free]), Err(RouteError::Offer { .. })));
        let many: Vec<Offer> = (0..11).map(|n| offer(&n.to_string(), &[("1", "1")], "0")).collect();
        assert_eq!(route(Side::Buy, "1".parse().unwrap(), &many), Err(RouteError::TooMany(11)));
        assert_eq!(route(Side::Buy, "1".parse().unwrap(), &[]).unwrap().unfilled, Decimal::ONE);
    }
}
