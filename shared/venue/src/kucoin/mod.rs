//! KuCoin: spot, the fast spot system, margin, futures and the unified account.
//!
//! Written from KuCoin's own documents and its universal SDK's specification (endpoints, weights, shapes of answers);
//! the unified account's shapes are also from the published types of a community SDK, as its documents are young.
//!
//! | module | what it is |
//! |---|---|
//! | `ask` | to which system a question goes; tools to put requests together |
//! | `raw` | the envelope of answers, and the scalars only this venue writes so |
//! | `place`, `place_futures`, `place_unified`, `place_many`, `ack` | new orders and changes, and what is said to them |
//! | `orders`, `cancel`, `report` | orders that exist, taking them back, and what is told of them and of fills |
//! | `tickers`, `market`, `bars`, `instruments` | market data |
//! | `funding`, `leverage`, `positions` | what only contracts have |
//! | `account`, `balances`, `ledger` | permissions and fees, what is held, what moved |
//! | `stream`, `stream_public`, `stream_private` | WebSockets |
//! | `errors` | codes |
//!
//! 1. The product of the instrument decides the server: spot and margin, or futures. Only the unified account has one
//!    server for all.
//! 2. The account system decides the endpoints of orders: the old ones, the fast ones (`hf`), or the unified ones (`ua`).
//!    Margin orders always go to the fast margin endpoints (v3), which replaced the old ones.
//! 3. What an answer leaves out stays unknown. An error that is not on the list of clear refusals is unclear.
//! 4. Signing puts in what only that moment knows: the present instant, and a number that is never repeated.
//!
//! Absent on purpose: withdrawals, transfers, borrowing and repaying, sub-accounts, lending, copy trading and every
//! abandoned endpoint that has a successor of equal reach.

mod account;
mod ack;
mod ask;
mod balances;
mod bars;
mod cancel;
mod capabilities;
mod errors;
mod funding;
mod instruments;
mod ledger;
mod leverage;
mod market;
mod orders;
mod place;
mod place_futures;
mod place_many;
mod place_unified;
mod positions;
mod raw;
mod report;
mod sign;
mod stream;
mod stream_private;
mod stream_public;
mod tickers;

use crate::protocol::call::AccountSystem;
use crate::protocol::model::{
    AccountRow, Balances, Bar, Currency, FeeRate, Funding, FundingPayment, KeyPermissions, LeverageSetting,
    LeverageTier, MarginMode, Movement, OpenInterest, OrderBook, OrderReport, OwnTrade, PositionReport, PublicTrade,
    Ticker, VenueHealth,
};
use crate::protocol::{
    Amendment, BarQuery, Built, CallError, Capabilities, Credentials, HistoryQuery, Instrument, LeverageChange,
    MarketsQuery, Moment, NewOrder, OrderRef, OrdersQuery, Product, Protocol, Range, Request, Scope, Unsigned,
};
use desk::time::Timestamp;
use rust_decimal::Decimal;

/// KuCoin. What names neither market nor product is about spot.
#[derive(Debug, Clone, Copy, Default)]
pub struct KuCoin;

/// The same venue for a desk that trades contracts. What names neither market nor product is about linear contracts.
#[derive(Debug, Clone, Copy, Default)]
pub struct KuCoinFutures;

