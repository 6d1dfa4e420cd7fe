//! One run: a world from a seed, a phase with faults, a phase without, and what came of it.

use crate::chance::{self, draw};
use crate::checkers::{self, Violation};
use crate::fault::{Fault, Given, Plan};
use crate::market::{BAR, START, STEP_MS};
use crate::mutants::Mutant;
use crate::operators::Operators;
use crate::port;
use crate::runner::Runner;
use crate::setup::{self, Fails};
use crate::stream;
use crate::venue::{Semantics, VenueOrder};
use crate::world::{Event, Job, Shared, World};
use desk::id::IntentId;
use desk::order::State;
use desk::port::VenueStatus;
use desk::time::Timestamp;
use std::collections::BTreeMap;

/// What a run is made from, besides its seed.
#[derive(Debug, Clone)]
pub struct Options {
    /// At which venue.
    pub semantics: Semantics,
    /// Which faults.
    pub faults: Given,
    /// How the desk is broken on purpose.
    pub mutant: Option<Mutant>,
    /// Keeps the trace.
    pub trace: bool,
    /// How long faults happen, in bars.
    pub bars: i64,
}

impl Options {
    /// A run of the usual length at a venue, with the faults of its seed.
    #[must_use]
    pub const fn at(semantics: Semantics) -> Self {
        Self { semantics, faults: Given::BySeed, mutant: None, trace: false, bars: BARS }
    }
}

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// The first invariant that was broken.
    pub violation: Option<Violation>,
    /// The faults that fired.
    pub fired: Plan,
    /// How often each kind did.
    pub faults: BTreeMap<Fault, u64>,
    /// Every call that was made, and how often, in order of actor and site.
    pub calls: Vec<(&'static str, &'static str, u32)>,
    /// The transitions orders went through, and how often.
    pub transitions: BTreeMap<(State, State), u64>,
    /// The hash of the trace.
    pub hash: u64,
    /// The trace, if it was kept.
    pub trace: Vec<String>,
    /// The orders that were POSTed, in order.
    pub posted: Vec<IntentId>,
    /// The world as it was left.
    pub world: Shared,
}

/// How long faults happen, in bars.
pub const BARS: i64 = 12;
/// How long a run may take to come to rest, in bars.
const REST: i64 = 40;
/// How many entries of the agenda a run may have: one that has more goes round in circles.
const ENTRIES_MAX: u64 = 100_000;

/// Runs a seed.
///
/// # Errors
/// If the run can't even begin: its configuration is refused.
pub fn run(seed: u64, options: &Options) -> Result<Outcome, Fails> {
    let (world, desk) = setup::world(seed, options)?;
    let batch = if draw(&[seed, chance::text("batch")]).is_multiple_of(2) { 1 } else { 10 };
    let runner = Runner::new(desk, batch);
    let mut run = Run { runner, world, operators: Operators::default(), entries: 0, ended: None };
    run.begin(options.bars);
    let end = START + options.bars * BAR.ms();
    run.until(Timestamp::from_ms(end));
    run.world.lock().faults.heal();
    run.rest(end);
    Ok(run.outcome())
}

struct Run {
    runner: Runner,
    world: Shared,
    operators: Operators,
    entries: u64,
    ended: Option<Violation>,
}

impl Run {
    /// Writes schedules and market into the agenda.
    fn begin(&self, bars: i64) {
        let mut world = self.world.lock();
        let start = world.now;
        for bar in 0..bars + 2 * REST {
            let at = |ms| start.plus_ms(bar * BAR.ms() + ms);
            world.at(at(1_500), Event::Due(Job::MarketData));
            world.at(at(20_000), Event::Due(Job::Reconciliation));
            world.at(at(40_000), Event::Due(Job::KillSweep));
            if bar % 5 == 0 {
                world.at(at(50_000), Event::Due(Job::Snapshot));
            }
        }
        for step in 0..bars * (BAR.ms() / STEP_MS) {
            world.at(start.plus_ms(step * STEP_MS), Event::Market);
        }
        world.at(start.plus_ms(3_000), Event::Operators);
        world.begin();
    }

    fn broken(&self) -> bool {
        self.ended.is_some() || self.world.lock().violation.is_some()
    }

