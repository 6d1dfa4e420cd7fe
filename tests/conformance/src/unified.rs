//! Our answers in the cases' own form: JSON objects with common names. Numbers stand as text, to lose no digit.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use venue::protocol::call::{OrderKind, TimeInForce};
use venue::protocol::model::{
    AccountRow, Balances, Bar, Currency, FeeRate, Funding, FundingPayment, Level, LeverageSetting, LeverageTier,
    Liquidity, MarginMode, OpenInterest, OrderBook, OrderReport, OrderState, OwnTrade, PositionReport, PositionSide,
    PublicTrade, Side, Ticker, VenueFee, VenueHealth,
};

fn number(value: Option<Decimal>) -> Value {
    value.map_or(Value::Null, |value| Value::String(value.normalize().to_string()))
}

fn time(at: Option<desk::time::Timestamp>) -> Value {
    at.map_or(Value::Null, |at| json!(at.ms()))
}

fn side(side: Option<Side>) -> Value {
    match side {
        Some(Side::Buy) => json!("buy"),
        Some(Side::Sell) => json!("sell"),
        None => Value::Null,
    }
}

fn margin(mode: Option<MarginMode>) -> Value {
    match mode {
        Some(MarginMode::Cross) => json!("cross"),
        Some(MarginMode::Isolated) => json!("isolated"),
        None => Value::Null,
    }
}

fn fee(fee: Option<&VenueFee>) -> Value {
    fee.map_or(Value::Null, |fee| json!({ "cost": number(Some(fee.cost)), "currency": fee.currency }))
}

pub(crate) fn health(health: &VenueHealth) -> Value {
    json!({ "status": if health.trading { "ok" } else { "maintenance" }, "eta": time(health.until) })
}

pub(crate) fn currency(currency: &Currency) -> (String, Value) {
    let row = json!({ "id": currency.id, "code": currency.code, "name": currency.name,
        "precision": number(currency.precision), "active": currency.active });
    (currency.code.clone(), row)
}

pub(crate) fn ticker(t: &Ticker) -> (String, Value) {
    let row = json!({
        "symbol": t.market, "timestamp": time(t.at), "high": number(t.high), "low": number(t.low),
        "bid": number(t.bid), "bidVolume": number(t.bid_quantity), "ask": number(t.ask),
        "askVolume": number(t.ask_quantity), "vwap": number(t.vwap), "open": number(t.open), "close": number(t.last),
        "last": number(t.last), "previousClose": number(t.previous_close), "change": number(t.change),
        "percentage": number(t.percentage), "baseVolume": number(t.base_volume), "quoteVolume": number(t.quote_volume),
        "markPrice": number(t.mark), "indexPrice": number(t.index),
    });
    (t.market.clone(), row)
}

fn level(level: &Level) -> Value {
    json!([number(Some(level.price.value())), number(Some(level.quantity.value()))])
}

pub(crate) fn book(book: &OrderBook) -> Value {
    json!({
        "symbol": book.market, "timestamp": time(book.at), "nonce": book.sequence,
        "bids": book.bids.iter().map(level).collect::<Vec<_>>(), "asks": book.asks.iter().map(level).collect::<Vec<_>>(),
    })
}

pub(crate) fn bar(bar: &Bar) -> Value {
    let prices = [bar.open, bar.high, bar.low, bar.close].map(|price| number(Some(price.value())));
    let [open, high, low, close] = prices;
    json!([bar.open_time.ms(), open, high, low, close, number(Some(bar.volume.value()))])
}

pub(crate) fn public_trade(trade: &PublicTrade) -> Value {
    json!({
        "symbol": trade.market, "id": trade.id, "timestamp": trade.at.ms(), "side": side(trade.side),
        "price": number(Some(trade.price.value())), "amount": number(Some(trade.quantity.value())),
    })
}

pub(crate) fn own_trade(trade: &OwnTrade) -> Value {
    let liquidity = trade.liquidity.map(|liquidity| match liquidity {
        Liquidity::Maker => "maker",
        Liquidity::Taker => "taker",
    });
    json!({
        "symbol": trade.market, "id": trade.id, "order": trade.order, "timestamp": time(trade.at),
        "side": side(trade.side), "takerOrMaker": liquidity, "price": number(Some(trade.price.value())),
        "amount": number(Some(trade.quantity.value())), "cost": number(trade.cost), "fee": fee(trade.fee.as_ref()),
    })
}

pub(crate) fn funding(f: &Funding) -> (String, Value) {
    let row = json!({
        "symbol": f.market, "timestamp": time(f.at), "fundingRate": number(f.rate), "fundingTimestamp": time(f.next_at),
        "nextFundingRate": number(f.next_rate), "nextFundingTimestamp": time(f.after_next_at),
        "previousFundingRate": number(f.previous_rate), "previousFundingTimestamp": time(f.previous_at),
        "interval": f.interval_hours.map(|hours| format!("{hours}h")), "markPrice": number(f.mark),
        "indexPrice": number(f.index), "interestRate": number(f.interest_rate),
    });
    (f.market.clone(), row)
}

pub(crate) fn past_funding(f: &Funding) -> Value {
    json!({ "symbol": f.market, "timestamp": time(f.at), "fundingRate": number(f.rate) })
}

