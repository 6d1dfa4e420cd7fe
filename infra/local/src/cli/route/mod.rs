//! `ballast route`: where an order would be best filled, over the books of several exchanges. It looks, and places nothing.
//!
//! 1. Every exchange is asked by itself and at the same time: its markets, the book, and with keys the account's fees and
//!    balances. One that fails is named with its reason, and the plan is made of the others.
//! 2. A server's order book counts once, however many accounts there stand before it: the one that may spend most takes part.
//! 3. Without keys the fee is the one given, or the lowest tier of the published schedule, and nothing is known of
//!    balances: only the books bound the plan.
//! 4. [`venue::route`] makes the plan, and says why an exchange has no part in it.

mod shown;
mod unfilled;

use super::keys::{KeysAt, Reached, at, fault_words, reach};
use super::print::print_json;
use crate::in_use::server;
use anyhow::{anyhow, bail};
use clap::{Args, ValueEnum};
use desk::money::{Price, Quantity};
use rust_decimal::Decimal;
use shown::{Shown, text};
use std::collections::{BTreeMap, BTreeSet};
use unfilled::Unfilled;
use venue::keys::base_url;
use venue::live::Access;
use venue::protocol::call::Wallet;
use venue::protocol::model::Side;
use venue::protocol::{CallError, CallFault, Credentials, Instrument, Product, Scope};
use venue::registry::{ADAPTERS, adapter, names};
use venue::route::left_out::left_out;
use venue::route::{Offer, route};

/// Buy or sell, as the command line has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Way {
    Buy,
    Sell,
}

#[derive(Debug, Args)]
pub(super) struct RouteArguments {
    /// The spot market, by its unified name: BTC/USDT
    #[arg(long)]
    symbol: String,
    /// What is to be done
    #[arg(long)]
    side: Way,
    /// How much, in units of the base currency
    #[arg(long, allow_hyphen_values = true)]
    quantity: String,
    /// Which exchanges, by their ids in `ballast venues`, separated by commas; ID@URL for another server
    /// [default: all with spot markets]
    #[arg(long, value_delimiter = ',', value_name = "ID[@URL]")]
    venues: Vec<String>,
    /// What a taker pays at an exchange, in basis points from -10 (a rebate) to 1000, instead of the published schedule or
    /// the account's own; repeat it for several
    #[arg(long = "fee-bps", value_name = "ID=BPS")]
    fees: Vec<String>,
    /// Between the accounts of the active keys (`ballast keys`), one at each exchange: their fee rates count, and their
    /// balances bound the plan
    #[arg(long)]
    accounts: bool,
    #[command(flatten)]
    keys: KeysAt,
    /// How many levels of each book are looked at
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    depth: u32,
    /// Answer with one JSON object
    #[arg(long)]
    json: bool,
}

/// What a taker's fee may be, in basis points: the best rebates and the dearest schedules lie well within.
const FEE_MIN_BPS: i32 = -10;
const FEE_MAX_BPS: i32 = 1000;

/// What is wanted.
#[derive(Debug, Clone)]
struct Wish {
    symbol: String,
    side: Side,
    depth: u32,
}

