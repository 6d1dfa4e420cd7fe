//! The desk: its real handlers, each with ports of its own into the world. A handler's future is large, so each is put
//! into a box of its own where it begins: what it is part of is moved about.

use crate::mutants::Mutant;
use crate::port::{ApiKey, Caller, SimCandles, SimQueues, SimTable, SimVenue};
use crate::world::Shared;
use boot::Failure;
use boot::config::DeskConfig;
use boot::event::{KillEvent, Scheduled};
use desk::id::{InvocationId, SignalId};
use desk::message::{Message, QueueName};
use desk::order::Timing;
use desk::port::Clock;
use desk::risk::Profile;
use desk::signal::Signal;
use desk::strategy::Strategy;
use desk::time::Timestamp;
use std::sync::Arc;
use store::{Store, keys};

/// What every process is made from.
#[derive(Debug, Clone)]
pub struct Desk {
    /// The world.
    pub world: Shared,
    /// What it is told.
    pub config: Arc<DeskConfig>,
    /// By what it trades.
    pub strategy: Strategy,
    /// How long the steps of placing an order may take at its venue.
    pub timing: Timing,
    /// How it was broken on purpose.
    pub mutant: Option<Mutant>,
}

/// A process of `market-data`.
pub type MarketData = market_data::Deps<SimTable, SimCandles, SimQueues>;
/// A process of `signal-inference`.
pub type SignalInference = signal_inference::Deps<SimTable, SimQueues>;

impl Desk {
    fn caller(&self, actor: &'static str) -> Caller {
        let (skew_ms, now) = {
            let world = self.world.lock();
            (world.skews.get(actor).copied().unwrap_or(0), world.now)
        };
        let once = self.mutant == Some(Mutant::NoGapCheck) && actor == "order-placement";
        let read_once = once.then(|| now.plus_ms(skew_ms));
        Caller { world: self.world.clone(), actor, skew_ms, mutant: self.mutant, read_once }
    }

    fn ports(&self, actor: &'static str) -> (Store<SimTable>, SimQueues, Caller) {
        let caller = self.caller(actor);
        (Store::new(SimTable(caller.clone())), SimQueues(caller.clone()), caller)
    }

    fn venue(&self, actor: &'static str) -> SimVenue {
        let key = ApiKey { mutant: self.mutant };
        SimVenue { caller: self.caller(actor), id: self.config.venue.clone(), timing: self.timing, key }
    }

    /// A new process of `market-data`: it remembers what it has stored.
    #[must_use]
    pub fn market_data(&self) -> MarketData {
        let (store, queues, caller) = self.ports("market-data");
        let (candles, config) = (SimCandles(caller), self.config.clone());
        market_data::Deps { store, candles, queues, config, last: market_data::Last::default() }
    }

    /// A new process of `signal-inference`: it remembers how far it has read.
    #[must_use]
    pub fn signal_inference(&self) -> SignalInference {
        let (store, queues, _) = self.ports("signal-inference");
        let (config, strategy) = (self.config.clone(), self.strategy.clone());
        signal_inference::Deps { store, queues, config, strategy, cursors: signal_inference::Cursors::default() }
    }

    /// Hands a message to the function that takes from its queue; `bars` are [`Self::signal_inference`]'s.
    ///
    /// # Errors
    /// As the handler.
    pub async fn handle(&self, queue: QueueName, message: &Message, owner: &InvocationId) -> Result<(), Failure> {
        match queue {
            QueueName::Bars => Err(Failure::poison("bars are for a process that remembers")),
            QueueName::Signals => {
                let (store, queues, clock) = self.ports("risk-validation");
                let clock = match (self.mutant, message) {
                    (Some(Mutant::NoAgeCheck), Message::Signal { signal, .. }) => {
                        Caller { read_once: self.decided_at(signal), ..clock }
                    }
                    _ => clock,
                };
                let deps = risk_validation::Deps { store, queues, clock, config: self.config.clone() };
                Box::pin(risk_validation::handle(&deps, message)).await
            }
            QueueName::Exits | QueueName::Orders => {
                let (store, queues, clock) = self.ports("order-placement");
                let deps = order_placement::Deps { store, venue: self.venue("order-placement"), queues, clock };
                Box::pin(order_placement::handle(&deps, message, owner)).await
            }
            QueueName::Fills => {
                let (store, queues, clock) = self.ports("fill-booking");
                let deps = fill_booking::Deps { store, queues, clock, config: self.config.clone() };
                Box::pin(fill_booking::handle(&deps, message)).await
            }
        }
    }

    /// When a signal was decided: a clock that shows this sees no data grow old.
    fn decided_at(&self, id: &SignalId) -> Option<Timestamp> {
        let world = self.world.lock();
        let item = world.memory.get(&keys::signal(id))?;
        world.memory.decoded::<Signal>(item).ok().map(|signal| signal.decided_at)
    }

    /// One round of reconciliation.
    ///
    /// # Errors
    /// As the handler.
    pub async fn reconcile(&self) -> Result<reconciliation::Round, Failure> {
        let (store, queues, clock) = self.ports("reconciliation");
        let (venue, config) = (self.venue("reconciliation"), self.config.clone());
        let deps = reconciliation::Deps { store, venue, queues, clock, config };
        Box::pin(reconciliation::handle(&deps, &Scheduled::ALL)).await
    }

    /// Values the account.
    ///
    /// # Errors
    /// As the handler.
    pub async fn snapshot(&self) -> Result<(), Failure> {
        let (store, _, clock) = self.ports("snapshot");
        let deps = portfolio_snapshot::Deps { store, clock, config: self.config.clone() };
        Box::pin(portfolio_snapshot::handle(&deps, &Scheduled::ALL)).await.map(drop)
    }

    /// Brings the account to other limits, as a process of a new deployment does when it begins.
    ///
    /// # Errors
    /// As the store.
    pub async fn adopt(&self, profile: Profile) -> Result<(), Failure> {
        let (store, _, clock) = self.ports("adoption");
        let config = DeskConfig { profile, ..self.config.as_ref().clone() };
        Ok(store.open_or_adopt(&config.opening(clock.now())).await?)
    }

    /// Tells the kill switch something.
    ///
    /// # Errors
    /// As the handler.
    pub async fn kill_switch(&self, event: &KillEvent) -> Result<(), Failure> {
        let (store, queues, clock) = self.ports("kill-switch");
        let (venue, wall, config) = (Some(self.venue("kill-switch")), clock.clone(), self.config.clone());
        let deps = kill_switch::Deps { store, venue, queues, clock, wall, config };
        Box::pin(kill_switch::handle(&deps, event)).await.map(drop)
    }
}
