//! What can go wrong, how often, and what did.
//!
//! Every run draws its own [`mixture`](crate::mixture). Whether a kind fires at a certain call is
//! [`crate::chance::draw`] of the seed, the kind and the [`Place`]. What has fired is the run's [`Plan`]; a run that is given
//! a plan lets only those fire.

use crate::chance::{self, Chance, draw};
use crate::mixture::mixture;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $name:literal,)*) => {
        /// A kind of fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Fault { $($(#[$doc])* $kind,)* }

        impl Fault {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// Its name in tables and plans.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }
        }
    };
}

kinds! {
    /// The process ends before a call takes effect.
    CrashBefore "crash-before",
    /// The process ends after a call took effect, before it hears of it.
    CrashAfter "crash-after",
    /// The process stands still for 0.5 to 9 s before a call, and goes on.
    FreezeBefore "freeze-before",
    /// The process stands still for 0.5 to 9 s after a call, and goes on.
    FreezeAfter "freeze-after",
    /// The process stands still until its function's time is over, and is ended.
    Timeout "timeout",
    /// A warm process is thrown away, and what it remembered with it.
    Cold "cold-start",
    /// The table does not answer, and has done nothing.
    TableDown "table-down",
    /// The table does not answer, and has done what was asked.
    TableUnclear "table-unclear",
    /// The table has done what was asked, the client did not hear, and asked again.
    TableAgain "table-again",
    /// Others write the same items.
    Contended "contended",
    /// A message is not sent, and the sender is told.
    SendLost "send-lost",
    /// A message is sent, and the sender is told that it was not.
    SendUnclear "send-unclear",
    /// A message is sent twice, behind the queue's memory for doubles.
    SendTwice "send-twice",
    /// A message is on its way for a long time.
    Delayed "delayed",
    /// A message is handed out again while somebody still works on it.
    Early "early-again",
    /// A message was handled, and the queue does not hear of it.
    AckLost "ack-lost",
    /// A schedule comes due twice at once.
    ScheduleTwice "schedule-twice",
    /// A schedule does not come due.
    ScheduleMissed "schedule-missed",
    /// A request is lost on its way to the venue.
    RequestLost "request-lost",
    /// A request is on its way for so long that its client gives up.
    RequestLate "request-late",
    /// An answer is lost on its way from the venue.
    AnswerLost "answer-lost",
    /// The venue fails before it does what was asked.
    VenueFails "venue-5xx-before",
    /// The venue does what was asked and fails then.
    VenueFailsAfter "venue-5xx-after",
    /// The venue takes no more requests for the moment.
    RateLimited "rate-limited",
    /// A fresh order is missing from the venue's answers for a while.
    QueryLag "query-lag",
    /// The order endpoint does not know an order for minutes, while the lists do.
    Forgets "forgets",
    /// A trade is told of late.
    StreamLate "stream-late",
    /// A trade is not told of.
    StreamMissed "stream-missed",
    /// A trade is told of twice.
    StreamTwice "stream-twice",
    /// An order is filled in parts.
    InParts "in-parts",
    /// The venue ends an order that it had accepted.
    VenueExpires "venue-expires",
    /// An order is filled after its cancel was confirmed.
    FillAfterCancel "fill-after-cancel",
    /// An order is filled after the venue said that it had ended it, or refused it.
    FillAfterEnd "fill-after-end",
    /// Candles can't be pulled.
    PullFails "pull-fails",
    /// The newest candles are not there yet.
    PullStale "pull-stale",
    /// A candle is told of a second time.
    PullTwice "pull-twice",
    /// A candle is told of again, with another close.
    PullRevised "pull-revised",
    /// The venue takes an order in, and refuses it afterwards.
    RefusedLater "refused-later",
    /// A process's clock is off by up to 5 s.
    ClockOff "clock-off",
    /// An operator uses the kill switch.
    Kill "operator-kill",
    /// Operators lift a kill.
    Unkill "operator-unkill",
    /// An operator cancels an order at the venue's own page.
    HandCancel "operator-cancel",
    /// The desk is deployed with other limits.
    Limits "operator-limits",
    /// An operator uses the kill switch in the moment in which an order is approved or claimed.
    KillAmid "operator-kill-amid",
    /// A round of reconciliation, or a sweep, begins while an order is on its way.
    RoundAmid "schedule-amid",
    /// No invocation can be had for a queue for a while, and its messages pile up.
    Held "queue-held",
    /// Somebody trades in the account by hand.
    HandTrade "operator-trade",
    /// Somebody brings money or coins into the account.
    Deposit "operator-deposit",
    /// Somebody takes money or coins out of the account.
    Withdrawal "operator-withdrawal",
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|kind| kind.name() == text);
        found.copied().ok_or_else(|| format!("there is no fault {text:?}"))
    }
}

/// A call: whose, of what, for the how many-eth time in the run (from 1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Whose.
    pub actor: String,
    /// Of what.
    pub site: String,
    /// For the how many-eth time.
    pub visit: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.actor, self.site, self.visit)
    }
}

/// The faults that fire, by place.
pub type Plan = BTreeSet<(Place, Fault)>;

/// Which faults a run is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// Those its seed draws.
    BySeed,
    /// These, and no others.
    Only(Plan),
}

/// A plan as text, a fault a line: `order-placement place 2 answer-lost`.
#[must_use]
pub fn written(plan: &Plan) -> String {
    plan.iter().map(|(place, fault)| format!("{place} {fault}\n")).collect()
}

