//! New orders of contracts, and closing a position.

use super::ack;
use super::ask::{FUTURES, Fields, Route, UNIQUE, flag, lacks, mode_text, needs, whole};
use super::place::{TAKEN, checked, client_id, force, kind_text, post_only, rises, side_text, watched};
use crate::protocol::call::{OrderKind, TriggerKind};
use crate::protocol::model::{OrderReport, PositionSide, Side};
use crate::protocol::{Ask, Built, CallError, EndpointClass, Instrument, NewOrder, Product, Scope, Unsigned};

pub(super) fn futures_request(order: &NewOrder) -> Result<Unsigned, CallError> {
    let attached = order.take_profit.is_some() || order.stop_loss.is_some();
    let path = match (order.test, attached) {
        (true, _) => "/api/v1/orders/test",
        (false, true) => "/api/v1/st-orders",
        (false, false) => "/api/v1/orders",
    };
    let fields = futures_fields(order)?.extra(&order.extra, &TAKEN);
    Ok(Unsigned::post(FUTURES, path, fields.body(), EndpointClass::Order).weighing(2))
}

/// Which of the two positions of an account that holds long and short apart.
pub(super) fn position_side(order: &NewOrder) -> Option<&'static str> {
    let long = match order.position_side {
        Some(side) => side == PositionSide::Long,
        None if order.hedged => (order.side == Side::Buy) != order.reduce_only,
        None => return None,
    };
    Some(if long { "LONG" } else { "SHORT" })
}

/// The fields of a futures order, without its extra parameters.
pub(super) fn futures_fields(order: &NewOrder) -> Result<Fields, CallError> {
    checked(order)?;
    if order.oco.is_some() {
        return Err(lacks("one-cancels-the-other for contracts"));
    }
    let instrument = &order.instrument;
    let leverage = order.leverage.map_or_else(|| "1".to_owned(), |leverage| leverage.normalize().to_string());
    let mut fields = Fields::default()
        .with("clientOid", client_id(order))
        .with("side", side_text(order.side))
        .with("symbol", instrument.symbol.clone())
        .with("type", kind_text(order.kind))
        .with("leverage", whole(&leverage))
        .maybe("marginMode", order.margin.map(mode_text))
        .maybe("positionSide", position_side(order));
    match (order.cost, order.quantity) {
        (Some(cost), _) if instrument.product == Product::Linear => {
            fields = fields.with("valueQty", instrument.cost_text(cost)?);
        }
        (_, Some(quantity)) => fields = fields.with("size", whole(&instrument.quantity_text(quantity)?)),
        (_, None) if flag(&order.extra, "closeOrder") => {}
        (_, None) => return Err(needs("the quantity of an order")),
    }
    if let (OrderKind::Limit, Some(price)) = (order.kind, order.price) {
        fields = fields.with("price", instrument.price_text(price)?);
    }
    fields = fields.maybe("timeInForce", force(order)).maybe("postOnly", post_only(order));
    if let Some(shown) = order.shown {
        fields = fields.with("iceberg", true).with("visibleSize", instrument.quantity_text(shown)?);
    }
    let mut reduces = order.reduce_only;
    if let Some(trigger) = &order.trigger {
        // A plain trigger lies where a stop order does: above the market for a buy, below it for a sell.
        let up = rises(trigger, order.side).unwrap_or(order.side == Side::Buy);
        reduces |= trigger.kind != TriggerKind::Plain;
        fields = fields
            .with("stop", if up { "up" } else { "down" })
            .with("stopPrice", instrument.price_text(trigger.price)?)
            .with("stopPriceType", watched(trigger.by));
    }
    fields = attach(fields, order)?;
    Ok(fields.maybe("reduceOnly", reduces.then_some(true)))
}

/// A take-profit of a long position lies above, its stop-loss below; of a short position the other way round.
fn attach(mut fields: Fields, order: &NewOrder) -> Result<Fields, CallError> {
    let long = order.side == Side::Buy;
    let legs = [(&order.take_profit, long), (&order.stop_loss, !long)];
    for (attached, up) in legs.into_iter().filter_map(|(attached, up)| attached.as_ref().map(|a| (a, up))) {
        let name = if up { "triggerStopUpPrice" } else { "triggerStopDownPrice" };
        fields = fields.with(name, order.instrument.price_text(attached.trigger)?);
        fields = fields.with("stopPriceType", watched(attached.by));
    }
    Ok(fields)
}

/// Closes the position in one market at the market's price.
pub(super) fn close_position(market: &Instrument, scope: &Scope) -> Built<OrderReport> {
    super::ask::contract(market)?;
    let name = market.name.clone();
    let given = scope.extra.text("clientOid").unwrap_or_else(|| UNIQUE.to_owned());
    let side = scope.position_side.map(|side| match side {
        PositionSide::Long => "LONG",
        PositionSide::Short => "SHORT",
    });
    let request = match Route::asked(Some(market), scope, market.product)? {
        Route::Unified(_) => return Err(lacks("closing a position of the unified account without its size")),
        Route::Futures | Route::Spot | Route::Fast | Route::Margin(_) => {
            let fields = Fields::default()
                .with("symbol", market.symbol.clone())
                .with("closeOrder", true)
                .with("clientOid", given)
                .with("type", "market")
                .maybe("marginMode", scope.margin.map(mode_text))
                .maybe("positionSide", side);
            let body = fields.extra(&scope.extra, &["sync"]).body();
            Unsigned::post(FUTURES, "/api/v1/orders", body, EndpointClass::Order).weighing(2)
        }
    };
    Ok(Ask::new(request, move |reply, _| ack::placed(reply, &name)))
}
