//! Reaching a desk: through its API when it runs, through the same routes in this process when it rests. A desk that trades
//! at a venue can be read at rest, but not told anything: nobody but the running desk has its keys.

use super::which::Which;
use crate::desk::clock::DeskClock;
use crate::desk::feed::Feed;
use crate::desk::queues::Queues;
use crate::desk::wiring::Market;
use crate::desk::wiring::{Desk, Parts};
use crate::embedded::Shelves;
use crate::embedded::queue::Queue;
use crate::folder::{self, Folder};
use anyhow::{Context, bail};
use axum::body::Body;
use axum::http::{Method, Request};
use boot::config::SIMULATED;
use desk::time::Timestamp;
use http_body_util::BodyExt;
use serde_json::Value;
use std::sync::Arc;
use tower::ServiceExt;

/// A desk that can be asked.
pub(super) enum Access {
    /// It runs.
    Running { client: reqwest::Client, base: String, token: String },
    /// It rests, and is opened by this process.
    AtRest { desk: Box<Desk>, folder: Box<Folder>, router: axum::Router, token: String },
}

impl Access {
    /// Reaches a desk.
    pub(super) async fn to(desk: &Which) -> anyhow::Result<Self> {
        let path = &desk.folder;
        if let Some((endpoint, token)) = folder::running(path) {
            let base = format!("http://127.0.0.1:{}", endpoint.port);
            let client = reqwest::Client::builder().no_proxy().build()?;
            return Ok(Self::Running { client, base, token });
        }
        let folder = Folder::existing(path)?;
        let desk = open_at_rest(&folder).await?;
        let token = folder.token()?;
        let router = desk.api(&token);
        Ok(Self::AtRest { desk: Box::new(desk), folder: Box::new(folder), router, token })
    }

    /// Whether the desk runs.
    pub(super) const fn is_running(&self) -> bool {
        matches!(self, Self::Running { .. })
    }

    /// Asks a route.
    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.ask(Method::GET, path, None).await
    }

    /// Asks a route that a desk of an older program does not have.
    pub(super) async fn find(&self, path: &str) -> anyhow::Result<Option<Value>> {
        match self.answer(Method::GET, path, None).await? {
            (404, _) => Ok(None),
            (status, answer) => believed(status, answer).map(Some),
        }
    }

    /// Tells a route.
    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.ask(Method::POST, path, Some(body)).await
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let (status, answer) = self.answer(method, path, body).await?;
        believed(status, answer)
    }

    async fn answer(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<(u16, Value)> {
        let text = body.map(Value::to_string).unwrap_or_default();
        let (status, answer) = match self {
            Self::Running { client, base, token } => {
                let request = client
                    .request(method, format!("{base}{path}"))
                    .header("authorization", format!("Bearer {token}"))
                    .header("content-type", "application/json")
                    .body(text);
                let response = request.send().await.context("the running desk does not answer")?;
                (response.status().as_u16(), response.bytes().await?)
            }
            Self::AtRest { desk, folder, .. } if method == Method::POST && !desk.config.is_paper() => {
                bail!("{}", wants_the_desk(desk, folder, path));
            }
            Self::AtRest { router, token, .. } => {
                let request = Request::builder()
                    .method(method)
                    .uri(path)
                    .header("authorization", format!("Bearer {token}"))
                    .header("content-type", "application/json")
                    .body(Body::from(text))?;
                let response = router.clone().oneshot(request).await?;
                (response.status().as_u16(), response.into_body().collect().await?.to_bytes())
            }
        };
        Ok((status, serde_json::from_slice(&answer).context("the desk's answer is no JSON")?))
    }
}

/// An answer, unless it is an error.
fn believed(status: u16, answer: Value) -> anyhow::Result<Value> {
    if status >= 400 {
        bail!("{}", answer.get("detail").and_then(Value::as_str).unwrap_or("the desk refused, and did not say why"));
    }
    Ok(answer)
}

/// Why a desk that trades at a venue can't be told something while it rests, and the way out.
fn wants_the_desk(desk: &Desk, folder: &Folder, path: &str) -> String {
    let (venue, market) = (&desk.config.venue, &folder.run().market);
    if desk.config.mode() == SIMULATED {
        return "the simulated exchange of this desk has ended with it, and its orders and its kill switch mean nothing any \
                more; `ballast up --venue sim` begins another"
            .to_owned();
    }
    let begin = format!("Begin it again ({market})");
    match path {
        "/v1/kill" => format!(
            "this desk trades at {venue} and is not running: without it, nobody reaches its orders there. {begin} and say \
             it again, or cancel them on the venue's own page"
        ),
        "/v1/unkill" => format!(
            "this desk trades at {venue} and is not running: trading is allowed again only while it runs and sees what \
             became of the account. {begin}: it comes up killed and opens nothing; then say `ballast unkill` again"
        ),
        _ => format!(
            "this desk trades at {venue} and is not running: its books are changed only while it runs and can ask \
             {venue}. {begin} and say it again"
        ),
    }
}

/// Opens the books of a folder at rest and wires the desk, without a market.
pub(super) async fn open_at_rest(folder: &Folder) -> anyhow::Result<Desk> {
    let config = folder.run().config.clone();
    let strategy = config.check()?;
    let (clock, market_clock) = DeskClock::starting_at(Timestamp::from_ms(0));
    let table = Arc::new(Shelves::open(folder.path())?);
    let queue = Arc::new(Queue::open(&folder.path().join("queue.db"))?);
    let queues = Queues::new(queue, clock.clone())?;
    let market = if config.is_paper() {
        Market::Played(Feed::recorded(Vec::new(), market_clock.clone()))
    } else {
        Market::Unreached
    };
    let parts = Parts { config: Arc::new(config), strategy, table, queues, clock, market_clock, market };
    let store = store::Store::new(parts.table.clone());
    if store.account(&parts.config.account).await?.is_none() {
        bail!("{}: the desk in this folder has never begun; begin it with `ballast up`", folder.path().display());
    }
    for market in &parts.config.markets {
        let last = store.last_candle(&market.instrument.symbol, market.interval).await?;
        if let Some(bar) = last {
            parts.clock.market_moves(bar.close_time(market.interval));
        }
    }
    Ok(Desk::wire(parts, Timestamp::from_ms(0)).await?)
}
