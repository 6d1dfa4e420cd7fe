//! Failures that cost users of other trading programs money, each as a run in which the same thing happens here. Every one
//! must go all the way: the fault fires, the run comes to rest, books and venue are one, everything can be closed.

use desk::order::{Leg, Order, State};
use sim::fault::{Given, read};
use sim::seed::{Options, Outcome, run};
use sim::venue::Semantics;

/// The run of a plan, which must fire and break nothing.
fn goes_well(semantics: Semantics, plan: &str) -> Outcome {
    seed_goes_well(SEED, semantics, plan)
}

fn seed_goes_well(seed: u64, semantics: Semantics, plan: &str) -> Outcome {
    let plan = read(plan).unwrap();
    let options = Options { faults: Given::Only(plan.clone()), bars: 8, ..Options::at(semantics) };
    let outcome = run(seed, &options).unwrap();
    assert_eq!(outcome.violation, None, "{plan:?}");
    assert_eq!(outcome.fired, plan, "what was planned must happen");
    outcome
}

/// A seed whose first order is an entry that is filled, stopped and exited.
const SEED: u64 = 1;

/// A seed whose first exit comes before its stop's price.
const EXITS: u64 = 41;

/// The first order that was sent, and how many orders of its id and trades of it the venue has.
fn first(outcome: &Outcome) -> (Order, usize, usize) {
    nth(outcome, 0)
}

/// The same of a later one, counted from 0.
fn nth(outcome: &Outcome, index: usize) -> (Order, usize, usize) {
    let world = outcome.world.lock();
    let id = &outcome.posted[index];
    let of_id = world.exchange.orders().iter().filter(|order| order.new.client_id == *id).count();
    let trades = world.exchange.trades().iter().filter(|fill| fill.order == *id).count();
    (world.mirror.orders[id].clone(), of_id, trades)
}

fn passed(order: &Order) -> Vec<State> {
    order.history.iter().map(|passage| passage.state).collect()
}

/// hummingbot #493, catalyst #315 and #317, ccxt #2599: a time-out was taken for a failure, and a second order was sent.
#[test]
fn a_timeout_is_no_failure_and_no_second_order_is_sent() {
    for semantics in Semantics::ALL {
        // Nor does the stream tell of the trade: what became of the order has to be found out.
        let outcome = goes_well(semantics, "order-placement place 1 answer-lost\nstream trade 1 stream-missed");
        let (order, at_venue, _) = first(&outcome);
        assert_eq!((at_venue, order.state), (1, State::Filled), "{}", semantics.name);
        assert!(passed(&order).contains(&State::Unknown), "{}", semantics.name);
        // Nor does that wait for the next reconciliation: so long the position has no stop.
        let [posted, .., ended] = &order.history[1..] else { panic!("{:?}", order.history) };
        let took = ended.at.ms_since(posted.at);
        assert!(took < 10_000, "{}: booked after {took} ms", semantics.name);
    }
}

/// trading-signals #1178, Reya #55: a client below the strategy repeated POSTs by itself, up to five times.
#[test]
fn a_server_error_after_the_order_was_taken_in_is_not_answered_with_another_post() {
    for semantics in Semantics::ALL {
        let outcome = goes_well(semantics, "order-placement place 1 venue-5xx-after");
        let (order, at_venue, _) = first(&outcome);
        assert_eq!((at_venue, order.state), (1, State::Filled), "{}", semantics.name);
    }
}

/// hummingbot #8457, #3374 and #1357, gateway #240: orders were accepted, and forgotten in an outage of everything that could have told.
#[test]
fn an_order_taken_in_during_an_outage_is_not_forgotten() {
    let outage: String = (1..=4).map(|n| format!("order-placement by-client-id {n} venue-5xx-before\n")).collect();
    let plan = format!("order-placement place 1 answer-lost\nstream trade 1 stream-missed\n{outage}");
    let outcome = goes_well(Semantics::BINANCE, &plan);
    let (order, at_venue, trades) = first(&outcome);
    assert_eq!((at_venue, trades, order.state), (1, 1, State::Filled));
}

/// freqtrade #4403, #12681 and #2054: a fresh order was missing from the order endpoint for minutes, and taken for absent.
#[test]
fn an_order_that_the_order_endpoint_forgets_is_found_in_the_lists() {
    let outcome = goes_well(Semantics::BINANCE, "order-placement place 1 answer-lost\nvenue accept 1 forgets");
    let (order, at_venue, _) = first(&outcome);
    assert_eq!((at_venue, order.state), (1, State::Filled));
}