pub(crate) fn payment(p: &FundingPayment) -> Value {
    json!({ "symbol": p.market, "id": p.id, "amount": number(Some(p.amount)), "code": p.currency, "timestamp": p.at.ms() })
}

pub(crate) fn open_interest(o: &OpenInterest) -> (String, Value) {
    let row = json!({ "symbol": o.market, "openInterestAmount": number(o.amount),
        "openInterestValue": number(o.value), "timestamp": time(o.at) });
    (o.market.clone(), row)
}

/// Leverage tiers come as one list of a market, or as lists by market.
pub(crate) fn tiers(rows: Vec<LeverageTier>) -> Value {
    let mut by_market: Map<String, Value> = Map::new();
    for t in rows {
        let row = json!({
            "tier": number(t.tier), "symbol": t.market, "minNotional": number(t.min_notional),
            "maxNotional": number(t.max_notional), "maintenanceMarginRate": number(t.maintenance_rate),
            "maxLeverage": number(t.max_leverage),
        });
        let list = by_market.entry(t.market).or_insert_with(|| json!([]));
        if let Value::Array(list) = list {
            list.push(row);
        }
    }
    Value::Object(by_market)
}

pub(crate) fn leverage(l: &LeverageSetting) -> (String, Value) {
    let row = json!({ "symbol": l.market, "marginMode": margin(l.margin_mode), "longLeverage": number(l.long),
        "shortLeverage": number(l.short) });
    (l.market.clone(), row)
}

pub(crate) fn margin_mode(l: &LeverageSetting) -> (String, Value) {
    (l.market.clone(), json!({ "symbol": l.market, "marginMode": margin(l.margin_mode) }))
}

pub(crate) fn position(p: &PositionReport) -> (String, Value) {
    let side = p.side.map(|side| match side {
        PositionSide::Long => "long",
        PositionSide::Short => "short",
    });
    let row = json!({
        "symbol": p.market, "id": p.id, "side": side, "contracts": number(p.quantity),
        "contractSize": number(p.contract_size), "entryPrice": number(p.entry_price), "markPrice": number(p.mark_price),
        "lastPrice": number(p.last_price), "liquidationPrice": number(p.liquidation_price),
        "notional": number(p.notional), "leverage": number(p.leverage), "unrealizedPnl": number(p.unrealized_pnl),
        "realizedPnl": number(p.realized_pnl), "initialMargin": number(p.initial_margin),
        "marginMode": margin(p.margin_mode), "hedged": p.hedged, "takeProfitPrice": number(p.take_profit_price),
        "stopLossPrice": number(p.stop_loss_price), "timestamp": time(p.at), "lastUpdateTimestamp": time(p.updated_at),
    });
    (p.market.clone(), row)
}

pub(crate) fn fee_rate(f: &FeeRate) -> (String, Value) {
    (f.market.clone(), json!({ "symbol": f.market, "maker": number(f.maker), "taker": number(f.taker) }))
}

pub(crate) fn account(a: &AccountRow) -> Value {
    json!({ "id": a.id, "type": a.kind, "code": a.currency })
}

/// Balances by currency; of free, used and total the missing one follows from the others.
pub(crate) fn balances(balances: &Balances) -> Value {
    let mut rows = Map::new();
    for (currency, h) in &balances.of {
        let total = h.total.or_else(|| Some(h.free? + h.used?));
        let used = h.used.or_else(|| Some(h.total? - h.free?));
        let free = h.free.or_else(|| Some(h.total? - h.used?));
        let row = json!({ "free": number(free), "used": number(used), "total": number(total), "debt": number(h.debt) });
        rows.insert(currency.clone(), row);
    }
    rows.insert("timestamp".into(), time(balances.at));
    Value::Object(rows)
}

pub(crate) fn order(o: &OrderReport) -> Value {
    let state = o.state.map(|state| match state {
        OrderState::Open => "open",
        OrderState::Closed => "closed",
        OrderState::Canceled => "canceled",
        OrderState::Canceling => "canceling",
        OrderState::Expired => "expired",
        OrderState::Rejected => "rejected",
    });
    let kind = o.kind.map(|kind| match kind {
        OrderKind::Market => "market",
        OrderKind::Limit => "limit",
    });
    let force = o.time_in_force.map(|force| match force {
        TimeInForce::Gtc => "GTC",
        TimeInForce::Ioc => "IOC",
        TimeInForce::Fok => "FOK",
        TimeInForce::PostOnly => "PO",
        TimeInForce::Gtd => "GTD",
    });
    let quantity = |q: Option<desk::money::Quantity>| number(q.map(desk::money::Quantity::value));
    json!({
        "id": o.id, "clientOrderId": o.client_id, "symbol": o.market, "timestamp": time(o.at),
        "lastUpdateTimestamp": time(o.updated_at), "lastTradeTimestamp": time(o.last_trade_at), "type": kind,
        "timeInForce": force, "postOnly": o.post_only, "reduceOnly": o.reduce_only, "side": side(o.side),
        "price": number(o.price), "triggerPrice": number(o.trigger_price),
        "takeProfitPrice": number(o.take_profit_price), "stopLossPrice": number(o.stop_loss_price),
        "amount": quantity(o.quantity), "filled": quantity(o.filled), "remaining": quantity(o.remaining),
        "cost": number(o.cost), "average": number(o.average), "status": state, "fee": fee(o.fee.as_ref()),
    })
}
