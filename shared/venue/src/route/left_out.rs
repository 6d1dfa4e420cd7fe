//! Why a venue has no order in a plan. Pure.

use super::{Offer, Plan, RouteError, net_price, route};
use crate::protocol::model::Side;
use desk::money::Quantity;
use rust_decimal::Decimal;
use std::fmt;

/// Why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Nobody offers anything there.
    Empty,
    /// What the account holds does not pay for the smallest order.
    Funds {
        /// What it holds: quote units for a buy, base units for a sale.
        available: Decimal,
    },
    /// What is wanted, or what its book has, is less than its smallest order.
    TooSmall {
        /// The smallest order, in base units.
        min_quantity: Quantity,
        /// The smallest order, in quote units.
        min_notional: Decimal,
    },
    /// Others give all of it at prices that are no worse.
    Dearer {
        /// Its best price after the fee.
        best: Decimal,
        /// The worst price after fees that the plan takes.
        worst: Decimal,
    },
    /// Its share beside the others' would be less than its smallest order.
    Share,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("its book has nothing on that side"),
            Self::Funds { available } => write!(f, "its account holds {available}, less than its smallest order takes"),
            Self::TooSmall { min_quantity, min_notional } => {
                write!(
                    f,
                    "its smallest order is {min_quantity} or {min_notional} in quote units, more than there is to do"
                )
            }
            Self::Dearer { best, worst } => {
                write!(f, "its best price after the fee is {best}; the plan's worst is {worst}")
            }
            Self::Share => f.write_str("its share beside the others would be less than its smallest order"),
        }
    }
}

/// Of each offer without an order in `plan`, why: in the order of the offers.
///
/// # Errors
/// [`RouteError`], as [`route`].
pub fn left_out(
    side: Side,
    quantity: Quantity,
    offers: &[Offer],
    plan: &Plan,
) -> Result<Vec<(String, Why)>, RouteError> {
    let unused = |offer: &&Offer| plan.slices.iter().all(|slice| slice.venue != offer.venue);
    let why = |offer: &Offer| Ok((offer.venue.clone(), reason(side, quantity, offer, offers, plan)?));
    offers.iter().filter(unused).map(why).collect()
}

fn reason(side: Side, quantity: Quantity, offer: &Offer, offers: &[Offer], plan: &Plan) -> Result<Why, RouteError> {
    let Some((price, _)) = offer.levels.first() else { return Ok(Why::Empty) };
    if route(side, quantity, std::slice::from_ref(offer))?.slices.is_empty() {
        let rich = offer.clone().unbound(side)?;
        let hopeless = route(side, quantity, &[rich])?.slices.is_empty();
        let Offer { available, min_quantity, min_notional, .. } = offer;
        return Ok(if hopeless {
            Why::TooSmall { min_quantity: *min_quantity, min_notional: *min_notional }
        } else {
            Why::Funds { available: *available }
        });
    }
    let best = net_price(side, *price, offer.fee)?;
    let mut worst: Option<Decimal> = None;
    for slice in &plan.slices {
        let fee = offers.iter().find(|other| other.venue == slice.venue).map_or(Decimal::ZERO, |other| other.fee);
        let net = net_price(side, slice.limit, fee)?;
        let farther = |known: Decimal| match side {
            Side::Buy => known.max(net),
            Side::Sell => known.min(net),
        };
        worst = Some(worst.map_or(net, farther));
    }
    let no_better = |worst: Decimal| match side {
        Side::Buy => best >= worst,
        Side::Sell => best <= worst,
    };
    Ok(match worst {
        Some(worst) if plan.unfilled.is_zero() && no_better(worst) => Why::Dearer { best, worst },
        Some(_) | None => Why::Share,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn offer(venue: &str, levels: &[(&str, &str)], available: &str) -> Offer {
        Offer {
            venue: venue.to_owned(),
            levels: levels.iter().map(|(p, q)| (p.parse().unwrap(), q.parse().unwrap())).collect(),
            fee: decimal("0.001"),
            lot: "0.01".parse().unwrap(),
            min_quantity: "0.01".parse().unwrap(),
            min_notional: decimal("10"),
            max_quantity: "1000".parse().unwrap(),
            available: decimal(available),
        }
    }

    #[test]
    fn each_venue_without_an_order_has_its_own_reason() {
        let offers = [
            offer("best", &[("100", "5")], "1000000"),
            offer("dear", &[("101", "5")], "1000000"),
            offer("empty", &[], "1000000"),
            offer("poor", &[("99", "5")], "9"),
            offer("thin", &[("98", "0.05")], "1000000"),
        ];
        let quantity = "2".parse().unwrap();
        let plan = route(Side::Buy, quantity, &offers).unwrap();
        assert_eq!(plan.slices.len(), 1);
        let why = left_out(Side::Buy, quantity, &offers, &plan).unwrap();
        let dear = Why::Dearer { best: decimal("101.101"), worst: decimal("100.1") };
        let thin = Why::TooSmall { min_quantity: "0.01".parse().unwrap(), min_notional: decimal("10") };
        let poor = Why::Funds { available: decimal("9") };
        let named = [("dear", dear), ("empty", Why::Empty), ("poor", poor), ("thin", thin)];
        assert_eq!(why, named.map(|(venue, why)| (venue.to_owned(), why)));
    }

    #[test]
    fn a_share_that_would_be_too_small_beside_the_others_is_told_as_such() {
        // Whoever takes the better level first leaves less than the other's smallest order.
        let best = offer("best", &[("99", "1.95")], "1000000");
        let large = Offer { min_notional: decimal("150"), ..offer("large", &[("100", "5")], "1000000") };
        let quantity = "2".parse().unwrap();
        let offers = [best, large];
        let plan = route(Side::Buy, quantity, &offers).unwrap();
        assert_eq!(plan.slices.iter().map(|slice| slice.venue.as_str()).collect::<Vec<_>>(), ["large"]);
        let why = left_out(Side::Buy, quantity, &offers, &plan).unwrap();
        assert_eq!(why, [("best".to_owned(), Why::Share)]);
    }

    #[test]
    fn an_unbound_offer_is_bounded_by_its_book_alone() {
        for side in [Side::Buy, Side::Sell] {
            let poor = offer("poor", &[("100", "5")], "0");
            let plan = route(side, "9".parse().unwrap(), &[poor.unbound(side).unwrap()]).unwrap();
            assert_eq!((plan.filled, plan.unfilled), (decimal("5"), decimal("4")));
        }
    }
}
