//! What a run shows while it works, and when it ends.

use super::print::say;
use super::up::UpArguments;
use crate::desk::outage::Outage;
use crate::desk::wiring::Desk;
use crate::report::Figures;
use boot::config::DeskConfig;
use desk::message::QueueName;
use desk::port::Clock;
use desk::risk::{Kill, KillState};
use desk::time::Timestamp;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// What is said first where no real money is.
pub(super) const PAPER: &str = "PAPER trading: no real money, no account, no network but this machine's own.";

/// What is said when a desk begins.
pub(super) struct Beginning<'a> {
    /// What is at stake.
    pub(super) headline: &'a str,
    /// The market in words.
    pub(super) market: &'a str,
    /// The data folder.
    pub(super) folder: &'a Path,
    /// The API's port.
    pub(super) port: u16,
}

/// What there is to tell of a run besides what its books say.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stand<'a> {
    /// The market is played, so many bars of it by now.
    Played(u64),
    /// The market is an exchange's, which may not answer.
    Live(Option<&'a Outage>),
}

/// The progress line.
pub(super) struct Progress {
    began: Instant,
    shown: Instant,
    every: Duration,
    terminal: bool,
    open_line: bool,
}

impl Progress {
    /// Says what begins, and first of all whether its kill switch is on.
    ///
    /// # Errors
    /// As the store.
    pub(super) async fn new(arguments: &UpArguments, desk: &Desk, beginning: Beginning<'_>) -> anyhow::Result<Self> {
        let Beginning { headline, market, folder, port } = beginning;
        let account = &desk.config.account;
        let switch = desk.store.kill_state(account).await?.map(|found| found.row);
        let killed = killed(&switch.unwrap_or_else(|| KillState::unreadable(desk.handlers.kill_switch.wall.now())));
        if arguments.json {
            killed.iter().for_each(|line| eprintln!("{line}"));
        } else {
            say(headline);
            killed.iter().for_each(|line| say(line));
            say(&format!("market   {market}"));
            say(&format!("data     {}", folder.display()));
            say(&format!("api      http://127.0.0.1:{port} (token in {}/token)", folder.display()));
            say(
                "look     ballast portfolio | positions | orders | decisions | ledger | kill   (Ctrl-C stops the desk)",
            );
        }
        let terminal = std::io::stderr().is_terminal();
        let every = if terminal { Duration::from_millis(500) } else { Duration::from_secs(5) };
        let now = Instant::now();
        Ok(Self { began: now, shown: now, every, terminal, open_line: false })
    }

    /// Shows where the run is, now and then.
    pub(super) async fn show(&mut self, desk: &Desk, at: Timestamp, stand: Stand<'_>) -> anyhow::Result<()> {
        if self.shown.elapsed() < self.every {
            return Ok(());
        }
        self.shown = Instant::now();
        let counts = desk.queues.queue().counts()?;
        let sent = |name| counts.get(&name).map_or(0, |counts| counts.sent);
        let orders = sent(QueueName::Orders) + sent(QueueName::Exits);
        let signals = sent(QueueName::Signals);
        let (account, quote) = (&desk.config.account, &desk.config.quote);
        let equity = desk.store.valuation(account, quote, desk.config.priced()).await?.equity;
        let dead = dead(counts.values().map(|counts| counts.dead).sum());
        let done = format!("{signals} signals  {orders} orders  equity {} {quote}{dead}", short(&equity.to_string()));
        let elapsed = self.began.elapsed();
        let line = match stand {
            Stand::Played(bars) => {
                let rate = u128::from(bars) * 1000 / elapsed.as_millis().max(1);
                format!("{at}  {bars} bars  {rate} bars/s  {done}")
            }
            Stand::Live(outage) => {
                let cut_off = outage.map_or_else(String::new, |outage| format!("  CUT OFF: {outage}"));
                format!("{at}  up {}  {done} {}{cut_off}", for_people(elapsed), prices(desk).await?)
            }
        };
        let mut err = std::io::stderr().lock();
        if self.terminal {
            let _ = write!(err, "\r\x1b[K{line}");
            let _ = err.flush();
            self.open_line = true;
        } else {
            let _ = writeln!(err, "{line}");
        }
        Ok(())
    }

    /// The market has ended and the desk stays up.
    pub(super) fn market_ended(&mut self) {
        self.end();
        eprintln!("the market has ended");
    }

