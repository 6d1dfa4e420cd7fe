//! The venue's words about orders, and its records of fees.

use super::super::protocol::call::{OrderKind, TimeInForce};
use super::super::protocol::model::{OrderState, Side, VenueFee};
use super::super::protocol::wire::{MaybeNum, Text};
use super::line::Line;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// How an order stands, in the venue's words.
pub(super) fn state(text: &str) -> Result<OrderState, String> {
    Ok(match text {
        "init" | "new" | "live" | "not_trigger" | "pending" | "submitting" | "executing" | "partially_filled"
        | "partial_fill" | "partially_fill" => OrderState::Open,
        "filled" | "full_fill" | "executed" | "triggered" | "success" => OrderState::Closed,
        "cancelled" | "canceled" | "cancel" | "partially_cancelled" => OrderState::Canceled,
        "fail_trigger" | "fail_execute" | "failed" | "rejected" | "reject" => OrderState::Rejected,
        other => return Err(format!("{other:?} is no state of an order")),
    })
}

/// For how long an order stands, in the venue's words.
pub(super) fn force(text: &str) -> Result<Option<TimeInForce>, String> {
    Ok(match text.to_ascii_lowercase().as_str() {
        "" | "rpi" => None,
        "gtc" | "normal" => Some(TimeInForce::Gtc),
        "ioc" => Some(TimeInForce::Ioc),
        "fok" => Some(TimeInForce::Fok),
        "post_only" => Some(TimeInForce::PostOnly),
        other => return Err(format!("{other:?} is no time in force")),
    })
}

/// Market or limit, in the venue's words.
pub(super) fn kind(text: &str) -> Result<Option<OrderKind>, String> {
    match text {
        "" => Ok(None),
        "limit" => Ok(Some(OrderKind::Limit)),
        "market" => Ok(Some(OrderKind::Market)),
        other => Err(format!("{other:?} is no type of an order")),
    }
}

/// A truth in the venue's words; `None` when it says nothing.
pub(super) fn yes(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" => Some(true),
        "no" | "false" => Some(false),
        _ => None,
    }
}

/// The other side.
pub(super) const fn opposite(side: Side) -> Side {
    match side {
        Side::Buy => Side::Sell,
        Side::Sell => Side::Buy,
    }
}

/// Whether a row of a hedge-mode account is about closing.
pub(super) fn closes(trade_side: &str, reduce_only: &str) -> bool {
    trade_side.contains("close") || yes(reduce_only) == Some(true)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawFee {
    #[serde(default)]
    fee_coin: Text,
    #[serde(default)]
    fee_coin_code: Text,
    #[serde(default)]
    fee: MaybeNum,
    #[serde(default)]
    total_fee: MaybeNum,
}

impl RawFee {
    fn told(&self) -> Option<(String, Decimal)> {
        let coin = self.fee_coin.owned().or_else(|| self.fee_coin_code.owned())?;
        Some((coin, self.total_fee.0.or(self.fee.0)?))
    }
}

/// The fee of a `feeDetail`: a list, one record, or a text with records by coin. A sum over several coins can't be told,
/// and is not.
pub(super) fn fee_detail(raw: Option<&RawValue>) -> Result<Option<(String, Decimal)>, String> {
    let Some(raw) = raw else { return Ok(None) };
    let text = raw.get();
    let fault = |e: serde_json::Error| format!("feeDetail: {e}");
    let told = if text.starts_with('[') {
        let list: Vec<RawFee> = serde_json::from_str(text).map_err(fault)?;
        list.iter().filter_map(RawFee::told).collect::<Vec<_>>()
    } else if text.starts_with('{') {
        let one: RawFee = serde_json::from_str(text).map_err(fault)?;
        one.told().into_iter().collect()
    } else {
        let Text(inner) = serde_json::from_str(text).map_err(fault)?;
        if !inner.starts_with('{') {
            return Ok(None);
        }
        let by_coin: BTreeMap<String, RawFee> = serde_json::from_str(&inner).map_err(fault)?;
        // `newFees` repeats the others in an older form, without a coin.
        by_coin.iter().filter(|(name, _)| *name != "newFees").filter_map(|(_, fee)| fee.told()).collect()
    };
    let mut coins = told.iter().map(|(coin, _)| coin.as_str());
    let first = coins.next().map(str::to_owned);
    let Some(coin) = first.filter(|first| coins.all(|coin| coin == first)) else { return Ok(None) };
    let sum = told.iter().try_fold(Decimal::ZERO, |sum, (_, fee)| sum.checked_add(*fee));
    Ok(sum.map(|sum| (coin, sum)))
}

/// A fee with our sign: positive when we paid it.
pub(super) fn our_fee(line: Line, told: Option<(String, Decimal)>) -> Option<VenueFee> {
    let (coin, fee) = told?;
    let cost = if line.is_unified() { fee } else { Decimal::ZERO - fee };
    Some(VenueFee { cost: cost.normalize(), currency: Some(coin) })
}
