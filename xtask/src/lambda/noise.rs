//! How quiet the machine is, measured in the same run: without it no figure here means anything.

use super::figures::{Times, ms};
use super::stub::Stub;
use std::io::{Read, Result, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often each is tried per round.
const TRIES: usize = 10;

/// What was found so far.
#[derive(Default)]
pub(super) struct Noise {
    spawns: Vec<Duration>,
    fresh: Vec<Duration>,
    kept: Vec<Duration>,
    load: Option<String>,
}

impl Noise {
    /// One round: between the functions' own, so that it sees what they see.
    pub(super) fn listen(&mut self, stub: &Stub) -> Result<()> {
        self.load = self.load.take().or_else(load);
        for _ in 0..TRIES {
            let began = Instant::now();
            Command::new("true").stdin(Stdio::null()).status()?;
            self.spawns.push(began.elapsed());
            let began = Instant::now();
            let mut stream = TcpStream::connect(stub.address())?;
            stream.set_nodelay(true)?;
            round_trip(&mut stream)?;
            self.fresh.push(began.elapsed());
            let began = Instant::now();
            round_trip(&mut stream)?;
            self.kept.push(began.elapsed());
        }
        Ok(())
    }

    pub(super) fn print(self) {
        let shown = |times: Vec<Duration>| {
            let times = Times::new(times);
            format!("p50 {} ms, max {} ms", ms(times.percentile(50)), ms(times.percentile(100)))
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let (before, after) = (self.load.unwrap_or_default(), load().unwrap_or_default());
        println!("\nnoise: {cores} cores, load {before} before, {after} after");
        println!("  spawn and end of `true`:            {}", shown(self.spawns));
        println!("  GetItem at the stub, connection new:  {}", shown(self.fresh));
        println!("  GetItem at the stub, connection kept: {}", shown(self.kept));
    }
}

fn load() -> Option<String> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split(' ').next().map(str::to_owned)
}

/// A GetItem as an SDK would ask it, unsigned.
fn round_trip(stream: &mut TcpStream) -> Result<()> {
    let body = r#"{"TableName":"bench","Key":{"pk":{"S":"-"},"sk":{"S":"-"}}}"#;
    let head = "POST / HTTP/1.1\r\nhost: stub\r\nx-amz-target: DynamoDB_20120810.GetItem\r\n";
    stream.write_all(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes())?;
    // The stub writes an answer at once, and this one fits.
    stream.read(&mut [0; 4096]).map(drop)
}
