//! An account: what it holds, what its key may do, what it pays.

use super::ask::Rows;
use super::ask::{ask, flagged, sum, with_extra};
use super::errors::Family;
use super::market::own;
use super::raw_account::{
    RawCoin, RawContractAccount, RawFee, RawFlexiblePosition, RawHolding, RawIsolated, RawMargin, RawOptionAccount,
    RawPage, RawPermissions, RawPortfolioHolding, RawSpotAccount,
};
use super::system::{COINM, OPTIONS, PORTFOLIO, SPOT, System, USDM};
use crate::protocol::call::{AccountSystem, Scope, Wallet};
use crate::protocol::model::{AccountRow, Balances, Currency, FeeRate, Holding, KeyPermissions, MarginMode};
use crate::protocol::wire;
use crate::protocol::{Ask, Body, Built, EndpointClass, Instrument, Params, Product, ReadFault, Unsigned};
use rust_decimal::Decimal;
use serde_json::Value;
use std::collections::BTreeMap;

/// Own parameters that are read by these questions.
const KNOWN: [&str; 4] = ["symbols", "useV2", "method", "kind"];

fn plain(extra: &crate::protocol::call::Extra) -> Params {
    with_extra(Params::new(), extra, &KNOWN)
}

/// What is held of each currency; rows of the same currency (isolated pairs) are added up.
fn held(rows: impl IntoIterator<Item = Result<(String, Holding), String>>) -> Result<Balances, String> {
    let mut of: BTreeMap<String, Holding> = BTreeMap::new();
    for row in rows {
        let (currency, holding) = row?;
        if currency.is_empty() {
            return Err("a balance without a currency".into());
        }
        let known = of.entry(currency).or_default();
        *known = Holding {
            free: sum(&[known.free, holding.free])?,
            used: sum(&[known.used, holding.used])?,
            total: sum(&[known.total, holding.total])?,
            debt: sum(&[known.debt, holding.debt])?,
        };
    }
    Ok(Balances { at: None, of })
}

fn spot_holding(raw: &RawHolding) -> Result<(String, Holding), String> {
    let used = sum(&[raw.locked.0, raw.freeze.0, raw.withdrawing.0])?;
    let debt = sum(&[raw.borrowed.0, raw.interest.0])?;
    let free = raw.free.0.ok_or_else(|| format!("the balance of {} has nothing free", raw.asset.0))?;
    Ok((raw.asset.0.clone(), Holding { free: Some(free), used, total: sum(&[Some(free), used])?, debt }))
}

fn margin_holding(raw: &RawMargin) -> Result<(String, Holding), String> {
    let holding = Holding {
        free: raw.available_balance.0,
        used: raw.initial_margin.0,
        total: raw.margin_balance.0.or(raw.wallet_balance.0),
        debt: None,
    };
    Ok((raw.asset.0.clone(), holding))
}

/// Under portfolio margin every pocket has its own share of a currency.
fn portfolio_holding(raw: &RawPortfolioHolding, wallet: Option<Wallet>) -> Result<(String, Holding), String> {
    let all = |amount: Option<Decimal>| Holding { free: amount, used: Some(Decimal::ZERO), total: amount, debt: None };
    let holding = match wallet {
        Some(Wallet::Linear) => all(raw.um_wallet_balance.0),
        Some(Wallet::Inverse) => all(raw.cm_wallet_balance.0),
        Some(Wallet::Spot | Wallet::Margin | Wallet::Option | Wallet::Funding | Wallet::Savings) | None => Holding {
            free: raw.cross_margin_free.0,
            used: raw.cross_margin_locked.0,
            total: raw.cross_margin_asset.0,
            debt: sum(&[raw.cross_margin_borrowed.0, raw.cross_margin_interest.0])?,
        },
    };
    Ok((raw.asset.0.clone(), holding))
}

fn contract_balances(request: Unsigned) -> Ask<Balances> {
    ask(request, Family::Contract, |raw: RawContractAccount, _| {
        held(raw.assets.ok_or("an account without assets")?.iter().map(margin_holding))
    })
}

