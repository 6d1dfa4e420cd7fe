//! No secret in any fault, answer or debug output: canaries are planted as keys, secrets, passphrases and tokens, every
//! question is asked of a venue that repeats all it was sent, and everything that can be printed is looked through.
//!
//! 1. Looked for are the canaries and the signatures made with them, as they are, in base64, in hex and percent-encoded,
//!    and each of these by its first letters: a text may be cut off within one.
//! 2. Asked are all questions of all adapters, all streams' logins, and the desk's ports; over a transport that is a fake,
//!    and over HTTP to a server on this machine.
//! 3. The one place where an answer may repeat something is the answer itself: what a venue calls an order is its own.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use conformance::fuzz::asks;
use desk::fake::{FakeClock, sample};
use desk::id::{IntentId, Symbol, VenueId};
use desk::port::{CancelOrder as _, ListOpenOrders as _, ListTrades as _, QueryOrder as _, ReadBalances as _};
use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use venue::bitget::BitgetUnified;
use venue::kucoin::KuCoinFutures;
use venue::live::transport::SendFault;
use venue::live::{Access, Alone, Exchange, Http, LiveSpot, Transport};
use venue::okx::OkxTriggers;
use venue::protocol::http::encode_into;
use venue::protocol::sign::{base64, from_base64, hex};
use venue::protocol::stream::{Channel, StreamToken, Topic};
use venue::protocol::{Credentials, Instrument, Markets, Moment, Product, Protocol, Reply, Request, Scope, Streams};
use venue::registry::ADAPTERS;

const NOW_MS: i64 = 1_700_000_000_000;
const KEY: &str = "canarykey0f9e8d7c6b5a";
/// Base64, as some venues want it; no key of 32 or 64 bytes, as others take for one of another kind.
const SECRET: &str = "Y2FuYXJ5LXNlY3JldC1vZi10aGlzLWRlc2stMDEyMzQ1Njc4OQ==";
const PASSPHRASE: &str = "canary passphrase/1";
const TOKEN: &str = "canarytoken7a6b5c4d3e";
/// By how many letters a canary is found.
const FOUND_BY: usize = 12;

fn credentials() -> Credentials {
    Credentials::new("canary", KEY.to_owned(), SECRET.to_owned(), Some(PASSPHRASE.to_owned())).unwrap()
}

fn moment() -> Moment {
    Moment { now: desk::time::Timestamp::from_ms(NOW_MS), nonce: 77, window_ms: 5_000 }
}

/// All forms of what may be seen nowhere.
#[derive(Default)]
struct Canaries(Vec<String>);

impl Canaries {
    fn planted() -> Self {
        let mut all = Self::default();
        [KEY, SECRET, PASSPHRASE, TOKEN].into_iter().for_each(|canary| all.plant(canary));
        let bytes = from_base64(SECRET).unwrap();
        all.plant(&String::from_utf8(bytes).unwrap());
        all
    }

    fn plant(&mut self, canary: &str) {
        let mut encoded = String::new();
        encode_into(&mut encoded, canary);
        let forms = [canary.to_owned(), encoded, base64(canary.as_bytes()), hex(canary.as_bytes())];
        self.0.extend(forms.map(|form| form.chars().take(FOUND_BY).collect()));
    }

    /// Also what a request was signed with.
    fn plant_signatures(&mut self, request: &Request) {
        for (name, value) in &request.headers {
            let lower = name.to_ascii_lowercase();
            if ["sign", "authent", "authorization", "passphrase"].iter().any(|part| lower.contains(part)) {
                self.plant(value.trim_start_matches("Bearer "));
            }
        }
        for text in [&request.target, &request.body] {
            if let Some((_, signature)) = text.split_once("signature=") {
                self.plant(signature);
            }
        }
    }

    /// Looks through a text.
    fn look(&self, what: &str, text: &str) {
        if let Some(found) = self.0.iter().find(|form| text.contains(form.as_str())) {
            panic!("{what} shows {found:?}: {text}");
        }
    }
}