macro_rules! protocol {
    ($adapter:ident, $usual:expr) => {
        impl Protocol for $adapter {
            fn capabilities(&self) -> &'static Capabilities {
                &capabilities::CAPABILITIES
            }
            fn sign(
                &self,
                unsigned: Unsigned,
                credentials: Option<&Credentials>,
                moment: Moment,
            ) -> Result<Request, CallError> {
                sign::sign(unsigned, credentials, moment)
            }
            fn server_time(&self) -> Built<Timestamp> {
                account::server_time($usual)
            }
            fn health(&self) -> Built<VenueHealth> {
                account::health($usual)
            }
            fn instruments(&self, product: Product) -> Built<Vec<Instrument>> {
                instruments::instruments(product)
            }
            fn currencies(&self) -> Built<Vec<Currency>> {
                instruments::currencies()
            }
            fn ticker(&self, market: &Instrument, scope: &Scope) -> Built<Ticker> {
                tickers::ticker(market, scope)
            }
            fn tickers(&self, query: &MarketsQuery) -> Built<Vec<Ticker>> {
                tickers::tickers(query, $usual)
            }
            fn best_quotes(&self, query: &MarketsQuery) -> Built<Vec<Ticker>> {
                tickers::best_quotes(query, $usual)
            }
            fn mark_price(&self, market: &Instrument, scope: &Scope) -> Built<Ticker> {
                tickers::mark_price(market, scope)
            }
            fn order_book(&self, market: &Instrument, depth: Option<u32>, scope: &Scope) -> Built<OrderBook> {
                market::order_book(market, depth, scope)
            }
            fn bars(&self, market: &Instrument, query: &BarQuery, scope: &Scope) -> Built<Vec<Bar>> {
                bars::bars(market, query, scope)
            }
            fn trades(&self, market: &Instrument, range: &Range, scope: &Scope) -> Built<Vec<PublicTrade>> {
                market::trades(market, range, scope)
            }
            fn funding(&self, market: &Instrument, scope: &Scope) -> Built<Funding> {
                funding::funding(market, scope)
            }
            fn fundings(&self, query: &MarketsQuery) -> Built<Vec<Funding>> {
                funding::fundings(query)
            }
            fn funding_history(&self, query: &HistoryQuery) -> Built<Vec<Funding>> {
                funding::funding_history(query)
            }
            fn funding_interval(&self, market: &Instrument, scope: &Scope) -> Built<Funding> {
                funding::funding(market, scope)
            }
            fn funding_intervals(&self, query: &MarketsQuery) -> Built<Vec<Funding>> {
                funding::fundings(query)
            }
            fn open_interest(&self, market: &Instrument, scope: &Scope) -> Built<OpenInterest> {
                funding::open_interest(market, scope)
            }
            fn open_interests(&self, query: &MarketsQuery) -> Built<Vec<OpenInterest>> {
                funding::open_interests(query)
            }
            fn leverage_tiers(&self, query: &MarketsQuery) -> Built<Vec<LeverageTier>> {
                leverage::leverage_tiers(query)
            }
            fn market_leverage_tiers(&self, market: &Instrument, scope: &Scope) -> Built<Vec<LeverageTier>> {
                leverage::market_leverage_tiers(market, scope)
            }
            fn key_permissions(&self) -> Built<KeyPermissions> {
                account::key_permissions()
            }
            fn account_system(&self) -> Built<AccountSystem> {
                account::account_system()
            }
            fn accounts(&self, scope: &Scope) -> Built<Vec<AccountRow>> {
                account::accounts(scope)
            }
            fn balances(&self, scope: &Scope) -> Built<Balances> {
                balances::balances(scope, $usual)
            }
            fn place(&self, order: &NewOrder) -> Built<OrderReport> {
                place::place(order)
            }
            fn place_many(&self, orders: &[NewOrder]) -> Built<Vec<OrderReport>> {
                place_many::place_many(orders)
            }
            fn amend(&self, change: &Amendment) -> Built<OrderReport> {
                place_many::amend(change)
            }
            fn cancel(&self, order: &OrderRef) -> Built<OrderReport> {
                cancel::cancel(order, $usual)
            }
            fn cancel_many(&self, all: &[OrderRef]) -> Built<Vec<OrderReport>> {
                cancel::cancel_many(all, $usual)
            }
            fn cancel_all(&self, market: Option<&Instrument>, scope: &Scope) -> Built<Vec<OrderReport>> {
                cancel::cancel_all(market, scope, $usual)
            }
            fn cancel_all_after(&self, timeout_ms: u32) -> Built<()> {
                cancel::cancel_all_after(timeout_ms, $usual)
            }
            fn order(&self, order: &OrderRef) -> Built<OrderReport> {
                orders::order(order, $usual)
            }
            fn open_order(&self, order: &OrderRef) -> Built<OrderReport> {
                orders::order(order, $usual)
            }
            fn closed_order(&self, order: &OrderRef) -> Built<OrderReport> {
                orders::order(order, $usual)
            }
            fn orders(&self, query: &OrdersQuery) -> Built<Vec<OrderReport>> {
                orders::orders(query, $usual)
            }
            fn order_trades(&self, order: &OrderRef) -> Built<Vec<OwnTrade>> {
                orders::order_trades(order, $usual)
            }
            fn own_trades(&self, query: &HistoryQuery) -> Built<Vec<OwnTrade>> {
                orders::own_trades(query, None, $usual)
            }
            fn positions(&self, query: &MarketsQuery) -> Built<Vec<PositionReport>> {
                positions::positions(query)
            }
            fn position(&self, market: &Instrument, scope: &Scope) -> Built<PositionReport> {
                positions::position(market, scope)
            }
            fn positions_history(&self, query: &HistoryQuery) -> Built<Vec<PositionReport>> {
                positions::positions_history(query)
            }
            fn close_position(&self, market: &Instrument, scope: &Scope) -> Built<OrderReport> {
                place_futures::close_position(market, scope)
            }
            fn set_leverage(&self, change: &LeverageChange) -> Built<LeverageSetting> {
                leverage::set_leverage(change)
            }
            fn leverage(&self, market: &Instrument, scope: &Scope) -> Built<LeverageSetting> {
                leverage::leverage(market, scope)
            }
            fn set_margin_mode(&self, mode: MarginMode, market: Option<&Instrument>, scope: &Scope) -> Built<()> {
                leverage::set_margin_mode(mode, market, scope)
            }
            fn margin_mode(&self, market: &Instrument, scope: &Scope) -> Built<LeverageSetting> {
                leverage::margin_mode(market, scope)
            }
            fn set_position_mode(&self, hedged: bool, _: Option<&Instrument>, scope: &Scope) -> Built<()> {
                leverage::set_position_mode(hedged, scope)
            }
            fn position_mode(&self, _: Option<&Instrument>, scope: &Scope) -> Built<bool> {
                leverage::position_mode(scope)
            }
            fn change_margin(&self, market: &Instrument, amount: Decimal, scope: &Scope) -> Built<()> {
                leverage::change_margin(market, amount, scope)
            }
            fn fee_rate(&self, market: &Instrument, scope: &Scope) -> Built<FeeRate> {
                account::fee_rate(market, scope)
            }
            fn fee_rates(&self, scope: &Scope) -> Built<Vec<FeeRate>> {
                account::fee_rates(scope, $usual)
            }
            fn funding_payments(&self, query: &HistoryQuery) -> Built<Vec<FundingPayment>> {
                funding::funding_payments(query)
            }
            fn movements(&self, query: &HistoryQuery) -> Built<Vec<Movement>> {
                ledger::movements(query, $usual)
            }
        }
    };
}

