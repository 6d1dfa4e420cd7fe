//! Orders and fills looked up: `order/realtime` for those that work, `order/history` for those that ended,
//! `execution/list` for fills.
//!
//! `order/realtime` also knows the last 500 orders that ended since the venue's service started, so it answers for one
//! order whatever became of it; [`order`] asks there. The history is the second, independent source.

use super::change::{all_markets, named, product_of_page};
use super::errors::answer;
use super::raw::{ExecutionRow, OrderRow, Page};
use super::reports;
use super::request::{Fields, category, product_of};
use crate::protocol::call::OrderFilter;
use crate::protocol::model::{FundingPayment, OrderReport, OwnTrade};
use crate::protocol::{
    Ask, Built, HistoryQuery, Instrument, Markets, OrderRef, OrdersQuery, Product, ReadFault, Reply, Scope, Unsigned,
};
use rust_decimal::Decimal;

const WORKING: &str = "/v5/order/realtime";
const ENDED: &str = "/v5/order/history";
const FILLS: &str = "/v5/execution/list";

/// Extras that are read here and not passed on.
const READ: &[&str] = &["acknowledged", "paginate", "method"];

fn read_orders(reply: &Reply, markets: &Markets, product: Product) -> Result<Vec<OrderReport>, ReadFault> {
    let page = answer::<Page<OrderRow>>(reply)?.result;
    let product = product_of_page(page.category.some(), product);
    let rows = page.list.iter().map(|row| reports::order(row, product, markets));
    rows.collect::<Result<_, _>>().map_err(|e| ReadFault::parse(reply, e))
}

fn base(market: Option<&Instrument>, scope: &Scope) -> (Product, Fields) {
    let product = product_of(market, scope);
    let fields = Fields::default().with("category", category(product));
    (product, fields.maybe("symbol", market.map(|i| i.symbol.as_str())))
}

/// The one order of an answer. None at all is an answer too: the venue says so with an empty list.
fn one(reply: &Reply, rows: Vec<OrderReport>, asked: &OrderRef) -> Result<OrderReport, ReadFault> {
    let fits = |row: &OrderReport| match (&asked.id, &asked.client_id) {
        (Some(id), _) => row.id.as_ref() == Some(id),
        (None, client_id) => &row.client_id == client_id,
    };
    if rows.is_empty() {
        let message = "the list of such orders is empty".to_owned();
        let (code, status) = ("110001".to_owned(), reply.status);
        let meaning = crate::protocol::Meaning::NotFound;
        return Err(crate::protocol::ApiError { code, message, status, meaning, retry_after_ms: None }.into());
    }
    let found = rows.into_iter().find(fits);
    found.ok_or_else(|| ReadFault::parse(reply, "the answer is about another order"))
}

fn single(path: &'static str, order: &OrderRef, status: Option<&str>) -> Built<OrderReport> {
    let (product, fields) = base(order.instrument.as_ref(), &order.scope);
    let fields = named(fields, order)?.maybe("orderStatus", status).class(order.scope.class, product);
    let request = fields.extra(&order.scope.extra, READ).account(path);
    let asked = order.clone();
    Ok(Ask::new(request, move |reply, markets| one(reply, read_orders(reply, markets, product)?, &asked)))
}

/// One order, whatever became of it.
pub(super) fn order(order: &OrderRef) -> Built<OrderReport> {
    single(WORKING, order, None)
}

/// One order that was filled.
pub(super) fn closed_order(order: &OrderRef) -> Built<OrderReport> {
    single(ENDED, order, Some("Filled"))
}

/// Several orders.
pub(super) fn orders(query: &OrdersQuery) -> Built<Vec<OrderReport>> {
    let market = query.instrument.as_ref();
    let (product, fields) = base(market, &query.scope);
    let (path, status) = match query.filter {
        OrderFilter::Open => (WORKING, None),
        OrderFilter::All | OrderFilter::CanceledAndClosed => (ENDED, None),
        OrderFilter::Closed => (ENDED, Some("Filled")),
        OrderFilter::Canceled => (ENDED, Some("Cancelled")),
    };
    let fields = match query.filter {
        // Working orders have no stretch of time, and want a market or a coin.
        OrderFilter::Open => all_markets(fields, market, product, &query.scope).maybe("limit", query.range.limit),
        OrderFilter::All | OrderFilter::Closed | OrderFilter::Canceled | OrderFilter::CanceledAndClosed => {
            fields.range(&query.range)
        }
    };
    let fields = fields.maybe("orderStatus", status).class(query.scope.class, product);
    let request: Unsigned = fields.extra(&query.scope.extra, READ).account(path);
    Ok(Ask::new(request, move |reply, markets| read_orders(reply, markets, product)))
}

fn read_fills(reply: &Reply, markets: &Markets, product: Product) -> Result<Vec<OwnTrade>, ReadFault> {
    let page = answer::<Page<ExecutionRow>>(reply)?.result;
    let product = product_of_page(page.category.some(), product);
    let rows = page.list.iter().map(|row| reports::execution(row, product, markets));
    rows.collect::<Result<_, _>>().map_err(|e| ReadFault::parse(reply, e))
}

/// The trades of an order.
pub(super) fn order_trades(order: &OrderRef) -> Built<Vec<OwnTrade>> {
    let (product, fields) = base(order.instrument.as_ref(), &order.scope);
    let fields = named(fields, order)?.with("execType", "Trade").extra(&order.scope.extra, READ);
    Ok(Ask::new(fields.account(FILLS), move |reply, markets| read_fills(reply, markets, product)))
}

/// Our trades. An extra `execType` asks for other executions instead (`AdlTrade`, `BustTrade`, `Settle`, `Delivery`):
/// those change positions as well, and are not among the trades.
pub(super) fn own_trades(query: &HistoryQuery) -> Built<Vec<OwnTrade>> {
    let (product, fields) = base(query.instrument.as_ref(), &query.scope);
    let fields = fields.with("execType", "Trade").range(&query.range).extra(&query.scope.extra, READ);
    Ok(Ask::new(fields.account(FILLS), move |reply, markets| read_fills(reply, markets, product)))
}

/// Funding payments: executions of another type. The venue counts what we paid as positive.
pub(super) fn funding_payments(query: &HistoryQuery) -> Built<Vec<FundingPayment>> {
    let (product, fields) = base(query.instrument.as_ref(), &query.scope);
    let fields = fields.with("execType", "Funding").range(&query.range).extra(&query.scope.extra, READ);
    Ok(Ask::new(fields.account(FILLS), move |reply, markets| {
        let trades = read_fills(reply, markets, product)?;
        let payment = |trade: OwnTrade| {
            let (fee, at) = (trade.fee.as_ref()?, trade.at?);
            let (amount, currency) = (Decimal::ZERO - fee.cost, fee.currency.clone()?);
            Some(FundingPayment { market: trade.market, id: Some(trade.id), amount, currency, at })
        };
        let all: Option<Vec<_>> = trades.into_iter().map(payment).collect();
        all.ok_or_else(|| ReadFault::parse(reply, "a payment without an amount, a currency or a time"))
    }))
}
