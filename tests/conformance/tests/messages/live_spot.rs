//! The desk's ports under hostile answers: whatever a venue says to a POST, an order is refused, accepted or filled only if
//! the answer clearly says so, of that order; and nothing that is no answer tells that an order is there, or is not.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use conformance::fuzz::corpus::{self, Expected};
use desk::fake::{FakeClock, sample};
use desk::id::{IntentId, InvocationId, Symbol, VenueId};
use desk::order::{Claimed, Leg, Order, Timing};
use desk::port::{
    CancelOrder as _, CancelOutcome, Clock, Item, Key, ListOpenOrders as _, Lookup, PlaceOrder as _, PlaceOutcome,
    Query, QueryOrder as _, Table, TableError, VenueError, VenueStatus, Write,
};
use desk::risk::Reservation;
use desk::time::Timestamp;
use rust_decimal::Decimal;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use venue::live::transport::SendFault;
use venue::live::{Access, Alone, Exchange, LiveSpot, Transport};
use venue::protocol::call::{OrderClass, OrderFilter, Range};
use venue::protocol::model::OwnTrade;
use venue::protocol::{
    Credentials, EndpointClass, Instrument, Markets, Method, OrderRef, OrdersQuery, Product, Protocol, Reply, Request,
    Scope,
};
use venue::registry::ADAPTERS;

const NOW_MS: i64 = 1_700_000_000_000;

/// Says what time it is when it is asked for that, and always the same to everything else.
struct Hostile {
    time: String,
    reply: Reply,
    /// What was sent.
    sent: Arc<Mutex<Vec<Request>>>,
}

impl Transport for Hostile {
    async fn send(&self, _: &str, request: &Request, _: Duration) -> Result<Reply, SendFault> {
        self.sent.lock().unwrap().push(request.clone());
        let path = request.target.split('?').next().unwrap_or_default().to_ascii_lowercase();
        let is_time = request.method == Method::Get && (path.ends_with("/time") || path.ends_with("/timestamp"));
        Ok(if is_time { Reply::new(200, self.time.as_str()) } else { self.reply.clone() })
    }
}

/// The venue's own way to tell the time.
fn time(protocol: &dyn Protocol) -> String {
    let known = [
        r#"{"serverTime":1700000000000}"#,
        r#"{"code":"00000","msg":"success","requestTime":1700000000000,"data":{"serverTime":"1700000000000"}}"#,
        r#"{"retCode":0,"retMsg":"OK","result":{"timeSecond":"1700000000","timeNano":"1700000000000000000"},"time":1700000000000}"#,
        r#"{"iso":"2023-11-14T22:13:20Z","epochSeconds":"1700000000","epochMillis":"1700000000000"}"#,
        r#"{"error":[],"result":{"unixtime":1700000000,"rfc1123":"Tue, 14 Nov 23 22:13:20 +0000"}}"#,
        r#"{"code":"0","msg":"","data":[{"ts":"1700000000000"}]}"#,
        r#"{"code":"200000","data":1700000000000}"#,
    ];
    let ask = protocol.server_time().unwrap();
    let tells =
        |text: &&&str| ask.read(&Reply::new(200, **text), &Markets::default()) == Ok(Timestamp::from_ms(NOW_MS));
    (*known.iter().find(tells).unwrap_or_else(|| panic!("{}: no time", protocol.capabilities().venue))).to_owned()
}

fn market(venue: &str) -> Instrument {
    let (symbol, quote) = match venue {
        "okx" | "kucoin" => ("BTC-USDT", "USDT"),
        "coinbase" => ("BTC-USD", "USD"),
        "kraken" => ("XXBTZUSD", "USD"),
        _ => ("BTCUSDT", "USDT"),
    };
    let mut market = Instrument::named(Product::Spot, symbol, "BTC", quote, None);
    market.tick = Some(Decimal::new(1, 2));
    market.lot = Some(Decimal::new(1, 4));
    market
}

/// A clock that the test moves.
#[derive(Clone)]
struct Hands(Arc<FakeClock>);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

fn live(protocol: &'static dyn Protocol, reply: Reply) -> LiveSpot<Alone, Hands, Hostile> {
    keeping(protocol, reply, Arc::default())
}

fn keeping(
    protocol: &'static dyn Protocol,
    reply: Reply,
    sent: Arc<Mutex<Vec<Request>>>,
) -> LiveSpot<Alone, Hands, Hostile> {
    at(protocol, reply, sent, Hands(Arc::new(FakeClock::at(NOW_MS))))
}

fn at(
    protocol: &'static dyn Protocol,
    reply: Reply,
    sent: Arc<Mutex<Vec<Request>>>,
    clock: Hands,
) -> LiveSpot<Alone, Hands, Hostile> {
    over(protocol, reply, sent, clock, Alone::default())
}

fn over<T: Table>(
    protocol: &'static dyn Protocol,
    reply: Reply,
    sent: Arc<Mutex<Vec<Request>>>,
    clock: Hands,
    table: T,
) -> LiveSpot<T, Hands, Hostile> {
    let venue = protocol.capabilities().venue;
    let (key, secret, passphrase) = ("a-key".to_owned(), "YS1zZWNyZXQ=".to_owned(), Some("a-word".to_owned()));
    let credentials = Some(Credentials::new(venue, key, secret, passphrase).unwrap());
    let access = Access { credentials, ..Access::default() };
    let transport = Hostile { time: time(protocol), reply, sent };
    let exchange = Exchange::new(protocol, access, table, clock, transport, 1, |_, _, _| {});
    exchange.set_markets(Markets::new([market(venue)]));
    LiveSpot::new(VenueId::new(venue).unwrap(), Arc::new(exchange), Scope::default())
}

fn symbol(protocol: &dyn Protocol) -> Symbol {
    Symbol::new(market(protocol.capabilities().venue).symbol).unwrap()
}

fn claimed(protocol: &dyn Protocol) -> Claimed {
    claimed_for(protocol, Leg::Entry)
}

