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

use crate::protocol::{Answers, Auth, CallError, Capabilities, Credentials, Moment, Protocol, Request, Unsigned};

/// The venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coinbase;

/// The functions that answer each question.
static ANSWERS: Answers = Answers {
    server_time: Some(market::server_time),
    instruments: Some(market::instruments),
    currencies: Some(market::currencies),
    ticker: Some(market::ticker),
    tickers: Some(market::tickers),
    best_quotes: Some(market::best_quotes),
    order_book: Some(market::order_book),
    bars: Some(market::bars),
    trades: Some(market::trades),
    funding: Some(market::funding),
    fundings: Some(market::fundings),
    open_interest: Some(market::open_interest),
    key_permissions: Some(account::key_permissions),
    accounts: Some(account::accounts),
    balances: Some(account::balances),
    place: Some(orders::place),
    amend: Some(orders::amend),
    cancel: Some(orders::cancel),
    cancel_many: Some(orders::cancel_many),
    order: Some(account::order),
    // The same answer has orders in every state.
    open_order: Some(account::order),
    // The same answer has orders in every state.
    closed_order: Some(account::order),
    orders: Some(account::orders),
    order_trades: Some(account::order_trades),
    own_trades: Some(account::own_trades),
    positions: Some(account::positions),
    position: Some(account::position),
    close_position: Some(orders::close_position),
    fee_rate: Some(account::fee_rate),
    fee_rates: Some(account::fee_rates),
    ..Answers::NONE
};

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

    fn answers(&self) -> &'static Answers {
        &ANSWERS
    }
}
