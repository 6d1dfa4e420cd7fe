//! Keys, signatures, and requests that come too early or too late.

use crate::client::{KEY, T0, ask, bid, call, code, exchange, sign};
use serde_json::json;
use venue_sim::api::call::{HttpCall, Method};
use venue_sim::api::{act, answer, arrive};

fn refusal(call: &HttpCall, now: i64) -> (u16, serde_json::Value) {
    let (mut exchange, _, _) = exchange();
    let answer = answer(&mut exchange, call, now);
    (answer.status, code(&serde_json::from_str(&answer.body).unwrap()))
}

#[test]
fn a_request_needs_a_key_that_is_known_and_in_force() {
    let good = call(Method::Get, "/api/v3/account", "", T0);
    assert_eq!(refusal(&good, T0).0, 200);
    assert_eq!(refusal(&HttpCall { key: None, ..good.clone() }, T0), (401, json!(-2014)));
    assert_eq!(refusal(&HttpCall { key: Some("stolen".into()), ..good.clone() }, T0), (401, json!(-2015)));
    let (mut exchange, _, _) = exchange();
    exchange.keys.get_mut(KEY).unwrap().revoked = true;
    assert_eq!(answer(&mut exchange, &good, T0).status, 401);
}

#[test]
fn a_key_that_may_not_trade_can_still_look() {
    let (mut exchange, _, _) = exchange();
    exchange.keys.get_mut(KEY).unwrap().trading = false;
    assert_eq!(ask(&mut exchange, Method::Get, "/api/v3/account", "", T0).0, 200);
    let (status, body) = ask(&mut exchange, Method::Post, "/api/v3/order", &bid("a"), T0);
    assert_eq!((status, code(&body)), (401, json!(-2015)));
}

#[test]
fn a_signature_over_another_text_or_with_another_secret_is_refused() {
    let good = call(Method::Post, "/api/v3/order", &bid("a"), T0);
    assert_eq!(refusal(&good, T0).0, 200);
    let upper =
        good.query.rsplit_once('=').map(|(text, signature)| format!("{text}={}", signature.to_uppercase())).unwrap();
    assert_eq!(refusal(&HttpCall { query: upper, ..good.clone() }, T0).0, 200);
    let more = good.query.replace("quantity=0.01", "quantity=0.02");
    assert_eq!(refusal(&HttpCall { query: more, ..good.clone() }, T0), (400, json!(-1022)));
    let text = format!("timestamp={T0}");
    let other = format!("{text}&signature={}", sign("wrong", &text));
    let other = HttpCall { query: other, path: "/api/v3/account".into(), method: Method::Get, ..good.clone() };
    assert_eq!(refusal(&other, T0), (400, json!(-1022)));
    assert_eq!(refusal(&HttpCall { query: text, ..other }, T0), (400, json!(-1102)));
}

#[test]
fn query_and_body_are_signed_as_one_text() {
    let (query, body) =
        ("symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC", format!("quantity=0.01&price=50000&timestamp={T0}"));
    let signature = sign(crate::client::SECRET, &format!("{query}{body}"));
    let base = call(Method::Post, "/api/v3/order", "", T0);
    let split = HttpCall { query: query.to_owned(), body: format!("{body}&signature={signature}"), ..base };
    assert_eq!(refusal(&split, T0).0, 200);
}

#[test]
fn a_request_is_good_for_its_window_and_a_second_of_haste() {
    let at =
        |timestamp: i64, window: &str, now: i64| refusal(&call(Method::Get, "/api/v3/account", window, timestamp), now);
    assert_eq!(at(T0, "", T0 + 5_000).0, 200);
    assert_eq!(at(T0, "", T0 + 5_001), (400, json!(-1021)));
    assert_eq!(at(T0, "recvWindow=60000", T0 + 60_000).0, 200);
    assert_eq!(at(T0, "recvWindow=60001", T0), (400, json!(-1131)));
    assert_eq!(at(T0 + 999, "", T0).0, 200);
    assert_eq!(at(T0 + 1_000, "", T0), (400, json!(-1021)));
}

