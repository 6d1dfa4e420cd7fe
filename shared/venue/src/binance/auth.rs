//! Signing: the query and the body, one behind the other, and `recvWindow` and `timestamp` in whichever of them is
//! signed last; the signature goes behind all of it.
//!
//! A secret in PEM (PKCS #8), or the 32 bytes of a seed in base64, is an Ed25519 key; everything else is the secret of an
//! HMAC key. The venue's HMAC secrets have 64 letters and digits, which are 48 bytes of base64, never 32.

use crate::protocol::http::{Auth, Body, Method, encode_into};
use crate::protocol::sign::{base64, ed25519, from_base64, hex, hmac_sha256, pem_body};
use crate::protocol::{CallError, Credentials, Moment, Params, Request, Unsigned};
use zeroize::Zeroizing;

const VENUE: &str = "binance";
/// The longest window the venue takes.
const WINDOW_MS_MAX: u32 = 60_000;

/// Signs a request, or only encodes it.
///
/// # Errors
/// [`CallError::Credentials`] if they are missing or can't be used.
pub(super) fn sign(
    mut unsigned: Unsigned,
    credentials: Option<&Credentials>,
    moment: Moment,
) -> Result<Request, CallError> {
    let auth = unsigned.auth;
    if auth == Auth::None {
        return Ok(Request::of(unsigned));
    }
    let missing = CallError::Credentials { venue: VENUE, why: "there are none" };
    let credentials = credentials.ok_or(missing)?;
    if auth == Auth::Key {
        return Ok(Request::of(unsigned).header("X-MBX-APIKEY", credentials.key()));
    }
    let stamped = |params: &mut Params| {
        params.push("recvWindow", moment.window_ms.min(WINDOW_MS_MAX));
        params.push("timestamp", moment.now.ms());
    };
    if unsigned.body == Body::None && matches!(unsigned.method, Method::Post | Method::Put) {
        unsigned.body = Body::Form(Params::new());
    }
    let in_body = match &mut unsigned.body {
        Body::Form(params) => {
            stamped(params);
            true
        }
        Body::None | Body::Json(_) => {
            stamped(&mut unsigned.query);
            false
        }
    };
    let mut request = Request::of(unsigned);
    let query = request.target.split_once('?').map_or("", |(_, query)| query);
    let signature = match seed(credentials.secret())? {
        Some(seed) => ed25519_signature(&seed, &[query, &request.body].concat())?,
        None => hex(credentials.hmac_sha256(&[query.as_bytes(), request.body.as_bytes()]).as_ref()),
    };
    let place = if in_body { &mut request.body } else { &mut request.target };
    place.push_str("&signature=");
    encode_into(place, &signature);
    Ok(request.header("X-MBX-APIKEY", credentials.key()))
}

/// The signature of `payload`, by the kind of key that the secret is.
///
/// # Errors
/// [`CallError::Credentials`] if the secret is in PEM and no Ed25519 key.
pub(super) fn signature(secret: &str, payload: &str) -> Result<String, CallError> {
    match seed(secret)? {
        Some(seed) => ed25519_signature(&seed, payload),
        None => Ok(hex(hmac_sha256(secret.as_bytes(), payload.as_bytes()).as_ref())),
    }
}

fn ed25519_signature(seed: &[u8], payload: &str) -> Result<String, CallError> {
    ed25519(VENUE, seed, payload.as_bytes()).map(|signature| base64(&signature))
}

/// The seed of an Ed25519 key, if the secret is one.
fn seed(secret: &str) -> Result<Option<Zeroizing<Vec<u8>>>, CallError> {
    if secret.contains("-----BEGIN") {
        let fault = CallError::Credentials { venue: VENUE, why: "the secret is no Ed25519 private key in PEM" };
        let der = Zeroizing::new(pem_body(secret).ok_or(fault.clone())?);
        return pkcs8_seed(&der).map(|seed| Some(Zeroizing::new(seed.to_vec()))).ok_or(fault);
    }
    // In base64, 32 bytes have 44 characters, and the first byte of a structure makes the first one an M. So nearly no
    // HMAC secret has to be looked at any further.
    if secret.trim().len() != 44 && !secret.trim_start().starts_with('M') {
        return Ok(None);
    }
    let bytes = from_base64(secret).map(Zeroizing::new);
    Ok(bytes.and_then(|bytes| match bytes.len() {
        32 => Some(bytes),
        _ => pkcs8_seed(&bytes).map(|seed| Zeroizing::new(seed.to_vec())),
    }))
}

