//! Timing: a warm-up, several runs, the median of them.

use std::time::{Duration, Instant};

/// How often what is measured runs, behind one run that does not count.
pub(crate) const RUNS: usize = 7;

/// What one operation takes, in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// By the wall's clock.
    pub(crate) wall_ns: u64,
    /// Of the processor; `None` where the system does not tell.
    pub(crate) cpu_ns: Option<u64>,
}

/// What one of the `count` operations of a run takes. What `prepare` makes for a run is not timed.
pub(crate) fn cost<S>(
    count: u64,
    mut prepare: impl FnMut() -> Result<S, String>,
    mut work: impl FnMut(S) -> Result<(), String>,
) -> Result<Cost, String> {
    let (mut walls, mut cpus) = (Vec::new(), Vec::new());
    for run in 0..=RUNS {
        let state = prepare()?;
        let (cpu, began) = (thread_cpu_ns(), Instant::now());
        work(state)?;
        let wall = nanos(began.elapsed());
        let cpu = thread_cpu_ns().zip(cpu).map(|(after, before)| after.saturating_sub(before));
        if run > 0 {
            walls.push(wall / count.max(1));
            cpus.extend(cpu.map(|ns| ns / count.max(1)));
        }
    }
    let cpu_ns = if cpus.is_empty() { None } else { Some(percentile(&mut cpus, 50)) };
    Ok(Cost { wall_ns: percentile(&mut walls, 50), cpu_ns })
}

/// A percentile by the nearest rank; sorts.
pub(crate) fn percentile(values: &mut [u64], per_cent: usize) -> u64 {
    values.sort_unstable();
    let rank = (values.len() * per_cent).div_ceil(100).max(1);
    values.get(rank - 1).copied().unwrap_or_default()
}

/// A duration in nanoseconds.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The processor time this thread has had, as Linux tells it.
fn thread_cpu_ns() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok()
}

/// How much else runs: the load average of the last minute.
pub(crate) fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("unknown").to_owned()
}

/// How many processors there are.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
