//! The account: balances, fees, what the key may do, and what moved without a trade.

use super::ask::{FUTURES, SPOT, data_type, lacks, product, query};
use super::raw::{self, MaybeEither, currency, futures_currency};
use crate::protocol::call::{AccountSystem, Wallet};
use crate::protocol::model::{
    AccountRow, Balances, FeeRate, Holding, KeyPermissions, MarginMode, Movement, MovementKind, VenueFee, VenueHealth,
};
use crate::protocol::wire::{MaybeMs, MaybeNum, Num, Text};
use crate::protocol::{
    Ask, Built, CallError, HistoryQuery, Instrument, Markets, Params, Product, Range, ReadFault, Reply, Scope, Unsigned,
};
use desk::time::Timestamp;
use rust_decimal::Decimal;
use serde::Deserialize;

/// A row of a list of accounts, of a margin account, or of one side of an isolated pair.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawHolding {
    currency: Text,
    #[serde(default, alias = "availableBalance")]
    available: MaybeNum,
    #[serde(default, alias = "holds", alias = "holdBalance")]
    hold: MaybeNum,
    #[serde(default, alias = "balance", alias = "totalBalance")]
    total: MaybeNum,
    #[serde(default)]
    liability: MaybeNum,
}

#[derive(Deserialize)]
struct MarginAccounts {
    #[serde(default)]
    timestamp: MaybeMs,
    accounts: Vec<RawHolding>,
}

