//! Placing orders in the classic account: spot, margin, contracts.

use super::super::protocol::call::{Attached, Distance, NewOrder, OrderKind, PriceSource, TimeInForce, TriggerKind};
use super::super::protocol::fault::CallError;
use super::super::protocol::http::EndpointClass;
use super::super::protocol::model::{MarginMode, OrderReport, PositionSide, Side};
use super::super::protocol::{Ask, Built};
use super::acks::{Sent, ack, batch};
use super::line::{Line, System, invalid, margin_coin, margin_path, mode_name, unsupported};
use super::raw::{Fields, post};
use super::unified;
use serde_json::Value;
use std::borrow::Cow;

/// Keys of callers that are understood here, and go no further.
pub(super) const UNDERSTOOD: [&str; 3] = ["oneWayMode", "createMarketBuyOrderRequiresPrice", "method"];

/// Buy or sell.
pub(super) const fn side_name(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

/// Long or short.
pub(super) const fn position_name(side: PositionSide) -> &'static str {
    match side {
        PositionSide::Long => "long",
        PositionSide::Short => "short",
    }
}

/// Market or limit.
pub(super) const fn kind_name(kind: OrderKind) -> &'static str {
    match kind {
        OrderKind::Market => "market",
        OrderKind::Limit => "limit",
    }
}

/// For how long it stands. The classic API takes both cases.
fn force_name(order: &NewOrder) -> Result<&'static str, CallError> {
    if order.post_only {
        return Ok("post_only");
    }
    match order.time_in_force {
        None | Some(TimeInForce::Gtc) => Ok("GTC"),
        Some(TimeInForce::Ioc) => Ok("IOC"),
        Some(TimeInForce::Fok) => Ok("FOK"),
        Some(TimeInForce::PostOnly) => Ok("post_only"),
        Some(TimeInForce::Gtd) => Err(unsupported("orders that stand until a day")),
    }
}

/// Which price a trigger watches; the mark price, when nobody says.
pub(super) fn trigger_type(by: Option<PriceSource>) -> Result<&'static str, CallError> {
    match by {
        None | Some(PriceSource::Mark) => Ok("mark_price"),
        Some(PriceSource::Last) => Ok("fill_price"),
        Some(PriceSource::Index) => Err(unsupported("triggers by the index price")),
    }
}

/// The limit, on the tick.
pub(super) fn limit_text(order: &NewOrder) -> Result<Option<String>, CallError> {
    if order.kind == OrderKind::Market {
        return Ok(None);
    }
    let price = order.price.ok_or_else(|| invalid("a limit order needs a price"))?;
    order.instrument.price_text(price).map(Some)
}

/// The price as given, on the tick, whatever the kind of the order.
pub(super) fn price_text(order: &NewOrder) -> Result<Option<String>, CallError> {
    order.price.map(|price| order.instrument.price_text(price)).transpose()
}

/// How much, on the lot.
pub(super) fn quantity_text(order: &NewOrder) -> Result<String, CallError> {
    let quantity = order.quantity.ok_or_else(|| invalid("the order needs a quantity"))?;
    order.instrument.quantity_text(quantity)
}

/// Whether the venue wants to know what it may cost: market buys outside of contracts.
pub(super) fn by_cost(order: &NewOrder) -> bool {
    order.kind == OrderKind::Market && order.side == Side::Buy && !order.instrument.product.is_contract()
}

/// How much: what it may cost, for a market buy outside of contracts; else the quantity.
pub(super) fn size_text(order: &NewOrder) -> Result<String, CallError> {
    if !by_cost(order) {
        return quantity_text(order);
    }
    if let Some(cost) = order.cost {
        return order.instrument.cost_text(cost);
    }
    let quantity = order.quantity.ok_or_else(|| invalid("a market buy needs a cost, or a quantity and a price"))?;
    if order.extra.get("createMarketBuyOrderRequiresPrice") == Some(&Value::Bool(false)) {
        // The caller says that the quantity is the cost already.
        return order.instrument.cost_text(quantity);
    }
    let price = order.price.ok_or_else(|| invalid("a market buy needs a cost, or a quantity and a price"))?;
    let cost = desk::money::exact::mul(quantity, price).map_err(|e| invalid(e.to_string()))?;
    order.instrument.cost_text(cost)
}

