//! What only contracts have: funding, open interest, leverage tiers, and the settings of an account about them.

use super::ask::{self, Rows, ask, done, ranged, with_extra};
use super::raw_account::{RawContractAccount, RawDual, RawLeverage, RawSymbolConfig};
use super::raw_market::{RawBrackets, RawFundingInfo, RawFundingRate, RawOpenInterest, RawPremium};
use super::system::{System, public};
use crate::protocol::call::{AccountSystem, Scope};
use crate::protocol::model::{Funding, LeverageSetting, LeverageTier, MarginMode, OpenInterest};
use crate::protocol::{
    Ask, Body, Built, CallError, EndpointClass, HistoryQuery, Instrument, LeverageChange, Markets, MarketsQuery,
    Meaning, Params, Product, ReadFault, Unsigned,
};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

const NONE: [&str; 1] = ["method"];

pub(super) fn unsupported<T>(what: &str) -> Result<T, CallError> {
    Err(CallError::Unsupported { venue: "binance", what: what.to_owned() })
}

/// The public server of a contract.
fn contract(product: Product) -> Result<System, CallError> {
    match product {
        Product::Linear | Product::Inverse => Ok(public(product)),
        Product::Spot | Product::Option => unsupported("funding but of futures"),
    }
}

/// The account system of a contract, usually of USD-M.
fn account(scope: &Scope, market: Option<&Instrument>) -> Result<System, CallError> {
    let system = System::within(scope, market, Product::Linear);
    match system.product() {
        Product::Linear | Product::Inverse => Ok(system),
        Product::Spot | Product::Option => unsupported("such a setting but of futures"),
    }
}

fn first_product(query: &MarketsQuery) -> Product {
    query.instruments.first().map(|market| market.product).or(query.scope.product).unwrap_or(Product::Linear)
}

fn names(query: &MarketsQuery) -> Vec<String> {
    query.instruments.iter().map(|market| market.name.clone()).collect()
}

fn found<T>(rows: Vec<T>, name: &str, of: fn(&T) -> &str) -> Result<T, String> {
    rows.into_iter().find(|row| of(row) == name).ok_or_else(|| format!("nothing about {name}"))
}

fn premium(raw: &RawPremium, system: System, markets: &Markets) -> Funding {
    Funding {
        market: markets.name_of(&raw.symbol.0, &[system.product()]),
        at: raw.time.0,
        rate: raw.last_funding_rate.0,
        next_at: raw.next_funding_time.0,
        mark: raw.mark_price.0,
        index: raw.index_price.0,
        interest_rate: raw.interest_rate.0,
        ..Funding::default()
    }
}

pub(super) fn funding(market: &Instrument, scope: &Scope) -> Built<Funding> {
    let system = contract(market.product)?;
    let params = with_extra(Params::new().with("symbol", &market.symbol), &scope.extra, &NONE);
    let request = Unsigned::public(system.origin(), system.path("/premiumIndex"), params).weighing(1);
    let name = market.name.clone();
    Ok(ask(request, system.family(), move |raw: Rows<RawPremium>, markets| {
        let rows = raw.0.iter().map(|raw| premium(raw, system, markets)).collect();
        found(rows, &name, |row: &Funding| &row.market)
    }))
}

pub(super) fn fundings(query: &MarketsQuery) -> Built<Vec<Funding>> {
    let system = contract(first_product(query))?;
    let params = with_extra(Params::new(), &query.scope.extra, &NONE);
    let request = Unsigned::public(system.origin(), system.path("/premiumIndex"), params).weighing(10);
    let names = names(query);
    Ok(ask(request, system.family(), move |raw: Rows<RawPremium>, markets| {
        let mut rows: Vec<Funding> = raw.0.iter().map(|raw| premium(raw, system, markets)).collect();
        rows.retain(|row| names.is_empty() || names.contains(&row.market));
        Ok(rows)
    }))
}

