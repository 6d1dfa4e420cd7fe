//! Which topics share a connection, how fast may be spoken on it, and when its token is due again. Pure: time comes in, as
//! what has passed since the connection began.

use crate::protocol::CallError;
use crate::protocol::capability::StreamLimits;
use crate::protocol::stream::{Channel, StreamToken, Streams, Topic};
use std::collections::VecDeque;
use std::time::Duration;

/// One connection: what one server tells over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Which of the venue's stream servers.
    pub channel: Channel,
    /// What is listened to.
    pub topics: Vec<Topic>,
}

/// The connections that topics need: one for each address, and another one where it would carry more than `most` topics. A
/// topic that is named twice is listened to once.
///
/// # Errors
/// [`CallError`] if the venue has no such stream.
pub fn connections(
    streams: &dyn Streams,
    topics: &[Topic],
    most: usize,
    test: bool,
) -> Result<Vec<Connection>, CallError> {
    // A token is a part of the address, and never what tells two servers apart.
    let any = StreamToken { token: "any".to_owned(), url: Some("wss://any.invalid".to_owned()), ping_every_ms: None };
    let mut all: Vec<(String, Connection)> = Vec::new();
    for topic in topics {
        let (channel, url) = (topic.channel(), streams.url_of(topic, Some(&any), test)?);
        let same = |(known, connection): &&mut (String, Connection)| *known == url && connection.channel == channel;
        if all.iter_mut().filter(same).any(|(_, connection)| connection.topics.contains(topic)) {
            continue;
        }
        let mut open = all.iter_mut().filter(same).filter(|(_, connection)| connection.topics.len() < most.max(1));
        match open.next() {
            Some((_, connection)) => connection.topics.push(topic.clone()),
            None => all.push((url, Connection { channel, topics: vec![topic.clone()] })),
        }
    }
    Ok(all.into_iter().map(|(_, connection)| connection).collect())
}

/// How fast may be spoken: so many messages in any stretch of so long.
#[derive(Debug, Clone)]
pub struct Pace {
    messages: usize,
    per: Duration,
    sent: VecDeque<Duration>,
}

impl Pace {
    /// Nine tenths of what the venue allows: pongs, which the socket sends by itself, count as well.
    #[must_use]
    pub fn new(limits: &StreamLimits) -> Self {
        let messages = usize::try_from((u64::from(limits.messages) * 9).div_euclid(10).max(1)).unwrap_or(1);
        Self { messages, per: Duration::from_millis(limits.per_ms.into()), sent: VecDeque::new() }
    }

    /// When the next message may be sent, at the earliest.
    #[must_use]
    pub fn next(&self, now: Duration) -> Duration {
        match self.sent.front() {
            Some(first) if self.sent.len() >= self.messages => now.max(*first + self.per),
            Some(_) | None => now,
        }
    }

    /// A message was sent.
    pub fn sent(&mut self, now: Duration) {
        self.sent.push_back(now);
        while self.sent.len() > self.messages {
            self.sent.pop_front();
        }
    }
}

/// How soon a token that could not be renewed is asked for again.
const AGAIN: Duration = Duration::from_secs(60);

/// When a token is asked for again, so that it does not end under the connection.
#[derive(Debug, Clone)]
pub struct Renewal {
    every: Duration,
    due: Option<Duration>,
    ends: Duration,
}

impl Renewal {
    /// A token that was fetched just now, and lives twice as long as `every`.
    #[must_use]
    pub fn new(every: Duration, now: Duration) -> Self {
        Self { every, due: Some(now + every), ends: now + every * 2 }
    }

    /// When it is to be asked for; `None` while it is.
    #[must_use]
    pub const fn due(&self) -> Option<Duration> {
        self.due
    }

    /// Whether it is to be asked for now; if so, it is being asked for from now on.
    pub fn begin(&mut self, now: Duration) -> bool {
        let due = self.due.is_some_and(|due| due <= now);
        if due {
            self.due = None;
        }
        due
    }

