//! Domain events as log lines: JSON, one function an event, so that names and fields are the same everywhere. The
//! correlation id of everything that follows from a decision is the decision's id.

use desk::fill::Fill;
use desk::id::SignalId;
use desk::order::{Intent, Order};
use desk::reconcile::Finding;
use desk::risk::{KillState, Layer};
use desk::signal::Signal;
use std::sync::Mutex;

/// Writes log lines to `writer` from now on. To be called once.
pub fn init(writer: impl std::io::Write + Send + 'static) {
    let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_target(false);
    // A second call in one process (tests) keeps the first subscriber: logging is no reason to fail.
    let _ = tracing::subscriber::set_global_default(subscriber.with_writer(Mutex::new(writer)).finish());
}

/// A strategy wishes to act.
pub fn signal(signal: &Signal) {
    tracing::info!(event = "signal", correlation = %signal.id, symbol = %signal.symbol, because = %signal.because);
}

/// Risk said no.
pub fn refused(signal: &SignalId, layer: Layer) {
    tracing::info!(event = "refused", correlation = %signal, layer = layer.name());
}

/// Risk said yes.
pub fn approved(intent: &Intent) {
    let (side, leg) = (intent.side, intent.leg.tag());
    tracing::info!(event = "approved", correlation = %intent.cause, order = %intent.id, %side, leg, quantity = %intent.quantity);
}

/// An order has moved.
pub fn moved(order: &Order, why: &str) {
    let (intent, state) = (&order.intent, order.state);
    tracing::info!(event = "order", correlation = %intent.cause, order = %intent.id, %state, why);
}

/// Something was filled.
pub fn filled(fill: &Fill, cause: &SignalId) {
    tracing::info!(event = "fill", correlation = %cause, order = %fill.order, trade = %fill.trade, price = %fill.price, quantity = %fill.quantity);
}

/// The kill switch was used.
pub fn kill(state: &KillState) {
    let text = serde_json::to_string(state).unwrap_or_default();
    tracing::warn!(event = "kill_switch", state = text);
}

/// Books and venue differ.
pub fn finding(finding: &Finding) {
    tracing::warn!(event = "finding", what = %finding);
}

/// A message went to the dead letters.
pub fn buried(queue: &str, reason: &str) {
    tracing::error!(event = "dead_letter", queue, reason);
}
