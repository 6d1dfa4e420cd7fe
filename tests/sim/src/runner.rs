//! The runner: what Lambda and its event sources do, without threads.
//!
//! A task is an invocation of a function: a future that is polled when its turn has come, and dropped when its process ends.
//! Each poll runs to the next wait at a port. Queues are looked at when something in them becomes visible; what a batch left
//! goes back, is hidden, or is buried, by the same rules as in `shared/cloud/src/batch.rs`.

use crate::chance::span;
use crate::desk::{Desk, MarketData, SignalInference};
use crate::fault::Fault;
use crate::mutants::Mutant;
use crate::queues::Received;
use crate::world::{Event, Job, Park, Shared, World};
use boot::Failure;
use boot::batch::{self, Again, Answer, Delivery};
use boot::event::KillEvent;
use desk::id::InvocationId;
use desk::message::{Message, QueueName};
use desk::time::Timestamp;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// How an invocation has ended.
#[derive(Debug)]
enum Done {
    Batch(Result<Vec<(i64, Answer)>, Failure>),
    Job(Result<(), Failure>),
}

/// An invocation.
struct Task {
    future: Pin<Box<dyn Future<Output = Done> + Send>>,
    actor: &'static str,
    /// How often it has waited.
    turn: u64,
    /// What it was given.
    batch: Option<(QueueName, Vec<Received>)>,
}

/// The runner.
pub struct Runner {
    desk: Desk,
    world: Shared,
    tasks: BTreeMap<u64, Task>,
    started: u64,
    /// How many messages a queue that keeps order hands out at once.
    batch: usize,
    market_data: Option<Arc<MarketData>>,
    signal_inference: Option<Arc<SignalInference>>,
}

/// How long a function may take, and for how long a message is hidden while it does: what AWS is told.
pub const FUNCTION_MS: i64 = 30_000;
const VISIBILITY_MS: i64 = 6 * FUNCTION_MS;
/// How long it takes at most until an invocation can be had again for a queue that is held.
const HELD_MS: i64 = 40_000;
/// How many invocations a queue without order may have at once.
const CONCURRENT: usize = 3;

/// Which function takes from a queue.
const fn consumer(queue: QueueName) -> &'static str {
    match queue {
        QueueName::Bars => "signal-inference",
        QueueName::Signals => "risk-validation",
        QueueName::Exits | QueueName::Orders => "order-placement",
        QueueName::Fills => "fill-booking",
    }
}

/// Which function a schedule starts.
const fn scheduled(job: Job) -> &'static str {
    match job {
        Job::MarketData => "market-data",
        Job::Reconciliation => "reconciliation",
        Job::KillSweep => "kill-switch",
        Job::Snapshot => "snapshot",
        Job::Adopt => "adoption",
    }
}

impl Runner {
    /// A runner of a desk whose FIFO queues hand out up to `batch` messages at once.
    #[must_use]
    pub fn new(desk: Desk, batch: usize) -> Self {
        let world = desk.world.clone();
        Self { desk, world, tasks: BTreeMap::new(), started: 0, batch, market_data: None, signal_inference: None }
    }

    /// Whether a function runs.
    #[must_use]
    pub fn runs(&self, actor: &str) -> bool {
        self.tasks.values().any(|task| task.actor == actor)
    }

    /// Whether nothing runs.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Does what an entry of the agenda says, if it is the runner's business.
    pub fn on(&mut self, event: Event) {
        match event {
            Event::Resume { task, turn } => {
                if self.tasks.get(&task).is_some_and(|task| task.turn == turn) {
                    self.poll(task);
                }
            }
            Event::TimeUp { task } => {
                if let Some(task) = self.tasks.remove(&task) {
                    self.world.lock().note(task.actor, format_args!("its time is up"));
                    self.forget(task.actor);
                }
            }
            Event::Poll(queue) => self.take(queue),
            Event::Due(job) => self.due(job),
            Event::Market
            | Event::Arrives { .. }
            | Event::CancelArrives { .. }
            | Event::Told(_)
            | Event::Operators
            | Event::Kill(_) => {}
        }
    }