fn claimed_for(protocol: &dyn Protocol, leg: Leg) -> Claimed {
    claimed_of(desk::order::Intent { symbol: symbol(protocol), leg, ..sample::entry("1") })
}

/// A stop of Binance.
fn sample_stop() -> desk::order::Intent {
    let entry = sample::entry("1");
    let kind = desk::order::OrderKind::StopMarket { trigger: entry.reference_price };
    let leg = Leg::Stop(desk::id::TradeId::new("1").unwrap());
    desk::order::Intent { symbol: symbol(binance()), leg, kind, side: desk::order::Side::Sell, ..entry }
}

fn claimed_of(intent: desk::order::Intent) -> Claimed {
    let now = Timestamp::from_ms(NOW_MS);
    let order = Order::approved(intent, Reservation::NONE, now);
    order.claim(InvocationId::new("i1").unwrap(), now, Timing::REFERENCE, 1).unwrap().won().unwrap()
}

fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn spot() -> impl Iterator<Item = &'static dyn Protocol> {
    let protocols = ADAPTERS.iter().map(|adapter| adapter.protocol);
    protocols.filter(|protocol| protocol.capabilities().products.contains(&Product::Spot))
}

/// What is wrong with an outcome, if something is. `clear` says whether the answer is a clear no; `None` that it is an error
/// which may be one.
fn wrong(outcome: &PlaceOutcome, reply: &Reply, clear: Option<bool>) -> Option<String> {
    let body = String::from_utf8_lossy(&reply.body);
    let fault = match outcome {
        PlaceOutcome::Unknown(_) if clear != Some(true) => return None,
        PlaceOutcome::Unknown(_) => "a clear no is not known",
        PlaceOutcome::Refused(_) if clear != Some(false) => return None,
        PlaceOutcome::Refused(_) => "a refusal that nobody spoke",
        PlaceOutcome::Unsent(_) => "told as never sent, and it was",
        PlaceOutcome::Accepted { fact, fills } => {
            let says = |word: &str| body.to_ascii_lowercase().contains(word);
            let filled = fact.status == VenueStatus::Filled;
            if !reply.is_success() {
                "accepted by a failed request"
            } else if !body.contains(fact.venue_order.as_str()) {
                "an order whose id stands nowhere"
            } else if filled && !["filled", "closed", "done", "deal"].into_iter().any(says) {
                "filled, and no word of it"
            } else if fills.iter().any(|fill| !body.contains(fill.trade.as_str())) {
                "a trade whose id stands nowhere"
            } else {
                return None;
            }
        }
    };
    Some(fault.to_owned())
}

/// Pages, scraps and other bodies that are no answer to anything.
const NO_ANSWERS: [(u16, &str); 9] = [
    (502, "<html><body>Bad Gateway</body></html>"),
    (403, "<html>denied</html>"),
    (200, "<html></html>"),
    (200, ""),
    (200, "null"),
    (200, "[]"),
    (200, "{}"),
    (500, "{}"),
    (302, ""),
];

#[test]
fn whatever_is_answered_to_a_post_nothing_is_refused_or_filled_that_was_not() {
    let rows = corpus::rows().unwrap();
    let (mut faults, mut tried, mut refused) = (Vec::new(), 0, 0);
    for protocol in spot() {
        let venue = protocol.capabilities().venue;
        let mut replies: Vec<(String, Reply, Option<bool>)> = Vec::new();
        let pages = NO_ANSWERS
            .iter()
            .map(|(status, body)| (format!("{status} {body}"), Reply::new(*status, *body), Some(false)));
        replies.extend(pages);
        for (name, body) in corpus::files(&corpus::folder().join("answers").join(venue)).unwrap() {
            for status in [200, 400, 404, 429, 500, 503] {
                replies.push((format!("{name}, {status}"), Reply::new(status, body.as_str()), Some(false)));
            }
            let cut: String = body.chars().take(body.chars().count() * 2 / 3).collect();
            replies.push((format!("{name}, cut off"), Reply::new(200, cut), Some(false)));
        }
        for (file, row) in rows.iter().filter(|(_, row)| row.venue == venue && row.question != "frame") {
            let clear = match row.expected {
                Expected::Refusal if row.question == "place" => Some(true),
                // An error in the venue's own form, which may be on its list.
                Expected::Refusal | Expected::NoAnswer => None,
                Expected::Unclear
                | Expected::RateLimit
                | Expected::DuplicateId
                | Expected::NoEnd
                | Expected::Says(_) => Some(false),
            };
            replies.push((file.clone(), Reply::new(row.status, row.body()), clear));
        }
        for (what, reply, clear) in replies {
            let outcome = run(live(protocol, reply.clone()).place(&claimed(protocol)));
            (tried, refused) = (tried + 1, refused + usize::from(matches!(outcome, PlaceOutcome::Refused(_))));
            let fault = wrong(&outcome, &reply, clear);
            faults.extend(fault.map(|fault| format!("{venue}, {what}: {fault}: {outcome:?}")));
        }
    }
    println!("{tried} answers to a POST, {refused} of them a clear no");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_is_no_answer_tells_neither_that_an_order_is_there_nor_that_it_is_not() {
    let looks = |protocol: &'static dyn Protocol, (status, body): (u16, &'static str)| {
        let (live, order) = (live(protocol, Reply::new(status, body)), sample::entry("1").id);
        let found: Result<Lookup, _> = run(live.by_client_id(&sample::account(), &symbol(protocol), &order));
        assert!(found.is_err(), "{}: {status} {body}: {found:?}", protocol.capabilities().venue);
    };
    // Repeated reads wait, so they wait together.
    std::thread::scope(|threads| {
        for protocol in spot() {
            for answer in NO_ANSWERS {
                threads.spawn(move || looks(protocol, answer));
            }
        }
    });
}

/// A table that can't be written any more once an order has left.
struct Throttled {
    table: Alone,
    sent: Arc<Mutex<Vec<Request>>>,
}

