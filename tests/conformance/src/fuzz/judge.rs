//! The properties, each on the changes that could break it. See [`super`] for what they are.

use super::json::Node;
use super::mutate::{self, Random};
use super::{About, LEAVES_MAX, Target, Violation};
use rust_decimal::Decimal;
use serde_json::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};
use venue::protocol::{Markets, Meaning, ReadFault, Reply};

/// What an order's answer says, as far as it counts here.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    id: Option<String>,
    status: Option<String>,
    amount: Option<Decimal>,
    filled: Option<Decimal>,
}

impl Seen {
    fn of(value: &Value) -> Option<Self> {
        let order = value.as_object().filter(|o| o.contains_key("status") && o.contains_key("filled"))?;
        let text = |key: &str| order.get(key).and_then(Value::as_str).map(str::to_owned);
        let number = |key: &str| text(key).and_then(|text| text.parse().ok());
        Some(Self { id: text("id"), status: text("status"), amount: number("amount"), filled: number("filled") })
    }

    /// All orders of an answer.
    fn all(answer: &Value) -> Vec<Self> {
        match answer.as_array() {
            Some(rows) => rows.iter().filter_map(Self::of).collect(),
            None => Self::of(answer).into_iter().collect(),
        }
    }

    /// Whether the order has come to an end.
    fn ended(&self) -> bool {
        matches!(self.status.as_deref(), Some("closed" | "canceled" | "rejected" | "expired"))
    }

    fn overfilled(&self) -> bool {
        let over = self.amount.zip(self.filled).is_some_and(|(amount, filled)| !amount.is_zero() && filled > amount);
        over || self.filled.is_some_and(|filled| filled < Decimal::ZERO)
    }
}

/// Whether an answer tells of orders.
pub(super) fn tells_orders(answer: &Value) -> bool {
    !Seen::all(answer).is_empty()
}

/// Names of keys that hold an order's state, in lower case without underscores.
const STATUS_KEYS: [&str; 8] =
    ["status", "state", "orderstatus", "ordstatus", "ordstate", "orderstate", "algostatus", "planstatus"];

/// One target under trial.
pub struct Trial<'a> {
    target: &'a Target,
    markets: &'a Markets,
    random: Random,
    tree: Node,
    /// What the unchanged answer says, if it says something.
    base: Option<Value>,
    /// How many bodies were read.
    pub bodies: usize,
    /// What does not hold.
    pub violations: Vec<Violation>,
}

type Answer = Result<Value, ReadFault>;

impl<'a> Trial<'a> {
    /// A trial, if the answer is JSON.
    #[must_use]
    pub fn new(target: &'a Target, markets: &'a Markets, seed: u64) -> Option<Self> {
        let random = Random::named(&target.name, seed);
        let tree = Node::parse(&target.seed)?;
        let mut trial = Self { target, markets, random, tree, base: None, bodies: 0, violations: Vec::new() };
        trial.base = trial.ask(200, target.seed.as_bytes()).and_then(Result::ok);
        Some(trial)
    }

    /// What a body says; `None` (and a violation) if that panicked.
    fn ask(&mut self, status: u16, body: &[u8]) -> Option<Answer> {
        self.bodies += 1;
        let reply = Reply::new(status, body);
        let read = || (self.target.read)(&reply, self.markets);
        let answer = catch_unwind(AssertUnwindSafe(read)).ok();
        if answer.is_none() {
            self.broken("nothing panics", body, &"a panic");
        }
        answer
    }

    fn ask_tree(&mut self, tree: &Node) -> Option<Answer> {
        self.ask(200, tree.text().as_bytes())
    }

    fn broken(&mut self, property: &'static str, body: &[u8], came: &dyn std::fmt::Debug) {
        let shown: String = String::from_utf8_lossy(body).chars().take(700).collect();
        let detail = format!("{came:?}\n    of {shown}");
        self.violations.push(Violation { target: self.target.name.clone(), property, detail });
    }

    /// An answer where there must be none.
    fn never(&mut self, property: &'static str, status: u16, body: &[u8]) {
        if let Some(Ok(answer)) = self.ask(status, body) {
            self.broken(property, body, &answer);
        }
    }

