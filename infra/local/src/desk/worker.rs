//! Draining: messages are handed to their handlers, upstream queues first, until nothing waits.
//!
//! Upstream first means that all decisions of an instant are taken before the first of its orders is placed: what one
//! market may spend then never depends on how another one's order fared, and a crash in between changes nothing.
//!
//! When everything that waits waits for a later time (a deadline, a retry), the desk's clock jumps there. The market's
//! does not move. Where the desk's time is the wall's, what waits is left for the next drain.

use super::wiring::Desk;
use crate::embedded::queue::{QueueError, Received};
use boot::batch::{self, Answer, Delivery};
use boot::{Failure, observe};
use desk::id::InvocationId;
use desk::message::{Message, QueueName};
use desk::port::Clock;
use thiserror::Error;

/// The desk can't go on.
#[derive(Debug, Error)]
pub enum WorkError {
    /// A handler says so.
    #[error(transparent)]
    Halt(#[from] Failure),
    /// The queue says so.
    #[error("the queue: {0}")]
    Queue(#[from] QueueError),
    /// It would never become quiet.
    #[error(
        "the desk does not become quiet: after {steps} batches {waiting} messages still wait; see `ballast doctor`"
    )]
    Restless {
        /// How many batches were run.
        steps: u32,
        /// How many messages still wait.
        waiting: u64,
    },
}

/// How many messages are taken at once.
const BATCH: u32 = 10;
/// How long a message stays hidden while it is worked on.
const VISIBILITY_MS: i64 = 30_000;
/// How many batches one drain may take.
const STEPS_MAX: u32 = 100_000;

impl Desk {
    /// Drains the queues until the desk is quiet.
    ///
    /// # Errors
    /// [`WorkError`] if it can't go on.
    pub async fn drain(&self) -> Result<(), WorkError> {
        let mut steps = 0;
        while !self.queues.are_empty() {
            if self.step().await? {
                steps += 1;
            } else {
                match self.queues.queue().next_visible()? {
                    Some(at) if self.clock.jump(at) => {}
                    // What waits for a later time is taken up when it has come.
                    Some(_) | None => break,
                }
            }
            if steps > STEPS_MAX {
                let waiting = self.queues.queue().counts()?.values().map(|counts| counts.waiting).sum();
                return Err(WorkError::Restless { steps, waiting });
            }
            // The API is served by the same thread.
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Runs one batch of the most upstream queue that has something; `false` if none has.
    async fn step(&self) -> Result<bool, WorkError> {
        for name in QueueName::ALL {
            let received = self.queues.queue().receive(name, BATCH, VISIBILITY_MS, self.clock.now())?;
            if !received.is_empty() {
                self.run(name, &received).await?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn run(&self, name: QueueName, received: &[Received]) -> Result<(), WorkError> {
        let delivery = |r: &Received| Delivery {
            id: r.id,
            group: name.is_fifo().then(|| r.group.clone()),
            body: r.body.clone(),
            receives: r.receives,
        };
        let deliveries: Vec<Delivery> = received.iter().map(delivery).collect();
        let answers = batch::run(&deliveries, |message| self.handle(name, message)).await?;
        for ((id, answer), message) in answers.into_iter().zip(received) {
            self.settle(name, (id, message.receives), answer)?;
        }
        Ok(())
    }

    fn settle(&self, name: QueueName, (id, receives): (i64, u32), answer: Answer) -> Result<(), WorkError> {
        let queue = self.queues.queue();
        match answer {
            Answer::Done => {
                queue.delete(id)?;
                self.queues.one_left();
            }
            Answer::Back(again, _) => {
                let now = self.clock.now();
                queue.release(id, now.plus_ms(batch::hidden_ms(now, again, receives)))?;
            }
            Answer::Dead(reason) => {
                observe::buried(name.name(), &reason);
                queue.bury(id, &reason, self.clock.now())?;
                self.queues.one_left();
            }
        }
        Ok(())
    }

    async fn handle(&self, name: QueueName, message: Message) -> Result<(), Failure> {
        let handlers = &self.handlers;
        match name {
            QueueName::Bars => {
                let work = signal_inference::handle(&handlers.signal_inference, &message);
                self.timing.of("signal-inference", work).await
            }
            QueueName::Signals => {
                let work = risk_validation::handle(&handlers.risk_validation, &message);
                self.timing.of("risk-validation", work).await
            }
            QueueName::Orders | QueueName::Exits => {
                let owner =
                    InvocationId::new(crate::folder::random_hex()).map_err(|e| Failure::retry(e.to_string()))?;
                let work = order_placement::handle(&handlers.order_placement, &message, &owner);
                self.timing.of("order-placement", work).await
            }
            QueueName::Fills => {
                let work = fill_booking::handle(&handlers.fill_booking, &message);
                self.timing.of("fill-booking", work).await
            }
        }
    }
}
