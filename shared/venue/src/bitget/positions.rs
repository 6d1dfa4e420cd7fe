//! Positions in contracts.

use super::super::protocol::call::{HistoryQuery, MarketsQuery, Scope};
use super::super::protocol::fault::{CallError, ReadFault};
use super::super::protocol::http::{EndpointClass, Unsigned};
use super::super::protocol::market::{Instrument, Markets, Product};
use super::super::protocol::model::{OrderReport, PositionReport, PositionSide};
use super::super::protocol::wire::{MaybeMs, MaybeNum, Text};
use super::super::protocol::{Ask, Built};
use super::acks::{Sent, cancelled};
use super::line::{Line, margin_coin, mode_of, need_contract};
use super::place::position_name;
use super::raw::{Fields, account, each, post, rows};
use rust_decimal::Decimal;
use serde::Deserialize;

/// A position that is, or was: classic names, then those of the unified account.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawPosition {
    #[serde(default)]
    symbol: Text,
    #[serde(default)]
    inst_id: Text,
    #[serde(default)]
    category: Text,
    #[serde(default)]
    pub(super) margin_coin: Text,
    #[serde(default)]
    pos_id: Text,
    #[serde(default)]
    position_id: Text,
    #[serde(default)]
    hold_side: Text,
    #[serde(default)]
    pos_side: Text,
    #[serde(default)]
    margin_mode: Text,
    #[serde(default)]
    pos_mode: Text,
    #[serde(default)]
    hold_mode: Text,
    #[serde(default)]
    total: MaybeNum,
    #[serde(default)]
    size: MaybeNum,
    #[serde(default)]
    close_total_pos: MaybeNum,
    #[serde(default)]
    leverage: MaybeNum,
    #[serde(default)]
    open_price_avg: MaybeNum,
    #[serde(default)]
    open_avg_price: MaybeNum,
    #[serde(default)]
    avg_price: MaybeNum,
    #[serde(default)]
    close_price_avg: MaybeNum,
    #[serde(default)]
    close_avg_price: MaybeNum,
    #[serde(default)]
    mark_price: MaybeNum,
    #[serde(default)]
    liquidation_price: MaybeNum,
    #[serde(default)]
    liq_price: MaybeNum,
    #[serde(default, rename = "unrealizedPL")]
    unrealized_pl: MaybeNum,
    #[serde(default)]
    unrealised_pnl: MaybeNum,
    #[serde(default)]
    achieved_profits: MaybeNum,
    #[serde(default)]
    cur_realised_pnl: MaybeNum,
    #[serde(default)]
    cum_realised_pnl: MaybeNum,
    #[serde(default)]
    pnl: MaybeNum,
    #[serde(default)]
    margin_size: MaybeNum,
    #[serde(default)]
    position_balance: MaybeNum,
    #[serde(default)]
    take_profit: MaybeNum,
    #[serde(default)]
    stop_loss: MaybeNum,
    #[serde(default)]
    c_time: MaybeMs,
    #[serde(default)]
    u_time: MaybeMs,
    #[serde(default)]
    ctime: MaybeMs,
    #[serde(default)]
    utime: MaybeMs,
    #[serde(default)]
    created_time: MaybeMs,
    #[serde(default)]
    updated_time: MaybeMs,
}

/// Long or short, in the venue's words.
fn held(text: &str) -> Result<Option<PositionSide>, String> {
    match text {
        "" | "net" | "none" => Ok(None),
        "long" | "buy" => Ok(Some(PositionSide::Long)),
        "short" | "sell" => Ok(Some(PositionSide::Short)),
        other => Err(format!("{other:?} is neither long nor short")),
    }
}

