//! New orders: which type the venue calls them, which parameters that type takes, and where they go.
//!
//! A stop-loss or take-profit attached to an order is refused rather than dropped: the venue has no such order on
//! contracts, and on spot it is another order list. A trailing distance is in per cent; the venue knows no other.

use super::ask::{flagged, with_extra};
use super::system::System;
use crate::protocol::call::{
    Crossing, Distance, NewOrder, OrderClass, OrderKind, PriceSource, TimeInForce, Trailing, Trigger, TriggerKind,
};
use crate::protocol::model::{MarginMode, PositionSide, Side};
use crate::protocol::{CallError, Params, wire};
use desk::money::exact;
use rust_decimal::Decimal;
use std::borrow::Cow;

/// Own parameters that are read here and not passed on as they are.
const KNOWN: [&str; 6] =
    ["type", "stopLossOrTakeProfit", "selfTradePrevention", "icebergAmount", "sor", "quoteOrderQty"];

/// A new order as it is sent.
pub(super) struct Placing {
    /// To which order system.
    pub system: System,
    /// To which of its services.
    pub class: OrderClass,
    /// What.
    pub params: Params,
}

fn invalid<T>(order: &NewOrder, what: &str) -> Result<T, CallError> {
    Err(CallError::Invalid(format!("{}: {what}", order.instrument.name)))
}

pub(super) const fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "BUY",
        Side::Sell => "SELL",
    }
}

const fn position_side(side: PositionSide) -> &'static str {
    match side {
        PositionSide::Long => "LONG",
        PositionSide::Short => "SHORT",
    }
}

/// Whether a trigger stops a loss, as the venue sees it: a sell below the market, a buy above it.
pub(super) const fn stops_loss(trigger: &Trigger, side: Side) -> bool {
    match (trigger.kind, trigger.crossing, side) {
        (TriggerKind::StopLoss, _, _) | (TriggerKind::Plain, None, _) => true,
        (TriggerKind::TakeProfit, _, _) => false,
        (TriggerKind::Plain, Some(Crossing::Up), Side::Buy)
        | (TriggerKind::Plain, Some(Crossing::Down), Side::Sell) => true,
        (TriggerKind::Plain, Some(Crossing::Up), Side::Sell)
        | (TriggerKind::Plain, Some(Crossing::Down), Side::Buy) => false,
    }
}

/// The venue's word for the type of an order.
fn type_of(order: &NewOrder, system: System) -> Result<Cow<'static, str>, CallError> {
    if let Some(own) = order.extra.text("type") {
        return Ok(own.to_uppercase().into());
    }
    let limit = order.kind == OrderKind::Limit;
    let own = order.extra.text("stopLossOrTakeProfit");
    let stops = match (&order.trigger, own.as_deref()) {
        (Some(trigger), _) => Some(stops_loss(trigger, order.side)),
        (None, Some("takeProfit")) if order.trailing.is_some() => Some(false),
        (None, _) if order.trailing.is_some() => Some(true),
        (None, _) => None,
    };
    let contract = system.product().is_contract();
    if contract && order.trailing.is_some() {
        return Ok("TRAILING_STOP_MARKET".into());
    }
    let post_only = order.post_only || order.time_in_force == Some(TimeInForce::PostOnly);
    let name = match (contract, stops, limit) {
        (false, None, true) if post_only => "LIMIT_MAKER",
        (_, None, true) => "LIMIT",
        (_, None, false) => "MARKET",
        (false, Some(true), true) => "STOP_LOSS_LIMIT",
        (false, Some(true), false) => "STOP_LOSS",
        (false, Some(false), true) => "TAKE_PROFIT_LIMIT",
        (false, Some(false), false) => "TAKE_PROFIT",
        (true, Some(true), true) => "STOP",
        (true, Some(true), false) => "STOP_MARKET",
        (true, Some(false), true) => "TAKE_PROFIT",
        (true, Some(false), false) => "TAKE_PROFIT_MARKET",
    };
    if post_only && (name == "MARKET" || (!contract && name != "LIMIT_MAKER")) {
        return invalid(order, "only a plain limit order can be a maker for sure");
    }
    Ok(name.into())
}

