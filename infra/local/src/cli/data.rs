//! `ballast data pull`: bars of years from a venue, into a Parquet file.

use super::print::{print_json, say};
use crate::history::gaps::Gap;
use crate::history::{News, Order, Progress, Pulled, pull};
use anyhow::{anyhow, bail};
use clap::{Args, Subcommand};
use desk::time::{Interval, Timestamp};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use venue::registry::{adapter, names};

/// How many gaps are shown; `--json` names all.
const GAPS_SHOWN: usize = 20;

#[derive(Debug, Args)]
pub(super) struct DataArguments {
    #[command(subcommand)]
    verb: DataVerb,
}

#[derive(Debug, Subcommand)]
enum DataVerb {
    /// Pull bars of years into a Parquet file; public data, no keys. Stop it at any time: the same command goes on
    Pull(PullArguments),
}

#[derive(Debug, Args)]
pub(super) struct PullArguments {
    /// The exchange, by its id in `ballast venues`
    #[arg(long)]
    venue: String,
    /// The market: the venue's own name (BTCUSDT) or the unified one (BTC/USDT, BTC/USDT:USDT for the perpetual contract)
    #[arg(long)]
    symbol: String,
    /// The length of a bar: 1m, 5m, 15m, 1h, 4h, 1d, and what else the venue has
    #[arg(long)]
    interval: String,
    /// The first day, or an instant, in UTC: 2020-01-01 or 2020-01-01T12:00:00Z
    #[arg(long)]
    from: String,
    /// The day, or the instant, by which the last bar has closed [default: now]
    #[arg(long)]
    to: Option<String>,
    /// The file [default: VENUE_SYMBOL_INTERVAL_FROM_TO.parquet]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Another server than the venue's own
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Fail at the end if bars are missing (the file is written all the same)
    #[arg(long)]
    strict: bool,
    /// Answer with one JSON object; progress goes to the error stream
    #[arg(long)]
    json: bool,
}

pub(super) async fn data(arguments: &DataArguments) -> anyhow::Result<()> {
    match &arguments.verb {
        DataVerb::Pull(arguments) => run(arguments).await,
    }
}

async fn run(arguments: &PullArguments) -> anyhow::Result<()> {
    let order = order(arguments)?;
    let mut line = Line::new();
    let done = pull(&order, &mut |news| line.tell(&news)).await;
    line.end();
    let pulled = done?;
    if arguments.json {
        print_json(&object(&pulled))?
    } else {
        summary(&pulled)
    }
    if arguments.strict && !pulled.gaps.is_empty() {
        bail!("--strict: {} bars are missing in {} gaps", pulled.missing(), pulled.gaps.len());
    }
    Ok(())
}

fn order(arguments: &PullArguments) -> anyhow::Result<Order> {
    let venue = &arguments.venue;
    let known = || anyhow!("there is no venue {venue:?}; there are {}", names().join(", "));
    let adapter = adapter(venue).ok_or_else(known)?;
    let interval: Interval = arguments.interval.parse().map_err(|e| anyhow!("--interval: {e}"))?;
    let from = instant("--from", &arguments.from)?;
    let to = arguments.to.as_deref().map(|text| instant("--to", text)).transpose()?;
    if let Some(to) = to.filter(|to| *to <= from) {
        bail!("--from {from} is not before --to {to}");
    }
    let out = arguments.out.clone().unwrap_or_else(|| {
        let day = |text: &str| text.replace([':', '-'], "");
        let symbol = arguments.symbol.replace(['/', ':', '\\'], "-");
        let to = arguments.to.as_deref().map_or_else(|| "now".to_owned(), day);
        PathBuf::from(format!("{venue}_{symbol}_{interval}_{}_{to}.parquet", day(&arguments.from)))
    });
    let (base_url, symbol) = (arguments.base_url.clone(), arguments.symbol.clone());
    Ok(Order { adapter, base_url, symbol, interval, from, to, out })
}

/// A day or an instant in UTC.
fn instant(flag: &str, text: &str) -> anyhow::Result<Timestamp> {
    let whole = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    let found = venue::protocol::wire::rfc3339(&whole).ok();
    // A day that its month does not have would be one of the next month.
    let found = found.filter(|at| at.to_string().get(..10) == whole.get(..10));
    found.ok_or_else(|| anyhow!("{flag} {text}: write a day like 2020-01-01 or an instant like 2020-01-01T12:00:00Z"))
}

/// The progress line: one on a terminal, else one every few seconds.
struct Line {
    began: Instant,
    shown: Option<Instant>,
    terminal: bool,
    open: bool,
}

impl Line {
    fn new() -> Self {
        Self { began: Instant::now(), shown: None, terminal: std::io::stderr().is_terminal(), open: false }
    }

