//! Our own orders, fills and balances.

use super::super::reports::kind_of;
use super::name_of;
use super::rows::{BalanceRow, ExecutionRow};
use crate::kraken::shared::side_of;
use crate::protocol::call::TimeInForce;
use crate::protocol::model::{Balances, Holding, Liquidity, OrderReport, OrderState, OwnTrade, VenueFee};
use crate::protocol::stream::Event;
use crate::protocol::{Markets, wire};
use desk::time::Timestamp;
use std::collections::BTreeMap;

fn state_of(row: &ExecutionRow) -> Result<Option<OrderState>, String> {
    Ok(Some(match row.order_status.0.as_str() {
        // Old fills of a snapshot tell of no status.
        "" => return Ok(None),
        "pending_new" | "new" | "partially_filled" => OrderState::Open,
        "filled" => OrderState::Closed,
        "canceled" => OrderState::Canceled,
        "expired" => OrderState::Expired,
        other => return Err(format!("{other:?} is no status of an order")),
    }))
}

fn force_of(text: &str) -> Option<TimeInForce> {
    match text.to_ascii_uppercase().as_str() {
        "GTC" => Some(TimeInForce::Gtc),
        "IOC" => Some(TimeInForce::Ioc),
        "GTD" => Some(TimeInForce::Gtd),
        "FOK" => Some(TimeInForce::Fok),
        _ => None,
    }
}

fn order(row: &ExecutionRow, at: Timestamp, markets: &Markets) -> Result<OrderReport, String> {
    let id = row.order_id.owned().ok_or("an order without its id")?;
    let (quantity, filled) = (row.order_qty.quantity()?, row.cum_qty.quantity()?);
    if quantity.zip(filled).is_some_and(|(quantity, filled)| filled > quantity) {
        return Err(format!("order {id}: more is filled than was asked for"));
    }
    let trigger = row.triggers.as_ref().and_then(|triggers| {
        let fixed = triggers.price.nonzero().filter(|_| triggers.price_type.some().is_none_or(|kind| kind == "static"));
        triggers.actual_price.nonzero().or(fixed)
    });
    let kind = row.order_type.0.as_str();
    Ok(OrderReport {
        market: row.symbol.some().map(|symbol| name_of(markets, symbol)),
        id: Some(id),
        client_id: client_id(row),
        state: state_of(row)?,
        kind: kind_of(kind)?,
        side: row.side.some().map(side_of).transpose()?,
        time_in_force: force_of(&row.time_in_force.0),
        post_only: row.post_only.0,
        reduce_only: row.reduce_only.0,
        price: row.limit_price.nonzero(),
        trigger_price: trigger,
        take_profit_price: trigger.filter(|_| kind.starts_with("take-profit")),
        stop_loss_price: trigger.filter(|_| kind.starts_with("stop-loss")),
        quantity,
        filled,
        cost: row.cum_cost.0,
        average: row.avg_price.nonzero(),
        updated_at: Some(at),
        last_trade_at: Some(at).filter(|_| row.exec_type.0 == "trade"),
        ..OrderReport::default()
    })
}

fn client_id(row: &ExecutionRow) -> Option<String> {
    row.cl_ord_id.owned().or_else(|| row.order_userref.nonzero().map(|number| number.to_string()))
}

fn fill(row: &ExecutionRow, at: Timestamp, markets: &Markets) -> Result<OwnTrade, String> {
    let fee = match row.fees.as_slice() {
        [fee] => Some(VenueFee { cost: fee.qty.0, currency: fee.asset.owned() }),
        _ => None,
    };
    Ok(OwnTrade {
        market: row.symbol.some().map(|symbol| name_of(markets, symbol)).ok_or("a fill without its market")?,
        id: row.exec_id.owned().ok_or("a fill without its id")?,
        order: row.order_id.owned(),
        client_id: client_id(row),
        at: Some(at),
        side: row.side.some().map(side_of).transpose()?,
        liquidity: match row.liquidity_ind.0.as_str() {
            "m" => Some(Liquidity::Maker),
            "t" => Some(Liquidity::Taker),
            _ => None,
        },
        price: wire::price(row.last_price.0.ok_or("a fill without its price")?)?,
        quantity: wire::quantity(row.last_qty.0.ok_or("a fill without its quantity")?)?,
        cost: row.cost.0,
        fee,
    })
}

pub(super) fn executions(rows: &[ExecutionRow], markets: &Markets) -> Result<Vec<Event>, String> {
    let mut events = Vec::with_capacity(rows.len());
    for row in rows {
        let at = wire::rfc3339(&row.timestamp.0)?;
        match row.exec_type.0.as_str() {
            "trade" => events.push(Event::Fill(Box::new(fill(row, at, markets)?))),
            "pending_new" | "new" | "filled" | "iceberg_refill" | "canceled" | "expired" | "amended" | "restated"
            | "status" => {}
            other => return Err(format!("{other:?} is no kind of event of an order")),
        }
        if row.order_status.some().is_some() {
            events.push(Event::Order(Box::new(order(row, at, markets)?)));
        }
    }
    Ok(events)
}

/// Only the wallet that trades: others earn interest, or are those of another exchange.
pub(super) fn balances(rows: &[BalanceRow]) -> Result<Vec<Event>, String> {
    let mut told = Balances::default();
    let mut of: BTreeMap<String, Holding> = BTreeMap::new();
    for row in rows {
        let trading = |kind: &str, id: &str| matches!(kind, "" | "spot") && matches!(id, "" | "main");
        let total = match &row.wallets {
            Some(wallets) => {
                let mine = wallets.iter().filter(|wallet| trading(&wallet.kind.0, &wallet.id.0));
                mine.map(|wallet| wallet.balance.0).sum()
            }
            None if trading(&row.wallet_type.0, &row.wallet_id.0) => row.balance.0,
            None => continue,
        };
        if let Some(at) = row.timestamp.some() {
            told.at = Some(wire::rfc3339(at)?);
        }
        of.insert(crate::kraken::assets::common(&row.asset.0), Holding { total: Some(total), ..Holding::default() });
    }
    if of.is_empty() {
        return Ok(vec![Event::Ignored("balances of wallets that don't trade")]);
    }
    told.of = of;
    Ok(vec![Event::Balances(told)])
}
