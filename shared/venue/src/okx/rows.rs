//! Order and fill rows, turned into reports. A row that can't be is a fault of the whole answer.

use super::raw::{FillRow, OrderRow};
use crate::protocol::Markets;
use crate::protocol::call::{OrderKind, TimeInForce};
use crate::protocol::model::{Liquidity, OrderReport, OrderState, OwnTrade, Side, VenueFee};
use crate::protocol::wire::{MaybeNum, Text, price, quantity};
use rust_decimal::Decimal;

/// Buy or sell.
pub(super) fn side(text: &str) -> Result<Side, String> {
    match text {
        "buy" => Ok(Side::Buy),
        "sell" => Ok(Side::Sell),
        other => Err(format!("{other:?} is no side")),
    }
}

/// How an order stands.
fn state(text: &str) -> Result<OrderState, String> {
    match text {
        "live" | "partially_filled" | "pause" | "partially_effective" => Ok(OrderState::Open),
        // A trigger that has fired counts as closed; what it placed is an order of its own.
        "filled" | "effective" | "order_placed" | "partially_failed" => Ok(OrderState::Closed),
        "canceled" | "mmp_canceled" => Ok(OrderState::Canceled),
        "order_failed" => Ok(OrderState::Rejected),
        other => Err(format!("{other:?} is no state of an order")),
    }
}

/// What an order does once it is in the book, where its type says so.
fn kind(row: &OrderRow) -> Option<OrderKind> {
    let by_price = |legs: &[MaybeNum]| {
        let mut given = legs.iter().filter_map(|leg| leg.0).filter(|leg| !leg.is_zero());
        // A price of -1 is the market's.
        given.next().map(|leg| if leg.is_sign_negative() { OrderKind::Market } else { OrderKind::Limit })
    };
    match row.ord_type.0.as_str() {
        "market" | "optimal_limit_ioc" | "move_order_stop" => Some(OrderKind::Market),
        "limit" | "post_only" | "fok" | "ioc" | "mmp" | "mmp_and_post_only" | "op_fok" | "elp" | "iceberg" => {
            Some(OrderKind::Limit)
        }
        "trigger" => by_price(&[row.ord_px]),
        "conditional" | "oco" => by_price(&[row.sl_ord_px, row.tp_ord_px]),
        _ => None,
    }
}

fn time_in_force(kind: &str) -> Option<TimeInForce> {
    match kind {
        "limit" => Some(TimeInForce::Gtc),
        "post_only" | "mmp_and_post_only" => Some(TimeInForce::PostOnly),
        "fok" | "op_fok" => Some(TimeInForce::Fok),
        "ioc" | "market" | "optimal_limit_ioc" => Some(TimeInForce::Ioc),
        _ => None,
    }
}

/// A price that is one: neither zero nor the -1 that stands for the market's.
fn positive(number: MaybeNum) -> Option<Decimal> {
    number.0.filter(|value| *value > Decimal::ZERO)
}

/// What the venue took: it writes what it takes as negative.
pub(super) fn fee(amount: MaybeNum, currency: &Text) -> Option<VenueFee> {
    let cost = Decimal::ZERO - amount.0?;
    currency.some()?;
    Some(VenueFee { cost, currency: currency.owned() })
}

/// A row as a report.
pub(super) fn order(row: &OrderRow, markets: &Markets) -> Result<OrderReport, String> {
    // Rows of the algo endpoints have no fill of their own, but their algo id; a plain order may name the algo it came from.
    let waiting = row.is_waiting();
    let (id, client_id) = if waiting {
        (row.algo_id.owned(), row.algo_cl_ord_id.owned().or_else(|| row.cl_ord_id.owned()))
    } else {
        // An order that a trigger has placed has no client id of its own, and names that of the algo.
        (row.ord_id.owned(), row.cl_ord_id.owned().or_else(|| row.algo_cl_ord_id.owned()))
    };
    let id = id.ok_or("an order without its id")?;
    let inst_id = row.inst_id.some().ok_or("an order without its instrument")?;
    let kind = kind(row);
    let asked = row.sz.quantity()?;
    // What is asked for in quote units is no quantity.
    let in_quote = row.tgt_ccy.0 == "quote_ccy" && kind == Some(OrderKind::Market);
    let quantity = if in_quote { None } else { asked };
    let filled = if waiting { row.actual_sz.quantity()? } else { row.acc_fill_sz.quantity()? };
    if let (Some(filled), Some(asked)) = (filled, quantity)
        && filled.value() > asked.value()
    {
        return Err(format!("order {id} is filled with {} of {}", filled.value(), asked.value()));
    }
    let attached = |pick: fn(&super::raw::AttachedRow) -> MaybeNum| {
        row.attach_algo_ords.iter().flatten().find_map(|leg| positive(pick(leg)))
    };
    let legs = [row.px, row.ord_px, row.sl_ord_px, row.tp_ord_px];
    Ok(OrderReport {
        market: Some(markets.name_of(inst_id, &[])),
        id: Some(id),
        client_id,
        state: Some(state(&row.state.0)?),
        kind,
        side: Some(side(&row.side.0)?),
        time_in_force: time_in_force(&row.ord_type.0),
        post_only: kind.map(|_| time_in_force(&row.ord_type.0) == Some(TimeInForce::PostOnly)),
        reduce_only: row.reduce_only.0,
        price: legs.into_iter().find_map(positive),
        trigger_price: positive(row.trigger_px).or_else(|| positive(row.move_trigger_px)),
        take_profit_price: positive(row.tp_trigger_px).or_else(|| attached(|leg| leg.tp_trigger_px)),
        stop_loss_price: positive(row.sl_trigger_px).or_else(|| attached(|leg| leg.sl_trigger_px)),
        quantity,
        filled,
        average: positive(if waiting { row.actual_px } else { row.avg_px }),
        fee: fee(row.fee, &row.fee_ccy),
        at: row.c_time.0,
        updated_at: row.u_time.0,
        last_trade_at: row.fill_time.0,
        ..OrderReport::default()
    })
}

