//! Candles from a venue, in the desk's form, and its instruments.

use super::exchange::Exchange;
use super::transport::Transport;
use crate::protocol::call::BarPrice;
use crate::protocol::model::Bar;
use crate::protocol::{BarQuery, Instrument, Product, Range, Scope};
use desk::id::{Asset, Symbol};
use desk::market::Candle;
use desk::money::{Amount, Notional, Price, Quantity};
use desk::port::{Clock, PullCandles, PullError, Table};
use desk::time::{Interval, Timestamp};
use std::sync::Arc;

/// Candles of a venue's spot markets. Only those that have closed by the venue's own clock are told.
pub struct VenueBars<T, C, X>(Arc<Exchange<T, C, X>>);

impl<T, C, X> std::fmt::Debug for VenueBars<T, C, X> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VenueBars")
    }
}

impl<T, C, X> Clone for VenueBars<T, C, X> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Table, C: Clock, X: Transport> VenueBars<T, C, X> {
    /// Candles over a venue whose markets have been loaded.
    pub const fn new(exchange: Arc<Exchange<T, C, X>>) -> Self {
        Self(exchange)
    }
}

/// A venue's bar as the desk's candle.
const fn candle(bar: &Bar) -> Candle {
    let Bar { open_time, open, high, low, close, volume } = *bar;
    Candle { open_time, open, high, low, close, volume }
}

impl<T: Table, C: Clock, X: Transport> PullCandles for VenueBars<T, C, X> {
    async fn pull(
        &self,
        symbol: &Symbol,
        interval: Interval,
        after: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<Candle>, PullError> {
        let fault = |reason: String| PullError { symbol: symbol.clone(), reason };
        let markets = self.0.markets();
        let found = markets.of_symbol(symbol.as_str(), &[Product::Spot]);
        let market = found.ok_or_else(|| fault("the venue has no such market".to_owned()))?;
        let range = Range { since: after.map(|after| after.plus_ms(1)), until: None, limit: Some(limit) };
        let query = BarQuery { interval, range, price: BarPrice::Trade };
        let ask = self.0.protocol().bars(market, &query, &Scope::default()).map_err(|e| fault(e.to_string()))?;
        let bars = self.0.read(ask).await.map_err(|e| fault(e.to_string()))?;
        let now = self.0.venue_now();
        let behind = |bar: &&Bar| after.is_none_or(|after| bar.open_time > after);
        let candles = bars.iter().filter(behind).map(candle);
        Ok(candles.take_while(|candle| candle.close_time(interval) <= now).collect())
    }
}

/// What the desk needs to know of a spot market.
///
/// # Errors
/// Words, naming what the venue does not tell: such a market is not traded.
pub fn spot_instrument(instrument: &Instrument) -> Result<desk::instrument::Instrument, String> {
    let fault = |what: &str| format!("{}: the venue tells no {what}; it can't be traded", instrument.symbol);
    let wrong = |e: &dyn std::fmt::Display| format!("{}: {e}", instrument.symbol);
    let tick = Price::new(instrument.tick.ok_or_else(|| fault("step of prices"))?).map_err(|e| wrong(&e))?;
    let lot = Quantity::new(instrument.lot.ok_or_else(|| fault("step of quantities"))?).map_err(|e| wrong(&e))?;
    let least = instrument.min_quantity.map_or(Ok(lot), Quantity::new).map_err(|e| wrong(&e))?;
    // A venue without a largest order: what the desk's own limits allow.
    let most = instrument.max_quantity.unwrap_or_else(|| rust_decimal::Decimal::new(1_000_000_000, 0));
    let least_cost = Amount::from_decimal(instrument.min_notional.unwrap_or_default()).and_then(Notional::new);
    desk::instrument::Instrument {
        symbol: Symbol::new(instrument.symbol.clone()).map_err(|e| wrong(&e))?,
        base: Asset::new(instrument.base.clone()).map_err(|e| wrong(&e))?,
        quote: Asset::new(instrument.quote.clone()).map_err(|e| wrong(&e))?,
        tick,
        lot,
        min_quantity: least,
        max_quantity: Quantity::new(most).map_err(|e| wrong(&e))?,
        min_notional: least_cost.map_err(|e| wrong(&e))?,
    }
    .checked()
    .map_err(|e| e.to_string())
}
