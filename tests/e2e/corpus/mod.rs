//! Bad input, as a table: `tests/bad_input/` has a file for each, with the number of its case, where it is sent and exactly
//! what must come of it. Whatever it is, nothing panics, no answer is a fault of the desk's own, no secret is shown or logged,
//! nothing is sent to a venue, and the books are as they were.
//!
//! | `to` | where that is |
//! |---|---|
//! | `api`, `gateway` | the routes, where callers show a token, and where a gateway identifies them |
//! | `of_another` | the routes, about an order or decision of another account in the same table |
//! | `socket` | the routes behind a socket, byte by byte |
//! | `queue`, `schedule` | a batch of messages through the handler of their queue; an event of a schedule |
//! | `signal` | a stored signal of that age, judged |
//! | `kill_row` | a kill switch without its row, or with that text in it |
//! | `config` | the configuration with another value at one place, or another text |
//! | `rows` | answers of venues: the files of that number beside the adapters' tests, which run them |
//! | `test` | a test of its own, named |
//! | `nowhere` | a case about something that the desk does not have, and why |

mod send;

use send::Came;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// How many cases there are.
const CASES: u64 = 81;

/// The cases that are about nothing the desk has: roles, idempotency keys, floods (the gateway's), models.
const NOWHERE: [u64; 9] = [14, 37, 38, 39, 40, 47, 54, 78, 79];

struct Case {
    file: String,
    number: u64,
    group: String,
    to: Value,
    expected: Value,
}

fn table() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("bad_input");
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        let file = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let row: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{file}: {e}"));
        let number = row["case"].as_u64().unwrap();
        assert!(file.starts_with(&format!("{number:02}-")), "{file} is case {number}");
        assert!(!row["what"].as_str().unwrap().is_empty(), "{file}");
        let (group, to) = row["to"].as_object().unwrap().iter().next().unwrap();
        Case { file, number, group: group.clone(), to: to.clone(), expected: row["expected"].clone() }
    };
    let mut cases: Vec<Case> = std::fs::read_dir(folder).unwrap().map(read).collect();
    cases.sort_by(|a, b| a.file.cmp(&b.file));
    cases
}

#[test]
fn every_case_of_the_list_is_in_the_table_and_those_that_are_sent_nowhere_are_few() {
    let cases = table();
    let numbers: BTreeSet<u64> = cases.iter().map(|case| case.number).collect();
    assert_eq!(numbers, (1..=CASES).collect());
    let sent: BTreeSet<u64> = cases.iter().filter(|case| case.group != "nowhere").map(|case| case.number).collect();
    assert_eq!(numbers.difference(&sent).copied().collect::<Vec<_>>(), NOWHERE);
}

#[tokio::test]
async fn every_bad_input_becomes_what_it_must_and_changes_nothing() {
    let (mut faults, mut tried) = (Vec::new(), BTreeMap::<String, u32>::new());
    let log = Log::default();
    let _logging = boot::observe::on_this_thread(log.clone());
    for case in table() {
        *tried.entry(case.group.clone()).or_default() += 1;
        faults.extend(judged(&case, &log).await.err().map(|fault| format!("{}: {fault}", case.file)));
    }
    println!("{tried:?}");
    assert!(log.all().contains(r#""event":"#), "nothing was logged, so nothing was looked through");
    assert!(faults.is_empty(), "{} of the table:\n{}", faults.len(), faults.join("\n"));
}

/// What is logged, as it is written.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn all(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

async fn judged(case: &Case, log: &Log) -> Result<(), String> {
    match case.group.as_str() {
        "nowhere" => {
            case.to.as_str().filter(|why| why.len() > 20).map(drop).ok_or_else(|| "it says not why".to_owned())
        }
        "rows" => {
            let rows = conformance::fuzz::corpus::rows()?;
            let there = rows.iter().any(|(_, row)| u64::from(row.row) == case.number && case.to == case.number);
            there.then_some(()).ok_or_else(|| "there is no such row".to_owned())
        }
        "test" => {
            let (file, name) = (case.to[0].as_str().unwrap(), case.to[1].as_str().unwrap());
            let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file)).unwrap();
            let there = text.contains(&format!("fn {name}("));
            there.then_some(()).ok_or_else(|| format!("there is no {name} in {file}"))
        }
        "config" | "schedule" => {
            for refused in send::refusals(&case.group, &case.to) {
                says(&case.expected, &refused?)?;
            }
            Ok(())
        }
        _ => {
            let scene = send::Scene::new();
            let before = scene.prepared(&case.group, &case.to);
            let came = scene.send(&case.group, &case.to).await;
            came.met(&case.expected)?;
            came.hidden_in(&log.all()).map_err(|line| format!("a secret is logged: {line}"))?;
            scene.unchanged(&before, &case.expected)
        }
    }
}

/// Whether a text has every word it must have.
fn says(expected: &Value, said: &str) -> Result<(), String> {
    let words = expected["says"].as_array().map_or(&[][..], Vec::as_slice);
    match words.iter().map(|word| word.as_str().unwrap()).find(|word| !said.contains(word)) {
        Some(word) => Err(format!("{word:?} is not in: {said}")),
        None => Ok(()),
    }
}

impl Came {
    /// Whether it is exactly what was expected.
    fn met(&self, expected: &Value) -> Result<(), String> {
        says(expected, &self.said)?;
        self.hidden_in(&self.said).map_err(|line| format!("a secret is shown: {line}"))?;
        if self.status.is_some_and(|status| status >= 500) {
            return Err(format!("a fault of the desk's own: {}", self.said));
        }
        let status = expected["status"].as_u64();
        if self.status.map(u64::from) != status {
            return Err(format!("answered {:?}, not {status:?}: {}", self.status, self.said));
        }
        if let Some(kind) = expected["type"].as_str() {
            self.is_problem(kind, status)?;
        }
        for header in expected["headers"].as_array().into_iter().flatten() {
            let (name, value) = (header[0].as_str().unwrap(), header[1].as_str().unwrap());
            if self.headers.get(name).map(String::as_str) != Some(value) {
                return Err(format!("{name} is {:?}, not {value:?}", self.headers.get(name)));
            }
        }
        let told = |name: &str, came: Value| {
            let same = expected[name] == came;
            same.then_some(()).ok_or_else(|| format!("{name}: {came}, not {}: {}", expected[name], self.said))
        };
        told("answers", self.answers.clone().into())?;
        told("refused", self.refused.into())?;
        told("killed", self.killed.into())
    }

    /// That no line of a text has a secret in it.
    fn hidden_in<'a>(&self, text: &'a str) -> Result<(), &'a str> {
        let shows = |line: &&str| line.contains("canary") || self.shown.iter().any(|secret| line.contains(secret));
        text.lines().find(shows).map_or(Ok(()), Err)
    }

    /// Whether it is a problem of that type, whole.
    fn is_problem(&self, kind: &str, status: Option<u64>) -> Result<(), String> {
        let body: Value = serde_json::from_str(&self.said).map_err(|e| format!("{e}: {}", self.said))?;
        let content = self.headers.get("content-type").map(String::as_str);
        if content != Some("application/problem+json") {
            return Err(format!("it is no problem but {content:?}"));
        }
        if body["type"] != kind || body["status"].as_u64() != status {
            return Err(format!("not {kind:?}: {body}"));
        }
        let whole = ["title", "detail"].iter().all(|part| body[part].as_str().is_some_and(|text| !text.is_empty()));
        if !whole || !self.headers.contains_key("x-correlation-id") {
            return Err(format!("it lacks something: {body}"));
        }
        Ok(())
    }
}
