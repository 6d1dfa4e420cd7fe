use super::super::super::protocol::market::Instrument;
use super::super::super::protocol::model::{OrderState, PositionSide, Side};
use super::*;

fn markets() -> Markets {
    Markets::new([
        Instrument::named(Product::Spot, "BTCUSDT", "BTC", "USDT", None),
        Instrument::named(Product::Linear, "BTCUSDT", "BTC", "USDT", Some("USDT")),
    ])
}

fn heard(text: &str) -> Vec<Event> {
    read(text, &markets()).unwrap()
}

#[test]
fn trades_of_both_generations_are_told_oldest_first() {
    let classic = r#"{"action":"update","arg":{"instType":"SPOT","channel":"trade","instId":"BTCUSDT"},"data":[{"ts":"1695709835823","price":"26293.4","size":"0.0013","side":"buy","tradeId":"2"},{"ts":"1695709835822","price":"26293.5","size":"0.02","side":"sell","tradeId":"1"}],"ts":1695709835824}"#;
    let events = heard(classic);
    let Event::Trade(first) = &events[0] else { panic!("{events:?}") };
    assert_eq!((first.id.as_deref(), first.side, first.market.as_str()), (Some("1"), Some(Side::Sell), "BTC/USDT"));
    let unified = r#"{"data":[{"p":"100000","S":"buy","T":"1736348770627","v":"0.00118","i":"1260903622036942849","L":"9","isRPI":"no"}],"arg":{"instType":"usdt-futures","symbol":"BTCUSDT","topic":"publicTrade"},"action":"snapshot","ts":1736371104297}"#;
    let events = heard(unified);
    let Event::Trade(trade) = &events[0] else { panic!("{events:?}") };
    assert_eq!((trade.market.as_str(), trade.quantity.to_string().as_str()), ("BTC/USDT:USDT", "0.00118"));
}

#[test]
fn a_book_says_what_it_must_be_checked_with() {
    let classic = r#"{"action":"update","arg":{"instType":"USDT-FUTURES","channel":"books","instId":"BTCUSDT"},"data":[{"asks":[["27000.5","8.760"]],"bids":[],"checksum":-1367582038,"seq":123,"ts":"1695716059516"}],"ts":1695716059516}"#;
    let Event::Book(update) = heard(classic).remove(0) else { panic!("no book") };
    assert_eq!((update.checksum, update.last, update.previous), (Some(2_927_385_258), Some(123), None));
    assert_eq!(update.asks[0].1.to_string(), "8.760", "trailing zeros count for the checksum");
    let unified = r#"{"data":[{"a":[["99756.7","23.9774"]],"b":[],"pseq":"1304314508780744705","seq":"1304314508780744706","checksum":0,"ts":"1746698732562"}],"arg":{"instType":"usdt-futures","symbol":"BTCUSDT","topic":"books"},"action":"update","ts":1746698732563}"#;
    let Event::Book(update) = heard(unified).remove(0) else { panic!("no book") };
    assert_eq!((update.checksum, update.previous), (None, Some(1_304_314_508_780_744_705)));
}

#[test]
fn private_rows_of_the_unified_account_are_read() {
    let order = r#"{"action":"snapshot","arg":{"instType":"UTA","topic":"order"},"data":[{"category":"usdt-futures","symbol":"BTCUSDT","orderId":"1","clientOid":"c","price":"","qty":"0.001","orderType":"market","timeInForce":"gtc","side":"buy","reduceOnly":"no","cumExecQty":"0.001","cumExecValue":"83.1315","avgPrice":"83131.5","orderStatus":"filled","feeDetail":[{"feeCoin":"USDT","fee":"0.0332526"}],"createdTime":"1742367838101","updatedTime":"1742367838115"}],"ts":1742367838124}"#;
    let Event::Order(order) = heard(order).remove(0) else { panic!("no order") };
    assert_eq!((order.state, order.market.as_deref()), (Some(OrderState::Closed), Some("BTC/USDT:USDT")));
    assert_eq!(order.fee.unwrap().cost.to_string(), "0.0332526");
    let position = r#"{"data":[{"symbol":"BTCUSDT","leverage":"20","liqPrice":"","marginMode":"crossed","size":"0","avgPrice":"0","marginCoin":"USDT","posSide":"long","holdMode":"hedge_mode","positionStatus":"ended","createdTime":"1736378720620","updatedTime":"1736378720620"}],"arg":{"instType":"UTA","topic":"position"},"action":"snapshot","ts":1730711666652}"#;
    let Event::Position(position) = heard(position).remove(0) else { panic!("no position") };
    assert_eq!((position.side, position.quantity), (Some(PositionSide::Long), Some(rust_decimal::Decimal::ZERO)));
}

#[test]
fn answers_are_told_apart() {
    assert_eq!(heard("pong"), [Event::Heartbeat]);
    assert_eq!(heard(r#"{"event":"login","code":0,"msg":""}"#), [Event::Accepted("login".into())]);
    let refused = heard(r#"{"event":"error","code":30005,"msg":"Login failed"}"#);
    assert!(matches!(&refused[0], Event::Refused(fault) if fault.code == "30005"));
    assert!(
        read(r#"{"event":"subscribe","arg":{"instType":"sp","channel":"books","instId":"X"}}"#, &markets()).is_err()
    );
    assert!(read(r#"{"foo":1}"#, &markets()).is_err());
}
