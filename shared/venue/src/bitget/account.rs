//! The account: what it holds, what its key may do, what trading costs, and money that moved without a trade.

use super::super::protocol::call::{AccountSystem, HistoryQuery, Scope, Wallet};
use super::super::protocol::fault::{CallError, ReadFault};
use super::super::protocol::http::Unsigned;
use super::super::protocol::market::{Instrument, Product};
use super::super::protocol::model::{
    AccountRow, Balances, FeeRate, FundingPayment, Holding, KeyPermissions, MarginMode, Movement, MovementKind,
    VenueFee,
};
use super::super::protocol::wire::{self, MaybeNum, Text};
use super::super::protocol::{Ask, Built};
use super::line::{Line, System, invalid, margin_coin, margin_path, need_contract, unsupported};
use super::raw::{Fields, account, data, each, public, rows};
use rust_decimal::Decimal;
use serde::Deserialize;

/// What an account holds of a coin: the names of spot, margin, contracts, and the unified account.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawHolding {
    #[serde(default)]
    coin: Text,
    #[serde(default)]
    margin_coin: Text,
    #[serde(default)]
    available: MaybeNum,
    #[serde(default)]
    frozen: MaybeNum,
    #[serde(default)]
    locked: MaybeNum,
    #[serde(default)]
    total_amount: MaybeNum,
    #[serde(default)]
    borrow: MaybeNum,
    #[serde(default)]
    interest: MaybeNum,
    #[serde(default)]
    max_transfer_out: MaybeNum,
    #[serde(default)]
    account_equity: MaybeNum,
    #[serde(default)]
    balance: MaybeNum,
    #[serde(default)]
    debt: MaybeNum,
    #[serde(default)]
    debts: MaybeNum,
    #[serde(default)]
    amount: MaybeNum,
    #[serde(default)]
    equity: MaybeNum,
}

fn sum(a: MaybeNum, b: MaybeNum) -> Option<Decimal> {
    match (a.0, b.0) {
        (Some(a), Some(b)) => a.checked_add(b),
        (a, b) => a.or(b),
    }
}

impl RawHolding {
    fn holding(&self) -> Holding {
        let contracts = self.margin_coin.some().is_some();
        let equity = self.account_equity.0.or(self.equity.0.filter(|_| contracts));
        let total = self.total_amount.0.or(equity).or(self.balance.0).or(self.amount.0);
        Holding {
            // What contracts have at hand is what is not bound as margin.
            free: self.max_transfer_out.0.or(self.available.0),
            used: sum(self.frozen, self.locked).filter(|_| !contracts),
            total,
            debt: self.debt.0.or(self.debts.0).or_else(|| sum(self.borrow, self.interest)),
        }
    }
}

/// Two holdings of one coin, as isolated margin has them.
fn added(a: Holding, b: Holding) -> Holding {
    let both = |a: Option<Decimal>, b: Option<Decimal>| sum(MaybeNum(a), MaybeNum(b));
    Holding {
        free: both(a.free, b.free),
        used: both(a.used, b.used),
        total: both(a.total, b.total),
        debt: both(a.debt, b.debt),
    }
}

/// Holdings by coin.
pub(super) fn holdings(raw: &[RawHolding]) -> Result<Balances, String> {
    let mut balances = Balances::default();
    for raw in raw {
        let coin = raw.coin.some().or_else(|| raw.margin_coin.some()).ok_or("a holding without a coin")?;
        let holding = raw.holding();
        let entry = balances.of.entry(coin.to_owned());
        entry.and_modify(|known| *known = added(*known, holding)).or_insert(holding);
    }
    Ok(balances)
}

