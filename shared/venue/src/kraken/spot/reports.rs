//! What the spot exchange tells of orders.

use super::errors::{self, result};
use super::raw;
use crate::kraken::shared::{json, side_of};
use crate::protocol::call::{OrderFilter, OrderKind, TimeInForce};
use crate::protocol::fault::{ApiError, Meaning, ReadFault};
use crate::protocol::model::{OrderReport, OrderState, VenueFee};
use crate::protocol::wire::{self, MaybeNum};
use crate::protocol::{Instrument, Markets, OrderRef, Product, Reply};
use desk::time::Timestamp;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

const SPOT: &[Product] = &[Product::Spot];

/// An instant that is zero where there is none.
fn instant(seconds: MaybeNum) -> Result<Option<Timestamp>, String> {
    seconds.nonzero().map(wire::seconds).transpose()
}

/// The market of a pair, by any of its names.
pub(super) fn market_of<'a>(markets: &'a Markets, pair: &str) -> Option<&'a Instrument> {
    // Stream symbols are unified names already.
    markets.of_symbol(pair, SPOT).or_else(|| markets.get(pair).filter(|i| i.product == Product::Spot))
}

/// What a type of order is, once it is in the book; `None` for one that closes a margin position by itself.
pub(super) fn kind_of(ordertype: &str) -> Result<Option<OrderKind>, String> {
    match ordertype {
        "limit" | "iceberg" | "stop-loss-limit" | "take-profit-limit" | "trailing-stop-limit" => {
            Ok(Some(OrderKind::Limit))
        }
        "market" | "stop-loss" | "take-profit" | "trailing-stop" | "settle-position" => Ok(Some(OrderKind::Market)),
        "" => Ok(None),
        other => Err(format!("{other:?} is no type of order")),
    }
}

fn state_of(status: &str) -> Result<OrderState, String> {
    match status {
        "open" | "pending" => Ok(OrderState::Open),
        "closed" => Ok(OrderState::Closed),
        "canceled" => Ok(OrderState::Canceled),
        "expired" => Ok(OrderState::Expired),
        other => Err(format!("{other:?} is no status of an order")),
    }
}

fn force_of(text: &str) -> Option<TimeInForce> {
    match text {
        "GTC" | "gtc" => Some(TimeInForce::Gtc),
        "IOC" | "ioc" => Some(TimeInForce::Ioc),
        "GTD" | "gtd" => Some(TimeInForce::Gtd),
        "FOK" | "fok" => Some(TimeInForce::Fok),
        _ => None,
    }
}

/// A price that may be relative (`+5.0%`), and zero where there is none.
fn absolute(text: &str) -> Option<Decimal> {
    if text.starts_with(['+', '-', '#']) || text.ends_with('%') {
        return None;
    }
    wire::decimal(text).ok().filter(|price| !price.is_zero() && !price.is_sign_negative())
}

/// The fee of an order: in the quote currency, unless its flags say otherwise.
fn fee(order: &raw::Order, market: Option<&Instrument>) -> Option<VenueFee> {
    let cost = order.fee.0?;
    let in_base = order.oflags.0.split(',').any(|flag| flag == "fcib");
    let currency = market.map(|i| if in_base { i.base.clone() } else { i.quote.clone() });
    Some(VenueFee { cost, currency })
}

/// One order.
pub(super) fn report(id: &str, order: &raw::Order, markets: &Markets) -> Result<OrderReport, String> {
    if id.is_empty() {
        return Err("an order without its id".to_owned());
    }
    let pair = order.descr.pair.0.as_str();
    let market = market_of(markets, pair);
    let (quantity, filled) = (wire::quantity(order.vol.0)?, wire::quantity(order.vol_exec.0)?);
    if filled > quantity {
        return Err(format!("order {id}: more filled ({filled}) than asked for ({quantity})"));
    }
    let in_quote = order.oflags.0.split(',').any(|flag| flag == "viqc");
    let kind = kind_of(&order.descr.ordertype.0)?;
    let (price, trigger) = order_prices(order);
    let ordertype = order.descr.ordertype.0.as_str();
    Ok(OrderReport {
        market: market.map(|i| i.name.clone()).or_else(|| order.descr.pair.owned()),
        id: Some(id.to_owned()),
        client_id: order.cl_ord_id.owned().or_else(|| order.userref.owned()),
        state: Some(state_of(&order.status.0)?),
        kind,
        side: order.descr.side.some().map(side_of).transpose()?,
        // Market orders take what is there and never rest.
        time_in_force: force_of(&order.timeinforce.0)
            .or_else(|| (kind == Some(OrderKind::Market) && trigger.is_none()).then_some(TimeInForce::Ioc)),
        post_only: Some(order.oflags.0.split(',').any(|flag| flag == "post")),
        reduce_only: order.reduce_only.0,
        price,
        trigger_price: trigger,
        take_profit_price: trigger.filter(|_| ordertype.starts_with("take-profit")),
        stop_loss_price: trigger.filter(|_| ordertype.starts_with("stop-loss")),
        // With `viqc` the volume is an amount of quote currency until the order is filled.
        quantity: Some(quantity).filter(|_| !in_quote),
        filled: Some(filled),
        remaining: None,
        cost: order.cost.0,
        average: order.price.nonzero().filter(|_| !order.vol_exec.0.is_zero()),
        fee: fee(order, market),
        at: instant(order.opentm)?,
        updated_at: instant(order.closetm)?,
        ..OrderReport::default()
    })
}

