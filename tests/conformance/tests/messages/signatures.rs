//! Published and derived signatures: what each venue signs is put together from a vector's inputs by the venue's rule, and
//! must be the vector's text and give its signature.
//!
//! A vector passes only if its text is met too, where it tells one: a wrong rule with a right primitive fails. Every
//! vector is also tried with a signature that is wrong in one place, which must fail.

#![allow(clippy::unwrap_used, reason = "tests")]

use crate::support::{test_data, text};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use desk::time::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use venue::binance::{Binance, stream_sign};
use venue::protocol::sign::{
    base64, base64_url, ed25519, es256, from_base64, hex, hmac_sha256, hmac_sha512, pem_body, sha256,
};
use venue::protocol::{Body, Credentials, EndpointClass, Moment, Params, Protocol as _, Unsigned};

/// How many there are.
const VECTORS: usize = 43;

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

#[derive(Deserialize, Clone)]
struct Vector {
    exchange: String,
    name: String,
    inputs: Map<String, Value>,
    prehash: Option<String>,
    #[serde(default)]
    expected_signature: String,
    expected_query_value: Option<String>,
    required_header: Option<Map<String, Value>>,
    required_claims: Option<Map<String, Value>>,
    public_key_pem: Option<String>,
    example_valid_token: Option<String>,
}

impl Vector {
    /// An input, as text; nothing where there is none.
    fn input(&self, name: &str) -> String {
        match self.inputs.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        }
    }

    fn secret(&self) -> Vec<u8> {
        self.input("secret").into_bytes()
    }

    /// The secret's bytes, where it is given out in base64.
    fn secret_bytes(&self) -> Result<Vec<u8>, String> {
        from_base64(&self.input("secret")).ok_or_else(|| "the secret is no base64".to_owned())
    }

    /// That the text to be signed is as it should be.
    fn signs(&self, text: &str) -> Result<(), String> {
        same("the text to be signed", text, self.prehash.as_deref().unwrap_or_default())
    }

    fn gives(&self, signature: &str) -> Result<(), String> {
        same("the signature", signature, &self.expected_signature)
    }
}

fn same(what: &str, ours: &str, theirs: &str) -> Result<(), String> {
    if ours == theirs { Ok(()) } else { Err(format!("{what} is {ours:?}, should be {theirs:?}")) }
}

/// Holds a vector to its exchange's rule.
fn check(vector: &Vector) -> Result<(), String> {
    match vector.exchange.as_str() {
        "binance" if vector.name.starts_with("ws_api") => binance_socket(vector),
        "binance" => binance(vector),
        "bitget" => bitget(vector),
        "bybit" => bybit(vector),
        "coinbase" => coinbase(vector),
        "kraken" => kraken(vector),
        "krakenfutures" => kraken_futures(vector),
        "kucoin" => kucoin(vector),
        "okx" => okx(vector),
        other => Err(format!("{other} has no rule")),
    }
}

/// REST: the encoded parameters in the order sent; HMAC-SHA256 in hex, or Ed25519 in base64.
fn binance(vector: &Vector) -> Result<(), String> {
    let mut params = Params::new();
    for pair in vector.inputs.get("params").and_then(Value::as_array).into_iter().flatten() {
        let part = |at: usize| pair.get(at).and_then(Value::as_str).unwrap_or_default().to_owned();
        params.push(part(0), part(1));
    }
    let signed = if params.is_empty() { vector.input("payload") } else { params.encoded() };
    vector.signs(&signed)?;
    if vector.inputs.contains_key("secret") {
        vector.gives(&hex(hmac_sha256(&vector.secret(), signed.as_bytes()).as_ref()))?;
        adapter_signs(vector)?;
        return same(
            "the adapter's",
            &words(stream_sign::signature(&vector.input("secret"), &signed))?,
            &vector.expected_signature,
        );
    }
    let seed = from_hex(&vector.input("private_key_seed_hex"))?;
    let signature = base64(&words(ed25519("binance", &seed, signed.as_bytes()))?);
    vector.gives(&signature)?;
    let encoded = Params::new().with("s", &signature).encoded();
    same(
        "the query's value",
        encoded.trim_start_matches("s="),
        vector.expected_query_value.as_deref().unwrap_or_default(),
    )?;
    same("the adapter's", &words(stream_sign::signature(&vector.input("pkcs8_pem"), &signed))?, &signature)
}

