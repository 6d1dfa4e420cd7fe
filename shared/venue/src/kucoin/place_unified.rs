//! New orders of the unified account.

use super::ask::{Fields, SPOT, lacks, needs};
use super::place::{TAKEN, client_id, force, good_till, post_only, rises, watched};
use super::place_futures::position_side;
use crate::protocol::call::OrderKind;
use crate::protocol::model::Side;
use crate::protocol::{CallError, EndpointClass, NewOrder, Unsigned};

/// The request of an order; `kind` is its `tradeType`.
pub(super) fn request(order: &NewOrder, kind: &'static str) -> Result<Unsigned, CallError> {
    if order.test {
        return Err(lacks("tests of orders of the unified account"));
    }
    let fields = fields(order)?.with("tradeType", kind).extra(&order.extra, &TAKEN);
    Ok(Unsigned::post(SPOT, "/api/ua/v1/unified/order/place", fields.body(), EndpointClass::Order))
}

/// The fields of an order, without its `tradeType` and extra parameters.
pub(super) fn fields(order: &NewOrder) -> Result<Fields, CallError> {
    if order.trailing.is_some() || order.oco.is_some() || order.shown.is_some() {
        return Err(lacks("trailing, one-cancels-the-other and iceberg orders of the unified account"));
    }
    good_till(order)?;
    let instrument = &order.instrument;
    let contract = instrument.product.is_contract();
    let mut fields = Fields::default()
        .with("clientOid", client_id(order))
        .with("symbol", instrument.symbol.clone())
        .with("side", if order.side == Side::Buy { "BUY" } else { "SELL" })
        .with("orderType", if order.kind == OrderKind::Market { "MARKET" } else { "LIMIT" });
    let (unit, size) = match (order.cost, order.quantity) {
        (Some(cost), _) if order.kind == OrderKind::Market || order.quantity.is_none() => {
            ("QUOTECCY", instrument.cost_text(cost)?)
        }
        (_, Some(quantity)) => (if contract { "UNIT" } else { "BASECCY" }, instrument.quantity_text(quantity)?),
        (_, None) => return Err(needs("the quantity of an order, or what it may cost")),
    };
    fields = fields.with("sizeUnit", unit).with("size", size);
    match (order.kind, order.price) {
        (OrderKind::Limit, Some(price)) => fields = fields.with("price", instrument.price_text(price)?),
        (OrderKind::Limit, None) => return Err(needs("the price of a limit order")),
        (OrderKind::Market, _) => {}
    }
    fields = fields
        .maybe("timeInForce", force(order))
        .maybe("postOnly", post_only(order))
        .maybe("reduceOnly", (contract && order.reduce_only).then_some(true))
        .maybe("positionSide", position_side(order).filter(|_| contract));
    if let Some(trigger) = &order.trigger {
        // A plain trigger lies where a stop order does: above the market for a buy, below it for a sell.
        let up = rises(trigger, order.side).unwrap_or(order.side == Side::Buy);
        fields = fields
            .with("triggerDirection", if up { "UP" } else { "DOWN" })
            .with("triggerPrice", instrument.price_text(trigger.price)?)
            .maybe("triggerPriceType", contract.then_some(watched(trigger.by)));
    }
    for (attached, name) in [(&order.take_profit, "tp"), (&order.stop_loss, "sl")] {
        let Some(attached) = attached else { continue };
        if !contract || attached.price.is_some() {
            return Err(lacks("such attached take-profits and stop-losses"));
        }
        fields = fields
            .with(&format!("{name}TriggerPrice"), instrument.price_text(attached.trigger)?)
            .with(&format!("{name}TriggerPriceType"), watched(attached.by));
    }
    Ok(fields)
}