/// Whose order book it is: the venue's id, another server than its own, whether it is the test network.
type Server = (&'static str, Option<String>, bool);

/// One exchange, or one account at it.
struct Candidate {
    name: String,
    server: Server,
    exchange: Reached,
    credentials: Option<Credentials>,
    /// The fee that was given, as a fraction.
    fee: Option<Decimal>,
}

/// What an exchange offers, and where its fee comes from.
struct Found {
    server: Server,
    offer: Offer,
    fee_from: &'static str,
}

/// Why an exchange has nothing to offer.
enum Nothing {
    /// It has no such market.
    NoMarket,
    /// In words.
    Because(String),
}

impl From<String> for Nothing {
    fn from(why: String) -> Self {
        Self::Because(why)
    }
}

pub(super) async fn run(arguments: &RouteArguments) -> anyhow::Result<()> {
    let quantity = quantity(&arguments.quantity)?;
    let side = match arguments.side {
        Way::Buy => Side::Buy,
        Way::Sell => Side::Sell,
    };
    let wish = Wish { symbol: arguments.symbol.clone(), side, depth: arguments.depth };
    let mut asking = Vec::new();
    for candidate in candidates(arguments)? {
        let (name, wish) = (candidate.name.clone(), wish.clone());
        asking.push((name, tokio::spawn(async move { ask(&candidate, &wish).await })));
    }
    let (mut found, mut failures, mut without) = (Vec::new(), Vec::new(), 0);
    let all = asking.len();
    for (name, asked) in asking {
        match asked.await? {
            Ok(one) => found.push(one),
            Err(Nothing::Because(why)) => failures.push((name, why)),
            Err(Nothing::NoMarket) => {
                without += 1;
                failures.push((name, format!("it has no spot market {}", wish.symbol)));
            }
        }
    }
    let (found, same) = each_book_once(found);
    failures.extend(same);
    let offers: Vec<Offer> = found.iter().map(|one| one.offer.clone()).collect();
    let plan = route(side, quantity, &offers)?;
    let unused = left_out(side, quantity, &offers, &plan)?;
    failures.extend(unused.into_iter().map(|(name, why)| (name, why.to_string())));
    let why = Unfilled::of(&plan, &offers, all, without);
    let shown = Shown { wish: &wish, quantity, plan: &plan, found: &found, left_out: &failures, why: &why };
    if arguments.json {
        print_json(&shown.json())?;
    } else {
        shown.print();
    }
    if without == all {
        bail!(
            "no exchange that was asked has a spot market {}: write its unified name, like BTC/USDT, or ask others with \
             --venues",
            wish.symbol
        );
    }
    if plan.slices.is_empty() {
        bail!("no exchange takes any of it: {why}");
    }
    if !plan.unfilled.is_zero() {
        let (rest, symbol) = (text(plan.unfilled), &wish.symbol);
        bail!("{rest} of {quantity} {symbol} have no place in this plan: {why}; {}", why.way_out());
    }
    Ok(())
}

/// How much is to be routed.
fn quantity(given: &str) -> anyhow::Result<Quantity> {
    let wrong =
        |e: &dyn std::fmt::Display| anyhow!("--quantity {given}: {e}; write a number like 1.5, greater than zero");
    let quantity: Quantity = given.parse().map_err(|e| wrong(&e))?;
    if quantity.is_zero() {
        return Err(wrong(&"nothing is to be routed"));
    }
    Ok(quantity)
}

/// Keeps, of several accounts before one order book, the one that may spend most, and names the others.
fn each_book_once(found: Vec<Found>) -> (Vec<Found>, Vec<(String, String)>) {
    let mut kept: Vec<Found> = Vec::new();
    let mut out = Vec::new();
    for one in found {
        let Some(known) = kept.iter_mut().find(|known| known.server == one.server) else {
            kept.push(one);
            continue;
        };
        let richer = one.offer.available > known.offer.available;
        let less = if richer { std::mem::replace(known, one) } else { one };
        let why = format!("its order book counts once, and {:?} there may spend more, or as much", known.offer.venue);
        out.push((less.offer.venue, why));
    }
    (kept, out)
}

/// Whom to ask.
fn candidates(arguments: &RouteArguments) -> anyhow::Result<Vec<Candidate>> {
    let fees = fees(&arguments.fees)?;
    let all = if arguments.accounts { accounts(arguments, &fees)? } else { public(arguments, &fees)? };
    let known: BTreeSet<&Server> = all.iter().map(|one| &one.server).collect();
    if !arguments.accounts && known.len() < all.len() {
        bail!("--venues: one of them is there twice");
    }
    for venue in fees.keys() {
        let asked: BTreeSet<&str> = known.iter().map(|(venue, _, _)| *venue).collect();
        if !asked.contains(venue) {
            let asked: Vec<&str> = asked.into_iter().collect();
            bail!("--fee-bps {venue}: this exchange is not asked; asked are {}", asked.join(", "));
        }
    }
    Ok(all)
}

/// Given fees, as fractions, by the ids of exchanges.
fn fees(given: &[String]) -> anyhow::Result<BTreeMap<&'static str, Decimal>> {
    fn one(text: &str) -> anyhow::Result<(&'static str, Decimal)> {
        let wrong = || anyhow!("--fee-bps {text}: write an exchange's id and basis points, like binance=7.5");
        let (venue, bps) = text.rsplit_once('=').ok_or_else(wrong)?;
        let venue = adapter(venue).ok_or_else(wrong)?.protocol.capabilities().venue;
        let bps: Decimal = bps.parse().map_err(|_| wrong())?;
        if !(Decimal::from(FEE_MIN_BPS)..=Decimal::from(FEE_MAX_BPS)).contains(&bps) {
            bail!(
                "--fee-bps {text}: no exchange takes that; give {FEE_MIN_BPS} (a rebate) to {FEE_MAX_BPS} basis points"
            );
        }
        let fee = bps.checked_div(Decimal::from(10_000));
        Ok((venue, fee.ok_or_else(wrong)?))
    }
    let mut fees = BTreeMap::new();
    for text in given {
        let (venue, fee) = one(text)?;
        if fees.insert(venue, fee).is_some() {
            bail!("--fee-bps {text}: {venue} has one already");
        }
    }
    Ok(fees)
}

