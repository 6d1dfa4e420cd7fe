//! Placing, testing, canceling and asking for orders.

use super::call::{Params, illegal, missing};
use super::show::{self, Detail};
use super::{Context, Refused};
use crate::engine::Which;
use crate::engine::place::Restriction;
use crate::engine::refusal::Refusal;
use crate::engine::types::{Kind, NewOrder, Order, Side, Stp, Tif};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// What a new order may be sent with.
pub(super) const NEW: &[&str] = &[
    "symbol",
    "side",
    "type",
    "timeInForce",
    "quantity",
    "quoteOrderQty",
    "price",
    "newClientOrderId",
    "strategyId",
    "strategyType",
    "stopPrice",
    "trailingDelta",
    "icebergQty",
    "newOrderRespType",
    "selfTradePreventionMode",
];

/// What a tested order may be sent with.
pub(super) const TEST: &[&str] = &[
    "symbol",
    "side",
    "type",
    "timeInForce",
    "quantity",
    "quoteOrderQty",
    "price",
    "newClientOrderId",
    "strategyId",
    "strategyType",
    "stopPrice",
    "trailingDelta",
    "icebergQty",
    "newOrderRespType",
    "selfTradePreventionMode",
    "computeCommissionRates",
];

/// POST order.
pub(super) fn place(context: Context<'_>) -> Result<Value, Refused> {
    let order = wish(context.params)?;
    let detail = detail(context.params, order.kind)?;
    let id = context.exchange.engine.place(context.account, &order, context.now)?;
    let order = context.exchange.engine.order(id).ok_or_else(gone)?;
    Ok(show::placed(&context.exchange.engine, order, detail))
}

/// POST order/test.
pub(super) fn test(context: Context<'_>) -> Result<Value, Refused> {
    let order = wish(context.params)?;
    detail(context.params, order.kind)?;
    context.exchange.engine.check(context.account, &order)?;
    if context.params.optional("computeCommissionRates")? != Some("true") {
        return Ok(json!({}));
    }
    let rates = super::account::rates(&context.exchange.engine, context.account);
    Ok(json!({
        "standardCommissionForOrder": { "maker": rates.0, "taker": rates.1 },
        "specialCommissionForOrder": { "maker": "0.00000000", "taker": "0.00000000" },
        "taxCommissionForOrder": { "maker": "0.00000000", "taker": "0.00000000" },
        "discount": super::account::discount(&context.exchange.engine, context.account),
    }))
}

/// DELETE order.
pub(super) fn cancel(context: Context<'_>) -> Result<Value, Refused> {
    let symbol = market(&context)?.to_owned();
    let (id, client) = which(context.params)?;
    let only = restriction(context.params)?;
    let name = cancel_name(&mut *context.exchange, context.params)?;
    let engine = &mut context.exchange.engine;
    let ids =
        engine.cancel(context.account, &symbol, Which { id, client: client.as_deref() }, only, &name, context.now)?;
    let orders: Vec<&Order> = ids.iter().filter_map(|id| engine.order(*id)).collect();
    match orders.first().and_then(|order| order.list).and_then(|list| engine.pair(list)) {
        Some(pair) => Ok(show::pair(engine, pair, Some(orders.into_iter().map(show::canceled).collect()), context.now)),
        None => Ok(orders.first().map(|order| show::canceled(order)).ok_or_else(gone)?),
    }
}

/// DELETE openOrders.
pub(super) fn cancel_all(context: Context<'_>) -> Result<Value, Refused> {
    let symbol = market(&context)?.to_owned();
    let name = cancel_name(&mut *context.exchange, &Params::default())?;
    let engine = &mut context.exchange.engine;
    let open: Vec<u64> =
        engine.open_orders(context.account).filter(|order| order.symbol == symbol).map(|order| order.id).collect();
    if open.is_empty() {
        return Err(Refusal::cancel().into());
    }
    let mut answer = Vec::new();
    for id in open {
        let which = Which { id: Some(id), client: None };
        // The other order of a pair has ended with the first one.
        let Ok(ids) = engine.cancel(context.account, &symbol, which, Restriction::None, &name, context.now) else {
            continue;
        };
        let orders: Vec<&Order> = ids.iter().filter_map(|id| engine.order(*id)).collect();
        match orders.first().and_then(|order| order.list).and_then(|list| engine.pair(list)) {
            Some(pair) => answer.push(show::pair(
                engine,
                pair,
                Some(orders.into_iter().map(show::canceled).collect()),
                context.now,
            )),
            None => answer.extend(orders.into_iter().map(show::canceled)),
        }
    }
    Ok(Value::Array(answer))
}

