//! Orders and fills as the venue tells of them, turned into ours. Spot, margin, stop orders and futures share one shape
//! with different fields filled in; the unified account has its own.

use super::raw::{self, MaybeNanos, fee, first_of, side};
use crate::protocol::call::{OrderKind, TimeInForce};
use crate::protocol::model::{Liquidity, OrderReport, OrderState, OwnTrade};
use crate::protocol::wire::{self, Flag, MaybeMs, MaybeNum, Num, Text};
use crate::protocol::{Markets, Product, ReadFault, Reply};
use desk::money::Quantity;
use serde::Deserialize;

/// An order of the classic systems.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawOrder {
    #[serde(alias = "orderId")]
    id: Text,
    #[serde(default)]
    symbol: Text,
    #[serde(default)]
    client_oid: Text,
    #[serde(default, rename = "type")]
    kind: Text,
    #[serde(default)]
    side: Text,
    #[serde(default)]
    price: MaybeNum,
    #[serde(default)]
    size: MaybeNum,
    #[serde(default)]
    deal_size: MaybeNum,
    #[serde(default)]
    filled_size: MaybeNum,
    #[serde(default)]
    deal_funds: MaybeNum,
    #[serde(default)]
    deal_value: MaybeNum,
    #[serde(default)]
    filled_value: MaybeNum,
    #[serde(default)]
    avg_deal_price: MaybeNum,
    #[serde(default)]
    fee: MaybeNum,
    #[serde(default)]
    fee_currency: Text,
    #[serde(default)]
    stop_price: MaybeNum,
    #[serde(default)]
    time_in_force: Text,
    #[serde(default)]
    post_only: Flag,
    #[serde(default)]
    reduce_only: Flag,
    #[serde(default)]
    is_active: Flag,
    #[serde(default)]
    active: Flag,
    #[serde(default)]
    cancel_exist: Flag,
    #[serde(default)]
    status: Text,
    #[serde(default)]
    created_at: MaybeMs,
    #[serde(default)]
    updated_at: MaybeMs,
    #[serde(default)]
    last_updated_at: MaybeMs,
}

/// An order of the unified account.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawUnifiedOrder {
    order_id: Text,
    #[serde(default)]
    client_oid: Text,
    #[serde(default)]
    symbol: Text,
    status: Num,
    side: Text,
    order_type: Text,
    #[serde(default)]
    size: MaybeNum,
    #[serde(default)]
    size_unit: Text,
    #[serde(default)]
    price: MaybeNum,
    #[serde(default)]
    filled_size: MaybeNum,
    #[serde(default)]
    avg_price: MaybeNum,
    #[serde(default)]
    fee: MaybeNum,
    #[serde(default)]
    fee_currency: Text,
    #[serde(default)]
    time_in_force: Text,
    #[serde(default)]
    post_only: Flag,
    #[serde(default)]
    reduce_only: Flag,
    #[serde(default)]
    trigger_price: MaybeNum,
    #[serde(default)]
    tp_trigger_price: MaybeNum,
    #[serde(default)]
    sl_trigger_price: MaybeNum,
    #[serde(default)]
    order_time: MaybeNanos,
    #[serde(default)]
    updated_time: MaybeNanos,
}

/// A fill, of any system.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawFill {
    trade_id: Text,
    #[serde(default)]
    order_id: Text,
    #[serde(default)]
    client_oid: Text,
    symbol: Text,
    side: Text,
    #[serde(default)]
    liquidity: Text,
    price: Num,
    size: Num,
    #[serde(default)]
    funds: MaybeNum,
    #[serde(default)]
    value: MaybeNum,
    #[serde(default)]
    fee: MaybeNum,
    #[serde(default)]
    fee_currency: Text,
    #[serde(default)]
    created_at: MaybeMs,
    #[serde(default)]
    execution_time: MaybeNanos,
}

/// For how long an order stands, where we have a word for it.
pub(super) fn time_in_force(text: &Text) -> Result<Option<TimeInForce>, String> {
    match text.0.as_str() {
        "" | "RPI" => Ok(None),
        "GTC" => Ok(Some(TimeInForce::Gtc)),
        "GTT" => Ok(Some(TimeInForce::Gtd)),
        "IOC" => Ok(Some(TimeInForce::Ioc)),
        "FOK" => Ok(Some(TimeInForce::Fok)),
        other => Err(format!("time in force {other:?}")),
    }
}

/// Market or limit. Stop orders of the stop-order pages are one of the two as well.
pub(super) fn kind(text: &Text) -> Result<Option<OrderKind>, String> {
    match text.0.as_str() {
        "" => Ok(None),
        "limit" | "LIMIT" | "limit_stop" => Ok(Some(OrderKind::Limit)),
        "market" | "MARKET" | "market_stop" => Ok(Some(OrderKind::Market)),
        other => Err(format!("order type {other:?}")),
    }
}

