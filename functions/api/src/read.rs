//! The routes that read.

use crate::dto::{
    AssetDto, BalanceDto, BalancesDto, DecisionDto, DecisionLineDto, DecisionsDto, HealthDto, LedgerDto, LedgerQuery,
    OrderDto, OrdersDto, PageQuery, PortfolioDto, PositionDto, TransactionDto, VerdictDto,
};
use crate::problem::Problem;
use crate::{Deps, Shared};
use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use desk::id::SignalId;
use desk::money::Amount;
use desk::port::{Clock, Table};
use desk::signal::Signal;
use desk::strategy::Target;
use std::collections::BTreeMap;
use store::StoreError;
use store::rows::{Outcome, VerdictRow};

type Answer<T> = Result<Json<T>, Problem>;

fn mode<T, C>(deps: &Deps<T, C>) -> String {
    deps.config.mode().to_owned()
}

/// Whether the desk lives.
#[utoipa::path(get, path = "/healthz", responses((status = 200, body = HealthDto)))]
pub(crate) async fn health<T: Table, C: Clock>(State(deps): Shared<T, C>) -> Answer<HealthDto> {
    let killed = match deps.store.kill_state(deps.account()).await {
        // What can't be read counts as killed, and the desk says so.
        Err(StoreError::Row(_)) => true,
        found => found?.is_none_or(|kill| kill.row.is_killed()),
    };
    Ok(Json(HealthDto { status: "ok".to_owned(), mode: mode(&deps), killed }))
}

/// What the account is worth.
#[utoipa::path(get, path = "/v1/portfolio", responses((status = 200, body = PortfolioDto), (status = 401, body = Problem)))]
pub(crate) async fn portfolio<T: Table, C: Clock>(State(deps): Shared<T, C>) -> Answer<PortfolioDto> {
    let state = deps.store.account_state(deps.account()).await?;
    let valuation = deps.store.valuation(deps.account(), &state.account.quote, deps.config.priced()).await?;
    let asset = |line: &desk::portfolio::Line| AssetDto {
        asset: line.asset.to_string(),
        quantity: line.quantity.to_string(),
        price: line.price.to_string(),
        worth: line.worth.to_string(),
    };
    let profit = deps.store.profit(deps.account(), &state.account.quote, deps.config.priced()).await?;
    let frozen = |(symbol, why): (&desk::id::Symbol, &store::Versioned<String>)| (symbol.to_string(), why.row.clone());
    Ok(Json(PortfolioDto {
        account: state.account.account.to_string(),
        mode: mode(&deps),
        quote: state.account.quote.to_string(),
        cash: valuation.cash.to_string(),
        equity: valuation.equity.to_string(),
        profit: profit.to_string(),
        free_cash: state.cash.to_string(),
        assets: valuation.lines.iter().map(asset).collect(),
        killed: state.kill_state(deps.clock.now()).is_killed(),
        unpriced: valuation.unpriced.iter().map(|(asset, held)| (asset.to_string(), held.to_string())).collect(),
        frozen: state.frozen.clone(),
        frozen_markets: state.frozen_markets.iter().map(frozen).collect(),
    }))
}

/// The ledger's balances, and what they add up to.
#[utoipa::path(get, path = "/v1/balances", responses((status = 200, body = BalancesDto), (status = 401, body = Problem)))]
pub(crate) async fn balances<T: Table, C: Clock>(State(deps): Shared<T, C>) -> Answer<BalancesDto> {
    let found = deps.store.balances(deps.account()).await?;
    let mut sums: BTreeMap<String, Amount> = BTreeMap::new();
    for ((_, asset), amount) in &found {
        let sum = sums.entry(asset.to_string()).or_default();
        *sum = sum.plus(*amount).map_err(StoreError::from)?;
    }
    let line = |((account, asset), amount): ((String, desk::id::Asset), Amount)| BalanceDto {
        account,
        asset: asset.to_string(),
        amount: amount.to_string(),
    };
    let imbalance = sums.into_iter().map(|(asset, sum)| (asset, sum.to_string())).collect();
    Ok(Json(BalancesDto { balances: found.into_iter().map(line).collect(), imbalance }))
}

