//! The spot account: balances, trades, margin positions, fees, movements, the key.

use super::errors::result;
use super::market::shorten;
use super::orders::private;
use super::raw;
use crate::kraken::assets::common;
use crate::kraken::shared::{self, json, merged};
use crate::protocol::call::Extra;
use crate::protocol::model::{
    Balances, FeeRate, Holding, KeyPermissions, Liquidity, Movement, MovementKind, OwnTrade, PositionReport, VenueFee,
};
use crate::protocol::stream::StreamToken;
use crate::protocol::wire;
use crate::protocol::{
    Ask, Built, CallError, EndpointClass, HistoryQuery, Instrument, Markets, MarketsQuery, OrderRef, Params, Product,
    ReadFault, Reply, Scope,
};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

const SPOT: &[Product] = &[Product::Spot];

fn ask<T>(
    path: &'static str,
    form: Params,
    extra: &Extra,
    read: impl Fn(&Reply, &Markets) -> Result<T, ReadFault> + Send + Sync + 'static,
) -> Built<T> {
    Ok(Ask::new(private(path, merged(form, extra, &[]), EndpointClass::Account), read))
}

pub(super) fn key_permissions() -> Built<KeyPermissions> {
    ask("/0/private/GetApiKeyInfo", Params::new(), &Extra::default(), |reply, _| {
        let info: raw::KeyInfo = json(reply, result(reply)?)?;
        let may = |names: &[&str]| info.permissions.iter().any(|known| names.contains(&known.as_str()));
        let expires_at = info.valid_until.nonzero().map(wire::seconds).transpose();
        Ok(KeyPermissions {
            read: Some(may(&["query-funds", "query-open-trades", "query-closed-trades", "query-ledger"])),
            spot: Some(may(&["modify-trades"])),
            contracts: Some(false),
            withdraw: Some(may(&["withdraw-funds", "add-withdraw-address", "update-withdraw-address"])),
            addresses: info.ip_allowlist.clone().unwrap_or_default(),
            expires_at: expires_at.map_err(|e| ReadFault::parse(reply, e))?,
        })
    })
}

pub(super) fn stream_token() -> Built<StreamToken> {
    ask("/0/private/GetWebSocketsToken", Params::new(), &Extra::default(), |reply, _| {
        let told: raw::Token = json(reply, result(reply)?)?;
        if told.token.is_empty() {
            return Err(ReadFault::parse(reply, "an empty token"));
        }
        Ok(StreamToken { token: told.token, url: None, ping_every_ms: None })
    })
}

pub(super) fn balances(scope: &Scope) -> Built<Balances> {
    ask("/0/private/BalanceEx", Params::new(), &scope.extra, |reply, _| {
        let rows: BTreeMap<String, raw::Balance> = json(reply, result(reply)?)?;
        let mut of: BTreeMap<String, Holding> = BTreeMap::new();
        for (asset, row) in &rows {
            let held = row.hold_trade.0.unwrap_or_default();
            let credit = row.credit.0.unwrap_or_default() - row.credit_used.0.unwrap_or_default();
            let holding = of.entry(common(asset)).or_default();
            // Old and new names of one currency are one holding.
            let plus = |sum: Option<Decimal>, more| Some(sum.unwrap_or_default() + more);
            holding.total = plus(holding.total, row.balance.0);
            holding.used = plus(holding.used, held);
            holding.free = plus(holding.free, row.balance.0 + credit - held);
            holding.debt =
                row.credit_used.nonzero().map(|debt| debt + holding.debt.unwrap_or_default()).or(holding.debt);
        }
        Ok(Balances { at: None, of })
    })
}

fn own_trade(id: &str, row: &raw::Trade, markets: &Markets) -> Result<OwnTrade, String> {
    if id.is_empty() {
        return Err("a trade without its id".to_owned());
    }
    let market = markets.of_symbol(&row.pair.0, SPOT);
    Ok(OwnTrade {
        market: market.map_or_else(|| row.pair.0.clone(), |i| i.name.clone()),
        id: id.to_owned(),
        order: row.ordertxid.owned(),
        client_id: None,
        at: Some(wire::seconds(row.time.0)?),
        side: Some(shared::side_of(&row.side.0)?),
        liquidity: row.maker.0.map(|maker| if maker { Liquidity::Maker } else { Liquidity::Taker }),
        price: wire::price(row.price.0)?,
        quantity: wire::quantity(row.vol.0)?,
        cost: row.cost.0,
        fee: row.fee.0.map(|cost| VenueFee { cost, currency: market.map(|i| i.quote.clone()) }),
    })
}

