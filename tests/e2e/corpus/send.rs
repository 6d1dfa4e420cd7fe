//! What the table is sent to: a desk over fakes that has an order, a fill and a position.

use crate::crash_sweep::{VenueRef, World};
use api::auth::{Guard, Token};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use boot::Failure;
use boot::batch::{self, Answer, Delivery};
use boot::config::DeskConfig;
use boot::event::Scheduled;
use desk::fake::sample;
use desk::id::{AccountId, InvocationId, SignalId};
use desk::message::{Message, QueueName};
use desk::order::{Leg, Order, State};
use desk::port::{Clock, Condition, Item, Key, Table, Write, create};
use desk::risk::Reservation;
use desk::signal::Signal;
use desk::time::Timestamp;
use http_body_util::BodyExt;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::keys;
use store::rows::{Outcome, VerdictRow};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::ServiceExt;

const TOKEN: &str = "canary-0123456789";

/// What came of an input.
#[derive(Debug, Default)]
pub(super) struct Came {
    /// The HTTP status.
    pub(super) status: Option<u16>,
    /// The headers of the answer.
    pub(super) headers: BTreeMap<String, String>,
    /// What was said: a body, or reasons.
    pub(super) said: String,
    /// What became of each message.
    pub(super) answers: Option<Vec<&'static str>>,
    /// Which layer refused the signal.
    pub(super) refused: Option<&'static str>,
    /// Whether the desk says that it is killed.
    pub(super) killed: Option<bool>,
    /// What was shown to the desk and must not be shown again.
    pub(super) shown: Vec<String>,
}

/// The desk.
pub(super) struct Scene {
    world: World,
}

/// The books, and how many orders the venue has.
pub(super) type Before = (Vec<Item>, usize);

fn text<'a>(to: &'a Value, name: &str) -> &'a str {
    to[name].as_str().unwrap_or_default()
}

impl Scene {
    pub(super) fn new() -> Self {
        let world = World::new();
        world.judge().unwrap();
        world.place(&world.entry_message()).unwrap();
        world.book().unwrap();
        Self { world }
    }

    /// Puts into the table what the input is about; returns the books as they are from then on.
    pub(super) fn prepared(&self, group: &str, to: &Value) -> Before {
        match group {
            "of_another" => self.put_of_another(),
            "kill_row" => self.spoil_the_kill_row(to),
            _ => {}
        }
        (self.world.table.items(), self.world.venue.orders())
    }

    pub(super) async fn send(&self, group: &str, to: &Value) -> Came {
        match group {
            "api" | "of_another" => self.ask(to, Guard::Token(Token::new(TOKEN))).await,
            "gateway" => self.ask(to, Guard::Gateway).await,
            "socket" => self.write(to.as_str().unwrap()).await,
            "queue" => self.deliver(to).await,
            "signal" => self.judge(to["decided_ago_ms"].as_i64().unwrap()).await,
            "kill_row" => {
                let kill = serde_json::json!({"method": "GET", "path": "/v1/kill"});
                let asked = self.ask(&kill, Guard::Token(Token::new(TOKEN))).await;
                let switch: Value = serde_json::from_str(&asked.said).unwrap();
                Came { killed: switch["killed"].as_bool(), ..self.judge(0).await }
            }
            _ => panic!("there is no {group:?} to send to"),
        }
    }

    /// Whether the books are as they were, but for what was written down about a refusal.
    pub(super) fn unchanged(&self, before: &Before, expected: &Value) -> Result<(), String> {
        let decides = expected["refused"].is_string();
        let freezes = expected["freezes"] == true;
        let counts = |item: &&Item| {
            !(decides && (item.key.pk.starts_with("DECISION") || item.key.pk.starts_with("SIGNAL#")))
                && !(freezes && item.key.sk == "FREEZE")
        };
        let now = self.world.table.items();
        let frozen = now.iter().any(|item| item.key.sk == "FREEZE" && item.body.contains("could not be booked"));
        if freezes != frozen {
            return Err(format!("frozen: {frozen}"));
        }
        let changed = now.iter().filter(counts).find(|item| !before.0.contains(item));
        if let Some(item) = changed {
            return Err(format!("{}/{} was changed: {}", item.key.pk, item.key.sk, item.body));
        }
        let same = now.iter().filter(counts).count() == before.0.iter().filter(counts).count();
        (same && self.world.venue.orders() == before.1).then_some(()).ok_or_else(|| "something is gone".to_owned())
    }

    fn put(&self, write: Write) {
        desk::fake::run(self.world.table.transact(vec![write])).unwrap();
    }

