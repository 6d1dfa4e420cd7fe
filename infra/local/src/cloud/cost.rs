//! What the desk costs a month: quantities times list prices, in exact decimals.
//!
//! | line | how much of it |
//! |---|---|
//! | Lambda requests | schedules (60 / their minutes an hour), a trade's invocations, API requests |
//! | Lambda time | each invocation's assumed milliseconds times its function's memory |
//! | table reads, writes | an idle hour's and a trade's, both counted by a test, and reads of the API |
//! | SQS requests | long polls of the event sources (they never stop), and three requests a message |
//! | KMS requests | DynamoDB asks for the table's key every five minutes for every role that uses it |
//! | alarms | one a section of the runbook, and one for each further metric of an alarm: metrics are what is billed |
//!
//! Everything else stands in `infra/usage.json` and `infra/prices.json`, which are part of the program.

use boot::resources::Resources;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::Deref;

/// A number of these files: an integer, or a decimal in a string, so that no digit is lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Value")]
pub struct Number(Decimal);

impl Deref for Number {
    type Target = Decimal;

    fn deref(&self) -> &Decimal {
        &self.0
    }
}

impl TryFrom<Value> for Number {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text.parse().map(Self).map_err(|_| format!("{value} is no number"))
    }
}

/// The list of prices.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// What the file is for, and for which region.
    pub about: String,
    /// Of which month the prices are.
    pub as_of: String,
    /// In which currency.
    pub currency: String,
    lines: BTreeMap<String, Price>,
    not_ours: Vec<Addition>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Price {
    what: String,
    unit: String,
    per: Number,
    price: Number,
    free: Number,
}

/// Something the desk does not have, and what it would add.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Addition {
    /// What.
    pub what: String,
    /// How much a month.
    pub price: Number,
}

/// What is used, counted or assumed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Usage {
    #[serde(rename = "about")]
    _about: String,
    idle_hour: Units,
    trade: Units,
    assumed: Assumed,
    standing: Standing,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Units {
    reads: Number,
    writes: Number,
    sends: Number,
    #[serde(default)]
    invocations: Number,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Assumed {
    hours_a_month: Number,
    idle_polls_per_queue_and_minute: Number,
    requests_per_message: Number,
    milliseconds: BTreeMap<String, Number>,
    log_bytes_per_invocation: Number,
    stored_gb: Number,
    metrics_idle: Number,
    metrics_trading: Number,
    key_users: Number,
    api_requests_a_day: Number,
    reads_per_api_request: Number,
    transfer_gb: Number,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Standing {
    dashboards: Number,
    keys: Number,
    secrets: Number,
    second_metrics_of_alarms: Number,
}

/// One line of the estimate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What is paid for.
    pub what: String,
    /// How much of it a month.
    pub quantity: Decimal,
    /// What is free each month.
    pub free: Decimal,
    /// What one unit costs.
    pub price: Decimal,
    /// The unit.
    pub unit: String,
    /// What it comes to.
    pub cost: Decimal,
    /// What it would come to without the free allowance.
    pub cost_without_free: Decimal,
}

/// An estimate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Estimate {
    /// Its lines.
    pub lines: Vec<Line>,
}

impl Estimate {
    /// What all comes to.
    #[must_use]
    pub fn total(&self) -> Decimal {
        self.lines.iter().map(|line| line.cost).sum()
    }

    /// What all would come to in an account whose free allowances others have used up.
    #[must_use]
    pub fn total_without_free(&self) -> Decimal {
        self.lines.iter().map(|line| line.cost_without_free).sum()
    }
}

/// What an estimate is made from.
#[derive(Debug, Clone)]
pub struct Book {
    prices: Prices,
    usage: Usage,
    resources: Resources,
    alarms: usize,
}

const PRICES: &str = include_str!("../../../prices.json");
const USAGE: &str = include_str!("../../../usage.json");
const RUNBOOK: &str = include_str!("../../../runbook.md");
const MINUTES: i64 = 60;
/// Key requests an hour of one role: one every five minutes.
const KEY_REQUESTS: i64 = 12;
const DAYS_TIMES_TEN: i64 = 304;

impl Book {
    /// The project's own.
    ///
    /// # Errors
    /// If a file does not have its shape; a test sees to that it has.
    pub fn read() -> Result<Self, serde_json::Error> {
        let alarms = RUNBOOK.lines().filter(|line| line.starts_with("## ")).count();
        let (prices, usage) = (serde_json::from_str(PRICES)?, serde_json::from_str(USAGE)?);
        Ok(Self { prices, usage, resources: Resources::read()?, alarms })
    }

    /// The prices.
    #[must_use]
    pub const fn prices(&self) -> &Prices {
        &self.prices
    }

    /// What a month costs with so many trades a minute.
    #[must_use]
    pub fn estimate(&self, trades_a_minute: Decimal) -> Estimate {
        let quantities = self.quantities(trades_a_minute);
        let line = |(name, price): (&String, &Price)| {
            let quantity = quantities.get(name.as_str()).copied().unwrap_or_default();
            let of = |quantity: Decimal| cents(quantity * *price.price / *price.per);
            Line {
                what: price.what.clone(),
                quantity,
                free: *price.free,
                price: *price.price,
                unit: price.unit.clone(),
                cost: of((quantity - *price.free).max(Decimal::ZERO)),
                cost_without_free: of(quantity),
            }
        };
        Estimate { lines: self.prices.lines.iter().map(line).collect() }
    }

