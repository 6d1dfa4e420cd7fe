//! Mutants: the desk broken on purpose, one way each, to see that the simulator notices.
//!
//! A mutant lives at the ports: it shows a handler another world (a lock that has expired, a clock read once), or does
//! something else with what the handler asks (drops a condition, sends a request again). So the handlers that are tested are
//! the handlers that run, and no line of them is compiled differently. What a mutant does is what a handler without the
//! safeguard would do.

use desk::fill::Fill;
use desk::ledger::LedgerAccount;
use desk::money::Amount;
use desk::order::{Order, State};
use desk::port::{Condition, Item, Key, Row, Write, decode};
use desk::risk::{Kill, KillState, Reservation};
use desk::time::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

macro_rules! mutants {
    ($($(#[$doc:meta])* $mutant:ident $name:literal $invariant:literal,)*) => {
        /// A way in which the desk is broken.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Mutant { $($(#[$doc])* $mutant,)* }

        impl Mutant {
            /// Every mutant.
            pub const ALL: &[Self] = &[$(Self::$mutant,)*];

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$mutant => $name,)* }
            }

            /// The invariant whose safeguard it takes away.
            #[must_use]
            pub const fn breaks(self) -> &'static str {
                match self { $(Self::$mutant => $invariant,)* }
            }
        }
    };
}

mutants! {
    /// Reconciliation never comes due.
    NoReconciliation "no-reconciliation" "I1",
    /// A claim is written whatever has become of the order since it was read.
    ClaimNotFenced "claim-not-fenced" "I2",
    /// A POST that fails is sent again.
    PostAgain "post-again-on-5xx" "I2",
    /// A claim counts for some seconds only, as a lock with an expiry does.
    ExpiringLock "expiring-lock" "I2",
    /// The client id is a new one for each request.
    RandomId "client-id-not-derived" "I3",
    /// Risk does not see that other hands trade.
    FreezeIgnored "freeze-ignored" "I3",
    /// Absence counts as proven at once.
    NoGrace "no-grace" "I4",
    /// Only the order endpoint is asked.
    SingleSource "single-source" "I4",
    /// The instant of asking is taken when the answer is there.
    AskedAfter "asked-at-after-the-answer" "I4",
    /// The other side of a fee is not posted.
    FeeForgotten "fee-posting-forgotten" "I5",
    /// Amounts go through floating point.
    Float "amounts-in-floating-point" "I5",
    /// A booking leaves the position to somebody else.
    PositionApart "position-outside-the-transaction" "I6",
    /// Headroom is read, compared and written without a condition.
    ReadThenWrite "read-then-write-exposure" "I7",
    /// An order whose outcome is unknown gives its reservation back.
    ReleaseOnTimeout "release-on-timeout" "I8",
    /// What is given back is given back twice.
    DoubleRelease "double-release" "I8",
    /// A fill is booked under the name of its order.
    FillByOrder "fill-keyed-by-order" "I9",
    /// Rows of orders are written whatever has become of them.
    UnconditionalOrder "unconditional-write-of-orders" "I10",
    /// Risk's answer depends on the clock of the wall.
    WallClock "wall-clock-in-a-signal" "I11",
    /// The age of data is not looked at.
    NoAgeCheck "stale-candle-accepted" "I12",
    /// The kill switch is looked at by risk, and by nobody behind it.
    KillAtRiskOnly "kill-flag-only-at-risk" "I13",
    /// A kill sweeps once.
    OneSweep "one-cancel-sweep" "I13",
    /// The time between claim and POST is not looked at.
    NoGapCheck "no-gap-check" "I13",
    /// A kill switch that can't be read counts as off.
    FailOpen "kill-fails-open" "I14",
    /// One person lifts a kill.
    OneLifts "kill-lifted-by-one" "I14",
    /// A message is taken off its queue before it is handled.
    AckFirst "ack-before-commit" "I15",
    /// Of a group only the message that failed goes back.
    OnlyTheFailed "only-the-failed-one-returned" "I16",
    /// A cursor is moved whatever has become of it.
    UnconditionalCursor "unconditional-write-of-cursors" "I17",
    /// An own earlier success counts as somebody else's.
    OwnSuccess "own-success-a-conflict" "I18",
    /// One row of a transaction that stands there already counts as the whole of it.
    AnyRow "success-by-any-row" "I18",
    /// Credentials show themselves in a log.
    Secret "secret-in-a-debug" "I20",
    /// What reconciliation finds is only written down.
    OnlyLogged "mismatch-only-logged" "I21",
    /// Absence is proven by the local clock.
    LocalClock "local-clock-for-absence" "I22",
    /// By how much the clocks differ is not looked at.
    NoDriftCheck "clock-drift-not-looked-at" "I22",
}

