//! Leverage, margin modes, margin, and the steps of leverage.

use super::envelope::{self, Ack};
use super::raw::{LeverageRow, TierRow};
use super::words::{invalid, position_side};
use super::{inst_type, limits, margin_of, margin_text, underlying};
use crate::protocol::call::{LeverageChange, MarketsQuery, Scope};
use crate::protocol::fields::Fields;
use crate::protocol::model::{LeverageSetting, LeverageTier, MarginMode, PositionSide};
use crate::protocol::{Ask, Built, EndpointClass, Instrument, Product, ReadFault, Reply, Unsigned};
use rust_decimal::Decimal;
use serde_json::Value;

fn post(path: &'static str, fields: Fields, class: EndpointClass) -> Unsigned {
    limits::post(path, fields.body(), class)
}

/// The leverage of a market, long and short.
fn setting(reply: &Reply, rows: &[LeverageRow], market: &str) -> Result<LeverageSetting, ReadFault> {
    let first = rows.first().ok_or_else(|| ReadFault::parse(reply, "there is no leverage"))?;
    let of = |side: &str| rows.iter().find(|row| row.pos_side.0 == side).unwrap_or(first).lever.0;
    let margin_mode = margin_of(&first.mgn_mode.0);
    Ok(LeverageSetting { market: market.to_owned(), margin_mode, long: of("long"), short: of("short") })
}

fn leverage_change(leverage: Value, mode: MarginMode, market: &Instrument, side: Option<PositionSide>) -> Fields {
    Fields::new()
        .with("lever", leverage)
        .with("mgnMode", margin_text(mode))
        .with("instId", market.symbol.as_str())
        .maybe("posSide", side.map(position_side))
}

/// Sets the leverage.
pub(super) fn set_leverage(change: &LeverageChange) -> Built<LeverageSetting> {
    let LeverageChange { instrument, leverage, scope } = change;
    let Some(market) = instrument else { return invalid("OKX sets the leverage of one market at a time") };
    if *leverage <= Decimal::ZERO {
        return invalid("a leverage is greater than zero");
    }
    let mode = scope.margin.or_else(|| margin_of(&scope.extra.text("mgnMode")?)).unwrap_or(MarginMode::Cross);
    let fields = leverage_change(leverage.normalize().to_string().into(), mode, market, scope.position_side)
        .extra(&scope.extra, &[]);
    let name = market.name.clone();
    let request = post("/api/v5/account/set-leverage", fields, EndpointClass::Account);
    Ok(Ask::new(request, move |reply, _| setting(reply, &envelope::rows(reply)?, &name)))
}

/// The leverage that is set.
pub(super) fn leverage(market: &Instrument, scope: &Scope) -> Built<LeverageSetting> {
    let fields = Fields::new()
        .with("instId", market.symbol.as_str())
        .with("mgnMode", margin_text(scope.margin.unwrap_or(MarginMode::Cross)))
        .extra(&scope.extra, &[]);
    let name = market.name.clone();
    Ok(Ask::new(limits::account("/api/v5/account/leverage-info", fields), move |reply, _| {
        setting(reply, &envelope::rows(reply)?, &name)
    }))
}

/// Sets the margin mode. At this venue that is the leverage of a mode; which mode an order uses, it says itself.
pub(super) fn set_margin_mode(mode: MarginMode, market: Option<&Instrument>, scope: &Scope) -> Built<()> {
    let Some(market) = market else { return invalid("OKX sets the margin mode of one market at a time") };
    let Some(leverage) = scope.extra.get("leverage").or_else(|| scope.extra.get("lever")) else {
        return invalid("OKX sets a margin mode together with its leverage: say `leverage`");
    };
    let fields = leverage_change(leverage.clone(), mode, market, scope.position_side)
        .extra(&scope.extra, &["leverage", "lever"]);
    let request = post("/api/v5/account/set-leverage", fields, EndpointClass::Account);
    Ok(Ask::new(request, |reply, _| envelope::rows::<LeverageRow>(reply).map(|_| ())))
}

/// Sets whether long and short are held apart, for the whole account.
pub(super) fn set_position_mode(hedged: bool, scope: &Scope) -> Built<()> {
    let mode = if hedged { "long_short_mode" } else { "net_mode" };
    let fields = Fields::new().with("posMode", mode).extra(&scope.extra, &[]);
    let request = post("/api/v5/account/set-position-mode", fields, EndpointClass::Account);
    Ok(Ask::new(request, |reply, _| envelope::rows::<Ack>(reply).map(|_| ())))
}

/// Adds margin to a position, or takes it away.
pub(super) fn change_margin(market: &Instrument, amount: Decimal, scope: &Scope) -> Built<()> {
    if amount.is_zero() {
        return invalid("no margin is added or taken away");
    }
    let kind = if amount.is_sign_positive() { "add" } else { "reduce" };
    let fields = Fields::new()
        .with("instId", market.symbol.as_str())
        .with("amt", amount.abs().normalize().to_string())
        .with("type", kind)
        .with("posSide", scope.position_side.map_or("net", position_side))
        .extra(&scope.extra, &[]);
    let request = post("/api/v5/account/position/margin-balance", fields, EndpointClass::Account);
    Ok(Ask::new(request, |reply, _| envelope::rows::<Ack>(reply).map(|_| ())))
}

/// Steps of leverage of one market. The venue counts in its unit of quantity, not in notional.
pub(super) fn market_tiers(market: &Instrument, scope: &Scope) -> Built<Vec<LeverageTier>> {
    let spot = market.product == Product::Spot;
    let fields = Fields::new()
        .with("instType", if spot { "MARGIN" } else { inst_type(market) })
        .with("tdMode", margin_text(scope.margin.unwrap_or(MarginMode::Cross)))
        .maybe("uly", underlying(market))
        .maybe("instId", spot.then(|| market.symbol.clone()))
        .extra(&scope.extra, &[]);
    let request = limits::public("/api/v5/public/position-tiers", fields);
    let name = market.name.clone();
    Ok(Ask::new(request, move |reply, _| {
        envelope::each(reply, |row: TierRow| {
            Ok(LeverageTier {
                market: name.clone(),
                tier: row.tier.0,
                min_notional: row.min_sz.0,
                max_notional: row.max_sz.0,
                maintenance_rate: row.mmr.0,
                max_leverage: row.max_lever.0,
            })
        })
    }))
}

/// The same, for a question that names exactly one market: the venue answers for one pair at a time.
pub(super) fn tiers(query: &MarketsQuery) -> Built<Vec<LeverageTier>> {
    match query.instruments.as_slice() {
        [market] => market_tiers(market, &query.scope),
        _ => invalid("OKX tells the steps of leverage of one market at a time"),
    }
}