/// The limit and the trigger. Of an order with a trigger the first price of its description is the trigger, the second
/// the limit; once it moves or fires, `stopprice` and `limitprice` tell.
fn order_prices(order: &raw::Order) -> (Option<Decimal>, Option<Decimal>) {
    let descr = &order.descr;
    let (first, second) = (absolute(&descr.price.0), absolute(&descr.price2.0));
    match descr.ordertype.0.as_str() {
        "stop-loss" | "take-profit" | "trailing-stop" => (None, order.stopprice.nonzero().or(first)),
        "stop-loss-limit" | "take-profit-limit" | "trailing-stop-limit" => {
            (second.or(order.limitprice.nonzero()), order.stopprice.nonzero().or(first))
        }
        "limit" | "iceberg" => (first.or(order.limitprice.nonzero()), None),
        _ => (None, None),
    }
}

fn read_rows(
    reply: &Reply,
    markets: &Markets,
    rows: &BTreeMap<String, raw::Order>,
) -> Result<Vec<OrderReport>, ReadFault> {
    rows.iter().map(|(id, row)| report(id, row, markets).map_err(|e| ReadFault::parse(reply, e))).collect()
}

pub(super) fn listed(reply: &Reply, markets: &Markets, filter: OrderFilter) -> Result<Vec<OrderReport>, ReadFault> {
    let text = result(reply)?;
    let rows = match filter {
        OrderFilter::Open | OrderFilter::All => json::<raw::OpenOrders>(reply, text)?.open,
        OrderFilter::Closed | OrderFilter::Canceled | OrderFilter::CanceledAndClosed => {
            json::<raw::ClosedOrders>(reply, text)?.closed
        }
    };
    let mut rows = read_rows(reply, markets, &rows)?;
    if filter == OrderFilter::Canceled {
        rows.retain(|row| matches!(row.state, Some(OrderState::Canceled | OrderState::Expired)));
    }
    Ok(rows)
}

fn not_found(reply: &Reply, what: &str) -> ReadFault {
    ReadFault::Api(ApiError {
        code: "no such order".to_owned(),
        message: what.chars().take(200).collect(),
        status: reply.status,
        meaning: Meaning::NotFound,
        retry_after_ms: None,
    })
}

pub(super) fn one_listed(
    reply: &Reply,
    markets: &Markets,
    filter: OrderFilter,
    client_id: &str,
) -> Result<OrderReport, ReadFault> {
    let rows = listed(reply, markets, filter)?;
    // Client ids are unique among working orders only: of those that ended the newest counts.
    let found = rows.into_iter().filter(|row| row.client_id.as_deref() == Some(client_id)).max_by_key(|row| row.at);
    found.ok_or_else(|| not_found(reply, "none of the orders told has the client id"))
}

pub(super) fn queried(reply: &Reply, markets: &Markets, id: Option<&str>) -> Result<OrderReport, ReadFault> {
    let rows: BTreeMap<String, raw::Order> = json(reply, result(reply)?)?;
    let row = match id.and_then(|id| rows.get_key_value(id)) {
        Some(row) => Some(row),
        None if id.is_none() => rows.iter().max_by_key(|(_, order)| order.opentm),
        None => None,
    };
    let (id, row) = row.ok_or_else(|| not_found(reply, "the answer has no such order"))?;
    report(id, row, markets).map_err(|e| ReadFault::parse(reply, e))
}

