//! Every sample event is read by the handler it is for, and does what its name says.

use boot::event::{KillEvent, Scheduled};
use desk::message::Message;
use std::path::Path;

fn samples(function: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events").join(function);
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        (path.file_stem().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(&path).unwrap())
    };
    let mut found: Vec<_> = std::fs::read_dir(&folder).unwrap().map(read).collect();
    found.sort();
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["happy", "malformed", "refused"], "{function}");
    found
}

/// Happy and refused events are well-formed; what is refused is refused by the handler. Malformed ones can't be read.
fn check<T, E: std::fmt::Display>(function: &str, decode: impl Fn(&str) -> Result<T, E>) {
    for (name, text) in samples(function) {
        let read = decode(&text);
        assert_eq!(
            read.is_ok(),
            name != "malformed",
            "{function}/{name}: {}",
            read.err().map_or(String::new(), |e| e.to_string())
        );
    }
}

#[test]
fn the_sample_events_are_what_their_names_say() {
    for function in ["signal-inference", "risk-validation", "order-placement", "fill-booking"] {
        check(function, Message::decode);
    }
    for function in ["market-data", "reconciliation", "portfolio-snapshot"] {
        check(function, Scheduled::decode);
    }
    check("kill-switch", KillEvent::decode);
    // The API's samples are requests: method, path and body.
    check("api", |text| serde_json::from_str::<serde_json::Value>(text));
}

#[test]
fn a_schedule_for_a_market_nobody_knows_is_refused() {
    let config = crate::crash_sweep::config();
    for function in ["market-data", "reconciliation", "portfolio-snapshot"] {
        for (name, text) in samples(function).into_iter().filter(|(name, _)| name != "malformed") {
            let event = Scheduled::decode(&text).unwrap();
            assert_eq!(config.chosen(&event).is_ok(), name == "happy", "{function}/{name}");
        }
    }
}
