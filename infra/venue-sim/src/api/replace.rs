//! Cancel-replace, and making an order smaller in its place.

use super::orders::{amount, gone, market};
use super::show::{self, list_id, text8};
use super::{Context, Refused, orders};
use crate::engine::Which;
use crate::engine::refusal::Refusal;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// What a cancel-replace may be sent with.
pub(super) const NEW: &[&str] = &[
    "symbol",
    "side",
    "type",
    "cancelReplaceMode",
    "timeInForce",
    "quantity",
    "quoteOrderQty",
    "price",
    "cancelNewClientOrderId",
    "cancelOrigClientOrderId",
    "cancelOrderId",
    "newClientOrderId",
    "strategyId",
    "strategyType",
    "stopPrice",
    "trailingDelta",
    "icebergQty",
    "newOrderRespType",
    "selfTradePreventionMode",
    "cancelRestrictions",
    "orderRateLimitExceededMode",
];

/// POST order/cancelReplace.
pub(super) fn cancel_replace(context: Context<'_>) -> Result<Value, Refused> {
    let (params, now, account) = (context.params, context.now, context.account);
    let symbol = market(&context)?;
    let stop = match params.required("cancelReplaceMode")? {
        "STOP_ON_FAILURE" => true,
        "ALLOW_FAILURE" => false,
        _ => return Err(Refusal::new(-1130, "Data sent for parameter 'cancelReplaceMode' is not valid.").into()),
    };
    let new = orders::wish(params)?;
    let detail = orders::detail(params, new.kind)?;
    let id = params.integer("cancelOrderId")?.map(|id| u64::try_from(id).unwrap_or(0));
    let client = params.optional("cancelOrigClientOrderId")?;
    if id.is_none() && client.is_none() {
        let text = "Param 'cancelOrigClientOrderId' or 'cancelOrderId' must be sent, but both were empty/null!";
        return Err(Refusal::new(-1102, text).into());
    }
    let only = orders::restriction(params)?;
    let name = params.client_id("cancelNewClientOrderId")?.map(str::to_owned);
    let name = name.unwrap_or_else(|| context.exchange.name());
    let engine = &mut context.exchange.engine;
    let canceled = engine.cancel(account, symbol, Which { id, client }, only, &name, now);
    let canceled =
        canceled.and_then(|ids| ids.first().and_then(|id| engine.order(*id)).map(show::canceled).ok_or_else(gone));
    let placed = match &canceled {
        Err(_) if stop => None,
        Ok(_) | Err(_) => Some(engine.place(account, &new, now)),
    };
    let placed = placed.map(|placed| {
        let order = placed.and_then(|id| engine.order(id).ok_or_else(gone));
        order.map(|order| show::placed(engine, order, detail))
    });
    let error = |refusal: &Refusal| json!({ "code": refusal.code, "msg": refusal.text });
    let word = |good: bool| if good { "SUCCESS" } else { "FAILURE" };
    let data = json!({
        "cancelResult": word(canceled.is_ok()),
        "newOrderResult": placed.as_ref().map_or("NOT_ATTEMPTED", |placed| word(placed.is_ok())),
        "cancelResponse": canceled.as_ref().map_or_else(error, Clone::clone),
        "newOrderResponse": placed.as_ref().map(|placed| placed.as_ref().map_or_else(error, Clone::clone)),
    });
    match (canceled.is_ok(), placed.is_some_and(|placed| placed.is_ok())) {
        (true, true) => Ok(data),
        (false, false) => {
            Err(Refused { status: 400, refusal: Refusal::new(-2022, "Order cancel-replace failed."), data: Some(data) })
        }
        (true, false) | (false, true) => {
            let refusal = Refusal::new(-2021, "Order cancel-replace partially failed.");
            Err(Refused { status: 409, refusal, data: Some(data) })
        }
    }
}

/// PUT order/amend/keepPriority.
pub(super) fn amend(context: Context<'_>) -> Result<Value, Refused> {
    let symbol = market(&context)?;
    let (id, client) = orders::which(context.params)?;
    let quantity: Decimal = amount(context.params, "newQty", "newQty")?;
    let name = context.params.client_id("newClientOrderId")?.map(str::to_owned);
    let name = name.unwrap_or_else(|| context.exchange.name());
    let engine = &mut context.exchange.engine;
    let id =
        engine.amend(context.account, symbol, Which { id, client: client.as_deref() }, quantity, &name, context.now)?;
    let order = engine.order(id).ok_or_else(gone)?;
    Ok(json!({
        "transactTime": context.now, "executionId": order.id,
        "amendedOrder": {
            "symbol": order.symbol, "orderId": order.id, "orderListId": list_id(order.list), "origClientOrderId": order.cancel_id,
            "clientOrderId": order.client_id, "price": text8(order.price), "qty": text8(order.quantity),
            "executedQty": text8(order.executed), "preventedQty": text8(order.prevented),
            "quoteOrderQty": text8(order.quote_quantity), "cumulativeQuoteQty": text8(order.executed_quote),
            "status": order.status.text(), "timeInForce": order.tif.text(), "type": order.kind.text(), "side": order.side.text(),
            "workingTime": order.working_at.map_or(json!(-1), |at| json!(at)), "selfTradePreventionMode": order.stp.text(),
        },
    }))
}