impl Table for Throttled {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        self.table.get(key).await
    }

    async fn query(&self, query: &Query) -> Result<Vec<Item>, TableError> {
        self.table.query(query).await
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        if self.sent.lock().unwrap().iter().any(|request| request.class == EndpointClass::Order) {
            return Err(TableError::Unavailable("throttled".to_owned()));
        }
        self.table.transact(writes).await
    }
}

/// How a request ended is written down for the breaker. If it can't be, the order has left all the same.
#[test]
fn an_order_that_has_left_is_not_told_as_never_sent_because_the_table_is_busy() {
    for protocol in spot() {
        let sent = Arc::<Mutex<Vec<Request>>>::default();
        let table = Throttled { table: Alone::default(), sent: sent.clone() };
        let clock = Hands(Arc::new(FakeClock::at(NOW_MS)));
        let live = over(protocol, Reply::new(500, "{}"), sent.clone(), clock, table);
        let outcome = run(live.place(&claimed(protocol)));
        assert!(sent.lock().unwrap().iter().any(|request| request.class == EndpointClass::Order));
        assert!(matches!(outcome, PlaceOutcome::Unknown(_)), "{}: {outcome:?}", protocol.capabilities().venue);
    }
}

#[test]
fn what_ends_a_risk_is_sent_while_entries_that_failed_hold_entries_back() {
    for protocol in spot() {
        let (sent, clock) = (Arc::<Mutex<Vec<Request>>>::default(), Hands(Arc::new(FakeClock::at(NOW_MS))));
        let live = at(protocol, Reply::new(500, "<html></html>"), sent.clone(), clock);
        let venue = protocol.capabilities().venue;
        let (entry, exit) = (claimed(protocol), claimed_for(protocol, Leg::Exit));
        assert_eq!(run(live.ready(&entry.order().intent)), Ok(()), "{venue}");
        for _ in 0..5 {
            assert!(matches!(run(live.place(&entry)), PlaceOutcome::Unknown(_)), "{venue}");
        }
        let held = run(live.ready(&entry.order().intent)).unwrap_err();
        assert_eq!(held.retry_at, Some(Timestamp::from_ms(NOW_MS + 5000)), "{venue}");
        assert_eq!(run(live.place(&entry)), PlaceOutcome::Unsent(held), "{venue}");
        assert_eq!(run(live.ready(&exit.order().intent)), Ok(()), "{venue}");
        assert!(matches!(run(live.place(&exit)), PlaceOutcome::Unknown(_)), "{venue}");
        let sent = sent.lock().unwrap();
        let sent = |class| sent.iter().filter(|request| request.class == class).count();
        assert_eq!((sent(EndpointClass::Order), sent(EndpointClass::Exit)), (5, 1), "{venue}");
    }
}

/// Such a market buy can't say how much it buys. A limit can; what it may pay on top is what risk has reserved for that.
#[test]
fn a_buy_is_a_limit_a_hundredth_above_its_price_only_where_market_buys_name_their_cost() {
    let mut limits = Vec::new();
    for protocol in spot() {
        let sent = Arc::default();
        run(keeping(protocol, Reply::new(500, "{}"), Arc::clone(&sent)).place(&claimed(protocol)));
        let sent = sent.lock().unwrap();
        let order = sent.iter().find(|request| request.class == EndpointClass::Order).unwrap();
        let text = format!("{} {}", order.target, order.body).to_lowercase();
        let by_cost = protocol.capabilities().market_buys_by_cost;
        assert_eq!(text.contains("limit"), by_cost, "{text}");
        if by_cost {
            limits.push(protocol.capabilities().venue);
            let body: serde_json::Value = serde_json::from_str(&order.body).unwrap();
            let words = ["orderType", "force", "price"].map(|name| body[name].as_str().unwrap().to_lowercase());
            assert_eq!(words, ["limit", "ioc", "101"], "{text}");
        }
    }
    assert_eq!(limits, ["bitget"]);
}

