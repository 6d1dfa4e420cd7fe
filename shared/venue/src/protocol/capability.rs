//! What a venue promises, as data. `ballast venues` shows it, and the order path reads it.

use super::market::Product;
use serde::Serialize;

/// How an adapter has been tested, and no more than that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// Against documented or published examples.
    Fixtures,
    /// Against recorded traffic of the venue.
    Recorded,
    /// Against the venue's test network.
    Testnet,
    /// With real money.
    Live,
}

/// What a client order id guarantees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ClientId {
    /// The field.
    pub field: &'static str,
    /// Which text it takes.
    pub format: &'static str,
    /// What the venue promises about doubles, and for how long.
    pub promise: &'static str,
    /// The codes (or words) that say "known already". Evidence that an earlier POST landed.
    pub duplicate: &'static [&'static str],
}

/// How long the venue may still act on a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Deadline {
    /// How far ahead it must be at least, in milliseconds; 0 where nothing is said about that.
    pub least_ms: u32,
    /// The field or header; "" where there is none.
    pub field: &'static str,
    /// The longest it can be, in milliseconds; 0 where there is none.
    pub max_ms: u32,
    /// For how long from its making the venue may act on an order that can't name one, in milliseconds; 0 where every
    /// order can.
    pub unnamed_ms: u32,
    /// In words.
    pub rule: &'static str,
}

/// One limit on requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RateLimit {
    /// What is counted: `weight`, `orders`, `requests`.
    pub of: &'static str,
    /// For which class of endpoints it holds; all, when empty.
    pub class: &'static [super::http::EndpointClass],
    /// For which of the venue's servers it holds, by their names; for each of them by itself, when empty.
    pub origins: &'static [&'static str],
    /// How many units.
    pub units: u32,
    /// In how long, in milliseconds.
    pub per_ms: u32,
}

impl RateLimit {
    /// A limit that every server of the venue has for itself.
    #[must_use]
    pub const fn new(of: &'static str, class: &'static [super::http::EndpointClass], units: u32, per_ms: u32) -> Self {
        Self { of, class, origins: &[], units, per_ms }
    }

    /// The same for some of the venue's servers.
    #[must_use]
    pub const fn at(mut self, origins: &'static [&'static str]) -> Self {
        self.origins = origins;
        self
    }
}

/// What a connection to a stream may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StreamLimits {
    /// How many topics of ours one connection carries at most. A topic may be several of the venue's subscriptions: then it
    /// is a part of the venue's number.
    pub topics: usize,
    /// How many messages may be sent on one connection ...
    pub messages: u32,
    /// ... in so many milliseconds. Pings count.
    pub per_ms: u32,
    /// Where the numbers come from, in words.
    pub rule: &'static str,
}

/// The header that turns a request into one to the demo account, at venues whose demo account has the live servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DemoHeader {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: &'static str,
    /// Whether public requests carry it too.
    pub public: bool,
}

/// Which orders the venue takes itself. What it does not take, the desk does not pretend to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Orders {
    /// Good till cancelled, immediate or cancel, fill or kill, post-only, good till a day.
    pub time_in_force: &'static [super::call::TimeInForce],
    /// Stop-loss orders.
    pub stop_loss: bool,
    /// Take-profit orders.
    pub take_profit: bool,
    /// Trailing orders.
    pub trailing: bool,
    /// One cancels the other.
    pub oco: bool,
    /// Reduce-only, for contracts.
    pub reduce_only: bool,
    /// Icebergs.
    pub iceberg: bool,
    /// Changing an order in place.
    pub amend: bool,
    /// Several orders in one request.
    pub batch: bool,
    /// An endpoint that checks an order without placing it.
    pub test: bool,
    /// A dead-man's switch: all orders are cancelled unless we keep saying that we are there.
    pub dead_man: bool,
}

/// How the account's own trades are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct OwnTradesList {
    /// The most rows that are asked for at once.
    pub rows: u32,
    /// The longest stretch of time that can be asked for, in milliseconds; of what is in it the latest are told. `None` where
    /// the list begins at an instant and tells the oldest behind it.
    pub span_ms: Option<i64>,
    /// Whether the list is of one market; of all markets otherwise, whichever is asked for.
    pub of_market: bool,
    /// What is asked for besides, so that each trade is told by itself, as the stream tells it.
    pub with: &'static [(&'static str, &'static str)],
}

/// The capability record of a venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Capabilities {
    /// The venue's id, such as `binance`.
    pub venue: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The version of the API this adapter speaks, and of the documents it was written from.
    pub api: &'static str,
    /// What is traded there and spoken here.
    pub products: &'static [Product],
    /// Its servers: a name and a base URL each.
    pub origins: &'static [(&'static str, &'static str)],
    /// Its test network, or demo servers; the same names.
    pub test_origins: &'static [(&'static str, &'static str)],
    /// What tells the venue that a request is for its demo account, where the servers don't.
    pub demo_header: Option<DemoHeader>,
    /// Whether credentials have a passphrase.
    pub passphrase: bool,
    /// Whether a market order that buys on the spot market names what it may cost, and can't name how much it buys.
    pub market_buys_by_cost: bool,
    /// What a client id guarantees.
    pub client_id: ClientId,
    /// How long a request lives.
    pub deadline: Deadline,
    /// In what steps the venue tells its time, in milliseconds.
    pub clock_step_ms: u32,
    /// How an order is looked up after a time-out, in words: two independent sources.
    pub after_timeout: &'static str,
    /// Whether a key's requests must arrive in the order in which they were made: then one process has the key to itself.
    pub in_sequence: bool,
    /// Whether the trigger of a stop places another order, with an id of its own, and only that one tells what was filled.
    pub triggers_place_orders: bool,
    /// How many orders a list of them tells at most; `None` where it tells all that work.
    pub order_rows: Option<u32>,
    /// How the account's own trades are listed.
    pub own_trades: OwnTradesList,
    /// For how long a fresh order may be missing from the venue's answers, in milliseconds.
    pub query_lag_ms: u32,
    /// How trading with oneself is prevented.
    pub self_trade: &'static [&'static str],
    /// Limits on requests.
    pub limits: &'static [RateLimit],
    /// Limits on streams.
    pub streams: StreamLimits,
    /// What a taker pays on the lowest tier of the published schedule, in millionths of the notional. For estimates; an
    /// account is asked for its own.
    pub taker_ppm: &'static [(Product, u32)],
    /// Which orders it takes.
    pub orders: Orders,
    /// How a gap in the stream of the book is noticed.
    pub book_rule: &'static str,
    /// How it has been tested.
    pub evidence: Evidence,
    /// What a user should know before trusting it with money.
    pub notes: &'static [&'static str],
}
