//! New orders: the body of `order/create`, and the batch of them.
//!
//! 1. A market order of spot counts base units, unless a cost is given, or a price that makes a cost of the quantity.
//!    Whoever wants an exact quantity gives no price.
//! 2. A trigger of a contract needs a direction; stop-loss and take-profit triggers have theirs from the side, and only
//!    reduce. A trigger of spot has none: the venue compares with the price of the moment.
//! 3. Where long and short are held apart, a reducing order is named by the position it closes.
//! 4. A stop-loss and take-profit of a position itself go to `position/trading-stop`, see [`super::protection`].

use super::errors::{Answer, answer, meaning};
use super::protection;
use super::raw::{Ack, Page};
use super::request::{Fields, category, invalid, product_of};
use crate::protocol::call::{Attached, Crossing, OrderKind, PriceSource, TimeInForce, Trigger, TriggerKind};
use crate::protocol::fault::Meaning;
use crate::protocol::model::{OrderReport, OrderState, PositionSide, Side};
use crate::protocol::{
    Ask, Built, CallError, EndpointClass, Instrument, Markets, NewOrder, Product, ReadFault, Reply, Scope,
};
use desk::money::exact;
use rust_decimal::Decimal;

/// Extras that are read here and not passed on.
const READ: &[&str] = &[
    "type",
    "method",
    "tradingStopEndpoint",
    "takeProfitLimitPrice",
    "stopLossLimitPrice",
    "createMarketBuyOrderRequiresPrice",
    "triggerDirection",
    "trailingStop",
];

/// The most orders of a batch of contracts; spot takes half of it.
pub(super) const BATCH_MAX: usize = 20;

/// The venue's word for a side.
pub(super) const fn side_word(side: Side) -> &'static str {
    match side {
        Side::Buy => "Buy",
        Side::Sell => "Sell",
    }
}

/// The venue's word for the price that is watched.
pub(super) const fn source_word(source: PriceSource) -> &'static str {
    match source {
        PriceSource::Last => "LastPrice",
        PriceSource::Mark => "MarkPrice",
        PriceSource::Index => "IndexPrice",
    }
}

const fn force_word(force: TimeInForce) -> Option<&'static str> {
    match force {
        TimeInForce::Gtc => Some("GTC"),
        TimeInForce::Ioc => Some("IOC"),
        TimeInForce::Fok => Some("FOK"),
        TimeInForce::PostOnly => Some("PostOnly"),
        TimeInForce::Gtd => None,
    }
}

/// The product an order is of: extras may name another category than the market's.
fn product(order: &NewOrder) -> Product {
    product_of(Some(&order.instrument), &Scope::default())
}

fn quantity(order: &NewOrder) -> Result<String, CallError> {
    let Some(quantity) = order.quantity else {
        return invalid(format!("{}: the order has no quantity", order.instrument.name));
    };
    order.instrument.quantity_text(quantity)
}

/// `qty` and what it counts.
fn amount(fields: Fields, order: &NewOrder) -> Result<Fields, CallError> {
    let market_of_spot = order.instrument.product == Product::Spot && order.kind == OrderKind::Market;
    if !market_of_spot {
        return Ok(fields.with("qty", quantity(order)?));
    }
    let cost = match (order.cost, order.price, order.quantity) {
        (Some(cost), ..) => Some(cost),
        (None, Some(price), Some(quantity)) => {
            Some(exact::mul(price, quantity).map_err(|e| CallError::Invalid(e.to_string()))?)
        }
        (None, ..) => None,
    };
    Ok(match cost {
        None => fields.with("marketUnit", "baseCoin").with("qty", quantity(order)?),
        // A buy counts quote units unless told otherwise; a sell has to be told.
        Some(cost) if order.side == Side::Buy => fields.with("qty", order.instrument.cost_text(cost)?),
        Some(cost) => fields.with("marketUnit", "quoteCoin").with("qty", order.instrument.cost_text(cost)?),
    })
}

/// Which way the price comes to a stop-loss or take-profit trigger.
const fn closing_direction(kind: TriggerKind, side: Side) -> u8 {
    match (kind, side) {
        (TriggerKind::TakeProfit, Side::Buy) | (TriggerKind::StopLoss | TriggerKind::Plain, Side::Sell) => 2,
        (TriggerKind::TakeProfit, Side::Sell) | (TriggerKind::StopLoss | TriggerKind::Plain, Side::Buy) => 1,
    }
}

const fn crossing_number(crossing: Crossing) -> u8 {
    match crossing {
        Crossing::Up => 1,
        Crossing::Down => 2,
    }
}

