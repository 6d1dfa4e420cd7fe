//! When an order fills, and at which price. Pure: an order, a bar and the terms go in, a match comes out.
//!
//! | order | phase | condition | price |
//! |---|---|---|---|
//! | market | a bar's open | always | the open, slipped |
//! | stop (sell) | a bar's range | its low reaches the trigger | the trigger or, if the bar opened below it, the open; slipped |
//! | triggered stop with a rest | a bar's open | always | the open, slipped |
//!
//! Slipped means moved against the trader by the terms' slippage and put onto the tick, buys up and sells down. With a
//! participation limit a match takes at most that share of the bar's volume, in whole lots; the rest waits.

use super::rows::PaperOrder;
use desk::instrument::Instrument;
use desk::market::Candle;
use desk::money::{Bps, MoneyError, Price, Quantity, Rounding, exact};
use desk::order::{OrderKind, Side};
use serde::{Deserialize, Serialize};

/// A bar's two moments at which orders can fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The first trade of the bar.
    Open,
    /// Everything between its high and its low.
    Range,
}

/// On what terms the venue trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// The fee of every fill, on its notional, in quote.
    pub fee: Bps,
    /// How far fills are moved against the trader.
    pub slippage: Bps,
    /// The share of a bar's volume that one order may take; `None` for all it wants.
    pub participation: Option<Bps>,
}

/// A fill about to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// At which price.
    pub price: Price,
    /// How much.
    pub quantity: Quantity,
}

/// What `bar` does to `order` in one phase; `None` if nothing.
///
/// # Errors
/// [`MoneyError`] if the price can't be put onto the tick.
pub fn matched(
    order: &PaperOrder,
    bar: &Candle,
    phase: Phase,
    instrument: &Instrument,
    terms: &Terms,
) -> Result<Option<Match>, MoneyError> {
    // An order accepted after the bar had begun can't have met its prices.
    if order.accepted_at > bar.open_time {
        return Ok(None);
    }
    let raw = match (phase, order.kind) {
        (Phase::Open, OrderKind::Market) => bar.open,
        (Phase::Open, OrderKind::StopMarket { .. }) if order.triggered => bar.open,
        (Phase::Range, OrderKind::StopMarket { trigger }) if !order.triggered && bar.low <= trigger => {
            trigger.min(bar.open)
        }
        (Phase::Open | Phase::Range, OrderKind::Market | OrderKind::StopMarket { .. }) => return Ok(None),
    };
    let price = match order.side {
        Side::Buy => raw.raised(terms.slippage, instrument.tick, Rounding::Ceil)?,
        // A price of nothing is no price: the lowest there is, is one tick.
        Side::Sell => match raw.lowered(terms.slippage, instrument.tick, Rounding::Floor) {
            Err(MoneyError::Range { .. }) => instrument.tick,
            lowered => lowered?,
        },
    };
    let open = order.quantity.minus(order.filled)?;
    let quantity = match terms.participation {
        None => open,
        Some(share) => open.min(available(bar.volume, share, instrument.lot)?),
    };
    Ok((!quantity.is_zero()).then_some(Match { price, quantity }))
}

/// Whether the bar's range triggers a stop, even if nothing of it can be filled in this bar.
#[must_use]
pub fn triggers(order: &PaperOrder, bar: &Candle, phase: Phase) -> bool {
    match (phase, order.kind) {
        (Phase::Range, OrderKind::StopMarket { trigger }) => order.accepted_at <= bar.open_time && bar.low <= trigger,
        (Phase::Open | Phase::Range, OrderKind::Market) | (Phase::Open, OrderKind::StopMarket { .. }) => false,
    }
}

