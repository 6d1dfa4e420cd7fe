//! Placing: one order, several, and those that wait for a trigger.

use super::envelope::{self, Ack};
use super::words::{Written, invalid, written};
use super::{errors, limits};
use crate::protocol::call::{NewOrder, OrderKind};
use crate::protocol::model::{OrderReport, OrderState, Side};
use crate::protocol::{Ask, Built, EndpointClass, Meaning, ReadFault, Reply, Unsigned};

/// How many plain orders fit into a request.
const BATCH_MAX: usize = 20;
/// A request with the deadline of its orders, if they have one: the earliest.
pub(super) fn until(mut request: Unsigned, orders: &[&NewOrder]) -> Unsigned {
    if let Some(deadline) = orders.iter().filter_map(|order| order.deadline).min() {
        request.headers.push(("expTime", deadline.ms().to_string()));
    }
    request
}

/// What is known of an order that was accepted.
fn accepted(ack: &Ack, order: &Known) -> OrderReport {
    OrderReport {
        market: Some(order.market.clone()),
        id: ack.id(),
        // Only what the venue says: whoever sent the order compares.
        client_id: ack.client_id(),
        kind: Some(order.kind),
        side: Some(order.side),
        reduce_only: Some(order.reduce_only),
        ..OrderReport::default()
    }
}

/// What an answer does not repeat.
struct Known {
    market: String,
    kind: OrderKind,
    side: Side,
    reduce_only: bool,
}

fn known(order: &NewOrder) -> Known {
    let market = order.instrument.name.clone();
    Known { market, kind: order.kind, side: order.side, reduce_only: order.reduce_only }
}

/// Places an order.
pub(super) fn one(order: &NewOrder) -> Built<OrderReport> {
    let Written { fields, waits } = written(order)?;
    let known = known(order);
    if order.test {
        if waits {
            return invalid("OKX checks only orders that don't wait for a trigger");
        }
        let request = limits::post("/api/v5/trade/order-precheck", fields.body(), EndpointClass::Account);
        return Ok(Ask::new(request, move |reply, _| {
            let answer = envelope::rows::<Ack>(reply)?;
            match answer.iter().find_map(|ack| ack.fault(reply)) {
                Some(fault) => Err(fault.into()),
                None => Ok(accepted(&Ack::default(), &known)),
            }
        }));
    }
    let request = if waits {
        limits::post("/api/v5/trade/order-algo", fields.body(), EndpointClass::Order)
    } else {
        until(limits::post("/api/v5/trade/batch-orders", fields.only(), EndpointClass::Order), &[order])
    };
    Ok(Ask::new(request, move |reply, _| {
        let ack = envelope::ack(reply)?;
        if ack.id().is_none() {
            return Err(ReadFault::parse(reply, "an accepted order without its id"));
        }
        Ok(accepted(&ack, &known))
    }))
}

/// Places several plain orders.
pub(super) fn many(orders: &[NewOrder]) -> Built<Vec<OrderReport>> {
    if orders.is_empty() || orders.len() > BATCH_MAX {
        return invalid(format!("OKX takes 1 to {BATCH_MAX} orders at once, not {}", orders.len()));
    }
    let mut list = Vec::with_capacity(orders.len());
    for order in orders {
        let Written { fields, waits } = written(order)?;
        if waits || order.test {
            return invalid("OKX takes several orders at once only where none waits for a trigger or is a test");
        }
        list.push(fields.object());
    }
    let request = limits::several("/api/v5/trade/batch-orders", list, EndpointClass::Order);
    let all: Vec<Known> = orders.iter().map(known).collect();
    let request = until(request, &orders.iter().collect::<Vec<_>>());
    Ok(Ask::new(request, move |reply, _| reports(reply, &all)))
}

fn reports(reply: &Reply, orders: &[Known]) -> Result<Vec<OrderReport>, ReadFault> {
    let acks = envelope::acks(reply, orders.len())?;
    acks.iter().zip(orders).map(|(ack, order)| report(reply, ack, order)).collect()
}

/// One order of several: only a clear no is a rejection; any other fault leaves the state open.
fn report(reply: &Reply, ack: &Ack, order: &Known) -> Result<OrderReport, ReadFault> {
    let mut report = accepted(ack, order);
    match ack.fault(reply) {
        None if report.id.is_none() => return Err(ReadFault::parse(reply, "an accepted order without its id")),
        None => {}
        Some(_) => {
            report.id = None;
            let refused = errors::meaning(&ack.s_code.0) == Meaning::Refusal;
            report.state = refused.then_some(OrderState::Rejected);
        }
    }
    Ok(report)
}

#[cfg(test)]
#[path = "place_tests.rs"]
mod tests;
