//! The venue, over a network: a request leaves, arrives, is answered, and the answer comes back, each with its own time and
//! its own way to fail. What has left does not come back when its sender ends.
//!
//! As the adapters do, nothing is POSTed behind its claim's gap, and what the venue says that is neither the order nor on
//! the list of clear refusals is unknown.

use super::Caller;
use crate::chance::span;
use crate::checkers::Violation;
use crate::fault::Fault;
use crate::mutants::Mutant;
use crate::venue::{Answer, NewOrder};
use crate::world::{Ask, Call, Event, Park, Shared, World};
use desk::fill::Fill;
use desk::id::{AccountId, Asset, IntentId, Symbol, VenueId};
use desk::money::Amount;
use desk::movement::Movement;
use desk::order::{Claimed, Intent, Timing};
use desk::port::{
    CancelOrder, CancelOutcome, ListMovements, ListOpenOrders, ListTrades, Lookup, OpenOrder, PlaceOrder, PlaceOutcome,
    QueryOrder, ReadBalances, Venue, VenueError, VenueStatus,
};
use desk::time::Timestamp;
use std::collections::BTreeMap;
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};
use venue::live::clock::DRIFT_MAX_MS;
use venue::protocol::{EndpointClass, Method, Request};

/// The venue as one process sees it.
#[derive(Debug, Clone)]
pub struct SimVenue {
    /// Whose.
    pub caller: Caller,
    /// The venue's name.
    pub id: VenueId,
    /// How long the steps of placing an order may take.
    pub timing: Timing,
    /// What opens the account.
    pub key: ApiKey,
}

/// What opens the account at the venue, marked so that it is found wherever it shows.
#[derive(Clone)]
pub struct ApiKey {
    /// How it was broken on purpose.
    pub mutant: Option<Mutant>,
}

/// The text of every secret.
pub const CANARY: &str = "canary-of-a-secret";

impl std::fmt::Debug for ApiKey {
    /// As the real request shows itself, whose signature, header and body hold the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let request = Request {
            origin: "spot",
            method: Method::Post,
            target: format!("/order?signature={CANARY}"),
            headers: vec![("key", CANARY.to_owned())],
            body: CANARY.to_owned(),
            class: EndpointClass::Order,
            weight: 1,
        };
        match self.mutant {
            Some(Mutant::Secret) => write!(f, "{} {:?}", request.target, request.headers),
            Some(_) | None => write!(f, "{request:?}"),
        }
    }
}

/// How long a request or an answer is on its way.
const WAY_MS: (i64, i64) = (5, 60);
/// How long a client waits for an answer.
const PATIENCE_MS: i64 = 5_000;
/// How late a late request may come.
const LATE_MS: (i64, i64) = (200, 150_000);

impl SimVenue {
    fn error(&self, reason: &str) -> VenueError {
        VenueError::new(self.id.clone(), reason.to_owned())
    }

    async fn read<R>(&self, site: &'static str, read: impl FnOnce(&mut World) -> R) -> Result<R, VenueError> {
        let caller = &self.caller;
        caller
            .call(site, |world, visit| {
                let kinds = [Fault::VenueFails, Fault::RateLimited, Fault::AnswerLost];
                let fault = world.faults.fires(caller.actor, site, visit, &kinds);
                match fault {
                    Some(fault) => {
                        caller.note(world, site, visit, format_args!("{fault}"));
                        Err(self.error(fault.name()))
                    }
                    None => {
                        caller.note(world, site, visit, format_args!("ok"));
                        Ok(read(world))
                    }
                }
            })
            .await
    }

    /// Sends a request and waits for its answer; `None` if none comes in time.
    async fn ask(&self, site: &'static str, visit: u32, ask: Ask) -> Option<Answer> {
        let (call, until) = {
            let mut world = self.caller.world.lock();
            let until = world.now.plus_ms(PATIENCE_MS);
            (self.send(&mut world, site, visit, ask), until)
        };
        let answer = Awaited { world: &self.caller.world, call, until }.await;
        self.caller.after(site, visit).await;
        answer
    }

