//! What is asked of a venue about a key: whether it may be kept, and whether live trading could begin.
//!
//! Every line that leaves here has the credentials' texts hidden: a server may repeat what it was sent.

use crate::folder::random_hex;
use anyhow::Context;
use boot::WallClock;
use desk::money::exact::{Rounding, onto};
use desk::port::Clock;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use venue::keys::admission::{Right, admit};
use venue::keys::{Configuration, Env};
use venue::live::guard::Turn;
use venue::live::{Access, Alone, Exchange, Http};
use venue::protocol::call::{OrderKind, TimeInForce};
use venue::protocol::model::{Balances, KeyPermissions, Side};
use venue::protocol::{
    CallError, CallFault, Credentials, EndpointClass, Instrument, Meaning, NewOrder, Product, ReadFault, Scope,
};
use venue::registry::{Adapter, adapter};

/// A venue, as one command reaches it. What its guard knows lives as long as the command; a running desk has its own.
pub(in crate::cli) type Reached = Exchange<Alone, WallClock, Http>;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As it should be.
    Ok,
    /// Not as it should be.
    Failed,
    /// The venue has no such thing.
    Skipped,
}

/// What was looked at, what was found, and the way out where that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Line {
    pub(super) what: &'static str,
    pub(super) verdict: Verdict,
    pub(super) found: String,
    way_out: &'static str,
}

impl Line {
    fn ok(what: &'static str, found: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Ok, found: found.into(), way_out: "" }
    }

    fn skipped(what: &'static str, found: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Skipped, found: found.into(), way_out: "" }
    }

    fn failed(what: &'static str, found: impl Into<String>, way_out: &'static str) -> Self {
        Self { what, verdict: Verdict::Failed, found: found.into(), way_out }
    }

    fn fault(what: &'static str, fault: &CallFault) -> Self {
        Self::failed(what, fault.to_string(), way_out(fault))
    }

    const fn word(&self) -> &'static str {
        match self.verdict {
            Verdict::Ok => "ok",
            Verdict::Failed => "failed",
            Verdict::Skipped => "skipped",
        }
    }

    /// As a line.
    pub(in crate::cli) fn text(&self) -> String {
        let way_out = if self.way_out.is_empty() { String::new() } else { format!(": {}", self.way_out) };
        format!("{:<8} {:<12} {}{way_out}", self.word(), self.what, self.found)
    }

    /// As an object.
    pub(super) fn json(&self) -> Value {
        let way_out = Some(self.way_out).filter(|way_out| !way_out.is_empty());
        json!({ "check": self.what, "result": self.word(), "found": self.found, "way_out": way_out })
    }
}

/// What to do about a fault.
const fn way_out(fault: &CallFault) -> &'static str {
    match fault {
        CallFault::Call(CallError::Credentials { .. }) => "look whether key, secret and passphrase were copied whole",
        CallFault::Call(CallError::Unsupported { .. } | CallError::Invalid(_)) => "see `ballast venues`",
        CallFault::Budget { .. } | CallFault::BreakerOpen { .. } => "wait, and try again",
        CallFault::Connectivity { .. } => "look at the network, a proxy, and --base-url",
        CallFault::Read(fault) => match fault.meaning() {
            Meaning::Credentials => {
                "look whether key, secret and passphrase were copied whole, belong to this network (--test), and are good for this machine's address"
            }
            Meaning::Clock => "set this machine's clock (NTP)",
            Meaning::RateLimit => "wait, and try again",
            Meaning::Refusal | Meaning::DuplicateId | Meaning::NotFound | Meaning::Unclear => {
                "the venue's words say why; try again later if they don't"
            }
        },
    }
}

/// A fault in words, without the credentials.
pub(in crate::cli) fn fault_words(fault: &CallFault, credentials: &Credentials) -> String {
    credentials.hidden_in(&fault.to_string())
}

