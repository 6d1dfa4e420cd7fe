//! A small signing client, and engines to test with.

use aws_lc_rs::hmac;
use rust_decimal::Decimal;
use serde_json::Value;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use venue_sim::api::call::{HttpCall, Method};
use venue_sim::engine::types::{AccountId, Ms};
use venue_sim::exchange::Exchange;
use venue_sim::server::{Config, Listing, Sim, start};

pub(crate) const KEY: &str = "sim-key";
pub(crate) const SECRET: &str = "sim-secret";
pub(crate) const T0: Ms = 1_700_000_000_000;

pub(crate) fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// An exchange with BTCUSDT, and two funded accounts: `sim-key` with commissions of 10 basis points, `other` without.
pub(crate) fn exchange() -> (Exchange, AccountId, AccountId) {
    let mut exchange = Exchange::new();
    exchange.engine.list(Listing::named("BTCUSDT").unwrap().rules).unwrap();
    let rate = Decimal::new(1, 3);
    let mine = exchange.open(KEY, SECRET, rate, rate);
    let other = exchange.open("other", "other-secret", Decimal::ZERO, Decimal::ZERO);
    for account in [mine, other] {
        exchange.engine.fund(account, "USDT", Decimal::from(1_000_000), T0).unwrap();
        exchange.engine.fund(account, "BTC", Decimal::from(10), T0).unwrap();
    }
    exchange.engine.events();
    (exchange, mine, other)
}

pub(crate) fn sign(secret: &str, text: &str) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), text.as_bytes());
    tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A signed request as a value.
pub(crate) fn call(method: Method, path: &str, params: &str, at: Ms) -> HttpCall {
    let query = if params.is_empty() { format!("timestamp={at}") } else { format!("{params}&timestamp={at}") };
    let query = format!("{query}&signature={}", sign(SECRET, &query));
    HttpCall {
        method,
        path: path.to_owned(),
        query,
        body: String::new(),
        key: Some(KEY.to_owned()),
        from: "127.0.0.1".to_owned(),
    }
}

/// The answer to a signed request: status and body.
pub(crate) fn ask(exchange: &mut Exchange, method: Method, path: &str, params: &str, now: Ms) -> (u16, Value) {
    let answer = venue_sim::api::answer(exchange, &call(method, path, params, now), now);
    (answer.status, serde_json::from_str(&answer.body).unwrap_or(Value::Null))
}

pub(crate) fn wall() -> Ms {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// A running exchange without participants, and a client that neither redirects nor retries.
pub(crate) struct Running {
    pub(crate) sim: Sim,
    pub(crate) http: reqwest::Client,
}

impl Running {
    pub(crate) async fn quiet() -> Self {
        Self::new(Config::quiet()).await
    }

    pub(crate) async fn new(config: Config) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(5))
            .no_proxy();
        Self { sim: start(config).await.unwrap(), http: http.build().unwrap() }
    }

    pub(crate) async fn send(&self, method: Method, path: &str, params: &str) -> reqwest::Result<reqwest::Response> {
        let call = call(method, path, params, wall());
        let url = format!("{}{path}?{}", self.sim.url(), call.query);
        let method = reqwest::Method::from_bytes(method.text().as_bytes()).unwrap();
        self.http.request(method, url).header("X-MBX-APIKEY", KEY).send().await
    }

    pub(crate) async fn json(&self, method: Method, path: &str, params: &str) -> (u16, Value) {
        let response = self.send(method, path, params).await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or(Value::Null))
    }

    pub(crate) async fn admin(&self, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.sim.url());
        let response = self.http.post(url).body(body.to_string()).send().await.unwrap();
        let (status, body) = (response.status(), response.json::<Value>().await.unwrap());
        assert!(status.is_success(), "{path}: {body}");
        body
    }

    /// A bid far below anything, under a name.
    pub(crate) async fn place(&self, name: &str) -> reqwest::Result<reqwest::Response> {
        self.send(Method::Post, "/api/v3/order", &bid(name)).await
    }

    pub(crate) fn orders(&self) -> usize {
        self.sim.with(|exchange, _| exchange.engine.all_orders(exchange.keys[KEY].account, "BTCUSDT").count())
    }

    pub(crate) fn fired(&self, name: &str) -> u64 {
        self.sim.fired().get(name).copied().unwrap_or(0)
    }
}

pub(crate) fn bid(name: &str) -> String {
    format!("symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=50000&newClientOrderId={name}")
}

pub(crate) fn code(body: &Value) -> Value {
    body.get("code").cloned().unwrap_or(Value::Null)
}
