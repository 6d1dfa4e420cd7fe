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

use crate::protocol::model::{
    AccountRow, Balances, Bar, Currency, FeeRate, Funding, FundingPayment, KeyPermissions, LeverageSetting,
    LeverageTier, MarginMode, Movement, OpenInterest, OrderBook, OrderReport, OwnTrade, PositionReport, PublicTrade,
    Ticker, VenueHealth,
};
use crate::protocol::{
    Amendment, Auth, BarQuery, Built, CallError, Capabilities, Credentials, HistoryQuery, Instrument, LeverageChange,
    MarketsQuery, Method, Moment, NewOrder, OrderRef, OrdersQuery, Product, Protocol, Range, Request, Scope, Unsigned,
    sign,
};
use desk::time::Timestamp;
use rust_decimal::Decimal;

/// The venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bybit;

/// The signature of a text.
fn signature(credentials: &Credentials, text: &str) -> String {
    sign::hex(credentials.hmac_sha256(&[text.as_bytes()]).as_ref())
}

macro_rules! answered {
    ($($name:ident($($arg:ident: $type:ty),*) -> $answer:ty, $module:ident;)*) => {
        $(
            fn $name(&self, $($arg: $type),*) -> Built<$answer> {
                $module::$name($($arg),*)
            }
        )*
    };
}

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
        let signed = signature(credentials, &format!("{time}{}{window}{payload}", credentials.key()));
        Ok(request
            .header("X-BAPI-API-KEY", credentials.key())
            .header("X-BAPI-TIMESTAMP", time)
            .header("X-BAPI-RECV-WINDOW", window)
            .header("X-BAPI-SIGN", signed))
    }

    answered! {
        server_time() -> Timestamp, instruments;
        health() -> VenueHealth, instruments;
        instruments(product: Product) -> Vec<Instrument>, instruments;
        currencies() -> Vec<Currency>, instruments;
        ticker(market: &Instrument, scope: &Scope) -> Ticker, market;
        tickers(query: &MarketsQuery) -> Vec<Ticker>, market;
        order_book(market: &Instrument, depth: Option<u32>, scope: &Scope) -> OrderBook, market;
        bars(market: &Instrument, query: &BarQuery, scope: &Scope) -> Vec<Bar>, market;
        trades(market: &Instrument, range: &Range, scope: &Scope) -> Vec<PublicTrade>, market;
        funding(market: &Instrument, scope: &Scope) -> Funding, market;
        fundings(query: &MarketsQuery) -> Vec<Funding>, market;
        funding_history(query: &HistoryQuery) -> Vec<Funding>, market;
        open_interest(market: &Instrument, scope: &Scope) -> OpenInterest, market;
        open_interests(query: &MarketsQuery) -> Vec<OpenInterest>, market;
        leverage_tiers(query: &MarketsQuery) -> Vec<LeverageTier>, market;
        market_leverage_tiers(market: &Instrument, scope: &Scope) -> Vec<LeverageTier>, market;
        key_permissions() -> KeyPermissions, account;
        accounts(scope: &Scope) -> Vec<AccountRow>, account;
        balances(scope: &Scope) -> Balances, account;
        place(order: &NewOrder) -> OrderReport, place;
        place_many(orders: &[NewOrder]) -> Vec<OrderReport>, place;
        amend(change: &Amendment) -> OrderReport, change;
        amend_many(changes: &[Amendment]) -> Vec<OrderReport>, change;
        cancel(order: &OrderRef) -> OrderReport, change;
        cancel_many(orders: &[OrderRef]) -> Vec<OrderReport>, change;
        cancel_all(market: Option<&Instrument>, scope: &Scope) -> Vec<OrderReport>, change;
        cancel_all_after(timeout_ms: u32) -> (), change;
        order(order: &OrderRef) -> OrderReport, lookup;
        closed_order(order: &OrderRef) -> OrderReport, lookup;
        orders(query: &OrdersQuery) -> Vec<OrderReport>, lookup;
        order_trades(order: &OrderRef) -> Vec<OwnTrade>, lookup;
        own_trades(query: &HistoryQuery) -> Vec<OwnTrade>, lookup;
        funding_payments(query: &HistoryQuery) -> Vec<FundingPayment>, lookup;
        positions(query: &MarketsQuery) -> Vec<PositionReport>, positions;
        position(market: &Instrument, scope: &Scope) -> PositionReport, positions;
        positions_history(query: &HistoryQuery) -> Vec<PositionReport>, positions;
        close_position(market: &Instrument, scope: &Scope) -> OrderReport, positions;
        set_leverage(change: &LeverageChange) -> LeverageSetting, positions;
        leverage(market: &Instrument, scope: &Scope) -> LeverageSetting, positions;
        margin_mode(market: &Instrument, scope: &Scope) -> LeverageSetting, account;
        set_position_mode(hedged: bool, market: Option<&Instrument>, scope: &Scope) -> (), positions;
        position_mode(market: Option<&Instrument>, scope: &Scope) -> bool, positions;
        change_margin(market: &Instrument, amount: Decimal, scope: &Scope) -> (), positions;
        fee_rate(market: &Instrument, scope: &Scope) -> FeeRate, account;
        fee_rates(scope: &Scope) -> Vec<FeeRate>, account;
        movements(query: &HistoryQuery) -> Vec<Movement>, account;
    }

    /// The same answer has bids and asks.
    fn best_quotes(&self, query: &MarketsQuery) -> Built<Vec<Ticker>> {
        market::tickers(query)
    }

    /// The same answer has the mark price.
    fn mark_price(&self, market: &Instrument, scope: &Scope) -> Built<Ticker> {
        market::ticker(market, scope)
    }

    /// The same answer has the interval.
    fn funding_interval(&self, market: &Instrument, scope: &Scope) -> Built<Funding> {
        market::funding(market, scope)
    }

    /// The same answer has the intervals.
    fn funding_intervals(&self, query: &MarketsQuery) -> Built<Vec<Funding>> {
        market::fundings(query)
    }

    /// The same list has working orders.
    fn open_order(&self, order: &OrderRef) -> Built<OrderReport> {
        lookup::order(order)
    }

    /// The mode is the whole account's.
    fn set_margin_mode(&self, mode: MarginMode, _market: Option<&Instrument>, scope: &Scope) -> Built<()> {
        account::set_margin_mode(mode, scope)
    }
}
