//! Looking orders up, and our trades.

use super::super::protocol::call::{HistoryQuery, OrderClass, OrderFilter, OrderRef, OrdersQuery, Range, Scope};
use super::super::protocol::fault::{ApiError, CallError, Meaning, ReadFault};
use super::super::protocol::http::{Reply, Unsigned};
use super::super::protocol::market::{Instrument, Markets, Product};
use super::super::protocol::model::{Liquidity, OrderReport, OrderState, OwnTrade};
use super::super::protocol::wire::{self, MaybeMs, MaybeNum, Num, Text};
use super::super::protocol::{Ask, Built};
use super::acks::names;
use super::cancel::{is_plan, plan_type};
use super::line::{Line, System, invalid, margin_path, unsupported};
use super::market::side;
use super::place::UNDERSTOOD;
use super::raw::{Fields, account, each, first, rows};
use super::report::{RawOrder, report};
use super::words::{closes, fee_detail, opposite, our_fee};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The names of lists of orders.
const LISTS: [&str; 3] = ["entrustedList", "orderList", "list"];

/// What a question about orders comes to.
struct Asked {
    line: Line,
    /// Working orders, or those that ended.
    open: bool,
    plan: bool,
}

fn listing(
    asked: &Asked,
    scope: &Scope,
    instrument: Option<&Instrument>,
    range: &Range,
    order: Fields,
) -> Result<Unsigned, CallError> {
    let Asked { line, open, plan } = *asked;
    let symbol = instrument.map(|i| i.symbol.clone());
    let fields = order.range(range);
    let end = |fields: Fields| fields.extra(&scope.extra, &UNDERSTOOD);
    let pick = |opened: &'static str, ended: &'static str| if open { opened } else { ended };
    Ok(match (line.system, plan) {
        (System::Unified, plan) => {
            let path = match (plan, open) {
                (false, true) => "/api/v3/trade/unfilled-orders",
                (false, false) => "/api/v3/trade/history-orders",
                (true, true) => "/api/v3/trade/unfilled-strategy-orders",
                (true, false) => "/api/v3/trade/history-strategy-orders",
            };
            // The history is of a whole category; other markets are left out when it is read.
            let fields = fields.with("category", line.category).maybe("symbol", symbol.filter(|_| open));
            account(path, end(fields))
        }
        (System::Spot, plan) => {
            let path = if plan {
                pick("/api/v2/spot/trade/current-plan-order", "/api/v2/spot/trade/history-plan-order")
            } else {
                pick("/api/v2/spot/trade/unfilled-orders", "/api/v2/spot/trade/history-orders")
            };
            account(path, end(fields.maybe("symbol", symbol)))
        }
        (System::Margin(_), true) => return Err(unsupported("triggers in classic margin trading")),
        (System::Margin(mode), false) => {
            let path = margin_path(mode, pick("open-orders", "history-orders"));
            account(path, end(fields.maybe("symbol", symbol)))
        }
        (System::Mix, plan) => {
            let fields = fields.with("productType", line.category).maybe("symbol", symbol);
            if plan {
                let path = pick("/api/v2/mix/order/orders-plan-pending", "/api/v2/mix/order/orders-plan-history");
                let kind = plan_type(scope).unwrap_or("normal_plan");
                account(path, end(fields.with("planType", kind)))
            } else {
                let path = pick("/api/v2/mix/order/orders-pending", "/api/v2/mix/order/orders-history");
                account(path, end(fields))
            }
        }
    })
}

fn read_orders(reply: &Reply, line: Line, markets: &Markets) -> Result<Vec<OrderReport>, ReadFault> {
    let raw: Vec<RawOrder<'_>> = rows(reply, &LISTS)?;
    each(reply, &raw, |raw| report(raw, line, markets))
}

fn wanted(filter: OrderFilter, state: Option<OrderState>) -> bool {
    match filter {
        OrderFilter::All | OrderFilter::CanceledAndClosed => true,
        OrderFilter::Open => state.is_none_or(|state| state == OrderState::Open),
        OrderFilter::Closed => state == Some(OrderState::Closed),
        OrderFilter::Canceled => state == Some(OrderState::Canceled),
    }
}

/// Several orders. The venue's history has filled and cancelled ones together; they are told apart when it is read.
pub(super) fn orders(query: &OrdersQuery) -> Built<Vec<OrderReport>> {
    let (scope, filter) = (&query.scope, query.filter);
    let line = Line::asked(query.instrument.as_ref(), scope, Product::Spot)?;
    let asked = Asked { line, open: filter == OrderFilter::Open, plan: is_plan(scope) };
    let request = listing(&asked, scope, query.instrument.as_ref(), &query.range, Fields::new())?;
    let market = query.instrument.as_ref().map(|i| i.name.clone());
    Ok(Ask::new(request, move |reply, markets| {
        let mut orders = read_orders(reply, line, markets)?;
        orders.retain(|order| wanted(filter, order.state));
        orders.retain(|order| market.is_none() || order.market.is_none() || order.market == market);
        Ok(orders)
    }))
}

