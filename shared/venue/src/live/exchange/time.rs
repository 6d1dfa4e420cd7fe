//! What time it is: ours, the venue's, and how far they differ.

use super::{Exchange, READS, telling};
use crate::live::clock::Offset;
use crate::live::transport::Transport;
use crate::protocol::{CallFault, EndpointClass};
use desk::port::{Clock, Table};
use desk::time::Timestamp;
use std::sync::PoisonError;

impl<T: Table, C: Clock, X: Transport> Exchange<T, C, X> {
    /// The desk's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The venue's time, as well as it is known; ours before it was measured.
    #[must_use]
    pub fn venue_now(&self) -> Timestamp {
        let now = self.clock.now();
        self.offset().map_or(now, |offset| offset.theirs(now))
    }

    /// How far the clocks differ, if that was measured.
    #[must_use]
    pub fn offset(&self) -> Option<Offset> {
        *self.offset.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Measures how far the clocks differ; repeats while it may help, like any read. Kept unless the answer took too long to
    /// tell.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn measure_clock(&self) -> Result<Option<Offset>, CallFault> {
        let mut earlier = None;
        for tries in 1..=READS {
            match self.measure_clock_once(EndpointClass::Public).await {
                Ok(None) => {}
                Ok(measured) => return Ok(measured),
                Err(fault) => {
                    let pause = self.pause(&fault, tries).filter(|_| tries < READS);
                    let told = telling(earlier, fault);
                    let Some(pause) = pause else { return Err(told) };
                    earlier = Some(told);
                    tokio::time::sleep(pause).await;
                }
            }
        }
        Ok(None)
    }

    /// Measures how far the clocks differ, once: for who has no time to lose. `purpose` is what the answer is needed for: what
    /// ends a risk does not wait because too much market data was read.
    ///
    /// # Errors
    /// As [`Self::once`].
    pub async fn measure_clock_once(&self, purpose: EndpointClass) -> Result<Option<Offset>, CallFault> {
        let asked_at = self.clock.now();
        let mut ask = self.protocol.server_time()?;
        ask.request.class = purpose;
        let theirs = self.once(ask, None).await?;
        // A time in whole seconds is cut off: it is half a step later, give or take.
        let step_ms = i64::from(self.protocol.capabilities().clock_step_ms);
        let measured = Offset::measured(asked_at, theirs.plus_ms(step_ms / 2), self.clock.now());
        if measured.is_some() {
            *self.offset.lock().unwrap_or_else(PoisonError::into_inner) = measured;
        }
        Ok(measured)
    }
}