    /// A schedule has come due: its function runs, twice or not at all.
    fn due(&mut self, job: Job) {
        let actor = scheduled(job);
        match self.desk.mutant {
            Some(Mutant::NoReconciliation) if job == Job::Reconciliation => return,
            Some(Mutant::OneSweep) if job == Job::KillSweep => return,
            Some(_) | None => {}
        }
        let (visit, fault) = {
            let mut world = self.world.lock();
            let visit = world.faults.visit(actor, "schedule");
            let kinds = [Fault::ScheduleMissed, Fault::ScheduleTwice, Fault::Cold];
            (visit, world.faults.fires(actor, "schedule", visit, &kinds))
        };
        match fault {
            Some(Fault::ScheduleMissed) => self.world.lock().note(actor, format_args!("schedule {visit} missed")),
            Some(Fault::Cold) => {
                self.forget(actor);
                self.start_job(job);
            }
            Some(_) => {
                self.start_job(job);
                self.start_job(job);
            }
            None => self.start_job(job),
        }
    }

    /// Starts a scheduled function.
    pub fn start_job(&mut self, job: Job) {
        let desk = self.desk.clone();
        let future: Pin<Box<dyn Future<Output = Done> + Send>> = match job {
            Job::MarketData => {
                let process = self.market_data.get_or_insert_with(|| Arc::new(desk.market_data())).clone();
                let event = boot::event::Scheduled::ALL;
                Box::pin(async move { Done::Job(Box::pin(market_data::handle(&process, &event)).await.map(drop)) })
            }
            Job::Reconciliation => Box::pin(async move { Done::Job(desk.reconcile().await.map(drop)) }),
            Job::Snapshot => Box::pin(async move { Done::Job(desk.snapshot().await) }),
            Job::Adopt => {
                let profile = self.world.lock().wanted.clone();
                Box::pin(async move { Done::Job(desk.adopt(profile).await) })
            }
            Job::KillSweep => {
                let event = KillEvent::Sweep { v: boot::event::VERSION };
                Box::pin(async move { Done::Job(desk.kill_switch(&event).await) })
            }
        };
        self.start(scheduled(job), future, None);
    }

    /// Tells the kill switch something.
    pub fn tell_kill_switch(&mut self, event: KillEvent) {
        let desk = self.desk.clone();
        let future = Box::pin(async move { Done::Job(desk.kill_switch(&event).await) });
        self.start("kill-switch", future, None);
    }

    /// A process ends, and what it remembered with it.
    fn forget(&mut self, actor: &str) {
        match actor {
            "market-data" => self.market_data = None,
            "signal-inference" => self.signal_inference = None,
            _ => {}
        }
    }

    /// Takes what can be had from a queue, and starts a function on each batch.
    fn take(&mut self, queue: QueueName) {
        loop {
            let busy = self.tasks.values().filter(|t| t.batch.as_ref().is_some_and(|(of, _)| *of == queue)).count();
            if !queue.is_fifo() && busy >= CONCURRENT {
                return;
            }
            let received = self.receive(queue);
            if received.is_empty() {
                self.look_later(queue);
                return;
            }
            self.start_batch(queue, received);
        }
    }

    fn receive(&self, queue: QueueName) -> Vec<Received> {
        let mut world = self.world.lock();
        let actor = consumer(queue);
        let held = world.held.get(&queue).is_some_and(|until| world.now < *until);
        if held || world.queues.is_quiet(queue, world.now) {
            return Vec::new();
        }
        let visit = world.faults.visit(actor, queue.name());
        let bits = world.faults.number(actor, queue.name(), visit, "receive");
        let fault = world.faults.fires(actor, queue.name(), visit, &[Fault::Held, Fault::Early]);
        if fault == Some(Fault::Held) {
            let until = world.now.plus_ms(span(bits, 1_000, HELD_MS));
            world.note(actor, format_args!("{} {visit} {}", queue.name(), Fault::Held));
            world.held.insert(queue, until);
            world.at(until, Event::Poll(queue));
            return Vec::new();
        }
        let early = fault.is_some();
        let hidden = match (early, bits % 2) {
            (true, 0) => span(bits >> 1, 1, 60),
            (true, _) => span(bits >> 1, 50, 3_000),
            (false, _) => VISIBILITY_MS,
        };
        let most = if queue.is_fifo() { self.batch } else { 10 };
        let now = world.now;
        let received = world.queues.receive(queue, most, (now, now.plus_ms(hidden)), bits);
        if early && !received.is_empty() {
            world.note(actor, format_args!("{} {visit} {}", queue.name(), Fault::Early));
            world.at(now.plus_ms(hidden), Event::Poll(queue));
        }
        received
    }

