//! How the exchange misbehaves: a value that can be exchanged at run time, and the plan drawn from it for a request.
//!
//! Each draw is a hash of the seed, the rule and the rule's visit number, not a number from one stream: a rule more
//! does not move the others' draws. What fired is counted by name, so that a test can demand that it did.

mod twist;

pub use twist::{tamper, wrong_order};

use crate::api::call::Method;
use crate::engine::flow::Dice;
use crate::engine::types::Ms;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Always, in parts per million.
pub const ALWAYS: u32 = 1_000_000;

/// Everything that can go wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Of all chances.
    pub seed: u64,
    /// What happens to requests; several may meet one request.
    pub rules: Vec<Rule>,
    /// How the exchange itself is.
    pub venue: Venue,
    /// What happens to streams.
    pub stream: Stream,
}

/// Which requests a fault is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Only this method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Only this path, exactly; every path of the exchange, when empty.
    #[serde(default)]
    pub path: String,
    /// In parts per million.
    #[serde(default = "always")]
    pub chance_ppm: u32,
    /// So many requests that fit are let pass first.
    #[serde(default)]
    pub skip: u32,
    /// After having fired so often, never again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// What happens.
    #[serde(flatten)]
    pub fault: Fault,
}

const fn always() -> u32 {
    ALWAYS
}

impl Rule {
    /// The next request of this kind, once.
    #[must_use]
    pub fn once(method: &str, path: &str, fault: Fault) -> Self {
        Self { times: Some(1), ..Self::each(method, path, fault) }
    }

    /// Every request of this kind.
    #[must_use]
    pub fn each(method: &str, path: &str, fault: Fault) -> Self {
        let method = (!method.is_empty()).then(|| method.to_owned());
        Self { method, path: path.to_owned(), chance_ppm: ALWAYS, skip: 0, times: None, fault }
    }
}

/// What happens to a request. `acted`: whether the engine has done what was asked before the fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// It never arrives; the connection is silent, then closed.
    RequestLost {
        /// How long it is silent.
        hang_ms: u64,
    },
    /// It is done, and the answer never comes.
    ResponseLost {
        /// How long the connection is silent, before it is closed.
        hang_ms: u64,
    },
    /// It arrives late.
    DelayBefore {
        /// By so much.
        ms: u64,
    },
    /// It waits between the door and the engine: the second check of the timestamp is for this.
    DelayEngine {
        /// For so long.
        ms: u64,
    },
    /// It is done, and the answer comes late.
    DelayAfter {
        /// By so much.
        ms: u64,
    },
    /// A bare status (5xx) with an empty JSON object.
    Status {
        /// The status.
        status: u16,
        /// Whether it was done.
        acted: bool,
    },
    /// An error body: -1006, -1007, or an error inside HTTP 200.
    Error {
        /// The status.
        status: u16,
        /// The code.
        code: i32,
        /// The sentence.
        msg: String,
        /// Whether it was done.
        acted: bool,
    },
    /// A gateway's HTML page.
    Page {
        /// The status.
        status: u16,
        /// Whether it was done.
        acted: bool,
    },
    /// A body of one's own, with status 200: no JSON, or not the expected one.
    Body {
        /// The body.
        body: String,
        /// Whether it was done.
        acted: bool,
    },
    /// Half of the answer's body, then the connection is closed.
    Truncated {},
    /// A body without an end.
    Endless {},
    /// The connection is reset.
    Reset {
        /// Whether it was done.
        acted: bool,
    },
    /// A redirect.
    Redirect {
        /// 307, 302, ...
        status: u16,
        /// To where.
        location: String,
        /// Whether it was done.
        acted: bool,
    },
    /// 429 with Retry-After.
    TooManyRequests {
        /// Seconds.
        retry_after_s: u32,
    },
    /// 418 with Retry-After.
    Banned {
        /// Seconds.
        retry_after_s: u32,
    },
    /// The answer is about another order: other ids.
    WrongOrder {},
    /// A field of the answer is replaced, or removed (null).
    Tamper {
        /// Its name, at the answer's top or in each of its rows.
        field: String,
        /// Its new value.
        value: Value,
    },
    /// The answer says NEW; the order is rejected afterwards.
    RejectAfterAck {
        /// How long after.
        delay_ms: u64,
    },
    /// Just before a cancel acts, its order is filled.
    FillBeforeCancel {},
}

impl Fault {
    /// Whether it only takes time: several may add up.
    #[must_use]
    pub const fn is_delay(&self) -> bool {
        matches!(self, Self::DelayBefore { .. } | Self::DelayEngine { .. } | Self::DelayAfter { .. })
    }

    /// Its name, under which it is counted.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::RequestLost { .. } => "request_lost",
            Self::ResponseLost { .. } => "response_lost",
            Self::DelayBefore { .. } => "delay_before",
            Self::DelayEngine { .. } => "delay_engine",
            Self::DelayAfter { .. } => "delay_after",
            Self::Status { .. } => "status",
            Self::Error { .. } => "error",
            Self::Page { .. } => "page",
            Self::Body { .. } => "body",
            Self::Truncated {} => "truncated",
            Self::Endless {} => "endless",
            Self::Reset { .. } => "reset",
            Self::Redirect { .. } => "redirect",
            Self::TooManyRequests { .. } => "too_many_requests",
            Self::Banned { .. } => "banned",
            Self::WrongOrder {} => "wrong_order",
            Self::Tamper { .. } => "tamper",
            Self::RejectAfterAck { .. } => "reject_after_ack",
            Self::FillBeforeCancel {} => "fill_before_cancel",
        }
    }
}

