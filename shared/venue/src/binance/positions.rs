//! Positions.
//!
//! The risk endpoints list markets in which nothing is held too; those rows are left out.

use super::ask::{Rows, ask, flagged, with_extra};
use super::contracts::unsupported;
use super::raw_account::{RawAccountPositions, RawPosition};
use super::system::System;
use crate::protocol::call::Scope;
use crate::protocol::model::{MarginMode, PositionReport, PositionSide};
use crate::protocol::wire::MaybeNum;
use crate::protocol::{Ask, Built, Instrument, Markets, MarketsQuery, Params, Product, ReadFault, Unsigned};
use rust_decimal::{Decimal, RoundingStrategy};

/// Own parameters that are read by these questions: `method` chooses between the risk endpoint and the account.
const KNOWN: [&str; 2] = ["method", "useV2"];

fn report(raw: &RawPosition, system: System, markets: &Markets) -> Result<PositionReport, String> {
    let symbol = raw.symbol.some().ok_or("a position without a symbol")?;
    let amount = raw.position_amt.0.ok_or_else(|| format!("the position in {symbol} has no size"))?;
    let side = match (raw.position_side.0.as_str(), raw.side.0.as_str()) {
        _ if amount.is_zero() => None,
        ("LONG", _) | ("", "LONG") => Some(PositionSide::Long),
        ("SHORT", _) | ("", "SHORT") => Some(PositionSide::Short),
        ("BOTH" | "", "") if amount.is_sign_negative() => Some(PositionSide::Short),
        ("BOTH" | "", "") => Some(PositionSide::Long),
        (side, other) => return Err(format!("the position side {side:?} {other:?} is not documented")),
    };
    let market = markets.of_symbol(symbol, &[system.product()]);
    let isolated = match (raw.margin_type.0.to_ascii_lowercase().as_str(), raw.isolated.0) {
        ("isolated", _) | ("", Some(true)) => Some(true),
        ("cross" | "crossed", _) | ("", Some(false)) => Some(false),
        // The newest version tells it by what is set aside for the position.
        ("", None) => raw.isolated_margin.0.or(raw.isolated_wallet.0).map(|margin| !margin.is_zero()),
        (other, _) => return Err(format!("the margin type {other:?} is not documented")),
    };
    let margin_mode = isolated.map(|isolated| if isolated { MarginMode::Isolated } else { MarginMode::Cross });
    Ok(PositionReport {
        market: market.map_or_else(|| symbol.to_owned(), |m| m.name.clone()),
        side,
        quantity: Some(amount.abs()),
        contract_size: market.and_then(|m| m.contract_size),
        entry_price: raw.entry_price.nonzero(),
        mark_price: raw.mark_price.nonzero(),
        liquidation_price: raw.liquidation_price.nonzero().filter(|price| !price.is_sign_negative()),
        notional: raw.notional.0.map(|notional| notional.abs()),
        leverage: raw.leverage.0,
        unrealized_pnl: raw.unrealized_profit.0,
        collateral: raw.isolated_margin.0.or(raw.isolated_wallet.0).filter(|_| isolated == Some(true)),
        initial_margin: raw.initial_margin.0.or_else(|| initial_margin(raw)),
        maintenance_margin: raw.maint_margin.0,
        margin_mode,
        hedged: raw.position_side.some().map(|side| side != "BOTH"),
        at: raw.update_time.0,
        ..PositionReport::default()
    })
}

/// The venue's own formula, where it does not tell: the worth of the position by its leverage, in its 8 decimals.
fn initial_margin(raw: &RawPosition) -> Option<Decimal> {
    let margin = raw.notional.0?.abs().checked_div(raw.leverage.nonzero()?)?;
    Some(margin.round_dp_with_strategy(8, RoundingStrategy::ToZero))
}

/// Every row is about a market: one that is not is no position, and no proof that there is none.
fn named(rows: &[RawPosition]) -> Result<(), String> {
    let nameless = rows.iter().any(|raw| raw.symbol.some().is_none());
    if nameless { Err("a position without its market".to_owned()) } else { Ok(()) }
}

/// Nothing is held: no size, and no price it was entered at.
fn flat(raw: &RawPosition) -> bool {
    let none = |number: MaybeNum| number.0.is_none_or(|number: Decimal| number.is_zero());
    none(raw.position_amt) && none(raw.entry_price)
}

