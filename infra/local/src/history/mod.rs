//! History from a venue: bars of years, page by page, into a Parquet file.
//!
//! 1. The market is looked up among the venue's instruments, and the venue's clock is measured.
//! 2. Pages go into the journal `FILE.part` ([`journal`]), each flushed before the next is asked for. Whoever stops the
//!    pull at any moment loses one page at most; the same call goes on behind it.
//! 3. When the venue has told all, the journal becomes `FILE` ([`parquet`]), and goes.
//!
//! What to ask next is [`venue::backfill`]'s; how a question reaches the venue is [`venue::live`]'s. No keys are used.

pub mod ask;
pub mod gaps;
pub mod journal;
pub mod market;
pub mod parquet;
#[cfg(test)]
mod tests;

use anyhow::{Context, bail};
use ask::Source;
use desk::market::{Candle, CandleFault};
use desk::money::Price;
use desk::time::{Interval, Timestamp};
use gaps::{Gap, Gaps};
use journal::{Header, Journal, Reached};
use parquet::{Facts, Scales, Writer};
use rust_decimal::Decimal;
use std::path::{Path, PathBuf};
use venue::backfill::{Backfill, Wanted, reach};
use venue::protocol::Instrument;
use venue::registry::Adapter;

/// How many gaps are named in a file's metadata.
const GAPS_MAX: usize = 1000;

/// What is to be pulled.
#[derive(Clone)]
pub struct Order {
    /// From where.
    pub adapter: Adapter,
    /// Another server than the venue's own.
    pub base_url: Option<String>,
    /// The market, by the venue's name or the unified one.
    pub symbol: String,
    /// The bars' length.
    pub interval: Interval,
    /// Bars that open from here on.
    pub from: Timestamp,
    /// Bars that close until here; until now, when `None`.
    pub to: Option<Timestamp>,
    /// Into which file.
    pub out: PathBuf,
}

/// How far a pull is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The beginning of what is pulled.
    pub start: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// Where this call went on.
    pub resumed: Timestamp,
    /// Everything before is settled.
    pub next: Timestamp,
    /// Bars in the journal.
    pub bars: u64,
    /// Bars of this call.
    pub fresh: u64,
}

/// What a pull tells while it works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Something a person should know.
    Note(String),
    /// A page is settled.
    Page(Progress),
}

/// What was pulled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// The file.
    pub out: PathBuf,
    /// Whose bars.
    pub header: Header,
    /// How many.
    pub bars: u64,
    /// The first one's first instant.
    pub first: Option<Timestamp>,
    /// The last one's first instant.
    pub last: Option<Timestamp>,
    /// Until when bars were wanted.
    pub to: Timestamp,
    /// How many questions this call asked.
    pub pages: u64,
    /// What is missing, in order of time.
    pub gaps: Vec<Gap>,
}

impl Pulled {
    /// How many bars are missing.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.gaps.iter().map(|gap| gap.missing).sum()
    }
}

/// Pulls a history, or goes on with it.
///
/// # Errors
/// Words that say what to do. The journal keeps what has come.
pub async fn pull(order: &Order, tell: &mut dyn FnMut(News)) -> anyhow::Result<Pulled> {
    if order.out.exists() {
        bail!("{} is there already: delete it, or name another with --out", order.out.display());
    }
    let source = Source::new(order.adapter, order.base_url.clone())?;
    let now = source.measure().await.context("the venue's clock can't be read")?;
    let instrument = market::find(&source, &order.symbol).await?;
    // Before anything is written: what can't be asked for would leave a journal that nobody can go on with.
    source.has_bars(&instrument, order.interval).with_context(|| format!("--interval {}", order.interval))?;
    let header = header(order, &source, &instrument, now)?;
    let path = journal::path_of(&order.out);
    let (mut journal, header, reached) = Journal::open(&path, header)?;
    if header.start > header.from {
        let (venue, start) = (&header.venue, header.start);
        tell(News::Note(format!(
            "{venue} keeps no bars of {} before {start}; what lies before is a gap",
            header.interval
        )));
    }
    if reached.next > header.start {
        tell(News::Note(format!("{} bars are there; going on at {}", reached.bars, reached.next)));
    }
    let kept = || format!("what has come is kept in {}; the same command goes on", path.display());
    let pages = fill(&source, &instrument, &header, reached, &mut journal, tell).await.with_context(kept)?;
    let pulled = finish(&path, order, source.now(), pages)?;
    std::fs::remove_file(&path).with_context(|| format!("{}: can't be deleted", path.display()))?;
    Ok(pulled)
}

