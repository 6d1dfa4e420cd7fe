//! Positions, and the leverage that is set for them.

use super::account::ask;
use super::errors::{read, read_plain};
use super::market::{instant, name_of};
use super::raw;
use crate::kraken::shared::{self, merged};
use crate::protocol::call::Extra;
use crate::protocol::http::Method;
use crate::protocol::model::{LeverageSetting, MarginMode, PositionReport, PositionSide};
use crate::protocol::{
    Ask, Built, CallError, EndpointClass, HistoryQuery, Instrument, LeverageChange, Markets, MarketsQuery, Params,
    ReadFault, Reply, Scope, Unsigned, wire,
};
use desk::time::Timestamp;
use rust_decimal::Decimal;

fn position(row: &raw::Position, markets: &Markets) -> Result<PositionReport, String> {
    let fixed = row.max_fixed_leverage.nonzero();
    Ok(PositionReport {
        market: name_of(markets, &row.symbol.0),
        side: Some(shared::position_side(&row.side.0)?),
        quantity: Some(wire::quantity(row.size.0)?.value()),
        contract_size: super::market::market_of(markets, &row.symbol.0).and_then(|i| i.contract_size),
        entry_price: Some(wire::price(row.price.0)?.value()),
        leverage: fixed,
        margin_mode: Some(if fixed.is_some() { MarginMode::Isolated } else { MarginMode::Cross }),
        hedged: Some(false),
        at: instant(&row.fill_time)?,
        ..PositionReport::default()
    })
}

fn positions_of(reply: &Reply, markets: &Markets) -> Result<Vec<PositionReport>, ReadFault> {
    let told: raw::Positions = read(reply)?;
    let rows = told.open_positions.iter().map(|row| position(row, markets)).collect::<Result<Vec<_>, _>>();
    rows.map_err(|e| ReadFault::parse(reply, e))
}

pub(super) fn positions(query: &MarketsQuery) -> Built<Vec<PositionReport>> {
    let wanted: Vec<String> = query.instruments.iter().map(|i| i.name.clone()).collect();
    ask("/derivatives/api/v3/openpositions", Params::new(), (&query.scope.extra, &["method"]), move |reply, markets| {
        let mut rows = positions_of(reply, markets)?;
        rows.retain(|row| wanted.is_empty() || wanted.contains(&row.market));
        Ok(rows)
    })
}

pub(super) fn position_in(market: &Instrument, scope: &Scope) -> Built<PositionReport> {
    let name = market.name.clone();
    ask("/derivatives/api/v3/openpositions", Params::new(), (&scope.extra, &[]), move |reply, markets| {
        let found = positions_of(reply, markets)?.into_iter().find(|row| row.market == name);
        // None is told of where none is held.
        let flat =
            || PositionReport { market: name.clone(), quantity: Some(Decimal::ZERO), ..PositionReport::default() };
        Ok(found.unwrap_or_else(flat))
    })
}

pub(super) fn positions_history(query: &HistoryQuery) -> Built<Vec<PositionReport>> {
    let range = query.range;
    let params = Params::new()
        .maybe("since", range.since.map(Timestamp::ms))
        .maybe("before", range.until.map(Timestamp::ms))
        .maybe("count", range.limit)
        .with("closed", "true")
        .maybe("tradeable", query.instrument.as_ref().map(|i| &i.symbol));
    ask("/api/history/v3/positions", params, (&query.scope.extra, &[]), |reply, markets| {
        let told: raw::Elements<raw::PositionEvent> = read_plain(reply)?;
        let closed = told.elements.iter().filter(|event| event.position_change.0 == "close");
        let mut rows: Vec<PositionReport> = closed.map(|event| past_position(event, markets)).collect();
        rows.sort_by_key(|row| row.updated_at);
        Ok(rows)
    })
}

