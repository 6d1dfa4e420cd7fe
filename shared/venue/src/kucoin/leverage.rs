//! Leverage, its tiers, margin modes and the margin of positions.

use super::ask::{FUTURES, Fields, Route, SPOT, contract, lacks, mode_text, needed, needs, query, segment, whole};
use super::funding::symbols;
use super::raw;
use crate::protocol::call::AccountSystem;
use crate::protocol::model::{LeverageSetting, LeverageTier, MarginMode};
use crate::protocol::wire::{MaybeNum, Num, Text};
use crate::protocol::{
    Ask, Built, EndpointClass, Instrument, LeverageChange, Markets, MarketsQuery, Params, ReadFault, Reply, Scope,
    Unsigned,
};
use rust_decimal::Decimal;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tier {
    #[serde(default)]
    symbol: Text,
    #[serde(alias = "tier")]
    level: MaybeNum,
    #[serde(default, alias = "minSize")]
    min_risk_limit: MaybeNum,
    #[serde(default, alias = "maxSize")]
    max_risk_limit: MaybeNum,
    #[serde(default)]
    max_leverage: MaybeNum,
    #[serde(default, alias = "maintainMarginRate")]
    maintain_margin: MaybeNum,
}

fn read_tiers(reply: &Reply, markets: &Markets) -> Result<Vec<LeverageTier>, ReadFault> {
    let rows = raw::rows::<Tier>(reply)?.0;
    let one = |row: &Tier| LeverageTier {
        market: markets.name_of(&row.symbol.0, &[]),
        tier: row.level.0,
        min_notional: row.min_risk_limit.0,
        max_notional: row.max_risk_limit.0,
        maintenance_rate: row.maintain_margin.0,
        max_leverage: row.max_leverage.0,
    };
    Ok(rows.iter().map(one).collect())
}

/// What leverage each notional allows in the unified account; the venue has such a list for no other cross margin.
pub(super) fn leverage_tiers(asked: &MarketsQuery) -> Built<Vec<LeverageTier>> {
    let ours = Params::new()
        .with("tradeType", "FUTURES")
        .with("marginMode", mode_text(asked.scope.margin.unwrap_or(MarginMode::Cross)))
        .with("data", "RISK_LIMIT")
        .with("accountType", "UNIFIED")
        .maybe("symbol", symbols(&asked.instruments));
    let request = Unsigned::public(SPOT, "/api/ua/v1/market/position-tiers", query(&ours, &asked.scope.extra, &[]));
    Ok(Ask::new(request.weighing(5), read_tiers))
}

/// The same of one market, under isolated margin.
pub(super) fn market_leverage_tiers(market: &Instrument, scope: &Scope) -> Built<Vec<LeverageTier>> {
    contract(market)?;
    if scope.account == AccountSystem::Unified {
        return leverage_tiers(&MarketsQuery { instruments: vec![market.clone()], scope: scope.clone() });
    }
    let path = format!("/api/v1/contracts/risk-limit/{}", segment(&market.symbol));
    let request = Unsigned::public(FUTURES, path, query(&Params::new(), &scope.extra, &[])).weighing(5);
    Ok(Ask::new(request, read_tiers))
}

fn post(origin: &'static str, path: &'static str, fields: Fields, scope: &Scope, weight: u32) -> Unsigned {
    let body = fields.extra(&scope.extra, &[]).body();
    Unsigned::post(origin, path, body, EndpointClass::Order).weighing(weight)
}

