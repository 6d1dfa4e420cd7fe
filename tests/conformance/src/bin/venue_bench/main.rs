//! `venue_bench [--only PART] [PYTHON SCRIPT]…`: what the venue layer costs, beside peers that do the same work in the same run.
//!
//! | part | what is measured |
//! |---|---|
//! | [`read`] | a frame of a market's stream, from its text to the event; a book's delta, into the book |
//! | [`build`] | an order, from the desk's question to the signed request |
//! | [`call`] | an order, from the call to the first byte at a server on this machine |
//! | [`peer`] | the same of other libraries, at the same server |
//!
//! Reading and building are timed in batches of [`timing::cost`], calls one by one. Beside the wall's median and its 99th
//! percentile stands the thread's own time on the processor, which other programs disturb least; [`machine`] says
//! whether there were any. The last line is the figures as JSON.

mod build;
mod call;
mod machine;
mod peer;
mod read;
mod server;
mod table;
mod timing;

use std::process::ExitCode;

/// As in the desk's own program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("venue_bench: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let only = match arguments.first().map(String::as_str) {
        Some("--only") if arguments.len() > 1 => arguments.drain(..2).nth(1),
        _ => None,
    };
    let wanted = |part: &str| only.as_deref().is_none_or(|only| only == part);
    let before = machine::others();
    let server = server::start()?;
    let mut rows = Vec::new();
    if wanted("read") {
        rows.extend(read::rows()?);
    }
    if wanted("build") {
        rows.extend(build::rows()?);
    }
    if wanted("call") {
        rows.extend(call::rows(server)?);
    }
    let mut peers = Vec::new();
    for pair in arguments.chunks(2) {
        let [python, script] = pair else { return Err("a peer is an interpreter and a script".to_owned()) };
        // A peer that fails takes nothing from our figures.
        match peer::run(python, script, server) {
            Ok(peer) => peers.push(peer),
            Err(fault) => println!("a peer is left out: {fault}"),
        }
    }
    let after = machine::others();
    machine::print(&before, &after);
    table::print(&rows, &peers, before.are_busy() || after.are_busy());
    Ok(())
}
