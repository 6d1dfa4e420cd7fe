//! What trading costs, what funding cost, and money that moved without a trade.

use super::super::protocol::call::{HistoryQuery, Scope};
use super::super::protocol::market::{Instrument, Markets, Product};
use super::super::protocol::model::{FeeRate, FundingPayment, MarginMode, Movement, MovementKind, VenueFee};
use super::super::protocol::wire::{self, MaybeNum, Text};
use super::super::protocol::{Ask, Built};
use super::line::{Line, System, invalid, margin_coin, margin_path, need_contract};
use super::raw::{Fields, account, data, each, public, rows};
use rust_decimal::Decimal;
use serde::Deserialize;

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

    fn payment(&self, line: Line, markets: &Markets) -> Result<FundingPayment, String> {
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
        let of =
            ["transaction", "order_", "open_", "close_", "buy", "sell", "settle_fee", "burst", "force_", "delivery_"];
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
        System::Unified => account("/api/v3/account/financial-records", end(fields.with("category", line.category))),
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