fn triggered(fields: Fields, order: &NewOrder, trigger: &Trigger) -> Result<Fields, CallError> {
    let spot = order.instrument.product == Product::Spot;
    let fields = fields
        .with("triggerPrice", order.instrument.price_text(trigger.price)?)
        .maybe("triggerBy", trigger.by.map(source_word));
    Ok(match trigger.kind {
        TriggerKind::Plain if spot => fields.with("orderFilter", "StopOrder"),
        TriggerKind::Plain => {
            let said = order.extra.get("triggerDirection").and_then(serde_json::Value::as_u64);
            let given = trigger.crossing.map(crossing_number).map(u64::from).or(said);
            match given {
                Some(direction) => fields.with("triggerDirection", direction),
                None => return invalid("a trigger of a contract needs the direction from which the price comes"),
            }
        }
        TriggerKind::StopLoss | TriggerKind::TakeProfit => {
            let direction =
                trigger.crossing.map_or_else(|| closing_direction(trigger.kind, order.side), crossing_number);
            let fields = fields.with("triggerDirection", direction).with("reduceOnly", true);
            if spot { fields.with("orderFilter", "tpslOrder") } else { fields }
        }
    })
}

/// The names of an attached leg: price, kind, limit, watched price.
struct Leg {
    price: &'static str,
    kind: &'static str,
    limit: &'static str,
    by: &'static str,
}

const STOP_LOSS: Leg = Leg { price: "stopLoss", kind: "slOrderType", limit: "slLimitPrice", by: "slTriggerBy" };
const TAKE_PROFIT: Leg = Leg { price: "takeProfit", kind: "tpOrderType", limit: "tpLimitPrice", by: "tpTriggerBy" };

fn attached(fields: Fields, market: &Instrument, leg: &Leg, with: Option<&Attached>) -> Result<Fields, CallError> {
    let Some(with) = with else { return Ok(fields) };
    let fields = fields.with(leg.price, market.price_text(with.trigger)?).maybe(leg.by, with.by.map(source_word));
    let spot = market.product == Product::Spot;
    Ok(match with.price {
        // A leg with a limit is for a part of a position; spot has no positions and passes the mode over.
        Some(limit) => {
            fields.with(leg.kind, "Limit").with(leg.limit, market.price_text(limit)?).with("tpslMode", "Partial")
        }
        None if spot => fields.with(leg.kind, "Market"),
        None => fields,
    })
}

/// Which of two positions an order is about; `None` where there is only one.
fn position_number(order: &NewOrder) -> Option<u8> {
    if order.instrument.product == Product::Spot || !(order.hedged || order.position_side.is_some()) {
        return None;
    }
    let side = order.position_side.unwrap_or(match (order.side, order.reduce_only) {
        (Side::Buy, false) | (Side::Sell, true) => PositionSide::Long,
        (Side::Sell, false) | (Side::Buy, true) => PositionSide::Short,
    });
    Some(position_index(side))
}

/// The venue's number of a position where long and short are held apart.
pub(super) const fn position_index(side: PositionSide) -> u8 {
    match side {
        PositionSide::Long => 1,
        PositionSide::Short => 2,
    }
}

/// An order without its category.
fn order_fields(order: &NewOrder) -> Result<Fields, CallError> {
    let market = &order.instrument;
    let spot = market.product == Product::Spot;
    if order.trailing.is_some() {
        return invalid("only a position can trail: trailing orders don't go into batches, and spot has none");
    }
    let fields = Fields::default()
        .with("symbol", market.symbol.as_str())
        .with("side", side_word(order.side))
        .with("orderType", if order.kind == OrderKind::Limit { "Limit" } else { "Market" });
    let mut fields = amount(fields, order)?;
    if order.kind == OrderKind::Limit {
        let Some(price) = order.price else { return invalid(format!("{}: a limit order needs a price", market.name)) };
        fields = fields.with("price", market.price_text(price)?);
    }
    let force = if order.post_only { Some(TimeInForce::PostOnly) } else { order.time_in_force };
    if let Some(force) = force {
        let Some(word) = force_word(force) else { return invalid("the venue has no orders good till a day") };
        fields = fields.with("timeInForce", word);
    }
    fields = fields.maybe("orderLinkId", order.client_id.as_deref());
    let number = position_number(order);
    match number {
        Some(number) => fields = fields.with("positionIdx", number),
        None if order.reduce_only => fields = fields.with("reduceOnly", true),
        None => {}
    }
    if let Some(trigger) = &order.trigger {
        fields = triggered(fields, order, trigger)?;
    }
    fields = attached(fields, market, &TAKE_PROFIT, order.take_profit.as_ref())?;
    fields = attached(fields, market, &STOP_LOSS, order.stop_loss.as_ref())?;
    if order.margin.is_some() && spot {
        fields = fields.with("isLeverage", 1);
    }
    Ok(fields.extra(&order.extra, READ))
}