    /// Tries all properties.
    pub fn run(&mut self, iterations: usize) {
        self.no_answers(iterations);
        if let Some(base) = self.base.clone() {
            self.reordered(&base);
            if self.target.about == About::Orders {
                self.leaves(&base);
            }
            self.mixed(&base, iterations);
        } else {
            // An answer that tells of an error: whatever is changed, it must not become an order that ended.
            self.mixed(&Value::Null, iterations);
        }
    }

    /// Property 2.
    fn no_answers(&mut self, iterations: usize) {
        let text = self.target.seed.clone();
        for _ in 0..iterations {
            let cut = self.random.below(text.len());
            let Some(body) = text.get(..cut) else { continue };
            if serde_json::from_str::<serde::de::IgnoredAny>(body).is_err() {
                self.never("a body cut off is never an answer", 200, body.as_bytes());
            }
        }
        for body in mutate::no_json() {
            for status in if self.target.http { &[200_u16, 403, 502][..] } else { &[200] } {
                match self.ask(*status, &body) {
                    Some(Ok(answer)) => self.broken("what is no JSON is never an answer", &body, &answer),
                    Some(Err(fault)) => self.unclear(&body, &fault),
                    None => {}
                }
            }
        }
        // Of what was no answer in the first place nobody knows which type one has.
        if self.base.is_some() && self.target.certain && self.target.about != About::Nothing {
            let others = match self.tree {
                Node::Array(_) => ["{}", "null", "1", "true", "\"x\""],
                Node::Object(_) | Node::Scalar(_) => ["[]", "null", "1", "true", "\"x\""],
            };
            for body in others {
                self.never("a body of another type is never an answer", 200, body.as_bytes());
            }
            let wrapped = Node::Array(vec![Node::Array(vec![self.tree.clone()])]);
            self.never("a body of another type is never an answer", 200, wrapped.text().as_bytes());
        }
        if self.target.http {
            for status in [400_u16, 401, 403, 404, 418, 429, 500, 502, 503, 504] {
                self.never("no body of a failed request is an answer", status, text.as_bytes());
            }
        }
    }

    /// Words that are no JSON say nothing about an order.
    fn unclear(&mut self, body: &[u8], fault: &ReadFault) {
        if matches!(fault.meaning(), Meaning::Refusal | Meaning::DuplicateId | Meaning::NotFound) {
            self.broken("what is no JSON says nothing about an order", body, fault);
        }
    }

    /// Property 7.
    fn reordered(&mut self, base: &Value) {
        let changed = self.tree.reversed();
        if let Some(answer) = self.ask_tree(&changed)
            && answer.as_ref() != Ok(base)
        {
            self.broken("the order of keys changes nothing", changed.text().as_bytes(), &answer);
        }
    }

    /// Properties 3 to 6: one leaf after the other.
    fn leaves(&mut self, base: &Value) {
        let mut leaves = self.tree.leaves();
        while leaves.len() > LEAVES_MAX {
            leaves.remove(self.random.below(leaves.len()));
        }
        for (path, key) in leaves {
            let Some(leaf) = self.tree.at(&path).cloned() else { continue };
            let Some(text) = leaf.scalar() else { continue };
            self.word(&path, &key, &leaf, base);
            if text.parse::<Decimal>().is_ok() {
                self.number(&path, &leaf, &text, base);
            }
            self.identity(&path, &leaf, &text, base);
        }
    }

    /// Property 3.
    fn word(&mut self, path: &[usize], key: &str, leaf: &Node, base: &Value) {
        if !leaf.text().starts_with('"') {
            return;
        }
        let changed = self.tree.with(path, Node::string("FOO"));
        let Some(Ok(answer)) = self.ask_tree(&changed) else { return };
        let (before, after) = (Seen::all(base), Seen::all(&answer));
        let name = key.to_ascii_lowercase().replace('_', "");
        let is_status = STATUS_KEYS.contains(&name.as_str());
        // Where there is one order, a status can only be its own.
        let alone = before.len() == 1;
        for (before, after) in before.iter().zip(&after).filter(|_| before.len() == after.len()) {
            let other = after.ended() && after.status != before.status;
            let still = is_status && alone && after.ended() && before.ended() && after.id == before.id;
            if other || still {
                self.broken("an unknown status never ends an order", changed.text().as_bytes(), &answer);
            }
        }
    }

