//! One run: a world from a seed, a phase with faults, a phase without, and what came of it.

use crate::chance::{self, Chance, draw};
use crate::checkers::{self, Violation};
use crate::desk::Desk;
use crate::fault::{Fault, Faults, Plan};
use crate::market::{BAR, Markets, START, STEP_MS, instrument};
use crate::memory::Alone;
use crate::port;
use crate::runner::Runner;
use crate::stream;
use crate::trace::Trace;
use crate::venue::{Exchange, Semantics};
use crate::world::{Beginning, Event, Job, Shared, World};
use boot::config::{DeskConfig, MarketConfig, PaperConfig, StrategyConfig};
use desk::id::{AccountId, VenueId};
use desk::money::{Amount, Notional};
use desk::order::{State, Timing};
use desk::risk::Profile;
use desk::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::Store;

/// What a run is made from, besides its seed.
#[derive(Debug, Clone)]
pub struct Options {
    /// At which venue.
    pub semantics: Semantics,
    /// Only these faults; those of the seed, when `None`.
    pub plan: Option<Plan>,
    /// Keeps the whole trace.
    pub whole_trace: bool,
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
    /// The transitions orders went through, and how often.
    pub transitions: BTreeMap<(State, State), u64>,
    /// The hash of the trace.
    pub hash: u64,
    /// The trace, or its end.
    pub trace: Vec<String>,
    /// How many lines it had.
    pub lines: u64,
}

/// How long faults happen, in bars.
const BARS: i64 = 14;
/// How long a run may take to come to rest, in bars.
const REST: i64 = 30;
/// How many entries of the agenda a run may have: one that has more goes round in circles.
const ENTRIES_MAX: u64 = 200_000;

type Fails = Box<dyn std::error::Error>;

fn config(seed: u64) -> Result<DeskConfig, Fails> {
    let mut chance = Chance::new(draw(&[seed, chance::text("config")]));
    let markets = 1 + usize::try_from(chance.below(2))?;
    let markets = (0..markets).map(|n| Ok(MarketConfig { instrument: instrument(n)?, interval: BAR }));
    let parameters = [("fast", "1"), ("slow", "3"), ("stop-pct", "1")];
    let mut profile = Profile::named("careful")?;
    // Tight, so that two wishes at once are one too many.
    profile.max_open_positions = 1 + u32::try_from(chance.below(2))?;
    profile.max_position = Amount::whole(1_500);
    Ok(DeskConfig {
        account: AccountId::new("sim")?,
        venue: VenueId::new("sim")?,
        quote: instrument(0)?.quote,
        cash: Amount::whole(20_000),
        strategy: StrategyConfig {
            name: "ema-cross".to_owned(),
            parameters: parameters.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            stake: Notional::new(Amount::whole(1_000))?,
        },
        profile,
        paper: PaperConfig { fee: "10".parse()?, slippage: "0".parse()?, participation: None },
        markets: markets.collect::<Result<_, Fails>>()?,
    })
}

/// The world of a seed.
fn world(seed: u64, options: &Options) -> Result<(Shared, Desk), Fails> {
    let config = Arc::new(config(seed)?);
    let strategy = config.check()?;
    let symbols = config.markets.iter().map(|market| market.instrument.symbol.clone());
    let markets = Markets::new(symbols, BARS, &mut Chance::new(draw(&[seed, chance::text("market")])));
    let now = Timestamp::from_ms(START);
    let opened = Store::new(Alone::default());
    desk::fake::run(opened.open_account(&config.opening(now)))?;
    let instruments = config.markets.iter().map(|market| market.instrument.clone());
    let money = (config.quote.clone(), config.cash);
    let (id, account) = (config.venue.clone(), config.account.clone());
    let exchange = Exchange::new(id, options.semantics, account, instruments, money);
    let world = World::new(Beginning {
        seed,
        now,
        faults: Faults::of(seed, options.plan.clone()),
        trace: Trace::new(options.whole_trace),
        memory: opened.table().copy(),
        exchange,
        markets,
        config: config.clone(),
    });
    let world = Shared::new(world);
    let desk = Desk { world: world.clone(), config, strategy, timing: Timing::REFERENCE };
    Ok((world, desk))
}

/// Runs a seed.
///
/// # Errors
/// If the run can't even begin: its configuration is refused.
pub fn run(seed: u64, options: &Options) -> Result<Outcome, Fails> {
    let (world, desk) = world(seed, options)?;
    let batch = if draw(&[seed, chance::text("batch")]) % 2 == 0 { 1 } else { 10 };
    let mut run = Run { runner: Runner::new(desk, batch), world, entries: 0, ended: None };
    run.begin();
    run.until(Timestamp::from_ms(START + BARS * BAR.ms()));
    run.world.lock().faults.heal();
    run.rest();
    Ok(run.outcome())
}

struct Run {
    runner: Runner,
    world: Shared,
    entries: u64,
    ended: Option<Violation>,
}

impl Run {
    /// Writes schedules and market into the agenda.
    fn begin(&self) {
        let mut world = self.world.lock();
        let start = world.now;
        for bar in 0..BARS + REST {
            let at = |ms| start.plus_ms(bar * BAR.ms() + ms);
            world.at(at(1_500), Event::Due(Job::MarketData));
            world.at(at(20_000), Event::Due(Job::Reconciliation));
            world.at(at(40_000), Event::Due(Job::KillSweep));
            if bar % 5 == 0 {
                world.at(at(50_000), Event::Due(Job::Snapshot));
            }
            for step in 0..BAR.ms() / STEP_MS {
                world.at(at(step * STEP_MS), Event::Market);
            }
        }
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
            Event::Operator(_) => {}
            event @ (Event::Resume { .. } | Event::TimeUp { .. } | Event::Poll(_) | Event::Due(_)) => {
                self.runner.on(event);
            }
        }
    }

    /// Without faults: everything is given time, and then books and venue must be one.
    fn rest(&mut self) {
        let mut wrong = None;
        for bar in 1..=REST {
            self.until(Timestamp::from_ms(START + (BARS + bar) * BAR.ms()));
            if self.broken() {
                return;
            }
            let world = self.world.lock();
            wrong = if world.queues.waiting() == 0 && self.runner.is_idle() { checkers::at_rest(&world) } else { None };
            if wrong.is_none() && world.queues.waiting() == 0 && self.runner.is_idle() {
                return;
            }
        }
        let waits = || Violation { invariant: "I15", what: "the queues do not drain".to_owned() };
        self.ended = Some(wrong.unwrap_or_else(waits));
    }

    fn outcome(self) -> Outcome {
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
        Outcome {
            violation: world.violation.clone(),
            fired: world.faults.fired().iter().cloned().collect::<BTreeSet<_>>(),
            faults: world.faults.counts().clone(),
            transitions,
            hash: world.trace.hash(),
            trace: world.trace.last().map(str::to_owned).collect(),
            lines: world.trace.lines(),
        }
    }
}
