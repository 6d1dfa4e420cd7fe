//! An order in the venue's words.

use super::margin_text;
use crate::protocol::call::{
    Attached, Distance, Extra, NewOrder, OrderKind, PriceSource, TimeInForce, Trailing, Trigger, TriggerKind,
};
use crate::protocol::fields::Fields;
use crate::protocol::model::{MarginMode, PositionSide, Side};
use crate::protocol::{CallError, Product, wire};
use desk::money::exact;
use rust_decimal::Decimal;
use serde_json::Value;
use std::borrow::Cow;

/// Types of orders that have the endpoints of triggers.
const WAITING: [&str; 8] =
    ["conditional", "oco", "trigger", "move_order_stop", "iceberg", "twap", "chase", "smart_iceberg"];
/// Extras that are interpreted, not passed on.
const INTERPRETED: [&str; 6] =
    ["type", "margin", "slOrdPx", "tpOrdPx", "trailingPrice", "createMarketBuyOrderRequiresPrice"];

/// Whether an order of this type waits for a trigger.
pub(super) fn waits(kind: &str) -> bool {
    WAITING.contains(&kind)
}

/// A question that lacks something, or asks for too much.
pub(super) fn invalid<T>(words: impl Into<String>) -> Result<T, CallError> {
    Err(CallError::Invalid(words.into()))
}

/// Our id, if it is one the venue takes.
fn client_id(id: &str) -> Result<&str, CallError> {
    if (1..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Ok(id);
    }
    invalid("a client id of OKX is 1 to 32 letters and digits")
}

/// The venue's word for the price that is watched.
pub(super) const fn source(by: Option<PriceSource>) -> &'static str {
    match by {
        None | Some(PriceSource::Last) => "last",
        Some(PriceSource::Mark) => "mark",
        Some(PriceSource::Index) => "index",
    }
}

/// An order as the venue wants it.
pub(super) struct Written {
    /// Its fields.
    pub(super) fields: Fields,
    /// Whether it waits for a trigger.
    pub(super) waits: bool,
}

/// Writes an order.
pub(super) fn written(order: &NewOrder) -> Result<Written, CallError> {
    let order = &*typed(order)?;
    let market = &order.instrument;
    let side = match order.side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    };
    let mut fields = Fields::new().with("instId", market.symbol.as_str()).with("side", side);
    fields = trade_mode(fields, order);
    let ord_type = order_type(order)?;
    let waits = waits(&ord_type);
    fields.set("ordType", &*ord_type);
    fields = size(fields, order)?;
    fields = match (order.trigger, order.trailing) {
        (Some(_), Some(_)) => return invalid("an order has a trigger or trails, not both"),
        (Some(trigger), None) => triggered(fields, order, trigger)?,
        (None, Some(trailing)) => trailed(fields, order, trailing)?,
        (None, None) => priced(fields, order, &ord_type)?,
    };
    if let Some(spread) = order.extra.text("trailingPrice") {
        fields.set("callbackSpread", spread);
    }
    if let Some(attached) = attachments(order)? {
        fields.set("attachAlgoOrds", Value::Array(vec![attached]));
    }
    fields = position(fields, order);
    if let Some(id) = &order.client_id {
        fields.set(if waits { "algoClOrdId" } else { "clOrdId" }, client_id(id)?);
    }
    if order.shown.is_some() {
        return invalid("OKX shows part of an order only in its iceberg strategy: say its fields as extras");
    }
    fields = fields.extra(&order.extra, &INTERPRETED);
    // The venue's default for protective spot orders: what is sold is counted in base units.
    let protective = matches!(fields.text("ordType"), Some("conditional" | "oco"));
    if protective && order.side == Side::Sell && order.extra.get("tgtCcy").is_none() {
        fields = fields.without("tgtCcy");
    }
    Ok(Written { fields, waits })
}

/// The order with what its extras say in the venue's words put into its own fields.
fn typed(order: &NewOrder) -> Result<Cow<'_, NewOrder>, CallError> {
    if order.extra.0.is_empty() {
        return Ok(Cow::Borrowed(order));
    }
    let mut order = order.clone();
    let mut leg = |kind, name: &str| {
        let Some(text) = order.extra.text(name) else { return Ok::<_, CallError>(None) };
        order.extra.0.retain(|(known, _)| known != name);
        let price = wire::decimal(&text).map_err(CallError::Invalid)?;
        Ok(Some(Trigger { kind, price, crossing: None, by: None, limit: None }))
    };
    if order.trigger.is_none() && order.oco.is_none() {
        let plain = leg(TriggerKind::Plain, "triggerPx")?;
        let stop = leg(TriggerKind::StopLoss, "slTriggerPx")?;
        let take = leg(TriggerKind::TakeProfit, "tpTriggerPx")?;
        (order.trigger, order.oco) = match (plain, stop, take) {
            (Some(plain), _, _) => (Some(plain), None),
            (None, Some(stop), take) => (Some(stop), take),
            (None, None, take) => (take, None),
        };
    }
    // A type such as "conditional" does not say whether what it places is a limit order; a price does.
    if order.extra.text("type").is_some_and(|kind| waits(&kind)) {
        order.kind = if order.price.is_some() { OrderKind::Limit } else { OrderKind::Market };
    }
    Ok(Cow::Owned(order))
}

