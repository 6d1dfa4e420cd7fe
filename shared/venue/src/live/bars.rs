//! Candles from a venue, in the desk's form, and its instruments: the one way to them.

use super::exchange::Exchange;
use super::transport::Transport;
use crate::protocol::call::BarPrice;
use crate::protocol::model::Bar;
use crate::protocol::{BarQuery, CallError, CallFault, Instrument, Product, Protocol, Range, Scope};
use crate::{Bars, PullBars};
use desk::id::{Asset, Symbol};
use desk::market::Candle;
use desk::money::{Amount, Notional, Price, Quantity};
use desk::port::{Clock, PullCandles, PullError, Table};
use desk::time::{Interval, Timestamp};
use std::sync::Arc;

/// On bars shorter than this nobody is asked before one can have closed, in milliseconds.
const SHORT_MS: i64 = 60_000;

/// Candles of a venue's spot markets. What has closed is the venue's clock's to say: as it was measured, or else as the
/// answer is dated. Nothing is repeated here: whoever pulls comes again.
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

/// Whether a venue has bars of a length in a market. Asks nobody: what can't be asked for, it does not have.
///
/// # Errors
/// The venue's adapter in words, with the lengths that it has.
pub fn has_bars(protocol: &dyn Protocol, market: &Instrument, interval: Interval) -> Result<(), CallError> {
    let range = Range { limit: Some(1), ..Range::default() };
    protocol.bars(market, &BarQuery { interval, range, price: BarPrice::Trade }, &Scope::default()).map(drop)
}

/// A venue's bar as the desk's candle.
const fn candle(bar: &Bar) -> Candle {
    let Bar { open_time, open, high, low, close, volume } = *bar;
    Candle { open_time, open, high, low, close, volume }
}

impl<T: Table, C: Clock, X: Transport> PullBars for VenueBars<T, C, X> {
    async fn pull(
        &self,
        symbol: &Symbol,
        interval: Interval,
        after: Option<Timestamp>,
        limit: u32,
    ) -> Result<Bars, PullError> {
        let fault = |reason: String| PullError::new(symbol.clone(), reason);
        let markets = self.0.markets();
        let found = markets.of_symbol(symbol.as_str(), &[Product::Spot]);
        let market = found.ok_or_else(|| fault("the venue has no such market".to_owned()))?;
        let range = Range { since: after.map(|after| after.plus_ms(1)), until: None, limit: Some(limit) };
        let query = BarQuery { interval, range, price: BarPrice::Trade };
        let ask = self.0.protocol().bars(market, &query, &Scope::default()).map_err(|e| fault(e.to_string()))?;
        let unanswered = |e: CallFault| {
            let retry_at = if let CallFault::Budget { until, .. } = &e { Some(*until) } else { None };
            PullError { retry_at, ..fault(e.to_string()) }
        };
        let (bars, dated) = self.0.once_dated(ask).await.map_err(unanswered)?;
        let now = self.0.offset().map(|_| self.0.venue_now()).or(dated);
        let now = now.ok_or_else(|| fault("the answer does not tell the server's time (Date)".to_owned()))?;
        Ok(told(&bars, interval, after, now))
    }
}

/// The bars behind `after`: those that have closed by `now`, and the first one that has not.
fn told(bars: &[Bar], interval: Interval, after: Option<Timestamp>, now: Timestamp) -> Bars {
    let behind = |bar: &&Bar| after.is_none_or(|after| bar.open_time > after);
    let mut told = Bars::default();
    for candle in bars.iter().filter(behind).map(candle) {
        if candle.close_time(interval) > now {
            // Behind the first one that has not closed nothing counts: our knowledge of the time is a second behind.
            told.begun = Some(candle);
            break;
        }
        told.closed.push(candle);
    }
    told
}

