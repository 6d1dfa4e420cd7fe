//! Rows about orders, and what they are to us.
//!
//! The systems name the same things differently; [`RawOrder`] holds all of their names, and [`report`] knows which of
//! them mean what in which system:
//!
//! | | classic spot | classic margin | classic contracts | unified |
//! |---|---|---|---|---|
//! | asked for | `size` (quote for market buys) | `baseSize`, `quoteSize` | `size` | `qty` |
//! | filled | `baseVolume` | `size` | `baseVolume` | `cumExecQty` |
//! | what it cost | `quoteVolume` | `amount` | `quoteVolume` | `cumExecValue` |
//! | state | `status` | `status` | `state`, `status`, `planStatus` | `orderStatus`, `status` |
//! | fee | negative when paid | negative when paid | negative when paid | positive when paid |

use super::super::protocol::call::{OrderKind, TimeInForce};
use super::super::protocol::market::Markets;
use super::super::protocol::model::{OrderReport, OrderState, Side, VenueFee};
use super::super::protocol::wire::{self, MaybeMs, MaybeNum, Text};
use super::line::{Line, System};
use super::market::side;
use super::words::{self, closes, fee_detail, force, kind, opposite, our_fee, state, yes};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;

/// A row about an order, of any system.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawOrder<'a> {
    #[serde(default)]
    pub(super) symbol: Text,
    #[serde(default)]
    inst_id: Text,
    #[serde(default)]
    pub(super) category: Text,
    #[serde(default)]
    pub(super) order_id: Text,
    #[serde(default)]
    pub(super) client_oid: Text,
    #[serde(default)]
    price: MaybeNum,
    #[serde(default)]
    size: MaybeNum,
    #[serde(default)]
    qty: MaybeNum,
    #[serde(default)]
    amount: MaybeNum,
    #[serde(default)]
    base_size: MaybeNum,
    #[serde(default)]
    pub(super) base_volume: MaybeNum,
    #[serde(default)]
    pub(super) acc_base_volume: MaybeNum,
    #[serde(default)]
    quote_volume: MaybeNum,
    #[serde(default)]
    cum_exec_qty: MaybeNum,
    #[serde(default)]
    cum_exec_value: MaybeNum,
    #[serde(default)]
    price_avg: MaybeNum,
    #[serde(default)]
    avg_price: MaybeNum,
    #[serde(default)]
    status: Text,
    #[serde(default)]
    state: Text,
    #[serde(default)]
    order_status: Text,
    #[serde(default)]
    plan_status: Text,
    #[serde(default)]
    side: Text,
    #[serde(default)]
    trade_side: Text,
    #[serde(default)]
    pos_mode: Text,
    #[serde(default)]
    pos_side: Text,
    #[serde(default)]
    force: Text,
    #[serde(default)]
    time_in_force: Text,
    #[serde(default)]
    order_type: Text,
    #[serde(default)]
    reduce_only: Text,
    #[serde(default)]
    c_time: MaybeMs,
    #[serde(default)]
    u_time: MaybeMs,
    #[serde(default)]
    created_time: MaybeMs,
    #[serde(default)]
    updated_time: MaybeMs,
    #[serde(default)]
    margin_coin: Text,
    #[serde(default)]
    fee: MaybeNum,
    #[serde(borrow, default)]
    fee_detail: Option<&'a RawValue>,
    #[serde(default)]
    plan_type: Text,
    #[serde(default)]
    trigger_price: MaybeNum,
    #[serde(default)]
    execute_price: MaybeNum,
    #[serde(default)]
    preset_stop_surplus_price: MaybeNum,
    #[serde(default)]
    preset_take_profit_price: MaybeNum,
    #[serde(default)]
    preset_stop_loss_price: MaybeNum,
    #[serde(default)]
    stop_surplus_trigger_price: MaybeNum,
    #[serde(default)]
    stop_loss_trigger_price: MaybeNum,
    #[serde(default)]
    take_profit: MaybeNum,
    #[serde(default)]
    stop_loss: MaybeNum,
    #[serde(default)]
    tp_limit_price: MaybeNum,
    #[serde(default)]
    sl_limit_price: MaybeNum,
    #[serde(default)]
    trigger_order_price: MaybeNum,
    #[serde(default)]
    trigger_order_type: Text,
}

