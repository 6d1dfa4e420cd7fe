//! Published and derived signatures, each made by the adapter itself: its own question or a request built by hand is signed
//! by [`Protocol::sign`], a login is made by [`Streams::login`], with the vector's key, time and nonce as values.
//!
//! 1. What is sent must be what the vector tells of: its path, its query or body. The rule of what is signed is the
//!    adapter's; it stands nowhere here.
//! 2. Every vector is also tried with a signature that is wrong in one place, which must fail.
//! 3. [`BY_FUNCTION`] lists those that no request of ours can be, each with the reason: they are held to the function that
//!    the adapter signs with.

#![allow(clippy::unwrap_used, reason = "tests")]

use crate::support::{folder, text};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, UnparsedPublicKey, VerificationAlgorithm};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use desk::time::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use venue::binance::{Binance, stream_sign};
use venue::bitget::Bitget;
use venue::bybit::Bybit;
use venue::coinbase::Coinbase;
use venue::kraken::{Kraken, KrakenFutures};
use venue::kucoin::KuCoin;
use venue::okx::Okx;
use venue::protocol::call::Extra;
use venue::protocol::sign::{base64_url, ed25519, from_base64, pem_body};
use venue::protocol::stream::Channel;
use venue::protocol::wire::rfc3339;
use venue::protocol::{
    Body, Built, CallError, Credentials, EndpointClass, MarketsQuery, Method, Moment, Params, Product, Protocol,
    Request, Scope, Streams, Unsigned,
};

/// How many there are.
const VECTORS: usize = 43;

/// Vectors that no request of ours can be, by exchange and the beginning of their names, and why.
const BY_FUNCTION: [(&str, &str, &str); 5] = [
    ("binance", "rest_timestamp_only", "the adapter always says how long a request is good for"),
    ("binance", "rest_order_body", "its time stands first; the adapter's stands last"),
    ("binance", "rest_order_ed25519", "its time stands before its window; the adapter's stands behind it"),
    ("binance", "ws_api_doc_message_", "without a window, which the adapter always tells"),
    ("coinbase", "cdp_jwt_ed25519", "its nonce has 128 bits, the adapter's has 64"),
];

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

/// How a vector was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// By a question of the adapter, signed.
    Question,
    /// By a request built by hand, signed by the adapter.
    Request,
    /// By the adapter's login.
    Login,
    /// By the function the adapter signs with.
    Function,
}

type Met = Result<Way, String>;

impl Vector {
    /// An input, as text; nothing where there is none.
    fn input(&self, name: &str) -> String {
        match self.inputs.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        }
    }

    fn number(&self, name: &str) -> i64 {
        self.input(name).parse().unwrap_or_default()
    }

    /// The key pair; a name of ours where the vector needs none.
    fn credentials(&self) -> Result<Credentials, String> {
        let or = |names: [&str; 2], other: &str| {
            let given = names.map(|name| self.input(name)).into_iter().find(|text| !text.is_empty());
            given.unwrap_or_else(|| other.to_owned())
        };
        let secret = or(["secret", "private_key_pem"], &self.input("secret_base64_64bytes"));
        let passphrase = self.inputs.contains_key("passphrase").then(|| self.input("passphrase"));
        words(Credentials::new("vector", or(["api_key", "key_name"], "unnamed"), secret, passphrase))
    }

    /// The method, and the path with its query, of a request built by hand, as read by nobody but the signer.
    fn unsigned(&self, origin: &'static str) -> Unsigned {
        let path = self.input("path");
        let (path, query) = path.split_once('?').unwrap_or((path.as_str(), ""));
        let body = self.input("body");
        let body = if body.is_empty() { Body::None } else { Body::Json(body) };
        let method = if self.input("method") == "POST" { Method::Post } else { Method::Get };
        Unsigned { query: params(query), body, ..Unsigned::account(origin, path.to_owned(), Params::new()) }.by(method)
    }

    /// Whether a request is the one the vector tells of.
    fn is(&self, request: &Request) -> Result<(), String> {
        same("the target", &request.target, &self.input("path"))?;
        same("the body", &request.body, &self.input("body"))
    }

    fn gives(&self, signature: Option<&str>) -> Result<(), String> {
        same("the signature", signature.unwrap_or_default(), &self.expected_signature)
    }
}

