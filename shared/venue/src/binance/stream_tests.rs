//! What the streams ask for and tell, on payloads of the documented shapes.

use super::Binance;
use crate::protocol::model::{OrderState, Side};
use crate::protocol::stream::{Channel, Event, StreamToken, Streams as _, Topic};
use crate::protocol::{Auth, Credentials, Instrument, Markets, Meaning, Moment, Product, ReadFault, Reply};
use desk::time::Timestamp;

fn markets() -> Markets {
    Markets::new([spot(), linear()])
}

fn spot() -> Instrument {
    Instrument::named(Product::Spot, "ETHUSDT", "ETH", "USDT", None)
}

fn linear() -> Instrument {
    Instrument::named(Product::Linear, "ETHUSDT", "ETH", "USDT", Some("USDT"))
}

fn read(channel: Channel, frame: &str) -> Result<Vec<Event>, ReadFault> {
    Binance.read(channel, frame, &markets())
}

const REPORT: &str = r#"{"e":"executionReport","E":1709654400001,"s":"ETHUSDT","c":"ours","S":"BUY","o":"LIMIT","f":"GTC",
"q":"2.0","p":"2500.5","P":"0.0","x":"TRADE","X":"PARTIALLY_FILLED","i":77,"l":"0.5","z":"0.5","L":"2500.1","n":"0.0005",
"N":"ETH","T":1709654400000,"t":991,"m":true,"O":1709654300000,"Z":"1250.05","Y":"1250.05","Q":"0.0","C":""}"#;

const OWN: Channel = Channel::Private(Product::Spot);