/// The share of a volume that may be taken, in whole lots.
fn available(volume: Quantity, share: Bps, lot: Quantity) -> Result<Quantity, MoneyError> {
    let part = exact::mul(volume.value(), share.fraction()?)?;
    Quantity::new(exact::onto(part, lot.value(), Rounding::Floor)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use desk::fake::sample;
    use desk::id::VenueOrderId;
    use desk::port::VenueStatus;
    use desk::time::Timestamp;

    fn order(side: Side, kind: OrderKind) -> PaperOrder {
        PaperOrder {
            order: sample::entry("1").id,
            venue_order: VenueOrderId::new("P1").unwrap(),
            symbol: sample::instrument().symbol,
            side,
            kind,
            quantity: "2".parse().unwrap(),
            filled: Quantity::ZERO,
            status: VenueStatus::Open.into(),
            triggered: false,
            accepted_at: Timestamp::from_ms(1000),
            seq: 1,
            last_match: None,
        }
    }

    fn bar(at: i64, open: &str, low: &str) -> Candle {
        let (open, low) = (open.parse().unwrap(), low.parse().unwrap());
        let volume = "10".parse().unwrap();
        Candle { open_time: Timestamp::from_ms(at), open, high: open, low, close: open, volume }
    }

    fn terms(slippage: &str, participation: Option<&str>) -> Terms {
        let parse = |t: &str| t.parse().unwrap();
        Terms { fee: parse("10"), slippage: parse(slippage), participation: participation.map(parse) }
    }

    fn price(order: &PaperOrder, bar: &Candle, phase: Phase, slippage: &str) -> Option<String> {
        let found = matched(order, bar, phase, &sample::instrument(), &terms(slippage, None)).unwrap();
        found.map(|m| m.price.to_string())
    }

    fn stop(trigger: &str) -> PaperOrder {
        order(Side::Sell, OrderKind::StopMarket { trigger: trigger.parse().unwrap() })
    }

    #[test]
    fn a_stop_fills_at_its_trigger_when_the_low_touches_it() {
        assert_eq!(price(&stop("98"), &bar(1000, "100", "98"), Phase::Range, "0").as_deref(), Some("98"));
        assert_eq!(price(&stop("98"), &bar(1000, "100", "98.01"), Phase::Range, "0"), None);
    }

    #[test]
    fn a_stop_fills_at_the_open_when_the_bar_gaps_through_it() {
        assert_eq!(price(&stop("98"), &bar(1000, "95", "94"), Phase::Range, "0").as_deref(), Some("95"));
        assert_eq!(price(&stop("98"), &bar(1000, "95", "94"), Phase::Open, "0"), None);
    }

    #[test]
    fn a_market_order_fills_at_the_open_and_slips_against_the_trader() {
        let next = bar(1000, "100.01", "90");
        assert_eq!(price(&order(Side::Buy, OrderKind::Market), &next, Phase::Open, "7").as_deref(), Some("100.09"));
        assert_eq!(price(&order(Side::Sell, OrderKind::Market), &next, Phase::Open, "7").as_deref(), Some("99.93"));
        assert_eq!(price(&order(Side::Buy, OrderKind::Market), &next, Phase::Range, "7"), None);
    }

    #[test]
    fn a_sale_that_would_slip_to_nothing_fills_at_one_tick() {
        let sale = order(Side::Sell, OrderKind::Market);
        assert_eq!(price(&sale, &bar(1000, "0.01", "0.01"), Phase::Open, "7").as_deref(), Some("0.01"));
    }

    #[test]
    fn an_order_does_not_meet_a_bar_that_had_begun_before_it() {
        assert_eq!(price(&order(Side::Buy, OrderKind::Market), &bar(999, "100", "90"), Phase::Open, "0"), None);
        assert_eq!(price(&stop("98"), &bar(999, "100", "90"), Phase::Range, "0"), None);
    }

    #[test]
    fn a_participation_limit_takes_its_share_of_the_volume_in_whole_lots() {
        let buy = order(Side::Buy, OrderKind::Market);
        let found =
            matched(&buy, &bar(1000, "100", "90"), Phase::Open, &sample::instrument(), &terms("0", Some("1234.5678")));
        assert_eq!(found.unwrap().unwrap().quantity.to_string(), "1.23456");
        let nothing =
            matched(&buy, &bar(1000, "100", "90"), Phase::Open, &sample::instrument(), &terms("0", Some("0.001")));
        assert_eq!(nothing.unwrap(), None);
    }
}
