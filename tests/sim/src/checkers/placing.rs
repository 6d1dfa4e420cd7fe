//! Placing: one POST, one order, and an end that only the venue decides.

use super::Verdict;
use crate::venue::NewOrder;
use crate::world::{Ask, World};
use desk::id::IntentId;
use desk::order::{Event, Order, State, Step};
use desk::port::VenueStatus;
use desk::risk::Kill;
use venue::live::clock::DRIFT_MAX_MS;

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
    if world.exchange.is_by_hand(id) {
        return Ok(());
    }
    let order = world.mirror.orders.get(id).ok_or_else(|| format!("the venue has order {id}, the books don't"))?;
    let same = order.intent.symbol == last.new.symbol
        && order.intent.side == last.new.side
        && order.intent.quantity == last.new.quantity;
    if same { Ok(()) } else { Err(format!("order {id} at the venue is not what was approved")) }
}

/// I3: while other hands trade in a market, or books and venue differ, nothing that adds risk is approved there.
pub(super) fn i03_nothing_new_begins_where_risk_is_frozen(world: &World) -> Verdict {
    for moved in world.mirror.step.orders.iter().filter(|moved| moved.before.is_none()) {
        let intent = &moved.after.intent;
        let since = [None, Some(intent.symbol.clone())].iter().filter_map(|of| world.mirror.frozen.get(of)).min();
        // A function that has read the books before may still write its verdict.
        let known = since.is_some_and(|since| world.now.ms_since(*since) > crate::runner::FUNCTION_MS);
        if intent.leg.adds_risk() && known {
            return Err(format!("order {} was approved in {}, where new risk is frozen", intent.id, intent.symbol));
        }
    }
    Ok(())
}

/// I4: what counts as never placed is not at the venue, now or later; and that was known: both sources have said so when the
/// venue could neither take the order in any more nor hide it.
pub(super) fn i04_absence_is_proven(world: &World) -> Verdict {
    for moved in world.mirror.step.orders.iter().filter(|moved| moved.after.state == State::NotPlaced) {
        let id = &moved.after.intent.id;
        let Some(until) = posts(world, id).map(|new| world.exchange.expires(new)).max() else { continue };
        let shown = until.plus_ms(world.exchange.semantics.lag_ms);
        let [look, lists] = world.absent.get(id).copied().unwrap_or_default();
        for (source, asked) in [("the order endpoint", look), ("the lists", lists)] {
            if asked.is_none_or(|asked| asked < shown) {
                return Err(format!("order {id} counts as not placed, and {source} could still have hidden it"));
            }
        }
    }
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

/// The POSTs that have left for an order.
fn posts<'a>(world: &'a World, id: &'a IntentId) -> impl Iterator<Item = &'a NewOrder> {
    world.calls.values().filter_map(move |call| match &call.ask {
        Ask::Place(new) if new.client_id == *id => Some(&**new),
        Ask::Place(_) | Ask::Cancel(_) => None,
    })
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

/// I13: behind a kill nothing is claimed that it forbids, no POST of it leaves after the gap (without a kill neither: nobody
/// could tell), and the venue takes none in after the window.
pub(super) fn i13_a_kill_stops_what_it_forbids(world: &World) -> Verdict {
    let Some((kill, at)) = &world.mirror.kill else { return Ok(()) };
    if let Some(order) = claimed(world).find(|order| !kill.permits(&order.intent.leg)) {
        return Err(format!("order {} ({}) was claimed under a kill", order.intent.id, order.intent.leg.tag()));
    }
    let posted = world.mirror.step.posted.as_ref().and_then(|(id, _)| world.mirror.orders.get(id));
    if let Some((order, claim)) = posted.and_then(|order| Some((order, order.claim.as_ref()?))) {
        let late = world.now.plus_ms(skew(world)).ms_since(claim.posted_by);
        if late > 0 {
            return Err(format!("order {} was POSTed {late} ms after its claim's gap", order.intent.id));
        }
    }
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

/// The orders that the last transaction has claimed.
fn claimed(world: &World) -> impl Iterator<Item = &Order> {
    let claims = |before: Option<&Order>| before.is_none_or(|before| before.state != State::Claimed);
    let moved = world.mirror.step.orders.iter();
    moved.filter(move |m| m.after.state == State::Claimed && claims(m.before.as_ref())).map(|moved| &moved.after)
}

/// By how much the clock of who places orders is ahead.
fn skew(world: &World) -> i64 {
    world.skews.get("order-placement").copied().unwrap_or(0)
}

/// I14: a claim is made only under a kill switch that was read, as it is; and one person does not lift a kill: it is asked for
/// first, and agreed to, or waited for, afterwards.
pub(super) fn i14_an_unread_kill_switch_lets_nothing_through(world: &World) -> Verdict {
    let Some((kill, _)) = &world.mirror.kill else { return Err("there is no kill switch".to_owned()) };
    for order in claimed(world) {
        if order.claim.as_ref().is_some_and(|claim| claim.kill_epoch != kill.epoch) {
            return Err(format!("order {} was claimed under a kill switch that nobody has read", order.intent.id));
        }
    }
    match (&world.mirror.step.switched, &kill.kill) {
        (Some(before), Kill::Live) => match &before.kill {
            Kill::Killed { unkill: None, .. } => Err("a kill was lifted that nobody had asked to lift".to_owned()),
            Kill::Killed { unkill: Some(_), .. } | Kill::Live => Ok(()),
        },
        (Some(_) | None, Kill::Killed { .. }) | (None, Kill::Live) => Ok(()),
    }
}

/// I22: a clock that is off by more than the venue's deadline can bear sends nothing, and no clock gives an order a longer
/// life than its claim and what clocks may differ by.
pub(super) fn i22_no_clock_lengthens_an_order(world: &World) -> Verdict {
    let skew = skew(world);
    if let Some((id, _)) = world.mirror.step.posted.as_ref().filter(|_| skew.abs() > DRIFT_MAX_MS) {
        return Err(format!("order {id} was POSTed by a clock that is off by {skew} ms"));
    }
    let accepted = world.mirror.step.accepted.as_ref().and_then(|id| world.mirror.orders.get(id));
    if let Some((order, claim)) = accepted.and_then(|order| Some((order, order.claim.as_ref()?))) {
        let late = world.now.ms_since(claim.deadline);
        if late > DRIFT_MAX_MS {
            return Err(format!("order {} was taken in {late} ms after its deadline", order.intent.id));
        }
    }
    Ok(())
}
