//! How a handler runs as a Lambda.
//!
//! A function's `main` begins the desk once ([`Desk::begin`]: environment, configuration, clients, one warm-up call), puts
//! its handler's dependencies together, and serves one kind of event:
//!
//! - [`consume`]: batches of a queue, with partial failures;
//! - [`on_schedule`]: schedules, and whoever invokes the function by hand;
//! - [`serve`]: HTTP, and for a function with both, events beside it.
//!
//! Nothing of AWS goes further than this crate and `store`.

mod aws;
mod batch;
mod environment;
mod http;
mod live;
mod secret;
mod start;

pub use batch::consume;
pub use environment::{Environment, EnvironmentFaults};
pub use http::{serve, serve_with};
pub use live::{CloudBars, LiveVenue, TradingVenue};
pub use start::{CloudVenue, Desk, StartError};

use boot::{Failure, observe};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::Value;
use std::future::Future;

/// Serves events that are given to the function whole: `handle` gets the event's text. A failure makes the invocation
/// fail, which is counted and alarmed on; the schedule comes again.
///
/// # Errors
/// If the runtime can't be reached any more.
pub async fn on_schedule<F, R>(mut handle: impl FnMut(String) -> F) -> Result<(), Error>
where
    F: Future<Output = Result<R, Failure>>,
    R: serde::Serialize,
{
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let work = handle(event.payload.to_string());
        async move { work.await.map_err(|failure| fails("schedule", &failure)) }
    }))
    .await
}

/// Makes an invocation fail: it is written down here and counted by the runtime.
fn fails(what: &str, failure: &Failure) -> Diagnostic {
    observe::failed(what, &failure.to_string());
    let kind = match failure {
        Failure::Retry { .. } => "Retry",
        Failure::Wait { .. } => "Wait",
        Failure::Poison { .. } => "Poison",
        Failure::Halt { .. } => "Halt",
    };
    Diagnostic { error_type: kind.to_owned(), error_message: failure.to_string() }
}

/// A name for one invocation, or whatever else must not repeat: 32 hexadecimal digits from the system's generator.
#[must_use]
pub fn random_hex() -> String {
    let mut bytes = [0_u8; 16];
    // Without randomness no name is safe to use; an empty one is refused wherever ids are made.
    if getrandom::fill(&mut bytes).is_err() {
        return String::new();
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
