//! Amendments and cancellations, one by one and in batches.

use super::errors::answer;
use super::place::{Asked, acknowledged, batch_reports, one_product, source_word, within_batch};
use super::raw::{Ack, Page};
use super::request::{Fields, category, filter, invalid, product, product_of};
use crate::protocol::call::{Attached, PriceSource};
use crate::protocol::model::OrderReport;
use crate::protocol::{Amendment, Ask, Built, CallError, EndpointClass, Instrument, OrderRef, Product, Scope};
use rust_decimal::Decimal;

/// Extras of an amended order that are read here and not passed on.
const READ: &[&str] = &["type", "method", "triggerBy"];

/// The names of an order: the venue's own id goes first.
pub(super) fn named(fields: Fields, order: &OrderRef) -> Result<Fields, CallError> {
    match (&order.id, &order.client_id) {
        (Some(id), _) => Ok(fields.with("orderId", id.as_str())),
        (None, Some(client_id)) => Ok(fields.with("orderLinkId", client_id.as_str())),
        (None, None) => invalid("an order needs an id"),
    }
}

fn market_of(order: &OrderRef) -> Result<&Instrument, CallError> {
    order.instrument.as_ref().ok_or_else(|| CallError::Invalid("the venue wants to know the order's market".to_owned()))
}

fn asked(order: &OrderRef) -> Asked {
    let market = order.instrument.as_ref().map(|i| i.name.clone());
    Asked { market, id: order.id.clone(), client_id: order.client_id.clone() }
}