/// Whether an order of that type has a limit price.
fn has_price(kind: &str, contract: bool) -> bool {
    matches!(kind, "LIMIT" | "LIMIT_MAKER" | "STOP_LOSS_LIMIT" | "TAKE_PROFIT_LIMIT" | "STOP")
        || (contract && kind == "TAKE_PROFIT")
}

fn time_in_force(order: &NewOrder, kind: &str, contract: bool) -> Option<&'static str> {
    let wanted = if order.post_only { Some(TimeInForce::PostOnly) } else { order.time_in_force };
    let asked = match wanted {
        Some(TimeInForce::PostOnly) if contract => Some("GTX"),
        Some(TimeInForce::PostOnly) | None => None,
        Some(TimeInForce::Gtc) => Some("GTC"),
        Some(TimeInForce::Ioc) => Some("IOC"),
        Some(TimeInForce::Fok) => Some("FOK"),
        Some(TimeInForce::Gtd) => Some("GTD"),
    };
    match kind {
        "LIMIT_MAKER" => None,
        "LIMIT" | "STOP_LOSS_LIMIT" | "TAKE_PROFIT_LIMIT" => asked.or(Some("GTC")),
        _ => asked,
    }
}

/// The parameters of a new order, and where it goes.
///
/// # Errors
/// [`CallError::Invalid`] if something is missing, [`CallError::Unsupported`] if the venue takes no such order.
pub(super) fn placing(order: &NewOrder) -> Result<Placing, CallError> {
    let system = System::of(order.instrument.product, order.account, order.margin);
    let contract = system.product().is_contract();
    if system == System::Spot && order.reduce_only && order.side == Side::Buy {
        // A sale on spot can't but reduce: nothing can be sold that is not there.
        return invalid(order, "a buy on spot reduces nothing");
    }
    if order.take_profit.is_some() || order.stop_loss.is_some() {
        let what = "orders with a take-profit or stop-loss attached".into();
        return Err(CallError::Unsupported { venue: "binance", what });
    }
    let kind = type_of(order, system)?;
    let waits = order.trigger.is_some()
        || order.trailing.is_some()
        || ["STOP", "TAKE_PROFIT", "TRAILING"].iter().any(|begin| kind.starts_with(begin));
    let class = if waits { OrderClass::Trigger } else { OrderClass::Plain };
    let paths = system.orders(class);
    let apart = waits && system.keeps_triggers_apart();
    let algo = apart && paths.id == "algoId";
    let strategy = apart && !algo;

    let mut params = Params::new().with("symbol", &order.instrument.symbol).with("side", side(order.side));
    params.push(if strategy { "strategyType" } else { "type" }, &kind);
    if algo {
        params.push("algoType", "CONDITIONAL");
    }
    sizes(order, &kind, contract, waits, &mut params)?;
    if has_price(&kind, contract) && order.extra.text("priceMatch").is_none() {
        let Some(price) = order.price else { return invalid(order, "a limit order needs a price") };
        params.push("price", order.instrument.price_text(price)?);
    }
    let options = system == System::Options;
    if options && order.post_only {
        params.push("postOnly", true);
        params.push("timeInForce", "GTC");
    } else {
        params = params.maybe("timeInForce", time_in_force(order, &kind, contract));
    }
    wakes(order, contract, algo, &mut params)?;
    account(order, system, &mut params);
    params = params.maybe(paths.new_client_id, order.client_id.as_ref());
    if !strategy {
        params.push("newOrderRespType", if contract { "RESULT" } else { "FULL" });
    }
    Ok(Placing { system, class, params: with_extra(params, &order.extra, &KNOWN) })
}