/// Every market's position.
#[utoipa::path(get, path = "/v1/positions", responses((status = 200, body = Vec<PositionDto>), (status = 401, body = Problem)))]
pub(crate) async fn positions<T: Table, C: Clock>(State(deps): Shared<T, C>) -> Answer<Vec<PositionDto>> {
    let state = deps.store.account_state(deps.account()).await?;
    Ok(Json(state.positions.iter().map(|(symbol, position)| PositionDto::new(symbol, position)).collect()))
}

const LIMIT: u32 = 50;
const LIMIT_MAX: u32 = 200;

/// Stands for the `#` of a place, with which an address would end where it is put into one as it is.
const JOINT: char = '.';

/// How many are wanted.
fn limit(text: Option<String>) -> Result<u32, Problem> {
    let limit = text.map_or(Some(LIMIT), |text| text.parse().ok().filter(|n| (1..=LIMIT_MAX).contains(n)));
    let detail = || format!("limit must be a whole number from 1 to {LIMIT_MAX}");
    limit.ok_or_else(|| Problem::unprocessable("limit/range", detail()))
}

/// A page's beginning and length.
fn page(query: Result<Query<PageQuery>, QueryRejection>) -> Result<(Option<String>, u32), Problem> {
    let Query(query) = query.map_err(|e| Problem::bad_request("query/unknown", e.body_text()))?;
    let limit = limit(query.limit)?;
    let known = |c: char| c.is_ascii_alphanumeric() || c == JOINT;
    let well_formed = |text: &String| text.len() <= 64 && text.chars().all(known);
    match query.before {
        Some(before) if !well_formed(&before) => {
            Err(Problem::bad_request("cursor/invalid", "`before` must be the `next` of an earlier page"))
        }
        before => Ok((before.map(|before| before.replace(JOINT, "#")), limit)),
    }
}

/// Where the next page begins: at the last place of a full page.
fn next<T>(places: &[(String, T)], limit: u32) -> Option<String> {
    let full = places.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
    places.last().filter(|_| full).map(|(place, _)| place.replace('#', &JOINT.to_string()))
}

