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

use super::protocol::{
    Answers, Ask, Auth, CallError, Capabilities, Credentials, Instrument, Moment, Product, Protocol, Request, Unsigned,
    sign,
};
use desk::time::Timestamp;

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

/// The functions that answer each question.
static ANSWERS: Answers = Answers {
    server_time: Some(instruments::server_time),
    health: Some(instruments::health),
    instruments: Some(instruments::instruments),
    currencies: Some(instruments::currencies),
    ticker: Some(market::ticker),
    tickers: Some(market::tickers),
    best_quotes: Some(market::tickers),
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
    open_interests: Some(contracts::open_interests),
    leverage_tiers: Some(contracts::leverage_tiers),
    market_leverage_tiers: Some(contracts::market_leverage_tiers),
    key_permissions: Some(|| account::key_permissions(super::protocol::call::AccountSystem::Classic)),
    accounts: Some(account::accounts),
    balances: Some(account::balances),
    place: Some(place::place),
    place_many: Some(place::place_many),
    amend: Some(amend::amend),
    amend_many: Some(amend::amend_many),
    cancel: Some(cancel::cancel),
    cancel_many: Some(cancel::cancel_many),
    cancel_all: Some(cancel::cancel_all),
    cancel_all_after: Some(cancel::cancel_all_after),
    order: Some(query::order),
    open_order: Some(query::open_order),
    closed_order: Some(query::closed_order),
    orders: Some(query::orders),
    order_trades: Some(query::order_trades),
    own_trades: Some(query::own_trades),
    positions: Some(positions::positions),
    position: Some(positions::position),
    positions_history: Some(positions::positions_history),
    close_position: Some(positions::close_position),
    close_all_positions: Some(positions::close_all_positions),
    set_leverage: Some(settings::set_leverage),
    leverage: Some(settings::leverage),
    set_margin_mode: Some(settings::set_margin_mode),
    margin_mode: Some(settings::leverage),
    set_position_mode: Some(settings::set_position_mode),
    position_mode: Some(settings::position_mode),
    change_margin: Some(settings::change_margin),
    fee_rate: Some(ledger::fee_rate),
    fee_rates: Some(ledger::fee_rates),
    funding_payments: Some(ledger::funding_payments),
    movements: Some(ledger::movements),
    instruments_settled_in: Some(|product, coin| instruments::settled_in(product, Some(coin))),
    unified_key_permissions: Some(|| account::key_permissions(super::protocol::call::AccountSystem::Unified)),
    ..Answers::NONE
};

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

    fn answers(&self) -> &'static Answers {
        &ANSWERS
    }

    fn listings(&self, product: Product) -> Result<Vec<Ask<Vec<Instrument>>>, CallError> {
        let mut all = vec![self.instruments(product)?];
        if product == Product::Linear {
            all.push(self.instruments_settled_in(product, "USDC")?);
        }
        Ok(all)
    }
}
