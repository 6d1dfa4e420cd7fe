//! The venue's rows turned into reports. Requests and streams share them.
//!
//! A row without an id, with a status nobody knows, or with more filled than asked for is not believed.

use super::raw::{ClosedRow, CoinRow, ExecutionRow, OrderRow, PositionRow};
use super::request::product;
use crate::protocol::call::{OrderKind, TimeInForce};
use crate::protocol::model::{
    Holding, Liquidity, MarginMode, OrderReport, OrderState, OwnTrade, PositionReport, PositionSide, Side, VenueFee,
};
use crate::protocol::wire::{MaybeNum, Text, price, quantity};
use crate::protocol::{Instrument, Markets, Product};
use desk::money::Quantity;
use desk::money::exact;
use rust_decimal::Decimal;

/// Reading a row: words say what does not fit.
pub(super) type Row<T> = Result<T, String>;

/// The product of a row: its own word, or what the whole answer is about.
fn product_of(row: &Text, page: Product) -> Product {
    row.some().and_then(product).unwrap_or(page)
}

fn market<'a>(markets: &'a Markets, symbol: &str, product: Product) -> Option<&'a Instrument> {
    markets.of_symbol(symbol, &[product])
}

fn need<'a>(text: &'a Text, what: &str) -> Row<&'a str> {
    text.some().ok_or_else(|| format!("there is no {what}"))
}

/// Buy or sell.
pub(super) fn side(word: &str) -> Row<Side> {
    match word {
        "Buy" => Ok(Side::Buy),
        "Sell" => Ok(Side::Sell),
        other => Err(format!("{other:?} is no side")),
    }
}

fn state(word: &str, in_quote: bool) -> Row<OrderState> {
    Ok(match word {
        "Created" | "New" | "PartiallyFilled" | "Untriggered" | "Triggered" | "Active" => OrderState::Open,
        "Filled" => OrderState::Closed,
        // A market order by cost ends so when it has spent all but a crumb of it. One by quantity has not found enough.
        "PartiallyFilledCanceled" if in_quote => OrderState::Closed,
        "PartiallyFilledCanceled" | "Cancelled" | "Deactivated" => OrderState::Canceled,
        "PendingCancel" => OrderState::Canceling,
        "Rejected" => OrderState::Rejected,
        "Expired" => OrderState::Expired,
        other => return Err(format!("{other:?} is no status of an order")),
    })
}

/// In which currency a fee is, where the row does not say: what a buyer of spot gets, what a seller gets, and what a
/// contract is settled in.
fn fee_currency(market: Option<&Instrument>, side: Side) -> Option<String> {
    let market = market?;
    match (market.product, side) {
        (Product::Spot, Side::Buy) => Some(market.base.clone()),
        (Product::Spot, Side::Sell) => Some(market.quote.clone()),
        (Product::Linear | Product::Inverse | Product::Option, _) => market.settle.clone(),
    }
}

fn order_fee(row: &OrderRow, market: Option<&Instrument>, side: Side) -> Option<VenueFee> {
    let mut told = row.cum_fee_detail.iter().flatten().filter_map(|(coin, cost)| Some((coin, cost.nonzero()?)));
    match (told.next(), told.next()) {
        (Some((coin, cost)), None) => return Some(VenueFee { cost, currency: Some(coin.clone()) }),
        // Fees in several currencies: the trades tell of each.
        (Some(_), Some(_)) => return None,
        (None, _) => {}
    }
    let cost = row.cum_exec_fee.nonzero()?;
    Some(VenueFee { cost, currency: row.fee_currency.owned().or_else(|| fee_currency(market, side)) })
}

fn force(word: &str) -> Option<TimeInForce> {
    match word {
        "GTC" => Some(TimeInForce::Gtc),
        "IOC" => Some(TimeInForce::Ioc),
        "FOK" => Some(TimeInForce::Fok),
        "PostOnly" => Some(TimeInForce::PostOnly),
        _ => None,
    }
}

fn kind(word: &str) -> Option<OrderKind> {
    match word {
        "Market" => Some(OrderKind::Market),
        "Limit" => Some(OrderKind::Limit),
        _ => None,
    }
}

fn some_quantity(value: MaybeNum, what: &str) -> Row<Option<Quantity>> {
    value.quantity().map_err(|e| format!("{what}: {e}"))
}