fn holdings(request: Unsigned) -> Ask<Balances> {
    ask(request, Family::Spot, |raw: Vec<RawHolding>, _| held(raw.iter().map(spot_holding)))
}

/// `BTCUSDT,ETHUSDT`, from a list of unified names or of the venue's own.
fn pairs(scope: &Scope) -> Option<String> {
    let own = scope.extra.get("symbols")?;
    let Some(names) = own.as_array() else { return super::ask::text(own) };
    let names: Vec<String> = names.iter().filter_map(Value::as_str).map(|name| name.replace('/', "")).collect();
    Some(names.join(","))
}

fn margin_balances(scope: &Scope) -> Ask<Balances> {
    if scope.margin == Some(MarginMode::Isolated) {
        let params = plain(&scope.extra).maybe("symbols", pairs(scope));
        let request = Unsigned::account(SPOT, "/sapi/v1/margin/isolated/account", params).weighing(10);
        return ask(request, Family::Spot, |raw: RawIsolated, _| {
            let sides = raw.assets.iter().flat_map(|pair| [&pair.base_asset, &pair.quote_asset]);
            held(sides.map(spot_holding))
        });
    }
    let request = Unsigned::account(SPOT, "/sapi/v1/margin/account", plain(&scope.extra)).weighing(10);
    spot_account(request)
}

fn spot_account(request: Unsigned) -> Ask<Balances> {
    ask(request, Family::Spot, |raw: RawSpotAccount, _| {
        let rows = raw.balances.ok_or("an account without balances")?;
        let mut balances = held(rows.iter().map(spot_holding))?;
        balances.at = raw.update_time.nonzero().and_then(|at| wire::millis(at).ok());
        Ok(balances)
    })
}

fn wallet(scope: &Scope) -> Wallet {
    let of_product = scope.product.map(|product| match product {
        Product::Spot => Wallet::Spot,
        Product::Linear => Wallet::Linear,
        Product::Inverse => Wallet::Inverse,
        Product::Option => Wallet::Option,
    });
    let usual = if scope.margin.is_some() { Wallet::Margin } else { Wallet::Spot };
    let wallet = scope.wallet.or(of_product).unwrap_or(usual);
    if wallet == Wallet::Spot && scope.margin.is_some() { Wallet::Margin } else { wallet }
}

pub(super) fn balances(scope: &Scope) -> Built<Balances> {
    if scope.account == AccountSystem::Unified {
        let request = Unsigned::account(PORTFOLIO, "/papi/v1/balance", plain(&scope.extra)).weighing(20);
        let wallet = scope.wallet;
        return Ok(ask(request, Family::Contract, move |raw: Rows<RawPortfolioHolding>, _| {
            held(raw.0.iter().map(|raw| portfolio_holding(raw, wallet)))
        }));
    }
    Ok(match wallet(scope) {
        Wallet::Spot => spot_account(Unsigned::account(SPOT, "/api/v3/account", plain(&scope.extra)).weighing(20)),
        Wallet::Margin => margin_balances(scope),
        Wallet::Linear => {
            let second = flagged(&scope.extra, "useV2");
            let path = if second { "/fapi/v2/account" } else { "/fapi/v3/account" };
            contract_balances(Unsigned::account(USDM, path, plain(&scope.extra)).weighing(5))
        }
        Wallet::Inverse => {
            contract_balances(Unsigned::account(COINM, "/dapi/v1/account", plain(&scope.extra)).weighing(5))
        }
        Wallet::Option => {
            let request = Unsigned::account(OPTIONS, "/eapi/v1/marginAccount", plain(&scope.extra)).weighing(3);
            ask(request, Family::Contract, |raw: RawOptionAccount, _| held(raw.asset.iter().map(margin_holding)))
        }
        Wallet::Funding => {
            let body = Body::Form(plain(&scope.extra));
            holdings(Unsigned::post(SPOT, "/sapi/v1/asset/get-funding-asset", body, EndpointClass::Account))
        }
        Wallet::Savings => savings(scope),
    })
}

