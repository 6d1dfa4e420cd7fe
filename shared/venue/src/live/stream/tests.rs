//! Connections to a server on this machine that says what it is told to, and REST answers that are made up beside it.

use super::*;
use crate::binance::Binance;
use crate::bitget::Bitget;
use crate::kucoin::KuCoin;
use crate::live::transport::SendFault;
use crate::live::{Access, Alone};
use crate::okx::Okx;
use crate::protocol::book::BookRule;
use crate::protocol::call::{AccountSystem, OrderKind};
use crate::protocol::model::Side;
use crate::protocol::stream::Channel;
use crate::protocol::{Credentials, Instrument, Markets, NewOrder, Product, Protocol, ReadFault, Reply, Request};
use desk::fake::FakeClock;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{Receiver, channel};
use tokio_tungstenite::accept_hdr_async;
use tokio_tungstenite::tungstenite::handshake::server;

/// Answers by the beginning of the target, the last one again and again; and what was asked.
#[derive(Clone, Default)]
struct Rest(Arc<Mutex<(Answers, Vec<Request>)>>);

type Answers = BTreeMap<&'static str, VecDeque<&'static str>>;

impl Rest {
    fn answering(answers: &[(&'static str, &[&'static str])]) -> Self {
        let answers = answers.iter().map(|(target, bodies)| (*target, bodies.iter().copied().collect()));
        Self(Arc::new(Mutex::new((answers.collect(), Vec::new()))))
    }

    fn asked(&self) -> Vec<Request> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }

    fn targets(&self) -> Vec<String> {
        self.asked().into_iter().map(|request| request.target).collect()
    }
}

impl Transport for Rest {
    async fn send(&self, _: &str, request: &Request, _: Duration) -> Result<Reply, SendFault> {
        let mut inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inside.1.push(request.clone());
        let found = inside.0.iter_mut().find(|(target, _)| request.target.starts_with(**target));
        let none = || SendFault { reason: format!("nobody answers {}", request.target), unsent: true };
        let bodies = found.ok_or_else(none)?.1;
        let body = if bodies.len() > 1 { bodies.pop_front() } else { bodies.front().copied() };
        Ok(Reply::new(200, body.unwrap_or_default()))
    }
}

type Venue = Exchange<Alone, Arc<FakeClock>, Rest>;

fn venue(protocol: &'static dyn Protocol, rest: &Rest, test: bool, own: Option<String>) -> Arc<Venue> {
    let origins = own.map(|url| BTreeMap::from([("*".to_owned(), url)])).unwrap_or_default();
    let credentials = Credentials::new("v", "key".into(), "secret".into(), Some("phrase".into())).unwrap();
    let access = Access { origins, test, credentials: Some(credentials) };
    let clock = Arc::new(FakeClock::at(1_700_000_000_000));
    Arc::new(Exchange::new(protocol, access, Alone::default(), clock, rest.clone(), 1, |_, _, _| {}))
}

/// A connection as the server sees it: its path, and what it hears.
struct Heard {
    path: String,
    socket: WebSocketStream<TcpStream>,
}

/// A server of streams; each connection is handed over.
async fn server() -> (String, Receiver<Heard>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (out, connections) = channel(10);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut path = String::new();
            #[expect(clippy::result_large_err, reason = "the server's signature")]
            let look = |request: &server::Request, response: server::Response| {
                path = request.uri().to_string();
                Ok(response)
            };
            let socket = accept_hdr_async(stream, look).await.unwrap();
            if out.send(Heard { path, socket }).await.is_err() {
                return;
            }
        }
    });
    (url, connections)
}

fn run(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { timeout(Duration::from_secs(60), work).await.unwrap() });
}

const USDM_ORDERS: Topic = Topic::Orders(Product::Linear);
const KEYS: &str = "/fapi/v1/listenKey";

