//! What every venue's adapter answers, as pure functions: a question becomes a request, a reply becomes an answer.
//!
//! | piece | what it is |
//! |---|---|
//! | [`Protocol`] | one method a question; each gives an [`Ask`]: the unsigned request, and how its reply is read |
//! | [`Answers`] | a venue's own functions behind these methods, as a table |
//! | [`Streams`] | the same for WebSockets |
//! | [`call`] | what is asked |
//! | [`model`] | what is answered |
//! | [`fault`] | what went wrong, by what the caller does next |
//! | [`plain`] | JSON as venues usually write it, in one pass |
//! | [`wire`] | scalars as venues write them, without a float between |
//! | [`book`] | order books that notice a missing delta |
//! | [`capability`] | what a venue promises, as data |
//!
//! Nothing here knows a socket, a clock or a random number. A question that is not in a venue's table is answered
//! with [`CallError::Unsupported`].

pub mod book;
pub mod call;
pub mod capability;
pub mod credentials;
mod eight;
pub mod fault;
pub mod fields;
pub mod http;
pub mod market;
pub mod model;
mod number;
mod params;
pub mod plain;
pub mod sign;
pub mod stream;
pub mod wire;

pub use call::{
    Amendment, BarQuery, HistoryQuery, LeverageChange, MarketsQuery, NewOrder, OrderRef, OrdersQuery, Range, Scope,
};
pub use capability::Capabilities;
pub use credentials::Credentials;
pub use fault::{ApiError, CallError, CallFault, Meaning, ReadFault};
pub use http::{Auth, Body, EndpointClass, Method, Moment, Params, Reply, Request, Unsigned};
pub use market::{Instrument, Markets, Product};
pub use stream::Streams;

use desk::time::Timestamp;
use model::{
    AccountRow, Balances, Bar, Currency, EarnProduct, FeeRate, Funding, FundingPayment, KeyPermissions,
    LeverageSetting, LeverageTier, MarginMode, Movement, OpenInterest, OrderBook, OrderReport, OwnTrade,
    PositionReport, PublicTrade, Ticker, VenueHealth,
};
use rust_decimal::Decimal;

/// How a reply is read.
type Read<T> = Box<dyn Fn(&Reply, &Markets) -> Result<T, ReadFault> + Send + Sync>;

/// A question: what is sent, and how the reply is read.
pub struct Ask<T> {
    /// What is sent, before it is signed.
    pub request: Unsigned,
    read: Read<T>,
}

impl<T> Ask<T> {
    /// A question.
    #[must_use]
    pub fn new(
        request: Unsigned,
        read: impl Fn(&Reply, &Markets) -> Result<T, ReadFault> + Send + Sync + 'static,
    ) -> Self {
        Self { request, read: Box::new(read) }
    }

    /// What a reply says.
    ///
    /// # Errors
    /// [`ReadFault`]: the venue's error, or an answer that is not as documented.
    pub fn read(&self, reply: &Reply, markets: &Markets) -> Result<T, ReadFault> {
        (self.read)(reply, markets)
    }
}

impl<T: 'static> Ask<T> {
    /// The same question, with its answer turned into something else.
    #[must_use]
    pub fn map<U>(self, turn: impl Fn(T) -> U + Send + Sync + 'static) -> Ask<U> {
        let read = self.read;
        Ask { request: self.request, read: Box::new(move |reply, markets| read(reply, markets).map(&turn)) }
    }
}

/// A question, if the venue knows it.
pub type Built<T> = Result<Ask<T>, CallError>;