/// Sets the leverage: of a contract under cross margin, or of margin trading. Under isolated margin a contract's
/// leverage goes with the order.
pub(super) fn set_leverage(change: &LeverageChange) -> Built<LeverageSetting> {
    let (scope, leverage) = (&change.scope, change.leverage.normalize().to_string());
    let market = change.instrument.as_ref();
    let request = match market {
        Some(market) if market.product.is_contract() => {
            let fields = Fields::default().with("symbol", market.symbol.clone()).with("leverage", leverage);
            if scope.account == AccountSystem::Unified {
                post(SPOT, "/api/ua/v1/unified/account/modify-leverage", fields, scope, 2)
            } else if scope.margin == Some(MarginMode::Isolated) {
                return Err(lacks("a leverage of contracts under isolated margin but the order's own"));
            } else {
                post(FUTURES, "/api/v2/changeCrossUserLeverage", fields, scope, 2)
            }
        }
        _ if scope.account == AccountSystem::Unified => {
            let fields = Fields::default().with("leverage", leverage);
            let fields = fields.maybe("currency", market.map(|market| market.base.clone()));
            post(SPOT, "/api/ua/v1/unified/account/modify-leverage-margin-cross", fields, scope, 2)
        }
        _ => {
            let isolated = scope.margin == Some(MarginMode::Isolated);
            if isolated {
                needed(market)?;
            }
            let fields = Fields::default()
                .maybe("symbol", market.map(|market| market.symbol.clone()))
                .with("leverage", leverage)
                .with("isIsolated", isolated);
            post(SPOT, "/api/v3/position/update-user-leverage", fields, scope, 8)
        }
    };
    let name = market.map(|market| market.name.clone()).unwrap_or_default();
    let (leverage, margin_mode) = (change.leverage, scope.margin);
    Ok(Ask::new(request, move |reply, _| {
        // The answer is `true`, or nothing at all; `false` is a no.
        if raw::payload(reply)? == "false" {
            return Err(ReadFault::parse(reply, "the leverage was not set"));
        }
        Ok(LeverageSetting { market: name.clone(), margin_mode, long: Some(leverage), short: Some(leverage) })
    }))
}

#[derive(Deserialize)]
struct Leverage {
    #[serde(default)]
    leverage: MaybeNum,
}

/// The leverage that is set under cross margin.
pub(super) fn leverage(market: &Instrument, scope: &Scope) -> Built<LeverageSetting> {
    contract(market)?;
    let name = market.name.clone();
    let mode = scope.margin.unwrap_or(MarginMode::Cross);
    let symbol = Params::new().with("symbol", &market.symbol);
    let request = if scope.account == AccountSystem::Unified {
        let ours = symbol.with("tradeType", "FUTURES").with("marginMode", mode_text(mode));
        Unsigned::account(SPOT, "/api/ua/v1/unified/account/leverage", query(&ours, &scope.extra, &[]))
    } else if mode == MarginMode::Isolated {
        return Err(lacks("a leverage of contracts under isolated margin but the order's own"));
    } else {
        Unsigned::account(FUTURES, "/api/v2/getCrossUserLeverage", query(&symbol, &scope.extra, &[]))
    };
    Ok(Ask::new(request.weighing(2), move |reply, _| {
        let row: Option<Leverage> = if raw::payload(reply)?.starts_with('[') {
            raw::data::<Vec<Leverage>>(reply)?.into_iter().next()
        } else {
            Some(raw::object(reply)?)
        };
        let set = row.and_then(|row| row.leverage.0);
        let set = set.ok_or_else(|| ReadFault::parse(reply, "no leverage in the answer"))?;
        Ok(LeverageSetting { market: name.clone(), margin_mode: Some(mode), long: Some(set), short: Some(set) })
    }))
}

