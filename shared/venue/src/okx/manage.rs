//! Changing and cancelling orders.

use super::envelope::{self, Ack};
use super::words::{self, invalid};
use super::{limits, place};
use crate::protocol::call::{Amendment, Attached, OrderClass, OrderKind, OrderRef, Trigger, TriggerKind};
use crate::protocol::fields::Fields;
use crate::protocol::model::OrderReport;
use crate::protocol::{Ask, Built, CallError, EndpointClass, Instrument, ReadFault, Reply};

/// How many plain orders fit into a request.
const BATCH_MAX: usize = 20;
/// How many orders that wait for a trigger do.
const WAITING_MAX: usize = 10;
/// Extras that are interpreted, not passed on.
const INTERPRETED: [&str; 2] = ["type", "ordType"];

/// Whether an order waits for a trigger, as far as is known.
pub(super) fn waits(order: &OrderRef) -> bool {
    match order.scope.class {
        OrderClass::Trigger | OrderClass::Protective | OrderClass::Trailing => true,
        OrderClass::Plain => words::extra_waits(&order.scope.extra) || order.scope.extra.get("algoId").is_some(),
    }
}

/// The instrument and the id of an order. Our own id is preferred: it is what the desk wrote down before it sent anything.
pub(super) fn named(order: &OrderRef, waits: bool) -> Result<Fields, CallError> {
    let Some(market) = &order.instrument else { return invalid("OKX wants to know an order's instrument") };
    let fields = Fields::new().with("instId", market.symbol.as_str());
    let [id_name, client_name] = if waits { ["algoId", "algoClOrdId"] } else { ["ordId", "clOrdId"] };
    match (&order.client_id, &order.id) {
        (Some(client_id), _) => Ok(fields.with(client_name, client_id.as_str())),
        (None, Some(id)) => Ok(fields.with(id_name, id.as_str())),
        (None, None) if [id_name, client_name].iter().any(|name| order.scope.extra.get(name).is_some()) => Ok(fields),
        (None, None) => invalid("an order is named by its id or by ours"),
    }
}

/// What is known of an order, but for its id.
fn known(ack: &Ack, order: &OrderRef) -> OrderReport {
    OrderReport {
        market: order.instrument.as_ref().map(|market| market.name.clone()),
        client_id: ack.client_id().or_else(|| order.client_id.clone()),
        ..OrderReport::default()
    }
}

/// The same of an order about which something was accepted; the venue names it.
fn accepted(reply: &Reply, ack: &Ack, order: &OrderRef) -> Result<OrderReport, ReadFault> {
    match ack.id() {
        Some(id) => Ok(OrderReport { id: Some(id), ..known(ack, order) }),
        None => Err(ReadFault::parse(reply, "what was accepted has no id")),
    }
}

/// What became of each order: a report without an id is of one about which the venue tells of a fault.
fn reports(reply: &Reply, orders: &[OrderRef]) -> Result<Vec<OrderReport>, ReadFault> {
    let acks = envelope::acks(reply, orders.len())?;
    if let Some(fault) = acks.first().and_then(|ack| ack.fault(reply))
        && acks.iter().all(|ack| ack.fault(reply).is_some())
    {
        return Err(fault.into());
    }
    let report = |(ack, order): (&Ack, &OrderRef)| match ack.fault(reply) {
        None => accepted(reply, ack, order),
        Some(_) => Ok(known(ack, order)),
    };
    acks.iter().zip(orders).map(report).collect()
}

/// Names of a protective leg's fields: trigger, price, and which price is watched.
const STOP: [&str; 3] = ["newSlTriggerPx", "newSlOrdPx", "newSlTriggerPxType"];
const TAKE: [&str; 3] = ["newTpTriggerPx", "newTpOrdPx", "newTpTriggerPxType"];

