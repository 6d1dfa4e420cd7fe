//! A venue's stream, kept up: connect, log in, subscribe, listen, and begin anew when it breaks.
//!
//! 1. Whoever listens is told of every break and every return: between the two, things have been missed.
//! 2. A frame that can't be read ends the connection. What it would have told is not guessed but asked for.
//! 3. Silence longer than the venue's own rule is a break. After a break the next try waits, longer each time.

use super::exchange::Exchange;
use super::transport::Transport;
use crate::protocol::stream::{Channel, Event, Heartbeat, StreamToken, Streams, Topic};
use crate::protocol::{CallFault, Moment};
use desk::port::{Clock, Table};
use futures_util::{SinkExt, StreamExt};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

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
    /// The stream is up, and the subscriptions have been sent. What happened before was missed.
    Up,
    /// The stream has broken; why.
    Down(String),
    /// An event.
    Event(Box<Event>),
}

/// What is listened to, over one connection: all topics are served by one server ([`Streams::url_of`]).
#[derive(Clone)]
pub struct Plan {
    /// The venue's streams.
    pub streams: &'static dyn Streams,
    /// On which of them.
    pub channel: Channel,
    /// What.
    pub topics: Vec<Topic>,
}

/// Listens until nobody wants the news any more.
pub async fn follow<T: Table, C: Clock, X: Transport>(
    exchange: Arc<Exchange<T, C, X>>,
    plan: Plan,
    news: Sender<News>,
) {
    let mut pause = PAUSE;
    while !news.is_closed() {
        let began = Instant::now();
        let why = match once(&exchange, &plan, &news).await {
            Ok(()) => return,
            Err(why) => exchange.discreet(why),
        };
        if news.send(News::Down(why)).await.is_err() {
            return;
        }
        pause = if began.elapsed() > HELD { PAUSE } else { (pause * 2).min(PAUSE_MAX) };
        tokio::time::sleep(pause).await;
    }
}

/// One connection, until it breaks (`Err`, why) or nobody listens any more.
async fn once<T: Table, C: Clock, X: Transport>(
    exchange: &Exchange<T, C, X>,
    plan: &Plan,
    news: &Sender<News>,
) -> Result<(), String> {
    let words = |fault: CallFault| fault.to_string();
    let token: Option<StreamToken> = match plan.streams.token(plan.channel).map_err(|e| e.to_string())? {
        Some(ask) => Some(exchange.read(ask).await.map_err(words)?),
        None => None,
    };
    let url = exchange.stream_url(plan, token.as_ref()).map_err(|e| e.to_string())?;
    let mut config = WebSocketConfig::default();
    config.max_message_size = Some(FRAME_MAX);
    config.max_frame_size = Some(FRAME_MAX);
    let connecting = tokio_tungstenite::connect_async_with_config(url.as_str(), Some(config), true);
    // The error's own words may hold the URL, and that a token.
    let connected = timeout(CONNECT, connecting).await.map_err(|_| "connecting took too long".to_owned())?;
    let (mut socket, _) = connected.map_err(|_| "the stream's server could not be reached".to_owned())?;
    let mut frames = exchange.login_frames(plan.streams, plan.channel).map_err(|e| e.to_string())?;
    frames.extend(plan.streams.subscribe(&plan.topics, token.as_ref(), true).map_err(|e| e.to_string())?);
    for frame in frames {
        socket.send(Message::text(frame)).await.map_err(broken)?;
    }
    if news.send(News::Up).await.is_err() {
        return Ok(());
    }
    let Heartbeat { every_ms, frame, silence_max_ms } = plan.streams.heartbeat(plan.channel);
    let (every, silence) = (Duration::from_millis(every_ms.into()), Duration::from_millis(silence_max_ms.into()));
    let mut counted: Option<u64> = None;
    let (mut heard, mut beat) = (Instant::now(), Instant::now() + every);
    loop {
        let until = beat.min(heard + silence);
        let received = tokio::time::timeout_at(until, socket.next()).await;
        let Ok(received) = received else {
            if heard.elapsed() >= silence {
                return Err(format!("nothing was heard for {} ms", silence.as_millis()));
            }
            beat = Instant::now() + every;
            let ping = frame.clone().map_or_else(|| Message::Ping(Vec::new().into()), Message::text);
            socket.send(ping).await.map_err(broken)?;
            continue;
        };
        heard = Instant::now();
        let message = received.ok_or("the server has closed the stream")?.map_err(broken)?;
        let text = match message {
            Message::Text(text) => text,
            // Pings are answered by the library.
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
            Message::Binary(_) => return Err("a binary frame came where text was expected".to_owned()),
            Message::Close(_) => return Err("the server has closed the stream".to_owned()),
        };
        if let Some(number) = plan.streams.sequence(text.as_str()) {
            if counted.is_some_and(|last| number != last + 1) {
                return Err(format!(
                    "frame {} of the connection is missing: {number} came",
                    counted.unwrap_or_default() + 1
                ));
            }
            counted = Some(number);
        }
        for frame in exchange.respond_frames(plan, text.as_str()).map_err(|e| e.to_string())? {
            socket.send(Message::text(frame)).await.map_err(broken)?;
        }
        let events = plan.streams.read(plan.channel, text.as_str(), &exchange.markets()).map_err(|e| e.to_string())?;
        for event in events {
            match event {
                Event::Answer(frame) => socket.send(Message::text(frame)).await.map_err(broken)?,
                Event::Reconnect(why) => return Err(why),
                Event::Heartbeat | Event::Ignored(_) | Event::Accepted(_) => {}
                Event::Refused(error) => return Err(error.to_string()),
                event @ (Event::Trade(_)
                | Event::Ticker(_)
                | Event::Book(_)
                | Event::Bar { .. }
                | Event::Funding(_)
                | Event::Order(_)
                | Event::Fill(_)
                | Event::Balances(_)
                | Event::Position(_)) => {
                    if news.send(News::Event(Box::new(event))).await.is_err() {
                        return Ok(());
                    }
                }
            }
        }
    }
}

fn broken(error: tokio_tungstenite::tungstenite::Error) -> String {
    use tokio_tungstenite::tungstenite::Error;
    match error {
        Error::Io(error) => format!("the connection broke: {}", error.kind()),
        Error::Protocol(error) => format!("the server broke the protocol: {error}"),
        Error::Capacity(error) => format!("a frame was too large: {error}"),
        Error::ConnectionClosed | Error::AlreadyClosed => "the connection was closed".to_owned(),
        Error::Utf8(_) => "a frame was no text".to_owned(),
        Error::Tls(_) | Error::WriteBufferFull(_) | Error::Url(_) | Error::Http(_) | Error::HttpFormat(_) => {
            "the stream failed".to_owned()
        }
        Error::AttackAttempt => "the server behaves like an attacker".to_owned(),
    }
}

/// A moment for signing a login.
pub(super) const fn moment(now: desk::time::Timestamp, nonce: u64) -> Moment {
    Moment { now, nonce, window_ms: 5_000 }
}