fn same(what: &str, ours: &str, theirs: &str) -> Result<(), String> {
    if ours == theirs { Ok(()) } else { Err(format!("{what} is {ours:?}, should be {theirs:?}")) }
}

fn words<T>(result: Result<T, CallError>) -> Result<T, String> {
    result.map_err(|e| e.to_string())
}

/// `a=1&b=2`, where nothing is encoded.
fn params(text: &str) -> Params {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.fold(Params::new(), |all, (name, value)| all.with(name.to_owned(), value))
}

fn at(now_ms: i64) -> Moment {
    Moment { now: Timestamp::from_ms(now_ms), nonce: 0xff, window_ms: 5000 }
}

/// Signs by the adapter.
fn signed(adapter: &dyn Protocol, unsigned: Unsigned, vector: &Vector, moment: Moment) -> Result<Request, String> {
    words(adapter.sign(unsigned, Some(&vector.credentials()?), moment))
}

fn question<T>(built: Built<T>) -> Result<Unsigned, String> {
    words(built).map(|ask| ask.request)
}

/// The only frame of a login.
fn login(adapter: &dyn Streams, vector: &Vector, moment: Moment) -> Result<Value, String> {
    let frames = words(adapter.login(Channel::Private(Product::Spot), &vector.credentials()?, moment))?;
    let [frame] = frames.as_slice() else { return Err(format!("{} frames", frames.len())) };
    serde_json::from_str(frame).map_err(|e| e.to_string())
}

/// Holds a vector to its exchange's adapter.
fn check(vector: &Vector) -> Met {
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
        other => Err(format!("{other} has no adapter")),
    }
}

/// The pairs of a vector's list of parameters.
fn listed(vector: &Vector) -> Vec<(String, String)> {
    let pairs = vector.inputs.get("params").and_then(Value::as_array).into_iter().flatten();
    let part = |pair: &Value, at: usize| pair.get(at).and_then(Value::as_str).unwrap_or_default().to_owned();
    pairs.map(|pair| (part(pair, 0), part(pair, 1))).collect()
}

fn binance(vector: &Vector) -> Met {
    let signed_text = vector.prehash.clone().unwrap_or_default();
    let params = listed(vector);
    if let [rest @ .., (window, _), (time, stamp)] = params.as_slice()
        && (window.as_str(), time.as_str()) == ("recvWindow", "timestamp")
    {
        let body = rest.iter().fold(Params::new(), |all, (name, value)| all.with(name.clone(), value));
        let order = Unsigned::post("spot", "/api/v3/order", Body::Form(body), EndpointClass::Order);
        let request = signed(&Binance, order, vector, at(stamp.parse().unwrap_or_default()))?;
        same("the body", &request.body, &format!("{signed_text}&signature={}", vector.expected_signature))?;
        return Ok(Way::Request);
    }
    let secret = if vector.inputs.contains_key("secret") { vector.input("secret") } else { vector.input("pkcs8_pem") };
    let signature = words(stream_sign::signature(&secret, &signed_text))?;
    vector.gives(Some(&signature))?;
    if let Some(encoded) = &vector.expected_query_value {
        same("the query's value", &Params::new().with("s", &signature).encoded(), &format!("s={encoded}"))?;
    }
    // That a request is signed by this very function, with the same secret.
    let keys = words(Credentials::new("binance", "unnamed".to_owned(), secret.clone(), None))?;
    let read = Unsigned::account("spot", "/api/v3/account", Params::new());
    let request = words(Binance.sign(read, Some(&keys), at(1_700_000_000_000)))?;
    let (_, query) = request.target.split_once('?').ok_or("nothing is signed")?;
    let (payload, ours) = query.split_once("&signature=").ok_or("there is no signature")?;
    let wanted = Params::new().with("s", words(stream_sign::signature(&secret, payload))?).encoded();
    same("a request's signature", &format!("s={ours}"), &wanted)?;
    Ok(Way::Function)
}