    /// Properties 4 and 5.
    fn number(&mut self, path: &[usize], leaf: &Node, text: &str, base: &Value) {
        if !other_numbers(text).iter().any(|other| self.feeds(path, leaf, other, base)) {
            return;
        }
        for bad in ["-1", "-0.00000001", "NaN", "Infinity", "0x10", "1_0", "1,5", "１", "1e400"] {
            let quoted = self.tree.with(path, Node::string(bad));
            self.never("a quantity that can't be is never an answer", 200, quoted.text().as_bytes());
        }
        for bad in ["-1", "true", "[]", "{}", "[1]", "1e400"] {
            let bare = self.tree.with(path, Node::Scalar(bad.to_owned()));
            self.never("a quantity that can't be is never an answer", 200, bare.text().as_bytes());
        }
        let long = self.tree.with(path, leaf.alike("0.1234567890123456789012345678901234567890"));
        self.never("a quantity that can't be held is never an answer", 200, long.text().as_bytes());
        if let Some(exponent) = with_exponent(text) {
            let changed = self.tree.with(path, leaf.alike(&exponent));
            match self.ask_tree(&changed) {
                Some(Ok(answer)) if answer != *base => {
                    self.broken("an exponent changes no number", changed.text().as_bytes(), &answer);
                }
                _ => {}
            }
        }
        for huge in ["1000000000000", "99999999999999999999"] {
            let changed = self.tree.with(path, leaf.alike(huge));
            if let Some(Ok(answer)) = self.ask_tree(&changed) {
                self.plausible(&changed, &answer, base);
            }
        }
    }

    /// Whether an order has another quantity if another number stands here.
    fn feeds(&mut self, path: &[usize], leaf: &Node, other: &str, base: &Value) -> bool {
        let probe = self.tree.with(path, leaf.alike(other));
        let Some(Ok(answer)) = self.ask_tree(&probe) else { return false };
        let (before, after) = (Seen::all(base), Seen::all(&answer));
        let moved = |a: &Seen, b: &Seen| a.amount != b.amount || a.filled != b.filled;
        before.len() == after.len() && before.iter().zip(&after).any(|(a, b)| moved(a, b))
    }

    /// Property 6.
    fn identity(&mut self, path: &[usize], leaf: &Node, text: &str, base: &Value) {
        let ids = |answer: &Value| Seen::all(answer).into_iter().map(|seen| seen.id).collect::<Vec<_>>();
        let before = ids(base);
        if !before.iter().flatten().any(|id| id == text) {
            return;
        }
        let Some(other) = another_id(text) else { return };
        let probe = self.tree.with(path, leaf.alike(&other));
        let feeds = matches!(self.ask_tree(&probe), Some(Ok(answer)) if ids(&answer) != before);
        if !feeds {
            return;
        }
        // A list of ids may be shorter; a row may not lack its own.
        let listed = path.split_last().is_some_and(|(_, parent)| matches!(self.tree.at(parent), Some(Node::Array(_))));
        let dropped = if listed { Node::Scalar("{".to_owned()) } else { self.tree.without(path) };
        for changed in [
            dropped,
            self.tree.with(path, Node::Scalar("null".to_owned())),
            self.tree.with(path, Node::string("")),
            self.tree.with(path, Node::Array(Vec::new())),
            self.tree.with(path, Node::Object(Vec::new())),
        ] {
            // An id that stands twice is still there.
            if let Some(Ok(answer)) = self.ask_tree(&changed)
                && ids(&answer) != before
            {
                self.broken("an order without its id is never an answer", changed.text().as_bytes(), &answer);
            }
        }
    }

