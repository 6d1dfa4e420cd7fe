//! The world: everything that is there while a run goes on, behind one lock.
//!
//! Time moves only from one entry of the agenda to the next. Whoever makes something happen later writes it into the agenda;
//! entries of one instant come in an order that the seed decides.

use crate::chance::{Chance, draw};
use crate::checkers::{self, Violation};
use crate::fault::Faults;
use crate::market::Markets;
use crate::memory::Memory;
use crate::mirror::{Mirror, Step};
use crate::mutants::Mutant;
use crate::queues::Queues;
use crate::trace::Trace;
use crate::venue::{Answer, Exchange, NewOrder};
use boot::config::DeskConfig;
use desk::fill::Fill;
use desk::id::IntentId;
use desk::message::QueueName;
use desk::order::{Leg, Timing};
use desk::risk::{KillMode, Profile};
use desk::strategy::Strategy;
use desk::time::Timestamp;
use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a schedule starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Job {
    /// Pulling candles.
    MarketData,
    /// Comparing books and venue.
    Reconciliation,
    /// Sweeping what a kill has to end.
    KillSweep,
    /// Valuing the account.
    Snapshot,
    /// Bringing the account to the limits of a new deployment.
    Adopt,
}

/// What happens.
#[derive(Debug, Clone)]
pub enum Event {
    /// A task goes on, if it still waits where it waited when this was written.
    Resume {
        /// Which.
        task: u64,
        /// In which of its waits.
        turn: u64,
    },
    /// A function's time is over.
    TimeUp {
        /// Which task.
        task: u64,
    },
    /// A queue is looked at.
    Poll(QueueName),
    /// A schedule comes due.
    Due(Job),
    /// The market has moved, or the venue has something to do.
    Market,
    /// A POST arrives at the venue.
    Arrives {
        /// Which call.
        call: u64,
    },
    /// A cancel arrives at the venue.
    CancelArrives {
        /// Which call.
        call: u64,
    },
    /// The account's stream tells of a trade.
    Told(Box<Fill>),
    /// Operators look at the desk.
    Operators,
    /// An operator uses the kill switch.
    Kill(KillMode),
}

/// An entry of the agenda; no two have the same place.
#[derive(Debug)]
struct Entry {
    when: Timestamp,
    place: u64,
    event: Event,
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.when, self.place).cmp(&(other.when, other.place))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Entry {}

/// What a task does at the end of a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Park {
    /// It goes on at an instant, or when it is called.
    Until(Timestamp),
    /// Its process ends.
    Dies,
}

/// A request on its way to the venue, and its answer.
#[derive(Debug, Clone)]
pub struct Call {
    /// Whose, and in which of its waits the answer is waited for.
    pub waits: (u64, u64),
    /// What is asked.
    pub ask: Ask,
    /// How long the answer takes; `None` if it is lost.
    pub answer_after: Option<i64>,
    /// Whether the venue fails after it has done it.
    pub fails_after: bool,
    /// What comes back, and when.
    pub answer: Option<(Timestamp, Answer)>,
}

/// What is asked of the venue.
#[derive(Debug, Clone)]
pub enum Ask {
    /// An order.
    Place(Box<NewOrder>),
    /// The end of an order.
    Cancel(IntentId),
}

/// The world.
#[derive(Debug)]
pub struct World {
    /// When it is.
    pub now: Timestamp,
    /// What goes wrong.
    pub faults: Faults,
    /// What has happened.
    pub trace: Trace,
    /// The desk's table.
    pub memory: Memory,
    /// The desk's queues.
    pub queues: Queues,
    /// The venue.
    pub exchange: Exchange,
    /// The market.
    pub markets: Markets,
    /// What the checkers know of the books.
    pub mirror: Mirror,
    /// What the desk is told.
    pub config: Arc<DeskConfig>,
    /// By what it trades.
    pub strategy: Strategy,
    /// How long the steps of placing an order may take.
    pub timing: Timing,
    /// How the desk was broken on purpose.
    pub mutant: Option<Mutant>,
    /// The orders that were POSTed, in order.
    pub posted_in_order: Vec<IntentId>,
    /// The limits of the next deployment.
    pub wanted: Profile,
    /// By how much the clocks of functions are ahead, in milliseconds.
    pub skews: BTreeMap<&'static str, i64>,
    /// The messages whose handler said that they are handled.
    pub acknowledged: BTreeSet<i64>,
    /// Until when no invocation can be had for a queue.
    pub held: BTreeMap<QueueName, Timestamp>,
    /// When the order endpoint, and when the lists, have last said that they don't have an order.
    pub absent: BTreeMap<IntentId, [Option<Timestamp>; 2]>,
    /// What a further round of reconciliation must not change: the table, and how many messages were sent.
    pub rested: Option<(Memory, usize)>,
    /// The first invariant that was broken.
    pub violation: Option<Violation>,
    /// The requests on their way.
    pub calls: BTreeMap<u64, Call>,
    /// The task that is being polled, and the number of the wait it would begin now.
    pub running: (u64, u64),
    park: Option<Park>,
    agenda: BinaryHeap<Reverse<Entry>>,
    /// What was written into the agenda before the run began, last things first: most of it, and never in the way.
    ahead: Vec<Reverse<Entry>>,
    chance: Chance,
    entries: u64,
}

