//! A venue's streams, kept up: connect, log in, subscribe, listen, and begin anew when one breaks.
//!
//! 1. Whoever listens is told of every break and every return: between the two, things have been missed.
//! 2. A frame that can't be read ends the connection. What it would have told is not guessed but asked for.
//! 3. Silence longer than the venue's own rule is a break. After a break the next try waits, longer each time.
//! 4. Topics that the venue tells from several servers, or that are too many for one connection, get connections of their
//!    own ([`super::connections`]); each stands and breaks by itself.
//! 5. Books are kept here ([`super::books`]): snapshots are fetched or subscribed to anew while the stream is listened to.
//! 6. A token that ends (a listen key) is renewed in time. If the venue gives out another one then, or says that it has
//!    ended, the connection begins anew with the new one.

use super::books::{BookState, Keeper, LiveBooks, Need};
use super::connections::{Connection, Pace, Renewal, connections};
use super::exchange::Exchange;
use super::transport::{Transport, broken};
use crate::protocol::model::OrderBook;
use crate::protocol::stream::{Event, Heartbeat, StreamToken, Streams, Topic};
use crate::protocol::{Ask, CallError, CallFault, Scope};
use desk::port::{Clock, Table};
use futures_util::future::{BoxFuture, join_all};
use futures_util::stream::FuturesUnordered;
use futures_util::{SinkExt, StreamExt};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// The pause before the first new try; twice as long before each next one, up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// How long a connection must have held for the pause to begin anew.
const HELD: Duration = Duration::from_secs(60);
/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// The largest frame that is read, in bytes.
const FRAME_MAX: usize = 4 * 1024 * 1024;

/// What a listener is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// A connection is up, and its subscriptions have been sent. What happened before was missed.
    Up,
    /// A connection has broken; why. The books that were kept over it are known no longer.
    Down(String),
    /// A market's book is known, has changed, or is known no longer. It is looked at in [`Plan::books`].
    Book {
        /// The market's unified name.
        market: String,
        /// What happened to it.
        state: BookState,
    },
    /// An event. Those of kept books are not told: see [`News::Book`].
    Event(Box<Event>),
}

/// What is listened to.
#[derive(Clone)]
pub struct Plan {
    /// The venue's streams.
    pub streams: &'static dyn Streams,
    /// What.
    pub topics: Vec<Topic>,
    /// Where the books among the topics are kept.
    pub books: LiveBooks,
}

impl Plan {
    /// Topics of a venue, with books of their own.
    #[must_use]
    pub fn new(streams: &'static dyn Streams, topics: Vec<Topic>) -> Self {
        Self { streams, topics, books: LiveBooks::default() }
    }
}

/// Listens until nobody wants the news any more, or the venue has no such streams.
pub async fn follow<T: Table, C: Clock, X: Transport>(
    exchange: Arc<Exchange<T, C, X>>,
    plan: Plan,
    news: Sender<News>,
) {
    let most = exchange.protocol().capabilities().streams.topics;
    let all = match connections(plan.streams, &plan.topics, most, exchange.is_test()) {
        Ok(all) => all,
        Err(error) => {
            // If nobody listens, nobody has to be told.
            let _gone = news.send(News::Down(error.to_string())).await;
            return;
        }
    };
    join_all(all.iter().map(|connection| keep_up(&exchange, &plan, connection, &news))).await;
}

/// One connection, again and again.
async fn keep_up<T: Table, C: Clock, X: Transport>(
    exchange: &Exchange<T, C, X>,
    plan: &Plan,
    connection: &Connection,
    news: &Sender<News>,
) {
    let mut pause = PAUSE;
    while !news.is_closed() {
        let began = Instant::now();
        let why = match Session::open(exchange, plan, connection, news).await {
            Ok((mut session, mut socket)) => match session.run(&mut socket).await {
                Ok(()) => return,
                Err(why) => exchange.discreet(why, session.token.as_ref()),
            },
            Err(why) => exchange.discreet(why, None),
        };
        // The session's books have gone with it.
        if news.send(News::Down(why)).await.is_err() {
            return;
        }
        pause = if began.elapsed() > HELD { PAUSE } else { (pause * 2).min(PAUSE_MAX) };
        tokio::time::sleep(exchange.spread(pause)).await;
    }
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What was asked beside the stream, and how it was answered.
enum Answered {
    Snapshot(String, Result<OrderBook, CallFault>),
    Token(Result<StreamToken, CallFault>),
}

/// One connection, from its beginning to its break.
struct Session<'a, T, C, X> {
    exchange: &'a Exchange<T, C, X>,
    streams: &'static dyn Streams,
    connection: &'a Connection,
    news: &'a Sender<News>,
    token: Option<StreamToken>,
    renewal: Option<Renewal>,
    keeper: Keeper,
    pace: Pace,
    /// What is to be said, as fast as the venue allows.
    to_say: VecDeque<Message>,
    asked: FuturesUnordered<BoxFuture<'a, Answered>>,
    heartbeat: Heartbeat,
    began: Instant,
    /// When the next ping is due, and when something was heard last.
    beat: Duration,
    heard: Duration,
    up: bool,
    /// The number of the last frame, where the venue counts them.
    counted: Option<u64>,
}

