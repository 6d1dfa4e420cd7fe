//! Bars of trades, of the mark price and of the index.

use super::{VENUE, envelope, limits, underlying};
use crate::protocol::call::{BarPrice, BarQuery, Scope};
use crate::protocol::fields::Fields;
use crate::protocol::model::Bar;
use crate::protocol::wire::{self, Text, price, quantity};
use crate::protocol::{Ask, Built, CallError, Instrument, ReadFault};
use desk::money::Quantity;
use desk::time::{Interval, Timestamp};

/// How many bars when nobody says.
const LIMIT: u32 = 100;
/// How many bars of trades at most.
const LIMIT_MAX: u32 = 300;
/// How many bars of other prices at most.
const LIMIT_OTHER_MAX: u32 = 100;

/// The venue's words for lengths. From six hours on its bars open at midnight in Hong Kong, unless "utc" is said.
const LENGTHS: [(i64, &str); 16] = [
    (1_000, "1s"),
    (60_000, "1m"),
    (180_000, "3m"),
    (300_000, "5m"),
    (900_000, "15m"),
    (1_800_000, "30m"),
    (3_600_000, "1H"),
    (7_200_000, "2H"),
    (14_400_000, "4H"),
    (21_600_000, "6Hutc"),
    (43_200_000, "12Hutc"),
    (86_400_000, "1Dutc"),
    (172_800_000, "2Dutc"),
    (259_200_000, "3Dutc"),
    (432_000_000, "5Dutc"),
    (604_800_000, "1Wutc"),
];

/// The venue's word for a length.
pub(super) fn length(interval: Interval) -> Result<&'static str, CallError> {
    let known = LENGTHS.iter().find(|(ms, _)| *ms == interval.ms());
    known
        .map(|(_, word)| *word)
        .ok_or_else(|| CallError::Unsupported { venue: VENUE, what: format!("bars of {interval}") })
}

/// The length of a word of the venue's.
pub(super) fn interval(word: &str) -> Option<Interval> {
    let plain = word.trim_end_matches("utc");
    let (ms, _) = LENGTHS.iter().find(|(_, known)| known.trim_end_matches("utc") == plain)?;
    Interval::from_ms(*ms).ok()
}

/// Bars, oldest first. What lies back in time comes from the endpoint of history, which has closed bars only.
pub(super) fn bars(market: &Instrument, query: &BarQuery, scope: &Scope) -> Built<Vec<Bar>> {
    let range = query.range;
    let said = scope.extra.text("type");
    let back = range.since.is_some() || range.until.is_some() || said.as_deref() == Some("HistoryCandles");
    let (path, max) = match (query.price, back) {
        (BarPrice::Trade, false) => ("/api/v5/market/candles", LIMIT_MAX),
        (BarPrice::Trade, true) => ("/api/v5/market/history-candles", LIMIT_MAX),
        (BarPrice::Mark, false) => ("/api/v5/market/mark-price-candles", LIMIT_OTHER_MAX),
        (BarPrice::Mark, true) => ("/api/v5/market/history-mark-price-candles", LIMIT_OTHER_MAX),
        (BarPrice::Index, false) => ("/api/v5/market/index-candles", LIMIT_OTHER_MAX),
        (BarPrice::Index, true) => ("/api/v5/market/history-index-candles", LIMIT_OTHER_MAX),
        (BarPrice::Premium, _) => {
            return Err(CallError::Unsupported { venue: VENUE, what: "bars of the premium".into() });
        }
    };
    let symbol = match query.price {
        BarPrice::Index => underlying(market).unwrap_or_else(|| market.symbol.clone()),
        BarPrice::Trade | BarPrice::Mark | BarPrice::Premium => market.symbol.clone(),
    };
    let limit = range.limit.unwrap_or(LIMIT).clamp(1, max);
    // "before" and "after" are open ends, and name what is newer and older than them.
    let end = range.since.map(|since| since.plus_ms(query.interval.ms().saturating_mul(i64::from(limit))));
    let fields = Fields::new()
        .with("instId", symbol)
        .with("bar", length(query.interval)?)
        .with("limit", limit.to_string())
        .time("before", range.since.map(|since| Timestamp::from_ms((since.ms() - 1).max(0))))
        .time("after", range.until.or(end))
        .extra(&scope.extra, &["type"]);
    // Contracts are counted in contracts first, in base units behind.
    let volume = if market.product.is_contract() { 6 } else { 5 };
    let volume = (query.price == BarPrice::Trade).then_some(volume);
    let interval = query.interval;
    Ok(Ask::new(limits::public(path, fields), move |reply, _| {
        let rows: Vec<Vec<Text>> = envelope::rows(reply)?;
        let bars: Result<Vec<Bar>, String> = rows.iter().map(|row| bar(row, volume)).collect();
        let mut bars = bars.map_err(|e| ReadFault::parse(reply, e))?;
        bars.sort_by_key(|bar| bar.open_time);
        let near = |pair: &[Bar]| matches!(pair, [a, b] if b.open_time.ms_since(a.open_time) < interval.ms());
        if let Some(at) = bars.windows(2).position(near) {
            return Err(ReadFault::parse(reply, format!("bars {at} and {} overlap", at + 1)));
        }
        Ok(bars)
    }))
}

