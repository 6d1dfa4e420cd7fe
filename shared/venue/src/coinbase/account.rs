//! The account: balances, wallets, keys, fees; orders and fills looked up; positions.

use super::errors::answer;
use super::raw::{DatedPosition, FillRow, Money, OrderRow, PerpetualPosition, WalletRow};
use super::reports;
use super::request::{READ, account, invalid, product_of, product_type, query, segment};
use crate::protocol::call::{OrderFilter, Wallet};
use crate::protocol::fault::{ApiError, Meaning};
use crate::protocol::http::Params;
use crate::protocol::model::{
    AccountRow, Balances, FeeRate, Holding, KeyPermissions, OrderReport, OwnTrade, PositionReport,
};
use crate::protocol::wire::{Flag, MaybeNum};
use crate::protocol::{
    Ask, Built, CallError, HistoryQuery, Instrument, Markets, MarketsQuery, OrderRef, OrdersQuery, Product, Range,
    ReadFault, Reply, Scope,
};
use desk::money::exact;
use desk::time::Timestamp;
use serde::Deserialize;

#[derive(Deserialize)]
struct Wallets {
    accounts: Vec<WalletRow>,
}

fn wallets_request(scope: &Scope) -> crate::protocol::Unsigned {
    account("/accounts", query(&Params::new().with("limit", 250), &scope.extra, READ))
}

fn add(a: Option<rust_decimal::Decimal>, b: Option<rust_decimal::Decimal>) -> Result<rust_decimal::Decimal, String> {
    exact::add(a.unwrap_or_default(), b.unwrap_or_default()).map_err(|e| e.to_string())
}

/// What the wallets hold; what they hold of one currency together. Money behind futures of the domestic exchange is told
/// apart, when contracts are asked for.
pub(super) fn balances(scope: &Scope) -> Built<Balances> {
    if matches!(scope.wallet, Some(Wallet::Linear | Wallet::Inverse)) {
        return futures_balances(scope);
    }
    Ok(Ask::new(wallets_request(scope), |reply, _| {
        let mut balances = Balances::default();
        for row in answer::<Wallets>(reply)?.accounts {
            let holding: &mut Holding = balances.of.entry(row.currency).or_default();
            let sums =
                add(holding.free, row.available_balance.0).and_then(|free| Ok((free, add(holding.used, row.hold.0)?)));
            let (free, used) = sums.map_err(|e| ReadFault::parse(reply, e))?;
            let total = add(Some(free), Some(used)).map_err(|e| ReadFault::parse(reply, e))?;
            *holding = Holding { free: Some(free), used: Some(used), total: Some(total), debt: None };
        }
        Ok(balances)
    }))
}

fn futures_balances(scope: &Scope) -> Built<Balances> {
    #[derive(Deserialize)]
    struct Summary {
        total_usd_balance: Money,
        #[serde(default)]
        available_margin: Money,
        #[serde(default)]
        initial_margin: Money,
        #[serde(default)]
        total_open_orders_hold_amount: Money,
    }
    #[derive(Deserialize)]
    struct Answer {
        balance_summary: Summary,
    }
    let request = account("/cfm/balance_summary", query(&Params::new(), &scope.extra, READ));
    Ok(Ask::new(request, |reply, _| {
        let summary = answer::<Answer>(reply)?.balance_summary;
        let used = add(summary.initial_margin.0, summary.total_open_orders_hold_amount.0);
        let used = used.map_err(|e| ReadFault::parse(reply, e))?;
        let (free, total) = (summary.available_margin.0, summary.total_usd_balance.0);
        let holding = Holding { free, used: Some(used), total, debt: None };
        Ok(Balances { at: None, of: [("USD".to_owned(), holding)].into() })
    }))
}

/// The wallets.
pub(super) fn accounts(scope: &Scope) -> Built<Vec<AccountRow>> {
    Ok(Ask::new(wallets_request(scope), |reply, _| {
        let rows = answer::<Wallets>(reply)?.accounts;
        let row = |row: WalletRow| AccountRow { id: row.uuid.0, kind: row.kind.owned(), currency: Some(row.currency) };
        Ok(rows.into_iter().map(row).collect())
    }))
}

/// What the key may do. There is one permission to trade, whatever the product.
pub(super) fn key_permissions() -> Built<KeyPermissions> {
    #[derive(Deserialize)]
    struct Key {
        can_view: Flag,
        can_trade: Flag,
        can_transfer: Flag,
    }
    Ok(Ask::new(account("/key_permissions", Params::new()), |reply, _| {
        let key: Key = answer(reply)?;
        Ok(KeyPermissions {
            read: key.can_view.0,
            spot: key.can_trade.0,
            contracts: key.can_trade.0,
            withdraw: key.can_transfer.0,
            ..KeyPermissions::default()
        })
    }))
}

