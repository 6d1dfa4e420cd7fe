//! A local Lambda runtime API, for one process.
//!
//! It hands out an event when it is given one, and reports what the function does, with the time at which it did it:
//! the clock is read in the thread that reads the socket, not where the report is picked up.

use super::http::{Request, Server, answer};
use std::io::{Error, ErrorKind, Result};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const VERSION: &str = "/2018-06-01/runtime/";
const ARN: &str = "arn:aws:lambda:eu-central-1:000000000000:function:bench";
const TRACE: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0";
/// How long the function is told that it has.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What the function did.
pub(super) enum Report {
    /// It asked for an event: its init is over, or its last event is.
    Asked(Instant),
    /// It answered.
    Answered {
        /// When its event was handed to it.
        handed: Instant,
        /// When its answer had arrived completely.
        received: Instant,
        /// The answer.
        body: Vec<u8>,
    },
    /// It reported an error, or what no runtime may.
    Failed(String),
}

/// The API; dropping it ends a poll that waits.
pub(super) struct RuntimeApi {
    server: Server,
    events: Sender<String>,
    pub(super) reports: Receiver<Report>,
}

impl RuntimeApi {
    pub(super) fn start() -> Result<Self> {
        let (events, waiting) = channel();
        let (reporting, reports) = channel();
        let desk = Desk { waiting: Mutex::new(waiting), reporting, open: Mutex::new(Open::default()) };
        let server = Server::start(move |request, stream| desk.handle(request, stream))?;
        Ok(Self { server, events, reports })
    }

    /// What belongs into `AWS_LAMBDA_RUNTIME_API`.
    pub(super) const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Hands out `event` as soon as the function asks.
    pub(super) fn give(&self, event: &str) {
        // It can't fail before the API is dropped: the server holds the other end.
        self.events.send(event.to_owned()).ok();
    }
}

/// What the connections share.
struct Desk {
    waiting: Mutex<Receiver<String>>,
    reporting: Sender<Report>,
    open: Mutex<Open>,
}

/// The one event that a sandbox has at a time.
#[derive(Default)]
struct Open {
    count: u64,
    event: Option<(String, Instant)>,
}

impl Desk {
    fn handle(&self, request: &Request, stream: &mut TcpStream) -> Result<()> {
        let path = request.path.strip_prefix(VERSION).unwrap_or_default();
        let words: Vec<&str> = path.split('/').collect();
        match (request.method.as_str(), words.as_slice()) {
            ("GET", ["invocation", "next"]) => self.next(request, stream),
            ("POST", ["invocation", id, "response"]) => {
                self.report(self.answered(id, request));
                accepted(stream)
            }
            ("POST", ["invocation", _, "error"]) | ("POST", ["init", "error"]) => {
                self.report(Report::Failed(format!("{path}: {}", String::from_utf8_lossy(&request.body))));
                accepted(stream)
            }
            (method, _) => {
                self.report(Report::Failed(format!("no runtime API has {method} {}", request.path)));
                answer(stream, "404 Not Found", &[], b"")
            }
        }
    }

    fn report(&self, report: Report) {
        // Nobody listens any more once the process is being ended.
        self.reporting.send(report).ok();
    }

    fn next(&self, request: &Request, stream: &mut TcpStream) -> Result<()> {
        self.report(Report::Asked(request.received));
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let event = waiting.recv().map_err(|_| Error::from(ErrorKind::ConnectionAborted))?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let deadline = (since + TIMEOUT).as_millis().to_string();
        let id = {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.count += 1;
            let id = format!("00000000-0000-4000-8000-{:012}", open.count);
            open.event = Some((id.clone(), Instant::now()));
            id
        };
        let headers = [
            ("content-type", "application/json"),
            ("lambda-runtime-aws-request-id", id.as_str()),
            ("lambda-runtime-deadline-ms", deadline.as_str()),
            ("lambda-runtime-invoked-function-arn", ARN),
            ("lambda-runtime-trace-id", TRACE),
        ];
        answer(stream, "200 OK", &headers, event.as_bytes())
    }

    fn answered(&self, id: &str, request: &Request) -> Report {
        // A streamed answer tells of an error in a trailer, when its status is long sent.
        if let Some(kind) = request.header("lambda-runtime-function-error-type") {
            return Report::Failed(format!("the streamed answer ends with {kind}"));
        }
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).event.take();
        match open {
            Some((expected, handed)) if expected == id => {
                Report::Answered { handed, received: request.received, body: request.body.clone() }
            }
            Some(_) | None => Report::Failed(format!("an answer to {id}, which is not open")),
        }
    }
}

fn accepted(stream: &mut TcpStream) -> Result<()> {
    answer(stream, "202 Accepted", &[("content-type", "application/json")], br#"{"status":"OK"}"#)
}