fn balance_request(scope: &Scope) -> Result<Unsigned, CallError> {
    let line = Line::asked(None, scope, Product::Spot)?;
    let end = |fields: Fields| fields.extra(&scope.extra, &["productType", "category", "method"]);
    let unified = scope.account == AccountSystem::Unified;
    let contracts = |product: Product| -> Result<Unsigned, CallError> {
        let category = if line.product == product { line.category } else { super::line::category_of(product, None, false)? };
        Ok(account("/api/v2/mix/account/accounts", end(Fields::new().with("productType", category))))
    };
    Ok(match (scope.wallet, unified) {
        (Some(Wallet::Funding), true) => account("/api/v3/account/funding-assets", end(Fields::new())),
        (_, true) => account("/api/v3/account/assets", end(Fields::new())),
        (Some(Wallet::Funding), false) => account("/api/v2/account/funding-assets", end(Fields::new())),
        (Some(Wallet::Savings), false) => account("/api/v2/earn/account/assets", end(Fields::new())),
        (Some(Wallet::Option), false) => return Err(unsupported("options")),
        (Some(Wallet::Linear), false) => contracts(Product::Linear)?,
        (Some(Wallet::Inverse), false) => contracts(Product::Inverse)?,
        (Some(Wallet::Spot | Wallet::Margin) | None, false) => match line.system {
            System::Margin(mode) => account(margin_path(mode, "account/assets"), end(Fields::new())),
            System::Mix => contracts(line.product)?,
            System::Spot | System::Unified => account("/api/v2/spot/account/assets", end(Fields::new())),
        },
    })
}