#[test]
fn the_window_is_looked_at_once_more_just_before_the_engine() {
    let (mut exchange, mine, _) = exchange();
    let order = call(Method::Post, "/api/v3/order", &format!("{}&recvWindow=2000", bid("late")), T0);
    let admitted = arrive(&mut exchange, &order, T0 + 1_000).ok().unwrap();
    let late = act(&mut exchange, &admitted, T0 + 2_001);
    assert_eq!((late.status, late.body.contains("-1021")), (400, true));
    assert_eq!(exchange.engine.all_orders(mine, "BTCUSDT").count(), 0);
    let admitted = arrive(&mut exchange, &order, T0 + 1_000).ok().unwrap();
    assert_eq!(act(&mut exchange, &admitted, T0 + 2_000).status, 200);
}

#[test]
fn weights_are_counted_by_the_minute_and_ignoring_429_leads_to_a_ban() {
    let (mut exchange, _, _) = exchange();
    exchange.limits.weight_max = 50;
    exchange.limits.patience = 2;
    let header = |answer: &venue_sim::api::call::HttpAnswer, name: &str| {
        answer.headers.iter().find(|(n, _)| *n == name).map(|(_, value)| value.clone())
    };
    let look = call(Method::Get, "/api/v3/account", "recvWindow=60000", T0);
    let minute = T0 - T0.rem_euclid(60_000) + 60_000;
    let at = |exchange: &mut venue_sim::exchange::Exchange, now: i64| {
        answer(exchange, &HttpCall { query: call(Method::Get, "/api/v3/account", "", now).query, ..look.clone() }, now)
    };
    assert_eq!(header(&at(&mut exchange, minute), "X-MBX-USED-WEIGHT-1M").as_deref(), Some("20"));
    assert_eq!(header(&at(&mut exchange, minute), "X-MBX-USED-WEIGHT-1M").as_deref(), Some("40"));
    let third = at(&mut exchange, minute + 1_000);
    assert_eq!((third.status, header(&third, "Retry-After").as_deref()), (429, Some("59")));
    assert_eq!(at(&mut exchange, minute + 1_000).status, 429);
    let ban = at(&mut exchange, minute + 1_000);
    assert_eq!((ban.status, header(&ban, "Retry-After").as_deref()), (418, Some("120")));
    assert_eq!(at(&mut exchange, minute + 61_000).status, 418, "a ban outlives the minute");
    assert_eq!(at(&mut exchange, minute + 122_000).status, 200);
}

#[test]
fn unfilled_orders_are_counted_and_those_that_traded_are_not() {
    let (mut exchange, _, other) = exchange();
    exchange.limits.orders_10s_max = 2;
    let sell = venue_sim::engine::types::NewOrder::limit(
        "BTCUSDT",
        venue_sim::engine::types::Side::Sell,
        crate::client::dec("50000"),
        crate::client::dec("0.01"),
    );
    exchange.engine.place(other, &sell, T0).unwrap();
    assert_eq!(ask(&mut exchange, Method::Post, "/api/v3/order", &bid("fills"), T0).0, 200);
    exchange.events();
    let placed = answer(&mut exchange, &call(Method::Post, "/api/v3/order", &bid("rests"), T0), T0);
    assert!(placed.headers.contains(&("X-MBX-ORDER-COUNT-10S", "1".to_owned())), "{placed:?}");
    assert_eq!(ask(&mut exchange, Method::Post, "/api/v3/order", &bid("rests-too"), T0).0, 200);
    let (status, body) = ask(&mut exchange, Method::Post, "/api/v3/order", &bid("too-many"), T0);
    assert_eq!((status, code(&body)), (429, json!(-1015)));
    assert_eq!(ask(&mut exchange, Method::Post, "/api/v3/order", &bid("later"), T0 + 10_000).0, 200);
}
