//! Operators: people who kill, lift a kill, cancel by hand and deploy other limits, at any moment, and insist.
//!
//! What they do is drawn like a fault, so that a plan holds it, too. Who uses the kill switch looks whether it worked, and
//! uses it again if not.

use crate::chance::span;
use crate::fault::Fault;
use crate::mirror::Moved;
use crate::runner::Runner;
use crate::world::{Event, Job, Shared, World};
use boot::event::{KillEvent, VERSION};
use desk::money::Amount;
use desk::movement::MovementKind;
use desk::order::{State, Timing};
use desk::port::VenueStatus;
use desk::risk::{Kill, KillMode};

const ACTOR: &str = "operator";
/// How often operators look at the desk, in milliseconds.
const LOOK_MS: i64 = 5_000;
/// How many looks it takes until something is decided anew.
const LOOKS: u64 = 6;

/// The operators of a desk.
#[derive(Debug, Default)]
pub struct Operators {
    looks: u64,
    wish: Option<Wish>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Killed(KillMode),
    Live,
}

impl Operators {
    /// Looks at the desk, and does something about it.
    pub fn look(&mut self, world: &Shared, runner: &mut Runner) {
        self.looks += 1;
        {
            let mut world = world.lock();
            let next = world.now.plus_ms(LOOK_MS);
            world.at(next, Event::Operators);
            if self.looks.is_multiple_of(LOOKS) {
                self.decide(&mut world);
            }
        }
        if !world.lock().has_its_limits() && !runner.runs("adoption") {
            runner.start_job(Job::Adopt);
        }
        let wish = self.insists(&world.lock());
        if let Some(event) = wish.filter(|_| !runner.runs("kill-switch")) {
            runner.tell_kill_switch(event);
        }
    }

    /// Wishes that every position be closed, and trading stopped.
    pub fn close_all(&mut self) {
        self.wish = Some(Wish::Killed(KillMode::Flatten));
    }

    /// Whether the desk is as they wish.
    #[must_use]
    pub fn are_content(&self, world: &World) -> bool {
        self.insists(world).is_none() && world.has_its_limits()
    }

    fn decide(&mut self, world: &mut World) {
        let visit = world.faults.visit(ACTOR, "looks");
        let kinds = [
            Fault::Kill,
            Fault::Unkill,
            Fault::HandCancel,
            Fault::Limits,
            Fault::HandTrade,
            Fault::Deposit,
            Fault::Withdrawal,
        ];
        let bits = world.faults.number(ACTOR, "looks", visit, "how");
        let Some(fault) = world.faults.fires(ACTOR, "looks", visit, &kinds) else { return };
        world.note(ACTOR, format_args!("{fault}"));
        if fault == Fault::Limits {
            world.wanted.max_open_positions = 1 + u32::try_from(bits % 3).unwrap_or(0);
            world.wanted.max_position = Amount::whole(u32::try_from(span(bits >> 8, 900, 2_500)).unwrap_or(1_500));
        } else if fault == Fault::HandCancel {
            cancel_one(world, bits);
        } else if fault == Fault::HandTrade {
            trade(world, bits);
        } else if fault == Fault::Deposit {
            moves(world, MovementKind::Deposit, bits);
        } else if fault == Fault::Withdrawal {
            moves(world, MovementKind::Withdrawal, bits);
        } else if fault == Fault::Unkill {
            self.wish = Some(Wish::Live);
        } else {
            self.wish = Some(Wish::Killed(mode(bits)));
        }
    }

    /// Uses the kill switch now.
    pub fn kill(&mut self, mode: KillMode, runner: &mut Runner) {
        self.wish = Some(Wish::Killed(mode));
        let (by, reason) = ("anna".to_owned(), "an exercise".to_owned());
        runner.tell_kill_switch(KillEvent::Kill { v: VERSION, mode, by, reason });
    }

