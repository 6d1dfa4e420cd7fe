//! Streams: what is said to subscribe, and what a frame means. Nothing here opens a socket.

use super::book::{BookRule, BookUpdate};
use super::fault::{ApiError, CallError, ReadFault};
use super::http::Moment;
use super::market::{Instrument, Markets, Product};
use super::model::{Balances, Bar, Funding, OrderReport, OwnTrade, PositionReport, PublicTrade, Ticker};
use super::{Ask, Credentials};
use desk::time::Interval;

/// What can be listened to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topic {
    /// Trades of a market.
    Trades(Instrument),
    /// The day at a glance.
    Ticker(Instrument),
    /// The order book.
    Book(Instrument),
    /// Bars.
    Bars(Instrument, Interval),
    /// Our own orders and fills in all markets of a product.
    Orders(Product),
    /// Our own balances.
    Balances(Product),
    /// Our own positions.
    Positions(Product),
}

impl Topic {
    /// On which channel it is told.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        match self {
            Self::Trades(market) | Self::Ticker(market) | Self::Book(market) | Self::Bars(market, _) => {
                Channel::Public(market.product)
            }
            Self::Orders(product) | Self::Balances(product) | Self::Positions(product) => Channel::Private(*product),
        }
    }
}

/// Which of a venue's stream servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// Market data.
    Public(Product),
    /// Our own orders, fills and balances.
    Private(Product),
}

/// What a venue's REST server gives out for a stream.
#[derive(Clone, PartialEq, Eq)]
pub struct StreamToken {
    /// The token, which is a secret.
    pub token: String,
    /// The stream's URL, where the venue tells it.
    pub url: Option<String>,
    /// How often it wants to hear a ping, in milliseconds, where the venue tells it.
    pub ping_every_ms: Option<u32>,
}

impl std::fmt::Debug for StreamToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StreamToken(..)")
    }
}

/// How a connection is kept alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heartbeat {
    /// How often, in milliseconds.
    pub every_ms: u32,
    /// What is sent; a WebSocket ping, when `None`.
    pub frame: Option<String>,
    /// After how many milliseconds without any frame the connection is taken for dead.
    pub silence_max_ms: u32,
}

/// What a frame tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A trade of the market.
    Trade(PublicTrade),
    /// A ticker.
    Ticker(Box<Ticker>),
    /// A snapshot or delta of a book.
    Book(BookUpdate),
    /// A bar that is forming, or has closed.
    Bar {
        /// The market's unified name.
        market: String,
        /// Its length.
        interval: Interval,
        /// The bar.
        bar: Bar,
        /// Whether it is final.
        closed: bool,
    },
    /// Funding and mark price.
    Funding(Funding),
    /// One of our orders changed.
    Order(Box<OrderReport>),
    /// One of our orders was filled.
    Fill(Box<OwnTrade>),
    /// Our balances; those not named did not change.
    Balances(Balances),
    /// One of our positions changed.
    Position(Box<PositionReport>),
    /// The server accepted a subscription or a login.
    Accepted(String),
    /// The server refused something.
    Refused(ApiError),
    /// The server is there.
    Heartbeat,
    /// The server asks for this answer, now.
    Answer(String),
    /// The server wants us to connect again.
    Reconnect(String),
    /// Known, and of no use to the desk; says what it is.
    Ignored(&'static str),
}

/// Large events are boxed: of trades and deltas, which come most often, no more is moved about than they hold.
macro_rules! boxed {
    ($($large:ty => $event:ident),+) => {$(
        impl From<$large> for Event {
            fn from(large: $large) -> Self {
                Self::$event(Box::new(large))
            }
        }
    )+};
}

boxed!(Ticker => Ticker, OrderReport => Order, OwnTrade => Fill, PositionReport => Position);

/// A venue's streams.
pub trait Streams: Send + Sync {
    /// What has to be fetched before connecting, where the venue wants that (listen keys, tokens).
    fn token(&self, channel: Channel) -> Result<Option<Ask<StreamToken>>, CallError>;

    /// Where to connect: a URL with its path. `test` for the test network.
    ///
    /// # Errors
    /// [`CallError`] if there is no such stream, or a token is missing.
    fn url(&self, channel: Channel, token: Option<&StreamToken>, test: bool) -> Result<String, CallError>;

    /// The frames that log in, where the venue wants that.
    ///
    /// # Errors
    /// [`CallError`] if the credentials can't be used.
    fn login(&self, channel: Channel, credentials: &Credentials, moment: Moment) -> Result<Vec<String>, CallError>;

    /// The frames that subscribe (or take subscriptions back).
    ///
    /// # Errors
    /// [`CallError`] if the venue has no such stream.
    fn subscribe(&self, topics: &[Topic], token: Option<&StreamToken>, on: bool) -> Result<Vec<String>, CallError>;

    /// How the connection is kept alive.
    fn heartbeat(&self, channel: Channel) -> Heartbeat;

    /// The rule of its books.
    fn book_rule(&self, product: Product) -> BookRule;

    /// How many levels a side a book's fetched snapshot is asked to have; as many as the venue gives, when `None`.
    fn snapshot_depth(&self, product: Product) -> Option<u32> {
        let _ = product;
        None
    }

    /// How often the token has to be fetched again while a connection lives, in milliseconds, where it would end otherwise. It
    /// lives for twice as long.
    fn renewal_ms(&self, channel: Channel) -> Option<u32> {
        let _ = channel;
        None
    }

    /// What a frame tells. One frame may tell several things.
    ///
    /// # Errors
    /// [`ReadFault`] if it is not as documented: then none of it is believed.
    fn read(&self, channel: Channel, frame: &str, markets: &Markets) -> Result<Vec<Event>, ReadFault>;

    /// Where to connect for one topic: topics with the same answer share a connection. Differs from [`Streams::url`] only
    /// at venues that serve the topics of one channel by several servers.
    ///
    /// # Errors
    /// [`CallError`] if there is no such stream, or a token is missing.
    fn url_of(&self, topic: &Topic, token: Option<&StreamToken>, test: bool) -> Result<String, CallError> {
        self.url(topic.channel(), token, test)
    }

    /// What is said to a frame that only the credentials can answer: a server's challenge (Kraken Futures). The frames
    /// subscribe to those of `topics` that need it; there are none for any other frame.
    ///
    /// # Errors
    /// [`CallError`] if the credentials can't be used.
    fn respond(
        &self,
        channel: Channel,
        frame: &str,
        topics: &[Topic],
        credentials: &Credentials,
    ) -> Result<Vec<String>, CallError> {
        let _ = (channel, frame, topics, credentials);
        Ok(Vec::new())
    }

    /// The number of a frame, at venues that count all frames of a connection together instead of each book's. It grows
    /// by one; if one is missing, every book of the connection has to be forgotten.
    fn sequence(&self, frame: &str) -> Option<u64> {
        let _ = frame;
        None
    }
}
