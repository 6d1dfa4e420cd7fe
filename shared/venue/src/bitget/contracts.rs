//! Funding, open interest and leverage tiers of contracts.

use super::super::protocol::call::{HistoryQuery, MarketsQuery, Scope};
use super::super::protocol::fault::{CallError, ReadFault};
use super::super::protocol::market::{Instrument, Markets, Product};
use super::super::protocol::model::{Funding, LeverageTier, OpenInterest};
use super::super::protocol::wire::{MaybeMs, MaybeNum, Text};
use super::super::protocol::{Ask, Built};
use super::line::{Line, invalid, margin_path, mode_name, need_contract, unsupported};
use super::market::{RawTicker, tickers_request};
use super::raw::{Fields, each, payload, public, rows};
use rust_decimal::Decimal;
use serde::Deserialize;

/// A funding rate, by whatever endpoint.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawFunding {
    symbol: Text,
    #[serde(default)]
    category: Text,
    #[serde(default)]
    funding_rate: MaybeNum,
    #[serde(default)]
    funding_rate_interval: MaybeNum,
    #[serde(default)]
    rate_period: MaybeNum,
    #[serde(default)]
    next_update: MaybeMs,
    #[serde(default)]
    next_funding_time: MaybeMs,
    #[serde(default)]
    funding_time: MaybeMs,
    #[serde(default)]
    funding_rate_timestamp: MaybeMs,
}

fn hours(number: MaybeNum) -> Result<Option<u32>, String> {
    let one = |n: Decimal| u32::try_from(n.normalize()).map_err(|_| format!("{n} is no number of hours"));
    number.nonzero().map(one).transpose()
}

fn funding_row(raw: &RawFunding, line: Line, markets: &Markets) -> Result<Funding, String> {
    Ok(Funding {
        market: line.name_in(markets, raw.category.some(), &raw.symbol.0),
        at: raw.funding_time.0.or(raw.funding_rate_timestamp.0),
        rate: raw.funding_rate.0,
        next_at: raw.next_update.0.or(raw.next_funding_time.0),
        interval_hours: hours(raw.funding_rate_interval)?.or(hours(raw.rate_period)?),
        ..Funding::default()
    })
}

/// Whether the caller names the endpoint that has times only.
fn by_time(scope: &Scope) -> bool {
    scope.extra.text("method").is_some_and(|method| method.ends_with("FundingTime"))
}

fn one_funding(market: &Instrument, scope: &Scope, by_time: bool) -> Built<Funding> {
    let line = Line::asked(Some(market), scope, Product::Linear)?;
    need_contract(line, "funding")?;
    let fields = Fields::new().with("symbol", market.symbol.as_str());
    let request = if line.is_unified() {
        public("/api/v3/market/current-fund-rate", fields.extra(&scope.extra, &["method"]))
    } else {
        let path = if by_time { "/api/v2/mix/market/funding-time" } else { "/api/v2/mix/market/current-fund-rate" };
        public(path, fields.with("productType", line.category).extra(&scope.extra, &["method"]))
    };
    Ok(Ask::new(request, move |reply, markets| {
        let raw: Vec<RawFunding> = rows(reply, &[])?;
        let raw = raw.first().ok_or_else(|| ReadFault::parse(reply, "no funding rate"))?;
        funding_row(raw, line, markets).map_err(|e| ReadFault::parse(reply, e))
    }))
}

/// The funding rate of a perpetual contract.
pub(super) fn funding(market: &Instrument, scope: &Scope) -> Built<Funding> {
    one_funding(market, scope, by_time(scope))
}

/// How often funding is paid.
pub(super) fn funding_interval(market: &Instrument, scope: &Scope) -> Built<Funding> {
    one_funding(market, scope, true)
}

fn many(query: &MarketsQuery, line: Line) -> Built<Vec<Funding>> {
    let wanted: Vec<String> = query.instruments.iter().map(|i| i.symbol.clone()).collect();
    let path =
        if line.is_unified() { "/api/v3/market/current-fund-rate" } else { "/api/v2/mix/market/current-fund-rate" };
    let name = if line.is_unified() { "category" } else { "productType" };
    let fields = Fields::new().with(name, line.category).extra(&query.scope.extra, &["method"]);
    Ok(Ask::new(public(path, fields), move |reply, markets| {
        let mut raw: Vec<RawFunding> = rows(reply, &[])?;
        raw.retain(|raw| wanted.is_empty() || wanted.contains(&raw.symbol.0));
        each(reply, &raw, |raw| funding_row(raw, line, markets))
    }))
}