    /// What is still to be told, if the desk is not as they wish.
    fn insists(&self, world: &World) -> Option<KillEvent> {
        let kill = world.mirror.kill.as_ref().map(|(state, _)| &state.kill);
        match (self.wish?, kill?) {
            (Wish::Killed(mode), Kill::Killed { mode: in_force, .. }) if *in_force >= mode => None,
            (Wish::Killed(mode), _) => {
                let (by, reason) = ("anna".to_owned(), "an exercise".to_owned());
                Some(KillEvent::Kill { v: VERSION, mode, by, reason })
            }
            (Wish::Live, Kill::Live) => None,
            (Wish::Live, Kill::Killed { unkill, .. }) => {
                // Two people: the second agrees with the first.
                let by = if unkill.is_some() { "bert" } else { "anna" }.to_owned();
                Some(KillEvent::Unkill { v: VERSION, by, reason: "the exercise is over".to_owned() })
            }
        }
    }
}

fn mode(bits: u64) -> KillMode {
    match bits % 3 {
        0 => KillMode::KeepStops,
        1 => KillMode::All,
        _ => KillMode::Flatten,
    }
}

/// What happens in the moment in which an order has been approved or claimed: an operator uses the kill switch, or somebody else
/// begins to look at the order.
pub fn amid(world: &mut World) {
    let moves = |moved: &Moved| {
        let state = moved.after.state;
        let known = moved.before.as_ref().is_some_and(|before| before.state == state);
        !known && matches!(state, State::Approved | State::Claimed)
    };
    if !world.mirror.step.orders.iter().any(moves) {
        return;
    }
    let visit = world.faults.visit(ACTOR, "amid");
    let bits = world.faults.number(ACTOR, "amid", visit, "how");
    let Some(fault) = world.faults.fires(ACTOR, "amid", visit, &[Fault::KillAmid, Fault::RoundAmid]) else { return };
    let (delay, event) = if fault == Fault::KillAmid {
        let most = if (bits >> 8).is_multiple_of(2) { 60 } else { 1_500 };
        (span(bits >> 9, 0, most), Event::Kill(mode(bits)))
    } else {
        let job = if bits.is_multiple_of(4) { Job::KillSweep } else { Job::Reconciliation };
        // At once, or when absence is about to be provable.
        let Timing { gap_ms, window_ms, grace_ms } = world.timing;
        let provable = gap_ms + window_ms + grace_ms;
        let soon = (bits >> 8).is_multiple_of(2);
        let delay = if soon { span(bits >> 9, 0, 8_000) } else { provable - span(bits >> 9, 0, provable.min(6_000)) };
        (delay, Event::Due(job))
    };
    world.note(ACTOR, format_args!("{fault} in {delay} ms"));
    world.at(world.now.plus_ms(delay), event);
}

/// Somebody trades by hand.
fn trade(world: &mut World, bits: u64) {
    let known = world.exchange.trades().len();
    let done = {
        let World { exchange, markets, faults, now, .. } = world;
        exchange.trade_by_hand(bits, *now, markets, faults)
    };
    world.note(ACTOR, format_args!("{}", done.as_deref().unwrap_or("can't pay it")));
    world.tell(known);
}

/// Somebody brings something in, or takes it out.
fn moves(world: &mut World, kind: MovementKind, bits: u64) {
    let now = world.now;
    let done = world.exchange.move_by_hand(kind, bits, now);
    world.note(ACTOR, format_args!("{} {}", kind.name(), done.as_deref().unwrap_or("of more than is free")));
}

/// Cancels one of the orders that work, at the venue's own page.
fn cancel_one(world: &mut World, bits: u64) {
    let open = world.exchange.orders().iter().filter(|order| order.status == VenueStatus::Open);
    let ids: Vec<_> = open.map(|order| order.new.client_id.clone()).collect();
    let index = bits.checked_rem(u64::try_from(ids.len()).unwrap_or(0)).unwrap_or(0);
    if let Some(id) = usize::try_from(index).ok().and_then(|index| ids.get(index)) {
        world.note(ACTOR, format_args!("cancels {id} by hand"));
        let World { exchange, faults, now, .. } = world;
        exchange.cancel(id, *now, faults);
    }
}
