//! Venues over the network. The adapters in their folders say what is sent and what is read; this is what sends.
//!
//! | module | what it owns |
//! |---|---|
//! | [`transport`] | the socket; the only place that has one |
//! | [`budget`], [`breaker`] | how much may be sent, and whether at all; pure |
//! | [`alone`] | a table for a process that shares its guard with nobody |
//! | [`guard`] | both, in a row that all processes share |
//! | [`clock`] | how far the venue's clock is ahead of ours |
//! | `discreet` | what is secret, taken out of every fault |
//! | `access` | which of its servers, and on whose behalf |
//! | [`exchange`] | an ask's way to the venue and back |
//! | `first_look` | a venue's instruments, for whoever has no store yet |
//! | [`bars`] | candles and instruments in the desk's form |
//! | [`stream`] | WebSockets kept up |
//! | [`connections`] | which topics share one, how fast may be spoken on it, when its token is due; pure |
//! | [`books`] | order books kept from a stream; pure |
//! | [`spot`] | the desk's ports over it, for spot accounts |

mod access;
pub mod alone;
pub mod bars;
pub mod books;
pub mod breaker;
pub mod budget;
pub mod clock;
pub mod connections;
mod discreet;
pub mod exchange;
mod first_look;
pub mod guard;
pub mod spot;
pub mod stream;
pub mod timing;
pub mod transport;

pub use access::Access;
pub use alone::Alone;
pub use bars::{VenueBars, has_bars, spot_instrument, told_instrument};
pub use books::{BookState, LiveBooks};
pub use exchange::Exchange;
pub use first_look::first_look;
pub use spot::{LiveSpot, protects};
pub use timing::{asked_for, timing};
pub use transport::{Http, Transport};