#[derive(Deserialize)]
struct IsolatedAccounts {
    #[serde(default)]
    timestamp: MaybeMs,
    assets: Vec<IsolatedPair>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IsolatedPair {
    base_asset: RawHolding,
    quote_asset: RawHolding,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FuturesAccount {
    currency: Text,
    #[serde(default)]
    account_equity: MaybeNum,
    #[serde(default)]
    available_balance: MaybeNum,
}

#[derive(Deserialize)]
struct UnifiedAccounts {
    #[serde(default)]
    ts: MaybeEither,
    accounts: Vec<UnifiedAccount>,
}

#[derive(Deserialize)]
struct UnifiedAccount {
    #[serde(alias = "currencyList")]
    currencies: Vec<RawHolding>,
}

/// What is told of a currency several times (isolated pairs) is added up.
fn add(balances: &mut Balances, row: &RawHolding) -> Result<(), String> {
    let held = balances.of.entry(currency(&row.currency.0).to_owned()).or_default();
    let sum = |a: Option<Decimal>, b: MaybeNum| match (a, b.0) {
        (Some(a), Some(b)) => a.checked_add(b).map(Some).ok_or("a sum that can't be held"),
        (a, b) => Ok(a.or(b)),
    };
    *held = Holding {
        free: sum(held.free, row.available)?,
        used: sum(held.used, row.hold)?,
        total: sum(held.total, row.total)?,
        debt: sum(held.debt, row.liability)?,
    };
    Ok(())
}

fn summed<'a>(
    reply: &Reply,
    at: Option<Timestamp>,
    rows: impl IntoIterator<Item = &'a RawHolding>,
) -> Result<Balances, ReadFault> {
    let mut balances = Balances { at, ..Balances::default() };
    for row in rows {
        add(&mut balances, row).map_err(|e| ReadFault::parse(reply, e))?;
    }
    Ok(balances)
}

/// Which pocket is asked for.
fn pocket(scope: &Scope, usual: Product) -> Wallet {
    let by_product = match scope.product.unwrap_or(usual) {
        Product::Spot => Wallet::Spot,
        Product::Linear => Wallet::Linear,
        Product::Inverse => Wallet::Inverse,
        Product::Option => Wallet::Option,
    };
    scope.wallet.unwrap_or(if scope.margin.is_some() { Wallet::Margin } else { by_product })
}

/// What an account holds.
pub(super) fn balances(scope: &Scope, usual: Product) -> Built<Balances> {
    if scope.account == AccountSystem::Unified {
        return unified_balances(scope);
    }
    let wallet = pocket(scope, usual);
    let account = |path, ours: &Params, weight| {
        let origin = if matches!(wallet, Wallet::Linear | Wallet::Inverse) { FUTURES } else { SPOT };
        Unsigned::account(origin, path, query(ours, &scope.extra, &["code"])).weighing(weight)
    };
    let asked = scope.extra.text("code");
    match (wallet, scope.margin) {
        (Wallet::Linear | Wallet::Inverse, _) => {
            // One currency at a time: the one contracts of this kind are settled in most.
            let usual = if wallet == Wallet::Inverse { "BTC" } else { "USDT" };
            let code = futures_currency(asked.as_deref().unwrap_or(usual)).to_owned();
            let request = account("/api/v1/account-overview", &Params::new().with("currency", code), 5);
            Ok(Ask::new(request, |reply, _| {
                let row: FuturesAccount = raw::data(reply)?;
                let (free, total) = (row.available_balance.0, row.account_equity.0);
                let held = Holding { free, total, ..Holding::default() };
                let mut balances = Balances::default();
                balances.of.insert(currency(&row.currency.0).to_owned(), held);
                Ok(balances)
            }))
        }
        (Wallet::Margin, Some(MarginMode::Isolated)) => {
            Ok(Ask::new(account("/api/v3/isolated/accounts", &Params::new(), 15), |reply, _| {
                let answer: IsolatedAccounts = raw::data(reply)?;
                let rows = answer.assets.iter().flat_map(|pair| [&pair.base_asset, &pair.quote_asset]);
                summed(reply, answer.timestamp.0, rows)
            }))
        }
        (Wallet::Margin, mode) => {
            let (path, weight) =
                if mode.is_some() { ("/api/v3/margin/accounts", 15) } else { ("/api/v1/margin/account", 40) };
            Ok(Ask::new(account(path, &Params::new(), weight), |reply, _| {
                let answer: MarginAccounts = raw::data(reply)?;
                summed(reply, answer.timestamp.0, &answer.accounts)
            }))
        }
        (Wallet::Spot | Wallet::Funding, _) => {
            let kind = match (wallet, scope.account) {
                (Wallet::Funding, _) => "main",
                (_, AccountSystem::HighFrequency) => "trade_hf",
                (_, AccountSystem::Classic | AccountSystem::Unified) => "trade",
            };
            let ours = Params::new().with("type", kind).maybe("currency", asked);
            Ok(Ask::new(account("/api/v1/accounts", &ours, 5), |reply, _| {
                let rows = raw::rows::<RawHolding>(reply)?.0;
                summed(reply, None, &rows)
            }))
        }
        (Wallet::Savings | Wallet::Option, _) => Err(lacks("balances of such a wallet")),
    }
}

/// The unified account, or one of the classic ones beside it.
fn unified_balances(scope: &Scope) -> Built<Balances> {
    let named = scope.extra.text("type");
    let kind = match (scope.wallet, scope.margin) {
        // The classic names of two of these accounts.
        (None, _) if named.as_deref() == Some("main") => Some("FUNDING"),
        (None, _) if named.as_deref() == Some("trade") => Some("SPOT"),
        (Some(Wallet::Spot), _) => Some("SPOT"),
        (Some(Wallet::Linear | Wallet::Inverse), _) => Some("FUTURES"),
        (Some(Wallet::Funding), _) => Some("FUNDING"),
        (Some(Wallet::Margin), Some(MarginMode::Isolated)) | (None, Some(MarginMode::Isolated)) => Some("ISOLATED"),
        (Some(Wallet::Margin), _) | (None, Some(MarginMode::Cross)) => Some("CROSS"),
        (Some(Wallet::Savings | Wallet::Option), _) => return Err(lacks("balances of such a wallet")),
        (None, None) => None,
    };
    let currency = scope.extra.text("code");
    let (path, ours) = match kind {
        Some(kind) => {
            ("/api/ua/v1/account/balance", Params::new().with("accountType", kind).maybe("currency", currency))
        }
        None => ("/api/ua/v1/unified/account/balance", Params::new()),
    };
    let request = Unsigned::account(SPOT, path, query(&ours, &scope.extra, &["code", "type"])).weighing(5);
    Ok(Ask::new(request, |reply, _| {
        let answer: UnifiedAccounts = raw::data(reply)?;
        summed(reply, answer.ts.0, answer.accounts.iter().flat_map(|account| &account.currencies))
    }))
}

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
        let key: RawKey = raw::data(reply)?;
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
            Err(ReadFault::Parse { .. }) => Some(raw::data::<RawFee>(reply)?),
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
    Ok(Ask::new(request, |reply, markets| Ok(vec![raw::data::<RawFee>(reply)?.rate(markets)])))
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
        let answer: Status = raw::data(reply)?;
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