/// The funding rates of several. Tickers have them with the mark and index prices; `method` may name the list of rates.
pub(super) fn fundings(query: &MarketsQuery) -> Built<Vec<Funding>> {
    let line = Line::asked(query.instruments.first(), &query.scope, Product::Linear)?;
    need_contract(line, "funding")?;
    if query.scope.extra.text("method").is_some_and(|method| method.ends_with("CurrentFundRate")) {
        return many(query, line);
    }
    let wanted: Vec<String> = query.instruments.iter().map(|i| i.symbol.clone()).collect();
    Ok(Ask::new(tickers_request(line, None, &query.scope), move |reply, markets| {
        let raw: Vec<RawTicker> = rows(reply, &[])?;
        let wanted = raw.iter().filter(|raw| wanted.is_empty() || wanted.contains(&raw.symbol.0));
        Ok(wanted
            .map(|raw| Funding {
                market: raw.name(line, markets),
                rate: raw.funding_rate.0,
                mark: raw.mark_price.nonzero(),
                index: raw.index_price.nonzero(),
                ..Funding::default()
            })
            .collect())
    }))
}

/// How often funding is paid, of several.
pub(super) fn funding_intervals(query: &MarketsQuery) -> Built<Vec<Funding>> {
    let line = Line::asked(query.instruments.first(), &query.scope, Product::Linear)?;
    need_contract(line, "funding")?;
    many(query, line)
}

