//! The account: balances, fees, what a key may do, currencies.

use super::raw::{AssetRow, BalanceRow, ConfigRow, CurrencyRow, DetailRow, FeeRow};
use super::{VENUE, envelope, inst_type, inst_type_of, limits, underlying};
use crate::protocol::call::{Scope, Wallet};
use crate::protocol::fields::Fields;
use crate::protocol::model::{AccountRow, Balances, Currency, FeeRate, Holding, KeyPermissions};
use crate::protocol::wire::MaybeNum;
use crate::protocol::{Ask, Built, CallError, Instrument, ReadFault};
use desk::money::exact;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

fn difference(a: Decimal, b: Decimal) -> Result<Decimal, String> {
    exact::add(a, -b).map_err(|e| e.to_string())
}

/// What the trading account holds of a currency. Free is what can be used for orders, which in accounts with margin is
/// the venue's "available equity".
pub(super) fn holding(row: &DetailRow) -> Result<Holding, String> {
    let total = row.eq.0.or(row.cash_bal.0);
    let (free, used) = match (row.avail_eq.0, total) {
        (Some(free), Some(total)) => (Some(free), Some(difference(total, free)?)),
        (Some(free), None) => (Some(free), row.frozen_bal.0),
        (None, _) => (row.avail_bal.0, row.frozen_bal.0),
    };
    let debt = row.liab.nonzero().map(|debt| debt.abs());
    Ok(Holding { free, used, total, debt })
}

/// A balance row, or what changed in one.
pub(super) fn balance(row: &BalanceRow) -> Result<Balances, String> {
    let mut of = BTreeMap::new();
    for detail in &row.details {
        let currency = detail.ccy.owned().ok_or("a balance without its currency")?;
        of.insert(currency, holding(detail)?);
    }
    Ok(Balances { at: row.u_time.0, of })
}

/// What an account holds: the trading account, or the one of deposits.
pub(super) fn balances(scope: &Scope) -> Built<Balances> {
    let fields = Fields::new().extra(&scope.extra, &[]);
    match scope.wallet {
        Some(Wallet::Savings) => Err(CallError::Unsupported { venue: VENUE, what: "balances of savings".into() }),
        Some(Wallet::Funding) => {
            let request = limits::account("/api/v5/asset/balances", fields);
            Ok(Ask::new(request, |reply, _| {
                let rows = envelope::each(reply, |row: AssetRow| {
                    let currency = row.ccy.owned().ok_or("a balance without its currency")?;
                    let (free, used, total) = (row.avail_bal.0, row.frozen_bal.0, row.bal.0);
                    Ok((currency, Holding { free, used, total, debt: None }))
                })?;
                Ok(Balances { at: None, of: rows.into_iter().collect() })
            }))
        }
        Some(Wallet::Spot | Wallet::Margin | Wallet::Linear | Wallet::Inverse | Wallet::Option) | None => {
            let request = limits::account("/api/v5/account/balance", fields);
            Ok(Ask::new(request, |reply, _| balance(&envelope::first(reply)?).map_err(|e| ReadFault::parse(reply, e))))
        }
    }
}

fn config<T: 'static>(scope: &Scope, turn: impl Fn(&ConfigRow) -> Result<T, String> + Send + Sync + 'static) -> Ask<T> {
    let fields = Fields::new().extra(&scope.extra, &[]);
    let request = limits::account("/api/v5/account/config", fields);
    Ask::new(request, move |reply, _| turn(&envelope::first(reply)?).map_err(|e| ReadFault::parse(reply, e)))
}

/// What the key may do. The venue has one permission for all trading.
pub(super) fn key_permissions() -> Built<KeyPermissions> {
    Ok(config(&Scope::default(), |row| {
        let permissions = row.perm.some().ok_or("the venue does not say what the key may do")?;
        let has = |name: &str| Some(permissions.split(',').any(|one| one.trim() == name));
        let addresses = row.ip.0.split(',').map(str::trim).filter(|ip| !ip.is_empty()).map(str::to_owned).collect();
        Ok(KeyPermissions {
            read: has("read_only"),
            spot: has("trade"),
            contracts: has("trade"),
            withdraw: has("withdraw"),
            addresses,
            expires_at: None,
        })
    }))
}

/// The account behind the key.
pub(super) fn accounts(scope: &Scope) -> Built<Vec<AccountRow>> {
    Ok(config(scope, |row| {
        let id = row.uid.owned().ok_or("an account without its id")?;
        Ok(vec![AccountRow { id, kind: row.acct_lv.owned(), currency: None }])
    }))
}

/// Whether long and short are held apart.
pub(super) fn position_mode(scope: &Scope) -> Built<bool> {
    Ok(config(scope, |row| match row.pos_mode.0.as_str() {
        "long_short_mode" => Ok(true),
        "net_mode" => Ok(false),
        other => Err(format!("{other:?} is no mode of positions")),
    }))
}

/// A rate the venue writes as negative when it takes it.
fn taken(rates: [MaybeNum; 2]) -> Option<Decimal> {
    rates.into_iter().find_map(|rate| rate.0).map(|rate| Decimal::ZERO - rate)
}

