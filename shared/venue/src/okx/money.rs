//! Money that moved: funding payments, and movements without a trade. Read only.

use super::raw::BillRow;
use super::{envelope, inst_type, limits};
use crate::protocol::call::{HistoryQuery, Wallet};
use crate::protocol::fields::Fields;
use crate::protocol::model::{FundingPayment, Movement, MovementKind};
use crate::protocol::{Ask, Built, Product};

/// Bills of the kind "funding".
const FUNDING: &str = "8";

/// Funding payments. The venue's bills are paged from the newest; those before `since` are cut off here.
pub(super) fn funding_payments(query: &HistoryQuery) -> Built<Vec<FundingPayment>> {
    let HistoryQuery { instrument, range, scope } = query;
    let market = instrument.as_ref().filter(|market| market.product.is_contract());
    let kind = market.map(|market| if market.product == Product::Inverse { "inverse" } else { "linear" });
    let of = market.map(inst_type).or_else(|| scope.product.filter(|p| p.is_contract()).map(|_| "SWAP"));
    let fields = Fields::new()
        .with("type", FUNDING)
        .maybe("ctType", kind)
        .maybe("ccy", market.and_then(|market| market.settle.clone()))
        .maybe("instType", of)
        .maybe("limit", range.limit.map(|n| n.to_string()))
        .time("end", range.until)
        .extra(&scope.extra, &["method"]);
    let request = limits::account("/api/v5/account/bills-archive", fields);
    let (wanted, since) = (market.map(|market| market.name.clone()), range.since);
    Ok(Ask::new(request, move |reply, markets| {
        let mut all = envelope::each(reply, |row: BillRow| {
            let inst_id = row.inst_id.some().ok_or("a funding payment without its instrument")?;
            // With a margin of its own the balance does not change, the position's margin does.
            let amount = row.bal_chg.nonzero().or(row.pnl.0).ok_or("a funding payment without its amount")?;
            Ok(FundingPayment {
                market: markets.name_of(inst_id, &[]),
                id: row.bill_id.owned(),
                amount,
                currency: row.ccy.owned().ok_or("a funding payment without its currency")?,
                at: row.ts.0.ok_or("a funding payment without its time")?,
            })
        })?;
        all.retain(|payment| wanted.as_ref().is_none_or(|wanted| payment.market == *wanted));
        all.retain(|payment| since.is_none_or(|since| payment.at >= since));
        all.sort_by_key(|payment| payment.at);
        Ok(all)
    }))
}

/// What a bill of the funding account is about; a cancelled withdrawal is a movement back.
fn kind(code: &str) -> MovementKind {
    match code {
        "1" => MovementKind::Deposit,
        "2" | "13" => MovementKind::Withdrawal,
        "20" | "21" | "22" | "23" | "130" | "131" => MovementKind::Transfer,
        _ => MovementKind::Other,
    }
}

/// Movements of the funding account, where deposits arrive; or, when a trading wallet is named, what moved into and out of
/// the trading account.
pub(super) fn movements(query: &HistoryQuery) -> Built<Vec<Movement>> {
    let HistoryQuery { range, scope, .. } = query;
    let trading = scope.wallet.is_some_and(|wallet| !matches!(wallet, Wallet::Funding | Wallet::Savings));
    let fields = Fields::new().maybe("limit", range.limit.map(|n| n.to_string()));
    let (path, fields) = if trading {
        let fields = fields.with("type", "1").time("begin", range.since).time("end", range.until);
        ("/api/v5/account/bills-archive", fields)
    } else {
        let before = range.since.map(|since| since.plus_ms(-1));
        ("/api/v5/asset/bills", fields.time("before", before).time("after", range.until.map(|at| at.plus_ms(1))))
    };
    let fields = fields.extra(&scope.extra, &["method"]);
    Ok(Ask::new(limits::account(path, fields), move |reply, _| {
        let mut all = envelope::each(reply, |row: BillRow| {
            Ok(Movement {
                id: row.bill_id.owned().ok_or("a movement without its id")?,
                kind: if trading { MovementKind::Transfer } else { kind(&row.kind.0) },
                currency: row.ccy.owned().ok_or("a movement without its currency")?,
                amount: row.bal_chg.0.ok_or("a movement without its amount")?,
                fee: None,
                at: row.ts.0.ok_or("a movement without its time")?,
            })
        })?;
        all.sort_by_key(|movement| movement.at);
        Ok(all)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Markets, Reply};

    #[test]
    fn a_payment_of_a_position_with_its_own_margin_is_seen() {
        let body = r#"{"code":"0","data":[
            {"billId":"2","instId":"BTC-USDT-SWAP","ccy":"USDT","type":"8","balChg":"0","pnl":"-0.5","ts":"1700028800000"},
            {"billId":"1","instId":"BTC-USDT-SWAP","ccy":"USDT","type":"8","balChg":"0.25","pnl":"0.25","ts":"1700000000000"}]}"#;
        let read = funding_payments(&HistoryQuery::default())
            .unwrap()
            .read(&Reply::new(200, body), &Markets::default())
            .unwrap();
        let amounts: Vec<String> = read.iter().map(|payment| payment.amount.to_string()).collect();
        assert_eq!(amounts, ["0.25", "-0.5"]);
    }
}