    fn send(&self, world: &mut World, site: &'static str, visit: u32, ask: Ask) -> u64 {
        let actor = self.caller.actor;
        let kinds = [
            Fault::RequestLost,
            Fault::RequestLate,
            Fault::AnswerLost,
            Fault::VenueFails,
            Fault::RateLimited,
            Fault::VenueFailsAfter,
        ];
        let fault = world.faults.fires(actor, site, visit, &kinds);
        let number = |world: &World, of| world.faults.number(actor, site, visit, of);
        let (there, back) =
            (span(number(world, "there"), WAY_MS.0, WAY_MS.1), span(number(world, "back"), WAY_MS.0, WAY_MS.1));
        let late = self.late(world, site, visit, &ask);
        let deaf = fault == Some(Fault::RequestLate) && number(world, "deaf") % 2 == 0;
        if let Some(fault) = fault {
            self.caller.note(world, site, visit, format_args!("{fault}"));
        }
        let arrives: fn(u64) -> Event = match &ask {
            Ask::Place(_) => |call| Event::Arrives { call },
            Ask::Cancel(_) => |call| Event::CancelArrives { call },
        };
        let call = u64::try_from(world.calls.len()).unwrap_or(u64::MAX);
        let answer_after = (fault != Some(Fault::AnswerLost) && !deaf).then_some(back);
        let fails_after = fault == Some(Fault::VenueFailsAfter);
        world.calls.insert(call, Call { waits: world.running, ask, answer_after, fails_after, answer: None });
        let now = world.now;
        match fault {
            Some(Fault::RequestLost) => {}
            Some(fault @ (Fault::VenueFails | Fault::RateLimited)) => {
                if let Some(call) = world.calls.get_mut(&call) {
                    call.answer = Some((now, Answer::Error(fault.name().to_owned())));
                }
            }
            Some(Fault::RequestLate) => world.at(now.plus_ms(late), arrives(call)),
            Some(_) | None => world.at(now.plus_ms(there), arrives(call)),
        }
        call
    }

    /// How late a request comes that comes late: in time, just before its deadline or just behind it, or after minutes, as one
    /// may on a connection that sends again by itself.
    fn late(&self, world: &World, site: &str, visit: u32, ask: &Ask) -> i64 {
        let number = |of| world.faults.number(self.caller.actor, site, visit, of);
        let left = match ask {
            Ask::Place(new) => world.exchange.expires(new).ms_since(world.now),
            Ask::Cancel(_) => PATIENCE_MS,
        };
        let by = span(number("late by"), 0, 400);
        let late = match number("hangs") % 4 {
            0 => span(number("late"), LATE_MS.0, LATE_MS.1),
            1 => left - by,
            2 => left + by + 1,
            _ => span(number("late"), LATE_MS.0, LATE_MS.1 / 30),
        };
        late.max(1)
    }

    /// Notes when a source has said that it does not have an order.
    fn told(world: &mut World, order: &IntentId, source: usize, found: Lookup) -> Lookup {
        let now = world.now;
        if let (Lookup::NotFound, Some(at)) = (&found, world.absent.entry(order.clone()).or_default().get_mut(source)) {
            *at = Some(now);
        }
        found
    }

    /// The request as it leaves.
    fn new_order(&self, claimed: &Claimed, now: Timestamp, visit: u32) -> NewOrder {
        let intent = &claimed.order().intent;
        let random = || IntentId::derive_external(&self.id, &visit.to_string());
        NewOrder {
            client_id: if self.caller.mutant == Some(Mutant::RandomId) { random() } else { intent.id.clone() },
            symbol: intent.symbol.clone(),
            side: intent.side,
            kind: intent.kind,
            quantity: intent.quantity,
            deadline: venue::live::asked_for(claimed.claim(), 0).plus_ms(-self.caller.skew_ms),
            made_at: now,
        }
    }
}

/// Waits for the answer to a call.
struct Awaited<'a> {
    world: &'a Shared,
    call: u64,
    until: Timestamp,
}

impl Future for Awaited<'_> {
    type Output = Option<Answer>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Answer>> {
        let mut world = self.world.lock();
        let answer = world.calls.get(&self.call).and_then(|call| call.answer.clone());
        let answer = answer.filter(|(at, _)| world.now >= *at).map(|(_, answer)| answer);
        if answer.is_some() || world.now >= self.until {
            return Poll::Ready(answer);
        }
        world.park(Park::Until(self.until));
        Poll::Pending
    }
}

impl PlaceOrder for SimVenue {
    async fn ready(&self, _: &Intent) -> Result<(), VenueError> {
        let differ = self.caller.skew_ms.abs() > DRIFT_MAX_MS && self.caller.mutant != Some(Mutant::NoDriftCheck);
        self.read("ready", |_| differ).await.and_then(|differ| match differ {
            true => Err(self.error("the clocks differ")),
            false => Ok(()),
        })
    }