    /// What the desk does not have, the least first, with what an idle month would then come to.
    #[must_use]
    pub fn additions(&self) -> Vec<(&Addition, Decimal)> {
        let idle = self.estimate(Decimal::ZERO).total();
        self.prices.not_ours.iter().map(|addition| (addition, idle + *addition.price)).collect()
    }

    fn quantities(&self, trades_a_minute: Decimal) -> BTreeMap<&'static str, Decimal> {
        let Usage { idle_hour, trade, assumed, standing, .. } = &self.usage;
        let hours = *assumed.hours_a_month;
        let minutes = hours * Decimal::from(MINUTES);
        let trades = trades_a_minute * minutes;
        let asked = *assumed.api_requests_a_day * Decimal::from(DAYS_TIMES_TEN) / Decimal::TEN;
        let (scheduled, scheduled_time) = self.scheduled(minutes);
        let of_trades = trades * *trade.invocations;
        let invocations = scheduled + of_trades + asked;
        let polls = *assumed.idle_polls_per_queue_and_minute * minutes;
        let fifo = self.resources.queues.iter().filter(|queue| queue.fifo).count();
        let messages = (*idle_hour.sends * hours + trades * *trade.sends) * *assumed.requests_per_message;
        let stored = *assumed.stored_gb;
        BTreeMap::from([
            ("lambda_requests", invocations),
            ("lambda_gb_seconds", scheduled_time + (of_trades + asked) * self.gb_seconds("others")),
            ("table_reads", *idle_hour.reads * hours + trades * *trade.reads + asked * *assumed.reads_per_api_request),
            ("table_writes", *idle_hour.writes * hours + trades * *trade.writes),
            ("table_gb", stored),
            ("recovery_gb", stored),
            ("fifo_requests", polls * Decimal::from(fifo) + messages),
            ("queue_requests", polls * Decimal::from(self.resources.queues.len() - fifo)),
            ("schedules", scheduled),
            ("api_requests", asked),
            ("alarms", Decimal::from(self.alarms) + *standing.second_metrics_of_alarms),
            ("metrics", if trades.is_zero() { *assumed.metrics_idle } else { *assumed.metrics_trading }),
            ("dashboards", *standing.dashboards),
            ("log_gb", invocations * *assumed.log_bytes_per_invocation / Decimal::from(1_000_000_000)),
            ("keys", *standing.keys),
            ("key_requests", *assumed.key_users * Decimal::from(KEY_REQUESTS) * hours),
            ("secrets", *standing.secrets),
            ("transfer_gb", *assumed.transfer_gb),
        ])
    }

    /// How often schedules come due in so many minutes, and the GB-seconds that takes.
    fn scheduled(&self, minutes: Decimal) -> (Decimal, Decimal) {
        let (mut all, mut time) = (Decimal::ZERO, Decimal::ZERO);
        for schedule in &self.resources.schedules {
            let times = minutes * Decimal::from(MINUTES) / Decimal::from(schedule.every_s.max(1));
            all += times;
            time += times * self.gb_seconds(&schedule.function);
        }
        (all, time)
    }

    /// The GB-seconds of one invocation.
    fn gb_seconds(&self, function: &str) -> Decimal {
        let known = &self.usage.assumed.milliseconds;
        let milliseconds = *known.get(function).or_else(|| known.get("others")).copied().unwrap_or_default();
        let found = self.resources.functions.iter().find(|f| f.name == function);
        let memory = found.or_else(|| self.resources.functions.first()).map_or(0, |f| f.memory_mb);
        milliseconds / Decimal::ONE_THOUSAND * Decimal::from(memory) / Decimal::from(1024)
    }
}

fn cents(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_month_costs_less_than_five_dollars_and_every_line_adds_up() {
        let book = Book::read().unwrap();
        let idle = book.estimate(Decimal::ZERO);
        assert!(idle.total() <= Decimal::from(5), "{}", idle.total());
        let busy = book.estimate(Decimal::ONE);
        assert!(busy.total() > idle.total() && busy.total_without_free() > busy.total());
        for line in &busy.lines {
            assert!(line.quantity > Decimal::ZERO, "{}: nothing is counted", line.what);
            assert!(line.cost >= Decimal::ZERO && line.cost <= line.cost_without_free, "{line:?}");
        }
        let sum: Decimal = idle.lines.iter().map(|line| line.cost).sum();
        assert_eq!(sum, idle.total());
    }

    #[test]
    fn every_price_has_its_quantity_and_every_quantity_its_price() {
        let book = Book::read().unwrap();
        let counted: Vec<&str> = book.quantities(Decimal::ONE).into_keys().collect();
        let priced: Vec<&str> = book.prices.lines.keys().map(String::as_str).collect();
        assert_eq!(counted, priced);
    }

    #[test]
    fn schedules_and_alarms_are_counted_from_what_is_deployed() {
        let book = Book::read().unwrap();
        let quantities = book.quantities(Decimal::ZERO);
        // Three once a minute and one every five, for 43,800 minutes.
        assert_eq!(quantities.get("schedules"), Some(&Decimal::from(140_160)));
        assert_eq!(quantities.get("alarms"), Some(&Decimal::from(29)));
        assert_eq!(book.additions().first().map(|(first, _)| *first.price), Some(Decimal::new(50, 2)));
    }
}
