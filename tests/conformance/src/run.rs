//! Runs the cases and counts.

use crate::cases::{self, Case, CaseFile};
use crate::venues::{Subject, subjects};
use crate::{compare, markets, questions};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use desk::time::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use venue::protocol::{Credentials, Markets, Moment, Reply};

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// As the case wants it.
    Passed,
    /// Otherwise, on purpose: why.
    Different(&'static str),
    /// Otherwise: what differs.
    Failed(String),
}

/// What became of one case.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The venue.
    pub venue: &'static str,
    /// The case's id.
    pub id: String,
    /// Its method.
    pub method: String,
    /// Whether it is about a response.
    pub response: bool,
    /// How it ended.
    pub ended: Ended,
}

/// What became of all.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// One entry a case.
    pub outcomes: Vec<Outcome>,
}

/// How many cases ended how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// As the case wants it.
    pub passed: usize,
    /// Otherwise, on purpose.
    pub different: usize,
    /// Otherwise.
    pub failed: usize,
}

impl Count {
    fn add(&mut self, ended: &Ended) {
        match ended {
            Ended::Passed => self.passed += 1,
            Ended::Different(_) => self.different += 1,
            Ended::Failed(_) => self.failed += 1,
        }
    }

    /// Passed of passed and failed, in per cent; 100 when there is neither.
    #[must_use]
    pub fn per_cent(self) -> usize {
        (self.passed * 100).checked_div(self.passed + self.failed).unwrap_or(100)
    }

    /// How many there are.
    #[must_use]
    pub const fn all(self) -> usize {
        self.passed + self.different + self.failed
    }
}

/// Which cases are run.
#[derive(Debug, Clone, Default)]
pub struct Only {
    /// Of this venue.
    pub venue: Option<String>,
    /// With this text in their id.
    pub case: Option<String>,
}

/// A private key that nobody uses, for venues that sign with one.
fn throwaway_pem() -> Result<String, String> {
    let fault = |_| "no key can be made".to_owned();
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(fault)?;
    let der = pair.private_key().as_der().map_err(fault)?;
    let body = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
    Ok(format!("-----BEGIN EC PRIVATE KEY-----\n{body}\n-----END EC PRIVATE KEY-----\n"))
}

fn credentials(subject: &Subject) -> Result<Credentials, String> {
    let secret = match subject.name {
        "coinbase" => throwaway_pem()?,
        // Base64, as this venue's secrets are.
        "kraken" | "krakenfutures" => "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0".to_owned(),
        _ => "secretsecret".to_owned(),
    };
    let passphrase = subject.passphrase.then(|| "password".to_owned());
    Credentials::new(subject.name, "key".to_owned(), secret, passphrase).map_err(|e| e.to_string())
}

/// Runs the cases under a folder.
///
/// # Errors
/// Words, if the cases can't be read.
pub fn run(folder: &Path, only: &Only) -> Result<Report, String> {
    let mut report = Report::default();
    for subject in subjects() {
        if only.venue.as_ref().is_some_and(|venue| venue != subject.name) {
            continue;
        }
        let path = folder.join(format!("{}.json", subject.name));
        if !path.exists() && only.venue.is_none() {
            continue;
        }
        let file = cases::read(&path)?;
        let markets = markets::instruments(&file.markets)?;
        let credentials = credentials(&subject)?;
        for case in &file.cases {
            if only.case.as_ref().is_some_and(|part| !case.id.contains(part.as_str())) {
                continue;
            }
            let result = one(&subject, case, &file, &markets, &credentials);
            let ended = result.map_or_else(|fault| judged(&subject, case, fault), |()| Ended::Passed);
            let (id, method, response) = (case.id.clone(), case.method.clone(), case.response);
            report.outcomes.push(Outcome { venue: subject.name, id, method, response, ended });
        }
    }
    Ok(report)
}

fn judged(subject: &Subject, case: &Case, fault: String) -> Ended {
    let rule = subject.different.iter().find(|different| (different.applies)(case));
    rule.map_or(Ended::Failed(fault), |different| Ended::Different(different.reason))
}