fn leg(
    fields: Fields,
    market: &Instrument,
    given: &Attached,
    [at, price, by]: [&'static str; 3],
) -> Result<Fields, CallError> {
    let limit = given.price.map(|price| market.price_text(price)).transpose()?;
    Ok(fields
        .with(at, market.price_text(given.trigger)?)
        .with(price, limit.unwrap_or_else(|| "-1".to_owned()))
        .with(by, words::source(given.by)))
}

/// A change as the venue wants it, and whether it is about an order that waits for a trigger.
fn change(change: &Amendment) -> Result<(Fields, bool), CallError> {
    let Amendment { order, to } = change;
    let market = &to.instrument;
    let waits = waits(order) || words::extra_waits(&to.extra) || to.trailing.is_some();
    let named_by = OrderRef { instrument: Some(market.clone()), ..order.clone() };
    let mut fields = named(&named_by, waits)?;
    for trigger in [to.trigger, to.oco].into_iter().flatten() {
        fields = retriggered(fields, market, trigger, to.kind)?;
    }
    if let Some(stop) = &to.stop_loss {
        fields = leg(fields, market, stop, STOP)?;
    }
    if let Some(take) = &to.take_profit {
        fields = leg(fields.with("newTpOrdKind", "condition"), market, take, TAKE)?;
    }
    if let Some(quantity) = to.quantity {
        fields.set("newSz", market.quantity_text(quantity)?);
    }
    if let (Some(price), OrderKind::Limit, false) = (to.price, to.kind, waits) {
        fields.set("newPx", market.price_text(price)?);
    }
    if let Some(side) = to.position_side {
        fields.set("posSide", words::position_side(side));
    }
    Ok((fields.extra(&order.scope.extra, &INTERPRETED).extra(&to.extra, &INTERPRETED), waits))
}

/// A trigger of its own goes by other names than a protective leg.
fn retriggered(fields: Fields, market: &Instrument, trigger: Trigger, kind: OrderKind) -> Result<Fields, CallError> {
    let names = match trigger.kind {
        TriggerKind::StopLoss => STOP,
        TriggerKind::TakeProfit => TAKE,
        TriggerKind::Plain => ["newTriggerPx", "newOrdPx", "newTriggerPxType"],
    };
    let limit = if kind == OrderKind::Limit { trigger.limit } else { None };
    leg(fields, market, &Attached { trigger: trigger.price, price: limit, by: trigger.by }, names)
}

/// Changes an order.
pub(super) fn amend(wish: &Amendment) -> Built<OrderReport> {
    let (fields, waits) = change(wish)?;
    let path = if waits { "/api/v5/trade/amend-algos" } else { "/api/v5/trade/amend-order" };
    let request = limits::post(path, fields.body(), EndpointClass::Order);
    let request = if waits { request } else { place::until(request, &[&wish.to]) };
    let order = OrderRef { instrument: Some(wish.to.instrument.clone()), ..wish.order.clone() };
    Ok(Ask::new(request, move |reply, _| accepted(reply, &envelope::ack(reply)?, &order)))
}

/// Changes several plain orders.
pub(super) fn amend_many(wishes: &[Amendment]) -> Built<Vec<OrderReport>> {
    if wishes.is_empty() || wishes.len() > BATCH_MAX {
        return invalid(format!("OKX changes 1 to {BATCH_MAX} orders at once, not {}", wishes.len()));
    }
    let mut list = Vec::with_capacity(wishes.len());
    for wish in wishes {
        let (fields, waits) = change(wish)?;
        if waits {
            return invalid("OKX changes several orders at once only where none waits for a trigger");
        }
        list.push(fields.object());
    }
    let orders: Vec<OrderRef> = wishes
        .iter()
        .map(|wish| OrderRef { instrument: Some(wish.to.instrument.clone()), ..wish.order.clone() })
        .collect();
    let request = limits::several("/api/v5/trade/amend-batch-orders", list, EndpointClass::Order);
    let request = place::until(request, &wishes.iter().map(|wish| &wish.to).collect::<Vec<_>>());
    Ok(Ask::new(request, move |reply, _| reports(reply, &orders)))
}

/// Cancels an order.
pub(super) fn cancel(order: &OrderRef) -> Built<OrderReport> {
    let waits = waits(order);
    let fields = named(order, waits)?.extra(&order.scope.extra, &INTERPRETED);
    let request = if waits {
        limits::several("/api/v5/trade/cancel-algos", vec![fields.object()], EndpointClass::Cancel)
    } else {
        limits::post("/api/v5/trade/cancel-order", fields.body(), EndpointClass::Cancel)
    };
    let order = order.clone();
    Ok(Ask::new(request, move |reply, _| accepted(reply, &envelope::ack(reply)?, &order)))
}

/// Cancels several orders, all plain or all waiting for their triggers.
pub(super) fn cancel_many(orders: &[OrderRef]) -> Built<Vec<OrderReport>> {
    let waiting = orders.iter().filter(|order| waits(order)).count();
    let (max, path) = match waiting {
        0 => (BATCH_MAX, "/api/v5/trade/cancel-batch-orders"),
        all if all == orders.len() => (WAITING_MAX, "/api/v5/trade/cancel-algos"),
        _ => return invalid("orders that wait for a trigger are cancelled apart from the others"),
    };
    if orders.is_empty() || orders.len() > max {
        return invalid(format!("OKX cancels 1 to {max} orders at once, not {}", orders.len()));
    }
    let mut list = Vec::with_capacity(orders.len());
    for order in orders {
        list.push(named(order, waiting > 0)?.extra(&order.scope.extra, &INTERPRETED).object());
    }
    let orders = orders.to_vec();
    let request = limits::several(path, list, EndpointClass::Cancel);
    Ok(Ask::new(request, move |reply, _| reports(reply, &orders)))
}

/// The dead-man's switch. It counts in seconds, from 10 to 120; less than a whole one would turn it off.
pub(super) fn cancel_all_after(timeout_ms: u32) -> Built<()> {
    let seconds = if timeout_ms == 0 { 0 } else { (timeout_ms / 1000).max(1) };
    let body = Fields::new().with("timeOut", seconds.to_string()).body();
    let request = limits::post("/api/v5/trade/cancel-all-after", body, EndpointClass::Cancel);
    Ok(Ask::new(request, |reply, _| envelope::rows::<Ack>(reply).map(|_| ())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::call::{NewOrder, Scope};
    use crate::protocol::model::Side;
    use crate::protocol::{Body, Markets, Meaning, Product};

    fn order(class: OrderClass) -> OrderRef {
        let market = Instrument::named(Product::Spot, "LTC-USDT", "LTC", "USDT", None);
        OrderRef {
            id: Some("1".into()),
            instrument: Some(market),
            scope: Scope { class, ..Scope::default() },
            client_id: None,
        }
    }

    #[test]
    fn what_waits_for_a_trigger_is_cancelled_at_its_own_endpoint() {
        let ask = cancel(&order(OrderClass::Trigger)).unwrap();
        assert_eq!(ask.request.path, "/api/v5/trade/cancel-algos");
        assert_eq!(ask.request.body, Body::Json(r#"[{"algoId":"1","instId":"LTC-USDT"}]"#.into()));
        assert_eq!(ask.request.class, EndpointClass::Cancel);
        assert!(cancel_many(&[order(OrderClass::Trigger), order(OrderClass::Plain)]).is_err());
    }

    #[test]
    fn an_order_that_is_gone_is_not_found_and_says_nothing_more() {
        let reply =
            Reply::new(200, r#"{"code":"1","data":[{"ordId":"1","clOrdId":"","sCode":"51400","sMsg":"gone"}]}"#);
        let read = cancel(&order(OrderClass::Plain)).unwrap().read(&reply, &Markets::default());
        assert_eq!(read.unwrap_err().meaning(), Meaning::NotFound);
    }

    #[test]
    fn of_several_orders_those_with_a_fault_have_no_id() {
        let reply = Reply::new(200, r#"{"code":"2","data":[{"ordId":"1","sCode":"51400"},{"ordId":"2","sCode":"0"}]}"#);
        let orders = [order(OrderClass::Plain), order(OrderClass::Plain)];
        let read = cancel_many(&orders).unwrap().read(&reply, &Markets::default()).unwrap();
        assert_eq!([read[0].id.as_deref(), read[1].id.as_deref()], [None, Some("2")]);
    }

    #[test]
    fn a_change_of_protective_legs_goes_by_the_names_for_changes() {
        let (price, trigger) = (Some(17.into()), 16.into());
        let named = order(OrderClass::Plain);
        let market = named.instrument.clone().unwrap();
        let to = NewOrder {
            quantity: Some(50.into()),
            price: Some(5.into()),
            take_profit: Some(Attached { trigger, price, by: None }),
            ..NewOrder::plain(&market, Side::Buy, OrderKind::Limit)
        };
        let ask = amend(&Amendment { order: named, to }).unwrap();
        assert_eq!(ask.request.path, "/api/v5/trade/amend-order");
        let body = r#"{"instId":"LTC-USDT","newPx":"5","newSz":"50","newTpOrdKind":"condition","newTpOrdPx":"17","newTpTriggerPx":"16","newTpTriggerPxType":"last","ordId":"1"}"#;
        assert_eq!(ask.request.body, Body::Json(body.into()));
    }

    #[test]
    fn the_dead_mans_switch_is_turned_off_by_zero_alone() {
        for (ms, body) in [(0, r#"{"timeOut":"0"}"#), (500, r#"{"timeOut":"1"}"#), (60_000, r#"{"timeOut":"60"}"#)] {
            assert_eq!(cancel_all_after(ms).unwrap().request.body, Body::Json(body.into()));
        }
    }
}
