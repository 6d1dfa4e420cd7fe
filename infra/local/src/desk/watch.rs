//! What a person must know of a desk at work, besides its money: which messages it gave up, on which stops each position rests,
//! and whether its kill switch is on. The same for a desk that runs and for one at rest, from the books and the queues alone.
//!
//! It is a route of its own, on one machine only: on AWS, alarms and the console tell it.

use super::queues::Queues;
use super::wiring::LocalTable;
use crate::embedded::queue::{DeadLetter, Queue};
use anyhow::Context;
use api::auth::{self, Guard};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use boot::config::DeskConfig;
use desk::id::{IntentId, Symbol};
use desk::message::Message;
use desk::money::{Amount, Price};
use desk::order::{Leg, Order, OrderKind};
use desk::reconcile::{Finding, unprotected};
use desk::risk::{Kill, KillState};
use desk::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use store::Store;

/// Where the route is.
pub const PATH: &str = "/v1/watch";
/// How many dead letters are looked through, the latest first, and how many are told of.
const LETTERS: u32 = 1_000;
const TOLD: usize = 20;

/// What is watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// Whether the kill switch is on.
    pub killed: bool,
    /// Since when, by whom and why; `live` if it is off.
    pub kill_switch: String,
    /// Whether the switch can be read: what can't be counts as on.
    pub kill_switch_readable: bool,
    /// How many messages were given up since the desk began.
    pub dead_letters: u64,
    /// The last of them, first those whose order has not ended, the latest first.
    pub letters: Vec<Letter>,
    /// What is held, by market.
    pub positions: Vec<Held>,
}

/// A message that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// From which queue.
    pub queue: String,
    /// The order it was about, if it was about one.
    pub order: Option<IntentId>,
    /// Its market, if it can still be read.
    pub symbol: Option<Symbol>,
    /// Why it was given up.
    pub reason: String,
    /// When, by the desk's clock.
    pub at: Timestamp,
    /// Whether its order has not ended: somebody has to look. What became of all others is settled.
    #[serde(default)]
    pub waits: bool,
}

/// A position, and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// In which market.
    pub symbol: Symbol,
    /// How much, in base units.
    pub quantity: Amount,
    /// Its protective stops that have not ended.
    pub stops: Vec<Stop>,
    /// Whether an order that closes it is on its way.
    pub closing: bool,
    /// What rests on no stop though nothing closes it, in base units; `None` if that is less than can be sold.
    pub bare: Option<Amount>,
}

/// A protective stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// The order.
    pub order: IntentId,
    /// What it would still sell, in base units.
    pub quantity: String,
    /// At which price it is triggered.
    pub trigger: Option<Price>,
    /// `open` if it works at the venue.
    pub state: String,
}

impl Watch {
    /// Looks.
    ///
    /// # Errors
    /// As the store and the queues.
    pub async fn look(store: &Store<LocalTable>, queue: &Queue, config: &DeskConfig) -> anyhow::Result<Self> {
        let account = &config.account;
        let switch = store.kill_state(account).await?.map(|found| found.row);
        let counts = queue.counts()?;
        let working: Vec<Order> = store.working_orders(account, None).await?.into_iter().map(|o| o.row).collect();
        let mut positions = Vec::new();
        for (symbol, position) in store.account_state(account).await?.positions {
            let Some(market) = config.market(&symbol).filter(|_| position.is_open()) else { continue };
            let found = unprotected(&market.instrument, position.quantity, &working)?;
            let bare = if let Some(Finding::Unprotected { quantity, .. }) = found { Some(quantity) } else { None };
            let of = || working.iter().filter(|order| order.intent.symbol == symbol);
            let closing = of().any(|order| matches!(order.intent.leg, Leg::Exit | Leg::Flatten));
            let stops = of().filter(|order| matches!(order.intent.leg, Leg::Stop(_))).map(stop);
            let stops = stops.collect::<anyhow::Result<Vec<Stop>>>()?;
            positions.push(Held { symbol, quantity: position.quantity, stops, closing, bare });
        }
        let mut letters: Vec<Letter> =
            queue.dead_letters(LETTERS)?.into_iter().map(|dead| letter(dead, &working)).collect();
        letters.sort_by_key(|letter| !letter.waits);
        letters.truncate(TOLD);
        Ok(Self {
            killed: switch.as_ref().is_none_or(KillState::is_killed),
            kill_switch: in_words(switch.as_ref()),
            kill_switch_readable: switch.is_some(),
            dead_letters: counts.values().map(|counts| counts.dead).sum(),
            letters,
            positions,
        })
    }

