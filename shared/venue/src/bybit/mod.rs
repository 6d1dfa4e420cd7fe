//! Bybit, API v5: spot, linear and inverse contracts of unified accounts. Written from the venue's v5 documents.
//!
//! | piece | what it is |
//! |---|---|
//! | [`errors`] | the envelope of all answers, and what each code means |
//! | [`raw`], [`raw_market`] | the venue's rows as it writes them |
//! | [`request`] | categories, and fields of queries and bodies |
//! | [`place`], [`protection`], [`change`] | orders; stops of positions; amendments and cancellations |
//! | [`lookup`], [`reports`] | orders and fills looked up; rows turned into reports |
//! | [`market`], [`instruments`] | market data |
//! | [`account`], [`positions`] | balances, keys, fees, movements; positions and their settings |
//! | [`stream`] | WebSockets |
//!
//! Deliberately absent: transfers, withdrawals, loans, earning, copy and block trading, order entry over WebSockets,
//! RSA keys, and trading of options (their rows and tickers are read).

mod account;
mod capabilities;
mod change;
mod errors;
mod instruments;
mod lookup;
mod market;
mod place;
mod positions;
mod protection;
mod raw;
mod raw_market;
mod reports;
mod request;
mod stream;
#[cfg(test)]
mod tests;

use crate::protocol::{
    Answers, Auth, CallError, Capabilities, Credentials, Method, Moment, Protocol, Request, Unsigned, sign,
};

/// The venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bybit;

/// The signature of a text in parts.
fn signature(credentials: &Credentials, parts: &[&[u8]]) -> String {
    sign::hex(credentials.hmac_sha256(parts).as_ref())
}

/// The functions that answer each question.
static ANSWERS: Answers = Answers {
    server_time: Some(instruments::server_time),
    health: Some(instruments::health),
    instruments: Some(instruments::instruments),
    currencies: Some(instruments::currencies),
    ticker: Some(market::ticker),
    tickers: Some(market::tickers),
    // The same answer has bids and asks.
    best_quotes: Some(market::tickers),
    // The same answer has the mark price.
    mark_price: Some(market::ticker),
    order_book: Some(market::order_book),
    bars: Some(market::bars),
    trades: Some(market::trades),
    funding: Some(market::funding),
    fundings: Some(market::fundings),
    funding_history: Some(market::funding_history),
    // The same answer has the interval.
    funding_interval: Some(market::funding),
    // The same answer has the intervals.
    funding_intervals: Some(market::fundings),
    open_interest: Some(market::open_interest),
    open_interests: Some(market::open_interests),
    leverage_tiers: Some(market::leverage_tiers),
    market_leverage_tiers: Some(market::market_leverage_tiers),
    key_permissions: Some(account::key_permissions),
    accounts: Some(account::accounts),
    balances: Some(account::balances),
    place: Some(place::place),
    place_many: Some(place::place_many),
    amend: Some(change::amend),
    amend_many: Some(change::amend_many),
    cancel: Some(change::cancel),
    cancel_many: Some(change::cancel_many),
    cancel_all: Some(change::cancel_all),
    cancel_all_after: Some(change::cancel_all_after),
    order: Some(lookup::order),
    // The same list has working orders.
    open_order: Some(lookup::order),
    closed_order: Some(lookup::closed_order),
    orders: Some(lookup::orders),
    order_trades: Some(lookup::order_trades),
    own_trades: Some(lookup::own_trades),
    positions: Some(positions::positions),
    position: Some(positions::position),
    positions_history: Some(positions::positions_history),
    close_position: Some(positions::close_position),
    set_leverage: Some(positions::set_leverage),
    leverage: Some(positions::leverage),
    // The mode is the whole account's.
    set_margin_mode: Some(|mode, _, scope| account::set_margin_mode(mode, scope)),
    margin_mode: Some(account::margin_mode),
    set_position_mode: Some(positions::set_position_mode),
    position_mode: Some(positions::position_mode),
    change_margin: Some(positions::change_margin),
    fee_rate: Some(account::fee_rate),
    fee_rates: Some(account::fee_rates),
    funding_payments: Some(lookup::funding_payments),
    movements: Some(account::movements),
    ..Answers::NONE
};

impl Protocol for Bybit {
    fn capabilities(&self) -> &'static Capabilities {
        &capabilities::CAPABILITIES
    }

    /// The signature is over time, key, window, and the query (reading) or the body (writing).
    fn sign(
        &self,
        unsigned: Unsigned,
        credentials: Option<&Credentials>,
        moment: Moment,
    ) -> Result<Request, CallError> {
        let auth = unsigned.auth;
        let request = Request::of(unsigned);
        if auth == Auth::None {
            return Ok(request);
        }
        let missing = CallError::Credentials { venue: "bybit", why: "they are missing" };
        let credentials = credentials.ok_or(missing)?;
        let (time, window) = (moment.now.ms().to_string(), moment.window_ms.to_string());
        let payload = match request.method {
            Method::Get | Method::Delete => request.target.split_once('?').map_or("", |(_, query)| query),
            Method::Post | Method::Put => request.body.as_str(),
        };
        let signed = signature(credentials, &[&time, credentials.key(), &window, payload].map(str::as_bytes));
        Ok(request
            .header("X-BAPI-API-KEY", credentials.key())
            .header("X-BAPI-TIMESTAMP", time)
            .header("X-BAPI-RECV-WINDOW", window)
            .header("X-BAPI-SIGN", signed))
    }

    fn answers(&self) -> &'static Answers {
        &ANSWERS
    }
}