fn some_price(value: MaybeNum, what: &str) -> Row<Option<Decimal>> {
    value.price().map(|p| p.map(desk::money::Price::value)).map_err(|e| format!("{what}: {e}"))
}

/// Whether `qty` of an order counts quote units. A market buy of spot does, unless it says otherwise.
fn counts_quote(row: &OrderRow, product: Product, kind: Option<OrderKind>, side: Side) -> bool {
    match row.market_unit.some() {
        Some("quoteCoin") => true,
        Some(_) => false,
        None => product == Product::Spot && kind == Some(OrderKind::Market) && side == Side::Buy,
    }
}

/// An order. The quantity of one that was given as a cost is not told: it is in another unit.
pub(super) fn order(row: &OrderRow, page: Product, markets: &Markets) -> Row<OrderReport> {
    let product = product_of(&row.category, page);
    let symbol = need(&row.symbol, "symbol")?;
    let known = market(markets, symbol, product);
    let (side, kind) = (side(need(&row.side, "side")?)?, kind(&row.order_type.0));
    let filled = some_quantity(row.cum_exec_qty, "cumExecQty")?;
    let (mut asked, mut left) = (some_quantity(row.qty, "qty")?, some_quantity(row.leaves_qty, "leavesQty")?);
    let in_quote = counts_quote(row, product, kind, side);
    if in_quote {
        (asked, left) = (None, None);
    }
    if let (Some(filled), Some(asked)) = (filled, asked)
        && filled > asked
        && !asked.is_zero()
    {
        return Err(format!("{filled} filled of {asked}"));
    }
    let force = force(&row.time_in_force.0);
    Ok(OrderReport {
        market: Some(known.map_or_else(|| symbol.to_owned(), |i| i.name.clone())),
        id: Some(need(&row.order_id, "orderId")?.to_owned()),
        client_id: row.order_link_id.owned(),
        state: Some(state(need(&row.order_status, "orderStatus")?, in_quote && kind == Some(OrderKind::Market))?),
        kind,
        side: Some(side),
        time_in_force: force,
        post_only: force.map(|force| force == TimeInForce::PostOnly),
        reduce_only: row.reduce_only.0,
        price: some_price(row.price, "price")?,
        trigger_price: some_price(row.trigger_price, "triggerPrice")?,
        take_profit_price: some_price(row.take_profit, "takeProfit")?,
        stop_loss_price: some_price(row.stop_loss, "stopLoss")?,
        quantity: asked,
        filled,
        remaining: left,
        cost: row.cum_exec_value.0,
        average: some_price(row.avg_price, "avgPrice")?,
        fee: order_fee(row, known, side),
        at: row.created_time.0,
        updated_at: row.updated_time.0,
        last_trade_at: None,
        trades: Vec::new(),
    })
}

/// A fill.
pub(super) fn execution(row: &ExecutionRow, page: Product, markets: &Markets) -> Row<OwnTrade> {
    let product = product_of(&row.category, page);
    let symbol = need(&row.symbol, "symbol")?;
    let known = market(markets, symbol, product);
    let side = side(need(&row.side, "side")?)?;
    let fee = row
        .exec_fee
        .0
        .map(|cost| VenueFee { cost, currency: row.fee_currency.owned().or_else(|| fee_currency(known, side)) });
    Ok(OwnTrade {
        market: known.map_or_else(|| symbol.to_owned(), |i| i.name.clone()),
        id: need(&row.exec_id, "execId")?.to_owned(),
        order: row.order_id.owned(),
        client_id: row.order_link_id.owned(),
        at: row.exec_time.0,
        side: Some(side),
        liquidity: row.is_maker.0.map(|maker| if maker { Liquidity::Maker } else { Liquidity::Taker }),
        price: price(row.exec_price.0.ok_or("there is no execPrice")?)?,
        quantity: quantity(row.exec_qty.0.ok_or("there is no execQty")?)?,
        cost: row.exec_value.0,
        fee,
    })
}

/// What a position is worth. The venue's own value is at the price paid; of an inverse position it has 8 decimals, of
/// which a small one needs more, so that one is size over mark price.
fn notional(row: &PositionRow, product: Product, size: Decimal) -> Option<Decimal> {
    match product {
        Product::Inverse => row.mark_price.nonzero().and_then(|mark| size.checked_div(mark)).or(row.position_value.0),
        Product::Spot | Product::Linear | Product::Option => row.position_value.0,
    }
}