/// Whether spot is traded on margin, and how.
fn margin(order: &NewOrder) -> Option<MarginMode> {
    let said = order.extra.text("tdMode").and_then(|text| super::margin_of(&text));
    let flagged = order.extra.get("margin") == Some(&Value::Bool(true));
    order.margin.or(said).or(flagged.then_some(MarginMode::Cross))
}

/// `tdMode`, and what hangs on it.
fn trade_mode(fields: Fields, order: &NewOrder) -> Fields {
    let market = &order.instrument;
    let margin = margin(order);
    if market.product.is_contract() {
        return fields.with("tdMode", margin_text(margin.unwrap_or(MarginMode::Cross)));
    }
    if let Some(mode) = margin {
        let currency = if order.side == Side::Buy { &market.quote } else { &market.base };
        return fields.with("tdMode", margin_text(mode)).with("ccy", currency.as_str());
    }
    // Nothing is borrowed unless the order says so.
    fields.with("tdMode", "cash").with("tgtCcy", "base_ccy")
}

/// `ordType`.
fn order_type(order: &NewOrder) -> Result<Cow<'static, str>, CallError> {
    if let Some(said) = order.extra.text("ordType") {
        return Ok(said.into());
    }
    if order.trailing.is_some()
        || ["trailingPrice", "callbackSpread", "callbackRatio"].iter().any(|n| order.extra.get(n).is_some())
    {
        return Ok("move_order_stop".into());
    }
    let said = order.extra.text("type");
    if let Some(trigger) = order.trigger {
        return match (trigger.kind, order.oco) {
            (TriggerKind::Plain, None) => Ok("trigger".into()),
            (TriggerKind::Plain, Some(_)) => invalid("an OCO of OKX is a stop-loss and a take-profit"),
            (_, None) => Ok("conditional".into()),
            (first, Some(second)) if second.kind != first && second.kind != TriggerKind::Plain => Ok("oco".into()),
            (_, Some(_)) => invalid("an OCO of OKX is a stop-loss and a take-profit"),
        };
    }
    if order.oco.is_some() {
        return invalid("an OCO of OKX is a stop-loss and a take-profit");
    }
    if let Some(said) = said.filter(|said| waits(said) || !matches!(said.as_str(), "limit" | "market")) {
        return Ok(said.into());
    }
    let market = order.kind == OrderKind::Market;
    let force = if order.post_only { Some(TimeInForce::PostOnly) } else { order.time_in_force };
    Ok(match (market, force) {
        (true, Some(TimeInForce::Ioc)) if order.instrument.product.is_contract() => "optimal_limit_ioc",
        (true, None | Some(TimeInForce::Gtc | TimeInForce::Ioc)) => "market",
        (false, None | Some(TimeInForce::Gtc)) => "limit",
        (false, Some(TimeInForce::PostOnly)) => "post_only",
        (false, Some(TimeInForce::Ioc)) => "ioc",
        (_, Some(TimeInForce::Fok)) => "fok",
        (true, Some(TimeInForce::PostOnly)) => return invalid("a market order can't be post-only"),
        (_, Some(TimeInForce::Gtd)) => return invalid("OKX has no orders that are good till a day"),
    }
    .into())
}

/// `sz`: in base units or contracts, or, for market orders of spot, in quote units.
fn size(fields: Fields, order: &NewOrder) -> Result<Fields, CallError> {
    let market = &order.instrument;
    let spot_market = order.kind == OrderKind::Market && market.product == Product::Spot;
    let in_quote = order.cost.is_some() || order.extra.text("tgtCcy").as_deref() == Some("quote_ccy");
    if spot_market && in_quote && order.trailing.is_none() {
        let cost = match (order.cost, order.quantity, order.price) {
            (Some(cost), _, _) => cost,
            (None, Some(quantity), Some(price)) => {
                exact::mul(quantity, price).map_err(|e| CallError::Invalid(format!("{}: {e}", market.name)))?
            }
            (None, Some(quantity), None) => quantity,
            (None, None, _) => return invalid(format!("{}: an order without quantity or cost", market.name)),
        };
        return Ok(fields.with("sz", market.cost_text(cost)?).with("tgtCcy", "quote_ccy"));
    }
    match order.quantity {
        Some(quantity) => Ok(fields.with("sz", market.quantity_text(quantity)?)),
        None if order.extra.get("sz").is_some() || order.extra.get("closeFraction").is_some() => Ok(fields),
        None => invalid(format!("{}: an order without quantity", market.name)),
    }
}

/// The price of an order without a trigger.
fn priced(fields: Fields, order: &NewOrder, ord_type: &str) -> Result<Fields, CallError> {
    if matches!(ord_type, "market" | "optimal_limit_ioc") || waits(ord_type) {
        return Ok(fields);
    }
    match order.price {
        Some(price) => Ok(fields.with("px", order.instrument.price_text(price)?)),
        None if ["px", "pxUsd", "pxVol"].iter().any(|name| order.extra.get(name).is_some()) => Ok(fields),
        None => invalid(format!("{}: a limit order without its price", order.instrument.name)),
    }
}