/// Requests of the WebSocket API: what is told of them is signed as a whole, or, without a window, by the two functions
/// that signing a request consists of.
fn binance_socket(vector: &Vector) -> Met {
    let signed_text = vector.prehash.as_deref().unwrap_or_default();
    let told: BTreeMap<&str, &str> = signed_text.split('&').filter_map(|pair| pair.split_once('=')).collect();
    if let (Some(window), Some(time)) = (told.get("recvWindow"), told.get("timestamp")) {
        let own = ["apiKey", "recvWindow", "timestamp"];
        let rest = told.iter().filter(|(name, _)| !own.contains(name));
        let rest = rest.map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
        let moment = Moment { window_ms: window.parse().unwrap_or_default(), ..at(time.parse().unwrap_or_default()) };
        let frame = words(stream_sign::request("1", &vector.input("ws_method"), rest, &vector.credentials()?, moment))?;
        let frame: Value = serde_json::from_str(&frame).map_err(|e| e.to_string())?;
        same("the method", frame["method"].as_str().unwrap_or_default(), &vector.input("ws_method"))?;
        vector.gives(frame["params"]["signature"].as_str())?;
        return Ok(Way::Request);
    }
    let Some(Value::Object(params)) = vector.inputs.get("params") else { return Err("there are no parameters".into()) };
    let payload = stream_sign::payload(params);
    same("the text to be signed", &payload, signed_text)?;
    vector.gives(Some(&words(stream_sign::signature(&vector.input("secret"), &payload))?))?;
    Ok(Way::Function)
}

fn bitget(vector: &Vector) -> Met {
    if vector.inputs.contains_key("timestamp_s") {
        let frame = login(&Bitget, vector, at(vector.number("timestamp_s") * 1000))?;
        vector.gives(frame["args"][0]["sign"].as_str())?;
        return Ok(Way::Login);
    }
    let request = signed(&Bitget, vector.unsigned("rest"), vector, at(vector.number("timestamp_ms")))?;
    vector.is(&request)?;
    vector.gives(request.header_value("ACCESS-SIGN"))?;
    Ok(Way::Request)
}

fn okx(vector: &Vector) -> Met {
    if vector.inputs.contains_key("timestamp_s") {
        let frame = login(&Okx, vector, at(vector.number("timestamp_s") * 1000))?;
        vector.gives(frame["args"][0]["sign"].as_str())?;
        return Ok(Way::Login);
    }
    let moment = Moment { now: rfc3339(&vector.input("timestamp"))?, ..at(0) };
    let (way, unsigned) = if vector.input("path").starts_with("/api/v5/account/balance") {
        let extra = params(vector.input("path").split_once('?').map_or("", |(_, query)| query));
        let extra = extra.iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
        (Way::Question, question(Okx.balances(&Scope { extra: Extra(extra), ..Scope::default() }))?)
    } else {
        (Way::Request, vector.unsigned("rest"))
    };
    let request = signed(&Okx, unsigned, vector, moment)?;
    vector.is(&request)?;
    vector.gives(request.header_value("OK-ACCESS-SIGN"))?;
    Ok(way)
}

fn bybit(vector: &Vector) -> Met {
    if vector.inputs.contains_key("expires") {
        let frame = login(&Bybit, vector, at(vector.number("expires") - 5000))?;
        vector.gives(frame["args"][2].as_str())?;
        return Ok(Way::Login);
    }
    // Two of them tell only what is signed besides time, key and window: a query, or a body.
    let payload = vector.input("payload");
    let unsigned = match payload.starts_with('{') {
        _ if payload.is_empty() => vector.unsigned("rest"),
        true => Unsigned::post("rest", "/v5/order/create", Body::Json(payload.clone()), EndpointClass::Order),
        false => Unsigned::account("rest", "/v5/position/list", params(&payload)),
    };
    let moment = Moment {
        window_ms: u32::try_from(vector.number("recv_window")).unwrap_or_default(),
        ..at(vector.number("timestamp"))
    };
    let request = signed(&Bybit, unsigned, vector, moment)?;
    let sent = request.target.split_once('?').map_or(request.body.as_str(), |(_, query)| query);
    same("what is sent", sent, if payload.is_empty() { vector.input("body") } else { payload }.as_str())?;
    vector.gives(request.header_value("X-BAPI-SIGN"))?;
    Ok(Way::Request)
}