/// The quantities of an order; more filled than asked for can't be.
pub(super) fn quantities(size: MaybeNum, filled: MaybeNum) -> Result<(Option<Quantity>, Option<Quantity>), String> {
    let asked = size.nonzero().map(wire::quantity).transpose()?;
    let filled = filled.quantity()?;
    match (asked, filled) {
        (Some(asked), Some(filled)) if filled > asked => Err(format!("{} filled of {}", filled.value(), asked.value())),
        both => Ok(both),
    }
}

impl RawOrder {
    fn state(&self) -> Result<OrderState, String> {
        let ended = if self.cancel_exist.0 == Some(true) { OrderState::Canceled } else { OrderState::Closed };
        let told = match self.status.0.as_str() {
            "" => None,
            "open" | "NEW" | "new" => Some(OrderState::Open),
            "done" | "DONE" => Some(ended),
            "match" => Some(OrderState::Open),
            "TRIGGERED" => Some(OrderState::Closed),
            "CANCELLED" | "CANCELED" | "cancelled" | "canceled" => Some(OrderState::Canceled),
            "FAIL" | "FAILED" => Some(OrderState::Rejected),
            other => return Err(format!("order status {other:?}")),
        };
        let working = self.is_active.0.or(self.active.0);
        match (told, working) {
            (Some(OrderState::Open), Some(false)) | (None, Some(false)) => Ok(ended),
            (Some(state), _) => Ok(state),
            (None, Some(true)) => Ok(OrderState::Open),
            (None, None) => Err("an order without a status".to_owned()),
        }
    }

    /// Ours.
    pub(super) fn report(&self, markets: &Markets, asked: Option<&str>) -> Result<OrderReport, String> {
        let id = self.id.owned().ok_or("an order without an id")?;
        let filled = if self.deal_size.0.is_some() { self.deal_size } else { self.filled_size };
        let (quantity, filled) = quantities(self.size, filled)?;
        let market = raw::market(markets, &self.symbol, asked);
        let inverse = markets.of_symbol(&self.symbol.0, &[]).is_some_and(|i| i.product == Product::Inverse);
        // The value of inverse contracts is in the base currency.
        let value = self.deal_funds.0.or(self.deal_value.0).or(self.filled_value.0).filter(|_| !inverse);
        Ok(OrderReport {
            market,
            id: Some(id),
            client_id: self.client_oid.owned(),
            state: Some(self.state()?),
            kind: kind(&self.kind)?,
            side: self.side.some().map(side).transpose()?,
            time_in_force: time_in_force(&self.time_in_force)?,
            post_only: self.post_only.0,
            reduce_only: self.reduce_only.0,
            price: self.price.price()?.map(desk::money::Price::value),
            trigger_price: self.stop_price.nonzero(),
            quantity,
            filled,
            cost: value,
            average: self.avg_deal_price.nonzero(),
            fee: fee(self.fee, &self.fee_currency),
            at: self.created_at.0,
            updated_at: first_of(&[self.updated_at, self.last_updated_at]),
            ..OrderReport::default()
        })
    }
}

impl RawUnifiedOrder {
    fn state(&self) -> Result<OrderState, String> {
        match self.status.0.normalize().to_string().as_str() {
            // Not triggered, triggered and not in the book yet, in the book, partly filled.
            "0" | "1" | "2" | "4" => Ok(OrderState::Open),
            "3" => Ok(OrderState::Closed),
            // Without a fill, and with some.
            "5" | "6" => Ok(OrderState::Canceled),
            other => Err(format!("order status {other:?}")),
        }
    }

    /// Ours.
    pub(super) fn report(&self, markets: &Markets, asked: Option<&str>) -> Result<OrderReport, String> {
        let in_quote = self.size_unit.0 == "QUOTECCY";
        let size = if in_quote { MaybeNum::default() } else { self.size };
        let (quantity, filled) = quantities(size, self.filled_size)?;
        Ok(OrderReport {
            market: raw::market(markets, &self.symbol, asked),
            id: Some(self.order_id.owned().ok_or("an order without an id")?),
            client_id: self.client_oid.owned(),
            state: Some(self.state()?),
            kind: kind(&self.order_type)?,
            side: Some(side(&self.side.0)?),
            time_in_force: time_in_force(&self.time_in_force)?,
            post_only: self.post_only.0,
            reduce_only: self.reduce_only.0,
            price: self.price.price()?.map(desk::money::Price::value),
            trigger_price: self.trigger_price.nonzero(),
            take_profit_price: self.tp_trigger_price.nonzero(),
            stop_loss_price: self.sl_trigger_price.nonzero(),
            quantity,
            filled,
            average: self.avg_price.nonzero(),
            fee: fee(self.fee, &self.fee_currency),
            at: self.order_time.0,
            updated_at: self.updated_time.0,
            ..OrderReport::default()
        })
    }
}