/// freqtrade #11461: an order that ended partly filled was placed again in full.
#[test]
fn an_order_that_ends_partly_filled_is_not_placed_again() {
    for semantics in Semantics::ALL {
        let outcome = goes_well(semantics, "venue accept 1 in-parts\nvenue accept 1 venue-expires");
        let (order, at_venue, _) = first(&outcome);
        assert_eq!((at_venue, order.intent.attempt), (1, 1), "{}", semantics.name);
        assert!(order.state.is_terminal(), "{}", semantics.name);
    }
}

/// freqtrade #6907: the row of an order was deleted when its request timed out.
#[test]
fn an_order_that_is_lost_on_its_way_stays_in_the_books_until_its_absence_is_proven() {
    for semantics in Semantics::ALL {
        let outcome = goes_well(semantics, "order-placement place 1 request-lost");
        let (order, at_venue, _) = first(&outcome);
        assert_eq!((at_venue, order.state), (0, State::NotPlaced), "{}", semantics.name);
        assert!(passed(&order).contains(&State::Unknown), "{}", semantics.name);
    }
}

/// nautilus_trader #3176 and #3185: a restart placed orders a second time.
#[test]
fn a_restart_between_claim_and_post_or_between_post_and_answer_places_nothing_twice() {
    for crash in ["crash-before", "crash-after"] {
        let outcome = goes_well(Semantics::BINANCE, &format!("order-placement place 1 {crash}"));
        let (_, at_venue, _) = first_or_none(&outcome);
        assert!(at_venue <= 1);
    }
}

/// nautilus_trader #4958 and #4152: an order that was in flight when its request timed out became an orphan.
#[test]
fn an_order_that_arrives_after_its_request_timed_out_is_found_or_refused_by_its_deadline() {
    for semantics in Semantics::ALL {
        let outcome = goes_well(semantics, "order-placement place 1 request-late");
        let (order, at_venue, _) = first(&outcome);
        assert_eq!(at_venue == 0, order.state == State::NotPlaced, "{}", semantics.name);
    }
}

/// nautilus_trader #3493, hummingbot #1663, ccxt #18078: one trade was told of by two sources, and counted twice.
#[test]
fn a_trade_that_is_told_of_late_and_twice_and_found_by_reconciliation_is_booked_once() {
    for fault in ["stream-late", "stream-twice", "stream-missed"] {
        let outcome = goes_well(Semantics::KRAKEN, &format!("stream trade 1 {fault}"));
        let (order, _, trades) = first(&outcome);
        assert_eq!((trades, order.state), (1, State::Filled), "{fault}");
    }
}

/// bytex #30: positions that differed were only written down.
#[test]
fn a_difference_is_mended_and_not_only_written_down() {
    let outcome = goes_well(Semantics::BYBIT, "stream trade 1 stream-missed\nstream trade 2 stream-missed");
    let world = outcome.world.lock();
    assert_eq!(world.mirror.fills.len(), world.exchange.trades().len());
}

/// A cancel that is not answered for minutes spends every delivery of the exit behind it. What reconciliation asks for again
/// must not be taken for the message that lies among the dead letters.
#[test]
fn an_exit_that_can_not_clear_its_way_is_asked_for_again_within_a_minute() {
    let outage: String = (1..=10).map(|n| format!("order-placement cancel {n} venue-5xx-before\n")).collect();
    for semantics in Semantics::ALL {
        let outcome = seed_goes_well(EXITS, semantics, &outage);
        let world = outcome.world.lock();
        let exits = world.mirror.orders.values().filter(|order| order.intent.leg == Leg::Exit);
        let first = exits.min_by_key(|order| order.intent.decided_at).unwrap();
        let ended = first.history.last().unwrap();
        // Ten deliveries take 130 s; the queue remembers the first message for 300.
        let waited = ended.at.ms_since(first.intent.decided_at);
        assert_eq!(first.state, State::Filled, "{}", semantics.name);
        assert!((120_000..240_000).contains(&waited), "{}: {waited} ms", semantics.name);
    }
}

