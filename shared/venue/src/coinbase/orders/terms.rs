//! A new order in the venue's words: the configuration of its kind, and its legs.

use super::super::request::invalid;
use super::{flag, object};
use crate::protocol::call::{Attached, Crossing, OrderKind, TimeInForce, Trigger, TriggerKind};
use crate::protocol::model::Side;
use crate::protocol::{CallError, Instrument, NewOrder, Product};
use desk::money::exact;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

fn invalid_money(e: impl std::fmt::Display) -> CallError {
    CallError::Invalid(e.to_string())
}

fn quantity(order: &NewOrder) -> Result<String, CallError> {
    match order.quantity {
        Some(quantity) => order.instrument.quantity_text(quantity),
        None => invalid(format!("{}: the order has no quantity", order.instrument.name)),
    }
}

fn price(order: &NewOrder) -> Result<String, CallError> {
    match order.price {
        Some(price) => order.instrument.price_text(price),
        None => invalid(format!("{}: a limit order needs a price", order.instrument.name)),
    }
}

fn cost(order: &NewOrder) -> Result<Option<Decimal>, CallError> {
    if order.instrument.product != Product::Spot || order.side == Side::Sell {
        return Ok(None);
    }
    // Callers of old say with this flag that the quantity of a buy is its cost.
    let quantity_is_cost = flag(order, "createMarketBuyOrderRequiresPrice") == Some(false);
    Ok(match (order.cost, order.price, order.quantity) {
        (Some(cost), ..) => Some(cost),
        (None, None, Some(quantity)) if quantity_is_cost => Some(quantity),
        (None, Some(price), Some(quantity)) => Some(exact::mul(price, quantity).map_err(invalid_money)?),
        (None, ..) => None,
    })
}

fn market(order: &NewOrder) -> Result<Value, CallError> {
    let mut terms = match cost(order)? {
        Some(cost) => json!({ "quote_size": order.instrument.cost_text(cost)? }),
        None => json!({ "base_size": quantity(order)? }),
    };
    reducing(&mut terms, order);
    Ok(match order.time_in_force {
        Some(TimeInForce::Fok) => json!({ "market_market_fok": terms }),
        _ => json!({ "market_market_ioc": terms }),
    })
}

fn reducing(terms: &mut Value, order: &NewOrder) {
    if let (true, Some(terms)) = (order.reduce_only, terms.as_object_mut()) {
        terms.insert("reduce_only".to_owned(), true.into());
    }
}

/// Until when an order stands that is good till a day.
fn end_time(order: &NewOrder) -> Option<String> {
    order.extra.text("end_time")
}

fn limit(order: &NewOrder) -> Result<Value, CallError> {
    let mut terms = json!({ "base_size": quantity(order)?, "limit_price": price(order)? });
    let post_only = order.post_only || order.time_in_force == Some(TimeInForce::PostOnly);
    let mut with = |more: Value| {
        if let Some(terms) = terms.as_object_mut() {
            terms.extend(object(more));
        }
    };
    let name = match (order.time_in_force, end_time(order)) {
        (Some(TimeInForce::Ioc | TimeInForce::Fok), _) if post_only => {
            return invalid("an order that only makes can't be filled at once");
        }
        (Some(TimeInForce::Ioc), _) => "sor_limit_ioc",
        (Some(TimeInForce::Fok), _) => "limit_limit_fok",
        (Some(TimeInForce::Gtd), None) => return invalid("an order good till a day needs its end_time"),
        (Some(TimeInForce::Gtd) | None, Some(end)) => {
            with(json!({ "end_time": end, "post_only": post_only }));
            "limit_limit_gtd"
        }
        (Some(TimeInForce::Gtc | TimeInForce::PostOnly), _) | (None, None) => {
            with(json!({ "post_only": post_only }));
            "limit_limit_gtc"
        }
    };
    reducing(&mut terms, order);
    Ok(json!({ name: terms }))
}

