//! Binance spot's REST API as a pure function from a request to an answer.
//!
//! Steps: limits of the address, route, parameters, key, timestamp, signature ([`arrive`]); the timestamp once more,
//! then the engine ([`act`]). Between the two the server may let time pass, as a real exchange does. Source: the
//! exchange's REST documentation ("Timing security", "Limits", endpoint by endpoint).

mod account;
pub mod auth;
pub mod call;
pub mod limits;
pub(crate) mod market;
mod movements;
mod orders;
mod pairs;
mod replace;
mod routes;
pub mod show;
pub(crate) mod statistics;

use crate::engine::refusal::Refusal;
use crate::engine::types::{AccountId, Ms};
use crate::exchange::Exchange;
use auth::Timing;
use call::{HttpAnswer, HttpCall, Method, Params};
use serde_json::Value;

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Security {
    /// Anybody.
    Public,
    /// Whoever has a key.
    Key,
    /// Whoever has signed.
    Signed,
    /// Whoever has signed with a key that may trade.
    Trade,
}

/// What a handler gets.
pub(crate) struct Context<'a> {
    pub(crate) exchange: &'a mut Exchange,
    pub(crate) params: &'a Params,
    /// The fee account, when nobody signed: it has no orders.
    pub(crate) account: AccountId,
    pub(crate) key: &'a str,
    pub(crate) now: Ms,
}

/// An endpoint.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) security: Security,
    pub(crate) weight: fn(&Params) -> u32,
    /// How many orders it places.
    pub(crate) orders: u32,
    pub(crate) params: &'static [&'static str],
    pub(crate) handle: Handle,
}

/// What an endpoint does.
pub(crate) type Handle = fn(Context<'_>) -> Result<Value, Refused>;

/// A refusal, and what some endpoints tell beside it.
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) refusal: Refusal,
    pub(crate) data: Option<Value>,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self { status: 400, refusal, data: None }
    }
}

impl Refused {
    fn answer(&self) -> HttpAnswer {
        match &self.data {
            Some(data) => {
                let body = serde_json::json!({ "code": self.refusal.code, "msg": self.refusal.text, "data": data });
                HttpAnswer::json(self.status, &body)
            }
            None => HttpAnswer::refusal(self.status, &self.refusal),
        }
    }
}

/// A request that passed the door, and has not reached the engine.
pub struct Admitted {
    route: &'static Route,
    params: Params,
    account: AccountId,
    key: String,
    timing: Option<Timing>,
    weight: u32,
}

/// Answers a request at once.
pub fn answer(exchange: &mut Exchange, call: &HttpCall, now: Ms) -> HttpAnswer {
    match arrive(exchange, call, now) {
        Ok(admitted) => act(exchange, &admitted, now),
        Err(answer) => answer,
    }
}

/// The door: limits, parameters, key, timestamp, signature.
///
/// # Errors
/// The answer, if the request ends here.
pub fn arrive(exchange: &mut Exchange, call: &HttpCall, now: Ms) -> Result<Admitted, HttpAnswer> {
    if routes::find(call.method, &call.path).is_none() {
        return Err(if routes::known(&call.path) {
            HttpAnswer::html(405, "Method Not Allowed")
        } else {
            HttpAnswer::html(404, "Not Found")
        });
    }
    let params = match Params::read(&call.query, &call.body) {
        Ok(params) => params,
        Err(refusal) => {
            exchange.limits.spend(&call.from, 1, now)?;
            return Err(HttpAnswer::refusal(400, &refusal));
        }
    };
    let timing = params.clone();
    let signer = |exchange: &Exchange, trade: bool| {
        let key = auth::key(&exchange.keys, call.key.as_deref(), trade)?;
        let timing = auth::timing(&timing)?;
        timing.arrived(now)?;
        auth::signature(call, key)?;
        Ok((key.account, timing))
    };
    admit(exchange, call.method, &call.path, params, call.key.as_deref(), &call.from, signer, now)
}

/// The door, for whoever signs in another way: `signer` checks key, timestamp and signature.
#[expect(
    clippy::too_many_arguments,
    reason = "the parts of a request, which HTTP and WebSocket have in different shapes"
)]
pub(crate) fn admit(
    exchange: &mut Exchange,
    method: Method,
    path: &str,
    params: Params,
    key: Option<&str>,
    from: &str,
    signer: impl Fn(&Exchange, bool) -> Result<(AccountId, Timing), Refusal>,
    now: Ms,
) -> Result<Admitted, HttpAnswer> {
    let Some(route) = routes::find(method, path) else { return Err(HttpAnswer::html(404, "Not Found")) };
    let weight = exchange.limits.spend(from, (route.weight)(&params), now)?;
    let identity = match route.security {
        Security::Public => Ok((crate::engine::types::FEES, None)),
        Security::Key => auth::key(&exchange.keys, key, false).map(|key| (key.account, None)),
        Security::Signed => signer(exchange, false).map(|(account, timing)| (account, Some(timing))),
        Security::Trade => signer(exchange, true).map(|(account, timing)| (account, Some(timing))),
    };
    let identity = identity.and_then(|identity| unread(route, &params).map(|()| identity));
    match identity {
        Ok((account, timing)) => {
            Ok(Admitted { route, params, account, key: key.unwrap_or_default().to_owned(), timing, weight })
        }
        Err(refusal) => {
            let status = if matches!(refusal.code, -2015 | -2014) { 401 } else { 400 };
            Err(HttpAnswer::refusal(status, &refusal).with("X-MBX-USED-WEIGHT-1M", weight.to_string()))
        }
    }
}

impl Admitted {
    /// Whose request it is.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// A parameter.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.optional(name).ok().flatten()
    }
}

/// The timestamp once more, then the engine.
pub fn act(exchange: &mut Exchange, admitted: &Admitted, now: Ms) -> HttpAnswer {
    let Admitted { route, params, account, key, timing, weight } = admitted;
    let used = |answer: HttpAnswer| answer.with("X-MBX-USED-WEIGHT-1M", weight.to_string());
    if let Some(Err(late)) = timing.map(|timing| timing.forwarded(now)) {
        return used(HttpAnswer::refusal(400, &late));
    }
    let mut counts = None;
    if route.orders > 0 {
        match exchange.limits.order(*account, route.orders, now) {
            Ok(count) => counts = Some(count),
            Err(answer) => return used(answer),
        }
    }
    let context = Context { exchange, params, account: *account, key, now };
    let answer = match (route.handle)(context) {
        Ok(body) => HttpAnswer::json(200, &body),
        Err(refused) => refused.answer(),
    };
    let answer = used(answer);
    match counts {
        Some((short, day)) => {
            answer.with("X-MBX-ORDER-COUNT-10S", short.to_string()).with("X-MBX-ORDER-COUNT-1D", day.to_string())
        }
        None => answer,
    }
}

/// Every parameter has to be one the endpoint reads.
fn unread(route: &Route, params: &Params) -> Result<(), Refusal> {
    let signed: &[&str] = match route.security {
        Security::Public | Security::Key => &[],
        Security::Signed | Security::Trade => &["timestamp", "recvWindow", "signature"],
    };
    let sent = params.names().count();
    let read = params.names().filter(|name| route.params.contains(name) || signed.contains(name)).count();
    if read == sent {
        return Ok(());
    }
    if route.params.is_empty() && signed.is_empty() {
        return Err(Refusal::new(-1101, format!("Too many parameters; expected '0' and received '{sent}'.")));
    }
    Err(Refusal::new(
        -1104,
        format!("Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'."),
    ))
}