    /// Whether a dead letter's order has not ended.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.letters.iter().any(|letter| letter.waits)
    }

    /// What an answer of the route says.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(answer: Value) -> anyhow::Result<Self> {
        serde_json::from_value(answer).context("the desk's answer is not what this program knows")
    }
}

fn stop(order: &Order) -> anyhow::Result<Stop> {
    let trigger = match order.intent.kind {
        OrderKind::StopMarket { trigger } => Some(trigger),
        OrderKind::Market => None,
    };
    let quantity = order.open_quantity()?.to_string();
    Ok(Stop { order: order.intent.id.clone(), quantity, trigger, state: order.state.to_string() })
}

fn in_words(switch: Option<&KillState>) -> String {
    match switch.map(|switch| &switch.kill) {
        None => "can't be read, and counts as killed".to_owned(),
        Some(Kill::Live) => "live".to_owned(),
        Some(Kill::Killed { mode, by, reason, at, unkill: None }) => {
            format!("killed since {at} by {by}, {mode} ({reason})")
        }
        Some(Kill::Killed { mode, by, reason, at, unkill: Some(asked) }) => {
            let (who, from) = (&asked.by, asked.not_before);
            format!("killed since {at} by {by}, {mode} ({reason}); {who} has asked to trade again, from {from} on")
        }
    }
}

/// A dead letter, with the order it was about. `working` are the orders that have not ended.
fn letter(dead: DeadLetter, working: &[Order]) -> Letter {
    let (order, symbol) = match Message::decode(&dead.body) {
        Ok(Message::Order { intent, symbol, .. } | Message::Cancel { intent, symbol, .. }) => {
            (Some(intent), Some(symbol))
        }
        Ok(Message::Fill { fill }) => (Some(fill.order), Some(fill.symbol)),
        Ok(Message::Bars { symbol, .. } | Message::Signal { symbol, .. }) => (None, Some(symbol)),
        // Poison: why is in the reason.
        Err(_) => (None, None),
    };
    let waits = working.iter().any(|known| Some(&known.intent.id) == order.as_ref());
    Letter { queue: dead.queue.to_string(), order, symbol, reason: dead.reason, at: dead.at, waits }
}

impl std::fmt::Display for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { queue, order, symbol, reason, at, .. } = self;
        match (order, symbol) {
            (Some(order), Some(symbol)) => write!(f, "order {order} in {symbol} ({queue}, {at}): {reason}"),
            (None, Some(symbol)) => write!(f, "{symbol} ({queue}, {at}): {reason}"),
            (_, None) => write!(f, "{queue}, {at}: {reason}"),
        }
    }
}

impl std::fmt::Display for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { symbol, quantity, stops, closing, bare } = self;
        write!(f, "{quantity} of {symbol}: ")?;
        if *closing {
            write!(f, "being closed, {} stops until then", stops.len())?;
        } else if stops.is_empty() && bare.is_none() {
            write!(f, "no stop, too little to sell")?;
        } else {
            let shown = |stop: &Stop| {
                let at = stop.trigger.map_or_else(String::new, |trigger| format!(" at {trigger}"));
                format!("{}{at} ({})", stop.quantity, stop.state)
            };
            let shown: Vec<String> = stops.iter().map(shown).collect();
            write!(f, "{} stops {}", stops.len(), shown.join(", "))?;
        }
        match bare {
            Some(bare) => write!(f, "; {bare} of it rest on NO STOP"),
            None => Ok(()),
        }
    }
}