    fn start_batch(&mut self, queue: QueueName, received: Vec<Received>) {
        let actor = consumer(queue);
        let desk = self.desk.clone();
        let delivery = |r: &Received| Delivery {
            id: r.id,
            group: queue.is_fifo().then(|| r.group.clone()),
            body: r.body.clone(),
            receives: r.receives,
        };
        let deliveries: Vec<Delivery> = received.iter().map(delivery).collect();
        let process = if queue == QueueName::Bars {
            Some(self.signal_inference.get_or_insert_with(|| Arc::new(desk.signal_inference())).clone())
        } else {
            None
        };
        if self.desk.mutant == Some(Mutant::AckFirst) {
            let mut world = self.world.lock();
            received.iter().for_each(|message| world.queues.delete(queue, message.id));
        }
        let owner = InvocationId::new(format!("{actor}-{}", self.started + 1));
        let given = received.clone();
        let only_the_failed = self.desk.mutant == Some(Mutant::OnlyTheFailed);
        let future = Box::pin(async move {
            let owner = match owner {
                Ok(owner) => owner,
                Err(error) => return Done::Batch(Err(Failure::retry(error.to_string()))),
            };
            let order =
                GroupOrder { world: desk.world.clone(), queue, given, at: Mutex::default(), done: Mutex::default() };
            let (desk, owner, process, order) = (&desk, &owner, &process, &order);
            let handle = |message: Message| async move {
                let id = order.begins(&message);
                // A handler's future is large, and moved whenever what it is part of is moved.
                let outcome = match process {
                    Some(process) => Box::pin(signal_inference::handle(process, &message)).await,
                    None => desk.handle(queue, &message, owner).await,
                };
                order.ends(id, &outcome);
                outcome
            };
            if !only_the_failed {
                return Done::Batch(batch::run(&deliveries, handle).await);
            }
            let mut answers = Vec::new();
            for delivery in &deliveries {
                match batch::run(std::slice::from_ref(delivery), handle).await {
                    Ok(one) => answers.extend(one),
                    Err(failure) => return Done::Batch(Err(failure)),
                }
            }
            Done::Batch(Ok(answers))
        });
        self.start(actor, future, Some((queue, received)));
    }

    fn start(
        &mut self,
        actor: &'static str,
        future: Pin<Box<dyn Future<Output = Done> + Send>>,
        batch: Option<(QueueName, Vec<Received>)>,
    ) {
        self.started += 1;
        let number = self.started;
        self.tasks.insert(number, Task { future, actor, turn: 0, batch });
        {
            let mut world = self.world.lock();
            let (now, up) = (world.now, world.now.plus_ms(FUNCTION_MS));
            world.at(up, Event::TimeUp { task: number });
            world.at(now, Event::Resume { task: number, turn: 0 });
        }
    }

    fn poll(&mut self, number: u64) {
        let Some(task) = self.tasks.get_mut(&number) else { return };
        task.turn += 1;
        self.world.lock().running = (number, task.turn);
        let polled = task.future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let parked = self.world.lock().parked();
        match (polled, parked) {
            (Poll::Ready(done), _) => {
                if let Some(task) = self.tasks.remove(&number) {
                    self.ended(task, done);
                }
            }
            (Poll::Pending, Some(Park::Until(at))) => {
                let turn = task.turn;
                self.world.lock().at(at, Event::Resume { task: number, turn });
            }
            (Poll::Pending, Some(Park::Dies) | None) => {
                if let Some(task) = self.tasks.remove(&number) {
                    self.forget(task.actor);
                    if let Some((queue, _)) = task.batch {
                        self.look_later(queue);
                    }
                }
            }
        }
    }