macro_rules! questions {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),*) -> $answer:ty;)*) => {
        /// Which questions a venue answers, and the function that answers each.
        #[derive(Clone, Copy)]
        pub struct Answers {
            $(
                $(#[$doc])*
                pub $name: Option<fn($($type),*) -> Built<$answer>>,
            )*
        }

        impl Answers {
            /// None of them.
            pub const NONE: Self = Self { $($name: None),* };
        }

        /// A venue's REST protocol.
        pub trait Protocol: Send + Sync {
            /// What the venue promises.
            fn capabilities(&self) -> &'static Capabilities;

            /// Signs a request (or, for a public one, only encodes it).
            ///
            /// # Errors
            /// [`CallError::Credentials`] if they are missing or can't be used.
            fn sign(
                &self,
                unsigned: Unsigned,
                credentials: Option<&Credentials>,
                moment: Moment,
            ) -> Result<Request, CallError>;

            /// Which questions it answers. Each has a method here, which asks the function in this table.
            fn answers(&self) -> &'static Answers;

            /// All questions that together tell what is traded of a product: venues that keep contracts of one product in
            /// several lists (by the coin they settle in, or dated ones apart) have one a list.
            ///
            /// # Errors
            /// [`CallError`] if the venue has no such product.
            fn listings(&self, product: Product) -> Result<Vec<Ask<Vec<Instrument>>>, CallError> {
                Ok(vec![self.instruments(product)?])
            }

            /// Whether a stop was refused because the price is through its trigger already.
            fn is_past_its_trigger(&self, _: &ApiError) -> bool {
                false
            }

            $(
                $(#[$doc])*
                ///
                /// # Errors
                /// [`CallError`] if the venue has no such thing, or the question lacks something.
                fn $name(&self, $($arg: $type),*) -> Built<$answer> {
                    match self.answers().$name {
                        Some(answer) => answer($($arg),*),
                        None => Err(CallError::Unsupported {
                            venue: self.capabilities().venue,
                            what: stringify!($name).replace('_', " "),
                        }),
                    }
                }
            )*
        }
    };
}

questions! {
    /// The server's time.
    fn server_time() -> Timestamp;
    /// Whether the venue works.
    fn health() -> VenueHealth;
    /// Everything of a product that is traded, with all filters.
    fn instruments(product: Product) -> Vec<Instrument>;
    /// All currencies.
    fn currencies() -> Vec<Currency>;
    /// A market's day at a glance.
    fn ticker(market: &Instrument, scope: &Scope) -> Ticker;
    /// The same of several markets.
    fn tickers(query: &MarketsQuery) -> Vec<Ticker>;
    /// The best bid and ask of several markets.
    fn best_quotes(query: &MarketsQuery) -> Vec<Ticker>;
    /// The mark price of a contract.
    fn mark_price(market: &Instrument, scope: &Scope) -> Ticker;
    /// An order book; `depth` levels a side, the venue's usual number when `None`.
    fn order_book(market: &Instrument, depth: Option<u32>, scope: &Scope) -> OrderBook;
    /// Bars, oldest first; the last one may still be forming.
    fn bars(market: &Instrument, query: &BarQuery, scope: &Scope) -> Vec<Bar>;
    /// Trades of the market, oldest first.
    fn trades(market: &Instrument, range: &Range, scope: &Scope) -> Vec<PublicTrade>;
    /// The funding rate of a perpetual contract.
    fn funding(market: &Instrument, scope: &Scope) -> Funding;
    /// The same of several.
    fn fundings(query: &MarketsQuery) -> Vec<Funding>;
    /// Funding rates that were, oldest first.
    fn funding_history(query: &HistoryQuery) -> Vec<Funding>;
    /// How often funding is paid.
    fn funding_interval(market: &Instrument, scope: &Scope) -> Funding;
    /// The same of several.
    fn funding_intervals(query: &MarketsQuery) -> Vec<Funding>;
    /// Open interest of a contract.
    fn open_interest(market: &Instrument, scope: &Scope) -> OpenInterest;
    /// The same of several.
    fn open_interests(query: &MarketsQuery) -> Vec<OpenInterest>;
    /// What leverage each notional allows.
    fn leverage_tiers(query: &MarketsQuery) -> Vec<LeverageTier>;
    /// The same of one market.
    fn market_leverage_tiers(market: &Instrument, scope: &Scope) -> Vec<LeverageTier>;

    /// What a key may do.
    fn key_permissions() -> KeyPermissions;
    /// Which of the venue's account systems the key's account belongs to, where orders go to different endpoints by it.
    fn account_system() -> call::AccountSystem;
    /// The owner's accounts.
    fn accounts(scope: &Scope) -> Vec<AccountRow>;
    /// What an account holds.
    fn balances(scope: &Scope) -> Balances;
    /// Places an order. Sent at most once, ever.
    fn place(order: &NewOrder) -> OrderReport;
    /// Places several. Sent at most once, ever; each report stands for the order at its place.
    fn place_many(orders: &[NewOrder]) -> Vec<OrderReport>;
    /// Changes an order in place.
    fn amend(change: &Amendment) -> OrderReport;
    /// Changes several.
    fn amend_many(changes: &[Amendment]) -> Vec<OrderReport>;
    /// Cancels an order.
    fn cancel(order: &OrderRef) -> OrderReport;
    /// Cancels several.
    fn cancel_many(orders: &[OrderRef]) -> Vec<OrderReport>;
    /// Cancels all orders, of one market or of all.
    fn cancel_all(market: Option<&Instrument>, scope: &Scope) -> Vec<OrderReport>;
    /// The dead-man's switch: all orders are cancelled after so many milliseconds, unless asked again; 0 turns it off.
    fn cancel_all_after(timeout_ms: u32) -> ();
    /// One order.
    fn order(order: &OrderRef) -> OrderReport;
    /// One order that is still working.
    fn open_order(order: &OrderRef) -> OrderReport;
    /// One order that has ended.
    fn closed_order(order: &OrderRef) -> OrderReport;
    /// Several orders.
    fn orders(query: &OrdersQuery) -> Vec<OrderReport>;
    /// The trades of an order.
    fn order_trades(order: &OrderRef) -> Vec<OwnTrade>;
    /// Our trades.
    fn own_trades(query: &HistoryQuery) -> Vec<OwnTrade>;
    /// Our positions.
    fn positions(query: &MarketsQuery) -> Vec<PositionReport>;
    /// Our position in one market.
    fn position(market: &Instrument, scope: &Scope) -> PositionReport;
    /// Positions that were.
    fn positions_history(query: &HistoryQuery) -> Vec<PositionReport>;
    /// Closes the position in one market at the market's price.
    fn close_position(market: &Instrument, scope: &Scope) -> OrderReport;
    /// Closes all positions of a product at the market's price.
    fn close_all_positions(scope: &Scope) -> Vec<OrderReport>;
    /// Sets the leverage.
    fn set_leverage(change: &LeverageChange) -> LeverageSetting;
    /// The leverage that is set.
    fn leverage(market: &Instrument, scope: &Scope) -> LeverageSetting;
    /// Sets the margin mode, of one market or of all.
    fn set_margin_mode(mode: MarginMode, market: Option<&Instrument>, scope: &Scope) -> ();
    /// The margin mode that is set.
    fn margin_mode(market: &Instrument, scope: &Scope) -> LeverageSetting;
    /// The same of several markets.
    fn margin_modes(query: &MarketsQuery) -> Vec<LeverageSetting>;
    /// Sets whether long and short are held apart.
    fn set_position_mode(hedged: bool, market: Option<&Instrument>, scope: &Scope) -> ();
    /// Whether long and short are held apart.
    fn position_mode(market: Option<&Instrument>, scope: &Scope) -> bool;
    /// Adds margin to a position (takes it away, when negative).
    fn change_margin(market: &Instrument, amount: Decimal, scope: &Scope) -> ();
    /// What trading costs in one market.
    fn fee_rate(market: &Instrument, scope: &Scope) -> FeeRate;
    /// What trading costs everywhere.
    fn fee_rates(scope: &Scope) -> Vec<FeeRate>;
    /// Funding payments.
    fn funding_payments(query: &HistoryQuery) -> Vec<FundingPayment>;
    /// Deposits, withdrawals, transfers and other movements without a trade; read only, there is no call that moves money.
    fn movements(query: &HistoryQuery) -> Vec<Movement>;
    /// Withdrawals, at venues that list them apart from other movements; read only.
    fn withdrawals(query: &HistoryQuery) -> Vec<Movement>;
    /// Products in which money can be left for interest.
    fn earn_products(query: &HistoryQuery) -> Vec<EarnProduct>;
    /// Everything of a product that is settled in one coin, at venues that list it apart.
    fn instruments_settled_in(product: Product, coin: &str) -> Vec<Instrument>;
    /// What a key may do, at venues that answer it elsewhere for their unified accounts.
    fn unified_key_permissions() -> KeyPermissions;
}
