//! HTTP as values: what is to be sent, and what came back. Nothing here opens a socket.

pub use super::params::{Params, encode_into};
use desk::time::Timestamp;
use serde::Serialize;
use std::borrow::Cow;
use std::fmt;

/// The method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reading.
    Get,
    /// Writing.
    Post,
    /// Replacing.
    Put,
    /// Removing.
    Delete,
}

impl Method {
    /// As it stands on the wire, and in what most venues sign.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// A request's body before it is signed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Body {
    /// None.
    #[default]
    None,
    /// `application/x-www-form-urlencoded`.
    Form(Params),
    /// `application/json`, exactly these bytes.
    Json(String),
}

impl Body {
    /// A JSON body.
    #[must_use]
    pub fn json<T: Serialize>(value: &T) -> Self {
        // Only maps with keys that are no strings can't be written, and no venue's body has one.
        serde_json::to_string(value).map_or(Self::None, Self::Json)
    }
}

/// Whose eyes a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// Public.
    None,
    /// The key is named, nothing is signed (a few of Binance's market data endpoints).
    Key,
    /// Signed.
    Signed,
}

/// What a request is for: limits and the breaker are kept apart by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndpointClass {
    /// Market data.
    Public,
    /// Reading the account.
    Account,
    /// Placing and amending. Never sent twice.
    Order,
    /// Placing what closes or protects a position: limits count it as placing, but entries that fail must not hold it up.
    Exit,
    /// Cancelling. May be repeated.
    Cancel,
}

/// A request that is not signed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsigned {
    /// Which of the venue's servers, by the name its capabilities give it (`spot`, `futures`).
    pub origin: &'static str,
    /// How.
    pub method: Method,
    /// Where, from the first slash, without the query.
    pub path: Cow<'static, str>,
    /// The query.
    pub query: Params,
    /// The body.
    pub body: Body,
    /// Whose eyes it needs.
    pub auth: Auth,
    /// What it is for.
    pub class: EndpointClass,
    /// What it costs of the venue's budget, in the venue's units.
    pub weight: u32,
    /// Headers beyond those that signing adds.
    pub headers: Vec<(&'static str, String)>,
}

impl Unsigned {
    /// A public read.
    #[must_use]
    pub fn public(origin: &'static str, path: impl Into<Cow<'static, str>>, query: Params) -> Self {
        Self {
            origin,
            method: Method::Get,
            path: path.into(),
            query,
            body: Body::None,
            auth: Auth::None,
            class: EndpointClass::Public,
            weight: 1,
            headers: Vec::new(),
        }
    }

    /// A signed read of the account.
    #[must_use]
    pub fn account(origin: &'static str, path: impl Into<Cow<'static, str>>, query: Params) -> Self {
        Self { auth: Auth::Signed, class: EndpointClass::Account, ..Self::public(origin, path, query) }
    }

    /// A signed write with a body.
    #[must_use]
    pub fn post(origin: &'static str, path: impl Into<Cow<'static, str>>, body: Body, class: EndpointClass) -> Self {
        Self { method: Method::Post, body, class, ..Self::account(origin, path, Params::new()) }
    }

    /// The same with another weight.
    #[must_use]
    pub const fn weighing(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// The same with another method.
    #[must_use]
    pub const fn by(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// The same for another purpose.
    #[must_use]
    pub const fn of_class(mut self, class: EndpointClass) -> Self {
        self.class = class;
        self
    }
}

/// A request, ready to be sent. It holds a signature, so it shows neither query nor headers nor body.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// Which of the venue's servers.
    pub origin: &'static str,
    /// How.
    pub method: Method,
    /// The path and, behind a question mark, the encoded query.
    pub target: String,
    /// Headers, in order.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty for none.
    pub body: String,
    /// What it is for.
    pub class: EndpointClass,
    /// What it costs.
    pub weight: u32,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.target.split('?').next().unwrap_or_default();
        write!(f, "{} {path} ({}, {:?})", self.method.as_str(), self.origin, self.class)
    }
}

/// How many headers encoding and signing add at most, at nearly all venues.
const HEADERS: usize = 6;

impl Request {
    /// What signing starts from: the target is path and query, the body is encoded, and of the headers there are the
    /// content type and those of `unsigned`.
    #[must_use]
    pub fn of(unsigned: Unsigned) -> Self {
        let mut target = unsigned.path.into_owned();
        if !unsigned.query.is_empty() {
            target.reserve(1 + unsigned.query.room());
            target.push('?');
            unsigned.query.encode_behind(&mut target);
        }
        let mut headers = unsigned.headers;
        headers.reserve(HEADERS);
        let body = match unsigned.body {
            Body::None => String::new(),
            Body::Form(params) => {
                headers.push(("Content-Type", "application/x-www-form-urlencoded".to_owned()));
                params.encoded()
            }
            Body::Json(text) => {
                headers.push(("Content-Type", "application/json".to_owned()));
                text
            }
        };
        let Unsigned { origin, method, class, weight, .. } = unsigned;
        Self { origin, method, target, headers, body, class, weight }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The value of a header, if it is there.
    #[must_use]
    pub fn header_value(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, at most [`Reply::body_max`] bytes.
    pub body: Vec<u8>,
}

impl Reply {
    /// The most bytes of a body that are read; a longer one is a fault of connectivity. Lists of all a venue's markets have
    /// grown beyond two mebibytes; nothing about an account has a reason to.
    #[must_use]
    pub const fn body_max(class: EndpointClass) -> usize {
        match class {
            EndpointClass::Public => 32 * 1024 * 1024,
            EndpointClass::Account | EndpointClass::Order | EndpointClass::Exit | EndpointClass::Cancel => {
                2 * 1024 * 1024
            }
        }
    }

    /// A reply with a body and nothing else.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// Whether the status is 2xx.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }

    /// The value of a header, if it is there.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The beginning of the body, for a message.
    #[must_use]
    pub fn excerpt(&self) -> String {
        let text: String = String::from_utf8_lossy(&self.body).chars().take(200).collect();
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
    }
}

/// When a request is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The venue's time, as well as it is known.
    pub now: Timestamp,
    /// Greater than in every earlier request under the same key (Kraken).
    pub nonce: u64,
    /// For how long after `now` the venue may accept the request, in milliseconds.
    pub window_ms: u32,
}