impl<T: Table, C: Clock, X: Transport> PullCandles for VenueBars<T, C, X> {
    async fn pull(
        &self,
        symbol: &Symbol,
        interval: Interval,
        after: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<Candle>, PullError> {
        let due = after.map(|after| after.plus_ms(interval.ms().saturating_mul(2)));
        let known = self.0.offset().is_some() && interval.ms() < SHORT_MS;
        if known && due.is_some_and(|due| self.0.venue_now() < due) {
            // No bar can have closed behind the last one. On bars of a second, asking all the same would use a good part of
            // what may be asked; on longer ones the question also tells whether the venue answers.
            return Ok(Vec::new());
        }
        PullBars::pull(self, symbol, interval, after, limit).await.map(|bars| bars.closed)
    }
}

/// A spot market with the names and steps that a desk is told: for whoever need not ask the venue for all it lists.
#[must_use]
pub fn told_instrument(told: &desk::instrument::Instrument) -> Instrument {
    let mut market =
        Instrument::named(Product::Spot, told.symbol.as_str(), told.base.as_str(), told.quote.as_str(), None);
    market.tick = Some(told.tick.value());
    market.lot = Some(told.lot.value());
    market.min_quantity = Some(told.min_quantity.value());
    market.max_quantity = Some(told.max_quantity.value());
    market
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binance::Binance;
    use crate::live::transport::SendFault;
    use crate::live::{Access, Alone, Exchange};
    use crate::protocol::{Reply, Request};
    use desk::fake::{FakeClock, sample};
    use std::time::Duration;

    const HOUR: i64 = 3_600_000;
    /// 2002.
    const FIRST: i64 = 1_009_843_200_000;

    /// Answers everything with the same, and a date if there is one.
    struct Said(&'static str, Option<&'static str>);

    impl Transport for Said {
        async fn send(&self, base: &str, request: &Request, _: Duration) -> Result<Reply, SendFault> {
            assert_eq!(base, "http://own.test");
            assert!(request.target.starts_with("/api/v3/klines?symbol=BTCUSDT&interval=1h&"), "{}", request.target);
            let mut reply = Reply::new(200, self.0);
            reply.headers.extend(self.1.map(|date| ("date".to_owned(), date.to_owned())));
            Ok(reply)
        }
    }

    fn pulled(said: Said, after: Option<i64>) -> Result<Bars, PullError> {
        let access = Access { origins: [("*".to_owned(), "http://own.test".to_owned())].into(), ..Access::default() };
        // Our own clock is decades off: it says nothing.
        let exchange =
            Exchange::new(&Binance, access, Alone::default(), Arc::new(FakeClock::at(HOUR / 2)), said, 1, |_, _, _| {});
        exchange.set_markets(crate::protocol::Markets::new([told_instrument(&sample::instrument())]));
        let (bars, symbol) = (VenueBars::new(Arc::new(exchange)), sample::instrument().symbol);
        let hour = Interval::from_ms(HOUR).unwrap();
        let pull = PullBars::pull(&bars, &symbol, hour, after.map(Timestamp::from_ms), 1000);
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(pull)
    }

    const ROWS: &str = r#"[[1009843200000,"1","2","1","2","5",1009846799999,"0",0,"0","0","0"],
        [1009846800000,"2","3","2","3","5",1009850399999,"0",0,"0","0","0"],[1009850400000,"3","3","3","3","0",1009853999999,"0",0,"0","0","0"]]"#;

    #[test]
    fn what_has_not_closed_by_the_date_of_the_answer_has_only_begun() {
        let bars = |date| pulled(Said(ROWS, Some(date)), None).unwrap();
        let opened = |bars: &Bars| bars.closed.iter().map(|c| c.open_time.ms()).collect::<Vec<_>>();
        let on_time = bars("Tue, 01 Jan 2002 02:00:00 GMT");
        assert_eq!(opened(&on_time), [FIRST, FIRST + HOUR]);
        assert_eq!(on_time.begun.map(|c| c.open_time.ms()), Some(FIRST + 2 * HOUR));
        let early = bars("Tue, 01 Jan 2002 01:59:59 GMT");
        assert_eq!((opened(&early), early.begun.map(|c| c.open_time.ms())), (vec![FIRST], Some(FIRST + HOUR)));
        assert_eq!(bars("Tue, 01 Jan 2002 09:00:00 GMT").begun, None);
        let behind = pulled(Said(ROWS, Some("Tue, 01 Jan 2002 02:00:00 GMT")), Some(FIRST)).unwrap();
        assert_eq!(opened(&behind), [FIRST + HOUR]);
    }

    #[test]
    fn an_answer_without_a_date_and_one_that_is_none_are_not_believed() {
        let dated = Some("Tue, 01 Jan 2002 02:00:00 GMT");
        assert!(pulled(Said(ROWS, None), None).unwrap_err().reason.contains("server's time"));
        assert!(pulled(Said("<html>busy</html>", dated), None).is_err());
        assert!(pulled(Said(r#"[[1009843200000,1,2,1,2,5]]"#, dated), None).is_err());
    }
}
