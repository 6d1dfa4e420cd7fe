//! Matching: price before time, partial fills, times in force, stops, pairs, self-trade prevention.

use crate::client::{T0, dec, exchange};
use venue_sim::engine::Which;
use venue_sim::engine::place::Restriction;
use venue_sim::engine::types::{Event, Execution, Expiry, Kind, NewOrder, Side, Status, Stp, Tif};

fn limit(side: Side, price: &str, quantity: &str) -> NewOrder {
    NewOrder::limit("BTCUSDT", side, dec(price), dec(quantity))
}

#[test]
fn the_better_price_is_matched_first_and_the_earlier_order_at_one_price() {
    let (mut exchange, mine, other) = exchange();
    let engine = &mut exchange.engine;
    let late_and_dear = engine.place(other, &limit(Side::Sell, "60001", "1"), T0).unwrap();
    let first = engine.place(other, &limit(Side::Sell, "60000", "1"), T0).unwrap();
    let second = engine.place(other, &limit(Side::Sell, "60000", "1"), T0).unwrap();
    engine.place(mine, &limit(Side::Buy, "60001", "1.5"), T0 + 1).unwrap();
    assert_eq!(engine.order(first).unwrap().status, Status::Filled);
    assert_eq!(engine.order(second).unwrap().status, Status::PartiallyFilled);
    assert_eq!(engine.order(second).unwrap().executed, dec("0.5"));
    assert_eq!(engine.order(late_and_dear).unwrap().status, Status::New);
    let prices: Vec<_> = engine.fills(mine).iter().map(|fill| fill.price).collect();
    assert_eq!(prices, [dec("60000"), dec("60000")]);
    engine.audit().unwrap();
}

#[test]
fn a_buyer_pays_the_resting_price_and_the_commission_comes_out_of_what_is_received() {
    let (mut exchange, mine, other) = exchange();
    let engine = &mut exchange.engine;
    engine.place(other, &limit(Side::Sell, "60000", "1"), T0).unwrap();
    engine.place(mine, &limit(Side::Buy, "61000", "2"), T0).unwrap();
    assert_eq!(engine.ledger().balance(mine, "BTC").free, dec("10.999"));
    let quote = engine.ledger().balance(mine, "USDT");
    assert_eq!((quote.free, quote.locked), (dec("879000"), dec("61000")));
    assert_eq!(engine.fills(mine)[0].commission, dec("0.001"));
    assert!(!engine.fills(mine)[0].maker && engine.fills(other)[0].maker);
    engine.audit().unwrap();
}

#[test]
fn commissions_in_a_third_asset_leave_what_is_received_whole() {
    let (mut exchange, mine, other) = exchange();
    let engine = &mut exchange.engine;
    engine.list(venue_sim::server::Listing::named("BNBUSDT").unwrap().rules).unwrap();
    engine.fund(mine, "BNB", dec("1"), T0).unwrap();
    engine.fund(other, "BNB", dec("1"), T0).unwrap();
    engine.place(other, &NewOrder::limit("BNBUSDT", Side::Sell, dec("600"), dec("0.1")), T0).unwrap();
    engine.place(mine, &NewOrder::limit("BNBUSDT", Side::Buy, dec("600"), dec("0.1")), T0).unwrap();
    engine.account_mut(mine).unwrap().fee_asset = Some("BNB".to_owned());
    engine.place(other, &limit(Side::Sell, "60000", "0.1"), T0).unwrap();
    engine.place(mine, &limit(Side::Buy, "60000", "0.1"), T0).unwrap();
    let fill = engine.fills(mine).last().unwrap();
    assert_eq!((fill.commission_asset.as_str(), fill.commission), ("BNB", dec("0.01")));
    assert_eq!(engine.ledger().balance(mine, "BTC").free, dec("10.1"));
    engine.audit().unwrap();
}

#[test]
fn times_in_force_decide_what_becomes_of_the_rest() {
    let (mut exchange, mine, other) = exchange();
    let engine = &mut exchange.engine;
    engine.place(other, &limit(Side::Sell, "60000", "1"), T0).unwrap();
    let all_or_nothing = NewOrder { tif: Tif::Fok, ..limit(Side::Buy, "60000", "2") };
    let id = engine.place(mine, &all_or_nothing, T0).unwrap();
    let order = engine.order(id).unwrap();
    assert_eq!((order.status, order.executed, order.expiry), (Status::Expired, dec("0"), Some(Expiry::UnfilledFok)));
    let at_once = NewOrder { tif: Tif::Ioc, ..limit(Side::Buy, "60000", "2") };
    let id = engine.place(mine, &at_once, T0).unwrap();
    let order = engine.order(id).unwrap();
    assert_eq!((order.status, order.executed, order.expiry), (Status::Expired, dec("1"), Some(Expiry::UnfilledIoc)));
    assert_eq!(engine.ledger().balance(mine, "USDT").locked, dec("0"));
    engine.audit().unwrap();
}