    /// An order and a decision of another account, in the same table.
    fn put_of_another(&self) {
        let account = AccountId::new("another").unwrap();
        let mut intent = sample::entry("1");
        (intent.account, intent.cause) = (account.clone(), another_decision());
        intent.id = desk::id::IntentId::derive(&intent.cause, "entry", 1);
        let mut order = Order::approved(intent, Reservation::NONE, Timestamp::from_ms(0));
        order.state = State::Unknown;
        let signal = Signal { id: another_decision(), account, ..sample::signal() };
        let verdict = VerdictRow {
            cause: signal.id.clone(),
            signal: Some(signal),
            leg: Leg::Entry,
            attempt: 1,
            quantity: order.intent.quantity,
            checks: Vec::new(),
            outcome: Outcome::Approved { order: order.intent.id.clone() },
            profile: "careful".to_owned(),
        };
        self.put(create(keys::order(&order.intent.id), &order).unwrap());
        self.put(create(keys::verdict(&verdict.cause, &verdict.leg, 1), &verdict).unwrap());
    }

    fn spoil_the_kill_row(&self, to: &Value) {
        let key = keys::kill(&self.world.config.account);
        let found = desk::fake::run(self.world.table.get(&key)).unwrap().unwrap();
        self.put(match to.as_str() {
            None => Write::Delete { key },
            Some(body) => {
                let condition = Condition::Version(found.version);
                let item = Item { body: body.to_owned(), version: found.version + 1, ..found };
                Write::Put { item, condition }
            }
        });
    }

    fn router(&self, guard: Guard) -> Router {
        let World { queues, clock, venue, config, .. } = &self.world;
        let kill = kill_switch::Deps {
            store: self.world.store(),
            venue: Some(VenueRef(venue.clone())),
            queues: queues.clone(),
            clock: clock.clone(),
            wall: clock.clone(),
            config: config.clone(),
        };
        let deps = api::Deps { store: self.world.store(), clock: clock.clone(), config: config.clone() };
        let routes = api::routes(Arc::new(deps), guard.clone()).merge(kill_switch::http::routes(Arc::new(kill), guard));
        api::shell(routes, || "generated".to_owned())
    }

    /// Puts in what a file leaves open.
    fn filled(&self, text: &str, to: &Value) -> String {
        let other = desk::id::IntentId::derive(&another_decision(), "entry", 1);
        let order = if text.starts_with("/v1/") { &other } else { &self.world.order().intent.id };
        let long =
            to["x"][0].as_str().unwrap_or_default().repeat(usize::try_from(to["x"][1].as_u64().unwrap_or(0)).unwrap());
        let text = text.replace("{order}", order.as_str()).replace("{decision}", another_decision().as_str());
        text.replace("{token}", TOKEN).replace("{x}", &long)
    }

    async fn ask(&self, to: &Value, guard: Guard) -> Came {
        let mut request = Request::builder().method(text(to, "method")).uri(self.filled(text(to, "path"), to));
        let mut shown = Vec::new();
        if to["signed"] != false {
            request = request.header("authorization", format!("Bearer {TOKEN}"));
        }
        if to["signed"].is_null() {
            request = request.header("content-type", "application/json");
        }
        for header in to["headers"].as_array().into_iter().flatten() {
            let value = self.filled(header[1].as_str().unwrap(), to);
            shown
                .extend((header[0] == "authorization").then(|| value.replace("Bearer ", "")).filter(|v| !v.is_empty()));
            request = request.header(header[0].as_str().unwrap(), value);
        }
        let body = match to["hex"].as_str() {
            Some(hex) => {
                (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
            }
            None => self.filled(text(to, "body"), to).into_bytes(),
        };
        let response = self.router(guard).oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let headers = response.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        let status = Some(response.status().as_u16());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        Came { status, headers, said: String::from_utf8(bytes.to_vec()).unwrap(), shown, ..Came::default() }
    }

    /// Writes bytes to a socket with the routes behind it, and reads what comes back until its end.
    async fn write(&self, raw: &str) -> Came {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = self.router(Guard::Token(Token::new(TOKEN)));
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
        socket.write_all(self.filled(raw, &Value::Null).as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).await.unwrap();
        server.abort();
        let answer = String::from_utf8(answer).unwrap();
        let (head, said) = answer.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers =
            lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_owned(), value.to_owned()));
        Came { status: Some(status), headers: headers.collect(), said: said.to_owned(), ..Came::default() }
    }

    async fn deliver(&self, to: &Value) -> Came {
        let queue = QueueName::ALL.into_iter().find(|queue| queue.name() == text(to, "name")).unwrap();
        let bodies = to["bodies"].as_array().unwrap().iter().map(|body| self.filled(body.as_str().unwrap(), to));
        let receives = u32::try_from(to["receives"].as_u64().unwrap()).unwrap();
        let group = queue.is_fifo().then(|| "g".to_owned());
        let deliveries = (1..).zip(bodies).map(|(id, body)| Delivery { id, group: group.clone(), body, receives });
        let deliveries: Vec<Delivery> = deliveries.collect();
        match batch::run(&deliveries, |message| self.handle(queue, message)).await {
            Ok(answered) => {
                let answers = answered.iter().map(|(_, answer)| match answer {
                    Answer::Done => ("done", ""),
                    Answer::Back(_, why) => ("back", why.as_str()),
                    Answer::Dead(why) => ("dead", why.as_str()),
                });
                let (answers, said): (Vec<_>, Vec<_>) = answers.unzip();
                Came { answers: Some(answers), said: said.join("\n"), ..Came::default() }
            }
            Err(failure) => Came { answers: Some(vec!["halt"]), said: failure.to_string(), ..Came::default() },
        }
    }

    async fn handle(&self, queue: QueueName, message: Message) -> Result<(), Failure> {
        let World { queues, clock, venue, config, .. } = &self.world;
        let (store, queues, clock, config) = (self.world.store(), queues.clone(), clock.clone(), config.clone());
        match queue {
            QueueName::Signals => {
                risk_validation::handle(&risk_validation::Deps { store, queues, clock, config }, &message).await
            }
            QueueName::Orders | QueueName::Exits => {
                let deps = order_placement::Deps { store, venue: VenueRef(venue.clone()), queues, clock };
                order_placement::handle(&deps, &message, &InvocationId::new("another").unwrap()).await
            }
            QueueName::Fills => {
                fill_booking::handle(&fill_booking::Deps { store, queues, clock, config }, &message).await
            }
            QueueName::Bars => panic!("nothing is sent to the bars"),
        }
    }

    /// Stores a signal of that age and has it judged.
    async fn judge(&self, ago_ms: i64) -> Came {
        let sample = sample::signal();
        let decided_at = self.world.clock.now().plus_ms(-ago_ms);
        let bar = decided_at.plus_ms(-sample.interval.ms());
        let id = SignalId::derive(&sample.account, &sample.strategy, &sample.symbol, sample.interval, bar);
        // Unlike the sample that was judged before.
        let id = if id == sample.id { another_decision() } else { id };
        let signal = Signal { id: id.clone(), bar, decided_at, ..sample };
        let write = create(keys::signal(&id), &signal).unwrap();
        let key: Key = write.key().clone();
        self.put(write);
        let message =
            Message::Signal { account: signal.account, symbol: signal.symbol, signal: id.clone(), attempt: 1 };
        let body = message.encode().unwrap();
        let to = serde_json::json!({"name": "signals.fifo", "receives": 1, "bodies": [body]});
        let came = self.deliver(&to).await;
        self.put(Write::Delete { key });
        let verdict = self.world.store().verdict(&id, &Leg::Entry, 1).await.unwrap();
        let refused = verdict.map(|verdict| match verdict.outcome {
            Outcome::Refused { layer } => layer.name(),
            Outcome::Approved { .. } => "approved",
        });
        Came { refused, ..came }
    }
}