fn header(order: &Order, source: &Source, instrument: &Instrument, now: Timestamp) -> anyhow::Result<Header> {
    let to = order.to.map_or(now, |to| to.min(now));
    if order.from >= to {
        bail!("--from {} is not before {}", order.from, order.to.map_or("now".to_owned(), |_| format!("--to {to}")));
    }
    let depth = reach(source.venue(), instrument.product).depth;
    let oldest = depth.map(|bars| now.plus_ms(-order.interval.ms().saturating_mul(i64::from(bars))));
    let text = |step: Option<Decimal>| step.map(|step| step.normalize().to_string());
    Ok(Header {
        venue: source.venue().to_owned(),
        symbol: instrument.symbol.clone(),
        market: instrument.name.clone(),
        base: instrument.base.clone(),
        quote: instrument.quote.clone(),
        tick: text(instrument.tick),
        lot: text(instrument.lot),
        source: source.origin(),
        interval: order.interval,
        from: order.from,
        start: oldest.map_or(order.from, |oldest| oldest.max(order.from)),
        asked_to: order.to,
        to,
    })
}

/// Asks until the venue has told all. How many questions that were.
async fn fill(
    source: &Source,
    instrument: &Instrument,
    header: &Header,
    reached: Reached,
    journal: &mut Journal,
    tell: &mut dyn FnMut(News),
) -> anyhow::Result<u64> {
    let reach = reach(source.venue(), instrument.product);
    let wanted = Wanted { interval: header.interval, from: header.start, to: reached.to, reach };
    let mut backfill = Backfill::new(wanted, Some((reached.next, reached.last)));
    let (resumed, mut bars, mut fresh) = (reached.next, reached.bars, 0);
    while let Some(question) = backfill.question() {
        let answer = source.bars(instrument, &question, tell).await?;
        let page =
            backfill.answer(&answer, source.now()).with_context(|| format!("{} is not believed", header.venue))?;
        journal.page(&page.bars, page.next, backfill.to())?;
        let came = u64::try_from(page.bars.len())?;
        (bars, fresh) = (bars + came, fresh + came);
        let (start, to, next) = (header.start, backfill.to(), page.next);
        tell(News::Page(Progress { start, to, resumed, next, bars, fresh }));
    }
    Ok(backfill.pages())
}

/// Turns a journal into the file.
fn finish(path: &Path, order: &Order, pulled_at: Timestamp, pages: u64) -> anyhow::Result<Pulled> {
    let empty = || format!("{}: there is no pull in it", path.display());
    let (mut scales, mut first, mut gaps) = (Scales::default(), None, Gaps::new(order.interval, order.from));
    let scanned = journal::scan(path, |bar| {
        scales.take(bar);
        gaps.take(bar);
        first = first.or(Some(bar.open_time));
        Ok(())
    })?;
    let scanned = scanned.with_context(empty)?;
    let (header, reached) = (scanned.header, scanned.reached);
    let pulled = Pulled {
        out: order.out.clone(),
        bars: reached.bars,
        first,
        last: reached.last.map(|bar| bar.open_time),
        to: reached.to,
        pages,
        gaps: gaps.end(reached.to),
        header,
    };
    if pulled.bars == 0 {
        let Header { venue, symbol, interval, .. } = &pulled.header;
        std::fs::remove_file(path)?;
        bail!("{venue} has no {interval} bars of {symbol} from {} to {}", order.from, pulled.to);
    }
    let mut writer = Writer::create(&order.out, &facts(&pulled, scales, pulled_at)?, scales)?;
    journal::scan(path, |bar| writer.take(bar))?;
    writer.finish()?;
    Ok(pulled)
}

fn facts(pulled: &Pulled, scales: Scales, pulled_at: Timestamp) -> anyhow::Result<Facts> {
    let header = pulled.header.clone();
    // A tick can have grown since: the venue's holds only if it is as fine as the prices.
    let step = scales.step();
    let fine = header.tick.as_deref().and_then(|tick| tick.parse::<Decimal>().ok());
    let fine = fine.filter(|tick| !tick.is_zero() && (step % tick).is_zero());
    Ok(Facts {
        version: 1,
        venue: header.venue,
        symbol: header.symbol,
        market: header.market,
        base: header.base,
        quote: header.quote,
        tick: fine.unwrap_or(step).normalize().to_string(),
        lot: header.lot,
        interval: header.interval,
        source: header.source,
        pulled_at,
        from: header.from,
        to: pulled.to,
        missing: pulled.missing(),
        gap_count: u64::try_from(pulled.gaps.len())?,
        gaps: pulled.gaps.iter().take(GAPS_MAX).copied().collect(),
    })
}

/// Whether a bar of a file is believable by itself and behind the one before. Its prices may be on any tick.
fn believe(bar: &Candle, last: Option<&Candle>, interval: Interval) -> Result<(), CandleFault> {
    match bar.check(Price::min(bar.open, bar.close)) {
        Ok(()) | Err(CandleFault::OffTick { .. }) => {}
        Err(
            fault @ (CandleFault::Inconsistent { .. }
            | CandleFault::Duplicate { .. }
            | CandleFault::Backwards { .. }
            | CandleFault::Overlap { .. }),
        ) => return Err(fault),
    }
    last.map_or(Ok(()), |last| bar.follows(last, interval).map(|_| ()))
}
