//! The server: sockets and a clock around the exchange. Loopback only.
//!
//! ```no_run
//! # async fn f() -> Result<(), venue_sim::server::StartError> {
//! use venue_sim::faults::{Fault, Rule};
//! let sim = venue_sim::server::start(venue_sim::server::Config::quiet()).await?;
//! sim.script([Rule::once("POST", "/api/v3/order", Fault::ResponseLost { hang_ms: 0 })]);
//! // ... let the desk trade at sim.url() ...
//! sim.with(|exchange, _| exchange.engine.audit()).expect("money is conserved");
//! sim.shutdown().await;
//! # Ok(()) }
//! ```

mod admin;
mod config;
mod http;
mod socket;
mod wire;
mod world;

pub use config::{Config, Listing, Opening};

use crate::engine::flow::Flow;
use crate::engine::refusal::Refusal;
use crate::engine::types::Ms;
use crate::exchange::Exchange;
use crate::faults::{Faults, Rule};
use crate::stream::Outgoing;
use axum::Router;
use axum::routing::any;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};
use wire::{Door, Peer};
use world::Shared;

const BEAT_MS: u64 = 100;

/// Why it did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It is for this machine only.
    #[error("{0} is not a loopback address: the simulated exchange is for this machine only")]
    NotLoopback(SocketAddr),
    /// A market's rules don't fit.
    #[error("{0}")]
    Listing(String),
    /// An account can't be opened.
    #[error("an account can't be opened: {0}")]
    Account(Refusal),
    /// No socket.
    #[error("can't listen: {0}")]
    Io(#[from] std::io::Error),
}

/// A running exchange. It stops when dropped.
pub struct Sim {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Shared,
    down: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<()>>,
}

/// Starts an exchange.
///
/// # Errors
/// [`StartError`]; nothing runs then.
pub async fn start(config: Config) -> Result<Sim, StartError> {
    if !config.listen.ip().is_loopback() {
        return Err(StartError::NotLoopback(config.listen));
    }
    let listener = TcpListener::bind(config.listen).await?;
    let address = listener.local_addr()?;
    let shared = Shared::new(Exchange::new(), config.faults.clone());
    shared.with(|world, now| furnish(&mut world.exchange, &config, now))?;
    let down = Arc::new(AtomicBool::new(false));
    let router = Router::new()
        .route("/sim/{*what}", any(admin::answer))
        .route("/ws", any(socket::open))
        .route("/ws/{*names}", any(socket::open))
        .route("/stream", any(socket::open))
        .route("/ws-api/v3", any(socket::open))
        .fallback(http::answer)
        .with_state(shared.clone());
    let door = Door { listener, down: down.clone() };
    let serve = tokio::spawn(async move {
        // It serves until it is aborted.
        let _ended = axum::serve(door, router.into_make_service_with_connect_info::<Peer>()).await;
    });
    let beat = tokio::spawn(beats(shared.clone(), config.step_ms.map(|ms| (ms, config.speed))));
    Ok(Sim { address, shared, down, tasks: vec![serve, beat] })
}

fn furnish(exchange: &mut Exchange, config: &Config, now: Ms) -> Result<(), StartError> {
    exchange.limits = config.limits.clone();
    for listing in &config.listings {
        exchange.engine.list(listing.rules.clone()).map_err(StartError::Listing)?;
    }
    for opening in &config.accounts {
        let account = exchange.open(&opening.key, &opening.secret, opening.maker, opening.taker);
        for (asset, amount) in &opening.funds {
            exchange.engine.fund(account, asset, *amount, now).map_err(StartError::Account)?;
        }
    }
    let mut flow = Flow::new(&mut exchange.engine, config.seed);
    if config.step_ms.is_some() {
        for listing in &config.listings {
            flow.open(&mut exchange.engine, &listing.rules.symbol, listing.price, listing.path.clone(), now);
        }
    }
    exchange.flow = Some(flow);
    Ok(())
}

/// The beat of the streams, and the steps of the participants.
async fn beats(shared: Shared, steps: Option<(u64, u32)>) {
    let mut beat = interval(Duration::from_millis(BEAT_MS));
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut number, mut owed) = (0_u64, 0_u64);
    loop {
        beat.tick().await;
        number += 1;
        if let Some((step_ms, speed)) = steps {
            owed += BEAT_MS * u64::from(speed);
            while owed >= step_ms.max(1) {
                owed -= step_ms.max(1);
                shared.with(|world, now| {
                    if let Some(mut flow) = world.exchange.flow.take() {
                        flow.step(&mut world.exchange.engine, now);
                        world.exchange.flow = Some(flow);
                    }
                });
            }
        }
        shared.with(|world, now| world.beat(number.is_multiple_of(10), now));
    }
}

impl Sim {
    /// `http://127.0.0.1:<port>`
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `ws://127.0.0.1:<port>`
    #[must_use]
    pub fn ws_url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Looks at the exchange, or does something to it, at its own time.
    pub fn with<T>(&self, act: impl FnOnce(&mut Exchange, Ms) -> T) -> T {
        self.shared.with(|world, now| act(&mut world.exchange, now))
    }

    /// The faults in force.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.shared.with(|world, _| world.draws.faults().clone())
    }

    /// Other faults from now on.
    pub fn switch(&self, faults: Faults) {
        self.shared.with(|world, _| world.switch(faults));
    }

    /// More rules for requests, behind those in force.
    pub fn script(&self, rules: impl IntoIterator<Item = Rule>) {
        self.shared.with(|world, _| world.script(rules.into_iter().collect()));
    }

    /// How often each kind of fault has fired.
    #[must_use]
    pub fn fired(&self) -> BTreeMap<String, u64> {
        self.shared.with(|world, _| world.draws.fired().clone())
    }

    /// Closes all streams.
    pub fn disconnect(&self) {
        self.shared.with(|world, _| world.send(Outgoing::Close));
    }

    /// Ends all listen keys.
    pub fn expire_listen_keys(&self) {
        self.shared.with(|world, _| {
            for key in world.exchange.expire_listens() {
                world.send(Outgoing::Expired(key.into()));
            }
        });
    }

    /// Stops, and gives the exchange's last state back.
    pub async fn shutdown(mut self) -> Exchange {
        self.stop();
        for task in self.tasks.drain(..) {
            // Aborted: that is what was wanted.
            let _aborted = task.await;
        }
        self.with(|exchange, _| exchange.clone())
    }

    /// Waits until the server ends, which it does not by itself.
    pub async fn wait(&mut self) {
        if let Some(serve) = self.tasks.first_mut() {
            let _ended = serve.await;
        }
    }

    fn stop(&self) {
        self.down.store(true, Ordering::SeqCst);
        self.disconnect();
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.stop();
    }
}
