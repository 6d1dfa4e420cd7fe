//! Events of our own account. What contradicts itself is a fault: nothing is guessed about money.
//!
//! Source: the exchange's documentation of user data streams, spot and futures.
//!
//! 1. A status or kind of execution that is not known is a fault.
//! 2. More filled than ordered, a negative amount, an order without its number: a fault.
//! 3. A fill is told of once, by the event of its order, which knows its fee.

mod account;

pub(super) use account::{account, holdings, margin_call};

use super::stream_read::{Frame, Words, parse};
use crate::protocol::call::{OrderKind, TimeInForce};
use crate::protocol::model::{Liquidity, OrderReport, OrderState, OwnTrade, Side, VenueFee};
use crate::protocol::stream::Event;
use crate::protocol::wire::{self, Flag, MaybeMs, MaybeNum, Num, Text, instant};
use desk::money::Quantity;
use serde::Deserialize;

/// `executionReport` itself, and what `ORDER_TRADE_UPDATE` has under `o`: they share most letters, and give none of them
/// two meanings that matter here.
#[derive(Deserialize)]
struct Order {
    s: String,
    #[serde(rename = "c", default)]
    client_id: Option<String>,
    /// Spot: the order's client id, where `c` is that of the request which cancelled it.
    #[serde(rename = "C", default)]
    original_client_id: Option<String>,
    #[serde(rename = "S")]
    side: String,
    o: String,
    #[serde(rename = "f", default)]
    time_in_force: Option<String>,
    q: Num,
    /// Spot: how much was asked for in quote units.
    #[serde(rename = "Q", default)]
    quote_quantity: MaybeNum,
    #[serde(default)]
    p: MaybeNum,
    #[serde(rename = "P", default)]
    stop_price_spot: MaybeNum,
    #[serde(rename = "sp", default)]
    stop_price: MaybeNum,
    #[serde(rename = "ap", default)]
    average: MaybeNum,
    #[serde(rename = "x")]
    execution: String,
    #[serde(rename = "X")]
    status: String,
    i: Text,
    #[serde(rename = "l", default)]
    last_quantity: MaybeNum,
    z: Num,
    #[serde(rename = "L", default)]
    last_price: MaybeNum,
    #[serde(rename = "Y", default)]
    last_cost: MaybeNum,
    #[serde(rename = "Z", default)]
    cost: MaybeNum,
    #[serde(rename = "n", default)]
    fee: MaybeNum,
    #[serde(rename = "N", default)]
    fee_currency: Option<String>,
    #[serde(rename = "T")]
    at: i64,
    #[serde(rename = "O", default)]
    placed_at: MaybeMs,
    #[serde(rename = "t", default)]
    trade: MaybeNum,
    #[serde(rename = "m", default)]
    maker: Flag,
    #[serde(rename = "R", default)]
    reduce_only: Flag,
}

#[derive(Deserialize)]
struct Wrapped<T> {
    o: T,
}

/// What happened to an order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Execution {
    /// A fill.
    Fill,
    /// Anything else.
    Other,
}

/// An order, and the fill that changed it.
pub(super) fn order(at: &Frame<'_>, kind: &str, text: &str) -> Words<Vec<Event>> {
    let spot = kind == "executionReport";
    if spot == at.product.is_contract() {
        return Err(format!("{kind} on a stream of {:?}", at.product));
    }
    let order = if spot { parse::<Order>(text)? } else { parse::<Wrapped<Order>>(text)?.o };
    let execution = match order.execution.as_str() {
        "TRADE" | "CALCULATED" => Execution::Fill,
        "NEW" | "CANCELED" | "REPLACED" | "REJECTED" | "EXPIRED" | "AMENDMENT" | "TRADE_PREVENTION" => Execution::Other,
        other => return Err(unknown("kind of execution", other)),
    };
    let report = report(at, &order, execution)?;
    let mut events = Vec::with_capacity(2);
    if execution == Execution::Fill {
        events.push(Event::Fill(Box::new(fill(&order, &report)?)));
    }
    events.push(Event::Order(Box::new(report)));
    Ok(events)
}

fn unknown(what: &str, word: &str) -> String {
    format!("{:?} is no known {what}", word.chars().take(48).collect::<String>())
}