/// Told to nobody: a command says how each of its questions ended.
const fn unheard(_venue: &'static str, _class: EndpointClass, _turn: Turn) {}

/// The servers and keys of a configuration.
pub(in crate::cli) fn access(configuration: &Configuration) -> Access {
    let settings = &configuration.settings;
    let origins: BTreeMap<String, String> = settings.base_url.iter().map(|url| ("*".to_owned(), url.clone())).collect();
    Access { origins, test: settings.test, credentials: Some(configuration.credentials.clone()) }
}

/// The venue of a configuration.
pub(in crate::cli) fn reach(configuration: &Configuration) -> anyhow::Result<Reached> {
    let adapter = adapter(configuration.venue).context("the venue is not known")?;
    at(adapter, access(configuration))
}

/// A venue, on whose behalf soever.
pub(in crate::cli) fn at(adapter: Adapter, access: Access) -> anyhow::Result<Reached> {
    let http = Http::new().map_err(|e| anyhow::anyhow!("no HTTP client: {e}"))?;
    let seed = u64::from_str_radix(random_hex().get(..16).unwrap_or("1"), 16).context("a random number")?;
    Ok(Exchange::new(adapter.protocol, access, Alone::default(), WallClock, http, seed, unheard))
}

/// Whether a key may be kept: server, clock, what it may do, and whether it reads.
pub(super) async fn admission(exchange: &Reached, configuration: &Configuration, env: Env, accept: bool) -> Vec<Line> {
    let (mut lines, reached) = server(exchange).await;
    if reached {
        let balances = match exchange.account_scope().await {
            Ok(scope) => exchange.balances(&scope).await,
            Err(fault) => Err(fault),
        };
        lines.push(rights(exchange, &balances, env, accept).await);
        lines.push(holdings(&balances));
    }
    lines.into_iter().map(|line| Line { found: configuration.credentials.hidden_in(&line.found), ..line }).collect()
}

/// Whether a key is good for what it is for: live trading, or reading while orders stay on paper.
pub(super) async fn preflight(exchange: &Reached, configuration: &Configuration, env: Env, accept: bool) -> Vec<Line> {
    let mut lines = admission(exchange, configuration, env, accept).await;
    if lines.len() <= 1 {
        return lines;
    }
    let product = traded(exchange);
    let limits = match exchange.load_markets(&[product]).await {
        Ok(_) => limits(exchange),
        Err(fault) => Line::fault("limits", &fault),
    };
    lines.push(limits);
    lines.push(match env {
        Env::Live => test_order(exchange, product).await,
        Env::Paper => Line::skipped(TEST_ORDER, "this configuration is for reading; its orders stay on paper"),
    });
    lines.into_iter().map(|line| Line { found: configuration.credentials.hidden_in(&line.found), ..line }).collect()
}

/// What is traded first of all.
fn traded(exchange: &Reached) -> Product {
    let products = exchange.protocol().capabilities().products;
    let first = products.first().copied().unwrap_or(Product::Spot);
    if products.contains(&Product::Spot) { Product::Spot } else { first }
}

/// Server and clock; whether there was an answer at all.
async fn server(exchange: &Reached) -> (Vec<Line>, bool) {
    let offset = match exchange.measure_clock().await {
        Ok(Some(offset)) => offset,
        Ok(None) => {
            let slow =
                Line::failed("server", "it answers too slowly to tell the time", "look at the network, and try again");
            return (vec![slow], false);
        }
        Err(fault) => return (vec![Line::fault("server", &fault)], false),
    };
    let server = Line::ok("server", format!("answers within {} ms", offset.trip_ms));
    let found = format!("the venue's clock is {} ms ahead of this machine's", offset.ms);
    let clock = if offset.is_too_far() {
        Line::failed("clock", found, "set this machine's clock (NTP): 500 ms are allowed")
    } else {
        Line::ok("clock", found)
    };
    (vec![server, clock], true)
}

async fn rights(exchange: &Reached, balances: &Result<Balances, CallFault>, env: Env, accept: bool) -> Line {
    let mut told = match exchange.key_permissions().await {
        Ok(told) => told,
        Err(fault) => return Line::fault("permissions", &fault),
    };
    if balances.is_ok() {
        // Seen, whatever was told.
        told.read = told.read.or(Some(true));
    }
    match admit(&told, env, accept, WallClock.now()) {
        Ok(untold) => Line::ok("permissions", rights_words(&told, &untold)),
        Err(refusal) => Line::failed("permissions", refusal.to_string(), ""),
    }
}

fn rights_words(told: &KeyPermissions, untold: &[Right]) -> String {
    let word = |what: &str, may: Option<bool>| match may {
        Some(true) => format!("{what} yes"),
        Some(false) => format!("{what} no"),
        None => format!("{what} not told"),
    };
    let rights = [("read", told.read), ("spot", told.spot), ("contracts", told.contracts), ("withdraw", told.withdraw)];
    let mut words: Vec<String> = rights.into_iter().map(|(what, may)| word(what, may)).collect();
    if told.addresses.is_empty() {
        words.push("no list of addresses is told: set one at the venue".to_owned());
    }
    if !untold.is_empty() {
        let rights: Vec<String> = untold.iter().map(Right::to_string).collect();
        words.push(format!("accepted without the venue's word: {}", rights.join(", ")));
    }
    words.join(", ")
}

fn holdings(balances: &Result<Balances, CallFault>) -> Line {
    match balances {
        Ok(balances) => {
            let held = balances.of.values().filter(|holding| holding.total.is_some_and(|total| !total.is_zero()));
            Line::ok("balances", format!("{} currencies are held", held.count()))
        }
        Err(fault) => Line::fault("balances", fault),
    }
}

/// Whether orders can be held against the filters of a market.
fn has_filters(market: &Instrument) -> bool {
    let least = market.min_quantity.is_some() || market.min_notional.is_some() || market.lot.is_some();
    market.tick.is_some_and(|tick| !tick.is_zero()) && market.lot.is_some_and(|lot| !lot.is_zero()) && least
}

fn limits(exchange: &Reached) -> Line {
    let markets = exchange.markets();
    let active = markets.iter().filter(|market| market.active);
    let (whole, lacking): (Vec<&Instrument>, Vec<&Instrument>) = active.partition(|market| has_filters(market));
    let found = format!("{} markets with steps and limits, {} without", whole.len(), lacking.len());
    if whole.is_empty() {
        return Line::failed("limits", found, "no order can be checked before it is sent; don't trade here now");
    }
    Line::ok("limits", found)
}

/// A market that most accounts can trade in.
fn usual_market(exchange: &Reached) -> Option<Instrument> {
    let markets = exchange.markets();
    let usable = |market: &&Instrument| market.active && has_filters(market);
    let named = ["USDT", "USDC", "USD", "EUR"]
        .into_iter()
        .find_map(|quote| markets.iter().filter(usable).find(|market| market.base == "BTC" && market.quote == quote));
    named.or_else(|| markets.iter().find(usable)).cloned()
}

/// The least that the market takes at a price, a tenth above its smallest notional.
fn least(market: &Instrument, price: Decimal) -> Option<Decimal> {
    let lot = market.lot.filter(|lot| !lot.is_zero())?;
    let notional = market.min_notional.unwrap_or_default().checked_mul(Decimal::new(11, 1))?;
    let of_notional = notional.checked_div(price)?.round_dp(12);
    let wanted = of_notional.max(market.min_quantity.unwrap_or_default()).max(lot);
    onto(wanted, lot, Rounding::Ceil).ok()
}

/// The check that comes last.
const TEST_ORDER: &str = "test order";

async fn test_order(exchange: &Reached, product: Product) -> Line {
    const WHAT: &str = TEST_ORDER;
    let capabilities = exchange.protocol().capabilities();
    if !capabilities.orders.test {
        return Line::skipped(WHAT, format!("{} can't check an order without placing it", capabilities.name));
    }
    let Some(market) = usual_market(exchange) else {
        return Line::failed(WHAT, "no market with steps and limits", "don't trade here now");
    };
    let scope = Scope { product: Some(product), ..Scope::default() };
    let ticker = match exchange.protocol().ticker(&market, &scope) {
        Ok(ask) => exchange.read(ask).await,
        Err(error) => Err(error.into()),
    };
    let ticker = match ticker {
        Ok(ticker) => ticker,
        Err(fault) => return Line::fault(WHAT, &fault),
    };
    // Behind the market: were it ever placed, it would rest.
    let price = ticker.bid.or(ticker.last).and_then(|price| price.checked_mul(Decimal::new(95, 2)));
    let price = price.filter(|price| *price > Decimal::ZERO);
    let Some((price, quantity)) = price.and_then(|price| Some((price, least(&market, price)?))) else {
        return Line::failed(WHAT, format!("{} has no price", market.name), "try again when it trades");
    };
    let mut order = NewOrder::plain(&market, Side::Buy, OrderKind::Limit);
    order.quantity = Some(quantity);
    order.price = Some(price);
    order.time_in_force = Some(TimeInForce::Gtc);
    order.client_id = Some(random_hex());
    order.test = true;
    order.account = match exchange.account_scope().await {
        Ok(scope) => scope.account,
        Err(fault) => return Line::fault(WHAT, &fault),
    };
    let ask = match exchange.protocol().place(&order) {
        Ok(ask) => ask,
        Err(error) => return Line::skipped(WHAT, error.to_string()),
    };
    match exchange.once(ask, None).await {
        Ok(_) => Line::ok(
            WHAT,
            format!("{} accepts a buy of {quantity} {}, and did not place it", capabilities.name, market.name),
        ),
        Err(CallFault::Read(ReadFault::Api(error))) if error.meaning == Meaning::Refusal => {
            Line::failed(WHAT, error.to_string(), "fund the account, or look at what the venue says about it")
        }
        Err(fault) => Line::fault(WHAT, &fault),
    }
}

#[cfg(test)]
mod tests;