/// What every classic order has.
fn common(order: &NewOrder) -> Result<Fields, CallError> {
    Ok(Fields::new()
        .with("symbol", order.instrument.symbol.as_str())
        .with("orderType", kind_name(order.kind))
        .with("force", force_name(order)?)
        .maybe("price", limit_text(order)?)
        .maybe("clientOid", order.client_id.clone()))
}

/// A trigger price and a limit of an attached order, under the names of the endpoint.
fn attached(fields: Fields, order: &NewOrder, leg: Option<&Attached>, names: [&str; 2]) -> Result<Fields, CallError> {
    let Some(leg) = leg else { return Ok(fields) };
    let [trigger, limit] = names;
    let price = leg.price.map(|price| order.instrument.price_text(price)).transpose()?;
    Ok(fields.with(trigger, order.instrument.price_text(leg.trigger)?).maybe(limit, price))
}

fn spot(order: &NewOrder) -> Result<(&'static str, Fields), CallError> {
    let fields = common(order)?.with("side", side_name(order.side)).with("size", size_text(order)?);
    let Some(trigger) = order.trigger else {
        let fields =
            attached(fields, order, order.take_profit.as_ref(), ["presetTakeProfitPrice", "executeTakeProfitPrice"])?;
        let fields =
            attached(fields, order, order.stop_loss.as_ref(), ["presetStopLossPrice", "executeStopLossPrice"])?;
        return Ok(("/api/v2/spot/trade/place-order", fields));
    };
    let limit = match trigger.limit {
        Some(limit) => Some(order.instrument.price_text(limit)?),
        None => price_text(order)?,
    };
    let fields = fields
        .with("planType", if by_cost(order) { "total" } else { "amount" })
        .with("triggerType", trigger_type(trigger.by)?)
        .with("triggerPrice", order.instrument.price_text(trigger.price)?)
        .maybe("executePrice", limit);
    Ok(("/api/v2/spot/trade/place-plan-order", fields))
}

fn margin(order: &NewOrder) -> Result<Fields, CallError> {
    if order.trigger.is_some() || order.take_profit.is_some() || order.stop_loss.is_some() {
        return Err(unsupported("triggers in classic margin trading"));
    }
    let size = if by_cost(order) { "quoteSize" } else { "baseSize" };
    Ok(common(order)?.with("side", side_name(order.side)).with("loanType", "normal").with(size, size_text(order)?))
}

/// Whether long and short are held apart.
pub(super) fn hedged(order: &NewOrder) -> bool {
    let one_way = order.extra.get("oneWayMode") == Some(&Value::Bool(true));
    !one_way && (order.hedged || order.position_side.is_some())
}

/// Which position an order is about, where both are held: the one that is named, or the one its side opens or reduces.
pub(super) const fn meant(order: &NewOrder) -> PositionSide {
    match (order.position_side, order.side, order.reduce_only) {
        (Some(side), _, _) => side,
        (None, Side::Buy, false) | (None, Side::Sell, true) => PositionSide::Long,
        (None, Side::Sell, false) | (None, Side::Buy, true) => PositionSide::Short,
    }
}

/// The side and what goes with it. In hedge mode the venue's side is the direction of the position, not of the trade.
fn direction(fields: Fields, order: &NewOrder) -> Fields {
    if !hedged(order) {
        let reduce = order.reduce_only.then_some("YES");
        return fields.with("side", side_name(order.side)).maybe("reduceOnly", reduce);
    }
    let position = meant(order);
    let opens = matches!((position, order.side), (PositionSide::Long, Side::Buy) | (PositionSide::Short, Side::Sell));
    let side = match position {
        PositionSide::Long => "buy",
        PositionSide::Short => "sell",
    };
    fields.with("side", side).with("tradeSide", if opens { "Open" } else { "Close" })
}

fn contract_basics(order: &NewOrder, line: Line) -> Result<Fields, CallError> {
    Ok(common(order)?
        .with("marginCoin", margin_coin(&order.instrument)?)
        .with("productType", line.category)
        .with("size", quantity_text(order)?))
}

