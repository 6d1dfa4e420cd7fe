//! OKX, API v5: spot, margin, perpetual swaps and dated futures, written from the venue's own API documents (as of 2026).
//!
//! | part | what it has |
//! |---|---|
//! | `envelope`, `errors` | `{code, msg, data}`, and what each code means to us |
//! | `fields`, `limits` | bodies and queries out of typed values and the caller's extras; what a request weighs |
//! | `instruments`, `market`, `bars` | public data |
//! | `words`, `place`, `manage`, `lookup` | orders: in the venue's words, placing, changing and cancelling, looking up |
//! | `rows` | order and fill rows turned into reports |
//! | `account`, `positions`, `leverage`, `money` | balances, fees, permissions; positions; leverage and margin; payments and movements |
//! | `stream`, `frames`, `checksum` | WebSockets |
//!
//! 1. An order is sent through `trade/batch-orders`, also when it is alone: the answer has one `sCode` an order, and the
//!    limit on requests is the higher one. What waits for a trigger goes to `trade/order-algo` and has its own
//!    endpoints for everything.
//! 2. Nothing is a rejection but a code on the allow list of `errors`. 50004 and 51149 are time-outs behind which an
//!    order may stand.
//! 3. Client ids are letters and digits, at most 32. 51016 says that one is known already.
//!
//! Deliberately absent: withdrawals and transfers; options, spreads, block and copy trading; cancelling everything in
//! one call, which the venue has for options only (its dead-man's switch is there).

mod account;
mod bars;
mod capabilities;
mod checksum;
mod envelope;
mod errors;
mod fields;
mod frames;
mod instruments;
mod leverage;
mod limits;
mod lookup;
mod manage;
mod market;
mod money;
mod place;
mod positions;
mod raw;
mod rows;
mod sign;
mod stream;
mod words;

pub use stream::OkxTriggers;

use crate::protocol::call::{
    Amendment, BarQuery, HistoryQuery, LeverageChange, MarketsQuery, NewOrder, OrderRef, OrdersQuery, Range, Scope,
};
use crate::protocol::model::{
    AccountRow, Balances, Bar, Currency, FeeRate, Funding, FundingPayment, KeyPermissions, LeverageSetting,
    LeverageTier, MarginMode, Movement, OpenInterest, OrderBook, OrderReport, OwnTrade, PositionReport, PublicTrade,
    Ticker, VenueHealth,
};
use crate::protocol::{
    Ask, Built, CallError, Capabilities, Credentials, Instrument, Moment, Product, Protocol, Request, Unsigned,
};
use desk::time::Timestamp;
use rust_decimal::Decimal;

/// The venue's id.
const VENUE: &str = "okx";
/// The name of its REST server.
const ORIGIN: &str = "rest";

/// OKX.
#[derive(Debug, Clone, Copy, Default)]
pub struct Okx;

impl Okx {
    /// The dated futures of a product: the venue lists them apart from the perpetual swaps that
    /// [`Protocol::instruments`] gives.
    ///
    /// # Errors
    /// [`CallError`] for products that have none.
    pub fn dated_instruments(&self, product: Product) -> Built<Vec<Instrument>> {
        instruments::dated(product)
    }
}

/// The venue's word for what an instrument is.
fn inst_type(market: &Instrument) -> &'static str {
    match (market.product, market.expiry) {
        (Product::Spot, _) => "SPOT",
        (Product::Option, _) => "OPTION",
        (Product::Linear | Product::Inverse, None) => "SWAP",
        (Product::Linear | Product::Inverse, Some(_)) => "FUTURES",
    }
}

/// The venue's word for a product, where no instrument is named.
fn inst_type_of(product: Option<Product>) -> Option<&'static str> {
    product.map(|product| match product {
        Product::Spot => "SPOT",
        Product::Option => "OPTION",
        Product::Linear | Product::Inverse => "SWAP",
    })
}

/// The pair behind a contract, as the venue names it: `BTC-USD` for the family `BTC-USD_UM` too.
fn underlying(market: &Instrument) -> Option<String> {
    let mut parts = market.symbol.split('-');
    let (base, quote) = (parts.next()?, parts.next()?);
    let quote = quote.split('_').next()?;
    market.product.is_contract().then(|| format!("{base}-{quote}"))
}

