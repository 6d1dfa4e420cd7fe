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

use crate::protocol::model::MarginMode;
use crate::protocol::{
    Answers, Ask, Built, CallError, Capabilities, Credentials, Instrument, Moment, Product, Protocol, Request, Unsigned,
};

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

/// The functions that answer each question.
static ANSWERS: Answers = Answers {
    server_time: Some(market::server_time),
    health: Some(market::health),
    instruments: Some(instruments::listed),
    currencies: Some(account::currencies),
    ticker: Some(market::ticker),
    tickers: Some(market::tickers),
    best_quotes: Some(market::tickers),
    mark_price: Some(market::mark_price),
    order_book: Some(market::order_book),
    bars: Some(bars::bars),
    trades: Some(market::trades),
    funding: Some(market::funding),
    fundings: Some(market::fundings),
    funding_history: Some(market::funding_history),
    funding_interval: Some(market::funding),
    funding_intervals: Some(market::fundings),
    open_interest: Some(market::open_interest),
    open_interests: Some(market::open_interests),
    leverage_tiers: Some(leverage::tiers),
    market_leverage_tiers: Some(leverage::market_tiers),
    key_permissions: Some(account::key_permissions),
    accounts: Some(account::accounts),
    balances: Some(account::balances),
    place: Some(place::one),
    place_many: Some(place::many),
    amend: Some(manage::amend),
    amend_many: Some(manage::amend_many),
    cancel: Some(manage::cancel),
    cancel_many: Some(manage::cancel_many),
    cancel_all_after: Some(manage::cancel_all_after),
    order: Some(lookup::order),
    open_order: Some(lookup::order),
    closed_order: Some(lookup::order),
    orders: Some(lookup::orders),
    order_trades: Some(lookup::order_trades),
    own_trades: Some(lookup::own_trades),
    positions: Some(positions::positions),
    position: Some(positions::position),
    positions_history: Some(positions::history),
    close_position: Some(positions::close),
    set_leverage: Some(leverage::set_leverage),
    leverage: Some(leverage::leverage),
    set_margin_mode: Some(leverage::set_margin_mode),
    set_position_mode: Some(|hedged, _, scope| leverage::set_position_mode(hedged, scope)),
    position_mode: Some(|_, scope| account::position_mode(scope)),
    change_margin: Some(leverage::change_margin),
    fee_rate: Some(account::fee_rate),
    fee_rates: Some(account::fee_rates),
    funding_payments: Some(money::funding_payments),
    movements: Some(money::movements),
    ..Answers::NONE
};

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

    fn answers(&self) -> &'static Answers {
        &ANSWERS
    }

    fn listings(&self, product: Product) -> Result<Vec<Ask<Vec<Instrument>>>, CallError> {
        let mut all = vec![self.instruments(product)?];
        if matches!(product, Product::Linear | Product::Inverse) {
            all.push(self.dated_instruments(product)?);
        }
        Ok(all)
    }
}
