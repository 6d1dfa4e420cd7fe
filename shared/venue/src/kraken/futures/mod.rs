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
mod positions;
mod raw;
mod reports;
mod stream;
#[cfg(test)]
mod tests;

use crate::kraken::shared;
use crate::protocol::{Answers, Auth, CallError, Capabilities, Credentials, Moment, Protocol, Request, Unsigned, sign};

/// The futures exchange.
#[derive(Debug, Clone, Copy, Default)]
pub struct KrakenFutures;

fn signed(unsigned: Unsigned, credentials: &Credentials) -> Result<Request, CallError> {
    let request = Request::of(unsigned);
    let (path, query) = request.target.split_once('?').unwrap_or((request.target.as_str(), ""));
    let path = path.strip_prefix("/derivatives").unwrap_or(path);
    let digest = sign::sha256(&[query, &request.body, path].map(str::as_bytes));
    let signature = shared::signature("krakenfutures", credentials, &[digest.as_ref()])?;
    Ok(request.header("APIKey", credentials.key()).header("Authent", signature))
}

/// The functions that answer each question.
static ANSWERS: Answers = Answers {
    server_time: Some(market::server_time),
    health: Some(account::health),
    instruments: Some(market::instruments),
    ticker: Some(market::ticker),
    tickers: Some(market::tickers),
    best_quotes: Some(market::tickers),
    mark_price: Some(market::ticker),
    order_book: Some(market::order_book),
    bars: Some(market::bars),
    trades: Some(market::trades),
    funding: Some(market::funding),
    fundings: Some(market::fundings),
    funding_history: Some(market::funding_history),
    funding_interval: Some(market::funding),
    funding_intervals: Some(market::fundings),
    open_interest: Some(market::open_interest),
    open_interests: Some(market::open_interests),
    leverage_tiers: Some(|query| {
        market::leverage_tiers(query.instruments.iter().map(|i| i.name.clone()).collect(), &query.scope.extra)
    }),
    market_leverage_tiers: Some(|market, scope| market::leverage_tiers(vec![market.name.clone()], &scope.extra)),
    key_permissions: Some(account::key_permissions),
    accounts: Some(account::accounts),
    balances: Some(account::balances),
    place: Some(orders::place),
    place_many: Some(orders::place_many),
    amend: Some(orders::amend),
    amend_many: Some(orders::amend_many),
    cancel: Some(orders::cancel),
    cancel_many: Some(orders::cancel_many),
    cancel_all: Some(orders::cancel_all),
    cancel_all_after: Some(orders::cancel_all_after),
    order: Some(orders::order),
    open_order: Some(orders::order),
    closed_order: Some(orders::closed_order),
    orders: Some(orders::orders),
    order_trades: Some(account::order_trades),
    own_trades: Some(account::own_trades),
    positions: Some(positions::positions),
    position: Some(positions::position_in),
    positions_history: Some(positions::positions_history),
    set_leverage: Some(positions::set_leverage),
    leverage: Some(positions::leverage),
    set_margin_mode: Some(positions::set_margin_mode),
    margin_mode: Some(positions::leverage),
    margin_modes: Some(positions::margin_modes),
    funding_payments: Some(account::funding_payments),
    movements: Some(account::movements),
    ..Answers::NONE
};

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

    fn answers(&self) -> &'static Answers {
        &ANSWERS
    }
}