pub(super) fn funding_history(query: &HistoryQuery) -> Built<Vec<Funding>> {
    let market = query.instrument.as_ref();
    let system = contract(market.map(|m| m.product).or(query.scope.product).unwrap_or(Product::Linear))?;
    let params = ranged(Params::new().maybe("symbol", market.map(|m| &m.symbol)), &query.range);
    let params = with_extra(params, &query.scope.extra, &NONE);
    let request = Unsigned::public(system.origin(), system.path("/fundingRate"), params);
    Ok(ask(request, system.family(), move |raw: Vec<RawFundingRate>, markets| {
        let row = |raw: &RawFundingRate| Funding {
            market: markets.name_of(&raw.symbol.0, &[system.product()]),
            at: raw.funding_time.0,
            rate: Some(raw.funding_rate.0),
            mark: raw.mark_price.0,
            ..Funding::default()
        };
        let mut rows: Vec<Funding> = raw.iter().map(row).collect();
        rows.sort_by_key(|row| row.at);
        Ok(rows)
    }))
}

fn intervals(system: System, scope: &Scope) -> Ask<Vec<Funding>> {
    let params = with_extra(Params::new(), &scope.extra, &NONE);
    let request = Unsigned::public(system.origin(), system.path("/fundingInfo"), params);
    ask(request, system.family(), move |raw: Vec<RawFundingInfo>, markets| {
        let row = |raw: &RawFundingInfo| {
            let hours = raw.funding_interval_hours.0;
            Ok(Funding {
                market: markets.name_of(&raw.symbol.0, &[system.product()]),
                interval_hours: Some(hours.to_u32().ok_or_else(|| format!("{hours} is no number of hours"))?),
                ..Funding::default()
            })
        };
        raw.iter().map(row).collect()
    })
}

pub(super) fn funding_interval(market: &Instrument, scope: &Scope) -> Built<Funding> {
    let name = market.name.clone();
    // The venue lists only markets that were ever changed; of another it does not tell.
    Ok(intervals(contract(market.product)?, scope).map(move |rows| {
        let of = |rows: Vec<Funding>| found(rows, &name, |row: &Funding| &row.market).ok();
        of(rows).unwrap_or_else(|| Funding { market: name.clone(), ..Funding::default() })
    }))
}

pub(super) fn funding_intervals(query: &MarketsQuery) -> Built<Vec<Funding>> {
    let names = names(query);
    Ok(intervals(contract(first_product(query))?, &query.scope).map(move |mut rows| {
        rows.retain(|row| names.is_empty() || names.contains(&row.market));
        rows
    }))
}

pub(super) fn open_interest(market: &Instrument, scope: &Scope) -> Built<OpenInterest> {
    let system = public(market.product);
    let params = match market.product {
        Product::Spot => return unsupported("open interest on spot"),
        Product::Linear | Product::Inverse => Params::new().with("symbol", &market.symbol),
        Product::Option => {
            // The day of expiry as it stands in the symbol.
            let day = market.symbol.split('-').nth(1).unwrap_or_default();
            Params::new().with("underlyingAsset", &market.base).with("expiration", day)
        }
    };
    let params = with_extra(params, &scope.extra, &NONE);
    let request = Unsigned::public(system.origin(), system.path("/openInterest"), params);
    let name = market.name.clone();
    Ok(ask(request, system.family(), move |raw: Rows<RawOpenInterest>, markets| {
        let row = |raw: &RawOpenInterest| OpenInterest {
            market: markets.name_of(&raw.symbol.0, &[system.product()]),
            amount: raw.open_interest.0,
            value: raw.sum_open_interest_usd.0,
            at: raw.time.0,
        };
        found(raw.0.iter().map(row).collect(), &name, |row: &OpenInterest| &row.market)
    }))
}

fn tiers(system: System, params: Params, names: Vec<String>) -> Ask<Vec<LeverageTier>> {
    // COIN-M's first version knows pairs only, its second one contracts.
    let path =
        if system == System::Coinm { "/dapi/v2/leverageBracket".to_owned() } else { system.path("/leverageBracket") };
    let request = Unsigned::account(system.origin(), path, params);
    ask(request, system.family(), move |raw: Rows<RawBrackets>, markets| {
        let mut tiers = Vec::new();
        for market in &raw.0 {
            let name = markets.name_of(&market.symbol.0, &[system.product()]);
            if !names.is_empty() && !names.contains(&name) {
                continue;
            }
            tiers.extend(market.brackets.iter().map(|step| LeverageTier {
                market: name.clone(),
                tier: step.bracket.0,
                min_notional: step.notional_floor.0,
                max_notional: step.notional_cap.0,
                maintenance_rate: step.maint_margin_ratio.0,
                max_leverage: step.initial_leverage.0,
            }));
        }
        Ok(tiers)
    })
}

