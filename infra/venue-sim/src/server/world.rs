//! The state behind the server: one lock, and what happened under it is published before it is given back.

use crate::engine::book::Pace;
use crate::engine::tape::Length;
use crate::engine::types::{Event, Ms};
use crate::exchange::Exchange;
use crate::faults::{Draws, Faults, Rule, Stream};
use crate::stream::names::{self, Kind};
use crate::stream::{Outgoing, private, public};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::{broadcast, watch};

/// How many messages a slow listener may be behind before it is disconnected.
const BEHIND_MAX: usize = 65_536;

/// Everything that handlers and streams share.
#[derive(Clone)]
pub(super) struct Shared {
    world: Arc<Mutex<World>>,
    /// For new listeners.
    pub(super) hub: broadcast::Sender<Outgoing>,
    /// What happens to streams, for the connections to look at.
    pub(super) stream: watch::Receiver<Stream>,
}

/// What the lock protects.
pub(super) struct World {
    pub(super) exchange: Exchange,
    pub(super) draws: Draws,
    hub: broadcast::Sender<Outgoing>,
    faulty: watch::Sender<Stream>,
    /// How many connections want a stream.
    wanted: BTreeMap<String, usize>,
    /// The bar that a stream last told of.
    bars: BTreeMap<String, Ms>,
}

impl Shared {
    pub(super) fn new(exchange: Exchange, faults: Faults) -> Self {
        let (hub, _) = broadcast::channel(BEHIND_MAX);
        let (faulty, stream) = watch::channel(Stream::default());
        let world = World {
            exchange,
            draws: Draws::default(),
            hub: hub.clone(),
            faulty,
            wanted: BTreeMap::new(),
            bars: BTreeMap::new(),
        };
        let shared = Self { world: Arc::new(Mutex::new(world)), hub, stream };
        shared.with(|world, _| world.switch(faults));
        shared
    }

    /// Does something to the world at the exchange's own time, and publishes what came of it.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut World, Ms) -> T) -> T {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let now = wall() + world.exchange.venue.clock_drift_ms;
        let result = act(&mut world, now);
        world.publish(now);
        result
    }
}

/// The machine's clock.
fn wall() -> Ms {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ms::try_from(since.as_millis()).unwrap_or(Ms::MAX)
}

impl World {
    /// Other faults from now on.
    pub(super) fn switch(&mut self, faults: Faults) {
        self.exchange.venue = faults.venue.clone();
        self.faulty.send_replace(faults.stream.clone());
        let maintenance = faults.venue.maintenance;
        self.draws.switch(faults);
        if maintenance {
            self.send(Outgoing::Close);
        }
    }

    /// More rules for requests.
    pub(super) fn script(&mut self, rules: Vec<Rule>) {
        self.draws.script(rules);
    }

    /// Tells all listeners.
    pub(super) fn send(&self, message: Outgoing) {
        // Nobody listens: nothing to do.
        let _nobody = self.hub.send(message);
    }

    /// A connection listens to other streams than before.
    pub(super) fn want(&mut self, before: &BTreeSet<String>, after: &BTreeSet<String>) {
        for name in after.difference(before) {
            *self.wanted.entry(name.clone()).or_default() += 1;
        }
        for name in before.difference(after) {
            let left = self.wanted.get_mut(name).map(|count| {
                *count = count.saturating_sub(1);
                *count
            });
            if left == Some(0) {
                self.wanted.remove(name);
                self.bars.remove(name);
            }
        }
    }

    /// The 100 ms beat: depth at the fast pace, and every tenth time all that comes by the second.
    pub(super) fn beat(&mut self, second: bool, now: Ms) {
        for symbol in self.exchange.engine.symbols() {
            let lower = symbol.to_lowercase();
            let Ok(market) = self.exchange.engine.market_mut(&symbol) else { continue };
            let fast = market.book.diff(Pace::Fast);
            let slow = if second { market.book.diff(Pace::Slow) } else { None };
            for (diff, name) in [(&fast, "depth@100ms"), (&slow, "depth"), (&slow, "depth@1000ms")] {
                if let Some(diff) = diff {
                    self.offer(format!("{lower}@{name}"), || public::depth(&symbol, diff, now));
                }
            }
        }
        let wanted: Vec<String> = self.wanted.keys().cloned().collect();
        for name in wanted {
            self.periodic(&name, second, now);
        }
    }

    fn periodic(&mut self, name: &str, second: bool, now: Ms) {
        let Some((symbol, kind)) = names::parse(name) else { return };
        let Ok(market) = self.exchange.engine.market(&symbol) else { return };
        let message = match kind {
            Kind::Levels(count, fast) if fast || second => public::top_levels(market, count),
            Kind::Day if second => public::day(market, now),
            Kind::Mini if second => public::mini(market, now),
            Kind::Bars(length) if second => return self.bar(name, &symbol, length, now),
            Kind::Levels(..)
            | Kind::Day
            | Kind::Mini
            | Kind::Bars(_)
            | Kind::Trade
            | Kind::Aggregate
            | Kind::Best
            | Kind::Depth(_) => return,
        };
        self.offer(name.to_owned(), || message);
    }

    /// The forming bar; before it the closed one, when a new one has begun.
    fn bar(&mut self, name: &str, symbol: &str, length: Length, now: Ms) {
        let interval = name.rsplit_once("kline_").map_or("", |(_, interval)| interval);
        let told = self.bars.get(name).copied();
        let Ok(market) = self.exchange.engine.market(symbol) else { return };
        let bars = market.tape.bars(length, None, now, 2);
        let Some(current) = bars.last() else { return };
        let begun = current.open_at;
        let closed = bars.iter().filter(|bar| told.is_some_and(|told| bar.open_at >= told) && bar.open_at < begun);
        let mut messages: Vec<_> = closed.map(|bar| public::bar(symbol, bar, length, interval, true, now)).collect();
        messages.push(public::bar(symbol, current, length, interval, false, now));
        self.bars.insert(name.to_owned(), begun);
        for message in messages {
            self.offer(name.to_owned(), || message);
        }
    }

    /// Sends market data if somebody wants it.
    fn offer(&self, name: String, message: impl FnOnce() -> serde_json::Value) {
        if self.wanted.contains_key(&name) {
            self.send(Outgoing::Public(name.into(), message().to_string().into()));
        }
    }

    fn publish(&mut self, now: Ms) {
        let events = self.exchange.events();
        if self.hub.receiver_count() == 0 {
            return;
        }
        for event in events {
            match event {
                Event::Trade(symbol, trade) => {
                    self.offer(stream(&symbol, "trade"), || public::trade(&symbol, &trade, now))
                }
                Event::Aggregate(symbol, row) => {
                    self.offer(stream(&symbol, "aggTrade"), || public::aggregate(&symbol, &row, now))
                }
                Event::Top(symbol, top) => self.offer(stream(&symbol, "bookTicker"), || public::best(&symbol, &top)),
                Event::Report(report) => self.tell(report.order.account, &private::report(&report, now)),
                Event::List(pair, orders) => self.tell(pair.account, &private::list(&pair, &orders, now)),
                Event::Position(account, balances, at) => self.tell(account, &private::position(&balances, at, now)),
                Event::Moved(account, asset, amount, at) => {
                    self.tell(account, &private::moved(&asset, amount, at, now))
                }
            }
        }
    }

    fn tell(&self, account: crate::engine::types::AccountId, message: &serde_json::Value) {
        self.send(Outgoing::Private(account, message.to_string().into()));
    }
}

fn stream(symbol: &str, kind: &str) -> String {
    format!("{}@{kind}", symbol.to_lowercase())
}
