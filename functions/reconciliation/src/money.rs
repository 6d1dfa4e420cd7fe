//! Balances against the venue's, and what explains where they differ: trades that were missed, money that moved without one.

use crate::{Deps, Round};
use boot::{Failure, observe};
use desk::fill::Fill;
use desk::id::Symbol;
use desk::port::{Clock, Outgoing, Publish, Table, Venue};
use desk::reconcile;
use std::collections::BTreeSet;
use store::keys;
use store::rows::OpeningRow;
use store::verbs::AccountState;

/// How many trades are asked for at once.
const TRADES: u32 = 1000;
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
    let mut explained = 0;
    for market in &deps.config.markets {
        explained += report_missed(deps, state.opening.as_ref(), &market.instrument.symbol).await?;
    }
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

/// Sends the venue's trades that are not booked to `fills`; returns how many.
async fn report_missed<T: Table, V: Venue, Q: Publish, C: Clock>(
    deps: &Deps<T, V, Q, C>,
    opening: Option<&OpeningRow>,
    symbol: &Symbol,
) -> Result<usize, Failure> {
    let account = &deps.config.account;
    let mark = opening.and_then(|opening| opening.trades.get(symbol));
    let (mut after, mut missed) = (mark.map(|(trade, _)| trade.clone()), 0);
    loop {
        let trades = deps.venue.trades(account, symbol, after.as_ref(), TRADES).await?;
        let full = trades.len() >= usize::try_from(TRADES).unwrap_or(usize::MAX);
        after = trades.last().map(|fill| fill.trade.clone()).or(after);
        for fill in trades.into_iter().filter(|fill| !is_before(opening, fill)) {
            let booked = deps.store.table().get(&keys::fill(&fill)).await?.is_some();
            if !booked {
                deps.queues.publish(Outgoing::to_book(fill)).await?;
                missed += 1;
            }
        }
        if !full {
            return Ok(missed);
        }
    }
}

/// Whether the opening's balances have the trade in them already.
fn is_before(opening: Option<&OpeningRow>, fill: &Fill) -> bool {
    let Some(opening) = opening else { return false };
    match opening.trades.get(&fill.symbol) {
        Some((trade, at)) => fill.at < *at || fill.trade == *trade,
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