impl RawOrder<'_> {
    fn state(&self) -> Result<Option<OrderState>, String> {
        let texts = [&self.state, &self.status, &self.order_status, &self.plan_status];
        texts.iter().find_map(|text| text.some()).map(state).transpose()
    }

    fn filled(&self, line: Line) -> MaybeNum {
        match line.system {
            System::Spot | System::Mix => self.base_volume,
            System::Margin(_) => self.size,
            System::Unified => self.cum_exec_qty,
        }
    }

    /// What was asked for, in units of quantity. A market buy of spot says what it may cost; then it is what came of it.
    fn quantity(&self, line: Line, kind: Option<OrderKind>, side: Option<Side>, ended: bool) -> Option<Decimal> {
        let by_cost = kind == Some(OrderKind::Market) && side == Some(Side::Buy);
        match line.system {
            System::Spot if by_cost => self.base_volume.0.filter(|_| ended),
            System::Margin(_) if by_cost => self.base_size.nonzero().or(self.size.0.filter(|_| ended)),
            System::Spot | System::Mix => self.size.0,
            System::Margin(_) => self.base_size.0,
            System::Unified => self.qty.nonzero().or(self.cum_exec_qty.nonzero()),
        }
    }

    fn fee(&self, line: Line) -> Result<Option<VenueFee>, String> {
        if line.system == System::Mix && self.fee.0.is_some() {
            let coin = self.margin_coin.owned();
            return Ok(our_fee(line, self.fee.0.and_then(|fee| Some((coin?, fee)))));
        }
        Ok(our_fee(line, fee_detail(self.fee_detail)?))
    }

    /// Our side. Where long and short are held apart, the venue's `side` is the position's direction, and closing turns it.
    fn side(&self, line: Line) -> Result<Option<Side>, String> {
        let Some(told) = self.side.some() else { return Ok(None) };
        let told = side(told)?;
        if line.system != System::Mix || self.pos_mode.0 != "hedge_mode" {
            return Ok(Some(told));
        }
        let opens = match self.pos_side.0.as_str() {
            "long" => Side::Buy,
            "short" => Side::Sell,
            _ => told,
        };
        let turned = closes(&self.trade_side.0, &self.reduce_only.0);
        Ok(Some(if turned { opposite(opens) } else { opens }))
    }

    fn limit(&self, kind: Option<OrderKind>, filled: Decimal) -> Option<Decimal> {
        let told = [self.price, self.execute_price, self.sl_limit_price, self.tp_limit_price, self.trigger_order_price];
        let told = told.iter().find_map(|n| n.nonzero());
        // Open spot orders have their limit in `priceAvg`, as long as nothing is filled.
        told.or_else(|| self.price_avg.nonzero().filter(|_| kind == Some(OrderKind::Limit) && filled.is_zero()))
    }
}

/// What a row tells of an order.
pub(super) fn report(raw: &RawOrder<'_>, line: Line, markets: &Markets) -> Result<OrderReport, String> {
    let id = raw.order_id.owned().ok_or("an order without an id")?;
    let kind = match kind(&raw.order_type.0)? {
        Some(kind) => Some(kind),
        None => words::kind(&raw.trigger_order_type.0)?,
    };
    let state = raw.state()?;
    // Stop-losses and take-profits of the unified account had no state in their rows once, and no fills.
    let strategy = line.is_unified() && raw.cum_exec_qty.0.is_none() && raw.order_type.some().is_none();
    if state.is_none() && !strategy {
        return Err(format!("order {id} without a state"));
    }
    let our_side = raw.side(line)?;
    let ended = state.is_some_and(|state| state != OrderState::Open);
    let filled = raw.filled(line).quantity()?;
    let bare = filled.map_or(Decimal::ZERO, |q| q.value());
    let quantity = raw.quantity(line, kind, our_side, ended).map(wire::quantity).transpose()?;
    if quantity.is_some_and(|quantity| bare > quantity.value()) {
        return Err(format!("order {id}: {bare} filled of {quantity:?}"));
    }
    let told = force(raw.force.some().unwrap_or(&raw.time_in_force.0))?;
    // A market order takes what is there; spot does not say so.
    let time_in_force = told.or_else(|| (kind == Some(OrderKind::Market)).then_some(TimeInForce::Ioc));
    let updated_at = raw.u_time.0.or(raw.updated_time.0);
    let filled_last = state == Some(OrderState::Closed) || state == Some(OrderState::Open);
    let cost = match line.system {
        System::Spot | System::Mix => raw.quote_volume.0,
        System::Margin(_) => raw.amount.0,
        System::Unified => raw.cum_exec_value.0,
    };
    let losing = matches!(raw.plan_type.0.as_str(), "loss_plan" | "pos_loss" | "sl" | "psl");
    let winning = matches!(raw.plan_type.0.as_str(), "profit_plan" | "pos_profit" | "tp" | "ptp");
    let trigger = raw.trigger_price.nonzero();
    let firsts = |all: &[MaybeNum]| all.iter().find_map(|n| n.nonzero());
    Ok(OrderReport {
        market: raw
            .symbol
            .some()
            .or_else(|| raw.inst_id.some())
            .map(|symbol| line.name_in(markets, raw.category.some(), symbol)),
        id: Some(id),
        client_id: raw.client_oid.owned(),
        state,
        kind,
        side: our_side,
        time_in_force,
        post_only: told.map(|told| told == TimeInForce::PostOnly),
        reduce_only: yes(&raw.reduce_only.0),
        price: raw.limit(kind, bare),
        trigger_price: trigger,
        take_profit_price: firsts(&[raw.preset_stop_surplus_price, raw.preset_take_profit_price])
            .or(firsts(&[raw.stop_surplus_trigger_price, raw.take_profit]))
            .or(trigger.filter(|_| winning)),
        stop_loss_price: firsts(&[raw.preset_stop_loss_price, raw.stop_loss_trigger_price, raw.stop_loss])
            .or(trigger.filter(|_| losing)),
        quantity,
        filled,
        remaining: None,
        cost,
        average: firsts(&[raw.price_avg, raw.avg_price]).filter(|_| !bare.is_zero()),
        fee: raw.fee(line)?,
        at: raw.c_time.0.or(raw.created_time.0),
        updated_at,
        last_trade_at: updated_at.filter(|_| filled_last && !bare.is_zero()),
        trades: Vec::new(),
    })
}
