//! HTTP for reading. Redirects are off and nothing retries here: what to do about a failure is the caller's decision.

use crate::binance::klines;
use crate::{Bars, PullBars};
use desk::id::Symbol;
use desk::port::PullError;
use desk::time::{Interval, Timestamp};
use reqwest::Client;
use reqwest::header::DATE;
use reqwest::redirect::Policy;
use std::time::{Duration, UNIX_EPOCH};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of an error page is repeated.
const SHOWN: usize = 200;

/// Candles over HTTP, in Binance's form.
#[derive(Debug, Clone)]
pub struct HttpBars {
    client: Client,
    base: String,
}

impl HttpBars {
    /// Candles from the server at `base`, such as `https://data-api.binance.vision`.
    ///
    /// # Errors
    /// A reason, if no client can be made on this machine.
    pub fn new(base: &str) -> Result<Self, String> {
        let client = Client::builder().redirect(Policy::none()).timeout(PATIENCE).retry(reqwest::retry::never());
        let client = client.build().map_err(|e| e.to_string())?;
        Ok(Self { client, base: base.trim_end_matches('/').to_owned() })
    }

    async fn ask(&self, path: &str) -> Result<(Vec<u8>, Timestamp), String> {
        let url = format!("{}{path}", self.base);
        let answer = self.client.get(&url).send().await.map_err(|e| format!("{url}: {e}"))?;
        let status = answer.status();
        let date = answer.headers().get(DATE).and_then(|date| date.to_str().ok()).and_then(time_of);
        let body = answer.bytes().await.map_err(|e| format!("{url}: {e}"))?;
        if !status.is_success() {
            let shown: String = String::from_utf8_lossy(&body).chars().take(SHOWN).collect();
            return Err(format!("{url}: status {}: {shown}", status.as_u16()));
        }
        let date = date.ok_or_else(|| format!("{url}: the answer does not tell the server's time (Date)"))?;
        Ok((body.to_vec(), date))
    }
}

/// The instant of an HTTP date; whole seconds.
fn time_of(date: &str) -> Option<Timestamp> {
    let since = httpdate::parse_http_date(date).ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().map(Timestamp::from_ms)
}

impl PullBars for HttpBars {
    async fn pull(
        &self,
        symbol: &Symbol,
        interval: Interval,
        after: Option<Timestamp>,
        limit: u32,
    ) -> Result<Bars, PullError> {
        let fault = |reason: String| PullError { symbol: symbol.clone(), reason };
        let path = klines::path(symbol, interval, after, limit).map_err(fault)?;
        let (body, now) = self.ask(&path).await.map_err(fault)?;
        klines::parse(&body, interval, now).map_err(fault)
    }
}