#[test]
fn a_maker_only_order_is_refused_when_it_would_take() {
    let (mut exchange, mine, other) = exchange();
    let engine = &mut exchange.engine;
    engine.place(other, &limit(Side::Sell, "60000", "1"), T0).unwrap();
    let order = NewOrder { kind: Kind::LimitMaker, ..limit(Side::Buy, "60000", "1") };
    let refusal = engine.place(mine, &order, T0).unwrap_err();
    assert_eq!((refusal.code, refusal.text.as_str()), (-2010, "Order would immediately match and take."));
    engine.place(mine, &NewOrder { price: dec("59999.99"), ..order }, T0).unwrap();
    engine.audit().unwrap();
}

#[test]
fn a_market_order_by_quote_amount_buys_whole_steps_and_no_more_than_it_may() {
    let (mut exchange, mine, other) = exchange();
    let engine = &mut exchange.engine;
    engine.place(other, &limit(Side::Sell, "60000.01", "1"), T0).unwrap();
    let mut order = NewOrder::market("BTCUSDT", Side::Buy, dec("0"));
    order.quote_quantity = dec("100");
    let id = engine.place(mine, &order, T0).unwrap();
    let order = engine.order(id).unwrap();
    assert_eq!((order.status, order.executed), (Status::Filled, dec("0.00166")));
    assert!(order.executed_quote <= dec("100") && order.executed_quote > dec("99"));
    let events = engine.events();
    let last = events.iter().rev().find_map(|event| {
        if let Event::Report(report) = event { (report.order.id == id).then_some(report) } else { None }
    });
    assert_eq!(last.unwrap().order.status, Status::Filled);
    engine.audit().unwrap();
}

#[test]
fn a_market_order_on_an_empty_book_expires() {
    let (mut exchange, mine, _) = exchange();
    let id = exchange.engine.place(mine, &NewOrder::market("BTCUSDT", Side::Sell, dec("1")), T0).unwrap();
    let order = exchange.engine.order(id).unwrap();
    assert_eq!((order.status, order.expiry), (Status::Expired, Some(Expiry::InsufficientLiquidity)));
    exchange.engine.audit().unwrap();
}

#[test]
fn self_trade_prevention_follows_the_takers_mode() {
    for (mode, taker, maker) in [
        (Stp::None, Status::Filled, Status::Filled),
        (Stp::ExpireTaker, Status::ExpiredInMatch, Status::New),
        (Stp::ExpireMaker, Status::New, Status::ExpiredInMatch),
        (Stp::ExpireBoth, Status::ExpiredInMatch, Status::ExpiredInMatch),
    ] {
        let (mut exchange, mine, _) = exchange();
        let engine = &mut exchange.engine;
        let resting = engine.place(mine, &limit(Side::Sell, "60000", "1"), T0).unwrap();
        let incoming = engine.place(mine, &NewOrder { stp: mode, ..limit(Side::Buy, "60000", "1") }, T0).unwrap();
        assert_eq!(
            (engine.order(incoming).unwrap().status, engine.order(resting).unwrap().status),
            (taker, maker),
            "{mode:?}"
        );
        engine.audit().unwrap();
    }
}

#[test]
fn a_stop_order_waits_for_its_price_and_then_takes() {
    let (mut exchange, mine, other) = exchange();
    let engine = &mut exchange.engine;
    engine.place(other, &limit(Side::Buy, "59000", "5"), T0).unwrap();
    engine.place(other, &limit(Side::Buy, "60000", "1"), T0).unwrap();
    let stop =
        NewOrder { kind: Kind::StopLoss, price: dec("0"), stop_price: dec("59500"), ..limit(Side::Sell, "0", "1") };
    let id = engine.place(mine, &stop, T0).unwrap();
    assert!(!engine.order(id).unwrap().working);
    assert_eq!(engine.ledger().balance(mine, "BTC").locked, dec("1"));
    engine.place(mine, &limit(Side::Sell, "60000", "1"), T0 + 1).unwrap();
    assert_eq!(engine.order(id).unwrap().status, Status::New, "60000 does not reach it");
    engine.place(mine, &limit(Side::Sell, "59000", "1"), T0 + 2).unwrap();
    let order = engine.order(id).unwrap();
    assert_eq!((order.status, order.executed_quote, order.working_at), (Status::Filled, dec("59000"), Some(T0 + 2)));
    engine.audit().unwrap();
}

#[test]
fn a_stop_order_whose_price_is_reached_already_is_refused() {
    let (mut exchange, mine, other) = exchange();
    let engine = &mut exchange.engine;
    engine.place(other, &limit(Side::Buy, "60000", "1"), T0).unwrap();
    engine.place(mine, &limit(Side::Sell, "60000", "1"), T0).unwrap();
    let stop =
        NewOrder { kind: Kind::StopLoss, price: dec("0"), stop_price: dec("60000"), ..limit(Side::Sell, "0", "1") };
    assert_eq!(engine.place(mine, &stop, T0).unwrap_err().text, "Order would trigger immediately.");
}

