//! Money that moved without a trade, and where it can be left for interest. All of it is read only.
//!
//! The venue keeps deposits and withdrawals in two lists, flexible and locked products too: the own parameter `kind`
//! (`deposit`, `withdrawal`; `flexible`, `locked`) chooses. Contract accounts have one statement for everything.

use super::account::is_kind;
use super::ask::{ask, ranged, with_extra};
use super::contracts::unsupported;
use super::errors::Family;
use super::raw_account::{RawEarn, RawIncome, RawPage, RawTransfer};
use super::system::{SPOT, System};
use crate::protocol::call::Wallet;
use crate::protocol::model::{EarnProduct, FundingPayment, Movement, MovementKind, VenueFee};
use crate::protocol::wire;
use crate::protocol::{Built, HistoryQuery, Params, Product, Unsigned};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

const KNOWN: [&str; 1] = ["kind"];
/// Withdrawals cost the venue's separate budget of an account 18000 of 180000: a tenth of ours.
const WITHDRAWALS_WEIGHT: u32 = 600;

fn income(query: &HistoryQuery, system: System, params: Params) -> Unsigned {
    let market = query.instrument.as_ref().map(|market| &market.symbol);
    let params = ranged(params.maybe("symbol", market), &query.range);
    let params = with_extra(params, &query.scope.extra, &KNOWN);
    Unsigned::account(system.origin(), system.path("/income"), params).weighing(system.weight(1, 30, 20))
}

pub(super) fn funding_payments(query: &HistoryQuery) -> Built<Vec<FundingPayment>> {
    let system = System::within(&query.scope, query.instrument.as_ref(), Product::Linear);
    if !matches!(system.product(), Product::Linear | Product::Inverse) {
        return unsupported("funding but of futures");
    }
    let request = income(query, system, Params::new().with("incomeType", "FUNDING_FEE"));
    Ok(ask(request, system.family(), move |raw: Vec<RawIncome>, markets| {
        let row = |raw: &RawIncome| {
            Ok(FundingPayment {
                market: markets.name_of(&raw.symbol.0, &[system.product()]),
                id: raw.tran_id.owned(),
                amount: raw.income.0,
                currency: raw.asset.0.clone(),
                at: wire::millis(raw.time.0)?,
            })
        };
        let mut rows = raw.iter().map(row).collect::<Result<Vec<FundingPayment>, String>>()?;
        rows.sort_by_key(|row| row.at);
        Ok(rows)
    }))
}

/// A row of the statement that is no consequence of a trade or a position.
fn moved(raw: &RawIncome) -> Option<MovementKind> {
    match raw.income_type.0.as_str() {
        "REALIZED_PNL" | "COMMISSION" | "FUNDING_FEE" | "INSURANCE_CLEAR" => None,
        "TRANSFER" | "INTERNAL_TRANSFER" | "CROSS_COLLATERAL_TRANSFER" | "COIN_SWAP_DEPOSIT" | "COIN_SWAP_WITHDRAW" => {
            Some(MovementKind::Transfer)
        }
        _ => Some(MovementKind::Other),
    }
}

fn deposit(raw: &RawTransfer) -> Result<Movement, String> {
    Ok(Movement {
        id: raw.id.some().or(raw.tx_id.some()).ok_or("a deposit has no id")?.to_owned(),
        kind: MovementKind::Deposit,
        currency: raw.coin.0.clone(),
        amount: raw.amount.0,
        fee: None,
        at: raw.insert_time.0.ok_or("a deposit has no time")?,
    })
}

fn withdrawal(raw: &RawTransfer) -> Result<Movement, String> {
    let at = format!("{}Z", raw.apply_time.0.replacen(' ', "T", 1));
    Ok(Movement {
        id: raw.id.some().ok_or("a withdrawal has no id")?.to_owned(),
        kind: MovementKind::Withdrawal,
        currency: raw.coin.0.clone(),
        amount: Decimal::ZERO - raw.amount.0,
        fee: raw.transaction_fee.0.map(|cost| VenueFee { cost, currency: raw.coin.owned() }),
        at: wire::rfc3339(&at)?,
    })
}

pub(super) fn movements(query: &HistoryQuery) -> Built<Vec<Movement>> {
    let scope = &query.scope;
    let product = match scope.wallet {
        Some(Wallet::Linear) => Some(Product::Linear),
        Some(Wallet::Inverse) => Some(Product::Inverse),
        Some(Wallet::Option | Wallet::Savings) => return unsupported("movements of that pocket"),
        Some(Wallet::Spot | Wallet::Margin | Wallet::Funding) => None,
        None => scope.product.filter(|product| matches!(product, Product::Linear | Product::Inverse)),
    };
    if let Some(product) = product {
        let system = System::of(product, scope.account, None);
        return Ok(ask(income(query, system, Params::new()), system.family(), |raw: Vec<RawIncome>, _| {
            let kept = raw.iter().filter_map(|raw| moved(raw).map(|kind| (raw, kind)));
            kept.map(|(raw, kind)| {
                Ok(Movement {
                    id: raw.tran_id.some().ok_or("a movement has no id")?.to_owned(),
                    kind,
                    currency: raw.asset.0.clone(),
                    amount: raw.income.0,
                    fee: None,
                    at: wire::millis(raw.time.0)?,
                })
            })
            .collect()
        }));
    }
    let params = with_extra(ranged(Params::new(), &query.range), &scope.extra, &KNOWN);
    if is_kind(scope, "withdrawal", "deposit") {
        let request = Unsigned::account(SPOT, "/sapi/v1/capital/withdraw/history", params);
        return Ok(ask(request.weighing(WITHDRAWALS_WEIGHT), Family::Spot, |raw: Vec<RawTransfer>, _| {
            // 6: completed. What is not has not moved yet.
            raw.iter().filter(|raw| raw.status.0 == Some(Decimal::from(6))).map(withdrawal).collect()
        }));
    }
    let request = Unsigned::account(SPOT, "/sapi/v1/capital/deposit/hisrec", params);
    Ok(ask(request, Family::Spot, |raw: Vec<RawTransfer>, _| {
        // 1: credited; 6: credited, and not to be withdrawn yet.
        let credited = [Some(Decimal::ONE), Some(Decimal::from(6))];
        raw.iter().filter(|raw| credited.contains(&raw.status.0)).map(deposit).collect()
    }))
}

