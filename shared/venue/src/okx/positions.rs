//! Positions: those that are, those that were, and closing one.

use super::envelope::{self, Ack};
use super::raw::{AttachedRow, ClosedPositionRow, PositionRow};
use super::words::position_side;
use super::{inst_type, inst_type_of, limits, margin_of, margin_text};
use crate::protocol::call::{HistoryQuery, MarketsQuery, Scope};
use crate::protocol::fields::Fields;
use crate::protocol::model::{MarginMode, OrderReport, PositionReport, PositionSide};
use crate::protocol::wire::MaybeNum;
use crate::protocol::{Ask, Built, EndpointClass, Instrument, Markets, Product, ReadFault, Unsigned};
use rust_decimal::Decimal;

/// How many rows of history at most.
const HISTORY_MAX: u32 = 100;

fn positive(number: MaybeNum) -> Option<Decimal> {
    number.0.filter(|value| *value > Decimal::ZERO)
}

/// A row as a report. With positions held as one the sign tells the side; on margin the currency it is in does.
pub(super) fn report(row: &PositionRow, markets: &Markets) -> Result<PositionReport, String> {
    let inst_id = row.inst_id.some().ok_or("a position without its instrument")?;
    let size = row.pos.0.ok_or("a position without its size")?;
    let known = markets.of_symbol(inst_id, &[]);
    let base = known.map_or_else(|| inst_id.split('-').next().unwrap_or_default(), |market| market.base.as_str());
    let hedged = match row.pos_side.0.as_str() {
        "long" | "short" => true,
        "net" | "" => false,
        other => return Err(format!("{other:?} is no side of a position")),
    };
    let long = match row.pos_side.0.as_str() {
        "long" => true,
        "short" => false,
        _ if row.inst_type.0 == "MARGIN" && row.pos_ccy.some().is_some() => row.pos_ccy.0 == base,
        _ => size.is_sign_positive(),
    };
    let side = if long { PositionSide::Long } else { PositionSide::Short };
    let quantity = size.abs();
    let contract_size = known.and_then(|market| market.contract_size);
    let leg =
        |pick: fn(&AttachedRow) -> MaybeNum| row.close_order_algo.iter().flatten().find_map(|leg| positive(pick(leg)));
    Ok(PositionReport {
        market: markets.name_of(inst_id, &[]),
        id: row.pos_id.owned(),
        side: (!quantity.is_zero()).then_some(side),
        quantity: Some(quantity),
        contract_size,
        entry_price: positive(row.avg_px),
        mark_price: positive(row.mark_px),
        last_price: positive(row.last),
        liquidation_price: positive(row.liq_px),
        notional: notional(row, known, quantity),
        leverage: positive(row.lever),
        unrealized_pnl: row.upl.0,
        realized_pnl: row.realized_pnl.0,
        collateral: None,
        // Of a position with a margin of its own the venue tells that margin instead.
        initial_margin: row.imr.0.or(row.margin.0),
        maintenance_margin: row.mmr.0,
        margin_mode: margin_of(&row.mgn_mode.0),
        hedged: Some(hedged),
        take_profit_price: leg(|leg| leg.tp_trigger_px),
        stop_loss_price: leg(|leg| leg.sl_trigger_px),
        at: row.c_time.0.or(row.u_time.0),
        updated_at: row.u_time.0,
    })
}

/// What a position is worth: in US dollars as the venue says, or, settled in the base, in that by the mark price.
fn notional(row: &PositionRow, known: Option<&Instrument>, quantity: Decimal) -> Option<Decimal> {
    let market = known.filter(|market| market.product == Product::Inverse);
    match market {
        Some(market) => quantity.checked_mul(market.contract_size?)?.checked_div(positive(row.mark_px)?),
        None => row.notional_usd.0,
    }
}

fn ask(fields: Fields, path: &'static str) -> Unsigned {
    limits::account(path, fields)
}

/// Our positions.
pub(super) fn positions(query: &MarketsQuery) -> Built<Vec<PositionReport>> {
    let symbols: Vec<&str> = query.instruments.iter().map(|market| market.symbol.as_str()).collect();
    let named = (!symbols.is_empty()).then(|| symbols.join(","));
    let fields = Fields::new().maybe("instId", named).extra(&query.scope.extra, &["method"]);
    let product = query.scope.product;
    Ok(Ask::new(ask(fields, "/api/v5/account/positions"), move |reply, markets| {
        let mut all = envelope::each(reply, |row: PositionRow| report(&row, markets))?;
        all.retain(|position| position.side.is_some());
        all.retain(|position| {
            let of = markets.get(&position.market).map(|market| market.product);
            product.is_none() || of.is_none() || of == product
        });
        Ok(all)
    }))
}

/// Our position in one market; where long and short are held apart, the side that is meant, or the first.
pub(super) fn position(market: &Instrument, scope: &Scope) -> Built<PositionReport> {
    let kind = if scope.margin.is_some() && market.product == Product::Spot { "MARGIN" } else { inst_type(market) };
    let fields =
        Fields::new().with("instType", kind).with("instId", market.symbol.as_str()).extra(&scope.extra, &["method"]);
    let (name, side) = (market.name.clone(), scope.position_side);
    Ok(Ask::new(ask(fields, "/api/v5/account/positions"), move |reply, markets| {
        let all = envelope::each(reply, |row: PositionRow| report(&row, markets))?;
        if let Some(other) = all.iter().find(|position| position.market != name) {
            return Err(ReadFault::parse(reply, format!("asked about {name}, answered about {}", other.market)));
        }
        let found =
            all.into_iter().find(|position| position.side.is_some() && (side.is_none() || position.side == side));
        Ok(found.unwrap_or_else(|| PositionReport {
            market: name.clone(),
            quantity: Some(Decimal::ZERO),
            ..PositionReport::default()
        }))
    }))
}

