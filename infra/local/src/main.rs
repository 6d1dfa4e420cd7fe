//! The `ballast` binary: parses the command line and runs the verb.

use clap::Parser;
use std::process::ExitCode;

/// The desk makes many small, short-lived allocations; this allocator takes a tenth off a replay.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ballast::cli::run(ballast::cli::Arguments::parse())
}