/// What the venue describes an order as: `buy 0.1 LTCUSDT @ stop loss 29.0 -> limit 30.0 with 5:1 leverage`. What does
/// not look like it is left out: the id is what counts.
pub(super) fn described(text: &str, markets: &Markets, in_quote: bool) -> OrderReport {
    let mut report = OrderReport::default();
    let Some((head, tail)) = text.split_once(" @ ") else { return report };
    let words: Vec<&str> = head.split_whitespace().collect();
    if let [side, quantity, pair] = words.as_slice() {
        report.side = side_of(side).ok();
        report.quantity = wire::decimal(quantity).ok().and_then(|q| wire::quantity(q).ok()).filter(|_| !in_quote);
        report.market = market_of(markets, pair).map(|i| i.name.clone());
    }
    let tail = tail.split(" with ").next().unwrap_or(tail);
    let (first, limit) = match tail.split_once(" -> ") {
        Some((first, second)) => (first, second.strip_prefix("limit ")),
        None => (tail, None),
    };
    let price = |text: &str| absolute(text.trim());
    if let Some(rest) = first.strip_prefix("limit ") {
        report.kind = Some(OrderKind::Limit);
        report.price = price(rest);
        return report;
    }
    report.kind = Some(if limit.is_some() { OrderKind::Limit } else { OrderKind::Market });
    report.price = limit.and_then(price);
    if let Some(rest) = first.strip_prefix("stop loss ") {
        report.trigger_price = price(rest);
        report.stop_loss_price = report.trigger_price;
    } else if let Some(rest) = first.strip_prefix("take profit ") {
        report.trigger_price = price(rest);
        report.take_profit_price = report.trigger_price;
    } else if !first.starts_with("market") && !first.starts_with("trailing stop") {
        report.kind = None;
    }
    report
}

fn added_one(row: &raw::Added, markets: &Markets, test: bool, in_quote: bool) -> Result<OrderReport, String> {
    let id = row.txid.0.first().filter(|id| !id.is_empty()).cloned();
    if id.is_none() && !test {
        return Err("an order was placed without an id".to_owned());
    }
    let described = described(&row.descr.order.0, markets, in_quote);
    Ok(OrderReport { id, client_id: row.cl_ord_id.owned(), ..described })
}

pub(super) fn added(reply: &Reply, markets: &Markets, test: bool, in_quote: bool) -> Result<OrderReport, ReadFault> {
    let row: raw::Added = json(reply, result(reply)?)?;
    added_one(&row, markets, test, in_quote).map_err(|e| ReadFault::parse(reply, e))
}

pub(super) fn added_many(
    reply: &Reply,
    markets: &Markets,
    count: usize,
    test: bool,
) -> Result<Vec<OrderReport>, ReadFault> {
    let batch: raw::AddedBatch = json(reply, result(reply)?)?;
    if batch.orders.len() != count {
        return Err(ReadFault::parse(reply, format!("{} orders told of, {count} placed", batch.orders.len())));
    }
    let one = |row: &raw::Added| {
        let Some(text) = row.error.some() else {
            return added_one(row, markets, test, false).map_err(|e| ReadFault::parse(reply, e));
        };
        match errors::meaning(text) {
            // A clear no to one of them; the others stand.
            Meaning::Refusal => {
                let described = described(&row.descr.order.0, markets, false);
                Ok(OrderReport { state: Some(OrderState::Rejected), client_id: row.cl_ord_id.owned(), ..described })
            }
            Meaning::DuplicateId
            | Meaning::NotFound
            | Meaning::Credentials
            | Meaning::Clock
            | Meaning::RateLimit
            | Meaning::Unclear => Ok(OrderReport { client_id: row.cl_ord_id.owned(), ..OrderReport::default() }),
        }
    };
    batch.orders.iter().map(one).collect()
}

/// The venue tells the id of the change; the order keeps its own.
pub(super) fn amended(reply: &Reply, asked: &OrderRef) -> Result<OrderReport, ReadFault> {
    let told: raw::Amended = json(reply, result(reply)?)?;
    if told.amend_id.some().is_none() {
        return Err(ReadFault::parse(reply, "an order was amended without an id of the change"));
    }
    let (id, client_id) = (asked.id.clone(), asked.client_id.clone());
    Ok(OrderReport { id, client_id, ..OrderReport::default() })
}

fn count(reply: &Reply) -> Result<usize, ReadFault> {
    let told: raw::Canceled = json(reply, result(reply)?)?;
    usize::try_from(told.count.0).map_err(|_| ReadFault::parse(reply, "the count of cancelled orders is no number"))
}

/// The venue tells how many, and not which.
pub(super) fn canceled(reply: &Reply) -> Result<Vec<OrderReport>, ReadFault> {
    match count(reply)? {
        0 => Err(not_found(reply, "no order was cancelled")),
        count => Ok(vec![OrderReport::default(); count.min(1000)]),
    }
}

pub(super) fn canceled_all(reply: &Reply) -> Result<Vec<OrderReport>, ReadFault> {
    Ok(vec![OrderReport::default(); count(reply)?.min(1000)])
}

pub(super) fn switched(reply: &Reply) -> Result<(), ReadFault> {
    let text = result(reply)?;
    // `currentTime` and, while the switch is on, `triggerTime`.
    if text.contains("currentTime") {
        Ok(())
    } else {
        Err(ReadFault::parse(reply, "the switch does not tell its time"))
    }
}
