//! All trades of a stretch of time, however few the venue tells at once.
//!
//! Where it tells the oldest behind an instant, the next list begins at the last one's end. Where it tells the latest of a
//! stretch, the next one ends at the last one's beginning; that it does tell the latest is looked at once. Lists overlap at
//! their edges rather than miss what is there: a trade counts once, by its id.

use super::LiveSpot;
use crate::live::transport::Transport;
use crate::protocol::Instrument;
use crate::protocol::call::{HistoryQuery, Range as Wanted};
use crate::protocol::capability::OwnTradesList;
use crate::protocol::model::OwnTrade;
use desk::fill::Fill;
use desk::id::{AccountId, Symbol};
use desk::port::{Clock, ListTrades, Table, VenueError};
use desk::time::Timestamp;
use std::collections::BTreeMap;
use std::ops::Range;

/// Trades by their ids.
type Found = BTreeMap<String, OwnTrade>;

impl<T: Table, C: Clock, X: Transport> ListTrades for LiveSpot<T, C, X> {
    async fn trades(
        &self,
        account: &AccountId,
        symbol: &Symbol,
        stretch: Range<Timestamp>,
    ) -> Result<Vec<Fill>, VenueError> {
        let instrument = self.instrument(symbol)?;
        let list = self.exchange.protocol().capabilities().own_trades;
        let found = match list.span_ms {
            None => self.forwards(&instrument, &stretch, list).await?,
            Some(span_ms) => self.backwards(&instrument, &stretch, list, span_ms).await?,
        };
        let mut fills = Vec::new();
        for trade in found.values() {
            let fill = self.fill_of(account, trade).await?;
            if stretch.contains(&fill.at) {
                fills.push(fill);
            }
        }
        fills.sort_by(|a, b| (a.at, &a.trade).cmp(&(b.at, &b.trade)));
        Ok(fills)
    }

    async fn last_trade(&self, account: &AccountId, symbol: &Symbol) -> Result<Option<Fill>, VenueError> {
        let instrument = self.instrument(symbol)?;
        let list = self.exchange.protocol().capabilities().own_trades;
        let rows = self.listed(&instrument, Wanted::default(), list).await?;
        let mut last = rows.into_iter().filter(|trade| trade.market == instrument.name);
        let first = last.next();
        let last = last.fold(first, |last, trade| last.filter(|last| last.at > trade.at).or(Some(trade)));
        match last {
            Some(trade) => self.fill_of(account, &trade).await.map(Some),
            None => Ok(None),
        }
    }
}

impl<T: Table, C: Clock, X: Transport> LiveSpot<T, C, X> {
    /// Lists from an instant on, until one is not full.
    async fn forwards(
        &self,
        market: &Instrument,
        stretch: &Range<Timestamp>,
        list: OwnTradesList,
    ) -> Result<Found, VenueError> {
        let (mut found, mut from) = (Found::new(), stretch.start);
        loop {
            let rows = self.listed(market, Wanted { since: Some(from), ..Wanted::default() }, list).await?;
            let full = is_full(&rows, list);
            let last = rows.iter().filter_map(|trade| trade.at).max();
            found.extend(kept(rows, market));
            match last {
                Some(last) if full && last < stretch.end => {
                    if last <= from {
                        return Err(
                            self.error(format!("more than {} trades at one instant can't be told apart", list.rows))
                        );
                    }
                    from = last;
                }
                Some(_) | None => return Ok(found),
            }
        }
    }

    /// Lists of the longest stretches that can be asked for, each backwards until one is not full.
    async fn backwards(
        &self,
        market: &Instrument,
        stretch: &Range<Timestamp>,
        list: OwnTradesList,
        span_ms: i64,
    ) -> Result<Found, VenueError> {
        let (mut found, mut from) = (Found::new(), stretch.start);
        while from < stretch.end {
            let until = from.plus_ms(span_ms).min(stretch.end);
            self.part(market, from..until, list, &mut found).await?;
            from = until;
        }
        Ok(found)
    }

    async fn part(
        &self,
        market: &Instrument,
        part: Range<Timestamp>,
        list: OwnTradesList,
        found: &mut Found,
    ) -> Result<(), VenueError> {
        let wanted = |from, until| Wanted { since: Some(from), until: Some(until), ..Wanted::default() };
        let (mut until, mut first) = (part.end, true);
        loop {
            let rows = self.listed(market, wanted(part.start, until), list).await?;
            let times = || rows.iter().filter_map(|trade| trade.at);
            let (full, oldest, newest) = (is_full(&rows, list), times().min(), times().max());
            found.extend(kept(rows, market));
            let (true, Some(oldest), Some(newest)) = (full, oldest, newest) else { return Ok(()) };
            if oldest >= until {
                return Err(self.error(format!("more than {} trades at one instant can't be told apart", list.rows)));
            }
            if std::mem::take(&mut first) && newest < until {
                let later = self.listed(market, wanted(newest, until), list).await?;
                if kept(later, market).any(|(id, _)| !found.contains_key(&id)) {
                    return Err(self.error("it does not list its latest trades first, so some would be missed"));
                }
            }
            until = oldest;
        }
    }

    async fn listed(
        &self,
        market: &Instrument,
        range: Wanted,
        list: OwnTradesList,
    ) -> Result<Vec<OwnTrade>, VenueError> {
        let instrument = list.of_market.then(|| market.clone());
        let range = Wanted { limit: Some(list.rows), ..range };
        let mut scope = self.scope.clone();
        scope.extra.0.extend(list.with.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())));
        let ask = self.exchange.protocol().own_trades(&HistoryQuery { instrument, range, scope });
        let rows = self.exchange.read(ask.map_err(|e| self.error(e))?).await;
        rows.map_err(|e| self.fault(&e))
    }
}

/// Whether there may be more. Adapters leave out what is not of the stretch, so that a full list may come with a few less.
fn is_full(rows: &[OwnTrade], list: OwnTradesList) -> bool {
    let most = usize::try_from(list.rows).unwrap_or(usize::MAX);
    rows.len() >= most.saturating_sub(most.div_ceil(10))
}

fn kept<'a>(rows: Vec<OwnTrade>, market: &'a Instrument) -> impl Iterator<Item = (String, OwnTrade)> + 'a {
    let of_market = rows.into_iter().filter(|trade| trade.market == market.name);
    of_market.map(|trade| (trade.id.clone(), trade))
}