/// Sets the margin mode of a contract.
pub(super) fn set_margin_mode(mode: MarginMode, market: Option<&Instrument>, scope: &Scope) -> Built<()> {
    let market = contract(needed(market)?)?;
    let fields = Fields::default().with("symbol", market.symbol.clone()).with("marginMode", mode_text(mode));
    let request = match Route::asked(Some(market), scope, market.product)? {
        Route::Unified(_) => post(SPOT, "/api/ua/v1/unified/position/margin-mode", fields, scope, 2),
        Route::Futures | Route::Spot | Route::Fast | Route::Margin(_) => {
            post(FUTURES, "/api/v2/position/changeMarginMode", fields, scope, 2)
        }
    };
    Ok(Ask::new(request, |reply, _| raw::payload(reply).map(|_| ())))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mode {
    margin_mode: Text,
}

/// Cross or isolated.
pub(super) fn mode(text: &Text) -> Result<Option<MarginMode>, String> {
    match text.0.as_str() {
        "" => Ok(None),
        "CROSS" | "cross" => Ok(Some(MarginMode::Cross)),
        "ISOLATED" | "isolated" => Ok(Some(MarginMode::Isolated)),
        other => Err(format!("margin mode {other:?}")),
    }
}

/// The margin mode of a contract.
pub(super) fn margin_mode(market: &Instrument, scope: &Scope) -> Built<LeverageSetting> {
    contract(market)?;
    let name = market.name.clone();
    let ours = query(&Params::new().with("symbol", &market.symbol), &scope.extra, &[]);
    let request = Unsigned::account(FUTURES, "/api/v2/position/getMarginMode", ours).weighing(2);
    Ok(Ask::new(request, move |reply, _| {
        let answer: Mode = raw::object(reply)?;
        let margin_mode = mode(&answer.margin_mode).map_err(|e| ReadFault::parse(reply, e))?;
        Ok(LeverageSetting { market: name.clone(), margin_mode, ..LeverageSetting::default() })
    }))
}

/// Sets whether long and short are held apart, for all contracts.
pub(super) fn set_position_mode(hedged: bool, scope: &Scope) -> Built<()> {
    let fields = Fields::default().with("positionMode", if hedged { "1" } else { "0" });
    let request = post(FUTURES, "/api/v2/position/switchPositionMode", fields, scope, 2);
    Ok(Ask::new(request, |reply, _| raw::payload(reply).map(|_| ())))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PositionMode {
    position_mode: Num,
}

/// Whether long and short are held apart.
pub(super) fn position_mode(scope: &Scope) -> Built<bool> {
    let ours = query(&Params::new(), &scope.extra, &[]);
    let request = Unsigned::account(FUTURES, "/api/v2/position/getPositionMode", ours).weighing(2);
    Ok(Ask::new(request, |reply, _| {
        let answer: PositionMode = raw::object(reply)?;
        let told = answer.position_mode.0;
        if told.is_zero() || told == Decimal::ONE {
            return Ok(!told.is_zero());
        }
        Err(ReadFault::parse(reply, format!("position mode {told}")))
    }))
}

/// Adds margin to a position under isolated margin, or takes it away.
pub(super) fn change_margin(market: &Instrument, amount: Decimal, scope: &Scope) -> Built<()> {
    contract(market)?;
    if amount.is_zero() {
        return Err(needs("an amount"));
    }
    let size = amount.abs().normalize().to_string();
    let adding = amount > Decimal::ZERO;
    let side = scope.position_side.map(|side| match side {
        crate::protocol::model::PositionSide::Long => "LONG",
        crate::protocol::model::PositionSide::Short => "SHORT",
    });
    let fields = Fields::default().with("symbol", market.symbol.clone()).maybe("positionSide", side);
    let request = match (Route::asked(Some(market), scope, market.product)?, adding) {
        (Route::Unified(kind), _) => {
            let fields = fields.with("type", if adding { "DEPOSIT" } else { "WITHDRAW" });
            let fields = fields.with("amount", size).with("tradeType", kind);
            post(SPOT, "/api/ua/v1/unified/position/modify-margin", fields, scope, 4)
        }
        (_, true) => {
            // The venue carries out each of these ids once.
            let id = scope.extra.text("bizNo").unwrap_or_else(|| super::ask::UNIQUE.to_owned());
            let fields = fields.with("margin", whole(&size)).with("bizNo", id);
            post(FUTURES, "/api/v1/position/margin/deposit-margin", fields, scope, 4)
        }
        (_, false) => post(FUTURES, "/api/v1/margin/withdrawMargin", fields.with("withdrawAmount", size), scope, 10),
    };
    Ok(Ask::new(request, |reply, _| raw::payload(reply).map(|_| ())))
}