/// An order of contracts that waits for a trigger, or trails.
fn contract_plan(order: &NewOrder, line: Line) -> Result<Fields, CallError> {
    let mode = order.margin.unwrap_or(MarginMode::Cross);
    let fields = direction(contract_basics(order, line)?, order).with("marginMode", mode_name(mode));
    if let Some(trailing) = order.trailing {
        let Distance::Percent(ratio) = trailing.behind else {
            return Err(unsupported("trailing by an amount"));
        };
        let from = trailing.from.ok_or_else(|| invalid("a trailing order needs the price it trails from"))?;
        if order.kind == OrderKind::Limit || trailing.limit.is_some() {
            return Err(unsupported("trailing limit orders"));
        }
        return Ok(fields
            .with("planType", "track_plan")
            .with("triggerType", trigger_type(None)?)
            .with("triggerPrice", order.instrument.price_text(from)?)
            .with("callbackRatio", ratio.normalize().to_string()));
    }
    let trigger = order.trigger.ok_or_else(|| invalid("a plan order needs a trigger"))?;
    let fields = fields
        .with("planType", "normal_plan")
        .with("triggerType", trigger_type(trigger.by)?)
        .with("triggerPrice", order.instrument.price_text(trigger.price)?)
        .maybe("executePrice", price_text(order)?);
    let (profit, loss) = (order.take_profit.as_ref(), order.stop_loss.as_ref());
    let fields = attached(fields, order, profit, ["stopSurplusTriggerPrice", "stopSurplusExecutePrice"])?;
    let fields = attached(fields, order, loss, ["stopLossTriggerPrice", "stopLossExecutePrice"])?;
    let by = |leg: Option<&Attached>| leg.map(|leg| trigger_type(leg.by)).transpose();
    Ok(fields.maybe("stopSurplusTriggerType", by(profit)?).maybe("stopLossTriggerType", by(loss)?))
}

/// A stop-loss or take-profit of a position. With a quantity it is about that much of it (`loss_plan`, `profit_plan`);
/// without one it is about all of it, however large it grows (`pos_loss`, `pos_profit`).
fn contract_protection(order: &NewOrder, line: Line) -> Result<Fields, CallError> {
    let trigger = order.trigger.ok_or_else(|| invalid("no trigger"))?;
    let profit = trigger.kind == TriggerKind::TakeProfit;
    let plan = match (profit, order.quantity.is_some()) {
        (true, true) => "profit_plan",
        (true, false) => "pos_profit",
        (false, true) => "loss_plan",
        (false, false) => "pos_loss",
    };
    // Whatever reduces is meant, so a sell is about what is long.
    let position = order.position_side.unwrap_or(match order.side {
        Side::Sell => PositionSide::Long,
        Side::Buy => PositionSide::Short,
    });
    let holds = match (hedged(order), position) {
        (true, position) => position_name(position),
        (false, PositionSide::Long) => "buy",
        (false, PositionSide::Short) => "sell",
    };
    let size = order.quantity.map(|_| quantity_text(order)).transpose()?;
    let limit = match trigger.limit {
        Some(limit) => Some(order.instrument.price_text(limit)?),
        None => limit_text(order)?,
    };
    Ok(Fields::new()
        .with("symbol", order.instrument.symbol.as_str())
        .with("productType", line.category)
        .with("marginCoin", margin_coin(&order.instrument)?)
        .with("planType", plan)
        .with("triggerType", trigger_type(trigger.by)?)
        .with("triggerPrice", order.instrument.price_text(trigger.price)?)
        .with("holdSide", holds)
        .maybe("executePrice", limit)
        .maybe("size", size)
        .maybe("clientOid", order.client_id.clone()))
}

fn contract(order: &NewOrder, line: Line) -> Result<(&'static str, Fields), CallError> {
    if order.trailing.is_some() {
        return Ok(("/api/v2/mix/order/place-plan-order", contract_plan(order, line)?));
    }
    match order.trigger.map(|trigger| trigger.kind) {
        Some(TriggerKind::Plain) => Ok(("/api/v2/mix/order/place-plan-order", contract_plan(order, line)?)),
        Some(TriggerKind::StopLoss | TriggerKind::TakeProfit) => {
            Ok(("/api/v2/mix/order/place-tpsl-order", contract_protection(order, line)?))
        }
        None => {
            let mode = order.margin.unwrap_or(MarginMode::Cross);
            let fields = direction(contract_basics(order, line)?, order).with("marginMode", mode_name(mode));
            let profit = ["presetStopSurplusPrice", "presetStopSurplusExecutePrice"];
            let fields = attached(fields, order, order.take_profit.as_ref(), profit)?;
            let loss = ["presetStopLossPrice", "presetStopLossExecutePrice"];
            Ok(("/api/v2/mix/order/place-order", attached(fields, order, order.stop_loss.as_ref(), loss)?))
        }
    }
}