/// The seed within a PKCS #8 structure of version 0 (RFC 8410): behind a fixed beginning stand its 32 bytes.
fn pkcs8_seed(der: &[u8]) -> Option<&[u8]> {
    const VERSION_AND_ALGORITHM: [u8; 14] =
        [0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    let rest = der.strip_prefix(&[0x30])?.get(1..)?.strip_prefix(&VERSION_AND_ALGORITHM)?;
    rest.get(..32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::EndpointClass;
    use desk::time::Timestamp;

    const PEM: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";

    fn moment() -> Moment {
        Moment { now: Timestamp::from_ms(1_499_827_319_559), nonce: 0, window_ms: 5000 }
    }

    fn order() -> Unsigned {
        let params = [("symbol", "LTCBTC"), ("side", "BUY"), ("type", "LIMIT"), ("timeInForce", "GTC")];
        let mut body = Params::new();
        for (name, value) in params {
            body.push(name, value);
        }
        let body = body.with("quantity", "1").with("price", "0.1");
        Unsigned::post("spot", "/api/v3/order", Body::Form(body), EndpointClass::Order)
    }

    fn credentials(secret: &str) -> Credentials {
        Credentials::new(VENUE, "key".into(), secret.into(), None).unwrap()
    }

    #[test]
    fn the_published_example_signs_as_published() {
        let secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";
        let request = sign(order(), Some(&credentials(secret)), moment()).unwrap();
        let wanted = "&recvWindow=5000&timestamp=1499827319559&signature=c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71";
        assert!(request.body.ends_with(wanted), "{}", request.body);
        assert_eq!((request.target.as_str(), request.header_value("x-mbx-apikey")), ("/api/v3/order", Some("key")));
    }

    #[test]
    fn an_ed25519_key_is_known_by_its_form_and_its_signature_is_encoded() {
        let seed = from_base64("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=").unwrap();
        for secret in [PEM, "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="] {
            let request = sign(order(), Some(&credentials(secret)), moment()).unwrap();
            let (payload, signature) = request.body.split_once("&signature=").unwrap();
            let mut wanted = String::new();
            encode_into(&mut wanted, &base64(&ed25519(VENUE, &seed, payload.as_bytes()).unwrap()));
            assert_eq!(signature, wanted);
            assert!(signature.ends_with("%3D%3D"));
        }
        assert!(sign(order(), Some(&credentials("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END")), moment()).is_err());
    }

    #[test]
    fn a_read_is_signed_in_its_query_and_a_bare_write_in_its_body() {
        let read = Unsigned::account("spot", "/api/v3/account", Params::new());
        let request = sign(read, Some(&credentials("secret")), moment()).unwrap();
        assert!(request.target.starts_with("/api/v3/account?recvWindow=5000&timestamp=1499827319559&signature="));
        let write = Unsigned::post("spot", "/sapi/v1/asset/get-funding-asset", Body::None, EndpointClass::Account);
        let request = sign(write, Some(&credentials("secret")), moment()).unwrap();
        assert!(request.body.starts_with("recvWindow=5000&timestamp="), "{}", request.body);
    }

    #[test]
    fn nothing_private_is_sent_without_credentials() {
        assert!(matches!(sign(order(), None, moment()), Err(CallError::Credentials { .. })));
        let public = Unsigned::public("spot", "/api/v3/time", Params::new());
        assert_eq!(sign(public, None, moment()).unwrap().target, "/api/v3/time");
    }
}