/// The adapter's own requests, for vectors that end as its requests do: with `recvWindow` and `timestamp`.
fn adapter_signs(vector: &Vector) -> Result<(), String> {
    let signed = vector.prehash.as_deref().unwrap_or_default();
    let Some((body, stamp)) = signed.split_once("&recvWindow=5000&timestamp=") else { return Ok(()) };
    let now = stamp.parse().map_err(|_| format!("{stamp} is no time"))?;
    let mut params = Params::new();
    for pair in
        vector.inputs.get("params").and_then(Value::as_array).into_iter().flatten().take(body.split('&').count())
    {
        let part = |at: usize| pair.get(at).and_then(Value::as_str).unwrap_or_default().to_owned();
        params.push(part(0), part(1));
    }
    let order = Unsigned::post("spot", "/api/v3/order", Body::Form(params), EndpointClass::Order);
    let credentials = words(Credentials::new("binance", vector.input("api_key"), vector.input("secret"), None))?;
    let moment = Moment { now: Timestamp::from_ms(now), nonce: 1, window_ms: 5000 };
    let request = words(Binance.sign(order, Some(&credentials), moment))?;
    same("the adapter's request", &request.body, &format!("{signed}&signature={}", vector.expected_signature))
}

/// WebSocket API: parameters sorted by name, the key among them, nothing encoded; HMAC-SHA256 in hex.
fn binance_socket(vector: &Vector) -> Result<(), String> {
    let params = match vector.inputs.get("params") {
        Some(Value::Object(params)) => params.clone(),
        // Some tell only what is signed: then its parts are put together again.
        _ => {
            let pairs =
                vector.prehash.as_deref().unwrap_or_default().rsplit('&').filter_map(|pair| pair.split_once('='));
            pairs.map(|(name, value)| (name.to_owned(), Value::from(value))).collect()
        }
    };
    let signed = stream_sign::payload(&params);
    vector.signs(&signed)?;
    vector.gives(&hex(hmac_sha256(&vector.secret(), signed.as_bytes()).as_ref()))?;
    same("the adapter's", &words(stream_sign::signature(&vector.input("secret"), &signed))?, &vector.expected_signature)
}

/// `timestamp + METHOD + path?query + body` in milliseconds, or in seconds with `/user/verify`; HMAC-SHA256 in base64.
fn bitget(vector: &Vector) -> Result<(), String> {
    dated(vector, "timestamp_ms", "/user/verify")
}

/// The same with an ISO timestamp, or in seconds with `/users/self/verify`.
fn okx(vector: &Vector) -> Result<(), String> {
    dated(vector, "timestamp", "/users/self/verify")
}

fn dated(vector: &Vector, timestamp: &str, login: &str) -> Result<(), String> {
    let signed = match vector.inputs.get("timestamp_s") {
        Some(_) => format!("{}GET{login}", vector.input("timestamp_s")),
        None => [timestamp, "method", "path", "body"].map(|part| vector.input(part)).concat(),
    };
    vector.signs(&signed)?;
    vector.gives(&base64(hmac_sha256(&vector.secret(), signed.as_bytes()).as_ref()))
}

/// `timestamp + key + window + payload`, or `GET/realtime + expires`; HMAC-SHA256 in hex.
fn bybit(vector: &Vector) -> Result<(), String> {
    let signed = if vector.inputs.contains_key("expires") {
        format!("GET/realtime{}", vector.input("expires"))
    } else {
        ["timestamp", "api_key", "recv_window", "payload", "body"].map(|part| vector.input(part)).concat()
    };
    vector.signs(&signed)?;
    vector.gives(&hex(hmac_sha256(&vector.secret(), signed.as_bytes()).as_ref()))
}

