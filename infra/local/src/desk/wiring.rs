//! Who works with what: the handlers' dependencies, built once.

use super::clock::{DeskClock, MarketClock};
use super::feed::Feed;
use super::queues::Queues;
use super::timing::Timing;
use crate::embedded::Shelves;
use api::auth::{Guard, Token};
use axum::Router;
use boot::config::DeskConfig;
use boot::{Failure, WallClock};
use desk::strategy::Strategy;
use desk::time::Timestamp;
use std::sync::Arc;
use store::Store;
use venue::paper::{Paper, Terms};

/// The table all handlers share.
pub type LocalTable = Arc<Shelves>;
/// The venue all handlers share.
pub type LocalVenue = Paper<LocalTable, MarketClock, DeskClock>;

/// The handlers with what they work with.
#[derive(Debug)]
pub struct Handlers {
    /// Pulls candles.
    pub market_data: market_data::Deps<LocalTable, Feed, Queues>,
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
    /// Its market.
    pub feed: Feed,
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
    pub feed: Feed,
}

impl Desk {
    /// Wires a desk, opens its account and funds it at the paper venue; both only the first time.
    ///
    /// # Errors
    /// As the store.
    pub async fn wire(parts: Parts, start: Timestamp) -> Result<Self, Failure> {
        let Parts { config, strategy, table, queues, clock, market_clock, feed } = parts;
        let store = Store::new(table.clone());
        let paper = &config.paper;
        let terms = Terms { fee: paper.fee, slippage: paper.slippage, participation: paper.participation };
        let instruments = config.markets.iter().map(|market| market.instrument.clone());
        let venue = Paper::new(config.venue.clone(), table, market_clock.clone(), clock.clone(), terms, instruments);
        let (account, quote, cash) = (config.account.clone(), config.quote.clone(), config.cash);
        store.open_account(&config.opening(start)).await?;
        venue.fund(&account, &quote, cash).await?;
        let handlers = Handlers {
            market_data: market_data::Deps {
                store: store.clone(),
                candles: feed.clone(),
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
                venue: venue.clone(),
                queues: queues.clone(),
                clock: clock.clone(),
                wall: WallClock,
                config: config.clone(),
            },
        };
        Ok(Self { config, store, venue, queues, clock, feed, handlers, timing: Timing::default() })
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
        let routes = api::routes(Arc::new(deps), guard.clone()).merge(kill_switch::http::routes(Arc::new(kill), guard));
        api::shell(routes, crate::folder::random_hex)
    }
}