impl RawFill {
    /// Ours.
    pub(super) fn trade(&self, markets: &Markets) -> Result<OwnTrade, String> {
        let liquidity = match self.liquidity.0.as_str() {
            "" => None,
            "maker" | "MAKER" => Some(Liquidity::Maker),
            "taker" | "TAKER" => Some(Liquidity::Taker),
            other => return Err(format!("liquidity {other:?}")),
        };
        Ok(OwnTrade {
            market: markets.name_of(&self.symbol.0, &[]),
            id: self.trade_id.owned().ok_or("a trade without an id")?,
            order: self.order_id.owned(),
            client_id: self.client_oid.owned(),
            at: self.created_at.0.or(self.execution_time.0),
            side: Some(side(&self.side.0)?),
            liquidity,
            price: wire::price(self.price.0)?,
            quantity: wire::quantity(self.size.0)?,
            cost: self.funds.0.or(self.value.0),
            fee: fee(self.fee, &self.fee_currency),
        })
    }
}

/// One order of either shape.
pub(super) fn order(
    reply: &Reply,
    markets: &Markets,
    asked: Option<&str>,
    unified: bool,
) -> Result<OrderReport, ReadFault> {
    let fault = |e: String| ReadFault::parse(reply, e);
    if raw::payload(reply)? == "null" {
        // The venue's way to say that it knows no such order.
        return Err(super::errors::of(reply, "200000", "order not found").into());
    }
    if unified {
        return raw::object::<RawUnifiedOrder>(reply)?.report(markets, asked).map_err(fault);
    }
    // Stop orders that are looked up by our id come as a list of one.
    if raw::payload(reply)?.starts_with('[') {
        let all: Vec<RawOrder> = raw::data(reply)?;
        let first = all.first().ok_or_else(|| super::errors::of(reply, "200000", "order not found"))?;
        return first.report(markets, asked).map_err(fault);
    }
    raw::object::<RawOrder>(reply)?.report(markets, asked).map_err(fault)
}

/// A page of orders of either shape.
pub(super) fn orders(reply: &Reply, markets: &Markets, unified: bool) -> Result<Vec<OrderReport>, ReadFault> {
    let fault = |e: String| ReadFault::parse(reply, e);
    if unified {
        let rows = raw::rows::<RawUnifiedOrder>(reply)?.0;
        return rows.iter().map(|row| row.report(markets, None)).collect::<Result<_, _>>().map_err(fault);
    }
    let rows = raw::rows::<RawOrder>(reply)?.0;
    rows.iter().map(|row| row.report(markets, None)).collect::<Result<_, _>>().map_err(fault)
}

/// A page of fills.
pub(super) fn fills(reply: &Reply, markets: &Markets) -> Result<Vec<OwnTrade>, ReadFault> {
    let rows = raw::rows::<RawFill>(reply)?.0;
    rows.iter().map(|row| row.trade(markets)).collect::<Result<_, _>>().map_err(|e| ReadFault::parse(reply, e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Meaning;

    fn read(data: &str, unified: bool) -> Result<OrderReport, ReadFault> {
        let reply = Reply::new(200, format!(r#"{{"code":"200000","data":{data}}}"#));
        order(&reply, &Markets::default(), None, unified)
    }

    #[test]
    fn what_can_not_be_is_not_taken_for_an_order() {
        for bad in [
            r#"{"symbol":"A-B","isActive":true}"#,
            r#"{"id":"1","symbol":"A-B"}"#,
            r#"{"id":"1","symbol":"A-B","status":"FOO"}"#,
            r#"{"id":"","symbol":"A-B","isActive":true}"#,
            r#"{"id":"1","symbol":"A-B","isActive":true,"size":"1","dealSize":"2"}"#,
            r#"{"id":"1","symbol":"A-B","isActive":true,"size":"-1"}"#,
        ] {
            assert!(matches!(read(bad, false), Err(ReadFault::Parse { .. })), "{bad}");
        }
        assert!(read(r#"{"orderId":"1","status":9,"side":"BUY","orderType":"LIMIT"}"#, true).is_err());
        assert_eq!(read("null", false).unwrap_err().meaning(), Meaning::NotFound);
        assert_eq!(read("[]", false).unwrap_err().meaning(), Meaning::NotFound);
    }

    #[test]
    fn an_order_that_ended_was_cancelled_or_filled() {
        let state = |rest: &str| read(&format!(r#"{{"id":"1","symbol":"A-B",{rest}}}"#), false).unwrap().state;
        assert_eq!(state(r#""isActive":true"#), Some(OrderState::Open));
        assert_eq!(state(r#""isActive":false,"cancelExist":true"#), Some(OrderState::Canceled));
        assert_eq!(state(r#""active":false,"cancelExist":false"#), Some(OrderState::Closed));
        assert_eq!(state(r#""status":"NEW""#), Some(OrderState::Open));
        assert_eq!(state(r#""status":"done","isActive":false,"cancelExist":true"#), Some(OrderState::Canceled));
    }
}
