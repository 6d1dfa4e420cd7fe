//! Timing: batches of operations behind a warm-up, each batch timed by itself.

use std::time::{Duration, Instant};

/// What one operation takes, in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// By the wall's clock: half of the batches took no longer.
    pub(crate) p50_ns: u64,
    /// By the wall's clock: 99 of 100 batches took no longer.
    pub(crate) p99_ns: u64,
    /// Of the processor, over all batches; `None` where the system does not tell. It is told every few milliseconds, so
    /// that less than half a second of work is told badly.
    pub(crate) cpu_ns: Option<u64>,
}

/// What one operation takes, if `work` does `each` of them with every call. It is called `batches` times, behind a tenth
/// as many calls that don't count, with the number of the call.
pub(crate) fn cost(each: u64, batches: u64, mut work: impl FnMut(u64) -> Result<(), String>) -> Result<Cost, String> {
    let warm_up = batches / 10;
    (0..warm_up).try_for_each(&mut work)?;
    let mut walls = Vec::with_capacity(usize::try_from(batches).unwrap_or_default());
    let cpu = thread_cpu_ns();
    for batch in warm_up..warm_up + batches {
        let began = Instant::now();
        work(batch)?;
        walls.push(nanos(began.elapsed()) / each.max(1));
    }
    Ok(of(&mut walls, cpu, each * batches))
}

/// The cost out of single times; `cpu` is what the thread had used before the `count` operations.
pub(crate) fn of(walls: &mut [u64], cpu: Option<u64>, count: u64) -> Cost {
    let cpu_ns = thread_cpu_ns().zip(cpu).map(|(after, before)| after.saturating_sub(before) / count.max(1));
    Cost { p50_ns: percentile(walls, 50), p99_ns: percentile(walls, 99), cpu_ns }
}

/// A percentile by the nearest rank; sorts.
fn percentile(values: &mut [u64], per_cent: usize) -> u64 {
    values.sort_unstable();
    let rank = (values.len() * per_cent).div_ceil(100).max(1);
    values.get(rank - 1).copied().unwrap_or_default()
}

/// A duration in nanoseconds.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The processor time this thread has had, as Linux tells it.
pub(crate) fn thread_cpu_ns() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok()
}
