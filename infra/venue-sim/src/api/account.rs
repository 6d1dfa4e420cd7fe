//! Balances, fills, commissions, key permissions, order counts, listen keys.

use super::call::Params;
use super::show::{self, text8};
use super::{Context, Refused};
use crate::engine::Engine;
use crate::engine::refusal::Refusal;
use crate::engine::types::{AccountId, Fill, Ms};
use rust_decimal::Decimal;
use serde_json::{Value, json};

const DAY: Ms = 86_400_000;

/// GET account.
pub(super) fn account(context: Context<'_>) -> Result<Value, Refused> {
    let engine = &context.exchange.engine;
    let bare = context.params.optional("omitZeroBalances")? == Some("true");
    let mut balances = engine.ledger().balances(context.account);
    for market in engine.markets() {
        for asset in [&market.rules.base, &market.rules.quote] {
            balances.entry(asset.clone()).or_default();
        }
    }
    let shown = balances.into_iter().filter(|(_, balance)| !bare || !(balance.free + balance.locked).is_zero());
    let shown: Vec<Value> = shown
        .map(|(asset, balance)| json!({ "asset": asset, "free": text8(balance.free), "locked": text8(balance.locked) }))
        .collect();
    let (maker, taker) = rates(engine, context.account);
    let points =
        |rate: &str| rate.parse::<Decimal>().ok().map(|rate| (rate * Decimal::from(10_000)).floor().to_string());
    let points = |rate: &str| points(rate).and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
    let key = context.exchange.keys.get(context.key);
    Ok(json!({
        "makerCommission": points(&maker), "takerCommission": points(&taker), "buyerCommission": 0, "sellerCommission": 0,
        "commissionRates": { "maker": maker, "taker": taker, "buyer": "0.00000000", "seller": "0.00000000" },
        "canTrade": key.is_some_and(|key| key.trading), "canWithdraw": key.is_some_and(|key| key.withdrawals), "canDeposit": true,
        "brokered": false, "requireSelfTradePrevention": false, "preventSor": false, "updateTime": context.now,
        "accountType": "SPOT", "balances": shown, "permissions": ["SPOT"], "uid": 1_000_000 + context.account.0,
    }))
}

/// GET myTrades.
pub(super) fn trades(context: Context<'_>) -> Result<Value, Refused> {
    let symbol = super::orders::market(&context)?;
    let limit = context.params.limit(500, 1_000)?;
    let (from, until) = range(context.params)?;
    let number = |name: &str| Ok::<_, Refusal>(context.params.integer(name)?.and_then(|id| u64::try_from(id).ok()));
    let (order, first) = (number("orderId")?, number("fromId")?);
    let fits = |fill: &&Fill| {
        fill.symbol == symbol
            && order.is_none_or(|order| fill.order_id == order)
            && first.is_none_or(|first| fill.trade_id >= first)
            && from.is_none_or(|from| fill.at >= from)
            && until.is_none_or(|until| fill.at <= until)
            && context.exchange.venue.lists(fill.at, context.now)
    };
    let mut fills: Vec<&Fill> = context.exchange.engine.fills(context.account).iter().filter(fits).collect();
    if first.is_none() && from.is_none() && fills.len() > limit {
        fills.drain(..fills.len() - limit);
    }
    Ok(fills.into_iter().take(limit).map(show::fill).collect())
}

/// GET account/commission.
pub(super) fn commission(context: Context<'_>) -> Result<Value, Refused> {
    let symbol = super::orders::market(&context)?;
    let engine = &context.exchange.engine;
    let (maker, taker) = rates(engine, context.account);
    let none = json!({ "maker": "0.00000000", "taker": "0.00000000", "buyer": "0.00000000", "seller": "0.00000000" });
    Ok(json!({
        "symbol": symbol,
        "standardCommission": { "maker": maker, "taker": taker, "buyer": "0.00000000", "seller": "0.00000000" },
        "specialCommission": none, "taxCommission": none,
        "discount": discount(engine, context.account),
    }))
}