/// What a row tells of a position.
pub(super) fn position_row(raw: &RawPosition, line: Line, markets: &Markets) -> Result<PositionReport, String> {
    let category = raw.category.some();
    let symbol = raw.symbol.some().or_else(|| raw.inst_id.some()).ok_or("a position without a market")?;
    let instrument = {
        let product = category.and_then(super::line::product_of).unwrap_or(line.product);
        markets.of_symbol(symbol, &[product])
    };
    let total = raw.total.0.or(raw.size.0);
    let quantity = total.or(raw.close_total_pos.0);
    if quantity.is_some_and(|quantity| quantity.is_sign_negative() && !quantity.is_zero()) {
        return Err(format!("a position of {quantity:?}"));
    }
    let first = |all: &[MaybeNum]| all.iter().find_map(|n| n.0);
    let hedged = raw.pos_mode.some().or_else(|| raw.hold_mode.some()).map(|mode| mode == "hedge_mode");
    Ok(PositionReport {
        market: line.name_in(markets, category, symbol),
        id: raw.pos_id.owned().or_else(|| raw.position_id.owned()),
        side: held(raw.hold_side.some().unwrap_or(&raw.pos_side.0))?,
        quantity,
        contract_size: instrument.and_then(|i| i.contract_size),
        entry_price: raw.open_price_avg.nonzero().or(raw.open_avg_price.nonzero()).or(raw.avg_price.nonzero()),
        mark_price: raw.mark_price.nonzero(),
        last_price: raw.close_price_avg.nonzero().or(raw.close_avg_price.nonzero()),
        // Zero or less where nothing would liquidate it.
        liquidation_price: raw.liquidation_price.0.or(raw.liq_price.0).filter(|price| *price > Decimal::ZERO),
        // Linear contracts only: a coin-margined one is worth its quantity of the base coin.
        notional: match (total, raw.mark_price.nonzero()) {
            (Some(total), Some(mark)) if line.product == Product::Linear => total.checked_mul(mark),
            _ => None,
        },
        leverage: raw.leverage.nonzero(),
        unrealized_pnl: first(&[raw.unrealized_pl, raw.unrealised_pnl]),
        realized_pnl: first(&[raw.achieved_profits, raw.cur_realised_pnl, raw.cum_realised_pnl, raw.pnl]),
        collateral: None,
        initial_margin: raw.margin_size.0.or(raw.position_balance.0),
        maintenance_margin: None,
        margin_mode: mode_of(&raw.margin_mode.0),
        hedged,
        take_profit_price: raw.take_profit.nonzero(),
        stop_loss_price: raw.stop_loss.nonzero(),
        at: raw.c_time.0.or(raw.ctime.0).or(raw.created_time.0),
        updated_at: raw.u_time.0.or(raw.utime.0).or(raw.updated_time.0),
    })
}

fn read(request: Unsigned, line: Line) -> Ask<Vec<PositionReport>> {
    Ask::new(request, move |reply, markets| {
        let raw: Vec<RawPosition> = rows(reply, &["list"])?;
        each(reply, &raw, |raw| position_row(raw, line, markets))
    })
}

/// Our positions of a line of business.
pub(super) fn positions(query: &MarketsQuery) -> Built<Vec<PositionReport>> {
    let scope = &query.scope;
    let market = query.instruments.first();
    let line = Line::asked(market, scope, Product::Linear)?;
    need_contract(line, "positions")?;
    let end = |fields: Fields| fields.extra(&scope.extra, &["method"]);
    let fields = Fields::new();
    let request = if line.is_unified() {
        let one = query.instruments.as_slice();
        let symbol = if let [one] = one { Some(one.symbol.clone()) } else { None };
        let fields = fields.with("category", line.category).maybe("symbol", symbol);
        account("/api/v3/position/current-position", end(fields))
    } else if scope.extra.text("useHistoryEndpoint").as_deref() == Some("true") {
        let fields = fields.with("productType", line.category);
        account("/api/v2/mix/position/history-position", end(fields))
    } else {
        let coin = match market {
            Some(market) => Some(margin_coin(market)?),
            None if line.category == "USDC-FUTURES" => Some("USDC".to_owned()),
            None if line.category == "USDT-FUTURES" => Some("USDT".to_owned()),
            None => None,
        };
        let fields = fields.with("productType", line.category).maybe("marginCoin", coin);
        account("/api/v2/mix/position/all-position", end(fields))
    };
    let wanted: Vec<String> = query.instruments.iter().map(|i| i.name.clone()).collect();
    let all = read(request.clone(), line);
    Ok(Ask::new(request, move |reply, markets| {
        let mut positions = all.read(reply, markets)?;
        positions.retain(|position| wanted.is_empty() || wanted.contains(&position.market));
        Ok(positions)
    }))
}

