//! What an account brought in and took out, as the wallet endpoints list it.

use super::show::text;
use super::{Context, Refused};
use crate::engine::tape::date;
use crate::engine::types::Ms;
use crate::exchange::Movement;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// What the lists may be asked with.
pub(super) const PARAMS: &[&str] = &["coin", "status", "startTime", "endTime", "offset", "limit", "includeSource"];

/// GET capital/deposit/hisrec.
pub(super) fn deposits(context: Context<'_>) -> Result<Value, Refused> {
    let rows = rows(&context, |movement| movement.amount > Decimal::ZERO)?;
    let row = |(number, row): (usize, &Movement)| {
        json!({
            "id": format!("{}", 700_000 + number), "amount": text(row.amount, 8), "coin": row.asset, "network": row.asset, "status": 1,
            "address": "sim", "addressTag": "", "txId": format!("sim{number:061}"), "insertTime": row.at, "completeTime": row.at,
            "transferType": 0, "confirmTimes": "1/1", "unlockConfirm": 1, "walletType": 0,
        })
    };
    Ok(rows.into_iter().map(row).collect())
}

/// GET capital/withdraw/history.
pub(super) fn withdrawals(context: Context<'_>) -> Result<Value, Refused> {
    let rows = rows(&context, |movement| movement.amount < Decimal::ZERO)?;
    let row = |(number, row): (usize, &Movement)| {
        json!({
            "id": format!("sim{number:029}"), "amount": text(-row.amount, 8), "transactionFee": "0", "coin": row.asset, "status": 6,
            "address": "sim", "txId": format!("sim{number:061}"), "applyTime": date(row.at), "network": row.asset,
            "transferType": 0, "info": "", "confirmNo": 1, "walletType": 0, "completeTime": date(row.at),
        })
    };
    Ok(rows.into_iter().map(row).collect())
}

/// The newest first, as the exchange lists them, with their numbers.
fn rows<'a>(context: &'a Context<'_>, kind: fn(&Movement) -> bool) -> Result<Vec<(usize, &'a Movement)>, Refused> {
    let params = context.params;
    let coin = params.optional("coin")?;
    let (from, until): (Option<Ms>, Option<Ms>) = (params.integer("startTime")?, params.integer("endTime")?);
    let skip = params.integer("offset")?.and_then(|offset| usize::try_from(offset).ok()).unwrap_or(0);
    let fits = |(_, row): &(usize, &Movement)| {
        row.account == context.account
            && kind(row)
            && coin.is_none_or(|coin| row.asset == coin)
            && from.is_none_or(|from| row.at >= from)
            && until.is_none_or(|until| row.at <= until)
    };
    let all = context.exchange.movements.iter().enumerate().rev().filter(fits);
    Ok(all.skip(skip).take(params.limit(1_000, 1_000)?).collect())
}
