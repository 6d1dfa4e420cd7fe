//! What the futures exchange tells of orders.

mod past;

pub(super) use past::past;

use super::errors::{fault, meaning, read};
use super::market::{instant, name_of};
use super::raw;
use crate::kraken::shared::{quotient, side_of};
use crate::protocol::call::{OrderKind, TimeInForce};
use crate::protocol::fault::{ApiError, Meaning, ReadFault};
use crate::protocol::model::{OrderReport, OrderState, OwnTrade};
use crate::protocol::wire::{self, MaybeNum, Text};
use crate::protocol::{Markets, Reply};
use rust_decimal::Decimal;
use serde_json::Value;
use std::collections::BTreeMap;

/// The text of an order's tag in a batch.
pub(super) fn tag(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub(super) fn not_found(reply: &Reply, what: &str) -> ReadFault {
    ReadFault::Api(ApiError {
        code: "notFound".to_owned(),
        message: what.to_owned(),
        status: reply.status,
        meaning: Meaning::NotFound,
        retry_after_ms: None,
    })
}

fn either(a: &Text, b: &Text) -> Option<String> {
    a.owned().or_else(|| b.owned())
}

/// What a type of order is once it is in the book, and for how long it stands. Market orders are sent to the book as
/// orders that take what is there within a limit, and told as such.
fn kind_of(text: &str, limit: MaybeNum) -> (Option<OrderKind>, Option<TimeInForce>, Option<bool>) {
    let limited = if limit.nonzero().is_some() { OrderKind::Limit } else { OrderKind::Market };
    match text.to_ascii_lowercase().as_str() {
        "lmt" | "limit" => (Some(OrderKind::Limit), Some(TimeInForce::Gtc), Some(false)),
        "post" => (Some(OrderKind::Limit), Some(TimeInForce::PostOnly), Some(true)),
        "fok" => (Some(OrderKind::Limit), Some(TimeInForce::Fok), Some(false)),
        "mkt" | "market" | "ioc" => (Some(OrderKind::Market), Some(TimeInForce::Ioc), Some(false)),
        "stp" | "stop" | "stop_loss" | "take_profit" | "trailing_stop" | "trailing_stop_loss" => {
            let force = if limited == OrderKind::Limit { TimeInForce::Gtc } else { TimeInForce::Ioc };
            (Some(limited), Some(force), Some(false))
        }
        _ => (None, None, None),
    }
}

/// An order as a request's answer tells of it.
fn told(order: &raw::Order, markets: &Markets) -> Result<OrderReport, String> {
    let (kind, time_in_force, post_only) = kind_of(&order.kind.0, order.limit_price);
    let filled = order.filled.quantity()?;
    let quantity = order.quantity.quantity()?;
    let options = order.price_trigger_options.as_ref().and_then(|options| options.trigger_price.nonzero());
    let trigger_price = order.stop_price.nonzero().or(order.trigger_price.nonzero()).or(options);
    Ok(OrderReport {
        market: order.symbol.some().map(|symbol| name_of(markets, symbol)),
        id: either(&order.order_id, &order.uid),
        client_id: either(&order.cli_ord_id, &order.client_id),
        kind,
        side: order.side.some().map(side_of).transpose()?,
        time_in_force,
        post_only,
        reduce_only: order.reduce_only.0,
        price: order.limit_price.nonzero(),
        trigger_price,
        // Once something is filled, the documents leave open whether this is the whole or the rest.
        quantity: quantity.filter(|_| filled.is_none_or(|filled| filled.value().is_zero())),
        filled,
        at: instant(&order.timestamp)?,
        updated_at: instant(&order.last_update_timestamp)?,
        ..OrderReport::default()
    })
}

/// The steps of a request, summed up: the order as it was left, and its executions.
fn steps(steps: &[raw::Step], markets: &Markets) -> Result<OrderReport, String> {
    let mut report = OrderReport::default();
    let mut known = false;
    let (mut amount, mut cost) = (Decimal::ZERO, Decimal::ZERO);
    let mut before = Decimal::ZERO;
    for step in steps {
        let placed = step.new.as_ref().or(step.order.as_ref()).or(step.order_trigger.as_ref());
        let order = placed.or(step.order_prior_execution.as_ref());
        if let (Some(order), false) = (order, known) {
            before = order.filled.0.unwrap_or_default();
            report = told(order, markets)?;
            known = true;
        }
        if step.kind.0 != "EXECUTION" {
            continue;
        }
        let price = wire::price(step.price.0.ok_or("an execution without a price")?)?;
        let quantity = wire::quantity(step.amount.0.ok_or("an execution without an amount")?)?;
        amount += quantity.value();
        cost += price.value().checked_mul(quantity.value()).ok_or("an execution too large")?;
        let of = step.order_prior_execution.as_ref().or(order);
        report.trades.push(OwnTrade {
            market: report.market.clone().unwrap_or_default(),
            id: step.execution_id.0.clone(),
            order: report.id.clone(),
            client_id: report.client_id.clone(),
            at: of.map(|order| instant(&order.last_update_timestamp)).transpose()?.flatten(),
            side: report.side,
            liquidity: None,
            price,
            quantity,
            cost: None,
            fee: None,
        });
    }
    if !amount.is_zero() {
        let filled = before.checked_add(amount).ok_or("too much is filled")?;
        if report.quantity.is_some_and(|quantity| filled > quantity.value()) {
            return Err(format!("more is filled ({filled}) than was asked for"));
        }
        report.filled = Some(wire::quantity(filled)?);
        report.average = quotient(cost, amount);
    }
    Ok(report)
}

/// How an order stands behind a request; words that are a no are told as an error.
fn state_of(
    reply: &Reply,
    status: &str,
    report: &OrderReport,
    events: &[raw::Step],
) -> Result<Option<OrderState>, ReadFault> {
    match status {
        "placed" | "partiallyFilled" | "edited" => {
            let whole = report.quantity.zip(report.filled).is_some_and(|(q, f)| !q.value().is_zero() && f == q);
            let ended = events.iter().any(|step| matches!(step.kind.0.as_str(), "CANCEL" | "REJECT"));
            Ok(Some(match (whole, ended && status != "edited") {
                (true, _) => OrderState::Closed,
                (false, true) => OrderState::Canceled,
                (false, false) => OrderState::Open,
            }))
        }
        "filled" => Ok(Some(OrderState::Closed)),
        "cancelled" => Ok(Some(OrderState::Canceled)),
        // Handed on to the engine; nothing is known yet.
        "attempted" => Ok(None),
        "" => Err(ReadFault::parse(reply, "an order without a status")),
        word if meaning(word) == Meaning::Unclear => {
            Err(ReadFault::parse(reply, format!("{word:?} is no status of an order")))
        }
        word => Err(fault(reply, word)),
    }
}

fn of_status(reply: &Reply, markets: &Markets, status: &raw::Status, placed: bool) -> Result<OrderReport, ReadFault> {
    let events = status.order_events.as_deref().unwrap_or_default();
    let parse = |e: String| ReadFault::parse(reply, e);
    let mut report = steps(events, markets).map_err(parse)?;
    report.state = state_of(reply, &status.status.0, &report, events)?;
    report.id = either(&status.order_id, &status.order_id_2).or(report.id);
    report.client_id = either(&status.cli_ord_id, &status.cli_ord_id_2).or(report.client_id);
    report.at = report.at.or(instant(&status.received_time).map_err(parse)?.filter(|_| placed));
    for trade in &mut report.trades {
        trade.order.clone_from(&report.id);
    }
    if report.id.is_none() && placed {
        return Err(ReadFault::parse(reply, "an order was placed without an id"));
    }
    Ok(report)
}

pub(super) fn sent(reply: &Reply, markets: &Markets) -> Result<OrderReport, ReadFault> {
    let told: raw::Sent = read(reply)?;
    of_status(reply, markets, &told.send_status, true)
}

pub(super) fn edited(reply: &Reply, markets: &Markets) -> Result<OrderReport, ReadFault> {
    let told: raw::Edited = read(reply)?;
    of_status(reply, markets, &told.edit_status, false)
}

pub(super) fn cancelled(reply: &Reply, markets: &Markets) -> Result<OrderReport, ReadFault> {
    let told: raw::Cancelled = read(reply)?;
    of_status(reply, markets, &told.cancel_status, false)
}

fn of_batch_row(reply: &Reply, markets: &Markets, row: &raw::BatchRow) -> Result<OrderReport, ReadFault> {
    let events = row.order_events.as_deref().unwrap_or_default();
    let parse = |e: String| ReadFault::parse(reply, e);
    let mut report = steps(events, markets).map_err(parse)?;
    report.state = match state_of(reply, &row.status.0, &report, events) {
        Ok(state) => state,
        // A clear no to one of them; the others stand.
        Err(no) if no.meaning() == Meaning::Refusal => Some(OrderState::Rejected),
        Err(other @ ReadFault::Parse { .. }) => return Err(other),
        Err(ReadFault::Api(_)) => None,
    };
    report.id = row.order_id.owned().or(report.id);
    report.client_id = either(&row.cli_ord_id, &row.cli_ord_id_2).or(report.client_id);
    report.at = report.at.or(instant(&row.date_time_received).map_err(parse)?);
    let open = matches!(report.state, Some(OrderState::Open | OrderState::Closed));
    if open && report.id.is_none() {
        return Err(ReadFault::parse(reply, "an order of a batch was placed without an id"));
    }
    Ok(report)
}

/// The reports of a batch, each at the place of the order with its tag.
pub(super) fn batch_sent(reply: &Reply, markets: &Markets, tags: &[String]) -> Result<Vec<OrderReport>, ReadFault> {
    let told: raw::Batch = read(reply)?;
    let mut rows = Vec::with_capacity(tags.len());
    for tag in tags {
        let mut of_tag = told.batch_status.iter().filter(|row| row.order_tag.0 == *tag);
        let row = of_tag.next().ok_or_else(|| ReadFault::parse(reply, format!("nothing is told of order {tag}")))?;
        if of_tag.next().is_some() {
            return Err(ReadFault::parse(reply, format!("order {tag} is told of twice")));
        }
        rows.push(of_batch_row(reply, markets, row)?);
    }
    Ok(rows)
}

/// The reports of a batch without tags.
pub(super) fn batch_in_order(reply: &Reply, markets: &Markets, count: usize) -> Result<Vec<OrderReport>, ReadFault> {
    let told: raw::Batch = read(reply)?;
    if told.batch_status.len() != count {
        return Err(ReadFault::parse(
            reply,
            format!("{} orders are told of, {count} were asked about", told.batch_status.len()),
        ));
    }
    told.batch_status.iter().map(|row| of_batch_row(reply, markets, row)).collect()
}

pub(super) fn cancelled_all(reply: &Reply, market: Option<&String>) -> Result<Vec<OrderReport>, ReadFault> {
    let told: raw::CancelledAll = read(reply)?;
    match told.cancel_status.status.0.as_str() {
        "cancelled" | "noOrdersToCancel" => {}
        other => return Err(ReadFault::parse(reply, format!("{other:?} is no status of cancelling all"))),
    }
    let one = |row: &raw::CancelledRow| OrderReport {
        market: market.cloned(),
        id: row.order_id.owned(),
        client_id: row.cli_ord_id.owned(),
        state: Some(OrderState::Canceled),
        ..OrderReport::default()
    };
    Ok(told.cancel_status.cancelled_orders.iter().map(one).collect())
}

pub(super) fn switched(reply: &Reply) -> Result<(), ReadFault> {
    let told: BTreeMap<String, Value> = read(reply)?;
    if told.contains_key("status") {
        Ok(())
    } else {
        Err(ReadFault::parse(reply, "the switch does not tell its status"))
    }
}

pub(super) fn status(reply: &Reply, markets: &Markets) -> Result<OrderReport, ReadFault> {
    let told: raw::StatusRows = read(reply)?;
    let row = told.orders.first().ok_or_else(|| not_found(reply, "no such order is open or ended just now"))?;
    let parse = |e: String| ReadFault::parse(reply, e);
    let mut report = self::told(&row.order, markets).map_err(parse)?;
    if report.id.is_none() {
        return Err(ReadFault::parse(reply, "an order without its id"));
    }
    report.state = Some(match row.status.0.as_str() {
        "ENTERED_BOOK" | "TRIGGER_PLACED" => OrderState::Open,
        "FULLY_EXECUTED" => OrderState::Closed,
        "CANCELLED" => OrderState::Canceled,
        "REJECTED" | "TRIGGER_ACTIVATION_FAILURE" => OrderState::Rejected,
        other => return Err(ReadFault::parse(reply, format!("{other:?} is no status of an order"))),
    });
    if report.state == Some(OrderState::Closed) {
        report.quantity = report.filled.filter(|filled| !filled.value().is_zero()).or(report.quantity);
    }
    // Here the type only says whether it is a trigger.
    let limited = if row.order.limit_price.nonzero().is_some() { OrderKind::Limit } else { OrderKind::Market };
    report.kind = Some(limited);
    Ok(report)
}

fn open_one(row: &raw::OpenOrder, markets: &Markets) -> Result<OrderReport, String> {
    let id = row.order_id.owned().ok_or("an open order without its id")?;
    let (kind, time_in_force, post_only) = kind_of(&row.order_type.0, row.limit_price);
    let kind = kind.ok_or_else(|| format!("{:?} is no type of order", row.order_type.0))?;
    match row.status.0.as_str() {
        "untouched" | "partiallyFilled" => {}
        other => return Err(format!("{other:?} is no status of an open order")),
    }
    let filled = row.filled_size.quantity()?;
    let left = row.unfilled_size.quantity()?;
    let quantity = match left {
        Some(left) => Some(wire::quantity(left.value() + filled.map_or(Decimal::ZERO, |filled| filled.value()))?),
        // A stop that closes the whole position has no quantity of its own.
        None => None,
    };
    let trigger = row.stop_price.nonzero();
    let is = |name: &str| row.order_type.0.eq_ignore_ascii_case(name);
    Ok(OrderReport {
        market: Some(name_of(markets, &row.symbol.0)),
        id: Some(id),
        client_id: either(&row.cli_ord_id, &row.cli_ord_id_2),
        state: Some(OrderState::Open),
        kind: Some(kind),
        side: Some(side_of(&row.side.0)?),
        time_in_force,
        post_only,
        reduce_only: row.reduce_only.0,
        price: row.limit_price.nonzero(),
        trigger_price: trigger,
        take_profit_price: trigger.filter(|_| is("take_profit")),
        stop_loss_price: trigger.filter(|_| is("stop") || is("stp")),
        quantity,
        filled,
        remaining: left,
        at: instant(&row.received_time)?,
        updated_at: instant(&row.last_update_time)?,
        ..OrderReport::default()
    })
}

pub(super) fn open(reply: &Reply, markets: &Markets) -> Result<Vec<OrderReport>, ReadFault> {
    let told: raw::OpenOrders = read(reply)?;
    let rows = told.open_orders.iter().map(|row| open_one(row, markets)).collect::<Result<Vec<_>, _>>();
    rows.map_err(|e| ReadFault::parse(reply, e))
}
