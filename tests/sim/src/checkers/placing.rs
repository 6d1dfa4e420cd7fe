//! Placing: one POST, one order, and an end that only the venue decides.

use super::Verdict;
use crate::world::World;
use desk::order::{Event, State, Step};
use desk::port::VenueStatus;

/// I1: an order moves by the table only: its history grows, and each state in it follows from the one before.
pub(super) fn i01_a_state_moves_only_by_the_table(world: &World) -> Verdict {
    for moved in &world.mirror.step.orders {
        let after = &moved.after;
        let known = moved.before.as_ref().map_or(0, |before| before.history.len());
        let states: Vec<State> = after.history.iter().map(|passage| passage.state).collect();
        if moved.before.as_ref().is_some_and(|before| !after.history.starts_with(&before.history)) {
            return Err(format!("the history of order {} was rewritten", after.intent.id));
        }
        if states.last() != Some(&after.state) {
            return Err(format!("order {} is {}, its history says otherwise", after.intent.id, after.state));
        }
        for pair in states.get(known.saturating_sub(1)..).unwrap_or_default().windows(2) {
            if let [from, to] = pair
                && !follows(*from, *to)
            {
                return Err(format!("order {} went from {from} to {to}", after.intent.id));
            }
        }
    }
    Ok(())
}

const EVENTS: [Event; 10] = [
    Event::Claim,
    Event::Withhold,
    Event::Accept,
    Event::Refuse,
    Event::Lose,
    Event::PartFill,
    Event::LastFill,
    Event::Cancel,
    Event::Expire,
    Event::ProveAbsent,
];

fn follows(from: State, to: State) -> bool {
    EVENTS.into_iter().any(|event| from.on(event) == Step::Moves(to))
}

/// I2: at most one POST leaves for an intent, and the venue has at most one order of a client id.
pub(super) fn i02_one_post_and_one_order_per_intent(world: &World) -> Verdict {
    if let Some((id, posts)) = world.mirror.posts.iter().find(|(_, posts)| **posts > 1) {
        return Err(format!("order {id} was POSTed {posts} times"));
    }
    // Only the last can be new.
    let Some(last) = world.exchange.orders().last() else { return Ok(()) };
    let of_id = world.exchange.orders().iter().filter(|order| order.new.client_id == last.new.client_id).count();
    if of_id > 1 { Err(format!("the venue has {of_id} orders of client id {}", last.new.client_id)) } else { Ok(()) }
}

/// I3: the venue has no order that none of our intents explains.
pub(super) fn i03_no_order_without_an_intent(world: &World) -> Verdict {
    let Some(last) = world.exchange.orders().last() else { return Ok(()) };
    let id = &last.new.client_id;
    let order = world.mirror.orders.get(id).ok_or_else(|| format!("the venue has order {id}, the books don't"))?;
    let same = order.intent.symbol == last.new.symbol
        && order.intent.side == last.new.side
        && order.intent.quantity == last.new.quantity;
    if same { Ok(()) } else { Err(format!("order {id} at the venue is not what was approved")) }
}

/// I4: what counts as never placed is not at the venue, now or later.
pub(super) fn i04_absence_is_proven(world: &World) -> Verdict {
    for order in world.exchange.orders() {
        // One that ended without a trade made no difference, and some venues keep no such order.
        let matters = order.status == VenueStatus::Open || !order.filled.is_zero();
        let ours = world.mirror.orders.get(&order.new.client_id).filter(|_| matters);
        if ours.is_some_and(|ours| ours.state == State::NotPlaced) {
            return Err(format!("order {} counts as not placed, and the venue has it", order.new.client_id));
        }
    }
    Ok(())
}

/// I12: nothing is approved on data that is older than the profile allows, and what a function takes to say so.
pub(super) fn i12_no_approval_on_old_data(world: &World) -> Verdict {
    let limit = i64::from(world.mirror.profile.max_signal_age_bars) * crate::market::BAR.ms();
    for moved in world.mirror.step.orders.iter().filter(|moved| moved.before.is_none()) {
        let intent = &moved.after.intent;
        let age = world.now.ms_since(intent.decided_at);
        if intent.leg.adds_risk() && intent.attempt == 1 && age > limit + crate::runner::FUNCTION_MS {
            return Err(format!("order {} was approved on a signal {} s old", intent.id, age / 1_000));
        }
    }
    Ok(())
}

/// I13: behind a kill no POST of what it forbids leaves after the gap, and the venue takes none in after the window.
pub(super) fn i13_a_kill_stops_what_it_forbids(world: &World) -> Verdict {
    let Some((kill, at)) = &world.mirror.kill else { return Ok(()) };
    let since = world.now.ms_since(*at);
    if let Some((id, leg)) = &world.mirror.step.posted
        && !kill.permits(leg)
        && since > world.timing.gap_ms
    {
        return Err(format!("order {id} ({}) was POSTed {since} ms after the kill", leg.tag()));
    }
    let accepted = world.mirror.step.accepted.as_ref().and_then(|id| world.mirror.orders.get(id));
    if let Some(order) = accepted
        && !kill.permits(&order.intent.leg)
        && since > world.timing.gap_ms + world.timing.window_ms
    {
        return Err(format!("order {} was taken in {since} ms after the kill", order.intent.id));
    }
    Ok(())
}
