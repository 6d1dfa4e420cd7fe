//! A structure-aware fuzzer: answers that venues do give, changed in one place or many, fed to the questions they answer.
//!
//! | piece | what it does |
//! |---|---|
//! | [`json`] | a JSON text as a tree that keeps every literal, every key's place and every double |
//! | [`mutate`] | seeded randomness, and random changes of such a tree |
//! | [`judge`] | the properties, each on the changes that could break it |
//! | [`asks`] | what is asked of a venue, beyond what its cases ask |
//! | [`corpus`] | the answers that are committed with the project |
//!
//! The properties:
//!
//! 1. Nothing panics.
//! 2. A body cut off, of another JSON type, or no JSON at all is never an answer; nor is any body with a status of 4xx or
//!    5xx. Words that are no JSON never mean that an order was refused, is unknown, or is there twice.
//! 3. A status outside the venue's set of words never ends an order.
//! 4. A quantity that is negative, no number, or too long to be held is never an answer; written with an exponent it is
//!    the same or none.
//! 5. More filled than ordered is never an answer, and what is filled stands literally in the body.
//! 6. An order without its id is never an answer.
//! 7. The order of keys changes nothing. Bars come in order of time, and their prices lie between their low and high.
//!
//! Which leaf of an answer is its quantity, its id and so on is not told: it is found by changing each and looking.

pub mod asks;
pub mod corpus;
pub mod json;
pub mod judge;
pub mod mutate;

use serde_json::Value;
use venue::protocol::{Markets, ReadFault, Reply};

/// What an answer says, in the cases' form.
pub type Reader = Box<dyn Fn(&Reply, &Markets) -> Result<Value, ReadFault>>;

/// How many random bodies are tried for each answer, if `BALLAST_FUZZ_ITERATIONS` does not tell.
pub const ITERATIONS: usize = 40;

/// How many of an answer's leaves are changed one by one, at most.
pub const LEAVES_MAX: usize = 48;

/// What a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Orders: placing, changing, cancelling, looking up.
    Orders,
    /// Anything else that has an answer.
    Other,
    /// A bare acknowledgement.
    Nothing,
}

/// A question with an answer that is changed.
pub struct Target {
    /// The venue and the question, or the case.
    pub name: String,
    /// What it is about.
    pub about: About,
    /// What an answer says, in the cases' form.
    pub read: Reader,
    /// An answer the venue does give.
    pub seed: String,
    /// Whether the answer comes by HTTP, and so with a status.
    pub http: bool,
    /// Whether it is certain that this question is answered so, and by no other JSON type.
    pub certain: bool,
}

/// A property that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Of what.
    pub target: String,
    /// Which one.
    pub property: &'static str,
    /// The body, and what came of it.
    pub detail: String,
}

impl Target {
    /// A target; what it is about is seen from what its answer says.
    #[must_use]
    pub fn new(name: String, read: Reader, seed: String, http: bool, markets: &Markets) -> Self {
        let about = match read(&Reply::new(200, seed.as_bytes()), markets) {
            Ok(answer) if judge::tells_orders(&answer) => About::Orders,
            Ok(answer) if answer.as_object().is_some_and(serde_json::Map::is_empty) => About::Nothing,
            Ok(_) | Err(_) => About::Other,
        };
        Self { name, about, read, seed, http, certain: true }
    }
}

/// How many random bodies are tried for each answer.
#[must_use]
pub fn iterations() -> usize {
    std::env::var("BALLAST_FUZZ_ITERATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(ITERATIONS)
}

/// Holds one target to all properties; says how many bodies were read.
pub fn hold(
    target: &Target,
    markets: &Markets,
    seed: u64,
    iterations: usize,
    violations: &mut Vec<Violation>,
) -> usize {
    judge::Trial::new(target, markets, seed).map_or(0, |mut trial| {
        trial.run(iterations);
        violations.append(&mut trial.violations);
        trial.bodies
    })
}