fn report(at: &Frame<'_>, order: &Order, execution: Execution) -> Words<OrderReport> {
    let (quantity, filled) = (wire::quantity(order.q.0)?, wire::quantity(order.z.0)?);
    let by_cost = order.quote_quantity.nonzero().is_some();
    // Closing a whole position, and spending an amount of quote units, have no quantity of their own at first.
    if !quantity.is_zero() && filled > quantity {
        return Err(format!("{filled} of {quantity} were filled"));
    }
    let state = state(&order.status, filled, quantity)?;
    if state == OrderState::Closed && !by_cost && filled < quantity {
        return Err(format!("an order with {filled} of {quantity} is called filled"));
    }
    let stop = order.stop_price_spot.price()?.or(order.stop_price.price()?);
    let client_id = match order.execution.as_str() {
        "CANCELED" => order.original_client_id.as_ref().filter(|id| !id.is_empty()).or(order.client_id.as_ref()),
        _ => order.client_id.as_ref(),
    };
    let now = instant(order.at)?;
    let time_in_force = order.time_in_force.as_deref().and_then(time_in_force);
    Ok(OrderReport {
        market: Some(at.market(&order.s)?),
        id: Some(number(&order.i, "order")?),
        client_id: client_id.filter(|id| !id.is_empty()).cloned(),
        state: Some(state),
        kind: order_kind(&order.o, at.product.is_contract()),
        side: Some(side(&order.side)?),
        time_in_force,
        post_only: Some(order.o == "LIMIT_MAKER" || time_in_force == Some(TimeInForce::PostOnly)),
        reduce_only: order.reduce_only.0,
        price: order.p.price()?.map(|price| price.value()),
        trigger_price: stop.map(|price| price.value()),
        quantity: Some(quantity).filter(|quantity| !quantity.is_zero()),
        filled: Some(filled),
        cost: order.cost.quantity()?.map(Quantity::value),
        average: order.average.price()?.map(|price| price.value()),
        at: order.placed_at.0.or((order.execution == "NEW").then_some(now)),
        updated_at: Some(now),
        last_trade_at: (execution == Execution::Fill).then_some(now),
        ..OrderReport::default()
    })
}

fn fill(order: &Order, report: &OrderReport) -> Words<OwnTrade> {
    let quantity = order.last_quantity.quantity()?.filter(|quantity| !quantity.is_zero());
    let quantity = quantity.ok_or("a fill of nothing")?;
    if report.filled.is_none_or(|filled| quantity > filled) {
        return Err(format!("a fill of {quantity} in an order with less"));
    }
    let id = order.trade.nonzero().filter(|id| id.is_sign_positive() && id.scale() == 0);
    let fee = order
        .fee
        .0
        .map(|cost| VenueFee { cost, currency: order.fee_currency.clone().filter(|currency| !currency.is_empty()) });
    Ok(OwnTrade {
        market: report.market.clone().unwrap_or_default(),
        id: id.ok_or("a fill without its number")?.to_string(),
        order: report.id.clone(),
        client_id: report.client_id.clone(),
        at: report.updated_at,
        side: report.side,
        liquidity: order.maker.0.map(|maker| if maker { Liquidity::Maker } else { Liquidity::Taker }),
        price: order.last_price.price()?.ok_or("a fill without a price")?,
        quantity,
        cost: order.last_cost.quantity()?.map(Quantity::value),
        fee: fee.filter(|fee| !fee.cost.is_zero() || fee.currency.is_some()),
    })
}

/// An id that is a number: no order is known by anything else.
fn number(id: &Text, of: &str) -> Words<String> {
    let digits = id.0.len() <= 24 && id.0.bytes().all(|b| b.is_ascii_digit());
    id.owned().filter(|id| digits && id.as_str() != "0").ok_or_else(|| format!("no number of the {of}"))
}

fn side(word: &str) -> Words<Side> {
    match word {
        "BUY" => Ok(Side::Buy),
        "SELL" => Ok(Side::Sell),
        other => Err(unknown("side", other)),
    }
}

fn state(word: &str, filled: Quantity, quantity: Quantity) -> Words<OrderState> {
    match word {
        "NEW" | "PENDING_NEW" | "PARTIALLY_FILLED" => Ok(OrderState::Open),
        "FILLED" => Ok(OrderState::Closed),
        // How older servers call an order of the insurance fund, or of a forced reduction, whatever its fills.
        "NEW_INSURANCE" | "NEW_ADL" if filled == quantity => Ok(OrderState::Closed),
        "NEW_INSURANCE" | "NEW_ADL" => Ok(OrderState::Open),
        "CANCELED" => Ok(OrderState::Canceled),
        "PENDING_CANCEL" => Ok(OrderState::Canceling),
        "REJECTED" => Ok(OrderState::Rejected),
        "EXPIRED" | "EXPIRED_IN_MATCH" => Ok(OrderState::Expired),
        other => Err(unknown("status", other)),
    }
}