/// The id of a decision of another account.
fn another_decision() -> SignalId {
    SignalId::new("f".repeat(32)).unwrap()
}

/// What is said to each input of a file that is refused where it is read: `Err` for one that was not.
pub(super) fn refusals(group: &str, to: &Value) -> Vec<Result<String, String>> {
    if group == "schedule" {
        let config = crate::crash_sweep::config();
        let refused = |text: &Value| {
            let text = text.as_str().unwrap();
            match Scheduled::decode(text) {
                Err(error) => Ok(error.to_string()),
                Ok(event) => config.chosen(&event).err().map(|e| e.to_string()).ok_or_else(|| format!("taken: {text}")),
            }
        };
        return to.as_array().unwrap().iter().map(refused).collect();
    }
    configurations(to).iter().map(|text| configured(text)).collect()
}

/// The configurations of a file: a good one with one thing in it that is not.
fn configurations(to: &Value) -> Vec<String> {
    let venue = desk::id::VenueId::new("paper").unwrap();
    let good = serde_json::to_value(DeskConfig { venue, ..crate::crash_sweep::config() }).unwrap();
    assert!(configured(&good.to_string()).is_err(), "the good one is taken");
    if let [Value::String(from), Value::String(into)] = to["text"].as_array().map_or(&[][..], Vec::as_slice) {
        let text = good.to_string();
        assert_eq!(text.matches(from.as_str()).count(), 1, "{from} is there once");
        return vec![text.replace(from.as_str(), &into.replace("{market}", &good["markets"][0].to_string()))];
    }
    let (parent, name) = text(to, "pointer").rsplit_once('/').unwrap();
    let with = |value: Option<&Value>| {
        let mut changed = good.clone();
        let object = changed.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        match value {
            Some(value) => drop(object.insert(name.to_owned(), value.clone())),
            None => drop(object.remove(name).unwrap()),
        }
        changed.to_string()
    };
    if to["removed"] == true {
        return vec![with(None)];
    }
    to["values"].as_array().unwrap().iter().map(|value| with(Some(value))).collect()
}

/// What is said to a configuration that is refused.
fn configured(text: &str) -> Result<String, String> {
    let config: DeskConfig = match serde_json::from_str(text) {
        Ok(config) => config,
        Err(error) => return Ok(error.to_string()),
    };
    let faults = config.check().err().or_else(|| config.traded_live().err());
    faults.map(|faults| faults.to_string()).ok_or_else(|| format!("taken: {text}"))
}
