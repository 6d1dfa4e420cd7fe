//! Orders of the unified account, which trades spot, margin and contracts through the same endpoints.

use super::super::protocol::call::{NewOrder, OrderKind, PriceSource, TimeInForce, Trigger, TriggerKind};
use super::super::protocol::fault::CallError;
use super::super::protocol::market::Instrument;
use super::super::protocol::model::MarginMode;
use super::line::{Line, invalid, need_contract, unsupported};
use super::place::{hedged, kind_name, limit_text, meant, position_name, quantity_text, side_name, size_text};
use super::raw::Fields;
use rust_decimal::Decimal;

fn force_name(order: &NewOrder) -> Result<&'static str, CallError> {
    if order.post_only {
        return Ok("post_only");
    }
    match order.time_in_force {
        None | Some(TimeInForce::Gtc) => Ok("gtc"),
        Some(TimeInForce::Ioc) => Ok("ioc"),
        Some(TimeInForce::Fok) => Ok("fok"),
        Some(TimeInForce::PostOnly) => Ok("post_only"),
        Some(TimeInForce::Gtd) => Err(unsupported("orders that stand until a day")),
    }
}

/// Which price a trigger watches; the mark price, when nobody says.
fn watched(by: Option<PriceSource>) -> Result<&'static str, CallError> {
    match by {
        None | Some(PriceSource::Mark) => Ok("mark"),
        Some(PriceSource::Last) => Ok("market"),
        Some(PriceSource::Index) => Err(unsupported("triggers by the index price")),
    }
}

/// One of the two legs of a strategy: at which price it wakes, and at which it then trades.
pub(super) struct Leg {
    /// Whether it takes a profit.
    pub(super) profit: bool,
    /// What wakes it.
    pub(super) trigger: Decimal,
    /// Its limit; at the market's price, when `None`.
    pub(super) limit: Option<Decimal>,
    /// Which price is watched.
    pub(super) by: Option<PriceSource>,
}

impl Leg {
    /// The legs of an order that waits for a stop-loss, a take-profit, or either.
    pub(super) fn of(order: &NewOrder) -> Vec<Self> {
        let own = |trigger: &Trigger| trigger.limit.or(order.price.filter(|_| order.kind == OrderKind::Limit));
        let one = |trigger: &Trigger| Self {
            profit: trigger.kind == TriggerKind::TakeProfit,
            trigger: trigger.price,
            limit: own(trigger),
            by: trigger.by,
        };
        order.trigger.iter().chain(&order.oco).map(one).collect()
    }

    /// Adds it to a request.
    pub(super) fn put(&self, fields: Fields, instrument: &Instrument) -> Result<Fields, CallError> {
        let [trigger, by, kind, limit] = if self.profit {
            ["takeProfit", "tpTriggerBy", "tpOrderType", "tpLimitPrice"]
        } else {
            ["stopLoss", "slTriggerBy", "slOrderType", "slLimitPrice"]
        };
        let price = self.limit.map(|price| instrument.price_text(price)).transpose()?;
        Ok(fields
            .with(trigger, instrument.price_text(self.trigger)?)
            .with(by, watched(self.by)?)
            .with(kind, if price.is_some() { "limit" } else { "market" })
            .maybe(limit, price))
    }
}

/// Which position is meant, and whether it may only shrink.
fn direction(fields: Fields, order: &NewOrder, closes: bool) -> Fields {
    if !order.instrument.product.is_contract() {
        return fields;
    }
    if hedged(order) || (closes && order.reduce_only) {
        return fields.with("posSide", position_name(meant(order)));
    }
    fields.maybe("reduceOnly", order.reduce_only.then_some("yes"))
}

fn basics(order: &NewOrder, line: Line) -> Fields {
    Fields::new()
        .with("category", line.category)
        .with("symbol", order.instrument.symbol.as_str())
        .with("side", side_name(order.side))
        .maybe("clientOid", order.client_id.clone())
}

/// An order that waits for a trigger.
fn strategy(order: &NewOrder, line: Line, trigger: Trigger) -> Result<Fields, CallError> {
    need_contract(line, "triggers in the unified account")?;
    let fields = basics(order, line);
    if trigger.kind == TriggerKind::Plain {
        let fields = fields
            .with("type", "trigger")
            .with("qty", quantity_text(order)?)
            .with("triggerBy", watched(trigger.by)?)
            .with("triggerPrice", order.instrument.price_text(trigger.price)?)
            .with("triggerOrderType", kind_name(order.kind))
            .maybe("triggerOrderPrice", limit_text(order)?);
        return Ok(direction(fields, order, false));
    }
    // Unless told otherwise the venue takes the whole position, whatever the quantity says.
    let quantity = order.quantity.map(|_| quantity_text(order)).transpose()?;
    let fields = fields.with("tpslMode", if quantity.is_some() { "partial" } else { "full" }).maybe("qty", quantity);
    let fields = Leg::of(order).iter().try_fold(fields, |fields, leg| leg.put(fields, &order.instrument))?;
    Ok(direction(fields, order, true))
}

/// Where an order goes, and what is said.
pub(super) fn order(order: &NewOrder, line: Line) -> Result<(&'static str, Fields), CallError> {
    if let Some(trigger) = order.trigger {
        return Ok(("/api/v3/trade/place-strategy-order", strategy(order, line, trigger)?));
    }
    if order.oco.is_some() {
        return Err(invalid("an OCO order needs both triggers"));
    }
    let isolated = order.margin == Some(MarginMode::Isolated) && line.product.is_contract();
    let fields = basics(order, line)
        .with("orderType", kind_name(order.kind))
        .with("qty", size_text(order)?)
        .with("timeInForce", force_name(order)?)
        .maybe("price", limit_text(order)?)
        .maybe("marginMode", isolated.then_some("isolated"));
    let attached = [(true, order.take_profit.as_ref()), (false, order.stop_loss.as_ref())];
    let legs = attached.iter().filter_map(|(profit, leg)| {
        leg.map(|leg| Leg { profit: *profit, trigger: leg.trigger, limit: leg.price, by: leg.by })
    });
    let fields = legs.into_iter().try_fold(fields, |fields, leg| leg.put(fields, &order.instrument))?;
    Ok(("/api/v3/trade/place-order", direction(fields, order, false)))
}
