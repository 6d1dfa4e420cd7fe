//! Changing an order.

use super::ask::{ask, with_extra};
use super::orders::{KNOWN, named, one, unsupported, write};
use super::place::{self, Placing, placing};
use super::raw_orders::{RawAmended, RawOrder, RawReplaced};
use super::report::{self, Named};
use super::system::System;
use crate::protocol::call::OrderClass;
use crate::protocol::model::OrderReport;
use crate::protocol::{Amendment, Built, CallError, EndpointClass, Method, OrderRef, Params};

pub(super) fn amended(change: &Amendment) -> Result<(System, Params), CallError> {
    let to = &change.to;
    let system = System::of(to.instrument.product, to.account, to.margin);
    if to.test || to.oco.is_some() {
        return unsupported("check of a change, and change into an OCO");
    }
    if to.trigger.is_some() || to.trailing.is_some() || change.order.scope.class != OrderClass::Plain {
        return unsupported("change of a conditional order");
    }
    let order = OrderRef { instrument: Some(to.instrument.clone()), ..change.order.clone() };
    let mut params = named(&order, OrderClass::Plain, system)?.with("side", place::side(to.side));
    let Some(quantity) = to.quantity else { return unsupported("change without a quantity") };
    params.push("quantity", to.instrument.quantity_text(quantity)?);
    match to.price {
        Some(price) => params.push("price", to.instrument.price_text(price)?),
        None if to.extra.text("priceMatch").is_some() => {}
        None => return unsupported("change without a price"),
    }
    Ok((system, with_extra(params, &to.extra, &KNOWN)))
}

pub(super) fn amend(change: &Amendment) -> Built<OrderReport> {
    let to = &change.to;
    let system = System::of(to.instrument.product, to.account, to.margin);
    if to.test || to.oco.is_some() {
        return unsupported("check of a change, and change into an OCO");
    }
    match system {
        System::Spot if to.price.is_none() && to.trigger.is_none() => keep_priority(change),
        System::Spot => replace(change),
        System::Usdm | System::Coinm | System::UnifiedUsdm | System::UnifiedCoinm => {
            let (system, params) = amended(change)?;
            let path = system.orders(OrderClass::Plain).place.to_owned();
            Ok(one(write(system, path, Method::Put, params, EndpointClass::Order), system, Named::Now))
        }
        System::Margin | System::UnifiedMargin | System::Options => unsupported("change of an order there"),
    }
}

/// Another order for the one there is: the old one is cancelled first, and if that fails nothing is placed.
fn replace(change: &Amendment) -> Built<OrderReport> {
    let Placing { system, params, .. } = placing(&change.to)?;
    let params = params.with("cancelReplaceMode", "STOP_ON_FAILURE");
    let params = match (&change.order.id, &change.order.client_id) {
        (Some(id), _) => params.with("cancelOrderId", id),
        (None, Some(id)) => params.with("cancelOrigClientOrderId", id),
        (None, None) => return unsupported("change of an order without any id"),
    };
    let path = "/api/v3/order/cancelReplace".to_owned();
    let request = write(system, path, Method::Post, params, EndpointClass::Order);
    Ok(ask(request, system.family(), move |raw: RawReplaced, markets| {
        report::order(&raw.new_order_response, system, Named::Now, markets)
    }))
}

/// A smaller quantity, which keeps the order's place in the queue. The order keeps our id too.
fn keep_priority(change: &Amendment) -> Built<OrderReport> {
    let (to, system) = (&change.to, System::Spot);
    let order = OrderRef { instrument: Some(to.instrument.clone()), ..change.order.clone() };
    let Some(quantity) = to.quantity else { return unsupported("change without a quantity") };
    let params = named(&order, OrderClass::Plain, system)?
        .with("newQty", to.instrument.quantity_text(quantity)?)
        .maybe("newClientOrderId", to.client_id.as_ref().or(change.order.client_id.as_ref()));
    let params = with_extra(params, &to.extra, &KNOWN);
    let path = "/api/v3/order/amend/keepPriority".to_owned();
    let request = write(system, path, Method::Put, params, EndpointClass::Order).weighing(4);
    Ok(ask(request, system.family(), move |raw: RawAmended, markets| {
        let order = RawOrder { transact_time: raw.transact_time, ..raw.amended_order };
        report::order(&order, system, Named::Now, markets)
    }))
}