fn pair(engine: &mut venue_sim::engine::Engine, account: venue_sim::engine::types::AccountId) -> Vec<u64> {
    let above = NewOrder { kind: Kind::LimitMaker, ..limit(Side::Sell, "61000", "1") };
    let below = NewOrder { kind: Kind::StopLossLimit, stop_price: dec("59000"), ..limit(Side::Sell, "58900", "1") };
    let id = engine.place_pair(account, &above, &below, "pair", T0).unwrap();
    engine.pair(id).unwrap().orders.clone()
}

#[test]
fn a_pair_locks_once_and_its_limit_leg_ends_the_stop() {
    let (mut exchange, mine, other) = exchange();
    let engine = &mut exchange.engine;
    let legs = pair(engine, mine);
    assert_eq!(engine.ledger().balance(mine, "BTC").locked, dec("1"));
    engine.place(other, &limit(Side::Buy, "61000", "0.4"), T0).unwrap();
    assert_eq!(engine.order(legs[0]).unwrap().status, Status::PartiallyFilled);
    let stop = engine.order(legs[1]).unwrap();
    assert_eq!((stop.status, stop.expiry), (Status::Expired, Some(Expiry::OcoTrigger)));
    assert_eq!(engine.ledger().balance(mine, "BTC").locked, dec("0.6"));
    engine.audit().unwrap();
}

#[test]
fn a_pairs_stop_ends_the_limit_leg_when_it_triggers() {
    let (mut exchange, mine, other) = exchange();
    let engine = &mut exchange.engine;
    let legs = pair(engine, mine);
    engine.place(other, &limit(Side::Buy, "59000", "0.1"), T0).unwrap();
    engine.place(other, &limit(Side::Buy, "58950", "3"), T0).unwrap();
    engine.place(mine, &limit(Side::Sell, "59000", "0.1"), T0).unwrap();
    assert_eq!(engine.order(legs[0]).unwrap().status, Status::Expired);
    let stop = engine.order(legs[1]).unwrap();
    assert_eq!((stop.status, stop.executed_quote), (Status::Filled, dec("58950")));
    assert!(engine.pairs(mine).next().unwrap().done);
    engine.audit().unwrap();
}

#[test]
fn canceling_one_order_of_a_pair_cancels_both() {
    let (mut exchange, mine, _) = exchange();
    let engine = &mut exchange.engine;
    let legs = pair(engine, mine);
    let which = Which { id: Some(legs[1]), client: None };
    engine.cancel(mine, "BTCUSDT", which, Restriction::None, "bye", T0).unwrap();
    assert!(legs.iter().all(|id| engine.order(*id).unwrap().status == Status::Canceled));
    assert_eq!(engine.ledger().balance(mine, "BTC").locked, dec("0"));
    engine.audit().unwrap();
}

#[test]
fn a_name_is_taken_while_its_order_is_open_and_free_once_it_has_filled() {
    let (mut exchange, mine, other) = exchange();
    let engine = &mut exchange.engine;
    let order = NewOrder { client_id: "once".to_owned(), ..limit(Side::Buy, "60000", "1") };
    let first = engine.place(mine, &order, T0).unwrap();
    let refusal = engine.place(mine, &order, T0).unwrap_err();
    assert_eq!((refusal.code, refusal.text.as_str()), (-2010, "Duplicate order sent."));
    engine.place(other, &limit(Side::Sell, "60000", "0.5"), T0).unwrap();
    assert_eq!(engine.place(mine, &order, T0).unwrap_err(), refusal, "partly filled is still open");
    engine.place(other, &limit(Side::Sell, "60000", "0.5"), T0).unwrap();
    assert_eq!(engine.order(first).unwrap().status, Status::Filled);
    let second = engine.place(mine, &order, T0).unwrap();
    let newest = engine.find(mine, "BTCUSDT", Which { id: None, client: Some("once") }).unwrap();
    assert_eq!(newest.id, second, "the exchange would fill the same wish twice: that is its documented behaviour");
}

#[test]
fn reports_tell_new_then_every_fill() {
    let (mut exchange, mine, other) = exchange();
    let engine = &mut exchange.engine;
    engine.place(other, &limit(Side::Sell, "60000", "0.4"), T0).unwrap();
    engine.place(other, &limit(Side::Sell, "60001", "0.6"), T0).unwrap();
    engine.events();
    engine.place(mine, &limit(Side::Buy, "60001", "1"), T0).unwrap();
    let mut told = Vec::new();
    for event in engine.events() {
        if let Event::Report(report) = event
            && report.order.account == mine
        {
            told.push((report.execution, report.order.status));
        }
    }
    let new = (Execution::New, Status::New);
    assert_eq!(told, [new, (Execution::Trade, Status::PartiallyFilled), (Execution::Trade, Status::Filled)]);
}