pub(super) fn leverage_tiers(query: &MarketsQuery) -> Built<Vec<LeverageTier>> {
    let system = account(&query.scope, query.instruments.first())?;
    Ok(tiers(system, with_extra(Params::new(), &query.scope.extra, &NONE), names(query)))
}

pub(super) fn market_leverage_tiers(market: &Instrument, scope: &Scope) -> Built<Vec<LeverageTier>> {
    let params = with_extra(Params::new().with("symbol", &market.symbol), &scope.extra, &NONE);
    Ok(tiers(account(scope, Some(market))?, params, vec![market.name.clone()]))
}

/// A write without another answer than that it is done. Setting what is set already is no error.
fn set(system: System, path: &str, params: Params, scope: &Scope, already: &'static str) -> Ask<()> {
    let body = Body::Form(with_extra(params, &scope.extra, &NONE));
    let request = Unsigned::post(system.origin(), system.path(path), body, EndpointClass::Account);
    let asked = done(request.clone(), system.family());
    Ask::new(request, move |reply, markets| match asked.read(reply, markets) {
        Err(ReadFault::Api(error)) if error.code == already && error.meaning != Meaning::RateLimit => Ok(()),
        answer => answer,
    })
}

pub(super) fn set_leverage(change: &LeverageChange) -> Built<LeverageSetting> {
    let Some(market) = &change.instrument else { return unsupported("leverage for all markets at once") };
    let system = account(&change.scope, Some(market))?;
    let leverage = change.leverage.normalize();
    if !leverage.is_integer() || !(Decimal::ONE..=Decimal::from(125)).contains(&leverage) {
        return Err(CallError::Invalid(format!("{leverage} is no leverage: a whole number from 1 to 125")));
    }
    let params = Params::new().with("symbol", &market.symbol).with("leverage", leverage);
    let body = Body::Form(with_extra(params, &change.scope.extra, &NONE));
    let request = Unsigned::post(system.origin(), system.path("/leverage"), body, EndpointClass::Account);
    Ok(ask(request, system.family(), move |raw: RawLeverage, markets| {
        let (market, leverage) = (markets.name_of(&raw.symbol.0, &[system.product()]), Some(raw.leverage.0));
        Ok(LeverageSetting { market, margin_mode: None, long: leverage, short: leverage })
    }))
}

fn config(raw: &RawSymbolConfig, system: System, markets: &Markets) -> Result<LeverageSetting, String> {
    let margin_mode = match (raw.margin_type.0.to_ascii_uppercase().as_str(), raw.isolated.0) {
        ("CROSSED" | "CROSS", _) | ("", Some(false)) => Some(MarginMode::Cross),
        ("ISOLATED", _) | ("", Some(true)) => Some(MarginMode::Isolated),
        ("", None) => None,
        (other, _) => return Err(format!("the margin type {other:?} is not documented")),
    };
    let (long, short) = match raw.position_side.0.as_str() {
        "LONG" => (raw.leverage.0, None),
        "SHORT" => (None, raw.leverage.0),
        _ => (raw.leverage.0, raw.leverage.0),
    };
    Ok(LeverageSetting { market: markets.name_of(&raw.symbol.0, &[system.product()]), margin_mode, long, short })
}

/// Rows of one market, of which there are two where long and short are held apart, are put together.
fn settings(rows: &[RawSymbolConfig], system: System, markets: &Markets) -> Result<Vec<LeverageSetting>, String> {
    let mut all: Vec<LeverageSetting> = Vec::with_capacity(rows.len());
    for raw in rows {
        let row = config(raw, system, markets)?;
        match all.iter_mut().rev().find(|known| known.market == row.market) {
            Some(known) => {
                known.long = row.long.or(known.long);
                known.short = row.short.or(known.short);
            }
            None => all.push(row),
        }
    }
    Ok(all)
}

/// What is set in all markets: from the settings, or where there are none from the positions of the account.
fn all_settings(system: System, params: Params, of_account: bool) -> Ask<Vec<LeverageSetting>> {
    if system == System::Usdm || (system == System::UnifiedUsdm && !of_account) {
        let request = Unsigned::account(system.origin(), system.path("/symbolConfig"), params).weighing(5);
        return ask(request, system.family(), move |raw: Rows<RawSymbolConfig>, markets| {
            settings(&raw.0, system, markets)
        });
    }
    let request = Unsigned::account(system.origin(), system.path("/account"), params).weighing(5);
    ask(request, system.family(), move |raw: RawContractAccount, markets| settings(&raw.positions, system, markets))
}

