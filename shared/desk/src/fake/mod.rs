//! Fakes for tests, written by hand, that can misbehave. They keep to what the real things document: see each.

mod clock;
mod publish;
pub mod sample;
mod table;
mod venue;

pub use clock::FakeClock;
pub use publish::FakeQueues;
pub use table::{Crash, FakeTable};
pub use venue::{FakeVenue, Fate};

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Runs a future whose ports answer at once, as the fakes' do.
///
/// # Panics
/// If the future waits for something: no fake does.
pub fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a fake made a handler wait"),
    }
}
