//! Positions in contracts, now and in the past.

use super::ask::{FUTURES, SPOT, contract, query};
use super::leverage::mode;
use super::raw::{self, MaybeNanos};
use crate::protocol::call::AccountSystem;
use crate::protocol::model::{PositionReport, PositionSide};
use crate::protocol::wire::{Flag, MaybeMs, MaybeNum, Num, Text};
use crate::protocol::{
    Ask, Built, HistoryQuery, Instrument, Markets, MarketsQuery, Params, ReadFault, Reply, Scope, Unsigned,
};
use desk::time::Timestamp;
use rust_decimal::Decimal;
use serde::Deserialize;

/// A position as the futures server tells of it, by REST and in streams.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawPosition {
    #[serde(default)]
    id: Text,
    symbol: Text,
    #[serde(default)]
    cross_mode: Flag,
    #[serde(default)]
    margin_mode: Text,
    #[serde(default)]
    position_side: Text,
    #[serde(default)]
    current_timestamp: MaybeMs,
    #[serde(default)]
    current_qty: MaybeNum,
    #[serde(default)]
    mark_price: MaybeNum,
    #[serde(default)]
    mark_value: MaybeNum,
    #[serde(default)]
    pos_init: MaybeNum,
    #[serde(default)]
    pos_margin: MaybeNum,
    #[serde(default)]
    pos_maint: MaybeNum,
    #[serde(default)]
    realised_pnl: MaybeNum,
    #[serde(default)]
    unrealised_pnl: MaybeNum,
    #[serde(default)]
    avg_entry_price: MaybeNum,
    #[serde(default)]
    liquidation_price: MaybeNum,
    #[serde(default)]
    leverage: MaybeNum,
    #[serde(default)]
    real_leverage: MaybeNum,
}

/// A position of the unified account.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawUnified {
    #[serde(default)]
    id: Text,
    symbol: Text,
    #[serde(default)]
    margin_mode: Text,
    size: Num,
    #[serde(default)]
    entry_price: MaybeNum,
    #[serde(default)]
    position_value: MaybeNum,
    #[serde(default)]
    mark_price: MaybeNum,
    #[serde(default)]
    leverage: MaybeNum,
    #[serde(default, rename = "unrealizedPnL")]
    unrealized_pnl: MaybeNum,
    #[serde(default, rename = "realizedPnL")]
    realized_pnl: MaybeNum,
    #[serde(default)]
    initial_margin: MaybeNum,
    #[serde(default)]
    maintenance_margin: MaybeNum,
    #[serde(default)]
    liquidation_price: MaybeNum,
    #[serde(default)]
    creation_time: MaybeNanos,
}

/// A position that was, of either kind.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPast {
    close_id: Text,
    symbol: Text,
    #[serde(default)]
    margin_mode: Text,
    #[serde(default)]
    side: Text,
    #[serde(default, rename = "type")]
    kind: Text,
    #[serde(default, alias = "entryPrice")]
    open_price: MaybeNum,
    #[serde(default)]
    close_price: MaybeNum,
    #[serde(default)]
    max_size: MaybeNum,
    #[serde(default)]
    leverage: MaybeNum,
    #[serde(default, alias = "realizedPnL")]
    pnl: MaybeNum,
    #[serde(default)]
    open_time: MaybeMs,
    #[serde(default)]
    close_time: MaybeMs,
    #[serde(default)]
    creation_time: MaybeNanos,
    #[serde(default)]
    closing_time: MaybeNanos,
}

/// The side a signed quantity means.
fn side_of(quantity: Decimal) -> Option<PositionSide> {
    match (quantity.is_zero(), quantity.is_sign_negative()) {
        (true, _) => None,
        (false, false) => Some(PositionSide::Long),
        (false, true) => Some(PositionSide::Short),
    }
}

fn size_of(markets: &Markets, symbol: &Text) -> Option<Decimal> {
    markets.of_symbol(&symbol.0, &[]).and_then(|market| market.contract_size)
}

