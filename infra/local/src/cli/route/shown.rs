//! What of a plan is printed: a table for people, or one object.

use super::{Found, Unfilled, Wish};
use crate::cli::print::{say, table};
use desk::money::Quantity;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use venue::route::{Offer, Plan, Slice};

/// What is printed.
pub(super) struct Shown<'a> {
    pub(super) wish: &'a Wish,
    pub(super) quantity: Quantity,
    pub(super) plan: &'a Plan,
    pub(super) found: &'a [Found],
    pub(super) left_out: &'a [(String, String)],
    /// Why something is left unfilled.
    pub(super) why: &'a Unfilled,
}

pub(super) fn text(amount: Decimal) -> String {
    amount.normalize().to_string()
}

const NOTHING_PLACED: &str = "nothing was placed: this is a plan, and books move";

impl Shown<'_> {
    fn terms(&self, slice: &Slice) -> Option<&Found> {
        self.found.iter().find(|one| one.offer.venue == slice.venue)
    }

    /// What a unit of base costs or brings, after fees, to eight decimals.
    fn average(&self) -> Option<Decimal> {
        self.plan.net.checked_div(self.plan.filled).map(|average| average.round_dp(8))
    }

    pub(super) fn json(&self) -> Value {
        let leg = |slice: &Slice| {
            let terms = self.terms(slice);
            let offer = terms.map(|one| &one.offer);
            json!({
                "venue": slice.venue, "quantity": slice.quantity, "limit": slice.limit,
                "notional": text(slice.notional), "net": text(slice.net), "fee": text((slice.net - slice.notional).abs()),
                "fee_rate": offer.map(|offer| text(offer.fee)), "fee_from": terms.map(|one| one.fee_from),
                "min_quantity": offer.map(|offer| offer.min_quantity),
                "min_notional": offer.map(|offer| text(offer.min_notional)),
            })
        };
        let out = |(venue, why): &(String, String)| json!({ "venue": venue, "why": why });
        json!({
            "placed": false, "symbol": self.wish.symbol, "side": self.wish.side, "quantity": self.quantity,
            "legs": self.plan.slices.iter().map(leg).collect::<Vec<_>>(),
            "filled": text(self.plan.filled), "unfilled": text(self.plan.unfilled),
            "why_unfilled": (!self.plan.unfilled.is_zero()).then(|| self.why.to_string()), "net": text(self.plan.net),
            "average": self.average().map(text), "left_out": self.left_out.iter().map(out).collect::<Vec<_>>(),
        })
    }

    pub(super) fn print(&self) {
        let row = |slice: &Slice| {
            let terms = self.terms(slice).map_or_else(Vec::new, |one| {
                let Offer { fee, min_quantity, min_notional, .. } = &one.offer;
                vec![format!("{} ({})", text(*fee), one.fee_from), format!("{min_quantity}, {}", text(*min_notional))]
            });
            let leg = [slice.venue.clone(), slice.quantity.to_string(), slice.limit.to_string()];
            leg.into_iter().chain([text(slice.notional), text(slice.net)]).chain(terms).collect()
        };
        let rows: Vec<Vec<String>> = self.plan.slices.iter().map(row).collect();
        let Plan { filled, unfilled, net, .. } = self.plan;
        if !rows.is_empty() {
            table(&["venue", "quantity", "limit", "notional", "after the fee", "taker's fee", "smallest order"], &rows);
            let average = self.average().map_or_else(String::new, |average| format!(", {average} a unit"));
            say(&format!("together  {} for {} after fees{average}", text(*filled), text(*net)));
        }
        if !unfilled.is_zero() {
            say(&format!("unfilled  {}: {}", text(*unfilled), self.why));
        }
        for (venue, why) in self.left_out {
            say(&format!("left out  {venue}: {why}"));
        }
        say(NOTHING_PLACED);
    }
}
