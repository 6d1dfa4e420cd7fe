//! Request weights by address, unfilled order counts by account, 429 and 418.

use super::call::HttpAnswer;
use crate::engine::refusal::Refusal;
use crate::engine::types::{AccountId, Ms};
use std::collections::BTreeMap;

const MINUTE: Ms = 60_000;
const TEN_SECONDS: Ms = 10_000;
const DAY: Ms = 86_400_000;

/// The limits, and what was used of them.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Weight in a minute.
    pub weight_max: u32,
    /// Orders in ten seconds.
    pub orders_10s_max: u32,
    /// Orders in a day.
    pub orders_1d_max: u32,
    /// How many requests may follow a 429 before the address is banned.
    pub patience: u32,
    /// How long a ban lasts, in milliseconds.
    pub ban_ms: Ms,
    addresses: BTreeMap<String, Address>,
    accounts: BTreeMap<AccountId, Orders>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Address {
    minute: Ms,
    used: u32,
    ignored: u32,
    banned_until: Option<Ms>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Orders {
    ten_seconds: (Ms, u32),
    day: (Ms, u32),
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            weight_max: 6_000,
            orders_10s_max: 100,
            orders_1d_max: 200_000,
            patience: 10,
            ban_ms: 120_000,
            addresses: BTreeMap::new(),
            accounts: BTreeMap::new(),
        }
    }
}

impl Limits {
    /// Limits that nobody reaches, to measure with.
    #[must_use]
    pub fn none() -> Self {
        Self { weight_max: u32::MAX, orders_10s_max: u32::MAX, orders_1d_max: u32::MAX, ..Self::default() }
    }

    /// Counts a request; the answer is the weight used in this minute.
    ///
    /// # Errors
    /// The 429 or 418 to answer.
    pub fn spend(&mut self, address: &str, weight: u32, now: Ms) -> Result<u32, HttpAnswer> {
        let (most, patience, ban_ms) = (self.weight_max, self.patience, self.ban_ms);
        let entry = self.addresses.entry(address.to_owned()).or_default();
        if let Some(until) = entry.banned_until {
            if now < until {
                return Err(banned(until, now));
            }
            *entry = Address::default();
        }
        let minute = now.div_euclid(MINUTE);
        if entry.minute != minute {
            *entry = Address { minute, ..Address::default() };
        }
        entry.used = entry.used.saturating_add(weight);
        if entry.used <= most {
            return Ok(entry.used);
        }
        entry.ignored += 1;
        if entry.ignored > patience {
            let until = now + ban_ms;
            entry.banned_until = Some(until);
            return Err(banned(until, now));
        }
        Err(too_many(&format!("{most} request weight per 1 MINUTE"), (minute + 1) * MINUTE - now)
            .with("X-MBX-USED-WEIGHT-1M", entry.used.to_string()))
    }

    /// Counts orders; the answer is the counts of ten seconds and of the day.
    ///
    /// # Errors
    /// The 429 to answer.
    pub fn order(&mut self, account: AccountId, count: u32, now: Ms) -> Result<(u32, u32), HttpAnswer> {
        let (short, long) = (self.orders_10s_max, self.orders_1d_max);
        let entry = self.roll(account, now);
        for ((_, used), most, name, length) in
            [(entry.ten_seconds, short, "10 SECOND", TEN_SECONDS), (entry.day, long, "1 DAY", DAY)]
        {
            if used.saturating_add(count) > most {
                let refusal =
                    Refusal::new(-1015, format!("Too many new orders; current limit is {most} orders per {name}."));
                let wait = length - now.rem_euclid(length);
                return Err(HttpAnswer::refusal(429, &refusal).with("Retry-After", seconds(wait)));
            }
        }
        entry.ten_seconds.1 += count;
        entry.day.1 += count;
        Ok((entry.ten_seconds.1, entry.day.1))
    }

    /// An order that traded does not count.
    pub fn traded(&mut self, account: AccountId, count: u32, now: Ms) {
        let entry = self.roll(account, now);
        entry.ten_seconds.1 = entry.ten_seconds.1.saturating_sub(count);
        entry.day.1 = entry.day.1.saturating_sub(count);
    }

    /// The counts of ten seconds and of the day.
    pub fn counts(&mut self, account: AccountId, now: Ms) -> (u32, u32) {
        let entry = self.roll(account, now);
        (entry.ten_seconds.1, entry.day.1)
    }

    fn roll(&mut self, account: AccountId, now: Ms) -> &mut Orders {
        let entry = self.accounts.entry(account).or_default();
        for ((window, used), length) in [(&mut entry.ten_seconds, TEN_SECONDS), (&mut entry.day, DAY)] {
            if *window != now.div_euclid(length) {
                (*window, *used) = (now.div_euclid(length), 0);
            }
        }
        entry
    }
}

/// 429.
#[must_use]
pub fn too_many(limit: &str, wait: Ms) -> HttpAnswer {
    let text = format!(
        "Too much request weight used; current limit is {limit}. Please use WebSocket Streams for live updates to avoid polling the API."
    );
    HttpAnswer::refusal(429, &Refusal::new(-1003, text)).with("Retry-After", seconds(wait))
}

/// 418.
#[must_use]
pub fn banned(until: Ms, now: Ms) -> HttpAnswer {
    let text = format!(
        "Way too much request weight used; IP banned until {until}. Please use WebSocket Streams for live updates to avoid bans."
    );
    HttpAnswer::refusal(418, &Refusal::new(-1003, text)).with("Retry-After", seconds(until - now))
}

fn seconds(ms: Ms) -> String {
    ((ms + 999) / 1_000).max(1).to_string()
}
