//! The venue of a desk: paper, or an exchange with real money where `desk.json` says `live`.
//!
//! 1. The account's keys stand in the secret of all venues, under a name of their own. They are read once a process, by
//!    functions that may, before the first event.
//! 2. The venue is asked what the key may do. One that may withdraw is refused, always; so is what the venue does not tell,
//!    unless the configuration accepts it.
//! 3. An account that was opened on paper is never traded live: its books are not the venue's.
//! 4. Instruments are the configuration's: a function has no time to load all that an exchange lists.
//!
//! Everything that is sent, candles too, goes through the venue's guard in the table.

use crate::secret;
use crate::start::{CloudVenue, Desk, StartError};
use boot::config::LiveConfig;
use boot::{WallClock, observe};
use desk::port::{Clock, ReadBalances, Table};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::dynamodb::DynamoTable;
use venue::either::Either;
use venue::keys::Env;
use venue::keys::admission::{self, Refusal};
use venue::live::guard::Turn;
use venue::live::{Access, Exchange, Http, LiveSpot, Transport, VenueBars, told_instrument};
use venue::protocol::{Credentials, EndpointClass, Markets, Product, Protocol};
use venue::registry;

/// An exchange with real money.
pub type LiveVenue = LiveSpot<DynamoTable, WallClock, Http>;
/// Where orders go.
pub type TradingVenue = Either<CloudVenue, LiveVenue>;
/// Candles over HTTP.
pub type CloudBars = VenueBars<DynamoTable, WallClock, Http>;

/// An account's keys, as they stand in the secret.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    key: String,
    secret: String,
    #[serde(default)]
    passphrase: Option<String>,
}

impl Desk {
    /// The paper venue, if that is where the desk trades.
    #[must_use]
    pub fn paper(&self) -> Option<CloudVenue> {
        self.config.live.is_none().then(|| self.paper_venue())
    }

    /// Where the desk trades. Reads the keys and has the venue judge them, if that is an exchange.
    ///
    /// # Errors
    /// [`StartError`]: the secret can't be read, or the keys in it may not be used.
    pub async fn trading(&self) -> Result<TradingVenue, StartError> {
        let Some(live) = &self.config.live else { return Ok(Either::Paper(self.paper_venue())) };
        let fault = |reason: String| StartError::Live { venue: self.config.venue.to_string(), reason };
        let account = &self.config.account;
        let on_paper = self.paper_venue().balances(account).await.map_err(|e| fault(e.to_string()))?;
        if !on_paper.is_empty() {
            return Err(fault(format!("the account {account} was opened on paper; give the live one another name")));
        }
        let protocol = self.protocol()?;
        let name = self.environment.required(&self.resources.environment.venue_keys);
        self.environment.check()?;
        let http = Http::new().map_err(fault)?;
        let text = secret::read(&self.aws, &http, &name, self.clock.now()).await.map_err(fault)?;
        let credentials = credentials(&text, &name, &live.keys, protocol.capabilities().venue).map_err(fault)?;
        let access = Access { test: live.test, credentials: Some(credentials.clone()), ..Access::default() };
        let exchange = self.exchange(protocol, access, http);
        let admitted = admitted(&exchange, live).await;
        // A server may repeat what it was sent.
        admitted.map_err(|reason| fault(credentials.hidden_in(&reason)))?;
        let scope = exchange.account_scope().await;
        let scope = scope.map_err(|reason| fault(credentials.hidden_in(&reason.to_string())))?;
        Ok(Either::Live(LiveSpot::new(self.config.venue.clone(), Arc::new(exchange), scope)))
    }

    /// Where candles are pulled from: the venue that is traded at, and Binance for the paper venue, which follows them.
    ///
    /// # Errors
    /// [`StartError`] if the environment does not say, or no client can be made.
    pub fn bars(&self) -> Result<CloudBars, StartError> {
        let protocol = self.protocol()?;
        let test = self.config.live.as_ref().is_some_and(|live| live.test);
        let mut access = Access { test, ..Access::default() };
        // The address in the environment speaks Binance, and of the real market; others have their own.
        if protocol.capabilities().venue == "binance" && !test {
            let base = self.environment.required(&self.resources.environment.market_data_url);
            self.environment.check()?;
            access.origins.insert("*".to_owned(), base);
        }
        let http = Http::new().map_err(StartError::Candles)?;
        Ok(VenueBars::new(Arc::new(self.exchange(protocol, access, http))))
    }

    fn protocol(&self) -> Result<&'static dyn Protocol, StartError> {
        let venue = self.config.venue.to_string();
        let found = registry::of_candles(&venue).map(|adapter| adapter.protocol);
        let spot = found.filter(|protocol| protocol.capabilities().products.contains(&Product::Spot));
        spot.ok_or_else(|| StartError::Live { venue, reason: "it has no spot markets here".to_owned() })
    }

    fn exchange(
        &self,
        protocol: &'static dyn Protocol,
        access: Access,
        http: Http,
    ) -> Exchange<DynamoTable, WallClock, Http> {
        let exchange = Exchange::new(protocol, access, self.store.table().clone(), self.clock, http, seed(), turned);
        let traded = self.config.markets.iter().map(|market| told_instrument(&market.instrument));
        exchange.set_markets(Markets::new(traded));
        exchange
    }
}