/// A stop that nobody may send for a minute and a half, because the venue has asked for silence, spends more deliveries than a
/// message has. It is placed seconds after the silence ends, and once.
#[test]
fn a_stop_that_has_to_wait_is_placed_as_soon_as_it_may_be_sent() {
    let silence: String = (2..=15).map(|n| format!("order-placement ready {n} rate-limited\n")).collect();
    for semantics in Semantics::ALL {
        let outcome = goes_well(semantics, &silence);
        let (stop, at_venue, _) = nth(&outcome, 1);
        assert!(stop.intent.leg.protects() && at_venue == 1, "{}", semantics.name);
        let [approved, claimed, ..] = &stop.history[..] else { panic!("{:?}", stop.history) };
        let waited = claimed.at.ms_since(approved.at);
        assert_eq!(claimed.state, State::Claimed, "{}", semantics.name);
        assert!((60_000..120_000).contains(&waited), "{}: {waited} ms", semantics.name);
    }
}

/// Qubx #434: an order that had ended at the venue stayed alive in the books for 20 hours, and was cancelled 14,000 times.
#[test]
fn an_order_that_has_ended_at_the_venue_ends_here_and_is_not_cancelled_for_ever() {
    for semantics in Semantics::ALL {
        // Its owner cancels the stop at the venue's own page; Coinbase does not know it any more from then on.
        let outcome = goes_well(semantics, "venue accept 2 operator-cancel");
        let (stop, _, _) = nth(&outcome, 1);
        assert!(stop.state.is_terminal(), "{}: {}", semantics.name, stop.state);
        let cancels: u32 = outcome.calls.iter().filter(|(_, site, _)| *site == "cancel").map(|(_, _, n)| n).sum();
        assert!(cancels <= 6, "{}: {cancels} cancels", semantics.name);
    }
}

/// nautilus_trader #4411: stops live at another endpoint than the one that was asked, and counted as absent.
#[test]
fn a_stop_that_the_order_endpoint_does_not_know_is_found_in_the_lists() {
    for semantics in Semantics::ALL {
        let outcome = goes_well(semantics, "order-placement place 2 answer-lost\nvenue accept 2 forgets");
        let (stop, at_venue, _) = nth(&outcome, 1);
        assert!(stop.intent.leg.protects() && at_venue == 1, "{}", semantics.name);
        assert!(!passed(&stop).contains(&State::NotPlaced), "{}", semantics.name);
    }
}

/// nautilus_trader #3085: two trades came with one id, and only one was booked. Here every market counts its own trades.
#[test]
fn two_trades_of_one_number_in_two_markets_are_both_booked() {
    let options = Options { faults: Given::Only(read("").unwrap()), ..Options::at(Semantics::BINANCE) };
    let shared = (0..50).find_map(|seed| {
        let outcome = run(seed, &options).unwrap();
        assert_eq!(outcome.violation, None, "{seed}");
        let world = outcome.world.lock();
        let markets = |number: &str| world.mirror.fills.values().filter(|fill| fill.trade.as_str() == number).count();
        (markets("000001") == 2).then_some(world.mirror.fills.len() == world.exchange.trades().len())
    });
    assert_eq!(shared, Some(true));
}

/// nautilus_trader #3878: reconciliation came to different books from the same facts.
#[test]
fn reconciliation_comes_to_the_same_books_from_the_same_facts() {
    let plan = "stream trade 1 stream-missed\nvenue accept 1 in-parts\norder-placement place 2 answer-lost";
    let books = || {
        let outcome = goes_well(Semantics::BITGET, plan);
        let world = outcome.world.lock();
        (world.memory.clone(), outcome.hash)
    };
    assert!(books() == books());
}

/// hummingbot #8457 again, freqtrade #4403: what nobody can find is held until its absence is proven, however long that takes.
#[test]
fn the_reservation_of_an_order_in_doubt_is_held_until_it_is_proven_absent() {
    let outage: String = (1..=4).map(|n| format!("order-placement by-client-id {n} rate-limited\n")).collect();
    let outcome = goes_well(Semantics::KRAKEN, &format!("order-placement place 1 request-lost\n{outage}"));
    let (order, at_venue, _) = first(&outcome);
    // I8 watched every step: nothing of it was given back before.
    assert_eq!((at_venue, order.state), (0, State::NotPlaced));
}

/// The first order, or nothing of one that never left.
fn first_or_none(outcome: &Outcome) -> (Option<Order>, usize, usize) {
    if outcome.posted.is_empty() {
        return (None, 0, 0);
    }
    let (order, orders, trades) = first(outcome);
    (Some(order), orders, trades)
}
