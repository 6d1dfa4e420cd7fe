use super::*;
use crate::protocol::book::{Book, Gap};
use crate::protocol::stream::Streams;
use rust_decimal::Decimal;

fn told(frame: &str) -> Vec<Event> {
    read(frame, &Markets::default()).unwrap()
}

fn book(action: &str, previous: i64, last: i64, bid: &str) -> String {
    format!(
        r#"{{"arg":{{"channel":"books","instId":"BTC-USDT"}},"action":"{action}","data":[{{"asks":[["101.0","1","0","1"]],"bids":[["{bid}","2","0","3"]],"ts":"1700000000000","checksum":0,"prevSeqId":{previous},"seqId":{last}}}]}}"#
    )
}

#[test]
fn a_trade_is_read_whatever_the_order_of_its_keys() {
    let frame = r#"{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"1","px":"42219.90","sz":"0.12060306","side":"sell","ts":"1630048897897","count":"3"}]}"#;
    let events = told(frame);
    let [Event::Trade(trade)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(trade.price.value(), Decimal::new(422_199, 1));
    assert_eq!(trade.side, Some(crate::protocol::model::Side::Sell));
    // The same frame with its keys the other way round.
    let turned = r#"{"data":[{"instId":"BTC-USDT","tradeId":"1","px":"42219.90","sz":"0.12060306","side":"sell","ts":"1630048897897"}],"arg":{"channel":"trades","instId":"BTC-USDT"}}"#;
    assert_eq!(told(turned), events);
}

#[test]
fn a_lost_delta_is_noticed_by_its_successor() {
    let update = |frame: &str| {
        let event = told(frame).remove(0);
        let Event::Book(update) = event else { panic!("{event:?}") };
        update
    };
    let mut kept = Book::new("BTC-USDT", crate::okx::Okx.book_rule(Product::Spot));
    kept.apply(&update(&book("snapshot", -1, 10, "100"))).unwrap();
    kept.apply(&update(&book("update", 10, 15, "100.5"))).unwrap();
    kept.apply(&update(&book("update", 15, 15, "100.5"))).unwrap();
    // After a maintenance the venue counts from below.
    kept.apply(&update(&book("update", 15, 3, "100.6"))).unwrap();
    let gap = kept.apply(&update(&book("update", 4, 5, "100.7"))).unwrap_err();
    assert!(matches!(gap, Gap::Missed { expected: 3, got: 4, .. }));
}

#[test]
fn a_row_of_an_order_tells_the_order_and_its_fill() {
    let frame = r#"{"arg":{"channel":"orders","instType":"SWAP","uid":"1"},"data":[{"instId":"BTC-USDT-SWAP","ordId":"7","clOrdId":"c","state":"partially_filled","side":"buy","ordType":"limit","px":"10","sz":"2","accFillSz":"1","tradeId":"9","fillPx":"10","fillSz":"1","fillTime":"1700000000000","fillFee":"-0.01","fillFeeCcy":"USDT","execType":"M"}]}"#;
    let events = told(frame);
    let [Event::Fill(fill), Event::Order(order)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((fill.id.as_str(), fill.order.as_deref()), ("9", Some("7")));
    assert_eq!(fill.fee.as_ref().map(|fee| fee.cost), Some(Decimal::new(1, 2)));
    assert_eq!(order.filled, Some(quantity(Decimal::ONE).unwrap()));
    let without = frame.replace(r#""tradeId":"9""#, r#""tradeId":"""#);
    assert_eq!(told(&without).len(), 1);
}

#[test]
fn what_the_server_says_about_us_is_told_apart() {
    assert_eq!(told("pong"), [Event::Heartbeat]);
    assert_eq!(
        told(r#"{"event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"},"connId":"a"}"#),
        [Event::Accepted("subscribe books BTC-USDT".into())]
    );
    assert_eq!(told(r#"{"event":"login","code":"0","msg":""}"#), [Event::Accepted("login".into())]);
    let refused = told(r#"{"event":"error","code":"60009","msg":"Login failed."}"#);
    assert!(matches!(&refused[0], Event::Refused(e) if e.meaning == crate::protocol::Meaning::Credentials));
    assert!(matches!(
        told(r#"{"event":"notice","code":"64008","msg":"The connection will soon be closed."}"#)[0],
        Event::Reconnect(_)
    ));
}

#[test]
fn nothing_of_a_frame_that_cant_be_is_believed() {
    for bad in [
        "",
        "ping?",
        "{}",
        "[]",
        r#"{"arg":{"channel":"melons"},"data":[]}"#,
        r#"{"arg":{"channel":"trades"},"data":[{"instId":"X","tradeId":"1","px":"-1","sz":"1","side":"buy","ts":"1700000000000"}]}"#,
        r#"{"arg":{"channel":"trades"},"data":[{"instId":"X","tradeId":"1","px":"1","sz":"1","side":"buy","ts":"1"}]}"#,
        r#"{"arg":{"channel":"books","instId":"X"},"action":"melt","data":[{"asks":[],"bids":[],"ts":"1700000000000"}]}"#,
        r#"{"arg":{"channel":"orders"},"data":[{"instId":"X","ordId":"","state":"live","side":"buy","ordType":"limit"}]}"#,
    ] {
        assert!(read(bad, &Markets::default()).is_err(), "{bad}");
    }
}