#[test]
fn a_fill_is_told_with_its_order_and_its_fee() {
    let wrapped = format!(r#"{{"subscriptionId":3,"event":{REPORT}}}"#);
    let events = read(OWN, &wrapped).unwrap();
    assert_eq!(events, read(OWN, REPORT).unwrap(), "the envelope changes nothing");
    let [Event::Fill(fill), Event::Order(order)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((fill.id.as_str(), fill.order.as_deref(), fill.market.as_str()), ("991", Some("77"), "ETH/USDT"));
    assert_eq!(fill.fee.as_ref().unwrap().cost.to_string(), "0.0005");
    assert_eq!(
        (order.state, order.side, order.client_id.as_deref()),
        (Some(OrderState::Open), Some(Side::Buy), Some("ours"))
    );
    assert_eq!(order.at, Some(Timestamp::from_ms(1_709_654_300_000)));
}

#[test]
fn an_order_that_contradicts_itself_is_not_believed() {
    for (from, to) in [
        (r#""X":"PARTIALLY_FILLED""#, r#""X":"FOO""#),
        (r#""X":"PARTIALLY_FILLED""#, r#""X":"FILLED""#),
        (r#""x":"TRADE""#, r#""x":"FOO""#),
        (r#""z":"0.5""#, r#""z":"2.5""#),
        (r#""z":"0.5""#, r#""z":"-0.5""#),
        (r#""l":"0.5""#, r#""l":"0.6""#),
        (r#""l":"0.5""#, r#""l":"0""#),
        (r#""q":"2.0""#, r#""q":"NaN""#),
        (r#""i":77"#, r#""i":0"#),
        (r#""i":77"#, r#""i":true"#),
        (r#""t":991"#, r#""t":-1"#),
        (r#""S":"BUY""#, r#""S":"buy""#),
        (r#""T":1709654400000"#, r#""T":1709654400"#),
        (r#""s":"ETHUSDT""#, r#""s":"""#),
        (r#""q":"2.0""#, r#""q":"2.0","X":"CANCELED""#),
    ] {
        let changed = REPORT.replace(from, to);
        assert_ne!(changed, REPORT);
        assert!(read(OWN, &changed).is_err(), "{to}");
    }
    for end in 1..REPORT.len() {
        assert!(read(OWN, &REPORT[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn a_cancelled_order_is_known_by_its_own_client_id() {
    let cancelled = REPORT
        .replace(r#""x":"TRADE","X":"PARTIALLY_FILLED""#, r#""x":"CANCELED","X":"CANCELED""#)
        .replace(r#""c":"ours""#, r#""c":"the-request""#)
        .replace(r#""C":"""#, r#""C":"ours""#);
    let events = read(OWN, &cancelled).unwrap();
    let [Event::Order(order)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((order.state, order.client_id.as_deref()), (Some(OrderState::Canceled), Some("ours")));
}

#[test]
fn a_conditional_order_that_fired_tells_no_fills_of_its_own() {
    let frame = r#"{"e":"ALGO_UPDATE","T":1750515742297,"E":1750515742303,"o":{"caid":"ours","aid":21,"at":"CONDITIONAL",
        "o":"STOP_MARKET","s":"ETHUSDT","S":"SELL","ps":"BOTH","f":"GTC","q":"2","X":"FINISHED","ai":"900","ap":"1","aq":"2",
        "tp":"2400","p":"0","R":true}}"#;
    let events = read(Channel::Private(Product::Linear), frame).unwrap();
    let [Event::Order(order)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((order.state, order.filled, order.reduce_only), (Some(OrderState::Closed), None, Some(true)));
    assert_eq!(order.trigger_price.unwrap().to_string(), "2400");
}

#[test]
fn a_channel_tells_only_what_belongs_to_it() {
    let trade = r#"{"stream":"ethusdt@trade","data":{"e":"trade","E":1709654400001,"s":"ETHUSDT","t":5,"p":"1","q":"2","T":1709654400000,"m":false,"M":true}}"#;
    assert!(
        matches!(read(Channel::Public(Product::Spot), trade).unwrap().as_slice(), [Event::Trade(t)] if t.side == Some(Side::Buy))
    );
    assert!(read(OWN, trade).is_err());
    assert!(read(Channel::Public(Product::Spot), REPORT).is_err());
    assert!(read(Channel::Private(Product::Linear), REPORT).is_err());
    assert!(read(Channel::Public(Product::Spot), r#"{"e":"neverSeen","E":1709654400001}"#).is_err());
}

#[test]
fn the_top_of_a_book_is_a_snapshot_of_the_market_its_stream_names() {
    let frame =
        r#"{"stream":"ethusdt@depth20@100ms","data":{"lastUpdateId":9,"bids":[["1.50","2"]],"asks":[["1.60","3"]]}}"#;
    let events = read(Channel::Public(Product::Spot), frame).unwrap();
    let [Event::Book(update)] = events.as_slice() else { panic!("{events:?}") };
    assert!(update.snapshot && update.last == Some(9) && update.market == "ETH/USDT");
    assert_eq!(update.bids[0].0.to_string(), "1.50", "digits are kept");
    let delta = frame.replace("@depth20@100ms", "@depth@100ms");
    assert!(read(Channel::Public(Product::Spot), &delta).is_err(), "a delta has a first number");
    let linear = r#"{"e":"depthUpdate","E":1709654400001,"T":1709654400000,"s":"ETHUSDT","U":1,"u":2,"b":[],"a":[]}"#;
    assert!(read(Channel::Public(Product::Linear), linear).is_err(), "a contract's delta names the one before it");
}

#[test]
fn refusals_say_what_to_do_next() {
    for (frame, meaning, wait) in [
        (r#"{"id":"1","status":400,"error":{"code":-1022,"msg":"x"}}"#, Meaning::Credentials, None),
        (r#"{"id":"1","status":400,"error":{"code":-1021,"msg":"x"}}"#, Meaning::Clock, None),
        (
            r#"{"id":null,"status":418,"error":{"code":-1003,"msg":"x","data":{"serverTime":1700000000000,"retryAfter":1700000009000}}}"#,
            Meaning::RateLimit,
            Some(9000),
        ),
        (r#"{"code":2,"msg":"Invalid request","id":3}"#, Meaning::Unclear, None),
    ] {
        let events = read(OWN, frame).unwrap();
        let [Event::Refused(error)] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!((error.meaning, error.retry_after_ms), (meaning, wait), "{frame}");
    }
    assert_eq!(read(OWN, r#"{"result":null,"id":7}"#).unwrap(), [Event::Accepted("7".to_owned())]);
    assert!(read(OWN, r#"{"id":7}"#).is_err());
    assert!(read(OWN, r#"{"id":"1","status":500,"result":{}}"#).is_err());
}

#[test]
fn topics_become_streams_and_each_has_its_server() {
    let hour = "1h".parse().unwrap();
    let topics = [Topic::Trades(spot()), Topic::Book(spot()), Topic::Bars(spot(), hour), Topic::Ticker(spot())];
    let frames = Binance.subscribe(&topics, None, true).unwrap();
    let streams = r#"["ethusdt@trade","ethusdt@depth@100ms","ethusdt@kline_1h","ethusdt@ticker"]"#;
    assert_eq!(frames, [format!(r#"{{"method":"SUBSCRIBE","params":{streams},"id":1}}"#)]);
    let many = vec![Topic::Book(linear()); 250];
    assert_eq!(Binance.subscribe(&many, None, false).unwrap().len(), 3);
    assert!(Binance.subscribe(&[Topic::Bars(linear(), "1s".parse().unwrap())], None, true).is_err());
    assert!(Binance.subscribe(&[Topic::Orders(Product::Linear)], None, true).unwrap().is_empty());

    let url = |topic: &Topic| Binance.url_of(topic, None, false).unwrap();
    assert_eq!(url(&Topic::Book(linear())), "wss://fstream.binance.com/public/stream");
    assert_eq!(url(&Topic::Trades(linear())), "wss://fstream.binance.com/market/stream");
    assert_eq!(url(&Topic::Book(spot())), url(&Topic::Trades(spot())));
    assert!(Binance.url(Channel::Private(Product::Linear), None, false).is_err(), "a listen key is needed");
    let token = StreamToken { token: "abc".to_owned(), url: None, ping_every_ms: None };
    let url = Binance.url(Channel::Private(Product::Inverse), Some(&token), true).unwrap();
    assert_eq!(url, "wss://demo-dstream.binance.com/ws/abc");
}

#[test]
fn a_listen_key_is_taken_only_as_it_should_be() {
    let ask = Binance.token(Channel::Private(Product::Linear)).unwrap().unwrap();
    assert_eq!((ask.request.path.as_ref(), ask.request.auth), ("/fapi/v1/listenKey", Auth::Key));
    let read = |status, body: &str| ask.read(&Reply::new(status, body), &markets());
    assert_eq!(read(200, r#"{"listenKey":"aZ09"}"#).unwrap().token, "aZ09");
    for body in [
        r#"{"listenKey":"a/../b"}"#,
        r#"{"listenKey":""}"#,
        r#"{"listenKey":null}"#,
        "{}",
        "<html>",
        r#"{"listenKey":"SECRET"#,
    ] {
        let fault = read(200, body).unwrap_err();
        assert!(!fault.to_string().contains("SECRET"), "a key is never repeated");
    }
    assert_eq!(read(429, r#"{"code":-1003,"msg":"x"}"#).unwrap_err().meaning(), Meaning::RateLimit);
    assert_eq!(read(502, "<html>").unwrap_err().meaning(), Meaning::Unclear);
    assert!(Binance.token(OWN).unwrap().is_none(), "spot's listen keys are gone");
}

#[test]
fn spot_subscribes_to_its_account_with_a_signature() {
    let credentials = Credentials::new("binance", "some-key".to_owned(), "some-secret".to_owned(), None).unwrap();
    let moment = Moment { now: Timestamp::from_ms(1_747_385_641_636), nonce: 1, window_ms: 5000 };
    let frames = Binance.login(OWN, &credentials, moment).unwrap();
    let frame: serde_json::Value = serde_json::from_str(&frames[0]).unwrap();
    assert_eq!(frame["method"], "userDataStream.subscribe.signature");
    assert_eq!(frame["params"]["signature"].as_str().unwrap().len(), 64);
    assert!(!frames[0].contains("some-secret"));
    assert!(Binance.login(Channel::Private(Product::Linear), &credentials, moment).unwrap().is_empty());
}