/// What the route looks at.
#[derive(Debug, Clone)]
pub(super) struct Deps {
    pub(super) store: Store<LocalTable>,
    pub(super) queues: Queues,
    pub(super) config: Arc<DeskConfig>,
}

/// The route.
pub(super) fn routes(deps: Deps, guard: Guard) -> Router {
    let guard = axum::middleware::from_fn_with_state(guard, auth::guard);
    Router::new().route(PATH, get(watched)).route_layer(guard).with_state(deps)
}

async fn watched(State(deps): State<Deps>) -> (StatusCode, Json<Value>) {
    let looked = Watch::look(&deps.store, deps.queues.queue(), &deps.config).await;
    match looked.and_then(|watch| Ok(serde_json::to_value(watch)?)) {
        Ok(watch) => (StatusCode::OK, Json(watch)),
        Err(error) => {
            let problem = json!({"type": "desk/unavailable", "title": "the desk can't be looked at", "status": 503, "detail": format!("{error:#}")});
            (StatusCode::SERVICE_UNAVAILABLE, Json(problem))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use desk::message::QueueName;

    #[test]
    fn a_dead_letter_names_the_order_it_was_about() {
        let dead = |body: &str| DeadLetter {
            id: 1,
            queue: QueueName::Exits,
            group: "g".to_owned(),
            body: body.to_owned(),
            reason: "no answer".to_owned(),
            at: Timestamp::from_ms(0),
        };
        let intent = IntentId::derive_external(&desk::id::VenueId::new("v").unwrap(), "7");
        let message = Message::Order {
            account: desk::id::AccountId::new("main").unwrap(),
            symbol: Symbol::new("BTCUSDT").unwrap(),
            intent: intent.clone(),
        };
        let known = letter(dead(&message.encode().unwrap()), &[]);
        assert!(!known.waits, "its order has ended");
        let order = |id: &IntentId| {
            let intent = desk::order::Intent { id: id.clone(), ..desk::fake::sample::entry("1") };
            Order::approved(intent, desk::risk::Reservation::NONE, Timestamp::from_ms(0))
        };
        let other = IntentId::derive_external(&desk::id::VenueId::new("v").unwrap(), "8");
        assert!(letter(dead(&message.encode().unwrap()), &[order(&other), order(&intent)]).waits);
        assert!(!letter(dead(&message.encode().unwrap()), &[order(&other)]).waits);
        assert_eq!(known.order.as_ref(), Some(&intent));
        let text = known.to_string();
        assert!(text.starts_with(&format!("order {intent} in BTCUSDT (exits.fifo, 1970")), "{text}");
        let poison = letter(dead("{"), &[]);
        assert_eq!((&poison.order, &poison.symbol), (&None, &None));
        assert!(poison.to_string().ends_with("no answer"), "{poison}");
    }

    #[test]
    fn a_position_says_on_which_stops_it_rests_and_what_rests_on_none() {
        let stop = Stop {
            order: IntentId::derive_external(&desk::id::VenueId::new("v").unwrap(), "8"),
            quantity: "0.3".to_owned(),
            trigger: Some("98".parse().unwrap()),
            state: "open".to_owned(),
        };
        let held = |stops: Vec<Stop>, closing, bare: Option<&str>| Held {
            symbol: Symbol::new("BTCUSDT").unwrap(),
            quantity: "0.5".parse().unwrap(),
            stops,
            closing,
            bare: bare.map(|bare| bare.parse().unwrap()),
        };
        let rests = held(vec![stop.clone()], false, None).to_string();
        assert_eq!(rests, "0.5 of BTCUSDT: 1 stops 0.3 at 98 (open)");
        assert!(held(vec![stop.clone()], false, Some("0.2")).to_string().ends_with("; 0.2 of it rest on NO STOP"));
        assert!(held(Vec::new(), false, Some("0.5")).to_string().contains("0.5 of it rest on NO STOP"));
        assert!(held(vec![stop], true, None).to_string().contains("being closed"));
    }
}
