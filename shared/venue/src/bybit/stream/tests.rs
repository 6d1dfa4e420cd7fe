use super::*;
use desk::time::Timestamp;

fn markets() -> Markets {
    Markets::new([
        Instrument::named(Product::Linear, "BTCUSDT", "BTC", "USDT", Some("USDT")),
        Instrument::named(Product::Spot, "BTCUSDT", "BTC", "USDT", None),
    ])
}

fn public(frame: &str) -> Result<Vec<Event>, ReadFault> {
    Bybit.read(Channel::Public(Product::Linear), frame, &markets())
}

#[test]
fn a_trade_is_read_with_every_digit() {
    let frame = r#"{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1700000000001,"data":[
        {"T":1700000000000,"s":"BTCUSDT","S":"Sell","v":"0.010","p":"27451.50","L":"PlusTick","i":"x-1","BT":false}]}"#;
    let events = public(frame).unwrap();
    let [Event::Trade(trade)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((trade.market.as_str(), trade.price.to_string().as_str()), ("BTC/USDT:USDT", "27451.5"));
    assert!(public(&frame.replace("Sell", "Unknown")).is_err());
    assert!(public(&frame.replace("0.010", "-1")).is_err());
}

#[test]
fn a_restarted_service_starts_the_book_anew() {
    let frame = r#"{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1700000000001,"data":{"s":"BTCUSDT","b":[["1","2"]],"a":[],"u":1,"seq":5}}"#;
    let snapshot = |frame: &str| match public(frame).unwrap().first() {
        Some(Event::Book(update)) => update.snapshot,
        other => panic!("{other:?}"),
    };
    assert!(snapshot(frame));
    assert!(!snapshot(&frame.replace("\"u\":1", "\"u\":2")));
}

#[test]
fn a_topic_inside_of_the_data_is_no_topic() {
    let frame = r#"{"data":[{"topic":"publicTrade.BTCUSDT"}],"op":"x","success":true}"#;
    assert!(public(frame).is_err());
}

#[test]
fn logins_are_signed_as_the_published_vector() {
    let keys = Credentials::new("bybit", "test_api_key".into(), "test_secret".into(), None).unwrap();
    let moment = Moment { now: Timestamp::from_ms(1_699_999_995_000), nonce: 1, window_ms: 5000 };
    let frames = Bybit.login(Channel::Private(Product::Linear), &keys, moment).unwrap();
    let published = "bacffe7500499eb829bb58c45d36d1b3e5ac67c14eaeba91df5e99ccee013925";
    assert!(frames.concat().contains(published), "{frames:?}");
}

#[test]
fn topics_go_out_ten_at_a_time() {
    let market = Instrument::named(Product::Spot, "BTCUSDT", "BTC", "USDT", None);
    let topics: Vec<_> = (0..12).map(|_| Topic::Trades(market.clone())).collect();
    assert_eq!(Bybit.subscribe(&topics, None, true).unwrap().len(), 2);
}