fn kucoin(vector: &Vector) -> Met {
    if vector.inputs.contains_key("plain") {
        // The venue's own vector signs a bare text. The adapter signs one, too: the passphrase.
        let plain = Some(vector.input("plain"));
        let keys = words(Credentials::new("kucoin", "unnamed".to_owned(), vector.input("secret"), plain))?;
        let read = question(KuCoin.accounts(&Scope::default()))?;
        let request = words(KuCoin.sign(read, Some(&keys), at(1_700_000_000_000)))?;
        vector.gives(request.header_value("KC-API-PASSPHRASE"))?;
        return Ok(Way::Question);
    }
    let request = signed(&KuCoin, vector.unsigned("spot"), vector, at(vector.number("timestamp_ms")))?;
    vector.is(&request)?;
    if vector.inputs.contains_key("expected_KC_API_PASSPHRASE") {
        let ours = request.header_value("KC-API-PASSPHRASE").unwrap_or_default();
        same("the passphrase", ours, &vector.input("expected_KC_API_PASSPHRASE"))?;
    }
    vector.gives(request.header_value("KC-API-SIGN"))?;
    Ok(Way::Request)
}

fn kraken(vector: &Vector) -> Met {
    let data = vector.input("post_data");
    let fields = data.strip_prefix(&format!("nonce={}", vector.input("nonce"))).ok_or("the nonce stands first")?;
    let form = Body::Form(params(fields.trim_start_matches('&')));
    let unsigned = Unsigned::post("spot", vector.input("path"), form, EndpointClass::Account);
    let nonce = vector.input("nonce").parse::<u64>().map_err(|_| "the nonce is a number")?;
    let request = signed(&Kraken, unsigned, vector, Moment { nonce, ..at(0) })?;
    same("the target", &request.target, &vector.input("path"))?;
    same("the body", &request.body, &data)?;
    vector.gives(request.header_value("API-Sign"))?;
    Ok(Way::Request)
}

fn kraken_futures(vector: &Vector) -> Met {
    let (way, mut unsigned) = if vector.name == "get_openpositions" {
        (Way::Question, question(KrakenFutures.positions(&MarketsQuery::default()))?)
    } else {
        let query = params(&vector.input("post_data"));
        (Way::Request, Unsigned::account("futures", vector.input("path"), query).by(Method::Post))
    };
    // The adapter sends no nonce. Where there is one, it is signed between parameters and path, where a body stands.
    if !vector.input("nonce").is_empty() {
        unsigned.body = Body::Json(vector.input("nonce"));
    }
    let request = signed(&KrakenFutures, unsigned, vector, at(0))?;
    let (path, query) = request.target.split_once('?').unwrap_or((request.target.as_str(), ""));
    same("the path", path, &vector.input("path"))?;
    same("the parameters", query, &vector.input("post_data"))?;
    vector.gives(request.header_value("Authent"))?;
    Ok(way)
}

fn coinbase(vector: &Vector) -> Met {
    let accounts = question(Coinbase.accounts(&Scope::default()))?;
    if vector.name == "cdp_jwt_ed25519" {
        return coinbase_ed25519(vector, accounts);
    }
    let seconds = if vector.name == "cdp_jwt_es256" { "nbf" } else { "timestamp_s" };
    let request = signed(&Coinbase, accounts, vector, at(vector.number(seconds) * 1000))?;
    let path = request.target.split('?').next().unwrap_or_default();
    same("the path", path, &vector.input("path"))?;
    if vector.name != "cdp_jwt_es256" {
        vector.gives(request.header_value("CB-ACCESS-SIGN"))?;
        return Ok(Way::Question);
    }
    // Such a signature differs each time: it is verified, as the published example is.
    let der = pem_body(vector.public_key_pem.as_deref().unwrap_or_default()).ok_or("the public key is no PEM")?;
    // The point is the last 65 bytes of a P-256 key.
    let public = der.get(der.len().saturating_sub(65)..).unwrap_or_default();
    let required = [&vector.required_header, &vector.required_claims].map(|part| part.clone().unwrap_or_default());
    verified(&ECDSA_P256_SHA256_FIXED, public, bearer(&request)?, &required)?;
    let example = vector.example_valid_token.as_deref().ok_or("there is no example")?;
    verified(&ECDSA_P256_SHA256_FIXED, public, example, &required)?;
    let forged = bearer(&request)?.replacen('e', "f", 1);
    match verified(&ECDSA_P256_SHA256_FIXED, public, &forged, &required) {
        Ok(()) => Err("a changed token is verified".to_owned()),
        Err(_) => Ok(Way::Question),
    }
}

