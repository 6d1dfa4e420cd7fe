//! Coinbase Advanced Trade, API v3: spot, and contracts as far as an account has them. Written from the venue's
//! documents of the REST and WebSocket APIs.
//!
//! | piece | what it is |
//! |---|---|
//! | [`auth`] | three kinds of keys, and tokens |
//! | [`errors`] | errors, and what each word means |
//! | [`raw`], [`reports`] | the venue's rows, and what they mean |
//! | [`request`], [`orders`] | requests; orders placed, checked, changed, cancelled |
//! | [`market`], [`account`] | market data; balances, fees, orders and fills looked up, positions |
//! | [`stream`] | WebSockets |
//!
//! Deliberately absent: transfers between portfolios, conversions, payment methods, withdrawals (the v2 API), and
//! scaled and time-sliced orders.

mod account;
mod auth;
mod capabilities;
mod errors;
mod market;
mod orders;
mod raw;
mod reports;
mod request;
mod stream;
#[cfg(test)]
mod tests;

use crate::protocol::model::{
    AccountRow, Balances, Bar, Currency, FeeRate, Funding, KeyPermissions, OpenInterest, OrderBook, OrderReport,
    OwnTrade, PositionReport, PublicTrade, Ticker,
};
use crate::protocol::{
    Amendment, Auth, BarQuery, Built, CallError, Capabilities, Credentials, HistoryQuery, Instrument, MarketsQuery,
    Moment, NewOrder, OrderRef, OrdersQuery, Product, Protocol, Range, Request, Scope, Unsigned,
};
use desk::time::Timestamp;

/// The venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coinbase;

macro_rules! answered {
    ($($name:ident($($arg:ident: $type:ty),*) -> $answer:ty, $module:ident;)*) => {
        $(
            fn $name(&self, $($arg: $type),*) -> Built<$answer> {
                $module::$name($($arg),*)
            }
        )*
    };
}

impl Protocol for Coinbase {
    fn capabilities(&self) -> &'static Capabilities {
        &capabilities::CAPABILITIES
    }

    /// Questions for bars that name no time get it here.
    fn sign(
        &self,
        mut unsigned: Unsigned,
        credentials: Option<&Credentials>,
        moment: Moment,
    ) -> Result<Request, CallError> {
        if let Some((start, end)) = market::newest(&unsigned.path, &unsigned.query, moment.now) {
            unsigned.query = unsigned.query.with("start", start).with("end", end);
        }
        let auth = unsigned.auth;
        let request = Request::of(unsigned);
        if auth == Auth::None {
            return Ok(request);
        }
        let missing = CallError::Credentials { venue: "coinbase", why: "they are missing" };
        auth::signed(request, credentials.ok_or(missing)?, moment)
    }

    answered! {
        server_time() -> Timestamp, market;
        instruments(product: Product) -> Vec<Instrument>, market;
        currencies() -> Vec<Currency>, market;
        ticker(market: &Instrument, scope: &Scope) -> Ticker, market;
        tickers(query: &MarketsQuery) -> Vec<Ticker>, market;
        best_quotes(query: &MarketsQuery) -> Vec<Ticker>, market;
        order_book(market: &Instrument, depth: Option<u32>, scope: &Scope) -> OrderBook, market;
        bars(market: &Instrument, query: &BarQuery, scope: &Scope) -> Vec<Bar>, market;
        trades(market: &Instrument, range: &Range, scope: &Scope) -> Vec<PublicTrade>, market;
        funding(market: &Instrument, scope: &Scope) -> Funding, market;
        fundings(query: &MarketsQuery) -> Vec<Funding>, market;
        open_interest(market: &Instrument, scope: &Scope) -> OpenInterest, market;
        key_permissions() -> KeyPermissions, account;
        accounts(scope: &Scope) -> Vec<AccountRow>, account;
        balances(scope: &Scope) -> Balances, account;
        place(order: &NewOrder) -> OrderReport, orders;
        amend(change: &Amendment) -> OrderReport, orders;
        cancel(order: &OrderRef) -> OrderReport, orders;
        cancel_many(orders: &[OrderRef]) -> Vec<OrderReport>, orders;
        order(order: &OrderRef) -> OrderReport, account;
        orders(query: &OrdersQuery) -> Vec<OrderReport>, account;
        order_trades(order: &OrderRef) -> Vec<OwnTrade>, account;
        own_trades(query: &HistoryQuery) -> Vec<OwnTrade>, account;
        positions(query: &MarketsQuery) -> Vec<PositionReport>, account;
        position(market: &Instrument, scope: &Scope) -> PositionReport, account;
        close_position(market: &Instrument, scope: &Scope) -> OrderReport, orders;
        fee_rate(market: &Instrument, scope: &Scope) -> FeeRate, account;
        fee_rates(scope: &Scope) -> Vec<FeeRate>, account;
    }

    /// The same answer has orders in every state.
    fn open_order(&self, order: &OrderRef) -> Built<OrderReport> {
        account::order(order)
    }

    /// The same answer has orders in every state.
    fn closed_order(&self, order: &OrderRef) -> Built<OrderReport> {
        account::order(order)
    }
}
