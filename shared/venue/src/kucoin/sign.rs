//! Signing: HMAC-SHA256 over time stamp, method, path with query, and body.

use super::ask::{NOW, UNIQUE, VENUE};
use crate::protocol::sign::base64;
use crate::protocol::{Auth, Body, CallError, Credentials, Moment, Params, Request, Unsigned};

/// The version of the keys the venue gives out today.
const KEY_VERSION: &str = "3";

/// The query with the present instant where a question left it open.
fn timely(query: &Params, moment: Moment) -> Params {
    let mut all = Params::new();
    for (name, value) in query.iter() {
        let value = if value == NOW { moment.now.ms().to_string() } else { value.to_owned() };
        all.push(name.to_owned(), value);
    }
    all
}

/// The body with an id of its own where a question left it open.
fn singular(body: Body, moment: Moment) -> Body {
    match body {
        Body::Json(text) => Body::Json(text.replace(&format!("\"{UNIQUE}\""), &format!("\"{}\"", moment.nonce))),
        Body::None => Body::None,
        Body::Form(params) => Body::Form(params),
    }
}

/// The query as it is signed: as it was before it was encoded for the URL.
fn plain(query: &Params) -> String {
    query.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// The base64 of the HMAC-SHA256 of a text.
pub(super) fn signature(credentials: &Credentials, text: &str) -> String {
    base64(credentials.hmac_sha256(&[text.as_bytes()]).as_ref())
}

/// Signs a request, or only encodes a public one.
pub(super) fn sign(
    mut unsigned: Unsigned,
    credentials: Option<&Credentials>,
    moment: Moment,
) -> Result<Request, CallError> {
    unsigned.query = timely(&unsigned.query, moment);
    unsigned.body = singular(unsigned.body, moment);
    if unsigned.auth == Auth::None {
        return Ok(Request::of(unsigned));
    }
    let missing = |why| CallError::Credentials { venue: VENUE, why };
    let credentials = credentials.ok_or_else(|| missing("there are none"))?;
    let passphrase = credentials.passphrase().ok_or_else(|| missing("the passphrase is missing"))?;
    let mut target = unsigned.path.to_string();
    if !unsigned.query.is_empty() {
        target.push('?');
        target.push_str(&plain(&unsigned.query));
    }
    let request = Request::of(unsigned);
    let now = moment.now.ms().to_string();
    let text = format!("{now}{}{target}{}", request.method.as_str(), request.body);
    let (sign, passphrase) = (signature(credentials, &text), signature(credentials, passphrase));
    Ok(request
        .header("KC-API-KEY", credentials.key())
        .header("KC-API-SIGN", sign)
        .header("KC-API-TIMESTAMP", now)
        .header("KC-API-PASSPHRASE", passphrase)
        .header("KC-API-KEY-VERSION", KEY_VERSION))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::EndpointClass;
    use desk::time::Timestamp;

    const MOMENT: Moment = Moment { now: Timestamp::from_ms(1_700_000_000_000), nonce: 7, window_ms: 5000 };

    fn credentials(secret: &str) -> Credentials {
        Credentials::new(VENUE, "k".into(), secret.into(), Some("p".into())).unwrap()
    }

    #[test]
    fn the_venues_published_signature_is_met() {
        let expected = "jie/gxS38wLFFaBwl/cAzFbAzlI8MIny96jSXrB+iP4=";
        assert_eq!(signature(&credentials("test_api_secret"), "test_plain"), expected);
    }

    #[test]
    fn the_query_is_signed_as_it_was_before_it_was_encoded() {
        let keys = credentials("s");
        let query = Params::new().with("symbols", "A-B,C-D");
        let request = sign(Unsigned::account("spot", "/x", query), Some(&keys), MOMENT).unwrap();
        assert_eq!(request.target, "/x?symbols=A-B%2CC-D");
        let expected = signature(&keys, "1700000000000GET/x?symbols=A-B,C-D");
        assert_eq!(request.header_value("KC-API-SIGN"), Some(expected.as_str()));
    }

    #[test]
    fn signing_puts_in_what_only_it_knows() {
        let keys = credentials("s");
        let body = Body::Json(r#"{"clientOid":"{unique}"}"#.into());
        let post = sign(Unsigned::post("futures", "/x", body, EndpointClass::Order), Some(&keys), MOMENT).unwrap();
        assert_eq!(post.body, r#"{"clientOid":"7"}"#);
        let get = sign(Unsigned::public("futures", "/x", Params::new().with("to", NOW)), None, MOMENT).unwrap();
        assert_eq!(get.target, "/x?to=1700000000000");
        assert!(sign(Unsigned::account("spot", "/x", Params::new()), None, MOMENT).is_err());
    }
}
