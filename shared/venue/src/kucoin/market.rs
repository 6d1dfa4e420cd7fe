//! Order books and trades of the market.

use super::ask::{FUTURES, Route, SPOT, data_type, of_symbol, public, unified};
use super::raw::{self, MaybeEither, MaybeNanos, side, window};
use crate::protocol::model::{Level, OrderBook, PublicTrade};
use crate::protocol::wire::{self, MaybeMs, MaybeNum, Num, Text};
use crate::protocol::{Ask, Built, Instrument, Range, ReadFault, Scope, Unsigned};
use serde::Deserialize;

#[derive(Deserialize)]
struct RawBook {
    #[serde(default)]
    sequence: MaybeNum,
    #[serde(default)]
    time: MaybeMs,
    #[serde(default)]
    ts: MaybeEither,
    bids: Vec<Vec<Num>>,
    asks: Vec<Vec<Num>>,
}

fn levels(rows: &[Vec<Num>]) -> Result<Vec<Level>, String> {
    let level = |row: &Vec<Num>| match row.as_slice() {
        [price, quantity, ..] => Ok(Level { price: wire::price(price.0)?, quantity: wire::quantity(quantity.0)? }),
        _ => Err("a level without its quantity".to_owned()),
    };
    rows.iter().map(level).collect()
}

/// Which book endpoint has `depth` levels a side. All of spot's levels are only given to known customers.
fn book_request(market: &Instrument, depth: Option<u32>, scope: &Scope) -> Unsigned {
    let ours = of_symbol(market);
    if unified(scope) {
        let levels = match depth {
            Some(0..=20) => "20",
            Some(21..=50) => "50",
            None | Some(51..=100) => "100",
            Some(_) => "FULL",
        };
        let ours = ours.with("tradeType", data_type(market.product)).with("limit", levels);
        return public(SPOT, "/api/ua/v1/market/orderbook", &ours, scope, 3);
    }
    match (market.product.is_contract(), depth) {
        (true, Some(0..=20)) => public(FUTURES, "/api/v1/level2/depth20", &ours, scope, 5),
        (true, Some(21..=100)) => public(FUTURES, "/api/v1/level2/depth100", &ours, scope, 5),
        (true, _) => public(FUTURES, "/api/v1/level2/snapshot", &ours, scope, 3),
        (false, Some(0..=20)) => public(SPOT, "/api/v1/market/orderbook/level2_20", &ours, scope, 2),
        (false, Some(21..=100)) => public(SPOT, "/api/v1/market/orderbook/level2_100", &ours, scope, 4),
        (false, _) => {
            let request = public(SPOT, "/api/v3/market/orderbook/level2", &ours, scope, 3);
            Unsigned { auth: crate::protocol::Auth::Signed, ..request }
        }
    }
}

/// An order book.
pub(super) fn order_book(market: &Instrument, depth: Option<u32>, scope: &Scope) -> Built<OrderBook> {
    let name = market.name.clone();
    Ok(Ask::new(book_request(market, depth, scope), move |reply, _| {
        let fault = |e: String| ReadFault::parse(reply, e);
        let answer: RawBook = raw::object(reply)?;
        let sequence = answer.sequence.0.map(|n| u64::try_from(n).map_err(|e| fault(e.to_string()))).transpose()?;
        let (bids, asks) = (levels(&answer.bids).map_err(fault)?, levels(&answer.asks).map_err(fault)?);
        if let (Some(bid), Some(ask)) = (bids.first(), asks.first())
            && bid.price >= ask.price
        {
            return Err(fault("a crossed book".to_owned()));
        }
        Ok(OrderBook { market: name.clone(), at: answer.time.0.or(answer.ts.0), sequence, bids, asks })
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawTrade {
    #[serde(default)]
    trade_id: Text,
    #[serde(default)]
    sequence: Text,
    #[serde(default)]
    time: MaybeNanos,
    #[serde(default)]
    ts: MaybeNanos,
    price: Num,
    size: Num,
    #[serde(default)]
    side: Text,
}

/// Trades of the market. The venue tells the newest hundred, whatever is asked.
pub(super) fn trades(market: &Instrument, range: &Range, scope: &Scope) -> Built<Vec<PublicTrade>> {
    let ours = of_symbol(market);
    let request = match Route::asked(Some(market), scope, market.product)? {
        Route::Unified(_) => {
            let ours = ours.with("tradeType", data_type(market.product));
            public(SPOT, "/api/ua/v1/market/trade", &ours, scope, 3)
        }
        Route::Futures => public(FUTURES, "/api/v1/trade/history", &ours, scope, 5),
        Route::Spot | Route::Fast | Route::Margin(_) => public(SPOT, "/api/v1/market/histories", &ours, scope, 3),
    };
    let (name, range) = (market.name.clone(), *range);
    Ok(Ask::new(request, move |reply, _| {
        let one = |row: &RawTrade| {
            Ok(PublicTrade {
                market: name.clone(),
                // The old spot answer has no id but its sequence, which is as unique.
                id: row.trade_id.owned().or_else(|| row.sequence.owned()),
                at: row.time.0.or(row.ts.0).ok_or("a trade without a time")?,
                side: row.side.some().map(side).transpose()?,
                price: wire::price(row.price.0)?,
                quantity: wire::quantity(row.size.0)?,
            })
        };
        let rows = raw::rows::<RawTrade>(reply)?.0;
        let all: Result<Vec<_>, String> = rows.iter().map(one).collect();
        let all = all.map_err(|e| ReadFault::parse(reply, e))?;
        Ok(window(all, range, |trade| Some(trade.at)))
    }))
}
