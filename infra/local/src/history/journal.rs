//! The journal of a pull that has not ended: `FILE.part`.
//!
//! Text, a line a fact, each ending in a CRC-32 over the line before's and its own text:
//!
//! | line | what it says |
//! |---|---|
//! | `h{json}` | whose bars these are, and which were asked for; the first line |
//! | `b,ms,open,high,low,close,volume` | a bar |
//! | `p,next,to` | the page is whole: everything before `next` is settled, and bars are wanted until `to` |
//!
//! 1. A page is appended and flushed in one go; without its `p` line it has not happened.
//! 2. What follows the last `p` line may be torn by a crash: it is cut off when the pull goes on.
//! 3. Damage before a `p` line is refused, never repaired.
//! 4. One process at a time: the file is locked.

use anyhow::{Context, bail};
use desk::market::Candle;
use desk::time::{Interval, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// Whose bars, and which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The venue's id.
    pub venue: String,
    /// The venue's own name of the market.
    pub symbol: String,
    /// Its unified name.
    pub market: String,
    /// What is bought and sold.
    pub base: String,
    /// What pays for it.
    pub quote: String,
    /// The step of prices today, if the venue tells it.
    pub tick: Option<String>,
    /// The step of quantities today, if the venue tells it.
    pub lot: Option<String>,
    /// The server.
    pub source: String,
    /// The bars' length.
    pub interval: Interval,
    /// From when on bars were asked for.
    pub from: Timestamp,
    /// From when on the venue tells them.
    pub start: Timestamp,
    /// Until when bars were asked for; until the beginning of the pull, when `None`.
    pub asked_to: Option<Timestamp>,
    /// Until when that is.
    pub to: Timestamp,
}

impl Header {
    /// How two pulls differ, if they do not ask for the same.
    fn differs(&self, other: &Self) -> Option<String> {
        let open = |to: Option<Timestamp>| to.map_or_else(|| "now".to_owned(), |to| to.to_string());
        let facts = |h: &Self| {
            [
                ("venue", h.venue.clone()),
                ("symbol", h.symbol.clone()),
                ("interval", h.interval.to_string()),
                ("from", h.from.to_string()),
                ("to", open(h.asked_to)),
                ("base-url", h.source.clone()),
            ]
        };
        let pairs = facts(self).into_iter().zip(facts(other));
        let differ = |((name, here), (_, there)): ((&str, String), (&str, String))| {
            (here != there).then(|| format!("--{name} {here}, not {there}"))
        };
        pairs.into_iter().find_map(differ)
    }
}

/// How far a journal has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// How many bars it holds.
    pub bars: u64,
    /// Everything before is settled.
    pub next: Timestamp,
    /// Until when bars are wanted.
    pub to: Timestamp,
    /// The last bar.
    pub last: Option<Candle>,
}

/// A journal that is written.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    check: u32,
}

/// Where the journal of an output lies.
#[must_use]
pub fn path_of(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

impl Journal {
    /// Begins a journal at `path`, or goes on where the one there ends. Its header counts then.
    ///
    /// # Errors
    /// If it was begun with other arguments, is damaged, is being written by another process, or can't be written.
    pub fn open(path: &Path, header: Header) -> anyhow::Result<(Self, Header, Reached)> {
        let shown = path.display();
        let mut options = OpenOptions::new();
        let opened = options.read(true).write(true).create(true).truncate(false).open(path);
        let mut file = opened.with_context(|| format!("{shown}: can't be opened"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("{shown}: another process is pulling into it"),
            Err(TryLockError::Error(error)) => return Err(error).with_context(|| format!("{shown}: can't be locked")),
        }
        let found = scan(path, |_| Ok(()))?;
        let found = match found {
            Some(found) => found,
            None => {
                file.set_len(0)?;
                file.seek(SeekFrom::Start(0))?;
                let mut journal = Self { file, path: path.to_owned(), check: 0 };
                journal.append(&[format!("h{}", serde_json::to_string(&header)?)])?;
                let reached = Reached { bars: 0, next: header.start, to: header.to, last: None };
                return Ok((journal, header, reached));
            }
        };
        if let Some(how) = found.header.differs(&header) {
            bail!(
                "{shown} holds a part of another pull ({how}): finish that one, delete the file, or name another --out"
            );
        }
        file.set_len(found.whole)?;
        file.seek(SeekFrom::End(0))?;
        Ok((Self { file, path: path.to_owned(), check: found.check }, found.header, found.reached))
    }

    /// Appends a page and flushes it.
    ///
    /// # Errors
    /// If the disk does not take it.
    pub fn page(&mut self, bars: &[Candle], next: Timestamp, to: Timestamp) -> anyhow::Result<()> {
        let mut lines: Vec<String> = bars.iter().map(line_of).collect();
        lines.push(format!("p,{},{}", next.ms(), to.ms()));
        self.append(&lines)
    }

    fn append(&mut self, lines: &[String]) -> anyhow::Result<()> {
        let (mut text, mut check) = (String::new(), self.check);
        for line in lines {
            check = chained(check, line);
            let _ = writeln!(text, "{line}*{check:08x}");
        }
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data());
        written.with_context(|| format!("{}: can't be written", self.path.display()))?;
        self.check = check;
        Ok(())
    }
}

fn line_of(bar: &Candle) -> String {
    let Candle { open_time, open, high, low, close, volume } = bar;
    format!("b,{},{open},{high},{low},{close},{volume}", open_time.ms())
}

fn chained(before: u32, line: &str) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&before.to_be_bytes());
    hasher.update(line.as_bytes());
    hasher.finalize()
}