/// How much: base units, quote units, or all there is of the position.
fn sizes(order: &NewOrder, kind: &str, contract: bool, waits: bool, params: &mut Params) -> Result<(), CallError> {
    let market = !contract && kind == "MARKET";
    let own = order.extra.text("quoteOrderQty").map(|cost| wire::decimal(&cost).map_err(CallError::Invalid));
    if let Some(cost) = order.cost.or(own.transpose()?).filter(|_| market) {
        params.push("quoteOrderQty", order.instrument.cost_text(cost)?);
    } else if let Some(quantity) = order.quantity.filter(|_| !flagged(&order.extra, "closePosition")) {
        params.push("quantity", order.instrument.quantity_text(quantity)?);
    } else if contract && waits && !flagged(&order.extra, "closePosition") {
        params.push("closePosition", true);
    } else if !flagged(&order.extra, "closePosition") {
        return invalid(order, "an order needs a quantity, or a market order on spot a cost");
    }
    if contract && (order.shown.is_some() || order.extra.text("icebergAmount").is_some()) {
        return invalid(order, "contracts have no icebergs");
    }
    let shown = order.shown.map(|shown| order.instrument.quantity_text(shown)).transpose()?;
    *params = std::mem::take(params)
        .maybe("icebergQty", shown.or(order.extra.text("icebergAmount")))
        .maybe("selfTradePreventionMode", order.extra.text("selfTradePrevention").map(|mode| mode.to_uppercase()));
    Ok(())
}

/// What wakes it.
fn wakes(order: &NewOrder, contract: bool, algo: bool, params: &mut Params) -> Result<(), CallError> {
    if let Some(trigger) = &order.trigger {
        params.push(if algo { "triggerPrice" } else { "stopPrice" }, order.instrument.price_text(trigger.price)?);
        match (contract, trigger.by) {
            (_, None) => {}
            (true, Some(PriceSource::Mark)) => params.push("workingType", "MARK_PRICE"),
            (true, Some(PriceSource::Last)) => params.push("workingType", "CONTRACT_PRICE"),
            (true, Some(PriceSource::Index)) | (false, Some(PriceSource::Mark | PriceSource::Index)) => {
                return invalid(order, "the venue does not watch that price");
            }
            (false, Some(PriceSource::Last)) => {}
        }
    }
    let Some(Trailing { behind, from, limit: _ }) = order.trailing else { return Ok(()) };
    let Distance::Percent(percent) = behind else {
        return invalid(order, "a trailing order follows at a distance in per cent");
    };
    let from = from.map(|from| order.instrument.price_text(from)).transpose()?;
    if contract {
        params.push("callbackRate", percent.normalize());
        *params = std::mem::take(params).maybe(if algo { "activatePrice" } else { "activationPrice" }, from);
    } else {
        // In basis points.
        let points = exact::mul(percent, Decimal::ONE_HUNDRED).map_err(|e| CallError::Invalid(e.to_string()))?;
        params.push("trailingDelta", points.normalize());
        if order.trigger.is_none() {
            *params = std::mem::take(params).maybe("stopPrice", from);
        }
    }
    Ok(())
}