    async fn place(&self, claimed: &Claimed) -> PlaceOutcome {
        let (caller, id) = (&self.caller, claimed.order().intent.id.clone());
        let visit = caller.before("place").await;
        let new = {
            let mut world = caller.world.lock();
            if caller.skew_ms.abs() > DRIFT_MAX_MS && caller.mutant != Some(Mutant::NoDriftCheck) {
                caller.note(&mut world, "place", visit, format_args!("not sent: the clocks differ"));
                return PlaceOutcome::Unsent(self.error("the clocks differ"));
            }
            let looks = caller.mutant != Some(Mutant::NoGapCheck);
            if looks && !claimed.may_leave(world.now.plus_ms(caller.skew_ms)) {
                caller.note(&mut world, "place", visit, format_args!("not sent: too long after its claim"));
                return PlaceOutcome::Unsent(self.error("it is too long since the order's claim"));
            }
            let leg = &claimed.order().intent.leg;
            let request = format!("{:?}", self.key);
            world.logged(&request);
            caller.note(&mut world, "place", visit, format_args!("POST {id} {}: {request}", leg.tag()));
            world.posted(&id, leg);
            self.new_order(claimed, world.now, visit)
        };
        let mut answer = self.ask("place", visit, Ask::Place(Box::new(new.clone()))).await;
        if caller.mutant == Some(Mutant::PostAgain) && matches!(answer, Some(Answer::Error(_))) {
            caller.world.lock().posted(&id, &claimed.order().intent.leg);
            answer = self.ask("place", visit, Ask::Place(Box::new(new))).await;
        }
        match answer {
            Some(Answer::Accepted(fact, fills)) if fact.order == id => PlaceOutcome::Accepted { fact, fills },
            Some(Answer::Accepted(..)) => PlaceOutcome::Unknown("the answer is about another order".to_owned()),
            Some(Answer::Refused(why)) => PlaceOutcome::Refused(why),
            Some(Answer::Taken) => PlaceOutcome::Unknown("the answer is about a cancel".to_owned()),
            Some(Answer::Error(why)) => PlaceOutcome::Unknown(why),
            None => PlaceOutcome::Unknown("no answer".to_owned()),
        }
    }
}

impl QueryOrder for SimVenue {
    async fn by_client_id(&self, _: &AccountId, _: &Symbol, order: &IntentId) -> Result<Lookup, VenueError> {
        let look = |world: &mut World| {
            let found = world.exchange.look(order, world.now);
            Self::told(world, order, 0, found)
        };
        self.read("by-client-id", look).await
    }

    async fn in_lists(&self, _: &AccountId, _: &Symbol, order: &IntentId, _: Timestamp) -> Result<Lookup, VenueError> {
        if self.caller.mutant == Some(Mutant::SingleSource) {
            return Ok(Lookup::NotFound);
        }
        let look = |world: &mut World| {
            let found = world.exchange.list(order, world.now);
            Self::told(world, order, 1, found)
        };
        self.read("in-lists", look).await
    }
}

impl CancelOrder for SimVenue {
    /// As the adapters do: look, ask, and look what became of it.
    async fn cancel(&self, account: &AccountId, symbol: &Symbol, order: &IntentId) -> CancelOutcome {
        let last = match self.by_client_id(account, symbol, order).await {
            Ok(Lookup::Found(fact)) if fact.status != VenueStatus::Open => return CancelOutcome::Done(fact),
            Ok(Lookup::Found(fact)) => fact,
            Ok(Lookup::NotFound) => return CancelOutcome::Unknown("the venue does not know it (any more)".to_owned()),
            Err(error) => return CancelOutcome::Unknown(error.to_string()),
        };
        let visit = self.caller.before("cancel").await;
        let answer = self.ask("cancel", visit, Ask::Cancel(order.clone())).await;
        let taken = answer == Some(Answer::Taken);
        let mut found = self.by_client_id(account, symbol, order).await;
        if taken && found == Ok(Lookup::NotFound) {
            found = self.in_lists(account, symbol, order, self.now()).await;
        }
        match found {
            Ok(Lookup::NotFound) if taken => CancelOutcome::Gone(last),
            Ok(Lookup::Found(fact)) if fact.status != VenueStatus::Open => CancelOutcome::Done(fact),
            Ok(Lookup::Found(_)) => CancelOutcome::Unknown("it is still open".to_owned()),
            Ok(Lookup::NotFound) => CancelOutcome::Unknown("the venue does not know it (any more)".to_owned()),
            Err(error) => CancelOutcome::Unknown(error.to_string()),
        }
    }
}

