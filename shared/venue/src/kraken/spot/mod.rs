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
use crate::protocol::{
    Answers, Auth, Body, CallError, Capabilities, Credentials, Moment, Params, Protocol, Request, Unsigned, sign,
};

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
    let digest = sign::sha256(&[nonce.to_string().as_bytes(), request.body.as_bytes()]);
    let signature = shared::signature("kraken", credentials, &[request.target.as_bytes(), digest.as_ref()])?;
    Ok(request.header("API-Key", credentials.key()).header("API-Sign", signature))
}

/// The functions that answer each question.
static ANSWERS: Answers = Answers {
    server_time: Some(market::server_time),
    health: Some(market::health),
    instruments: Some(market::instruments),
    currencies: Some(market::currencies),
    ticker: Some(market::ticker),
    tickers: Some(market::tickers),
    best_quotes: Some(market::tickers),
    order_book: Some(market::order_book),
    bars: Some(market::bars),
    trades: Some(market::trades),
    key_permissions: Some(account::key_permissions),
    balances: Some(account::balances),
    place: Some(orders::place),
    place_many: Some(orders::place_many),
    amend: Some(orders::amend),
    cancel: Some(orders::cancel),
    cancel_many: Some(orders::cancel_many),
    cancel_all: Some(orders::cancel_all),
    cancel_all_after: Some(orders::cancel_all_after),
    order: Some(orders::order),
    open_order: Some(|order| orders::one_of(order, OrderFilter::Open)),
    closed_order: Some(|order| orders::one_of(order, OrderFilter::Closed)),
    orders: Some(orders::orders),
    order_trades: Some(account::order_trades),
    own_trades: Some(account::own_trades),
    positions: Some(account::positions),
    fee_rate: Some(account::fee_rate),
    fee_rates: Some(account::fee_rates),
    movements: Some(account::movements),
    ..Answers::NONE
};

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

    fn answers(&self) -> &'static Answers {
        &ANSWERS
    }
}
