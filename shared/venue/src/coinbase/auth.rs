//! Three kinds of keys, told apart by the form of the secret.
//!
//! | secret | signature |
//! |---|---|
//! | a PEM text | JWT, ES256 over a P-256 key (or EdDSA, if it is an Ed25519 key) |
//! | base64 of 32 or 64 bytes | JWT, EdDSA; the first 32 bytes are the seed |
//! | anything else | the legacy HMAC-SHA256 |
//!
//! A JWT lives for two minutes. For requests it names method, host and path without the query; for streams nothing.

use crate::protocol::{CallError, Credentials, Moment, Request, sign};
use serde_json::json;

/// The name of the host inside of tokens.
const HOST: &str = "api.coinbase.com";
/// For how long a token lives, in seconds.
const LIFE_S: i64 = 120;
const VENUE: &str = "coinbase";

enum Key {
    Es256,
    Ed25519(Vec<u8>),
    Legacy,
}

/// The seed inside of a PKCS #8 text of an Ed25519 key: a fixed beginning and 32 bytes.
fn seed_in(pem: &str) -> Option<Vec<u8>> {
    const BEGINNING: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let der = sign::pem_body(pem)?;
    der.strip_prefix(&BEGINNING).filter(|seed| seed.len() == 32).map(<[u8]>::to_vec)
}

fn kind(secret: &str) -> Key {
    if secret.contains("-----BEGIN") {
        return seed_in(secret).map_or(Key::Es256, Key::Ed25519);
    }
    match sign::from_base64(secret) {
        Some(mut bytes) if bytes.len() == 32 || bytes.len() == 64 => {
            bytes.truncate(32);
            Key::Ed25519(bytes)
        }
        Some(_) | None => Key::Legacy,
    }
}

/// A token; `None` if the key is a legacy one.
pub(super) fn token(keys: &Credentials, moment: Moment, uri: Option<&str>) -> Result<Option<String>, CallError> {
    let key = kind(keys.secret());
    let algorithm = match &key {
        Key::Es256 => "ES256",
        Key::Ed25519(_) => "EdDSA",
        Key::Legacy => return Ok(None),
    };
    let nonce = format!("{:032x}", moment.nonce);
    let header = json!({ "alg": algorithm, "typ": "JWT", "kid": keys.key(), "nonce": nonce });
    let from = moment.now.ms().div_euclid(1000);
    let mut claims = json!({ "sub": keys.key(), "iss": "cdp", "nbf": from, "exp": from + LIFE_S });
    if let (Some(uri), Some(claims)) = (uri, claims.as_object_mut()) {
        claims.insert("uri".to_owned(), uri.into());
    }
    let part = |value: &serde_json::Value| sign::base64_url(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(&header), part(&claims));
    let signature = match &key {
        Key::Es256 => sign::es256(VENUE, keys.secret(), signed.as_bytes())?,
        Key::Ed25519(seed) => sign::ed25519(VENUE, seed, signed.as_bytes())?,
        Key::Legacy => return Ok(None),
    };
    Ok(Some(format!("{signed}.{}", sign::base64_url(&signature))))
}

/// The legacy signature of a text.
pub(super) fn legacy(keys: &Credentials, text: &str) -> String {
    sign::hex(keys.hmac_sha256(&[text.as_bytes()]).as_ref())
}

