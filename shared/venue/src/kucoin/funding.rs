//! Funding and open interest of contracts.

use super::ask::{FUTURES, NOW, SPOT, contract, needed, query, segment};
use super::raw::{self, window};
use crate::protocol::call::AccountSystem;
use crate::protocol::model::{Funding, FundingPayment, OpenInterest};
use crate::protocol::wire::{MaybeMs, MaybeNum, Num, Text};
use crate::protocol::{
    Ask, Built, HistoryQuery, Instrument, Markets, MarketsQuery, Params, Range, ReadFault, Reply, Scope, Unsigned,
};
use desk::time::Timestamp;
use serde::Deserialize;

const HOUR_MS: i64 = 3_600_000;

/// How often, in hours.
fn hours(ms: MaybeNum) -> Option<u32> {
    let ms = i64::try_from(ms.nonzero()?).ok()?;
    if ms % HOUR_MS == 0 { u32::try_from(ms / HOUR_MS).ok() } else { None }
}

/// The rate that will be paid next. Both generations of the endpoint answer under the symbol of the rate's index.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CurrentFunding {
    #[serde(alias = "nextFundingRate")]
    value: MaybeNum,
    #[serde(default)]
    predicted_value: MaybeNum,
    #[serde(default)]
    funding_time: MaybeMs,
    #[serde(default, alias = "currentGranularity")]
    granularity: MaybeNum,
}

