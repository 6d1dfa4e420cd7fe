//! `conformance [--venue V] [--case TEXT]`: runs the cases and prints the table.

use conformance::run::{Only, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut only = Only::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--venue" => only.venue = arguments.next(),
            "--case" => only.case = arguments.next(),
            _ => {
                eprintln!("usage: conformance [--venue V] [--case TEXT]");
                return ExitCode::from(2);
            }
        }
    }
    match run(&conformance::folder(), &only) {
        Ok(report) => {
            println!("{}", report.table());
            let [requests, responses] = report.totals(None);
            ExitCode::from(u8::from(requests.failed + responses.failed > 0))
        }
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::from(2)
        }
    }
}