fn own_trades_of(
    reply: &Reply,
    markets: &Markets,
    rows: &BTreeMap<String, raw::Trade>,
) -> Result<Vec<OwnTrade>, ReadFault> {
    let trades = rows.iter().map(|(id, row)| own_trade(id, row, markets)).collect::<Result<Vec<_>, _>>();
    let mut trades = trades.map_err(|e| ReadFault::parse(reply, e))?;
    trades.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    Ok(trades)
}

fn stretch(query: &HistoryQuery) -> Params {
    let (since, until) = (query.range.since.map(shared::seconds_down), query.range.until.map(shared::seconds_up));
    Params::new().maybe("start", since).maybe("end", until)
}

pub(super) fn own_trades(query: &HistoryQuery) -> Built<Vec<OwnTrade>> {
    let (market, range) = (query.instrument.as_ref().map(|i| i.name.clone()), query.range);
    ask("/0/private/TradesHistory", stretch(query), &query.scope.extra, move |reply, markets| {
        let rows: raw::Trades = json(reply, result(reply)?)?;
        let mut trades = own_trades_of(reply, markets, &rows.trades)?;
        trades.retain(|trade| market.as_ref().is_none_or(|market| *market == trade.market));
        shorten(&mut trades, range.limit, range.since.is_some());
        Ok(trades)
    })
}

pub(super) fn order_trades(order: &OrderRef) -> Built<Vec<OwnTrade>> {
    let extra = &order.scope.extra;
    if let Some(ids) = extra.text("trades") {
        let form = merged(Params::new().with("txid", ids), extra, &["trades"]);
        let request = private("/0/private/QueryTrades", form, EndpointClass::Account);
        return Ok(Ask::new(request, |reply, markets| {
            let rows: BTreeMap<String, raw::Trade> = json(reply, result(reply)?)?;
            own_trades_of(reply, markets, &rows)
        }));
    }
    let id = order
        .id
        .clone()
        .ok_or_else(|| CallError::Invalid("trades are found by the venue's id of the order".to_owned()))?;
    ask("/0/private/TradesHistory", Params::new(), extra, move |reply, markets| {
        let rows: raw::Trades = json(reply, result(reply)?)?;
        let mut trades = own_trades_of(reply, markets, &rows.trades)?;
        trades.retain(|trade| trade.order.as_deref() == Some(id.as_str()));
        Ok(trades)
    })
}

pub(super) fn positions(query: &MarketsQuery) -> Built<Vec<PositionReport>> {
    let wanted: Vec<String> = query.instruments.iter().map(|i| i.name.clone()).collect();
    let form = Params::new().with("docalcs", "true").with("consolidation", "market");
    ask("/0/private/OpenPositions", form, &query.scope.extra, move |reply, markets| {
        let text = result(reply)?;
        // Summed up by market they are a list, else a map by their ids.
        let rows: Vec<(Option<String>, raw::Position)> = if text.starts_with('[') {
            json::<Vec<raw::Position>>(reply, text)?.into_iter().map(|row| (None, row)).collect()
        } else {
            json::<BTreeMap<String, raw::Position>>(reply, text)?.into_iter().map(|(id, row)| (Some(id), row)).collect()
        };
        let reports = rows.iter().map(|(id, row)| position(id.clone(), row, markets)).collect::<Result<Vec<_>, _>>();
        let mut reports = reports.map_err(|e| ReadFault::parse(reply, e))?;
        reports.retain(|report| wanted.is_empty() || wanted.contains(&report.market));
        Ok(reports)
    })
}

