//! What is asked for each method of the cases, and how its answer is shown.

mod orders;

use crate::cases::Case;
use crate::input::Input;
use crate::unified;
use orders::orders;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use venue::protocol::model::MarginMode;
use venue::protocol::{
    BarQuery, Built, HistoryQuery, LeverageChange, Markets, MarketsQuery, Protocol, ReadFault, Reply, Unsigned,
};

type Reader = Box<dyn Fn(&Reply, &Markets) -> Result<Value, ReadFault>>;

/// A question about to be asked.
pub struct Prepared {
    /// What would be sent, unsigned.
    pub request: Unsigned,
    /// What a reply says, in the cases' own form.
    pub read: Reader,
}

fn ready<T: 'static>(built: Built<T>, show: impl Fn(T) -> Value + 'static) -> Result<Prepared, String> {
    let ask = built.map_err(|e| e.to_string())?;
    let request = ask.request.clone();
    let read = move |reply: &Reply, markets: &Markets| ask.read(reply, markets).map(&show);
    Ok(Prepared { request, read: Box::new(read) })
}

fn list<T>(show: impl Fn(&T) -> Value) -> impl Fn(Vec<T>) -> Value {
    move |rows| Value::Array(rows.iter().map(&show).collect())
}

/// Rows by market; only those asked for, as the cases have it.
fn by_market<T>(wanted: Vec<String>, show: impl Fn(&T) -> (String, Value)) -> impl Fn(Vec<T>) -> Value {
    move |rows| {
        let all = rows.iter().map(&show).filter(|(name, _)| wanted.is_empty() || wanted.contains(name));
        Value::Object(all.collect::<Map<_, _>>())
    }
}

/// Rows of the asked for markets only.
fn wanted_only<T>(wanted: Vec<String>, show: impl Fn(&T) -> (String, Value)) -> impl Fn(Vec<T>) -> Value {
    move |rows| {
        let all = rows.iter().map(&show).filter(|(name, _)| wanted.is_empty() || wanted.contains(name));
        Value::Array(all.map(|(_, value)| value).collect())
    }
}

fn done(_: ()) -> Value {
    json!({})
}

fn names(instruments: &[venue::protocol::Instrument]) -> Vec<String> {
    instruments.iter().map(|i| i.name.clone()).collect()
}

/// What a case asks.
///
/// # Errors
/// Words, if the venue can't be asked that.
pub fn prepare(venue: &dyn Protocol, case: &Case, markets: &Markets) -> Result<Prepared, String> {
    let input = Input::of(case, markets);
    let method = case.method.as_str();
    if let Some(prepared) = market_data(venue, method, Input::of(case, markets)) {
        return prepared;
    }
    if let Some(prepared) = contracts(venue, method, Input::of(case, markets)) {
        return prepared;
    }
    if let Some(prepared) = account(venue, method, Input::of(case, markets)) {
        return prepared;
    }
    orders(venue, method, input).unwrap_or_else(|| Err(format!("the harness does not know {method}")))
}