/// Cross or isolated, as the venue writes it.
const fn margin_text(mode: MarginMode) -> &'static str {
    match mode {
        MarginMode::Cross => "cross",
        MarginMode::Isolated => "isolated",
    }
}

/// The margin mode the venue wrote.
fn margin_of(text: &str) -> Option<MarginMode> {
    match text {
        "cross" => Some(MarginMode::Cross),
        "isolated" => Some(MarginMode::Isolated),
        _ => None,
    }
}

impl Protocol for Okx {
    fn capabilities(&self) -> &'static Capabilities {
        &capabilities::CAPABILITIES
    }

    fn sign(
        &self,
        unsigned: Unsigned,
        credentials: Option<&Credentials>,
        moment: Moment,
    ) -> Result<Request, CallError> {
        sign::sign(unsigned, credentials, moment)
    }

    fn server_time(&self) -> Built<Timestamp> {
        Ok(market::server_time())
    }

    fn health(&self) -> Built<VenueHealth> {
        Ok(market::health())
    }

    fn instruments(&self, product: Product) -> Built<Vec<Instrument>> {
        Ok(instruments::listed(product))
    }

    fn listings(&self, product: Product) -> Result<Vec<Ask<Vec<Instrument>>>, CallError> {
        let mut all = vec![self.instruments(product)?];
        if matches!(product, Product::Linear | Product::Inverse) {
            all.push(self.dated_instruments(product)?);
        }
        Ok(all)
    }

    fn currencies(&self) -> Built<Vec<Currency>> {
        Ok(account::currencies())
    }

    fn ticker(&self, market: &Instrument, scope: &Scope) -> Built<Ticker> {
        Ok(market::ticker(market, scope))
    }

    fn tickers(&self, query: &MarketsQuery) -> Built<Vec<Ticker>> {
        Ok(market::tickers(query))
    }

    fn best_quotes(&self, query: &MarketsQuery) -> Built<Vec<Ticker>> {
        Ok(market::tickers(query))
    }

    fn mark_price(&self, market: &Instrument, scope: &Scope) -> Built<Ticker> {
        Ok(market::mark_price(market, scope))
    }

    fn order_book(&self, market: &Instrument, depth: Option<u32>, scope: &Scope) -> Built<OrderBook> {
        Ok(market::order_book(market, depth, scope))
    }

    fn bars(&self, market: &Instrument, query: &BarQuery, scope: &Scope) -> Built<Vec<Bar>> {
        bars::bars(market, query, scope)
    }

    fn trades(&self, market: &Instrument, range: &Range, scope: &Scope) -> Built<Vec<PublicTrade>> {
        Ok(market::trades(market, range, scope))
    }

    fn funding(&self, market: &Instrument, scope: &Scope) -> Built<Funding> {
        market::funding(market, scope)
    }

    fn fundings(&self, query: &MarketsQuery) -> Built<Vec<Funding>> {
        Ok(market::fundings(query))
    }

    fn funding_history(&self, query: &HistoryQuery) -> Built<Vec<Funding>> {
        market::funding_history(query)
    }

    fn funding_interval(&self, market: &Instrument, scope: &Scope) -> Built<Funding> {
        market::funding(market, scope)
    }

    fn funding_intervals(&self, query: &MarketsQuery) -> Built<Vec<Funding>> {
        Ok(market::fundings(query))
    }

    fn open_interest(&self, market: &Instrument, scope: &Scope) -> Built<OpenInterest> {
        market::open_interest(market, scope)
    }

    fn open_interests(&self, query: &MarketsQuery) -> Built<Vec<OpenInterest>> {
        Ok(market::open_interests(query))
    }

    fn leverage_tiers(&self, query: &MarketsQuery) -> Built<Vec<LeverageTier>> {
        leverage::tiers(query)
    }

    fn market_leverage_tiers(&self, market: &Instrument, scope: &Scope) -> Built<Vec<LeverageTier>> {
        Ok(leverage::market_tiers(market, scope))
    }

    fn key_permissions(&self) -> Built<KeyPermissions> {
        Ok(account::key_permissions())
    }

    fn accounts(&self, scope: &Scope) -> Built<Vec<AccountRow>> {
        Ok(account::accounts(scope))
    }

    fn balances(&self, scope: &Scope) -> Built<Balances> {
        account::balances(scope)
    }

    fn place(&self, order: &NewOrder) -> Built<OrderReport> {
        place::one(order)
    }

    fn place_many(&self, orders: &[NewOrder]) -> Built<Vec<OrderReport>> {
        place::many(orders)
    }

    fn amend(&self, change: &Amendment) -> Built<OrderReport> {
        manage::amend(change)
    }

    fn amend_many(&self, changes: &[Amendment]) -> Built<Vec<OrderReport>> {
        manage::amend_many(changes)
    }

    fn cancel(&self, order: &OrderRef) -> Built<OrderReport> {
        manage::cancel(order)
    }

    fn cancel_many(&self, orders: &[OrderRef]) -> Built<Vec<OrderReport>> {
        manage::cancel_many(orders)
    }

    fn cancel_all_after(&self, timeout_ms: u32) -> Built<()> {
        manage::cancel_all_after(timeout_ms)
    }

    fn order(&self, order: &OrderRef) -> Built<OrderReport> {
        lookup::order(order)
    }

    fn open_order(&self, order: &OrderRef) -> Built<OrderReport> {
        lookup::order(order)
    }

    fn closed_order(&self, order: &OrderRef) -> Built<OrderReport> {
        lookup::order(order)
    }

    fn orders(&self, query: &OrdersQuery) -> Built<Vec<OrderReport>> {
        lookup::orders(query)
    }

    fn order_trades(&self, order: &OrderRef) -> Built<Vec<OwnTrade>> {
        lookup::order_trades(order)
    }

    fn own_trades(&self, query: &HistoryQuery) -> Built<Vec<OwnTrade>> {
        Ok(lookup::own_trades(query))
    }

    fn positions(&self, query: &MarketsQuery) -> Built<Vec<PositionReport>> {
        Ok(positions::positions(query))
    }

    fn position(&self, market: &Instrument, scope: &Scope) -> Built<PositionReport> {
        Ok(positions::position(market, scope))
    }

    fn positions_history(&self, query: &HistoryQuery) -> Built<Vec<PositionReport>> {
        Ok(positions::history(query))
    }

    fn close_position(&self, market: &Instrument, scope: &Scope) -> Built<OrderReport> {
        Ok(positions::close(market, scope))
    }

    fn set_leverage(&self, change: &LeverageChange) -> Built<LeverageSetting> {
        leverage::set_leverage(change)
    }

    fn leverage(&self, market: &Instrument, scope: &Scope) -> Built<LeverageSetting> {
        Ok(leverage::leverage(market, scope))
    }

    fn set_margin_mode(&self, mode: MarginMode, market: Option<&Instrument>, scope: &Scope) -> Built<()> {
        leverage::set_margin_mode(mode, market, scope)
    }

    fn set_position_mode(&self, hedged: bool, _market: Option<&Instrument>, scope: &Scope) -> Built<()> {
        Ok(leverage::set_position_mode(hedged, scope))
    }

    fn position_mode(&self, _market: Option<&Instrument>, scope: &Scope) -> Built<bool> {
        Ok(account::position_mode(scope))
    }

    fn change_margin(&self, market: &Instrument, amount: Decimal, scope: &Scope) -> Built<()> {
        leverage::change_margin(market, amount, scope)
    }

    fn fee_rate(&self, market: &Instrument, scope: &Scope) -> Built<FeeRate> {
        Ok(account::fee_rate(market, scope))
    }

    fn fee_rates(&self, scope: &Scope) -> Built<Vec<FeeRate>> {
        Ok(account::fee_rates(scope))
    }

    fn funding_payments(&self, query: &HistoryQuery) -> Built<Vec<FundingPayment>> {
        Ok(money::funding_payments(query))
    }

    fn movements(&self, query: &HistoryQuery) -> Built<Vec<Movement>> {
        Ok(money::movements(query))
    }
}