fn is_it(order: &OrderRef, found: &OrderReport) -> bool {
    match (&order.id, &order.client_id) {
        (Some(_), _) => order.id == found.id,
        (None, client_id) => *client_id == found.client_id,
    }
}

fn missing(reply: &Reply) -> ReadFault {
    let message = "the list has no such order".to_owned();
    ApiError { code: String::new(), message, status: reply.status, meaning: Meaning::NotFound, retry_after_ms: None }
        .into()
}

/// How many rows a list has at most.
const ROWS: u32 = 100;

/// One order, found in a list.
fn from_list(order: &OrderRef, open: bool) -> Built<OrderReport> {
    let scope = &order.scope;
    let line = Line::asked(order.instrument.as_ref(), scope, Product::Spot)?;
    let asked = Asked { line, open, plan: is_plan(scope) };
    let (by, limit) = match (line.system, asked.plan) {
        // These can't be asked for one order.
        (System::Unified, _) | (System::Spot, true) => (Fields::new(), Some(ROWS)),
        (System::Spot | System::Margin(_) | System::Mix, _) => (names(order)?, None),
    };
    let range = Range { limit, ..Range::default() };
    let request = listing(&asked, scope, order.instrument.as_ref(), &range, by)?;
    let order = order.clone();
    Ok(Ask::new(request, move |reply, markets| {
        let all = read_orders(reply, line, markets)?;
        let full = limit.and_then(|limit| usize::try_from(limit).ok()).is_some_and(|limit| all.len() >= limit);
        match all.into_iter().find(|found| is_it(&order, found)) {
            Some(found) => Ok(found),
            None if full => {
                let message = "the list is full, and the order is not on it: it may be behind it".to_owned();
                let (code, status) = (String::new(), reply.status);
                Err(ApiError { code, message, status, meaning: Meaning::Unclear, retry_after_ms: None }.into())
            }
            None => Err(missing(reply)),
        }
    }))
}

/// One order that is still working.
pub(super) fn open_order(order: &OrderRef) -> Built<OrderReport> {
    from_list(order, true)
}

/// One order that has ended.
pub(super) fn closed_order(order: &OrderRef) -> Built<OrderReport> {
    from_list(order, false)
}

/// One order. Those with triggers, and those of classic margin trading, are looked up among the working ones.
pub(super) fn order(order: &OrderRef) -> Built<OrderReport> {
    let scope = &order.scope;
    let line = Line::asked(order.instrument.as_ref(), scope, Product::Spot)?;
    if is_plan(scope) {
        return from_list(order, true);
    }
    let end = |fields: Fields| fields.extra(&scope.extra, &UNDERSTOOD);
    let request = match line.system {
        System::Unified => account("/api/v3/trade/order-info", end(names(order)?)),
        System::Spot => account("/api/v2/spot/trade/orderInfo", end(names(order)?)),
        System::Margin(_) => return from_list(order, true),
        System::Mix => {
            let market = order.instrument.as_ref().ok_or_else(|| invalid("the order's market is not given"))?;
            let fields = names(order)?.with("symbol", market.symbol.as_str()).with("productType", line.category);
            account("/api/v2/mix/order/detail", end(fields))
        }
    };
    Ok(Ask::new(request, move |reply, markets| {
        let raw: Option<RawOrder<'_>> = first(reply)?;
        let raw = raw.ok_or_else(|| missing(reply))?;
        report(&raw, line, markets).map_err(|e| ReadFault::parse(reply, e))
    }))
}

/// A fill: classic names, then those of the unified account.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawFill<'a> {
    #[serde(default)]
    symbol: Text,
    #[serde(default)]
    category: Text,
    #[serde(default)]
    order_id: Text,
    #[serde(default)]
    client_oid: Text,
    #[serde(default)]
    trade_id: Text,
    #[serde(default)]
    exec_id: Text,
    #[serde(default)]
    side: Text,
    #[serde(default)]
    trade_side: Text,
    #[serde(default)]
    pos_mode: Text,
    #[serde(default)]
    trade_scope: Text,
    #[serde(default)]
    price: MaybeNum,
    #[serde(default)]
    price_avg: MaybeNum,
    #[serde(default)]
    exec_price: MaybeNum,
    #[serde(default)]
    size: MaybeNum,
    #[serde(default)]
    base_volume: MaybeNum,
    #[serde(default)]
    exec_qty: MaybeNum,
    #[serde(default)]
    amount: MaybeNum,
    #[serde(default)]
    quote_volume: MaybeNum,
    #[serde(default)]
    exec_value: MaybeNum,
    #[serde(default)]
    c_time: MaybeMs,
    #[serde(default)]
    created_time: MaybeMs,
    #[serde(default)]
    exec_time: MaybeMs,
    #[serde(default)]
    u_time: MaybeMs,
    #[serde(borrow, default)]
    fee_detail: Option<&'a RawValue>,
}

