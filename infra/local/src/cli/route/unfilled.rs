//! Why a plan leaves something unfilled: what was asked of whom decides, not the rest alone. Pure.

use desk::money::Quantity;
use rust_decimal::Decimal;
use venue::route::{Offer, Plan};

/// Why a plan leaves something unfilled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unfilled {
    /// Nobody who was asked has such a market.
    NoMarket,
    /// Nobody has offered anything: so many have no such market, so many could not be asked.
    Unasked { without: usize, failed: usize },
    /// It is less than the smallest step of quantity.
    Step(Quantity),
    /// It is less than the smallest order of each that was asked.
    Small,
    /// There is no more to be had.
    Spent,
}

impl Unfilled {
    pub(super) fn of(plan: &Plan, offers: &[Offer], asked: usize, without: usize) -> Self {
        let rest = plan.unfilled;
        let Some(step) = offers.iter().map(|offer| offer.lot).min() else {
            let failed = asked.saturating_sub(without);
            return if failed == 0 { Self::NoMarket } else { Self::Unasked { without, failed } };
        };
        let price = |offer: &Offer| offer.levels.first().map_or(Decimal::ZERO, |(price, _)| price.value());
        let small = |offer: &Offer| {
            let notional = rest.checked_mul(price(offer));
            rest < offer.min_quantity.value() || notional.is_some_and(|notional| notional < offer.min_notional)
        };
        if rest < step.value() {
            Self::Step(step)
        } else if plan.slices.is_empty() && offers.iter().filter(|offer| !offer.levels.is_empty()).all(small) {
            if offers.iter().all(|offer| offer.levels.is_empty()) { Self::Spent } else { Self::Small }
        } else {
            Self::Spent
        }
    }

    /// What to do about it.
    pub(super) const fn way_out(&self) -> &'static str {
        match self {
            Self::NoMarket => "write its unified name, like BTC/USDT, or ask others with --venues",
            Self::Unasked { .. } => "see above why not, and ask again",
            Self::Step(_) => "ask for whole steps",
            Self::Small => "ask for more",
            Self::Spent => "ask for less, or ask more exchanges",
        }
    }
}

impl std::fmt::Display for Unfilled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoMarket => f.write_str("no exchange that was asked has such a spot market"),
            Self::Unasked { without: 0, failed } => write!(f, "none of {failed} exchanges has told what it offers"),
            Self::Unasked { without, failed } => {
                write!(f, "{without} exchanges have no such market, and {failed} have not told what they offer")
            }
            Self::Step(step) => write!(f, "less than the smallest step of quantity, {step}, which nobody trades"),
            Self::Small => f.write_str("less than the smallest order of each exchange that was asked"),
            Self::Spent => f.write_str("the books, or the accounts, don't have more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use desk::money::Quantity;
    use venue::protocol::model::Side;
    use venue::route::route;

    fn offer(levels: &[(&str, &str)], lot: &str, min_quantity: &str) -> Offer {
        let offer = Offer {
            venue: "v".to_owned(),
            levels: levels.iter().map(|(price, held)| (price.parse().unwrap(), held.parse().unwrap())).collect(),
            fee: Decimal::ZERO,
            lot: lot.parse().unwrap(),
            min_quantity: min_quantity.parse().unwrap(),
            min_notional: Decimal::ZERO,
            max_quantity: "1000".parse().unwrap(),
            available: Decimal::ZERO,
        };
        offer.unbound(Side::Buy).unwrap()
    }

    fn why(quantity: &str, offers: &[Offer]) -> Unfilled {
        let quantity: Quantity = quantity.parse().unwrap();
        let plan = route(Side::Buy, quantity, offers).unwrap();
        assert!(!plan.unfilled.is_zero(), "{plan:?}");
        Unfilled::of(&plan, offers, offers.len(), 0)
    }

    #[test]
    fn a_rest_has_its_own_reason_whatever_the_books_have() {
        let deep = [offer(&[("100", "5")], "0.01", "0.5")];
        let step = "0.01".parse().unwrap();
        assert_eq!(why("1.005", &deep), Unfilled::Step(step));
        assert!(why("1.005", &deep).to_string().contains("the smallest step of quantity, 0.01"));
        assert_eq!(why("0.3", &deep), Unfilled::Small);
        assert_eq!(why("7", &deep), Unfilled::Spent);
        assert_eq!(why("7", &[offer(&[], "0.01", "0.5")]), Unfilled::Spent);
    }

    #[test]
    fn books_that_nobody_has_seen_are_not_blamed() {
        let nothing = Plan { unfilled: Decimal::ONE, ..Plan::default() };
        assert_eq!(Unfilled::of(&nothing, &[], 3, 3), Unfilled::NoMarket);
        let away = Unfilled::of(&nothing, &[], 2, 0);
        assert_eq!(away.to_string(), "none of 2 exchanges has told what it offers");
        let mixed = Unfilled::of(&nothing, &[], 3, 1).to_string();
        assert_eq!(mixed, "1 exchanges have no such market, and 2 have not told what they offer");
    }
}
