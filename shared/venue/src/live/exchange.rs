//! A venue over the network: asks are guarded, signed, sent and read here.
//!
//! 1. Nothing is sent unless the guard admits it: the breaker first, then the budget.
//! 2. A read is repeated, with growing pauses, while it may help. What changes something at the venue is sent once.
//! 3. Every outcome is reported to the guard, so that others learn of bans and failures.
//! 4. No fault repeats a key, a secret or a signature, whatever the venue answers.

mod time;

use super::access::Access;
use super::budget::Cost;
use super::clock::Offset;
use super::connections::Connection;
use super::discreet::Secrets;
use super::guard::{Guard, Turn};
use super::transport::Transport;
use crate::protocol::model::{Balances, KeyPermissions};
use crate::protocol::stream::{Channel, StreamToken, Streams};
use crate::protocol::{
    Ask, CallError, CallFault, EndpointClass, Instrument, Markets, Meaning, Moment, Product, Protocol, ReadFault,
    Reply, Scope, Unsigned,
};
use desk::port::{Clock, Table};
use desk::time::Timestamp;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

/// How often a read is sent at most.
const READS: u32 = 4;
/// The pause before the first repetition, in milliseconds; twice as long before each next one.
const PAUSE_MS: u64 = 200;
/// For how long a read waits for the budget rather than fail, in milliseconds.
const WAIT_MAX_MS: i64 = 2_000;
/// How long an answer may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Told when a breaker turns, so that somebody can be alarmed.
pub type OnTurn = fn(venue: &'static str, class: EndpointClass, turn: Turn);

/// A venue over the network.
pub struct Exchange<T, C, X> {
    protocol: &'static dyn Protocol,
    access: Access,
    guard: Guard<T>,
    clock: C,
    transport: X,
    on_turn: OnTurn,
    nonce: AtomicU64,
    offset: Mutex<Option<Offset>>,
    markets: Mutex<Arc<Markets>>,
}

impl<T, C, X> std::fmt::Debug for Exchange<T, C, X> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Exchange({})", self.protocol.capabilities().venue)
    }
}

impl<T: Table, C: Clock, X: Transport> Exchange<T, C, X> {
    /// A venue. `seed` is a number no other process has, as good as random.
    pub fn new(
        protocol: &'static dyn Protocol,
        access: Access,
        table: T,
        clock: C,
        transport: X,
        seed: u64,
        on_turn: OnTurn,
    ) -> Self {
        let capabilities = protocol.capabilities();
        Self {
            protocol,
            access,
            guard: Guard::new(table, capabilities.venue, capabilities.limits, seed),
            clock,
            transport,
            on_turn,
            nonce: AtomicU64::new(0),
            offset: Mutex::new(None),
            markets: Mutex::new(Arc::new(Markets::default())),
        }
    }

    /// Whether it is the venue's test network, or its demo account.
    #[must_use]
    pub const fn is_test(&self) -> bool {
        self.access.test
    }