impl RawPosition {
    /// Ours.
    pub(super) fn report(&self, markets: &Markets) -> Result<PositionReport, String> {
        let quantity = self.current_qty.0.ok_or("a position without a quantity")?;
        let told = match self.cross_mode.0 {
            Some(true) => Some(crate::protocol::model::MarginMode::Cross),
            Some(false) => Some(crate::protocol::model::MarginMode::Isolated),
            None => None,
        };
        Ok(PositionReport {
            market: markets.name_of(&self.symbol.0, &[]),
            id: self.id.owned(),
            side: side_of(quantity),
            quantity: Some(quantity.abs()),
            contract_size: size_of(markets, &self.symbol),
            entry_price: self.avg_entry_price.nonzero(),
            mark_price: self.mark_price.nonzero(),
            liquidation_price: self.liquidation_price.nonzero(),
            notional: self.mark_value.0.map(|value| value.abs()),
            leverage: self.leverage.nonzero().or(self.real_leverage.nonzero()),
            unrealized_pnl: self.unrealised_pnl.0,
            realized_pnl: self.realised_pnl.0,
            collateral: self.pos_margin.0,
            initial_margin: self.pos_init.0,
            maintenance_margin: self.pos_maint.0,
            margin_mode: mode(&self.margin_mode)?.or(told),
            hedged: self.position_side.some().map(|side| side != "BOTH"),
            at: self.current_timestamp.0,
            ..PositionReport::default()
        })
    }
}

impl RawUnified {
    fn report(&self, markets: &Markets) -> Result<PositionReport, String> {
        Ok(PositionReport {
            market: markets.name_of(&self.symbol.0, &[]),
            id: self.id.owned(),
            side: side_of(self.size.0),
            quantity: Some(self.size.0.abs()),
            contract_size: size_of(markets, &self.symbol),
            entry_price: self.entry_price.nonzero(),
            mark_price: self.mark_price.nonzero(),
            liquidation_price: self.liquidation_price.nonzero(),
            notional: self.position_value.0.map(|value| value.abs()),
            leverage: self.leverage.nonzero(),
            unrealized_pnl: self.unrealized_pnl.0,
            realized_pnl: self.realized_pnl.0,
            initial_margin: self.initial_margin.0,
            maintenance_margin: self.maintenance_margin.0,
            margin_mode: mode(&self.margin_mode)?,
            at: self.creation_time.0,
            ..PositionReport::default()
        })
    }
}

impl RawPast {
    fn report(&self, markets: &Markets) -> Result<PositionReport, String> {
        // `type` is `CLOSE_LONG`, `LIQUID_SHORT` and so on: its end names the side, too.
        let told = self.side.some().or_else(|| self.kind.some()).unwrap_or_default();
        let side = match told.rsplit('_').next() {
            Some("LONG") => Some(PositionSide::Long),
            Some("SHORT") => Some(PositionSide::Short),
            _ => self.max_size.0.and_then(side_of),
        };
        Ok(PositionReport {
            market: markets.name_of(&self.symbol.0, &[]),
            id: Some(self.close_id.owned().ok_or("a position without an id")?),
            side,
            quantity: self.max_size.0.map(|size| size.abs()),
            contract_size: size_of(markets, &self.symbol),
            entry_price: self.open_price.nonzero(),
            last_price: self.close_price.nonzero(),
            leverage: self.leverage.nonzero(),
            realized_pnl: self.pnl.0,
            margin_mode: mode(&self.margin_mode)?,
            at: self.open_time.0.or(self.creation_time.0),
            updated_at: self.close_time.0.or(self.closing_time.0),
            ..PositionReport::default()
        })
    }
}

fn read(reply: &Reply, markets: &Markets, unified: bool) -> Result<Vec<PositionReport>, ReadFault> {
    let fault = |e: String| ReadFault::parse(reply, e);
    if unified {
        let rows = raw::rows::<RawUnified>(reply)?.0;
        return rows.iter().map(|row| row.report(markets)).collect::<Result<_, _>>().map_err(fault);
    }
    let rows = raw::rows::<RawPosition>(reply)?.0;
    rows.iter().map(|row| row.report(markets)).collect::<Result<_, _>>().map_err(fault)
}

/// Our positions: the venue tells all, those asked for are kept.
pub(super) fn positions(asked: &MarketsQuery) -> Built<Vec<PositionReport>> {
    let wanted: Vec<String> = asked.instruments.iter().map(|market| market.name.clone()).collect();
    let unified = asked.scope.account == AccountSystem::Unified;
    let ours = query(&Params::new(), &asked.scope.extra, &["method"]);
    let request = if unified {
        Unsigned::account(SPOT, "/api/ua/v1/unified/position/open-list", ours)
    } else {
        Unsigned::account(FUTURES, "/api/v1/positions", ours)
    };
    Ok(Ask::new(request.weighing(2), move |reply, markets| {
        let mut all = read(reply, markets, unified)?;
        all.retain(|position| wanted.is_empty() || wanted.contains(&position.market));
        Ok(all)
    }))
}

