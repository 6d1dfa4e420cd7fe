//! Bitget: spot, margin and contracts of the classic account (API v2), and the unified account (API v3).
//!
//! | file | what it does |
//! |---|---|
//! | `line` | which of the venue's systems a question goes to, and what the venue calls it there |
//! | `raw` | parameters, the envelope `{code, msg, data}`, lists |
//! | `errors`, `capabilities` | what codes mean; what the venue promises |
//! | `instruments`, `market`, `bars`, `contracts` | public data |
//! | `place`, `unified`, `amend`, `cancel`, `acks` | orders go out, and what is answered |
//! | `report`, `words`, `query` | orders and fills come back |
//! | `account`, `ledger`, `positions`, `settings` | balances, permissions, fees, movements; positions, leverage, modes |
//! | `stream`, `frames` | WebSockets: what is said, what is heard |
//!
//! Written from the venue's documents: <https://www.bitget.com/api-doc/common/intro> (classic) and
//! <https://www.bitget.com/api-doc/uta/intro> (unified).
//!
//! Deliberately absent: withdrawals, transfers, borrowing and repaying, switching between the two accounts, copy trading,
//! earn, loans, sub-accounts; OCO orders of the classic account (two ids for one order); cancelling all stop-losses of
//! a unified account at once (the venue has no such call).

mod account;
mod acks;
mod amend;
mod bars;
mod cancel;
mod capabilities;
mod contracts;
mod errors;
mod frames;
mod instruments;
mod ledger;
mod line;
mod market;
mod place;
mod positions;
mod query;
mod raw;
mod report;
mod settings;
mod stream;
#[cfg(test)]
mod tests;
mod unified;
mod words;

use super::protocol::model::{
    AccountRow, Balances, Bar, Currency, FeeRate, Funding, FundingPayment, KeyPermissions, LeverageSetting,
    LeverageTier, MarginMode, Movement, OpenInterest, OrderBook, OrderReport, OwnTrade, PositionReport, PublicTrade,
    Ticker, VenueHealth,
};
use super::protocol::{
    Amendment, Auth, BarQuery, Built, CallError, Capabilities, Credentials, HistoryQuery, Instrument, LeverageChange,
    MarketsQuery, Moment, NewOrder, OrderRef, OrdersQuery, Product, Protocol, Range, Request, Scope, Unsigned, sign,
};
use desk::time::Timestamp;
use rust_decimal::Decimal;

/// Bitget: requests of both accounts, and the streams of the classic one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bitget;

/// The streams of Bitget's unified account.
#[derive(Debug, Clone, Copy, Default)]
pub struct BitgetUnified;

/// For how long the venue keeps orders and fills at hand.
const KEPT_MS: i64 = 90 * 86_400_000;

/// Lists that want to know from when on. When nobody says, it is as far back as the venue reaches.
fn with_a_beginning(mut unsigned: Unsigned, now: Timestamp) -> Unsigned {
    let path = unsigned.path.as_ref();
    let margin = path.starts_with("/api/v2/margin/")
        && ["/open-orders", "/history-orders", "/fills", "/financial-records"].iter().any(|end| path.ends_with(end));
    let plans = path.ends_with("/spot/trade/history-plan-order");
    if (margin || plans) && unsigned.query.get("startTime").is_none() {
        unsigned.query.push("startTime", now.plus_ms(-KEPT_MS).ms());
    }
    if plans && unsigned.query.get("endTime").is_none() {
        unsigned.query.push("endTime", now.ms());
    }
    unsigned
}

/// What is signed: the time, the method, the path with its query, and the body.
fn signature(credentials: &Credentials, message: &str) -> String {
    sign::base64(credentials.hmac_sha256(&[message.as_bytes()]).as_ref())
}

fn passphrase(credentials: &Credentials) -> Result<&str, CallError> {
    let fault = CallError::Credentials { venue: line::VENUE, why: "the passphrase is missing" };
    credentials.passphrase().ok_or(fault)
}

