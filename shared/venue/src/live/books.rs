//! Order books kept from a stream, for whoever wants to look at them. Pure but for the lock around the books: time comes
//! in, and what has to be asked for goes out as data.
//!
//! 1. A book that can be looked at is the venue's, at the number it tells. Between a gap, a wrong checksum or a crossed book
//!    and the next snapshot there is none; the same holds from the loss of a connection on.
//! 2. A snapshot that is fetched has to reach what the stream has told since. An older one is asked for again, while
//!    everything that the stream tells goes on waiting for it.
//! 3. A snapshot of the stream itself is asked for by subscribing anew. If none comes, the connection is given up.
//! 4. Each loss of a book lets the next attempt wait twice as long, until one has held for a while.

use super::stream::News;
use crate::protocol::book::{Applied, Book, BookUpdate, Gap};
use crate::protocol::model::OrderBook;
use crate::protocol::stream::{Streams, Topic};
use crate::protocol::{CallFault, Instrument};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long the stream has to begin before a snapshot is fetched, and the pause before the first new attempt; twice as long
/// before each next one, up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// How long a book must have held for the pause to begin anew.
const HELD: Duration = Duration::from_secs(60);
/// How long a stream may take to send a snapshot.
const PATIENCE: Duration = Duration::from_secs(30);

/// Books by the unified names of their markets.
#[derive(Debug, Clone, Default)]
pub struct LiveBooks(Arc<Mutex<BTreeMap<String, Book>>>);

impl LiveBooks {
    /// Looks at a market's book, if there is one that may be believed.
    pub fn look<R>(&self, market: &str, look: impl FnOnce(&Book) -> R) -> Option<R> {
        self.all(|books| books.get(market).filter(|book| book.is_live()).map(look))
    }

    fn all<R>(&self, act: impl FnOnce(&mut BTreeMap<String, Book>) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What happened to a book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BookState {
    /// It can be looked at from now on.
    Known,
    /// It has changed.
    Changed,
    /// It can't be looked at any more, or still can't; why.
    Unknown(String),
}

/// What a book needs to be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// A snapshot by a request.
    Snapshot(Instrument),
    /// The topic taken back, and subscribed to anew.
    Again(Instrument),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// It is to be asked for.
    Due(Duration),
    /// It was asked for.
    Asked(Duration),
    /// It can be looked at.
    Known(Duration),
}

#[derive(Debug)]
struct Kept {
    instrument: Instrument,
    fetched: bool,
    step: Step,
    pause: Duration,
}

impl Kept {
    /// The next attempt, after the pause that is due.
    fn retry(&mut self, now: Duration, at_least: Duration) {
        if matches!(self.step, Step::Known(since) if now.saturating_sub(since) > HELD) {
            self.pause = PAUSE;
        }
        self.step = Step::Due(now + self.pause.max(at_least));
        self.pause = (self.pause * 2).min(PAUSE_MAX);
    }
}

/// Keeps the books of one connection. When it goes, so do they.
#[derive(Debug)]
pub struct Keeper {
    books: LiveBooks,
    kept: BTreeMap<String, Kept>,
    /// Unified names by the venue's own, in which a stream tells of what it does not know otherwise.
    names: BTreeMap<String, String>,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.books.all(|books| books.retain(|market, _| !self.kept.contains_key(market)));
    }
}

impl Keeper {
    /// Keeps the books among `topics`, in `books`.
    #[must_use]
    pub fn new(streams: &dyn Streams, topics: &[Topic], books: LiveBooks, now: Duration) -> Self {
        let (mut kept, mut names) = (BTreeMap::new(), BTreeMap::new());
        for topic in topics {
            let Topic::Book(instrument) = topic else { continue };
            let (name, rule) = (instrument.name.clone(), streams.book_rule(instrument.product));
            // A snapshot of the stream comes by itself; one that is fetched had better not be older than the stream.
            let step = if rule.fetched { Step::Due(now + PAUSE) } else { Step::Asked(now) };
            let one = Kept { instrument: instrument.clone(), fetched: rule.fetched, step, pause: PAUSE };
            books.all(|books| books.insert(name.clone(), Book::new(name.clone(), rule)));
            names.insert(instrument.symbol.clone(), name.clone());
            kept.insert(name, one);
        }
        Self { books, kept, names }
    }

    /// Whether the book of a market, as the stream names it, is kept here.
    #[must_use]
    pub fn keeps(&self, market: &str) -> bool {
        self.kept.contains_key(self.names.get(market).map_or(market, |name| name.as_str()))
    }