/// The price of what a trigger places: -1 for the market's.
fn leg_price(order: &NewOrder, said: Option<String>, limit: Option<Decimal>) -> Result<String, CallError> {
    if let Some(said) = said {
        return Ok(said);
    }
    let limit = limit.or(if order.kind == OrderKind::Limit { order.price } else { None });
    match (limit, order.kind) {
        (Some(limit), _) => order.instrument.price_text(limit),
        (None, OrderKind::Market) => Ok("-1".to_owned()),
        (None, OrderKind::Limit) => invalid(format!("{}: a limit order without its price", order.instrument.name)),
    }
}

fn triggered(fields: Fields, order: &NewOrder, trigger: Trigger) -> Result<Fields, CallError> {
    let market = &order.instrument;
    if trigger.kind == TriggerKind::Plain {
        let price = leg_price(order, order.extra.text("orderPx"), trigger.limit)?;
        let by = trigger.by.map(|by| source(Some(by)));
        let fields = fields.with("triggerPx", market.price_text(trigger.price)?).with("orderPx", price);
        return Ok(fields.maybe("triggerPxType", by));
    }
    [Some(trigger), order.oco].into_iter().flatten().try_fold(fields, |fields, leg| {
        let [at, price, by] = match leg.kind {
            TriggerKind::StopLoss => ["slTriggerPx", "slOrdPx", "slTriggerPxType"],
            TriggerKind::TakeProfit | TriggerKind::Plain => ["tpTriggerPx", "tpOrdPx", "tpTriggerPxType"],
        };
        Ok(fields
            .with(at, market.price_text(leg.price)?)
            .with(price, leg_price(order, order.extra.text(price), leg.limit)?)
            .with(by, source(leg.by)))
    })
}

fn trailed(fields: Fields, order: &NewOrder, trailing: Trailing) -> Result<Fields, CallError> {
    if trailing.limit.is_some() {
        return invalid("OKX's trailing orders go in at the market's price");
    }
    let from = trailing.from.map(|from| order.instrument.price_text(from)).transpose()?;
    let fields = match trailing.behind {
        Distance::Percent(percent) => {
            let ratio = percent.checked_div(Decimal::ONE_HUNDRED).unwrap_or_default();
            fields.with("callbackRatio", ratio.normalize().to_string())
        }
        Distance::Amount(amount) => fields.with("callbackSpread", order.instrument.price_text(amount)?),
    };
    Ok(fields.maybe("activePx", from))
}

/// The stop-loss and take-profit that go in with an order, as one pair.
fn attachments(order: &NewOrder) -> Result<Option<Value>, CallError> {
    let leg = |fields: Fields, given: &Option<Attached>, [at, price, by]: [&'static str; 3]| {
        let Some(given) = given else { return Ok::<_, CallError>(fields) };
        let limit = given.price.map(|price| order.instrument.price_text(price)).transpose()?;
        Ok(fields
            .with(at, order.instrument.price_text(given.trigger)?)
            .with(price, limit.unwrap_or_else(|| "-1".to_owned()))
            .with(by, source(given.by)))
    };
    if order.stop_loss.is_none() && order.take_profit.is_none() {
        return Ok(None);
    }
    let fields = leg(Fields::new(), &order.stop_loss, ["slTriggerPx", "slOrdPx", "slTriggerPxType"])?;
    let fields = leg(fields, &order.take_profit, ["tpTriggerPx", "tpOrdPx", "tpTriggerPxType"])?;
    Ok(Some(fields.object()))
}

/// `posSide` and `reduceOnly`. Where long and short are held apart, reducing is said by naming the side that is reduced.
fn position(fields: Fields, order: &NewOrder) -> Fields {
    let protective = order.reduce_only || order.trigger.is_some_and(|trigger| trigger.kind != TriggerKind::Plain);
    let side = match (order.position_side, order.hedged && order.instrument.product.is_contract()) {
        (Some(side), _) => Some(side),
        (None, true) => Some(match (order.side == Side::Buy, protective) {
            (true, false) | (false, true) => PositionSide::Long,
            (true, true) | (false, false) => PositionSide::Short,
        }),
        (None, false) => None,
    };
    let fields = fields.maybe("posSide", side.map(position_side));
    if order.reduce_only && !order.hedged { fields.with("reduceOnly", true) } else { fields }
}

/// Long or short, as the venue writes it.
pub(super) const fn position_side(side: PositionSide) -> &'static str {
    match side {
        PositionSide::Long => "long",
        PositionSide::Short => "short",
    }
}

/// Whether extras speak of an order that waits for a trigger.
pub(super) fn extra_waits(extra: &Extra) -> bool {
    ["type", "ordType"].iter().filter_map(|name| extra.text(name)).any(|kind| waits(&kind))
}
