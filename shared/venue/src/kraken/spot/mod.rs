//! Kraken's spot exchange: REST (`/0/public`, `/0/private`) and WebSocket v2.
//!
//! Every private request is a POST with a nonce in its body; `API-Sign` is HMAC-SHA512 over the path and the SHA-256 of
//! nonce and body. Answers are `{"error": [...], "result": ...}`, and the texts of errors are the codes.
//!
//! A currency has two names (`XXBT` and `XBT` are BTC) and a pair three (`XXBTZUSD`, `XBTUSD`, `XBT/USD`); the stream
//! has a fourth, which is the common one (`BTC/USD`). [`Instrument::symbol`] is the first, the others are aliases.

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
use crate::protocol::call::OrderFilter;
use crate::protocol::model::{
    Balances, Bar, Currency, FeeRate, KeyPermissions, Movement, OrderBook, OrderReport, OwnTrade, PositionReport,
    PublicTrade, Ticker, VenueHealth,
};
use crate::protocol::{
    Amendment, Auth, BarQuery, Body, Built, CallError, Capabilities, Credentials, HistoryQuery, Instrument,
    MarketsQuery, Moment, NewOrder, OrderRef, OrdersQuery, Params, Product, Protocol, Range, Request, Scope, Unsigned,
    sign,
};
use desk::time::Timestamp;

/// The spot exchange.
#[derive(Debug, Clone, Copy, Default)]
pub struct Kraken;

/// The body with its nonce in front.
fn with_nonce(body: Body, nonce: u64) -> Body {
    match body {
        Body::None => Body::Form(Params::new().with("nonce", nonce)),
        Body::Form(form) => Body::Form(form.led_by("nonce", nonce)),
        Body::Json(text) => {
            let rest = text.strip_prefix('{').unwrap_or(&text);
            let comma = if rest.starts_with('}') { "" } else { "," };
            Body::Json(format!("{{\"nonce\":\"{nonce}\"{comma}{rest}"))
        }
    }
}

fn signed(mut unsigned: Unsigned, credentials: &Credentials, nonce: u64) -> Result<Request, CallError> {
    unsigned.body = with_nonce(unsigned.body, nonce);
    let request = Request::of(unsigned);
    let digest = sign::sha256(format!("{nonce}{}", request.body).as_bytes());
    let signature = shared::signature("kraken", credentials, &[request.target.as_bytes(), digest.as_ref()])?;
    Ok(request.header("API-Key", credentials.key()).header("API-Sign", signature))
}

impl Protocol for Kraken {
    fn capabilities(&self) -> &'static Capabilities {
        &capabilities::CAPABILITIES
    }

    fn sign(
        &self,
        unsigned: Unsigned,
        credentials: Option<&Credentials>,
        moment: Moment,
    ) -> Result<Request, CallError> {
        match (unsigned.auth, credentials) {
            (Auth::None, _) => Ok(Request::of(unsigned)),
            (Auth::Key | Auth::Signed, Some(credentials)) => signed(unsigned, credentials, moment.nonce),
            (Auth::Key | Auth::Signed, None) => Err(CallError::Credentials { venue: "kraken", why: "there are none" }),
        }
    }

    fn server_time(&self) -> Built<Timestamp> {
        market::server_time()
    }

    fn health(&self) -> Built<VenueHealth> {
        market::health()
    }

    fn instruments(&self, product: Product) -> Built<Vec<Instrument>> {
        market::instruments(product)
    }

    fn currencies(&self) -> Built<Vec<Currency>> {
        market::currencies()
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

    fn order_book(&self, market: &Instrument, depth: Option<u32>, scope: &Scope) -> Built<OrderBook> {
        market::order_book(market, depth, scope)
    }

    fn bars(&self, market: &Instrument, query: &BarQuery, scope: &Scope) -> Built<Vec<Bar>> {
        market::bars(market, query, scope)
    }

    fn trades(&self, market: &Instrument, range: &Range, scope: &Scope) -> Built<Vec<PublicTrade>> {
        market::trades(market, range, scope)
    }

    fn key_permissions(&self) -> Built<KeyPermissions> {
        account::key_permissions()
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
        orders::one_of(order, OrderFilter::Open)
    }

    fn closed_order(&self, order: &OrderRef) -> Built<OrderReport> {
        orders::one_of(order, OrderFilter::Closed)
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

    fn fee_rate(&self, market: &Instrument, scope: &Scope) -> Built<FeeRate> {
        account::fee_rate(market, scope)
    }

    fn fee_rates(&self, scope: &Scope) -> Built<Vec<FeeRate>> {
        account::fee_rates(scope)
    }

    fn movements(&self, query: &HistoryQuery) -> Built<Vec<Movement>> {
        account::movements(query)
    }
}