fn market_data(venue: &dyn Protocol, method: &str, mut input: Input<'_>) -> Option<Result<Prepared, String>> {
    let prepared = || -> Result<Option<Prepared>, String> {
        let query = |mut input: Input<'_>| -> Result<MarketsQuery, String> {
            Ok(MarketsQuery { instruments: input.market_list(0)?, scope: input.scope() })
        };
        Ok(Some(match method {
            "fetchTime" => ready(venue.server_time(), |at| json!(at.ms()))?,
            "fetchStatus" => ready(venue.health(), |health| unified::health(&health))?,
            "fetchCurrencies" => ready(venue.currencies(), by_market(Vec::new(), unified::currency))?,
            "fetchTicker" => ready(venue.ticker(&input.market(0)?, &input.scope()), |t| unified::ticker(&t).1)?,
            "fetchMarkPrice" => ready(venue.mark_price(&input.market(0)?, &input.scope()), |t| unified::ticker(&t).1)?,
            "fetchTickers" => {
                let query = query(input)?;
                ready(venue.tickers(&query), by_market(names(&query.instruments), unified::ticker))?
            }
            "fetchBidsAsks" => {
                let query = query(input)?;
                ready(venue.best_quotes(&query), by_market(names(&query.instruments), unified::ticker))?
            }
            "fetchOrderBook" => {
                let (market, depth) = (input.market(0)?, input.count(1));
                ready(venue.order_book(&market, depth, &input.scope()), |book| unified::book(&book))?
            }
            "fetchOHLCV" | "fetchIndexOHLCV" | "fetchMarkOHLCV" => {
                let (market, interval) = (input.market(0)?, input.interval(1)?);
                let given = input.bar_price();
                let price = match method {
                    "fetchIndexOHLCV" => venue::protocol::call::BarPrice::Index,
                    "fetchMarkOHLCV" => venue::protocol::call::BarPrice::Mark,
                    _ => given,
                };
                let query = BarQuery { interval, range: input.range(2), price };
                ready(venue.bars(&market, &query, &input.scope()), list(unified::bar))?
            }
            "fetchTrades" => {
                let (market, range) = (input.market(0)?, input.range(1));
                ready(venue.trades(&market, &range, &input.scope()), list(unified::public_trade))?
            }
            _ => return Ok(None),
        }))
    };
    prepared().transpose()
}