/// A plan from text; empty lines and what follows a `#` are left out.
///
/// # Errors
/// The first line that is none.
pub fn read(text: &str) -> Result<Plan, String> {
    let lines = text.lines().filter_map(|line| line.split('#').next()).map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let refused = || format!("{line:?} is no fault: write `actor site visit kind`");
            let words: Vec<&str> = line.split_whitespace().collect();
            let [actor, site, visit, kind] = words.as_slice() else { return Err(refused()) };
            let visit = visit.parse().map_err(|_| refused())?;
            let place = Place { actor: (*actor).to_owned(), site: (*site).to_owned(), visit };
            Ok((place, kind.parse()?))
        })
        .collect()
}

/// A place of faults, without the visit.
#[derive(Debug)]
struct Site {
    actor: &'static str,
    site: &'static str,
    visits: u32,
    /// What the seed and both names draw.
    drawn: u64,
}

/// The faults of one run.
#[derive(Debug)]
pub struct Faults {
    seed: u64,
    /// Of 65,536 calls, how many, by the number of the kind.
    rates: Vec<u64>,
    given: Given,
    sites: Vec<Site>,
    /// Which of them was found last: a call asks several times for its own.
    found: Cell<usize>,
    fired: Plan,
    counts: BTreeMap<Fault, u64>,
    healed: bool,
}

impl Faults {
    /// The faults of a run.
    #[must_use]
    pub fn of(seed: u64, given: Given) -> Self {
        let mixture = mixture(&mut Chance::new(draw(&[seed, chance::text("swarm")])));
        let mut rates = vec![0; Fault::ALL.iter().map(|kind| *kind as usize + 1).max().unwrap_or(0)];
        for (kind, drawn) in mixture {
            if let Some(rate) = rates.get_mut(kind as usize) {
                *rate = drawn;
            }
        }
        Self {
            seed,
            rates,
            given,
            sites: Vec::new(),
            found: Cell::new(0),
            fired: Plan::new(),
            counts: BTreeMap::new(),
            healed: false,
        }
    }

    /// From now on nothing goes wrong.
    pub fn heal(&mut self) {
        self.healed = true;
    }

    /// Counts a visit, and says which it is.
    pub fn visit(&mut self, actor: &'static str, site: &'static str) -> u32 {
        let at = self.at(actor, site).unwrap_or_else(|| {
            let drawn = draw(&[self.seed, chance::text(actor), chance::text(site)]);
            self.sites.push(Site { actor, site, visits: 0, drawn });
            self.sites.len() - 1
        });
        self.sites.get_mut(at).map_or(0, |site| {
            site.visits += 1;
            site.visits
        })
    }

    /// Where a site is kept. Its names are constants, so nearly always it is found by where they stand.
    fn at(&self, actor: &str, site: &str) -> Option<usize> {
        let is = |known: &Site| std::ptr::eq(known.site, site) && std::ptr::eq(known.actor, actor);
        if self.sites.get(self.found.get()).is_some_and(is) {
            return Some(self.found.get());
        }
        let reads = |known: &Site| known.site == site && known.actor == actor;
        let at = self.sites.iter().position(is).or_else(|| self.sites.iter().position(reads))?;
        self.found.set(at);
        Some(at)
    }

    /// What the seed draws for a visit.
    fn drawn(&self, actor: &str, site: &str, visit: u32) -> u64 {
        let known = self.at(actor, site).and_then(|at| self.sites.get(at)).map(|site| site.drawn);
        let drawn = known.unwrap_or_else(|| draw(&[self.seed, chance::text(actor), chance::text(site)]));
        chance::drawn(drawn, &[u64::from(visit)])
    }

    /// A number that belongs to this visit and this use of it.
    #[must_use]
    pub fn number(&self, actor: &str, site: &str, visit: u32, of: &str) -> u64 {
        chance::drawn(self.drawn(actor, site, visit), &[chance::text(of)])
    }

    /// The first of `kinds` that fires at this visit.
    pub fn fires(&mut self, actor: &'static str, site: &'static str, visit: u32, kinds: &[Fault]) -> Option<Fault> {
        if self.healed {
            return None;
        }
        let bits = self.drawn(actor, site, visit);
        let place = || Place { actor: actor.to_owned(), site: site.to_owned(), visit };
        let kind = match &self.given {
            Given::Only(plan) => kinds.iter().copied().find(|kind| plan.contains(&(place(), *kind)))?,
            Given::BySeed => kinds.iter().copied().find(|kind| {
                // There are many calls, and few of them are POSTs.
                let times = if site == "place" { 5 } else { 1 };
                let rate = times * self.rates.get(*kind as usize).copied().unwrap_or(0).min(32_768 / times);
                rate > 0 && draw(&[bits, *kind as u64]) % 65_536 < rate
            })?,
        };
        self.fired.insert((place(), kind));
        *self.counts.entry(kind).or_default() += 1;
        Some(kind)
    }

    /// Every call that was made, and how often.
    #[must_use]
    pub fn calls(&self) -> Vec<(&'static str, &'static str, u32)> {
        let mut calls: Vec<_> = self.sites.iter().map(|at| (at.actor, at.site, at.visits)).collect();
        calls.sort_unstable();
        calls
    }

    /// What has fired.
    #[must_use]
    pub const fn fired(&self) -> &Plan {
        &self.fired
    }

    /// How often each kind has fired.
    #[must_use]
    pub const fn counts(&self) -> &BTreeMap<Fault, u64> {
        &self.counts
    }
}