/// What an acknowledgement says. It is a promise to look at the order; how it stands comes later.
pub(super) fn acknowledged(reply: &Reply, ack: &Ack, market: Option<String>) -> Result<OrderReport, ReadFault> {
    if ack.order_id.some().is_none() {
        return Err(ReadFault::parse(reply, "the acknowledgement names no order"));
    }
    let (id, client_id) = (ack.order_id.owned(), ack.order_link_id.owned());
    Ok(OrderReport { market, id, client_id, ..OrderReport::default() })
}

/// Places one.
pub(super) fn place(order: &NewOrder) -> Built<OrderReport> {
    if protection::is_meant(order) {
        return protection::set(order);
    }
    let fields = order_fields(order)?.with("category", category(product(order)));
    let path = match (order.test, product(order)) {
        (false, _) => "/v5/order/create",
        (true, Product::Spot) => return invalid("the venue checks only orders of contracts without placing them"),
        (true, Product::Linear | Product::Inverse | Product::Option) => "/v5/order/pre-check",
    };
    let name = order.instrument.name.clone();
    Ok(Ask::new(fields.post(path, EndpointClass::Order), move |reply, _| {
        let Answer { result, .. } = answer::<Ack>(reply)?;
        acknowledged(reply, &result, Some(name.clone()))
    }))
}

/// What a batch was asked about, by place.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) market: Option<String>,
    pub(super) id: Option<String>,
    pub(super) client_id: Option<String>,
}

/// The reports of a batch: one a place. An order that was not acknowledged is `Rejected` only if the venue's code is a
/// clear no to a new order; with any other code it has no state, and has to be looked up.
pub(super) fn batch_reports(
    reply: &Reply,
    answer: &Answer<Page<Ack>>,
    asked: &[Asked],
    placing: bool,
) -> Result<Vec<OrderReport>, ReadFault> {
    let rows = &answer.result.list;
    if rows.len() != asked.len() || answer.items.len() != asked.len() {
        return Err(ReadFault::parse(reply, format!("{} answers to {} orders", rows.len(), asked.len())));
    }
    let reports = rows.iter().zip(&answer.items).zip(asked).map(|((row, item), asked)| {
        let code = item.code.some().unwrap_or_default();
        if code == "0" {
            return acknowledged(reply, row, asked.market.clone());
        }
        let refused = placing && meaning(code) == Meaning::Refusal;
        Ok(OrderReport {
            market: asked.market.clone(),
            id: row.order_id.owned().or_else(|| asked.id.clone()),
            client_id: row.order_link_id.owned().or_else(|| asked.client_id.clone()),
            state: refused.then_some(OrderState::Rejected),
            ..OrderReport::default()
        })
    });
    reports.collect()
}

/// The one category of a batch.
pub(super) fn one_product(products: impl IntoIterator<Item = Product>) -> Result<Product, CallError> {
    let mut products = products.into_iter();
    let Some(first) = products.next() else { return invalid("a batch without orders") };
    if products.any(|product| product != first) {
        return invalid("a batch holds orders of one product only");
    }
    Ok(first)
}

/// That a batch is not too long.
pub(super) fn within_batch(count: usize, product: Product) -> Result<(), CallError> {
    let max = if product == Product::Spot { BATCH_MAX / 2 } else { BATCH_MAX };
    if count > max {
        return invalid(format!("a batch holds at most {max} orders, these are {count}"));
    }
    Ok(())
}

/// Places several.
pub(super) fn place_many(orders: &[NewOrder]) -> Built<Vec<OrderReport>> {
    let product = one_product(orders.iter().map(product))?;
    within_batch(orders.len(), product)?;
    if orders.iter().any(|order| order.test || protection::is_meant(order)) {
        return invalid("checks and changes to positions don't go into a batch");
    }
    let rows: Result<Vec<_>, _> = orders.iter().map(|order| order_fields(order).map(Fields::object)).collect();
    let fields = Fields::default().with("category", category(product)).with("request", rows?);
    let asked: Vec<_> = orders
        .iter()
        .map(|order| Asked {
            market: Some(order.instrument.name.clone()),
            id: None,
            client_id: order.client_id.clone(),
        })
        .collect();
    let weight = u32::try_from(orders.len()).unwrap_or(u32::MAX);
    let request = fields.post("/v5/order/create-batch", EndpointClass::Order).weighing(weight);
    Ok(Ask::new(request, move |reply: &Reply, _: &Markets| batch_reports(reply, &answer(reply)?, &asked, true)))
}

/// A decimal out of the extras.
pub(super) fn extra_decimal(order: &NewOrder, name: &str) -> Result<Option<Decimal>, CallError> {
    let text = order.extra.text(name);
    text.map(|text| crate::protocol::wire::decimal(&text).map_err(CallError::Invalid)).transpose()
}
