//! `risk-validation`: judges a wish and reserves what it needs.
//!
//! 1. A verdict that stands already is final; only its message may have to be sent again.
//! 2. Otherwise read the books, size the wish, review it: [`desk::risk::review`] decides, this handler does not.
//! 3. An approval takes its headroom and stores the order in one transaction; if the books moved meanwhile, read
//!    again and review again, at most three times. A refusal is stored the same way.
//! 4. Send the order: entries and what takes risk away have queues of their own.

use boot::config::DeskConfig;
use boot::{Failure, observe};
use desk::message::Message;
use desk::money::Amount;
use desk::order::{Leg, Order, State};
use desk::port::{Clock, Outgoing, Publish, Table};
use desk::position::Position;
use desk::risk::{self, Books, Headroom, Review, Verdict};
use desk::signal::Signal;
use desk::strategy::Target;
use std::sync::Arc;
use store::rows::{Outcome, VerdictRow};
use store::verbs::AccountState;
use store::{Store, StoreError};

/// What the handler works with.
#[derive(Debug)]
pub struct Deps<T, Q, C> {
    /// The books.
    pub store: Store<T>,
    /// Where orders go.
    pub queues: Q,
    /// The market's time, against which the age of data is judged.
    pub clock: C,
    /// What is traded.
    pub config: Arc<DeskConfig>,
}

/// How often a review is repeated when the books move under it.
const TRIES: u32 = 3;

/// Judges a signal.
///
/// # Errors
/// [`Failure::Poison`] for any other message, [`Failure::Retry`] when the signal is not there yet or the books keep
/// moving; otherwise as the ports.
pub async fn handle<T: Table, Q: Publish, C: Clock>(deps: &Deps<T, Q, C>, message: &Message) -> Result<(), Failure> {
    let Message::Signal { signal, attempt, .. } = message else {
        return Err(Failure::poison("this queue takes signals only"));
    };
    let Some(signal) = deps.store.signal(signal).await? else {
        return Err(Failure::retry(format!("signal {signal} is not stored yet")));
    };
    let leg = match signal.target {
        Target::Long { .. } => Leg::Entry,
        Target::Flat => Leg::Exit,
    };
    let order = match deps.store.verdict(&signal.id, &leg, *attempt).await? {
        Some(verdict) => standing(deps, &verdict).await?,
        None => judge(deps, &signal, *attempt).await?,
    };
    match order {
        Some(order) if order.state == State::Approved => {
            Ok(deps.queues.publish(Outgoing::to_place(&order.intent)).await?)
        }
        Some(_) | None => Ok(()),
    }
}

/// The order of a verdict that was given before.
async fn standing<T: Table, Q, C>(deps: &Deps<T, Q, C>, verdict: &VerdictRow) -> Result<Option<Order>, Failure> {
    match &verdict.outcome {
        Outcome::Approved { order } => Ok(Some(deps.store.order(order).await?.row)),
        Outcome::Refused { .. } => Ok(None),
    }
}

async fn judge<T: Table, Q: Publish, C: Clock>(
    deps: &Deps<T, Q, C>,
    signal: &Signal,
    attempt: u32,
) -> Result<Option<Order>, Failure> {
    for _ in 0..TRIES {
        match judge_once(deps, signal, attempt).await {
            Err(Judging::Moved) => {}
            Err(Judging::Failed(failure)) => return Err(failure),
            Ok(order) => return Ok(order),
        }
    }
    Err(Failure::retry("the books kept moving under the review"))
}

enum Judging {
    Moved,
    Failed(Failure),
}

impl From<StoreError> for Judging {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Changed => Self::Moved,
            other @ (StoreError::Table(_)
            | StoreError::Row(_)
            | StoreError::Missing { .. }
            | StoreError::Contradiction(_)
            | StoreError::Money(_)) => Self::Failed(other.into()),
        }
    }
}

impl From<Failure> for Judging {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

async fn judge_once<T: Table, Q: Publish, C: Clock>(
    deps: &Deps<T, Q, C>,
    signal: &Signal,
    attempt: u32,
) -> Result<Option<Order>, Judging> {
    let poison = |e: &dyn std::fmt::Display| Failure::poison(e.to_string());
    let instrument = &deps.config.known_market(&signal.symbol)?.instrument;
    let state = deps.store.account_state(&signal.account).await?;
    let now = deps.clock.now();
    let books = books(deps, &state, signal).await?;
    let proposal = risk::propose(signal, instrument, &books.position, attempt).map_err(|e| poison(&e))?;
    let profile = &state.account.profile;
    let Review { checks, verdict } = risk::review(&proposal, &books, profile, now).map_err(|e| poison(&e))?;
    let row = |outcome| VerdictRow {
        signal: Some(signal.clone()),
        cause: signal.id.clone(),
        leg: proposal.leg.clone(),
        attempt,
        quantity: proposal.quantity,
        checks: checks.clone(),
        outcome,
        profile: profile.name.clone(),
    };
    match (verdict, &state.kill) {
        (Verdict::Approved(approval), Some(kill)) => {
            let verdict = row(Outcome::Approved { order: approval.intent().id.clone() });
            let order = deps.store.approve(verdict, &approval, kill, now).await?;
            observe::approved(&order.intent);
            Ok(Some(order))
        }
        // Without its row the kill switch counts as used, and the review has refused already.
        (Verdict::Approved(_), None) => Err(Failure::retry("the kill switch can't be read").into()),
        (Verdict::Refused(layer), _) => {
            deps.store.refuse(&row(Outcome::Refused { layer })).await?;
            observe::refused(&signal.id, layer);
            Ok(None)
        }
    }
}

/// The books as the review needs them.
async fn books<T: Table, Q, C: Clock>(
    deps: &Deps<T, Q, C>,
    state: &AccountState,
    signal: &Signal,
) -> Result<Books, Judging> {
    let symbol = &signal.symbol;
    let limit = state.account.profile.max_position;
    let mut exposure = Amount::ZERO;
    for left in state.exposure.values() {
        exposure = exposure.plus(limit.minus(*left).map_err(StoreError::from)?).map_err(StoreError::from)?;
    }
    let headroom = Headroom {
        cash: state.cash,
        slots: state.slots,
        exposure: state.exposure.get(symbol).copied().unwrap_or_default(),
    };
    Ok(Books {
        kill: state.kill_state(deps.clock.now()),
        frozen: state.frozen.clone(),
        market_frozen: state.frozen_markets.get(symbol).map(|frozen| frozen.row.clone()),
        position: state.positions.get(symbol).cloned().unwrap_or(Position::FLAT),
        closing: state.is_closing(symbol),
        opening: state.is_opening(symbol),
        equity: deps.store.valuation(&signal.account, &state.account.quote, deps.config.priced()).await?.equity,
        exposure,
        headroom,
    })
}
