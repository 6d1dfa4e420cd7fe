//! What a person must know of a desk at work, besides its money: which messages it gave up, on which stops each position rests,
//! and whether its kill switch is on. The same for a desk that runs and for one at rest, from the books and the queues alone.
//!
//! It is a route of its own, on one machine only: on AWS, alarms and the console tell it.

use super::queues::Queues;
use super::wiring::LocalTable;
use crate::embedded::queue::{DeadLetter, Queue};
use anyhow::Context;
use api::auth::{self, Guard};
use axum::extract;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use boot::WallClock;
use boot::config::DeskConfig;
use desk::id::{IntentId, Symbol};
use desk::message::Message;
use desk::money::{Amount, Price};
use desk::order::{Leg, Order, OrderKind, State};
use desk::port::Clock;
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
    /// For how long what protects or closes it has waited without working at the exchange, in milliseconds; `None` while a stop
    /// works there, and on paper.
    #[serde(default)]
    pub waited_ms: Option<i64>,
}

/// From how long a wait on somebody has to know, in milliseconds: an order that meets no trouble is sent in less than one second.
const WAITED_MS: i64 = 10_000;

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
    pub async fn look(
        store: &Store<LocalTable>,
        queue: &Queue,
        config: &DeskConfig,
        now: Timestamp,
    ) -> anyhow::Result<Self> {
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
            let since = waiting_since(of()).filter(|_| !config.is_paper());
            let waited_ms = since.map(|since| now.ms_since(since));
            positions.push(Held { symbol, quantity: position.quantity, stops, closing, bare, waited_ms });
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

/// Since when what protects or closes a position has waited, if none of it works at the exchange.
fn waiting_since<'a>(working: impl Iterator<Item = &'a Order>) -> Option<Timestamp> {
    let ends: Vec<&Order> = working.filter(|order| !order.intent.leg.adds_risk()).collect();
    let works = |order: &&Order| order.intent.leg.protects() && order.state == State::Open;
    let first = |order: &&Order| order.history.first().map(|passage| passage.at);
    if ends.iter().any(works) { None } else { ends.iter().filter_map(first).min() }
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

impl Held {
    /// How long what protects or closes it has waited, if that is too long.
    fn waits_too_long(&self) -> Option<i64> {
        self.waited_ms.filter(|waited| *waited >= WAITED_MS)
    }

    /// Whether somebody has to know of it.
    #[must_use]
    pub fn is_in_danger(&self) -> bool {
        self.bare.is_some() || self.waits_too_long().is_some()
    }
}

impl std::fmt::Display for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { symbol, quantity, stops, closing, bare, .. } = self;
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
        if let Some(bare) = bare {
            write!(f, "; {bare} of it rest on NO STOP")?;
        }
        match self.waits_too_long() {
            Some(ms) => write!(
                f,
                "; NOTHING of it has worked at the exchange for {} s, because nothing could be sent: see `ballast orders`, or \
                 close it on the exchange's own page",
                ms.div_euclid(1000)
            ),
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

async fn watched(extract::State(deps): extract::State<Deps>) -> (StatusCode, Json<Value>) {
    let looked = Watch::look(&deps.store, deps.queues.queue(), &deps.config, WallClock.now()).await;
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
            waited_ms: None,
        };
        let rests = held(vec![stop.clone()], false, None).to_string();
        assert_eq!(rests, "0.5 of BTCUSDT: 1 stops 0.3 at 98 (open)");
        assert!(held(vec![stop.clone()], false, Some("0.2")).to_string().ends_with("; 0.2 of it rest on NO STOP"));
        assert!(held(Vec::new(), false, Some("0.5")).to_string().contains("0.5 of it rest on NO STOP"));
        assert!(held(vec![stop], true, None).to_string().contains("being closed"));
        let waits = |ms| Held { waited_ms: Some(ms), ..held(Vec::new(), true, None) };
        assert!(!waits(9_999).is_in_danger() && waits(26_500).is_in_danger());
        assert!(waits(26_500).to_string().contains("NOTHING of it has worked at the exchange for 26 s"));
    }

    #[test]
    fn what_ends_a_position_waits_from_its_approval_on_unless_a_stop_works() {
        let order = |leg: Leg, state, at| {
            let intent = desk::order::Intent { leg, ..desk::fake::sample::entry("1") };
            Order { state, ..Order::approved(intent, desk::risk::Reservation::NONE, Timestamp::from_ms(at)) }
        };
        let stop = |state| order(Leg::Stop(desk::id::TradeId::new("1").unwrap()), state, 2_000);
        let entry = order(Leg::Entry, State::Open, 0);
        let exit = order(Leg::Exit, State::Approved, 3_000);
        let since = |orders: &[&Order]| waiting_since(orders.iter().copied()).map(Timestamp::ms);
        assert_eq!(since(&[&entry]), None);
        assert_eq!(since(&[&entry, &exit]), Some(3_000));
        assert_eq!(since(&[&exit, &stop(State::Unknown)]), Some(2_000));
        assert_eq!(since(&[&exit, &stop(State::Open)]), None);
    }
}
