//! The instruments of a venue for whoever has no store yet, and so no guard.

use super::access::Access;
use super::exchange::PATIENCE;
use super::transport::{SendFault, Transport};
use crate::protocol::{CallFault, Instrument, Markets, Moment, Product, Protocol};
use desk::time::Timestamp;

/// The instruments of a venue, asked for once and unguarded: for whoever has no store yet.
///
/// # Errors
/// [`CallFault`].
pub async fn first_look<X: Transport>(
    protocol: &'static dyn Protocol,
    access: &Access,
    product: Product,
    transport: &X,
    now: Timestamp,
) -> Result<Vec<Instrument>, CallFault> {
    let moment = Moment { now, nonce: now.ms().unsigned_abs(), window_ms: 5_000 };
    let lost = |fault: SendFault| CallFault::Connectivity {
        venue: protocol.capabilities().venue.to_owned(),
        reason: fault.reason,
        unsent: fault.unsent,
    };
    let mut all = Vec::new();
    for ask in protocol.listings(product)? {
        let request = protocol.sign(ask.request.clone(), None, moment)?;
        let request = access.marked(protocol.capabilities(), request, ask.request.auth);
        let base = access.base(protocol.capabilities(), request.origin)?;
        let sent = transport.send(&base, &request, PATIENCE).await;
        all.extend(ask.read(&sent.map_err(lost)?, &Markets::default())?);
    }
    Ok(all)
}
