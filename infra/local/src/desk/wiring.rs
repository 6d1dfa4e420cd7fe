//! Who works with what: the handlers' dependencies, built once.

use super::clock::{DeskClock, MarketClock};
use super::feed::{Candles, Feed};
use super::queues::Queues;
use super::timing::Timing;
use super::unreached::Unreached;
use super::watch;
use crate::embedded::Shelves;
use api::auth::{Guard, Token};
use axum::Router;
use boot::config::DeskConfig;
use boot::{Failure, WallClock};
use desk::strategy::Strategy;
use desk::time::Timestamp;
use std::sync::Arc;
use store::Store;
use venue::either::Either;
use venue::live::{Http, LiveSpot, VenueBars};
use venue::paper::{Paper, Terms};

/// The table all handlers share.
pub type LocalTable = Arc<Shelves>;
/// The paper venue.
pub type PaperVenue = Paper<LocalTable, MarketClock, DeskClock>;
/// A spot account at a venue over the network.
pub type LiveVenue = LiveSpot<LocalTable, WallClock, Http>;
/// The venue all handlers share: the paper venue; or a live desk's, and what stands in its place while the desk rests.
pub type LocalVenue = Either<PaperVenue, Either<Unreached, LiveVenue>>;

/// What moves a market that is played.
#[derive(Debug, Clone)]
pub struct Played {
    /// Its bars.
    pub feed: Feed,
    /// Where they meet orders.
    pub paper: PaperVenue,
}

/// Where a desk's market comes from.
#[derive(Debug)]
pub enum Market {
    /// Bars, met by the paper venue.
    Played(Feed),
    /// A venue. Its account has been opened.
    Venue(LiveVenue),
    /// A venue that is not reached, because the desk rests.
    Unreached,
}

/// The handlers with what they work with.
#[derive(Debug)]
pub struct Handlers {
    /// Pulls candles.
    pub market_data: market_data::Deps<LocalTable, Candles, Queues>,
    /// Decides what is wished.
    pub signal_inference: signal_inference::Deps<LocalTable, Queues>,
    /// Decides what is allowed.
    pub risk_validation: risk_validation::Deps<LocalTable, Queues, MarketClock>,
    /// Places.
    pub order_placement: order_placement::Deps<LocalTable, LocalVenue, Queues, DeskClock>,
    /// Books.
    pub fill_booking: fill_booking::Deps<LocalTable, Queues, DeskClock>,
    /// Compares.
    pub reconciliation: reconciliation::Deps<LocalTable, LocalVenue, Queues, DeskClock>,
    /// Values.
    pub snapshot: portfolio_snapshot::Deps<LocalTable, MarketClock>,
    /// Stops.
    pub kill_switch: kill_switch::Deps<LocalTable, LocalVenue, Queues, DeskClock, WallClock>,
}

/// The desk.
#[derive(Debug)]
pub struct Desk {
    /// What it is told.
    pub config: Arc<DeskConfig>,
    /// Its books.
    pub store: Store<LocalTable>,
    /// Its venue.
    pub venue: LocalVenue,
    /// Its queues.
    pub queues: Queues,
    /// Its time.
    pub clock: DeskClock,
    /// Its market, if it is played.
    pub played: Option<Played>,
    /// Its handlers.
    pub handlers: Handlers,
    /// Where its time goes.
    pub timing: Timing,
}

/// What a desk is built from.
#[derive(Debug)]
pub struct Parts {
    /// What it is told.
    pub config: Arc<DeskConfig>,
    /// By what it trades.
    pub strategy: Strategy,
    /// The store.
    pub table: LocalTable,
    /// The queues.
    pub queues: Queues,
    /// The desk's time.
    pub clock: DeskClock,
    /// The market's time.
    pub market_clock: MarketClock,
    /// The market.
    pub market: Market,
}