/// GET sapi asset/tradeFee.
pub(super) fn trade_fees(context: Context<'_>) -> Result<Value, Refused> {
    let engine = &context.exchange.engine;
    let wanted = context.params.optional("symbol")?;
    if let Some(symbol) = wanted {
        engine.market(symbol)?;
    }
    let (maker, taker) = rates(engine, context.account);
    let markets = engine
        .markets()
        .map(|market| &market.rules.symbol)
        .filter(|symbol| wanted.is_none_or(|wanted| wanted == symbol.as_str()));
    Ok(markets.map(|symbol| json!({ "symbol": symbol, "makerCommission": maker, "takerCommission": taker })).collect())
}

/// GET sapi account/apiRestrictions.
pub(super) fn restrictions(context: Context<'_>) -> Result<Value, Refused> {
    let key = context.exchange.keys.get(context.key);
    let has = |what: fn(&super::auth::Key) -> bool| key.is_some_and(what);
    Ok(json!({
        "ipRestrict": has(|key| key.ip_restricted), "createTime": 1_700_000_000_000_i64, "enableReading": true,
        "enableWithdrawals": has(|key| key.withdrawals), "enableInternalTransfer": false, "enableMargin": false,
        "enableFutures": false, "permitsUniversalTransfer": false, "enableVanillaOptions": false,
        "enableFixApiTrade": false, "enableFixReadOnly": false, "enablePortfolioMarginTrading": false,
        "enableSpotAndMarginTrading": has(|key| key.trading),
    }))
}

/// GET rateLimit/order.
pub(super) fn order_counts(context: Context<'_>) -> Result<Value, Refused> {
    let (short, day) = context.exchange.limits.counts(context.account, context.now);
    let limits = &context.exchange.limits;
    Ok(json!([
        { "rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": limits.orders_10s_max, "count": short },
        { "rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": limits.orders_1d_max, "count": day },
    ]))
}

/// POST userDataStream.
pub(super) fn listen(context: Context<'_>) -> Result<Value, Refused> {
    Ok(json!({ "listenKey": context.exchange.listen(context.account, context.now) }))
}

/// PUT userDataStream.
pub(super) fn keep(context: Context<'_>) -> Result<Value, Refused> {
    let (key, now) = (context.params.required("listenKey")?, context.now);
    if context.exchange.keep(key, context.account, now) { Ok(json!({})) } else { Err(unknown_listen_key().into()) }
}

/// DELETE userDataStream.
pub(super) fn unlisten(context: Context<'_>) -> Result<Value, Refused> {
    let key = context.params.required("listenKey")?;
    if context.exchange.unlisten(key, context.account) { Ok(json!({})) } else { Err(unknown_listen_key().into()) }
}

fn unknown_listen_key() -> Refusal {
    Refusal::new(-1125, "This listenKey does not exist.")
}

/// Maker's and taker's commission as text.
pub(super) fn rates(engine: &Engine, account: AccountId) -> (String, String) {
    engine.account(account).map(|terms| (text8(terms.maker), text8(terms.taker))).unwrap_or_default()
}

/// What paying in another asset gives: here only the choice of the asset.
pub(super) fn discount(engine: &Engine, account: AccountId) -> Value {
    let asset = engine.account(account).and_then(|terms| terms.fee_asset.clone());
    let on = asset.is_some();
    json!({ "enabledForAccount": on, "enabledForSymbol": on, "discountAsset": asset.unwrap_or_else(|| "BNB".to_owned()), "discount": "0.00000000" })
}

/// `startTime` and `endTime`, no more than a day apart.
pub(super) fn range(params: &Params) -> Result<(Option<Ms>, Option<Ms>), Refusal> {
    let range = (params.integer("startTime")?, params.integer("endTime")?);
    match range {
        (Some(from), Some(until)) if until < from => {
            Err(Refusal::new(-1128, "Combination of optional parameters invalid."))
        }
        (Some(from), Some(until)) if until - from > DAY => {
            Err(Refusal::new(-1127, "More than 24 hours between startTime and endTime."))
        }
        _ => Ok(range),
    }
}
