//! Leverage, margin and the modes of contracts.

use super::super::protocol::call::{LeverageChange, Scope};
use super::super::protocol::fault::{CallError, ReadFault};
use super::super::protocol::http::{EndpointClass, Unsigned};
use super::super::protocol::market::{Instrument, Product};
use super::super::protocol::model::{LeverageSetting, MarginMode, PositionSide};
use super::super::protocol::wire::{MaybeNum, Text};
use super::super::protocol::{Ask, Built};
use super::contracts::done;
use super::line::{Line, invalid, margin_coin, mode_name, mode_of, need_contract, unsupported};
use super::place::position_name;
use super::raw::{Fields, account, data, post};
use rust_decimal::Decimal;
use serde::Deserialize;

/// Sets the leverage.
pub(super) fn set_leverage(change: &LeverageChange) -> Built<LeverageSetting> {
    let scope = &change.scope;
    let line = Line::asked(change.instrument.as_ref(), scope, Product::Linear)?;
    let leverage = change.leverage.normalize();
    let fields = Fields::new().with("leverage", leverage.to_string());
    let side = scope.position_side.map(position_name);
    let market = change.instrument.as_ref();
    let request = if line.is_unified() {
        let fields = fields.with("category", if line.product.is_contract() { line.category } else { "MARGIN" });
        let fields = match market {
            Some(market) if line.product.is_contract() => fields.with("symbol", market.symbol.as_str()),
            // Margin trading has a leverage a coin.
            Some(market) => {
                let coin = scope.extra.text("coin").or_else(|| scope.extra.text("code"));
                fields.with("coin", coin.unwrap_or_else(|| market.base.clone()))
            }
            None => fields,
        };
        let isolated = (scope.margin == Some(MarginMode::Isolated)).then_some("isolated");
        let fields = fields.maybe("posSide", side).maybe("marginMode", isolated);
        let fields = fields.extra(&scope.extra, &["coin", "code"]);
        post("/api/v3/account/set-leverage", fields.body(), EndpointClass::Account)
    } else {
        need_contract(line, "leverage")?;
        let market = market.ok_or_else(|| invalid("leverage is set one market at a time"))?;
        let fields = fields
            .with("symbol", market.symbol.as_str())
            .with("marginCoin", margin_coin(market)?)
            .with("productType", line.category)
            .maybe("holdSide", side);
        post("/api/v2/mix/account/set-leverage", fields.extra(&scope.extra, &[]).body(), EndpointClass::Account)
    };
    let (name, about) = (market.map(|i| i.name.clone()).unwrap_or_default(), scope.position_side);
    Ok(Ask::new(request, move |reply, _| {
        super::raw::payload(reply)?;
        Ok(LeverageSetting {
            market: name.clone(),
            margin_mode: None,
            long: Some(leverage).filter(|_| about != Some(PositionSide::Short)),
            short: Some(leverage).filter(|_| about != Some(PositionSide::Long)),
        })
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSettings {
    #[serde(default)]
    margin_mode: Text,
    #[serde(default)]
    pos_mode: Text,
    #[serde(default)]
    crossed_margin_leverage: MaybeNum,
    #[serde(default)]
    isolated_long_lever: MaybeNum,
    #[serde(default)]
    isolated_short_lever: MaybeNum,
    #[serde(default)]
    hold_mode: Text,
    #[serde(default)]
    symbol_config_list: Vec<RawSymbolConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSymbolConfig {
    symbol: Text,
    #[serde(default)]
    category: Text,
    #[serde(default)]
    margin_mode: Text,
    #[serde(default)]
    leverage: MaybeNum,
}

fn settings_request(market: &Instrument, scope: &Scope, line: Line) -> Result<Unsigned, CallError> {
    if line.is_unified() {
        return Ok(account("/api/v3/account/settings", Fields::new().extra(&scope.extra, &[])));
    }
    let fields = Fields::new()
        .with("symbol", market.symbol.as_str())
        .with("productType", line.category)
        .with("marginCoin", margin_coin(market)?);
    Ok(account("/api/v2/mix/account/account", fields.extra(&scope.extra, &[])))
}

/// The leverage and the margin mode of a market.
pub(super) fn leverage(market: &Instrument, scope: &Scope) -> Built<LeverageSetting> {
    let line = Line::asked(Some(market), scope, Product::Linear)?;
    need_contract(line, "leverage")?;
    let (name, symbol) = (market.name.clone(), market.symbol.clone());
    Ok(Ask::new(settings_request(market, scope, line)?, move |reply, _| {
        let raw: RawSettings = data(reply)?;
        let setting = |mode: &str, long, short| {
            let margin_mode = mode_of(mode).ok_or_else(|| ReadFault::parse(reply, format!("{mode:?} is no mode")))?;
            Ok(LeverageSetting { market: name.clone(), margin_mode: Some(margin_mode), long, short })
        };
        if line.is_unified() {
            let is_it = |one: &&RawSymbolConfig| one.symbol.0 == symbol && one.category.0 == line.category;
            let one = raw.symbol_config_list.iter().find(is_it);
            let one = one.ok_or_else(|| ReadFault::parse(reply, format!("no settings of {symbol}")))?;
            return setting(&one.margin_mode.0, one.leverage.0, one.leverage.0);
        }
        if mode_of(&raw.margin_mode.0) == Some(MarginMode::Isolated) {
            return setting(&raw.margin_mode.0, raw.isolated_long_lever.0, raw.isolated_short_lever.0);
        }
        setting(&raw.margin_mode.0, raw.crossed_margin_leverage.0, raw.crossed_margin_leverage.0)
    }))
}

/// Sets the margin mode of a market. In the unified account it goes with each order instead.
pub(super) fn set_margin_mode(mode: MarginMode, market: Option<&Instrument>, scope: &Scope) -> Built<()> {
    let line = Line::asked(market, scope, Product::Linear)?;
    need_contract(line, "margin modes")?;
    if line.is_unified() {
        return Err(unsupported("margin modes of markets in the unified account"));
    }
    let market = market.ok_or_else(|| invalid("the margin mode is set one market at a time"))?;
    let fields = Fields::new()
        .with("symbol", market.symbol.as_str())
        .with("marginCoin", margin_coin(market)?)
        .with("productType", line.category)
        .with("marginMode", mode_name(mode))
        .extra(&scope.extra, &[]);
    Ok(done(post("/api/v2/mix/account/set-margin-mode", fields.body(), EndpointClass::Account)))
}

/// Sets whether long and short are held apart, of a whole line of business.
pub(super) fn set_position_mode(hedged: bool, market: Option<&Instrument>, scope: &Scope) -> Built<()> {
    let line = Line::asked(market, scope, Product::Linear)?;
    let mode = if hedged { "hedge_mode" } else { "one_way_mode" };
    let request = if line.is_unified() {
        let fields = Fields::new().with("holdMode", mode).extra(&scope.extra, &["productType", "category"]);
        post("/api/v3/account/set-hold-mode", fields.body(), EndpointClass::Account)
    } else {
        need_contract(line, "position modes")?;
        let fields = Fields::new().with("posMode", mode).with("productType", line.category);
        let fields = fields.extra(&scope.extra, &[]);
        post("/api/v2/mix/account/set-position-mode", fields.body(), EndpointClass::Account)
    };
    Ok(done(request))
}

/// Whether long and short are held apart. The classic account says so of a market.
pub(super) fn position_mode(market: Option<&Instrument>, scope: &Scope) -> Built<bool> {
    let line = Line::asked(market, scope, Product::Linear)?;
    let request = match (market, line.is_unified()) {
        (Some(market), _) => settings_request(market, scope, line)?,
        (None, true) => account("/api/v3/account/settings", Fields::new().extra(&scope.extra, &[])),
        (None, false) => return Err(invalid("the classic account tells its position mode of a market")),
    };
    Ok(Ask::new(request, |reply, _| {
        let raw: RawSettings = data(reply)?;
        match raw.pos_mode.some().or_else(|| raw.hold_mode.some()) {
            Some("hedge_mode") => Ok(true),
            Some("one_way_mode") => Ok(false),
            other => Err(ReadFault::parse(reply, format!("{other:?} is no position mode"))),
        }
    }))
}

/// Adds margin to an isolated position, or takes it away.
pub(super) fn change_margin(market: &Instrument, amount: Decimal, scope: &Scope) -> Built<()> {
    let line = Line::asked(Some(market), scope, Product::Linear)?;
    need_contract(line, "margin of positions")?;
    let side = scope.position_side.map(position_name);
    let fields = Fields::new().with("symbol", market.symbol.as_str());
    let request = if line.is_unified() {
        let side = side.ok_or_else(|| invalid("which position the margin is of has to be said"))?;
        let fields = fields
            .with("category", line.category)
            .with("posSide", side)
            .with("operation", if amount.is_sign_negative() { "remove" } else { "add" })
            .with("amount", amount.abs().normalize().to_string());
        post("/api/v3/account/set-margin", fields.extra(&scope.extra, &[]).body(), EndpointClass::Account)
    } else {
        let fields = fields
            .with("productType", line.category)
            .with("marginCoin", margin_coin(market)?)
            .with("amount", amount.normalize().to_string())
            .maybe("holdSide", side);
        post("/api/v2/mix/account/set-margin", fields.extra(&scope.extra, &[]).body(), EndpointClass::Account)
    };
    Ok(done(request))
}
