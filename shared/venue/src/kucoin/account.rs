//! The account: what the key may do, what trading costs, and whether the venue works.

use super::ask::{FUTURES, SPOT, data_type, lacks, product, query};
use super::raw::{self, currency};
use crate::protocol::call::AccountSystem;
use crate::protocol::model::{AccountRow, FeeRate, KeyPermissions, VenueHealth};
use crate::protocol::wire::{MaybeMs, Num, Text};
use crate::protocol::{Ask, Built, Instrument, Markets, Params, Product, ReadFault, Scope, Unsigned};
use desk::time::Timestamp;
use serde::Deserialize;

#[derive(Deserialize)]
struct RawAccount {
    id: Text,
    currency: Text,
    #[serde(rename = "type")]
    kind: Text,
}

/// The owner's accounts: one a currency and type.
pub(super) fn accounts(scope: &Scope) -> Built<Vec<AccountRow>> {
    let request = Unsigned::account(SPOT, "/api/v1/accounts", query(&Params::new(), &scope.extra, &[])).weighing(5);
    Ok(Ask::new(request, |reply, _| {
        let rows = raw::rows::<RawAccount>(reply)?.0;
        let one = |row: &RawAccount| AccountRow {
            id: row.id.0.clone(),
            kind: row.kind.owned(),
            currency: row.currency.some().map(|name| currency(name).to_owned()),
        };
        Ok(rows.iter().map(one).collect())
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawKey {
    permission: Text,
    #[serde(default)]
    ip_whitelist: Text,
    #[serde(default)]
    expired_at: MaybeMs,
}

/// What a key may do.
pub(super) fn key_permissions() -> Built<KeyPermissions> {
    let request = Unsigned::account(SPOT, "/api/v1/user/api-key", Params::new()).weighing(20);
    Ok(Ask::new(request, |reply, _| {
        let key: RawKey = raw::object(reply)?;
        let list = |text: &Text| -> Vec<String> {
            text.0.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
        };
        let may = list(&key.permission);
        if may.is_empty() {
            return Err(ReadFault::parse(reply, "a key without permissions"));
        }
        let has = |name: &str| may.iter().any(|known| known.eq_ignore_ascii_case(name));
        let unified = has("Unified");
        Ok(KeyPermissions {
            read: Some(has("General")),
            spot: Some(has("Spot") || unified),
            contracts: Some(has("Futures") || unified),
            // "Transfer" is the older name of withdrawals; the inner and flexible transfers stay with the owner.
            withdraw: Some(has("Transfer") || has("Withdrawal") || has("Withdraw")),
            addresses: list(&key.ip_whitelist),
            expires_at: key.expired_at.0,
        })
    }))
}

/// Whether spot orders of the account go to the fast endpoints or to the old ones: the venue tells whether the user is one of
/// high frequency. Each kind of user has its own spot accounts, which the other's endpoints know nothing of.
pub(super) fn account_system() -> Built<AccountSystem> {
    let request = Unsigned::account(SPOT, "/api/v1/hf/accounts/opened", Params::new()).weighing(30);
    Ok(Ask::new(request, |reply, _| {
        let fast: bool = raw::data(reply)?;
        Ok(if fast { AccountSystem::HighFrequency } else { AccountSystem::Classic })
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawFee {
    #[serde(default)]
    symbol: Text,
    taker_fee_rate: Num,
    maker_fee_rate: Num,
}

impl RawFee {
    fn rate(&self, markets: &Markets) -> FeeRate {
        FeeRate {
            market: self.symbol.some().map(|symbol| markets.name_of(symbol, &[])).unwrap_or_default(),
            maker: Some(self.maker_fee_rate.0),
            taker: Some(self.taker_fee_rate.0),
        }
    }
}

/// What trading costs in one market.
pub(super) fn fee_rate(market: &Instrument, scope: &Scope) -> Built<FeeRate> {
    let contract = market.product.is_contract();
    let symbol = market.symbol.as_str();
    let (origin, path, ours) = if scope.account == AccountSystem::Unified {
        let ours = Params::new().with("tradeType", data_type(market.product)).with("symbol", symbol);
        (SPOT, "/api/ua/v1/user/fee-rate", ours)
    } else if contract {
        (FUTURES, "/api/v1/trade-fees", Params::new().with("symbol", symbol))
    } else {
        (SPOT, "/api/v1/trade-fees", Params::new().with("symbols", symbol))
    };
    let request = Unsigned::account(origin, path, query(&ours, &scope.extra, &[])).weighing(3);
    let name = market.name.clone();
    Ok(Ask::new(request, move |reply, markets| {
        // The futures server answers with the row itself, the others with a list of one.
        let found = match raw::rows::<RawFee>(reply) {
            Ok(rows) => rows.0.into_iter().next(),
            Err(ReadFault::Parse { .. }) => Some(raw::object::<RawFee>(reply)?),
            Err(fault) => return Err(fault),
        };
        let rate = found.map(|row| row.rate(markets)).filter(|rate| rate.market.is_empty() || rate.market == name);
        rate.ok_or_else(|| ReadFault::parse(reply, "the fee of another market"))
    }))
}

/// What trading costs in spot markets, before a market's own factor.
pub(super) fn fee_rates(scope: &Scope, usual: Product) -> Built<Vec<FeeRate>> {
    if product(None, scope, usual).is_contract() {
        return Err(lacks("fees of all contracts in one answer"));
    }
    let request = Unsigned::account(SPOT, "/api/v1/base-fee", query(&Params::new(), &scope.extra, &[])).weighing(3);
    Ok(Ask::new(request, |reply, markets| Ok(vec![raw::object::<RawFee>(reply)?.rate(markets)])))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    #[serde(alias = "serverStatus")]
    status: Text,
    #[serde(default)]
    msg: Text,
}

/// Whether the venue works.
pub(super) fn health(usual: Product) -> Built<VenueHealth> {
    let origin = if usual.is_contract() { FUTURES } else { SPOT };
    let request = Unsigned::public(origin, "/api/v1/status", Params::new()).weighing(3);
    Ok(Ask::new(request, |reply, _| {
        let answer: Status = raw::object(reply)?;
        let trading = match answer.status.0.as_str() {
            "open" => true,
            "close" | "cancelonly" => false,
            other => return Err(ReadFault::parse(reply, format!("status {other:?}"))),
        };
        Ok(VenueHealth { trading, until: None, message: answer.msg.owned() })
    }))
}

/// The server's time.
pub(super) fn server_time(usual: Product) -> Built<Timestamp> {
    let origin = if usual.is_contract() { FUTURES } else { SPOT };
    let request = Unsigned::public(origin, "/api/v1/timestamp", Params::new()).weighing(3);
    Ok(Ask::new(request, |reply, _| {
        let at: MaybeMs = raw::data(reply)?;
        at.0.ok_or_else(|| ReadFault::parse(reply, "no time"))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Reply;

    fn reply(data: &str) -> Reply {
        Reply::new(200, format!(r#"{{"code":"200000","data":{data}}}"#))
    }

    #[test]
    fn a_key_that_may_withdraw_is_told() {
        let ask = key_permissions().unwrap();
        let read = |text: &str| ask.read(&reply(text), &Markets::default());
        let key =
            read(r#"{"permission":"General,Futures,Spot,InnerTransfer,Transfer","ipWhitelist":"1.2.3.4, 5.6.7.8"}"#);
        let key = key.unwrap();
        assert_eq!((key.withdraw, key.spot, key.addresses.len()), (Some(true), Some(true), 2));
        let plain = read(r#"{"permission":"General,InnerTransfer"}"#).unwrap();
        assert_eq!((plain.withdraw, plain.contracts), (Some(false), Some(false)));
        assert!(read(r#"{"permission":""}"#).is_err());
    }
}
