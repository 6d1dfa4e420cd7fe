//! Changing orders, of all systems.

use super::super::protocol::call::{Amendment, Attached, Distance, NewOrder, TriggerKind};
use super::super::protocol::fault::CallError;
use super::super::protocol::http::{Body, EndpointClass};
use super::super::protocol::market::Product;
use super::super::protocol::model::OrderReport;
use super::super::protocol::{Ask, Built};
use super::acks::{Sent, ack, batch, names};
use super::line::{Line, System, invalid, margin_coin, unsupported};
use super::place::{UNDERSTOOD, kind_name, limit_text, price_text, quantity_text, size_text};
use super::raw::{Fields, post};
use super::unified::Leg;
use serde_json::Value;

fn quantity(to: &NewOrder) -> Result<Option<String>, CallError> {
    to.quantity.map(|_| quantity_text(to)).transpose()
}

fn trigger_text(to: &NewOrder) -> Result<Option<String>, CallError> {
    to.trigger.map(|trigger| to.instrument.price_text(trigger.price)).transpose()
}

fn amend_spot(change: &Amendment) -> Result<(&'static str, Fields), CallError> {
    let to = &change.to;
    let fields = names(&change.order)?;
    if to.trigger.is_some() {
        let fields = fields
            .with("size", size_text(to)?)
            .with("orderType", kind_name(to.kind))
            .maybe("triggerPrice", trigger_text(to)?)
            .maybe("executePrice", price_text(to)?);
        return Ok(("/api/v2/spot/trade/modify-plan-order", fields));
    }
    // The venue cancels the order and places another one: it has a new id, and its turn in the book is lost.
    let price = price_text(to)?.ok_or_else(|| invalid("a changed spot order needs a price"))?;
    let fields = fields
        .with("symbol", to.instrument.symbol.as_str())
        .with("price", price)
        .with("size", quantity_text(to)?)
        .maybe("newClientOid", to.client_id.clone());
    Ok(("/api/v2/spot/trade/cancel-replace-order", fields))
}

fn amend_contract(change: &Amendment, line: Line) -> Result<(&'static str, Fields), CallError> {
    let to = &change.to;
    let basics = names(&change.order)?.with("symbol", to.instrument.symbol.as_str()).with("productType", line.category);
    if let Some(trailing) = to.trailing {
        let Distance::Percent(ratio) = trailing.behind else { return Err(unsupported("trailing by an amount")) };
        let from = trailing.from.map(|from| to.instrument.price_text(from)).transpose()?;
        let fields = basics
            .maybe("newSize", quantity(to)?)
            .maybe("newTriggerPrice", from)
            .with("newCallbackRatio", ratio.normalize().to_string());
        return Ok(("/api/v2/mix/order/modify-plan-order", fields));
    }
    match to.trigger.map(|trigger| trigger.kind) {
        Some(TriggerKind::StopLoss | TriggerKind::TakeProfit) => {
            let fields = basics
                .with("marginCoin", margin_coin(&to.instrument)?)
                .maybe("size", quantity(to)?)
                .maybe("triggerPrice", trigger_text(to)?)
                .maybe("executePrice", price_text(to)?);
            Ok(("/api/v2/mix/order/modify-tpsl-order", fields))
        }
        Some(TriggerKind::Plain) => {
            let names = ["newStopSurplusTriggerPrice", "newStopLossTriggerPrice"];
            let fields = basics
                .maybe("newSize", quantity(to)?)
                .maybe("newPrice", price_text(to)?)
                .maybe("newTriggerPrice", trigger_text(to)?);
            Ok(("/api/v2/mix/order/modify-plan-order", attached(fields, to, names)?))
        }
        None => {
            let names = ["newPresetStopSurplusPrice", "newPresetStopLossPrice"];
            let fields = basics
                .maybe("newSize", quantity(to)?)
                .maybe("newPrice", price_text(to)?)
                .maybe("newClientOid", to.client_id.clone());
            Ok(("/api/v2/mix/order/modify-order", attached(fields, to, names)?))
        }
    }
}

fn attached(fields: Fields, to: &NewOrder, [profit, loss]: [&str; 2]) -> Result<Fields, CallError> {
    let price = |leg: Option<&Attached>| leg.map(|leg| to.instrument.price_text(leg.trigger)).transpose();
    Ok(fields.maybe(profit, price(to.take_profit.as_ref())?).maybe(loss, price(to.stop_loss.as_ref())?))
}

fn amend_unified(change: &Amendment) -> Result<(&'static str, Fields), CallError> {
    let to = &change.to;
    let fields = names(&change.order)?.maybe("qty", quantity(to)?);
    match to.trigger.map(|trigger| trigger.kind) {
        None => Ok(("/api/v3/trade/modify-order", fields.maybe("price", price_text(to)?))),
        Some(TriggerKind::Plain) => {
            let fields = fields
                .maybe("triggerPrice", trigger_text(to)?)
                .with("triggerOrderType", kind_name(to.kind))
                .maybe("triggerOrderPrice", limit_text(to)?);
            Ok(("/api/v3/trade/modify-strategy-order", fields))
        }
        Some(TriggerKind::StopLoss | TriggerKind::TakeProfit) => {
            let fields = Leg::of(to).iter().try_fold(fields, |fields, leg| leg.put(fields, &to.instrument))?;
            Ok(("/api/v3/trade/modify-strategy-order", fields))
        }
    }
}

fn amended(change: &Amendment) -> Result<(&'static str, Fields, Line), CallError> {
    let instrument = change.order.instrument.as_ref().unwrap_or(&change.to.instrument);
    let line = Line::asked(Some(instrument), &change.order.scope, Product::Spot)?;
    let line = if change.to.account == change.order.scope.account { line } else { Line::ordered(&change.to)? };
    let (path, fields) = match line.system {
        System::Spot => amend_spot(change)?,
        System::Margin(_) => return Err(unsupported("changing orders in classic margin trading")),
        System::Mix => amend_contract(change, line)?,
        System::Unified => amend_unified(change)?,
    };
    let fields = fields.extra(&change.order.scope.extra, &UNDERSTOOD).extra(&change.to.extra, &UNDERSTOOD);
    Ok((path, fields, line))
}

/// Changes an order.
pub(super) fn amend(change: &Amendment) -> Built<OrderReport> {
    let (path, fields, _) = amended(change)?;
    let sent = Sent::named(&change.order);
    Ok(Ask::new(post(path, fields.body(), EndpointClass::Order), move |reply, _| ack(reply, &sent, false)))
}

/// Changes several orders; only the unified account does that.
pub(super) fn amend_many(changes: &[Amendment]) -> Built<Vec<OrderReport>> {
    let mut list = Vec::with_capacity(changes.len());
    for change in changes {
        let (path, fields, line) = amended(change)?;
        if !line.is_unified() || path != "/api/v3/trade/modify-order" {
            return Err(unsupported("changing several orders at once, but for plain ones of the unified account"));
        }
        let symbol = change.to.instrument.symbol.as_str();
        list.push(fields.with("symbol", symbol).with("category", line.category).item());
    }
    if list.is_empty() || list.len() > 20 {
        return Err(invalid("1 to 20 orders can be changed at once"));
    }
    let sent: Vec<Sent> = changes.iter().map(|change| Sent::named(&change.order)).collect();
    let request = post("/api/v3/trade/batch-modify-order", Body::json(&Value::Array(list)), EndpointClass::Order);
    Ok(Ask::new(request, move |reply, _| batch(reply, &sent)))
}
