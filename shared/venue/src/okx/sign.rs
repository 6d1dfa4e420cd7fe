//! Signing: base64(HMAC-SHA256(secret, time + method + path and query + body)), with the time in ISO 8601 milliseconds.

use super::VENUE;
use crate::protocol::sign::base64;
use crate::protocol::{Auth, CallError, Credentials, Moment, Request, Unsigned};

/// Signs a request, or only encodes a public one.
pub(super) fn sign(
    unsigned: Unsigned,
    credentials: Option<&Credentials>,
    moment: Moment,
) -> Result<Request, CallError> {
    let auth = unsigned.auth;
    let request = Request::of(unsigned);
    if auth == Auth::None {
        return Ok(request);
    }
    let credentials = credentials.ok_or(CallError::Credentials { venue: VENUE, why: "there are none" })?;
    let passphrase = passphrase(credentials)?;
    let time = moment.now.rfc3339_ms();
    let message = [time.as_str(), request.method.as_str(), &request.target, &request.body].map(str::as_bytes);
    let signature = base64(credentials.hmac_sha256(&message).as_ref());
    Ok(request
        .header("OK-ACCESS-KEY", credentials.key())
        .header("OK-ACCESS-SIGN", signature)
        .header("OK-ACCESS-TIMESTAMP", time)
        .header("OK-ACCESS-PASSPHRASE", passphrase))
}

/// The passphrase, which this venue always gives out.
pub(super) fn passphrase(credentials: &Credentials) -> Result<&str, CallError> {
    credentials.passphrase().ok_or(CallError::Credentials { venue: VENUE, why: "the passphrase is missing" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::wire::rfc3339;
    use crate::protocol::{Body, EndpointClass, Params};
    use desk::time::Timestamp;

    fn signed(unsigned: Unsigned, at: &str, key: [&str; 3]) -> String {
        let [key, secret, passphrase] = key.map(str::to_owned);
        let credentials = Credentials::new(VENUE, key, secret, Some(passphrase)).unwrap();
        let moment = Moment { now: rfc3339(at).unwrap(), nonce: 0, window_ms: 5000 };
        let request = sign(unsigned, Some(&credentials), moment).unwrap();
        assert_eq!(request.header_value("OK-ACCESS-TIMESTAMP"), Some(at));
        request.header_value("OK-ACCESS-SIGN").unwrap().to_owned()
    }

    #[test]
    fn published_and_derived_signatures_are_met() {
        let published =
            ["985d5b66-57ce-40fb-b714-afc0b9787083", "chNOOS4KvNXR_Xq4k4c9qsfoKWvnDecLATCRlcBwyKDYnWgO", "1234567890"];
        let ask = Unsigned::account("rest", "/api/v5/account/balance", Params::new());
        assert_eq!(signed(ask, "2020-12-08T09:08:57.715Z", published), "PJ61e1nb2F2Qd7D8SPiaIcx2gjdELc+o0ygzre9z33k=");
        let test = ["test_api_key", "test_secret", "test_passphrase"];
        let ask = Unsigned::account("rest", "/api/v5/account/balance", Params::new().with("ccy", "BTC"));
        assert_eq!(signed(ask, "2023-11-14T22:13:20.000Z", test), "tUF63PrcCedoU6B3P/bJbYl3/bkCUbRzjlXXMJj9VJg=");
        let body = r#"{"clOrdId":"abc123","instId":"BTC-USDT","tdMode":"cash","side":"buy","ordType":"limit","px":"20000","sz":"0.01"}"#;
        let ask = Unsigned::post("rest", "/api/v5/trade/order", Body::Json(body.to_owned()), EndpointClass::Order);
        assert_eq!(signed(ask, "2023-11-14T22:13:20.000Z", test), "7JhiOeDafJdFWNWkma7RPS29qSL4JV4reaRWJcGvb2Y=");
    }

    #[test]
    fn without_a_passphrase_nothing_is_signed() {
        let credentials = Credentials::new(VENUE, "k".into(), "s".into(), None).unwrap();
        let moment = Moment { now: Timestamp::from_ms(1_700_000_000_000), nonce: 0, window_ms: 0 };
        let ask = Unsigned::account("rest", "/api/v5/account/balance", Params::new());
        assert!(sign(ask.clone(), Some(&credentials), moment).is_err());
        assert!(sign(ask, None, moment).is_err());
    }
}