fn check(order: &NewOrder, line: Line) -> Result<(), CallError> {
    let trails = order.trailing.is_some() && line.system != System::Mix;
    let wrong = [
        (order.test, "orders that are only checked"),
        (order.shown.is_some(), "icebergs"),
        (order.oco.is_some() && !line.is_unified(), "OCO orders in the classic account"),
        (trails, "trailing orders outside of classic contracts"),
    ];
    wrong.iter().find(|(is, _)| *is).map_or(Ok(()), |(_, what)| Err(unsupported(what)))
}

/// Where an order goes, and what is said.
pub(super) fn prepared(order: &NewOrder, line: Line) -> Result<(Cow<'static, str>, Fields), CallError> {
    check(order, line)?;
    let (path, fields) = match line.system {
        System::Spot => spot(order).map(|(path, fields)| (Cow::Borrowed(path), fields))?,
        System::Margin(mode) => (Cow::Owned(margin_path(mode, "place-order")), margin(order)?),
        System::Mix => contract(order, line).map(|(path, fields)| (Cow::Borrowed(path), fields))?,
        System::Unified => unified::order(order, line).map(|(path, fields)| (Cow::Borrowed(path), fields))?,
    };
    Ok((path, fields.extra(&order.extra, &UNDERSTOOD)))
}

/// Places an order.
pub(super) fn place(order: &NewOrder) -> Built<OrderReport> {
    let line = Line::ordered(order)?;
    let (path, fields) = prepared(order, line)?;
    let sent = Sent::of(order);
    Ok(Ask::new(post(path, fields.body(), EndpointClass::Order), move |reply, _| ack(reply, &sent, line.is_unified())))
}

/// Places several of one line; in the classic account of one market.
pub(super) fn place_many(orders: &[NewOrder]) -> Built<Vec<OrderReport>> {
    let first = orders.first().ok_or_else(|| invalid("no orders"))?;
    let line = Line::ordered(first)?;
    let (most, symbol) = (if line.is_unified() { 20 } else { 50 }, first.instrument.symbol.as_str());
    if orders.len() > most {
        return Err(invalid(format!("at most {most} orders at once")));
    }
    let mut list = Vec::with_capacity(orders.len());
    for order in orders {
        if Line::ordered(order)? != line || !line.is_unified() && order.instrument.symbol != symbol {
            return Err(invalid("orders placed at once are of one line of business and one market"));
        }
        if order.trigger.is_some() || order.trailing.is_some() {
            return Err(unsupported("placing several orders with triggers at once"));
        }
        list.push(prepared(order, line)?.1.item());
    }
    let list = Value::Array(list);
    let (path, body): (Cow<'static, str>, _) = match line.system {
        System::Unified => ("/api/v3/trade/place-batch".into(), super::super::protocol::http::Body::json(&list)),
        System::Spot => (
            "/api/v2/spot/trade/batch-orders".into(),
            Fields::new().with("symbol", symbol).with("orderList", list).body(),
        ),
        System::Margin(mode) => (
            margin_path(mode, "batch-place-order").into(),
            Fields::new().with("symbol", symbol).with("orderList", list).body(),
        ),
        System::Mix => {
            let fields = Fields::new()
                .with("symbol", symbol)
                .with("productType", line.category)
                .with("marginMode", mode_name(first.margin.unwrap_or(MarginMode::Cross)))
                .with("marginCoin", margin_coin(&first.instrument)?);
            ("/api/v2/mix/order/batch-place-order".into(), fields.with("orderList", list).body())
        }
    };
    let sent: Vec<Sent> = orders.iter().map(Sent::of).collect();
    Ok(Ask::new(post(path, body, EndpointClass::Order), move |reply, _| batch(reply, &sent)))
}