impl Desk {
    /// Wires a desk, opens its account and, on paper, funds it at the venue; both only the first time.
    ///
    /// # Errors
    /// As the store.
    pub async fn wire(parts: Parts, start: Timestamp) -> Result<Self, Failure> {
        let Parts { config, strategy, table, queues, clock, market_clock, market } = parts;
        let store = Store::new(table.clone());
        let paper = &config.paper;
        let terms = Terms { fee: paper.fee, slippage: paper.slippage, participation: paper.participation };
        let instruments = config.markets.iter().map(|market| market.instrument.clone());
        let (venue, candles, played) = match market {
            Market::Played(feed) => {
                store.open_account(&config.opening(start)).await?;
                let (id, market_clock, clock) = (config.venue.clone(), market_clock.clone(), clock.clone());
                let paper = Paper::new(id, table, market_clock, clock, terms, instruments);
                paper.fund(&config.account, &config.quote, config.cash).await?;
                let played = Played { feed: feed.clone(), paper: paper.clone() };
                (Either::Paper(paper), Candles::Played(feed), Some(played))
            }
            Market::Venue(live) => {
                let bars = VenueBars::new(live.shared());
                (Either::Live(Either::Live(live)), Candles::Venue(bars), None)
            }
            Market::Unreached => {
                let nothing = Feed::recorded(Vec::new(), market_clock.clone());
                (Either::Live(Either::Paper(Unreached(config.venue.clone()))), Candles::Played(nothing), None)
            }
        };
        let handlers = Handlers {
            market_data: market_data::Deps {
                store: store.clone(),
                candles,
                queues: queues.clone(),
                config: config.clone(),
                last: market_data::Last::default(),
            },
            signal_inference: signal_inference::Deps {
                store: store.clone(),
                queues: queues.clone(),
                config: config.clone(),
                strategy,
                cursors: signal_inference::Cursors::default(),
            },
            risk_validation: risk_validation::Deps {
                store: store.clone(),
                queues: queues.clone(),
                clock: market_clock.clone(),
                config: config.clone(),
            },
            order_placement: order_placement::Deps {
                store: store.clone(),
                venue: venue.clone(),
                queues: queues.clone(),
                clock: clock.clone(),
            },
            fill_booking: fill_booking::Deps {
                store: store.clone(),
                queues: queues.clone(),
                clock: clock.clone(),
                config: config.clone(),
            },
            reconciliation: reconciliation::Deps {
                store: store.clone(),
                venue: venue.clone(),
                queues: queues.clone(),
                clock: clock.clone(),
                config: config.clone(),
            },
            snapshot: portfolio_snapshot::Deps { store: store.clone(), clock: market_clock, config: config.clone() },
            kill_switch: kill_switch::Deps {
                store: store.clone(),
                venue: Some(venue.clone()),
                queues: queues.clone(),
                clock: clock.clone(),
                wall: WallClock,
                config: config.clone(),
            },
        };
        Ok(Self { config, store, venue, queues, clock, played, handlers, timing: Timing::default() })
    }

    /// The API, for whoever shows the token.
    pub fn api(&self, token: &str) -> Router {
        let guard = Guard::Token(Token::new(token));
        let kill = &self.handlers.kill_switch;
        let kill = kill_switch::Deps {
            store: kill.store.clone(),
            venue: kill.venue.clone(),
            queues: kill.queues.clone(),
            clock: kill.clock.clone(),
            wall: kill.wall,
            config: kill.config.clone(),
        };
        let deps = api::Deps { store: self.store.clone(), clock: self.clock.clone(), config: self.config.clone() };
        let seen = watch::Deps { store: self.store.clone(), queues: self.queues.clone(), config: self.config.clone() };
        let routes = api::routes(Arc::new(deps), guard.clone()).merge(watch::routes(seen, guard.clone()));
        let routes = routes.merge(kill_switch::http::routes(Arc::new(kill), guard));
        api::shell(routes, crate::folder::random_hex)
    }
}
