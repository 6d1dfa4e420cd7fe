//! What the venue's orders and trades mean.
//!
//! Nothing is guessed: an order without an id, with a status nobody documented, with more filled than was asked for or
//! with a negative quantity is not believed.

use super::raw_orders::{RawFill, RawOrder, RawOwnTrade};
use super::system::System;
use crate::protocol::Markets;
use crate::protocol::call::{OrderKind, TimeInForce};
use crate::protocol::model::{Liquidity, OrderReport, OrderState, OwnTrade, Side, VenueFee};
use crate::protocol::wire::{self, MaybeNum, Text};
use desk::money::{Quantity, exact};
use rust_decimal::Decimal;

/// Which of two client ids in an answer is the order's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// `clientOrderId`.
    Now,
    /// `origClientOrderId`, where there is one: the answer is about a cancellation with an id of its own.
    Before,
}

fn state(text: &str) -> Result<OrderState, String> {
    Ok(match text {
        "NEW" | "PENDING_NEW" | "PARTIALLY_FILLED" | "ACCEPTED" | "TRIGGERING" | "NEW_INSURANCE" | "NEW_ADL" => {
            OrderState::Open
        }
        "FILLED" | "TRIGGERED" | "FINISHED" => OrderState::Closed,
        "CANCELED" | "CANCELLED" => OrderState::Canceled,
        "PENDING_CANCEL" => OrderState::Canceling,
        "REJECTED" => OrderState::Rejected,
        "EXPIRED" | "EXPIRED_IN_MATCH" => OrderState::Expired,
        other => return Err(format!("the order status {other:?} is not documented")),
    })
}

fn side(text: &Text) -> Result<Option<Side>, String> {
    match text.some() {
        None => Ok(None),
        Some("BUY") => Ok(Some(Side::Buy)),
        Some("SELL") => Ok(Some(Side::Sell)),
        Some(other) => Err(format!("the side {other:?} is neither BUY nor SELL")),
    }
}

fn kind(text: &str, system: System) -> Option<OrderKind> {
    let contract = system.product().is_contract();
    match text {
        "LIMIT" | "LIMIT_MAKER" | "STOP_LOSS_LIMIT" | "TAKE_PROFIT_LIMIT" | "STOP" => Some(OrderKind::Limit),
        "TAKE_PROFIT" if contract => Some(OrderKind::Limit),
        "MARKET" | "STOP_LOSS" | "TAKE_PROFIT" | "STOP_MARKET" | "TAKE_PROFIT_MARKET" | "TRAILING_STOP_MARKET" => {
            Some(OrderKind::Market)
        }
        _ => None,
    }
}

fn time_in_force(text: &str) -> Option<TimeInForce> {
    match text {
        "GTC" | "GTE_GTC" => Some(TimeInForce::Gtc),
        "IOC" => Some(TimeInForce::Ioc),
        "FOK" => Some(TimeInForce::Fok),
        "GTX" | "RPI" => Some(TimeInForce::PostOnly),
        "GTD" => Some(TimeInForce::Gtd),
        _ => None,
    }
}

fn first<'a>(texts: &[&'a Text]) -> Option<&'a str> {
    texts.iter().find_map(|text| text.some())
}