#[test]
fn each_wrong_outcome_is_noticed() {
    let reply = Reply::new(200, r#"{"orderId":"7"}"#);
    let fact = |id: &str, status| desk::port::OrderFact {
        order: sample::entry("1").id,
        venue_order: desk::id::VenueOrderId::new(id).unwrap(),
        status,
        filled: desk::money::Quantity::ZERO,
    };
    let accepted = |id, status| PlaceOutcome::Accepted { fact: fact(id, status), fills: Vec::new() };
    assert_eq!(wrong(&accepted("7", VenueStatus::Open), &reply, Some(false)), None);
    for (outcome, clear) in [
        (accepted("8", VenueStatus::Open), Some(false)),
        (accepted("7", VenueStatus::Filled), Some(false)),
        (PlaceOutcome::Refused(String::new()), Some(false)),
        (PlaceOutcome::Unknown(String::new()), Some(true)),
        (PlaceOutcome::Unsent(VenueError::new(VenueId::new("v").unwrap(), String::new())), None),
    ] {
        assert!(wrong(&outcome, &reply, clear).is_some(), "{outcome:?}");
    }
    assert!(wrong(&accepted("7", VenueStatus::Open), &Reply::new(500, r#"{"orderId":"7"}"#), Some(false)).is_some());
}

fn binance() -> &'static dyn Protocol {
    spot().find(|protocol| protocol.capabilities().venue == "binance").unwrap()
}

#[test]
fn what_works_is_asked_for_in_the_desk_s_own_markets_and_once_a_minute_in_all() {
    let (sent, clock) = (Arc::<Mutex<Vec<Request>>>::default(), Hands(Arc::new(FakeClock::at(NOW_MS))));
    let live = at(binance(), Reply::new(200, "[]"), sent.clone(), clock.clone());
    let account = sample::entry("1").account;
    run(async {
        for wait_ms in [0, 1_000, 30_000, 30_000] {
            clock.0.advance(wait_ms);
            live.open_orders(&account).await.unwrap();
        }
    });
    let mut one: Vec<bool> = sent.lock().unwrap().iter().map(|asked| asked.target.contains("symbol=BTCUSDT")).collect();
    // However many classes of orders are asked for.
    one.dedup();
    assert_eq!(one, [false, true, false], "in all markets it costs thirteen times as much");
}

#[test]
fn a_spent_budget_says_when_to_ask_again_and_does_not_keep_a_cancel_from_being_sent() {
    let sent = Arc::<Mutex<Vec<Request>>>::default();
    let unknown = Reply::new(400, r#"{"code":-2013,"msg":"Order does not exist."}"#);
    let (live, protocol) = (keeping(binance(), unknown, sent.clone()), binance());
    let intent = desk::order::Intent { symbol: symbol(protocol), ..sample::entry("1") };
    let (account, symbol, id) = (&intent.account, &intent.symbol, &intent.id);
    run(async {
        let mut looks = 0;
        let fault = loop {
            match live.by_client_id(account, symbol, id).await {
                Ok(_) => looks += 1,
                Err(fault) => break fault,
            }
        };
        assert!(looks > 600, "{looks}");
        let again = fault.retry_at.unwrap();
        assert!((20_000..=120_000).contains(&again.ms_since(Timestamp::from_ms(NOW_MS))), "{again}");
        assert!(fault.to_string().contains("our own request budget at binance is used up until"), "{fault}");
        let before = sent.lock().unwrap().len();
        let cancelled = live.cancel(account, symbol, id).await;
        assert!(matches!(cancelled, CancelOutcome::Unknown(_)), "the venue was asked: {cancelled:?}");
        assert!(sent.lock().unwrap().len() > before);
        let refused = loop {
            if let CancelOutcome::Unasked(fault) = live.cancel(account, symbol, id).await {
                break fault;
            }
        };
        assert!(refused.retry_at.is_some(), "{refused}");
    });
}

/// An exchange with one order, which works until its cancel is taken. What it says is the test's.
struct OneOrder<F> {
    time: String,
    cancelled: Mutex<bool>,
    /// The answer to a request, and whether it takes the cancel.
    says: F,
}

impl<F: Fn(&str, &str, bool) -> (String, u16, bool) + Send + Sync> Transport for OneOrder<F> {
    async fn send(&self, _: &str, request: &Request, _: Duration) -> Result<Reply, SendFault> {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        if path.ends_with("/time") {
            return Ok(Reply::new(200, self.time.as_str()));
        }
        let mut cancelled = self.cancelled.lock().unwrap();
        let said = if request.body.is_empty() { query } else { &request.body };
        let (body, status, takes) = (self.says)(path, said, *cancelled);
        *cancelled |= takes;
        Ok(Reply::new(status, body))
    }
}

fn one_order<F: Fn(&str, &str, bool) -> (String, u16, bool) + Send + Sync>(
    venue: &'static str,
    says: F,
) -> LiveSpot<Alone, Hands, OneOrder<F>> {
    let protocol = spot().find(|protocol| protocol.capabilities().venue == venue).unwrap();
    let word = Some("a-word".to_owned());
    let credentials = Credentials::new(venue, "a-key".into(), "YS1zZWNyZXQ=".into(), word).unwrap();
    let access = Access { credentials: Some(credentials), ..Access::default() };
    let transport = OneOrder { time: time(protocol), cancelled: Mutex::default(), says };
    let clock = Hands(Arc::new(FakeClock::at(NOW_MS)));
    let exchange = Exchange::new(protocol, access, Alone::default(), clock, transport, 1, |_, _, _| {});
    exchange.set_markets(Markets::new([market(venue)]));
    LiveSpot::new(VenueId::new(venue).unwrap(), Arc::new(exchange), Scope::default())
}

/// What becomes of a cancel at such an exchange.
fn cancelled_at(
    venue: &'static str,
    says: impl Fn(&str, &str, bool) -> (String, bool) + Send + Sync,
) -> (IntentId, CancelOutcome) {
    let protocol = spot().find(|protocol| protocol.capabilities().venue == venue).unwrap();
    let intent = desk::order::Intent { symbol: symbol(protocol), ..sample::entry("1") };
    let live = one_order(venue, |path, said, cancelled| {
        let (body, takes) = says(path, said, cancelled);
        (body, 200, takes)
    });
    let outcome = run(live.cancel(&intent.account, &intent.symbol, &intent.id));
    (intent.id, outcome)
}

/// Answers of Coinbase about an order that is `state`, or about none.
fn coinbase(path: &str, body: &str, state: Option<&str>, takes: bool) -> (String, bool) {
    let id = sample::entry("1").id;
    if path.ends_with("/batch_cancel") {
        assert_eq!(body, r#"{"order_ids":["theirs-1"]}"#, "its orders are cancelled by its own ids");
        let word = if takes { "" } else { "UNKNOWN_CANCEL_FAILURE_REASON" };
        let row = format!(r#"{{"success":{takes},"failure_reason":"{word}","order_id":"theirs-1"}}"#);
        return (format!(r#"{{"results":[{row}]}}"#), takes);
    }
    let row = |state| {
        format!(
            r#"{{"order_id":"theirs-1","client_order_id":"{id}","product_id":"BTC-USD","side":"BUY","status":"{state}","filled_size":"0"}}"#
        )
    };
    (format!(r#"{{"orders":[{}],"has_next":false}}"#, state.map(row).unwrap_or_default()), false)
}

#[test]
fn an_order_is_cancelled_by_the_id_its_venue_wants() {
    let (id, outcome) = cancelled_at("coinbase", |path, body, cancelled| {
        coinbase(path, body, Some(if cancelled { "CANCELLED" } else { "OPEN" }), true)
    });
    let CancelOutcome::Done(fact) = outcome else { panic!("{outcome:?}") };
    assert_eq!((fact.order, fact.status), (id, VenueStatus::Cancelled));
}

#[test]
fn an_order_that_its_venue_forgets_has_ended_only_if_its_cancel_was_taken() {
    let open = |cancelled: bool| (!cancelled).then_some("OPEN");
    let (id, taken) = cancelled_at("coinbase", |path, body, cancelled| coinbase(path, body, open(cancelled), true));
    assert!(matches!(&taken, CancelOutcome::Gone(last) if last.order == id), "{taken:?}");
    let asked = Mutex::new(false);
    let (_, refused) = cancelled_at("coinbase", |path, body, _| {
        let mut asked = asked.lock().unwrap();
        let answer = coinbase(path, body, open(*asked), false);
        *asked |= path.ends_with("/batch_cancel");
        answer
    });
    assert!(*asked.lock().unwrap() && matches!(refused, CancelOutcome::Unknown(_)), "{refused:?}");
}

#[test]
fn an_order_that_is_found_only_among_those_that_work_is_cancelled() {
    // By our id the venue is asked for the newest of all states; this one is not among them any more.
    let reads = Mutex::new(0);
    let (_, outcome) = cancelled_at("coinbase", |path, body, cancelled| {
        let mut reads = reads.lock().unwrap();
        *reads += u32::from(!path.ends_with("/batch_cancel"));
        let state = if cancelled { Some("CANCELLED") } else { (*reads > 1).then_some("OPEN") };
        coinbase(path, body, state, true)
    });
    assert!(matches!(outcome, CancelOutcome::Done(_)), "{outcome:?}");
}

#[test]
fn a_stop_is_cancelled_among_the_class_its_venue_keeps_it_in() {
    let (_, outcome) = cancelled_at("bybit", |path, body, cancelled| {
        if path.ends_with("/order/cancel") {
            let takes = body.contains(r#""orderFilter":"tpslOrder""#);
            let id = sample::entry("1").id;
            let taken = format!(
                r#"{{"retCode":0,"retMsg":"OK","result":{{"orderId":"1","orderLinkId":"{id}"}},"time":{NOW_MS}}}"#
            );
            let refused =
                format!(r#"{{"retCode":170213,"retMsg":"Order does not exist.","result":{{}},"time":{NOW_MS}}}"#);
            return (if takes { taken } else { refused }, takes);
        }
        let state = if cancelled { "Cancelled" } else { "Untriggered" };
        let row = format!(
            r#"{{"orderId":"1","orderLinkId":"{}","symbol":"BTCUSDT","side":"Sell","orderType":"Market","orderStatus":"{state}","qty":"1","cumExecQty":"0"}}"#,
            sample::entry("1").id
        );
        (
            format!(r#"{{"retCode":0,"retMsg":"OK","result":{{"category":"spot","list":[{row}]}},"time":{NOW_MS}}}"#),
            false,
        )
    });
    assert!(matches!(&outcome, CancelOutcome::Done(fact) if fact.status == VenueStatus::Cancelled), "{outcome:?}");
}

#[test]
fn every_venue_lets_an_order_be_found_listed_and_cancelled_by_what_the_desk_knows_of_it() {
    for protocol in spot() {
        let venue = protocol.capabilities().venue;
        let id = Some("0123456789abcdef0123456789abcdef".to_owned());
        for class in [OrderClass::Plain, OrderClass::Trigger, OrderClass::Protective] {
            let scope = Scope { class, ..Scope::default() };
            let instrument = Some(market(venue));
            let ours =
                OrderRef { id: None, client_id: id.clone(), instrument: instrument.clone(), scope: scope.clone() };
            let theirs = OrderRef { id: Some("1".to_owned()), ..ours.clone() };
            let both = protocol.open_order(&ours).is_ok() && protocol.closed_order(&ours).is_ok();
            assert!(protocol.order(&ours).is_ok() || both, "{venue} {class:?}");
            assert!(protocol.cancel(&ours).is_ok() || protocol.cancel(&theirs).is_ok(), "{venue} {class:?}");
            let of = |filter| {
                let (instrument, scope) = (instrument.clone(), scope.clone());
                protocol.orders(&OrdersQuery { filter, instrument, range: Range::default(), scope }).is_ok()
            };
            assert!(of(OrderFilter::Open), "{venue} {class:?}");
            let ended = of(OrderFilter::All) || of(OrderFilter::CanceledAndClosed);
            assert!(ended || of(OrderFilter::Closed) && of(OrderFilter::Canceled), "{venue} {class:?}");
        }
    }
}

#[test]
fn absence_is_told_at_every_venue_where_no_list_has_the_order() {
    let empty = [
        ("kraken", r#"{"error":[],"result":{"open":{},"closed":{},"count":0}}"#),
        ("okx", r#"{"code":"0","msg":"","data":[]}"#),
        ("bybit", r#"{"retCode":0,"retMsg":"OK","result":{"category":"spot","list":[]},"time":1700000000000}"#),
        ("binance", "[]"),
        ("coinbase", r#"{"orders":[],"has_next":false}"#),
    ];
    for (venue, reply) in empty {
        let protocol = spot().find(|protocol| protocol.capabilities().venue == venue).unwrap();
        let intent = desk::order::Intent { symbol: symbol(protocol), ..sample::entry("1") };
        let found = run(live(protocol, Reply::new(200, reply)).in_lists(
            &intent.account,
            &intent.symbol,
            &intent.id,
            Timestamp::from_ms(NOW_MS),
        ));
        assert_eq!(found, Ok(Lookup::NotFound), "{venue}");
    }
}

#[test]
fn a_stop_that_the_price_is_through_already_is_sold_at_the_market_and_no_other_refusal_is_answered_so() {
    let desk::order::OrderKind::StopMarket { trigger } = sample_stop().kind else { panic!("a stop has a trigger") };
    let (at, above) = (Some(trigger.value()), Some(trigger.value() + Decimal::new(1, 2)));
    let known = r#"{"code":-2010,"msg":"Stop price would trigger immediately."}"#;
    let poor = r#"{"code":-2010,"msg":"Account has insufficient balance for requested action."}"#;
    // Nobody says in which words Bybit refuses such a stop.
    let unknown = r#"{"retCode":170199,"retMsg":"Something about a price.","result":{},"time":1700000000000}"#;
    let unclear = r#"{"retCode":10016,"retMsg":"Internal error.","result":{},"time":1700000000000}"#;
    for (venue, refusal, last, sells) in [
        ("binance", known, None, true),
        ("binance", poor, above, false),
        ("bybit", unknown, at, true),
        ("bybit", unknown, above, false),
        ("bybit", unknown, None, false),
        ("bybit", unclear, at, false),
        ("bybit", unknown, Some(Decimal::ZERO), false),
    ] {
        let stops = Arc::new(Mutex::new(Vec::new()));
        let told = stops.clone();
        let says = move |path: &str, said: &str, _: bool| {
            if path.contains("ticker") {
                let Some(last) = last else { return (String::new(), 500, false) };
                let body = match venue {
                    "binance" => format!(
                        r#"{{"symbol":"BTCUSDT","bidPrice":"1","askPrice":"900000","lastPrice":"{last}","closeTime":{NOW_MS}}}"#
                    ),
                    _ => format!(
                        r#"{{"retCode":0,"retMsg":"OK","result":{{"category":"spot","list":[{{"symbol":"BTCUSDT","bid1Price":"1","ask1Price":"900000","lastPrice":"{last}"}}]}},"time":{NOW_MS}}}"#
                    ),
                };
                return (body, 200, false);
            }
            let stop = said.contains("STOP_LOSS") || said.contains("triggerPrice");
            told.lock().unwrap().push(stop);
            if stop {
                return (refusal.to_owned(), if venue == "binance" { 400 } else { 200 }, false);
            }
            let id = sample_stop().id;
            assert!(said.contains("type=MARKET") || said.contains(r#""orderType":"Market""#), "{said}");
            assert!(said.contains(id.as_str()), "{said}");
            let body = match venue {
                "binance" => format!(
                    r#"{{"symbol":"BTCUSDT","orderId":28,"orderListId":-1,"clientOrderId":"{id}","transactTime":{NOW_MS},"price":"0.00000000","origQty":"1.00000000","executedQty":"0.00000000","cummulativeQuoteQty":"0.00000000","status":"NEW","timeInForce":"GTC","type":"MARKET","side":"SELL","fills":[]}}"#
                ),
                _ => format!(
                    r#"{{"retCode":0,"retMsg":"OK","result":{{"orderId":"1","orderLinkId":"{id}"}},"time":{NOW_MS}}}"#
                ),
            };
            (body, 200, false)
        };
        let outcome = run(one_order(venue, says).place(&claimed_of(sample_stop())));
        let shown = format!("{venue} {refusal} {last:?}: {outcome:?}");
        assert_eq!(*stops.lock().unwrap(), if sells { vec![true, false] } else { vec![true] }, "{shown}");
        assert_eq!(matches!(outcome, PlaceOutcome::Accepted { .. }), sells, "{shown}");
        assert_eq!(matches!(outcome, PlaceOutcome::Refused(_)), !sells && refusal != unclear, "{shown}");
    }
}

#[test]
fn every_venue_has_the_stop_that_protects_a_position_but_coinbase() {
    let lacking: Vec<&str> = spot()
        .filter(|protocol| venue::live::protects(*protocol).is_err())
        .map(|protocol| protocol.capabilities().venue)
        .collect();
    assert_eq!(lacking, ["coinbase"]);
}

#[test]
fn a_trade_of_a_triggered_stop_is_ours_whatever_its_venue_calls_the_new_order() {
    let id = sample::entry("1").id;
    // OKX: a new order without a client id, which names the algo's. Asked for by its own id.
    let row = format!(
        r#"{{"instType":"SPOT","instId":"BTC-USDT","ordId":"77","clOrdId":"","algoId":"5","algoClOrdId":"{id}","side":"sell","ordType":"market","state":"filled","sz":"1","accFillSz":"1"}}"#
    );
    let trade = |client_id: Option<&str>| OwnTrade {
        market: "BTC/USDT".to_owned(),
        id: "9".to_owned(),
        order: Some("77".to_owned()),
        client_id: client_id.map(str::to_owned),
        at: Some(Timestamp::from_ms(NOW_MS)),
        side: Some(venue::protocol::model::Side::Sell),
        liquidity: None,
        price: desk::money::Price::new(Decimal::ONE).unwrap(),
        quantity: desk::money::Quantity::new(Decimal::ONE).unwrap(),
        cost: None,
        fee: None,
    };
    let account = sample::account();
    let okx = one_order("okx", move |_, _, _| (format!(r#"{{"code":"0","msg":"","data":[{row}]}}"#), 200, false));
    assert_eq!(run(okx.fill_of(&account, &trade(None))).unwrap().order, id);
    // Bitget: a new order whose client id is the venue's id of the plan. It is among the plans that have ended.
    let plan = format!(
        r#"{{"orderId":"123456789","clientOid":"{id}","symbol":"BTCUSDT","size":"1","executePrice":"0","triggerPrice":"1","status":"executed","orderType":"market","side":"sell","planType":"amount","cTime":"{NOW_MS}","uTime":"{NOW_MS}"}}"#
    );
    let ended = move |path: &str, _: &str, _| {
        let data = if path.contains("plan") {
            format!(r#"{{"nextFlag":false,"idLessThan":"1","orderList":[{plan}]}}"#)
        } else {
            "[]".to_owned()
        };
        (format!(r#"{{"code":"00000","msg":"success","requestTime":{NOW_MS},"data":{data}}}"#), 200, false)
    };
    let bitget = one_order("bitget", ended.clone());
    assert_eq!(run(bitget.fill_of(&account, &trade(Some("123456789")))).unwrap().order, id);
    let bitget = one_order("bitget", ended);
    let foreign = run(bitget.fill_of(&account, &trade(Some("987654321")))).unwrap().order;
    assert_ne!(foreign, id);
}

/// What `venue` says of a stop that has been triggered, sold a part, and whose rest the venue cancelled: what waited has ended
/// as it should have, and the order that it placed tells what became of it.
fn triggered(venue: &'static str, named_by_us: bool, at: i64) -> (String, String) {
    let id = sample::entry("1").id;
    match venue {
        "okx" => (
            format!(
                r#"{{"instType":"SPOT","instId":"BTC-USDT","algoId":"5","algoClOrdId":"{id}","ordId":"77","side":"sell","ordType":"conditional","slTriggerPx":"1","slOrdPx":"-1","state":"effective","sz":"1","actualSz":"1","cTime":"{at}","uTime":"{at}"}}"#
            ),
            format!(
                r#"{{"instType":"SPOT","instId":"BTC-USDT","ordId":"77","clOrdId":"","algoId":"5","algoClOrdId":"{}","side":"sell","ordType":"market","state":"canceled","sz":"1","accFillSz":"0.4"}}"#,
                if named_by_us { id.as_str() } else { "f00d" }
            ),
        ),
        _ => (
            format!(
                r#"{{"orderId":"123456789","clientOid":"{id}","symbol":"BTCUSDT","size":"1","executePrice":"0","triggerPrice":"1","status":"executed","orderType":"market","side":"sell","planType":"amount","cTime":"{at}","uTime":"{at}"}}"#
            ),
            format!(
                r#"{{"orderId":"9","clientOid":"{}","symbol":"BTCUSDT","size":"1","baseVolume":"0.4","quoteVolume":"0.4","priceAvg":"1","status":"cancelled","orderType":"market","side":"sell","cTime":"{NOW_MS}","uTime":"{NOW_MS}"}}"#,
                if named_by_us { "123456789" } else { "987654321" }
            ),
        ),
    }
}

/// Rows in the envelope that `venue` has for lists of orders.
fn enveloped(venue: &str, path: &str, rows: &str) -> String {
    match venue {
        "okx" => format!(r#"{{"code":"0","msg":"","data":[{rows}]}}"#),
        "bybit" => {
            format!(r#"{{"retCode":0,"retMsg":"OK","result":{{"category":"spot","list":[{rows}]}},"time":{NOW_MS}}}"#)
        }
        _ if path.contains("plan") => format!(
            r#"{{"code":"00000","msg":"success","requestTime":{NOW_MS},"data":{{"nextFlag":false,"idLessThan":"1","orderList":[{rows}]}}}}"#
        ),
        _ => format!(r#"{{"code":"00000","msg":"success","requestTime":{NOW_MS},"data":[{rows}]}}"#),
    }
}

#[test]
fn a_triggered_stop_stands_as_the_order_that_it_placed() {
    let (now, long_ago) = (NOW_MS, NOW_MS - 60_001);
    for (venue, named_by_us, at) in [
        ("okx", true, now),
        ("okx", false, now),
        ("okx", false, long_ago),
        ("bitget", true, now),
        ("bitget", false, now),
        ("bitget", false, long_ago),
    ] {
        let (waited, new) = triggered(venue, named_by_us, at);
        let says = move |path: &str, said: &str, _: bool| {
            let ours = said.contains("lOrdId=") || said.contains("clientOid=");
            let rows = match venue {
                // One order is asked for by our id, which the new one does not have; a list of plain orders has the new one.
                "okx" if path.ends_with("/order-algo") || path.contains("algo-history") => waited.as_str(),
                "okx" if path.ends_with("orders-history") => new.as_str(),
                "bitget" if path.ends_with("history-plan-order") => waited.as_str(),
                "bitget" if path.ends_with("history-orders") && !ours => new.as_str(),
                _ => "",
            };
            (enveloped(venue, path, rows), 200, false)
        };
        let live = one_order(venue, says);
        let protocol = spot().find(|protocol| protocol.capabilities().venue == venue).unwrap();
        let intent = desk::order::Intent { symbol: symbol(protocol), ..sample::entry("1") };
        let mut found = run(live.by_client_id(&intent.account, &intent.symbol, &intent.id));
        if found == Ok(Lookup::NotFound) {
            found = run(live.in_lists(&intent.account, &intent.symbol, &intent.id, Timestamp::from_ms(NOW_MS)));
        }
        let Ok(Lookup::Found(fact)) = found else { panic!("{venue}: {found:?}") };
        let expected = match (named_by_us, at == now) {
            (true, _) => (VenueStatus::Cancelled, Decimal::new(4, 1)),
            // As long as nothing tells more, it has been triggered; OKX tells what was placed.
            (false, true) if venue == "okx" => (VenueStatus::Filled, Decimal::ONE),
            (false, true) => (VenueStatus::Filled, Decimal::ZERO),
            // Later, what was placed counts for nothing.
            (false, false) => (VenueStatus::Cancelled, Decimal::ZERO),
        };
        assert_eq!((fact.status, fact.filled.value()), expected, "{venue} {named_by_us} {at}: {fact:?}");
    }
}

/// An order of somebody else, in a list of `venue`, that was made at `at`.
fn row_of_others(venue: &str, n: u32, ended: bool, at: i64) -> String {
    match (venue, ended) {
        ("okx", _) => format!(
            r#"{{"instType":"SPOT","instId":"BTC-USDT","ordId":"{n}","clOrdId":"","side":"sell","ordType":"limit","px":"1","state":"{}","sz":"1","accFillSz":"0","cTime":"{at}","uTime":"{at}"}}"#,
            if ended { "canceled" } else { "live" }
        ),
        ("bybit", _) => format!(
            r#"{{"orderId":"{n}","orderLinkId":"","symbol":"BTCUSDT","side":"Sell","orderType":"Market","orderStatus":"{}","qty":"1","cumExecQty":"0","createdTime":"{at}","updatedTime":"{at}"}}"#,
            if ended { "Cancelled" } else { "Untriggered" }
        ),
        _ => format!(
            r#"{{"orderId":"{n}","clientOid":"c{n}","symbol":"BTCUSDT","size":"1","executePrice":"0","triggerPrice":"1","status":"{}","orderType":"market","side":"sell","planType":"amount","cTime":"{at}","uTime":"{at}"}}"#,
            if ended { "cancelled" } else { "live" }
        ),
    }
}

#[test]
fn a_list_as_long_as_its_venue_makes_them_proves_no_absence() {
    let since = NOW_MS - 1000;
    for (venue, page, path_of, ended) in [
        ("okx", 100, "orders-algo-pending", false),
        ("okx", 100, "trade/orders-history", true),
        ("bybit", 50, "/v5/order/realtime", false),
        ("bybit", 50, "/v5/order/history", true),
        ("bitget", 100, "current-plan-order", false),
        ("bitget", 100, "history-plan-order", true),
    ] {
        for (rows, at) in [(page - 1, NOW_MS), (page, NOW_MS), (page, since), (page, since - 1)] {
            let asked = Arc::new(Mutex::new(Vec::new()));
            let told = asked.clone();
            let says = move |path: &str, said: &str, _: bool| {
                let mut all = String::new();
                if path.ends_with(path_of) {
                    told.lock().unwrap().push(said.to_owned());
                    all = (0..rows).map(|n| row_of_others(venue, n, ended, at)).collect::<Vec<_>>().join(",");
                }
                (enveloped(venue, path, &all), 200, false)
            };
            let live = one_order(venue, says);
            let protocol = spot().find(|protocol| protocol.capabilities().venue == venue).unwrap();
            let intent = desk::order::Intent { symbol: symbol(protocol), ..sample::entry("1") };
            let since = Timestamp::from_ms(since);
            let found = run(live.in_lists(&intent.account, &intent.symbol, &intent.id, since));
            // What ended before the order was sent is not the order.
            let proven = rows < page || ended && at < since.ms();
            assert_eq!(found == Ok(Lookup::NotFound), proven, "{venue} {path_of} {rows} {at}: {found:?}");
            assert!(asked.lock().unwrap().iter().all(|said| said.contains(&format!("limit={page}"))), "{asked:?}");
            assert!(proven || found.unwrap_err().to_string().contains("does not list all orders"));
        }
    }
}

#[test]
fn an_order_behind_a_full_list_is_not_told_as_absent_when_it_is_asked_for_by_our_id() {
    for (rows, proven) in [(99, true), (100, false)] {
        let says = move |path: &str, _: &str, _: bool| {
            let all = (0..rows).map(|n| row_of_others("bitget", n, false, NOW_MS)).collect::<Vec<_>>().join(",");
            let data = match path.ends_with("current-plan-order") {
                true => format!(r#"{{"nextFlag":false,"idLessThan":"1","orderList":[{all}]}}"#),
                false => "[]".to_owned(),
            };
            (format!(r#"{{"code":"00000","msg":"success","requestTime":{NOW_MS},"data":{data}}}"#), 200, false)
        };
        let live = one_order("bitget", says);
        let intent = desk::order::Intent { symbol: Symbol::new("BTCUSDT").unwrap(), ..sample::entry("1") };
        let found = run(live.by_client_id(&intent.account, &intent.symbol, &intent.id));
        assert_eq!(found == Ok(Lookup::NotFound), proven, "{found:?}");
    }
}

#[test]
fn what_has_ended_is_looked_through_back_to_when_the_order_was_sent() {
    let id = sample::entry("1").id;
    let says = move |path: &str, said: &str, _: bool| {
        let ours = row_of_others("bybit", 99, true, NOW_MS - 500)
            .replace(r#""orderLinkId":"""#, &format!(r#""orderLinkId":"{id}""#));
        let rows = match (path.ends_with("/v5/order/history"), said.contains("endTime=")) {
            (true, false) => {
                (0..50).map(|n| row_of_others("bybit", n, true, NOW_MS - 400)).collect::<Vec<_>>().join(",")
            }
            (true, true) => ours,
            (false, _) => String::new(),
        };
        let body =
            format!(r#"{{"retCode":0,"retMsg":"OK","result":{{"category":"spot","list":[{rows}]}},"time":{NOW_MS}}}"#);
        (body, 200, false)
    };
    let intent = desk::order::Intent { symbol: Symbol::new("BTCUSDT").unwrap(), ..sample::entry("1") };
    for (since, found) in [(NOW_MS - 1000, true), (NOW_MS - 300, false)] {
        let live = one_order("bybit", says.clone());
        let since = Timestamp::from_ms(since);
        let told = run(live.in_lists(&intent.account, &intent.symbol, &intent.id, since)).unwrap();
        // Nobody looks further back than to when it was sent.
        assert_eq!(matches!(&told, Lookup::Found(fact) if fact.status == VenueStatus::Cancelled), found, "{told:?}");
        assert_eq!(told == Lookup::NotFound, !found);
    }
}

/// A network on which nothing arrives.
struct Unplugged;

impl Transport for Unplugged {
    async fn send(&self, _: &str, _: &Request, _: Duration) -> Result<Reply, SendFault> {
        Err(SendFault { reason: "no route to host".to_owned(), unsent: true })
    }
}

#[test]
fn what_is_wrong_with_the_network_is_told_although_asking_again_has_used_up_the_budget() {
    let unplugged = |protocol: &'static dyn Protocol| {
        let clock = Hands(Arc::new(FakeClock::at(NOW_MS)));
        Exchange::new(protocol, Access::default(), Alone::default(), clock, Unplugged, 1, |_, _, _| {})
    };
    for protocol in spot() {
        let venue = protocol.capabilities().venue;
        let time = run(unplugged(protocol).measure_clock()).unwrap_err().to_string();
        let markets = run(unplugged(protocol).load_markets(&[Product::Spot])).unwrap_err().to_string();
        for told in [time, markets] {
            assert!(told.contains("no route to host"), "{venue}: {told}");
        }
    }
}