/// A venue that repeats what it was sent.
#[derive(Clone)]
struct Echo {
    manner: Manner,
    sent: Arc<Mutex<Vec<Request>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// As an error of the venue's form, with this status.
    Error(u16),
    /// As a page.
    Page,
    /// As a text that is cut off within a canary.
    Cut,
    /// In other letters.
    Encoded,
    /// Not at all: the connection breaks, and whoever reports it quotes the request.
    Broken,
}

const MANNERS: [Manner; 6] =
    [Manner::Error(400), Manner::Error(200), Manner::Page, Manner::Cut, Manner::Encoded, Manner::Broken];

fn told(request: &Request) -> String {
    let headers = request.headers.iter().map(|(name, value)| format!("{name}: {value}"));
    let headers = headers.collect::<Vec<_>>().join("; ");
    format!("{SECRET} {PASSPHRASE} {headers} {} {}", request.target, request.body)
}

/// An error as any of the venues writes one.
fn error(words: &str) -> String {
    serde_json::json!({
        "code": "40009", "msg": words, "message": words, "retCode": 10_004, "retMsg": words, "result": {},
        "error": words, "errors": [{ "code": 1, "message": words }], "success": false, "requestTime": NOW_MS,
        "data": [{ "sCode": "50113", "sMsg": words }], "error_response": { "error": words, "message": words },
    })
    .to_string()
}

impl Transport for Echo {
    async fn send(&self, _: &str, request: &Request, _: Duration) -> Result<Reply, SendFault> {
        self.sent.lock().unwrap().push(request.clone());
        // What is quoted first is what survives the cut: each canary has its turn.
        let headers = request.headers.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(" ");
        let all = format!("{headers} {}", told(request));
        Ok(match self.manner {
            Manner::Error(status) => Reply::new(status, error(&all)),
            Manner::Page => Reply::new(403, format!("<html>{}</html>", told(request))),
            Manner::Cut => Reply::new(200, format!("{}{SECRET}", "x".repeat(200 - FOUND_BY - 1))),
            Manner::Encoded => {
                let bytes = SECRET.as_bytes();
                Reply::new(401, error(&format!("{} {} {}", base64(bytes), hex(bytes), hex(PASSPHRASE.as_bytes()))))
            }
            Manner::Broken => return Err(SendFault { reason: format!("lost: {}", told(request)), unsent: false }),
        })
    }
}

fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

type Venue<X> = Exchange<Alone, FakeClock, X>;

fn exchange<X: Transport>(protocol: &'static dyn Protocol, transport: X, base: &str) -> Venue<X> {
    let origins = [("*".to_owned(), base.to_owned())].into();
    let access = Access { origins, test: false, credentials: Some(credentials()) };
    Exchange::new(protocol, access, Alone::default(), FakeClock::at(NOW_MS), transport, 1, |_, _, _| {})
}

fn market(venue: &str, product: Product) -> Instrument {
    let (symbol, quote) = match (venue, product) {
        ("okx" | "kucoin", Product::Spot) => ("BTC-USDT", "USDT"),
        ("okx", _) => ("BTC-USDT-SWAP", "USDT"),
        ("kucoin", _) => ("XBTUSDTM", "USDT"),
        ("coinbase", _) => ("BTC-USD", "USD"),
        ("kraken", _) => ("XXBTZUSD", "USD"),
        ("krakenfutures", _) => ("PF_XBTUSD", "USD"),
        _ => ("BTCUSDT", "USDT"),
    };
    let settle = product.is_contract().then_some(quote);
    let mut market = Instrument::named(product, symbol, "BTC", quote, settle);
    market.tick = Some(rust_decimal::Decimal::new(1, 2));
    market.lot = Some(rust_decimal::Decimal::new(1, 4));
    market.contract_size = product.is_contract().then_some(rust_decimal::Decimal::ONE);
    market
}

fn protocols() -> Vec<&'static dyn Protocol> {
    let others: [&'static dyn Protocol; 1] = [&KuCoinFutures];
    ADAPTERS.iter().map(|adapter| adapter.protocol).chain(others).collect()
}