/// Our position in one market.
pub(super) fn position(market: &Instrument, scope: &Scope) -> Built<PositionReport> {
    contract(market)?;
    let unified = scope.account == AccountSystem::Unified;
    let ours = query(&Params::new().with("symbol", &market.symbol), &scope.extra, &[]);
    let request = if unified {
        Unsigned::account(SPOT, "/api/ua/v1/unified/position/open-list", ours)
    } else {
        Unsigned::account(FUTURES, "/api/v1/position", ours)
    };
    let name = market.name.clone();
    Ok(Ask::new(request.weighing(2), move |reply, markets| {
        if !unified && raw::payload(reply)?.starts_with('{') {
            return raw::object::<RawPosition>(reply)?.report(markets).map_err(|e| ReadFault::parse(reply, e));
        }
        let found = read(reply, markets, unified)?.into_iter().find(|position| position.market == name);
        // No row: we are flat.
        Ok(found.unwrap_or_else(|| PositionReport {
            market: name.clone(),
            quantity: Some(Decimal::ZERO),
            ..PositionReport::default()
        }))
    }))
}

/// Positions that were.
pub(super) fn positions_history(asked: &HistoryQuery) -> Built<Vec<PositionReport>> {
    let range = asked.range;
    let symbol = Params::new().maybe("symbol", asked.instrument.as_ref().map(|market| market.symbol.clone()));
    let (since, until) = (range.since.map(Timestamp::ms), range.until.map(Timestamp::ms));
    let request = if asked.scope.account == AccountSystem::Unified {
        let ours = symbol.maybe("startAt", since).maybe("endAt", until).maybe("pageSize", range.limit);
        Unsigned::account(SPOT, "/api/ua/v1/position/history", query(&ours, &asked.scope.extra, &[]))
    } else {
        let ours = symbol.maybe("from", since).maybe("to", until).with("limit", range.limit.unwrap_or(200));
        Unsigned::account(FUTURES, "/api/v1/history-positions", query(&ours, &asked.scope.extra, &[]))
    };
    Ok(Ask::new(request.weighing(2), |reply, markets| {
        let rows = raw::rows::<RawPast>(reply)?.0;
        rows.iter().map(|row| row.report(markets)).collect::<Result<_, _>>().map_err(|e| ReadFault::parse(reply, e))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Product;

    #[test]
    fn a_short_position_has_a_positive_quantity_and_no_row_means_flat() {
        let market = Instrument::named(Product::Linear, "XBTUSDTM", "BTC", "USDT", Some("USDT"));
        let markets = Markets::new([market.clone()]);
        let reply = |data: &str| Reply::new(200, format!(r#"{{"code":"200000","data":{data}}}"#));
        let unified = Scope { account: AccountSystem::Unified, ..Scope::default() };
        let ask = position(&market, &unified).unwrap();
        let short = ask.read(&reply(r#"[{"symbol":"XBTUSDTM","size":"-3","marginMode":"CROSS"}]"#), &markets).unwrap();
        assert_eq!((short.side, short.quantity), (Some(PositionSide::Short), Some(Decimal::from(3))));
        let flat = ask.read(&reply("[]"), &markets).unwrap();
        assert_eq!((flat.side, flat.quantity), (None, Some(Decimal::ZERO)));
        assert!(ask.read(&reply(r#"[{"symbol":"XBTUSDTM","size":"-3","marginMode":"OTHER"}]"#), &markets).is_err());
        let classic = position(&market, &Scope::default()).unwrap();
        let row = r#"{"symbol":"XBTUSDTM","currentQty":-2,"crossMode":false,"markValue":-180.5,"realLeverage":5}"#;
        let short = classic.read(&reply(row), &markets).unwrap();
        assert_eq!((short.quantity, short.notional), (Some(Decimal::TWO), Some(Decimal::new(1805, 1))));
        assert!(classic.read(&reply(r#"{"symbol":"XBTUSDTM"}"#), &markets).is_err(), "no quantity, no position");
    }
}