/// A row of a bar: time, open, high, low, close, and, of trades, volumes.
pub(super) fn bar(row: &[Text], volume: Option<usize>) -> Result<Bar, String> {
    let number = |at: usize| wire::decimal(&row.get(at).ok_or("a bar is too short")?.0);
    let bar = Bar {
        open_time: wire::millis(number(0)?)?,
        open: price(number(1)?)?,
        high: price(number(2)?)?,
        low: price(number(3)?)?,
        close: price(number(4)?)?,
        volume: volume.map_or(Ok(Quantity::ZERO), |at| quantity(number(at)?))?,
    };
    bar.believed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Markets, Product, Range, Reply};

    fn hour(since: Option<i64>) -> BarQuery {
        let interval = Interval::from_ms(3_600_000).unwrap();
        let since = since.map(Timestamp::from_ms);
        BarQuery { interval, range: Range { since, ..Range::default() }, price: BarPrice::Trade }
    }

    #[test]
    fn bars_from_an_instant_on_are_asked_with_open_ends() {
        let market = Instrument::named(Product::Spot, "BTC-USDT", "BTC", "USDT", None);
        let ask = bars(&market, &hour(Some(1_700_000_000_000)), &Scope::default()).unwrap();
        assert_eq!(ask.request.path, "/api/v5/market/history-candles");
        assert_eq!(ask.request.query.get("before"), Some("1699999999999"));
        assert_eq!(ask.request.query.get("after"), Some("1700360000000"));
    }

    #[test]
    fn bars_come_oldest_first_and_an_impossible_one_is_refused() {
        let market = Instrument::named(Product::Linear, "BTC-USDT-SWAP", "BTC", "USDT", Some("USDT"));
        let ask = bars(&market, &hour(None), &Scope::default()).unwrap();
        let reply = |high: &str| {
            Reply::new(
                200,
                format!(
                    r#"{{"code":"0","data":[["1700003600000","2","{high}","1","2","10","0.1","2","0"],["1700000000000","2","3","1","2","20","0.2","4","1"]]}}"#
                ),
            )
        };
        let read = ask.read(&reply("3"), &Markets::default()).unwrap();
        let volumes: Vec<String> = read.iter().map(|bar| bar.volume.value().to_string()).collect();
        assert_eq!(volumes, ["0.2", "0.1"], "in base units");
        assert!(ask.read(&reply("1"), &Markets::default()).is_err());
        let near = r#"{"code":"0","data":[["1700003600000","2","3","1","2","1","1"],["1700003600000","2","3","1","2","1","1"]]}"#;
        assert!(ask.read(&Reply::new(200, near), &Markets::default()).is_err(), "one of them twice");
    }
}