/// What is left in flexible products, and can be taken back at any time.
fn savings(scope: &Scope) -> Ask<Balances> {
    let params = with_extra(Params::new().with("size", 100), &scope.extra, &KNOWN);
    let request = Unsigned::account(SPOT, "/sapi/v1/simple-earn/flexible/position", params).weighing(150);
    ask(request, Family::Spot, |raw: RawPage<RawFlexiblePosition>, _| {
        held(raw.rows.iter().map(|row| {
            let total = Some(row.total_amount.0);
            Ok((row.asset.0.clone(), Holding { free: total, used: Some(Decimal::ZERO), total, debt: None }))
        }))
    })
}

pub(super) fn accounts(scope: &Scope) -> Built<Vec<AccountRow>> {
    let request = Unsigned::account(SPOT, "/api/v3/account", plain(&scope.extra)).weighing(20);
    Ok(ask(request, Family::Spot, |raw: RawSpotAccount, _| {
        let id = raw.uid.some().ok_or("an account without a number")?.to_owned();
        Ok(vec![AccountRow { id, kind: raw.account_type.owned(), currency: None }])
    }))
}

pub(super) fn currencies() -> Built<Vec<Currency>> {
    let request = Unsigned::account(SPOT, "/sapi/v1/capital/config/getall", Params::new()).weighing(10);
    Ok(ask(request, Family::Spot, |raw: Vec<RawCoin>, _| {
        let row = |raw: &RawCoin| {
            let steps = raw.network_list.iter().filter_map(|network| network.withdraw_integer_multiple.nonzero());
            let flags = [raw.trading.0, raw.deposit_all_enable.0, raw.withdraw_all_enable.0];
            Currency {
                id: raw.coin.0.clone(),
                code: raw.coin.0.clone(),
                name: raw.name.owned(),
                // A step that every network takes.
                precision: steps.max(),
                active: flags.iter().all(Option::is_some).then(|| flags.iter().all(|flag| *flag == Some(true))),
            }
        };
        Ok(raw.iter().map(row).collect())
    }))
}

pub(super) fn key_permissions() -> Built<KeyPermissions> {
    let request = Unsigned::account(SPOT, "/sapi/v1/account/apiRestrictions", Params::new());
    Ok(ask(request, Family::Spot, |raw: RawPermissions, _| {
        let out = [raw.enable_withdrawals.0, raw.enable_internal_transfer.0];
        let read = raw.enable_reading.0.ok_or("the key's permissions are not told")?;
        Ok(KeyPermissions {
            read: Some(read),
            spot: raw.enable_spot_and_margin_trading.0,
            contracts: raw.enable_futures.0,
            withdraw: if out.contains(&Some(true)) { Some(true) } else { out.first().copied().flatten() },
            // The venue tells that there is a list, not what is on it.
            addresses: raw
                .ip_restrict
                .0
                .filter(|restricted| *restricted)
                .map(|_| "restricted".into())
                .into_iter()
                .collect(),
            expires_at: raw.trading_authority_expiration_time.0,
        })
    }))
}

fn fees(request: Unsigned, system: System) -> Ask<Vec<FeeRate>> {
    ask(request, system.family(), move |raw: Rows<RawFee>, markets| {
        let row = |raw: &RawFee| FeeRate {
            market: markets.name_of(&raw.symbol.0, &[system.product()]),
            maker: Some(raw.maker_commission.0),
            taker: Some(raw.taker_commission.0),
        };
        Ok(raw.0.iter().map(row).collect())
    })
}

