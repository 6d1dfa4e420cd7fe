//! The questions that the bodies answer, each giving the number of rows it has read.

use serde_json::Value;
use venue::binance::Binance;
use venue::protocol::call::{BarPrice, OrderClass, OrderFilter, OrderKind, Scope, Trigger, TriggerKind, Wallet};
use venue::protocol::model::Side;
use venue::protocol::{
    Amendment, BarQuery, Built, HistoryQuery, Instrument, Markets, MarketsQuery, NewOrder, OrderRef, OrdersQuery,
    Product, Protocol as _, Range, ReadFault, Reply,
};

pub(super) fn market(product: Product, symbol: &str) -> Instrument {
    let settle = match product {
        Product::Spot => None,
        Product::Linear | Product::Inverse | Product::Option => Some("USDT"),
    };
    let at = symbol.len() - if symbol.ends_with("USDT") { 4 } else { 3 };
    let (base, quote) = symbol.split_at(at);
    Instrument::named(product, symbol, base, quote, settle)
}

fn one<T: 'static>(built: Built<T>, reply: &Reply, markets: &Markets) -> Result<usize, ReadFault> {
    built.unwrap().read(reply, markets).map(|_| 1)
}

fn many<T: 'static>(built: Built<Vec<T>>, reply: &Reply, markets: &Markets) -> Result<usize, ReadFault> {
    built.unwrap().read(reply, markets).map(|rows| rows.len())
}

fn linear() -> Scope {
    Scope { product: Some(Product::Linear), wallet: Some(Wallet::Linear), ..Scope::default() }
}

fn query(product: Product) -> MarketsQuery {
    MarketsQuery { instruments: Vec::new(), scope: Scope { product: Some(product), ..Scope::default() } }
}

fn order_ref(product: Product) -> OrderRef {
    let instrument = Some(market(product, if product == Product::Spot { "LTCBTC" } else { "BTCUSDT" }));
    OrderRef { id: Some("1".into()), instrument, ..OrderRef::default() }
}

fn new_order() -> NewOrder {
    let mut order = NewOrder::plain(&market(Product::Spot, "BTCUSDT"), Side::Sell, OrderKind::Limit);
    (order.quantity, order.price) = (Some("1".parse().unwrap()), Some("1".parse().unwrap()));
    order
}

fn orders(
    product: Product,
    filter: OrderFilter,
    class: OrderClass,
    reply: &Reply,
    m: &Markets,
) -> Result<usize, ReadFault> {
    let scope = Scope { class, ..Scope::default() };
    let instrument = order_ref(product).instrument;
    many(Binance.orders(&OrdersQuery { filter, instrument, scope, ..OrdersQuery::default() }), reply, m)
}

fn bars(product: Product, price: BarPrice, reply: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    let query = BarQuery { interval: "1m".parse().unwrap(), range: Range::default(), price };
    many(Binance.bars(&market(product, "BTCUSDT"), &query, &Scope::default()), reply, m)
}

pub(super) fn account(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    Binance.balances(&Scope::default()).unwrap().read(r, m).map(|balances| balances.of.len())
}

pub(super) fn contract_account(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    let mut scope = linear();
    let held = Binance.balances(&scope).unwrap().read(r, m)?.of.len();
    scope.extra.0.push(("method".into(), Value::from("account")));
    let query = MarketsQuery { instruments: Vec::new(), scope };
    Binance.positions(&query).unwrap().read(r, m).map(|_| held)
}