/// GET order.
pub(super) fn query(context: Context<'_>) -> Result<Value, Refused> {
    let symbol = market(&context)?;
    let (id, client) = which(context.params)?;
    let order = context.exchange.engine.find(context.account, symbol, Which { id, client: client.as_deref() });
    let order = order.filter(|order| context.exchange.venue.answers_for(order.placed_at, context.now));
    Ok(order.map(show::status).ok_or_else(|| Refusal::new(-2013, "Order does not exist."))?)
}

/// GET openOrders.
pub(super) fn open(context: Context<'_>) -> Result<Value, Refused> {
    let symbol = context.params.optional("symbol")?.map(str::to_owned);
    if let Some(symbol) = &symbol {
        context.exchange.engine.market(symbol)?;
    }
    let orders = context.exchange.engine.open_orders(context.account);
    let orders = orders.filter(|order| symbol.as_ref().is_none_or(|symbol| order.symbol == *symbol));
    Ok(orders.filter(|order| context.exchange.venue.lists(order.placed_at, context.now)).map(show::status).collect())
}

/// GET allOrders.
pub(super) fn all(context: Context<'_>) -> Result<Value, Refused> {
    let symbol = market(&context)?;
    let limit = context.params.limit(500, 1_000)?;
    let (from, until) = super::account::range(context.params)?;
    let first = context.params.integer("orderId")?;
    let engine = &context.exchange.engine;
    let fits = |order: &&Order| {
        from.is_none_or(|from| order.placed_at >= from)
            && until.is_none_or(|until| order.placed_at <= until)
            && first.and_then(|first| u64::try_from(first).ok()).is_none_or(|first| order.id >= first)
            && context.exchange.venue.lists(order.placed_at, context.now)
    };
    let mut orders: Vec<&Order> = engine.all_orders(context.account, symbol).filter(fits).collect();
    if first.is_none() && from.is_none() && orders.len() > limit {
        orders.drain(..orders.len() - limit);
    }
    Ok(orders.into_iter().take(limit).map(show::status).collect())
}

/// The market that is named, if there is one.
pub(super) fn market<'a>(context: &Context<'a>) -> Result<&'a str, Refusal> {
    let symbol = context.params.symbol()?;
    context.exchange.engine.market(symbol)?;
    Ok(symbol)
}

/// Which order is meant.
pub(super) fn which(params: &Params) -> Result<(Option<u64>, Option<String>), Refusal> {
    let id = params.integer("orderId")?;
    let client = params.optional("origClientOrderId")?;
    if id.is_none() && client.is_none() {
        return Err(Refusal::new(
            -1102,
            "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
        ));
    }
    Ok((id.map(|id| u64::try_from(id).unwrap_or(0)), client.map(str::to_owned)))
}

/// Which orders a cancel may meet.
pub(super) fn restriction(params: &Params) -> Result<Restriction, Refusal> {
    match params.optional("cancelRestrictions")? {
        None => Ok(Restriction::None),
        Some("ONLY_NEW") => Ok(Restriction::OnlyNew),
        Some("ONLY_PARTIALLY_FILLED") => Ok(Restriction::OnlyPartiallyFilled),
        Some(_) => Err(Refusal::new(-1145, "Invalid cancelRestrictions")),
    }
}

fn cancel_name(exchange: &mut crate::exchange::Exchange, params: &Params) -> Result<String, Refusal> {
    Ok(params.client_id("newClientOrderId")?.map_or_else(|| exchange.name(), str::to_owned))
}

/// How much the answer is to tell.
pub(super) fn detail(params: &Params, kind: Kind) -> Result<Detail, Refusal> {
    Ok(match params.optional("newOrderRespType")? {
        None if matches!(kind, Kind::Market | Kind::Limit) => Detail::Full,
        None | Some("ACK") => Detail::Ack,
        Some("RESULT") => Detail::Result,
        Some("FULL") => Detail::Full,
        Some(_) => return Err(Refusal::new(-1130, "Data sent for parameter 'newOrderRespType' is not valid.")),
    })
}

/// Self-trade prevention, the market's default when nothing is sent.
pub(super) fn prevention(params: &Params) -> Result<Stp, Refusal> {
    let Some(text) = params.optional("selfTradePreventionMode")? else { return Ok(Stp::ExpireMaker) };
    Stp::parse(text)
        .ok_or_else(|| Refusal::new(-1130, "Data sent for parameter 'selfTradePreventionMode' is not valid."))
}

