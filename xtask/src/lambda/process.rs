//! One process of a function: started as Lambda starts it, asked, and ended.

use super::runtime::{Report, RuntimeApi};
use super::stub::Stub;
use super::{Function, House};
use serde_json::Value;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

/// A function that takes longer to answer is not measured.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often is looked whether the process still lives. No figure depends on it.
const LOOK: Duration = Duration::from_millis(50);
/// How many of its last lines tell why a function failed.
const LAST_LINES: usize = 8;

/// What a cold start consists of, each counted from just before the process was spawned.
pub(super) struct Cold {
    /// Its first call of the table arrived: the process, its runtime and its SDK client stand.
    pub(super) called: Option<Duration>,
    /// It asked for its first event: its init is over.
    pub(super) ready: Duration,
    /// Its first answer arrived completely.
    pub(super) answered: Duration,
    /// How many calls it made until then.
    pub(super) calls: usize,
    /// What the stub took for them, at most.
    pub(super) stub: Duration,
}

/// A process that has a runtime API of its own; dropping it kills it, by its id.
pub(super) struct Process<'a> {
    function: &'a Function,
    stub: &'a Stub,
    child: Child,
    api: RuntimeApi,
    log: PathBuf,
    spawned: Instant,
}

impl Drop for Process<'_> {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        self.child.kill().and_then(|()| self.child.wait()).ok();
    }
}

impl<'a> Process<'a> {
    /// Starts `function` with the environment that Lambda gives it, and nothing of this process's own but its path.
    pub(super) fn spawn(function: &'a Function, house: &'a House) -> Result<Self, String> {
        let fault = |e: std::io::Error| format!("{}: {e}", function.program.display());
        let api = RuntimeApi::start().map_err(fault)?;
        let log = house.folder.join(format!("{}.log", function.name.replace(['/', ' '], "-")));
        let output = File::create(&log).map_err(fault)?;
        let stub = format!("http://{}", house.stub.address());
        let mut command = Command::new(&function.program);
        command.args(&function.args).current_dir(&function.package).env_clear();
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.envs(LAMBDA).env("AWS_ENDPOINT_URL", &stub).env("LAMBDA_TASK_ROOT", &function.package);
        command
            .env("AWS_LAMBDA_FUNCTION_NAME", &function.name)
            .env("AWS_LAMBDA_RUNTIME_API", api.address().to_string());
        command.envs(function.environment.iter().map(|(name, value)| (name, value.replace("{stub}", &stub))));
        command.stdin(Stdio::null()).stderr(output.try_clone().map_err(fault)?).stdout(output);
        house.stub.calls();
        let spawned = Instant::now();
        let child = command.spawn().map_err(fault)?;
        Ok(Self { function, stub: &house.stub, child, api, log, spawned })
    }

    /// Waits for its first answer.
    pub(super) fn cold(&mut self) -> Result<Cold, String> {
        self.api.give(&self.event(0)?);
        let mut ready = None;
        loop {
            match self.report()? {
                Report::Asked(at) => ready = ready.or(Some(at)),
                Report::Answered { handed, received, body } => {
                    self.accept(&body)?;
                    let calls = self.stub.calls();
                    return Ok(Cold {
                        called: calls.first().map(|call| call.received - self.spawned),
                        ready: ready.unwrap_or(handed) - self.spawned,
                        answered: received - self.spawned,
                        calls: calls.len(),
                        stub: calls.iter().map(|call| call.took).sum(),
                    });
                }
                Report::Failed(reason) => return Err(self.blame(&reason)),
            }
        }
    }

    /// Gives it `count` further events, one after the other, and says what each took.
    pub(super) fn warm(&mut self, count: usize) -> Result<Vec<Duration>, String> {
        let mut times = Vec::with_capacity(count);
        while times.len() < count {
            self.api.give(&self.event(times.len() + 1)?);
            times.push(self.time()?);
        }
        Ok(times)
    }

    fn time(&mut self) -> Result<Duration, String> {
        loop {
            match self.report()? {
                Report::Asked(_) => {}
                Report::Answered { handed, received, body } => {
                    self.accept(&body)?;
                    return Ok(received - handed);
                }
                Report::Failed(reason) => return Err(self.blame(&reason)),
            }
        }
    }

    /// The most memory it has had at a time, in bytes; `None` where the system doesn't say.
    pub(super) fn peak(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().strip_suffix(" kB")?;
        kib.parse::<u64>().ok().map(|kib| kib * 1024)
    }

    fn event(&self, number: usize) -> Result<String, String> {
        let event = self.function.events.iter().cycle().nth(number % self.function.events.len().max(1));
        event.map(Value::to_string).ok_or_else(|| "it was given no event".to_owned())
    }

    fn report(&mut self) -> Result<Report, String> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            match self.api.reports.recv_timeout(LOOK) {
                Ok(report) => return Ok(report),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                // Its last words may have arrived just before its end.
                let last = self.api.reports.recv_timeout(LOOK).ok();
                return last.ok_or_else(|| self.blame(&format!("it ended ({status})")));
            }
        }
        Err(self.blame(&format!("no answer within {} s", PATIENCE.as_secs())))
    }

    /// An answer that says that the work failed is no figure of the work.
    fn accept(&self, body: &[u8]) -> Result<(), String> {
        let answer: Value = serde_json::from_slice(body).unwrap_or_default();
        let failed = answer.get("batchItemFailures").and_then(Value::as_array).is_some_and(|items| !items.is_empty());
        let status = answer.get("statusCode").and_then(Value::as_u64).unwrap_or_default();
        if failed || status >= 500 {
            return Err(self.blame(&format!("its answer is a failure: {}", String::from_utf8_lossy(body))));
        }
        Ok(())
    }

    /// The reason, and what the function itself said last.
    fn blame(&self, reason: &str) -> String {
        let said = std::fs::read(&self.log).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        let lines: Vec<&str> = said.lines().collect();
        let last = lines.get(lines.len().saturating_sub(LAST_LINES)..).unwrap_or_default();
        let quoted: String = last.iter().map(|line| format!("\n    | {line}")).collect();
        format!("{}: {reason}{quoted}", self.function.name)
    }
}

/// What every function finds in its environment on Lambda, and nothing with which it could reach a real account.
const LAMBDA: [(&str, &str); 17] = [
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "bench"),
    ("AWS_SESSION_TOKEN", "bench"),
    ("AWS_REGION", "eu-central-1"),
    ("AWS_DEFAULT_REGION", "eu-central-1"),
    ("AWS_CONFIG_FILE", "/dev/null"),
    ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/bench"),
    ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/01/[$LATEST]0"),
    ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
    ("TABLE_NAME", "bench"),
    ("_HANDLER", "bootstrap"),
    ("LANG", "en_US.UTF-8"),
    ("TZ", ":UTC"),
];
