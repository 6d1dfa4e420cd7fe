//! The machine, and how much else runs on it.

use std::time::Duration;

/// How much of the processors others may use, in per cent of one, before the wall's figures are called into question.
const QUIET_PER_CENT: u64 = 10;
/// For how long is looked.
const LOOK: Duration = Duration::from_secs(1);

/// What else ran, looked at while this program rests.
pub(crate) struct Others {
    /// In per cent of one processor; `None` where the system does not tell.
    per_cent: Option<u64>,
    /// The load average of the last minute, this program and what built it included.
    load: String,
}

/// Looks for a second.
pub(crate) fn others() -> Others {
    let before = busy_and_all();
    std::thread::sleep(LOOK);
    let per_cent = before.zip(busy_and_all()).map(|((busy, all), (busy_after, all_after))| {
        let of = (all_after - all).max(1);
        (busy_after.saturating_sub(busy)) * 100 * processors() / of
    });
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = text.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("unknown").to_owned();
    Others { per_cent, load }
}

impl Others {
    /// Whether they were in the way.
    pub(crate) fn are_busy(&self) -> bool {
        self.per_cent.is_some_and(|per_cent| per_cent > QUIET_PER_CENT)
    }

    fn words(&self) -> String {
        let used = self.per_cent.map_or_else(|| "unknown".to_owned(), |n| format!("{n} % of a processor"));
        format!("{used} (load average {})", self.load)
    }
}

/// Says what the figures were measured on.
pub(crate) fn print(before: &Others, after: &Others) {
    println!("machine: {}, {} processors", model(), processors());
    println!("used by others before: {}; after: {}", before.words(), after.words());
    if before.are_busy() || after.are_busy() {
        println!("THE MACHINE IS BUSY: p50 and p99 are higher than on a quiet one, p99 most of all, and cpu a little");
    }
}

/// Jiffies of work, and all jiffies, since the machine was started.
fn busy_and_all() -> Option<(u64, u64)> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    let fields = text.lines().next()?.split_whitespace().skip(1).take(8);
    let jiffies: Vec<u64> = fields.map(str::parse).collect::<Result<_, _>>().ok()?;
    // user nice system idle iowait irq softirq steal
    let [_, _, _, idle, waiting, ..] = jiffies.as_slice() else { return None };
    let all: u64 = jiffies.iter().sum();
    Some((all - idle - waiting, all))
}

fn model() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    line.and_then(|line| line.split_once(':')).map_or("unknown", |(_, model)| model.trim()).to_owned()
}

fn processors() -> u64 {
    std::thread::available_parallelism().ok().and_then(|count| u64::try_from(count.get()).ok()).unwrap_or(1)
}
