//! `fill-booking`: the one way into the books.
//!
//! 1. Book the fill: fill, postings, position, order, headroom and, for an entry, its stop, in one transaction, keyed by
//!    the venue's name for the trade.
//! 2. Send the stop to be placed, unless that is done already.
//!
//! A fill of an order that is none of ours was made by somebody else's hand at the venue. It is booked as that, and new risk
//! in its market stops until reconciliation finds books and venue in agreement. On paper there is nobody else: there it is
//! buried, as is one that contradicts the books, and nothing new begins until a person or reconciliation has cleared it up.

use boot::config::DeskConfig;
use boot::{Failure, observe};
use desk::fill::Fill;
use desk::instrument::Instrument;
use desk::message::Message;
use desk::order::State;
use desk::port::{Clock, Outgoing, Publish, Table};
use std::sync::Arc;
use store::verbs::Booked;
use store::{Store, StoreError};

/// What the handler works with.
#[derive(Debug)]
pub struct Deps<T, Q, C> {
    /// The books.
    pub store: Store<T>,
    /// Where stops go.
    pub queues: Q,
    /// The desk's time, for an order's history.
    pub clock: C,
    /// What is traded.
    pub config: Arc<DeskConfig>,
}

/// How often a booking is repeated when the books move under it.
const TRIES: u32 = 5;

/// Books a fill.
///
/// # Errors
/// [`Failure::Poison`] for any other message and for a fill that can't be ours; otherwise as the ports.
pub async fn handle<T: Table, Q: Publish, C: Clock>(deps: &Deps<T, Q, C>, message: &Message) -> Result<(), Failure> {
    let Message::Fill { fill } = message else {
        return Err(Failure::poison("this queue takes fills only"));
    };
    let booked = match book(deps, fill).await {
        Ok(booked) => booked,
        Err(StoreError::Missing { what }) => return refuse(deps, fill, &format!("{what} is none of ours")).await,
        Err(StoreError::Contradiction(why)) => return refuse(deps, fill, &why).await,
        Err(error @ (StoreError::Changed | StoreError::Table(_) | StoreError::Row(_) | StoreError::Money(_))) => {
            return Err(error.into());
        }
    };
    if !booked.before {
        observe::filled(fill, &booked.order.intent.cause);
    }
    match booked.stop {
        Some(stop) if stop.state == State::Approved => {
            Ok(deps.queues.publish(Outgoing::to_place(&stop.intent)).await?)
        }
        Some(_) | None => Ok(()),
    }
}

async fn book<T: Table, Q, C: Clock>(deps: &Deps<T, Q, C>, fill: &Fill) -> Result<Booked, StoreError> {
    let market = deps.config.market(&fill.symbol);
    let market = market.ok_or_else(|| StoreError::Contradiction(format!("{} is not traded here", fill.symbol)))?;
    for _ in 1..TRIES {
        match book_once(deps, fill, &market.instrument).await {
            Err(StoreError::Changed) => {}
            done => return done,
        }
    }
    book_once(deps, fill, &market.instrument).await
}

async fn book_once<T: Table, Q, C: Clock>(
    deps: &Deps<T, Q, C>,
    fill: &Fill,
    instrument: &Instrument,
) -> Result<Booked, StoreError> {
    let now = deps.clock.now();
    let booked = match deps.store.book(fill, instrument, now).await {
        // Every order of ours was stored before it was sent.
        Err(StoreError::Missing { .. }) if others_trade_here(&deps.config, fill) => {
            deps.store.book_external(fill, instrument, now).await?
        }
        done => return done,
    };
    if !booked.before {
        observe::external(fill);
    }
    Ok(booked)
}

/// Whether the fill can be of somebody else's order.
fn others_trade_here(config: &DeskConfig, fill: &Fill) -> bool {
    !config.is_paper() && fill.venue == config.venue && fill.account == config.account
}

async fn refuse<T: Table, Q, C>(deps: &Deps<T, Q, C>, fill: &Fill, why: &str) -> Result<(), Failure> {
    let reason = format!("a fill could not be booked: {why}");
    deps.store.freeze(&fill.account, Some(reason.clone())).await?;
    Err(Failure::Poison { reason })
}
