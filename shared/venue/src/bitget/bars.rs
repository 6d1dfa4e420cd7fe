//! Bars.
//!
//! `candles` has what is recent; a question about a stretch of time goes to `history-candles`, which has all of it and
//! returns the rows before `endTime`. Days and weeks are those of UTC.

use super::super::protocol::call::{BarPrice, BarQuery, Range, Scope};
use super::super::protocol::fault::{CallError, ReadFault};
use super::super::protocol::http::{Reply, Unsigned};
use super::super::protocol::market::{Instrument, Product};
use super::super::protocol::model::Bar;
use super::super::protocol::wire::{self, Text};
use super::super::protocol::{Ask, Built};
use super::line::{Line, System, need_contract, unsupported};
use super::raw::{Fields, public, rows};
use desk::time::Interval;

/// The most rows of one answer with recent bars, and of one with older ones.
const RECENT_MAX: u32 = 1000;
const HISTORY_MAX: u32 = 200;
const UNIFIED_HISTORY_MAX: u32 = 100;
/// How many rows are asked for when nobody says how many.
const HISTORY_USUAL: u32 = 100;
/// The longest stretch of one question about contracts.
const CONTRACT_SPAN_MS: i64 = 90 * 86_400_000;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Bar lengths by system: milliseconds, classic spot, classic contracts, unified.
const LENGTHS: [(i64, &str, &str, &str); 13] = [
    (MINUTE, "1min", "1m", "1m"),
    (3 * MINUTE, "3min", "3m", "3m"),
    (5 * MINUTE, "5min", "5m", "5m"),
    (15 * MINUTE, "15min", "15m", "15m"),
    (30 * MINUTE, "30min", "30m", "30m"),
    (HOUR, "1h", "1H", "1H"),
    (2 * HOUR, "", "2H", ""),
    (4 * HOUR, "4h", "4H", "4H"),
    (6 * HOUR, "6Hutc", "6Hutc", "6H"),
    (12 * HOUR, "12Hutc", "12Hutc", "12H"),
    (DAY, "1Dutc", "1Dutc", "1D"),
    (3 * DAY, "3Dutc", "3Dutc", ""),
    (7 * DAY, "1Wutc", "1Wutc", ""),
];

/// What the venue calls a bar length.
pub(super) fn length(interval: Interval, system: System) -> Result<&'static str, CallError> {
    let found = LENGTHS.iter().find(|(ms, ..)| *ms == interval.ms()).map(|(_, spot, mix, unified)| match system {
        System::Spot | System::Margin(_) => *spot,
        System::Mix => *mix,
        System::Unified => *unified,
    });
    found.filter(|name| !name.is_empty()).ok_or_else(|| unsupported(&format!("bars of {interval}")))
}

/// The bar length of what the venue calls `name` in its streams.
pub(super) fn named(name: &str) -> Option<Interval> {
    let found = LENGTHS.iter().find(|(_, _, mix, unified)| !name.is_empty() && (*mix == name || *unified == name));
    found.and_then(|(ms, ..)| Interval::from_ms(*ms).ok())
}

/// The stretch to ask for: with an end the last bars before it, but none before the beginning; else the first ones.
fn stretch(range: &Range, interval: Interval, limit: u32, longest_ms: Option<i64>) -> Fields {
    let wide = interval.ms().saturating_mul(i64::from(limit)).min(longest_ms.unwrap_or(i64::MAX));
    let (from, to) = match (range.since, range.until) {
        (since, Some(until)) => {
            let earliest = until.plus_ms(-wide);
            (since.map_or(earliest, |since| since.max(earliest)), until)
        }
        (Some(since), None) => (since, since.plus_ms(wide)),
        (None, None) => return Fields::new(),
    };
    Fields::new().with("startTime", from.ms().to_string()).with("endTime", to.ms().to_string())
}

/// How many rows to ask for.
fn rows_wanted(range: &Range, interval: Interval, line: Line, history: bool) -> u32 {
    if !history {
        return range.limit.unwrap_or(RECENT_MAX).clamp(1, RECENT_MAX);
    }
    let most = if line.is_unified() { UNIFIED_HISTORY_MAX } else { HISTORY_MAX };
    let Some(limit) = range.limit else { return HISTORY_USUAL };
    let span = u32::try_from(CONTRACT_SPAN_MS / interval.ms()).unwrap_or(u32::MAX).max(1);
    let limit = limit.clamp(1, most);
    if line.product.is_contract() { limit.min(span) } else { limit }
}

