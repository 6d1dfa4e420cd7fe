//! What is asked of a venue, beyond what its cases ask, and which streams there are.

use super::Reader;
use crate::unified;
use desk::time::{Interval, Timestamp};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use venue::bitget::BitgetUnified;
use venue::kucoin::KuCoinFutures;
use venue::okx::OkxTriggers;
use venue::protocol::call::{OrderFilter, OrderKind, Trigger, TriggerKind};
use venue::protocol::model::{MarginMode, OrderReport, Side};
use venue::protocol::stream::{Channel, Event, Streams};
use venue::protocol::{
    Amendment, Ask, BarQuery, Built, HistoryQuery, Instrument, LeverageChange, Markets, MarketsQuery, NewOrder,
    OrderRef, OrdersQuery, Product, Protocol, Range, Reply, Scope,
};

/// Questions, by name.
pub type Asked = Vec<(&'static str, Ask<Value>)>;

fn ask<T: 'static>(
    all: &mut Asked,
    name: &'static str,
    built: Built<T>,
    show: impl Fn(T) -> Value + Send + Sync + 'static,
) {
    if let Ok(ask) = built {
        all.push((name, ask.map(show)));
    }
}

fn list<T>(show: impl Fn(&T) -> Value + Send + Sync) -> impl Fn(Vec<T>) -> Value + Send + Sync {
    move |rows| Value::Array(rows.iter().map(&show).collect())
}

fn one(report: OrderReport) -> Value {
    unified::order(&report)
}

fn done(_: ()) -> Value {
    json!({})
}

/// How the answers are read to every question with one that the venue knows, about one market.
#[must_use]
pub fn of(venue: &dyn Protocol, market: &Instrument) -> Vec<(&'static str, Reader)> {
    let reader = |(name, ask): (&'static str, Ask<Value>)| -> (&'static str, Reader) {
        (name, Box::new(move |reply: &Reply, markets: &Markets| ask.read(reply, markets)))
    };
    questions(venue, market).into_iter().map(reader).collect()
}

/// Every such question.
#[must_use]
pub fn questions(venue: &dyn Protocol, market: &Instrument) -> Asked {
    let mut all = Asked::new();
    orders(&mut all, venue, market);
    account(&mut all, venue, market);
    market_data(&mut all, venue, market);
    all
}

/// All others, whose answers are shown as they are.
#[must_use]
pub fn others(venue: &dyn Protocol, market: &Instrument) -> Asked {
    fn shown<T: std::fmt::Debug>(answer: T) -> Value {
        json!(format!("{answer:?}"))
    }
    let scope = Scope { product: Some(market.product), ..Scope::default() };
    let several = MarketsQuery { instruments: vec![market.clone()], scope: scope.clone() };
    let past = HistoryQuery { instrument: Some(market.clone()), scope: scope.clone(), ..HistoryQuery::default() };
    let order = OrderRef { id: Some("12345678".to_owned()), instrument: Some(market.clone()), ..OrderRef::default() };
    let change = Amendment { order, to: NewOrder::plain(market, Side::Buy, OrderKind::Limit) };
    let mut all = Asked::new();
    macro_rules! ask {
        ($($name:ident($($arg:expr),*);)*) => {
            $(ask(&mut all, stringify!($name), venue.$name($($arg),*), shown);)*
        };
    }
    ask! {
        currencies();
        tickers(&several);
        best_quotes(&several);
        mark_price(market, &scope);
        fundings(&several);
        funding_history(&past);
        funding_interval(market, &scope);
        funding_intervals(&several);
        open_interest(market, &scope);
        open_interests(&several);
        leverage_tiers(&several);
        market_leverage_tiers(market, &scope);
        accounts(&scope);
        amend_many(std::slice::from_ref(&change));
        position(market, &scope);
        positions_history(&past);
        close_position(market, &scope);
        close_all_positions(&scope);
        leverage(market, &scope);
        set_margin_mode(MarginMode::Cross, Some(market), &scope);
        margin_mode(market, &scope);
        margin_modes(&several);
        position_mode(Some(market), &scope);
        change_margin(market, Decimal::ONE, &scope);
        fee_rates(&scope);
        earn_products(&past);
        instruments_settled_in(market.product, "USDC");
        unified_key_permissions();
    }
    all
}