fn ask_positions(system: System, scope: &Scope, params: Params) -> Ask<Vec<PositionReport>> {
    let second = flagged(&scope.extra, "useV2");
    let by_account = scope.extra.text("method").as_deref() == Some("account");
    let path = match (system, by_account) {
        (System::Options, _) => "/eapi/v1/position",
        (System::Usdm, true) if second => "/fapi/v2/account",
        (System::Usdm, true) => "/fapi/v3/account",
        (System::Usdm, false) if second => "/fapi/v2/positionRisk",
        (System::Usdm, false) => "/fapi/v3/positionRisk",
        (System::UnifiedUsdm, true) => "/papi/v2/um/account",
        (System::UnifiedUsdm, false) => "/papi/v1/um/positionRisk",
        (System::UnifiedCoinm, true) => "/papi/v1/cm/account",
        (System::UnifiedCoinm, false) => "/papi/v1/cm/positionRisk",
        (System::Coinm, true) => "/dapi/v1/account",
        (System::Coinm | System::Spot | System::Margin | System::UnifiedMargin, _) => "/dapi/v1/positionRisk",
    };
    let params = with_extra(params, &scope.extra, &KNOWN);
    let request = Unsigned::account(system.origin(), path, params).weighing(system.weight(5, 5, 5));
    if by_account && system != System::Options {
        return ask(request, system.family(), move |raw: RawAccountPositions, markets| {
            named(&raw.positions)?;
            raw.positions.iter().filter(|raw| !flat(raw)).map(|raw| report(raw, system, markets)).collect()
        });
    }
    ask(request, system.family(), move |raw: Rows<RawPosition>, markets| {
        named(&raw.0)?;
        raw.0.iter().filter(|raw| !flat(raw)).map(|raw| report(raw, system, markets)).collect()
    })
}

pub(super) fn positions(query: &MarketsQuery) -> Built<Vec<PositionReport>> {
    let system = System::within(&query.scope, query.instruments.first(), Product::Linear);
    if system.product() == Product::Spot {
        return unsupported("positions on spot");
    }
    let names: Vec<String> = query.instruments.iter().map(|market| market.name.clone()).collect();
    let params = match query.instruments.as_slice() {
        [market] if system == System::Options => Params::new().with("symbol", &market.symbol),
        _ => Params::new(),
    };
    Ok(ask_positions(system, &query.scope, params).map(move |mut rows| {
        rows.retain(|row| names.is_empty() || names.contains(&row.market));
        rows
    }))
}

pub(super) fn position(market: &Instrument, scope: &Scope) -> Built<PositionReport> {
    let system = System::within(scope, Some(market), Product::Linear);
    let params = match system.product() {
        Product::Spot => return unsupported("positions on spot"),
        Product::Linear | Product::Option => Params::new().with("symbol", &market.symbol),
        // COIN-M narrows down to a pair, not to one of its contracts.
        Product::Inverse => Params::new().with("pair", market.symbol.split('_').next().unwrap_or(&market.symbol)),
    };
    let (name, wanted) = (market.name.clone(), scope.position_side);
    let asked = ask_positions(system, scope, params);
    let request = asked.request.clone();
    Ok(Ask::new(request, move |reply, markets| {
        let rows = asked.read(reply, markets)?;
        let fits = |row: &&PositionReport| row.market == name && (wanted.is_none() || row.side == wanted);
        let mut found = rows.iter().filter(fits);
        match (found.next(), found.next()) {
            (Some(row), None) => Ok(row.clone()),
            // Nothing is held there: the venue leaves the row out, or says zero.
            (None, _) => {
                Ok(PositionReport { market: name.clone(), quantity: Some(Decimal::ZERO), ..PositionReport::default() })
            }
            (Some(_), Some(_)) => {
                Err(ReadFault::parse(reply, format!("{name} is held long and short: say which of the two")))
            }
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Reply;

    fn read(json: &str) -> Result<Vec<PositionReport>, ReadFault> {
        positions(&MarketsQuery::default()).unwrap().read(&Reply::new(200, json), &Markets::default())
    }

    #[test]
    fn a_short_position_has_a_positive_quantity_and_a_side() {
        let rows = read(
            r#"[{"symbol":"A","positionAmt":"-3","entryPrice":"5","positionSide":"BOTH","isolatedMargin":"0"},
            {"symbol":"B","positionAmt":"0","entryPrice":"0.0","positionSide":"BOTH"}]"#,
        )
        .unwrap();
        let [row] = rows.as_slice() else { panic!("{rows:?}") };
        assert_eq!((row.side, row.quantity), (Some(PositionSide::Short), Some("3".parse().unwrap())));
        assert_eq!((row.margin_mode, row.hedged), (Some(MarginMode::Cross), Some(false)));
    }

    #[test]
    fn a_position_without_a_size_or_with_an_unknown_side_is_not_believed() {
        assert!(read(r#"[{"symbol":"A","entryPrice":"5","positionSide":"BOTH"}]"#).is_err());
        assert!(read(r#"[{"symbol":"A","positionAmt":"1","entryPrice":"5","positionSide":"UP"}]"#).is_err());
    }
}