#[test]
fn a_listen_key_that_has_ended_is_replaced_and_the_listener_knows() {
    run(async {
        let (url, mut connections) = server().await;
        let rest = Rest::answering(&[(KEYS, &[r#"{"listenKey":"first"}"#, r#"{"listenKey":"second"}"#])]);
        let (out, mut news) = channel(100);
        let plan = Plan::new(&Binance, vec![USDM_ORDERS]);
        tokio::spawn(follow(venue(&Binance, &rest, false, Some(url)), plan, out));
        let mut one = connections.recv().await.unwrap();
        assert_eq!(one.path, "/private/ws/first");
        assert_eq!(news.recv().await, Some(News::Up));
        let expired = r#"{"e":"listenKeyExpired","E":1700000000000,"listenKey":"first"}"#;
        one.socket.send(Message::text(expired)).await.unwrap();
        assert_eq!(news.recv().await, Some(News::Down("the listen key has expired".to_owned())));
        assert_eq!(connections.recv().await.unwrap().path, "/private/ws/second");
        assert_eq!(news.recv().await, Some(News::Up));
    });
}

/// Binance, but for keys that are renewed every twenty milliseconds.
struct Hasty;

impl Streams for Hasty {
    fn token(&self, channel: Channel) -> Result<Option<Ask<StreamToken>>, CallError> {
        Binance.token(channel)
    }
    fn url(&self, channel: Channel, token: Option<&StreamToken>, test: bool) -> Result<String, CallError> {
        Binance.url(channel, token, test)
    }
    fn login(&self, _: Channel, _: &Credentials, _: crate::protocol::Moment) -> Result<Vec<String>, CallError> {
        Ok(Vec::new())
    }
    fn subscribe(&self, topics: &[Topic], token: Option<&StreamToken>, on: bool) -> Result<Vec<String>, CallError> {
        Binance.subscribe(topics, token, on)
    }
    fn heartbeat(&self, channel: Channel) -> Heartbeat {
        Binance.heartbeat(channel)
    }
    fn book_rule(&self, product: Product) -> BookRule {
        Binance.book_rule(product)
    }
    fn read(&self, channel: Channel, frame: &str, markets: &Markets) -> Result<Vec<Event>, ReadFault> {
        Binance.read(channel, frame, markets)
    }
    fn renewal_ms(&self, channel: Channel) -> Option<u32> {
        Binance.renewal_ms(channel).map(|_| 20)
    }
}

#[test]
fn a_listen_key_is_renewed_under_its_connection_until_another_one_is_given_out() {
    assert_eq!(Binance.renewal_ms(Channel::Private(Product::Linear)), Some(30 * 60_000));
    assert_eq!(Binance.renewal_ms(Channel::Private(Product::Spot)), None);
    run(async {
        let (url, mut connections) = server().await;
        let same = r#"{"listenKey":"same"}"#;
        let rest = Rest::answering(&[(KEYS, &[same, same, same, same, r#"{"listenKey":"other"}"#])]);
        let (out, mut news) = channel(100);
        let plan = Plan::new(&Hasty, vec![USDM_ORDERS]);
        tokio::spawn(follow(venue(&Binance, &rest, false, Some(url)), plan, out));
        let one = connections.recv().await.unwrap();
        assert_eq!(one.path, "/private/ws/same");
        assert_eq!(news.recv().await, Some(News::Up));
        let why = "the stream's token has been replaced by another one";
        assert_eq!(news.recv().await, Some(News::Down(why.to_owned())));
        assert!(rest.targets().len() >= 5, "it was renewed three times before: {:?}", rest.targets());
        assert_eq!(connections.recv().await.unwrap().path, "/private/ws/other");
    });
}

fn btc() -> Instrument {
    Instrument::named(Product::Linear, "BTCUSDT", "BTC", "USDT", Some("USDT"))
}

#[test]
fn topics_of_two_servers_are_followed_together_and_a_book_is_fetched_over_the_stream() {
    run(async {
        let (url, mut connections) = server().await;
        let book =
            r#"{"lastUpdateId":105,"E":1700000000000,"T":1700000000000,"bids":[["99.5","1"]],"asks":[["100.5","2"]]}"#;
        let rest = Rest::answering(&[("/fapi/v1/depth?symbol=BTCUSDT&limit=1000", &[book])]);
        let exchange = venue(&Binance, &rest, false, Some(url));
        exchange.set_markets(Markets::new([btc()]));
        let (out, mut news) = channel(100);
        let plan = Plan::new(&Binance, vec![Topic::Trades(btc()), Topic::Book(btc())]);
        let books = plan.books.clone();
        let following = tokio::spawn(follow(exchange, plan, out));
        let mut by_path = BTreeMap::new();
        for _ in 0..2 {
            let heard = connections.recv().await.unwrap();
            by_path.insert(heard.path, heard.socket);
        }
        assert_eq!(by_path.keys().collect::<Vec<_>>(), ["/market/stream", "/public/stream"]);
        let subscribed = |message: Message, stream: &str| assert!(message.to_text().unwrap().contains(stream));
        let trades = by_path.get_mut("/market/stream").unwrap();
        subscribed(trades.next().await.unwrap().unwrap(), "btcusdt@aggTrade");
        let depth = by_path.get_mut("/public/stream").unwrap();
        subscribed(depth.next().await.unwrap().unwrap(), "btcusdt@depth@100ms");
        let delta = |first: u64, last: u64, previous: u64, bid: &str| {
            let data = format!(
                r#"{{"e":"depthUpdate","E":1700000000000,"T":1700000000000,"s":"BTCUSDT","U":{first},"u":{last},"pu":{previous},"b":[["{bid}","3"]],"a":[]}}"#
            );
            Message::text(format!(r#"{{"stream":"btcusdt@depth@100ms","data":{data}}}"#))
        };
        depth.send(delta(101, 104, 100, "98")).await.unwrap();
        depth.send(delta(105, 107, 104, "99.6")).await.unwrap();
        let public = by_path.get_mut("/public/stream").unwrap();
        loop {
            let state = match news.recv().await.unwrap() {
                News::Up => continue,
                News::Book { state, .. } => state,
                other @ (News::Down(_) | News::Event(_)) => panic!("{other:?}"),
            };
            let best = books.look("BTC/USDT:USDT", |book| book.bids().next().unwrap().0.to_string());
            match state {
                BookState::Known | BookState::Changed if best.as_deref() == Some("99.6") => {
                    public.send(delta(110, 111, 109, "99.7")).await.unwrap();
                }
                BookState::Known | BookState::Changed => assert_eq!(best.as_deref(), Some("99.5")),
                BookState::Unknown(why) => {
                    assert!(why.contains("107 should follow, 109 came"), "{why}");
                    assert_eq!(best, None);
                    break;
                }
            }
        }
        following.abort();
    });
}

/// Of each request of an exchange: whether it carried a header.
fn carried(rest: &Rest, header: &str) -> Vec<bool> {
    rest.asked().iter().map(|request| request.header_value(header) == Some("1")).collect()
}

#[test]
fn requests_to_a_demo_account_are_marked_as_the_venue_wants() {
    run(async {
        let scope = Scope::default();
        for (test, marks) in [(true, [true, true]), (false, [false, false])] {
            let rest = Rest::answering(&[("/", &["{}"])]);
            let okx = venue(&Okx, &rest, test, None);
            let _unread = okx.once(Okx.server_time().unwrap(), None).await;
            let _unread = okx.once(Okx.balances(&scope).unwrap(), None).await;
            assert_eq!(carried(&rest, "x-simulated-trading"), marks);
        }
        for (test, marks) in [(true, [false, true]), (false, [false, false])] {
            let rest = Rest::answering(&[("/", &["{}"])]);
            let bitget = venue(&Bitget, &rest, test, None);
            let _unread = bitget.once(Bitget.server_time().unwrap(), None).await;
            let _unread = bitget.once(Bitget.balances(&scope).unwrap(), None).await;
            assert_eq!(carried(&rest, "paptrading"), marks, "public data is the live market's");
        }
        let demo = Bitget.url(Channel::Private(Product::Spot), None, true).unwrap();
        assert_eq!(demo, "wss://wspap.bitget.com/v2/ws/private");
    });
}

#[test]
fn kucoin_s_orders_go_where_the_venue_says_the_account_is() {
    run(async {
        for (told, system, path) in [
            ("true", AccountSystem::HighFrequency, "/api/v1/hf/orders"),
            ("false", AccountSystem::Classic, "/api/v1/orders"),
        ] {
            let body =
                if told == "true" { r#"{"code":"200000","data":true}"# } else { r#"{"code":"200000","data":false}"# };
            let rest = Rest::answering(&[("/api/v1/hf/accounts/opened", &[body])]);
            let scope = venue(&KuCoin, &rest, false, None).account_scope().await.unwrap();
            assert_eq!(scope.account, system);
            let market = Instrument::named(Product::Spot, "BTC-USDT", "BTC", "USDT", None);
            let mut order = NewOrder::plain(&market, Side::Buy, OrderKind::Market);
            (order.account, order.quantity) = (scope.account, Some(rust_decimal::Decimal::ONE));
            assert_eq!(KuCoin.place(&order).unwrap().request.path, path);
        }
        let rest = Rest::default();
        assert_eq!(venue(&Binance, &rest, false, None).account_scope().await, Ok(Scope::default()));
        assert!(rest.asked().is_empty(), "a venue with one system is not asked");
    });
}

#[test]
fn contracts_that_a_venue_lists_apart_are_loaded_together() {
    const USDT: &str = r#"{"code":"00000","data":[{"symbol":"BTCUSDT","baseCoin":"BTC","quoteCoin":"USDT","symbolStatus":"normal","supportMarginCoins":["USDT"]}]}"#;
    const USDC: &str = r#"{"code":"00000","data":[{"symbol":"BTCPERP","baseCoin":"BTC","quoteCoin":"USDC","symbolStatus":"normal","supportMarginCoins":["USDC"]}]}"#;
    run(async {
        let contracts = |coin: &'static str, body: &'static [&'static str]| (coin, body);
        let rest = Rest::answering(&[
            contracts("/api/v2/mix/market/contracts?productType=USDT-FUTURES", &[USDT]),
            contracts("/api/v2/mix/market/contracts?productType=USDC-FUTURES", &[USDC]),
        ]);
        let markets = venue(&Bitget, &rest, false, None).load_markets(&[Product::Linear]).await.unwrap();
        let names: Vec<&str> = markets.iter().map(|market| market.name.as_str()).collect();
        assert_eq!(names, ["BTC/USDT:USDT", "BTC/USDC:USDC"]);
        let rest = Rest::answering(&[("/api/v5/public/instruments", &[r#"{"code":"0","data":[]}"#])]);
        venue(&Okx, &rest, false, None).load_markets(&[Product::Linear, Product::Spot]).await.unwrap();
        let kinds = ["SWAP", "FUTURES", "SPOT"].map(|kind| format!("/api/v5/public/instruments?instType={kind}"));
        assert_eq!(rest.targets(), kinds);
    });
}
