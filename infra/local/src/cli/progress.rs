//! What a run shows while it works, and when it ends.

use super::print::say;
use super::up::UpArguments;
use crate::desk::wiring::Desk;
use crate::report::Figures;
use boot::config::DeskConfig;
use desk::message::QueueName;
use desk::time::Timestamp;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// What is said first where no real money is.
pub(super) const PAPER: &str = "PAPER trading: no real money, no account, no network but this machine's own.";

/// The progress line.
pub(super) struct Progress {
    began: Instant,
    shown: Instant,
    every: Duration,
    terminal: bool,
    open_line: bool,
}

impl Progress {
    /// Says what begins.
    pub(super) fn new(arguments: &UpArguments, headline: &str, market: &str, folder: &Path, port: u16) -> Self {
        if !arguments.json {
            say(headline);
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
        Self { began: now, shown: now, every, terminal, open_line: false }
    }

    /// Shows where the run is, now and then.
    pub(super) async fn show(&mut self, desk: &Desk, at: Timestamp, played: u64) -> anyhow::Result<()> {
        if self.shown.elapsed() < self.every {
            return Ok(());
        }
        self.shown = Instant::now();
        let elapsed_ms = self.began.elapsed().as_millis().max(1);
        let rate = u128::from(played) * 1000 / elapsed_ms;
        let counts = desk.queues.queue().counts()?;
        let sent = |name| counts.get(&name).map_or(0, |counts| counts.sent);
        let orders = sent(QueueName::Orders) + sent(QueueName::Exits);
        let last = desk.store.recent_snapshots(&desk.config.account, 1).await?;
        let equity =
            last.first().map_or_else(|| desk.config.cash.to_string(), |s| short(&s.valuation.equity.to_string()));
        let quote = &desk.config.quote;
        let line = format!(
            "{at}  {played} bars  {rate} bars/s  {} signals  {orders} orders  equity {equity} {quote}",
            sent(QueueName::Signals)
        );
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

/// An amount with two decimals at most, cut, for a line that changes all the time.
fn short(amount: &str) -> String {
    match amount.split_once('.') {
        Some((whole, fraction)) => format!("{whole}.{}", fraction.chars().take(2).collect::<String>()),
        None => amount.to_owned(),
    }
}

/// Prints how a run went.
pub(super) fn summary(
    figures: &Figures,
    config: &DeskConfig,
    elapsed: Duration,
    stopped: bool,
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
    say(if stopped { "stopped; begin again with the same command to go on" } else { "the market has ended" });
    say(&format!(
        "bars       {} ({} missing, {} without a trade)",
        figures.bars, figures.missing_bars, figures.zero_volume_bars
    ));
    say(&format!("decisions  {} signals, {} approved, refused: {refused}", figures.signals, figures.approved));
    say(&format!("orders     {} posted, {} fills, {} unknown", figures.posted, figures.fills, figures.unknown));
    say(&format!(
        "trades     {} closed, {} by their stop, {} positions open",
        figures.trades, figures.stops, figures.open_positions
    ));
    say(&format!("cash       {} {quote}", figures.cash));
    say(&format!("equity     {} {quote} (fees paid {})", figures.final_equity, figures.fees));
    say(&format!("ledger     {} transactions, {ledger}", figures.transactions));
    say(&format!("state      {}", figures.state_hash));
    say(&format!("elapsed    {elapsed_s:.1} s"));
    Ok(())
}