/// `TAKE_PROFIT` becomes a market order on spot, and a limit order with contracts.
fn order_kind(word: &str, contract: bool) -> Option<OrderKind> {
    match word {
        "LIMIT" | "LIMIT_MAKER" | "STOP_LOSS_LIMIT" | "TAKE_PROFIT_LIMIT" | "STOP" => Some(OrderKind::Limit),
        "TAKE_PROFIT" if contract => Some(OrderKind::Limit),
        "MARKET"
        | "STOP_LOSS"
        | "TAKE_PROFIT"
        | "STOP_MARKET"
        | "TAKE_PROFIT_MARKET"
        | "TRAILING_STOP_MARKET"
        | "LIQUIDATION" => Some(OrderKind::Market),
        _ => None,
    }
}

fn time_in_force(word: &str) -> Option<TimeInForce> {
    match word {
        "GTC" | "GTE_GTC" => Some(TimeInForce::Gtc),
        "IOC" => Some(TimeInForce::Ioc),
        "FOK" => Some(TimeInForce::Fok),
        "GTX" | "RPI" => Some(TimeInForce::PostOnly),
        "GTD" => Some(TimeInForce::Gtd),
        _ => None,
    }
}

/// A conditional order of the futures' algo service.
#[derive(Deserialize)]
struct Conditional {
    #[serde(rename = "caid", default)]
    client_id: Option<String>,
    #[serde(rename = "aid")]
    id: Text,
    o: String,
    s: String,
    #[serde(rename = "S")]
    side: String,
    #[serde(rename = "f", default)]
    time_in_force: Option<String>,
    q: Num,
    #[serde(rename = "X")]
    status: String,
    #[serde(rename = "aq", default)]
    filled: MaybeNum,
    #[serde(rename = "tp", default)]
    trigger: MaybeNum,
    #[serde(default)]
    p: MaybeNum,
    #[serde(rename = "R", default)]
    reduce_only: Flag,
}

#[derive(Deserialize)]
struct ConditionalEvent {
    #[serde(rename = "T")]
    at: i64,
    o: Conditional,
}

/// A conditional order. It fills nothing by itself: the order it becomes is told of by `ORDER_TRADE_UPDATE`.
pub(super) fn conditional(at: &Frame<'_>, text: &str) -> Words<Vec<Event>> {
    let ConditionalEvent { at: time, o: order } = parse(text)?;
    let state = match order.status.as_str() {
        "NEW" | "TRIGGERING" => OrderState::Open,
        "TRIGGERED" | "FINISHED" => OrderState::Closed,
        "CANCELED" => OrderState::Canceled,
        "EXPIRED" => OrderState::Expired,
        "REJECTED" => OrderState::Rejected,
        other => return Err(unknown("status", other)),
    };
    let quantity = wire::quantity(order.q.0)?;
    if let Some(filled) = order.filled.quantity()?
        && !quantity.is_zero()
        && filled > quantity
    {
        return Err(format!("{filled} of {quantity} were filled"));
    }
    let (now, tif) = (instant(time)?, order.time_in_force.as_deref().and_then(time_in_force));
    Ok(vec![Event::Order(Box::new(OrderReport {
        market: Some(at.market(&order.s)?),
        id: Some(number(&order.id, "conditional order")?),
        client_id: order.client_id.filter(|id| !id.is_empty()),
        state: Some(state),
        kind: order_kind(&order.o, true),
        side: Some(side(&order.side)?),
        time_in_force: tif,
        post_only: Some(tif == Some(TimeInForce::PostOnly)),
        reduce_only: order.reduce_only.0,
        price: order.p.price()?.map(|price| price.value()),
        trigger_price: order.trigger.price()?.map(|price| price.value()),
        quantity: Some(quantity).filter(|quantity| !quantity.is_zero()),
        at: (order.status == "NEW").then_some(now),
        updated_at: Some(now),
        ..OrderReport::default()
    }))])
}

#[derive(Deserialize)]
struct TriggerRejected {
    #[serde(rename = "T")]
    at: i64,
    or: RejectedOrder,
}

#[derive(Deserialize)]
struct RejectedOrder {
    s: String,
    i: Text,
}

/// A conditional order that was refused when it triggered.
pub(super) fn trigger_rejected(at: &Frame<'_>, text: &str) -> Words<Vec<Event>> {
    let TriggerRejected { at: time, or } = parse(text)?;
    Ok(vec![Event::Order(Box::new(OrderReport {
        market: Some(at.market(&or.s)?),
        id: Some(number(&or.i, "order")?),
        state: Some(OrderState::Rejected),
        updated_at: Some(instant(time)?),
        ..OrderReport::default()
    }))])
}
