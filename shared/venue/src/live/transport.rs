//! Sending. The one place of the adapters that opens a socket; nothing retries here, and redirects are not followed.

use crate::protocol::{Reply, Request};
use reqwest::redirect::Policy;
use std::future::Future;
use std::time::Duration;

/// A request without an answer. Holds neither the query nor a header: they are signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendFault {
    /// What happened.
    pub reason: String,
    /// Whether it is certain that no byte of the request left.
    pub unsent: bool,
}

/// Sending.
pub trait Transport: Send + Sync {
    /// Sends a request to the server at `base`, once, and reads the whole answer within `patience`.
    fn send(
        &self,
        base: &str,
        request: &Request,
        patience: Duration,
    ) -> impl Future<Output = Result<Reply, SendFault>> + Send;
}

/// HTTP.
#[derive(Debug, Clone)]
pub struct Http {
    client: reqwest::Client,
}

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(3);

impl Http {
    /// A client.
    ///
    /// # Errors
    /// A reason, if none can be made on this machine.
    pub fn new() -> Result<Self, String> {
        let client = reqwest::Client::builder()
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(CONNECT)
            .tcp_nodelay(true)
            .pool_idle_timeout(Duration::from_secs(60));
        Ok(Self { client: client.build().map_err(|e| e.without_url().to_string())? })
    }

    /// The same over a client that is there already.
    #[must_use]
    pub const fn over(client: reqwest::Client) -> Self {
        Self { client }
    }
}

/// An error in words, with its causes and without the URL, whose query is signed.
fn words(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

impl Transport for Http {
    async fn send(&self, base: &str, request: &Request, patience: Duration) -> Result<Reply, SendFault> {
        use crate::protocol::Method;
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        let url = format!("{}{}", base.trim_end_matches('/'), request.target);
        let mut sending = self.client.request(method, url).timeout(patience);
        for (name, value) in &request.headers {
            sending = sending.header(*name, value);
        }
        if !request.body.is_empty() {
            sending = sending.body(request.body.clone());
        }
        let lost = |e: reqwest::Error| {
            let unsent = e.is_connect() || e.is_builder();
            SendFault { reason: words(e), unsent }
        };
        let mut answer = sending.send().await.map_err(lost)?;
        let status = answer.status().as_u16();
        let headers = answer.headers().iter();
        let headers =
            headers.filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
        let headers = headers.collect();
        let (mut body, most) = (Vec::new(), Reply::body_max(request.class));
        while let Some(part) = answer.chunk().await.map_err(|e| SendFault { reason: words(e), unsent: false })? {
            if body.len() + part.len() > most {
                let reason = format!("the answer is longer than {most} bytes");
                return Err(SendFault { reason, unsent: false });
            }
            body.extend_from_slice(&part);
        }
        Ok(Reply { status, headers, body })
    }
}

/// Why a stream broke, in words that hold nothing of its URL.
pub(super) fn broken(error: tokio_tungstenite::tungstenite::Error) -> String {
    use tokio_tungstenite::tungstenite::Error;
    match error {
        Error::Io(error) => format!("the connection broke: {}", error.kind()),
        Error::Protocol(error) => format!("the server broke the protocol: {error}"),
        Error::Capacity(error) => format!("a frame was too large: {error}"),
        Error::ConnectionClosed | Error::AlreadyClosed => "the connection was closed".to_owned(),
        Error::Utf8(_) => "a frame was no text".to_owned(),
        Error::Tls(_) | Error::WriteBufferFull(_) | Error::Url(_) | Error::Http(_) | Error::HttpFormat(_) => {
            "the stream failed".to_owned()
        }
        Error::AttackAttempt => "the server behaves like an attacker".to_owned(),
    }
}