/// The funding rate of a perpetual contract.
pub(super) fn funding(market: &Instrument, scope: &Scope) -> Built<Funding> {
    contract(market)?;
    let request = if scope.account == AccountSystem::Unified {
        let ours = Params::new().with("symbol", &market.symbol);
        Unsigned::public(SPOT, "/api/ua/v1/market/funding-rate", query(&ours, &scope.extra, &[]))
    } else {
        let path = format!("/api/v1/funding-rate/{}/current", segment(&market.symbol));
        Unsigned::public(FUTURES, path, query(&Params::new(), &scope.extra, &[]))
    };
    let name = market.name.clone();
    Ok(Ask::new(request.weighing(2), move |reply, _| {
        let answer: CurrentFunding = raw::object(reply)?;
        Ok(Funding {
            market: name.clone(),
            rate: Some(answer.value.0.ok_or_else(|| ReadFault::parse(reply, "no rate"))?),
            next_at: answer.funding_time.0,
            next_rate: answer.predicted_value.0,
            interval_hours: hours(answer.granularity),
            ..Funding::default()
        })
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContractFunding {
    symbol: Text,
    #[serde(default)]
    funding_fee_rate: MaybeNum,
    #[serde(default)]
    predicted_funding_fee_rate: MaybeNum,
    #[serde(default)]
    next_funding_rate_date_time: MaybeMs,
    #[serde(default)]
    funding_rate_granularity: MaybeNum,
    #[serde(default)]
    current_funding_rate_granularity: MaybeNum,
    #[serde(default)]
    mark_price: MaybeNum,
    #[serde(default)]
    index_price: MaybeNum,
}

/// The funding rates of several contracts, out of the list of contracts; dated ones have none.
pub(super) fn fundings(asked: &MarketsQuery) -> Built<Vec<Funding>> {
    let wanted: Vec<String> = asked.instruments.iter().map(|market| market.name.clone()).collect();
    let request = Unsigned::public(FUTURES, "/api/v1/contracts/active", query(&Params::new(), &asked.scope.extra, &[]));
    Ok(Ask::new(request.weighing(3), move |reply, markets| {
        let all: Vec<ContractFunding> = raw::data(reply)?;
        let one = |row: &ContractFunding| Funding {
            market: markets.name_of(&row.symbol.0, &[]),
            rate: row.funding_fee_rate.0,
            next_at: row.next_funding_rate_date_time.0,
            next_rate: row.predicted_funding_fee_rate.0,
            interval_hours: hours(row.current_funding_rate_granularity).or_else(|| hours(row.funding_rate_granularity)),
            mark: row.mark_price.nonzero(),
            index: row.index_price.nonzero(),
            ..Funding::default()
        };
        let all = all.iter().filter(|row| row.funding_fee_rate.0.is_some()).map(one);
        Ok(all.filter(|funding| wanted.is_empty() || wanted.contains(&funding.market)).collect())
    }))
}

#[derive(Deserialize)]
struct PastFunding {
    #[serde(rename = "fundingRate")]
    rate: Num,
    #[serde(alias = "timepoint", alias = "timePoint", alias = "ts")]
    at: MaybeMs,
}

/// Funding rates that were.
pub(super) fn funding_history(asked: &HistoryQuery) -> Built<Vec<Funding>> {
    let market = contract(needed(asked.instrument.as_ref())?)?;
    let range = asked.range;
    // Both ends have to be said.
    let from = range.since.map_or(0, Timestamp::ms);
    let to = range.until.map_or_else(|| NOW.to_owned(), |at| at.ms().to_string());
    let symbol = Params::new().with("symbol", &market.symbol);
    let (origin, path, ours) = if asked.scope.account == AccountSystem::Unified {
        (SPOT, "/api/ua/v1/market/funding-rate-history", symbol.with("startAt", from).with("endAt", to))
    } else {
        (FUTURES, "/api/v1/contract/funding-rates", symbol.with("from", from).with("to", to))
    };
    let request = Unsigned::public(origin, path, query(&ours, &asked.scope.extra, &[])).weighing(5);
    let name = market.name.clone();
    Ok(Ask::new(request, move |reply, _| {
        let rows = raw::rows::<PastFunding>(reply)?.0;
        let one = |row: &PastFunding| Funding {
            market: name.clone(),
            at: row.at.0,
            rate: Some(row.rate.0),
            ..Funding::default()
        };
        Ok(window(rows.iter().map(one).collect(), range, |funding| funding.at))
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payment {
    #[serde(default)]
    id: Text,
    symbol: Text,
    #[serde(default)]
    time_point: MaybeMs,
    #[serde(default)]
    settlement_time: raw::MaybeEither,
    #[serde(alias = "fundingFee")]
    funding: Num,
    settle_currency: Text,
}

/// Funding payments of ours.
pub(super) fn funding_payments(asked: &HistoryQuery) -> Built<Vec<FundingPayment>> {
    let range = asked.range;
    let ours = Params::new()
        .maybe("symbol", asked.instrument.as_ref().map(|market| market.symbol.clone()))
        .maybe("startAt", range.since.map(Timestamp::ms))
        .maybe("endAt", range.until.map(Timestamp::ms));
    let (origin, path, ours) = if asked.scope.account == AccountSystem::Unified {
        (SPOT, "/api/ua/v1/position/funding-history", ours.maybe("pageSize", range.limit))
    } else {
        needed(asked.instrument.as_ref())?;
        (FUTURES, "/api/v1/funding-history", ours.maybe("maxCount", range.limit))
    };
    let request = Unsigned::account(origin, path, query(&ours, &asked.scope.extra, &[])).weighing(5);
    Ok(Ask::new(request, move |reply, markets| {
        let rows = raw::rows::<Payment>(reply)?.0;
        let one = |row: &Payment| {
            Ok(FundingPayment {
                market: markets.name_of(&row.symbol.0, &[]),
                id: row.id.owned(),
                amount: row.funding.0,
                currency: raw::currency(&row.settle_currency.0).to_owned(),
                at: row.time_point.0.or(row.settlement_time.0).ok_or("a payment without a time")?,
            })
        };
        let all: Result<Vec<_>, String> = rows.iter().map(one).collect();
        let all = all.map_err(|e| ReadFault::parse(reply, e))?;
        Ok(window(all, Range { limit: None, ..range }, |payment| Some(payment.at)))
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Interest {
    symbol: Text,
    open_interest: Num,
    #[serde(default)]
    ts: MaybeMs,
}

fn read_interest(reply: &Reply, markets: &Markets) -> Result<Vec<OpenInterest>, ReadFault> {
    let rows = raw::rows::<Interest>(reply)?.0;
    let one = |row: &Interest| OpenInterest {
        market: markets.name_of(&row.symbol.0, &[]),
        amount: Some(row.open_interest.0),
        value: None,
        at: row.ts.0,
    };
    Ok(rows.iter().map(one).collect())
}

/// The symbols of several markets, with commas between.
pub(super) fn symbols(instruments: &[Instrument]) -> Option<String> {
    let all: Vec<&str> = instruments.iter().map(|market| market.symbol.as_str()).collect();
    (!all.is_empty()).then(|| all.join(","))
}

/// Open interest of several contracts.
pub(super) fn open_interests(asked: &MarketsQuery) -> Built<Vec<OpenInterest>> {
    let ours = Params::new().maybe("symbol", symbols(&asked.instruments));
    let request = Unsigned::public(SPOT, "/api/ua/v1/market/open-interest", query(&ours, &asked.scope.extra, &[]));
    Ok(Ask::new(request.weighing(3), read_interest))
}

/// Open interest of a contract.
pub(super) fn open_interest(market: &Instrument, scope: &Scope) -> Built<OpenInterest> {
    contract(market)?;
    let asked = MarketsQuery { instruments: vec![market.clone()], scope: scope.clone() };
    let name = market.name.clone();
    let ask = open_interests(&asked)?;
    let request = ask.request.clone();
    Ok(Ask::new(request, move |reply, markets| {
        let found = ask.read(reply, markets)?.into_iter().find(|row| row.market == name);
        found.ok_or_else(|| ReadFault::parse(reply, "open interest of another market"))
    }))
}