fn one_setting(asked: Ask<Vec<LeverageSetting>>, market: &Instrument) -> Ask<LeverageSetting> {
    let (name, request) = (market.name.clone(), asked.request.clone());
    Ask::new(request, move |reply, markets| {
        let rows = asked.read(reply, markets)?;
        found(rows, &name, |row: &LeverageSetting| &row.market).map_err(|what| ReadFault::parse(reply, what))
    })
}

pub(super) fn leverage(market: &Instrument, scope: &Scope) -> Built<LeverageSetting> {
    let system = account(scope, Some(market))?;
    let asked = all_settings(system, with_extra(Params::new(), &scope.extra, &NONE), true);
    Ok(one_setting(asked, market))
}

pub(super) fn margin_mode(market: &Instrument, scope: &Scope) -> Built<LeverageSetting> {
    let system = account(scope, Some(market))?;
    let narrows = system.product() == Product::Linear;
    let params = Params::new().maybe("symbol", narrows.then_some(&market.symbol));
    Ok(one_setting(all_settings(system, with_extra(params, &scope.extra, &NONE), false), market))
}

pub(super) fn margin_modes(query: &MarketsQuery) -> Built<Vec<LeverageSetting>> {
    let system = account(&query.scope, query.instruments.first())?;
    let names = names(query);
    let asked = all_settings(system, with_extra(Params::new(), &query.scope.extra, &NONE), false);
    Ok(asked.map(move |mut rows| {
        rows.retain(|row| names.is_empty() || names.contains(&row.market));
        rows
    }))
}

pub(super) fn set_margin_mode(mode: MarginMode, market: Option<&Instrument>, scope: &Scope) -> Built<()> {
    let Some(market) = market else { return unsupported("margin mode for all markets at once") };
    let system = account(scope, Some(market))?;
    if scope.account == AccountSystem::Unified {
        return unsupported("isolated margin in portfolio margin accounts");
    }
    let mode = match mode {
        MarginMode::Cross => "CROSSED",
        MarginMode::Isolated => "ISOLATED",
    };
    let params = Params::new().with("symbol", &market.symbol).with("marginType", mode);
    Ok(set(system, "/marginType", params, scope, "-4046"))
}

pub(super) fn set_position_mode(hedged: bool, market: Option<&Instrument>, scope: &Scope) -> Built<()> {
    let system = account(scope, market)?;
    Ok(set(system, "/positionSide/dual", Params::new().with("dualSidePosition", hedged), scope, "-4059"))
}

pub(super) fn position_mode(market: Option<&Instrument>, scope: &Scope) -> Built<bool> {
    let system = account(scope, market)?;
    let params = with_extra(Params::new(), &scope.extra, &NONE);
    let request = Unsigned::account(system.origin(), system.path("/positionSide/dual"), params).weighing(30);
    Ok(ask(request, system.family(), |raw: RawDual, _| {
        raw.dual_side_position.0.ok_or_else(|| "the position mode is not told".to_owned())
    }))
}

pub(super) fn change_margin(market: &Instrument, amount: Decimal, scope: &Scope) -> Built<()> {
    let system = account(scope, Some(market))?;
    if scope.account == AccountSystem::Unified {
        return unsupported("isolated margin in portfolio margin accounts");
    }
    let kind = if amount.is_sign_negative() { 2 } else { 1 };
    // On the market's own step, where that leaves something of it.
    let size = market.quantity_text(amount.abs()).or_else(|_| market.cost_text(amount.abs()))?;
    let side = scope.position_side.map(|side| match side {
        crate::protocol::model::PositionSide::Long => "LONG",
        crate::protocol::model::PositionSide::Short => "SHORT",
    });
    let params = Params::new().with("type", kind).with("symbol", &market.symbol).with("amount", size);
    let body = Body::Form(with_extra(params.maybe("positionSide", side), &scope.extra, &NONE));
    let request = Unsigned::post(system.origin(), system.path("/positionMargin"), body, EndpointClass::Account);
    Ok(ask::done(request, system.family()))
}