/// Nobody listens any more.
struct Unheard;

impl<'a, T: Table, C: Clock, X: Transport> Session<'a, T, C, X> {
    async fn open(
        exchange: &'a Exchange<T, C, X>,
        plan: &Plan,
        connection: &'a Connection,
        news: &'a Sender<News>,
    ) -> Result<(Self, Socket), String> {
        let Plan { streams, topics: _, books } = plan;
        let channel = connection.channel;
        let token = match streams.token(channel).map_err(|e| e.to_string())? {
            Some(ask) => Some(exchange.read(ask).await.map_err(|fault| fault.to_string())?),
            None => None,
        };
        let url = exchange.stream_url(*streams, connection, token.as_ref()).map_err(|e| e.to_string())?;
        let mut config = WebSocketConfig::default();
        config.max_message_size = Some(FRAME_MAX);
        config.max_frame_size = Some(FRAME_MAX);
        let connecting = tokio_tungstenite::connect_async_with_config(url.as_str(), Some(config), true);
        // The error's own words may hold the URL, and that a token.
        let connected = timeout(CONNECT, connecting).await.map_err(|_| "connecting took too long".to_owned())?;
        let (socket, _) = connected.map_err(|_| "the stream's server could not be reached".to_owned())?;
        let mut frames = exchange.login_frames(*streams, channel).map_err(|e| e.to_string())?;
        let subscribed = streams.subscribe(&connection.topics, token.as_ref(), true);
        frames.extend(subscribed.map_err(|e| e.to_string())?);
        let renewal = streams.renewal_ms(channel).map(|ms| Duration::from_millis(ms.into()));
        let mut heartbeat = streams.heartbeat(channel);
        if let Some(every_ms) = token.as_ref().and_then(|token| token.ping_every_ms) {
            heartbeat.every_ms = heartbeat.every_ms.min(every_ms);
        }
        let session = Self {
            exchange,
            streams: *streams,
            connection,
            news,
            token,
            renewal: renewal.map(|every| Renewal::new(every, Duration::ZERO)),
            keeper: Keeper::new(*streams, &connection.topics, books.clone(), Duration::ZERO),
            pace: Pace::new(&exchange.protocol().capabilities().streams),
            to_say: frames.into_iter().map(Message::text).collect(),
            asked: FuturesUnordered::new(),
            beat: Duration::from_millis(heartbeat.every_ms.into()),
            heartbeat,
            began: Instant::now(),
            heard: Duration::ZERO,
            up: false,
            counted: None,
        };
        Ok((session, socket))
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Listens until the connection breaks (`Err`, why) or nobody listens any more.
    async fn run(&mut self, socket: &mut Socket) -> Result<(), String> {
        loop {
            self.ask()?;
            if self.say(socket).await? {
                continue;
            }
            if !self.up && self.to_say.is_empty() {
                self.up = true;
                if tell(self.news, News::Up).await.is_err() {
                    return Ok(());
                }
            }
            let until = self.began + self.until();
            let done = tokio::select! {
                biased;
                received = timeout_at(until, socket.next()) => match received {
                    Ok(received) => self.received(received.ok_or("the server has closed the stream")?).await?,
                    Err(_) => {
                        self.waited()?;
                        Ok(())
                    }
                },
                Some(answered) = self.asked.next() => self.answered(answered).await?,
            };
            if done.is_err() {
                return Ok(());
            }
        }
    }

    /// Begins to ask for what is due: snapshots, subscriptions anew, the token.
    fn ask(&mut self) -> Result<(), String> {
        let now = self.now();
        let exchange = self.exchange;
        for need in self.keeper.needs(now)? {
            match need {
                Need::Snapshot(instrument) => {
                    let depth = self.streams.snapshot_depth(instrument.product);
                    let ask = exchange.protocol().order_book(&instrument, depth, &Scope::default());
                    self.asked.push(Box::pin(async move {
                        let answer = read(exchange, ask).await;
                        Answered::Snapshot(instrument.name, answer)
                    }));
                }
                Need::Again(instrument) => {
                    let topic = [Topic::Book(instrument)];
                    for on in [false, true] {
                        let frames = self.streams.subscribe(&topic, self.token.as_ref(), on);
                        self.to_say.extend(frames.map_err(|e| e.to_string())?.into_iter().map(Message::text));
                    }
                }
            }
        }
        if self.renewal.as_mut().is_some_and(|renewal| renewal.begin(now))
            && let Some(ask) = self.streams.token(self.connection.channel).map_err(|e| e.to_string())?
        {
            self.asked.push(Box::pin(async move { Answered::Token(exchange.read(ask).await) }));
        }
        Ok(())
    }

    /// Says the next thing, if there is one and it may be said now.
    async fn say(&mut self, socket: &mut Socket) -> Result<bool, String> {
        let now = self.now();
        if self.pace.next(now) > now {
            return Ok(false);
        }
        let Some(message) = self.to_say.pop_front() else { return Ok(false) };
        socket.send(message).await.map_err(broken)?;
        self.pace.sent(now);
        Ok(true)
    }

    /// Until when there is nothing to do but listen.
    fn until(&self) -> Duration {
        let speech = (!self.to_say.is_empty()).then(|| self.pace.next(self.now()));
        let renewal = self.renewal.as_ref().and_then(Renewal::due);
        let silence = self.heard + self.silence_max();
        let due = [speech, renewal, self.keeper.due()].into_iter().flatten().min();
        due.map_or(silence, |due| due.min(silence)).min(self.beat)
    }

    fn silence_max(&self) -> Duration {
        Duration::from_millis(self.heartbeat.silence_max_ms.into())
    }

    /// Nothing came: perhaps for too long, perhaps a ping is due.
    fn waited(&mut self) -> Result<(), String> {
        let now = self.now();
        if now >= self.heard + self.silence_max() {
            return Err(format!("nothing was heard for {} ms", self.silence_max().as_millis()));
        }
        if now >= self.beat {
            self.beat = now + Duration::from_millis(self.heartbeat.every_ms.into());
            let ping = self.heartbeat.frame.clone();
            self.to_say.push_back(ping.map_or_else(|| Message::Ping(Vec::new().into()), Message::text));
        }
        Ok(())
    }

    /// An answer to what was asked beside the stream.
    async fn answered(&mut self, answered: Answered) -> Result<Result<(), Unheard>, String> {
        let now = self.now();
        match answered {
            Answered::Snapshot(market, answer) => match self.keeper.snapshot(&market, answer, now) {
                Some(news) => Ok(tell(self.news, news).await),
                None => Ok(Ok(())),
            },
            Answered::Token(answer) => {
                let Some(renewal) = &mut self.renewal else { return Ok(Ok(())) };
                match answer {
                    Ok(token) if self.token.as_ref().is_some_and(|known| known.token == token.token) => {
                        renewal.renewed(now);
                    }
                    Ok(_) => return Err("the stream's token has been replaced by another one".to_owned()),
                    Err(fault) => renewal.failed(now, &fault.to_string())?,
                }
                Ok(Ok(()))
            }
        }
    }

    /// Something came over the socket.
    async fn received(
        &mut self,
        received: Result<Message, tokio_tungstenite::tungstenite::Error>,
    ) -> Result<Result<(), Unheard>, String> {
        self.heard = self.now();
        let text = match received.map_err(broken)? {
            Message::Text(text) => text,
            // Pings are answered by the library.
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => return Ok(Ok(())),
            Message::Binary(_) => return Err("a binary frame came where text was expected".to_owned()),
            Message::Close(_) => return Err("the server has closed the stream".to_owned()),
        };
        if let Some(number) = self.streams.sequence(text.as_str()) {
            if self.counted.is_some_and(|last| number != last + 1) {
                let missing = self.counted.unwrap_or_default() + 1;
                return Err(format!("frame {missing} of the connection is missing: {number} came"));
            }
            self.counted = Some(number);
        }
        let answers = self.exchange.respond_frames(self.streams, self.connection, text.as_str());
        self.to_say.extend(answers.map_err(|e| e.to_string())?.into_iter().map(Message::text));
        let events = self.streams.read(self.connection.channel, text.as_str(), &self.exchange.markets());
        for event in events.map_err(|e| e.to_string())? {
            if self.happened(event).await?.is_err() {
                return Ok(Err(Unheard));
            }
        }
        Ok(Ok(()))
    }

    async fn happened(&mut self, event: Event) -> Result<Result<(), Unheard>, String> {
        let news = match event {
            Event::Answer(frame) => {
                self.to_say.push_back(Message::text(frame));
                return Ok(Ok(()));
            }
            Event::Reconnect(why) => return Err(why),
            Event::Refused(error) => return Err(error.to_string()),
            Event::Heartbeat | Event::Ignored(_) | Event::Accepted(_) => return Ok(Ok(())),
            Event::Book(update) if self.keeper.keeps(&update.market) => match self.keeper.update(update, self.now()) {
                Some(news) => news,
                None => return Ok(Ok(())),
            },
            event @ (Event::Trade(_)
            | Event::Ticker(_)
            | Event::Book(_)
            | Event::Bar { .. }
            | Event::Funding(_)
            | Event::Order(_)
            | Event::Fill(_)
            | Event::Balances(_)
            | Event::Position(_)) => News::Event(Box::new(event)),
        };
        Ok(tell(self.news, news).await)
    }
}

async fn tell(listener: &Sender<News>, news: News) -> Result<(), Unheard> {
    listener.send(news).await.map_err(|_| Unheard)
}

/// Asks, if the question can be asked at all.
async fn read<T: Table, C: Clock, X: Transport, A>(
    exchange: &Exchange<T, C, X>,
    ask: Result<Ask<A>, CallError>,
) -> Result<A, CallFault> {
    exchange.read(ask?).await
}

#[cfg(test)]
mod tests;
