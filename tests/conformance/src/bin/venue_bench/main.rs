//! `venue_bench [PYTHON SCRIPT]`: what the venue layer costs, beside a peer that does the same work in the same run.
//!
//! | part | what is measured |
//! |---|---|
//! | [`read`] | a frame of a market's stream, from its text to the event; a book's delta, into the book |
//! | [`build`] | an order, from the desk's question to the signed request |
//! | [`call`] | an order, from the call to the first byte at a server on this machine |
//! | [`peer`] | the same of another library, at the same server |
//!
//! Every figure is the median of several runs behind a warm-up. Wall time is compared; the thread's own CPU time stands
//! beside it and tells when other programs were in the way. The last line is the figures as JSON.

mod build;
mod call;
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
    let mut arguments = std::env::args().skip(1);
    let before = timing::load();
    let mut rows = read::rows()?;
    rows.extend(build::rows()?);
    let server = server::start()?;
    rows.extend(call::rows(server)?);
    let peer = match (arguments.next(), arguments.next()) {
        // A peer that fails takes nothing from our figures.
        (Some(python), Some(script)) => {
            peer::run(&python, &script, server).map_err(|fault| println!("the peer is left out: {fault}")).ok()
        }
        _ => None,
    };
    println!("load average {before} before, {} after; {} processors", timing::load(), timing::processors());
    table::print(&rows, peer.as_ref());
    Ok(())
}