impl OrderRow {
    /// Whether it is a row about an order that waits for a trigger.
    fn is_waiting(&self) -> bool {
        match self.ord_type.0.as_str() {
            "trigger" | "conditional" | "oco" | "move_order_stop" | "iceberg" | "twap" | "chase" | "smart_iceberg" => {
                true
            }
            _ => self.ord_id.some().is_none() && self.algo_id.some().is_some(),
        }
    }
}

/// A fill as a trade of ours.
pub(super) fn fill(row: &FillRow, markets: &Markets) -> Result<OwnTrade, String> {
    Ok(OwnTrade {
        market: markets.name_of(row.inst_id.some().ok_or("a fill without its instrument")?, &[]),
        id: row.trade_id.owned().ok_or("a fill without its id")?,
        order: row.ord_id.owned(),
        client_id: row.cl_ord_id.owned(),
        // When it was traded, as the stream tells it; `ts` is when the row was written.
        at: row.fill_time.0.or(row.ts.0),
        side: Some(side(&row.side.0)?),
        liquidity: liquidity(&row.exec_type.0),
        price: price(row.fill_px.0.ok_or("a fill without its price")?)?,
        quantity: quantity(row.fill_sz.0.ok_or("a fill without its quantity")?)?,
        cost: None,
        fee: fee(row.fee, &row.fee_ccy),
    })
}

/// Taker or maker.
pub(super) fn liquidity(text: &str) -> Option<Liquidity> {
    match text {
        "T" => Some(Liquidity::Taker),
        "M" => Some(Liquidity::Maker),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<OrderReport, String> {
        let row: OrderRow = serde_json::from_str(json).map_err(|e| e.to_string())?;
        order(&row, &Markets::default())
    }

    #[test]
    fn what_cant_be_is_no_order() {
        let good = r#"{"instId":"BTC-USDT","ordId":"1","state":"live","side":"buy","ordType":"limit","sz":"2","accFillSz":"1"}"#;
        assert_eq!(read(good).unwrap().id.as_deref(), Some("1"));
        for (from, to) in [
            (r#""ordId":"1""#, r#""ordId":"""#),
            (r#""live""#, r#""melted""#),
            (r#""buy""#, r#""""#),
            (r#""sz":"2""#, r#""sz":"-2""#),
            (r#""accFillSz":"1""#, r#""accFillSz":"3""#),
            (r#""BTC-USDT""#, r#""""#),
        ] {
            let bad = good.replace(from, to);
            assert_ne!(bad, good);
            assert!(read(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_market_price_of_minus_one_is_no_price() {
        let report = read(r#"{"instId":"BTC-USDT-SWAP","algoId":"7","algoClOrdId":"c","state":"effective","side":"sell","ordType":"trigger","sz":"1","ordPx":"-1","triggerPx":"90"}"#).unwrap();
        assert_eq!((report.kind, report.price), (Some(OrderKind::Market), None));
        assert_eq!((report.id.as_deref(), report.client_id.as_deref()), (Some("7"), Some("c")));
        assert_eq!(report.trigger_price, Some(Decimal::from(90)));
    }

    #[test]
    fn a_plain_order_that_an_algo_placed_keeps_its_own_id() {
        let report = read(r#"{"instId":"BTC-USDT","ordId":"1","algoId":"7","state":"filled","side":"buy","ordType":"market","sz":"100","tgtCcy":"quote_ccy","accFillSz":"0.001"}"#).unwrap();
        assert_eq!(report.id.as_deref(), Some("1"));
        assert_eq!(report.quantity, None, "it was asked for in quote units");
    }
}
