//! Balances against the venue's, and what explains where they differ: trades that were missed, money that moved without one.

use crate::{Deps, Round};
use boot::{Failure, observe};
use desk::fill::Fill;
use desk::id::Symbol;
use desk::port::{Clock, Outgoing, Publish, Table, Venue};
use desk::reconcile;
use desk::time::Timestamp;
use std::collections::BTreeSet;
use std::ops::Range;
use store::keys;
use store::rows::OpeningRow;
use store::verbs::AccountState;

/// How far back trades that were missed are looked for, step by step, in milliseconds.
const STEPS_MS: [i64; 4] = [3_600_000, 86_400_000, 7 * 86_400_000, 90 * 86_400_000];
/// How far ahead of our notion of the venue's clock it may date a trade, in milliseconds.
const AHEAD_MS: i64 = 60_000;
/// How far back movements are asked for, in milliseconds: before the opening, because a venue may date one by its beginning
/// and count it at its end; and before now, for a desk that has rested.
pub(crate) const BEFORE_OPENING_MS: i64 = 7 * 86_400_000;
const BACK_MS: i64 = 30 * 86_400_000;

/// Compares, and sets going what explains a difference.
pub(crate) async fn compare<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    state: &AccountState,
    round: &mut Round,
) -> Result<(), Failure> {
    let account = &deps.config.account;
    let holdings = deps.store.holdings(account).await?;
    let differ = reconcile::balances(&holdings, &deps.venue.balances(account).await?);
    if differ.is_empty() {
        return Ok(());
    }
    let mut explained = report_missed(deps, state.opening.as_ref()).await?;
    if let Some(opening) = &state.opening {
        // What left waits until every trade is booked: it is taken first from what no position holds. What came in does not: a
        // trade may be waiting for it.
        let out = explained == 0;
        explained += book_movements(deps, opening, out).await?;
    }
    round.mended += explained;
    if explained == 0 {
        round.findings.extend(differ);
    }
    Ok(())
}

/// Sends the venue's trades that are not booked to `fills`; returns how many. What was missed is young nearly always, so it is
/// looked for step by step into the past, until there is something: what is older then is found by the next round.
async fn report_missed<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    opening: Option<&OpeningRow>,
) -> Result<usize, Failure> {
    let now = deps.venue.now();
    let mut until = now.plus_ms(AHEAD_MS);
    let mut missed = 0;
    for step in STEPS_MS {
        let from = now.plus_ms(-step);
        for market in &deps.config.markets {
            missed += missed_within(deps, opening, &market.instrument.symbol, from..until).await?;
        }
        if missed > 0 || opening.is_some_and(|opening| from < opening.at) {
            break;
        }
        until = from;
    }
    Ok(missed)
}

async fn missed_within<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    opening: Option<&OpeningRow>,
    symbol: &Symbol,
    stretch: Range<Timestamp>,
) -> Result<usize, Failure> {
    let account = &deps.config.account;
    let begins = opening.map(|opening| opening.trades.get(symbol).map_or(opening.at, |(_, at)| *at));
    let from = begins.map_or(stretch.start, |begins| begins.max(stretch.start));
    if from >= stretch.end {
        return Ok(0);
    }
    let mut missed = 0;
    let trades = deps.venue.trades(account, symbol, from..stretch.end).await?;
    for fill in trades.into_iter().filter(|fill| !is_before(opening, fill)) {
        let booked = deps.store.table().get(&keys::fill(&fill)).await?.is_some();
        if !booked {
            deps.queues.publish(Outgoing::to_book(fill)).await?;
            missed += 1;
        }
    }
    Ok(missed)
}

/// Whether the opening's balances have the trade in them already.
fn is_before(opening: Option<&OpeningRow>, fill: &Fill) -> bool {
    let Some(opening) = opening else { return false };
    match opening.trades.get(&fill.symbol) {
        // An order that takes several others has several trades at one instant, and the row names the last one.
        Some((_, at)) => fill.at <= *at,
        None => fill.at < opening.at,
    }
}

/// Books what has moved without a trade since the opening and is not booked, what left only if `out`; returns how much.
async fn book_movements<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    opening: &OpeningRow,
    out: bool,
) -> Result<usize, Failure> {
    let account = &deps.config.account;
    let since = opening.at.plus_ms(-BEFORE_OPENING_MS).max(deps.venue.now().plus_ms(-BACK_MS));
    let Some(told) = deps.venue.movements(account, since).await? else { return Ok(0) };
    let booked = deps.store.movements(account).await?;
    let known: BTreeSet<String> = booked.iter().map(desk::movement::Movement::key).collect();
    let mut new = 0;
    for movement in told.iter().filter(|movement| !known.contains(&movement.key())) {
        if opening.movements.contains(&movement.key()) || (movement.amount.is_negative() && !out) {
            continue;
        }
        let market = deps.config.markets.iter().find(|market| market.instrument.base == movement.asset);
        let instrument = market.map(|market| &market.instrument);
        deps.store.book_movement(movement, instrument, &deps.config.quote).await?;
        observe::moved_money(movement);
        new += 1;
    }
    Ok(new)
}