fn contracts(venue: &dyn Protocol, method: &str, mut input: Input<'_>) -> Option<Result<Prepared, String>> {
    let prepared = || -> Result<Option<Prepared>, String> {
        let query = |mut input: Input<'_>| -> Result<MarketsQuery, String> {
            Ok(MarketsQuery { instruments: input.market_list(0)?, scope: input.scope() })
        };
        let history = |mut input: Input<'_>| -> Result<HistoryQuery, String> {
            let instrument = input.market_list(0)?.into_iter().next();
            Ok(HistoryQuery { instrument, range: input.range(1), scope: input.scope() })
        };
        Ok(Some(match method {
            "fetchFundingRate" => ready(venue.funding(&input.market(0)?, &input.scope()), |f| unified::funding(&f).1)?,
            "fetchFundingRates" => {
                let query = query(input)?;
                ready(venue.fundings(&query), by_market(names(&query.instruments), unified::funding))?
            }
            "fetchFundingInterval" => {
                ready(venue.funding_interval(&input.market(0)?, &input.scope()), |f| unified::funding(&f).1)?
            }
            "fetchFundingIntervals" => {
                let query = query(input)?;
                ready(venue.funding_intervals(&query), by_market(names(&query.instruments), unified::funding))?
            }
            "fetchFundingRateHistory" => ready(venue.funding_history(&history(input)?), list(unified::past_funding))?,
            "fetchFundingHistory" => ready(venue.funding_payments(&history(input)?), list(unified::payment))?,
            "fetchOpenInterest" => {
                ready(venue.open_interest(&input.market(0)?, &input.scope()), |o| unified::open_interest(&o).1)?
            }
            "fetchOpenInterests" => {
                let query = query(input)?;
                ready(venue.open_interests(&query), by_market(names(&query.instruments), unified::open_interest))?
            }
            "fetchLeverageTiers" => ready(venue.leverage_tiers(&query(input)?), unified::tiers)?,
            "fetchMarketLeverageTiers" => {
                ready(venue.market_leverage_tiers(&input.market(0)?, &input.scope()), unified::tiers)?
            }
            "fetchPositions" | "fetchPositionsRisk" | "fetchAccountPositions" => {
                let mut query = query(input)?;
                let by = match method {
                    "fetchPositionsRisk" => Some("positionRisk"),
                    "fetchAccountPositions" => Some("account"),
                    _ => None,
                };
                if let Some(by) = by {
                    query.scope.extra.0.push(("method".to_owned(), json!(by)));
                }
                ready(venue.positions(&query), wanted_only(names(&query.instruments), unified::position))?
            }
            "fetchPosition" => ready(venue.position(&input.market(0)?, &input.scope()), |p| unified::position(&p).1)?,
            "fetchPositionsHistory" | "fetchPositionHistory" => {
                ready(venue.positions_history(&history(input)?), list(|p| unified::position(p).1))?
            }
            "closePosition" => {
                if let Some(side) = input.text(1) {
                    // Which of the two positions is meant, at venues that hold long and short apart.
                    let mut scope = input.scope();
                    scope.position_side = match side.as_str() {
                        "short" | "sell" => Some(venue::protocol::model::PositionSide::Short),
                        _ => Some(venue::protocol::model::PositionSide::Long),
                    };
                    ready(venue.close_position(&input.market(0)?, &scope), |o| unified::order(&o))?
                } else {
                    ready(venue.close_position(&input.market(0)?, &input.scope()), |o| unified::order(&o))?
                }
            }
            "closeAllPositions" => ready(venue.close_all_positions(&input.scope()), list(unified::order))?,
            "setLeverage" => {
                let leverage = input.decimal(0)?.unwrap_or_default();
                let change = LeverageChange { instrument: input.maybe_market(1)?, leverage, scope: input.scope() };
                ready(venue.set_leverage(&change), |_| json!({}))?
            }
            "fetchLeverage" => ready(venue.leverage(&input.market(0)?, &input.scope()), |l| unified::leverage(&l).1)?,
            "setMarginMode" => {
                let mode = match input.text(0).as_deref() {
                    Some("isolated" | "ISOLATED" | "ISOLATED_MARGIN") => MarginMode::Isolated,
                    _ => MarginMode::Cross,
                };
                let market = input.maybe_market(1)?;
                ready(venue.set_margin_mode(mode, market.as_ref(), &input.scope()), done)?
            }
            "fetchMarginMode" => {
                ready(venue.margin_mode(&input.market(0)?, &input.scope()), |l| unified::margin_mode(&l).1)?
            }
            "fetchMarginModes" => {
                let query = query(input)?;
                ready(venue.margin_modes(&query), by_market(names(&query.instruments), unified::margin_mode))?
            }
            "setPositionMode" => {
                let hedged = input.arg(0).as_bool().unwrap_or_default();
                let market = input.maybe_market(1)?;
                ready(venue.set_position_mode(hedged, market.as_ref(), &input.scope()), done)?
            }
            "fetchPositionMode" => {
                let market = input.maybe_market(0)?;
                ready(venue.position_mode(market.as_ref(), &input.scope()), |hedged| json!({ "hedged": hedged }))?
            }
            "addMargin" | "reduceMargin" => {
                let amount = input.decimal(1)?.unwrap_or_default();
                let amount = if method == "addMargin" { amount } else { Decimal::ZERO - amount };
                ready(venue.change_margin(&input.market(0)?, amount, &input.scope()), done)?
            }
            _ => return Ok(None),
        }))
    };
    prepared().transpose()
}

fn account(venue: &dyn Protocol, method: &str, mut input: Input<'_>) -> Option<Result<Prepared, String>> {
    let mut prepared = || -> Result<Option<Prepared>, String> {
        Ok(Some(match method {
            "fetchBalance" => ready(venue.balances(&input.scope()), |b| unified::balances(&b))?,
            "fetchAccounts" => ready(venue.accounts(&input.scope()), list(unified::account))?,
            "fetchTradingFee" => ready(venue.fee_rate(&input.market(0)?, &input.scope()), |f| unified::fee_rate(&f).1)?,
            "fetchTradingFees" => ready(venue.fee_rates(&input.scope()), by_market(Vec::new(), unified::fee_rate))?,
            "fetchMyTrades" => {
                let instrument = input.maybe_market(0)?;
                let query = HistoryQuery { instrument, range: input.range(1), scope: input.scope() };
                ready(venue.own_trades(&query), list(unified::own_trade))?
            }
            "fetchOrderTrades" => ready(venue.order_trades(&input.order_ref(0)?), list(unified::own_trade))?,
            "cancelAllOrdersAfter" => ready(venue.cancel_all_after(input.count(0).unwrap_or_default()), done)?,
            _ => return Ok(None),
        }))
    };
    prepared().transpose()
}
