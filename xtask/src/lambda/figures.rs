//! What was measured, and how it is printed.

use super::process::Cold;
use std::time::Duration;

/// The goals (ARCHITECTURE.md): the median cold start is below the first, the peak of memory below the second.
const COLD_MAX: Duration = Duration::from_millis(20);
const MEMORY_MAX_BYTES: u64 = 40_000_000;

/// Times, sorted.
#[derive(Default)]
pub(super) struct Times(Vec<Duration>);

impl Times {
    pub(super) fn new(times: impl IntoIterator<Item = Duration>) -> Self {
        let mut times: Vec<Duration> = times.into_iter().collect();
        times.sort_unstable();
        Self(times)
    }

    /// The nearest rank; zero of nothing.
    pub(super) fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).copied().unwrap_or_default()
    }
}

/// What one function took.
pub(super) struct Figures {
    pub(super) name: String,
    pub(super) peer: bool,
    pub(super) cold: Vec<Cold>,
    pub(super) warm: Times,
    /// The peak of memory of the process that also answered the warm events.
    pub(super) memory_bytes: Option<u64>,
    pub(super) zip_bytes: u64,
}

impl Figures {
    fn part(&self, part: impl Fn(&Cold) -> Option<Duration>) -> Times {
        Times::new(self.cold.iter().filter_map(part))
    }

    fn answered(&self) -> Times {
        self.part(|cold| Some(cold.answered))
    }

    /// What keeps it from the goal.
    fn misses(&self) -> Option<String> {
        let median = self.answered().percentile(50);
        let slow = (median >= COLD_MAX).then(|| format!("{} ms", ms(median)));
        let large = self.memory_bytes.filter(|bytes| *bytes >= MEMORY_MAX_BYTES).map(|b| format!("{} MB", mb(b)));
        let what: Vec<String> = slow.into_iter().chain(large).collect();
        (!what.is_empty()).then(|| format!("{} ({})", self.name, what.join(", ")))
    }
}

/// Milliseconds; below ten with microseconds.
pub(super) fn ms(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1e3;
    if ms < 10.0 { format!("{ms:.3}") } else { format!("{ms:.1}") }
}

/// Millions of bytes.
fn mb(bytes: u64) -> String {
    let tenths = bytes / 100_000;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// The table of all, and what the cold starts consist of.
pub(super) fn print(all: &[Figures]) {
    let width = all.iter().map(|figures| figures.name.len()).max().unwrap_or_default().max(8);
    let head = ["cold p50", "p99 (max)", "warm p50", "warm p99", "memory", "zip"];
    row(width, "function", &head.map(str::to_owned));
    row(width, "", &["ms", "ms", "ms", "ms", "MB", "MB"].map(str::to_owned));
    for figures in all {
        let (cold, warm) = (figures.answered(), &figures.warm);
        let memory = figures.memory_bytes.map_or_else(|| "-".to_owned(), mb);
        let times = [cold.percentile(50), cold.percentile(99), warm.percentile(50), warm.percentile(99)].map(ms);
        let [cold50, cold99, warm50, warm99] = times;
        row(width, &figures.name, &[cold50, cold99, warm50, warm99, memory, mb(figures.zip_bytes)]);
    }
    println!("\nwhere a cold start goes (medians, ms since the spawn; the stub's share, at most, is within them)");
    let head = ["1st call", "ready", "answered", "calls", "in stub"];
    row(width, "function", &head.map(str::to_owned));
    for figures in all {
        let half = |part: fn(&Cold) -> Option<Duration>| ms(figures.part(part).percentile(50));
        let called = figures.cold.iter().any(|cold| cold.called.is_some());
        let called = if called { half(|cold| cold.called) } else { "-".to_owned() };
        let calls = figures.cold.first().map_or(0, |cold| cold.calls).to_string();
        let (ready, answered) = (half(|cold| Some(cold.ready)), half(|cold| Some(cold.answered)));
        row(width, &figures.name, &[called, ready, answered, calls, half(|cold| Some(cold.stub))]);
    }
}

fn row(width: usize, name: &str, cells: &[String]) {
    let cells: String = cells.iter().map(|cell| format!("  {cell:>9}")).collect();
    println!("{name:width$}{cells}");
}

/// The line of the goal: who of the `wanted` functions reached it, and who not.
pub(super) fn goal(all: &[Figures], wanted: usize) {
    let ours: Vec<&Figures> = all.iter().filter(|figures| !figures.peer).collect();
    let missed: Vec<String> = ours.iter().filter_map(|figures| figures.misses()).collect();
    let reached = ours.len() - missed.len();
    let limits = format!("cold < {} ms (p50), memory < {} MB", COLD_MAX.as_millis(), MEMORY_MAX_BYTES / 1_000_000);
    let list = if missed.is_empty() { String::new() } else { format!("; missed by: {}", missed.join(", ")) };
    let none = wanted - ours.len();
    let none = if none == 0 { String::new() } else { format!("; {none} without figures") };
    println!("\ngoal: {limits}: reached by {reached} of {wanted}{list}{none}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        let times = Times::new((1..=200).rev().map(Duration::from_millis));
        let found = [0, 50, 99, 100].map(|percent| times.percentile(percent).as_millis());
        assert_eq!(found, [1, 100, 198, 200]);
        assert_eq!(Times::default().percentile(50), Duration::ZERO);
    }

    #[test]
    fn what_reaches_a_limit_misses_the_goal() {
        let cold = |ms| {
            let answered = Duration::from_millis(ms);
            Cold { called: None, ready: answered, answered, calls: 0, stub: Duration::ZERO }
        };
        let misses = |ms, bytes| {
            let (cold, memory_bytes) = (vec![cold(ms)], Some(bytes));
            let name = "api".to_owned();
            Figures { name, peer: false, cold, warm: Times::default(), memory_bytes, zip_bytes: 0 }.misses()
        };
        assert_eq!(misses(19, 39_999_999), None);
        assert_eq!(misses(20, 40_000_000).as_deref(), Some("api (20.0 ms, 40.0 MB)"));
    }
}