/// What a world begins with.
#[derive(Debug)]
pub struct Beginning {
    /// The seed.
    pub seed: u64,
    /// When it begins.
    pub now: Timestamp,
    /// What goes wrong.
    pub faults: Faults,
    /// The trace.
    pub trace: Trace,
    /// The table, with an account opened in it.
    pub memory: Memory,
    /// The venue.
    pub exchange: Exchange,
    /// The market.
    pub markets: Markets,
    /// What the desk is told.
    pub config: Arc<DeskConfig>,
    /// By what it trades.
    pub strategy: Strategy,
    /// How long the steps of placing an order may take.
    pub timing: Timing,
    /// How the desk was broken on purpose.
    pub mutant: Option<Mutant>,
}

impl World {
    /// A world in which nothing has happened yet.
    #[must_use]
    pub fn new(beginning: Beginning) -> Self {
        let Beginning { seed, now, faults, trace, memory, exchange, markets, config, strategy, timing, mutant } =
            beginning;
        let mirror = Mirror::new(&config, &memory);
        let wanted = config.profile.clone();
        Self {
            now,
            faults,
            trace,
            memory,
            queues: Queues::default(),
            exchange,
            markets,
            mirror,
            config,
            strategy,
            timing,
            mutant,
            posted_in_order: Vec::new(),
            wanted,
            skews: BTreeMap::new(),
            acknowledged: BTreeSet::new(),
            held: BTreeMap::new(),
            absent: BTreeMap::new(),
            rested: None,
            violation: None,
            calls: BTreeMap::new(),
            running: (0, 0),
            park: None,
            agenda: BinaryHeap::new(),
            ahead: Vec::new(),
            chance: Chance::new(draw(&[seed, 1])),
            entries: 0,
        }
    }

    /// Writes something into the agenda.
    pub fn at(&mut self, when: Timestamp, event: Event) {
        self.entries += 1;
        // The order within an instant is the seed's; the count keeps two entries apart.
        let place = (self.chance.bits() << 20) | (self.entries & 0xF_FFFF);
        self.agenda.push(Reverse(Entry { when: when.max(self.now), place, event }));
    }

    /// Puts what is in the agenda into order: the run begins.
    pub fn begin(&mut self) {
        self.ahead = std::mem::take(&mut self.agenda).into_sorted_vec();
    }

    /// Moves time to the next entry and takes it off the agenda.
    pub fn advance(&mut self) -> Option<Event> {
        // Of `Reverse`, the greater comes first.
        let ahead = self.ahead.last() > self.agenda.peek();
        let Reverse(Entry { when, event, .. }) = if ahead { self.ahead.pop()? } else { self.agenda.pop()? };
        self.now = when;
        Some(event)
    }

    /// When the next entry is.
    #[must_use]
    pub fn next_at(&self) -> Option<Timestamp> {
        self.agenda.peek().max(self.ahead.last()).map(|Reverse(entry)| entry.when)
    }

    /// Says what the running task does at the end of this poll.
    pub fn park(&mut self, park: Park) {
        self.park = Some(park);
    }

    /// What the task that was polled does.
    pub fn parked(&mut self) -> Option<Park> {
        self.park.take()
    }

    /// Writes a line of the trace.
    pub fn note(&mut self, who: &str, what: fmt::Arguments<'_>) {
        self.trace.line(self.now.ms() - crate::market::START, who, what);
    }

    /// Holds the world against what must be true after every step.
    pub fn check(&mut self) {
        if self.violation.is_none()
            && let Some(violation) = checkers::after_step(self)
        {
            self.broken(violation);
        }
        self.mirror.step = Step::default();
    }

    /// Holds a text that is going to be logged against I20.
    pub fn logged(&mut self, text: &str) {
        self.mirror.step.logged = Some(text.to_owned());
        self.check();
    }

    /// Whether the account has the limits of the last deployment.
    #[must_use]
    pub fn has_its_limits(&self) -> bool {
        self.mirror.profile == self.wanted
    }

    /// A POST leaves.
    pub fn posted(&mut self, order: &IntentId, leg: &Leg) {
        *self.mirror.posts.entry(order.clone()).or_default() += 1;
        self.posted_in_order.push(order.clone());
        self.mirror.step.posted = Some((order.clone(), leg.clone()));
        self.check();
    }

    /// Breaks an invariant by a fact that only the world sees.
    pub fn broken(&mut self, violation: Violation) {
        if self.violation.is_none() {
            self.violation = Some(violation.clone());
            self.note("checker", format_args!("{violation}"));
        }
    }

    /// Lets the venue do what is due, and sends word of what was traded.
    pub fn play_venue(&mut self) {
        let known = self.exchange.trades().len();
        self.exchange.play(self.now, &self.markets);
        self.tell(known);
    }

    /// Sends word of every trade behind the first `known`, and looks when the venue is next to be played.
    pub fn tell(&mut self, known: usize) {
        let fresh: Vec<Fill> = self.exchange.trades().get(known..).unwrap_or_default().to_vec();
        for fill in fresh {
            self.note(
                "venue",
                format_args!(
                    "trade {} of {} {} {} at {}",
                    fill.trade, fill.order, fill.side, fill.quantity, fill.price
                ),
            );
            crate::stream::tell(self, fill);
        }
        if let Some(due) = self.exchange.next_due() {
            self.at(due, Event::Market);
        }
        if self.exchange.trades().len() > known {
            self.check();
        }
    }
}

/// The world, shared by all ports.
#[derive(Debug, Clone)]
pub struct Shared(Arc<Mutex<World>>);

impl Shared {
    /// Shares a world.
    #[must_use]
    pub fn new(world: World) -> Self {
        Self(Arc::new(Mutex::new(world)))
    }

    /// The world. Nobody keeps it while a handler waits.
    pub fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
