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
//! | `klines` | the candles of the desk's own market data |
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
pub mod klines;
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
mod stream_user;
mod system;

use crate::protocol::call::Scope;
use crate::protocol::model::{
    AccountRow, Balances, Bar, Currency, EarnProduct, FeeRate, Funding, FundingPayment, KeyPermissions,
    LeverageSetting, LeverageTier, MarginMode, Movement, OpenInterest, OrderBook, OrderReport, OwnTrade,
    PositionReport, PublicTrade, Ticker, VenueHealth,
};
use crate::protocol::{
    Amendment, BarQuery, Built, CallError, Capabilities, Credentials, HistoryQuery, Instrument, LeverageChange,
    MarketsQuery, Moment, NewOrder, OrderRef, OrdersQuery, Product, Protocol, Range, Request, Unsigned,
};
use desk::time::Timestamp;
use rust_decimal::Decimal;

/// The exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Binance;

macro_rules! answered {
    ($($module:ident :: $name:ident($($arg:ident: $type:ty),*) -> $answer:ty;)*) => {
        $(
            fn $name(&self, $($arg: $type),*) -> Built<$answer> {
                $module::$name($($arg),*)
            }
        )*
    };
}

impl Protocol for Binance {
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

    fn closed_order(&self, order: &OrderRef) -> Built<OrderReport> {
        orders::order(order)
    }

    answered! {
        market::server_time() -> Timestamp;
        market::health() -> VenueHealth;
        instruments::instruments(product: Product) -> Vec<Instrument>;
        account::currencies() -> Vec<Currency>;
        market::ticker(market: &Instrument, scope: &Scope) -> Ticker;
        market::tickers(query: &MarketsQuery) -> Vec<Ticker>;
        market::best_quotes(query: &MarketsQuery) -> Vec<Ticker>;
        market::mark_price(market: &Instrument, scope: &Scope) -> Ticker;
        market::order_book(market: &Instrument, depth: Option<u32>, scope: &Scope) -> OrderBook;
        bars::bars(market: &Instrument, query: &BarQuery, scope: &Scope) -> Vec<Bar>;
        market::trades(market: &Instrument, range: &Range, scope: &Scope) -> Vec<PublicTrade>;
        contracts::funding(market: &Instrument, scope: &Scope) -> Funding;
        contracts::fundings(query: &MarketsQuery) -> Vec<Funding>;
        contracts::funding_history(query: &HistoryQuery) -> Vec<Funding>;
        contracts::funding_interval(market: &Instrument, scope: &Scope) -> Funding;
        contracts::funding_intervals(query: &MarketsQuery) -> Vec<Funding>;
        contracts::open_interest(market: &Instrument, scope: &Scope) -> OpenInterest;
        contracts::leverage_tiers(query: &MarketsQuery) -> Vec<LeverageTier>;
        contracts::market_leverage_tiers(market: &Instrument, scope: &Scope) -> Vec<LeverageTier>;
        account::key_permissions() -> KeyPermissions;
        account::accounts(scope: &Scope) -> Vec<AccountRow>;
        account::balances(scope: &Scope) -> Balances;
        orders::place(order: &NewOrder) -> OrderReport;
        batch::place_many(orders: &[NewOrder]) -> Vec<OrderReport>;
        amend::amend(change: &Amendment) -> OrderReport;
        batch::amend_many(changes: &[Amendment]) -> Vec<OrderReport>;
        orders::cancel(order: &OrderRef) -> OrderReport;
        batch::cancel_many(orders: &[OrderRef]) -> Vec<OrderReport>;
        orders::cancel_all(market: Option<&Instrument>, scope: &Scope) -> Vec<OrderReport>;
        orders::order(order: &OrderRef) -> OrderReport;
        orders::open_order(order: &OrderRef) -> OrderReport;
        listing::orders(query: &OrdersQuery) -> Vec<OrderReport>;
        listing::order_trades(order: &OrderRef) -> Vec<OwnTrade>;
        listing::own_trades(query: &HistoryQuery) -> Vec<OwnTrade>;
        positions::positions(query: &MarketsQuery) -> Vec<PositionReport>;
        positions::position(market: &Instrument, scope: &Scope) -> PositionReport;
        contracts::set_leverage(change: &LeverageChange) -> LeverageSetting;
        contracts::leverage(market: &Instrument, scope: &Scope) -> LeverageSetting;
        contracts::set_margin_mode(mode: MarginMode, market: Option<&Instrument>, scope: &Scope) -> ();
        contracts::margin_mode(market: &Instrument, scope: &Scope) -> LeverageSetting;
        contracts::margin_modes(query: &MarketsQuery) -> Vec<LeverageSetting>;
        contracts::set_position_mode(hedged: bool, market: Option<&Instrument>, scope: &Scope) -> ();
        contracts::position_mode(market: Option<&Instrument>, scope: &Scope) -> bool;
        contracts::change_margin(market: &Instrument, amount: Decimal, scope: &Scope) -> ();
        account::fee_rate(market: &Instrument, scope: &Scope) -> FeeRate;
        account::fee_rates(scope: &Scope) -> Vec<FeeRate>;
        history::funding_payments(query: &HistoryQuery) -> Vec<FundingPayment>;
        history::movements(query: &HistoryQuery) -> Vec<Movement>;
        history::withdrawals(query: &HistoryQuery) -> Vec<Movement>;
        history::earn_products(query: &HistoryQuery) -> Vec<EarnProduct>;
    }
}
