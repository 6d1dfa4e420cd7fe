//! A request and its answer as values, and the parameters of a request.

use crate::engine::refusal::Refusal;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::str::FromStr;

/// HTTP methods the exchange knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// DELETE
    Delete,
}

impl Method {
    /// From HTTP's text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "GET" => Self::Get,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "DELETE" => Self::Delete,
            _ => return None,
        })
    }

    /// As HTTP writes it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpCall {
    /// Its method.
    pub method: Method,
    /// Its path.
    pub path: String,
    /// What stands behind the question mark, as sent.
    pub query: String,
    /// The body, as sent.
    pub body: String,
    /// `X-MBX-APIKEY`.
    pub key: Option<String>,
    /// Who asks: limits are counted by address.
    pub from: String,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// Its status.
    pub status: u16,
    /// Its headers, but for the content type.
    pub headers: Vec<(&'static str, String)>,
    /// The content type.
    pub content: &'static str,
    /// The body.
    pub body: String,
}

impl HttpAnswer {
    /// A JSON body.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: Vec::new(), content: "application/json;charset=UTF-8", body: body.to_string() }
    }

    /// A page, as gateways write them.
    #[must_use]
    pub fn html(status: u16, title: &str) -> Self {
        let body = format!(
            "<html>\r\n<head><title>{status} {title}</title></head>\r\n<body>\r\n<center><h1>{status} {title}</h1></center>\r\n</body>\r\n</html>\r\n"
        );
        Self { status, headers: Vec::new(), content: "text/html", body }
    }

    /// `{"code": .., "msg": ..}`.
    #[must_use]
    pub fn refusal(status: u16, refusal: &Refusal) -> Self {
        Self::json(status, &json!({ "code": refusal.code, "msg": refusal.text }))
    }

    /// With one more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// The parameters of a request: the query's, then the body's that the query does not have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads query and body.
    ///
    /// # Errors
    /// -1101 if a parameter is given twice in one of them.
    pub fn read(query: &str, body: &str) -> Result<Self, Refusal> {
        let mut params = pairs(query)?;
        for (name, value) in pairs(body)? {
            if !params.iter().any(|(other, _)| *other == name) {
                params.push((name, value));
            }
        }
        Ok(Self(params))
    }

    /// From pairs.
    #[must_use]
    pub fn of(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// The names that were sent.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// A parameter, if it was sent.
    ///
    /// # Errors
    /// -1105 if it was sent empty.
    pub fn optional(&self, name: &str) -> Result<Option<&str>, Refusal> {
        match self.0.iter().find(|(other, _)| other == name) {
            Some((_, value)) if value.is_empty() => Err(Refusal::new(-1105, format!("Parameter '{name}' was empty."))),
            Some((_, value)) => Ok(Some(value)),
            None => Ok(None),
        }
    }

    /// A parameter that must be there.
    ///
    /// # Errors
    /// -1102, -1105.
    pub fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.optional(name)?.ok_or_else(|| missing(name))
    }

    /// A market's symbol.
    ///
    /// # Errors
    /// -1102, -1100.
    pub fn symbol(&self) -> Result<&str, Refusal> {
        let symbol = self.required("symbol")?;
        let legal = symbol.len() <= 20
            && symbol.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b"-_.".contains(&b));
        if legal { Ok(symbol) } else { Err(illegal("symbol", "^[A-Z0-9-_.]{1,20}$")) }
    }

    /// A whole number.
    ///
    /// # Errors
    /// -1100.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.optional(name)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| illegal(name, "^[0-9]{1,20}$"))
    }

    /// A number of rows, within bounds.
    ///
    /// # Errors
    /// -1100, -1130.
    pub fn limit(&self, usual: usize, most: usize) -> Result<usize, Refusal> {
        let Some(limit) = self.integer("limit")? else { return Ok(usual) };
        match usize::try_from(limit) {
            Ok(limit) if limit >= 1 => Ok(limit.min(most)),
            _ => Err(Refusal::new(-1130, "Data sent for parameter 'limit' is not valid.")),
        }
    }

    /// An amount with at most eight decimals.
    ///
    /// # Errors
    /// -1100 if it is no plain number, -1111 if it has more decimals.
    pub fn decimal(&self, name: &str) -> Result<Option<Decimal>, Refusal> {
        let Some(text) = self.optional(name)? else { return Ok(None) };
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(part) {
            return Err(illegal(name, r"^([0-9]{1,20})(\.[0-9]{1,20})?$"));
        }
        if part.trim_end_matches('0').len() > 8 {
            return Err(Refusal::new(-1111, format!("Parameter '{name}' has too much precision.")));
        }
        let text = format!("{}.{}", whole, part.trim_end_matches('0'));
        Decimal::from_str(text.trim_end_matches('.'))
            .map(Some)
            .map_err(|_| Refusal::new(-1108, format!("Parameter '{name}' overflowed.")))
    }

    /// A name that an owner gives.
    ///
    /// # Errors
    /// -1100.
    pub fn client_id(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let Some(text) = self.optional(name)? else { return Ok(None) };
        let legal = text.len() <= 36 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if legal { Ok(Some(text)) } else { Err(illegal(name, "^[a-zA-Z0-9-_]{1,36}$")) }
    }

    /// A list of texts written as a JSON array.
    ///
    /// # Errors
    /// -1100.
    pub fn list(&self, name: &str) -> Result<Option<Vec<String>>, Refusal> {
        let Some(text) = self.optional(name)? else { return Ok(None) };
        serde_json::from_str(text)
            .map(Some)
            .map_err(|_| illegal(name, r#"^\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\]$"#))
    }
}

/// -1102.
#[must_use]
pub fn missing(name: &str) -> Refusal {
    Refusal::new(-1102, format!("Mandatory parameter '{name}' was not sent, was empty/null, or malformed."))
}

/// -1100.
#[must_use]
pub fn illegal(name: &str, range: &str) -> Refusal {
    Refusal::new(-1100, format!("Illegal characters found in parameter '{name}'; legal range is '{range}'."))
}

fn pairs(text: &str) -> Result<Vec<(String, String)>, Refusal> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for part in text.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let name = decode(name)?;
        if pairs.iter().any(|(other, _)| *other == name) {
            return Err(Refusal::new(-1101, "Duplicate values for a parameter detected."));
        }
        pairs.push((name, decode(value)?));
    }
    Ok(pairs)
}

/// Percent signs and plus signs.
fn decode(text: &str) -> Result<String, Refusal> {
    let bad = || Refusal::new(-1100, "Illegal characters found in a parameter.");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let hex = [rest.next().ok_or_else(bad)?, rest.next().ok_or_else(bad)?];
                let hex = std::str::from_utf8(&hex).map_err(|_| bad())?;
                bytes.push(u8::from_str_radix(hex, 16).map_err(|_| bad())?);
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).map_err(|_| bad())
}