protocol!(KuCoin, Product::Spot);
protocol!(KuCoinFutures, Product::Linear);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::call::{AccountSystem, OrderKind};
    use crate::protocol::model::Side;
    use crate::protocol::{Markets, Meaning, ReadFault, Reply};
    use desk::time::Interval;

    /// Reads a reply and forgets the answer.
    type Reading = Box<dyn Fn(&Reply) -> Result<(), ReadFault>>;

    fn reading<T: 'static>(built: Built<T>) -> Reading {
        let ask = built.unwrap();
        Box::new(move |reply| ask.read(reply, &Markets::default()).map(|_| ()))
    }

    /// Every question whose answer is more than "done", in each account system.
    fn questions() -> Vec<Reading> {
        let spot = Instrument::named(Product::Spot, "BTC-USDT", "BTC", "USDT", None);
        let linear = Instrument::named(Product::Linear, "XBTUSDTM", "BTC", "USDT", Some("USDT"));
        let mut all: Vec<Reading> = vec![
            reading(KuCoin.server_time()),
            reading(KuCoin.health()),
            reading(KuCoin.instruments(Product::Spot)),
            reading(KuCoin.instruments(Product::Linear)),
            reading(KuCoin.currencies()),
            reading(KuCoin.key_permissions()),
            reading(KuCoin.fee_rates(&Scope::default())),
        ];
        for account in [AccountSystem::Classic, AccountSystem::HighFrequency, AccountSystem::Unified] {
            let scope = Scope { account, ..Scope::default() };
            for market in [&spot, &linear] {
                let asked = MarketsQuery { instruments: vec![market.clone()], scope: scope.clone() };
                let past =
                    HistoryQuery { instrument: Some(market.clone()), scope: scope.clone(), ..Default::default() };
                let open = OrdersQuery { instrument: Some(market.clone()), scope: scope.clone(), ..Default::default() };
                let known = OrderRef {
                    id: Some("7".into()),
                    instrument: Some(market.clone()),
                    scope: scope.clone(),
                    ..Default::default()
                };
                let bars = BarQuery { interval: Interval::MINUTE, range: Range::default(), price: Default::default() };
                let order = NewOrder {
                    quantity: Some(Decimal::ONE),
                    account,
                    ..NewOrder::plain(market, Side::Buy, OrderKind::Market)
                };
                all.extend([
                    reading(KuCoin.ticker(market, &scope)),
                    reading(KuCoin.tickers(&asked)),
                    reading(KuCoin.best_quotes(&asked)),
                    reading(KuCoin.order_book(market, None, &scope)),
                    reading(KuCoin.bars(market, &bars, &scope)),
                    reading(KuCoin.trades(market, &Range::default(), &scope)),
                    reading(KuCoin.balances(&Scope { product: Some(market.product), ..scope.clone() })),
                    reading(KuCoin.place(&order)),
                    reading(KuCoin.place_many(std::slice::from_ref(&order))),
                    reading(KuCoin.cancel(&known)),
                    reading(KuCoin.order(&known)),
                    reading(KuCoin.orders(&open)),
                    reading(KuCoin.own_trades(&past)),
                    reading(KuCoin.fee_rate(market, &scope)),
                    reading(KuCoin.movements(&past)),
                ]);
            }
            let past = HistoryQuery { instrument: Some(linear.clone()), scope: scope.clone(), ..Default::default() };
            all.extend([
                reading(KuCoin.funding(&linear, &scope)),
                reading(KuCoin.funding_history(&past)),
                reading(KuCoin.funding_payments(&past)),
                reading(KuCoin.open_interest(&linear, &scope)),
                reading(KuCoin.market_leverage_tiers(&linear, &scope)),
                reading(KuCoin.leverage(&linear, &scope)),
                reading(KuCoin.margin_mode(&linear, &scope)),
                reading(KuCoin.position(&linear, &scope)),
                reading(KuCoin.positions_history(&past)),
            ]);
        }
        all
    }

    #[test]
    fn no_error_page_and_no_garbage_is_taken_for_an_answer() {
        let html = "<html><body>Bad Gateway</body></html>";
        let garbage = [
            (502, html),
            (403, html),
            (200, html),
            (200, ""),
            (200, "{"),
            (200, "null"),
            (200, "[]"),
            (200, "{}"),
            (200, r#"{"code":"200000","data":"#),
            (200, r#"{"code":"200000","data":{"items":[{"id":{}}]}}"#),
            (200, r#"{"code":"200000","data":"x"}"#),
            (200, r#"{"code":"200000","data":[1,"x",null]}"#),
            (200, r#"{"code":"500000","msg":"Internal Server Error"}"#),
            (500, r#"{"code":"200000","data":[]}"#),
        ];
        for (at, read) in questions().iter().enumerate() {
            for (status, body) in garbage {
                assert!(read(&Reply::new(status, body)).is_err(), "question {at} believes {status} {body}");
            }
            let busy = Reply::new(429, r#"{"code":"429000","msg":"Too many requests"}"#);
            assert_eq!(read(&busy).unwrap_err().meaning(), Meaning::RateLimit);
            assert_eq!(read(&Reply::new(502, html)).unwrap_err().meaning(), Meaning::Unclear);
        }
    }
}