impl Protocol for Bitget {
    fn capabilities(&self) -> &'static Capabilities {
        &capabilities::CAPABILITIES
    }

    fn sign(
        &self,
        unsigned: Unsigned,
        credentials: Option<&Credentials>,
        moment: Moment,
    ) -> Result<Request, CallError> {
        if unsigned.auth == Auth::None {
            return Ok(Request::of(unsigned));
        }
        let missing = CallError::Credentials { venue: line::VENUE, why: "there are none" };
        let credentials = credentials.ok_or(missing)?;
        let passphrase = passphrase(credentials)?;
        let request = Request::of(with_a_beginning(unsigned, moment.now));
        let now = moment.now.ms();
        let message = format!("{now}{}{}{}", request.method.as_str(), request.target, request.body);
        let signed = signature(credentials, &message);
        Ok(request
            .header("ACCESS-KEY", credentials.key())
            .header("ACCESS-SIGN", signed)
            .header("ACCESS-TIMESTAMP", now.to_string())
            .header("ACCESS-PASSPHRASE", passphrase))
    }

    fn server_time(&self) -> Built<Timestamp> {
        instruments::server_time()
    }

    fn health(&self) -> Built<VenueHealth> {
        instruments::health()
    }

    fn instruments(&self, product: Product) -> Built<Vec<Instrument>> {
        instruments::instruments(product)
    }

    fn instruments_settled_in(&self, product: Product, coin: &str) -> Built<Vec<Instrument>> {
        instruments::settled_in(product, Some(coin))
    }

    fn currencies(&self) -> Built<Vec<Currency>> {
        instruments::currencies()
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
        market::mark_price(market, scope)
    }

    fn order_book(&self, market: &Instrument, depth: Option<u32>, scope: &Scope) -> Built<OrderBook> {
        market::order_book(market, depth, scope)
    }

    fn bars(&self, market: &Instrument, query: &BarQuery, scope: &Scope) -> Built<Vec<Bar>> {
        bars::bars(market, query, scope)
    }

    fn trades(&self, market: &Instrument, range: &Range, scope: &Scope) -> Built<Vec<PublicTrade>> {
        market::trades(market, range, scope)
    }

    fn funding(&self, market: &Instrument, scope: &Scope) -> Built<Funding> {
        contracts::funding(market, scope)
    }

    fn fundings(&self, query: &MarketsQuery) -> Built<Vec<Funding>> {
        contracts::fundings(query)
    }

    fn funding_history(&self, query: &HistoryQuery) -> Built<Vec<Funding>> {
        contracts::funding_history(query)
    }

    fn funding_interval(&self, market: &Instrument, scope: &Scope) -> Built<Funding> {
        contracts::funding_interval(market, scope)
    }

    fn funding_intervals(&self, query: &MarketsQuery) -> Built<Vec<Funding>> {
        contracts::funding_intervals(query)
    }

    fn open_interest(&self, market: &Instrument, scope: &Scope) -> Built<OpenInterest> {
        contracts::open_interest(market, scope)
    }

    fn open_interests(&self, query: &MarketsQuery) -> Built<Vec<OpenInterest>> {
        contracts::open_interests(query)
    }

    fn leverage_tiers(&self, query: &MarketsQuery) -> Built<Vec<LeverageTier>> {
        contracts::leverage_tiers(query)
    }

    fn market_leverage_tiers(&self, market: &Instrument, scope: &Scope) -> Built<Vec<LeverageTier>> {
        contracts::market_leverage_tiers(market, scope)
    }

    fn key_permissions(&self) -> Built<KeyPermissions> {
        account::key_permissions(super::protocol::call::AccountSystem::Classic)
    }

    fn unified_key_permissions(&self) -> Built<KeyPermissions> {
        account::key_permissions(super::protocol::call::AccountSystem::Unified)
    }

    fn accounts(&self, scope: &Scope) -> Built<Vec<AccountRow>> {
        account::accounts(scope)
    }

    fn balances(&self, scope: &Scope) -> Built<Balances> {
        account::balances(scope)
    }

    fn place(&self, order: &NewOrder) -> Built<OrderReport> {
        place::place(order)
    }

    fn place_many(&self, orders: &[NewOrder]) -> Built<Vec<OrderReport>> {
        place::place_many(orders)
    }

    fn amend(&self, change: &Amendment) -> Built<OrderReport> {
        amend::amend(change)
    }

    fn amend_many(&self, changes: &[Amendment]) -> Built<Vec<OrderReport>> {
        amend::amend_many(changes)
    }

    fn cancel(&self, order: &OrderRef) -> Built<OrderReport> {
        cancel::cancel(order)
    }

    fn cancel_many(&self, orders: &[OrderRef]) -> Built<Vec<OrderReport>> {
        cancel::cancel_many(orders)
    }

    fn cancel_all(&self, market: Option<&Instrument>, scope: &Scope) -> Built<Vec<OrderReport>> {
        cancel::cancel_all(market, scope)
    }

    fn cancel_all_after(&self, timeout_ms: u32) -> Built<()> {
        cancel::cancel_all_after(timeout_ms)
    }

    fn order(&self, order: &OrderRef) -> Built<OrderReport> {
        query::order(order)
    }

    fn open_order(&self, order: &OrderRef) -> Built<OrderReport> {
        query::open_order(order)
    }

    fn closed_order(&self, order: &OrderRef) -> Built<OrderReport> {
        query::closed_order(order)
    }

    fn orders(&self, query: &OrdersQuery) -> Built<Vec<OrderReport>> {
        query::orders(query)
    }

    fn order_trades(&self, order: &OrderRef) -> Built<Vec<OwnTrade>> {
        query::order_trades(order)
    }

    fn own_trades(&self, query: &HistoryQuery) -> Built<Vec<OwnTrade>> {
        query::own_trades(query)
    }

    fn positions(&self, query: &MarketsQuery) -> Built<Vec<PositionReport>> {
        positions::positions(query)
    }

    fn position(&self, market: &Instrument, scope: &Scope) -> Built<PositionReport> {
        positions::position(market, scope)
    }

    fn positions_history(&self, query: &HistoryQuery) -> Built<Vec<PositionReport>> {
        positions::positions_history(query)
    }

    fn close_position(&self, market: &Instrument, scope: &Scope) -> Built<OrderReport> {
        positions::close_position(market, scope)
    }

    fn close_all_positions(&self, scope: &Scope) -> Built<Vec<OrderReport>> {
        positions::close_all_positions(scope)
    }

    fn set_leverage(&self, change: &LeverageChange) -> Built<LeverageSetting> {
        settings::set_leverage(change)
    }

    fn leverage(&self, market: &Instrument, scope: &Scope) -> Built<LeverageSetting> {
        settings::leverage(market, scope)
    }

    fn set_margin_mode(&self, mode: MarginMode, market: Option<&Instrument>, scope: &Scope) -> Built<()> {
        settings::set_margin_mode(mode, market, scope)
    }

    fn margin_mode(&self, market: &Instrument, scope: &Scope) -> Built<LeverageSetting> {
        settings::leverage(market, scope)
    }

    fn set_position_mode(&self, hedged: bool, market: Option<&Instrument>, scope: &Scope) -> Built<()> {
        settings::set_position_mode(hedged, market, scope)
    }

    fn position_mode(&self, market: Option<&Instrument>, scope: &Scope) -> Built<bool> {
        settings::position_mode(market, scope)
    }

    fn change_margin(&self, market: &Instrument, amount: Decimal, scope: &Scope) -> Built<()> {
        settings::change_margin(market, amount, scope)
    }

    fn fee_rate(&self, market: &Instrument, scope: &Scope) -> Built<FeeRate> {
        ledger::fee_rate(market, scope)
    }

    fn fee_rates(&self, scope: &Scope) -> Built<Vec<FeeRate>> {
        ledger::fee_rates(scope)
    }

    fn funding_payments(&self, query: &HistoryQuery) -> Built<Vec<FundingPayment>> {
        ledger::funding_payments(query)
    }

    fn movements(&self, query: &HistoryQuery) -> Built<Vec<Movement>> {
        ledger::movements(query)
    }
}
