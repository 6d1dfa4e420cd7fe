//! Bars. The servers write their cells in different orders, and the unified market data alone has bars of the index and
//! the mark price.

use super::ask::{FUTURES, SPOT, contract, data_type, lacks, of_symbol, public, unified};
use super::raw::{self, bar_time, window};
use crate::protocol::call::BarPrice;
use crate::protocol::model::Bar;
use crate::protocol::wire::{self, Num};
use crate::protocol::{Ask, BarQuery, Built, CallError, Instrument, Params, Range, ReadFault, Reply, Scope};
use desk::time::{Interval, Timestamp};
use rust_decimal::Decimal;

/// A bar length in the venue's words.
pub(super) fn interval_text(interval: Interval) -> Result<&'static str, CallError> {
    const MINUTE: i64 = 60_000;
    Ok(match interval.ms() / MINUTE {
        1 => "1min",
        3 => "3min",
        5 => "5min",
        15 => "15min",
        30 => "30min",
        60 => "1hour",
        120 => "2hour",
        240 => "4hour",
        360 => "6hour",
        480 => "8hour",
        720 => "12hour",
        1440 => "1day",
        10_080 => "1week",
        _ => return Err(lacks(format!("bars of {interval}"))),
    })
}

/// The stretch of time bars are asked for. With a first instant and a number of bars and no last instant, that is where
/// so many bars end.
fn bar_range(asked: &BarQuery) -> (Option<i64>, Option<i64>) {
    let range = asked.range;
    let since = range.since.map(Timestamp::ms);
    let length = |bars: u32| asked.interval.ms().saturating_mul(i64::from(bars));
    match (since, range.until.map(Timestamp::ms), range.limit) {
        (Some(since), None, Some(bars)) => (Some(since), Some(since.saturating_add(length(bars)))),
        (None, Some(until), Some(bars)) => (Some(until.saturating_sub(length(bars))), Some(until)),
        (since, until, _) => (since, until),
    }
}

/// How the cells of a row stand behind the time: the futures server has its own order.
#[derive(Clone, Copy)]
enum Cells {
    OpenCloseHighLow,
    OpenHighLowClose,
}

fn bar(row: &[Num], cells: Cells) -> Result<Bar, String> {
    let [time, a, b, c, d, rest @ ..] = row else { return Err("a bar with too few cells".to_owned()) };
    let [open, high, low, close] = match cells {
        Cells::OpenCloseHighLow => [a, c, d, b],
        Cells::OpenHighLowClose => [a, b, c, d],
    };
    let bar = Bar {
        open_time: bar_time(time.0)?,
        open: wire::price(open.0)?,
        high: wire::price(high.0)?,
        low: wire::price(low.0)?,
        close: wire::price(close.0)?,
        volume: wire::quantity(rest.first().map_or(Decimal::ZERO, |volume| volume.0))?,
    };
    bar.believed()
}

/// Bars out of a page: the oldest first, each instant once.
fn bars_of(reply: &Reply, cells: Cells, range: Range) -> Result<Vec<Bar>, ReadFault> {
    let rows = raw::rows::<Vec<Num>>(reply)?.0;
    let all: Result<Vec<Bar>, String> =
        rows.iter().enumerate().map(|(at, row)| bar(row, cells).map_err(|e| format!("bar {at}: {e}"))).collect();
    let mut all = all.map_err(|e| ReadFault::parse(reply, e))?;
    all.sort_by_key(|bar| bar.open_time);
    if let Some(pair) = all.windows(2).find(|pair| matches!(pair, [a, b] if a.open_time == b.open_time)) {
        let at = pair.first().map_or_else(String::new, |bar| bar.open_time.to_string());
        return Err(ReadFault::parse(reply, format!("two bars at {at}")));
    }
    Ok(window(all, range, |bar| Some(bar.open_time)))
}

/// Bars.
pub(super) fn bars(market: &Instrument, asked: &BarQuery, scope: &Scope) -> Built<Vec<Bar>> {
    let (from, to) = bar_range(asked);
    let range = Range { until: None, ..asked.range };
    // Only the unified market data has bars of the index and the mark price.
    let suffix = match asked.price {
        BarPrice::Trade => "",
        BarPrice::Index => "-index-price",
        BarPrice::Mark => "-mark-price",
        // A premium may be negative, which no bar of prices can hold.
        BarPrice::Premium => return Err(lacks("bars of the premium")),
    };
    if asked.price != BarPrice::Trade {
        contract(market)?;
    }
    let seconds = |ms: Option<i64>| ms.map(|ms| ms.div_euclid(1000));
    if unified(scope) || !suffix.is_empty() {
        let ours = Params::new()
            .with("symbol", format!("{}{suffix}", market.symbol))
            .with("interval", interval_text(asked.interval)?)
            .with("tradeType", data_type(market.product))
            .maybe("startAt", seconds(from))
            .maybe("endAt", seconds(to));
        let request = public(SPOT, "/api/ua/v1/market/kline", &ours, scope, 3);
        return Ok(Ask::new(request, move |reply, _| bars_of(reply, Cells::OpenCloseHighLow, range)));
    }
    if market.product.is_contract() {
        let minutes = asked.interval.ms() / 60_000;
        if !matches!(minutes, 1 | 5 | 15 | 30 | 60 | 120 | 240 | 480 | 720 | 1440 | 10_080) {
            return Err(lacks(format!("bars of {}", asked.interval)));
        }
        let ours = of_symbol(market).with("granularity", minutes).maybe("from", from).maybe("to", to);
        let request = public(FUTURES, "/api/v1/kline/query", &ours, scope, 3);
        return Ok(Ask::new(request, move |reply, _| bars_of(reply, Cells::OpenHighLowClose, range)));
    }
    let ours = of_symbol(market).with("type", interval_text(asked.interval)?);
    let ours = ours.maybe("startAt", seconds(from)).maybe("endAt", seconds(to));
    let request = public(SPOT, "/api/v1/market/candles", &ours, scope, 3);
    Ok(Ask::new(request, move |reply, _| bars_of(reply, Cells::OpenCloseHighLow, range)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(data: &str) -> Reply {
        Reply::new(200, format!(r#"{{"code":"200000","data":{data}}}"#))
    }

    #[test]
    fn bars_of_both_servers_have_their_cells_in_their_own_order() {
        let spot = reply(r#"[["1566789720","4","3","5","2","29.1","3"],["1566789660","4","3","5","2","15.6","1"]]"#);
        let futures = reply("[[1566789720000,4,5,2,3,29.1]]");
        let spot = bars_of(&spot, Cells::OpenCloseHighLow, Range::default()).unwrap();
        let futures = bars_of(&futures, Cells::OpenHighLowClose, Range::default()).unwrap();
        assert_eq!(spot.last(), futures.first());
        assert_eq!(spot.first().unwrap().open_time.ms(), 1_566_789_660_000, "the oldest first");
    }

    #[test]
    fn a_batch_with_a_bar_that_can_not_be_is_refused() {
        for bad in [
            r#"[["1566789720","4","3","2","5","29.1","3"]]"#,
            r#"[["1566789720","4","3","5","2","1"],["1566789720","4","3","5","2","1"]]"#,
            r#"[["1566789720","NaN","3","5","2","1"]]"#,
            r#"[["1566789720","0","3","5","2","1"]]"#,
            r#"[["1566789720","4"]]"#,
        ] {
            assert!(bars_of(&reply(bad), Cells::OpenCloseHighLow, Range::default()).is_err(), "{bad}");
        }
    }
}
