//! Every filter, with the exchange's code.

use crate::client::{T0, code, dec, exchange};
use rust_decimal::Decimal;
use serde_json::json;
use venue_sim::api::call::Method;
use venue_sim::engine::rules::{Filter, Trading};
use venue_sim::engine::types::{Kind, NewOrder, Side};

fn refused(filter: Filter, order: &NewOrder) -> Option<String> {
    let (mut exchange, mine, _) = exchange();
    exchange.engine.market_mut("BTCUSDT").unwrap().rules.filters = vec![filter];
    exchange.engine.place(mine, order, T0).err().map(|refusal| {
        assert_eq!(refusal.code, -1013);
        refusal.text
    })
}

fn buy(price: &str, quantity: &str) -> NewOrder {
    NewOrder::limit("BTCUSDT", Side::Buy, dec(price), dec(quantity))
}

#[test]
fn each_filter_fails_under_its_own_name() {
    let price = || Filter::Price { min: dec("10"), max: dec("1000"), tick: dec("0.1") };
    let lot = || Filter::Lot { min: dec("0.1"), max: dec("5"), step: dec("0.1") };
    let market_lot = || Filter::MarketLot { min: dec("0"), max: dec("2"), step: dec("0") };
    let notional = || Filter::Notional { min: dec("10"), min_market: false, max: dec("100"), max_market: false };
    for (filter, bad) in [
        (price(), buy("9.9", "1")),
        (price(), buy("1000.1", "1")),
        (price(), buy("10.05", "1")),
        (price(), NewOrder { kind: Kind::StopLossLimit, stop_price: dec("10.05"), ..buy("10", "1") }),
        (lot(), buy("10", "0.05")),
        (lot(), buy("10", "5.1")),
        (lot(), buy("10", "0.15")),
        (market_lot(), NewOrder::market("BTCUSDT", Side::Sell, dec("3"))),
        (Filter::MinNotional { min: dec("10"), market: true }, buy("10", "0.5")),
        (notional(), buy("10", "0.5")),
        (notional(), buy("10", "11")),
        (Filter::MaxNumOrders(0), buy("10", "1")),
        (Filter::MaxNumAlgoOrders(0), NewOrder { kind: Kind::StopLossLimit, stop_price: dec("10"), ..buy("10", "1") }),
        (Filter::MaxPosition(dec("10.5")), buy("10", "1")),
    ] {
        let name = filter.name();
        assert_eq!(refused(filter, &bad), Some(format!("Filter failure: {name}")), "{bad:?}");
    }
    for filter in [
        price(),
        lot(),
        market_lot(),
        notional(),
        Filter::MaxNumOrders(1),
        Filter::MaxNumAlgoOrders(0),
        Filter::MaxPosition(dec("11")),
    ] {
        assert_eq!(refused(filter, &buy("10", "1")), None);
    }
}

#[test]
fn a_price_far_from_the_last_one_fails_by_side() {
    let (mut exchange, mine, other) = exchange();
    exchange.engine.place(other, &NewOrder::limit("BTCUSDT", Side::Sell, dec("60000"), dec("1")), T0).unwrap();
    exchange.engine.place(mine, &buy("60000", "1"), T0).unwrap();
    for (order, passes) in [(buy("11999", "0.1"), false), (buy("12001", "0.1"), true)] {
        let answer = exchange.engine.place(mine, &order, T0);
        assert_eq!(answer.is_ok(), passes, "{answer:?}");
        if let Err(refusal) = answer {
            assert_eq!(refusal.text, "Filter failure: PERCENT_PRICE_BY_SIDE");
        }
    }
}

#[test]
fn a_halted_market_takes_no_orders() {
    let (mut exchange, mine, _) = exchange();
    exchange.engine.market_mut("BTCUSDT").unwrap().rules.trading = Trading::Halt;
    let refusal = exchange.engine.place(mine, &buy("60000", "0.1"), T0).unwrap_err();
    assert_eq!((refusal.code, refusal.text.as_str()), (-1013, "Market is closed."));
}

#[test]
fn orders_without_funds_are_refused_and_lock_nothing() {
    let (mut exchange, mine, other) = exchange();
    exchange.engine.place(other, &NewOrder::limit("BTCUSDT", Side::Sell, dec("600000"), dec("10")), T0).unwrap();
    let market = NewOrder::market("BTCUSDT", Side::Buy, dec("3"));
    let sale = NewOrder::limit("BTCUSDT", Side::Sell, dec("60000"), dec("10.00001"));
    for order in [buy("100000", "10.1"), market, sale] {
        let refusal = exchange.engine.place(mine, &order, T0).unwrap_err();
        assert_eq!(
            (refusal.code, refusal.text.as_str()),
            (-2010, "Account has insufficient balance for requested action.")
        );
    }
    assert_eq!(exchange.engine.ledger().balance(mine, "USDT").locked, Decimal::ZERO);
    assert_eq!(exchange.engine.all_orders(mine, "BTCUSDT").count(), 0);
}

#[test]
fn parameters_meet_their_own_codes() {
    let (mut exchange, _, _) = exchange();
    let base = "symbol=BTCUSDT&side=BUY&type=LIMIT";
    for (params, want) in [
        ("", -1102),
        ("symbol=", -1105),
        ("symbol=btcusdt&side=BUY&type=LIMIT", -1100),
        ("symbol=NOPE&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=1", -1121),
        ("symbol=BTCUSDT&side=HOLD&type=LIMIT", -1117),
        ("symbol=BTCUSDT&side=BUY&type=WISH", -1116),
        (&format!("{base}&timeInForce=GTX&quantity=1&price=60000"), -1115),
        (&format!("{base}&quantity=1&price=60000"), -1102),
        (&format!("{base}&timeInForce=GTC&quantity=1"), -1102),
        (&format!("{base}&timeInForce=GTC&quantity=1&price=1e5"), -1100),
        (&format!("{base}&timeInForce=GTC&quantity=-1&price=60000"), -1100),
        (&format!("{base}&timeInForce=GTC&quantity=0&price=60000"), -1013),
        (&format!("{base}&timeInForce=GTC&quantity=0.123456789&price=60000"), -1111),
        (&format!("{base}&timeInForce=GTC&quantity=1&price=60000&stopPrice=1"), -1106),
        (&format!("{base}&timeInForce=GTC&quantity=1&price=60000&nonsense=1"), -1104),
        (&format!("{base}&timeInForce=GTC&quantity=1&price=60000&price=60000"), -1101),
        (&format!("{base}&timeInForce=GTC&quantity=1&price=60000&newClientOrderId=a%20b"), -1100),
        (&format!("{base}&timeInForce=GTC&quantity=1&price=60000&newOrderRespType=ALL"), -1130),
        (&format!("{base}&timeInForce=GTC&quantity=1&price=60000&strategyType=5"), -1134),
        ("symbol=BTCUSDT&side=BUY&type=MARKET", -1102),
        ("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&quoteOrderQty=5", -1128),
        ("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&timeInForce=GTC", -1106),
        ("symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=1&price=60000&icebergQty=1", -2010),
    ] {
        let (status, body) = crate::client::ask(&mut exchange, Method::Post, "/api/v3/order", params, T0);
        assert_eq!((status, code(&body)), (400, json!(want)), "{params}: {body}");
    }
    let (status, body) =
        crate::client::ask(&mut exchange, Method::Get, "/api/v3/klines", "symbol=BTCUSDT&interval=7m", T0);
    assert_eq!((status, code(&body)), (400, json!(-1104)), "a timestamp is not read there: {body}");
}
