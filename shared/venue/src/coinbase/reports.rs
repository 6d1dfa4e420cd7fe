//! The venue's rows turned into reports. A row without an id, with a status nobody knows, or with more filled than asked
//! for is not believed.

use super::raw::{Configuration, DatedPosition, FillRow, OrderRow, PerpetualPosition, Terms};
use crate::protocol::Markets;
use crate::protocol::call::{OrderKind, TimeInForce};
use crate::protocol::model::{
    Liquidity, MarginMode, OrderReport, OrderState, OwnTrade, PositionReport, PositionSide, Side, VenueFee,
};
use crate::protocol::wire::{MaybeNum, Text, price, quantity, rfc3339};
use desk::money::Price;
use desk::time::Timestamp;
use rust_decimal::Decimal;

/// Reading a row: words say what does not fit.
pub(super) type Row<T> = Result<T, String>;

fn need<'a>(text: &'a Text, what: &str) -> Row<&'a str> {
    text.some().ok_or_else(|| format!("there is no {what}"))
}

/// An instant, if there is one.
pub(super) fn time(text: &Text) -> Row<Option<Timestamp>> {
    text.some().map(rfc3339).transpose()
}

/// Buy or sell.
pub(super) fn side(word: &str) -> Row<Side> {
    match word {
        "BUY" => Ok(Side::Buy),
        "SELL" => Ok(Side::Sell),
        other => Err(format!("{other:?} is no side")),
    }
}

/// How an order stands.
pub(super) fn state(word: &str) -> Row<OrderState> {
    Ok(match word {
        "PENDING" | "OPEN" | "QUEUED" | "EDIT_QUEUED" => OrderState::Open,
        "FILLED" => OrderState::Closed,
        "CANCELLED" => OrderState::Canceled,
        "CANCEL_QUEUED" => OrderState::Canceling,
        "EXPIRED" => OrderState::Expired,
        "FAILED" => OrderState::Rejected,
        other => return Err(format!("{other:?} is no status of an order")),
    })
}

/// For how long an order stands.
pub(super) fn force(word: &str) -> Option<TimeInForce> {
    match word {
        "GOOD_UNTIL_CANCELLED" => Some(TimeInForce::Gtc),
        "GOOD_UNTIL_DATE_TIME" => Some(TimeInForce::Gtd),
        "IMMEDIATE_OR_CANCEL" => Some(TimeInForce::Ioc),
        "FILL_OR_KILL" => Some(TimeInForce::Fok),
        _ => None,
    }
}

/// What an order is once it is in the book.
pub(super) fn kind(word: &str) -> Option<OrderKind> {
    match word {
        "MARKET" | "Market" => Some(OrderKind::Market),
        "LIMIT" | "Limit" | "STOP_LIMIT" | "Stop Limit" | "BRACKET" | "Bracket" => Some(OrderKind::Limit),
        _ => None,
    }
}

fn terms(of: Option<&Configuration>) -> Terms {
    let Some(of) = of else { return Terms::default() };
    let all = [
        of.market_market_ioc,
        of.market_market_fok,
        of.sor_limit_ioc,
        of.limit_limit_gtc,
        of.limit_limit_gtd,
        of.limit_limit_fok,
        of.twap_limit_gtd,
        of.stop_limit_stop_limit_gtc,
        of.stop_limit_stop_limit_gtd,
        of.trigger_bracket_gtc,
        of.trigger_bracket_gtd,
        of.scaled_limit_gtc,
    ];
    all.into_iter().flatten().next().unwrap_or_default()
}

fn some_price(value: MaybeNum, what: &str) -> Row<Option<Decimal>> {
    value.price().map(|p| p.map(Price::value)).map_err(|e| format!("{what}: {e}"))
}

/// The unified name of a market and the currency its fees are in.
pub(super) fn names(product: &Text, markets: &Markets) -> Row<(String, Option<String>)> {
    let symbol = need(product, "product_id")?;
    let known = markets.of_symbol(symbol, &[]);
    let quote = known.map(|i| i.settle.clone().unwrap_or_else(|| i.quote.clone()));
    Ok((known.map_or_else(|| symbol.to_owned(), |i| i.name.clone()), quote))
}

/// An order. One that was given as a cost has no quantity: the venue tells only what it cost.
pub(super) fn order(row: &OrderRow, markets: &Markets) -> Row<OrderReport> {
    let (market, currency) = names(&row.product_id, markets)?;
    let terms = terms(row.order_configuration.as_ref());
    let asked = terms.base_size.quantity().map_err(|e| format!("base_size: {e}"))?;
    let filled = row.filled_size.quantity().map_err(|e| format!("filled_size: {e}"))?;
    if let (Some(filled), Some(asked)) = (filled, asked)
        && filled > asked
        && !asked.is_zero()
    {
        return Err(format!("{filled} filled of {asked}"));
    }
    let mut state = state(need(&row.status, "status")?)?;
    if state == OrderState::Open && row.pending_cancel.0 == Some(true) {
        state = OrderState::Canceling;
    }
    let kind = kind(&row.order_type.0).or_else(|| terms.limit_price.nonzero().map(|_| OrderKind::Limit));
    Ok(OrderReport {
        market: Some(market),
        id: Some(need(&row.order_id, "order_id")?.to_owned()),
        client_id: row.client_order_id.owned(),
        state: Some(state),
        kind,
        side: Some(side(need(&row.side, "side")?)?),
        time_in_force: force(&row.time_in_force.0),
        post_only: terms.post_only.0,
        reduce_only: terms.reduce_only.0,
        price: some_price(terms.limit_price, "limit_price")?,
        trigger_price: some_price(terms.stop_price, "stop_price")?
            .or(some_price(terms.stop_trigger_price, "stop_trigger_price")?),
        quantity: asked,
        filled,
        cost: row.filled_value.0,
        average: some_price(row.average_filled_price, "average_filled_price")?,
        fee: row.total_fees.nonzero().map(|cost| VenueFee { cost, currency }),
        at: time(&row.created_time)?,
        last_trade_at: time(&row.last_fill_time)?,
        ..OrderReport::default()
    })
}

