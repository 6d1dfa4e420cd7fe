//! Positions: what is held, what was held, leverage, modes, margin, and closing.

use super::errors::answer;
use super::place::{acknowledged, position_index};
use super::raw::{Ack, ClosedRow, Page, PositionRow};
use super::reports;
use super::request::{Fields, category, invalid, product_of};
use crate::protocol::model::{LeverageSetting, OrderReport, PositionReport, PositionSide};
use crate::protocol::{
    Ask, Built, CallError, EndpointClass, HistoryQuery, Instrument, LeverageChange, Markets, MarketsQuery, Product,
    ReadFault, Reply, Scope,
};
use desk::time::Timestamp;
use rust_decimal::Decimal;
use serde::de::IgnoredAny;

const LIST: &str = "/v5/position/list";

/// Extras that are read here and not passed on.
const READ: &[&str] = &["method", "paginate"];

fn of_market(market: &Instrument, scope: &Scope) -> Result<(Product, Fields), CallError> {
    let product = product_of(Some(market), scope);
    if product == Product::Spot {
        return invalid("spot has no positions");
    }
    let fields = Fields::default().with("category", category(product));
    Ok((product, fields.with("symbol", market.symbol.as_str())))
}

type Rows = (Vec<PositionReport>, Option<Timestamp>);

fn read(reply: &Reply, markets: &Markets, product: Product) -> Result<Rows, ReadFault> {
    let answer = answer::<Page<PositionRow>>(reply)?;
    let rows = answer.result.list.iter().map(|row| reports::position(row, product, markets));
    Ok((rows.collect::<Result<_, _>>().map_err(|e| ReadFault::parse(reply, e))?, answer.time))
}

/// Our positions. Without a market, linear ones are those settled in USDT; extras name another coin.
pub(super) fn positions(query: &MarketsQuery) -> Built<Vec<PositionReport>> {
    let first = query.instruments.first();
    let product = product_of(first, &query.scope);
    let mut fields = Fields::default().with("category", category(product));
    match query.instruments.as_slice() {
        [one] => fields = fields.with("symbol", one.symbol.as_str()),
        several => {
            let named = ["baseCoin", "settleCoin"].iter().any(|name| query.scope.extra.get(name).is_some());
            if product == Product::Linear && !named {
                let coin = several.first().and_then(|i| i.settle.clone()).unwrap_or_else(|| "USDT".to_owned());
                fields = fields.with("settleCoin", coin);
            }
        }
    }
    let fields = fields.with("limit", 200).extra(&query.scope.extra, READ);
    let names: Vec<String> = query.instruments.iter().map(|i| i.name.clone()).collect();
    Ok(Ask::new(fields.account(LIST), move |reply, markets| {
        let (mut rows, _) = read(reply, markets, product)?;
        rows.retain(|row| names.is_empty() || names.contains(&row.market));
        Ok(rows)
    }))
}

/// Of two positions of a market the one that is meant: the named side, or the one that holds something.
fn pick(rows: Vec<PositionReport>, market: &str, side: Option<PositionSide>) -> Option<PositionReport> {
    let mut of_market: Vec<_> = rows.into_iter().filter(|row| row.market == market).collect();
    let at = of_market.iter().position(|row| match side {
        Some(side) => row.side == Some(side),
        None => row.side.is_some(),
    });
    let at = at.unwrap_or(0);
    (at < of_market.len()).then(|| of_market.swap_remove(at))
}

/// Our position in one market.
pub(super) fn position(market: &Instrument, scope: &Scope) -> Built<PositionReport> {
    let (product, fields) = of_market(market, scope)?;
    let (name, side) = (market.name.clone(), scope.position_side);
    Ok(Ask::new(fields.extra(&scope.extra, READ).account(LIST), move |reply, markets| {
        let (rows, at) = read(reply, markets, product)?;
        let found = pick(rows, &name, side);
        let mut found = found.ok_or_else(|| ReadFault::parse(reply, format!("no position of {name}")))?;
        // The answer is about this moment; rows of several markets tell when each was opened.
        found.at = at.or(found.at);
        Ok(found)
    }))
}

/// Positions that were: a row for each order that closed something.
pub(super) fn positions_history(query: &HistoryQuery) -> Built<Vec<PositionReport>> {
    let product = product_of(query.instrument.as_ref(), &query.scope);
    let fields = Fields::default()
        .with("category", category(product))
        .maybe("symbol", query.instrument.as_ref().map(|i| i.symbol.as_str()))
        .range(&query.range)
        .extra(&query.scope.extra, READ);
    Ok(Ask::new(fields.account("/v5/position/closed-pnl"), move |reply, markets| {
        let rows = answer::<Page<ClosedRow>>(reply)?.result.list;
        let rows = rows.iter().map(|row| reports::closed_position(row, product, markets));
        rows.collect::<Result<_, _>>().map_err(|e| ReadFault::parse(reply, e))
    }))
}

