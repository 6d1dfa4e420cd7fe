//! `cargo xtask venue-bench`: what the venue layer takes to read a trade, to build and sign an order and to get it to a
//! server, beside ccxt in the same run. The measuring itself is in `tests/conformance/src/bin/venue_bench`.

use crate::{cargo, root, run as succeed, setup, target};
use std::process::Command;

/// Builds the program, installs the peer and measures both; ours alone where the peer can't be installed.
pub(crate) fn run() -> Result<(), String> {
    succeed(&mut cargo(&["build", "--release", "--package", "conformance", "--bin", "venue_bench", "--locked"]))?;
    let mut bench = Command::new(target().join("release").join("venue_bench"));
    match setup::python("venue-peer", setup::VENUE_PEER) {
        Ok(programs) => {
            bench.arg(programs.join("python")).arg(root().join("xtask/peers/ccxt_order.py"));
        }
        Err(reason) => println!("ccxt can't be installed ({reason}): ours are measured alone, beside no peer"),
    }
    // The server is on this machine: no proxy stands between.
    succeed(bench.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1"))
}
