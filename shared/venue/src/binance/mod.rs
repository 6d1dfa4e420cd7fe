//! Binance: spot, margin, contracts settled in the quote currency (USD-M) and in the base currency (COIN-M), portfolio
//! margin, options as far as orders and positions go.
//!
//! Sources: the exchange's API documents of spot, margin, wallet, simple earn, USD-M, COIN-M, portfolio margin and
//! options, with their change logs up to 2026.
//!
//! | piece | what it is |
//! |---|---|
//! | `system` | the endpoint table: product, account system, margin and kind of order lead to a server and a path |
//! | `place` | a new order's type and parameters |
//! | `orders`, `oco`, `amend`, `batch`, `listing` | questions about orders |
//! | `report` | what their answers mean |
//! | `market`, `bars`, `instruments`, `contracts` | market data, and the settings of contracts |
//! | `account`, `positions`, `history` | balances, fees, permissions, positions, movements, earn products |
//! | `errors` | what an error code means |
//! | `auth` | signing with HMAC and Ed25519 keys |
//! | `stream` | market data and the account over WebSocket |
//!
//! Deliberately absent: every call that moves money (withdrawals, transfers, loans, subscriptions to earn products), RSA
//! keys, order lists other than OCO, and the closing of a position by one call, which the venue does not have.

mod account;
mod amend;
mod ask;
mod auth;
mod bars;
mod batch;
mod capabilities;
mod contracts;
mod errors;
mod history;
mod instruments;
mod listing;
mod market;
mod oco;
mod orders;
mod place;
mod positions;
mod raw_account;
mod raw_market;
mod raw_orders;
mod report;
pub mod stream;
mod stream_market;
mod stream_read;
pub mod stream_sign;
#[cfg(test)]
mod stream_tests;
mod stream_trade;
mod stream_user;
mod system;

use crate::protocol::{Answers, ApiError, CallError, Capabilities, Credentials, Moment, Protocol, Request, Unsigned};

/// The exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Binance;

/// The functions that answer each question.
static ANSWERS: Answers = Answers {
    server_time: Some(market::server_time),
    health: Some(market::health),
    instruments: Some(instruments::instruments),
    currencies: Some(account::currencies),
    ticker: Some(market::ticker),
    tickers: Some(market::tickers),
    best_quotes: Some(market::best_quotes),
    mark_price: Some(market::mark_price),
    order_book: Some(market::order_book),
    bars: Some(bars::bars),
    trades: Some(market::trades),
    funding: Some(contracts::funding),
    fundings: Some(contracts::fundings),
    funding_history: Some(contracts::funding_history),
    funding_interval: Some(contracts::funding_interval),
    funding_intervals: Some(contracts::funding_intervals),
    open_interest: Some(contracts::open_interest),
    leverage_tiers: Some(contracts::leverage_tiers),
    market_leverage_tiers: Some(contracts::market_leverage_tiers),
    key_permissions: Some(account::key_permissions),
    accounts: Some(account::accounts),
    balances: Some(account::balances),
    place: Some(orders::place),
    place_many: Some(batch::place_many),
    amend: Some(amend::amend),
    amend_many: Some(batch::amend_many),
    cancel: Some(orders::cancel),
    cancel_many: Some(batch::cancel_many),
    cancel_all: Some(orders::cancel_all),
    order: Some(orders::order),
    open_order: Some(orders::open_order),
    closed_order: Some(orders::order),
    orders: Some(listing::orders),
    order_trades: Some(listing::order_trades),
    own_trades: Some(listing::own_trades),
    positions: Some(positions::positions),
    position: Some(positions::position),
    set_leverage: Some(contracts::set_leverage),
    leverage: Some(contracts::leverage),
    set_margin_mode: Some(contracts::set_margin_mode),
    margin_mode: Some(contracts::margin_mode),
    margin_modes: Some(contracts::margin_modes),
    set_position_mode: Some(contracts::set_position_mode),
    position_mode: Some(contracts::position_mode),
    change_margin: Some(contracts::change_margin),
    fee_rate: Some(account::fee_rate),
    fee_rates: Some(account::fee_rates),
    funding_payments: Some(history::funding_payments),
    movements: Some(history::movements),
    withdrawals: Some(history::withdrawals),
    earn_products: Some(history::earn_products),
    ..Answers::NONE
};

impl Protocol for Binance {
    fn is_past_its_trigger(&self, error: &ApiError) -> bool {
        // Its words are documented; spot has no code of its own for it.
        error.code == "-2021" || (error.code == "-2010" && error.message.contains("would trigger immediately"))
    }

    fn capabilities(&self) -> &'static Capabilities {
        &capabilities::CAPABILITIES
    }

    fn sign(
        &self,
        unsigned: Unsigned,
        credentials: Option<&Credentials>,
        moment: Moment,
    ) -> Result<Request, CallError> {
        auth::sign(unsigned, credentials, moment)
    }

    fn answers(&self) -> &'static Answers {
        &ANSWERS
    }
}