/// Every question of a venue, of each of its products.
fn questions(protocol: &'static dyn Protocol) -> asks::Asked {
    let record = protocol.capabilities();
    let products = record.products.iter().filter(|product| matches!(product, Product::Spot | Product::Linear));
    let of = |product: &Product| {
        let market = market(record.venue, *product);
        asks::questions(protocol, &market).into_iter().chain(asks::others(protocol, &market)).collect::<Vec<_>>()
    };
    products.flat_map(of).collect()
}

#[test]
fn no_fault_of_any_question_repeats_a_secret() {
    let mut asked = 0;
    for protocol in protocols() {
        let venue = protocol.capabilities().venue;
        for manner in MANNERS {
            for (question, ask) in questions(protocol) {
                let what = format!("{venue}, {question}, {manner:?}");
                let mut canaries = Canaries::planted();
                canaries.look(&what, &format!("{:?}", ask.request));
                let echo = Echo { manner, sent: Arc::default() };
                let exchange = exchange(protocol, echo.clone(), "https://localhost");
                let is_private = ask.request.auth != venue::protocol::Auth::None;
                let answer = run(exchange.once(ask, None));
                for request in echo.sent.lock().unwrap().iter() {
                    canaries.plant_signatures(request);
                    canaries.look(&what, &format!("{request:?}"));
                    asked += usize::from(is_private);
                }
                canaries.look(&what, &format!("{exchange:?}"));
                if let Err(fault) = answer {
                    canaries.look(&what, &fault.to_string());
                    canaries.look(&what, &format!("{fault:?}"));
                }
            }
        }
    }
    assert!(asked > 1000, "only {asked} private questions were asked");
}