    /// Takes what the stream tells of a book that is kept here.
    pub fn update(&mut self, update: BookUpdate, now: Duration) -> Option<News> {
        let name = self.names.get(&update.market).unwrap_or(&update.market).clone();
        let applied = self.apply(&name, &update);
        self.settle(&name, applied, Some(&update), now)
    }

    /// Takes a snapshot that was fetched, or why there is none.
    pub fn snapshot(&mut self, market: &str, fetched: Result<OrderBook, CallFault>, now: Duration) -> Option<News> {
        let kept = self.kept.get_mut(market)?;
        if matches!(kept.step, Step::Known(_)) {
            return None;
        }
        let book = match fetched {
            Ok(book) => book,
            Err(fault) => {
                let wait_ms = match fault {
                    CallFault::Budget { wait_ms, .. } | CallFault::BreakerOpen { wait_ms, .. } => wait_ms,
                    CallFault::Call(_) | CallFault::Connectivity { .. } | CallFault::Read(_) => 0,
                };
                kept.retry(now, Duration::from_millis(wait_ms.max(0).unsigned_abs()));
                return Some(unknown(market, format!("there is no snapshot: {fault}")));
            }
        };
        if book.sequence.is_none() {
            kept.retry(now, PAUSE);
            return Some(unknown(market, "a snapshot without its number".to_owned()));
        }
        let snapshot = update_of(&book);
        if self.books.all(|books| books.get(market).is_none_or(|known| known.is_too_old(&snapshot))) {
            kept.retry(now, PAUSE);
            return None;
        }
        let applied = self.apply(market, &snapshot);
        self.settle(market, applied, None, now)
    }

    /// What is to be asked for now. It counts as asked for from now on.
    ///
    /// # Errors
    /// Words, if the stream has sent no snapshot for too long: the connection is to be given up.
    pub fn needs(&mut self, now: Duration) -> Result<Vec<Need>, String> {
        let mut needs = Vec::new();
        for (market, kept) in &mut self.kept {
            match kept.step {
                Step::Due(at) if at <= now => {
                    kept.step = Step::Asked(now);
                    let instrument = kept.instrument.clone();
                    needs.push(if kept.fetched { Need::Snapshot(instrument) } else { Need::Again(instrument) });
                }
                Step::Asked(since) if !kept.fetched && since + PATIENCE <= now => {
                    return Err(format!("{market}: no snapshot came in {} s", PATIENCE.as_secs()));
                }
                Step::Due(_) | Step::Asked(_) | Step::Known(_) => {}
            }
        }
        Ok(needs)
    }

    /// When [`Self::needs`] has to be asked again, at the latest.
    #[must_use]
    pub fn due(&self) -> Option<Duration> {
        let due = |kept: &Kept| match kept.step {
            Step::Due(at) => Some(at),
            Step::Asked(since) if !kept.fetched => Some(since + PATIENCE),
            Step::Asked(_) | Step::Known(_) => None,
        };
        self.kept.values().filter_map(due).min()
    }

    fn apply(&self, market: &str, update: &BookUpdate) -> Option<Result<Applied, Gap>> {
        self.books.all(|books| books.get_mut(market).map(|book| book.apply(update)))
    }

    /// What became of a book, and what is told of it.
    fn settle(
        &mut self,
        market: &str,
        applied: Option<Result<Applied, Gap>>,
        update: Option<&BookUpdate>,
        now: Duration,
    ) -> Option<News> {
        let kept = self.kept.get_mut(market)?;
        match applied? {
            Ok(Applied::Stale | Applied::Waiting) => None,
            Ok(Applied::Changed) => {
                let state = if matches!(kept.step, Step::Known(_)) { BookState::Changed } else { BookState::Known };
                if state == BookState::Known {
                    kept.step = Step::Known(now);
                }
                Some(News::Book { market: market.to_owned(), state })
            }
            Err(gap) => {
                kept.retry(now, Duration::ZERO);
                // What showed the gap is newer than it, and may be the first that the next snapshot needs.
                if let (true, Gap::Missed { .. }, Some(update)) = (kept.fetched, &gap, update) {
                    self.apply(market, update);
                }
                Some(unknown(market, gap.to_string()))
            }
        }
    }
}

fn unknown(market: &str, why: String) -> News {
    News::Book { market: market.to_owned(), state: BookState::Unknown(why) }
}

fn update_of(book: &OrderBook) -> BookUpdate {
    let levels = |side: &[crate::protocol::model::Level]| {
        side.iter().map(|level| (level.price.value(), level.quantity.value())).collect()
    };
    BookUpdate {
        market: book.market.clone(),
        at: book.at,
        snapshot: true,
        last: book.sequence,
        bids: levels(&book.bids),
        asks: levels(&book.asks),
        ..BookUpdate::default()
    }
}

#[cfg(test)]
mod tests;