fn public(arguments: &RouteArguments, fees: &BTreeMap<&'static str, Decimal>) -> anyhow::Result<Vec<Candidate>> {
    let spot = ADAPTERS.iter().map(|adapter| adapter.protocol.capabilities());
    let spot = spot.filter(|record| record.products.contains(&Product::Spot)).map(|record| record.venue.to_owned());
    let asked = if arguments.venues.is_empty() { spot.collect() } else { arguments.venues.clone() };
    let one = |name: String| -> anyhow::Result<Candidate> {
        let (venue, url) = name.split_once('@').map_or((name.as_str(), None), |(venue, url)| (venue, Some(url)));
        let known = || anyhow!("there is no venue {venue:?}; there are {}", names().join(", "));
        let adapter = adapter(venue).ok_or_else(known)?;
        let capabilities = adapter.protocol.capabilities();
        let url = url.map(base_url).transpose()?;
        let server = (capabilities.venue, url.clone(), false);
        let origins = url.map(|url| BTreeMap::from([("*".to_owned(), url)])).unwrap_or_default();
        let exchange = at(adapter, Access { origins, ..Access::default() })?;
        Ok(Candidate { fee: fees.get(capabilities.venue).copied(), exchange, server, credentials: None, name })
    };
    asked.into_iter().map(one).collect()
}

fn accounts(arguments: &RouteArguments, fees: &BTreeMap<&'static str, Decimal>) -> anyhow::Result<Vec<Candidate>> {
    let wanted = |venue: &str| arguments.venues.is_empty() || arguments.venues.iter().any(|one| one == venue);
    let all = arguments.keys.existing()?.all()?;
    let mut found = Vec::new();
    for one in all.iter().filter(|one| one.settings.active && wanted(one.venue)) {
        let (exchange, fee) = (reach(one)?, fees.get(one.venue).copied());
        let (venue, url, test) = server(one);
        let server = (venue, url.map(str::to_owned), test);
        let (name, credentials) = (one.label.clone(), Some(one.credentials.clone()));
        found.push(Candidate { name, server, exchange, credentials, fee });
    }
    if found.is_empty() {
        bail!("no configuration of these exchanges is active; see `ballast keys list` and `ballast keys activate`");
    }
    Ok(found)
}