pub(super) fn fee_rate(market: &Instrument, scope: &Scope) -> Built<FeeRate> {
    let system = System::within(scope, Some(market), Product::Spot);
    let params = with_extra(Params::new().with("symbol", &market.symbol), &scope.extra, &KNOWN);
    let request = match system.product() {
        Product::Spot => Unsigned::account(SPOT, "/sapi/v1/asset/tradeFee", params),
        Product::Linear | Product::Inverse => {
            Unsigned::account(system.origin(), system.path("/commissionRate"), params).weighing(20)
        }
        Product::Option => return super::contracts::unsupported("fee rate of an option"),
    };
    let (name, asked) = (market.name.clone(), fees(request.clone(), system));
    Ok(Ask::new(request, move |reply, markets| {
        let rows = asked.read(reply, markets)?;
        let row = rows.into_iter().find(|row| row.market == name);
        row.ok_or_else(|| ReadFault::parse(reply, format!("nothing about {name}")))
    }))
}

/// On contracts the account only tells its tier, not what that tier costs: the row then has no rates.
pub(super) fn fee_rates(scope: &Scope) -> Built<Vec<FeeRate>> {
    let system = System::within(scope, None, Product::Spot);
    let params = plain(&scope.extra);
    let (path, weight) = match system.product() {
        Product::Spot => {
            return Ok(fees(Unsigned::account(SPOT, "/sapi/v1/asset/tradeFee", params), System::Spot));
        }
        Product::Linear if system == System::Usdm => ("/accountConfig", 5),
        Product::Linear | Product::Inverse => ("/account", 5),
        Product::Option => return super::contracts::unsupported("fee rates of options"),
    };
    let request = Unsigned::account(system.origin(), system.path(path), params).weighing(weight);
    Ok(super::ask::done(request, system.family()).map(|()| vec![FeeRate::default()]))
}

/// Which of two lists an own parameter asks for.
pub(super) fn is_kind(scope: &Scope, kind: &str, usual: &str) -> bool {
    own(scope, "kind", usual) == kind
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Markets, Reply};

    #[test]
    fn a_key_that_may_move_money_out_is_known_by_either_permission() {
        let read = |json: &str| key_permissions().unwrap().read(&Reply::new(200, json), &Markets::default());
        let key = read(
            r#"{"ipRestrict":true,"enableReading":true,"enableWithdrawals":false,"enableInternalTransfer":true,
            "enableFutures":false,"enableSpotAndMarginTrading":true,"tradingAuthorityExpirationTime":1628985600000}"#,
        )
        .unwrap();
        assert_eq!((key.withdraw, key.spot, key.contracts), (Some(true), Some(true), Some(false)));
        assert_eq!((key.addresses.len(), key.expires_at.map(|at| at.ms())), (1, Some(1_628_985_600_000)));
        let safe = read(r#"{"enableReading":true,"enableWithdrawals":false,"enableInternalTransfer":false}"#).unwrap();
        assert_eq!((safe.withdraw, safe.addresses.len()), (Some(false), 0));
        assert!(read("{}").is_err());
    }

    #[test]
    fn isolated_pairs_are_added_up_by_currency() {
        let scope = Scope { margin: Some(MarginMode::Isolated), ..Scope::default() };
        let pair = |base: &str| {
            format!(
                r#"{{"baseAsset":{{"asset":"{base}","free":"1","locked":"0.5","borrowed":"0.1","interest":"0"}},
                "quoteAsset":{{"asset":"USDT","free":"10","locked":"0"}}}}"#
            )
        };
        let body = format!(r#"{{"assets":[{},{}]}}"#, pair("BTC"), pair("ETH"));
        let balances = balances(&scope).unwrap().read(&Reply::new(200, body), &Markets::default()).unwrap();
        let usdt = balances.of["USDT"];
        assert_eq!((usdt.free, usdt.total), (Some(Decimal::from(20)), Some(Decimal::from(20))));
        assert_eq!(balances.of["BTC"].debt, Some("0.1".parse().unwrap()));
    }

    #[test]
    fn an_answer_without_balances_is_no_empty_account() {
        for scope in [
            Scope::default(),
            Scope { wallet: Some(Wallet::Linear), ..Scope::default() },
            Scope { wallet: Some(Wallet::Margin), ..Scope::default() },
        ] {
            assert!(balances(&scope).unwrap().read(&Reply::new(200, "{}"), &Markets::default()).is_err());
        }
    }
}