    /// It was renewed.
    pub fn renewed(&mut self, now: Duration) {
        *self = Self::new(self.every, now);
    }

    /// It could not be renewed, this time.
    ///
    /// # Errors
    /// Words, if it has ended meanwhile: then nothing more is told on the connection, however open it is.
    pub fn failed(&mut self, now: Duration, why: &str) -> Result<(), String> {
        if now >= self.ends {
            return Err(format!("the stream's token has ended, and could not be renewed: {why}"));
        }
        self.due = Some((now + AGAIN.min(self.every)).min(self.ends));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binance::Binance;
    use crate::kucoin::KuCoin;
    use crate::okx::Okx;
    use crate::protocol::{Instrument, Product};
    use desk::time::Interval;

    fn market(product: Product, base: &str) -> Instrument {
        Instrument::named(product, &format!("{base}USDT"), base, "USDT", None)
    }

    fn sizes(all: &[Connection]) -> Vec<usize> {
        all.iter().map(|connection| connection.topics.len()).collect()
    }

    #[test]
    fn topics_of_different_addresses_get_connections_of_their_own() {
        let linear = market(Product::Linear, "BTC");
        let topics = [
            Topic::Trades(linear.clone()),
            Topic::Book(linear.clone()),
            Topic::Ticker(linear.clone()),
            Topic::Orders(Product::Linear),
            Topic::Balances(Product::Linear),
            Topic::Book(linear),
        ];
        let all = connections(&Binance, &topics, 100, false).unwrap();
        assert_eq!(sizes(&all), [2, 1, 2], "books of USD-M have a server of their own; one was named twice");
        let spot = market(Product::Spot, "BTC");
        let topics = [Topic::Bars(spot.clone(), Interval::MINUTE), Topic::Trades(spot.clone()), Topic::Book(spot)];
        assert_eq!(sizes(&connections(&Okx, &topics, 100, true).unwrap()), [1, 2]);
    }

    #[test]
    fn no_connection_carries_more_than_the_venue_takes() {
        let topics: Vec<Topic> = (0..7).map(|n| Topic::Trades(market(Product::Spot, &format!("C{n}")))).collect();
        assert_eq!(sizes(&connections(&KuCoin, &topics, 3, false).unwrap()), [3, 3, 1]);
        assert!(connections(&KuCoin, &topics, 3, true).is_err(), "there is no test network");
    }

    #[test]
    fn no_stretch_of_a_second_has_more_messages_than_allowed() {
        let limits = StreamLimits { topics: 1, messages: 5, per_ms: 1000, rule: "" };
        let (mut pace, mut now, mut sent) = (Pace::new(&limits), Duration::ZERO, Vec::new());
        for wait_ms in [0, 0, 0, 300, 0, 0, 0, 0, 900, 0, 0, 0, 0] {
            now = pace.next(now + Duration::from_millis(wait_ms));
            pace.sent(now);
            sent.push(now);
        }
        for from in &sent {
            let within = sent.iter().filter(|at| *at >= from && **at < *from + Duration::from_secs(1)).count();
            assert!(within <= 4, "{within} in the second from {from:?}");
        }
        assert!(now < Duration::from_secs(5), "and nobody waits for nothing");
    }

    #[test]
    fn a_token_is_renewed_in_time_and_asked_for_each_minute_while_that_fails() {
        let minutes = |count: u64| Duration::from_secs(count * 60);
        let mut renewal = Renewal::new(minutes(30), minutes(0));
        assert!(!renewal.begin(minutes(29)) && renewal.begin(minutes(30)));
        assert!(!renewal.begin(minutes(31)), "it is being asked for");
        renewal.renewed(minutes(31));
        assert!(renewal.begin(minutes(61)));
        let mut tries = 0;
        let ended = (61..200).find(|minute| {
            tries += 1;
            let failed = renewal.failed(minutes(*minute), "no answer").is_err();
            assert!(failed || renewal.begin(minutes(minute + 1)));
            failed
        });
        assert_eq!((ended, tries), (Some(91), 31), "an hour after it was given out the last time");
    }
}
