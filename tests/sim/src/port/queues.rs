//! Sending, with its faults.

use super::Caller;
use crate::chance::span;
use crate::fault::Fault;
use crate::mutants::Mutant;
use crate::world::Event;
use desk::message::{Message, QueueName};
use desk::port::{Outgoing, Publish, PublishError};

/// The queues as one process sees them.
#[derive(Debug, Clone)]
pub struct SimQueues(pub Caller);

const fn site(queue: QueueName) -> &'static str {
    match queue {
        QueueName::Bars => "send-bars",
        QueueName::Signals => "send-signals",
        QueueName::Exits => "send-exits",
        QueueName::Orders => "send-orders",
        QueueName::Fills => "send-fills",
    }
}

impl Publish for SimQueues {
    async fn publish(&self, outgoing: Outgoing) -> Result<(), PublishError> {
        let (caller, queue) = (&self.0, outgoing.queue);
        let outgoing = match (caller.mutant, outgoing.message) {
            (Some(mutant), Message::Fill { fill }) => Outgoing::to_book(mutant.names(fill)),
            (_, message) => Outgoing { message, ..outgoing },
        };
        if caller.mutant == Some(Mutant::OnlyLogged) && caller.actor == "reconciliation" {
            return Ok(());
        }
        let site = site(queue);
        let fails = |reason: &str| PublishError { queue, reason: reason.to_owned() };
        let body = outgoing.message.encode().map_err(|e| fails(&e.to_string()))?;
        caller
            .call(site, |world, visit| {
                let kinds = [Fault::SendLost, Fault::SendUnclear, Fault::SendTwice, Fault::Delayed];
                let fault = world.faults.fires(caller.actor, site, visit, &kinds);
                let bits = world.faults.number(caller.actor, site, visit, "delay");
                if let Some(fault) = fault {
                    caller.note(world, site, visit, format_args!("{fault}"));
                }
                if let Message::Order { intent, .. } = &outgoing.message {
                    world.mirror.step.sent = Some(intent.clone());
                    world.check();
                }
                let (now, mut visible_at) = (world.now, world.now);
                match fault {
                    Some(Fault::SendLost) => return Err(fails("no answer")),
                    Some(Fault::SendTwice) => {
                        world.queues.send(&outgoing, body.clone(), now, now);
                        world.queues.forget(queue, &outgoing.dedup);
                        visible_at = now.plus_ms(span(bits, 0, 30_000));
                    }
                    Some(Fault::Delayed) => visible_at = now.plus_ms(span(bits, 1_000, 120_000)),
                    Some(_) | None => {}
                }
                let fresh = world.queues.send(&outgoing, body, visible_at, now);
                caller.note(
                    world,
                    site,
                    visit,
                    format_args!("{} {}", outgoing.dedup, if fresh { "sent" } else { "known" }),
                );
                for at in [now, visible_at] {
                    world.at(at, Event::Poll(queue));
                }
                if fault == Some(Fault::SendUnclear) { Err(fails("no answer")) } else { Ok(()) }
            })
            .await
    }
}