/// Taker or maker, in the venue's words.
pub(super) fn liquidity(text: &str) -> Result<Option<Liquidity>, String> {
    match text {
        "" => Ok(None),
        "taker" | "T" => Ok(Some(Liquidity::Taker)),
        "maker" | "M" => Ok(Some(Liquidity::Maker)),
        other => Err(format!("{other:?} is neither taker nor maker")),
    }
}

/// What a row tells of a fill.
pub(super) fn fill(raw: &RawFill<'_>, line: Line, markets: &Markets) -> Result<OwnTrade, String> {
    let need = |n: MaybeNum, what: &str| n.0.map(Num).ok_or_else(|| format!("a fill without its {what}"));
    let price = MaybeNum(raw.price.0.or(raw.price_avg.0).or(raw.exec_price.0));
    let quantity = MaybeNum(raw.size.0.or(raw.base_volume.0).or(raw.exec_qty.0));
    let turned = line.system == System::Mix && raw.pos_mode.0 == "hedge_mode" && closes(&raw.trade_side.0, "");
    let told = raw.side.some().map(side).transpose()?;
    Ok(OwnTrade {
        market: line.name_in(markets, raw.category.some(), &raw.symbol.0),
        id: raw.trade_id.owned().or_else(|| raw.exec_id.owned()).ok_or("a fill without an id")?,
        order: raw.order_id.owned(),
        client_id: raw.client_oid.owned(),
        at: raw.c_time.0.or(raw.created_time.0).or(raw.exec_time.0).or(raw.u_time.0),
        side: if turned { told.map(opposite) } else { told },
        liquidity: liquidity(&raw.trade_scope.0)?,
        price: wire::price(need(price, "price")?.0)?,
        quantity: wire::quantity(need(quantity, "quantity")?.0)?,
        cost: raw.amount.0.or(raw.quote_volume.0).or(raw.exec_value.0),
        fee: our_fee(line, fee_detail(raw.fee_detail)?),
    })
}

fn fills(line: Line, instrument: Option<&Instrument>, scope: &Scope, fields: Fields) -> Built<Vec<OwnTrade>> {
    let symbol = instrument.map(|i| i.symbol.clone());
    let end = |fields: Fields| fields.extra(&scope.extra, &UNDERSTOOD);
    let request = match line.system {
        System::Unified => account("/api/v3/trade/fills", end(fields.with("category", line.category))),
        System::Spot => account("/api/v2/spot/trade/fills", end(fields.maybe("symbol", symbol))),
        System::Margin(mode) => account(margin_path(mode, "fills"), end(fields.maybe("symbol", symbol))),
        System::Mix => {
            let fields = fields.with("productType", line.category).maybe("symbol", symbol);
            account("/api/v2/mix/order/fills", end(fields))
        }
    };
    let market = instrument.map(|i| i.name.clone());
    Ok(Ask::new(request, move |reply, markets| {
        let raw: Vec<RawFill<'_>> = rows(reply, &["fillList", "fills", "list"])?;
        let mut trades = each(reply, &raw, |raw| fill(raw, line, markets))?;
        trades.retain(|trade| market.as_ref().is_none_or(|market| *market == trade.market));
        trades.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.id.cmp(&b.id)));
        Ok(trades)
    }))
}

/// Our trades.
pub(super) fn own_trades(query: &HistoryQuery) -> Built<Vec<OwnTrade>> {
    let line = Line::asked(query.instrument.as_ref(), &query.scope, Product::Spot)?;
    fills(line, query.instrument.as_ref(), &query.scope, Fields::new().range(&query.range))
}

/// The trades of an order.
pub(super) fn order_trades(order: &OrderRef) -> Built<Vec<OwnTrade>> {
    if order.scope.class != OrderClass::Plain {
        return Err(unsupported("trades of orders that wait for a trigger"));
    }
    let id = order.id.as_ref().ok_or_else(|| invalid("the trades of an order need the venue's id of it"))?;
    let line = Line::asked(order.instrument.as_ref(), &order.scope, Product::Spot)?;
    fills(line, order.instrument.as_ref(), &order.scope, Fields::new().with("orderId", id.as_str()))
}