/// For how long the expiring lock holds.
const LOCK_MS: i64 = 3_000;

fn in_json<R: Row + Serialize>(row: &R) -> Option<String> {
    serde_json::to_string(&serde_json::json!({ "v": R::VERSION, "row": row })).ok()
}

fn is_order(key: &Key) -> bool {
    key.pk.starts_with("ORDER#") && key.sk == "ORDER"
}

fn order_in(write: &Write) -> Option<Order> {
    match write {
        Write::Put { item, .. } if is_order(&item.key) => decode(item).ok(),
        Write::Put { .. } | Write::Add { .. } | Write::Delete { .. } | Write::Check { .. } => None,
    }
}

impl Mutant {
    /// An item as this mutant's handlers see it.
    #[must_use]
    pub fn reads(self, actor: &str, mut item: Item, now: Timestamp) -> Item {
        if self == Self::ExpiringLock && actor == "order-placement" && is_order(&item.key) {
            let Ok(mut order) = decode::<Order>(&item) else { return item };
            let expired = order.claim.as_ref().is_some_and(|claim| now.ms_since(claim.claimed_at) > LOCK_MS);
            if order.state.is_unsettled() && expired {
                (order.state, order.claim) = (State::Approved, None);
                order.history.truncate(1);
                item.body = in_json(&order).unwrap_or(item.body);
            }
        }
        if self == Self::KillAtRiskOnly && actor == "order-placement" && item.key.sk == "KILL" {
            let Ok(kill) = decode::<KillState>(&item) else { return item };
            item.body = in_json(&KillState { kill: Kill::Live, ..kill }).unwrap_or(item.body);
        }
        item
    }

    /// A list of items as this mutant's handlers see it.
    #[must_use]
    pub fn lists(self, actor: &str, mut items: Vec<Item>) -> Vec<Item> {
        if self == Self::FreezeIgnored && actor == "risk-validation" {
            items.retain(|item| !item.key.sk.starts_with("FREEZE"));
        }
        items
    }

    /// Whether a read that failed counts as a switch that is off; then this is it.
    #[must_use]
    pub fn instead_of_nothing(self, key: &Key) -> Option<Item> {
        if self != Self::FailOpen || key.sk != "KILL" {
            return None;
        }
        let body = in_json(&KillState { epoch: 1, kill: Kill::Live })?;
        Some(Item { key: key.clone(), version: 1, body, counters: BTreeMap::new() })
    }

    /// A transaction as this mutant's handlers write it.
    #[must_use]
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other mutants write as the desk does")]
    pub fn writes(self, actor: &str, mut writes: Vec<Write>, current: impl Fn(&Key) -> Option<Item>) -> Vec<Write> {
        let unconditional = |writes: &mut Vec<Write>, of: &dyn Fn(&Write) -> bool| {
            for write in writes.iter_mut().filter(|write| of(write)) {
                if let Write::Put { item, condition: condition @ Condition::Version(_) } = write
                    && let Some(there) = current(&item.key)
                {
                    (*condition, item.version) = (Condition::Version(there.version), there.version + 1);
                }
            }
        };
        let claims = |write: &Write| order_in(write).is_some_and(|order| order.state == State::Claimed);
        match self {
            Self::ClaimNotFenced => unconditional(&mut writes, &claims),
            Self::ExpiringLock if actor == "order-placement" => unconditional(&mut writes, &claims),
            Self::UnconditionalOrder => unconditional(&mut writes, &|write| is_order(write.key())),
            Self::UnconditionalCursor => unconditional(&mut writes, &|write| write.key().sk == "CURSOR"),
            Self::KillAtRiskOnly if actor == "order-placement" => writes.retain(|write| write.key().sk != "KILL"),
            Self::FailOpen => writes.retain(|w| !matches!(w, Write::Check { key, .. } if key.sk == "KILL")),
            Self::FeeForgotten => writes.retain(|write| !is_fee(write.key())),
            Self::PositionApart => writes.retain(|write| !write.key().sk.starts_with("POSITION#")),
            Self::Float => writes.iter_mut().for_each(|write| in_float(write, &current)),
            Self::OneLifts => writes.iter_mut().for_each(lifted),
            Self::ReadThenWrite => writes.iter_mut().for_each(|write| {
                if let Write::Add { at_least, .. } = write {
                    at_least.clear();
                }
            }),
            Self::DoubleRelease => twice(&mut writes),
            Self::ReleaseOnTimeout => released(&mut writes),
            Self::WallClock => dated(&mut writes),
            _ => {}
        }
        writes
    }

