//! The desk's ports over the world. Every call waits twice: before it takes effect and before it answers. At either point
//! the process may end, stand still, or lose its turn to another, which is where all interleavings come from.

mod candles;
mod queues;
mod table;
mod venue;

pub use self::venue::{ApiKey, CANARY, SimVenue, arrived};
pub use candles::SimCandles;
pub use queues::SimQueues;
pub use table::SimTable;

use crate::chance::span;
use crate::fault::Fault;
use crate::mutants::Mutant;
use crate::world::{Park, Shared, World};
use desk::port::Clock;
use desk::time::Timestamp;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Who calls: a process of one function.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The world it is in.
    pub world: Shared,
    /// The function.
    pub actor: &'static str,
    /// By how much its clock is ahead, in milliseconds.
    pub skew_ms: i64,
    /// How it was broken on purpose.
    pub mutant: Option<Mutant>,
    /// What a process that reads the clock only once has read.
    pub read_once: Option<Timestamp>,
}

/// How long a call takes there and back, in milliseconds, when nothing is wrong.
const LATENCY_MS: (i64, i64) = (1, 12);
/// How long a process may stand still and go on.
const FREEZE_MS: (i64, i64) = (500, 9_000);

impl Caller {
    /// A call takes effect between two waits.
    async fn call<R>(&self, site: &'static str, act: impl FnOnce(&mut World, u32) -> R) -> R {
        let visit = self.before(site).await;
        let result = act(&mut self.world.lock(), visit);
        self.after(site, visit).await;
        result
    }

    /// Counts the call and waits until it takes effect.
    async fn before(&self, site: &'static str) -> u32 {
        let visit = self.world.lock().faults.visit(self.actor, site);
        self.wait(site, visit, [Fault::CrashBefore, Fault::FreezeBefore, Fault::Timeout], "before").await;
        visit
    }

    /// Waits until it answers.
    async fn after(&self, site: &'static str, visit: u32) {
        self.wait(site, visit, [Fault::CrashAfter, Fault::FreezeAfter, Fault::Timeout], "after").await;
    }

    async fn wait(&self, site: &'static str, visit: u32, kinds: [Fault; 3], of: &'static str) {
        let park = {
            let mut world = self.world.lock();
            // One time-out a call is enough.
            let kinds = if of == "after" { kinds.split_at(2).0 } else { kinds.as_slice() };
            let fault = world.faults.fires(self.actor, site, visit, kinds);
            let bits = world.faults.number(self.actor, site, visit, of);
            if let Some(fault) = fault {
                world.note(self.actor, format_args!("{site} {visit} {fault}"));
            }
            match fault {
                Some(Fault::CrashBefore | Fault::CrashAfter) => Park::Dies,
                Some(Fault::Timeout) => Park::Until(world.now.plus_ms(3_600_000)),
                Some(_) => Park::Until(world.now.plus_ms(span(bits, FREEZE_MS.0, FREEZE_MS.1))),
                None => Park::Until(world.now.plus_ms(span(bits, LATENCY_MS.0, LATENCY_MS.1))),
            }
        };
        Pause { world: &self.world, park: Some(park) }.await;
    }

    /// Writes a line of the trace.
    fn note(&self, world: &mut World, site: &str, visit: u32, what: std::fmt::Arguments<'_>) {
        world.note(self.actor, format_args!("{site} {visit} {what}"));
    }
}

/// Gives the turn away once.
struct Pause<'a> {
    world: &'a Shared,
    park: Option<Park>,
}

impl Future for Pause<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        match self.park.take() {
            Some(park) => {
                self.world.lock().park(park);
                Poll::Pending
            }
            None => Poll::Ready(()),
        }
    }
}

impl Clock for Caller {
    fn now(&self) -> Timestamp {
        self.read_once.unwrap_or_else(|| self.world.lock().now.plus_ms(self.skew_ms))
    }
}
