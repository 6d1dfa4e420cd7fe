//! One-cancels-the-other pairs.

use super::call::{Params, missing};
use super::orders::{amount, detail, gone, kind_of, market, prevention, side, strategy};
use super::show;
use super::{Context, Refused};
use crate::engine::Which;
use crate::engine::place::Restriction;
use crate::engine::refusal::Refusal;
use crate::engine::types::{Kind, NewOrder, OrderList, Tif};
use rust_decimal::Decimal;
use serde_json::Value;

/// What a pair may be sent with.
pub(super) const NEW: &[&str] = &[
    "symbol",
    "listClientOrderId",
    "side",
    "quantity",
    "aboveType",
    "aboveClientOrderId",
    "abovePrice",
    "aboveStopPrice",
    "aboveTimeInForce",
    "aboveStrategyId",
    "aboveStrategyType",
    "belowType",
    "belowClientOrderId",
    "belowPrice",
    "belowStopPrice",
    "belowTimeInForce",
    "belowStrategyId",
    "belowStrategyType",
    "newOrderRespType",
    "selfTradePreventionMode",
];

/// POST orderList/oco.
pub(super) fn place(context: Context<'_>) -> Result<Value, Refused> {
    let params = context.params;
    let above = leg(params, "above")?;
    let below = leg(params, "below")?;
    let name = params.client_id("listClientOrderId")?.unwrap_or_default();
    let detail = detail(params, Kind::StopLoss)?;
    let engine = &mut context.exchange.engine;
    let id = engine.place_pair(context.account, &above, &below, name, context.now)?;
    let pair = engine.pair(id).ok_or_else(gone)?;
    let orders = pair.orders.iter().filter_map(|id| engine.order(*id));
    let reports = orders.map(|order| show::placed(engine, order, detail)).collect();
    Ok(show::pair(engine, pair, Some(reports), context.now))
}

/// DELETE orderList.
pub(super) fn cancel(context: Context<'_>) -> Result<Value, Refused> {
    let symbol = market(&context)?.to_owned();
    let pair = find(&context, "listClientOrderId")?
        .filter(|pair| !pair.done && pair.symbol == symbol)
        .ok_or_else(Refusal::cancel)?;
    let (number, first) = (pair.id, pair.orders.first().copied());
    let name = context.params.client_id("newClientOrderId")?.map(str::to_owned);
    let name = name.unwrap_or_else(|| context.exchange.name());
    let engine = &mut context.exchange.engine;
    engine.cancel(
        context.account,
        &symbol,
        Which { id: first, client: None },
        Restriction::None,
        &name,
        context.now,
    )?;
    let pair = engine.pair(number).ok_or_else(gone)?;
    let reports = pair.orders.iter().filter_map(|id| engine.order(*id)).map(show::canceled).collect();
    Ok(show::pair(engine, pair, Some(reports), context.now))
}

/// GET orderList.
pub(super) fn query(context: Context<'_>) -> Result<Value, Refused> {
    let pair = find(&context, "origClientOrderId")?.ok_or_else(|| Refusal::new(-2018, "Order list does not exist."))?;
    Ok(show::pair(&context.exchange.engine, pair, None, context.now))
}

/// GET openOrderList.
pub(super) fn open(context: Context<'_>) -> Result<Value, Refused> {
    list(&context, false)
}

/// GET allOrderList.
pub(super) fn all(context: Context<'_>) -> Result<Value, Refused> {
    list(&context, true)
}

fn list(context: &Context<'_>, done: bool) -> Result<Value, Refused> {
    let engine = &context.exchange.engine;
    let limit = context.params.limit(500, 1_000)?;
    let from = context.params.integer("fromId")?.and_then(|id| u64::try_from(id).ok());
    let pairs =
        engine.pairs(context.account).filter(|pair| (done || !pair.done) && from.is_none_or(|from| pair.id >= from));
    Ok(pairs.take(limit).map(|pair| show::pair(engine, pair, None, context.now)).collect())
}

fn find<'a>(context: &'a Context<'_>, name: &str) -> Result<Option<&'a OrderList>, Refusal> {
    let id = context.params.integer("orderListId")?.map(|id| u64::try_from(id).unwrap_or(0));
    let client = context.params.optional(name)?;
    if id.is_none() && client.is_none() {
        return Err(Refusal::new(
            -1102,
            format!("Param '{name}' or 'orderListId' must be sent, but both were empty/null!"),
        ));
    }
    let fits =
        |pair: &&OrderList| id.is_none_or(|id| pair.id == id) && client.is_none_or(|client| pair.client_id == client);
    Ok(context.exchange.engine.pairs(context.account).filter(fits).last())
}

/// One leg: its parameters begin with `above` or `below`.
fn leg(params: &Params, which: &str) -> Result<NewOrder, Refusal> {
    let name = |rest: &str| format!("{which}{rest}");
    let kind = kind_of(params, &name("Type"))?;
    if matches!(kind, Kind::Limit | Kind::Market) {
        return Err(Refusal::new(-1158, "Order type not supported in OCO."));
    }
    let side = side(params)?;
    let quantity = amount(params, "quantity", "quantity")?;
    let mut order =
        NewOrder { side, kind, quantity, ..NewOrder::limit(params.symbol()?, side, Decimal::ZERO, quantity) };
    if kind.has_price() {
        order.price = amount(params, &name("Price"), "price")?;
    }
    if kind.is_stop() {
        order.stop_price = amount(params, &name("StopPrice"), "stopPrice")?;
    }
    if kind.is_stop() && kind.has_price() {
        let text = params.optional(&name("TimeInForce"))?.ok_or_else(|| missing(&name("TimeInForce")))?;
        order.tif = Tif::parse(text).ok_or_else(|| Refusal::new(-1115, "Invalid timeInForce."))?;
    }
    if let Some(client) = params.client_id(&name("ClientOrderId"))? {
        order.client_id = client.to_owned();
    }
    order.stp = prevention(params)?;
    order.strategy = strategy(params, &name("StrategyId"), &name("StrategyType"))?;
    Ok(order)
}