    fn tell(&mut self, news: &News) {
        match news {
            News::Note(note) => {
                self.end();
                eprintln!("{note}");
            }
            News::Page(progress) => {
                let every = if self.terminal { Duration::from_millis(200) } else { Duration::from_secs(5) };
                if self.shown.is_some_and(|shown| shown.elapsed() < every) {
                    return;
                }
                self.shown = Some(Instant::now());
                let line = shown(progress, self.began.elapsed());
                let mut err = std::io::stderr().lock();
                if self.terminal {
                    let _ = write!(err, "\r\x1b[K{line}");
                    let _ = err.flush();
                    self.open = true;
                } else {
                    let _ = writeln!(err, "{line}");
                }
            }
        }
    }

    fn end(&mut self) {
        if std::mem::take(&mut self.open) {
            eprintln!();
        }
    }
}

/// `[####......]  41.3 %  212000 bars  5100 bars/s  0:59 left  2021-03-04T10:00:00Z`
fn shown(progress: &Progress, elapsed: Duration) -> String {
    const WIDTH: u128 = 24;
    let Progress { start, to, resumed, next, bars, fresh } = *progress;
    let stretch = |a: Timestamp, b: Timestamp| u128::from(b.ms_since(a).max(0).unsigned_abs());
    let (whole, done) = (stretch(start, to).max(1), stretch(start, next.min(to)));
    let permille = done * 1000 / whole;
    let filled = usize::try_from(done * WIDTH / whole).unwrap_or_default();
    let bar = format!("{:.<1$}", "#".repeat(filled), usize::try_from(WIDTH).unwrap_or_default());
    let ms = elapsed.as_millis().max(1);
    let rate = u128::from(fresh) * 1000 / ms;
    let here = stretch(resumed, next.min(to));
    let left = (here > 0).then(|| ms * stretch(next, to) / here / 1000);
    let left = left.map_or_else(String::new, |s| format!("{}:{:02}:{:02} left  ", s / 3600, s / 60 % 60, s % 60));
    format!("[{bar}] {:>3}.{} %  {bars} bars  {rate} bars/s  {left}{next}", permille / 10, permille % 10)
}

fn summary(pulled: &Pulled) {
    let text = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    let header = &pulled.header;
    say(&format!("file     {}", pulled.out.display()));
    say(&format!("market   {} {} ({}) on {} bars", header.venue, header.symbol, header.market, header.interval));
    say(&format!("bars     {}, first {}, last {}", pulled.bars, text(pulled.first), text(pulled.last)));
    if pulled.gaps.is_empty() {
        say("gaps     none");
        return;
    }
    say(&format!("gaps     {}, {} bars missing; none is filled", pulled.gaps.len(), pulled.missing()));
    for gap in pulled.gaps.iter().take(GAPS_SHOWN) {
        say(&format!("         {} to {}: {} missing", gap.from, gap.to, gap.missing));
    }
    if pulled.gaps.len() > GAPS_SHOWN {
        say(&format!("         and {} more (--json names all)", pulled.gaps.len() - GAPS_SHOWN));
    }
}

fn object(pulled: &Pulled) -> serde_json::Value {
    let header = &pulled.header;
    let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let gap = |gap: &Gap| serde_json::json!({ "from": gap.from.to_string(), "to": gap.to.to_string(), "missing": gap.missing });
    let gaps: Vec<serde_json::Value> = pulled.gaps.iter().map(gap).collect();
    serde_json::json!({
        "file": pulled.out.display().to_string(),
        "venue": header.venue,
        "symbol": header.symbol,
        "market": header.market,
        "interval": header.interval.to_string(),
        "from": header.from.to_string(),
        "to": pulled.to.to_string(),
        "bars": pulled.bars,
        "first": text(pulled.first),
        "last": text(pulled.last),
        "missing": pulled.missing(),
        "gaps": gaps,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_instants_are_read_and_days_that_no_month_has_are_not() {
        assert_eq!(instant("--from", "2020-02-29").unwrap().to_string(), "2020-02-29T00:00:00Z");
        assert_eq!(instant("--from", "2020-01-01T12:30:00Z").unwrap().to_string(), "2020-01-01T12:30:00Z");
        for text in ["2021-02-29", "2020", "yesterday", "2020-13-01", "2020-01-01T25:00:00Z"] {
            assert!(instant("--from", text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_progress_line_tells_share_speed_and_time_left() {
        let at = Timestamp::from_ms;
        let progress = Progress { start: at(0), to: at(1000), resumed: at(250), next: at(500), bars: 50, fresh: 25 };
        let line = shown(&progress, Duration::from_secs(5));
        assert_eq!(line, "[############............]  50.0 %  50 bars  5 bars/s  0:00:10 left  1970-01-01T00:00:00Z");
    }
}
