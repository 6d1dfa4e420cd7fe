//! Orders that have ended, out of the events of the history.

use super::super::errors::read_plain;
use super::super::market::name_of;
use super::super::raw;
use super::kind_of;
use crate::kraken::shared::side_of;
use crate::protocol::call::OrderFilter;
use crate::protocol::fault::ReadFault;
use crate::protocol::model::{OrderReport, OrderState};
use crate::protocol::{Markets, Reply, wire};
use std::collections::BTreeMap;

fn past_one(order: &raw::PastOrder, state: OrderState, markets: &Markets) -> Result<OrderReport, String> {
    let id = order.uid.owned().ok_or("an order of the log without its id")?;
    if !matches!(order.status.0.as_str(), "" | "open" | "closed" | "canceled" | "cancelled" | "rejected") {
        return Err(format!("{:?} is no status of an order", order.status.0));
    }
    let (kind, time_in_force, post_only) = kind_of(&order.order_type.0, order.limit_price);
    let left = wire::quantity(order.quantity.0)?;
    let filled = wire::quantity(order.filled.0.unwrap_or_default())?;
    Ok(OrderReport {
        market: Some(name_of(markets, &order.tradeable.0)),
        id: Some(id),
        client_id: order.client_id.owned(),
        state: Some(state),
        kind,
        side: Some(side_of(&order.direction.0)?),
        time_in_force,
        post_only,
        reduce_only: order.reduce_only.0,
        price: order.limit_price.nonzero(),
        trigger_price: order.trigger_options.as_ref().and_then(|options| options.trigger_price.nonzero()),
        quantity: Some(wire::quantity(left.value() + filled.value())?),
        filled: Some(filled),
        remaining: Some(left),
        at: order.timestamp.0,
        updated_at: order.last_update_timestamp.0,
        ..OrderReport::default()
    })
}

/// The order of an event, and how it stood behind it.
fn of_event(event: &raw::OrderEvent) -> Option<(&raw::PastOrder, OrderState)> {
    let order = |of: &'_ Option<raw::OfOrder>| of.is_some();
    fn inner(of: &Option<raw::OfOrder>) -> Option<&raw::PastOrder> {
        of.as_ref().and_then(|of| of.new_order.as_ref().or(of.order.as_ref()))
    }
    let state_of_rest = |order: &raw::PastOrder| {
        let filled = order.filled.0.is_some_and(|filled| !filled.is_zero());
        if order.quantity.0.is_zero() && filled { OrderState::Closed } else { OrderState::Open }
    };
    if order(&event.order_placed) {
        return inner(&event.order_placed).map(|o| (o, state_of_rest(o)));
    }
    if order(&event.order_updated) {
        let full = event.order_updated.as_ref().is_some_and(|of| of.reason.0 == "full_fill");
        return inner(&event.order_updated).map(|o| (o, if full { OrderState::Closed } else { state_of_rest(o) }));
    }
    if order(&event.order_cancelled) {
        return inner(&event.order_cancelled).map(|o| (o, OrderState::Canceled));
    }
    if order(&event.order_rejected) {
        return inner(&event.order_rejected).map(|o| (o, OrderState::Rejected));
    }
    if order(&event.order_trigger_cancelled) {
        return inner(&event.order_trigger_cancelled).map(|o| (o, OrderState::Canceled));
    }
    inner(&event.order_trigger_activated).map(|o| (o, OrderState::Closed))
}

/// The orders of a log of events, each as it last stood.
pub(in super::super) fn past(
    reply: &Reply,
    markets: &Markets,
    filter: OrderFilter,
) -> Result<Vec<OrderReport>, ReadFault> {
    let told: raw::Elements<raw::OrderElement> = read_plain(reply)?;
    let mut last: BTreeMap<String, OrderReport> = BTreeMap::new();
    for (order, state) in told.elements.iter().filter_map(|element| of_event(&element.event)) {
        let report = past_one(order, state, markets).map_err(|e| ReadFault::parse(reply, e))?;
        let ended = |report: &OrderReport| report.state != Some(OrderState::Open);
        let newer = last
            .get(&order.uid.0)
            .is_none_or(|known| (ended(&report), report.updated_at) >= (ended(known), known.updated_at));
        if newer {
            last.insert(order.uid.0.clone(), report);
        }
    }
    let wanted = |state: Option<OrderState>| match filter {
        OrderFilter::All => true,
        OrderFilter::Open => state == Some(OrderState::Open),
        OrderFilter::Closed => state == Some(OrderState::Closed),
        OrderFilter::Canceled => matches!(state, Some(OrderState::Canceled | OrderState::Rejected)),
        OrderFilter::CanceledAndClosed => state != Some(OrderState::Open),
    };
    Ok(last.into_values().filter(|report| wanted(report.state)).collect())
}
