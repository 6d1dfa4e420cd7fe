//! KuCoin: spot, the fast spot system, margin, futures and the unified account.
//!
//! Written from KuCoin's own documents and its universal SDK's specification (endpoints, weights, shapes of answers);
//! the unified account's shapes are also from the published types of a community SDK, as its documents are young.
//!
//! | module | what it is |
//! |---|---|
//! | `ask` | to which system a question goes; tools to put requests together |
//! | `raw` | the envelope of answers, and the scalars only this venue writes so |
//! | `place`, `place_futures`, `place_unified`, `place_many`, `ack` | new orders and changes, and what is said to them |
//! | `orders`, `cancel`, `report` | orders that exist, taking them back, and what is told of them and of fills |
//! | `tickers`, `market`, `bars`, `instruments` | market data |
//! | `funding`, `leverage`, `positions` | what only contracts have |
//! | `account`, `balances`, `ledger` | permissions and fees, what is held, what moved |
//! | `stream`, `stream_public`, `stream_private` | WebSockets |
//! | `errors` | codes |
//!
//! 1. The product of the instrument decides the server: spot and margin, or futures. Only the unified account has one
//!    server for all.
//! 2. The account system decides the endpoints of orders: the old ones, the fast ones (`hf`), or the unified ones (`ua`).
//!    Margin orders always go to the fast margin endpoints (v3), which replaced the old ones.
//! 3. What an answer leaves out stays unknown. An error that is not on the list of clear refusals is unclear.
//! 4. Signing puts in what only that moment knows: the present instant, and a number that is never repeated.
//!
//! Absent on purpose: withdrawals, transfers, borrowing and repaying, sub-accounts, lending, copy trading and every
//! abandoned endpoint that has a successor of equal reach.

mod account;
mod ack;
mod ask;
mod balances;
mod bars;
mod cancel;
mod capabilities;
mod errors;
mod funding;
mod instruments;
mod ledger;
mod leverage;
mod market;
mod orders;
mod place;
mod place_futures;
mod place_many;
mod place_unified;
mod positions;
mod raw;
mod report;
mod sign;
mod stream;
mod stream_private;
mod stream_public;
#[cfg(test)]
mod tests;
mod tickers;

use crate::protocol::{Answers, CallError, Capabilities, Credentials, Moment, Product, Protocol, Request, Unsigned};

/// KuCoin. What names neither market nor product is about spot.
#[derive(Debug, Clone, Copy, Default)]
pub struct KuCoin;

/// The same venue for a desk that trades contracts. What names neither market nor product is about linear contracts.
#[derive(Debug, Clone, Copy, Default)]
pub struct KuCoinFutures;

/// The functions of the questions that name their market or product.
const NAMED: Answers = Answers {
    instruments: Some(instruments::instruments),
    currencies: Some(instruments::currencies),
    ticker: Some(tickers::ticker),
    mark_price: Some(tickers::mark_price),
    order_book: Some(market::order_book),
    bars: Some(bars::bars),
    trades: Some(market::trades),
    funding: Some(funding::funding),
    fundings: Some(funding::fundings),
    funding_history: Some(funding::funding_history),
    funding_interval: Some(funding::funding),
    funding_intervals: Some(funding::fundings),
    open_interest: Some(funding::open_interest),
    open_interests: Some(funding::open_interests),
    leverage_tiers: Some(leverage::leverage_tiers),
    market_leverage_tiers: Some(leverage::market_leverage_tiers),
    key_permissions: Some(account::key_permissions),
    account_system: Some(account::account_system),
    accounts: Some(account::accounts),
    place: Some(place::place),
    place_many: Some(place_many::place_many),
    amend: Some(place_many::amend),
    positions: Some(positions::positions),
    position: Some(positions::position),
    positions_history: Some(positions::positions_history),
    close_position: Some(place_futures::close_position),
    set_leverage: Some(leverage::set_leverage),
    leverage: Some(leverage::leverage),
    set_margin_mode: Some(leverage::set_margin_mode),
    margin_mode: Some(leverage::margin_mode),
    set_position_mode: Some(|hedged, _, scope| leverage::set_position_mode(hedged, scope)),
    position_mode: Some(|_, scope| leverage::position_mode(scope)),
    change_margin: Some(leverage::change_margin),
    fee_rate: Some(account::fee_rate),
    funding_payments: Some(funding::funding_payments),
    ..Answers::NONE
};

/// An adapter, with the product of the questions that name none.
macro_rules! protocol {
    ($adapter:ident, $usual:expr) => {
        impl Protocol for $adapter {
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
                static ANSWERS: Answers = Answers {
                    server_time: Some(|| account::server_time($usual)),
                    health: Some(|| account::health($usual)),
                    tickers: Some(|query| tickers::tickers(query, $usual)),
                    best_quotes: Some(|query| tickers::best_quotes(query, $usual)),
                    balances: Some(|scope| balances::balances(scope, $usual)),
                    cancel: Some(|order| cancel::cancel(order, $usual)),
                    cancel_many: Some(|all| cancel::cancel_many(all, $usual)),
                    cancel_all: Some(|market, scope| cancel::cancel_all(market, scope, $usual)),
                    cancel_all_after: Some(|timeout_ms| cancel::cancel_all_after(timeout_ms, $usual)),
                    order: Some(|order| orders::order(order, $usual)),
                    open_order: Some(|order| orders::order(order, $usual)),
                    closed_order: Some(|order| orders::order(order, $usual)),
                    orders: Some(|query| orders::orders(query, $usual)),
                    order_trades: Some(|order| orders::order_trades(order, $usual)),
                    own_trades: Some(|query| orders::own_trades(query, None, $usual)),
                    fee_rates: Some(|scope| account::fee_rates(scope, $usual)),
                    movements: Some(|query| ledger::movements(query, $usual)),
                    ..NAMED
                };
                &ANSWERS
            }
        }
    };
}

protocol!(KuCoin, Product::Spot);
protocol!(KuCoinFutures, Product::Linear);