/// The token of our own request must have the vector's claims and be verified by the secret's other half; the vector's text
/// must give its signature.
fn coinbase_ed25519(vector: &Vector, accounts: Unsigned) -> Met {
    let secret = from_base64(&vector.input("secret_base64_64bytes")).ok_or("the secret is no base64")?;
    let (seed, public) = secret.split_at_checked(32).ok_or("the secret is too short")?;
    let text = vector.input("signing_input");
    vector.gives(Some(&base64_url(&words(ed25519("coinbase", seed, text.as_bytes()))?)))?;
    let [header, claims] = parts(&text)?;
    let now = claims["nbf"].as_i64().unwrap_or_default();
    let request = signed(&Coinbase, accounts, vector, at(now * 1000))?;
    verified(&ED25519, public, bearer(&request)?, &[header, claims])?;
    Ok(Way::Function)
}

fn bearer(request: &Request) -> Result<&str, String> {
    let header = request.header_value("Authorization").and_then(|header| header.strip_prefix("Bearer "));
    header.ok_or_else(|| "there is no token".to_owned())
}

/// Header and claims of a token.
fn parts(token: &str) -> Result<[Map<String, Value>; 2], String> {
    let part = |part: Option<&str>| {
        let bytes = URL_SAFE_NO_PAD.decode(part.unwrap_or_default()).map_err(|e| e.to_string())?;
        serde_json::from_slice(&bytes).map_err(|e| e.to_string())
    };
    let mut parts = token.split('.');
    Ok([part(parts.next())?, part(parts.next())?])
}

/// That a token's signature is right, and that it says what is required; its nonce is its own.
fn verified(
    algorithm: &'static dyn VerificationAlgorithm,
    public: &[u8],
    token: &str,
    required: &[Map<String, Value>; 2],
) -> Result<(), String> {
    let (signed, signature) = token.rsplit_once('.').ok_or("a token has three parts")?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|e| e.to_string())?;
    let verified = UnparsedPublicKey::new(algorithm, public).verify(signed.as_bytes(), &signature);
    verified.map_err(|_| "the token is not verified".to_owned())?;
    for (told, required) in parts(token)?.iter().zip(required) {
        for (name, value) in required.iter().filter(|(name, _)| !name.starts_with('_') && *name != "nonce") {
            same(name, &told.get(name).unwrap_or(&Value::Null).to_string(), &value.to_string())?;
        }
    }
    Ok(())
}

/// The same vector with a signature (for a token: an example) that is wrong in one place.
fn spoiled(vector: &Vector) -> Vector {
    let mut spoiled = vector.clone();
    let other = |c: char| match c {
        'A' | 'a' => 'b',
        '0' => '1',
        c if c.is_ascii_digit() => '0',
        _ => 'a',
    };
    let changed =
        |text: &str, place: usize| text.char_indices().map(|(n, c)| if n == place { other(c) } else { c }).collect();
    spoiled.expected_signature = changed(&vector.expected_signature, 5);
    spoiled.example_valid_token =
        vector.example_valid_token.as_deref().map(|token| changed(token, token.rfind('.').unwrap() + 5));
    spoiled
}

#[test]
fn every_vector_is_met_and_a_spoiled_one_is_not() {
    let Some(folder) = folder("") else { return };
    let File { vectors } = serde_json::from_str(&text(&folder.join("signatures.json"))).unwrap();
    assert_eq!(vectors.len(), VECTORS);
    let mut met: BTreeMap<(&str, Way), usize> = BTreeMap::new();
    let mut faults = Vec::new();
    for vector in &vectors {
        let what = format!("{} {}", vector.exchange, vector.name);
        let reason =
            BY_FUNCTION.iter().find(|(venue, name, _)| *venue == vector.exchange && vector.name.starts_with(name));
        match (check(vector), reason) {
            (Ok(Way::Function), None) => faults.push(format!("{what}: no request of ours, and no reason")),
            (Ok(Way::Function), Some(_)) | (Ok(Way::Question | Way::Request | Way::Login), None) => {}
            (Ok(_), Some((_, _, reason))) => faults.push(format!("{what}: a request of ours, against {reason:?}")),
            (Err(ref fault), _) => faults.push(format!("{what}: {fault}")),
        }
        if let Ok(way) = check(vector) {
            *met.entry((vector.exchange.as_str(), way)).or_default() += 1;
        }
        assert!(check(&spoiled(vector)).is_err(), "{what}: anything is met");
    }
    println!("{met:?}");
    assert!(faults.is_empty(), "{} of {VECTORS} are not met:\n{}", faults.len(), faults.join("\n"));
    assert_eq!(met.values().sum::<usize>(), VECTORS);
}
