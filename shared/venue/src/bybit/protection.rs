//! The stop-loss, take-profit and trailing stop of a position itself (`position/trading-stop`).
//!
//! They go there, instead of a new order, when both legs are asked for at once (an order has one trigger), when the
//! position shall trail, or when the caller says so. Without a quantity they are for the whole position and fire at the
//! market's price; with one they are for that part.

use super::errors::answer;
use super::place::{extra_decimal, position_index, source_word};
use super::request::{Fields, category, invalid};
use crate::protocol::call::{Distance, OrderKind, Trigger, TriggerKind};
use crate::protocol::model::{OrderReport, Side};
use crate::protocol::{Ask, Built, CallError, EndpointClass, NewOrder, Product};
use rust_decimal::Decimal;
use serde::de::IgnoredAny;

/// Extras that are read here and not passed on.
const READ: &[&str] = &[
    "type",
    "method",
    "tradingStopEndpoint",
    "takeProfitLimitPrice",
    "stopLossLimitPrice",
    "triggerDirection",
    "trailingStop",
    "activePrice",
];

/// Whether an order is one for the position itself.
pub(super) fn is_meant(order: &NewOrder) -> bool {
    if order.instrument.product == Product::Spot {
        return false;
    }
    let said = order.extra.text("method");
    match said.as_deref() {
        Some(method) if method.ends_with("TradingStop") => return true,
        Some(method) if method.ends_with("OrderCreate") => return false,
        Some(_) | None => {}
    }
    let both = order.oco.is_some() && order.trigger.is_some();
    both || order.trailing.is_some()
        || order.extra.get("trailingStop").is_some()
        || order.extra.text("tradingStopEndpoint").as_deref() == Some("true")
}

/// The names of one leg.
struct Leg {
    price: &'static str,
    kind: &'static str,
    limit: &'static str,
    size: &'static str,
    by: &'static str,
    given_limit: &'static str,
}

const STOP_LOSS: Leg = Leg {
    price: "stopLoss",
    kind: "slOrderType",
    limit: "slLimitPrice",
    size: "slSize",
    by: "slTriggerBy",
    given_limit: "stopLossLimitPrice",
};
const TAKE_PROFIT: Leg = Leg {
    price: "takeProfit",
    kind: "tpOrderType",
    limit: "tpLimitPrice",
    size: "tpSize",
    by: "tpTriggerBy",
    given_limit: "takeProfitLimitPrice",
};

fn leg(fields: Fields, order: &NewOrder, trigger: &Trigger, size: Option<&str>) -> Result<Fields, CallError> {
    let names = match trigger.kind {
        TriggerKind::StopLoss => STOP_LOSS,
        TriggerKind::TakeProfit => TAKE_PROFIT,
        TriggerKind::Plain => return invalid("a position has a stop-loss and a take-profit, and no plain trigger"),
    };
    let market = &order.instrument;
    let own_limit = if order.kind == OrderKind::Limit && order.oco.is_none() { order.price } else { None };
    let limit = trigger.limit.or(extra_decimal(order, names.given_limit)?).or(own_limit);
    let fields = fields
        .with(names.price, market.price_text(trigger.price)?)
        .maybe(names.by, trigger.by.map(source_word))
        .maybe(names.size, size);
    match (limit, size) {
        (Some(limit), Some(_)) => Ok(fields.with(names.kind, "Limit").with(names.limit, market.price_text(limit)?)),
        (Some(_), None) => invalid("a limit behind the trigger of a position needs a quantity"),
        (None, _) => Ok(fields.with(names.kind, "Market")),
    }
}

fn trailing(fields: Fields, order: &NewOrder) -> Result<Fields, CallError> {
    let market = &order.instrument;
    let behind = match order.trailing.map(|trailing| trailing.behind) {
        Some(Distance::Amount(amount)) => Some(amount),
        Some(Distance::Percent(_)) => return invalid("a trailing stop of the venue is an amount, not per cent"),
        None => extra_decimal(order, "trailingStop")?,
    };
    let Some(behind) = behind else { return Ok(fields) };
    let from = order.trailing.and_then(|trailing| trailing.from);
    let from = from.or(extra_decimal(order, "activePrice")?).or(order.price);
    let fields = fields.with("trailingStop", behind.normalize().to_string());
    Ok(fields.maybe("activePrice", from.map(|price| market.price_text(price)).transpose()?))
}

/// Sets them. The answer names no order: what stands for the position is told by the orders that wait for a trigger.
pub(super) fn set(order: &NewOrder) -> Built<OrderReport> {
    let market = &order.instrument;
    if order.test {
        return invalid("the venue does not check changes to a position without making them");
    }
    let size = match order.quantity.filter(|quantity| *quantity > Decimal::ZERO) {
        Some(quantity) => Some(market.quantity_text(quantity)?),
        None => None,
    };
    let mut fields =
        Fields::default().with("symbol", market.symbol.as_str()).with("category", category(market.product));
    let legs: Vec<&Trigger> = order.trigger.iter().chain(&order.oco).collect();
    for trigger in &legs {
        fields = leg(fields, order, trigger, size.as_deref())?;
    }
    if !legs.is_empty() {
        fields = fields.with("tpslMode", if size.is_some() { "Partial" } else { "Full" });
    }
    fields = trailing(fields, order)?;
    let closing = match order.side {
        Side::Buy => crate::protocol::model::PositionSide::Short,
        Side::Sell => crate::protocol::model::PositionSide::Long,
    };
    let side = order.position_side.or(order.hedged.then_some(closing));
    fields = fields.maybe("positionIdx", side.map(position_index)).extra(&order.extra, READ);
    let name = market.name.clone();
    Ok(Ask::new(fields.post("/v5/position/trading-stop", EndpointClass::Order), move |reply, _| {
        answer::<Option<IgnoredAny>>(reply)?;
        Ok(OrderReport { market: Some(name.clone()), ..OrderReport::default() })
    }))
}