#[derive(Deserialize)]
struct FeeTier {
    maker_fee_rate: MaybeNum,
    taker_fee_rate: MaybeNum,
}

#[derive(Deserialize)]
struct Summary {
    fee_tier: FeeTier,
}

fn fee(product: Product, scope: &Scope, market: String) -> Built<FeeRate> {
    let params = Params::new().with("product_type", product_type(product));
    Ok(Ask::new(account("/transaction_summary", query(&params, &scope.extra, READ)), move |reply, _| {
        let tier = answer::<Summary>(reply)?.fee_tier;
        Ok(FeeRate { market: market.clone(), maker: tier.maker_fee_rate.0, taker: tier.taker_fee_rate.0 })
    }))
}

/// What trading costs: one rate for all markets of a product.
pub(super) fn fee_rate(market: &Instrument, scope: &Scope) -> Built<FeeRate> {
    fee(product_of(Some(market), scope), scope, market.name.clone())
}

/// The same.
pub(super) fn fee_rates(scope: &Scope) -> Built<Vec<FeeRate>> {
    Ok(fee(product_of(None, scope), scope, String::new())?.map(|rate| vec![rate]))
}

fn read_orders(reply: &Reply, markets: &Markets) -> Result<Vec<OrderReport>, ReadFault> {
    #[derive(Deserialize)]
    struct Orders {
        orders: Vec<OrderRow>,
    }
    let rows = answer::<Orders>(reply)?.orders;
    let rows = rows.iter().map(|row| reports::order(row, markets));
    rows.collect::<Result<_, _>>().map_err(|e| ReadFault::parse(reply, e))
}

