//! How much one answer of a venue holds, as its adapter asks for it.

use crate::protocol::Product;

const DAY_MS: i64 = 86_400_000;

/// What one answer of a venue holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// So many bars.
    pub rows: u32,
    /// And no longer a stretch, in milliseconds.
    pub span_ms: Option<i64>,
    /// The venue tells only so many bars, counted back from now; all, when `None`.
    pub depth: Option<u32>,
}

/// What one answer holds at a venue, by the rows its adapter asks for at most.
#[must_use]
pub fn reach(venue: &str, product: Product) -> Reach {
    let reach = |rows| Reach { rows, span_ms: None, depth: None };
    match (venue, product) {
        ("binance", Product::Inverse) => Reach { span_ms: Some(200 * DAY_MS), ..reach(1000) },
        ("binance" | "bybit", _) => reach(1000),
        ("bitget", Product::Linear | Product::Inverse) => Reach { span_ms: Some(90 * DAY_MS), ..reach(200) },
        ("kraken", _) => Reach { depth: Some(720), ..reach(720) },
        ("krakenfutures", _) => reach(2000),
        ("kucoin", Product::Spot) => reach(1500),
        ("coinbase" | "okx", _) => reach(300),
        (_, _) => reach(200),
    }
}