fn orders(all: &mut Asked, venue: &dyn Protocol, market: &Instrument) {
    let order = NewOrder {
        quantity: Some(Decimal::ONE),
        price: Some(Decimal::ONE_HUNDRED),
        client_id: Some("0123456789abcdef0123456789abcdef".to_owned()),
        ..NewOrder::plain(market, Side::Buy, OrderKind::Limit)
    };
    let reference =
        OrderRef { id: Some("12345678".to_owned()), instrument: Some(market.clone()), ..OrderRef::default() };
    let stop = Trigger { kind: TriggerKind::StopLoss, price: Decimal::TEN, crossing: None, by: None, limit: None };
    let change = Amendment { order: reference.clone(), to: order.clone() };
    ask(all, "place", venue.place(&order), one);
    ask(all, "place a stop", venue.place(&NewOrder { trigger: Some(stop), ..order.clone() }), one);
    ask(all, "place many", venue.place_many(&[order.clone(), order]), list(unified::order));
    ask(all, "amend", venue.amend(&change), one);
    ask(all, "cancel", venue.cancel(&reference), one);
    ask(all, "cancel many", venue.cancel_many(std::slice::from_ref(&reference)), list(unified::order));
    ask(all, "cancel all", venue.cancel_all(Some(market), &Scope::default()), list(unified::order));
    ask(all, "cancel all after", venue.cancel_all_after(60_000), done);
    ask(all, "order", venue.order(&reference), one);
    ask(all, "open order", venue.open_order(&reference), one);
    ask(all, "closed order", venue.closed_order(&reference), one);
    for (name, filter) in [
        ("all orders", OrderFilter::All),
        ("open orders", OrderFilter::Open),
        ("closed orders", OrderFilter::Closed),
        ("canceled orders", OrderFilter::Canceled),
    ] {
        let query = OrdersQuery { filter, instrument: Some(market.clone()), ..OrdersQuery::default() };
        ask(all, name, venue.orders(&query), list(unified::order));
    }
    ask(all, "order trades", venue.order_trades(&reference), list(unified::own_trade));
}

fn account(all: &mut Asked, venue: &dyn Protocol, market: &Instrument) {
    let scope = Scope { product: Some(market.product), ..Scope::default() };
    let history = HistoryQuery { instrument: Some(market.clone()), ..HistoryQuery::default() };
    let markets = MarketsQuery { instruments: vec![market.clone()], scope: scope.clone() };
    let leverage = LeverageChange { instrument: Some(market.clone()), leverage: Decimal::TWO, scope: Scope::default() };
    ask(all, "own trades", venue.own_trades(&history), list(unified::own_trade));
    ask(all, "balances", venue.balances(&scope), |balances| unified::balances(&balances));
    ask(all, "positions", venue.positions(&markets), list(|p| unified::position(p).1));
    ask(all, "fee rate", venue.fee_rate(market, &scope), |rate| unified::fee_rate(&rate).1);
    ask(all, "funding payments", venue.funding_payments(&history), list(unified::payment));
    ask(all, "set leverage", venue.set_leverage(&leverage), |_| json!({}));
    ask(all, "set position mode", venue.set_position_mode(true, None, &scope), done);
    ask(all, "key permissions", venue.key_permissions(), |keys| {
        json!([keys.read, keys.spot, keys.contracts, keys.withdraw])
    });
    ask(all, "movements", venue.movements(&history), |rows| {
        Value::Array(rows.iter().map(|row| json!([row.id, row.currency, row.amount.to_string()])).collect())
    });
}