impl ListOpenOrders for SimVenue {
    async fn open_orders(&self, _: &AccountId) -> Result<Vec<OpenOrder>, VenueError> {
        self.read("open-orders", |world| world.exchange.open_orders(world.now)).await
    }
}

impl ListTrades for SimVenue {
    async fn trades(&self, _: &AccountId, symbol: &Symbol, stretch: Range<Timestamp>) -> Result<Vec<Fill>, VenueError> {
        let trades = self.read("trades", |world| world.exchange.trades_within(symbol, &stretch)).await?;
        Ok(match self.caller.mutant {
            Some(mutant) => trades.into_iter().map(|fill| mutant.names(fill)).collect(),
            None => trades,
        })
    }

    async fn last_trade(&self, account: &AccountId, symbol: &Symbol) -> Result<Option<Fill>, VenueError> {
        let ever = Timestamp::from_ms(0)..Timestamp::from_ms(i64::MAX);
        Ok(self.trades(account, symbol, ever).await?.pop())
    }
}

impl ListMovements for SimVenue {
    async fn movements(&self, _: &AccountId, since: Timestamp) -> Result<Option<Vec<Movement>>, VenueError> {
        self.read("movements", |world| Some(world.exchange.movements(since, world.now))).await
    }
}

impl ReadBalances for SimVenue {
    async fn balances(&self, _: &AccountId) -> Result<BTreeMap<Asset, Amount>, VenueError> {
        self.read("balances", |world| world.exchange.balances().clone()).await
    }
}

impl Venue for SimVenue {
    fn id(&self) -> &VenueId {
        &self.id
    }

    fn timing(&self) -> Timing {
        self.timing
    }

    fn now(&self) -> Timestamp {
        let now = self.caller.world.lock().now;
        match self.caller.mutant {
            Some(Mutant::AskedAfter) => now.plus_ms(PATIENCE_MS),
            Some(Mutant::LocalClock) => now.plus_ms(self.caller.skew_ms),
            Some(_) | None => now,
        }
    }
}

/// A POST or a cancel has arrived: the venue does it, and its answer leaves.
pub fn arrived(world: &mut World, number: u64) {
    let Some(call) = world.calls.get(&number).cloned() else { return };
    let known = world.exchange.trades().len();
    let answer = match &call.ask {
        Ask::Place(new) => {
            let answer = {
                let World { exchange, markets, faults, now, .. } = world;
                exchange.arrive(new, *now, markets, faults)
            };
            world.note("venue", format_args!("{} arrives: {}", new.client_id, told(&answer)));
            if matches!(answer, Answer::Accepted(..)) {
                world.mirror.step.accepted = Some(new.client_id.clone());
                world.check();
            }
            if let Answer::Accepted(fact, _) = &answer
                && fact.order != new.client_id
            {
                world.broken(Violation { invariant: "I3", what: "the answer is about another order".to_owned() });
            }
            answer
        }
        Ask::Cancel(order) => {
            let found = {
                let World { exchange, faults, now, .. } = world;
                exchange.cancel(order, *now, faults)
            };
            if let Some(due) = world.exchange.next_due() {
                world.at(due, Event::Market);
            }
            world.note(
                "venue",
                format_args!("cancel of {order} arrives: {}", if found.is_some() { "ok" } else { "unknown" }),
            );
            if found.is_some() { Answer::Taken } else { Answer::Error("there is no such order".to_owned()) }
        }
    };
    world.tell(known);
    let answer = if call.fails_after { Answer::Error(Fault::VenueFailsAfter.name().to_owned()) } else { answer };
    let Some(after) = call.answer_after else { return };
    let (at, (task, turn)) = (world.now.plus_ms(after), call.waits);
    if let Some(call) = world.calls.get_mut(&number) {
        call.answer = Some((at, answer));
    }
    world.at(at, Event::Resume { task, turn });
}

fn told(answer: &Answer) -> String {
    match answer {
        Answer::Accepted(fact, fills) => format!("{:?}, {} filled in {} trades", fact.status, fact.filled, fills.len()),
        Answer::Taken => "its cancel is taken".to_owned(),
        Answer::Refused(why) | Answer::Error(why) => why.clone(),
    }
}