pub(super) fn spot_info(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    many(Binance.instruments(Product::Spot), r, m)
}
pub(super) fn usdm_info(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    many(Binance.instruments(Product::Linear), r, m)
}
pub(super) fn coinm_info(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    many(Binance.instruments(Product::Inverse), r, m)
}
pub(super) fn spot_book(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    one(Binance.order_book(&market(Product::Spot, "BTCUSDT"), None, &Scope::default()), r, m)
}
pub(super) fn usdm_book(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    one(Binance.order_book(&market(Product::Linear, "BTCUSDT"), None, &Scope::default()), r, m)
}
pub(super) fn spot_trades(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    many(Binance.trades(&market(Product::Spot, "BTCUSDT"), &Range::default(), &Scope::default()), r, m)
}
pub(super) fn usdm_trades(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    many(Binance.trades(&market(Product::Linear, "BTCUSDT"), &Range::default(), &Scope::default()), r, m)
}
pub(super) fn spot_bars(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    bars(Product::Spot, BarPrice::Trade, r, m)
}
pub(super) fn mark_bars(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    bars(Product::Linear, BarPrice::Mark, r, m)
}
pub(super) fn index_bars(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    bars(Product::Linear, BarPrice::Index, r, m)
}
pub(super) fn spot_tickers(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    many(Binance.tickers(&query(Product::Spot)), r, m)
}
pub(super) fn usdm_tickers(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    many(Binance.tickers(&query(Product::Linear)), r, m)
}
pub(super) fn spot_quotes(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    many(Binance.best_quotes(&query(Product::Spot)), r, m)
}
pub(super) fn usdm_quotes(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    many(Binance.best_quotes(&query(Product::Linear)), r, m)
}
pub(super) fn spot_order(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    one(Binance.order(&order_ref(Product::Spot)), r, m)
}
pub(super) fn usdm_order(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    one(Binance.order(&order_ref(Product::Linear)), r, m)
}
pub(super) fn all_orders(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    orders(Product::Spot, OrderFilter::All, OrderClass::Plain, r, m)
}
pub(super) fn open_orders(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    orders(Product::Spot, OrderFilter::Open, OrderClass::Plain, r, m)
}
pub(super) fn usdm_orders(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    orders(Product::Linear, OrderFilter::All, OrderClass::Plain, r, m)
}
pub(super) fn algo_orders(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    orders(Product::Linear, OrderFilter::Open, OrderClass::Trigger, r, m)
}
pub(super) fn canceled(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    one(Binance.cancel(&order_ref(Product::Spot)), r, m)
}
pub(super) fn all_canceled(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    many(Binance.cancel_all(Some(&market(Product::Spot, "BTCUSDT")), &Scope::default()), r, m)
}
pub(super) fn placed(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    Binance.place(&new_order()).unwrap().read(r, m).map(|order| order.trades.len())
}
pub(super) fn tested(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    one(Binance.place(&NewOrder { test: true, ..new_order() }), r, m)
}
pub(super) fn oco(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    let kind = TriggerKind::StopLoss;
    let trigger = Trigger { kind, price: "1".parse().unwrap(), crossing: None, by: None, limit: None };
    one(Binance.place(&NewOrder { oco: Some(trigger), ..new_order() }), r, m)
}
pub(super) fn replaced(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    one(Binance.amend(&Amendment { order: order_ref(Product::Spot), to: new_order() }), r, m)
}
pub(super) fn amended(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    let to = NewOrder { price: None, ..new_order() };
    one(Binance.amend(&Amendment { order: order_ref(Product::Spot), to }), r, m)
}
pub(super) fn own_trades(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    let instrument = Some(market(Product::Spot, "BNBBTC"));
    many(Binance.own_trades(&HistoryQuery { instrument, ..HistoryQuery::default() }), r, m)
}
pub(super) fn positions(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    many(Binance.positions(&query(Product::Linear)), r, m)
}
pub(super) fn hedged(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    one(Binance.position_mode(None, &linear()), r, m)
}
pub(super) fn settings(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    many(Binance.margin_modes(&query(Product::Linear)), r, m)
}
pub(super) fn funding_history(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    let instrument = Some(market(Product::Linear, "BTCUSDT"));
    many(Binance.funding_history(&HistoryQuery { instrument, ..HistoryQuery::default() }), r, m)
}
pub(super) fn funding(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    one(Binance.mark_price(&market(Product::Linear, "BTCUSDT"), &Scope::default()), r, m)?;
    one(Binance.funding(&market(Product::Linear, "BTCUSDT"), &Scope::default()), r, m)
}
pub(super) fn open_interest(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    one(Binance.open_interest(&market(Product::Linear, "BTCUSDT"), &Scope::default()), r, m)
}
pub(super) fn usdm_fee(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    let of = |symbol: &str| one(Binance.fee_rate(&market(Product::Linear, symbol), &Scope::default()), r, m);
    of("ETHUSDT").or_else(|_| of("BTCUSDT"))
}
pub(super) fn spot_fees(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    many(Binance.fee_rates(&Scope::default()), r, m)
}
pub(super) fn time(r: &Reply, m: &Markets) -> Result<usize, ReadFault> {
    one(Binance.server_time(), r, m)
}
