use super::*;
use crate::protocol::Instrument;

fn markets() -> Markets {
    Markets::new([Instrument::named(Product::Spot, "BTC-USD", "BTC", "USD", None)])
}

fn read(frame: &str) -> Result<Vec<Event>, ReadFault> {
    Coinbase.read(Channel::Public(Product::Spot), frame, &markets())
}

#[test]
fn frames_of_all_channels_share_one_count() {
    let book = r#"{"channel":"l2_data","timestamp":"2026-01-01T00:00:00.1Z","sequence_num":7,"events":[
        {"type":"update","product_id":"BTC-USD","updates":[{"side":"bid","price_level":"1","new_quantity":"0"}]}]}"#;
    assert_eq!(Coinbase.sequence(book), Some(7));
    assert_eq!(Coinbase.sequence(r#"{"channel":"heartbeats","sequence_num":8,"events":[]}"#), Some(8));
    assert_eq!(Coinbase.sequence(r#"{"type":"error","message":"x"}"#), None);
    assert!(matches!(read(book).unwrap().as_slice(), [Event::Book(update)] if !update.snapshot));
    assert!(read(&book.replace("\"bid\"", "\"left\"")).is_err());
}

#[test]
fn an_order_of_the_stream_without_a_known_status_is_not_believed() {
    let frame = r#"{"channel":"user","timestamp":"2026-01-01T00:00:00Z","sequence_num":1,"events":[{"type":"update","orders":[
        {"order_id":"1","client_order_id":"a","product_id":"BTC-USD","order_side":"BUY","status":"OPEN",
        "cumulative_quantity":"0.4","leaves_quantity":"0.6","order_type":"Limit","limit_price":"10"}]}]}"#;
    let events = read(frame).unwrap();
    let [Event::Order(order)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(order.quantity.map(|q| q.to_string()).as_deref(), Some("1"));
    assert!(read(&frame.replace("OPEN", "STRANGE")).is_err());
    assert!(read(&frame.replace("\"1\"", "\"\"")).is_err());
}

#[test]
fn logging_in_subscribes_to_orders() {
    let keys = Credentials::new("coinbase", "name".into(), "legacy-secret".into(), None).unwrap();
    let moment = Moment { now: Timestamp::from_ms(1_700_000_000_000), nonce: 1, window_ms: 5000 };
    let frames = Coinbase.login(Channel::Private(Product::Spot), &keys, moment).unwrap();
    assert!(frames.concat().contains("\"channel\":\"user\""));
    assert_eq!(Coinbase.subscribe(&[Topic::Orders(Product::Spot)], None, true).unwrap().len(), 0);
}
