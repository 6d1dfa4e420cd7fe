//! What moved without a trade, out of the accounts' ledgers. Read only: there is no call that moves money.

use super::ask::{FUTURES, SPOT, lacks, query};
use super::balances::pocket;
use super::raw::{self, MaybeEither, currency, futures_currency};
use crate::protocol::call::{AccountSystem, Wallet};
use crate::protocol::model::{MarginMode, Movement, MovementKind, VenueFee};
use crate::protocol::wire::{MaybeNum, Num, Text};
use crate::protocol::{Ask, Built, CallError, HistoryQuery, Params, Product, Range, ReadFault, Unsigned};
use desk::time::Timestamp;
use rust_decimal::Decimal;
use serde::Deserialize;

/// A row of a ledger, of any of the accounts.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(default, alias = "offset")]
    id: Text,
    currency: Text,
    amount: Num,
    #[serde(default)]
    fee: MaybeNum,
    #[serde(default)]
    direction: Text,
    #[serde(default, alias = "businessType", alias = "type")]
    biz_type: Text,
    #[serde(default, alias = "time", alias = "ts")]
    created_at: MaybeEither,
    #[serde(default)]
    status: Text,
}

/// What the business types of ledgers mean; `None` for trading itself, which is told by trades.
fn movement_kind(kind: &str) -> Option<MovementKind> {
    match kind {
        "TRADE_EXCHANGE"
        | "Exchange"
        | "SPOT_EXCHANGE"
        | "FUTURES_EXCHANGE_OPEN"
        | "FUTURES_EXCHANGE_CLOSE"
        | "RealisedPNL"
        | "FUNDING_FEE" => None,
        "DEPOSIT" | "Deposit" => Some(MovementKind::Deposit),
        "WITHDRAW" | "Withdrawal" | "WITHDRAWAL" => Some(MovementKind::Withdrawal),
        "TRANSFER"
        | "Transfer"
        | "SUB_TRANSFER"
        | "SUB_TO_SUB_TRANSFER"
        | "Sub-account transfer"
        | "TransferIn"
        | "TransferOut"
        | "Main account transfer"
        | "Trade account transfer" => Some(MovementKind::Transfer),
        _ => Some(MovementKind::Other),
    }
}

impl Entry {
    fn movement(&self) -> Result<Option<Movement>, String> {
        let Some(kind) = movement_kind(&self.biz_type.0) else { return Ok(None) };
        let size = self.amount.0.abs();
        let out = match self.direction.0.as_str() {
            "in" | "IN" => false,
            "out" | "OUT" => true,
            // The futures ledger has no direction but the type's name and the amount's sign.
            "" => self.biz_type.0 == "TransferOut" || self.amount.0.is_sign_negative(),
            other => return Err(format!("direction {other:?}")),
        };
        let name = currency(&self.currency.0).to_owned();
        let fee = self.fee.nonzero().map(|cost| VenueFee { cost, currency: Some(name.clone()) });
        Ok(Some(Movement {
            id: self.id.owned().ok_or("a movement without an id")?,
            kind,
            currency: name,
            amount: if out { Decimal::ZERO - size } else { size },
            fee,
            at: self.created_at.0.ok_or("a movement without a time")?,
        }))
    }
}

/// The ledger that is asked for, and how its rows are counted.
fn ledger(asked: &HistoryQuery, usual: Product) -> Result<(&'static str, &'static str, Params), CallError> {
    let (scope, range) = (&asked.scope, asked.range);
    let code = scope.extra.text("code").or_else(|| scope.extra.text("currency"));
    let ours =
        Params::new().maybe("startAt", range.since.map(Timestamp::ms)).maybe("endAt", range.until.map(Timestamp::ms));
    let wallet = pocket(scope, usual);
    if scope.account == AccountSystem::Unified {
        let kind = match (scope.wallet, scope.margin) {
            (Some(Wallet::Spot), _) => "SPOT",
            (Some(Wallet::Linear | Wallet::Inverse), _) => "FUTURES",
            (Some(Wallet::Funding), _) => "FUNDING",
            (Some(Wallet::Margin), Some(MarginMode::Isolated)) => "ISOLATED",
            (Some(Wallet::Margin), _) => "CROSS",
            (Some(Wallet::Savings | Wallet::Option) | None, _) => "UNIFIED",
        };
        let ours = ours.with("accountType", kind).maybe("currency", code).maybe("pageSize", range.limit);
        return Ok((SPOT, "/api/ua/v1/account/ledger", ours));
    }
    Ok(match (wallet, scope.account) {
        (Wallet::Linear | Wallet::Inverse, _) => {
            let code = code.map(|code| futures_currency(&code).to_owned());
            (FUTURES, "/api/v1/transaction-history", ours.maybe("currency", code).maybe("maxCount", range.limit))
        }
        (Wallet::Margin, AccountSystem::HighFrequency) => {
            let ours = ours.maybe("currency", code).maybe("limit", range.limit);
            (SPOT, "/api/v3/hf/margin/account/ledgers", ours)
        }
        (Wallet::Spot, AccountSystem::HighFrequency) => {
            (SPOT, "/api/v1/hf/accounts/ledgers", ours.maybe("currency", code).maybe("limit", range.limit))
        }
        (Wallet::Spot | Wallet::Funding | Wallet::Margin, _) => {
            (SPOT, "/api/v1/accounts/ledgers", ours.maybe("currency", code).maybe("pageSize", range.limit))
        }
        (Wallet::Savings | Wallet::Option, _) => return Err(lacks("a ledger of such a wallet")),
    })
}

/// What moved without a trade, out of an account's ledger.
pub(super) fn movements(asked: &HistoryQuery, usual: Product) -> Built<Vec<Movement>> {
    let (origin, path, ours) = ledger(asked, usual)?;
    let request = Unsigned::account(origin, path, query(&ours, &asked.scope.extra, &["code", "currency"])).weighing(2);
    let range = Range { limit: None, ..asked.range };
    Ok(Ask::new(request, move |reply, _| {
        let rows = raw::rows::<Entry>(reply)?.0;
        // What is still pending has not moved.
        let settled = rows.iter().filter(|row| !row.status.0.eq_ignore_ascii_case("pending"));
        let all: Result<Vec<Option<Movement>>, String> = settled.map(Entry::movement).collect();
        let all = all.map_err(|e| ReadFault::parse(reply, e))?.into_iter().flatten().collect();
        Ok(raw::window(all, range, |movement| Some(movement.at)))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Markets, Reply};

    fn reply(data: &str) -> Reply {
        Reply::new(200, format!(r#"{{"code":"200000","data":{data}}}"#))
    }

    #[test]
    fn trading_is_no_movement_and_what_left_is_negative() {
        let ask = movements(&HistoryQuery::default(), Product::Spot).unwrap();
        let rows = r#"{"items":[
            {"id":"2","currency":"USDT","amount":"0.5","fee":"0","bizType":"SUB_TRANSFER","direction":"out","createdAt":1728658481484},
            {"id":"1","currency":"USDT","amount":"9","bizType":"TRADE_EXCHANGE","direction":"in","createdAt":1728658481480}]}"#;
        let all = ask.read(&reply(rows), &Markets::default()).unwrap();
        assert_eq!(all.len(), 1);
        assert_eq!(all.first().unwrap().amount.to_string(), "-0.5");
    }
}