/// What an answer about an order means.
///
/// # Errors
/// Words, if it can't be believed.
pub(super) fn order(raw: &RawOrder, system: System, named: Named, markets: &Markets) -> Result<OrderReport, String> {
    // A conditional order has an order's id only once it is triggered; a plain one may carry a strategy of its owner's.
    let waited = first(&[&raw.algo_status, &raw.strategy_status]);
    let id = match waited {
        Some(_) => first(&[&raw.algo_id, &raw.strategy_id]),
        None => first(&[&raw.order_id, &raw.algo_id, &raw.strategy_id]),
    };
    let id = id.filter(|id| *id != "0").ok_or("the order has no id")?;
    let before = if named == Named::Before { raw.orig_client_order_id.some() } else { None };
    let client_id = before.or_else(|| first(&[&raw.client_order_id, &raw.client_algo_id, &raw.new_client_strategy_id]));
    let state = waited.or(raw.status.some()).map(state).transpose()?;
    let kind_text = first(&[&raw.kind, &raw.order_type, &raw.strategy_type]);
    let market = raw.symbol.some().map(|symbol| markets.name_of(symbol, &[system.product()]));
    let (quantity, mut filled) = (raw.orig_qty.quantity()?, raw.executed_qty.quantity()?);
    if filled.is_none() && matches!(waited, Some("NEW" | "CANCELED" | "EXPIRED" | "REJECTED")) {
        // Nothing is filled of what never was triggered, and then the venue does not say so.
        filled = Some(Quantity::ZERO);
    }
    if let (Some(quantity), Some(filled)) = (quantity, filled)
        && !quantity.value().is_zero()
        && filled > quantity
    {
        return Err(format!("{filled} of {quantity} is filled"));
    }
    let inverse = system == System::Coinm || system == System::UnifiedCoinm;
    let cost = raw.cummulative_quote_qty.0.or(raw.cum_quote.0).filter(|cost| !cost.is_sign_negative() && !inverse);
    let trigger_price = positive(raw.stop_price, "trigger")?.or(positive(raw.trigger_price, "trigger")?);
    let begins = |begin: &str| kind_text.is_some_and(|text| text.starts_with(begin));
    let at = [raw.time, raw.create_time, raw.book_time, raw.transact_time, raw.working_time, raw.update_time];
    let updated_at = raw.transact_time.0.or(raw.update_time.0);
    let traded = filled.is_some_and(|filled| !filled.value().is_zero());
    let mut report = OrderReport {
        market,
        id: Some(id.to_owned()),
        client_id: client_id.map(str::to_owned),
        state,
        kind: kind_text.and_then(|text| kind(text, system)),
        side: side(&raw.side)?,
        time_in_force: raw.time_in_force.some().and_then(time_in_force),
        post_only: kind_text.map(|text| text == "LIMIT_MAKER" || raw.time_in_force.0 == "GTX"),
        reduce_only: raw.reduce_only.0,
        price: positive(raw.price, "price")?,
        trigger_price,
        take_profit_price: trigger_price.filter(|_| begins("TAKE_PROFIT")),
        stop_loss_price: trigger_price.filter(|_| begins("STOP_LOSS")),
        quantity,
        filled,
        cost,
        average: raw.avg_price.nonzero(),
        at: at.iter().find_map(|at| at.0),
        updated_at,
        last_trade_at: updated_at.filter(|_| traded),
        ..OrderReport::default()
    };
    report.trades = raw.fills.iter().map(|raw| fill(raw, &report)).collect::<Result<_, _>>()?;
    let booked = raw.fee.0.filter(|_| system == System::Options);
    report.fee = match booked {
        Some(booked) => Some(VenueFee { cost: Decimal::ZERO - booked, currency: raw.quote_asset.owned() }),
        None => total_fee(&report.trades)?,
    };
    Ok(report)
}

fn positive(value: MaybeNum, what: &str) -> Result<Option<Decimal>, String> {
    match value.nonzero() {
        Some(value) if value.is_sign_negative() => Err(format!("the {what} {value} is negative")),
        value => Ok(value),
    }
}

/// A fill at placing: what is filled at once was taken.
fn fill(raw: &RawFill, order: &OrderReport) -> Result<OwnTrade, String> {
    let (price, quantity) = (wire::price(raw.price.0)?, wire::quantity(raw.qty.0)?);
    let fee = raw.commission.0.map(|cost| VenueFee { cost, currency: raw.commission_asset.owned() });
    Ok(OwnTrade {
        market: order.market.clone().unwrap_or_default(),
        id: raw.trade_id.some().filter(|id| *id != "-1").or(raw.alloc_id.some()).ok_or("a fill has no id")?.to_owned(),
        order: order.id.clone(),
        client_id: order.client_id.clone(),
        at: order.updated_at,
        side: order.side,
        liquidity: Some(Liquidity::Taker),
        price,
        quantity,
        cost: exact::mul(price.value(), quantity.value()).ok(),
        fee,
    })
}

/// The fee of all fills, if they were all taken in one currency.
fn total_fee(trades: &[OwnTrade]) -> Result<Option<VenueFee>, String> {
    let mut total: Option<VenueFee> = None;
    for fee in trades.iter().filter_map(|trade| trade.fee.as_ref()) {
        match &mut total {
            None => total = Some(fee.clone()),
            Some(sum) if sum.currency == fee.currency => {
                sum.cost = exact::add(sum.cost, fee.cost).map_err(|e| e.to_string())?;
            }
            Some(_) => return Ok(None),
        }
    }
    Ok(total)
}

