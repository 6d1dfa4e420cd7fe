//! `/sim/...`: faults, the exchange's own truth, and what only the exchange itself can do.

use super::world::{Shared, World};
use crate::api::call::HttpAnswer;
use crate::api::market::rows;
use crate::api::show;
use crate::engine::refusal::Refusal;
use crate::engine::rules::{Filter, Trading};
use crate::engine::types::{AccountId, Ms, NewOrder, Side};
use crate::faults::{Faults, Rule};
use crate::stream::Outgoing;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, Response};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Answers an admin request.
pub(super) async fn answer(State(shared): State<Shared>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1024 * 1024).await.unwrap_or_default();
    let answer = shared.with(|world, now| route(world, &parts.method, parts.uri.path(), &body, now));
    super::http::reply(&match answer {
        Ok(body) => HttpAnswer::json(200, &body),
        Err(why) => HttpAnswer::json(400, &json!({ "error": why })),
    })
}

fn route(world: &mut World, method: &Method, path: &str, body: &[u8], now: Ms) -> Result<Value, String> {
    let write = *method == Method::POST || *method == Method::PUT;
    match path {
        "/sim/faults" => {
            if write {
                world.switch(read(body)?);
            } else if *method == Method::DELETE {
                world.switch(Faults::default());
            }
            serde_json::to_value(world.draws.faults()).map_err(|e| e.to_string())
        }
        "/sim/fired" => Ok(json!(world.draws.fired())),
        "/sim/books" => Ok(books(world, now)),
        _ if !write => Err(format!("{path} is not known, or wants POST")),
        "/sim/script" => {
            let rules: Vec<Rule> = read(body)?;
            world.script(rules.into_iter().map(|rule| Rule { times: Some(rule.times.unwrap_or(1)), ..rule }).collect());
            Ok(json!({}))
        }
        "/sim/accounts" => account(world, read(body)?, now),
        "/sim/keys" => key(world, read(body)?),
        "/sim/fund" => fund(world, &read(body)?, now),
        "/sim/order" => hand(world, read(body)?, now),
        "/sim/symbols" => symbol(world, &read(body)?),
        "/sim/rest" => rest(world, &read(body)?, now),
        "/sim/fill" => {
            let wish: Fill = read(body)?;
            world.exchange.fill(wish.order_id, wish.quantity.0, now).map_err(text)?;
            Ok(json!({}))
        }
        "/sim/disconnect" => {
            world.send(Outgoing::Close);
            Ok(json!({}))
        }
        "/sim/expire-listen-keys" => {
            for key in world.exchange.expire_listens() {
                world.send(Outgoing::Expired(key.into()));
            }
            Ok(json!({}))
        }
        _ => Err(format!("{path} is not known")),
    }
}

