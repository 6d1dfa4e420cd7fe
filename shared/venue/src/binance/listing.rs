//! Orders and trades that are and were.

use super::ask::{Rows, ask, ranged, with_extra};
use super::orders::{KNOWN, isolated, system_of};
use super::raw_orders::{RawOrder, RawOwnTrade};
use super::report::{self, Named};
use super::system::System;
use crate::protocol::call::OrderFilter;
use crate::protocol::model::{OrderReport, OrderState, OwnTrade};
use crate::protocol::{Ask, Built, CallError, HistoryQuery, OrderRef, OrdersQuery, Params, Product, Unsigned};

/// The longest stretch of time USD-M answers about trades, in milliseconds: a week.
const WEEK_MS: i64 = 604_800_000;

fn wanted(filter: OrderFilter, report: &OrderReport) -> bool {
    let ended = matches!(report.state, Some(OrderState::Closed));
    let canceled = matches!(report.state, Some(OrderState::Canceled));
    match filter {
        OrderFilter::All | OrderFilter::Open => true,
        OrderFilter::Closed => ended,
        OrderFilter::Canceled => canceled,
        OrderFilter::CanceledAndClosed => {
            ended || canceled || matches!(report.state, Some(OrderState::Expired | OrderState::Rejected))
        }
    }
}

pub(super) fn orders(query: &OrdersQuery) -> Built<Vec<OrderReport>> {
    let (scope, market) = (&query.scope, query.instrument.as_ref());
    let system = System::within(scope, market, Product::Spot);
    let paths = system.orders(scope.class);
    let params = isolated(Params::new().maybe("symbol", market.map(|m| &m.symbol)), system, scope.margin);
    let open = query.filter == OrderFilter::Open;
    if market.is_none() && !open && !matches!(system, System::Options) {
        return Err(CallError::Invalid("the venue lists orders that ended only within one market".into()));
    }
    // Open orders come all at once and are never cut. Of those that ended, the limit counts after the filter.
    let (filter, limit) = (query.filter, query.range.limit);
    let mut range = query.range;
    if filter != OrderFilter::All {
        range.limit = None;
    }
    let params = match (open, system) {
        // Options give 100 open orders unless told otherwise, and 1000 at most.
        (true, System::Options) => params.with("limit", 1000),
        (true, _) => params,
        (false, _) => ranged(params, &range),
    };
    let path = if open { paths.open } else { paths.all };
    let weight = match (open, market.is_some()) {
        (true, true) => system.weight(6, 1, 1),
        (true, false) => system.weight(80, 40, 40),
        (false, _) => system.weight(20, 5, 20),
    };
    let params = with_extra(params, &scope.extra, &KNOWN);
    let request = Unsigned::account(system.origin(), path, params).weighing(weight);
    Ok(ask(request, system.family(), move |raw: Rows<RawOrder>, markets| {
        let reports = raw.0.iter().map(|raw| report::order(raw, system, Named::Now, markets));
        let mut reports: Vec<OrderReport> = reports.collect::<Result<_, _>>()?;
        reports.retain(|report| wanted(filter, report));
        let most = limit.and_then(|limit| usize::try_from(limit).ok()).filter(|_| !open);
        let over = most.map_or(0, |most| reports.len().saturating_sub(most));
        reports.drain(..over);
        Ok(reports)
    }))
}

fn trades_ask(system: System, params: Params, of: Option<String>) -> Ask<Vec<OwnTrade>> {
    let weight = system.weight(if of.is_some() { 5 } else { 20 }, 5, 20);
    let request = Unsigned::account(system.origin(), system.trades(), params).weighing(weight);
    ask(request, system.family(), move |raw: Vec<RawOwnTrade>, markets| {
        let rows = raw.iter().filter(|raw| of.as_ref().is_none_or(|id| *id == raw.order_id.0));
        rows.map(|raw| report::own_trade(raw, system, markets)).collect()
    })
}

pub(super) fn order_trades(order: &OrderRef) -> Built<Vec<OwnTrade>> {
    let system = system_of(order);
    let (Some(id), Some(market)) = (&order.id, &order.instrument) else {
        return Err(CallError::Invalid("trades of an order are found by the venue's id of it, in its market".into()));
    };
    let params = isolated(Params::new().with("symbol", &market.symbol), system, order.scope.margin);
    // Where the venue can't narrow it down to one order, the rows are picked out of the market's newest.
    let narrows = !matches!(system, System::Options | System::UnifiedUsdm | System::UnifiedCoinm);
    let params = params.maybe("orderId", narrows.then_some(id));
    let params = with_extra(params, &order.scope.extra, &KNOWN);
    Ok(trades_ask(system, params, Some(id.clone())))
}

pub(super) fn own_trades(query: &HistoryQuery) -> Built<Vec<OwnTrade>> {
    let (scope, market) = (&query.scope, query.instrument.as_ref());
    let system = System::within(scope, market, Product::Spot);
    if market.is_none() && system != System::Options {
        return Err(CallError::Invalid("the venue lists trades only within one market".into()));
    }
    let mut range = query.range;
    if let (System::Usdm | System::UnifiedUsdm, Some(since), None) = (system, range.since, range.until) {
        // Without an end the venue takes the last week, which begins later than an older beginning.
        range.until = Some(since.plus_ms(WEEK_MS));
    }
    let params = isolated(Params::new().maybe("symbol", market.map(|m| &m.symbol)), system, scope.margin);
    Ok(trades_ask(system, with_extra(ranged(params, &range), &scope.extra, &KNOWN), None))
}