/// Closes a position at the market's price: a reducing order of quantity zero, which the venue takes for all of it. It
/// has to be told which side is held, because a reducing order has a side of its own.
pub(super) fn close_position(market: &Instrument, scope: &Scope) -> Built<OrderReport> {
    let (_, fields) = of_market(market, scope)?;
    let side = match scope.position_side {
        Some(PositionSide::Long) => "Sell",
        Some(PositionSide::Short) => "Buy",
        None => return invalid(format!("{}: closing needs to know which side is held", market.name)),
    };
    let fields = fields
        .with("side", side)
        .with("orderType", "Market")
        .with("qty", "0")
        .with("reduceOnly", true)
        .with("closeOnTrigger", true)
        .extra(&scope.extra, READ);
    let name = market.name.clone();
    Ok(Ask::new(fields.post("/v5/order/create", EndpointClass::Order), move |reply, _| {
        acknowledged(reply, &answer::<Ack>(reply)?.result, Some(name.clone()))
    }))
}

/// A leverage or margin as text.
fn plain(value: Decimal) -> String {
    value.normalize().to_string()
}

/// Sets the leverage of both sides. That it is set already is the venue's error 110043.
pub(super) fn set_leverage(change: &LeverageChange) -> Built<LeverageSetting> {
    let Some(market) = &change.instrument else {
        return invalid("the venue sets the leverage of one market at a time");
    };
    if change.leverage <= Decimal::ZERO {
        return invalid("a leverage is greater than zero");
    }
    let (_, fields) = of_market(market, &change.scope)?;
    let leverage = plain(change.leverage);
    let fields = fields
        .with("buyLeverage", leverage.as_str())
        .with("sellLeverage", leverage.as_str())
        .extra(&change.scope.extra, READ);
    let (name, set) = (market.name.clone(), change.leverage);
    Ok(Ask::new(fields.post("/v5/position/set-leverage", EndpointClass::Order), move |reply, _| {
        answer::<Option<IgnoredAny>>(reply)?;
        Ok(LeverageSetting { market: name.clone(), margin_mode: None, long: Some(set), short: Some(set) })
    }))
}

/// The leverage that is set: the positions tell it, also where nothing is held.
pub(super) fn leverage(market: &Instrument, scope: &Scope) -> Built<LeverageSetting> {
    let (product, fields) = of_market(market, scope)?;
    let name = market.name.clone();
    Ok(Ask::new(fields.extra(&scope.extra, READ).account(LIST), move |reply, markets| {
        let raw = answer::<Page<PositionRow>>(reply)?.result.list;
        let of = |indexes: &[&str]| {
            let row = raw.iter().find(|row| indexes.contains(&row.position_idx.0.as_str()));
            row.and_then(|row| row.leverage.nonzero())
        };
        let (rows, _) = read(reply, markets, product)?;
        let margin_mode = pick(rows, &name, None).and_then(|row| row.margin_mode);
        let (long, short) = (of(&["0", "1"]), of(&["0", "2"]));
        if long.is_none() && short.is_none() {
            return Err(ReadFault::parse(reply, format!("no leverage of {name}")));
        }
        Ok(LeverageSetting { market: name.clone(), margin_mode, long, short })
    }))
}

/// Sets whether long and short are held apart, in one market or in all that are settled in USDT.
pub(super) fn set_position_mode(hedged: bool, market: Option<&Instrument>, scope: &Scope) -> Built<()> {
    let product = product_of(market, scope);
    let fields = Fields::default().with("category", category(product)).with("mode", if hedged { 3 } else { 0 });
    let fields = match market {
        Some(market) => fields.with("symbol", market.symbol.as_str()),
        None => fields.with("coin", "USDT"),
    };
    let request = fields.extra(&scope.extra, READ).post("/v5/position/switch-mode", EndpointClass::Order);
    Ok(Ask::new(request, |reply, _| answer::<Option<IgnoredAny>>(reply).map(|_| ())))
}

/// Whether long and short are held apart: only the numbers of positions tell it.
pub(super) fn position_mode(market: Option<&Instrument>, scope: &Scope) -> Built<bool> {
    let Some(market) = market else { return invalid("the venue tells the position mode of one market at a time") };
    let (product, fields) = of_market(market, scope)?;
    Ok(Ask::new(fields.extra(&scope.extra, READ).account(LIST), move |reply, markets| {
        let (rows, _) = read(reply, markets, product)?;
        let first = rows.first().and_then(|row| row.hedged);
        first.ok_or_else(|| ReadFault::parse(reply, "no position tells the mode"))
    }))
}

/// Adds margin to an isolated position, or takes it away.
pub(super) fn change_margin(market: &Instrument, amount: Decimal, scope: &Scope) -> Built<()> {
    let (_, fields) = of_market(market, scope)?;
    let fields = fields
        .with("margin", plain(amount))
        .maybe("positionIdx", scope.position_side.map(position_index))
        .extra(&scope.extra, READ);
    let request = fields.post("/v5/position/add-margin", EndpointClass::Order);
    Ok(Ask::new(request, |reply, _| answer::<Option<IgnoredAny>>(reply).map(|_| ())))
}