    /// Leaves the progress line.
    pub(super) fn end(&mut self) {
        if std::mem::take(&mut self.open_line) {
            eprintln!();
        }
    }
}

/// What is said of messages that were given up, if any were.
fn dead(letters: u64) -> String {
    if letters == 0 { String::new() } else { format!("  DEAD LETTERS: {letters}, see ballast doctor") }
}

/// What is said of a kill switch that is on.
fn killed(switch: &KillState) -> Option<String> {
    let Kill::Killed { mode, by, reason, at, unkill } = &switch.kill else { return None };
    let way_out = match unkill {
        Some(request) => {
            format!("{} has asked to trade again, which takes effect at {}", request.by, request.not_before)
        }
        None => "`ballast unkill --reason TEXT` asks to trade again".to_owned(),
    };
    Some(format!("KILLED   since {at} by {by}, {mode} ({reason}): this desk opens nothing; {way_out}"))
}

/// As of when the prices are by which a live desk is valued: the close that is longest ago.
async fn prices(desk: &Desk) -> anyhow::Result<String> {
    let mut oldest: Option<Timestamp> = None;
    for market in &desk.config.markets {
        let Some(bar) = desk.store.last_candle(&market.instrument.symbol, market.interval).await? else { continue };
        let close = bar.close_time(market.interval);
        oldest = Some(oldest.map_or(close, |oldest| oldest.min(close)));
    }
    Ok(oldest.map_or_else(|| "(no bar has closed yet)".to_owned(), |close| format!("(closes of {close})")))
}

/// A time that has passed, to the second.
fn for_people(time: Duration) -> String {
    let s = time.as_secs();
    format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
}

/// An amount with two decimals at most, cut, for a line that changes all the time.
fn short(amount: &str) -> String {
    match amount.split_once('.') {
        Some((whole, fraction)) => format!("{whole}.{}", fraction.chars().take(2).collect::<String>()),
        None => amount.to_owned(),
    }
}

/// What was wished and approved. A protective stop is approved like an order, but no signal wished for it.
fn approvals(figures: &Figures) -> String {
    let Figures { signals, approved, approved_stops, .. } = figures;
    format!(
        "{signals} signals, {} orders approved for them, and {approved_stops} protective stops",
        approved.saturating_sub(*approved_stops)
    )
}

/// Prints how a run went, and first how it `ended`.
pub(super) fn summary(
    figures: &Figures,
    config: &DeskConfig,
    elapsed: Duration,
    ended: &str,
    json: bool,
) -> anyhow::Result<()> {
    let elapsed_s = elapsed.as_secs_f64();
    if json {
        let mut object = serde_json::to_value(figures)?;
        if let Some(object) = object.as_object_mut() {
            object.insert("elapsed_s".to_owned(), serde_json::json!(elapsed_s));
        }
        say(&serde_json::to_string(&object)?);
        return Ok(());
    }
    let quote = &config.quote;
    let refused: Vec<String> = figures.refused.iter().map(|(layer, n)| format!("{n} by {layer}")).collect();
    let refused = if refused.is_empty() { "none".to_owned() } else { refused.join(", ") };
    let even = figures.ledger_imbalance.values().all(|sum| sum == "0");
    let ledger = if even { "balanced to the last decimal" } else { "NOT BALANCED: see ballast doctor" };
    say("");
    say(ended);
    say(&format!(
        "bars       {} ({} missing, {} without a trade)",
        figures.bars, figures.missing_bars, figures.zero_volume_bars
    ));
    say(&format!("decisions  {}; refused: {refused}", approvals(figures)));
    say(&format!("orders     {} posted, {} fills, {} unknown", figures.posted, figures.fills, figures.unknown));
    say(&format!(
        "trades     {} closed, {} by their stop, {} positions open",
        figures.trades, figures.stops, figures.open_positions
    ));
    if figures.dead_letters > 0 {
        say(&format!(
            "DEAD       {} dead letters: messages that were given up; see ballast doctor",
            figures.dead_letters
        ));
    }
    say(&format!("cash       {} {quote}", figures.cash));
    let apart: String = figures.fees_apart.iter().map(|(asset, paid)| format!(", and {paid} {asset}")).collect();
    say(&format!("equity     {} {quote} (fees paid {}{apart})", figures.final_equity, figures.fees));
    say(&format!("ledger     {} transactions, {ledger}", figures.transactions));
    say(&format!("state      {}", figures.state_hash));
    say(&format!("elapsed    {elapsed_s:.1} s"));
    Ok(())
}
