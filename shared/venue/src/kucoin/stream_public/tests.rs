use super::*;
use crate::protocol::{Instrument, Product};

fn markets() -> Markets {
    Markets::new([
        Instrument::named(Product::Spot, "BTC-USDT", "BTC", "USDT", None),
        Instrument::named(Product::Linear, "XBTUSDTM", "BTC", "USDT", Some("USDT")),
    ])
}

fn one(text: &str) -> Event {
    read(text, &markets()).unwrap().into_iter().next().unwrap()
}

#[test]
fn trades_of_both_servers_are_read() {
    let spot = r#"{"topic":"/market/match:BTC-USDT","type":"message","subject":"trade.l3match","data":{"price":"67523",
        "side":"buy","size":"0.003","symbol":"BTC-USDT","time":"1729843222921000000","tradeId":"11"}}"#;
    let futures = r#"{"topic":"/contractMarket/execution:XBTUSDTM","type":"message","subject":"match","sn":1,
        "data":{"symbol":"XBTUSDTM","side":"sell","size":2,"price":"90503.9","tradeId":"12","ts":1731898619520000000}}"#;
    let (Event::Trade(a), Event::Trade(b)) = (one(spot), one(futures)) else { panic!("two trades") };
    assert_eq!((a.market.as_str(), a.at.ms(), a.id.as_deref()), ("BTC/USDT", 1_729_843_222_921, Some("11")));
    assert_eq!((b.market.as_str(), b.at.ms()), ("BTC/USDT:USDT", 1_731_898_619_520));
    assert!(read(&spot.replace("0.003", "-1"), &markets()).is_err());
    let spaced = spot.replace("\"topic\":", "\"topic\" : ");
    assert_eq!(one(&spaced), one(spot), "however the frame is written");
}

#[test]
fn a_change_at_price_zero_only_moves_the_number_on() {
    let text = r#"{"data":{"sequenceStart":10,"symbol":"BTC-USDT","changes":{"asks":[["0","0","10"]],"bids":[["5","1","11"]]},
        "sequenceEnd":11},"subject":"trade.l2update","topic":"/market/level2:BTC-USDT","type":"message"}"#;
    let Event::Book(update) = one(text) else { panic!("a delta") };
    assert_eq!((update.first, update.last, update.asks.len(), update.bids.len()), (Some(10), Some(11), 0, 1));
}

#[test]
fn a_delta_of_contracts_is_counted() {
    let text = r#"{"topic":"/contractMarket/level2:XBTUSDTM","type":"message","subject":"level2","sn":7,
        "data":{"sequence":7,"change":"90631.2,sell,2","timestamp":1731897467182}}"#;
    let Event::Book(update) = one(text) else { panic!("a delta") };
    assert_eq!((update.market.as_str(), update.last, update.asks.len()), ("BTC/USDT:USDT", Some(7), 1));
    assert!(read(&text.replace("sell", "both"), &markets()).is_err());
}

#[test]
fn the_servers_talk_is_understood_and_garbage_is_not() {
    assert_eq!(one(r#"{"id":"x","type":"welcome"}"#), Event::Accepted("welcome".into()));
    assert_eq!(one(r#"{"id":"x","type":"pong"}"#), Event::Heartbeat);
    let refused = one(r#"{"id":"1","type":"error","code":404,"data":"topic /x is not found"}"#);
    assert!(matches!(refused, Event::Refused(error) if error.code == "404"));
    for bad in ["", "{}", "[]", "\u{0}", r#"{"type":"message","topic":"/nothing:we.know","data":{}}"#] {
        assert!(read(bad, &markets()).is_err(), "{bad:?}");
    }
}