/// What one of our own trades means.
///
/// # Errors
/// Words, if it can't be believed.
pub(super) fn own_trade(raw: &RawOwnTrade, system: System, markets: &Markets) -> Result<OwnTrade, String> {
    let option = system == System::Options;
    let id = if option { first(&[&raw.trade_id, &raw.id]) } else { raw.id.some() };
    let side = match (side(&raw.side)?, raw.buyer.0) {
        (Some(side), _) => Some(side),
        (None, Some(true)) => Some(Side::Buy),
        (None, Some(false)) => Some(Side::Sell),
        (None, None) => None,
    };
    let liquidity = match (raw.maker.0, raw.liquidity.some()) {
        (Some(true), _) | (None, Some("MAKER")) => Some(Liquidity::Maker),
        (Some(false), _) | (None, Some("TAKER")) => Some(Liquidity::Taker),
        (None, _) => None,
    };
    let fee = match (raw.commission.0, raw.fee.0) {
        (Some(cost), _) => Some(VenueFee { cost, currency: raw.commission_asset.owned() }),
        (None, Some(booked)) => Some(VenueFee { cost: Decimal::ZERO - booked, currency: raw.quote_asset.owned() }),
        (None, None) => None,
    };
    let quantity = if option { raw.qty.0.abs() } else { raw.qty.0 };
    Ok(OwnTrade {
        market: markets.name_of(&raw.symbol.0, &[system.product()]),
        id: id.ok_or("a trade has no id")?.to_owned(),
        order: raw.order_id.owned(),
        client_id: None,
        at: raw.time.0,
        side,
        liquidity,
        price: wire::price(raw.price.0)?,
        quantity: wire::quantity(quantity)?,
        cost: raw.quote_qty.0,
        fee,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str, system: System) -> Result<OrderReport, String> {
        order(&serde_json::from_str(json).unwrap(), system, Named::Now, &Markets::default())
    }

    #[test]
    fn garbage_is_never_taken_for_an_order() {
        for (bad, says) in [
            (r#"{"symbol":"X","status":"NEW","side":"BUY"}"#, "no id"),
            (r#"{"orderId":0,"status":"NEW","side":"BUY"}"#, "no id"),
            (r#"{"orderId":1,"status":"FOO","side":"BUY"}"#, "not documented"),
            (r#"{"orderId":1,"status":"NEW","side":"HOLD"}"#, "neither BUY nor SELL"),
            (r#"{"orderId":1,"status":"FILLED","origQty":"1","executedQty":"2"}"#, "2 of 1"),
            (r#"{"orderId":1,"status":"FILLED","origQty":"-1"}"#, "-1"),
            (r#"{"orderId":1,"status":"NEW","price":"-5"}"#, "negative"),
        ] {
            let error = read(bad, System::Spot).unwrap_err();
            assert!(error.contains(says), "{bad}: {error}");
        }
    }

    #[test]
    fn one_word_is_a_market_order_on_spot_and_a_limit_order_on_contracts() {
        let json = r#"{"orderId":1,"status":"NEW","type":"TAKE_PROFIT","side":"SELL","stopPrice":"0.5"}"#;
        assert_eq!(read(json, System::Spot).unwrap().kind, Some(OrderKind::Market));
        assert_eq!(read(json, System::Usdm).unwrap().kind, Some(OrderKind::Limit));
    }

    #[test]
    fn a_conditional_order_is_known_by_its_own_id_and_nothing_is_filled_before_it_wakes() {
        let json =
            r#"{"strategyId":7,"orderId":0,"strategyStatus":"NEW","status":"","strategyType":"STOP","side":"BUY"}"#;
        let waiting = read(json, System::UnifiedCoinm).unwrap();
        assert_eq!((waiting.id.as_deref(), waiting.filled), (Some("7"), Some(Quantity::ZERO)));
        let woken = read(&json.replace("NEW", "TRIGGERED"), System::UnifiedCoinm).unwrap();
        assert_eq!((woken.state, woken.filled), (Some(OrderState::Closed), None));
        let plain =
            read(r#"{"orderId":5,"strategyId":7,"strategyType":1000000,"status":"NEW"}"#, System::Spot).unwrap();
        assert_eq!(plain.id.as_deref(), Some("5"));
    }

    #[test]
    fn a_cancelled_order_keeps_its_own_client_id() {
        let raw: RawOrder = serde_json::from_str(
            r#"{"orderId":1,"status":"CANCELED","origClientOrderId":"ours","clientOrderId":"theirs"}"#,
        )
        .unwrap();
        let id = |named| order(&raw, System::Spot, named, &Markets::default()).unwrap().client_id;
        assert_eq!(id(Named::Before).as_deref(), Some("ours"));
        assert_eq!(id(Named::Now).as_deref(), Some("theirs"));
    }

    #[test]
    fn fees_in_two_currencies_are_not_added_up() {
        let fills = |asset: &str| {
            format!(
                r#"{{"orderId":1,"status":"FILLED","side":"BUY","origQty":"2","executedQty":"2","fills":[
                {{"price":"10","qty":"1","commission":"0.1","commissionAsset":"BNB","tradeId":1}},
                {{"price":"11","qty":"1","commission":"0.2","commissionAsset":"{asset}","tradeId":2}}]}}"#
            )
        };
        let one = read(&fills("BNB"), System::Spot).unwrap();
        assert_eq!(one.fee, Some(VenueFee { cost: "0.3".parse().unwrap(), currency: Some("BNB".into()) }));
        let two = read(&fills("USDT"), System::Spot).unwrap();
        assert_eq!((two.fee, two.trades.len()), (None, 2));
    }
}