/// From where the price comes. A plain trigger that does not say it is one for a better price.
const fn direction(trigger: &Trigger, side: Side) -> &'static str {
    let up =
        match (trigger.crossing, trigger.kind, side) {
            (Some(Crossing::Up), ..) => true,
            (Some(Crossing::Down), ..) => false,
            (None, TriggerKind::StopLoss, Side::Buy)
            | (None, TriggerKind::TakeProfit | TriggerKind::Plain, Side::Sell) => true,
            (None, TriggerKind::StopLoss, Side::Sell)
            | (None, TriggerKind::TakeProfit | TriggerKind::Plain, Side::Buy) => false,
        };
    if up { "STOP_DIRECTION_STOP_UP" } else { "STOP_DIRECTION_STOP_DOWN" }
}

fn stopped(order: &NewOrder, trigger: &Trigger) -> Result<Value, CallError> {
    let limit = trigger.limit.or(if order.kind == OrderKind::Limit { order.price } else { None });
    let Some(limit) = limit else {
        return invalid("the venue has no stop-market orders: a trigger needs a limit price");
    };
    let said = order.extra.text("stop_direction");
    let mut terms = json!({
        "base_size": quantity(order)?,
        "limit_price": order.instrument.price_text(limit)?,
        "stop_price": order.instrument.price_text(trigger.price)?,
        "stop_direction": said.as_deref().unwrap_or_else(|| direction(trigger, order.side)),
    });
    Ok(match (end_time(order), terms.as_object_mut()) {
        (Some(end), Some(map)) => {
            map.insert("end_time".to_owned(), end.into());
            json!({ "stop_limit_stop_limit_gtd": terms })
        }
        _ => json!({ "stop_limit_stop_limit_gtc": terms }),
    })
}

/// A bracket: a limit that takes profit and a trigger that stops a loss, whichever comes first.
fn bracket(order: &NewOrder, one: &Trigger, other: &Trigger) -> Result<Value, CallError> {
    let (stop, take) = match (one.kind, other.kind) {
        (TriggerKind::StopLoss, TriggerKind::TakeProfit) => (one, other),
        (TriggerKind::TakeProfit, TriggerKind::StopLoss) => (other, one),
        _ => return invalid("a bracket is a stop-loss and a take-profit"),
    };
    let market = &order.instrument;
    let mut terms = json!({
        "base_size": quantity(order)?,
        "limit_price": market.price_text(take.limit.unwrap_or(take.price))?,
        "stop_trigger_price": market.price_text(stop.price)?,
    });
    Ok(match (end_time(order), terms.as_object_mut()) {
        (Some(end), Some(map)) => {
            map.insert("end_time".to_owned(), end.into());
            json!({ "trigger_bracket_gtd": terms })
        }
        _ => json!({ "trigger_bracket_gtc": terms }),
    })
}

pub(super) fn configuration(order: &NewOrder) -> Result<Value, CallError> {
    if order.trailing.is_some() {
        return invalid("the venue has no trailing orders");
    }
    if order.shown.is_some() {
        return invalid("the venue has no icebergs");
    }
    match (&order.trigger, &order.oco) {
        (Some(one), Some(other)) => bracket(order, one, other),
        (Some(trigger), None) | (None, Some(trigger)) => stopped(order, trigger),
        (None, None) if order.kind == OrderKind::Market => market(order),
        (None, None) => limit(order),
    }
}

/// The bracket that goes in with an order. Its size is the order's; it has both legs or the one that is given.
pub(super) fn attached(order: &NewOrder) -> Result<Option<Value>, CallError> {
    if order.take_profit.is_none() && order.stop_loss.is_none() {
        return Ok(None);
    }
    let market: &Instrument = &order.instrument;
    let mut terms = Map::new();
    let limit = |leg: &Attached| market.price_text(leg.price.unwrap_or(leg.trigger));
    if let Some(leg) = &order.take_profit {
        terms.insert("limit_price".to_owned(), limit(leg)?.into());
    }
    if let Some(leg) = &order.stop_loss {
        terms.insert("stop_trigger_price".to_owned(), market.price_text(leg.trigger)?.into());
    }
    Ok(Some(json!({ "trigger_bracket_gtc": terms })))
}