    /// A fill as this mutant names it.
    #[must_use]
    pub fn names(self, mut fill: Fill) -> Fill {
        if self == Self::FillByOrder
            && let Ok(trade) = desk::id::TradeId::new(fill.order.to_string())
        {
            fill.trade = trade;
        }
        fill
    }
}

fn is_fee(key: &Key) -> bool {
    key.sk.starts_with(&format!("BALANCE#{}#", LedgerAccount::Fees.name()))
}

/// Adds to a balance as a sum of floats would.
fn in_float(write: &mut Write, current: &impl Fn(&Key) -> Option<Item>) {
    let Write::Add { key, deltas, .. } = write else { return };
    if !key.sk.starts_with("BALANCE#") {
        return;
    }
    let there = current(key).map(|item| item.counters).unwrap_or_default();
    let float = |amount: Amount| amount.to_string().parse::<f64>().ok();
    for (name, delta) in deltas.iter_mut() {
        let before = there.get(name).copied().unwrap_or_default();
        let sum = float(before).zip(float(*delta)).map(|(a, b)| format!("{:.15}", a + b));
        let sum = sum.and_then(|text| text.parse::<Amount>().ok());
        *delta = sum.and_then(|sum| sum.minus(before).ok()).unwrap_or(*delta);
    }
}

/// Lifts a kill with the first request to lift it.
fn lifted(write: &mut Write) {
    if let Write::Put { item, .. } = write
        && item.key.sk == "KILL"
        && let Ok(state) = decode::<KillState>(item)
        && matches!(state.kill, Kill::Killed { unkill: Some(_), .. })
    {
        item.body = in_json(&KillState { kill: Kill::Live, ..state }).unwrap_or_else(|| item.body.clone());
    }
}

/// Gives back twice what an order's end gives back.
fn twice(writes: &mut [Write]) {
    let ends = writes.iter().filter_map(order_in).any(|order| order.state.is_terminal());
    for write in writes.iter_mut().filter(|_| ends) {
        if let Write::Add { key, deltas, .. } = write
            && key.sk.starts_with("HEADROOM")
        {
            deltas.values_mut().for_each(|delta| *delta = delta.plus(*delta).unwrap_or(*delta));
        }
    }
}

/// Gives a reservation back with the loss of an answer.
fn released(writes: &mut Vec<Write>) {
    let lost = writes.iter().filter_map(order_in).find(|order| order.state == State::Unknown);
    let Some(mut order) = lost.filter(|order| order.reserved != Reservation::NONE) else { return };
    let held = std::mem::replace(&mut order.reserved, Reservation::NONE);
    let (account, symbol) = (&order.intent.account, &order.intent.symbol);
    let slots = if held.slot { Amount::ONE } else { Amount::ZERO };
    let add = |key: Key, pairs: &[(&str, Amount)]| Write::Add {
        key,
        deltas: pairs.iter().map(|(name, amount)| ((*name).to_owned(), *amount)).collect(),
        at_least: BTreeMap::new(),
    };
    writes.push(add(store::keys::headroom(account), &[("cash", held.cash), ("slots", slots)]));
    writes.push(add(store::keys::symbol_headroom(account, symbol), &[("exposure", held.exposure)]));
    for write in writes {
        if let Write::Put { item, .. } = write
            && is_order(&item.key)
        {
            item.body = in_json(&order).unwrap_or_else(|| item.body.clone());
        }
    }
}

/// Lets a signal's numbers depend on who writes it, as the time of the wall would.
fn dated(writes: &mut [Write]) {
    for write in writes {
        if let Write::Put { item, .. } = write
            && item.key.pk.starts_with("SIGNAL#")
        {
            item.body = item.body.replace("\"was_up\":\"", "\"was_up\":\"~");
        }
    }
}