/// How the exchange itself is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Venue {
    /// How far its clock is off, in milliseconds; a change is a jump.
    pub clock_drift_ms: Ms,
    /// How long an order is not found by its id or name, in milliseconds.
    pub query_lag_ms: Ms,
    /// How long orders and fills are missing from lists, in milliseconds.
    pub lists_lag_ms: Ms,
    /// No order is found by its id or name.
    pub forgets_orders: bool,
    /// Lists of orders and fills are empty.
    pub empty_lists: bool,
    /// How old a book's snapshot may be, in milliseconds.
    pub snapshot_age_ms: Ms,
    /// Nothing but 503, and no streams.
    pub maintenance: bool,
}

impl Venue {
    /// Whether an order of this age is found.
    #[must_use]
    pub const fn answers_for(&self, placed_at: Ms, now: Ms) -> bool {
        !self.forgets_orders && now - placed_at >= self.query_lag_ms
    }

    /// Whether an order or fill of this age is listed.
    #[must_use]
    pub const fn lists(&self, at: Ms, now: Ms) -> bool {
        !self.empty_lists && now - at >= self.lists_lag_ms
    }
}

/// What happens to streams. Chances are per message and connection, in parts per million.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Stream {
    /// A user event is sent twice.
    pub duplicate_ppm: u32,
    /// A user event is sent after the next one.
    pub reorder_ppm: u32,
    /// A user event is not sent.
    pub drop_ppm: u32,
    /// A depth message is not sent: a gap.
    pub depth_gap_ppm: u32,
    /// A depth message is sent twice.
    pub depth_duplicate_ppm: u32,
    /// A depth message is sent after the next one.
    pub depth_reorder_ppm: u32,
    /// Any other market message is not sent.
    pub drop_market_ppm: u32,
    /// A message is preceded by a frame that is no JSON.
    pub garbage_ppm: u32,
    /// A message is preceded by a text frame of so many bytes.
    pub huge_bytes: u32,
    /// User events are late, in milliseconds: after the answers of requests that came later.
    pub delay_ms: u64,
    /// So many pings every 100 ms.
    pub ping_flood: u32,
    /// Open, and silent: nothing is sent, pings are not answered.
    pub silence: bool,
    /// Closed after so many messages; 0 is never.
    pub disconnect_after: u32,
    /// New connections are refused with 503.
    pub refuse: bool,
}

/// What is to happen to one request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Before it arrives, in milliseconds.
    pub before_ms: u64,
    /// Before the engine, in milliseconds.
    pub engine_ms: u64,
    /// Before the answer, in milliseconds.
    pub after_ms: u64,
    /// And this, at most one.
    pub twist: Option<Fault>,
}

/// Faults in force, with the count of what fired.
#[derive(Debug, Clone, Default)]
pub struct Draws {
    faults: Faults,
    visits: Vec<(u32, u32)>,
    fired: BTreeMap<String, u64>,
}

impl Draws {
    /// The faults in force.
    #[must_use]
    pub const fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Other faults; the rules' counts begin anew.
    pub fn switch(&mut self, faults: Faults) {
        self.visits = vec![(0, 0); faults.rules.len()];
        self.faults = faults;
    }

    /// More rules, behind those in force.
    pub fn script(&mut self, rules: impl IntoIterator<Item = Rule>) {
        self.faults.rules.extend(rules);
        self.visits.resize(self.faults.rules.len(), (0, 0));
    }

    /// How often each kind has fired.
    #[must_use]
    pub const fn fired(&self) -> &BTreeMap<String, u64> {
        &self.fired
    }

    /// Counts a fault that was drawn elsewhere.
    pub fn count(&mut self, name: &str) {
        *self.fired.entry(name.to_owned()).or_default() += 1;
    }

    /// What is to happen to a request.
    pub fn plan(&mut self, method: Method, path: &str) -> Plan {
        let mut plan = Plan::default();
        for (number, (rule, (visits, fired))) in self.faults.rules.iter().zip(&mut self.visits).enumerate() {
            let fits = rule.method.as_deref().is_none_or(|wanted| wanted == method.text())
                && (rule.path.is_empty() || rule.path == path);
            if !fits || rule.times.is_some_and(|times| *fired >= times) {
                continue;
            }
            if !rule.fault.is_delay() && plan.twist.is_some() {
                continue;
            }
            *visits += 1;
            if *visits <= rule.skip || !drawn(self.faults.seed, number as u64, u64::from(*visits), rule.chance_ppm) {
                continue;
            }
            *fired += 1;
            *self.fired.entry(rule.fault.name().to_owned()).or_default() += 1;
            if let Fault::DelayBefore { ms } = rule.fault {
                plan.before_ms += ms;
            } else if let Fault::DelayEngine { ms } = rule.fault {
                plan.engine_ms += ms;
            } else if let Fault::DelayAfter { ms } = rule.fault {
                plan.after_ms += ms;
            } else {
                plan.twist = Some(rule.fault.clone());
            }
        }
        plan
    }
}

/// Whether the `visit`th chance at a place comes true.
#[must_use]
pub fn drawn(seed: u64, place: u64, visit: u64, chance_ppm: u32) -> bool {
    let mixed = seed ^ place.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ visit.wrapping_mul(0xC2B2_AE3D_27D4_EB4F);
    chance_ppm > 0 && Dice::new(mixed).below(u64::from(ALWAYS)) < u64::from(chance_ppm)
}
