//! Signing requests of the spot WebSocket API.
//!
//! Source: the exchange's WebSocket API documentation, "Request security". Unlike with REST, the parameters are sorted by
//! name, `apiKey` is one of them, and nothing is percent-encoded; the signature becomes a parameter of its own.

use crate::protocol::{CallError, Credentials, Moment};
use serde_json::{Map, Value};
use std::fmt::Write as _;

/// A request of the WebSocket API, signed: `params` and, of its own, `apiKey`, `recvWindow`, `timestamp`, `signature`.
///
/// # Errors
/// [`CallError::Credentials`] if the secret is in PEM and no Ed25519 key.
pub fn request(
    id: &str,
    method: &str,
    params: Map<String, Value>,
    credentials: &Credentials,
    moment: Moment,
) -> Result<String, CallError> {
    let mut params = params;
    params.insert("apiKey".to_owned(), Value::from(credentials.key()));
    params.insert("recvWindow".to_owned(), Value::from(moment.window_ms));
    params.insert("timestamp".to_owned(), Value::from(moment.now.ms()));
    let signature = signature(credentials.secret(), &payload(&params))?;
    params.insert("signature".to_owned(), Value::from(signature));
    Ok(serde_json::json!({ "id": id, "method": method, "params": params }).to_string())
}

/// What is signed: `name=value` of all parameters, sorted by name.
#[must_use]
pub fn payload(params: &Map<String, Value>) -> String {
    let mut sorted: Vec<_> = params.iter().collect();
    sorted.sort_by_key(|(name, _)| name.as_str());
    let mut text = String::new();
    for (name, value) in sorted {
        let gap = if text.is_empty() { "" } else { "&" };
        // Writing to a String can't fail.
        let _ = match value {
            Value::String(value) => write!(text, "{gap}{name}={value}"),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                write!(text, "{gap}{name}={value}")
            }
        };
    }
    text
}

/// The signature of `payload`, by the kind of key that the secret is: the same as with REST.
///
/// # Errors
/// [`CallError::Credentials`] if the secret is in PEM and no Ed25519 key.
pub fn signature(secret: &str, payload: &str) -> Result<String, CallError> {
    super::auth::signature(secret, payload)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::sign::base64;
    use desk::time::Timestamp;

    const VENUE: &str = "binance";

    #[test]
    fn parameters_are_signed_in_alphabetical_order_with_the_key_among_them() {
        let credentials = Credentials::new(VENUE, "some-key".to_owned(), "some-secret".to_owned(), None).unwrap();
        let moment = Moment { now: Timestamp::from_ms(1_660_801_720_951), nonce: 1, window_ms: 5000 };
        let params = serde_json::json!({ "symbol": "BTCUSDT", "orderId": 7 });
        let text = request("1", "order.status", params.as_object().unwrap().clone(), &credentials, moment).unwrap();
        let sent: Value = serde_json::from_str(&text).unwrap();
        let signed = "apiKey=some-key&orderId=7&recvWindow=5000&symbol=BTCUSDT&timestamp=1660801720951";
        assert_eq!(sent["params"]["signature"], signature("some-secret", signed).unwrap());
        assert_eq!(sent["params"]["timestamp"], 1_660_801_720_951_i64, "numbers are sent as numbers");
        assert_eq!((sent["id"].as_str(), sent["method"].as_str()), (Some("1"), Some("order.status")));
    }

    #[test]
    fn an_ed25519_key_signs_in_base64_and_no_other_pem_is_taken() {
        let seed = base64(&[7; 32]);
        assert_eq!(signature(&seed, "a=1").unwrap().len(), 88);
        assert!(signature("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "a=1").is_err());
    }
}