/// A position.
pub(super) fn position(row: &PositionRow, page: Product, markets: &Markets) -> Row<PositionReport> {
    let product = product_of(&row.category, page);
    let symbol = need(&row.symbol, "symbol")?;
    let known = market(markets, symbol, product);
    let size = row.size.0.ok_or("there is no size")?;
    let size = quantity(size)?.value();
    let side = match row.side.0.as_str() {
        _ if size.is_zero() => None,
        "Buy" => Some(PositionSide::Long),
        "Sell" => Some(PositionSide::Short),
        other => return Err(format!("{size} contracts on side {other:?}")),
    };
    Ok(PositionReport {
        market: known.map_or_else(|| symbol.to_owned(), |i| i.name.clone()),
        id: None,
        side,
        quantity: Some(size),
        contract_size: known.and_then(|i| i.contract_size).or(Some(Decimal::ONE)),
        entry_price: row.avg_price.nonzero().or(row.entry_price.nonzero()),
        mark_price: row.mark_price.nonzero(),
        last_price: None,
        liquidation_price: row.liq_price.nonzero(),
        notional: notional(row, product, size),
        leverage: row.leverage.nonzero(),
        unrealized_pnl: row.unrealised_pnl.0,
        realized_pnl: row.cur_realised_pnl.0,
        collateral: row.position_balance.0,
        initial_margin: row.position_im.0,
        maintenance_margin: row.position_mm.0,
        margin_mode: (row.trade_mode.0 == "1").then_some(MarginMode::Isolated),
        hedged: row.position_idx.some().map(|index| index != "0"),
        take_profit_price: row.take_profit.nonzero(),
        stop_loss_price: row.stop_loss.nonzero(),
        at: row.created_time.0,
        updated_at: row.updated_time.0,
    })
}

/// What one order closed of a position. The position's side is the opposite of the order's.
pub(super) fn closed_position(row: &ClosedRow, page: Product, markets: &Markets) -> Row<PositionReport> {
    let symbol = need(&row.symbol, "symbol")?;
    let known = market(markets, symbol, page);
    let side = match side(need(&row.side, "side")?)? {
        Side::Buy => PositionSide::Short,
        Side::Sell => PositionSide::Long,
    };
    let size = row.closed_size.0.or(row.qty.0).ok_or("there is no closedSize")?;
    Ok(PositionReport {
        market: known.map_or_else(|| symbol.to_owned(), |i| i.name.clone()),
        side: Some(side),
        quantity: Some(quantity(size)?.value()),
        contract_size: known.and_then(|i| i.contract_size).or(Some(Decimal::ONE)),
        entry_price: row.avg_entry_price.nonzero(),
        last_price: row.avg_exit_price.nonzero(),
        notional: row.cum_exit_value.0,
        leverage: row.leverage.nonzero(),
        realized_pnl: Some(row.closed_pnl.0.ok_or("there is no closedPnl")?),
        at: row.created_time.0,
        updated_at: row.updated_time.0,
        ..PositionReport::default()
    })
}

fn sum(parts: &[MaybeNum]) -> Row<Decimal> {
    parts
        .iter()
        .filter_map(|part| part.0)
        .try_fold(Decimal::ZERO, |sum, part| exact::add(sum, part).map_err(|e| e.to_string()))
}

/// A currency of a wallet. What positions and orders bind can be more than is there: then nothing is free.
pub(super) fn holding(row: &CoinRow) -> Row<(String, Holding)> {
    let coin = need(&row.coin, "coin")?.to_owned();
    let total = row.wallet_balance.0;
    if let Some(free) = row.transfer_balance.0 {
        return Ok((coin, Holding { free: Some(free), total, ..Holding::default() }));
    }
    let used = sum(&[row.locked, row.total_order_im, row.total_position_im])?;
    let free = match total {
        Some(total) => Some(exact::add(total, -used).map_err(|e| e.to_string())?.max(Decimal::ZERO)),
        None => None,
    };
    let debt = sum(&[row.borrow_amount, row.accrued_interest])?;
    Ok((coin, Holding { free, used: Some(used), total, debt: Some(debt) }))
}