fn past_position(event: &raw::PositionEvent, markets: &Markets) -> PositionReport {
    let size = event.old_position.nonzero();
    PositionReport {
        market: name_of(markets, &event.tradeable.0),
        id: event.execution_uid.owned(),
        side: size.map(|size| if size.is_sign_negative() { PositionSide::Short } else { PositionSide::Long }),
        quantity: size.map(|size| size.abs()),
        entry_price: event.old_average_entry_price.nonzero(),
        realized_pnl: event.realized_pnl.0,
        updated_at: event.timestamp.0,
        ..PositionReport::default()
    }
}

fn settings_of(reply: &Reply, markets: &Markets) -> Result<Vec<LeverageSetting>, ReadFault> {
    let told: raw::Preferences = read(reply)?;
    let one = |row: &raw::Preference| LeverageSetting {
        market: name_of(markets, &row.symbol.0),
        // A market with a leverage of its own has margin of its own.
        margin_mode: Some(MarginMode::Isolated),
        long: Some(row.max_leverage.0),
        short: Some(row.max_leverage.0),
    };
    Ok(told.leverage_preferences.iter().map(one).collect())
}

const PREFERENCES: &str = "/derivatives/api/v3/leveragepreferences";

pub(super) fn leverage(market: &Instrument, scope: &Scope) -> Built<LeverageSetting> {
    let name = market.name.clone();
    let params = Params::new().with("symbol", market.symbol.to_ascii_uppercase());
    ask(PREFERENCES, params, (&scope.extra, &[]), move |reply, markets| {
        let found = settings_of(reply, markets)?.into_iter().find(|row| row.market == name);
        let shared =
            LeverageSetting { market: name.clone(), margin_mode: Some(MarginMode::Cross), long: None, short: None };
        Ok(found.unwrap_or(shared))
    })
}

pub(super) fn margin_modes(query: &MarketsQuery) -> Built<Vec<LeverageSetting>> {
    let wanted: Vec<String> = query.instruments.iter().map(|i| i.name.clone()).collect();
    ask(PREFERENCES, Params::new(), (&query.scope.extra, &[]), move |reply, markets| {
        let mut rows = settings_of(reply, markets)?;
        rows.retain(|row| wanted.is_empty() || wanted.contains(&row.market));
        Ok(rows)
    })
}

fn put_preference(query: Params, extra: &Extra) -> Unsigned {
    let request = Unsigned::account("futures", PREFERENCES, merged(query, extra, &[]));
    request.by(Method::Put).of_class(EndpointClass::Account).weighing(10)
}

pub(super) fn set_leverage(change: &LeverageChange) -> Built<LeverageSetting> {
    let market = change.instrument.as_ref().ok_or_else(|| CallError::Invalid("in which market?".to_owned()))?;
    let leverage = change.leverage.normalize();
    let query = Params::new().with("maxLeverage", leverage).with("symbol", market.symbol.to_ascii_uppercase());
    let name = market.name.clone();
    Ok(Ask::new(put_preference(query, &change.scope.extra), move |reply, _| {
        super::errors::success(reply)?;
        let (long, short) = (Some(leverage), Some(leverage));
        Ok(LeverageSetting { market: name.clone(), margin_mode: Some(MarginMode::Isolated), long, short })
    }))
}

pub(super) fn set_margin_mode(mode: MarginMode, market: Option<&Instrument>, scope: &Scope) -> Built<()> {
    let market = market.ok_or_else(|| CallError::Invalid("in which market?".to_owned()))?;
    // Without a leverage of its own a market shares the margin of all.
    if mode == MarginMode::Isolated && scope.extra.get("maxLeverage").is_none() {
        return Err(CallError::Invalid("margin of its own comes with a leverage: set that".to_owned()));
    }
    let query = Params::new().with("symbol", market.symbol.to_ascii_uppercase());
    Ok(Ask::new(put_preference(query, &scope.extra), |reply, _| super::errors::success(reply).map(|_| ())))
}
