//! Who asks: API key, signature, and whether the request is in time.

use super::call::{HttpCall, Params, missing};
use crate::engine::refusal::Refusal;
use crate::engine::types::{AccountId, Ms};
use aws_lc_rs::hmac;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::collections::BTreeMap;

/// How far a request's clock may be ahead, in milliseconds.
const AHEAD_MAX: Ms = 1_000;
const WINDOW_USUAL: i64 = 5_000;
const WINDOW_MAX: i64 = 60_000;

/// An API key.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    /// Its secret.
    pub secret: String,
    /// The account it is for.
    pub account: AccountId,
    /// Whether it was taken back.
    pub revoked: bool,
    /// Whether it may place and cancel orders.
    pub trading: bool,
    /// Whether it may withdraw; the exchange here has no withdrawals, but tells.
    pub withdrawals: bool,
    /// Whether it is bound to addresses.
    pub ip_restricted: bool,
}

/// All API keys.
pub type Keys = BTreeMap<String, Key>;

/// A request whose sender is known, with what has to be checked once more before the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// When it was signed, in milliseconds.
    pub timestamp: Ms,
    /// How long it is good for, in milliseconds.
    pub window: Ms,
}

impl Timing {
    /// On arrival: not from the future, and not too old.
    ///
    /// # Errors
    /// -1021.
    pub fn arrived(self, now: Ms) -> Result<(), Refusal> {
        if self.timestamp >= now + AHEAD_MAX {
            return Err(Refusal::new(-1021, "Timestamp for this request was 1000ms ahead of the server's time."));
        }
        self.forwarded(now)
    }

    /// Just before the engine: not too old.
    ///
    /// # Errors
    /// -1021.
    pub fn forwarded(self, now: Ms) -> Result<(), Refusal> {
        if now - self.timestamp > self.window {
            return Err(Refusal::new(-1021, "Timestamp for this request is outside of the recvWindow."));
        }
        Ok(())
    }
}

/// The API key of a request.
///
/// # Errors
/// -2014 if there is none, -2015 if it is unknown, taken back, or not for this.
pub fn key<'a>(keys: &'a Keys, name: Option<&str>, trade: bool) -> Result<&'a Key, Refusal> {
    let name = name.filter(|name| !name.is_empty()).ok_or_else(|| Refusal::new(-2014, "API-key format invalid."))?;
    let fits = |key: &&Key| !key.revoked && (key.trading || !trade);
    keys.get(name).filter(fits).ok_or_else(|| Refusal::new(-2015, "Invalid API-key, IP, or permissions for action."))
}

/// When a request was signed, and for how long it is good.
///
/// # Errors
/// -1102, -1100, -1131.
pub fn timing(params: &Params) -> Result<Timing, Refusal> {
    let timestamp = params.integer("timestamp")?.ok_or_else(|| missing("timestamp"))?;
    let timestamp = if timestamp >= 1_000_000_000_000_000 { timestamp / 1_000 } else { timestamp };
    let window = params.decimal("recvWindow")?.unwrap_or(Decimal::from(WINDOW_USUAL));
    if window > Decimal::from(WINDOW_MAX) {
        return Err(Refusal::new(-1131, "recvWindow must be less than 60000."));
    }
    Ok(Timing { timestamp, window: window.floor().to_i64().unwrap_or(WINDOW_USUAL) })
}

/// Whether the signature over query and body is the key's; upper or lower case.
///
/// # Errors
/// -1102 if there is none, -1022 if it is wrong.
pub fn signature(call: &HttpCall, key: &Key) -> Result<(), Refusal> {
    let (query, in_query) = split(&call.query);
    let (body, in_body) = split(&call.body);
    let given = in_query.or(in_body).filter(|text| !text.is_empty()).ok_or_else(|| missing("signature"))?;
    verify(&format!("{query}{body}"), given, key)
}

/// Whether a signature over a text is the key's.
///
/// # Errors
/// -1022.
pub fn verify(message: &str, given: &str, key: &Key) -> Result<(), Refusal> {
    let wrong = || Refusal::new(-1022, "Signature for this request is not valid.");
    let given = bytes(given).ok_or_else(wrong)?;
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key.secret.as_bytes()), message.as_bytes(), &given)
        .map_err(|_| wrong())
}

/// The text without its signature, and the signature.
fn split(text: &str) -> (String, Option<&str>) {
    let signature = text.split('&').find_map(|part| part.strip_prefix("signature="));
    let rest: Vec<&str> = text.split('&').filter(|part| !part.starts_with("signature=")).collect();
    (rest.join("&"), signature)
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    if !hex.is_ascii() || hex.len() != 64 {
        return None;
    }
    (0..hex.len()).step_by(2).map(|at| hex.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok())).collect()
}