fn market_data(all: &mut Asked, venue: &dyn Protocol, market: &Instrument) {
    let (scope, range) = (Scope::default(), Range::default());
    let bars = BarQuery { interval: Interval::MINUTE, range, price: Default::default() };
    ask(all, "ticker", venue.ticker(market, &scope), |ticker| unified::ticker(&ticker).1);
    ask(all, "order book", venue.order_book(market, None, &scope), |book| unified::book(&book));
    ask(all, "bars", venue.bars(market, &bars, &scope), list(unified::bar));
    ask(all, "trades", venue.trades(market, &range, &scope), list(unified::public_trade));
    ask(all, "funding", venue.funding(market, &scope), |funding| unified::funding(&funding).1);
    ask(all, "server time", venue.server_time(), |at: Timestamp| json!(at.ms()));
    ask(all, "health", venue.health(), |health| unified::health(&health));
    ask(all, "instruments", venue.instruments(market.product), |rows| {
        let row = |i: &Instrument| {
            let step = |step: Option<Decimal>| step.map(|step| step.to_string());
            json!({ "name": i.name, "active": i.active, "tick": step(i.tick), "lot": step(i.lot) })
        };
        Value::Array(rows.iter().map(row).collect())
    });
}

/// A venue's streams, and its channels.
pub struct Source {
    /// The venue's name, which is the name of its folder of messages.
    pub venue: &'static str,
    /// Its streams.
    pub streams: &'static dyn Streams,
    /// Its channels.
    pub channels: Vec<Channel>,
}

/// All streams there are.
#[must_use]
pub fn sources() -> Vec<Source> {
    let channels = |products: &[Product]| {
        let both = |product: &Product| [Channel::Public(*product), Channel::Private(*product)];
        products.iter().flat_map(both).collect()
    };
    let adapters = venue::registry::ADAPTERS.iter();
    let source = |adapter: &venue::registry::Adapter| {
        let record = adapter.protocol.capabilities();
        Source { venue: record.venue, streams: adapter.streams, channels: channels(record.products) }
    };
    // Those that no desk listens to by itself: another server of the same venue, or the same frames read for contracts.
    let contracts = [Product::Linear, Product::Inverse];
    let others: [(&'static str, &'static dyn Streams, &[Product]); 3] = [
        ("bitget", &BitgetUnified, &[Product::Spot, Product::Linear, Product::Inverse]),
        ("kucoinfutures", &KuCoinFutures, &contracts),
        ("okx", &OkxTriggers, &contracts),
    ];
    let other = |(venue, streams, products): (&'static str, &'static dyn Streams, &[Product])| Source {
        venue,
        streams,
        channels: channels(products),
    };
    adapters.map(source).chain(others.map(other)).collect()
}

/// What a frame says: its orders and bars in the cases' form, everything else as a word.
#[must_use]
pub fn frames(source: &Source, channel: Channel) -> Reader {
    let streams = source.streams;
    Box::new(move |reply: &Reply, markets: &Markets| {
        let frame = String::from_utf8_lossy(&reply.body);
        let events = streams.read(channel, &frame, markets)?;
        Ok(Value::Array(events.iter().map(shown).collect()))
    })
}

fn shown(event: &Event) -> Value {
    match event {
        Event::Order(report) => unified::order(report),
        Event::Fill(fill) => json!({ "fill": unified::own_trade(fill) }),
        Event::Bar { bar, .. } => unified::bar(bar),
        Event::Trade(_)
        | Event::Ticker(_)
        | Event::Book(_)
        | Event::Funding(_)
        | Event::Balances(_)
        | Event::Position(_)
        | Event::Accepted(_)
        | Event::Refused(_)
        | Event::Heartbeat
        | Event::Answer(_)
        | Event::Reconnect(_)
        | Event::Ignored(_) => json!(format!("{event:?}")),
    }
}
