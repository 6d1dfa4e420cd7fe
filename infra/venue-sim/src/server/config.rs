//! What a simulated exchange is started with.

use crate::api::limits::Limits;
use crate::engine::rules::Rules;
use crate::faults::Faults;
use rust_decimal::Decimal;
use std::net::{Ipv4Addr, SocketAddr};

/// A market to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Its rules.
    pub rules: Rules,
    /// Where its price begins.
    pub price: Decimal,
    /// Prices that the reference price follows, step by step; it walks by itself, when empty.
    pub path: Vec<Decimal>,
}

impl Listing {
    /// One of the markets that are known by name: usual rules, and a price of the right size.
    #[must_use]
    pub fn named(symbol: &str) -> Option<Self> {
        let (base, quote, tick, step, price) = match symbol {
            "BTCUSDT" => ("BTC", "USDT", Decimal::new(1, 2), Decimal::new(1, 5), 60_000),
            "ETHUSDT" => ("ETH", "USDT", Decimal::new(1, 2), Decimal::new(1, 4), 3_000),
            "BNBUSDT" => ("BNB", "USDT", Decimal::new(1, 2), Decimal::new(1, 3), 600),
            "SOLUSDT" => ("SOL", "USDT", Decimal::new(1, 2), Decimal::new(1, 3), 150),
            "XRPUSDT" => ("XRP", "USDT", Decimal::new(1, 4), Decimal::new(1, 1), 1),
            "BTCUSDC" => ("BTC", "USDC", Decimal::new(1, 2), Decimal::new(1, 5), 60_000),
            "ETHBTC" => return Some(Self { rules: small(), price: Decimal::new(5, 2), path: Vec::new() }),
            _ => return None,
        };
        Some(Self { rules: Rules::usual(base, quote, tick, step), price: Decimal::from(price), path: Vec::new() })
    }

    /// A market with other rules.
    #[must_use]
    pub fn new(rules: Rules, price: Decimal) -> Self {
        Self { rules, price, path: Vec::new() }
    }
}

/// ETH in BTC: a notional of 0.0001 BTC.
fn small() -> Rules {
    let mut rules = Rules::usual("ETH", "BTC", Decimal::new(1, 4), Decimal::new(1, 4));
    for filter in &mut rules.filters {
        if let crate::engine::rules::Filter::Notional { min, .. } = filter {
            *min = Decimal::new(1, 4);
        }
    }
    rules
}

/// An account to open.
#[derive(Clone, PartialEq, Eq)]
pub struct Opening {
    /// Its API key.
    pub key: String,
    /// The key's secret.
    pub secret: String,
    /// Commission of resting orders, as a fraction.
    pub maker: Decimal,
    /// Commission of incoming orders, as a fraction.
    pub taker: Decimal,
    /// Its funds.
    pub funds: Vec<(String, Decimal)>,
}

impl Opening {
    /// An account with 10 basis points of commission.
    #[must_use]
    pub fn new(key: &str, secret: &str, funds: &[(&str, i64)]) -> Self {
        let rate = Decimal::new(1, 3);
        let funds = funds.iter().map(|(asset, amount)| ((*asset).to_owned(), Decimal::from(*amount))).collect();
        Self { key: key.to_owned(), secret: secret.to_owned(), maker: rate, taker: rate, funds }
    }
}

/// A simulated exchange.
#[derive(Clone)]
pub struct Config {
    /// Where it listens: on this machine only.
    pub listen: SocketAddr,
    /// Of the synthetic participants.
    pub seed: u64,
    /// Its markets.
    pub listings: Vec<Listing>,
    /// Its accounts.
    pub accounts: Vec<Opening>,
    /// How long a step of the synthetic participants takes, in milliseconds; none take part without it.
    pub step_ms: Option<u64>,
    /// How many times faster they go.
    pub speed: u32,
    /// Request weights and order counts.
    pub limits: Limits,
    /// Faults from the start.
    pub faults: Faults,
}

impl Config {
    /// BTCUSDT, ETHUSDT and BNBUSDT with participants, and one account: key `sim-key`, secret `sim-secret`.
    #[must_use]
    pub fn lively(seed: u64) -> Self {
        Self { step_ms: Some(250), seed, ..Self::quiet() }
    }

    /// The same without participants: books are empty until somebody places an order, and nothing moves by itself.
    #[must_use]
    pub fn quiet() -> Self {
        let listings = ["BTCUSDT", "ETHUSDT", "BNBUSDT"].into_iter().filter_map(Listing::named).collect();
        let funds = [("USDT", 1_000_000), ("BTC", 10), ("ETH", 100), ("BNB", 100)];
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: 0,
            listings,
            accounts: vec![Opening::new("sim-key", "sim-secret", &funds)],
            step_ms: None,
            speed: 1,
            limits: Limits::default(),
            faults: Faults::default(),
        }
    }
}