    /// Looks at a queue again when its next message becomes visible.
    fn look_later(&self, queue: QueueName) {
        let mut world = self.world.lock();
        let now = world.now;
        if let Some(at) = world.queues.next_visible(queue, now) {
            world.at(at, Event::Poll(queue));
        }
    }

    fn ended(&mut self, task: Task, done: Done) {
        let mut world = self.world.lock();
        match (done, task.batch) {
            (Done::Batch(Ok(answers)), Some((queue, received))) => {
                for (id, answer) in answers {
                    let receives = received.iter().find(|r| r.id == id).map_or(1, |r| r.receives);
                    settle(&mut world, queue, (id, receives), answer);
                }
                drop(world);
                self.take(queue);
            }
            (Done::Batch(Err(failure)) | Done::Job(Err(failure)), batch) => {
                world.note(task.actor, format_args!("fails: {failure}"));
                drop(world);
                if let Some((queue, _)) = batch {
                    self.look_later(queue);
                }
            }
            (Done::Batch(Ok(_)) | Done::Job(Ok(())), _) => world.note(task.actor, format_args!("done")),
        }
    }
}

/// I16: in a group nothing is begun before what stands in front of it is done.
struct GroupOrder {
    world: Shared,
    queue: QueueName,
    /// What this invocation was given, in order.
    given: Vec<Received>,
    /// How many of them were begun or passed over.
    at: Mutex<usize>,
    /// The numbers of the messages this invocation is done with.
    done: Mutex<Vec<i64>>,
}

impl GroupOrder {
    /// Returns the message's number, where there is an order. Messages may read alike: what is begun is the next of those that
    /// were given.
    fn begins(&self, message: &Message) -> Option<i64> {
        if !self.queue.is_fifo() {
            return None;
        }
        let (body, group) = (message.encode().ok()?, message.group());
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        let (index, given) = self.given.iter().enumerate().skip(*at).find(|(_, given)| given.body == body)?;
        *at = index + 1;
        let mut world = self.world.lock();
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = || world.queues.of_group(self.queue, &group);
        // What was deleted meanwhile by another delivery of it is nobody's turn any more.
        let there = waiting().any(|id| id == given.id);
        if there && waiting().any(|id| id < given.id && !done.contains(&id)) {
            world.mirror.step.overtaken = Some(format!("{}: a message of group {group} overtook another", self.queue));
            world.check();
        }
        Some(given.id)
    }

    fn ends(&self, id: Option<i64>, outcome: &Result<(), Failure>) {
        // One that was delivered too often is buried if it fails once more.
        let spent = |id| self.given.iter().any(|given| given.id == id && given.receives >= batch::MAX_RECEIVES);
        let ended = matches!(outcome, Ok(()) | Err(Failure::Poison { .. }));
        if let Some(id) = id.filter(|id| ended || spent(*id)) {
            self.done.lock().unwrap_or_else(PoisonError::into_inner).push(id);
        }
    }
}

/// Does with a message what its handler's answer asks for.
fn settle(world: &mut World, queue: QueueName, (id, receives): (i64, u32), answer: Answer) {
    let actor = consumer(queue);
    match answer {
        Answer::Done => {
            world.acknowledged.insert(id);
            let visit = world.faults.visit(actor, "ack");
            if world.faults.fires(actor, "ack", visit, &[Fault::AckLost]).is_some() {
                world.note(actor, format_args!("ack {visit} {}", Fault::AckLost));
                return;
            }
            world.queues.delete(queue, id);
        }
        Answer::Back(again, reason) => {
            let at = hidden_until(world.now, again, receives);
            world.note(actor, format_args!("{} {id} goes back: {reason}", queue.name()));
            world.queues.hide(queue, id, at);
        }
        Answer::Dead(reason) => {
            world.note(actor, format_args!("{} {id} is buried: {reason}", queue.name()));
            world.queues.bury(queue, id);
        }
    }
}

/// Until when a message is hidden that goes back, in whole seconds, as the queue takes it.
fn hidden_until(now: Timestamp, again: Again, receives: u32) -> Timestamp {
    now.plus_ms((batch::hidden_ms(now, again, receives) + 999) / 1_000 * 1_000)
}