/// Side.
pub(super) fn side(params: &Params) -> Result<Side, Refusal> {
    Side::parse(params.required("side")?).ok_or_else(|| Refusal::new(-1117, "Invalid side."))
}

/// A positive amount.
pub(super) fn amount(params: &Params, name: &str, what: &str) -> Result<Decimal, Refusal> {
    let value = params.decimal(name)?.ok_or_else(|| missing(name))?;
    if value.is_zero() { Err(Refusal::new(-1013, format!("Invalid {what}."))) } else { Ok(value) }
}

/// The owner's mark.
pub(super) fn strategy(params: &Params, id: &str, kind: &str) -> Result<(Option<i64>, Option<i64>), Refusal> {
    let strategy = (params.integer(id)?, params.integer(kind)?);
    if strategy.1.is_some_and(|kind| kind < 1_000_000) {
        return Err(Refusal::new(-1134, "strategyType was less than 1000000."));
    }
    Ok(strategy)
}

/// Reads a new order: each type has its mandatory and its superfluous parameters.
pub(super) fn wish(params: &Params) -> Result<NewOrder, Refusal> {
    let symbol = params.symbol()?;
    let side = side(params)?;
    let kind = Kind::parse(params.required("type")?).ok_or_else(|| Refusal::new(-1116, "Invalid orderType."))?;
    if params.optional("trailingDelta")?.is_some() {
        return Err(Refusal::order("Trailing stop orders are not supported for this symbol."));
    }
    if params.decimal("icebergQty")?.is_some_and(|quantity| !quantity.is_zero()) {
        return Err(Refusal::order("Iceberg orders are not supported for this symbol."));
    }
    let timed = kind.has_price() && kind != Kind::LimitMaker;
    let tif = params
        .optional("timeInForce")?
        .map(|text| Tif::parse(text).ok_or_else(|| Refusal::new(-1115, "Invalid timeInForce.")))
        .transpose()?;
    let superfluous = |name: &str, wanted: bool| match params.optional(name)? {
        Some(_) if !wanted => Err(Refusal::new(-1106, format!("Parameter '{name}' sent when not required."))),
        Some(_) | None => Ok(()),
    };
    superfluous("timeInForce", timed)?;
    superfluous("price", kind.has_price())?;
    superfluous("stopPrice", kind.is_stop())?;
    superfluous("quoteOrderQty", kind == Kind::Market)?;
    let mut order = NewOrder { side, kind, ..NewOrder::limit(symbol, side, Decimal::ZERO, Decimal::ZERO) };
    if timed {
        order.tif = tif.ok_or_else(|| missing("timeInForce"))?;
    }
    match (kind, params.optional("quantity")?, params.optional("quoteOrderQty")?) {
        (Kind::Market, None, None) => {
            return Err(Refusal::new(
                -1102,
                "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!",
            ));
        }
        (Kind::Market, Some(_), Some(_)) => {
            return Err(Refusal::new(-1128, "Combination of optional parameters invalid."));
        }
        (Kind::Market, None, Some(_)) => order.quote_quantity = amount(params, "quoteOrderQty", "quoteOrderQty")?,
        _ => order.quantity = amount(params, "quantity", "quantity")?,
    }
    if kind.has_price() {
        order.price = amount(params, "price", "price")?;
    }
    if kind.is_stop() {
        order.stop_price = amount(params, "stopPrice", "stopPrice")?;
    }
    if let Some(name) = params.client_id("newClientOrderId")? {
        order.client_id = name.to_owned();
    }
    order.stp = prevention(params)?;
    order.strategy = strategy(params, "strategyId", "strategyType")?;
    Ok(order)
}

/// The engine has just accepted what it does not know: not to be seen.
pub(super) fn gone() -> Refusal {
    Refusal::new(-1000, "An unknown error occurred while processing the request.")
}

/// A name of a kind that is known, for the parameters of a pair.
pub(super) fn kind_of(params: &Params, name: &str) -> Result<Kind, Refusal> {
    let text = params.required(name)?;
    Kind::parse(text)
        .ok_or_else(|| illegal(name, "STOP_LOSS|STOP_LOSS_LIMIT|TAKE_PROFIT|TAKE_PROFIT_LIMIT|LIMIT_MAKER"))
}