fn position(id: Option<String>, row: &raw::Position, markets: &Markets) -> Result<PositionReport, String> {
    let open = wire::quantity(row.vol.0 - row.vol_closed.0.unwrap_or_default())?;
    Ok(PositionReport {
        market: markets.name_of(&row.pair.0, SPOT),
        id,
        side: Some(shared::position_side(&row.side.0)?),
        quantity: Some(open.value()),
        entry_price: shared::quotient(row.cost.0, row.vol.0),
        notional: row.value.0,
        leverage: row.leverage.0,
        unrealized_pnl: row.net.0,
        initial_margin: row.margin.0,
        at: row.time.nonzero().map(wire::seconds).transpose()?,
        ..PositionReport::default()
    })
}

fn fee_rates_of(reply: &Reply, markets: &Markets) -> Result<Vec<FeeRate>, ReadFault> {
    let volume: raw::TradeVolume = json(reply, result(reply)?)?;
    let (taker, maker) = (volume.fees.unwrap_or_default(), volume.fees_maker.unwrap_or_default());
    let rate =
        |fees: &BTreeMap<String, raw::Fee>, pair: &str| fees.get(pair).and_then(|fee| shared::of_per_cent(fee.fee.0));
    let one = |pair: &String| FeeRate {
        market: markets.name_of(pair, SPOT),
        // Pairs without a fee of their own for makers have one for both.
        maker: rate(&maker, pair).or_else(|| rate(&taker, pair)),
        taker: rate(&taker, pair),
    };
    Ok(taker.keys().map(one).collect())
}

pub(super) fn fee_rate(market: &Instrument, scope: &Scope) -> Built<FeeRate> {
    let name = market.name.clone();
    let form = Params::new().with("pair", &market.symbol).with("fee-info", "true");
    ask("/0/private/TradeVolume", form, &scope.extra, move |reply, markets| {
        let rates = fee_rates_of(reply, markets)?;
        let found = rates.into_iter().find(|rate| rate.market == name);
        found.ok_or_else(|| ReadFault::parse(reply, format!("no fee of {name}")))
    })
}

pub(super) fn fee_rates(scope: &Scope) -> Built<Vec<FeeRate>> {
    if scope.extra.get("pair").is_none() {
        let why = "the venue tells the fees of the pairs that are named (`pair`, separated by commas)";
        return Err(CallError::Invalid(why.to_owned()));
    }
    ask("/0/private/TradeVolume", Params::new(), &scope.extra, fee_rates_of)
}

/// Why money moved; `None` for entries that belong to a trade or a margin position.
fn movement_kind(kind: &str) -> Option<MovementKind> {
    match kind {
        "deposit" => Some(MovementKind::Deposit),
        "withdrawal" => Some(MovementKind::Withdrawal),
        "transfer" | "custodytransfer" => Some(MovementKind::Transfer),
        "trade" | "margin" | "margin trade" | "settled" => None,
        _ => Some(MovementKind::Other),
    }
}

pub(super) fn movements(query: &HistoryQuery) -> Built<Vec<Movement>> {
    let range = query.range;
    ask("/0/private/Ledgers", stretch(query), &query.scope.extra, move |reply, _| {
        let ledgers: raw::Ledgers = json(reply, result(reply)?)?;
        let mut rows = Vec::new();
        for (id, entry) in &ledgers.ledger {
            let kind = match (entry.kind.0.as_str(), entry.subtype.0.as_str()) {
                // A deposit or a withdrawal that only crosses from the spot wallet to that of futures.
                ("deposit" | "withdrawal", "spotfromfutures" | "spottofutures") => Some(MovementKind::Transfer),
                (kind, _) => movement_kind(kind),
            };
            let Some(kind) = kind else { continue };
            let currency = common(&entry.asset.0);
            let at = wire::seconds(entry.time.0).map_err(|e| ReadFault::parse(reply, e))?;
            let fee = entry.fee.nonzero().map(|cost| VenueFee { cost, currency: Some(currency.clone()) });
            rows.push(Movement { id: id.clone(), kind, currency, amount: entry.amount.0, fee, at });
        }
        rows.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        shorten(&mut rows, range.limit, range.since.is_some());
        Ok(rows)
    })
}