#[test]
fn nothing_that_holds_a_secret_shows_it() {
    let canaries = Canaries::planted();
    let token =
        StreamToken { token: TOKEN.to_owned(), url: Some(format!("wss://x/?token={TOKEN}")), ping_every_ms: None };
    canaries.look("a token", &format!("{token:?}"));
    let others: [&'static dyn Streams; 3] = [&BitgetUnified, &KuCoinFutures, &OkxTriggers];
    let streams = ADAPTERS.iter().map(|adapter| adapter.streams).chain(others);
    for streams in streams {
        for product in [Product::Spot, Product::Linear, Product::Inverse, Product::Option] {
            for channel in [Channel::Public(product), Channel::Private(product)] {
                // Without what they need, they say so and no more.
                let bare =
                    Credentials::new("canary", KEY.to_owned(), "canary-secret, no base64".to_owned(), None).unwrap();
                for fault in [
                    streams.login(channel, &bare, moment()).err(),
                    streams.login(channel, &credentials(), moment()).err(),
                    streams.url(channel, Some(&token), true).err(),
                ] {
                    let text = fault.map(|fault| format!("{fault} {fault:?}")).unwrap_or_default();
                    canaries.look("a stream's fault", &text);
                }
            }
        }
    }
    for protocol in protocols() {
        for (question, ask) in questions(protocol) {
            let bare = Credentials::new("canary", KEY.to_owned(), "canary-secret, no base64".to_owned(), None).unwrap();
            if let Err(fault) = protocol.sign(ask.request, Some(&bare), moment()) {
                canaries.look(question, &format!("{fault} {fault:?}"));
            }
        }
    }
}

/// What the desk's ports say to a venue that repeats everything.
fn ports(protocol: &'static dyn Protocol) {
    let venue = protocol.capabilities().venue;
    let echo = Echo { manner: Manner::Error(400), sent: Arc::default() };
    let exchange = exchange(protocol, echo.clone(), "https://localhost");
    let market = market(venue, Product::Spot);
    let symbol = Symbol::new(market.symbol.clone()).unwrap();
    exchange.set_markets(Markets::new([market]));
    let live = LiveSpot::new(VenueId::new(venue).unwrap(), Arc::new(exchange), Scope::default());
    let (account, order): (_, IntentId) = (sample::account(), sample::entry("1").id);
    let shown = run(async {
        [
            format!("{:?}", live.by_client_id(&account, &symbol, &order).await),
            format!("{:?}", live.in_lists(&account, &symbol, &order, desk::time::Timestamp::from_ms(0)).await),
            format!("{:?}", live.cancel(&account, &symbol, &order).await),
            format!("{:?}", live.open_orders(&account).await),
            format!(
                "{:?}",
                live.trades(&account, &symbol, desk::time::Timestamp::from_ms(0)..desk::time::Timestamp::from_ms(1))
                    .await
            ),
            format!("{:?}", live.last_trade(&account, &symbol).await),
            format!("{:?}", live.balances(&account).await),
            format!("{live:?} {:?}", live.exchange()),
        ]
    });
    let mut canaries = Canaries::planted();
    let sent = echo.sent.lock().unwrap();
    assert!(!sent.is_empty(), "{venue}: nothing was asked");
    sent.iter().for_each(|request| canaries.plant_signatures(request));
    shown.iter().for_each(|text| canaries.look(venue, text));
}

#[test]
fn the_desks_ports_repeat_no_secret() {
    // Repeated reads wait, so they wait together.
    std::thread::scope(|threads| {
        for protocol in protocols().into_iter().filter(|p| p.capabilities().products.contains(&Product::Spot)) {
            threads.spawn(move || ports(protocol));
        }
    });
}

/// A server on this machine that answers each request with itself; gives its address.
fn mirror(answers: usize) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(answers) {
            let mut stream = stream.unwrap();
            let mut heard = vec![0; 64 * 1024];
            let read = stream.read(&mut heard).unwrap();
            let words = String::from_utf8_lossy(&heard[..read]).into_owned();
            let body = error(&words);
            let head = format!("HTTP/1.1 400 Bad\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    format!("http://{address}")
}

#[test]
fn nor_does_anything_over_a_real_connection() {
    for protocol in protocols() {
        let base = mirror(1);
        let ask = protocol.balances(&Scope::default()).unwrap();
        let exchange = exchange(protocol, Http::new().unwrap(), &base);
        let fault = run(exchange.once(ask, None)).expect_err("a mirror holds no balances");
        let canaries = Canaries::planted();
        canaries.look(protocol.capabilities().venue, &format!("{fault} {fault:?}"));
    }
    // Nobody is there: the fault names neither query nor header.
    let exchange = exchange(ADAPTERS[0].protocol, Http::new().unwrap(), "http://127.0.0.1:9");
    let ask = ADAPTERS[0].protocol.balances(&Scope::default()).unwrap();
    let fault = run(exchange.once(ask, None)).expect_err("nobody is there");
    Canaries::planted().look("a connection refused", &format!("{fault} {fault:?}"));
    assert!(!fault.to_string().contains("signature"), "{fault}");
}

#[test]
fn the_news_of_a_stream_that_gets_no_token_repeat_no_secret() {
    use venue::live::stream::{News, Plan, follow};
    let mut broken = 0;
    for (adapter, product) in ADAPTERS.iter().flat_map(|adapter| [(adapter, Product::Spot), (adapter, Product::Linear)])
    {
        let channel = Channel::Private(product);
        if !matches!(adapter.streams.token(channel), Ok(Some(_))) {
            continue;
        }
        let echo = Echo { manner: Manner::Error(400), sent: Arc::default() };
        let exchange = Arc::new(exchange(adapter.protocol, echo.clone(), "https://localhost"));
        let plan = Plan::new(adapter.streams, vec![Topic::Orders(product)]);
        let news = run(async {
            let (sender, mut news) = tokio::sync::mpsc::channel(8);
            tokio::select! {
                () = follow(exchange, plan, sender) => None,
                news = news.recv() => news,
            }
        });
        // It has no such stream, or tells of orders elsewhere.
        let Some(news) = news else { continue };
        let News::Down(why) = news else { panic!("{news:?}") };
        let mut canaries = Canaries::planted();
        echo.sent.lock().unwrap().iter().for_each(|request| canaries.plant_signatures(request));
        canaries.look(adapter.protocol.capabilities().venue, &format!("{why} {why:?}"));
        broken += 1;
    }
    assert!(broken >= 3, "only {broken} streams want a token");
}