/// `timestamp + METHOD + path?query + body`; HMAC-SHA256 in base64. The passphrase is signed with the same secret.
fn kucoin(vector: &Vector) -> Result<(), String> {
    let sign = |text: &str| base64(hmac_sha256(&vector.secret(), text.as_bytes()).as_ref());
    let signed = match vector.inputs.get("plain") {
        Some(_) => vector.input("plain"),
        None => ["timestamp_ms", "method", "path", "body"].map(|part| vector.input(part)).concat(),
    };
    vector.signs(&signed)?;
    if vector.inputs.contains_key("expected_KC_API_PASSPHRASE") {
        same("the passphrase", &sign(&vector.input("passphrase")), &vector.input("expected_KC_API_PASSPHRASE"))?;
    }
    vector.gives(&sign(&signed))
}

/// `path + SHA256(nonce + body)`; HMAC-SHA512 with the decoded secret, in base64. Part of the text is a hash, so that the
/// vector only describes it.
fn kraken(vector: &Vector) -> Result<(), String> {
    let hash = sha256(format!("{}{}", vector.input("nonce"), vector.input("post_data")).as_bytes());
    let signed = [vector.input("path").as_bytes(), hash.as_ref()].concat();
    vector.gives(&base64(hmac_sha512(&vector.secret_bytes()?, &signed).as_ref()))
}

/// `SHA256(body + nonce + path)`, the path without its first part; HMAC-SHA512 with the decoded secret, in base64.
fn kraken_futures(vector: &Vector) -> Result<(), String> {
    let path = vector.input("path");
    let path = path.strip_prefix("/derivatives").ok_or("the path begins with /derivatives")?;
    same("the signed path", path, &vector.input("signed_path"))?;
    let signed = format!("{}{}{path}", vector.input("post_data"), vector.input("nonce"));
    vector.signs(&signed)?;
    let hash = sha256(signed.as_bytes());
    vector.gives(&base64(hmac_sha512(&vector.secret_bytes()?, hash.as_ref()).as_ref()))
}

/// Tokens with ES256, which differ each time and are verified, or Ed25519, which are compared; old keys have HMAC-SHA256.
fn coinbase(vector: &Vector) -> Result<(), String> {
    match vector.name.as_str() {
        "legacy_hmac_get_accounts" => {
            let signed = ["timestamp_s", "method", "path", "body"].map(|part| vector.input(part)).concat();
            vector.signs(&signed)?;
            vector.gives(&hex(hmac_sha256(&vector.secret(), signed.as_bytes()).as_ref()))
        }
        "cdp_jwt_ed25519" => {
            let secret = from_base64(&vector.input("secret_base64_64bytes")).ok_or("the secret is no base64")?;
            let (seed, public) = secret.split_at_checked(32).ok_or("the secret is too short")?;
            let signed = vector.input("signing_input");
            let signature = words(ed25519("coinbase", seed, signed.as_bytes()))?;
            vector.gives(&base64_url(&signature))?;
            let verified = UnparsedPublicKey::new(&ED25519, public).verify(signed.as_bytes(), &signature);
            verified.map_err(|_| "the secret's other half does not verify it".to_owned())
        }
        _ => coinbase_token(vector),
    }
}