/// An amount as text.
#[derive(Debug, Clone, Copy)]
struct Amount(Decimal);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewAccount {
    key: String,
    secret: String,
    #[serde(default)]
    maker: Option<Amount>,
    #[serde(default)]
    taker: Option<Amount>,
    #[serde(default)]
    fee_asset: Option<String>,
    #[serde(default)]
    balances: BTreeMap<String, Amount>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyChange {
    key: String,
    #[serde(default)]
    revoked: Option<bool>,
    #[serde(default)]
    trading: Option<bool>,
    #[serde(default)]
    withdrawals: Option<bool>,
    #[serde(default)]
    ip_restricted: Option<bool>,
    /// Commissions are paid in it from now on.
    #[serde(default)]
    fee_asset: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fund {
    key: String,
    asset: String,
    amount: Amount,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hand {
    key: String,
    symbol: String,
    side: String,
    quantity: Amount,
    /// A limit; at the market's price without one.
    #[serde(default)]
    price: Option<Amount>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SymbolChange {
    symbol: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    tick: Option<Amount>,
    #[serde(default)]
    step: Option<Amount>,
    #[serde(default)]
    min_notional: Option<Amount>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rest {
    symbol: String,
    side: String,
    price: Amount,
    quantity: Amount,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fill {
    order_id: u64,
    quantity: Amount,
}

fn account(world: &mut World, wish: NewAccount, now: Ms) -> Result<Value, String> {
    if world.exchange.keys.contains_key(&wish.key) {
        return Err("this key exists already".to_owned());
    }
    let rate = |amount: Option<Amount>| amount.map_or(Decimal::new(1, 3), |amount| amount.0);
    let account = world.exchange.open(&wish.key, &wish.secret, rate(wish.maker), rate(wish.taker));
    if let Some(terms) = world.exchange.engine.account_mut(account) {
        terms.fee_asset = wish.fee_asset;
    }
    for (asset, amount) in wish.balances {
        world.exchange.engine.fund(account, &asset, amount.0, now).map_err(text)?;
    }
    Ok(json!({ "account": account.0 }))
}

fn key(world: &mut World, wish: KeyChange) -> Result<Value, String> {
    let key = world.exchange.keys.get_mut(&wish.key).ok_or("this key is not known")?;
    key.revoked = wish.revoked.unwrap_or(key.revoked);
    key.trading = wish.trading.unwrap_or(key.trading);
    key.withdrawals = wish.withdrawals.unwrap_or(key.withdrawals);
    key.ip_restricted = wish.ip_restricted.unwrap_or(key.ip_restricted);
    let account = key.account;
    if let (Some(asset), Some(terms)) = (wish.fee_asset, world.exchange.engine.account_mut(account)) {
        terms.fee_asset = (!asset.is_empty()).then_some(asset);
    }
    Ok(json!({}))
}

fn fund(world: &mut World, wish: &Fund, now: Ms) -> Result<Value, String> {
    let account = world.exchange.keys.get(&wish.key).ok_or("this key is not known")?.account;
    world.exchange.engine.fund(account, &wish.asset, wish.amount.0, now).map_err(text)?;
    Ok(json!({}))
}

/// An order placed by hand.
fn hand(world: &mut World, wish: Hand, now: Ms) -> Result<Value, String> {
    let side = Side::parse(&wish.side).ok_or("side is BUY or SELL")?;
    let order = match wish.price {
        Some(price) => NewOrder::limit(&wish.symbol, side, price.0, wish.quantity.0),
        None => NewOrder::market(&wish.symbol, side, wish.quantity.0),
    };
    let id = world.exchange.by_hand(&wish.key, order, now).map_err(text)?;
    Ok(json!({ "orderId": id }))
}

fn symbol(world: &mut World, wish: &SymbolChange) -> Result<Value, String> {
    let market = world.exchange.engine.market_mut(&wish.symbol).map_err(text)?;
    let mut rules = market.rules.clone();
    rules.trading = match wish.status.as_deref() {
        None => rules.trading,
        Some("TRADING") => Trading::Open,
        Some("HALT") => Trading::Halt,
        Some("BREAK") => Trading::Break,
        Some(other) => return Err(format!("{other} is no status: TRADING, HALT or BREAK")),
    };
    for filter in &mut rules.filters {
        if let (Filter::Price { tick, min, .. }, Some(new)) = (&mut *filter, wish.tick) {
            (*tick, *min) = (new.0, new.0);
        }
        if let (Filter::Lot { step, min, .. }, Some(new)) = (&mut *filter, wish.step) {
            (*step, *min) = (new.0, new.0);
        }
        if let (Filter::Notional { min, .. } | Filter::MinNotional { min, .. }, Some(new)) =
            (&mut *filter, wish.min_notional)
        {
            *min = new.0;
        }
    }
    rules.check()?;
    market.rules = rules;
    Ok(json!({}))
}

fn rest(world: &mut World, wish: &Rest, now: Ms) -> Result<Value, String> {
    let side = Side::parse(&wish.side).ok_or("side is BUY or SELL")?;
    let id = world.exchange.rest(&wish.symbol, side, wish.price.0, wish.quantity.0, now).map_err(text)?;
    Ok(json!({ "orderId": id }))
}

/// Everything the exchange knows to be true, whatever its answers say.
fn books(world: &World, now: Ms) -> Value {
    let engine = &world.exchange.engine;
    let mut accounts: BTreeMap<AccountId, Vec<&str>> = BTreeMap::new();
    for (name, key) in &world.exchange.keys {
        accounts.entry(key.account).or_default().push(name);
    }
    let symbols = engine.symbols();
    let accounts = accounts.into_iter().map(|(account, keys)| {
        let balances = engine.ledger().balances(account).into_iter();
        let balances: BTreeMap<String, Value> = balances
            .map(|(asset, balance)| {
                (asset, json!({ "free": show::text8(balance.free), "locked": show::text8(balance.locked) }))
            })
            .collect();
        let orders: Vec<Value> =
            symbols.iter().flat_map(|symbol| engine.all_orders(account, symbol)).map(show::status).collect();
        let trades: Vec<Value> = engine.fills(account).iter().map(show::fill).collect();
        json!({ "account": account.0, "keys": keys, "balances": balances, "orders": orders, "trades": trades })
    });
    let markets = engine.markets().map(|market| {
        let book = market.book.snapshot(20);
        json!({
            "symbol": market.rules.symbol, "status": market.rules.trading.text(), "lastUpdateId": book.update,
            "last": market.tape.last().map(show::text8), "bids": rows(&book.bids), "asks": rows(&book.asks),
        })
    });
    json!({
        "now": now, "audit": engine.audit().err().unwrap_or_else(|| "ok".to_owned()),
        "accounts": accounts.collect::<Vec<_>>(), "markets": markets.collect::<Vec<_>>(), "fired": world.draws.fired(),
    })
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|e| e.to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn text(refusal: Refusal) -> String {
    refusal.to_string()
}
