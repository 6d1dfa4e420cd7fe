//! Balances and positions, as the account's stream tells of them.

use super::super::stream_read::{Frame, Words, parse};
use super::unknown;
use crate::protocol::model::{Balances, Holding, MarginMode, PositionReport, PositionSide};
use crate::protocol::stream::Event;
use crate::protocol::wire::{MaybeNum, Num, instant};
use desk::money::exact;
use desk::time::Timestamp;
use serde::Deserialize;

#[derive(Deserialize)]
struct Holdings {
    #[serde(rename = "E")]
    at: i64,
    #[serde(rename = "B")]
    of: Vec<SpotHolding>,
}

#[derive(Deserialize)]
struct SpotHolding {
    a: String,
    f: Num,
    l: Num,
}

/// `outboundAccountPosition`: the balances that may have changed.
pub(in super::super) fn holdings(text: &str) -> Words<Vec<Event>> {
    let Holdings { at, of } = parse(text)?;
    let mut balances = Balances { at: Some(instant(at)?), ..Balances::default() };
    for SpotHolding { a, f: Num(free), l: Num(locked) } in of {
        let total = exact::add(free, locked).map_err(|e| e.to_string())?;
        let holding = Holding { free: Some(free), used: Some(locked), total: Some(total), debt: None };
        hold(&mut balances, a, holding)?;
    }
    Ok(vec![Event::Balances(balances)])
}

fn hold(balances: &mut Balances, currency: String, holding: Holding) -> Words<()> {
    if currency.is_empty() {
        return Err("a balance of no currency".to_owned());
    }
    match balances.of.insert(currency, holding) {
        None => Ok(()),
        Some(_) => Err("two balances of one currency".to_owned()),
    }
}

#[derive(Deserialize)]
struct AccountUpdate {
    #[serde(rename = "T")]
    at: i64,
    a: AccountChange,
}

#[derive(Deserialize)]
struct AccountChange {
    #[serde(rename = "B", default)]
    balances: Vec<WalletBalance>,
    #[serde(rename = "P", default)]
    positions: Vec<Position>,
}

#[derive(Deserialize)]
struct WalletBalance {
    a: String,
    #[serde(rename = "wb")]
    wallet: Num,
}

/// A position as `ACCOUNT_UPDATE` and `MARGIN_CALL` tell of it.
#[derive(Deserialize)]
struct Position {
    s: String,
    #[serde(rename = "pa")]
    amount: Num,
    #[serde(rename = "ps")]
    side: String,
    #[serde(rename = "mt")]
    margin: String,
    #[serde(rename = "ep", default)]
    entry_price: MaybeNum,
    #[serde(rename = "cr", default)]
    realized: MaybeNum,
    #[serde(rename = "up", default)]
    unrealized: MaybeNum,
    #[serde(rename = "iw", default)]
    isolated_wallet: MaybeNum,
    #[serde(rename = "mp", default)]
    mark: MaybeNum,
    #[serde(rename = "mm", default)]
    maintenance: MaybeNum,
}

/// `ACCOUNT_UPDATE`: the balances and positions that changed.
pub(in super::super) fn account(at: &Frame<'_>, text: &str) -> Words<Vec<Event>> {
    let AccountUpdate { at: time, a: change } = parse(text)?;
    let now = instant(time)?;
    let mut events = Vec::new();
    if !change.balances.is_empty() {
        let mut balances = Balances { at: Some(now), ..Balances::default() };
        for WalletBalance { a, wallet: Num(wallet) } in change.balances {
            hold(&mut balances, a, Holding { total: Some(wallet), ..Holding::default() })?;
        }
        events.push(Event::Balances(balances));
    }
    for row in change.positions {
        events.push(Event::Position(Box::new(position(at, row, now)?)));
    }
    if events.is_empty() { Ok(vec![Event::Ignored("a change of the account without amounts")]) } else { Ok(events) }
}

fn position(at: &Frame<'_>, row: Position, now: Timestamp) -> Words<PositionReport> {
    let Num(amount) = row.amount;
    let (short, flat) = (amount.is_sign_negative(), amount.is_zero());
    let (side, hedged) = match (row.side.as_str(), short) {
        ("BOTH", false) => (PositionSide::Long, false),
        ("BOTH", true) => (PositionSide::Short, false),
        ("LONG", false) => (PositionSide::Long, true),
        // COIN-M and USD-M write a short's amount with its sign.
        ("SHORT", _) if short || flat => (PositionSide::Short, true),
        (side, _) => return Err(format!("{amount} of a {side:.8} position")),
    };
    let margin_mode = match row.margin.as_str() {
        "cross" | "CROSSED" | "CROSS" => MarginMode::Cross,
        "isolated" | "ISOLATED" => MarginMode::Isolated,
        other => return Err(unknown("margin mode", other)),
    };
    Ok(PositionReport {
        market: at.market(&row.s)?,
        side: Some(side).filter(|_| !flat),
        quantity: Some(amount.abs()),
        entry_price: row.entry_price.price()?.map(|price| price.value()),
        mark_price: row.mark.price()?.map(|price| price.value()),
        unrealized_pnl: row.unrealized.0,
        realized_pnl: row.realized.0,
        collateral: row.isolated_wallet.0.filter(|_| margin_mode == MarginMode::Isolated),
        maintenance_margin: row.maintenance.0,
        margin_mode: Some(margin_mode),
        hedged: Some(hedged),
        updated_at: Some(now),
        ..PositionReport::default()
    })
}

#[derive(Deserialize)]
struct MarginCall {
    #[serde(rename = "E")]
    at: i64,
    #[serde(rename = "p")]
    positions: Vec<Position>,
}

/// `MARGIN_CALL`: positions whose margin is short.
pub(in super::super) fn margin_call(at: &Frame<'_>, text: &str) -> Words<Vec<Event>> {
    let MarginCall { at: time, positions } = parse(text)?;
    let now = instant(time)?;
    positions.into_iter().map(|row| position(at, row, now).map(Event::from)).collect()
}
