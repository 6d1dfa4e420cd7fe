//! Kraken's futures exchange: derivatives API v3, history v2 and v3, charts v1, and WebSocket v1.
//!
//! Parameters of a request stand in its query, also those of a POST; batches stand in a form as JSON. `Authent` is
//! HMAC-SHA512 over the SHA-256 of parameters, nonce (none is sent) and path, without the path's `/derivatives`.
//! Answers of the derivatives API say `"result": "success"`; a request that succeeded may still carry an order's refusal
//! in its status.

mod account;
mod capabilities;
mod errors;
mod market;
mod orders;
mod raw;
mod reports;
mod stream;
#[cfg(test)]
mod tests;

use crate::kraken::shared;
use crate::protocol::model::{
    AccountRow, Balances, Bar, Funding, FundingPayment, KeyPermissions, LeverageSetting, LeverageTier, MarginMode,
    Movement, OpenInterest, OrderBook, OrderReport, OwnTrade, PositionReport, PublicTrade, Ticker, VenueHealth,
};
use crate::protocol::{
    Amendment, Auth, BarQuery, Built, CallError, Capabilities, Credentials, HistoryQuery, Instrument, LeverageChange,
    MarketsQuery, Moment, NewOrder, OrderRef, OrdersQuery, Product, Protocol, Range, Request, Scope, Unsigned, sign,
};
use desk::time::Timestamp;

/// The futures exchange.
#[derive(Debug, Clone, Copy, Default)]
pub struct KrakenFutures;

fn signed(unsigned: Unsigned, credentials: &Credentials) -> Result<Request, CallError> {
    let request = Request::of(unsigned);
    let (path, query) = request.target.split_once('?').unwrap_or((request.target.as_str(), ""));
    let path = path.strip_prefix("/derivatives").unwrap_or(path);
    let digest = sign::sha256(format!("{query}{}{path}", request.body).as_bytes());
    let signature = shared::signature("krakenfutures", credentials, &[digest.as_ref()])?;
    Ok(request.header("APIKey", credentials.key()).header("Authent", signature))
}

