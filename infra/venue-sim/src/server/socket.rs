//! One WebSocket connection: what it listens to, what it is told, and how that goes wrong.

use super::wire::Peer;
use super::world::Shared;
use crate::api::call::HttpAnswer;
use crate::engine::types::AccountId;
use crate::faults::{Stream, drawn};
use crate::stream::control::{self, Subscriptions};
use crate::stream::methods::{self, Users};
use crate::stream::{Outgoing, private};
use axum::body::Body;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, State};
use axum::http::{Response, Uri};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often the exchange pings.
const PING: Duration = Duration::from_secs(20);
const BEAT: Duration = Duration::from_millis(100);

/// `/ws`, `/ws/<streams>`, `/stream?streams=<streams>` and `/ws-api/v3`.
pub(super) async fn open(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    uri: Uri,
    upgrade: WebSocketUpgrade,
) -> Response<Body> {
    let closed = shared.with(|world, _| world.exchange.venue.maintenance || world.draws.faults().stream.refuse);
    if closed {
        shared.with(|world, _| world.draws.count("refuse"));
        return super::http::reply(&HttpAnswer::html(503, "Service Unavailable"));
    }
    let api = uri.path().starts_with("/ws-api");
    let combined = uri.path().starts_with("/stream");
    let names = if combined {
        uri.query()
            .unwrap_or_default()
            .split('&')
            .find_map(|part| part.strip_prefix("streams="))
            .unwrap_or_default()
            .to_owned()
    } else {
        uri.path().trim_start_matches("/ws").trim_start_matches('/').to_owned()
    };
    let names = names.replace("%40", "@").replace("%2F", "/").replace("%2f", "/");
    let names = names.split('/').filter(|name| !name.is_empty() && !api).map(str::to_owned).collect();
    upgrade.on_upgrade(move |socket| async move {
        let receiver = shared.hub.subscribe();
        let mut connection = Connection {
            subscriptions: Subscriptions { names: Default::default(), combined },
            from: peer.address.ip().to_string(),
            shared,
            api,
            users: Users::new(),
            listens: BTreeMap::new(),
            sent: 0,
            draws: 0,
            held: None,
            held_depth: None,
            late: VecDeque::new(),
        };
        let mut first = connection.subscriptions.clone();
        first.names = names;
        connection.adopt(first);
        // A connection that breaks is over; there is nobody to tell.
        let _over = connection.run(socket, receiver).await;
        connection.adopt(Subscriptions::default());
    })
}

struct Connection {
    shared: Shared,
    from: String,
    api: bool,
    subscriptions: Subscriptions,
    users: Users,
    /// Accounts by listen key.
    listens: BTreeMap<String, AccountId>,
    sent: u32,
    draws: u64,
    /// A message that waits for the next one to overtake it.
    held: Option<String>,
    /// The same of depth messages.
    held_depth: Option<String>,
    /// Messages that are late, by when they are due.
    late: VecDeque<(Instant, String)>,
}

/// The connection is over.
struct Over;

impl From<axum::Error> for Over {
    fn from(_: axum::Error) -> Self {
        Self
    }
}