/// A signed request.
pub(super) fn signed(request: Request, keys: &Credentials, moment: Moment) -> Result<Request, CallError> {
    let path = request.target.split('?').next().unwrap_or_default().to_owned();
    let method = request.method.as_str();
    if let Some(token) = token(keys, moment, Some(&format!("{method} {HOST}{path}")))? {
        return Ok(request.header("Authorization", format!("Bearer {token}")));
    }
    let time = moment.now.ms().div_euclid(1000).to_string();
    let signature = legacy(keys, &format!("{time}{method}{path}{}", request.body));
    Ok(request
        .header("CB-ACCESS-KEY", keys.key())
        .header("CB-ACCESS-SIGN", signature)
        .header("CB-ACCESS-TIMESTAMP", time))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Unsigned;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use desk::time::Timestamp;

    // A test key that the venue's own client publishes.
    const PEM: &str = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIKwf3Uox30cRWzRBOPoPOH5p0Gpb0Dt8zUKXUEM5fMkGoAoGCCqGSM49\nAwEHoUQDQgAEbAtpLlSZYVOwYICz+uEyxcS29vRIujiES/gQ1DC7FV4zK4JuYE9v\nqDyGZQYjdXHLM7I6f/QnnOITL+dXYWBHRA==\n-----END EC PRIVATE KEY-----\n";
    const SEED: &str = "k0BUni0p0vZG1BdpVjS6ogBJ7kxm630AJ2dN+tuputDOKsRAwgyrpEQLeBtS1znTmzPX6Xr2eOWpzx6nW8knkA==";
    const NAME: &str = "organizations/test-organization/apiKeys/test-api-key";

    fn request(secret: &str) -> Request {
        let unsigned =
            Unsigned::account("api", "/api/v3/brokerage/accounts", crate::protocol::Params::new().with("limit", 5));
        let moment = Moment { now: Timestamp::from_ms(1_700_000_000_000), nonce: 7, window_ms: 5000 };
        let keys = Credentials::new("coinbase", NAME.into(), secret.into(), None).unwrap();
        signed(Request::of(unsigned), &keys, moment).unwrap()
    }

    fn parts(request: &Request) -> (serde_json::Value, serde_json::Value, String, Vec<u8>) {
        let token = request.header_value("Authorization").unwrap().trim_start_matches("Bearer ").to_owned();
        let (text, signature) = token.rsplit_once('.').unwrap();
        let (header, claims) = text.split_once('.').unwrap();
        let bytes = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
        let value = |part: &str| serde_json::from_slice(&bytes(part)).unwrap();
        (value(header), value(claims), text.to_owned(), bytes(signature))
    }

    #[test]
    fn a_pem_secret_makes_a_token_that_the_public_key_verifies() {
        let (header, claims, text, signature) = parts(&request(PEM));
        assert_eq!((&header["alg"], &header["kid"]), (&json!("ES256"), &json!(NAME)));
        assert_eq!(claims["uri"], "GET api.coinbase.com/api/v3/brokerage/accounts");
        assert_eq!((&claims["nbf"], &claims["exp"]), (&json!(1_700_000_000), &json!(1_700_000_120)));
        let der = sign::pem_body(PEM).unwrap();
        let public = &der[der.len() - 65..];
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public).verify(text.as_bytes(), &signature).unwrap();
    }

    #[test]
    fn a_base64_secret_signs_as_the_published_vector() {
        let input = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6Im9yZ2FuaXphdGlvbnMvdGVzdC1vcmdhbml6YXRpb24vYXBpS2V5cy90ZXN0LWFwaS1rZXkiLCJub25jZSI6IjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmIn0.eyJzdWIiOiJvcmdhbml6YXRpb25zL3Rlc3Qtb3JnYW5pemF0aW9uL2FwaUtleXMvdGVzdC1hcGkta2V5IiwiaXNzIjoiY2RwIiwibmJmIjoxNzAwMDAwMDAwLCJleHAiOjE3MDAwMDAxMjAsInVyaSI6IkdFVCBhcGkuY29pbmJhc2UuY29tL2FwaS92My9icm9rZXJhZ2UvYWNjb3VudHMifQ";
        let Key::Ed25519(seed) = kind(SEED) else { panic!() };
        let signature = sign::base64_url(&sign::ed25519(VENUE, &seed, input.as_bytes()).unwrap());
        assert_eq!(signature, "QQBdMBG6eM67RzlcmhP7PUTAARblY92tIUURjYEwoZwr7ASDhC5VAODre-l_F26wI04eU2lscoUi39_9B4SgDA");
        assert_eq!(parts(&request(SEED)).0["alg"], "EdDSA");
    }

    #[test]
    fn any_other_secret_is_a_legacy_one() {
        let request = request("test_secret");
        let published = "96c03fcbc74a5b4dc6d72d38faa596f4e21927ffbde7c8d49dd05b35cc2d1f72";
        assert_eq!(request.header_value("CB-ACCESS-SIGN"), Some(published));
        assert_eq!(request.header_value("CB-ACCESS-TIMESTAMP"), Some("1700000000"));
    }
}