/// A token of our own must be as required and be verified by the public key, as the example is.
fn coinbase_token(vector: &Vector) -> Result<(), String> {
    let (key, nbf) = (vector.input("key_name"), vector.inputs.get("nbf").and_then(Value::as_i64).unwrap_or_default());
    let header = serde_json::json!({ "alg": "ES256", "typ": "JWT", "kid": key, "nonce": "00ff" });
    let uri = format!("{} {}{}", vector.input("method"), vector.input("host"), vector.input("path"));
    let claims = serde_json::json!({ "sub": key, "iss": "cdp", "nbf": nbf, "exp": nbf + 120, "uri": uri });
    let signed = format!("{}.{}", base64_url(header.to_string().as_bytes()), base64_url(claims.to_string().as_bytes()));
    let signature = words(es256("coinbase", &vector.input("private_key_pem"), signed.as_bytes()))?;
    verify_token(vector, &format!("{signed}.{}", base64_url(&signature)))?;
    let example = vector.example_valid_token.as_deref().ok_or("there is no example")?;
    verify_token(vector, example)?;
    let forged = example.replace("ES256", "none").replacen('e', "f", 1);
    if verify_token(vector, &forged).is_ok() { Err("a changed token is verified".to_owned()) } else { Ok(()) }
}

fn verify_token(vector: &Vector, token: &str) -> Result<(), String> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else { return Err("a token has three parts".to_owned()) };
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|e| e.to_string());
    let der = pem_body(vector.public_key_pem.as_deref().unwrap_or_default()).ok_or("the public key is no PEM")?;
    // The point is the last 65 bytes of a P-256 key.
    let point = der.get(der.len().saturating_sub(65)..).unwrap_or_default();
    let signed = format!("{header}.{claims}");
    let verified =
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed.as_bytes(), &decode(signature)?);
    verified.map_err(|_| "the token is not verified".to_owned())?;
    for (part, required) in [(header, &vector.required_header), (claims, &vector.required_claims)] {
        let told: Value = serde_json::from_slice(&decode(part)?).map_err(|e| e.to_string())?;
        for (name, value) in required.iter().flatten().filter(|(name, _)| !name.starts_with('_') && *name != "nonce") {
            same(name, &told.get(name).unwrap_or(&Value::Null).to_string(), &value.to_string())?;
        }
    }
    Ok(())
}

fn words<T>(result: Result<T, venue::protocol::CallError>) -> Result<T, String> {
    result.map_err(|e| e.to_string())
}

fn from_hex(text: &str) -> Result<Vec<u8>, String> {
    let byte = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    (0..text.len()).step_by(2).map(byte).collect::<Option<_>>().ok_or_else(|| "no hex".to_owned())
}

/// The same vector with a signature (for a token: a public key) that is wrong in one place.
fn spoiled(vector: &Vector) -> Vector {
    let mut spoiled = vector.clone();
    let other = |c: char| {
        if c == 'A' || c == 'a' {
            'b'
        } else if c.is_ascii_digit() {
            if c == '0' { '1' } else { '0' }
        } else {
            'a'
        }
    };
    spoiled.expected_signature =
        vector.expected_signature.char_indices().map(|(at, c)| if at == 5 { other(c) } else { c }).collect();
    spoiled.example_valid_token = vector.example_valid_token.as_deref().map(|token| {
        let at = token.rfind('.').unwrap() + 5;
        token.char_indices().map(|(n, c)| if n == at { other(c) } else { c }).collect()
    });
    spoiled
}

#[test]
fn every_vector_is_met_and_a_spoiled_one_is_not() {
    let Some(folder) = test_data("signatures") else { return };
    let File { vectors } = serde_json::from_str(&text(&folder.join("signatures.json"))).unwrap();
    assert_eq!(vectors.len(), VECTORS);
    let mut met: BTreeMap<&str, usize> = BTreeMap::new();
    let mut faults = Vec::new();
    for vector in &vectors {
        match check(vector) {
            Ok(()) => *met.entry(vector.exchange.as_str()).or_default() += 1,
            Err(fault) => faults.push(format!("{} {}: {fault}", vector.exchange, vector.name)),
        }
        assert!(check(&spoiled(vector)).is_err(), "{} {}: anything is met", vector.exchange, vector.name);
    }
    println!("{met:?}");
    assert!(faults.is_empty(), "{} of {VECTORS} are not met:\n{}", faults.len(), faults.join("\n"));
}