impl Connection {
    async fn run(&mut self, mut socket: WebSocket, mut receiver: broadcast::Receiver<Outgoing>) -> Result<(), Over> {
        let mut ping = interval(PING);
        ping.reset();
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            let faults = self.shared.stream.borrow().clone();
            tokio::select! {
                biased;
                frame = socket.recv(), if !faults.silence => match frame {
                    Some(Ok(Message::Text(text))) => self.heard(&mut socket, text.as_str()).await?,
                    Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(()),
                },
                message = receiver.recv() => {
                    // They may have been switched while this waited.
                    let faults = self.shared.stream.borrow().clone();
                    match message {
                        Ok(_) if faults.silence => self.count("silence"),
                        Ok(message) => self.told(&mut socket, message, &faults).await?,
                        // Too slow a listener is disconnected.
                        Err(_) => return Err(Over),
                    }
                },
                _ = ping.tick(), if !faults.silence => socket.send(Message::Ping(Vec::from(*b"sim").into())).await?,
                _ = beat.tick() => if !faults.silence {
                    self.beat(&mut socket, &faults).await?;
                },
            }
        }
    }

    /// Something from the client.
    async fn heard(&mut self, socket: &mut WebSocket, text: &str) -> Result<(), Over> {
        let answer = if self.api {
            let (users, from) = (&mut self.users, &self.from);
            self.shared.with(|world, now| methods::handle(&mut world.exchange, users, text, from, now))
        } else {
            let mut subscriptions = self.subscriptions.clone();
            let answer = control::handle(&mut subscriptions, text);
            self.adopt(subscriptions);
            answer
        };
        socket.send(Message::Text(answer.to_string().into())).await?;
        Ok(())
    }

    /// Listens to other streams than before.
    fn adopt(&mut self, subscriptions: Subscriptions) {
        self.listens = self.shared.with(|world, now| {
            world.want(&self.subscriptions.names, &subscriptions.names);
            let owner = |name: &String| world.exchange.listener(name, now).map(|account| (name.clone(), account));
            subscriptions.names.iter().filter_map(owner).collect()
        });
        self.subscriptions = subscriptions;
    }

    /// Something that happened.
    async fn told(&mut self, socket: &mut WebSocket, message: Outgoing, faults: &Stream) -> Result<(), Over> {
        match message {
            Outgoing::Close => Err(Over),
            Outgoing::Public(name, body) => {
                if !self.subscriptions.names.contains(&*name) {
                    return Ok(());
                }
                let text = self.wrapped(&name, &body);
                if name.contains("@depth") {
                    return self.depth(socket, text, faults).await;
                }
                if self.drawn(faults.drop_market_ppm, "drop_market") {
                    return Ok(());
                }
                self.send(socket, text, faults).await
            }
            Outgoing::Private(account, body) => {
                let texts: Vec<String> = if self.api {
                    let numbers = self.users.iter().filter(|(_, user)| **user == account);
                    numbers.map(|(number, _)| format!("{{\"subscriptionId\":{number},\"event\":{body}}}")).collect()
                } else {
                    let keys = self.listens.iter().filter(|(_, owner)| **owner == account);
                    keys.map(|(key, _)| self.wrapped(key, &body)).collect()
                };
                for text in texts {
                    self.user(socket, text, faults).await?;
                }
                Ok(())
            }
            Outgoing::Expired(key) => {
                if self.listens.remove(&*key).is_some() {
                    let now = self.shared.with(|_, now| now);
                    let body: Arc<str> = private::expired(&key, now).to_string().into();
                    let text = self.wrapped(&key, &body);
                    self.send(socket, text, faults).await?;
                }
                Ok(())
            }
        }
    }

    /// A depth message: perhaps dropped, overtaken by the next one, or twice.
    async fn depth(&mut self, socket: &mut WebSocket, text: String, faults: &Stream) -> Result<(), Over> {
        if self.drawn(faults.depth_gap_ppm, "depth_gap") {
            return Ok(());
        }
        if self.held_depth.is_none() && self.drawn(faults.depth_reorder_ppm, "depth_reorder") {
            self.held_depth = Some(text);
            return Ok(());
        }
        let again = self.drawn(faults.depth_duplicate_ppm, "depth_duplicate").then(|| text.clone());
        for text in std::iter::once(text).chain(again).chain(self.held_depth.take()) {
            self.send(socket, text, faults).await?;
        }
        Ok(())
    }

    /// A user event: perhaps dropped, late, overtaken, or twice.
    async fn user(&mut self, socket: &mut WebSocket, text: String, faults: &Stream) -> Result<(), Over> {
        if self.drawn(faults.drop_ppm, "drop") {
            return Ok(());
        }
        if faults.delay_ms > 0 {
            self.count("delay");
            self.late.push_back((Instant::now() + Duration::from_millis(faults.delay_ms), text));
            return Ok(());
        }
        if self.held.is_none() && self.drawn(faults.reorder_ppm, "reorder") {
            self.held = Some(text);
            return Ok(());
        }
        let twice = self.drawn(faults.duplicate_ppm, "duplicate");
        let again = twice.then(|| text.clone());
        for text in std::iter::once(text).chain(again).chain(self.held.take()) {
            self.send(socket, text, faults).await?;
        }
        Ok(())
    }

    async fn send(&mut self, socket: &mut WebSocket, text: String, faults: &Stream) -> Result<(), Over> {
        if self.drawn(faults.garbage_ppm, "garbage") {
            socket.send(Message::Text("\u{fffd}<not json".into())).await?;
        }
        if faults.huge_bytes > 0 {
            self.count("huge");
            let size = usize::try_from(faults.huge_bytes).unwrap_or(usize::MAX);
            socket.send(Message::Text(" ".repeat(size).into())).await?;
        }
        socket.send(Message::Text(text.into())).await?;
        self.sent += 1;
        if faults.disconnect_after > 0 && self.sent >= faults.disconnect_after {
            self.count("disconnect");
            return Err(Over);
        }
        Ok(())
    }

    /// Every 100 ms: what is late and due, what was held back for nothing, and pings.
    async fn beat(&mut self, socket: &mut WebSocket, faults: &Stream) -> Result<(), Over> {
        while self.late.front().is_some_and(|(due, _)| *due <= Instant::now() || faults.delay_ms == 0) {
            if let Some((_, text)) = self.late.pop_front() {
                self.send(socket, text, faults).await?;
            }
        }
        if faults.reorder_ppm == 0
            && let Some(text) = self.held.take()
        {
            self.send(socket, text, faults).await?;
        }
        if faults.ping_flood > 0 {
            self.count("ping_flood");
        }
        for number in 0..faults.ping_flood {
            socket.send(Message::Ping(Vec::from(number.to_be_bytes()).into())).await?;
        }
        Ok(())
    }

    fn wrapped(&self, name: &str, body: &Arc<str>) -> String {
        if self.subscriptions.combined {
            format!("{{\"stream\":\"{name}\",\"data\":{body}}}")
        } else {
            body.to_string()
        }
    }

    fn drawn(&mut self, chance_ppm: u32, fault: &str) -> bool {
        if chance_ppm == 0 {
            return false;
        }
        self.draws += 1;
        let visit = self.draws;
        self.shared.with(|world, _| {
            let hit = drawn(world.draws.faults().seed, u64::MAX, visit, chance_ppm);
            if hit {
                world.draws.count(fault);
            }
            hit
        })
    }

    fn count(&self, fault: &str) {
        self.shared.with(|world, _| world.draws.count(fault));
    }
}
