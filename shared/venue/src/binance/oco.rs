//! One cancels the other: two orders of which the first to be filled or triggered ends the other.

use super::ask::{ask, with_extra};
use super::orders::{isolated, unsupported, write};
use super::place;
use super::raw_orders::RawOrderList;
use super::report::{self, Named};
use super::system::System;
use crate::protocol::call::{NewOrder, OrderKind, Trigger, TriggerKind};
use crate::protocol::model::{OrderReport, Side};
use crate::protocol::{Built, CallError, EndpointClass, Method, Params};
use rust_decimal::Decimal;

/// One cancels the other: a limit or a take-profit, and a stop-loss.
pub(super) fn oco(order: &NewOrder) -> Built<OrderReport> {
    let system = System::of(order.instrument.product, order.account, order.margin);
    let Some(second) = order.oco else { return unsupported("half an OCO") };
    let params = match system {
        System::Spot => oco_legs(order, &second)?,
        System::Margin | System::UnifiedMargin => oco_margin(order, &second, system)?,
        System::Usdm | System::Coinm | System::Options | System::UnifiedUsdm | System::UnifiedCoinm => {
            return unsupported("OCO on contracts");
        }
    };
    let path = if system == System::Spot { "/api/v3/orderList/oco".to_owned() } else { system.path("/order/oco") };
    let params = with_extra(params.with("newOrderRespType", "FULL"), &order.extra, &["type"]);
    let request = write(system, path, Method::Post, params, EndpointClass::Order);
    let ours = order.client_id.clone();
    Ok(ask(request, system.family(), move |raw: RawOrderList, markets| {
        let leg = raw.order_reports.iter().find(|leg| Some(&leg.client_order_id.0) == ours.as_ref());
        let leg = leg.or(raw.order_reports.first()).ok_or("an order list without orders")?;
        report::order(leg, system, Named::Now, markets)
    }))
}

/// The two legs of an OCO on spot: one above the market, one below. Ours is the one that carries our id.
fn oco_legs(order: &NewOrder, second: &Trigger) -> Result<Params, CallError> {
    let instrument = &order.instrument;
    let Some(quantity) = order.quantity else { return unsupported("OCO without a quantity") };
    let limit = order.price.filter(|_| order.kind == OrderKind::Limit);
    let mut params = Params::new().with("symbol", &instrument.symbol).with("side", place::side(order.side));
    params.push("quantity", instrument.quantity_text(quantity)?);
    let mut leg = |trigger: Option<&Trigger>, price: Option<Decimal>, ours: bool| -> Result<bool, CallError> {
        let stops = trigger.is_some_and(|trigger| place::stops_loss(trigger, order.side));
        // A stop-loss lies below the market for a sell and above it for a buy; a limit or take-profit on the other side.
        let above = stops == (order.side == Side::Buy);
        let name = |part: &str| format!("{}{part}", if above { "above" } else { "below" });
        let kind = match (trigger.is_some(), stops, price.is_some()) {
            (false, _, _) => "LIMIT_MAKER",
            (true, true, true) => "STOP_LOSS_LIMIT",
            (true, true, false) => "STOP_LOSS",
            (true, false, true) => "TAKE_PROFIT_LIMIT",
            (true, false, false) => "TAKE_PROFIT",
        };
        params.push(name("Type"), kind);
        if let Some(price) = price {
            params.push(name("Price"), instrument.price_text(price)?);
        }
        if let Some(trigger) = trigger {
            params.push(name("StopPrice"), instrument.price_text(trigger.price)?);
            if price.is_some() {
                params.push(name("TimeInForce"), "GTC");
            }
        }
        if let Some(id) = order.client_id.as_ref().filter(|_| ours) {
            params.push(name("ClientOrderId"), id);
        }
        Ok(above)
    };
    if order.trigger.is_none() && limit.is_none() {
        return unsupported("OCO of a market order");
    }
    let first = leg(order.trigger.as_ref(), order.trigger.and_then(|trigger| trigger.limit).or(limit), true)?;
    // The order's price is the first leg's; the second has a limit only if it is told one.
    if first == leg(Some(second), second.limit, false)? {
        return Err(CallError::Invalid(format!("{}: both legs lie on one side of the market", instrument.name)));
    }
    Ok(params)
}

/// An OCO on margin: a limit order and a stop-loss.
fn oco_margin(order: &NewOrder, second: &Trigger, system: System) -> Result<Params, CallError> {
    let instrument = &order.instrument;
    let (Some(quantity), Some(price)) = (order.quantity, order.price) else {
        return unsupported("OCO without a quantity or a limit");
    };
    if order.trigger.is_some() || second.kind == TriggerKind::TakeProfit {
        return unsupported("OCO on margin but of a limit order and a stop-loss");
    }
    let limit = second.limit.map(|limit| instrument.price_text(limit)).transpose()?;
    let params = Params::new()
        .with("symbol", &instrument.symbol)
        .with("side", place::side(order.side))
        .with("quantity", instrument.quantity_text(quantity)?)
        .with("price", instrument.price_text(price)?)
        .with("stopPrice", instrument.price_text(second.price)?)
        .maybe("stopLimitTimeInForce", limit.as_ref().map(|_| "GTC"))
        .maybe("stopLimitPrice", limit)
        .maybe("limitClientOrderId", order.client_id.as_ref());
    Ok(isolated(params, system, order.margin))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Body, Instrument, Product};

    fn market(product: Product) -> Instrument {
        let settle = (product != Product::Spot).then_some("USDT");
        Instrument::named(product, "BTCUSDT", "BTC", "USDT", settle)
    }

    fn limit(product: Product, client_id: &str) -> NewOrder {
        let mut order = NewOrder::plain(&market(product), Side::Sell, OrderKind::Limit);
        (order.quantity, order.price) = (Some("1".parse().unwrap()), Some("70000".parse().unwrap()));
        order.client_id = Some(client_id.to_owned());
        order
    }

    #[test]
    fn the_legs_of_an_oco_lie_on_both_sides_of_the_market() {
        let mut order = limit(Product::Spot, "ours");
        let kind = TriggerKind::StopLoss;
        let limit = Some("59000".parse().unwrap());
        order.oco = Some(Trigger { kind, price: "60000".parse().unwrap(), crossing: None, by: None, limit });
        let request = oco(&order).unwrap().request;
        let Body::Form(params) = request.body else { panic!("no form") };
        assert_eq!(request.path, "/api/v3/orderList/oco");
        for (name, value) in [
            ("aboveType", "LIMIT_MAKER"),
            ("abovePrice", "70000"),
            ("aboveClientOrderId", "ours"),
            ("belowType", "STOP_LOSS_LIMIT"),
            ("belowStopPrice", "60000"),
            ("belowPrice", "59000"),
            ("belowTimeInForce", "GTC"),
        ] {
            assert_eq!(params.get(name), Some(value), "{name}");
        }
    }
}
