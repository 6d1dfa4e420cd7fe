//! Our own orders, fills, positions and balances.

use super::super::account::liquidity;
use super::super::market::{market_of, name_of};
use super::rows::{BalanceRows, FillRow, FlexRow, OrderChange, OrderRow, PositionRow, PositionRows};
use crate::kraken::assets::common;
use crate::protocol::call::OrderKind;
use crate::protocol::model::{
    Balances, Holding, OrderReport, OrderState, OwnTrade, PositionReport, PositionSide, Side, VenueFee,
};
use crate::protocol::stream::Event;
use crate::protocol::{Markets, wire};
use rust_decimal::Decimal;

/// An order of the feed; `qty` is what is left of it.
pub(super) fn order(row: &OrderRow, state: OrderState, markets: &Markets) -> Result<OrderReport, String> {
    let id = row.order_id.owned().ok_or("an order without its id")?;
    let side = match row.direction.0 {
        Some(direction) if direction.is_zero() => Side::Buy,
        Some(direction) if direction == Decimal::ONE => Side::Sell,
        _ => return Err(format!("order {id} has no direction")),
    };
    let limit = row.limit_price.nonzero();
    let kind = match row.kind.0.as_str() {
        "limit" | "post" => Some(OrderKind::Limit),
        "market" | "ioc" => Some(OrderKind::Market),
        "stop" | "take_profit" | "trailing_stop" | "stop_loss" => {
            Some(if limit.is_some() { OrderKind::Limit } else { OrderKind::Market })
        }
        _ => None,
    };
    let trigger = row.stop_price.nonzero();
    let filled = row.filled.quantity()?;
    Ok(OrderReport {
        market: Some(name_of(markets, &row.instrument.0)),
        id: Some(id),
        client_id: row.cli_ord_id.owned(),
        state: Some(state),
        kind,
        side: Some(side),
        reduce_only: row.reduce_only.0,
        price: limit,
        trigger_price: trigger,
        take_profit_price: trigger.filter(|_| row.kind.0 == "take_profit"),
        stop_loss_price: trigger.filter(|_| row.kind.0 == "stop"),
        // Once something is filled, the documents leave open whether this is the whole or the rest.
        quantity: row.qty.quantity()?.filter(|_| filled.is_none_or(|filled| filled.value().is_zero())),
        filled,
        at: row.time.0,
        updated_at: row.last_update_time.0,
        ..OrderReport::default()
    })
}

/// How an order ended, by the reason that is given. A reason that is not known ends no order.
fn ended(reason: &str) -> Result<OrderState, String> {
    Ok(match reason {
        "full_fill" | "stop_order_triggered" => OrderState::Closed,
        "contract_expired" | "expired" => OrderState::Expired,
        "not_enough_margin"
        | "ioc_order_failed_because_it_would_not_be_executed"
        | "post_order_failed_because_it_would_filled"
        | "would_execute_self"
        | "would_not_reduce_position" => OrderState::Rejected,
        "cancelled_by_user"
        | "cancelled_by_admin"
        | "dead_man_switch"
        | "market_inactive"
        | "liquidation"
        | "order_for_edit_not_found"
        | "edited_by_user"
        | "trailing_stop_cancelled_and_replaced_by_admin" => OrderState::Canceled,
        other => return Err(format!("{other:?} is no reason for which an order ends")),
    })
}

pub(super) fn order_change(row: &OrderChange, markets: &Markets) -> Result<Event, String> {
    let over = row.is_cancel.0.ok_or("a change of an order that does not tell whether it has ended")?;
    let state = if over { ended(&row.reason.0)? } else { OrderState::Open };
    if let Some(order) = &row.order {
        return self::order(order, state, markets).map(Event::from);
    }
    let id = row.order_id.owned().ok_or("a change of an order without its id")?;
    Ok(Event::Order(Box::new(OrderReport {
        id: Some(id),
        client_id: row.cli_ord_id.owned(),
        state: Some(state),
        ..OrderReport::default()
    })))
}

pub(super) fn fill(row: &FillRow, markets: &Markets) -> Result<OwnTrade, String> {
    Ok(OwnTrade {
        market: name_of(markets, &row.instrument.0),
        id: row.fill_id.owned().ok_or("a fill without its id")?,
        order: row.order_id.owned(),
        client_id: row.cli_ord_id.owned(),
        at: row.time.0,
        side: Some(if row.buy { Side::Buy } else { Side::Sell }),
        liquidity: liquidity(&row.fill_type.0),
        price: wire::price(row.price.0)?,
        quantity: wire::quantity(row.qty.0)?,
        cost: None,
        fee: row.fee_paid.0.map(|cost| VenueFee { cost, currency: row.fee_currency.some().map(common) }),
    })
}

pub(super) fn positions(rows: &PositionRows, markets: &Markets) -> Vec<Event> {
    let one = |row: &PositionRow| {
        let size = row.balance.0;
        let side = if size.is_sign_negative() { PositionSide::Short } else { PositionSide::Long };
        Event::Position(Box::new(PositionReport {
            market: name_of(markets, &row.instrument.0),
            side: Some(side).filter(|_| !size.is_zero()),
            quantity: Some(size.abs()),
            contract_size: market_of(markets, &row.instrument.0).and_then(|i| i.contract_size),
            entry_price: row.entry_price.nonzero(),
            mark_price: row.mark_price.nonzero(),
            liquidation_price: row.liquidation_threshold.nonzero(),
            unrealized_pnl: row.pnl.0,
            initial_margin: row.initial_margin.0,
            maintenance_margin: row.maintenance_margin.0,
            hedged: Some(false),
            updated_at: rows.timestamp.0,
            ..PositionReport::default()
        }))
    };
    rows.positions.iter().map(one).collect()
}

pub(super) fn balances(rows: &BalanceRows) -> Vec<Event> {
    let Some(wallet) = &rows.flex_futures else {
        return vec![Event::Ignored("balances of wallets other than the one of several collaterals")];
    };
    let one = |(currency, row): (&String, &FlexRow)| {
        let holding = Holding { total: Some(row.quantity.0), free: row.available.0, ..Holding::default() };
        (common(currency), holding)
    };
    vec![Event::Balances(Balances { at: rows.timestamp.0, of: wallet.currencies.iter().map(one).collect() })]
}