/// What an account holds.
pub(super) fn balances(scope: &Scope) -> Built<Balances> {
    Ok(Ask::new(balance_request(scope)?, |reply, _| {
        let raw: Vec<RawHolding> = rows(reply, &["assets"])?;
        holdings(&raw).map_err(|e| ReadFault::parse(reply, e))
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAccountType {
    account_type: Text,
}

/// The owner's accounts.
pub(super) fn accounts(scope: &Scope) -> Built<Vec<AccountRow>> {
    let request = account("/api/v2/account/all-account-balance", Fields::new().extra(&scope.extra, &[]));
    Ok(Ask::new(request, |reply, _| {
        let raw: Vec<RawAccountType> = rows(reply, &[])?;
        let row = |raw: &RawAccountType| AccountRow {
            id: raw.account_type.0.clone(),
            kind: Some(raw.account_type.0.clone()),
            currency: None,
        };
        Ok(raw.iter().map(row).collect())
    }))
}

/// What a key may do: classic letters, then the words of the unified account.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawKey {
    #[serde(default)]
    ips: Text,
    #[serde(default)]
    authorities: Vec<Text>,
    #[serde(default)]
    perm_type: Text,
    #[serde(default)]
    permissions: Vec<Text>,
}

fn permissions(raw: &RawKey) -> KeyPermissions {
    let has = |names: &[&str]| raw.authorities.iter().any(|text| names.contains(&text.0.as_str()));
    let may = |names: &[&str]| raw.permissions.iter().any(|text| names.contains(&text.0.as_str()));
    let addresses = raw.ips.0.split(',').map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect();
    let mut key = KeyPermissions { addresses, ..KeyPermissions::default() };
    if !raw.permissions.is_empty() {
        let writes = raw.perm_type.0.contains("write");
        key.read = Some(true);
        key.spot = Some(writes && may(&["uta_trade"]));
        key.contracts = key.spot;
        key.withdraw = Some(may(&["withdraw"]));
    } else if !raw.authorities.is_empty() {
        // Letters: `sto` spot, `smo` spot margin, `coo` contract orders, `cpo` positions, `wwo` withdrawals; then `r` or `w`.
        key.read = Some(true);
        key.spot = Some(has(&["stow", "smow", "trade"]));
        key.contracts = Some(has(&["coow", "trade"]));
        key.withdraw = Some(has(&["wwow", "withdraw"]));
    }
    key
}

/// What a key may do. A key of the unified account is asked about elsewhere than one of the classic account.
pub(super) fn key_permissions(system: AccountSystem) -> Built<KeyPermissions> {
    let path = match system {
        AccountSystem::Unified => "/api/v3/account/info",
        AccountSystem::Classic | AccountSystem::HighFrequency => "/api/v2/spot/account/info",
    };
    Ok(Ask::new(account(path, Fields::new()), |reply, _| {
        let raw: RawKey = data(reply)?;
        Ok(permissions(&raw))
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawRate {
    #[serde(default)]
    symbol: Text,
    #[serde(default)]
    maker_fee_rate: MaybeNum,
    #[serde(default)]
    taker_fee_rate: MaybeNum,
}

/// What trading costs in one market.
pub(super) fn fee_rate(market: &Instrument, scope: &Scope) -> Built<FeeRate> {
    let line = Line::asked(Some(market), scope, Product::Spot)?;
    let fields = Fields::new().with("symbol", market.symbol.as_str());
    let business = match line.system {
        System::Spot => "spot",
        System::Margin(_) => "margin",
        System::Mix | System::Unified => "mix",
    };
    let request = if line.is_unified() {
        account("/api/v3/account/fee-rate", fields.with("category", line.category).extra(&scope.extra, &[]))
    } else {
        account("/api/v2/common/trade-rate", fields.with("businessType", business).extra(&scope.extra, &[]))
    };
    let name = market.name.clone();
    Ok(Ask::new(request, move |reply, _| {
        let raw: RawRate = data(reply)?;
        Ok(FeeRate { market: name.clone(), maker: raw.maker_fee_rate.0, taker: raw.taker_fee_rate.0 })
    }))
}

/// What trading costs everywhere, before discounts of the account: the lists of markets say so.
pub(super) fn fee_rates(scope: &Scope) -> Built<Vec<FeeRate>> {
    let line = Line::asked(None, scope, Product::Spot)?;
    let end = |fields: Fields| fields.extra(&scope.extra, &["productType", "category"]);
    let request = match line.system {
        System::Unified => public("/api/v3/market/instruments", end(Fields::new().with("category", line.category))),
        System::Mix => public("/api/v2/mix/market/contracts", end(Fields::new().with("productType", line.category))),
        System::Margin(_) => public("/api/v2/margin/currencies", end(Fields::new())),
        System::Spot => public("/api/v2/spot/public/symbols", end(Fields::new())),
    };
    Ok(Ask::new(request, move |reply, markets| {
        let raw: Vec<RawRate> = rows(reply, &[])?;
        let rate = |raw: &RawRate| FeeRate {
            market: line.name(markets, &raw.symbol.0),
            maker: raw.maker_fee_rate.0,
            taker: raw.taker_fee_rate.0,
        };
        Ok(raw.iter().map(rate).collect())
    }))
}

/// A line of an account's ledger: contracts, spot, unified.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawBill {
    #[serde(default)]
    bill_id: Text,
    #[serde(default)]
    id: Text,
    #[serde(default)]
    symbol: Text,
    #[serde(default)]
    category: Text,
    #[serde(default)]
    coin: Text,
    #[serde(default)]
    business_type: Text,
    #[serde(default)]
    group_type: Text,
    #[serde(default, rename = "type")]
    kind: Text,
    #[serde(default)]
    amount: MaybeNum,
    #[serde(default)]
    size: MaybeNum,
    #[serde(default)]
    fee: MaybeNum,
    #[serde(default)]
    fees: MaybeNum,
    #[serde(default)]
    c_time: MaybeNum,
    #[serde(default)]
    ts: MaybeNum,
}

impl RawBill {
    fn id(&self) -> Result<String, String> {
        self.bill_id.owned().or_else(|| self.id.owned()).ok_or_else(|| "a bill without an id".to_owned())
    }

    fn at(&self) -> Result<desk::time::Timestamp, String> {
        wire::millis(self.c_time.0.or(self.ts.0).ok_or("a bill without a time")?)
    }

    fn amount(&self) -> Result<Decimal, String> {
        self.amount.0.or(self.size.0).ok_or_else(|| "a bill without an amount".to_owned())
    }

    fn payment(&self, line: Line, markets: &super::super::protocol::Markets) -> Result<FundingPayment, String> {
        Ok(FundingPayment {
            market: line.name_in(markets, self.category.some(), &self.symbol.0),
            id: Some(self.id()?),
            amount: self.amount()?,
            currency: self.coin.0.clone(),
            at: self.at()?,
        })
    }

    fn words(&self) -> String {
        let words = [&self.group_type, &self.business_type, &self.kind];
        words.iter().find_map(|text| text.some()).unwrap_or_default().to_ascii_lowercase()
    }

    /// Whether it is about trading, of which orders and fills tell.
    fn is_trading(&self) -> bool {
        let words = self.words();
        let of = ["transaction", "order_", "open_", "close_", "buy", "sell", "settle_fee", "burst", "force_", "delivery_"];
        of.iter().any(|part| words.starts_with(part) || words.contains("_deal"))
            || words.contains("settle_fee")
            || words.contains("trans_fee")
    }

    fn movement(&self) -> Result<Movement, String> {
        let words = self.words();
        let kind = if words.contains("deposit") {
            MovementKind::Deposit
        } else if words.contains("withdraw") {
            MovementKind::Withdrawal
        } else if words.contains("trans") {
            MovementKind::Transfer
        } else {
            MovementKind::Other
        };
        let currency = self.coin.0.clone();
        let cost = self.fees.nonzero().or(self.fee.nonzero()).map(|fee| fee.abs());
        Ok(Movement {
            id: self.id()?,
            kind,
            amount: self.amount()?,
            fee: cost.map(|cost| VenueFee { cost, currency: Some(currency.clone()) }),
            currency,
            at: self.at()?,
        })
    }
}

/// Funding payments.
pub(super) fn funding_payments(query: &HistoryQuery) -> Built<Vec<FundingPayment>> {
    let line = Line::asked(query.instrument.as_ref(), &query.scope, Product::Linear)?;
    need_contract(line, "funding payments")?;
    let market = query.instrument.as_ref();
    let fields = Fields::new().range(&query.range);
    let request = if line.is_unified() {
        let fields = fields.with("category", line.category).extra(&query.scope.extra, &[]);
        account("/api/v3/account/financial-records", fields)
    } else {
        let market = market.ok_or_else(|| invalid("funding payments of the classic account need a market"))?;
        let fields = fields
            .with("symbol", market.symbol.as_str())
            .with("marginCoin", margin_coin(market)?)
            .with("productType", line.category)
            .with("businessType", "contract_settle_fee");
        account("/api/v2/mix/account/bill", fields.extra(&query.scope.extra, &[]))
    };
    let name = market.map(|i| i.name.clone());
    Ok(Ask::new(request, move |reply, markets| {
        let mut raw: Vec<RawBill> = rows(reply, &["bills", "list"])?;
        raw.retain(|bill| bill.words().contains("settle_fee"));
        let mut payments = each(reply, &raw, |bill| bill.payment(line, markets))?;
        payments.retain(|payment| name.as_ref().is_none_or(|name| *name == payment.market));
        payments.sort_by_key(|payment| payment.at);
        Ok(payments)
    }))
}

/// Money that moved without a trade, out of the ledger of a line of business.
pub(super) fn movements(query: &HistoryQuery) -> Built<Vec<Movement>> {
    let scope = &query.scope;
    let line = Line::asked(query.instrument.as_ref(), scope, Product::Spot)?;
    let fields = Fields::new().range(&query.range);
    let end = |fields: Fields| fields.extra(&scope.extra, &["method"]);
    let request = match line.system {
        System::Unified => {
            account("/api/v3/account/financial-records", end(fields.with("category", line.category)))
        }
        System::Spot => account("/api/v2/spot/account/bills", end(fields)),
        System::Mix => account("/api/v2/mix/account/bill", end(fields.with("productType", line.category))),
        System::Margin(mode) => {
            let market = query.instrument.as_ref().filter(|_| mode == MarginMode::Isolated);
            let fields = fields.maybe("symbol", market.map(|i| i.symbol.clone()));
            account(margin_path(mode, "financial-records"), end(fields))
        }
    };
    Ok(Ask::new(request, |reply, _| {
        let mut raw: Vec<RawBill> = rows(reply, &["bills", "resultList", "list"])?;
        raw.retain(|bill| !bill.is_trading());
        let mut movements = each(reply, &raw, RawBill::movement)?;
        movements.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.id.cmp(&b.id)));
        Ok(movements)
    }))
}