impl Protocol for KrakenFutures {
    fn capabilities(&self) -> &'static Capabilities {
        &capabilities::CAPABILITIES
    }

    fn sign(&self, unsigned: Unsigned, credentials: Option<&Credentials>, _: Moment) -> Result<Request, CallError> {
        match (unsigned.auth, credentials) {
            (Auth::None, _) => Ok(Request::of(unsigned)),
            (Auth::Key | Auth::Signed, Some(credentials)) => signed(unsigned, credentials),
            (Auth::Key | Auth::Signed, None) => {
                Err(CallError::Credentials { venue: "krakenfutures", why: "there are none" })
            }
        }
    }

    fn server_time(&self) -> Built<Timestamp> {
        market::server_time()
    }

    fn health(&self) -> Built<VenueHealth> {
        account::health()
    }

    fn instruments(&self, product: Product) -> Built<Vec<Instrument>> {
        market::instruments(product)
    }

    fn ticker(&self, market: &Instrument, scope: &Scope) -> Built<Ticker> {
        market::ticker(market, scope)
    }

    fn tickers(&self, query: &MarketsQuery) -> Built<Vec<Ticker>> {
        market::tickers(query)
    }

    fn best_quotes(&self, query: &MarketsQuery) -> Built<Vec<Ticker>> {
        market::tickers(query)
    }

    fn mark_price(&self, market: &Instrument, scope: &Scope) -> Built<Ticker> {
        market::ticker(market, scope)
    }

    fn order_book(&self, market: &Instrument, depth: Option<u32>, scope: &Scope) -> Built<OrderBook> {
        market::order_book(market, depth, scope)
    }

    fn bars(&self, market: &Instrument, query: &BarQuery, scope: &Scope) -> Built<Vec<Bar>> {
        market::bars(market, query, scope)
    }

    fn trades(&self, market: &Instrument, range: &Range, scope: &Scope) -> Built<Vec<PublicTrade>> {
        market::trades(market, range, scope)
    }

    fn funding(&self, market: &Instrument, scope: &Scope) -> Built<Funding> {
        market::funding(market, scope)
    }

    fn fundings(&self, query: &MarketsQuery) -> Built<Vec<Funding>> {
        market::fundings(query)
    }

    fn funding_history(&self, query: &HistoryQuery) -> Built<Vec<Funding>> {
        market::funding_history(query)
    }

    fn funding_interval(&self, market: &Instrument, scope: &Scope) -> Built<Funding> {
        market::funding(market, scope)
    }

    fn funding_intervals(&self, query: &MarketsQuery) -> Built<Vec<Funding>> {
        market::fundings(query)
    }

    fn open_interest(&self, market: &Instrument, scope: &Scope) -> Built<OpenInterest> {
        market::open_interest(market, scope)
    }

    fn open_interests(&self, query: &MarketsQuery) -> Built<Vec<OpenInterest>> {
        market::open_interests(query)
    }

    fn leverage_tiers(&self, query: &MarketsQuery) -> Built<Vec<LeverageTier>> {
        market::leverage_tiers(query.instruments.iter().map(|i| i.name.clone()).collect(), &query.scope.extra)
    }

    fn market_leverage_tiers(&self, market: &Instrument, scope: &Scope) -> Built<Vec<LeverageTier>> {
        market::leverage_tiers(vec![market.name.clone()], &scope.extra)
    }

    fn key_permissions(&self) -> Built<KeyPermissions> {
        account::key_permissions()
    }

    fn accounts(&self, scope: &Scope) -> Built<Vec<AccountRow>> {
        account::accounts(scope)
    }

    fn balances(&self, scope: &Scope) -> Built<Balances> {
        account::balances(scope)
    }

    fn place(&self, order: &NewOrder) -> Built<OrderReport> {
        orders::place(order)
    }

    fn place_many(&self, orders: &[NewOrder]) -> Built<Vec<OrderReport>> {
        orders::place_many(orders)
    }

    fn amend(&self, change: &Amendment) -> Built<OrderReport> {
        orders::amend(change)
    }

    fn amend_many(&self, changes: &[Amendment]) -> Built<Vec<OrderReport>> {
        orders::amend_many(changes)
    }

    fn cancel(&self, order: &OrderRef) -> Built<OrderReport> {
        orders::cancel(order)
    }

    fn cancel_many(&self, orders: &[OrderRef]) -> Built<Vec<OrderReport>> {
        orders::cancel_many(orders)
    }

    fn cancel_all(&self, market: Option<&Instrument>, scope: &Scope) -> Built<Vec<OrderReport>> {
        orders::cancel_all(market, scope)
    }

    fn cancel_all_after(&self, timeout_ms: u32) -> Built<()> {
        orders::cancel_all_after(timeout_ms)
    }

    fn order(&self, order: &OrderRef) -> Built<OrderReport> {
        orders::order(order)
    }

    fn open_order(&self, order: &OrderRef) -> Built<OrderReport> {
        orders::order(order)
    }

    fn closed_order(&self, order: &OrderRef) -> Built<OrderReport> {
        orders::closed_order(order)
    }

    fn orders(&self, query: &OrdersQuery) -> Built<Vec<OrderReport>> {
        orders::orders(query)
    }

    fn order_trades(&self, order: &OrderRef) -> Built<Vec<OwnTrade>> {
        account::order_trades(order)
    }

    fn own_trades(&self, query: &HistoryQuery) -> Built<Vec<OwnTrade>> {
        account::own_trades(query)
    }

    fn positions(&self, query: &MarketsQuery) -> Built<Vec<PositionReport>> {
        account::positions(query)
    }

    fn position(&self, market: &Instrument, scope: &Scope) -> Built<PositionReport> {
        account::position_in(market, scope)
    }

    fn positions_history(&self, query: &HistoryQuery) -> Built<Vec<PositionReport>> {
        account::positions_history(query)
    }

    fn set_leverage(&self, change: &LeverageChange) -> Built<LeverageSetting> {
        account::set_leverage(change)
    }

    fn leverage(&self, market: &Instrument, scope: &Scope) -> Built<LeverageSetting> {
        account::leverage(market, scope)
    }

    fn set_margin_mode(&self, mode: MarginMode, market: Option<&Instrument>, scope: &Scope) -> Built<()> {
        account::set_margin_mode(mode, market, scope)
    }

    fn margin_mode(&self, market: &Instrument, scope: &Scope) -> Built<LeverageSetting> {
        account::leverage(market, scope)
    }

    fn margin_modes(&self, query: &MarketsQuery) -> Built<Vec<LeverageSetting>> {
        account::margin_modes(query)
    }

    fn funding_payments(&self, query: &HistoryQuery) -> Built<Vec<FundingPayment>> {
        account::funding_payments(query)
    }

    fn movements(&self, query: &HistoryQuery) -> Built<Vec<Movement>> {
        account::movements(query)
    }
}
