//! A new order as the venue's form: its type, prices and legs.

use super::{invalid, unsupported};
use crate::kraken::shared::{self, text_of};
use crate::protocol::call::{
    Attached, Crossing, Distance, OrderKind, PriceSource, TimeInForce, Trailing, Trigger, TriggerKind,
};
use crate::protocol::model::Side;
use crate::protocol::{CallError, NewOrder, Params};
use desk::time::Timestamp;
use serde_json::Value;

/// What is said of one order; of a batch, the pair and the deadline are said once for all.
pub(super) fn order_form(order: &NewOrder, alone: bool) -> Result<Params, CallError> {
    let instrument = &order.instrument;
    check(order)?;
    let mut form = Params::new();
    if alone {
        form.push("pair", &instrument.symbol);
    }
    form.push("type", shared::side_text(order.side));
    let prices = prices(order)?;
    form.push("ordertype", &prices.kind);
    let mut flags: Vec<String> =
        order.extra.text("oflags").map(|f| f.split(',').map(str::to_owned).collect()).unwrap_or_default();
    let in_quote = flags.iter().any(|flag| flag == "viqc");
    match (order.cost, order.quantity) {
        (Some(cost), _) => {
            form.push("volume", instrument.cost_text(cost)?);
            flags.push("viqc".to_owned());
        }
        (None, Some(quantity)) if in_quote => form.push("volume", instrument.cost_text(quantity)?),
        (None, Some(quantity)) => form.push("volume", instrument.quantity_text(quantity)?),
        (None, None) => return Err(invalid("an order without a quantity")),
    }
    if order.post_only || order.time_in_force == Some(TimeInForce::PostOnly) {
        flags.push("post".to_owned());
    }
    let mut seen: Vec<String> = Vec::new();
    flags.retain(|flag| !flag.is_empty() && (!seen.contains(flag)).then(|| seen.push(flag.clone())).is_some());
    let shown = order.shown.map(|shown| instrument.quantity_text(shown)).transpose()?;
    let trigger = order.extra.text("trigger").or(prices.signal);
    form = form
        .maybe("displayvol", shown)
        .maybe("price", prices.price)
        .maybe("price2", prices.price2)
        .maybe("trigger", trigger)
        .maybe("leverage", order.leverage.map(|leverage| leverage.normalize()))
        .maybe("reduce_only", order.reduce_only.then_some("true"))
        .maybe("oflags", Some(flags.join(",")).filter(|flags| !flags.is_empty()))
        .maybe("timeinforce", force(order)?);
    for (name, value) in close(order)? {
        form.push(name, value);
    }
    // Either of the two: an order has a client id or a reference number.
    if order.extra.get("userref").is_none() {
        form = form.maybe("cl_ord_id", order.client_id.as_ref());
    }
    if alone {
        form = form
            .maybe("deadline", order.deadline.map(Timestamp::rfc3339_ms))
            .maybe("validate", order.test.then_some("true"));
    }
    Ok(form)
}

fn check(order: &NewOrder) -> Result<(), CallError> {
    if order.instrument.product.is_contract() {
        return Err(unsupported("contracts"));
    }
    if order.oco.is_some() {
        return Err(unsupported("orders of which one cancels the other"));
    }
    if order.hedged {
        return Err(unsupported("long and short held apart"));
    }
    if order.cost.is_some() && order.kind != OrderKind::Market {
        return Err(unsupported("limit orders by cost"));
    }
    match order.margin {
        Some(mode) if order.leverage.is_none() => {
            Err(invalid(format!("a {} margin order needs its leverage", shared::margin_text(mode))))
        }
        Some(_) | None => Ok(()),
    }
}

fn force(order: &NewOrder) -> Result<Option<&'static str>, CallError> {
    Ok(match order.time_in_force {
        None | Some(TimeInForce::PostOnly) => None,
        Some(TimeInForce::Gtc) => Some("GTC"),
        Some(TimeInForce::Ioc) => Some("IOC"),
        Some(TimeInForce::Gtd) if order.extra.get("expiretm").is_some() => Some("GTD"),
        Some(TimeInForce::Gtd) => return Err(invalid("an order until a day needs `expiretm`")),
        Some(TimeInForce::Fok) => return Err(unsupported("fill-or-kill orders")),
    })
}

/// The type of an order, its two prices, and what triggers it.
#[derive(Default)]
struct Prices {
    kind: String,
    price: Option<String>,
    price2: Option<String>,
    signal: Option<String>,
}

