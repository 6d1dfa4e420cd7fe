//! The desk in one process: the real handlers, wired to the embedded store, the paper venue and a market.
//!
//! - [`clock`]: the market's time, the desk's, the wall's;
//! - [`feed`]: where bars come from;
//! - [`wiring`]: who works with what;
//! - [`timing`]: where the time goes;
//! - [`worker`]: draining the queues until the desk is quiet;
//! - [`driver`]: the market's time, bar by bar, with a barrier at every moment;
//! - [`live`]: a market that moves by itself: a venue's;
//! - [`outage`]: since when that venue does not answer, and why;
//! - [`unreached`]: what stands in a venue's place while the desk rests;
//! - [`watch`]: what a person must know of it besides its money.

pub mod clock;
pub mod driver;
pub mod feed;
pub mod live;
pub mod outage;
pub mod queues;
pub mod timing;
pub mod unreached;
pub mod watch;
pub mod wiring;
pub mod worker;