    /// What holds whatever was changed: properties 1, 5 and 7.
    fn mixed(&mut self, base: &Value, iterations: usize) {
        for _ in 0..iterations {
            let changed = mutate::mixed(&self.tree, &mut self.random);
            if let Some(Ok(answer)) = self.ask_tree(&changed) {
                self.plausible(&changed, &answer, base);
                self.in_order(&changed, &answer, base);
            }
        }
    }

    fn plausible(&mut self, changed: &Node, answer: &Value, base: &Value) {
        let (before, after) = (Seen::all(base), Seen::all(answer));
        if !before.iter().any(Seen::overfilled) && after.iter().any(Seen::overfilled) {
            self.broken("more filled than ordered is never an answer", changed.text().as_bytes(), answer);
        }
        // Where a venue leads us to subtract, no literal can be wanted.
        let told = |seen: &Seen, tree: &Node| seen.filled.is_none_or(|filled| filled.is_zero() || stands(tree, filled));
        if before.iter().all(|seen| told(seen, &self.tree)) && !after.iter().all(|seen| told(seen, changed)) {
            self.broken("what is filled stands in the body", changed.text().as_bytes(), answer);
        }
    }

    fn in_order(&mut self, changed: &Node, answer: &Value, base: &Value) {
        if sorted(base) && !sorted(answer) {
            self.broken("bars come in order of time", changed.text().as_bytes(), answer);
        }
        if possible(base) && !possible(answer) {
            self.broken("a bar's prices lie between its low and its high", changed.text().as_bytes(), answer);
        }
    }
}

/// The bars of an answer: rows of a time and five numbers.
fn bars(answer: &Value) -> impl Iterator<Item = (i64, [Decimal; 5])> + '_ {
    let bar = |row: &Value| {
        let row = row.as_array().filter(|row| row.len() == 6)?;
        let number = |at: usize| row.get(at)?.as_str()?.parse::<Decimal>().ok();
        Some((row.first()?.as_i64()?, [number(1)?, number(2)?, number(3)?, number(4)?, number(5)?]))
    };
    answer.as_array().into_iter().flatten().filter_map(bar)
}

fn sorted(answer: &Value) -> bool {
    let times: Vec<i64> = bars(answer).map(|(time, _)| time).collect();
    times.windows(2).all(|pair| pair.first() < pair.last())
}

fn possible(answer: &Value) -> bool {
    bars(answer).all(|(_, [open, high, low, close, _])| low <= open && low <= close && open <= high && close <= high)
}

/// Whether a number stands among the leaves.
fn stands(tree: &Node, number: Decimal) -> bool {
    let decimal = |text: String| venue::protocol::wire::decimal(&text).ok();
    let leaves = tree.leaves();
    leaves.iter().filter_map(|(path, _)| tree.at(path)?.scalar().and_then(decimal)).any(|leaf| leaf == number)
}

/// A number that is less and one that is more: of what is filled there can't be more, of what was ordered not less.
fn other_numbers(text: &str) -> Vec<String> {
    let Some(value) = text.parse::<Decimal>().ok().filter(|value| *value > Decimal::ZERO) else { return Vec::new() };
    let times = |factor: Decimal| {
        let other = value.checked_mul(factor)?;
        Some(if value.scale() == 0 { other.ceil() } else { other }.normalize().to_string())
    };
    [times(Decimal::new(75, 2)), times(Decimal::new(2, 0))].into_iter().flatten().collect()
}

fn another_id(text: &str) -> Option<String> {
    let last = text.chars().next_back()?;
    let other = match last {
        '0'..='8' => char::from(u8::try_from(last).ok()?.checked_add(1)?),
        '9' => '0',
        'a' | 'A' => 'b',
        c if c.is_ascii_alphabetic() => 'a',
        _ => return None,
    };
    let kept = text.get(..text.len().checked_sub(last.len_utf8())?)?;
    Some(format!("{kept}{other}"))
}

/// The same number with an exponent.
fn with_exponent(text: &str) -> Option<String> {
    let value: Decimal = text.parse().ok()?;
    let value = value.normalize();
    Some(format!("{}E-{}", value.mantissa(), value.scale()))
}