fn rates(row: &FeeRow, settle: Option<&str>) -> FeeRate {
    // Where there are several groups, nothing says here which one a market is in.
    let group = match row.fee_group.as_deref() {
        Some([group]) => Some(group),
        _ => None,
    };
    let (maker, taker) = match settle {
        Some("USDC") => ([row.maker_usdc, row.maker], [row.taker_usdc, row.taker]),
        Some("USDT") => ([row.maker_u, row.maker], [row.taker_u, row.taker]),
        _ => ([row.maker, row.maker_u], [row.taker, row.taker_u]),
    };
    FeeRate {
        market: String::new(),
        maker: taken(maker).or_else(|| taken([group?.maker, MaybeNum(None)])),
        taker: taken(taker).or_else(|| taken([group?.taker, MaybeNum(None)])),
    }
}

/// What trading costs in one market.
pub(super) fn fee_rate(market: &Instrument, scope: &Scope) -> Built<FeeRate> {
    let symbol = (!market.product.is_contract()).then(|| market.symbol.clone());
    let fields = Fields::new()
        .with("instType", inst_type(market))
        .maybe("instId", symbol)
        .maybe("uly", underlying(market))
        .extra(&scope.extra, &[]);
    let request = limits::account("/api/v5/account/trade-fee", fields);
    let (name, settle) = (market.name.clone(), market.settle.clone());
    Ok(Ask::new(request, move |reply, _| {
        let row: FeeRow = envelope::first(reply)?;
        Ok(FeeRate { market: name.clone(), ..rates(&row, settle.as_deref()) })
    }))
}

/// What trading costs in a product.
pub(super) fn fee_rates(scope: &Scope) -> Built<Vec<FeeRate>> {
    let kind = inst_type_of(scope.product).unwrap_or("SPOT");
    let fields = Fields::new().with("instType", kind).extra(&scope.extra, &[]);
    let request = limits::account("/api/v5/account/trade-fee", fields);
    let settle = (kind == "SWAP").then_some("USDT");
    Ok(Ask::new(request, move |reply, _| {
        envelope::each(reply, |row: FeeRow| Ok(rates(&row, settle.filter(|_| row.maker_u.0.is_some()))))
    }))
}

/// All currencies. The venue has a row for each network of one.
pub(super) fn currencies() -> Built<Vec<Currency>> {
    let request = limits::account("/api/v5/asset/currencies", Fields::new());
    Ok(Ask::new(request, |reply, _| {
        let mut all: BTreeMap<String, Currency> = BTreeMap::new();
        for row in envelope::rows::<CurrencyRow>(reply)? {
            let Some(id) = row.ccy.owned() else { return Err(ReadFault::parse(reply, "a currency without its name")) };
            let active = row.can_dep.0.unwrap_or_default() && row.can_wd.0.unwrap_or_default();
            let currency = all.entry(id.clone()).or_insert_with(|| Currency {
                code: id.clone(),
                id,
                name: row.name.owned(),
                precision: None,
                active: Some(false),
            });
            currency.active = Some(active || currency.active.unwrap_or_default());
            // A number of decimals, written as such.
            let digits = row.wd_tick_sz.0.and_then(|digits| u32::try_from(digits).ok());
            let step = digits.and_then(|digits| Decimal::try_from_i128_with_scale(1, digits).ok());
            currency.precision = match (currency.precision, step) {
                (Some(known), Some(step)) => Some(known.min(step)),
                (known, step) => known.or(step),
            };
        }
        Ok(all.into_values().collect())
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Markets, Reply};

    #[test]
    fn a_key_that_may_withdraw_is_seen() {
        let read = |perm: &str| {
            let body = format!(r#"{{"code":"0","data":[{{"uid":"1","perm":"{perm}","ip":"1.2.3.4, 5.6.7.8"}}]}}"#);
            key_permissions().unwrap().read(&Reply::new(200, body), &Markets::default())
        };
        let all = read("read_only,withdraw,trade").unwrap();
        assert_eq!((all.withdraw, all.contracts), (Some(true), Some(true)));
        assert_eq!(all.addresses, ["1.2.3.4", "5.6.7.8"]);
        assert_eq!(read("read_only").unwrap().withdraw, Some(false));
        assert!(read("").is_err(), "silence is no answer");
    }

    #[test]
    fn what_is_free_is_available_equity_where_there_is_one() {
        let body = r#"{"code":"0","data":[{"uTime":"1700000000000","details":[
            {"ccy":"BTC","eq":"1.5","availEq":"1","availBal":"0.5","frozenBal":"0.4","liab":"-0.2"},
            {"ccy":"USDT","eq":"10","availEq":"","availBal":"7","frozenBal":"3"}]}]}"#;
        let ask = balances(&Scope::default()).unwrap();
        let read = ask.read(&Reply::new(200, body), &Markets::default()).unwrap();
        let btc = read.of["BTC"];
        assert_eq!((btc.free, btc.used), (Some(Decimal::ONE), Some(Decimal::new(5, 1))));
        assert_eq!(btc.debt, Some(Decimal::new(2, 1)));
        assert_eq!((read.of["USDT"].free, read.of["USDT"].used), (Some(7.into()), Some(3.into())));
    }
}