/// Our position in one market. Without one the venue's list is empty, and ours is flat.
pub(super) fn position(market: &Instrument, scope: &Scope) -> Built<PositionReport> {
    let line = Line::asked(Some(market), scope, Product::Linear)?;
    need_contract(line, "positions")?;
    let fields = Fields::new().with("symbol", market.symbol.as_str());
    let request = if line.is_unified() {
        let side = scope.position_side.map(position_name);
        let fields = fields.with("category", line.category).maybe("posSide", side);
        account("/api/v3/position/current-position", fields.extra(&scope.extra, &[]))
    } else {
        let fields = fields.with("productType", line.category).with("marginCoin", margin_coin(market)?);
        account("/api/v2/mix/position/single-position", fields.extra(&scope.extra, &[]))
    };
    let all = read(request.clone(), line);
    let (name, side) = (market.name.clone(), scope.position_side);
    Ok(Ask::new(request, move |reply, markets| {
        let found = all.read(reply, markets)?.into_iter();
        let mut found = found.filter(|p| p.market == name && (side.is_none() || p.side == side));
        let first = found.next();
        if side.is_none() && found.next().is_some() {
            return Err(ReadFault::parse(reply, "a long and a short position: which one is meant was not said"));
        }
        let flat =
            || PositionReport { market: name.clone(), quantity: Some(Decimal::ZERO), ..PositionReport::default() };
        Ok(first.unwrap_or_else(flat))
    }))
}

/// Positions that were.
pub(super) fn positions_history(query: &HistoryQuery) -> Built<Vec<PositionReport>> {
    let line = Line::asked(query.instrument.as_ref(), &query.scope, Product::Linear)?;
    need_contract(line, "positions")?;
    let symbol = query.instrument.as_ref().map(|i| i.symbol.clone());
    let fields = Fields::new().range(&query.range);
    let request = if line.is_unified() {
        let fields = fields.with("category", line.category).maybe("symbol", symbol);
        account("/api/v3/position/history-position", fields.extra(&query.scope.extra, &[]))
    } else {
        // A contract's symbol is of one product only.
        let product = symbol.is_none().then_some(line.category);
        let fields = fields.maybe("symbol", symbol).maybe("productType", product);
        account("/api/v2/mix/position/history-position", fields.extra(&query.scope.extra, &[]))
    };
    Ok(read(request, line))
}

fn close(market: Option<&Instrument>, scope: &Scope) -> Result<(Unsigned, Sent), CallError> {
    let line = Line::asked(market, scope, Product::Linear)?;
    need_contract(line, "positions")?;
    let fields = Fields::new().maybe("symbol", market.map(|i| i.symbol.clone()));
    let side = scope.position_side.map(position_name);
    let (path, fields) = if line.is_unified() {
        ("/api/v3/trade/close-positions", fields.with("category", line.category).maybe("posSide", side))
    } else {
        ("/api/v2/mix/order/close-positions", fields.with("productType", line.category).maybe("holdSide", side))
    };
    let request = post(path, fields.extra(&scope.extra, &[]).body(), EndpointClass::Order);
    Ok((request, Sent::market(market.map(|i| i.name.as_str()))))
}

/// Closes the position in one market at the market's price.
pub(super) fn close_position(market: &Instrument, scope: &Scope) -> Built<OrderReport> {
    let (request, sent) = close(Some(market), scope)?;
    Ok(Ask::new(request, move |reply, _| super::acks::one_of_list(reply, &sent)))
}

/// Closes all positions of a line of business at the market's price.
pub(super) fn close_all_positions(scope: &Scope) -> Built<Vec<OrderReport>> {
    let (request, sent) = close(None, scope)?;
    Ok(Ask::new(request, move |reply, _| cancelled(reply, &sent)))
}