/// Funding rates that were, oldest first. The venue pages them and knows no times to ask for.
pub(super) fn funding_history(query: &HistoryQuery) -> Built<Vec<Funding>> {
    let market = query.instrument.as_ref().ok_or_else(|| invalid("the history of funding needs a market"))?;
    let line = Line::asked(Some(market), &query.scope, Product::Linear)?;
    need_contract(line, "funding")?;
    let fields = Fields::new().with("symbol", market.symbol.as_str());
    let limit = query.range.limit.map(|n| n.min(100).to_string());
    let request = if line.is_unified() {
        let fields = fields.with("category", line.category).maybe("limit", limit);
        public("/api/v3/market/history-fund-rate", fields.extra(&query.scope.extra, &[]))
    } else {
        let fields = fields.with("productType", line.category).maybe("pageSize", limit);
        public("/api/v2/mix/market/history-fund-rate", fields.extra(&query.scope.extra, &[]))
    };
    let range = query.range;
    Ok(Ask::new(request, move |reply, markets| {
        let raw: Vec<RawFunding> = rows(reply, &["resultList", "list"])?;
        let mut past = each(reply, &raw, |raw| funding_row(raw, line, markets))?;
        past.retain(|f| range.since.is_none_or(|since| f.at >= Some(since)));
        past.retain(|f| range.until.is_none_or(|until| f.at <= Some(until)));
        past.sort_by_key(|f| f.at);
        Ok(past)
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawInterest {
    symbol: Text,
    #[serde(default)]
    size: MaybeNum,
    #[serde(default)]
    open_interest: MaybeNum,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawInterests {
    #[serde(default)]
    open_interest_list: Vec<RawInterest>,
    #[serde(default)]
    list: Vec<RawInterest>,
    #[serde(default)]
    ts: MaybeMs,
}

fn interests(line: Line, symbol: Option<&str>, scope: &Scope) -> Built<Vec<OpenInterest>> {
    need_contract(line, "open interest")?;
    let fields = Fields::new().maybe("symbol", symbol);
    let (path, name) = if line.is_unified() {
        ("/api/v3/market/open-interest", "category")
    } else {
        ("/api/v2/mix/market/open-interest", "productType")
    };
    let request = public(path, fields.with(name, line.category).extra(&scope.extra, &[]));
    Ok(Ask::new(request, move |reply, markets| {
        let raw: RawInterests = super::raw::data(reply)?;
        let of = raw.open_interest_list.iter().chain(&raw.list);
        Ok(of
            .map(|one| OpenInterest {
                market: line.name(markets, &one.symbol.0),
                amount: one.size.0.or(one.open_interest.0),
                value: None,
                at: raw.ts.0,
            })
            .collect())
    }))
}

/// Open interest of a contract, in the base coin.
pub(super) fn open_interest(market: &Instrument, scope: &Scope) -> Built<OpenInterest> {
    let line = Line::asked(Some(market), scope, Product::Linear)?;
    let Ask { request, .. } = interests(line, Some(&market.symbol), scope)?;
    let all = interests(line, Some(&market.symbol), scope)?;
    Ok(Ask::new(request, move |reply, markets| {
        let first = all.read(reply, markets)?.into_iter().next();
        first.ok_or_else(|| ReadFault::parse(reply, "no open interest"))
    }))
}

/// The same of several; only the unified account tells of all at once.
pub(super) fn open_interests(query: &MarketsQuery) -> Built<Vec<OpenInterest>> {
    let line = Line::asked(query.instruments.first(), &query.scope, Product::Linear)?;
    match query.instruments.as_slice() {
        [one] => interests(line, Some(&one.symbol), &query.scope),
        _ if line.is_unified() => interests(line, None, &query.scope),
        _ => Err(unsupported("open interest of several markets at once in the classic account")),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawTier {
    #[serde(default)]
    level: MaybeNum,
    #[serde(default)]
    tier: MaybeNum,
    #[serde(default)]
    start_unit: MaybeNum,
    #[serde(default)]
    end_unit: MaybeNum,
    #[serde(default)]
    min_tier_value: MaybeNum,
    #[serde(default)]
    max_tier_value: MaybeNum,
    #[serde(default)]
    base_max_borrow_amount: MaybeNum,
    #[serde(default)]
    max_borrow_amount: MaybeNum,
    #[serde(default)]
    leverage: MaybeNum,
    #[serde(default)]
    keep_margin_rate: MaybeNum,
    #[serde(default)]
    maintain_margin_rate: MaybeNum,
    #[serde(default)]
    mmr: MaybeNum,
}

/// What leverage each notional allows; in margin trading, what may be borrowed at each.
pub(super) fn market_leverage_tiers(market: &Instrument, scope: &Scope) -> Built<Vec<LeverageTier>> {
    let line = Line::asked(Some(market), scope, Product::Linear)?;
    let coin = scope.extra.text("coin").or_else(|| scope.extra.text("code"));
    let coin = coin.unwrap_or_else(|| market.base.clone());
    let all = |fields: Fields| fields.extra(&scope.extra, &["code", "coin"]);
    let request = match (line.is_unified(), line.product.is_contract(), scope.margin) {
        (true, true, _) => {
            let fields = Fields::new().with("category", line.category).with("symbol", market.symbol.as_str());
            public("/api/v3/market/position-tier", all(fields))
        }
        (true, false, _) => {
            public("/api/v3/market/position-tier", all(Fields::new().with("category", "MARGIN").with("coin", coin)))
        }
        (false, true, _) => {
            let fields = Fields::new().with("productType", line.category).with("symbol", market.symbol.as_str());
            public("/api/v2/mix/market/query-position-lever", all(fields))
        }
        (false, false, Some(mode)) => {
            let fields = if mode_name(mode) == "crossed" {
                Fields::new().with("coin", coin)
            } else {
                Fields::new().with("symbol", market.symbol.as_str())
            };
            super::raw::account(margin_path(mode, "tier-data"), all(fields))
        }
        (false, false, None) => return Err(invalid("leverage tiers of spot markets need a margin mode")),
    };
    let name = market.name.clone();
    Ok(Ask::new(request, move |reply, _| {
        let raw: Vec<RawTier> = rows(reply, &[])?;
        let tier = |raw: &RawTier| LeverageTier {
            market: name.clone(),
            tier: raw.level.0.or(raw.tier.0),
            min_notional: raw.start_unit.0.or(raw.min_tier_value.0),
            max_notional: [raw.end_unit, raw.max_tier_value, raw.base_max_borrow_amount, raw.max_borrow_amount]
                .iter()
                .find_map(|n| n.0),
            maintenance_rate: raw.keep_margin_rate.0.or(raw.mmr.0).or(raw.maintain_margin_rate.0),
            max_leverage: raw.leverage.0,
        };
        Ok(raw.iter().map(tier).collect())
    }))
}

/// The same of one market given as a list: the venue answers for one at a time.
pub(super) fn leverage_tiers(query: &MarketsQuery) -> Result<Ask<Vec<LeverageTier>>, CallError> {
    match query.instruments.as_slice() {
        [one] => market_leverage_tiers(one, &query.scope),
        _ => Err(unsupported("leverage tiers of several markets at once")),
    }
}

/// Whether an answer tells of success, where that is all there is to know.
pub(super) fn done(request: super::super::protocol::http::Unsigned) -> Ask<()> {
    Ask::new(request, |reply, _| payload(reply).map(|_| ()))
}
