//! Names of streams.

use crate::engine::tape::Length;

/// What a stream tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Every trade.
    Trade,
    /// Trades by taker and price.
    Aggregate,
    /// Best prices.
    Best,
    /// Changes of the book; every 100 ms when true, every second otherwise.
    Depth(bool),
    /// The top of the book, so many levels; every 100 ms when true.
    Levels(usize, bool),
    /// Bars.
    Bars(Length),
    /// The day at a glance.
    Day,
    /// The day at a smaller glance.
    Mini,
}

/// A stream's market, in upper case, and what it tells.
#[must_use]
pub fn parse(name: &str) -> Option<(String, Kind)> {
    let (symbol, rest) = name.split_once('@')?;
    if symbol.is_empty() || symbol.bytes().any(|b| b.is_ascii_uppercase()) {
        return None;
    }
    let kind = match rest {
        "trade" => Kind::Trade,
        "aggTrade" => Kind::Aggregate,
        "bookTicker" => Kind::Best,
        "depth" | "depth@1000ms" => Kind::Depth(false),
        "depth@100ms" => Kind::Depth(true),
        "ticker" => Kind::Day,
        "miniTicker" => Kind::Mini,
        _ => match rest.strip_prefix("kline_") {
            Some(length) => Kind::Bars(Length::parse(length)?),
            None => levels(rest.strip_prefix("depth")?)?,
        },
    };
    Some((symbol.to_uppercase(), kind))
}

fn levels(rest: &str) -> Option<Kind> {
    let (count, fast) = match rest.split_once('@') {
        Some((count, "100ms")) => (count, true),
        Some((count, "1000ms")) => (count, false),
        Some(_) => return None,
        None => (rest, false),
    };
    let count = count.parse().ok().filter(|count| [5, 10, 20].contains(count))?;
    Some(Kind::Levels(count, fast))
}