/// A fill. Sizes in quote units are turned into base units by the fill's price, to 8 decimals.
pub(super) fn fill(row: &FillRow, markets: &Markets) -> Row<OwnTrade> {
    if !matches!(row.trade_type.some(), None | Some("FILL")) {
        return Err(format!("a {:?} is no fill", row.trade_type.0));
    }
    let (market, currency) = names(&row.product_id, markets)?;
    let at_price = price(row.price.0.ok_or("there is no price")?)?;
    let size = row.size.0.ok_or("there is no size")?;
    let (base, cost) = if row.size_in_quote.0 == Some(true) {
        let base = size.checked_div(at_price.value()).ok_or("the size can't be held")?;
        (base.round_dp(8), Some(size))
    } else {
        (size, None)
    };
    let liquidity = match row.liquidity_indicator.0.as_str() {
        "MAKER" => Some(Liquidity::Maker),
        "TAKER" => Some(Liquidity::Taker),
        _ => None,
    };
    Ok(OwnTrade {
        market,
        id: need(&row.trade_id, "trade_id")?.to_owned(),
        order: row.order_id.owned(),
        client_id: None,
        at: time(&row.trade_time)?,
        side: Some(side(need(&row.side, "side")?)?),
        liquidity,
        price: at_price,
        quantity: quantity(base)?,
        cost,
        fee: row.commission.0.map(|cost| VenueFee { cost, currency }),
    })
}

fn position_side(word: &str, size: Decimal) -> Row<Option<PositionSide>> {
    match word {
        _ if size.is_zero() => Ok(None),
        "LONG" | "POSITION_SIDE_LONG" | "FUTURES_POSITION_SIDE_LONG" | "Long" => Ok(Some(PositionSide::Long)),
        "SHORT" | "POSITION_SIDE_SHORT" | "FUTURES_POSITION_SIDE_SHORT" | "Short" => Ok(Some(PositionSide::Short)),
        other => Err(format!("{size} contracts on side {other:?}")),
    }
}

/// A position in an international perpetual contract. Profit is settled all the time, and `vwap` is the price it counts
/// from since then.
pub(super) fn perpetual(row: &PerpetualPosition, markets: &Markets) -> Row<PositionReport> {
    let (symbol, id) =
        if row.symbol.some().is_some() { (&row.symbol, row.product_id.owned()) } else { (&row.product_id, None) };
    let (market, _) = names(symbol, markets)?;
    // Short positions are written with a sign.
    let size = row.net_size.0.ok_or("there is no net_size")?.abs();
    let margin_mode = match row.margin_type.0.as_str() {
        "MARGIN_TYPE_CROSS" | "CROSS" | "Cross" => Some(MarginMode::Cross),
        "MARGIN_TYPE_ISOLATED" | "ISOLATED" | "Isolated" => Some(MarginMode::Isolated),
        _ => None,
    };
    let contract_size = markets.get(&market).and_then(|i| i.contract_size);
    Ok(PositionReport {
        market,
        id,
        side: position_side(&row.position_side.0, size)?,
        quantity: Some(size),
        contract_size,
        entry_price: row.vwap.nonzero(),
        mark_price: row.mark_price.nonzero(),
        liquidation_price: row.liquidation_price.0,
        notional: row.position_notional.0,
        leverage: row.leverage.nonzero(),
        unrealized_pnl: row.unrealized_pnl.0,
        collateral: row.portfolio_summary.as_ref().and_then(|portfolio| portfolio.collateral.0),
        margin_mode,
        ..PositionReport::default()
    })
}

/// A position in a contract of the domestic exchange.
pub(super) fn dated(row: &DatedPosition, markets: &Markets) -> Row<PositionReport> {
    let (market, _) = names(&row.product_id, markets)?;
    let size = quantity(row.number_of_contracts.0.ok_or("there is no number_of_contracts")?)?.value();
    let contract_size = row.contract_size.nonzero().or_else(|| markets.get(&market).and_then(|i| i.contract_size));
    Ok(PositionReport {
        market,
        side: position_side(&row.side.0, size)?,
        quantity: Some(size),
        contract_size,
        entry_price: row.avg_entry_price.nonzero().or(row.entry_price.nonzero()),
        mark_price: row.current_price.nonzero(),
        liquidation_price: row.liquidation_price.nonzero(),
        notional: row.position_notional.0,
        leverage: row.leverage.nonzero(),
        unrealized_pnl: row.unrealized_pnl.0,
        realized_pnl: row.daily_realized_pnl.0,
        ..PositionReport::default()
    })
}