/// Which position, which margin.
fn account(order: &NewOrder, system: System, params: &mut Params) {
    if !system.product().is_contract() {
        if system == System::Margin && order.margin == Some(MarginMode::Isolated) {
            params.push("isIsolated", true);
        }
        // What margin trading knows of "only reducing": what comes in pays back what was borrowed.
        if system != System::Spot && order.reduce_only {
            params.push("sideEffectType", "AUTO_REPAY");
        }
        return;
    }
    let closes = match (order.side, order.reduce_only) {
        (Side::Buy, false) | (Side::Sell, true) => PositionSide::Long,
        (Side::Sell, false) | (Side::Buy, true) => PositionSide::Short,
    };
    match (order.position_side, order.hedged) {
        (Some(side), _) => params.push("positionSide", position_side(side)),
        (None, true) => params.push("positionSide", position_side(closes)),
        // Where long and short are held apart, an order can't be told to reduce: its side of the position tells.
        (None, false) if order.reduce_only => params.push("reduceOnly", true),
        (None, false) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Instrument, Product};

    fn order(product: Product, side: Side, kind: OrderKind) -> NewOrder {
        let settle = (product != Product::Spot).then_some("USDT");
        let mut instrument = Instrument::named(product, "LTCUSDT", "LTC", "USDT", settle);
        (instrument.tick, instrument.lot) = (Some("0.01".parse().unwrap()), Some("0.001".parse().unwrap()));
        let mut order = NewOrder::plain(&instrument, side, kind);
        order.quantity = Some("0.5".parse().unwrap());
        order.price = Some("50".parse().unwrap());
        order.client_id = Some("ours".into());
        order
    }

    fn trigger(kind: TriggerKind, crossing: Option<Crossing>) -> Option<Trigger> {
        Some(Trigger { kind, price: "60".parse().unwrap(), crossing, by: None, limit: None })
    }

    fn sent(order: &NewOrder) -> Params {
        placing(order).ok().unwrap().params
    }

    #[test]
    fn a_trigger_lies_on_the_side_of_the_market_that_its_crossing_says() {
        for (side, crossing, wanted) in [
            (Side::Buy, Crossing::Up, "STOP_LOSS_LIMIT"),
            (Side::Buy, Crossing::Down, "TAKE_PROFIT_LIMIT"),
            (Side::Sell, Crossing::Down, "STOP_LOSS_LIMIT"),
            (Side::Sell, Crossing::Up, "TAKE_PROFIT_LIMIT"),
        ] {
            let mut order = order(Product::Spot, side, OrderKind::Limit);
            order.trigger = trigger(TriggerKind::Plain, Some(crossing));
            assert_eq!(sent(&order).get("type"), Some(wanted));
        }
    }

    #[test]
    fn a_market_order_of_a_quantity_is_never_turned_into_one_of_a_cost() {
        let params = sent(&order(Product::Spot, Side::Sell, OrderKind::Market));
        assert_eq!(
            (params.get("quantity"), params.get("quoteOrderQty"), params.get("price")),
            (Some("0.5"), None, None)
        );
    }

    #[test]
    fn where_positions_are_held_apart_the_side_says_what_is_reduced() {
        let mut order = order(Product::Linear, Side::Buy, OrderKind::Market);
        (order.hedged, order.reduce_only) = (true, true);
        let params = sent(&order);
        assert_eq!((params.get("positionSide"), params.get("reduceOnly")), (Some("SHORT"), None));
        order.hedged = false;
        let params = sent(&order);
        assert_eq!((params.get("positionSide"), params.get("reduceOnly")), (None, Some("true")));
    }

    #[test]
    fn a_stop_without_a_quantity_closes_the_position() {
        let mut order = order(Product::Linear, Side::Sell, OrderKind::Market);
        order.trigger = trigger(TriggerKind::StopLoss, None);
        order.quantity = None;
        let placing = placing(&order).ok().unwrap();
        assert_eq!(placing.class, OrderClass::Trigger);
        let params = placing.params;
        assert_eq!((params.get("closePosition"), params.get("quantity")), (Some("true"), None));
        assert_eq!((params.get("clientAlgoId"), params.get("triggerPrice")), (Some("ours"), Some("60")));
        assert_eq!(params.get("newClientOrderId"), None);
    }

    #[test]
    fn what_the_venue_can_t_do_is_refused_and_not_dropped() {
        let mut attached = order(Product::Linear, Side::Buy, OrderKind::Limit);
        let stop = crate::protocol::call::Attached { trigger: Decimal::ONE, price: None, by: None };
        attached.stop_loss = Some(stop);
        let mut trailing = order(Product::Linear, Side::Buy, OrderKind::Market);
        trailing.trailing = Some(Trailing { behind: Distance::Amount(Decimal::ONE), from: None, limit: None });
        let mut maker = order(Product::Spot, Side::Buy, OrderKind::Market);
        maker.post_only = true;
        let mut empty = order(Product::Spot, Side::Buy, OrderKind::Limit);
        empty.quantity = None;
        for order in [attached, trailing, maker, empty] {
            assert!(placing(&order).is_err());
        }
    }
}