/// What an exchange offers, or why it can't be asked.
async fn ask(candidate: &Candidate, wish: &Wish) -> Result<Found, Nothing> {
    let exchange = &candidate.exchange;
    let words = |fault: CallFault| match &candidate.credentials {
        Some(credentials) => fault_words(&fault, credentials),
        None => fault.to_string(),
    };
    let markets = exchange.load_markets(&[Product::Spot]).await.map_err(words)?;
    let market = markets.get(&wish.symbol).filter(|market| market.product == Product::Spot);
    let market = market.ok_or(Nothing::NoMarket)?;
    if !market.active {
        return Err(format!("it takes no orders in {} at the moment", market.name).into());
    }
    let (fee, fee_from, available) = terms(candidate, market, wish.side).await.map_err(words)?;
    let asked = exchange.protocol().order_book(market, Some(wish.depth), &Scope::default());
    let book = exchange.read(asked.map_err(|e| e.to_string())?).await.map_err(words)?;
    let levels = match wish.side {
        Side::Buy => book.asks,
        Side::Sell => book.bids,
    };
    let levels = levels.iter().filter(|level| !level.quantity.is_zero()).map(|level| (level.price, level.quantity));
    let offer = offer(candidate.name.clone(), market, levels.collect(), fee, available)?;
    let offer = if available.is_none() { offer.unbound(wish.side).map_err(|e| e.to_string())? } else { offer };
    Ok(Found { server: candidate.server.clone(), offer, fee_from })
}

/// The taker's fee, where it comes from, and what the account may spend; `None` without an account.
async fn terms(
    candidate: &Candidate,
    market: &Instrument,
    side: Side,
) -> Result<(Decimal, &'static str, Option<Decimal>), CallFault> {
    let exchange = &candidate.exchange;
    let schedule = exchange.protocol().capabilities().taker_ppm.iter().find(|(product, _)| *product == market.product);
    let schedule = schedule.map_or(Decimal::ZERO, |(_, ppm)| Decimal::new(i64::from(*ppm), 6));
    if candidate.credentials.is_none() {
        return Ok(candidate.fee.map_or((schedule, "schedule", None), |fee| (fee, "given", None)));
    }
    exchange.measure_clock().await?;
    let account = exchange.account_scope().await?;
    let scope = Scope { product: Some(market.product), wallet: Some(Wallet::Spot), ..account.clone() };
    let held = exchange.balances(&scope).await?;
    let currency = match side {
        Side::Buy => &market.quote,
        Side::Sell => &market.base,
    };
    let available = held.of.get(currency).and_then(|holding| holding.free).unwrap_or_default();
    let (fee, from) = match candidate.fee {
        Some(fee) => (fee, "given"),
        None => match told(exchange, market, &account).await? {
            Some(fee) => (fee, "account"),
            None => (schedule, "schedule"),
        },
    };
    Ok((fee, from, Some(available)))
}

/// The taker's fee that the venue tells of the account, where it does.
async fn told(exchange: &Reached, market: &Instrument, account: &Scope) -> Result<Option<Decimal>, CallFault> {
    match exchange.protocol().fee_rate(market, account) {
        Ok(ask) => Ok(exchange.read(ask).await?.taker),
        Err(CallError::Unsupported { .. }) => Ok(None),
        Err(error @ (CallError::Invalid(_) | CallError::Credentials { .. })) => Err(error.into()),
    }
}

fn offer(
    venue: String,
    market: &Instrument,
    levels: Vec<(Price, Quantity)>,
    fee: Decimal,
    available: Option<Decimal>,
) -> Result<Offer, String> {
    let wrong = |e: desk::money::MoneyError| format!("{}: {e}", market.name);
    let lot = market.lot.filter(|lot| !lot.is_zero()).ok_or("it does not tell its step of quantities")?;
    let lot = Quantity::new(lot).map_err(wrong)?;
    let most: Decimal = levels.iter().map(|(_, quantity)| quantity.value()).sum();
    Ok(Offer {
        venue,
        fee,
        lot,
        min_quantity: market.min_quantity.map_or(Ok(lot), Quantity::new).map_err(wrong)?,
        min_notional: market.min_notional.unwrap_or_default(),
        max_quantity: Quantity::new(market.max_quantity.unwrap_or(most)).map_err(wrong)?,
        available: available.unwrap_or_default(),
        levels,
    })
}
