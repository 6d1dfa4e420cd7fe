//! `cargo xtask venue-bench`: what the venue layer takes to read a trade, to build and sign an order and to get it to a
//! server, beside ccxt and nautilus in the same run. The measuring itself is in `tests/conformance/src/bin/venue_bench`.
//! What is sent goes to a server that the program starts on this machine, and nowhere else.

use crate::{cargo, root, run as succeed, setup, target};
use std::process::Command;

/// A peer's name, what it needs, and its script.
const PEERS: [(&str, &[&str], &str); 2] = [
    ("ccxt", setup::CCXT, "xtask/peers/ccxt_order.py"),
    ("nautilus", setup::NAUTILUS, "xtask/peers/nautilus_trade.py"),
];

/// Builds the program, installs the peers and measures all; a peer that can't be installed is left out.
pub(crate) fn run() -> Result<(), String> {
    // As part of the workspace, so that what the tests were built from is not built again.
    succeed(&mut cargo(&["build", "--release", "--workspace", "--bin", "venue_bench", "--locked"]))?;
    let mut bench = Command::new(target().join("release").join("venue_bench"));
    for (name, packages, script) in PEERS {
        match setup::python(&format!("peer-{name}"), packages) {
            Ok(programs) => {
                bench.arg(programs.join("python")).arg(root().join(script));
            }
            Err(reason) => println!("{name} can't be installed, and is left out: {reason}"),
        }
    }
    // The server is on this machine: no proxy stands between.
    succeed(bench.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1"))?;
    println!(
        "Published for nautilus' Rust adapters, on a faster machine: 686 ns a trade, 500 ns to build and sign an order"
    );
    Ok(())
}
