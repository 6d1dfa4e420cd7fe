//! Bars, of trades and of the prices behind a contract.
//!
//! A premium may be zero or negative, which no price of this project can be: such an answer is refused as a whole.

use super::ask::{ask, ranged, with_extra};
use super::raw_market::{RawBar, RawOptionBar};
use super::system::{System, public};
use crate::protocol::call::{BarPrice, BarQuery, Scope};
use crate::protocol::model::Bar;
use crate::protocol::wire::{self, MaybeNum, Num};
use crate::protocol::{Built, CallError, Instrument, Params, Product, Unsigned};
use desk::money::Quantity;
use desk::time::Interval;

/// How many bars the venue gives when it is not told.
const USUAL: u32 = 500;
/// The most it is asked for. Contracts would give 1500, at twice the price of 1000.
const MOST: u32 = 1000;

fn bar(at: Num, prices: [Num; 4], volume: MaybeNum) -> Result<Bar, String> {
    let [open, high, low, close] = prices;
    Bar {
        open_time: wire::millis(at.0)?,
        open: wire::price(open.0)?,
        high: wire::price(high.0)?,
        low: wire::price(low.0)?,
        close: wire::price(close.0)?,
        volume: volume.quantity()?.unwrap_or(Quantity::ZERO),
    }
    .believed()
}

/// Oldest first, and each once.
fn in_order(bars: Vec<Bar>) -> Result<Vec<Bar>, String> {
    match bars.windows(2).position(|pair| matches!(pair, [a, b] if a.open_time >= b.open_time)) {
        Some(at) => Err(format!("bar {} does not lie behind the one before", at + 1)),
        None => Ok(bars),
    }
}

/// The bar lengths the exchange knows.
const INTERVALS: [&str; 15] =
    ["1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w"];

/// The exchange's name of a bar length, if it has bars of it. Only spot has bars of a second.
fn name(interval: Interval, product: Product) -> Result<String, String> {
    let name = interval.to_string();
    let known = INTERVALS.contains(&name.as_str()) && (product == Product::Spot || name != "1s");
    if known { Ok(name) } else { Err(format!("the exchange has no {name} bars; it has {}", INTERVALS.join(", "))) }
}

fn path(system: System, price: BarPrice) -> Result<&'static str, CallError> {
    match (system, price) {
        (_, BarPrice::Trade) => Ok("/klines"),
        (System::Usdm | System::Coinm, BarPrice::Mark) => Ok("/markPriceKlines"),
        (System::Usdm | System::Coinm, BarPrice::Index) => Ok("/indexPriceKlines"),
        (System::Usdm | System::Coinm, BarPrice::Premium) => Ok("/premiumIndexKlines"),
        (_, BarPrice::Mark | BarPrice::Index | BarPrice::Premium) => {
            Err(CallError::Unsupported { venue: "binance", what: "bars of that price there".into() })
        }
    }
}

pub(super) fn bars(market: &Instrument, query: &BarQuery, scope: &Scope) -> Built<Vec<Bar>> {
    let system = public(market.product);
    let interval = name(query.interval, market.product).map_err(CallError::Invalid)?;
    let mut params = Params::new();
    if query.price == BarPrice::Index {
        // The index belongs to the pair, not to one of its contracts.
        params.push("pair", market.symbol.split('_').next().unwrap_or(&market.symbol));
    } else {
        params.push("symbol", &market.symbol);
    }
    params.push("interval", interval);
    let mut range = query.range;
    let inverse = market.product == Product::Inverse;
    if let (true, Some(since), None) = (inverse, range.since, range.until) {
        // Without an end the venue counts back from now, whatever the beginning.
        let bars = i64::from(range.limit.unwrap_or(USUAL).min(MOST));
        range.until = Some(since.plus_ms(bars.saturating_mul(query.interval.ms()).saturating_sub(1)));
    }
    range.limit = match (range.limit, query.range.since.and(query.range.until)) {
        (Some(limit), _) => Some(limit.min(MOST)),
        (None, Some(_)) => Some(MOST),
        (None, None) => Some(USUAL),
    };
    let params = with_extra(ranged(params, &range), &scope.extra, &[]);
    let request = Unsigned::public(system.origin(), system.path(path(system, query.price)?), params);
    let request = request.weighing(system.weight(2, 5, 5));
    if system == System::Options {
        return Ok(ask(request, system.family(), |raw: Vec<RawOptionBar>, _| {
            let row = |raw: &RawOptionBar| bar(raw.open_time, [raw.open, raw.high, raw.low, raw.close], raw.volume);
            in_order(raw.iter().map(row).collect::<Result<_, _>>()?)
        }));
    }
    Ok(ask(request, system.family(), move |raw: Vec<RawBar>, _| {
        // Inverse contracts count their volume in contracts, and in base units two fields later.
        let row = |raw: &RawBar| bar(raw.0, [raw.1, raw.2, raw.3, raw.4], if inverse { raw.7 } else { raw.5 });
        in_order(raw.iter().map(row).collect::<Result<_, _>>()?)
    }))
}