fn request(market: &Instrument, query: &BarQuery, scope: &Scope, line: Line) -> Result<Unsigned, CallError> {
    let history = query.range.since.is_some() || query.range.until.is_some();
    let limit = rows_wanted(&query.range, query.interval, line, history);
    let longest_ms = line.product.is_contract().then_some(CONTRACT_SPAN_MS);
    let length = length(query.interval, line.system)?;
    let fields = stretch(&query.range, query.interval, limit, longest_ms)
        .with("symbol", market.symbol.as_str())
        .with("limit", limit.to_string());
    if query.price != BarPrice::Trade {
        need_contract(line, "mark, index and premium bars")?;
    }
    let all = |fields: Fields| fields.extra(&scope.extra, &[]);
    if line.is_unified() {
        let kind = match query.price {
            BarPrice::Trade => None,
            BarPrice::Mark => Some("MARK"),
            BarPrice::Index => Some("INDEX"),
            BarPrice::Premium => Some("PREMIUM"),
        };
        let path = if history { "/api/v3/market/history-candles" } else { "/api/v3/market/candles" };
        let category = if line.category == "MARGIN" { "SPOT" } else { line.category };
        return Ok(public(path, all(fields.with("interval", length).with("category", category).maybe("type", kind))));
    }
    let fields = fields.with("granularity", length);
    if !line.product.is_contract() {
        let path = if history { "/api/v2/spot/market/history-candles" } else { "/api/v2/spot/market/candles" };
        return Ok(public(path, all(fields)));
    }
    let fields = fields.with("productType", line.category);
    let (path, kind) = match (query.price, history) {
        (BarPrice::Trade, false) => ("/api/v2/mix/market/candles", None),
        (BarPrice::Trade, true) => ("/api/v2/mix/market/history-candles", None),
        (BarPrice::Mark, false) => ("/api/v2/mix/market/candles", Some("mark")),
        (BarPrice::Mark, true) => ("/api/v2/mix/market/history-mark-candles", None),
        (BarPrice::Index, false) => ("/api/v2/mix/market/candles", Some("index")),
        (BarPrice::Index, true) => ("/api/v2/mix/market/history-index-candles", None),
        (BarPrice::Premium, _) => return Err(unsupported("premium bars in the classic account")),
    };
    Ok(public(path, all(fields.maybe("kLineType", kind))))
}

/// A row of a candle list: time, open, high, low, close, base volume, quote volume.
pub(super) fn bar(row: &[Text], interval: Interval) -> Result<Bar, String> {
    let [at, open, high, low, close, volume, ..] = row else {
        return Err(format!("a bar has {} parts", row.len()));
    };
    let price = |text: &Text| wire::decimal(&text.0).and_then(wire::price);
    let open_time = wire::millis(wire::decimal(&at.0)?)?;
    if open_time.ms() % MINUTE != 0 {
        return Err(format!("a bar of {interval} that begins at {open_time}"));
    }
    let volume = wire::decimal(&volume.0).and_then(wire::quantity)?;
    Bar { open_time, open: price(open)?, high: price(high)?, low: price(low)?, close: price(close)?, volume }.believed()
}

fn read(reply: &Reply, interval: Interval) -> Result<Vec<Bar>, ReadFault> {
    let raw: Vec<Vec<Text>> = rows(reply, &[])?;
    let one = |row: &Vec<Text>| bar(row, interval).map_err(|e| ReadFault::parse(reply, e));
    let mut bars = raw.iter().map(one).collect::<Result<Vec<_>, _>>()?;
    bars.sort_by_key(|bar| bar.open_time);
    if bars.windows(2).any(|two| matches!(two, [a, b] if a.open_time == b.open_time)) {
        return Err(ReadFault::parse(reply, "two bars of one time"));
    }
    Ok(bars)
}

/// Bars, oldest first.
pub(super) fn bars(market: &Instrument, query: &BarQuery, scope: &Scope) -> Built<Vec<Bar>> {
    let line = Line::asked(Some(market), scope, Product::Spot)?;
    let interval = query.interval;
    Ok(Ask::new(request(market, query, scope, line)?, move |reply, _| read(reply, interval)))
}