    /// What it speaks.
    #[must_use]
    pub const fn protocol(&self) -> &'static dyn Protocol {
        self.protocol
    }

    /// The instruments that were loaded last.
    #[must_use]
    pub fn markets(&self) -> Arc<Markets> {
        self.markets.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the instruments.
    pub fn set_markets(&self, markets: Markets) {
        *self.markets.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(markets);
    }

    /// Loads the instruments of some products.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn load_markets(&self, products: &[Product]) -> Result<Arc<Markets>, CallFault> {
        let mut all: Vec<Instrument> = Vec::new();
        for product in products {
            for list in self.protocol.listings(*product)? {
                all.extend(self.read(list).await?);
            }
        }
        self.set_markets(Markets::new(all));
        Ok(self.markets())
    }

    /// What the account holds.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn balances(&self, scope: &Scope) -> Result<Balances, CallFault> {
        self.read(self.protocol.balances(scope)?).await
    }

    /// What the account's key may do; nothing is told where the venue can't be asked.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn key_permissions(&self) -> Result<KeyPermissions, CallFault> {
        match self.protocol.key_permissions() {
            Ok(ask) => self.read(ask).await,
            Err(CallError::Unsupported { .. }) => Ok(KeyPermissions::default()),
            Err(error @ (CallError::Invalid(_) | CallError::Credentials { .. })) => Err(error.into()),
        }
    }

    /// What narrows questions and orders down to the account that the credentials open: the account system that the venue
    /// tells, where it has several; the usual one elsewhere, and without credentials.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn account_scope(&self) -> Result<Scope, CallFault> {
        match self.protocol.account_system() {
            Ok(ask) if self.access.credentials.is_some() => {
                Ok(Scope { account: self.read(ask).await?, ..Scope::default() })
            }
            Ok(_) | Err(CallError::Unsupported { .. }) => Ok(Scope::default()),
            Err(error @ (CallError::Invalid(_) | CallError::Credentials { .. })) => Err(error.into()),
        }
    }

    /// Asks and reads; repeats while it may help.
    ///
    /// # Errors
    /// [`CallFault`], the last one that is not about our own budget.
    pub async fn read<A>(&self, ask: Ask<A>) -> Result<A, CallFault> {
        let (mut tries, mut earlier) = (0, None);
        loop {
            tries += 1;
            let fault = match self.send(&ask, None).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            let pause = self.pause(&fault, tries).filter(|_| tries < READS);
            let told = telling(earlier, fault);
            let Some(pause) = pause else { return Err(told) };
            earlier = Some(told);
            tokio::time::sleep(pause).await;
        }
    }

    /// Asks once. For what changes something at the venue; `window_ms` is for how long the venue may act on it.
    ///
    /// # Errors
    /// [`CallFault`]. Only [`CallFault::Call`], [`CallFault::Budget`], [`CallFault::BreakerOpen`] and a
    /// [`CallFault::Connectivity`] that is `unsent` say that nothing was done.
    pub async fn once<A>(&self, ask: Ask<A>, window_ms: Option<u32>) -> Result<A, CallFault> {
        self.send(&ask, window_ms).await
    }

    /// Whether a question would be sent now, for all that stands before it.
    ///
    /// # Errors
    /// [`CallFault::Budget`], [`CallFault::BreakerOpen`], or a fault of the store.
    pub async fn would_send<A>(&self, ask: &Ask<A>) -> Result<(), CallFault> {
        let Unsigned { origin, class, weight, .. } = ask.request;
        self.guard.would_admit(Cost { origin, class, weight }, self.clock.now()).await
    }

    /// Asks once, and tells when the server says it answered (`Date`, in whole seconds).
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn once_dated<A>(&self, ask: Ask<A>) -> Result<(A, Option<Timestamp>), CallFault> {
        let date = |reply: &Reply| reply.header("date").and_then(date);
        self.send_and(&ask, None, date).await
    }

    /// Between half and all of a pause, so that what failed together does not come back together.
    #[must_use]
    pub fn spread(&self, pause: Duration) -> Duration {
        let half_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX).div_euclid(2);
        let more_ms = mixed(self.nonce.fetch_add(1, Ordering::Relaxed)) % half_ms.max(1);
        Duration::from_millis(half_ms.saturating_add(more_ms))
    }

    /// How long to wait before a read is repeated; `None` if repeating does not help.
    fn pause(&self, fault: &CallFault, tries: u32) -> Option<Duration> {
        let pause = Some(self.spread(Duration::from_millis(PAUSE_MS.checked_shl(tries - 1)?)));
        match fault {
            CallFault::Connectivity { .. } | CallFault::Read(ReadFault::Parse { .. }) => pause,
            CallFault::Budget { wait_ms, .. } if *wait_ms <= WAIT_MAX_MS => {
                Some(Duration::from_millis(wait_ms.unsigned_abs()))
            }
            CallFault::Read(ReadFault::Api(error)) if error.status >= 500 && error.meaning == Meaning::Unclear => pause,
            CallFault::Read(ReadFault::Api(_))
            | CallFault::Budget { .. }
            | CallFault::Call(_)
            | CallFault::BreakerOpen { .. } => None,
        }
    }

    async fn send<A>(&self, ask: &Ask<A>, window_ms: Option<u32>) -> Result<A, CallFault> {
        self.send_and(ask, window_ms, |_| ()).await.map(|(answer, ())| answer)
    }

    /// Sends, and reads the answer and something else of the reply.
    async fn send_and<A, B>(
        &self,
        ask: &Ask<A>,
        window_ms: Option<u32>,
        also: impl Fn(&Reply) -> B,
    ) -> Result<(A, B), CallFault> {
        let Unsigned { origin, class, weight, .. } = ask.request;
        self.guard.admit(Cost { origin, class, weight }, self.clock.now()).await?;
        let answer = self.exchange(ask, window_ms, also).await;
        // What can't be written down must not stand in for the answer: an order that was sent would be told as never sent.
        let turn =
            self.guard.report(origin, class, answer.as_ref().err(), self.clock.now()).await.unwrap_or(Turn::None);
        if turn != Turn::None {
            (self.on_turn)(self.protocol.capabilities().venue, class, turn);
        }
        answer
    }

    async fn exchange<A, B>(
        &self,
        ask: &Ask<A>,
        window_ms: Option<u32>,
        also: impl Fn(&Reply) -> B,
    ) -> Result<(A, B), CallFault> {
        let venue = self.protocol.capabilities().venue;
        let now = self.venue_now();
        let window_ms = window_ms.unwrap_or(5_000);
        let moment = Moment { now, nonce: self.next_nonce(now), window_ms };
        let request = self.protocol.sign(ask.request.clone(), self.access.credentials.as_ref(), moment)?;
        let request = self.access.marked(self.protocol.capabilities(), request, ask.request.auth);
        let base = self.access.base(self.protocol.capabilities(), request.origin)?;
        let sent = self.transport.send(&base, &request, PATIENCE).await;
        let secrets = || Secrets::of(self.access.credentials.as_ref(), Some(&request));
        let reply = sent.map_err(|fault| CallFault::Connectivity {
            venue: venue.to_owned(),
            reason: secrets().hidden(fault.reason),
            unsent: fault.unsent,
        })?;
        let answer = ask.read(&reply, &self.markets()).map_err(|fault| secrets().out_of(fault))?;
        Ok((answer, also(&reply)))
    }

    /// Microseconds since 1970 by the venue's clock, and always more than before.
    fn next_nonce(&self, now: Timestamp) -> u64 {
        let micros = now.ms().unsigned_abs().saturating_mul(1000);
        let last = self.nonce.fetch_max(micros, Ordering::Relaxed);
        self.nonce.fetch_add(1, Ordering::Relaxed).max(last) + 1
    }

    /// Where a stream is connected to. Where a server of one's own is named for `*`, the stream is its own too.
    ///
    /// # Errors
    /// [`CallError`] if there is no such stream.
    pub fn stream_url(
        &self,
        streams: &dyn Streams,
        connection: &Connection,
        token: Option<&StreamToken>,
    ) -> Result<String, CallError> {
        let url = match connection.topics.first() {
            Some(topic) => streams.url_of(topic, token, self.access.test)?,
            None => streams.url(connection.channel, token, self.access.test)?,
        };
        let Some(own) = self.access.origins.get("stream").or_else(|| self.access.origins.get("*")) else {
            return Ok(url);
        };
        let host = own.trim_end_matches('/').replacen("http", "ws", 1);
        let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        let path = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/");
        Ok(format!("{host}{path}"))
    }

    /// What is said to a frame that only the credentials can answer.
    ///
    /// # Errors
    /// [`CallError`] if the credentials can't be used.
    pub fn respond_frames(
        &self,
        streams: &dyn Streams,
        connection: &Connection,
        frame: &str,
    ) -> Result<Vec<String>, CallError> {
        match (&self.access.credentials, connection.channel) {
            (Some(credentials), Channel::Private(_)) => {
                streams.respond(connection.channel, frame, &connection.topics, credentials)
            }
            (None, _) | (_, Channel::Public(_)) => Ok(Vec::new()),
        }
    }

    /// Why a stream broke, without what is secret in the account and in the stream: a venue may repeat what it was sent.
    #[must_use]
    pub fn discreet(&self, why: String, token: Option<&StreamToken>) -> String {
        let secrets = Secrets::of(self.access.credentials.as_ref(), None);
        secrets.and(token.map_or("", |token| &token.token)).hidden(why)
    }

    /// The frames that log a stream in, where the venue wants that.
    ///
    /// # Errors
    /// [`CallError`] if the credentials are missing or can't be used.
    pub fn login_frames(&self, streams: &dyn Streams, channel: Channel) -> Result<Vec<String>, CallError> {
        let Channel::Private(_) = channel else { return Ok(Vec::new()) };
        let venue = self.protocol.capabilities().venue;
        let none = || CallError::Credentials { venue, why: "there are none" };
        let credentials = self.access.credentials.as_ref().ok_or_else(none)?;
        let now = self.venue_now();
        streams.login(channel, credentials, Moment { now, nonce: self.next_nonce(now), window_ms: 5_000 })
    }
}

/// What is told of two faults in a row: that repeating a question has used up our budget says nothing of why it was repeated.
fn telling(earlier: Option<CallFault>, fault: CallFault) -> CallFault {
    match (earlier, fault) {
        (Some(earlier), CallFault::Budget { .. }) => earlier,
        (_, fault) => fault,
    }
}

/// The instant of an HTTP date; whole seconds.
fn date(text: &str) -> Option<Timestamp> {
    let since = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().map(Timestamp::from_ms)
}

/// SplitMix64's output function: spreads a counter evenly.
const fn mixed(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