/// Positions that were.
pub(super) fn history(query: &HistoryQuery) -> Built<Vec<PositionReport>> {
    let HistoryQuery { instrument, range, scope } = query;
    let limit = range.limit.unwrap_or(HISTORY_MAX).clamp(1, HISTORY_MAX);
    let fields = Fields::new()
        .with("limit", limit.to_string())
        .maybe("instId", instrument.as_ref().map(|market| market.symbol.clone()))
        .maybe("instType", if instrument.is_none() { inst_type_of(scope.product) } else { None })
        .maybe("mgnMode", scope.margin.map(margin_text))
        .time("before", range.since.map(|since| since.plus_ms(-1)))
        .time("after", range.until.map(|until| until.plus_ms(1)))
        .extra(&scope.extra, &["method"]);
    Ok(Ask::new(ask(fields, "/api/v5/account/positions-history"), |reply, markets| {
        envelope::each(reply, |row: ClosedPositionRow| {
            let inst_id = row.inst_id.some().ok_or("a position without its instrument")?;
            let side = match row.direction.some().or(row.pos_side.some()) {
                Some("long") => Some(PositionSide::Long),
                Some("short") => Some(PositionSide::Short),
                Some("net") | None => None,
                Some(other) => return Err(format!("{other:?} is no side of a position")),
            };
            Ok(PositionReport {
                market: markets.name_of(inst_id, &[]),
                id: row.pos_id.owned(),
                side,
                quantity: row.close_total_pos.0.map(|size| size.abs()),
                contract_size: markets.of_symbol(inst_id, &[]).and_then(|market| market.contract_size),
                entry_price: positive(row.open_avg_px),
                leverage: positive(row.lever),
                realized_pnl: row.realized_pnl.0,
                margin_mode: margin_of(&row.mgn_mode.0),
                hedged: row.pos_side.some().map(|side| side != "net"),
                at: row.c_time.0,
                updated_at: row.u_time.0,
                ..PositionReport::default()
            })
        })
    }))
}

/// Closes a position at the market's price: an order like any other, and sent once.
pub(super) fn close(market: &Instrument, scope: &Scope) -> Built<OrderReport> {
    let fields = Fields::new()
        .with("instId", market.symbol.as_str())
        .with("mgnMode", margin_text(scope.margin.unwrap_or(MarginMode::Cross)))
        .maybe("posSide", scope.position_side.map(position_side))
        .maybe("clOrdId", scope.extra.text("clientOrderId"))
        .extra(&scope.extra, &["clientOrderId"]);
    let name = market.name.clone();
    let request = limits::post("/api/v5/trade/close-position", fields.body(), EndpointClass::Order);
    Ok(Ask::new(request, move |reply, _| {
        let ack: Ack = envelope::first(reply)?;
        match ack.fault(reply) {
            Some(fault) => Err(fault.into()),
            None => Ok(OrderReport {
                market: Some(name.clone()),
                id: ack.id(),
                client_id: ack.client_id(),
                ..OrderReport::default()
            }),
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Reply;

    fn read(json: &str) -> Result<PositionReport, String> {
        let row: PositionRow = serde_json::from_str(json).unwrap();
        report(&row, &Markets::default())
    }

    #[test]
    fn the_side_is_told_by_word_by_sign_or_by_currency() {
        let side = |json: &str| read(json).unwrap().side;
        let net = r#"{"instId":"BTC-USDT-SWAP","instType":"SWAP","pos":"-2","posSide":"net"}"#;
        assert_eq!(side(net), Some(PositionSide::Short));
        assert_eq!(read(net).unwrap().quantity, Some(2.into()));
        assert_eq!(side(r#"{"instId":"BTC-USDT-SWAP","pos":"2","posSide":"short"}"#), Some(PositionSide::Short));
        let margin = |ccy: &str| {
            side(&format!(r#"{{"instId":"BTC-USDT","instType":"MARGIN","pos":"2","posSide":"net","posCcy":"{ccy}"}}"#))
        };
        assert_eq!((margin("BTC"), margin("USDT")), (Some(PositionSide::Long), Some(PositionSide::Short)));
        assert_eq!(side(r#"{"instId":"BTC-USDT-SWAP","pos":"0","posSide":"net"}"#), None);
        assert!(read(r#"{"instId":"BTC-USDT-SWAP","pos":"1","posSide":"up"}"#).is_err());
    }

    #[test]
    fn an_answer_about_another_market_is_not_believed() {
        let market = Instrument::named(Product::Linear, "BTC-USDT-SWAP", "BTC", "USDT", Some("USDT"));
        let ask = position(&market, &Scope::default()).unwrap();
        let reply = Reply::new(200, r#"{"code":"0","data":[{"instId":"ETH-USDT-SWAP","pos":"1","posSide":"net"}]}"#);
        assert!(ask.read(&reply, &Markets::new([market])).is_err());
    }
}