    /// Goes on to an instant, or until an invariant breaks.
    fn until(&mut self, end: Timestamp) {
        while !self.broken() {
            let event = {
                let mut world = self.world.lock();
                if world.next_at().is_none_or(|at| at > end) {
                    return;
                }
                world.advance()
            };
            if let Some(event) = event {
                self.on(event);
            }
            self.entries += 1;
            if self.entries > ENTRIES_MAX {
                self.ended = Some(Violation { invariant: "I21", what: "the run does not come to rest".to_owned() });
            }
        }
    }

    fn on(&mut self, event: Event) {
        match event {
            Event::Market => self.world.lock().play_venue(),
            Event::Arrives { call } | Event::CancelArrives { call } => port::arrived(&mut self.world.lock(), call),
            Event::Told(fill) => stream::arrives(&mut self.world.lock(), *fill),
            Event::Operators => self.operators.look(&self.world, &mut self.runner),
            Event::Kill(mode) => self.operators.kill(mode, &mut self.runner),
            event @ (Event::Resume { .. } | Event::TimeUp { .. } | Event::Poll(_) | Event::Due(_)) => {
                self.runner.on(event);
            }
        }
    }

    /// Without faults: everything is given time, and then books and venue must be one; a further round of reconciliation
    /// must change nothing; and when operators close everything, nothing is left.
    fn rest(&mut self, faults_until: i64) {
        let rested = self.settle(faults_until);
        if self.broken() {
            return;
        }
        self.reconcile_again();
        self.operators.close_all();
        self.settle(rested);
        if !self.broken() {
            self.ended = checkers::at_the_end(&self.world.lock());
        }
    }

    /// Goes on until everything is quiet and as it must be at rest; returns until when.
    fn settle(&mut self, from: i64) -> i64 {
        let mut wrong = None;
        for bar in 1..=REST {
            let until = from + bar * BAR.ms();
            self.until(Timestamp::from_ms(until));
            if self.broken() {
                return until;
            }
            let world = self.world.lock();
            let quiet = self.is_quiet(&world);
            wrong = if quiet { checkers::at_rest(&world) } else { None };
            if quiet && wrong.is_none() {
                return until;
            }
        }
        let waits = || Violation { invariant: "I15", what: "the desk does not become quiet".to_owned() };
        self.ended = Some(wrong.unwrap_or_else(waits));
        from
    }

    fn is_quiet(&self, world: &World) -> bool {
        let works =
            |order: &VenueOrder| order.status == VenueStatus::Open && world.exchange.is_by_hand(&order.new.client_id);
        let hands_off = !world.exchange.orders().iter().any(works);
        hands_off && world.queues.waiting() == 0 && self.runner.is_idle() && self.operators.are_content(world)
    }

    /// I21: a further round changes nothing.
    fn reconcile_again(&mut self) {
        {
            let mut world = self.world.lock();
            world.rested = Some((world.memory.clone(), world.queues.sent()));
        }
        self.runner.start_job(Job::Reconciliation);
        while self.runner.runs("reconciliation") && !self.broken() {
            let Some(event) = self.world.lock().advance() else { break };
            // Nobody else has a turn: what changes, reconciliation has changed.
            if matches!(event, Event::Resume { .. }) {
                self.runner.on(event);
            } else {
                let now = self.world.lock().now;
                self.world.lock().at(now.plus_ms(5_000), event);
            }
        }
        self.ended = self.ended.take().or_else(|| checkers::at_a_further_round(&self.world.lock()));
    }

    fn outcome(self) -> Outcome {
        let shared = self.world.clone();
        let mut world = self.world.lock();
        if let Some(violation) = self.ended {
            world.broken(violation);
        }
        let mut transitions = BTreeMap::new();
        for order in world.mirror.orders.values() {
            let states: Vec<State> = order.history.iter().map(|passage| passage.state).collect();
            for pair in states.windows(2) {
                if let [from, to] = pair {
                    *transitions.entry((*from, *to)).or_insert(0) += 1;
                }
            }
        }
        let World { trace, memory, exchange, .. } = &mut *world;
        memory.items().for_each(|item| trace.add(&item.body));
        exchange.trades().iter().for_each(|fill| trace.add(&fill.key()));
        Outcome {
            violation: world.violation.clone(),
            fired: world.faults.fired().clone(),
            faults: world.faults.counts().clone(),
            calls: world.faults.calls(),
            transitions,
            hash: world.trace.hash(),
            trace: world.trace.lines().to_vec(),
            posted: world.posted_in_order.clone(),
            world: shared,
        }
    }
}