fn one(
    subject: &Subject,
    case: &Case,
    file: &CaseFile,
    markets: &Markets,
    credentials: &Credentials,
) -> Result<(), String> {
    let adapter = subject.adapter.ok_or("there is no adapter")?;
    let prepared = questions::prepare(adapter, case, markets)?;
    if case.response {
        // A body that is no JSON in the case is its own text.
        let body = match &case.http_response {
            Value::String(text) => text.clone().into_bytes(),
            other => serde_json::to_vec(other).map_err(|e| e.to_string())?,
        };
        let ours = (prepared.read)(&Reply::new(200, body), markets).map_err(|e| e.to_string())?;
        return compare::response(case, &ours);
    }
    let auth = prepared.request.auth;
    let moment = Moment { now: Timestamp::from_ms(1_700_000_000_000), nonce: 1_700_000_000_000, window_ms: 5000 };
    let request = adapter.sign(prepared.request, Some(credentials), moment).map_err(|e| e.to_string())?;
    compare::request(case, &request, auth, &file.skip_keys)
}

impl Report {
    /// Counts, by venue and method: of requests, of responses.
    #[must_use]
    pub fn by_method(&self) -> BTreeMap<&'static str, BTreeMap<&str, [Count; 2]>> {
        let mut all: BTreeMap<&'static str, BTreeMap<&str, [Count; 2]>> = BTreeMap::new();
        for outcome in &self.outcomes {
            let [requests, responses] = all.entry(outcome.venue).or_default().entry(&outcome.method).or_default();
            if outcome.response { responses.add(&outcome.ended) } else { requests.add(&outcome.ended) }
        }
        all
    }

    /// Counts of a venue (of all, when `None`): of requests, of responses.
    #[must_use]
    pub fn totals(&self, venue: Option<&str>) -> [Count; 2] {
        let mut totals = [Count::default(); 2];
        let [requests, responses] = &mut totals;
        for outcome in self.outcomes.iter().filter(|o| venue.is_none_or(|venue| o.venue == venue)) {
            if outcome.response { responses.add(&outcome.ended) } else { requests.add(&outcome.ended) }
        }
        totals
    }

    /// As JSON: `{venue: {method: {requests: {passed, different, failed, failing}, responses: {…}}}}`.
    #[must_use]
    pub fn json(&self) -> Value {
        let failing = |venue: &str, method: &str, response: bool| -> Vec<&str> {
            let of = |o: &&Outcome| {
                o.venue == venue && o.method == method && o.response == response && matches!(o.ended, Ended::Failed(_))
            };
            self.outcomes.iter().filter(of).map(|o| o.id.as_str()).collect()
        };
        let mut venues = serde_json::Map::new();
        for (venue, methods) in self.by_method() {
            let mut rows = serde_json::Map::new();
            for (method, [requests, responses]) in methods {
                let part = |count: Count, response: bool| {
                    json!({ "passed": count.passed, "different": count.different, "failed": count.failed,
                        "failing": failing(venue, method, response) })
                };
                rows.insert(
                    method.to_owned(),
                    json!({ "requests": part(requests, false), "responses": part(responses, true) }),
                );
            }
            venues.insert(venue.to_owned(), Value::Object(rows));
        }
        Value::Object(venues)
    }

    /// As a table for people: venue × method, totals, the reasons of differences, and what failed.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = String::new();
        let row = |text: &mut String, name: &str, [requests, responses]: [Count; 2]| {
            let _ = writeln!(
                text,
                "{name:<46} {:>7} {:>9} {:>6}   {:>7} {:>9} {:>6}",
                requests.passed,
                requests.different,
                requests.failed,
                responses.passed,
                responses.different,
                responses.failed
            );
        };
        let _ = writeln!(text, "{:<46} {:^24}   {:^24}", "", "requests", "responses");
        let _ = writeln!(
            text,
            "{:<46} {:>7} {:>9} {:>6}   {:>7} {:>9} {:>6}",
            "venue, method", "passed", "different", "failed", "passed", "different", "failed"
        );
        for (venue, methods) in self.by_method() {
            for (method, counts) in methods {
                row(&mut text, &format!("{venue} {method}"), counts);
            }
            row(&mut text, &format!("{venue}, in all"), self.totals(Some(venue)));
        }
        let totals = self.totals(None);
        row(&mut text, "all venues", totals);
        let [requests, responses] = totals;
        let _ = writeln!(
            text,
            "passed of passed and failed: requests {} %, responses {} %",
            requests.per_cent(),
            responses.per_cent()
        );
        for outcome in &self.outcomes {
            if let Ended::Different(reason) = &outcome.ended {
                let _ = writeln!(text, "different by design: {}: {reason}", outcome.id);
            }
        }
        for outcome in &self.outcomes {
            if let Ended::Failed(fault) = &outcome.ended {
                let _ = writeln!(text, "failed: {}: {fault}", outcome.id);
            }
        }
        text
    }
}