fn attached(
    fields: Fields,
    market: &Instrument,
    names: [&'static str; 2],
    to: Option<&Attached>,
) -> Result<Fields, CallError> {
    let [price, by] = names;
    let Some(to) = to else { return Ok(fields) };
    let watched = source_word(to.by.unwrap_or(PriceSource::Last));
    Ok(fields.with(price, price_or_none(market, to.trigger)?).with(by, watched))
}

/// A price, or the "0" that takes one away.
fn price_or_none(market: &Instrument, price: Decimal) -> Result<String, CallError> {
    if price.is_zero() { Ok("0".to_owned()) } else { market.price_text(price) }
}

fn amended(change: &Amendment) -> Result<Fields, CallError> {
    let market = market_of(&change.order).unwrap_or(&change.to.instrument);
    let to = &change.to;
    let mut fields = named(Fields::default().with("symbol", market.symbol.as_str()), &change.order)?;
    let quantity = to.quantity.map(|quantity| market.quantity_text(quantity)).transpose()?;
    let price = to.price.filter(|price| !price.is_zero()).map(|price| market.price_text(price)).transpose()?;
    fields = fields.maybe("qty", quantity).maybe("price", price);
    if let Some(trigger) = &to.trigger {
        let said = to.extra.text("triggerBy");
        let watched = said.unwrap_or_else(|| source_word(trigger.by.unwrap_or(PriceSource::Last)).to_owned());
        fields = fields.with("triggerPrice", price_or_none(market, trigger.price)?).with("triggerBy", watched);
    }
    fields = attached(fields, market, ["takeProfit", "tpTriggerBy"], to.take_profit.as_ref())?;
    fields = attached(fields, market, ["stopLoss", "slTriggerBy"], to.stop_loss.as_ref())?;
    for (name, leg) in [("tpLimitPrice", &to.take_profit), ("slLimitPrice", &to.stop_loss)] {
        if let Some(limit) = leg.as_ref().and_then(|leg| leg.price) {
            fields = fields.with(name, market.price_text(limit)?);
        }
    }
    let read: &[&str] = if to.trigger.is_some() { READ } else { &["type", "method"] };
    Ok(fields.extra(&change.order.scope.extra, &[]).extra(&to.extra, read))
}

/// Changes one.
pub(super) fn amend(change: &Amendment) -> Built<OrderReport> {
    let market = market_of(&change.order).unwrap_or(&change.to.instrument);
    let product = product_of(Some(market), &change.order.scope);
    let fields = amended(change)?.with("category", category(product));
    let name = market.name.clone();
    Ok(Ask::new(fields.post("/v5/order/amend", EndpointClass::Order), move |reply, _| {
        acknowledged(reply, &answer::<Ack>(reply)?.result, Some(name.clone()))
    }))
}

/// Changes several.
pub(super) fn amend_many(changes: &[Amendment]) -> Built<Vec<OrderReport>> {
    let product = one_product(changes.iter().map(|change| change.to.instrument.product))?;
    within_batch(changes.len(), product)?;
    let rows: Result<Vec<_>, _> = changes.iter().map(|change| amended(change).map(Fields::object)).collect();
    let fields = Fields::default().with("category", category(product)).with("request", rows?);
    let weight = u32::try_from(changes.len()).unwrap_or(u32::MAX);
    let all: Vec<_> = changes.iter().map(|change| asked(&change.order)).collect();
    let request = fields.post("/v5/order/amend-batch", EndpointClass::Order).weighing(weight);
    Ok(Ask::new(request, move |reply, _| batch_reports(reply, &answer(reply)?, &all, false)))
}

/// Cancels one.
pub(super) fn cancel(order: &OrderRef) -> Built<OrderReport> {
    let market = market_of(order)?;
    let product = product_of(Some(market), &order.scope);
    let mut fields = named(Fields::default().with("symbol", market.symbol.as_str()), order)?;
    if product == Product::Spot {
        // Spot numbers its kinds of orders apart, and looks only among the kind that is named.
        fields = fields.with("orderFilter", filter(order.scope.class, product));
    }
    let fields = fields.with("category", category(product)).extra(&order.scope.extra, &[]);
    let name = market.name.clone();
    Ok(Ask::new(fields.post("/v5/order/cancel", EndpointClass::Cancel), move |reply, _| {
        acknowledged(reply, &answer::<Ack>(reply)?.result, Some(name.clone()))
    }))
}

/// Cancels several of one product.
pub(super) fn cancel_many(orders: &[OrderRef]) -> Built<Vec<OrderReport>> {
    let markets: Result<Vec<_>, _> = orders.iter().map(market_of).collect();
    let product = one_product(markets?.into_iter().map(|market| market.product))?;
    within_batch(orders.len(), product)?;
    let rows: Result<Vec<_>, CallError> = orders
        .iter()
        .map(|order| {
            let market = market_of(order)?;
            named(Fields::default().with("symbol", market.symbol.as_str()), order).map(Fields::object)
        })
        .collect();
    let mut fields = Fields::default().with("category", category(product)).with("request", rows?);
    if let Some(first) = orders.first() {
        fields = fields.extra(&first.scope.extra, &["clientOrderIds"]);
    }
    let weight = u32::try_from(orders.len()).unwrap_or(u32::MAX);
    let all: Vec<_> = orders.iter().map(asked).collect();
    let request = fields.post("/v5/order/cancel-batch", EndpointClass::Cancel).weighing(weight);
    Ok(Ask::new(request, move |reply, _| batch_reports(reply, &answer(reply)?, &all, false)))
}

/// The coin that stands for "all markets" of linear contracts, where the venue wants a market or a coin.
pub(super) fn all_markets(fields: Fields, market: Option<&Instrument>, product: Product, scope: &Scope) -> Fields {
    let named = market.is_some() || ["baseCoin", "settleCoin"].iter().any(|name| scope.extra.get(name).is_some());
    if named || product != Product::Linear { fields } else { fields.with("settleCoin", "USDT") }
}

/// Cancels all, of one market or of a product. Without a market, linear contracts are those settled in USDT; extras
/// name another coin.
pub(super) fn cancel_all(market: Option<&Instrument>, scope: &Scope) -> Built<Vec<OrderReport>> {
    let product = product_of(market, scope);
    let fields = Fields::default().with("category", category(product));
    let fields = fields.maybe("symbol", market.map(|i| i.symbol.as_str()));
    let fields = all_markets(fields, market, product, scope);
    if product == Product::Inverse && !fields.has("symbol") && scope.extra.0.is_empty() {
        return invalid("cancelling all inverse contracts needs a market, a baseCoin or a settleCoin");
    }
    let fields = fields.class(scope.class, product).extra(&scope.extra, &[]);
    let name = market.map(|i| i.name.clone());
    Ok(Ask::new(fields.post("/v5/order/cancel-all", EndpointClass::Cancel), move |reply, _| {
        let page = answer::<Page<Ack>>(reply)?.result;
        page.list.iter().map(|ack| acknowledged(reply, ack, name.clone())).collect()
    }))
}

/// The switch counts from the loss of the private stream, and only while that stream is subscribed to `dcp`: asking
/// again is not what keeps orders alive. It can't be turned off by a number.
pub(super) fn cancel_all_after(timeout_ms: u32) -> Built<()> {
    let seconds = timeout_ms / 1000;
    if !(3..=300).contains(&seconds) {
        return invalid("the venue waits from 3 to 300 seconds, and does not turn it off by a number");
    }
    let fields = Fields::default().with("product", "DERIVATIVES").with("timeWindow", seconds);
    let request = fields.post("/v5/order/disconnected-cancel-all", EndpointClass::Cancel);
    Ok(Ask::new(request, |reply, _| answer::<Option<serde::de::IgnoredAny>>(reply).map(|_| ())))
}

/// The product the venue's page is about.
pub(super) fn product_of_page(word: Option<&str>, otherwise: Product) -> Product {
    word.and_then(product).unwrap_or(otherwise)
}