fn stretch(params: Params, range: &Range, names: [&'static str; 2]) -> Params {
    let [from, to] = names;
    params.maybe(from, range.since.map(Timestamp::rfc3339_ms)).maybe(to, range.until.map(Timestamp::rfc3339_ms))
}

/// Several orders, the newest first. Open ones can't be asked for together with others.
pub(super) fn orders(asked: &OrdersQuery) -> Built<Vec<OrderReport>> {
    let status = match asked.filter {
        OrderFilter::Open => Some("OPEN"),
        OrderFilter::Closed => Some("FILLED"),
        OrderFilter::Canceled => Some("CANCELLED"),
        OrderFilter::All | OrderFilter::CanceledAndClosed => None,
    };
    let params = Params::new().maybe("product_ids", asked.instrument.as_ref().map(|i| &i.symbol));
    let params = params.maybe("order_status", status).with("limit", asked.range.limit.unwrap_or(100));
    let params = stretch(params, &asked.range, ["start_date", "end_date"]);
    let ended = asked.filter == OrderFilter::CanceledAndClosed;
    let market = asked.instrument.as_ref().map(|i| i.name.clone());
    let request = account("/orders/historical/batch", query(&params, &asked.scope.extra, READ));
    Ok(Ask::new(request, move |reply, markets| {
        let mut rows = read_orders(reply, markets)?;
        rows.retain(|row| market.is_none() || row.market == market);
        if ended {
            use crate::protocol::model::OrderState::{Canceling, Open};
            rows.retain(|row| !matches!(row.state, Some(Open | Canceling)));
        }
        Ok(rows)
    }))
}

/// One order, by the venue's id; by ours, it is looked for among the newest orders of its market.
pub(super) fn order(asked: &OrderRef) -> Built<OrderReport> {
    #[derive(Deserialize)]
    struct One {
        order: OrderRow,
    }
    let wanted = asked.clone();
    let Some(id) = &asked.id else {
        let Some(client_id) = asked.client_id.clone() else { return invalid("an order needs an id") };
        let params =
            Params::new().maybe("product_ids", asked.instrument.as_ref().map(|i| &i.symbol)).with("limit", 250);
        let request = account("/orders/historical/batch", query(&params, &asked.scope.extra, READ));
        return Ok(Ask::new(request, move |reply, markets| {
            let found = read_orders(reply, markets)?.into_iter().find(|row| row.client_id.as_ref() == Some(&client_id));
            found.ok_or_else(|| {
                let message = "it is not among the newest orders".to_owned();
                let (code, status, meaning) = ("NOT_FOUND".to_owned(), reply.status, Meaning::NotFound);
                ApiError { code, message, status, meaning, retry_after_ms: None }.into()
            })
        }));
    };
    let request =
        account(&format!("/orders/historical/{}", segment(id)), query(&Params::new(), &asked.scope.extra, READ));
    Ok(Ask::new(request, move |reply, markets| {
        let row = answer::<One>(reply)?.order;
        let report = reports::order(&row, markets).map_err(|e| ReadFault::parse(reply, e))?;
        if report.id != wanted.id {
            return Err(ReadFault::parse(reply, "the answer is about another order"));
        }
        Ok(report)
    }))
}

fn read_fills(reply: &Reply, markets: &Markets) -> Result<Vec<OwnTrade>, ReadFault> {
    #[derive(Deserialize)]
    struct Fills {
        fills: Vec<FillRow>,
    }
    let rows = answer::<Fills>(reply)?.fills;
    let rows = rows.iter().map(|row| reports::fill(row, markets));
    rows.collect::<Result<_, _>>().map_err(|e| ReadFault::parse(reply, e))
}

/// Our trades.
pub(super) fn own_trades(asked: &HistoryQuery) -> Built<Vec<OwnTrade>> {
    let params = Params::new().maybe("product_ids", asked.instrument.as_ref().map(|i| &i.symbol));
    let params = params.maybe("limit", asked.range.limit);
    let params = stretch(params, &asked.range, ["start_sequence_timestamp", "end_sequence_timestamp"]);
    let request = account("/orders/historical/fills", query(&params, &asked.scope.extra, READ));
    Ok(Ask::new(request, read_fills))
}

/// The trades of an order.
pub(super) fn order_trades(asked: &OrderRef) -> Built<Vec<OwnTrade>> {
    let Some(id) = &asked.id else { return invalid("fills are told by the venue's id of the order only") };
    let params = query(&Params::new().with("order_ids", id), &asked.scope.extra, READ);
    Ok(Ask::new(account("/orders/historical/fills", params), read_fills))
}

fn portfolio(scope: &Scope) -> Option<String> {
    scope.extra.text("portfolio").or_else(|| scope.extra.text("portfolio_uuid"))
}

/// Extras of questions about positions that are read here and not passed on.
const READ_POSITIONS: &[&str] = &["method", "portfolio", "portfolio_uuid", "paginate"];

/// Our positions: of the domestic exchange, or, with the extra `portfolio`, of an international portfolio.
pub(super) fn positions(asked: &MarketsQuery) -> Built<Vec<PositionReport>> {
    #[derive(Deserialize)]
    struct Perpetuals {
        positions: Vec<PerpetualPosition>,
    }
    #[derive(Deserialize)]
    struct Dated {
        positions: Vec<DatedPosition>,
    }
    let names: Vec<String> = asked.instruments.iter().map(|i| i.name.clone()).collect();
    let keep = move |rows: Vec<PositionReport>| -> Vec<PositionReport> {
        rows.into_iter().filter(|row| names.is_empty() || names.contains(&row.market)).collect()
    };
    let params = query(&Params::new(), &asked.scope.extra, READ_POSITIONS);
    if let Some(portfolio) = portfolio(&asked.scope) {
        return Ok(Ask::new(
            account(&format!("/intx/positions/{}", segment(&portfolio)), params),
            move |reply, markets| {
                let rows = answer::<Perpetuals>(reply)?.positions;
                let rows: Result<Vec<_>, _> = rows.iter().map(|row| reports::perpetual(row, markets)).collect();
                rows.map(&keep).map_err(|e| ReadFault::parse(reply, e))
            },
        ));
    }
    Ok(Ask::new(account("/cfm/positions", params), move |reply, markets| {
        let rows = answer::<Dated>(reply)?.positions;
        let rows: Result<Vec<_>, _> = rows.iter().map(|row| reports::dated(row, markets)).collect();
        rows.map(&keep).map_err(|e| ReadFault::parse(reply, e))
    }))
}

/// Our position in one market.
pub(super) fn position(market: &Instrument, scope: &Scope) -> Built<PositionReport> {
    #[derive(Deserialize)]
    struct Perpetual {
        position: PerpetualPosition,
    }
    #[derive(Deserialize)]
    struct Dated {
        position: DatedPosition,
    }
    let params = query(&Params::new(), &scope.extra, READ_POSITIONS);
    let name = market.name.clone();
    let checked = move |reply: &Reply, row: Result<PositionReport, String>| match row {
        Ok(row) if row.market == name => Ok(row),
        Ok(row) => Err(ReadFault::parse(reply, format!("the position in {}", row.market))),
        Err(e) => Err(ReadFault::parse(reply, e)),
    };
    if let Some(portfolio) = portfolio(scope) {
        let path = format!("/intx/positions/{}/{}", segment(&portfolio), segment(&market.symbol));
        return Ok(Ask::new(account(&path, params), move |reply, markets| {
            checked(reply, reports::perpetual(&answer::<Perpetual>(reply)?.position, markets))
        }));
    }
    let path = format!("/cfm/positions/{}", segment(&market.symbol));
    Ok(Ask::new(account(&path, params), move |reply, markets| {
        checked(reply, reports::dated(&answer::<Dated>(reply)?.position, markets))
    }))
}

/// Refuses what the venue does not have.
pub(super) fn unsupported(what: &str) -> CallError {
    CallError::Unsupported { venue: "coinbase", what: what.to_owned() }
}