fn prices(order: &NewOrder) -> Result<Prices, CallError> {
    let limit = || -> Result<String, CallError> {
        let price = order.price.ok_or_else(|| invalid("a limit order without a price"))?;
        order.instrument.price_text(price)
    };
    if let Some(trailing) = &order.trailing {
        return trailing_prices(order, trailing);
    }
    if let Some(trigger) = &order.trigger {
        let mut prices = Prices {
            kind: trigger_kind(order.side, trigger).to_owned(),
            price: Some(order.instrument.price_text(trigger.price)?),
            signal: trigger.by.map(signal).transpose()?,
            ..Prices::default()
        };
        if order.kind == OrderKind::Limit {
            prices.kind.push_str("-limit");
            prices.price2 = Some(match trigger.limit {
                Some(price) => order.instrument.price_text(price)?,
                None => limit()?,
            });
        }
        return Ok(prices);
    }
    // A type in the venue's own words: its prices stand as they are.
    if let Some(kind) = order.extra.text("type") {
        let price = order.price.map(|price| order.instrument.price_text(price)).transpose()?;
        return Ok(Prices { kind, price, ..Prices::default() });
    }
    let (kind, price) = match (order.kind, order.shown) {
        (OrderKind::Market, _) => ("market", None),
        (OrderKind::Limit, Some(_)) => ("iceberg", Some(limit()?)),
        (OrderKind::Limit, None) => ("limit", Some(limit()?)),
    };
    Ok(Prices { kind: kind.to_owned(), price, ..Prices::default() })
}

/// A plain trigger is a stop where the price moves against the order's side, and else takes profit. Without a
/// direction it is a stop.
fn trigger_kind(side: Side, trigger: &Trigger) -> &'static str {
    match (trigger.kind, trigger.crossing, side) {
        (TriggerKind::TakeProfit, _, _)
        | (TriggerKind::Plain, Some(Crossing::Down), Side::Buy)
        | (TriggerKind::Plain, Some(Crossing::Up), Side::Sell) => "take-profit",
        (TriggerKind::StopLoss, _, _)
        | (TriggerKind::Plain, None, _)
        | (TriggerKind::Plain, Some(Crossing::Up), Side::Buy)
        | (TriggerKind::Plain, Some(Crossing::Down), Side::Sell) => "stop-loss",
    }
}

fn signal(by: PriceSource) -> Result<String, CallError> {
    match by {
        PriceSource::Last => Ok("last".to_owned()),
        PriceSource::Index => Ok("index".to_owned()),
        PriceSource::Mark => Err(unsupported("triggers by the mark price")),
    }
}

fn trailing_prices(order: &NewOrder, trailing: &Trailing) -> Result<Prices, CallError> {
    if trailing.from.is_some() {
        return Err(unsupported("trailing orders that begin at a price"));
    }
    let distance = |distance: Distance| match distance {
        Distance::Percent(percent) => format!("{}%", percent.normalize()),
        Distance::Amount(amount) => amount.normalize().to_string(),
    };
    let offset = order.extra.text("offset").unwrap_or_else(|| "-".to_owned());
    let limit = trailing.limit.map(|limit| format!("{offset}{}", distance(limit)));
    if order.kind == OrderKind::Limit && limit.is_none() {
        return Err(invalid("a trailing limit order without the distance of its limit"));
    }
    let kind = if limit.is_some() { "trailing-stop-limit" } else { "trailing-stop" };
    Ok(Prices {
        kind: kind.to_owned(),
        price: Some(format!("+{}", distance(trailing.behind))),
        price2: limit,
        signal: Some("last".to_owned()),
    })
}

/// The order that goes in when this one is filled: the venue takes one.
fn close(order: &NewOrder) -> Result<Vec<(String, String)>, CallError> {
    let named = |name: &str, value: String| (format!("close[{name}]"), value);
    if let Some(Value::Object(fields)) = order.extra.get("close") {
        let mut all = Vec::with_capacity(fields.len());
        for (name, value) in fields {
            let Some(text) = text_of(value) else { continue };
            let exact = crate::protocol::wire::decimal(&text);
            // A relative price (`+5%`) stands as it is.
            let text = match (name.as_str(), exact) {
                ("price" | "price2", Ok(price)) => order.instrument.price_text(price)?,
                _ => text,
            };
            all.push(named(name, text));
        }
        return Ok(all);
    }
    let one = |kind: &str, attached: &Attached| -> Result<Vec<(String, String)>, CallError> {
        let limit = attached.price.map(|price| order.instrument.price_text(price)).transpose()?;
        let kind = if limit.is_some() { format!("{kind}-limit") } else { kind.to_owned() };
        let mut all = vec![named("ordertype", kind), named("price", order.instrument.price_text(attached.trigger)?)];
        all.extend(limit.map(|limit| named("price2", limit)));
        Ok(all)
    };
    match (&order.stop_loss, &order.take_profit) {
        (Some(_), Some(_)) => Err(unsupported("a stop-loss and a take-profit that go in with one order")),
        (Some(stop), None) => one("stop-loss", stop),
        (None, Some(take)) => one("take-profit", take),
        (None, None) => Ok(Vec::new()),
    }
}