/// The last orders, newest first.
#[utoipa::path(get, path = "/v1/orders", params(PageQuery), responses((status = 200, body = OrdersDto), (status = 401, body = Problem)))]
pub(crate) async fn orders<T: Table, C: Clock>(
    State(deps): Shared<T, C>,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Answer<OrdersDto> {
    let (before, limit) = page(query)?;
    let found = deps.store.recent_orders(deps.account(), before, limit).await?;
    let next = next(&found, limit);
    Ok(Json(OrdersDto { orders: found.iter().map(|(_, order)| OrderDto::from(order)).collect(), next }))
}

/// The last decisions, newest first.
#[utoipa::path(get, path = "/v1/decisions", params(PageQuery), responses((status = 200, body = DecisionsDto), (status = 401, body = Problem)))]
pub(crate) async fn decisions<T: Table, C: Clock>(
    State(deps): Shared<T, C>,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Answer<DecisionsDto> {
    let (before, limit) = page(query)?;
    let found = deps.store.recent_decisions(deps.account(), before, limit).await?;
    let mut lines = Vec::new();
    for (_, id) in &found {
        let verdicts = deps.store.verdicts(id).await?;
        lines.extend(verdicts.iter().filter(|v| v.signal.is_some()).max_by_key(|v| v.attempt).and_then(line));
    }
    Ok(Json(DecisionsDto { decisions: lines, next: next(&found, limit) }))
}

fn line(verdict: &VerdictRow) -> Option<DecisionLineDto> {
    let signal = verdict.signal.as_ref()?;
    let outcome = match &verdict.outcome {
        Outcome::Approved { .. } => "approved".to_owned(),
        Outcome::Refused { layer } => format!("refused: {}", layer.name()),
    };
    Some(DecisionLineDto {
        id: signal.id.to_string(),
        decided_at: signal.decided_at.ms(),
        symbol: signal.symbol.to_string(),
        leg: verdict.leg.tag(),
        outcome,
        because: signal.because.clone(),
    })
}

/// A decision with all that led to it and all that followed.
#[utoipa::path(get, path = "/v1/decisions/{id}", params(("id" = String, Path, description = "the decision's id")),
    responses((status = 200, body = DecisionDto), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn decision<T: Table, C: Clock>(
    State(deps): Shared<T, C>,
    id: Result<Path<String>, PathRejection>,
) -> Answer<DecisionDto> {
    let unknown = || Problem::not_found("decision/not-found", "there is no decision of that id; see /v1/decisions");
    let Path(id) = id.map_err(|_| unknown())?;
    let id = SignalId::new(id).map_err(|_| unknown())?;
    let mut found = deps.store.verdicts(&id).await?;
    // The wish first, then what protects it; attempts in their order.
    found.sort_by_key(|verdict| (verdict.signal.is_none(), verdict.attempt));
    let signal: Option<Signal> = found.iter().find_map(|verdict| verdict.signal.clone());
    // One of another account is answered for like one that is not there.
    if signal.as_ref().is_some_and(|signal| signal.account != *deps.account()) {
        return Err(unknown());
    }
    let mut verdicts = Vec::new();
    for verdict in &found {
        verdicts.push(match &verdict.outcome {
            Outcome::Approved { order } => {
                let fills = deps.store.fills_of(deps.account(), order).await?;
                let order = deps.store.order(order).await?.row;
                if order.intent.account != *deps.account() {
                    return Err(unknown());
                }
                VerdictDto::new(verdict, Some(&order), &fills)
            }
            Outcome::Refused { .. } => VerdictDto::new(verdict, None, &[]),
        });
    }
    match (signal, verdicts.first()) {
        (Some(signal), _) => Ok(Json(decided(&signal, deps.config.quote.as_str(), verdicts))),
        (None, Some(VerdictDto { order: Some(order), .. })) => {
            let undecided = undecided(&id, order);
            Ok(Json(DecisionDto { verdicts, ..undecided }))
        }
        (None, _) => Err(unknown()),
    }
}

/// What a strategy decided.
fn decided(signal: &Signal, quote: &str, verdicts: Vec<VerdictDto>) -> DecisionDto {
    let wish = match &signal.target {
        Target::Long { stake, stop_distance } => {
            format!("be long for {stake} {quote}, with a stop {stop_distance} bp below the entry")
        }
        Target::Flat => "be flat".to_owned(),
    };
    DecisionDto {
        id: signal.id.to_string(),
        strategy: signal.strategy.to_string(),
        strategy_version: signal.strategy_version.clone(),
        parameters: signal.parameters.clone(),
        symbol: signal.symbol.to_string(),
        interval: signal.interval.to_string(),
        bar: signal.bar.ms(),
        decided_at: signal.decided_at.ms(),
        close: signal.close.to_string(),
        wish,
        because: signal.because.clone(),
        inputs: signal.inputs.clone(),
        verdicts,
    }
}

/// An order that no strategy decided on: an operator's, or somebody else's.
fn undecided(id: &SignalId, order: &OrderDto) -> DecisionDto {
    let (wish, because) = if order.leg == "external" {
        ("trade by hand", "Somebody else placed this order at the venue. The desk learned of it by its trades.")
    } else {
        ("close the position", "An operator said so.")
    };
    DecisionDto {
        id: id.to_string(),
        strategy: String::new(),
        strategy_version: String::new(),
        parameters: BTreeMap::new(),
        symbol: order.symbol.clone(),
        interval: String::new(),
        bar: order.decided_at,
        decided_at: order.decided_at,
        close: String::new(),
        wish: wish.to_owned(),
        because: because.to_owned(),
        inputs: BTreeMap::new(),
        verdicts: Vec::new(),
    }
}

/// The ledger's transactions, oldest first.
#[utoipa::path(get, path = "/v1/ledger", params(LedgerQuery), responses((status = 200, body = LedgerDto), (status = 401, body = Problem)))]
pub(crate) async fn ledger<T: Table, C: Clock>(
    State(deps): Shared<T, C>,
    query: Result<Query<LedgerQuery>, QueryRejection>,
) -> Answer<LedgerDto> {
    let Query(query) = query.map_err(|e| Problem::bad_request("query/unknown", e.body_text()))?;
    let limit = limit(query.limit)?;
    let after = query.after.map_or(Some(0), |text| text.parse().ok().filter(|seq| *seq < 1_000_000_000_000));
    let invalid = || Problem::bad_request("cursor/invalid", "`after` must be the `next` of an earlier page");
    let found = deps.store.transactions_after(deps.account(), after.ok_or_else(invalid)?, limit).await?;
    let full = found.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
    let next = found.last().filter(|_| full).map(|row| row.seq);
    Ok(Json(LedgerDto { transactions: found.iter().map(TransactionDto::from).collect(), next }))
}