/// What stands in a journal.
#[derive(Debug)]
pub struct Scanned {
    /// Whose bars.
    pub header: Header,
    /// How far it has come.
    pub reached: Reached,
    /// So many bytes are whole.
    whole: u64,
    check: u32,
}

/// Reads the whole pages of a journal, bar by bar. `None` if not even its header is there.
///
/// # Errors
/// If it is damaged before its last page, can't be read, or `visit` fails.
pub fn scan(path: &Path, mut visit: impl FnMut(&Candle) -> anyhow::Result<()>) -> anyhow::Result<Option<Scanned>> {
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("{shown}: can't be opened"))?;
    let mut lines = BufReader::new(file);
    let (mut read, mut number) = (0_u64, 0_u64);
    let (mut found, mut page, mut torn): (Option<Scanned>, Vec<Candle>, Option<u64>) = (None, Vec::new(), None);
    let mut check = 0;
    let mut raw = Vec::new();
    loop {
        raw.clear();
        let bytes = lines.read_until(b'\n', &mut raw).with_context(|| format!("{shown}: can't be read"))?;
        if bytes == 0 {
            return Ok(found);
        }
        (read, number) = (read + u64::try_from(bytes)?, number + 1);
        let fact = torn.is_none().then(|| Fact::parse(&raw, &mut check)).flatten();
        match (fact, &mut found) {
            (Some(Fact::Header(header)), None) => {
                let reached = Reached { bars: 0, next: header.start, to: header.to, last: None };
                found = Some(Scanned { header: *header, reached, whole: read, check });
            }
            (Some(Fact::Bar(bar)), Some(_)) => page.push(bar),
            (Some(Fact::Page { next, to }), Some(found)) => {
                for bar in page.drain(..) {
                    visit(&bar)?;
                    found.reached.bars += 1;
                    found.reached.last = Some(bar);
                }
                (found.reached.next, found.reached.to, found.whole, found.check) = (next, to, read, check);
            }
            (Some(Fact::Header(_)), Some(_)) | (Some(Fact::Bar(_) | Fact::Page { .. }) | None, _) => {
                let line = *torn.get_or_insert(number);
                let behind = number > line && raw.starts_with(b"p,");
                // Without a whole header it may be anybody's file.
                if raw.ends_with(b"\n") && (behind || found.is_none()) {
                    bail!("{shown}: line {line} is damaged: delete the file and pull again");
                }
            }
        }
    }
}

enum Fact {
    Header(Box<Header>),
    Bar(Candle),
    Page { next: Timestamp, to: Timestamp },
}

impl Fact {
    /// What a line says, if it is whole and its check holds; `check` is then its own.
    fn parse(raw: &[u8], check: &mut u32) -> Option<Self> {
        let (text, told) = std::str::from_utf8(raw).ok()?.strip_suffix('\n')?.rsplit_once('*')?;
        let ours = chained(*check, text);
        if told != format!("{ours:08x}") {
            return None;
        }
        let fact = if let Some(json) = text.strip_prefix('h') {
            Self::Header(Box::new(serde_json::from_str(json).ok()?))
        } else if let Some(row) = text.strip_prefix("b,") {
            Self::Bar(bar_of(row)?)
        } else {
            let (next, to) = text.strip_prefix("p,")?.split_once(',')?;
            Self::Page { next: Timestamp::from_ms(next.parse().ok()?), to: Timestamp::from_ms(to.parse().ok()?) }
        };
        *check = ours;
        Some(fact)
    }
}

fn bar_of(row: &str) -> Option<Candle> {
    let mut fields = row.split(',');
    let mut next = || fields.next();
    Some(Candle {
        open_time: Timestamp::from_ms(next()?.parse().ok()?),
        open: next()?.parse().ok()?,
        high: next()?.parse().ok()?,
        low: next()?.parse().ok()?,
        close: next()?.parse().ok()?,
        volume: next()?.parse().ok()?,
    })
}
