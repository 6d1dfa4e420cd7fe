//! Domain events as log lines: JSON, one function an event, so that names and fields are the same everywhere. The
//! correlation id of everything that follows from a decision is the decision's id.

use crate::metrics;
use desk::fill::Fill;
use desk::id::SignalId;
use desk::movement::Movement;
use desk::order::{Intent, Order, State};
use desk::portfolio::Valuation;
use desk::reconcile::Finding;
use desk::risk::{KillState, Layer};
use desk::signal::Signal;
use desk::time::Timestamp;
use std::sync::Mutex;

/// Writes log lines to `writer` from now on. To be called once.
pub fn init(writer: impl std::io::Write + Send + 'static) {
    // A second call in one process (tests) keeps the first subscriber: logging is no reason to fail.
    let _ = tracing::subscriber::set_global_default(subscriber(writer));
}

/// Writes the log lines of this thread to `writer`, until what is returned is dropped.
#[must_use]
pub fn on_this_thread(writer: impl std::io::Write + Send + 'static) -> impl Drop {
    tracing::subscriber::set_default(subscriber(writer))
}

fn subscriber(writer: impl std::io::Write + Send + 'static) -> impl tracing::Subscriber + Send + Sync {
    let lines = tracing_subscriber::fmt().json().flatten_event(true).with_target(false);
    lines.with_writer(Mutex::new(writer)).finish()
}

/// A strategy wishes to act.
pub fn signal(signal: &Signal) {
    tracing::info!(event = "signal", correlation = %signal.id, symbol = %signal.symbol, because = %signal.because);
    metrics::count(metrics::SIGNALS, "");
}

/// Risk said no.
pub fn refused(signal: &SignalId, layer: Layer) {
    tracing::info!(event = "refused", correlation = %signal, layer = layer.name());
    metrics::count(metrics::REFUSED, layer.name());
}

/// Risk said yes.
pub fn approved(intent: &Intent) {
    let (side, leg) = (intent.side, intent.leg.tag());
    tracing::info!(event = "approved", correlation = %intent.cause, order = %intent.id, %side, leg, quantity = %intent.quantity);
    metrics::count(metrics::APPROVED, "");
}

/// An order has moved.
pub fn moved(order: &Order, why: &str) {
    let (intent, state) = (&order.intent, order.state);
    tracing::info!(event = "order", correlation = %intent.cause, order = %intent.id, %state, why);
    if state == State::Unknown {
        metrics::count(metrics::UNKNOWN_ORDERS, "");
    }
}

/// Something was filled.
pub fn filled(fill: &Fill, cause: &SignalId) {
    tracing::info!(event = "fill", correlation = %cause, order = %fill.order, trade = %fill.trade, price = %fill.price, quantity = %fill.quantity);
    metrics::count(metrics::FILLS, "");
}

/// Somebody else traded in the account.
pub fn external(fill: &Fill) {
    let (symbol, side, quantity) = (&fill.symbol, fill.side, fill.quantity);
    tracing::warn!(event = "external_trade", order = %fill.order, trade = %fill.trade, %symbol, %side, %quantity);
}

/// Money moved without a trade.
pub fn moved_money(movement: &Movement) {
    let Movement { asset, amount, at, .. } = movement;
    tracing::info!(event = "movement", movement = movement.key(), %asset, %amount, at = at.ms());
}

/// The kill switch was used.
pub fn kill(state: &KillState) {
    let text = serde_json::to_string(state).unwrap_or_default();
    tracing::warn!(event = "kill_switch", state = text);
    metrics::count(metrics::KILL_SWITCH, "");
}

/// A venue's stream has broken, and is being made anew.
pub fn stream_broke(venue: &str, why: &str) {
    tracing::warn!(event = "stream_broke", venue, why);
}

/// A circuit breaker has turned: `open` holds requests of that class back.
pub fn breaker(venue: &str, class: &str, open: bool) {
    tracing::warn!(event = "breaker", venue, class, open);
    if open {
        metrics::count(metrics::BREAKER_OPEN, &format!("{venue}/{class}"));
    }
}

/// Books and venue differ.
pub fn finding(finding: &Finding) {
    tracing::warn!(event = "finding", what = %finding);
    metrics::count(metrics::FINDINGS, "");
}

/// A message went to the dead letters.
pub fn buried(queue: &str, reason: &str) {
    tracing::error!(event = "dead_letter", queue, reason);
    metrics::count(metrics::DEAD_LETTERS, queue);
}

/// The market that is furthest behind: how long ago its last bar has closed.
pub fn data_age(now: Timestamp, closed: Timestamp) {
    let seconds = u64::try_from(now.ms_since(closed).max(0) / 1000).unwrap_or_default();
    metrics::whole(metrics::DATA_AGE, seconds);
}

/// What the account is worth.
pub fn valued(valuation: &Valuation) {
    metrics::gauge(metrics::EQUITY, valuation.equity);
    metrics::gauge(metrics::CASH, valuation.cash);
    let open = valuation.lines.iter().filter(|line| !line.quantity.is_zero()).count();
    metrics::whole(metrics::OPEN_POSITIONS, u64::try_from(open).unwrap_or(u64::MAX));
}

/// A handler did not finish; the message or the schedule comes again.
pub fn failed(what: &str, reason: &str) {
    tracing::warn!(event = "failed", what, reason);
}
