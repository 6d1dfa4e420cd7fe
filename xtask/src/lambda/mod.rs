//! `cargo xtask lambda-bench`: cold start, warm latency, memory and package size of the Lambda functions, and of the
//! same work in Python and Node, in the same run.
//!
//! 1. Every process has a local runtime API of its own ([`runtime`]); all share one stand-in for DynamoDB and SQS that
//!    answers in microseconds ([`stub`]), so that the functions are compared and not an emulator.
//! 2. Every function is started once uncounted: it shows that it works, and its files are read from the disk.
//! 3. Then in rounds: in each, every function is started once, and the machine's noise is listened to. A disturbance
//!    hits all alike.
//! 4. In the last round every function also answers [`WARM`] further events, one after the other; then its peak of
//!    memory is read.
//!
//! A cold start is counted from just before the process is spawned until its first answer has arrived completely. What
//! AWS adds (fetching the package, making the sandbox, TLS, a network) is not in it, and each function has a whole core,
//! where Lambda gives 256 MB a seventh of one after init.
//!
//! A function that fails, ends or takes too long has no figures: it is named at the end, with what it said last.

mod figures;
mod http;
mod noise;
mod peers;
mod process;
mod runtime;
mod stub;
mod zip;

use crate::scratch;
use figures::{Figures, Times};
use noise::Noise;
use process::{Cold, Process};
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;
use stub::Stub;

pub(crate) use stub::Row;

/// How many starts of each function are counted, unless another number is asked for.
pub(crate) const ROUNDS: usize = 20;
/// How many events each function answers warm.
const WARM: usize = 200;

/// A function as it would be deployed.
pub(crate) struct Function {
    /// What it is called in the tables; also its `AWS_LAMBDA_FUNCTION_NAME`.
    pub(crate) name: String,
    /// What is started: an absolute path.
    pub(crate) program: PathBuf,
    /// With these arguments.
    pub(crate) args: Vec<String>,
    /// What it finds in its environment besides what Lambda sets. `{stub}` in a value becomes the stand-in's URL,
    /// which is also in `AWS_ENDPOINT_URL`; `TABLE_NAME` is `bench` unless it is given here.
    pub(crate) environment: Vec<(String, String)>,
    /// The folder of its deployment package, and nothing else: an absolute path. It is the process's working
    /// directory and its `LAMBDA_TASK_ROOT`, and its zip is what is weighed.
    pub(crate) package: PathBuf,
    /// What it is asked: the first for the cold start, then one after the other, again and again.
    pub(crate) events: Vec<Value>,
}

/// What all processes share.
struct House {
    folder: PathBuf,
    stub: Stub,
}

/// A function and what was found about it so far.
struct Subject<'a> {
    function: &'a Function,
    peer: bool,
    cold: Vec<Cold>,
    warm: Vec<Duration>,
    memory_bytes: Option<u64>,
    zip_bytes: u64,
}

impl<'a> Subject<'a> {
    fn new(function: &'a Function, peer: bool) -> Self {
        Self { function, peer, cold: Vec::new(), warm: Vec::new(), memory_bytes: None, zip_bytes: 0 }
    }

    /// The uncounted start, and the zip.
    fn prepare(&mut self, house: &House) -> Result<(), String> {
        Process::spawn(self.function, house)?.cold()?;
        self.zip_bytes = zip::size(&self.function.package)?;
        Ok(())
    }

    fn start(&mut self, house: &House, warm: usize) -> Result<(), String> {
        let mut process = Process::spawn(self.function, house)?;
        self.cold.push(process.cold()?);
        self.warm.extend(process.warm(warm)?);
        self.memory_bytes = self.memory_bytes.max(process.peak());
        Ok(())
    }

    fn figures(self) -> Figures {
        let Self { function, peer, cold, warm, memory_bytes, zip_bytes } = self;
        Figures { name: function.name.clone(), peer, cold, warm: Times::new(warm), memory_bytes, zip_bytes }
    }
}

/// Measures `functions` and the peers, `rounds` times, and prints what was found. The table has `rows`; the peers read
/// the first of them.
///
/// # Errors
/// A function that could not be measured. A peer that could not is only named: the goal is not its.
pub(crate) fn run(functions: &[Function], rows: &[Row], rounds: usize) -> Result<(), String> {
    let house = House { folder: scratch("lambda-bench")?, stub: Stub::start(rows).map_err(|e| e.to_string())? };
    let (peers, mut absent) = peers::all(rows.first());
    let ours = functions.iter().map(|function| Subject::new(function, false));
    let mut subjects: Vec<Subject<'_>> = ours.chain(peers.iter().map(|peer| Subject::new(peer, true))).collect();
    let mut failed = Vec::new();
    keep(&mut subjects, &mut failed, &mut absent, |subject| subject.prepare(&house));
    let mut noise = Noise::default();
    for round in 1..=rounds {
        noise.listen(&house.stub).map_err(|e| e.to_string())?;
        let warm = if round == rounds { WARM } else { 0 };
        keep(&mut subjects, &mut failed, &mut absent, |subject| subject.start(&house, warm));
    }
    println!("\n{rounds} cold starts of each in turn, then {WARM} events warm; local runtime API and table stub\n");
    let all: Vec<Figures> = subjects.into_iter().map(Subject::figures).collect();
    figures::print(&all);
    figures::goal(&all, functions.len());
    noise.print();
    absent.iter().for_each(|fault| println!("\nno figures of a peer: {fault}"));
    std::fs::remove_dir_all(&house.folder).map_err(|e| e.to_string())?;
    if failed.is_empty() { Ok(()) } else { Err(format!("no figures of {}", failed.join("\nno figures of "))) }
}

/// Goes on with those for which `work` succeeds.
fn keep<'a>(
    subjects: &mut Vec<Subject<'a>>,
    failed: &mut Vec<String>,
    absent: &mut Vec<String>,
    mut work: impl FnMut(&mut Subject<'a>) -> Result<(), String>,
) {
    subjects.retain_mut(|subject| match work(subject) {
        Ok(()) => true,
        Err(fault) => {
            if subject.peer {
                absent.push(fault)
            } else {
                failed.push(fault)
            }
            false
        }
    });
}
