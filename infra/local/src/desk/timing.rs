//! Where the time goes: wall time by part of the desk.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Wall time and calls, by part.
#[derive(Debug, Default)]
pub struct Timing(Mutex<BTreeMap<&'static str, (u64, Duration)>>);

impl Timing {
    /// Runs a part and takes its time.
    pub async fn of<R>(&self, part: &'static str, work: impl Future<Output = R>) -> R {
        let began = Instant::now();
        let result = work.await;
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = parts.entry(part).or_default();
        entry.0 += 1;
        entry.1 += began.elapsed();
        result
    }

    /// Each part with its calls and its wall time.
    #[must_use]
    pub fn parts(&self) -> Vec<(&'static str, u64, Duration)> {
        let parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        parts.iter().map(|(part, (calls, time))| (*part, *calls, *time)).collect()
    }
}
