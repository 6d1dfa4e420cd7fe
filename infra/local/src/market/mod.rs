//! Where bars come from when no venue is asked: a file ([`csv`], [`parquet`]) or the built-in simulation ([`sim`]).
//!
//! Both hand out [`Candle`]s that have passed the desk's own checks, so nothing behind this module looks at them
//! again. A faulty bar is refused with its place, never repaired, and a missing bar is left missing: the desk
//! counts it. What a bar *means* is none of this module's business.

pub mod csv;
pub mod parquet;
pub mod sim;

use desk::id::{Asset, BadId, Symbol};
use desk::instrument::{Instrument, InstrumentError};
use desk::market::Candle;
use desk::money::{MoneyError, Notional, Price, Quantity};
use desk::time::Interval;
use rust_decimal::Decimal;
use thiserror::Error;

/// One market's bars, loaded and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// The market, with the tick that every price is on.
    pub instrument: Instrument,
    /// The length of every bar.
    pub interval: Interval,
    /// The bars, in order of time, none overlapping; bars may be missing between them.
    pub candles: Vec<Candle>,
}

/// A name and its steps don't make a market.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MarketError {
    /// The symbol can't be split into two assets.
    #[error(
        "{symbol} can't be split into what is traded and what pays for it: {source}; name it like BTC-EUR or BTCUSDT"
    )]
    Assets {
        /// The market's name.
        symbol: Symbol,
        /// Which half is no asset.
        source: BadId,
    },
    /// Tick and lot don't fit together.
    #[error(transparent)]
    Steps(#[from] InstrumentError),
    /// A number of the market can't be held.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// The ends of a symbol that are known to be a quote asset, longest first so that `BTCFDUSD` isn't paid in `USD`.
const QUOTES: [&str; 15] =
    ["FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USD", "EUR", "GBP", "JPY", "TRY", "BRL", "BTC", "ETH", "BNB", "DAI"];

/// What pays for a symbol that doesn't say.
const QUOTE_UNSAID: &str = "USDT";

/// The largest order of a market that no venue has limited, in base units.
const MAX_QUANTITY: u64 = 1_000_000_000_000;

/// The market called `symbol`, with the assets its name tells and no limits but its steps.
///
/// # Errors
/// [`MarketError`] if the name has no two assets in it, or if tick and lot don't fit together.
pub fn instrument(symbol: &Symbol, tick: Price, lot: Quantity) -> Result<Instrument, MarketError> {
    let (base, quote) = split(symbol.as_str());
    let asset = |text: &str| Asset::new(text).map_err(|source| MarketError::Assets { symbol: symbol.clone(), source });
    let market = Instrument {
        symbol: symbol.clone(),
        base: asset(base)?,
        quote: asset(quote)?,
        tick,
        lot,
        min_quantity: lot,
        max_quantity: Quantity::new(Decimal::from(MAX_QUANTITY))?,
        min_notional: Notional::ZERO,
    };
    Ok(market.checked()?)
}

/// Base and quote: at the first dash or underscore, else before a known quote, else the whole for [`QUOTE_UNSAID`].
fn split(symbol: &str) -> (&str, &str) {
    let halves = symbol.split_once(['-', '_']);
    let known = || QUOTES.iter().find_map(|quote| symbol.strip_suffix(quote).map(|base| (base, *quote)));
    let whole = |(base, quote): &(&str, &str)| !base.is_empty() && !quote.is_empty();
    halves.filter(whole).or_else(|| known().filter(whole)).unwrap_or((symbol, QUOTE_UNSAID))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn market(symbol: &str, tick: &str) -> Result<Instrument, MarketError> {
        instrument(&Symbol::new(symbol).unwrap(), tick.parse().unwrap(), "0.00001".parse().unwrap())
    }

    #[test]
    fn a_symbol_is_split_at_its_separator_or_before_a_known_quote() {
        for (symbol, base, quote) in [
            ("BTC-EUR", "BTC", "EUR"),
            ("BTC_EUR", "BTC", "EUR"),
            ("BTCUSDT", "BTC", "USDT"),
            ("BTCFDUSD", "BTC", "FDUSD"),
            ("BTCTUSD", "BTC", "TUSD"),
            ("BTCUSD", "BTC", "USD"),
            ("XRPETH", "XRP", "ETH"),
            ("BTC", "BTC", "USDT"),
            ("GAPPED", "GAPPED", "USDT"),
            ("_GAPPED", "_GAPPED", "USDT"),
        ] {
            let split = market(symbol, "0.01").unwrap();
            assert_eq!((split.base.as_str(), split.quote.as_str()), (base, quote), "{symbol}");
        }
    }

    #[test]
    fn a_market_of_a_file_is_limited_by_its_lot_alone() {
        let market = market("BTCUSDT", "0.01").unwrap();
        assert_eq!(market.min_quantity, market.lot);
        assert_eq!(market.max_quantity.to_string(), "1000000000000");
        assert_eq!(market.min_notional, Notional::ZERO);
    }

    #[test]
    fn a_name_without_two_assets_and_steps_too_fine_are_refused() {
        assert!(matches!(market("BTC-USD-PERP", "0.01"), Err(MarketError::Assets { .. })));
        assert!(matches!(market("BTCUSDT", "0.00000000000001"), Err(MarketError::Steps(_))));
    }
}