/// The venue's list of withdrawals, as a question of its own.
pub(super) fn withdrawals(query: &HistoryQuery) -> Built<Vec<Movement>> {
    let mut query = query.clone();
    query.scope.extra.0.retain(|(name, _)| name != "kind");
    query.scope.extra.0.push(("kind".to_owned(), serde_json::Value::String("withdrawal".to_owned())));
    movements(&query)
}

fn earn(raw: &RawEarn) -> Result<EarnProduct, String> {
    // Locked products tell the rest one level below.
    let told = raw.detail.as_deref().unwrap_or(raw);
    let days = told.duration.nonzero();
    Ok(EarnProduct {
        id: raw.product_id.some().ok_or("an earn product has no id")?.to_owned(),
        asset: told.asset.some().ok_or("an earn product has no currency")?.to_owned(),
        apr: told.latest_annual_percentage_rate.0,
        locked_days: days
            .map(|days| days.to_u32().ok_or_else(|| format!("{days} is no number of days")))
            .transpose()?,
        min_amount: raw.quota.as_ref().and_then(|quota| quota.minimum.0).or(raw.min_purchase_amount.0),
        sold_out: told.is_sold_out.0.unwrap_or(false),
    })
}

pub(super) fn earn_products(query: &HistoryQuery) -> Built<Vec<EarnProduct>> {
    let locked = is_kind(&query.scope, "locked", "flexible");
    let path = if locked { "/sapi/v1/simple-earn/locked/list" } else { "/sapi/v1/simple-earn/flexible/list" };
    let params = Params::new()
        .maybe("asset", query.instrument.as_ref().map(|market| &market.base))
        .with("size", query.range.limit.unwrap_or(100).min(100));
    let params = with_extra(params, &query.scope.extra, &KNOWN);
    let request = Unsigned::account(SPOT, path, params).weighing(150);
    Ok(ask(request, Family::Spot, |raw: RawPage<RawEarn>, _| raw.rows.iter().map(earn).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::call::{Extra, Scope};
    use crate::protocol::{Markets, Reply};
    use serde_json::json;

    fn of_kind(kind: &str) -> HistoryQuery {
        let extra = Extra(vec![("kind".into(), json!(kind))]);
        HistoryQuery { scope: Scope { extra, ..Scope::default() }, ..HistoryQuery::default() }
    }

    #[test]
    fn a_withdrawal_is_negative_and_only_read_when_it_is_complete() {
        let rows = r#"[{"id":"a","amount":"8.9","transactionFee":"0.004","coin":"USDT","status":6,"applyTime":"2019-10-12 11:12:02"},
            {"id":"b","amount":"1","coin":"USDT","status":2,"applyTime":"2019-10-12 11:12:02"}]"#;
        let asked = movements(&of_kind("withdrawal")).unwrap();
        assert_eq!(asked.request.method, crate::protocol::Method::Get);
        let moved = asked.read(&Reply::new(200, rows), &Markets::default()).unwrap();
        let [row] = moved.as_slice() else { panic!("{moved:?}") };
        assert_eq!((row.amount.to_string().as_str(), row.at.ms()), ("-8.9", 1_570_878_722_000));
    }

    #[test]
    fn flexible_and_locked_products_tell_the_same_at_two_places() {
        let locked = r#"{"rows":[{"projectId":"Axs*90","detail":{"asset":"AXS","duration":90,"isSoldOut":true,"apr":"1.2069"},
            "quota":{"totalPersonalQuota":"2","minimum":"0.001"}}],"total":1}"#;
        let asked = earn_products(&of_kind("locked")).unwrap();
        assert_eq!(asked.request.path, "/sapi/v1/simple-earn/locked/list");
        let rows = asked.read(&Reply::new(200, locked), &Markets::default()).unwrap();
        assert_eq!((rows[0].locked_days, rows[0].sold_out, rows[0].asset.as_str()), (Some(90), true, "AXS"));
        let flexible = r#"{"rows":[{"asset":"BTC","latestAnnualPercentageRate":"0.05","isSoldOut":false,
            "minPurchaseAmount":"0.01","productId":"BTC001"}],"total":1}"#;
        let rows = earn_products(&of_kind("flexible")).unwrap().read(&Reply::new(200, flexible), &Markets::default());
        assert_eq!(rows.unwrap()[0].apr.map(|apr| apr.to_string()).as_deref(), Some("0.05"));
    }
}