/// A number that no other process has: it only tells writers of a row apart.
fn seed() -> u64 {
    let hex = crate::random_hex();
    hex.get(..16).and_then(|part| u64::from_str_radix(part, 16).ok()).unwrap_or_default()
}

/// Says that a breaker has turned.
fn turned(venue: &'static str, class: EndpointClass, turn: Turn) {
    observe::breaker(venue, &format!("{class:?}").to_lowercase(), turn == Turn::Opened);
}

/// The keys of that name in the text of the secret. What is wrong is said without repeating anything of it.
fn credentials(text: &str, secret: &str, name: &str, venue: &'static str) -> Result<Credentials, String> {
    let form = format!(
        r#"write {{"{name}":{{"key":"…","secret":"…"}}}} into it, with a "passphrase" where the venue has one"#
    );
    let all: BTreeMap<String, Value> =
        serde_json::from_str(text).map_err(|_| format!("the secret {secret} is no JSON object; {form}"))?;
    let entry = all.get(name).ok_or_else(|| format!("the secret {secret} has no entry {name:?}; {form}"))?;
    let wrong = |_| format!("the entry {name:?} of the secret {secret} has not its form; {form}");
    let Words { key, secret, passphrase } = Words::deserialize(entry).map_err(wrong)?;
    Credentials::new(venue, key, secret, passphrase).map_err(|e| e.to_string())
}

/// Whether the venue lets the key trade, and nothing worse.
async fn admitted<T: Table, C: Clock, X: Transport>(
    exchange: &Exchange<T, C, X>,
    live: &LiveConfig,
) -> Result<(), String> {
    // Signed requests carry the venue's time.
    exchange.measure_clock().await.map_err(|e| e.to_string())?;
    let told = exchange.key_permissions().await.map_err(|e| e.to_string())?;
    match admission::admit(&told, Env::Live, live.accept_unknown_permissions, exchange.now()) {
        Ok(_) => Ok(()),
        Err(refusal @ Refusal::Untold(_)) => {
            Err(format!("{refusal} (on AWS: `accept_unknown_permissions` of `live` in desk.json)"))
        }
        Err(refusal) => Err(refusal.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use venue::binance::Binance;
    use venue::live::Alone;
    use venue::live::transport::SendFault;
    use venue::protocol::{Reply, Request};

    const TEXT: &str = r#"{"unused":"r4nd0m","main":{"key":"the-key","secret":"canary-1"},"odd":{"key":"the-key","scret":"canary-2"},
        "bare":"canary-3","left":{"key":"changeme","secret":"canary-4"},"okx":{"key":"k","secret":"s","passphrase":"p"}}"#;

    fn of(name: &str) -> Result<Credentials, String> {
        credentials(TEXT, "desk/venue-keys", name, "binance")
    }

    #[test]
    fn keys_are_found_by_their_name_and_faults_repeat_nothing_of_the_secret() {
        let main = of("main").unwrap_or_else(|e| panic!("{e}"));
        assert_eq!((main.key(), main.secret(), main.passphrase()), ("the-key", "canary-1", None));
        assert_eq!(of("okx").unwrap_or_else(|e| panic!("{e}")).passphrase(), Some("p"));
        for (name, says) in
            [("gone", "no entry"), ("odd", "not its form"), ("bare", "not its form"), ("left", "placeholder")]
        {
            let fault = of(name).err().unwrap();
            assert!(fault.contains(says) && !fault.contains("canary"), "{name}: {fault}");
        }
        let fault = credentials("canary", "desk/venue-keys", "main", "binance").err().unwrap();
        assert!(fault.contains("no JSON object") && !fault.contains("canary"), "{fault}");
    }

    /// Tells the time, and what a key may do.
    struct Told(&'static str);

    impl Transport for Told {
        async fn send(&self, _: &str, request: &Request, _: Duration) -> Result<Reply, SendFault> {
            let time = format!(r#"{{"serverTime":{}}}"#, WallClock.now().ms());
            Ok(Reply::new(200, if request.target.ends_with("/time") { time } else { self.0.to_owned() }))
        }
    }

    async fn judged(told: &'static str) -> Result<(), String> {
        let credentials = of("main").ok();
        let access = Access { credentials, ..Access::default() };
        let exchange = Exchange::new(&Binance, access, Alone::default(), WallClock, Told(told), 1, turned);
        let live = LiveConfig { keys: "main".to_owned(), test: false, accept_unknown_permissions: true };
        admitted(&exchange, &live).await
    }

    #[tokio::test]
    async fn a_key_that_may_withdraw_is_refused_and_one_that_trades_is_not() {
        let rights = |withdraw: bool, spot: bool| {
            let text = format!(
                r#"{{"ipRestrict":true,"createTime":1,"enableReading":true,"enableWithdrawals":{withdraw},
                "enableSpotAndMarginTrading":{spot},"enableFutures":false,"enableInternalTransfer":false,
                "permitsUniversalTransfer":false,"enableMargin":false,"enableVanillaOptions":false}}"#
            );
            &*text.leak()
        };
        assert_eq!(judged(rights(false, true)).await, Ok(()));
        assert!(judged(rights(true, true)).await.unwrap_err().contains("may withdraw"));
        assert!(judged(rights(false, false)).await.unwrap_err().contains("may not trade"));
        assert!(judged("<html>busy</html>").await.is_err());
    }
}
